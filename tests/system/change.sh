#!/bin/bash
# Other terms for a lease whose task runs: it grows, shrinks and changes its price in place, no second is billed at another's price.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create a
start

# At 0.072 a unit-hour half a unit costs 1000 base units a second: sums are exact in seconds.
app steady <<'END'
echo begin
x=$(dd if=/dev/zero bs=1M count=24 2>/dev/null | tr '\0' x)
echo "holds ${#x}"
while :; do sleep 1; done
END
post "$seller" offer 'ask cpu cpu=2 mem=1G disk=20G price=0.072 max=1h'
post "$buyer" job 'bid cpu cpu=0.5 mem=64M price=0.072 for=30m app=steady'
await 10 'the order is matched' has_lease "$buyer" job
lease=$(lease_of "$buyer" job)
dir=$mnt/leases/$lease
await 30 'the task runs' is "$mnt/tasks/job/state" running
await 30 'it has its memory' grep -q 'holds 25' "$mnt/tasks/job/log"
same 'the rate of half a unit' 0.03600000 "$(field "$dir/status" rate)"
in_run() { [ "$(field "$dir/status" contract_state)" = run ]; }
await 10 'the trial is over' in_run
pid=$(task_pid job)

say_to() { put "$1" "$2" "$dir/ctl"; } # UID LINE
refused() { # UID LINE SENTENCE
  ! say_to "$1" "$2" 2> /dev/null || fail "'$2' was taken"
  as_user "$1" tail -n 3 "$mnt/errors" | grep -q "$3" || fail "'$2' was refused with: $(as_user "$1" tail -n 3 "$mnt/errors")"
}
agreed() { # UID LINE OTHER: asked by one, agreed by the other, and in force
  say_to "$1" "$2" || fail "'$2': $(as_user "$1" tail -n 3 "$mnt/errors")"
  await 10 'it is shown' grep -q '^proposal [1-9]' "$dir/status"
  say_to "$3" agree || fail "agree: $(as_user "$3" tail -n 3 "$mnt/errors")"
  await 40 "the change is over: $2" grep -q '^proposal -' "$dir/status"
}
cpu_is() { # THOUSANDTHS: what the kernel's file says
  local g
  g=$(group cpu "$lease")
  if [ -e "$g/cpu.max" ]; then awk -v m="$1" '{ exit $1 * 1000 / $2 != m }' "$g/cpu.max"; else
    [ $(($(cat "$g/cpu.cfs_quota_us") * 1000 / $(cat "$g/cpu.cfs_period_us"))) = "$1" ]; fi
}
bill() { # "PAID SECONDS", read at once
  awk '$1 == "paid" { split($2, p, "."); paid = p[1] * 100000000 + p[2] } $1 == "metered_s" { up = $2 } END { print paid, up }' \
    "$dir/status"
}

# --- what is refused changes nothing ---

refused "$buyer" 'change' 'say what changes'
refused "$buyer" 'change cpu=1 colour=red' 'unknown key'
refused "$buyer" 'change for=2h' 'resources and price= only'
refused "$buyer" 'change disk=20G' 'disk and GPUs of a lease cannot change'
refused "$buyer" 'change cpu=0.5' 'terms that the lease has already'
refused "$buyer" 'change price=0.07205' 'off tick'
refused "$seller" 'agree' 'no change is proposed'
! put "$stranger" 'change cpu=1' "$dir/ctl" 2> /dev/null || fail 'a stranger asked for a change'
say_to "$buyer" 'change cpu=4 mem=64M'
refused "$buyer" agree 'for the other party'
refused "$seller" 'agree 7' 'somebody changed it'
refused "$seller" agree 'no ask open on that node with so much more'
say_to "$buyer" withdraw
same 'nothing has changed' 0.03600000 "$(field "$dir/status" rate)"
cpu_is 500 || fail 'the kernel holds something else than half a core'
ok 'what is refused changes nothing'

# --- it grows ---

