#!/bin/bash
# The broker and its two children: what each may do, how one that dies comes back, and that users and tasks notice nothing of it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create a
start

# --- what is left of root ---

status_of() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/status"; } # PID FIELD
may() { echo $((0x$(status_of "$1" CapBnd) >> $2 & 1)); }                # PID CAPABILITY

parent=$(pid_of broker)
same 'the parent may load modules' 0 "$(may "$parent" 16)"
same 'the parent may use raw ports' 0 "$(may "$parent" 17)"
same 'the parent may open raw sockets' 0 "$(may "$parent" 13)"
same 'the parent may reboot' 0 "$(may "$parent" 22)"
same 'the parent may set the clock' 0 "$(may "$parent" 25)"
same 'the parent may mount' 1 "$(may "$parent" 21)"
same 'the parent has what it may have' "$(status_of "$parent" CapBnd)" "$(status_of "$parent" CapEff)"
same 'the parent filters system calls' 2 "$(status_of "$parent" Seccomp)"
same 'the parent gains nothing by executing' 1 "$(status_of "$parent" NoNewPrivs)"
for who in views plan; do
  child=$(child_of $who) || fail "there is no zeus-$who"
  for set in CapInh CapPrm CapEff CapBnd CapAmb; do
    same "zeus-$who's $set" 0000000000000000 "$(status_of "$child" $set)"
  done
  same "zeus-$who runs as" "$(id -u zeus-$who)" "$(status_of "$child" Uid)"
  same "zeus-$who filters system calls" 2 "$(status_of "$child" Seccomp)"
done

# --- the views child dies, again and again, while others read ---

app steady <<'END'
while :; do
  echo beat
  busybox usleep 100000
done
END
rent steady steady 'cpu=0.25 mem=64M' 30m
pid=$(task_pid steady)

reader() { # FILE: until the file "enough" appears; what went wrong is written down
  until [ -e "$work/enough" ]; do
    cat "$1" > /dev/null 2>> "$work/readers" || echo "$1: cat said $?" >> "$work/readers"
    echo >> "$work/reads"
  done
}
: > "$work/readers"
readers=''
for file in health market/cpu/book "leases/$lease/status" "accounts/$(name_of $buyer)/balance"; do
  reader "$mnt/$file" &
  readers="$readers $!"
done
for round in {1..20}; do
  victim=$(child_of views) || fail "there is no zeus-views in round $round"
  kill -KILL "$victim"
  await 10 "zeus-views is gone, round $round" gone "$victim"
  await 15 "zeus-views is back, round $round" child_of views
  await 15 "the tree answers, round $round" serves
done
touch "$work/enough"
# shellcheck disable=SC2086 # a list
wait $readers
same 'errors that four readers saw while zeus-views died 20 times' '' "$(head -n 5 "$work/readers")"
reads=$(wc -l < "$work/reads")
[ "$reads" -ge 20 ] || fail "only $reads reads ended"
ok "$reads reads"
same 'the task, after that' "$pid" "$(task_pid steady)"

# --- the plan child dies: leases stay ---

limit_before=$(limit memory "$lease" memory.limit_in_bytes memory.max)
for round in 1 2 3; do
  victim=$(child_of plan) || fail "there is no zeus-plan in round $round"
  kill -KILL "$victim"
  await 10 "zeus-plan is gone, round $round" gone "$victim"
  await 15 "zeus-plan is back, round $round" child_of plan
  [ -d "/proc/$pid" ] || fail 'the task died with zeus-plan'
done
same 'the memory limit, after that' "$limit_before" "$(limit memory "$lease" memory.limit_in_bytes memory.max)"
before=$(field "$mnt/leases/$lease/usage" receipt_seq)
more_receipts() { [ "$(field "$mnt/leases/$lease/usage" receipt_seq)" -gt "$before" ]; }
await 20 'receipts go on' more_receipts
same 'the task, after that' "$pid" "$(task_pid steady)"

# --- the wait before another start grows, and has a bound: after many quick deaths it is still started within 10 s ---

away_ms() { # WHO: kills it; how long until there is another
  local victim begun
  victim=$(child_of "$1") || fail "there is no zeus-$1"
  kill -KILL "$victim"
  begun=$(now_ms)
  await 15 "zeus-$1 is back" child_of "$1"
  echo $(($(now_ms) - begun))
}
longest=0
for round in {1..7}; do
  ms=$(away_ms plan | tail -n 1)
  [ "$ms" -le "$longest" ] || longest=$ms
done
between 'the longest wait after 7 quick deaths more, ms' 800 "$longest" $((11000 * slow))

# --- SIGHUP: another offer, without a restart; a wrong one changes nothing ---

sed -i 's/^cpu = 4$/cpu = 3/' "$conf"
kill -HUP "$parent"
offers() { grep -q "^cpu total=$1 " "$mnt/nodes/self/capacity"; }
await 20 'the offer is the new one' offers 3
echo 'nonsense = 1' >> "$conf"
kill -HUP "$parent"
said_so() { grep -q 'the configuration is wrong' "$state/../broker.log"; }
await 10 'a wrong configuration is said to be' said_so
sed -i '/^nonsense/d' "$conf"
same 'the parent is the same' "$parent" "$(pid_of broker)"
same 'the task is the same' "$pid" "$(task_pid steady)"

release "$lease"
: > "$work/a/broker.log"
stop
same 'what is said while stopping' '' "$(grep -v ': info: ' "$work/a/broker.log")"
