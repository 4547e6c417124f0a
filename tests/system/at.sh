#!/bin/bash
# The tree as it was: market, accounts and leases after an earlier block, the same bytes then and now, and nothing in it can be changed.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
create a
start

# What moves by itself (time left, what the kernel counts) is no part of it.
look() { # DIR: the books of that moment
  (cd "$1" && for file in market/*/book market/*/spec tokens/*/supply tokens/*/holders accounts/*/balance accounts/*/nonce \
    accounts/*/balances accounts/*/orders/* leases/*/spec; do
    [ -f "$file" ] || continue
    echo "== $file"
    cat "$file"
  done)
}
heights=()
one_look() { # of a moment in which no block came: what crosses to another chain may still be under way
  height=$(cat "$mnt/chains/0/height")
  look "$mnt" > "$work/then.$height"
  is "$mnt/chains/0/height" "$height"
}
note() {
  local height
  await 10 'a moment in which no block comes' one_look
  heights+=("$height")
}

mkdir "$mnt/tokens/GOLD" || fail 'no token is drafted'
put $seller issue "$mnt/tokens/GOLD/ctl" || fail 'it is not issued'
put $seller 'in 5' "$mnt/tokens/GOLD/ctl" || fail 'nothing is converted'
post $seller night 'ask cpu cpu=2 mem=1G up=100mbit down=100mbit price=0.9 max=1h'
await 5 'the ask is in the book' grep -q ^ask "$mnt/market/cpu/book"
note
put $seller 'ask cpu cpu=2 mem=1G up=100mbit down=100mbit price=0.8 max=1h' "$(home_of $seller)/orders/night" || fail 'it cannot be amended'
note
post $buyer want 'bid cpu cpu=0.5 mem=64M price=0.1 for=10m'
await 5 'the bid is in the book' grep -q ^bid "$mnt/market/cpu/book"
note
as_user $buyer rm "$(home_of $buyer)/orders/want"
as_user $seller rm "$(home_of $seller)/orders/night"
put $seller 'out 5' "$mnt/tokens/GOLD/ctl" || fail 'nothing is converted back'
await 5 'both are gone' sh -c "! grep -q '^[ab]' '$mnt/market/cpu/book'"

for height in "${heights[@]}"; do
  look "$mnt/at/$height" > "$work/now.$height" || fail "height $height cannot be read"
  diff -u "$work/then.$height" "$work/now.$height" || fail "height $height is not as it was"
done
ok "heights ${heights[*]} are as they were"

# --- nothing acts on the past ---

last=${heights[-1]} order=accounts/$(id -nu $buyer)/orders/want
book=$(cat "$mnt/market/cpu/book")
refused() { # WHAT COMMAND...
  local what=$1
  shift
  ! "$@" 2> /dev/null || fail "$what was not refused"
}
[ -f "$mnt/at/$last/$order" ] || fail 'the order of then is not shown'
refused 'a conversion' put $seller 'in 1' "$mnt/at/$last/tokens/GOLD/ctl"
refused 'a draft' mkdir "$mnt/at/$last/tokens/SILVER"
same 'what was held then' 'GOLD total=5.00000000' "$(grep GOLD "$mnt/at/$last/accounts/$(name_of $seller)/balances")"
refused 'a vote' put $buyer 1 "$mnt/at/$last/accounts/$(name_of $buyer)/votes"
for uid in $buyer 0; do
  refused 'a write' as_user $uid sh -c 'echo "bid cpu price=9" > "$1"' sh "$mnt/at/$last/$order"
  refused 'a removal' as_user $uid rm -f "$mnt/at/$last/$order"
  refused 'a new file' as_user $uid sh -c 'echo "ask cpu price=1" > "$1"' sh "$mnt/at/$last/accounts/$(id -nu $buyer)/orders/new"
  refused 'a rename' as_user $uid mv "$mnt/at/$last/$order" "$mnt/at/$last/$order.x"
  refused 'a directory' as_user $uid mkdir "$mnt/at/$last/accounts/nobody-else"
  refused 'another mode' as_user $uid chmod 777 "$mnt/at/$last/$order"
  refused 'a shorter file' as_user $uid truncate -s 0 "$mnt/at/$last/$order"
done
same 'the book' "$book" "$(cat "$mnt/market/cpu/book")"
for name in 01 -1 +1 x 999999999 18446744073709551615; do
  [ ! -e "$mnt/at/$name" ] || fail "there is at/$name"
done
same 'what at/ lists' '' "$(ls "$mnt/at")"
refused 'a stranger' as_user 12345 cat "$mnt/at/$last/$order"

# --- after a restart too ---

stop
start
for height in "${heights[@]}"; do
  look "$mnt/at/$height" | diff -u "$work/then.$height" - || fail "height $height is not as it was, after a restart"
done
ok 'after a restart too'