from=$(field "$dir/status" metered_s)
agreed "$buyer" 'change cpu=1 mem=128M price=0.108' "$seller"
same 'the new rate' 0.10800000 "$(field "$dir/status" rate)"
same 'how it ended' 'done' "$(field "$dir/status" last_proposal)"
cpu_is 1000 || fail 'the kernel does not hold a whole core'
same 'memory in the kernel' 134217728 "$(limit memory "$lease" memory.limit_in_bytes memory.max)"
grep -q '^cpu max=100000/100000' "$dir/limits" || fail "limits says $(head -n 1 "$dir/limits")"
same 'the process of the task' "$pid" "$(task_pid job)"
same 'it began once' 1 "$(grep -c begin "$mnt/tasks/job/log")"
# paid = 1000 b + 3000 (u - b): the second b is whole, one that was measured about then, and the same at any later look.
read -r paid up <<< "$(bill)"
second=$(((3000 * up - paid) / 2000))
same 'no fraction of a second is billed' "$((3000 * up - 2000 * second))" "$paid"
between 'the second at which the price changed' "$from" "$second" "$up"
later() { [ "$(field "$dir/status" metered_s)" -ge $((up + 3)) ]; }
await 30 'three more seconds are settled' later
read -r paid up <<< "$(bill)"
same 'paid afterwards' $((1000 * second + 3000 * (up - second))) "$paid"
ok "grown in place; $second seconds at 1000, $((up - second)) at 3000"

# --- the machine says no: its memory is in use ---

agreed "$buyer" 'change mem=16M' "$seller"
same 'how it ended' memory-in-use "$(field "$dir/status" last_proposal)"
same 'memory is what it was' 134217728 "$(limit memory "$lease" memory.limit_in_bytes memory.max)"
cpu_is 1000 || fail 'half of a refused change was made'
same 'the process of the task' "$pid" "$(task_pid job)"
same 'the rate is what it was' 0.10800000 "$(field "$dir/status" rate)"
ok 'memory in use is not taken away'

# --- it shrinks, and the seller's machine has it back ---

free=$(grep '^cpu' "$mnt/nodes/self/free" | tr ' ' '\n' | sed -n 's/^free=//p')
agreed "$seller" 'change cpu=0.25 mem=64M' "$buyer"
cpu_is 250 || fail 'the kernel does not hold a quarter of a core'
same 'the process of the task' "$pid" "$(task_pid job)"
more() { [ "$(grep '^cpu' "$mnt/nodes/self/free" | tr ' ' '\n' | sed -n 's/^free=//p')" != "$free" ]; }
await 10 'the node has more free' more
say "free: $free, then $(grep '^cpu' "$mnt/nodes/self/free")"

# --- who gives asks nobody ---

say_to "$seller" 'change price=0.036' || fail 'a seller may take less'
lower() { [ "$(field "$dir/status" rate)" = 0.01800000 ]; }
await 30 'the lower price is in force' lower
same 'nothing has drifted' '' "$(cat "$dir/drift")"

# --- a change that is under way outlives plan and broker ---

say_to "$buyer" 'change cpu=0.5 price=0.036'
crash broker
start_broker
await 10 'the proposal is still there' grep -q '^proposal [1-9][0-9]* asked buyer' "$dir/status"
say_to "$seller" agree
await 40 'it is made after all' grep -q '^proposal -' "$dir/status"
cpu_is 500 || fail 'the kernel does not hold half a core'
same 'the process of the task' "$pid" "$(task_pid job)"
same 'it began once' 1 "$(grep -c begin "$mnt/tasks/job/log")"
release "$lease"
await 10 'a task that was ended says by which signal' is "$mnt/tasks/job/exit_code" 137
refused "$buyer" 'change cpu=1' 'does not allow that now'
rm "$mnt/market/orders/offer" 2> /dev/null || as_user "$seller" rm "$(home_of "$seller")/orders/offer"
settled() { [ "$(escrow "$seller")" = 0 ] && [ "$(escrow "$buyer")" = 0 ]; }
await 10 'nothing is locked any more' settled
whole_supply 20
end
