#!/bin/bash
# A lease whose money is used up is frozen; paid for again it goes on: the same process, with what it had in memory, where it had stopped.
# Money is locked for a day at most, so a day must pass: the wall clock of this installation is put forward (later.c).
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
need cc
cc -O1 -shared -fPIC -o "$work/later.so" "$here/later.c" -ldl || fail 'later.c'
chmod 755 "$work/later.so"
export ZEUS_LATER=$work/later
put_forward() { # SECONDS: eight bytes, the lowest first
  local i bytes=''
  for i in 0 1 2 3 4 5 6 7; do
    bytes=$bytes$(printf '\\x%02x' $(($1 >> 8 * i & 255)))
  done
  printf '%b' "$bytes" | dd of="$ZEUS_LATER" bs=8 conv=notrunc 2> "$work/said"
}
put_forward 0
chmod 644 "$ZEUS_LATER"
create a
LD_PRELOAD=$work/later.so start
app count <<'END'
word=$(cat /proc/sys/kernel/random/uuid)
n=0
while :; do
  n=$((n + 1))
  echo "$word $n"
  busybox usleep 200000
done
END
post $seller ask 'ask cpu cpu=0.2 mem=64M price=0.02 max=48h'
post $buyer dry 'bid cpu cpu=0.2 mem=64M price=0.05 for=40h app=count'
await 10 'the order is matched' has_lease $buyer dry
lease=$(lease_of $buyer dry) log=$mnt/tasks/dry/log
said() { wc -l < "$log"; }
says_more() { [ "$(said)" -gt "$1" ]; }
counted() { [ "$(field "$mnt/leases/$lease/status" metered_s)" -ge "$1" ]; }
await 30 'it counts' says_more 5
await 30 'it is billed' counted 2
pid=$(task_pid dry)

put_forward $((25 * 3600))
await 60 'the money is used up' is "$mnt/leases/$lease/state" paused
await 20 'the task is held' is "$mnt/tasks/dry/state" paused
frozen() {
  local at
  at=$(group freezer "$lease")
  grep -qsx FROZEN "$at/freezer.state" || grep -qs '^frozen 1' "$at/cgroup.events"
}
await 20 'the kernel holds it' frozen
settled() { # what it said last has come through its monitor
  local before=$lines
  lines=$(said)
  [ "$lines" = "$before" ]
}
lines=-1
await 20 'its log is at rest' settled
cpu=$(cpu_usec "$lease") metered=$(field "$mnt/leases/$lease/status" metered_s)
for i in 1 2 3 4 5; do # blocks pass
  post $seller "idle-$i" 'ask cpu cpu=0.1 mem=1M price=9 max=1m'
done
same 'lines of its log, meanwhile' "$lines" "$(said)"
same 'processor time, meanwhile' "$cpu" "$(cpu_usec "$lease")"
! gone "$pid" || fail 'it is gone'
same 'the process' "$pid" "$(task_pid dry)"
[ "$(field "$mnt/leases/$lease/status" metered_s)" -le $((metered + 3)) ] || fail 'frozen time is billed'

put $buyer 'topup 1' "$mnt/leases/$lease/ctl" || fail "the money was refused: $(as_user $buyer tail -n 3 "$mnt/errors")"
await 30 'the lease goes on' is "$mnt/leases/$lease/state" active
await 30 'so does the task' says_more $((lines + 3))
same 'its process' "$pid" "$(task_pid dry)"
same 'words that it ever had' 1 "$(awk '{ print $(NF - 1) }' "$log" | sort -u | wc -l)"
awk '$NF != NR { exit 1 }' "$log" || fail 'it did not go on where it had stopped'
ok "it counted on from $lines"
await 60 'it is billed again' counted $((metered + 2))
release "$lease"
whole_supply 3
