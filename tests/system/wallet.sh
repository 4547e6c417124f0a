#!/bin/bash
# An account whose key this machine never sees: made, paid, ordering, paying and renting with what its owner signed elsewhere. Its owner
# here is a stranger, who has no account and is in no group.
# shellcheck source=tests/system/lib.sh disable=SC2016 # $1 and $2 are the inner shell's
. "$(dirname "$0")/lib.sh"
begin
create w
start_ledger
start_broker

keys=$work/keys
mkdir -m 700 "$keys"
echo 'correct horse' > "$keys/pass"
key() { "$build/zeus" key --dir "$keys" --passphrase-file "$keys/pass" "$@"; }
sign() { "$build/zeus" sign --dir "$keys" --passphrase-file "$keys/pass" "$@" 2> "$work/words"; }
exchange() { # UID FILE LINE: the answer
  as_user "$1" bash -c 'exec 3<> "$1"; printf "%s\n" "$2" >&3 || exit 1; cat <&3' bash "$2" "$3" 2> "$work/err"
}
prepare() { exchange "$stranger" "$account/prepare" "$*"; } # LINE
prepared() { prepare "$@" || fail "prepare refused: $*: $(as_user "$stranger" tail -n 3 "$mnt/errors")"; }
submit() { exchange "$stranger" "$mnt/market/signed" "$1"; } # ENVELOPE
# What a transaction does on another chain comes a block later.
comes() { # WHAT EXPECTED COMMAND...
  local what=$1 expected=$2
  shift 2
  says() { [ "$("$@")" = "$expected" ]; }
  await 10 "$what is $expected" says "$@"
  ok "$what: $expected"
}
submitted() {
  submit "$1" > "$work/answer" || fail "refused: $(cat "$work/err"; as_user "$stranger" tail -n 3 "$mnt/errors")"
  grep -q '^txid=[0-9a-f]* height=[0-9]* state=final$' "$work/answer" || fail "no receipt for '$1': $(cat "$work/answer")"
}
refused() { # SENTENCE COMMAND...: with its sentence among the stranger's errors
  local sentence=$1
  shift
  ! "$@" > "$work/answer" || fail "not refused: $sentence"
  as_user "$stranger" tail -n 3 "$mnt/errors" > "$work/said"
  grep -q -- "$sentence" "$work/said" || fail "no '$sentence' in $(cat "$work/said")"
  ok "refused: $sentence"
}

# --- a key, and money from root's account for it ---
key new alice > /dev/null || fail 'no key'
address=$(key show alice address)
account=$mnt/accounts/$address
! ls "$account" > /dev/null 2>&1 || fail 'the account is there before it was paid'
exchange "$seller" "$(home_of "$seller")/send" "auth=$(key show alice auth) x25519=$(key show alice x25519) amount=50" > "$work/answer" ||
  fail "the account was not opened: $(tail -n 3 "$mnt/errors")"
grep -q '^txid=[0-9a-f]* height=[0-9]* state=final$' "$work/answer" || fail "no receipt: $(cat "$work/answer")"
comes 'its money' 50.00000000 as_user "$stranger" cat "$account/balance"
same 'its key' "$(key show alice pubkey)" "$(as_user "$stranger" cat "$account/pubkey")"
same 'who holds it' external "$(as_user "$stranger" cat "$account/custody")"
same 'its nonce' 0 "$(as_user "$stranger" cat "$account/nonce")"
[ ! -e "$account/send" ] || fail 'somebody can send from it without a signature'

# --- an order: prepared, signed, handed in, seen, cancelled ---
draft=$(prepared 'bid cpu cpu=0.5 mem=128M price=0.05 for=10m name=far')
refused 'nobody has signed' submit "$draft"
signed=$(echo "$draft" | sign alice) || fail "not signed: $(cat "$work/words")"
grep -q '^name  *far$' "$work/words" || fail 'the order is signed unseen'
grep -q "^from  *$address$" "$work/words" || fail 'the account is signed unseen'
submitted "$signed"
comes 'its order' open word "$account/orders/far" state
same 'its nonce' 1 "$(cat "$account/nonce")"
await 10 'the order is in the book' grep -q ^bid "$mnt/market/cpu/book"
refused 'nonce' submit "$signed"
refused 'name is taken' prepare 'bid cpu cpu=0.5 mem=128M price=0.05 for=10m name=far'
submitted "$(prepared amend far price=0.04 | sign alice)"
comes 'the price' 0.0400 word "$account/orders/far" price
submitted "$(prepared cancel far | sign alice)"
comes 'its order' cancelled word "$account/orders/far" state
comes 'its money is back' 50.00000000 cat "$account/balance"

