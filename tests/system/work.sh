#!/bin/bash
# What an account has used of its work units, in a network that counts them: the owner's alone to read, and more after each transaction.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
configure u
ledger --keys --operator $seller > "$work/keys" || fail 'zeus-ledger --keys'
{
  "$build/zeus" genesis local --param free_wu=1000000000 --param work_window_ms=864000000 | sed '/^reserve/d'
  sed -n 's/^account 0 none/account 1000 none/p' "$work/keys"
  echo 'reserve 9999999000.00000000'
} > "$work/genesis"
ledger --init --genesis - --operator $seller < "$work/genesis" || fail 'zeus-ledger --init --genesis'
start

exchange() { # UID LINE: sent from its account
  as_user "$1" bash -c 'exec 3<> "$1"; printf "%s\n" "$2" >&3 || exit 1; cat <&3' bash "$(home_of "$1")/send" "$2" > "$work/answer" ||
    fail "'$2' is refused: $(as_user "$1" tail -n 3 "$mnt/errors")"
}
used() { as_user $buyer cat "$file" | awk '$1 == "used" { print $2 }'; }

mkdir "$(home_of $buyer)" || fail 'the operator cannot open an account'
exchange $seller "to=$(name_of $buyer) amount=50"
file=$(home_of $buyer)/work
await 10 'the account is there' test -e "$file"
same 'whose it is' "400 $buyer" "$(stat -c '%a %u' "$file")"
same 'used by who only received' 0 "$(used)"
same 'in all' 1000000000 "$(field "$file" total)"
same 'come back in' 864000000 "$(field "$file" window_ms)"
exchange $buyer "to=$(name_of $seller) amount=1"
first=$(used)
[ "$first" -gt 0 ] || fail "a payment used nothing: $(cat "$file")"
same 'what is left' 1000000000 "$(awk '$1 == "used" || $1 == "available" { n += $2 } END { printf "%d", n }' "$file")"
exchange $buyer "to=$(name_of $seller) amount=1"
[ "$(used)" -gt "$first" ] || fail "another payment used no more than the first: $first, $(used)"
ok "used: $first, then $(used)"

for who in as_user as_member; do
  ! $who $stranger cat "$file" > /dev/null 2> "$work/err" || fail 'another user reads it'
  grep -q 'Permission denied' "$work/err" || fail "another errno: $(cat "$work/err")"
done
! put $buyer 'used 0' "$file" 2> /dev/null || fail 'it can be written'
[ ! -e "$mnt/at/$(cat "$mnt/chains/0/height")/accounts/$(name_of $buyer)/work" ] || fail 'there are work units of then'
[ -e "$mnt/at/$(cat "$mnt/chains/0/height")/accounts/$(name_of $buyer)/balance" ] || fail 'there is no account of then'

halt ledger
! as_user $buyer timeout 60 cat "$file" 2> "$work/err" || fail 'it can be read without the ledger'
grep -q 'Host is down' "$work/err" || fail "another errno: $(cat "$work/err")"
start_ledger
answers() { used > /dev/null 2>&1 && [ "$(used)" -gt 0 ]; }
await 20 'it can be read again' answers 2> /dev/null
