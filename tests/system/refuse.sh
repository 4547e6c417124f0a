#!/bin/bash
# What is refused is refused with the errno and the sentence that help, and changes nothing.
# shellcheck source=tests/system/lib.sh disable=SC2016,SC2086,SC2046
. "$(dirname "$0")/lib.sh"
begin
need dash

# --- before anything runs: configuration, privilege, a machine that lacks something ---

create a
exits() { # WHAT CODE SENTENCE COMMAND...
  local what=$1 code=$2 sentence=$3 said
  shift 3
  said=$(timeout $((20 * slow)) "$@" 2>&1)
  same "$what: exit code" "$code" $?
  grep -q "$sentence" <<< "$said" || fail "$what: it says '$said' and nothing of '$sentence'"
}
both() { echo "--config $conf --state $state"; }
# shellcheck disable=SC2046 # words
exits 'a broker that is not root' 77 'as root' setpriv --reuid=$buyer --regid=$buyer --clear-groups "$build/zeus-broker" --mount "$mnt"
# shellcheck disable=SC2046
exits 'the ledger made twice' 1 'already' "$build/zeus-ledger" $(both) --init --account 0=1
exits 'an unknown option' 2 'help' "$build/zeus-broker" --nonsense
printf '[node]\ncolour = red\n' > "$work/bad.conf"
exits 'a configuration with an unknown key' 78 'bad.conf:2' "$build/zeus-broker" --config "$work/bad.conf" --check-config
touch "$work/file"
# shellcheck disable=SC2046
exits 'a mount point that is a file' 78 'not a directory' "$build/zeus-broker" $(both) --mount "$work/file"
# shellcheck disable=SC2016
exits 'no /dev/fuse' 69 '/dev/fuse' unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$build/zeus-broker" --config "$conf" \
  --state "$state" --mount "$mnt"
[ -z "$(awk -v d="$mnt" '$2 == d' /proc/mounts)" ] || fail 'something was mounted all the same'

# --- the ledger does not run: the tree is there and says so ---

spawn broker mount
await 20 'the tree is served without a ledger' grep -q '^degraded' "$mnt/health"
grep -q 'zeus-ledger' "$mnt/health" || fail 'health does not say what to start'
! put $seller 'ask cpu cpu=1 price=0.02 max=1h' "$mnt/market/orders/early" 2> /dev/null || fail 'an order was taken without a ledger'
start_ledger
await 20 'the tree finds the ledger' serves

# --- lines ---

