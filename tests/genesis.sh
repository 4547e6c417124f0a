#!/bin/bash
# zeus genesis from outside: the paper's shares, small networks, checking, and every way to be told no.
set -eu
zeus=${top_builddir:-$(cd "$(dirname "$0")/.." && pwd)/build}/zeus
failed=0
dir=$(mktemp -d /tmp/zeus-genesis.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

key() { printf "$1%.0s" $(seq 32); }

wants() { # CODE PATTERN COMMAND...: it ends with CODE, and says PATTERN
  local want=$1 pattern=$2 code=0
  shift 2
  "$@" >out 2>&1 || code=$?
  if [ "$code" != "$want" ] || ! grep -q -- "$pattern" out; then
    echo "$*: $code, not $want with '$pattern':"
    cat out
    failed=1
  fi
}

same() { # WHAT A B
  [ "$2" = "$3" ] || { echo "$1: $2, not $3"; failed=1; }
}

paper() {
  "$zeus" genesis paper --time 2018-12-01T00:00:00Z --public "$(key b1)" --discounted 1000.5 \
    --angel "$(key a1)" --angel "$(key a2)" --angel "$(key a3)" --team "$(key c1)" \
    --reserve "2/$(key d3),$(key d1)*2,$(key d2)" "$@"
}

paper >one
paper >two
same 'the same words' "$(cat one)" "$(cat two)"
# A third of 10^17 does not come out even: the first has the unit that is left over.
same 'angels' "$(grep -c 'account 333333333.33333333 angel ' one) $(grep -c 'account 333333333.33333334 angel ' one)" '2 1'
same 'public' "$(grep ' public ' one)" "account 5000000000.00000000 public $(key b1) discounted=1000.50000000"
same 'reserve' "$(grep ' reserve ' one)" "account 2000000000.00000000 reserve 2/$(key d1)*2,$(key d2),$(key d3)"
same 'nothing is left' "$(tail -n 1 one)" 'reserve 0.00000000'

wants 0 '^hash [0-9a-f]\{64\}$' "$zeus" genesis check one
same 'totals' "$(sed -n '2,7p' out | tr '\t' ' ' | tr '\n' ';')" \
  "none 0 0.00000000 0.00000000;angel 3 1000000000.00000000 1000000000.00000000;public 1 5000000000.00000000 1000.50000000;\
team 1 2000000000.00000000 1500000000.00000000;reserve 1 2000000000.00000000 2000000000.00000000;chain-0 - 0.00000000 -;"
hash=$(grep '^hash' out)
wants 0 . "$zeus" genesis check - <one
same 'from standard input' "$(grep '^hash' out)" "$hash"
paper --chain 2 >other
wants 0 '^hash' "$zeus" genesis check other
[ "$(grep '^hash' out)" != "$hash" ] || { echo 'another chain has the same hash'; failed=1; }

sed 's/^trial .*/trial soon/' one >bad
wants 1 "^bad:5: the value of trial" "$zeus" genesis check bad
sed '$d' one >bad
wants 1 "^bad:[0-9]*: the end, and there was no reserve" "$zeus" genesis check bad
sed 's/^lease ../lease 00/' one >bad
wants 1 'does not know that standard lease' "$zeus" genesis check bad
wants 1 'nowhere: No such file' "$zeus" genesis check nowhere
wants 1 'Is a directory' "$zeus" genesis check .

"$zeus" genesis local --account "$(key a1)=5" --account "$(key a2)=0.00000001" --param unstake=3s --param lane_tx_max=7 >small
same 'the rest' "$(tail -n 1 small)" 'reserve 9999999994.99999999'
same 'rules' "$(grep -c '^unstake 3s$\|^lane_tx_max 7$' small)" 2
wants 0 '^none	2	5.00000001	0.00000000$' "$zeus" genesis check small

wants 1 'have the same keys' "$zeus" genesis local --account "$(key a1)=5" --account "$(key a1)=6"
wants 1 'there are no more than' "$zeus" genesis local --account "$(key a1)=10000000000" --account "$(key a2)=0.00000001"
wants 1 'unstake is out of range' "$zeus" genesis local --param unstake=4000000000
for rule in deposit_per_byte=1000000001 free_wu=72057594037927937 work_cap=17592186044417 lane_wu=0 open_ppm=1000001 free_ppm=1000001 \
  fill_step_ms=0 work_window_ms=0 epoch_ms=0 mig_theta_ppm=1000001 mig_epoch_ms=0 sketch_half_ms=0 lane_tx_max=0 bond_ppm=1000001; do
  wants 1 "${rule%=*} is out of range" "$zeus" genesis local --param "$rule"
done
for rule in free_wu=18446744073709551616 fill_step_ms=4294967296 mig_max=-1 mig_weight=some; do
  wants 2 'value of --param' "$zeus" genesis local --param "$rule"
done
"$zeus" genesis local --param mig_max=0 --param free_wu=0 --param work_cap=17592186044416 --param epoch_ms=18446744073709551615 >edge
wants 0 '^hash' "$zeus" genesis check edge
wants 1 'discounted part is more' paper --discounted 5000000001
wants 2 'value of --account' "$zeus" genesis local --account "$(key a1)"
wants 2 'value of --account' "$zeus" genesis local --account "$(key a1)=-1"
wants 2 'value of --account' "$zeus" genesis local --account "12=1"
wants 2 'value of --param' "$zeus" genesis local --param weather=1
wants 2 'value of --time' "$zeus" genesis local --time yesterday
wants 2 'value of --chain' "$zeus" genesis local --chain 4294967296
wants 2 'value of --reserve' paper --reserve "4/$(key d1),$(key d2)"
wants 2 'wants --team' "$zeus" genesis paper --angel "$(key a1)" --public "$(key b1)" --reserve "$(key d1)" --discounted 0
wants 2 'at a discount' "$zeus" genesis paper --angel "$(key a1)" --public "$(key b1)" --reserve "$(key d1)" --team "$(key c1)"
wants 2 'belong to: zeus genesis paper' "$zeus" genesis local --team "$(key c1)"
wants 2 'belongs to: zeus genesis local' paper --account "$(key e1)=1"
wants 2 'paper, local, or check' "$zeus" genesis
wants 2 'paper, local, or check' "$zeus" genesis tomorrow
wants 2 'unrecognized' "$zeus" genesis local --colour red
wants 74 . sh -c "'$zeus' genesis local >/dev/full"
exit $failed
