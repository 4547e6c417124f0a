#!/bin/bash
# Tokens through files: drafted, issued, converted in, out and across, paid to others; balances and supply right to the last unit. Then what
# an account stakes and votes for, and the question whether a transaction is in a block.
# shellcheck source=tests/system/lib.sh disable=SC2016 # $1 and $2 are the inner shell's
. "$(dirname "$0")/lib.sh"
begin
create t
start

me=$(home_of $buyer)
holding() { # UID TOKEN: as balances says it
  sed -n "s/^$2 total=//p" "$(home_of "$1")/balances"
}
exchange() { # UID FILE LINE: the answer
  as_user "$1" bash -c 'exec 3<> "$1"; printf "%s\n" "$2" >&3 || exit 1; cat <&3' bash "$2" "$3"
}
done_by() { # UID LINE FILE
  put "$1" "$2" "$3" || fail "'$2' into $3 was refused: $(as_user "$1" tail -n 3 "$mnt/errors")"
}
refused() { # UID ERRNO SENTENCE COMMAND...: by that user, with its sentence
  local uid=$1 errno=$2 sentence=$3
  shift 3
  ! "$@" 2> "$work/err" || fail "not refused: $*"
  as_user "$uid" tail -n 3 "$mnt/errors" > "$work/said"
  grep -q -- " $errno .*$sentence" "$work/said" || fail "no '$errno ... $sentence' for $*: $(cat "$work/said" "$work/err")"
  ok "refused: $errno, $sentence"
}
owned() { # UID: all its ZNC, which the first line says
  word "$(home_of "$1")/balances" total | head -n 1
}

# --- a draft is its maker's ---

as_member $buyer mkdir "$mnt/tokens/GOLD" || fail 'no draft'
same 'its values' '8 1 1 open ' "$(as_user $buyer sh -c 'cd "$1" && cat decimals anchor mode' sh "$mnt/tokens/GOLD" | tr '\n' ' ')"
[ ! -e "$mnt/tokens/GOLD" ] || fail 'root sees a draft of another user'
! as_user $stranger ls "$mnt/tokens" | grep -q GOLD || fail 'a stranger sees it'
refused $buyer EINVAL 'a symbol is' as_member $buyer mkdir "$mnt/tokens/gold"
refused $buyer ERANGE 'decimals is a number' put $buyer 19 "$mnt/tokens/GOLD/decimals"
refused $buyer ERANGE 'anchor is two numbers' put $buyer '1 0' "$mnt/tokens/GOLD/anchor"
refused $buyer EINVAL 'mode is open' put $buyer closed "$mnt/tokens/GOLD/mode"
refused $buyer EINVAL 'known are: issue' put $buyer 'in 5' "$mnt/tokens/GOLD/ctl"
done_by $buyer 2 "$mnt/tokens/GOLD/decimals"
done_by $buyer '3 7000000' "$mnt/tokens/GOLD/anchor"
for n in $(seq 1 15); do as_member $buyer mkdir "$mnt/tokens/T$n" || fail "no draft $n"; done
refused $buyer ENOSPC 'too many tokens' as_member $buyer mkdir "$mnt/tokens/T16"
as_member $buyer sh -c 'rm -r "$1"/T*' sh "$mnt/tokens" 2> "$work/err" || fail "drafts stay: $(cat "$work/err")"

# --- it outlives the broker ---

halt broker && start_broker
same 'the draft is still there' '3 7000000' "$(as_user $buyer cat "$mnt/tokens/GOLD/anchor")"

# --- issued ---

done_by $buyer issue "$mnt/tokens/GOLD/ctl"
same 'its issuer' "$(name_of $buyer)" "$(cat "$mnt/tokens/GOLD/issuer")"
same 'its anchor' '3 7000000' "$(cat "$mnt/tokens/GOLD/anchor")"
same 'there is none yet' 0.00 "$(cat "$mnt/tokens/GOLD/supply")"
same 'what one is worth: 100 units of 7000000 / 3' 2.33333333 "$(cat "$mnt/tokens/GOLD/rate")"
same 'one row of tokens.tsv' GOLD "$(awk -F'\t' '$1 !~ /^#/ { print $1 }' "$mnt/tokens.tsv")"
for uid in $buyer $seller; do
  ! as_member "$uid" mkdir "$mnt/tokens/GOLD" 2> /dev/null || fail 'it is drafted again'
done
refused $buyer EPERM 'that was issued stays' as_member $buyer rmdir "$mnt/tokens/GOLD"

# --- in: floor(1000000001 * 3 / 7000000) = 428 units; the rest stays in the reserve ---

