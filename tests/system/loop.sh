#!/bin/bash
# The whole loop on one machine, through files only: sell, buy, run, enforce, measure, pay; then every coin is looked for.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
need jq
create a
start

app demo <<'END'
echo "hello from pid $$, uid $(id -u)"
n=0
while [ $n -lt 6 ]; do
  n=$((n + 1)) i=0
  while [ $i -lt 20000 ]; do i=$((i + 1)); done
  echo "round $n"
done
echo done
exec sleep 600
END

before_seller=$(balance $seller) before_buyer=$(balance $buyer)
same 'what the seller begins with' 100000000000 "$before_seller"

# --- sell, buy ---

post $seller night 'ask cpu cpu=1 mem=512M up=20mbit down=20mbit price=0.02 max=2h'
await 5 'the ask is in the book' grep -q '^ask' "$mnt/market/cpu/book"
same 'at its price' 0.0200 "$(printf '%.4f' "$(awk '$1 == "ask" { print $2 }' "$mnt/market/cpu/book")")"
post $buyer job1 'bid cpu cpu=0.5 mem=128M up=4mbit down=8mbit price=0.05 for=10m app=demo'
await 10 'the orders match' has_lease $buyer job1
lease=$(lease_of $buyer job1)
dir=$mnt/leases/$lease
same 'the bid is filled' filled "$(word "$(home_of $buyer)/orders/job1" state)"
same 'one trade is shown' 1 "$(grep -vc '^#' "$mnt/market/cpu/trades")"
same 'and leads to the lease' "$lease" "$(awk -F'\t' '$1 !~ /^#/ { print $9 }' "$mnt/market/cpu/trades")"
[ "$(escrow $buyer)" -gt 0 ] || fail 'nothing of the buyer is in escrow'

# --- run, enforce: what the lease says is what the kernel's own files say ---

await 30 'the task runs' is "$mnt/tasks/job1/state" running
say "limits: $(tr '\n' ';' < "$dir/limits")"
same 'memory' 134217728 "$(limit memory "$lease" memory.limit_in_bytes memory.max)"
grep -q '^mem max=134217728' "$dir/limits" || fail 'the tree does not say so'
if quota=$(cat "$(group cpu "$lease")/cpu.cfs_quota_us" 2> /dev/null); then
  period=$(cat "$(group cpu "$lease")/cpu.cfs_period_us")
else
  read -r quota period < "$(group cpu "$lease")/cpu.max"
fi
same 'half a core' "$period" $((quota * 2))
grep -q '^cpu max=50000/100000' "$dir/limits" || fail 'the tree does not say half a core'
pids=$(sed -n 's/^pids max=//p' "$dir/limits")
same 'processes' "$pids" "$(limit pids "$lease" pids.max pids.max)"
rate() { tc class show dev "$1" | sed -n 's/.* rate \([0-9.]*[KMG]*bit\) .*/\1/p' | head -n 1; }
same 'bandwidth down, on the host end' 8Mbit "$(rate "$(host_link)")"
pid=$(task_pid job1)
inner_rate() { nsenter --net="/proc/$pid/ns/net" tc class show dev eth0 | sed -n 's/.* rate \([0-9.]*[KMG]*bit\) .*/\1/p' | head -n 1; }
same 'bandwidth up, on the task end' 4Mbit "$(inner_rate)"
grep -q "lease-${lease#l-}" "/proc/$pid/cgroup" || fail 'the task is not in the group of its lease'
same 'no capability inside' 0000000000000000 "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")"
[ "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" -ge 65536 ] || fail 'root inside is somebody outside'
same 'nothing has drifted' '' "$(cat "$dir/drift")"

# --- its log ---

await 40 'the task worked to its end' grep -q ' done$' "$mnt/tasks/job1/log"
grep -q 'hello from pid' "$mnt/tasks/job1/log" || fail 'the log lacks the first line'
same 'rounds in the log' 6 "$(grep -c 'round [1-6]$' "$mnt/tasks/job1/log")"
as_user $buyer cat "$mnt/tasks/job1/log" > /dev/null || fail 'the buyer cannot read the log'
! as_user $stranger cat "$mnt/tasks/job1/log" 2> /dev/null || fail 'a stranger reads the log'

# --- measure: receipts, each with the hash of the one before ---

