#!/bin/bash
# Each process is killed at moments drawn by chance while users trade. Nothing acknowledged is lost or doubled, and the task never notices.
# SEED=N repeats a run.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
RANDOM=${SEED:=$$}
say "SEED=$SEED"
create a
start

app steady <<'END'
n=0
while :; do
  n=$((n + 1))
  echo "beat $n"
  busybox usleep 100000
done
END
rent steady steady 'cpu=0.25 mem=64M' 30m
await 20 'the task runs' is "$mnt/tasks/steady/state" running
pid=$(task_pid steady)
await 20 'receipts are accepted' grep -q '^receipt_seq [1-9]' "$mnt/leases/$lease/usage"

# --- two users post all the time; a line is written down when write(2) said yes ---

trader() { # UID FILE: until the file "enough" appears
  local n=0 name
  while [ -d "$work" ] && ! [ -e "$work/enough" ]; do
    n=$((n + 1)) name=t$1-$n
    # shellcheck disable=SC2016
    if timeout $((10 * slow)) setpriv --reuid="$1" --regid="$1" --clear-groups -- sh -c 'set -C; echo "$1" > "$2"' sh \
      "ask cpu cpu=0.001 mem=1M price=9 max=1m" "$(home_of "$1")/orders/$name" 2>> "$2.refused"; then
      echo "$name" >> "$2"
    fi
    sleep 0.02
  done
}
trader $seller "$work/acked" &
trading=$!
helper $trading

same_task() { [ "$(task_pid steady)" = "$pid" ]; }
beats() { grep -c beat "$mnt/tasks/steady/log"; }
more_beats() { [ "$(beats)" -gt "$1" ]; }
seq_now() { field "$mnt/leases/$lease/usage" receipt_seq; }
more_receipts() { [ "$(seq_now)" -gt "$1" ]; }

# A moment, by chance, within a second and a half: the killed is in the middle of something else each time.
by_chance() { busybox usleep $((RANDOM % 1500 * 1000)); }

after() { # WHO: what must hold again
  await 20 "the tree answers after the end of $1" serves
  await 20 "the task is known again after the end of $1" same_task
  [ -e "/proc/$pid" ] || fail "the task died with $1"
  await 20 "receipts go on after the end of $1" more_receipts "$receipts"
  await 20 "the log goes on after the end of $1" more_beats "$before"
}

round() { # WHO
  local victim
  receipts=$(seq_now) before=$(beats)
  by_chance
  case $1 in
    views | plan)
      victim=$(child_of "$1") || fail "there is no zeus-$1"
      kill -KILL "$victim"
      await 10 "zeus-$1 is gone" gone "$victim"
      await 10 "zeus-$1 was started anew" child_of "$1"
      ;;
    ledger)
      crash ledger
      start_ledger
      ;;
    broker)
      crash broker
      start_broker
      ;;
  esac
  after "$1"
}
for who in views plan ledger broker views ledger; do
  round $who
done
touch "$work/enough"
wait $trading

# --- books: each acknowledged order once, and nothing else ---

listed() { find "$(home_of $seller)/orders/" -name "t$seller-*" -printf '%f\n' | sort; }
sort -o "$work/acked" "$work/acked"
acked=$(wc -l < "$work/acked")
[ "$acked" -gt 5 ] || fail "only $acked orders were acknowledged: $(tail -n 3 "$work/acked.refused")"
listed > "$work/listed"
lost=$(comm -23 "$work/acked" "$work/listed")
[ -z "$lost" ] || fail "acknowledged and lost: $lost"
# Not acknowledged but there: at most one for each kill, when the answer was lost and not the order.
extra=$(comm -13 "$work/acked" "$work/listed" | wc -l)
[ "$extra" -le 6 ] || fail "$extra orders appeared without an acknowledgement"
ids=$(while read -r name; do word "$(home_of $seller)/orders/$name" id; done < "$work/listed" | sort | uniq -d)
[ -z "$ids" ] || fail "orders that are there twice: $ids"
same 'orders in the book' "$(wc -l < "$work/listed")" "$(awk '$1 == "ask" && $2 + 0 == 9 { print $4 }' "$mnt/market/cpu/book")"
ok "$acked orders were acknowledged, none was lost or doubled, $extra lost their answer only"

# --- a stale mount, and seconds on the same state ---

crash broker
timeout 5 stat "$mnt/health" > /dev/null 2>&1 && fail 'the mount lives without its server'
start_broker
same 'one mount' 1 "$(grep -c " $mnt fuse" /proc/mounts)"
ok 'a stale mount is cleared'
said=$(timeout $((10 * slow)) "$build/zeus-broker" --config "$conf" --state "$state" --mount "$mnt" 2>&1)
same 'a second broker on the same state: exit code' 75 $?
grep -q 'another zeus-broker' <<< "$said" || fail "it does not say why: $said"
said=$(timeout $((10 * slow)) "$build/zeus-ledger" --config "$conf" --state "$state" 2>&1)
same 'a second ledger on the same state: exit code' 75 $?
grep -q 'another ledger' <<< "$said" || fail "it does not say why: $said"
serves || fail 'the first broker was disturbed'
same 'the task, after all that' "$pid" "$(task_pid steady)"
whole_supply 4
release "$lease"
whole_supply 2
stop
ledger --verify || fail 'the books do not verify'
