#!/bin/bash
# From a fresh clone to a running market: install, build, start, sell, buy, run, enforce, measure, pay. By reading and writing files.
set -eu
. "$(dirname "$0")/tests/setup.sh"

usage() {
  cat <<END
Usage: sudo ./quickstart.sh [--mount DIR] [--state DIR] [--no-install]
       sudo ./quickstart.sh --stop | --purge [--mount DIR] [--state DIR]

Installs what is missing from Debian, builds, starts a ledger and a broker of your own, mounts /zeus, sells a lease,
buys it as another user, runs a task in it, shows limits, receipts and the payment, and leaves the system running.

  --mount DIR    where the tree appears (default /zeus)
  --state DIR    where its state is kept (default /var/lib/zeus)
  --no-install   use the packages that are there
  --stop         end the tasks, the broker and the ledger; keep the state
  --purge        --stop, then remove the state and the mount point

Exit status: 0 done, 1 something was refused, 2 usage, 77 not root.
END
}

mount=/zeus state=/var/lib/zeus install=yes action=start
while [ $# != 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --mount | --state)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      [ "$1" = --mount ] && mount=$(realpath -m "$2") || state=$(realpath -m "$2")
      shift ;;
    --no-install) install=no ;;
    --stop) action=stop ;;
    --purge) action=purge ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
conf=$state/quickstart.conf
run=$state/run
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { # COMMAND: as a user would type it, with what it prints
  printf '\033[36m$ %s\033[0m\n' "$1"
  (eval "$1") || true
}

# The broker or the ledger that this state directory started, if it still runs: a number alone could be somebody else's by now.
running() { # broker|ledger
  local pid
  pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$SETUP_BUILD/zeus-$1" ] && echo "$pid"
}

# Waits until COMMAND succeeds. The command looks at what is waited for; the pause only spaces the looks.
await() { # SECONDS SENTENCE COMMAND...
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || { logs; setup_die 1 "$what"; }
    sleep 0.1
  done
}

logs() {
  tail -n 20 "$state/ledger.log" "$state/broker.log" >&2 2>/dev/null || :
}

stop_one() { # broker|ledger
  local pid
  pid=$(running "$1") || return 0
  kill "$pid"
  tail --pid="$pid" -f /dev/null
  setup_say "zeus-$1 has stopped"
}

stop() {
  stop_one broker
  ! [ -f "$conf" ] || "$SETUP_BUILD/zeus-broker" --config "$conf" --state "$state" --sweep
  stop_one ledger
  rm -f "$state/broker.pid" "$state/ledger.pid"
}

purge() {
  stop
  if [ -f "$conf" ]; then
    rm -rf --one-file-system "$state"
    rmdir "$mount" 2>/dev/null || :
    setup_say "removed $state"
  fi
}

configure() {
  install -d -m 755 "$state"
  [ -f "$conf" ] || cat > "$conf" <<END
# Written by quickstart.sh: times are short, so that a lease can be watched from its first second to its payment.
[node]
mount = $mount
receipt_interval = 2s
END
}

initialise() {
  [ ! -e "$state/ledger/db" ] || return 0
  setup_say "a network of your own: $seller_name (seller) and $buyer_name (buyer) get 1000 ZNC each"
  "$SETUP_BUILD/zeus-ledger" --config "$conf" --state "$state" --init --operator 0 --account 0=1000 --account "$buyer=1000" \
    --param trial=1s --param grace=60s --param settle=4s --param consent=2s
}

start_one() { # broker|ledger ARGUMENT...
  local name=$1
  shift
  running "$name" > /dev/null && return 0
  cd /
  setsid "$SETUP_BUILD/zeus-$name" --config "$conf" --state "$state" "$@" < /dev/null >> "$state/$name.log" 2>&1 &
  echo $! > "$state/$name.pid"
  cd "$OLDPWD"
}

start() {
  configure
  initialise
  start_one ledger
  await 20 "the ledger did not start; see $state/ledger.log" test -S "$run/ledger.sock"
  start_one broker --mount "$mount"
  await 20 "the broker did not mount $mount; see $state/broker.log" grep -q '^ok' "$mount/health"
  await 20 "this machine did not register with the ledger; see $state/broker.log" test -e "$mount/nodes/self"
}

# An OCI image of nothing but busybox and a script, made without a network.
image() {
  local dir
  dir=$(mktemp -d "${TMPDIR:-/tmp}/zeus-demo.XXXXXX")
  mkdir -p "$dir/root/bin"
  cp "$(command -v busybox)" "$dir/root/bin/busybox"
  ln -s busybox "$dir/root/bin/sh"
  cat > "$dir/root/demo" <<'END'
#!/bin/sh
busybox echo "hello from a lease: I am uid $(busybox id -u) in here, pid $$, on $(busybox hostname)"
n=0
while [ $n -lt 12 ]; do
  n=$((n + 1)) i=0
  while [ $i -lt 40000 ]; do i=$((i + 1)); done
  busybox echo "worked: round $n of 12"
done
busybox echo "done"
END
  chmod 755 "$dir/root/demo"
  umoci init --layout "$dir/oci"
  umoci new --image "$dir/oci:demo"
  umoci insert --rootless --image "$dir/oci:demo" "$dir/root" /
  umoci config --image "$dir/oci:demo" --config.cmd /demo --config.env PATH=/bin
  skopeo copy -q "oci:$dir/oci:demo" "oci-archive:$1"
  rm -rf "$dir"
}

as_buyer() { setpriv --reuid="$buyer" --regid="$(getent passwd "$buyer" | cut -d: -f4)" --clear-groups -- sh -c "$1"; }
show_as_buyer() {
  printf '\033[36m%s$ %s\033[0m\n' "$buyer_name" "$1"
  as_buyer "$1"
}

