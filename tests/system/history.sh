#!/bin/bash
# What is over is shown exactly as before after views were killed, the broker was started anew, and both with the ledger: trades, orders
# that ended, a lease that ended with its receipt and its task, the lines of each account's history, the logs of the chains.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create a
start

app steady <<'END'
while :; do sleep 1; done
END
rent steady steady 'cpu=0.25 mem=64M' 30m
await 20 'the task runs' is "$mnt/tasks/steady/state" running
await 20 'receipts are accepted' grep -q '^receipt_seq [1-9]' "$mnt/leases/$lease/usage"
post $seller high 'ask cpu cpu=0.1 mem=16M price=9 max=1m'
post $buyer low 'bid cpu cpu=0.1 mem=16M price=0.001 for=1m tif=ioc'
rm "$(home_of $seller)/orders/high" || fail 'the ask cannot be cancelled'
put $buyer "to=$(name_of $seller) amount=1.5" "$(home_of $buyer)/send" || fail 'the transfer was refused'
release "$lease"
rm "$(home_of $seller)/orders/ask-steady" || fail 'the ask cannot be cancelled'
settled() { [ "$(escrow $seller)" = 0 ] && [ "$(escrow $buyer)" = 0 ]; }
await 10 'nothing is locked any more' settled

same 'a task that ended with its lease' killed "$(cat "$mnt/tasks/steady/state")"
same 'and why' stop "$(field "$mnt/tasks/steady/status" reason)"

shown() { # what no later block changes
  local file
  for file in "$mnt"/market/cpu/trades "$mnt"/market/cpu/last "$mnt"/accounts/*/history "$mnt"/accounts/*/orders/* \
    "$mnt/leases/$lease"/{spec,state,status,usage,limits,events,proof} "$mnt"/tasks/steady/{state,status,exit_code,log}; do
    echo "== ${file#"$mnt"}"
    cat "$file"
  done 2>&1
}
logs() { cat "$mnt/chains/$1/log"; }

shown > "$work/before"
for chain in 0 1 2 3 4 5 6 7 8 9; do logs $chain > "$work/log.$chain"; done
[ "$(grep -vc '^#' "$mnt/market/cpu/trades")" -gt 0 ] || fail 'there is no trade'
for word in filled cancelled; do
  grep -q "state=$word" "$work/before" || fail "there is no order that was $word"
done
for kind in genesis transfer escrow lease bond; do
  grep -q "	$kind	" "$work/before" || fail "no $kind in the history: $(cat "$mnt"/accounts/*/history)"
done
grep -q '^receipt_to ' "$work/before" || fail 'no receipt is shown'

as_before() { # WHEN
  local chain
  shown > "$work/after"
  diff "$work/before" "$work/after" || fail "not shown as before, $1"
  for chain in 0 1 2 3 4 5 6 7 8 9; do
    logs $chain | head -n "$(wc -l < "$work/log.$chain")" | diff "$work/log.$chain" - || fail "chain $chain's log is another, $1"
  done
  ok "$(wc -l < "$work/before") lines are shown as before, $1"
}

as_before 'at once'
victim=$(child_of views) || fail 'there is no zeus-views'
kill -KILL "$victim"
await 10 'zeus-views is gone' gone "$victim"
await 10 'zeus-views was started anew' child_of views
await 20 'the tree answers' serves
as_before 'after views were killed'

crash broker
start_broker
as_before 'after the broker was killed'

stop
start
as_before 'after all were started anew'
stop
ledger --verify || fail 'the ledger does not verify'
