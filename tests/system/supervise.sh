#!/bin/bash
# The broker and its two children: what each may do, how one that dies comes back, and that users and tasks notice nothing of it.
# shellcheck source=tests/system/lib.sh disable=SC2013,SC2016 # words are meant; inner shells' words
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

# KILLS=N makes it long. Readers read as fast as they can; each writer posts one order in each round, while zeus-views dies.
kills=${KILLS:-20}
trouble() { echo "$*" >> "$work/troubles"; }
reader() { # FILE: until the file "enough" appears; what went wrong is written down
  until [ -e "$work/enough" ]; do
    timeout 60 cat "$1" > /dev/null 2>> "$work/troubles" || trouble "$1: cat said $?"
    echo >> "$work/reads"
  done
}
next_round() { [ "$(cat "$work/round")" != "$1" ]; }
writer() { # NUMBER
  local now=0 status name
  until [ -e "$work/enough" ]; do
    if ! next_round "$now"; then busybox usleep 20000; continue; fi
    now=$(cat "$work/round") name=k$1-$now
    as_user $buyer timeout 60 sh -c 'echo "$1" > "$2"' sh 'bid cpu cpu=0.1 mem=64M price=0.0100 for=1m' "$(home_of $buyer)/orders/$name" \
      2> "$work/w$1.said"
    status=$?
    [ $status != 124 ] || trouble "$name hung"
    ! grep -qi 'not connected' "$work/w$1.said" || trouble "$name: not connected"
    if [ $status = 0 ]; then echo "$name" >> "$work/acked.$1"; else echo "$name $(cat "$work/w$1.said")" >> "$work/unsure"; fi
    echo >> "$work/writes"
  done
}
: > "$work/troubles"
: > "$work/writes"
: > "$work/unsure"
echo 0 > "$work/round"
callers=''
for file in health market/cpu/book "leases/$lease/status" "accounts/$(name_of $buyer)/balance"; do
  reader "$mnt/$file" &
  callers="$callers $!"
  helper $!
done
for number in 1 2 3 4; do
  writer $number &
  callers="$callers $!"
  helper $!
done
wrote() { [ "$(wc -l < "$work/writes")" -gt "$1" ]; }
for ((round = 1; round <= kills; round++)); do
  victim=$(child_of views) || fail "there is no zeus-views in round $round"
  echo "$round" > "$work/round.new" && mv "$work/round.new" "$work/round"
  busybox usleep $((RANDOM % 60 * 1000)) # by chance: in the middle of something else each time
  kill -KILL "$victim"
  holds 60 gone "$victim" || fail "zeus-views is not gone, round $round"
  holds 60 child_of views || fail "zeus-views is not back, round $round"
  holds 60 serves || fail "the tree does not answer, round $round"
  holds 120 wrote $((round * 4 - 1)) || fail "somebody could not write, round $round"
done
touch "$work/enough"
# shellcheck disable=SC2086 # a list
wait $callers
same "what four readers and four writers met while zeus-views died $kills times" '' "$(head -n 5 "$work/troubles")"
reads=$(wc -l < "$work/reads") writes=$(wc -l < "$work/writes")
[ "$reads" -ge "$kills" ] || fail "only $reads reads ended"
sort -o "$work/acked" "$work"/acked.*
find "$(home_of $buyer)/orders/" -name 'k*' -printf '%f\n' | sort > "$work/listed"
same 'orders that were acknowledged and are lost' '' "$(comm -23 "$work/acked" "$work/listed" | head -n 5)"
cut -d' ' -f1 "$work/unsure" | sort -m - "$work/acked" | sort > "$work/written"
same 'orders that are there and were never written' '' "$(comm -13 "$work/written" "$work/listed" | head -n 5)"
ids=$(while read -r name; do word "$(home_of $buyer)/orders/$name" id; done < "$work/listed" | sort | uniq -d)
same 'orders that are there twice' '' "$ids"
[ "$(wc -l < "$work/acked")" -ge "$kills" ] || fail "only $(wc -l < "$work/acked") writes were acknowledged"
ok "$reads reads; $writes writes, $(wc -l < "$work/acked") of them acknowledged, $(wc -l < "$work/unsure") cut off"
same 'the task, after that' "$pid" "$(task_pid steady)"

# --- stopped, not dead: whoever asks meanwhile can be killed, and everything goes on afterwards ---

stopped() { # PID: all of its threads
  local states
  states=$(sed 's/^.*) \(.\) .*/\1/' "/proc/$1"/task/*/stat | sort -u)
  [ "$states" = T ]
}
# Each asks in its own way; none may be stuck beyond a signal.
asks() {
  cat "$mnt/health" &
  ls "$mnt/market" &
  sh -c 'echo "$1" > "$2"' sh 'ask cpu cpu=0.1 mem=64M price=0.8 max=1h' "$mnt/market/orders/stopped-$1" &
  stat "$mnt/leases/$lease/status" &
  sync "$mnt/market/orders" &
} > /dev/null 2>&1
for round in $(seq "${STOPS:-1}"); do
  for who in views plan broker ledger; do
    case $who in views | plan) victim=$(child_of $who) ;; *) victim=$(pid_of $who) ;; esac
    kill -STOP "$victim"
    await 60 "every thread of $who is stopped" stopped "$victim" # one that had a request in its hands would keep whoever asked
    asks "$who-$round"
    for caller in $(jobs -p); do
      holds 1 gone "$caller" || kill -KILL "$caller" 2> /dev/null # all of them: one may wait behind another's sync
    done
    for caller in $(jobs -p); do
      holds 60 gone "$caller" || {
        kill -CONT "$victim"
        fail "a caller cannot be killed while $who is stopped: $(cat "/proc/$caller/stack")"
      }
    done
    kill -CONT "$victim"
    wait
    await 60 "the tree answers after $who was stopped" serves
  done
done
ok 'nobody who asked a stopped process was stuck'
everything() { timeout 300 find "$mnt" -path '*/blocks/*' -prune -o -type f -exec cat {} + > /dev/null 2>&1; [ $? != 124 ]; }
everything || fail 'reading every file does not end'
ok 'reading every file ends'

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
  await 60 "zeus-$1 is back" child_of "$1"
  echo $(($(now_ms) - begun))
}
longest=0
for round in {1..7}; do
  ms=$(away_ms plan | tail -n 1)
  [ "$ms" -le "$longest" ] || longest=$ms
done
between 'the longest wait after 7 quick deaths more, ms' 800 "$longest" 60000

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
