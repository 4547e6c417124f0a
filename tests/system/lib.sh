# Sourced by the system tests. Each of them makes an installation of its own (state, mount, ledger, broker) below one directory, works on it
# as a user would, and leaves the machine as it was; that is checked too.
# shellcheck shell=bash disable=SC2013,SC2015,SC2034,SC2154 # words are meant; names that the tests use

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${top_srcdir:-$(cd "$here/../.." && pwd)}
build=${top_builddir:-$top/build}
seller=0 buyer=65534 stranger=65533
slow=${ZEUS_EMULATED:+8} # on an emulated processor everything takes so many times as long
slow=${slow:-1}
work='' installations='' helpers='' devices_before=''

say() { printf '%s\n' "$*"; }
skip() { say "skipped: $*"; exit 77; }
fail() {
  say "not ok: $*"
  say "  at ${BASH_LINENO[*]::${#BASH_LINENO[@]}-1} of ${0##*/}"
  exit 1
}
ok() { say "ok: $*"; }

# The same or it fails.
same() { # WHAT EXPECTED GOT
  [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
  ok "$1: $3"
}

between() { # WHAT LOW VALUE HIGH: whole numbers
  { [ "$3" -ge "$2" ] && [ "$3" -le "$4" ]; } || fail "$1: $3 is not within $2 and $4"
  ok "$1: $3, within $2 and $4"
}

now_ms() { date +%s%3N; }

# Looks until the condition holds. The pause spaces the looks; nothing depends on its length.
holds() { # SECONDS COMMAND...
  local until=$(($(now_ms) + $1 * 1000))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$(now_ms)" -lt "$until" ] || return 1
    sleep 0.05
  done
}
await() { # SECONDS WHAT COMMAND...
  local seconds=$(($1 * slow)) what=$2
  shift 2
  holds "$seconds" "$@" || fail "$what: not within $seconds s"
}

# --- what a test needs ---

need() { # PROGRAM...
  local program
  for program; do
    command -v "$program" > /dev/null || skip "there is no $program; ./test.sh installs it"
  done
}

devices() {
  stat -c '%n %u:%g %a %F %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/fuse /dev/ptmx 2> /dev/null
}

can_make_group() { # is there a hierarchy that may be written?
  local at
  at=$(hierarchy memory)
  mkdir "$at/zeus-test-$$" 2> /dev/null && rmdir "$at/zeus-test-$$"
}

begin() { # first of all in each test
  [ "$(id -u)" = 0 ] || skip 'this mounts and sets limits; it needs root'
  [ "${sanitizers:-}" != yes ] || skip 'built with sanitizers, whose children cannot be confined'
  [ -c /dev/fuse ] || skip 'there is no /dev/fuse'
  need setpriv umoci skopeo busybox b2sum ip conmon
  command -v crun > /dev/null || need runc
  getent passwd zeus-views zeus-plan zeus-ledger > /dev/null || skip 'the system users are missing; ./test.sh makes them'
  getent group zeus > /dev/null || skip 'there is no group zeus; ./test.sh makes it'
  can_make_group || skip 'control groups cannot be made here'
  devices_before=$(devices)
  work=$(mktemp -d "${TMPDIR:-/tmp}/zeus-system.XXXXXX")
  chmod 711 "$work"
  trap end EXIT
  trap 'exit 130' INT TERM
}

# --- installations ---

use() { # NAME: the installation that everything below speaks of
  state=$work/$1/state mnt=$work/$1/mnt conf=$work/$1/zeus.conf
  export ZEUS=$mnt
}

configure() { # NAME [LINE OF THE CONFIGURATION]...: no ledger yet
  use "$1"
  installations="$installations $1"
  mkdir -p "$state" "$mnt"
  chmod 755 "$work/$1" "$state"
  shift
  {
    printf '[node]\nmount = %s\nreceipt_interval = 1s\nname = %s\n' "$mnt" "test-$$"
    printf '[offer]\ncpu = 4\nmem = 4G\ndisk = 64G\nup = 1000mbit\ndown = 1000mbit\nconn = 10000\npids = 8192\n'
    [ $# = 0 ] || printf '%s\n' "$@"
  } > "$conf"
}

create() { # NAME [LINE OF THE CONFIGURATION]...: short times, so that a lease can be seen from its first second to its payment
  configure "$@"
  ledger --init --operator "$seller" --account "$seller=1000" --account "$buyer=1000" --param trial=1s --param grace=60s --param settle=4s \
    --param consent=1s || fail 'zeus-ledger --init'
}

ledger() { "$build/zeus-ledger" --config "$conf" --state "$state" "$@"; }
broker() { "$build/zeus-broker" --config "$conf" --state "$state" --mount "$mnt" "$@"; }

spawn() { # ledger|broker
  (cd / && exec setsid "$build/zeus-$1" --config "$conf" --state "$state" ${2:+--mount "$mnt"} < /dev/null >> "$state/../$1.log" 2>&1) &
  echo $! > "$state/../$1.pid"
  disown
}
pid_of() { # ledger|broker: nothing if it does not run
  local pid
  pid=$(cat "$state/../$1.pid" 2> /dev/null) || return 1
  [ "$(readlink "/proc/$pid/exe" 2> /dev/null)" = "$(realpath "$build/zeus-$1")" ] && echo "$pid"
}
child_of() { # views|plan: the broker's
  local broker pid
  broker=$(pid_of broker) || return 1
  for pid in $(cat "/proc/$broker/task/$broker/children"); do
    case $(readlink "/proc/$pid/exe") in */zeus-"$1") echo "$pid" && return 0 ;; esac
  done
  return 1
}
gone() { # PID
  ! [ -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}
serves() { [ "$(timeout $((5 * slow)) cat "$mnt/health")" = ok ] && [ -e "$mnt/nodes/self" ]; }

listens() { awk -v p="$state/run/ledger.sock" '$8 == p && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix; }

start_ledger() {
  spawn ledger
  await 20 'the ledger serves' listens
}
start_broker() {
  spawn broker mount
  await 20 'the tree is served and this machine is registered' serves
}
start() {
  start_ledger
  start_broker
}

halt() { # ledger|broker [SIGNAL]
  local pid
  pid=$(pid_of "$1") || return 0
  kill "-${2:-TERM}" "$pid"
  holds $((10 * slow)) gone "$pid" && return 0
  say "zeus-$1 did not go within $((10 * slow)) s"
  kill -KILL "$pid"
  holds 10 gone "$pid"
  return 1
}
crash() { halt "$1" KILL; }
stop() {
  halt broker || fail 'the broker did not stop'
  halt ledger || fail 'the ledger did not stop'
}

# --- leaving nothing ---

unmount_all() { # below DIR, the last mount first
  awk -v d="$1" 'index($2, d "/") == 1 { print $2 }' /proc/mounts | tac | while read -r at; do
    umount -l "$at"
  done
}

# What the current installation may have left on the machine, one line each.
left_behind() {
  local instance own=${state%state}
  instance=$(cat "$state/instance" 2> /dev/null) || instance=none
  find /sys/fs/cgroup -type d -path "*/zeus/$instance/*" 2> /dev/null | sed 's/^/group /'
  ip -o link 2> /dev/null | awk -F': ' -v p="z$instance" 'index($2, p) == 1 { print "link " $2 }'
  awk -v d="$own" 'index($2, d) == 1 { print "mount " $2 }' /proc/mounts
  losetup -a | grep -F "$own" | sed 's/^/loop /'
  users_of "$own" | sed 's/^/process /'
}
users_of() { # DIR: processes that name it, other than this test's own
  local cmd pid
  for cmd in /proc/[0-9]*/cmdline; do
    pid=${cmd#/proc/}
    pid=${pid%/cmdline}
    [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] || continue
    tr '\0' ' ' < "$cmd" 2> /dev/null | grep -F "$1" | grep -v '^\(grep\|awk\|tr\|/bin/bash\|bash\) ' | sed "s/^/$pid /"
  done 2> /dev/null
}
nothing_left() { [ -z "$(left_behind)" ]; }

remove() { # the current installation; 1 if anything had to be forced
  local bad=0
  halt broker || bad=1
  timeout $((30 * slow)) "$build/zeus-broker" --config "$conf" --state "$state" --sweep > /dev/null 2>> "$state/../broker.log" || bad=1
  halt ledger || bad=1
  holds $((5 * slow)) nothing_left || { say 'left behind:'; left_behind; bad=1; }
  unmount_all "${state%/state}"
  return $bad
}

show_logs() {
  local name
  for name in $installations; do
    say "--- the ends of $name's logs"
    tail -n 25 "$work/$name/ledger.log" "$work/$name/broker.log" 2> /dev/null
    use "$name"
    timeout 5 cat "$mnt/errors" "$mnt/leases.tsv" "$mnt/tasks.tsv" 2> /dev/null | tail -n 40
    timeout 5 head -n 3 "$mnt"/tasks/*/status 2> /dev/null
    timeout 5 tail -n 3 "$mnt"/tasks/*/log "$mnt"/accounts/*/balances 2> /dev/null
  done
}

helper() { helpers="$helpers $1"; } # PID: of ours, ended with the test if it has not ended before

end() {
  local status=$? name
  trap - EXIT INT TERM
  # shellcheck disable=SC2086 # a list
  [ -z "$helpers" ] || kill $helpers 2> /dev/null
  [ $status = 0 ] || [ $status = 77 ] || show_logs
  for name in $installations; do
    use "$name"
    remove || { say "not ok: installation $name left something behind"; status=1; }
  done
  if [ "$(devices)" != "$devices_before" ]; then
    say 'not ok: device nodes of the machine were changed:'
    diff <(printf '%s\n' "$devices_before") <(devices)
    status=1
  fi
  cd /
  unmount_all "$work"
  rm -rf --one-file-system "$work" || status=1
  [ $status != 0 ] || say "passed: ${0##*/}"
  exit $status
}

# --- users and their commands ---

as_user() { # UID COMMAND...: nothing but that uid and its own group
  local uid=$1
  shift
  setpriv --reuid="$uid" --regid="$uid" --clear-groups -- "$@"
}
as_member() { # UID COMMAND...: in the group zeus as well, which may make tasks and bring images
  local uid=$1
  shift
  setpriv --reuid="$uid" --regid="$uid" --groups="$(getent group zeus | cut -d: -f3)" -- "$@"
}
# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
put() { # UID LINE FILE: echo LINE > FILE
  as_user "$1" sh -c 'echo "$1" > "$2"' sh "$2" "$3"
}
name_of() { getent passwd "$1" | cut -d: -f1 | grep . || echo "$1"; }
home_of() { echo "$mnt/accounts/$(name_of "$1")"; }
post() { # UID NAME LINE
  put "$1" "$3" "$(home_of "$1")/orders/$2" || fail "the order was refused: $3: $(as_user "$1" tail -n 3 "$mnt/errors")"
}

# --- reading the tree ---

field() { awk -v k="$2" '$1 == k { print $2; found = 1 } END { exit !found }' "$1"; } # FILE KEY
word() { tr ' ' '\n' < "$1" | sed -n "s/^$2=//p"; }                                  # FILE KEY, of key=value
lease_of() { word "$(home_of "$1")/orders/$2" leases; }                              # UID ORDER
has_lease() { lease_of "$1" "$2" | grep -q '^l-'; }
is() { [ "$(cat "$1")" = "$2" ]; }
has_ended() { [ -s "$mnt/tasks/$1/exit_code" ]; }
units() { # 12.50000000 -> 1250000000, the base units
  local v=${1#-}
  echo "$((10#${v%.*}${v#*.}))"
}
balance() { units "$(cat "$(home_of "$1")/balance")"; }
escrow() { units "$(word "$(home_of "$1")/balances" escrow)"; }

# Sum of what the ten chains of one height hold and have under way.
supply_at() { # HEIGHT
  local chain amount sum=0
  for chain in 0 1 2 3 4 5 6 7 8 9; do
    for amount in $(awk '$1 == "lane_total" || $1 == "out_total" { print $2 }' "$mnt/chains/$chain/blocks/$1/header"); do
      sum=$((sum + $(units "$amount")))
    done
  done
  echo "$sum"
}
whole_supply() { # COUNT: checked at the last COUNT heights
  local height top
  top=$(cat "$mnt/chains/0/height")
  for ((height = top; height > top - $1 && height >= 0; height--)); do
    [ "$(supply_at "$height")" = 1000000000000000000 ] || fail "the ten chains hold $(supply_at "$height") at height $height"
  done
  ok "every coin is there at the last $1 heights up to $top"
}

# --- images and tasks ---

# An image of busybox, the script given on standard input as /task, and the programs named, with their libraries; over it what lies in the
# directory image_over, if that is set.
image() { # ARCHIVE [PROGRAM]...
  local dir=$work/image.$$ archive=$1 program file
  shift
  rm -rf "$dir"
  mkdir -p "$dir/root/bin" "$dir/root/tmp"
  cp "$(command -v busybox)" "$dir/root/bin/busybox"
  for file in sh cat dd echo head id ls mknod nc sleep tail true wc yes; do
    ln -s busybox "$dir/root/bin/$file"
  done
  { echo '#!/bin/sh' && cat; } > "$dir/root/task"
  chmod -R go+rX "$dir/root"
  chmod 755 "$dir/root/task"
  for program; do
    for file in "$(command -v "$program")" $(ldd "$(command -v "$program")" | grep -o '/[^ ]*'); do
      mkdir -p "$dir/root$(dirname "$file")"
      cp -L "$file" "$dir/root$file"
    done
  done
  [ -z "${image_over:-}" ] || cp -a "$image_over/." "$dir/root/"
  {
    umoci init --layout "$dir/oci" && umoci new --image "$dir/oci:demo" && umoci insert --rootless --image "$dir/oci:demo" "$dir/root" / &&
      umoci config --image "$dir/oci:demo" --config.cmd /task --config.env PATH=/bin:/usr/bin &&
      rm -f "$archive" && skopeo copy -q "oci:$dir/oci:demo" "oci-archive:$archive"
  } > "$dir.log" 2>&1 || { cat "$dir.log"; fail 'no image could be made'; }
  rm -rf "$dir" "$dir.log"
}
app() { # NAME [PROGRAM]...: with the script on standard input
  local name=$1
  shift
  image "$work/$name.tar" "$@"
  cp "$work/$name.tar" "$mnt/images/incoming/$name" || fail "the image $name was refused: $(tail -n 2 "$mnt/errors")"
  await 10 "the app $name is published" test -e "$mnt/apps/$name/image"
}
# Buys with the resources given, on an offer of the seller's that fits exactly; sets lease.
rent() { # NAME APP RESOURCES [DURATION]
  post "$seller" "ask-$1" "ask cpu $3 price=0.02 max=1h"
  post "$buyer" "$1" "bid cpu $3 price=0.05 for=${4:-10m} app=$2"
  await 10 "the order $1 is matched" has_lease "$buyer" "$1"
  lease=$(lease_of "$buyer" "$1")
  await 30 "the task $1 starts" grep -qx 'running\|exited' "$mnt/tasks/$1/state"
}
release() { # LEASE: and wait until it is paid
  put "$buyer" release "$mnt/leases/$1/ctl" || fail "release of $1 was refused: $(as_user "$buyer" tail -n 3 "$mnt/errors")"
  await 30 "the lease $1 settles" is "$mnt/leases/$1/state" ended
}

# --- what the kernel says ---

hierarchy() { # CONTROLLER: where it is mounted; the v2 tree if no v1 hierarchy carries it
  awk -v c="$1" '$3 == "cgroup" { n = split($4, o, ","); for (i = 1; i <= n; i++) if (o[i] == c) at = $2 }
    $3 == "cgroup2" { two = $2 } END { print at != "" ? at : two }' /proc/mounts
}
group() { # CONTROLLER LEASE: its directory
  local name
  name=zeus/$(cat "$state/instance")/lease-${2#l-}
  [ ! -d "$(hierarchy "$1")/$name" ] || { echo "$(hierarchy "$1")/$name" && return; }
  find "$(hierarchy "$1")" -type d -path "*/$name" -print -quit 2> /dev/null # below a delegated group
}
limit() { # CONTROLLER LEASE V1-FILE V2-FILE: the value of the file that there is
  local dir
  dir=$(group "$1" "$2")
  cat "$dir/$3" 2> /dev/null || cat "$dir/$4"
}
cpu_usec() { # LEASE: used so far
  local dir
  dir=$(group cpuacct "$1")
  if [ -e "$dir/cpuacct.usage" ]; then echo $(($(cat "$dir/cpuacct.usage") / 1000)); else field "$dir/cpu.stat" usage_usec; fi
}
throttled_usec() { # LEASE
  local dir
  dir=$(group cpu "$1")
  field "$dir/cpu.stat" throttled_usec || echo $(($(field "$dir/cpu.stat" throttled_time) / 1000))
}
has_pid() { grep -q '^pid [0-9]' "$mnt/tasks/$1/status"; }
task_pid() { # known a moment after it runs
  holds $((10 * slow)) has_pid "$1"
  field "$mnt/tasks/$1/status" pid
}
host_link() { ip -o link | awk -F'[ :@]+' -v p="z$(cat "$state/instance")" 'index($2, p) == 1 { print $2 }' | tail -n 1; }
