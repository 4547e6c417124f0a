#!/bin/bash
# What the ledger makes of a machine that does not keep to what it sold: seconds in which limits were not those of the lease are told and
# not paid; what ran before a reboot is paid, ends with that reason, and is not begun anew. Other leases notice nothing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create a
start
app steady <<'END'
while :; do
  echo beat
  sleep 1
done
END

# --- a limit is changed by somebody else, again and again ---

rent other steady 'cpu=0.1 mem=64M pids=32' 30m
other=$lease other_pid=$(task_pid other)
rent job steady 'cpu=0.1 mem=64M pids=32' 30m
usage=$mnt/leases/$lease/usage
counts() { [ "$(field "$usage" "receipt_$1" || echo 0)" -ge "$2" ]; }
await 30 'time is counted' counts up_s 2
same 'seconds of drift, at first' 0 "$(field "$usage" receipt_drift_s)"
knob=$(group pids "$lease")/pids.max
(while [ -d "$work" ] && ! [ -e "$work/enough" ] && echo max > "$knob"; do sleep 0.1; done) &
tampering=$!
helper $tampering
drifts() { grep -q "^pids$(printf '\t')32$(printf '\t')" "$mnt/leases/$lease/drift"; }
await 20 'the difference is told' drifts
violates() { [ "$(field "$mnt/leases/$lease/events" violations)" = 1 ]; }
await 20 'it is among the events' violates
drifted() { [ "$(field "$usage" drift_ms)" -ge 3000 ]; }
await 60 'seconds of it are counted' drifted
touch "$work/enough"
wait $tampering
settles() { [ -z "$(cat "$mnt/leases/$lease/drift")" ]; }
await 20 'it is repaired' settles
same 'processes' 32 "$(cat "$knob")"
up=$(field "$usage" receipt_up_s)
await 30 'time is counted again' counts up_s $((up + 2))
await 10 'the drift is in the receipt' counts drift_s 3
stat=$mnt/leases/$lease/status
release "$lease"
paid=$(units "$(field "$stat" paid)") rate=$(units "$(field "$stat" rate)") metered=$(field "$stat" metered_s) ran=$(field "$stat" ran_s)
same 'seconds that the last receipt has' "$metered" "$(field "$usage" receipt_up_s)"
same 'paid is the rate for them' $((rate * metered / 3600)) "$paid"
drift=$(field "$usage" receipt_drift_s)
between 'seconds of use and of drift, of those that the lease ran' 5 $((metered + drift)) $((ran + 2))
same 'seconds of drift of the lease beside it' 0 "$(field "$mnt/leases/$other/usage" receipt_drift_s)"
same 'the task beside it' "$other_pid" "$(task_pid other)"

# --- the machine was started anew: told here by another boot's number in what a lease left ---

rent boot steady 'cpu=0.1 mem=64M' 30m
usage=$mnt/leases/$lease/usage id=${lease#l-}
await 30 'time is counted' counts up_s 2
halt broker || fail 'the broker did not stop'
up_ms=$(field "$state/live/$id/meter" up_ms)
sed -i 's/^boot_id .*/boot_id 00000000000000000000000000000000/' "$state/live/$id/meter"
dd if=/dev/zero of="$state/leases/$id/record" bs=1 seek=4 count=16 conv=notrunc 2> "$work/said" || fail 'no record'
pid=$(cat "$state/bundles/$id/pid")
start_broker
stat=$mnt/leases/$lease/status
left() { [ "$(field "$stat" contract_state)" = left ]; }
await 30 'the seller leaves' left
same 'because of' quit "$(field "$stat" reason)"
await 30 'the lease settles' is "$mnt/leases/$lease/state" ended
same 'the task is' lost "$(cat "$mnt/tasks/boot/state")"
same 'because the machine was' rebooted "$(field "$mnt/tasks/boot/status" reason)"
same 'what ran is what was counted' $((up_ms / 1000)) "$(field "$stat" metered_s)"
[ "$(field "$stat" ran_s)" -ge "$(field "$stat" metered_s)" ] || fail 'more was billed than ran'
same 'and is paid' $(($(units "$(field "$stat" rate)") * (up_ms / 1000) / 3600)) "$(units "$(field "$stat" paid)")"
gone "$pid" || fail 'something of it runs'
[ -z "$(group pids "$lease")" ] || fail 'its group is there'
same 'the task beside it, after all that' "$other_pid" "$(task_pid other)"
release "$other"
whole_supply 3