before=$(owned $buyer)
done_by $buyer 'in 10.00000001' "$mnt/tokens/GOLD/ctl"
same 'what came' 4.28 "$(holding $buyer GOLD)"
same 'the supply' 4.28 "$(cat "$mnt/tokens/GOLD/supply")"
same 'what backs it' 10.00000001 "$(cat "$mnt/tokens/GOLD/deposit")"
same 'what it cost' 1000000001 $(($(units "$before") - $(units "$(owned $buyer)")))
same 'the holders' "$(name_of $buyer) 4.28" "$(awk -F'\t' '$1 !~ /^#/ { print $1, $2 }' "$mnt/tokens/GOLD/holders")"
grep -q "$(printf 'token\t4.28\tGOLD\t')" "$me/history" || fail 'history does not tell'

# --- mint: exactly 6 units cost ceil(6 * 7000000 / 3) ---

before=$(owned $buyer)
done_by $buyer 'mint 0.06' "$mnt/tokens/GOLD/ctl"
same 'minted' 4.34 "$(holding $buyer GOLD)"
same 'for' 14000000 $(($(units "$before") - $(units "$(owned $buyer)")))

# --- to another ---

exchange $buyer "$me/send" "to=$(name_of $seller) amount=1.34 token=GOLD note=gift" > "$work/answer" ||
  fail "not sent: $(as_user $buyer tail -n 3 "$mnt/errors")"
grep -q '^txid=[0-9a-f]* height=[0-9]* state=final$' "$work/answer" || fail "no receipt: $(cat "$work/answer")"
txid=$(sed 's/txid=\([0-9a-f]*\) .*/\1/' "$work/answer")
await 5 'it arrives' grep -qx 'GOLD total=1.34' "$(home_of $seller)/balances"
same 'the rest' 3.00 "$(holding $buyer GOLD)"
same 'the supply is the same' 4.34 "$(cat "$mnt/tokens/GOLD/supply")"
same 'two hold it' 2 "$(grep -vc '^#' "$mnt/tokens/GOLD/holders")"
refused $buyer EINVAL 'at most 2 places' exchange $buyer "$me/send" "to=$(name_of $seller) amount=0.001 token=GOLD"
refused $buyer ENXIO 'no such token' exchange $buyer "$me/send" "to=$(name_of $seller) amount=1 token=LEAD"
refused $buyer EDQUOT 'not enough' exchange $buyer "$me/send" "to=$(name_of $seller) amount=3.01 token=GOLD"

# --- out: floor(100 * 7000000 / 3) ---

before=$(owned $buyer)
done_by $buyer 'out 1' "$mnt/tokens/GOLD/ctl"
same 'what 1 GOLD gave' 233333333 $(($(units "$(owned $buyer)") - $(units "$before")))
same 'left' 2.00 "$(holding $buyer GOLD)"
same 'the supply' 3.34 "$(cat "$mnt/tokens/GOLD/supply")"

# --- across, into a token that its issuer alone converts ---

as_member $seller mkdir "$mnt/tokens/SILVER" || fail 'no draft'
done_by $seller 0 "$mnt/tokens/SILVER/decimals"
done_by $seller '1 100' "$mnt/tokens/SILVER/anchor"
done_by $seller issuer "$mnt/tokens/SILVER/mode"
done_by $seller issue "$mnt/tokens/SILVER/ctl"
refused $buyer EPERM 'only the issuer' put $buyer 'out 1 into=SILVER' "$mnt/tokens/GOLD/ctl"
refused $buyer EPERM 'only the issuer' put $buyer 'in 1' "$mnt/tokens/SILVER/ctl"
refused $buyer ENXIO 'no such token' put $buyer 'out 1 into=LEAD' "$mnt/tokens/GOLD/ctl"
refused $buyer EINVAL 'would change nothing' put $buyer 'out 1 into=GOLD' "$mnt/tokens/GOLD/ctl"
refused $buyer EDQUOT 'not enough' put $buyer 'out 2.01' "$mnt/tokens/GOLD/ctl"
refused $buyer EDQUOT 'not enough' put $buyer 'in 100000' "$mnt/tokens/GOLD/ctl"
refused $seller EINVAL 'at most 0 places' put $seller 'mint 0.5' "$mnt/tokens/SILVER/ctl"
refused $stranger ENOKEY 'no such account' put $stranger 'in 1' "$mnt/tokens/GOLD/ctl"
done_by $seller 'out 1.34 into=SILVER' "$mnt/tokens/GOLD/ctl" # floor(floor(134 * 7000000 / 3) / 100)
same 'across' 3126666 "$(holding $seller SILVER)"
same 'nothing is left of it' '' "$(holding $seller GOLD)"
same 'the supply' 2.00 "$(cat "$mnt/tokens/GOLD/supply")"
same 'the other' 3126666 "$(cat "$mnt/tokens/SILVER/supply")"
same 'what backs that' 3.12666666 "$(cat "$mnt/tokens/SILVER/deposit")"
whole_supply 20