# --- paying, and every form of an envelope ---
before=$(balance $buyer)
submitted "$(prepared "send to=$(name_of $buyer) amount=1.5 note=thanks" | sign alice)"
comes 'the payment arrived' $((before + 150000000)) balance $buyer
prepared "send to=$(name_of $buyer) amount=1" | sign --binary alice > "$work/raw"
chmod 644 "$work/raw"
as_user $stranger cp "$work/raw" "$mnt/market/signed" || fail 'raw bytes are not taken'
prepared "send to=$(name_of $buyer) amount=1" | sign --binary alice | base64 -w0 > "$work/b64"
submitted "$(cat "$work/b64")"
# Two prepared at once: the second says which nonce it will have.
nonce=$(cat "$account/nonce")
one=$(prepared "send to=$(name_of $buyer) amount=1" | sign alice)
two=$(prepared "nonce=$((nonce + 1)) send to=$(name_of $buyer) amount=1" | sign alice)
printf '%s\n# the second\n%s\n' "$one" "$two" > "$work/both"
chmod 644 "$work/both"
as_user $stranger sh -c 'cat "$1" > "$2"' sh "$work/both" "$mnt/market/signed" || fail 'two in one file are not taken'
comes 'five payments' $((before + 550000000)) balance $buyer
comes 'its money' 44.50000000 cat "$account/balance"

# --- what is refused, with the errno that the shell shows ---
draft=$(prepared "send to=$(name_of $buyer) amount=1")
signed=$(echo "$draft" | sign alice)
key new mallory > /dev/null
refused 'signature' submit "$(echo "$draft" | sign mallory)"
grep -q 'Key was rejected' "$work/err" || fail "another errno: $(cat "$work/err")"
refused 'signature' submit "${signed%?}$([ "${signed: -1}" = 0 ] && echo 1 || echo 0)"
refused 'another network' submit "genesis=$(printf '11%.0s' $(seq 32)) ${signed#* }"
refused 'canonical' submit "${signed%??}"
refused 'no envelope' submit 'hello'
refused 'spendable' submit "$(prepared "send to=$(name_of $buyer) amount=1000" | sign alice)"
refused 'missing newline' as_user $stranger sh -c 'printf %s "$1" > "$2"' sh "$signed" "$mnt/market/signed"
refused 'no such lease' prepare lease l-000000000000 stop
refused 'neither an address' prepare send to=nobody-here amount=1
refused 'nonce= wants' prepare nonce=x cancel far
same 'nothing moved' $((before + 550000000)) "$(balance $buyer)"

# --- stake, votes and tokens, signed elsewhere too ---
submitted "$(prepared stake 5 | sign alice)"
submitted "$(prepared vote 2 1 | sign alice)"
submitted "$(prepared "delegate $(name_of $buyer)" | sign alice)"
await 5 'its proxy' is "$account/delegate" "$(name_of $buyer)"
comes 'its votes' '1 2' as_user $stranger cat "$account/votes"
submitted "$(prepared delegate - | sign alice)"
mkdir "$mnt/tokens/GOLD" || fail 'no draft'
put $seller issue "$mnt/tokens/GOLD/ctl" || fail 'no token'
submitted "$(prepared token GOLD in 2 | sign alice)"
await 5 'its token' grep -qx 'GOLD total=2.00000000' "$account/balances"
submitted "$(prepared token GOLD out 2 | sign alice)"
submitted "$(prepared unstake 1 | sign alice)"
staking() { echo "$(field "$account/stake" staked) $(field "$account/stake" unstaking)"; }
comes 'its stake' '4.00000000 1.00000000' staking
refused 'known are: in, mint' prepare token GOLD burn 2
refused 'no such token' prepare token LEAD in 2
refused 'different numbers' prepare vote 1 1

# --- an account of three keys, two of which must sign ---
key new bob > /dev/null
key new carol > /dev/null
shared=$(key auth 2 alice bob carol)
auth=$(echo "$shared" | sed -n 's/^auth //p') account=$mnt/accounts/$(echo "$shared" | sed -n 's/^address //p')
exchange "$seller" "$(home_of "$seller")/send" "auth=$auth amount=10" > /dev/null || fail 'the shared account was not opened'
draft=$(prepared "send to=$address amount=4")
one=$(echo "$draft" | sign --auth "$auth" carol)
refused 'signature' submit "$one"
submitted "$(echo "$one" | sign --auth "$auth" alice)"
comes 'two of three' 6.00000000 cat "$account/balance"
comes 'paid' 43.50000000 cat "$mnt/accounts/$address/balance"
account=$mnt/accounts/$address

