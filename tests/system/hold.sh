#!/bin/bash
# A task that wants more memory than it bought is held, with the reason, and paid for; nobody else notices. It ends when its buyer says so.
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
app grow <<'END'
word=$(cat /proc/sys/kernel/random/uuid)
echo "kept $word"
text=0123456789abcdef
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
  text=$text$text
done
echo "has ${#text}"
sleep 600
END
rent steady steady 'cpu=0.1 mem=64M' 30m
steady=$lease steady_pid=$(task_pid steady)
rent grow grow 'cpu=1 mem=32M' 30m
paused() { is "$mnt/tasks/grow/state" paused; }
await 60 'the task is held' paused
same 'its reason' out-of-memory "$(field "$mnt/tasks/grow/status" reason)"
same 'the reason in its lease' out-of-memory "$(field "$mnt/leases/$lease/status" task_reason)"
same 'the lease is' active "$(cat "$mnt/leases/$lease/state")"
event() { [ "$(field "$mnt/leases/$lease/events" "$1")" = "$2" ]; }
await 10 'it is among the events' event oom_held 1
same 'nothing was killed' 0 "$(field "$mnt/leases/$lease/events" oom)"
pid=$(task_pid grow)
! gone "$pid" || fail 'the task is gone'
grep -q '^.*kept ' "$mnt/tasks/grow/log" || fail 'its log is lost'
! grep -q 'has ' "$mnt/tasks/grow/log" || fail 'it had more memory than it bought'
same 'held is no drift' '' "$(cat "$mnt/leases/$lease/drift")"

# What was sold is there, so it is paid for. A broker that is killed and started again holds it on.
metered() { [ "$(field "$mnt/leases/$lease/status" metered_s)" -gt "$1" ]; }
before=$(field "$mnt/leases/$lease/status" metered_s)
await 30 'it is billed' metered $((before + 2))
crash broker
start_broker
await 20 'it is held by the next broker' paused
same 'the same process' "$pid" "$(task_pid grow)"
before=$(field "$mnt/leases/$lease/status" metered_s)
await 30 'and billed on' metered $((before + 2))
same 'its reason still' out-of-memory "$(field "$mnt/tasks/grow/status" reason)"
put "$buyer" stop "$mnt/tasks/grow/ctl" || fail "stop was refused: $(as_user "$buyer" tail -n 3 "$mnt/errors")"
await 30 'the lease settles' is "$mnt/leases/$lease/state" ended
await 10 'nothing of it is left' gone "$pid"
no_group() { [ -z "$(group memory "$lease")" ]; }
await 10 'its group is gone' no_group
same 'the task was' killed "$(cat "$mnt/tasks/grow/state")"
same 'the task beside it' "$steady_pid" "$(task_pid steady)"
is "$mnt/tasks/steady/state" running || fail 'the task beside it does not run'
release "$steady"
whole_supply 3