app demo <<'END'
exec sleep 600
END
books() { # everything that a refusal must leave as it was
  cat "$mnt"/market/*/book "$mnt"/market/*/trades "$mnt"/apps/*/image
  for uid in $seller $buyer; do
    cat "$(home_of $uid)"/balances # not the nonce: what the ledger itself refused has used one up
    head -n 1000 "$(home_of $uid)"/orders/* < /dev/null 2> /dev/null
  done
  ls "$mnt/tasks" "$mnt/leases" "$mnt/apps" "$mnt/images/incoming"
}
post $seller standing 'ask cpu cpu=0.5 mem=64M price=0.9 max=1h'
post $buyer mine 'bid cpu cpu=0.1 mem=64M price=0.01 for=10m'

# WHAT UID ERRNO SENTENCE SHELL-COMMAND: $Z is the mount. In dash, which tells a status and no more; the tree tells the rest.
refused() {
  local before after last
  before=$(books)
  as_user "$2" sh -c 'echo > "$1"' sh "$mnt/errors" || fail 'errors cannot be cleared'
  # shellcheck disable=SC2016
  if as_user "$2" env Z="$mnt" dash -c "$5" > "$work/said" 2>&1; then fail "$1: it was accepted"; fi
  last=$(as_user "$2" cat "$mnt/errors")
  grep -Eq "^[0-9]+ [^ ]+ ($3) " <<< "$last" || fail "$1: expected $3 in errors, there is: $last$(cat "$work/said")"
  grep -Eqi "$4" <<< "$last" || fail "$1: the sentence says nothing of '$4': $last"
  after=$(books)
  [ "$before" = "$after" ] || { diff <(echo "$before") <(echo "$after"); fail "$1: it changed something"; }
  ok "$1: $3"
}
# WHAT UID ERRNO-TEXT SHELL-COMMAND: where the kernel refuses before the tree is asked, the shell's own words count.
denied() {
  local before
  before=$(books)
  if as_user "$2" env Z="$mnt" LC_ALL=C bash -c "$4" > "$work/said" 2>&1; then fail "$1: it was accepted"; fi
  grep -Eq "$3" "$work/said" || fail "$1: expected '$3', it says: $(cat "$work/said")"
  [ "$before" = "$(books)" ] || fail "$1: it changed something"
  ok "$1: $3"
}

refused 'an unknown symbol' $buyer ENXIO 'symbol' 'echo "bid cpux cpu=1 price=1 for=1h" > $Z/market/orders/x'
refused 'a malformed line' $buyer EINVAL 'begins with ask or bid' 'echo "buy cpu" > $Z/market/orders/x'
refused 'an unknown key' $buyer EINVAL 'colour' 'echo "bid cpu colour=red price=1 for=1h" > $Z/market/orders/x'
refused 'a value that is none' $buyer EINVAL 'cores' 'echo "bid cpu cpu=many price=1 for=1h" > $Z/market/orders/x'
refused 'a missing price' $buyer EINVAL 'price= is missing' 'echo "bid cpu cpu=1 for=1h" > $Z/market/orders/x'
refused 'a missing newline' $buyer EINVAL 'newline' 'printf "bid cpu cpu=1 price=1 for=1h" > $Z/market/orders/x'
refused 'an over-long line' $buyer E2BIG '4095|long' 'printf "bid cpu cpu=1 price=1 for=1h note=%05000d\n" 0 > $Z/market/orders/x'
refused 'no balance' $buyer EDQUOT 'balance|escrow' 'echo "bid cpu cpu=1 price=100000 for=24h" > $Z/market/orders/x'
refused 'a price off its tick' $buyer ERANGE 'tick' 'echo "bid cpu cpu=1 price=0.00000001 for=1h" > $Z/market/orders/x'
refused 'a price of nothing' $buyer ERANGE 'price' 'echo "bid cpu cpu=1 price=0 for=1h" > $Z/market/orders/x'
refused 'a duration out of range' $buyer ERANGE 'duration' 'echo "bid cpu cpu=1 price=1 for=400d" > $Z/market/orders/x'
refused 'more than the machine has' $seller ENOSPC 'free' 'echo "ask cpu cpu=4000 mem=1M price=0.02 max=1s" > $Z/market/orders/x'
refused 'an app that is not there' $buyer ENXIO 'images/incoming' 'echo "bid cpu cpu=1 price=1 for=1h app=nothing" > $Z/market/orders/x'
refused 'a side that changes' $buyer EBUSY 'side' 'echo "ask cpu cpu=0.1 mem=64M price=0.01 max=10m" > $Z/market/orders/mine'
refused 'a stale revision' $buyer ESTALE 'changed' 'echo "bid cpu cpu=0.1 mem=64M price=0.02 for=10m rev=77" > $Z/market/orders/mine'
refused 'a copied order' $buyer EALREADY 'another order' 'cat $Z/market/orders/mine > $Z/market/orders/copy'
denied 'a duplicate name, with set -C' $buyer 'cannot overwrite existing file|File exists' \
  'set -C; echo "bid cpu cpu=0.1 price=0.01 for=10m" > $Z/market/orders/mine'
denied 'the order of another user' $buyer 'Permission denied' "echo 'ask cpu cpu=1 price=1 max=1h' > $(home_of $seller)/orders/standing"
denied 'removing it' $buyer 'Permission denied|Operation not permitted' "rm -f $(home_of $seller)/orders/standing"
denied 'root in the account of another' $seller 'Operation not permitted' \
  "echo 'bid cpu cpu=0.1 price=0.02 for=10m' > $(home_of $buyer)/orders/mine"
denied 'a user without an account' $stranger 'Required key not available|No such file|Permission denied' \
  'echo "bid cpu cpu=1 price=1 for=1h" > $Z/market/orders/x'
denied 'a hard link' $seller 'Operation not permitted|not supported|not implemented|Invalid cross-device' \
  'ln $Z/market/orders/standing $Z/market/orders/y'

# --- payments ---

refused 'a payment beyond the balance' $buyer EDQUOT 'balance' "echo 'to=root amount=999999' > $(home_of $buyer)/send"
refused 'a payment to nobody' $buyer ENXIO 'to=' "echo 'to=no-such-user amount=1' > $(home_of $buyer)/send"

# --- images ---

head -c 100000 "$work/demo.tar" > "$work/cut.tar"
cp "$work/demo.tar" "$work/forged.tar" # four other bytes in the middle of its layer
printf '\377\0\377\0' | dd of="$work/forged.tar" bs=1 seek=$(($(stat -c %s "$work/demo.tar") / 2)) conv=notrunc status=none
for kind in cut forged; do
  before=$(books)
  incoming=$mnt/images/incoming/$kind
  ! { cp "$work/$kind.tar" "$incoming" && sync "$incoming"; } 2> "$work/said" || fail "the $kind image was taken"
  tail -n 3 "$mnt/errors" | grep -q "EBADMSG $incoming: ." || fail "the $kind image: no sentence: $(tail -n 3 "$mnt/errors")"
  [ "$before" = "$(books)" ] || fail "the $kind image changed something"
  ok "the $kind image is refused"
done

# --- tasks, leases ---

denied 'a task of a user outside the group' $stranger 'Permission denied' 'mkdir $Z/tasks/x'
denied 'a word to a lease that is not there' $buyer 'No such file' 'echo release > $Z/leases/l-000000000000/ctl'
denied 'making a file where none belongs' $seller 'Operation not permitted|Permission denied|not supported|not implemented' \
  'echo 1 > $Z/market/nothing'
whole_supply 3
stop

# --- a damaged state: said, and left alone ---

cp -a "$state/instance" "$work/instance"
echo nonsense > "$state/instance"
# shellcheck disable=SC2046
exits 'a damaged instance' 78 'hex digits' "$build/zeus-broker" $(both) --mount "$mnt"
cp -a "$work/instance" "$state/instance"

# --- no runtime: the machine cannot keep what it would sell ---

printf '[runtime]\nruntime = no-such-runtime\n' >> "$conf"
start_ledger
spawn broker mount
says_why() { grep -q 'no container runtime works.*no-such-runtime' "$state/../broker.log"; }
await 20 'a missing runtime is said' says_why
