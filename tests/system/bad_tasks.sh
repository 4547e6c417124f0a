#!/bin/bash
# Tasks that behave badly, each in its own way: they end in a state with a reason that their buyer understands, or are held to what they
# bought, and the lease beside them notices nothing. Forking, flooding and filling of disks as such are enforce.sh's, full memory hold.sh's.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
use a
mkdir -p "$work/a/state/tasks" # whose disk is a small one
mount -t tmpfs -o size=24m,mode=755 zeus-test "$work/a/state/tasks"
create a
start
app steady <<'END'
while :; do
  echo beat
  sleep 1
done
END
rent steady steady 'cpu=0.1 mem=64M' 30m
steady=$lease steady_pid=$(task_pid steady)
undisturbed() {
  same 'the task beside it' "$steady_pid" "$(task_pid steady)"
  is "$mnt/tasks/steady/state" running || fail 'the task beside it does not run'
  serves || fail 'the tree does not answer'
}
no_group() { [ -z "$(group pids "$lease")" ]; }
ended_with() { # TASK STATE: after its lease was stopped; nothing of it is left
  put "$buyer" stop "$mnt/tasks/$1/ctl" || fail "stop was refused: $(as_user "$buyer" tail -n 3 "$mnt/errors")"
  await 30 "the lease of $1 settles" is "$mnt/leases/$lease/state" ended
  await 20 "the group of $1 is gone" no_group
  same "the task $1 was" "$2" "$(cat "$mnt/tasks/$1/state")"
  undisturbed
}

# --- it takes no notice of being asked to end ---

app deaf <<'END'
trap '' TERM HUP INT QUIT USR1 USR2 ALRM
echo deaf
while :; do sleep 1; done
END
rent deaf deaf 'cpu=0.2 mem=64M'
await 30 'it is deaf' grep -q 'deaf$' "$mnt/tasks/deaf/log"
pid=$(task_pid deaf)
ended_with deaf killed
await 10 'it is gone' gone "$pid"
same 'because of' stop "$(field "$mnt/tasks/deaf/status" reason)"

# --- it leaves others behind: orphans, zombies, in sessions of their own ---

app litter <<'END'
for i in 1 2 3 4 5 6 7 8; do busybox setsid sleep 600 & done
( (sleep 600 &) & )
echo littered
exit 5
END
rent litter litter 'cpu=0.2 mem=64M pids=32'
await 30 'it ends' has_ended litter
same 'its code' 5 "$(cat "$mnt/tasks/litter/exit_code")"
empty() { [ "$(limit pids "$lease" pids.current pids.current)" = 0 ]; }
await 20 'its litter ends with it' empty
ended_with litter exited

# --- it forks as often as it may, each with files of its image and of /proc open ---

app greedy <<'END'
( while :; do sleep 600 < /task 3< /proc/self/status & done ) 2> /dev/null &
echo holds
exec sleep 600
END
rent greedy greedy 'cpu=0.2 mem=64M pids=24'
await 30 'it holds what it can' grep -q 'holds' "$mnt/tasks/greedy/log"
full() { [ "$(limit pids "$lease" pids.current pids.current)" -ge 22 ]; }
await 30 'it forked as often as it may' full
bash -c 'sleep 0 & wait' || fail 'the machine cannot fork'
ended_with greedy killed

# --- it writes more than its disk holds, and says so itself ---

app full <<'END'
dd if=/dev/zero of=/tmp/fill bs=1M count=200 || exit 28
END
rent full full 'cpu=0.5 mem=64M disk=32M'
await 60 'it ends' has_ended full
same 'its code' 28 "$(cat "$mnt/tasks/full/exit_code")"
grep -q 'No space left' "$mnt/tasks/full/log" || fail 'its log does not say why'
ended_with full exited

# --- what it is told to run is not there ---

app nothing <<'END'
exec /bin/no-such-program
END
rent nothing nothing 'cpu=0.2 mem=64M'
await 30 'it ends' has_ended nothing
same 'its code' 127 "$(cat "$mnt/tasks/nothing/exit_code")"
ended_with nothing exited

# --- the disk under the logs is full: it goes on without a log; with room again there is one ---

app talk <<'END'
while :; do
  echo "a line that somebody may want to read, some day"
  sleep 1
done
END
rent talk talk 'cpu=0.2 mem=64M'
talks() { grep -q 'a line' "$mnt/tasks/talk/log"; }
await 30 'it talks' talks
pid=$(task_pid talk)
dd if=/dev/zero of="$state/tasks/filler" bs=64k 2> "$work/said" || :
dd if=/dev/zero of="$state/tasks/filler.rest" bs=1 count=4096 2>> "$work/said" || :
before=$(field "$mnt/leases/$lease/usage" receipt_up_s || echo 0)
billed() { [ "$(field "$mnt/leases/$lease/usage" receipt_up_s || echo 0)" -gt $((before + 2)) ]; }
await 30 'it is counted on' billed
! gone "$pid" || fail 'it died with its log'
is "$mnt/tasks/talk/state" running || fail "it is $(cat "$mnt/tasks/talk/state")"
serves || fail 'the tree does not answer'
# A task that comes now ends in a state that says why, or runs.
post "$seller" ask-late "ask cpu cpu=0.1 mem=64M price=0.02 max=1h"
post "$buyer" late "bid cpu cpu=0.1 mem=64M price=0.05 for=10m app=talk"
late() { grep -q 'ENOSPC\|EIO' "$mnt/tasks/late/status" || is "$mnt/tasks/late/state" running; }
await 30 'a task that comes now is told why' late
rm "$state/tasks/filler" "$state/tasks/filler.rest"
await 30 'and starts when there is room' is "$mnt/tasks/late/state" running
undisturbed
ended_with talk killed
release "$(lease_of "$buyer" late)"
release "$steady"
whole_supply 3
stop
umount "$state/tasks" || fail 'something is open among the logs'