fresh() { # NAME: that no order carries yet
  local n=$1 i=1
  while [ -e "$mount/accounts/$seller_name/orders/$n" ] || [ -e "$mount/accounts/$buyer_name/orders/$n" ] || [ -e "$mount/tasks/$n" ]; do
    i=$((i + 1)) n=$1-$i
  done
  echo "$n"
}

value() { awk -v k="$2" '$1 == k { print $2 }' "$1"; }
lease_state() { [ "$(cat "$1/state")" = "$2" ]; }
lease_of_order() { sed -n 's/.* leases=\(l-[0-9a-f]*\).*/\1/p' "$mount/accounts/$buyer_name/orders/$1"; }
has_lease() { [ -n "$(lease_of_order "$1")" ]; }
znc() { printf '%d.%08d\n' $(($1 / 100000000)) $(($1 % 100000000)); } # of base units

# What the ten headers of the newest height say is there, in ZNC. Whole numbers of base units: the shell's 64 bits hold the supply.
supply() {
  local sum=0 part
  while read -r part; do
    sum=$((sum + 10#${part/./}))
  done < <(awk '$1 == "lane_total" || $1 == "out_total" { print $2 }' "$mount"/chains/?/blocks/latest/header)
  znc "$sum"
}

trade() {
  local ask bid archive lease paid commission before_s before_b
  ask=$(fresh night) bid=$(fresh job1)
  if [ ! -e "$mount/apps/demo" ]; then
    say '1. An app: a container image is a file that is copied in. Its digests are checked.'
    archive=$(mktemp -u "${TMPDIR:-/tmp}/zeus-demo.XXXXXX.tar")
    setup_quietly 'making an OCI image from busybox' image "$archive"
    show "cp $archive $mount/images/incoming/demo && sync $mount/images/incoming/demo && cat $mount/apps/demo/image"
    rm -f "$archive"
  fi
  await 10 'the app was not published' test -e "$mount/apps/demo"
  before_s=$(cat "$mount/accounts/$seller_name/balance") before_b=$(cat "$mount/accounts/$buyer_name/balance")
  say '2. Sell: an order is a file.'
  show "echo 'ask cpu cpu=1 mem=512M up=20mbit down=20mbit price=0.02 max=2h' > $mount/market/orders/$ask"
  show "cat $mount/market/cpu/book"
  say "3. Buy, as $buyer_name."
  show_as_buyer "echo 'bid cpu cpu=0.5 mem=128M up=4mbit down=8mbit price=0.05 for=10m app=demo' > $mount/market/orders/$bid"
  await 10 'the orders did not match' has_lease "$bid"
  lease=$mount/leases/$(lease_of_order "$bid")
  show "cat $mount/market/cpu/trades"
  say '4. Run: the lease is in force in the kernel, and the task is in it.'
  await 30 'the task did not start' grep -qx 'running\|exited' "$mount/tasks/$bid/state"
  show "cat $lease/limits"
  show "cat $mount/tasks/$bid/status"
  say '5. Its output, as it works (half a core is what it bought).'
  show "timeout 60 tail -n +1 -f $mount/tasks/$bid/log | sed '/done\$/q'"
  await 60 'the task did not end' test -s "$mount/tasks/$bid/exit_code"
  show "cat $mount/tasks/$bid/exit_code $lease/usage"
  say '6. Pay: the buyer has enough. What the kernel measured is billed, the rest returns.'
  await 20 'no receipt was accepted' grep -q '^receipt_seq [1-9]' "$lease/usage"
  show_as_buyer "echo release > $lease/ctl"
  await 60 'the lease did not settle' lease_state "$lease" ended
  show "cat $lease/status"
  say '7. Every coin.'
  paid=$(value "$lease/status" paid) commission=$(value "$lease/status" commission)
  echo "$buyer_name paid $paid ZNC:" \
    "$(znc $((10#${paid/./} - 10#${commission/./}))) to $seller_name, $commission commission; the rest came back"
  printf '%-10s before %s  now %s\n' "$seller_name" "$before_s" "$(cat "$mount/accounts/$seller_name/balance")" \
    "$buyer_name" "$before_b" "$(cat "$mount/accounts/$buyer_name/balance")"
  show "tail -n 6 $mount/accounts/$seller_name/history"
  show "cat $mount/chains/0/head; ls $mount/chains/3/blocks | tail -n 4"
  echo "the headers of the ten chains account for $(supply) ZNC: all there ever is"
}

next() {
  say 'It goes on running. Try:'
  cat <<END
  cat $mount/README                            the tree, in two screens
  column -ts'	' $mount/tasks.tsv              what runs
  echo 'ask cpu cpu=0.5 price=0.03 max=1h' > $mount/market/orders/mine
  echo 'bid cpu 1 @ 0.01 for 1h' > $mount/market/orders/low; cat $mount/errors
  b2sum -l 256 < $mount/chains/0/blocks/latest/raw; cat $mount/chains/0/blocks/latest/hash
  sudo $0 --stop --mount $mount --state $state     to end it; --purge removes its state
END
}

setup_need_root
buyer=${SUDO_UID:-65534}
[ "$buyer" != 0 ] || buyer=65534
buyer_name=$(getent passwd "$buyer" | cut -d: -f1) seller_name=$(getent passwd 0 | cut -d: -f1)
[ -n "$buyer_name" ] || setup_die 1 "uid $buyer has no login name"
case $action in
  stop) stop; exit 0 ;;
  purge) purge; exit 0 ;;
esac
# shellcheck disable=SC2086 # a list
[ "$install" = no ] || setup_packages $SETUP_BUILD_PACKAGES $SETUP_RUN_PACKAGES
setup_users
setup_build || setup_die 1 'the build failed'
setup_hand_back
start
trade
next