seen=$work/receipts
: > "$seen"
receipt() { # as one line: number, hash, hash of the one before
  awk '{ v[$1] = $2 } END { if (v["receipt_prev"]) print v["receipt_seq"], v["receipt_hash"], v["receipt_prev"] }' "$dir/usage"
}
four_receipts() {
  receipt >> "$seen"
  sort -n -u -o "$seen" "$seen"
  [ "$(awk 'NR > 1 && $1 == last + 1 { n++ } { last = $1 } END { print n + 0 }' "$seen")" -ge 3 ]
}
await 30 'four receipts in a row' four_receipts
awk '$1 == seq + 1 && $3 != hash { bad = 1 } { seq = $1; hash = $2 } END { exit bad }' "$seen" || fail 'the receipts are not chained'
ok "$(wc -l < "$seen") receipts, each names the one before by its hash"
[ "$(field "$dir/usage" receipt_cpu_usec)" -gt 0 ] || fail 'a receipt without processor time'
kernel=$(cpu_usec "$lease")
between 'processor time of the receipt against the kernel, in us' $((kernel / 8)) "$(field "$dir/usage" receipt_cpu_usec)" $((kernel + 1))

# --- pay ---

release "$lease"
paid=$(units "$(field "$dir/status" paid)") commission=$(units "$(field "$dir/status" commission)")
[ "$paid" -gt 0 ] || fail 'nothing was paid'
same 'commission is one in a hundred' $((paid / 100)) "$commission"
same 'nothing is left in the escrow of the lease' 0 "$(units "$(field "$dir/status" escrow)")"
rm "$mnt/market/orders/night" || fail 'the ask cannot be cancelled'
settled() { [ "$(escrow $seller)" = 0 ] && [ "$(escrow $buyer)" = 0 ]; }
await 10 'nothing is locked any more' settled
lost=$((before_buyer - $(balance $buyer))) won=$(($(balance $seller) - before_seller))
# A machine too slow to keep its task running is fined out of its bond: no real one was, and what an emulated one paid is in the history.
fine=0
for amount in $(awk -F'\t' '$5 == "bond" { print $6 }' "$(home_of $buyer)/history"); do
  fine=$((fine + $(units "${amount#+}")))
done
[ "$fine" = 0 ] || [ -n "${ZEUS_EMULATED:-}" ] || fail "the seller was fined $fine"
same 'the buyer lost what was paid' $((paid - fine)) "$lost"
same 'the seller won it less the commission' $((paid - commission - fine)) "$won"
at=$(group memory "$lease")
[ -z "$at" ] || holds $((5 * slow)) test ! -d "$at" || fail 'the group outlives the lease'
whole_supply 8

# --- the chain, with coreutils only ---

for chain in 0 1 2 3 4 5 6 7 8 9; do
  parent=-
  for height in $(seq 0 "$(cat "$mnt/chains/$chain/height")"); do
    block=$mnt/chains/$chain/blocks/$height
    hash=$(b2sum -l 256 < "$block/raw" | cut -d' ' -f1)
    [ "$hash" = "$(cat "$block/hash")" ] || fail "chain $chain: the hash of block $height is not that of its bytes"
    [ "$parent" = - ] || [ "$(field "$block/header" parent)" = "$parent" ] || fail "chain $chain: block $height has another parent"
    parent=$hash
  done
done
ok "ten chains, $((height + 1)) blocks each: hashes and parents"
parent=-
for height in $(seq 0 "$(cat "$mnt/chains/0/height")"); do
  block=$mnt/chains/0/blocks/$height/main
  [ "$(b2sum -l 256 < "$block/raw" | cut -d' ' -f1)" = "$(cat "$block/hash")" ] || fail "main block $height: another hash"
  [ "$parent" = - ] || [ "$(field "$block/header" parent)" = "$parent" ] || fail "main block $height has another parent"
  parent=$(cat "$block/hash")
done
ok 'the main blocks that tie them together'
jq -e .kind "$mnt"/chains/?/blocks/*/txs > /dev/null || fail 'transactions are not JSON with a kind'

# --- prove: every transaction of the last blocks, with a shell and b2sum alone ---

proofs=0
for block in "$mnt"/chains/[1-9]/blocks/[0-9]*; do
  for tx in "$block"/tx/[0-9]*; do
    [ -d "$tx" ] || continue
    said=$("$top/tools/zeus-verify" --block "$block" "$tx/proof") || fail "$tx: $said"
    txid=$(jq -r .txid "$tx/json")
    case $said in *"txid=$txid"*) ;; *) fail "$tx: the proof is of another transaction: $said" ;; esac
    chain=${block#"$mnt/chains/"}
    same "where $txid is" "$(stat -c %i "$tx")" "$(stat -L -c %i "$mnt/chains/${chain%%/*}/tx/$txid")"
    proofs=$((proofs + 1))
    [ "$proofs" -lt 12 ] || break 2
  done
done
[ "$proofs" -ge 5 ] || fail "only $proofs transactions were there to prove"
ok "$proofs transactions proved to be in their blocks"
stop
ledger --verify || fail 'the ledger does not verify'