# --- stake, votes, a proxy ---

before=$(balance $buyer)
done_by $buyer 'stake 10' "$me/ctl"
same 'staked' 10.00000000 "$(field "$me/stake" staked)"
same 'from the balance' 1000000000 $((before - $(balance $buyer)))
done_by $buyer '3 1 2' "$me/votes"
same 'votes' '1 2 3' "$(cat "$me/votes")"
refused $buyer EINVAL 'different numbers' put $buyer '1 1' "$me/votes"
refused $buyer EINVAL 'different numbers' put $buyer '1 2 3 4 5 6' "$me/votes"
refused $buyer EDQUOT 'not that much is staked' put $buyer 'unstake 10.00000001' "$me/ctl"
refused $buyer EINVAL 'known are: stake' put $buyer 'steak 1' "$me/ctl"
done_by $buyer "$(name_of $seller)" "$me/delegate"
same 'a proxy' "$(name_of $seller)" "$(cat "$me/delegate")"
refused $buyer EINVAL 'proxy' put $buyer "$(name_of $buyer)" "$me/delegate"
refused $buyer ENXIO 'neither an address' put $buyer nobody-of-that-name "$me/delegate"
done_by $buyer - "$me/delegate"
same 'none any more' - "$(cat "$me/delegate")"
done_by $buyer - "$me/votes"
done_by $buyer 'unstake 4' "$me/ctl"
same 'waits' '6.00000000 4.00000000' "$(field "$me/stake" staked) $(field "$me/stake" unstaking)"
! put 0 1 "$me/votes" 2> /dev/null || fail 'root votes for another'

# --- is it in a block? ---

answer=$(exchange $stranger "$mnt/chains/0/verify" "$txid")
height=$(echo "$answer" | sed -n 's/^ok height=\([0-9]*\) chain=[1-9] leaf=[0-9]* status=ok block=[0-9a-f]\{64\}$/\1/p')
chain=$(echo "$answer" | tr ' ' '\n' | sed -n 's/^chain=//p')
[ -n "$height" ] || fail "not verified: $answer"
ok "$answer"
same 'its block' "$(cat "$mnt/chains/0/blocks/$height/main/hash")" "$(echo "$answer" | tr ' ' '\n' | sed -n 's/^block=//p')"
proof=$work/proof
cat "$mnt/chains/$chain/tx/$txid/proof" > "$proof" && chmod 644 "$proof"
same 'the same of its proof' "$answer" "$(exchange $stranger "$mnt/chains/$chain/verify" "$(cat "$proof")")"
as_user $stranger cp "$proof" "$mnt/chains/$chain/verify" || fail 'a good proof is refused'
sed 's/^status 0/status 7/' "$proof" > "$work/lie"
chmod 644 "$work/lie"
same 'a lie' 'bad sum is not that of the lines' "$(exchange $stranger "$mnt/chains/$chain/verify" "$(cat "$work/lie")")"
refused $stranger EBADMSG 'sum is not' as_user $stranger sh -c 'cat "$1" > "$2"' sh "$work/lie" "$mnt/chains/$chain/verify"
same 'of another chain' 'bad it is of another chain' "$(exchange $stranger "$mnt/chains/$((chain % 9 + 1))/verify" "$txid")"
same 'of nobody' 'bad no block that is kept here holds such a transaction' \
  "$(exchange $stranger "$mnt/chains/0/verify" "$(printf '%064d' 7)")"
refused $stranger EINVAL 'neither' exchange $stranger "$mnt/chains/0/verify" hello
refused $stranger EINVAL 'newline' as_user $stranger sh -c 'printf %s 00 > "$1"' sh "$mnt/chains/0/verify"
same 'the header says its version' 2 "$(field "$mnt/chains/$chain/blocks/$height/header" version)"

# --- all of it is still so after a restart ---

all() { cat "$mnt/tokens.tsv" "$mnt"/tokens/*/holders "$me/balances" "$(home_of $seller)/balances" "$me/stake"; }
before=$(all)
stop
start
same 'after a restart' "$(echo "$before" | b2sum)" "$(all | b2sum)"
