#!/bin/bash
# The ledger's disk fills up: commands are refused with a sentence, reading goes on, and when there is space again so does the rest.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
use a
mkdir -p "$work/a"
mount -t tmpfs -o size=192m,mode=755 zeus-test "$work/a"
create a
start
post $seller first 'ask cpu cpu=0.1 mem=64M price=0.5 max=1h'
height=$(cat "$mnt/chains/0/height") book=$(cat "$mnt/market/cpu/book")

dd if=/dev/zero of="$state/filler" bs=1M 2> "$work/said" || :
n=0
refused() {
  n=$((n + 1))
  ! put $seller 'ask cpu cpu=0.1 mem=64M price=0.6 max=1h' "$mnt/market/orders/full-$n" 2> "$work/said"
}
await 20 'an order is refused' refused
tail -n 3 "$mnt/errors" | grep -q ' EROFS ' || fail "it is not refused with EROFS: $(tail -n 3 "$mnt/errors")"
tail -n 3 "$mnt/errors" | grep -q 'disk' || fail 'the sentence says nothing of the disk'
ok "refused: $(tail -n 3 "$mnt/errors" | head -n 1)"
pid_of ledger > /dev/null || fail 'the ledger ended'
cat "$mnt/market/cpu/book" "$mnt/chains/0/blocks/latest/header" > /dev/null || fail 'reading does not go on'
count=$(find "$mnt/market/orders/" -name 'full-*' | wc -l)
same 'refused orders that are there all the same' $((n - 1)) "$count"

rm "$state/filler"
taken() { put $seller 'ask cpu cpu=0.1 mem=64M price=0.7 max=1h' "$mnt/market/orders/again" 2> "$work/said"; }
await 20 'orders are taken again' taken
[ "$(cat "$mnt/chains/0/height")" -gt "$height" ] || fail 'no block was made'
grep -qF "$(grep '^ask.0\.5' <<< "$book")" "$mnt/market/cpu/book" || fail 'the first order is lost'
whole_supply 2
stop
start
grep -q 'state=open' "$mnt/market/orders/first" "$mnt/market/orders/again" || fail 'orders are lost after a restart'
stop
ledger --verify || fail 'the books do not verify'