# --- an account gets other keys: the first becomes one of three ---
key new dave > /dev/null
comes 'its owner pays for another' 43.50000000 cat "$account/balance"
exchange "$seller" "$(home_of "$seller")/send" "auth=$(key show dave auth) amount=10" > /dev/null || fail "dave's account was not opened"
account=$mnt/accounts/$(key show dave address)
trio=$(key auth 2 bob carol dave | sed -n 's/^auth //p')
refused 'auth= wants' prepare set-auth "auth=${trio%?}"
refused 'set-auth takes' prepare set-auth
refused 'set-auth takes' prepare set-auth "auth=$trio more"
draft=$(prepared "set-auth auth=$trio")
late=$(prepared "nonce=2 send to=$address amount=1" | sign dave) # of the next nonce but one, by the key that will not do
echo "$draft" | sign --show > "$work/shown" || true
grep -q '^from now on  *the account.s keys are:$' "$work/shown" || fail "what is to be signed is not said: $(cat "$work/shown")"
same 'keys shown' 3 "$(grep -c '^key  *[0-9a-f]* weighs 1$' "$work/shown")"
for who in bob carol dave; do
  grep -q "^key  *$(key show $who pubkey) weighs 1$" "$work/shown" || fail "$who's key is not shown: $(cat "$work/shown")"
done
refused 'signature' submit "$(echo "$draft" | sign bob)"
submitted "$(echo "$draft" | sign dave)"
same 'its nonce' 1 "$(cat "$account/nonce")"
draft=$(prepared "send to=$address amount=4")
one=$(echo "$draft" | sign --auth "$trio" dave)
refused 'signature' submit "$one"
same 'one signature moves nothing' 10.00000000 "$(cat "$account/balance")"
submitted "$(echo "$one" | sign --auth "$trio" bob)"
comes 'two of the new three' 6.00000000 cat "$account/balance"
refused 'signature' submit "$late"
comes 'paid' 47.50000000 cat "$mnt/accounts/$address/balance"
account=$mnt/accounts/$address
# whose key is kept here has no prepare, and is told so
me=$(home_of "$seller")
! exchange "$seller" "$me/prepare" "set-auth auth=$trio" > /dev/null || fail 'an account whose key is kept here gets other keys'
! put "$seller" "set-auth auth=$trio" "$me/ctl" 2> /dev/null || fail 'ctl gives an account other keys'
as_user "$seller" tail -n 3 "$mnt/errors" | grep -q 'keeps the account.s key' || fail 'it is not said why'

# --- a lease: rented and ended by signatures ---
app demo << 'END'
echo "hello $WORD"
exec sleep 600
END
post $seller offer 'ask cpu cpu=0.25 mem=64M price=0.02 max=1h'
submitted "$(prepared 'bid cpu cpu=0.25 mem=64M price=0.05 for=10m app=demo name=job' | sign alice)"
await 10 'the order is matched' grep -q 'leases=l-' "$account/orders/job"
lease=$(word "$account/orders/job" leases)
runs() { [ "$(field "$mnt/leases/$lease/status" contract_state)" = run ]; }
topped() { [ "$(units "$(field "$mnt/leases/$lease/status" escrow)")" -gt $((escrow + 99000000)) ]; }
await 30 'its trial is over' runs
escrow=$(units "$(field "$mnt/leases/$lease/status" escrow)")
submitted "$(prepared lease "$lease" topup 1 | sign alice)"
await 5 'the top-up arrives' topped
submitted "$(prepared lease "$lease" stop | sign alice)"
await 30 'the lease settles' is "$mnt/leases/$lease/state" ended

# --- what it runs, described here, sealed and signed elsewhere ---
post $seller another 'ask cpu cpu=0.25 mem=64M price=0.02 max=1h'
secret=tell-nobody-$$-$RANDOM$RANDOM
submitted "$(prepared 'bid cpu cpu=0.25 mem=64M price=0.05 for=10m name=slot' | sign alice)"
await 10 'the order is matched' grep -q 'leases=l-' "$account/orders/slot"
lease=$(word "$account/orders/slot" leases)
as_member $stranger mkdir "$mnt/tasks/mine" || fail 'no task was made'
put $stranger app:demo "$mnt/tasks/mine/image" || fail 'the image was not taken'
put $stranger "WORD=$secret" "$mnt/tasks/mine/env" || fail 'the variable was not taken'
refused 'no task' prepare lease "$lease" deploy nothing
refused 'takes the name' prepare lease "$lease" deploy
draft=$(prepared lease "$lease" deploy mine)
refused 'nobody has sealed' submit "$draft"
signed=$(echo "$draft" | sign alice) || fail "not signed: $(cat "$work/words")"
grep -q "^variable  *WORD=$secret$" "$work/words" || fail 'the variable is signed unseen'
! echo "$signed" | grep -q "$(printf %s "$secret" | od -An -v -tx1 | tr -d ' \n')" || fail 'the secret is not sealed'
submitted "$signed"
task=$mnt/tasks/mine.${lease#l-}
await 30 'its task has the secret' grep -q "hello $secret" "$task/log"
! grep -rqa "$secret" "$state/ledger" || fail 'the ledger keeps the secret'
submitted "$(prepared lease "$lease" stop | sign alice)"
await 30 'the lease settles' is "$mnt/leases/$lease/state" ended
whole_supply 2
