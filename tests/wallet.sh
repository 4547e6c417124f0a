#!/bin/bash
# zeus key and zeus sign as a user meets them: files and their modes, passphrases, several signers, what is refused and with which exit
# code. Needs no root, no tree and no ledger.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
zeus=${top_builddir:-$top/build}/zeus
work=$(mktemp -d "${TMPDIR:-/tmp}/zeus-wallet.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 022

fail() {
  echo "not ok: $*"
  [ ! -s err ] || sed 's/^/  /' err
  exit 1
}
ok() { echo "ok: $*"; }
same() { # WHAT EXPECTED GOT
  [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
  ok "$1"
}
exits() { # CODE SENTENCE COMMAND...
  local code=$1 sentence=$2 got=0
  shift 2
  "$@" > out 2> err < /dev/null || got=$?
  [ "$got" = "$code" ] || fail "$*: exit $got, not $code"
  grep -q -- "$sentence" err || fail "$*: does not say '$sentence'"
  ok "exit $code: $sentence"
}
key() { "$zeus" key --dir keys "$@"; }
sign() { "$zeus" sign --dir keys "$@"; }
new() { key --passphrase-file pass new "$1" > /dev/null; }

echo 'correct horse' > pass
echo 'another one' > other

# --- keys ---
new alice || fail 'no key was made'
same 'the mode of a key' 600 "$(stat -c %a keys/alice.key)"
same 'the mode of the directory' 700 "$(stat -c %a keys)"
same 'the size of a key' 240 "$(stat -c %s keys/alice.key)"
same 'no other file' alice.key "$(ls -A keys)"
case $(key show alice address) in znc1*) ok 'an address' ;; *) fail 'no address' ;; esac
same 'the fields' 'name address pubkey x25519 auth' "$(key show alice | cut -d' ' -f1 | xargs)"
same 'the auth of one key' "0101$(key show alice pubkey)01" "$(key show alice auth)"
same 'its address' "address $(key show alice address)" "$(key auth 1 alice | tail -n 1)"
new bob
new carol
same 'the list' 'alice bob carol' "$(key list | tail -n +2 | cut -f1 | xargs)"
exits 1 'a key of that name already' key --passphrase-file pass new alice
exits 2 'is no name' key --passphrase-file pass new ../x
exits 2 'not so many words' key new
exits 2 'no such command' key melt
exits 2 'has no' key show alice secret
exits 1 'No such file' key show nobody
exits 1 'passphrase is empty' key --passphrase-file /dev/null new dave
exits 1 'longer than 1024' key --passphrase-file <(head -c 2000 /dev/zero | tr '\0' x) new dave
exits 1 'No such file' key --passphrase-file nowhere new dave
exits 1 'no terminal' setsid "$zeus" key --dir keys new dave
[ ! -e keys/dave.key ] || fail 'dave was made'

# A passphrase by descriptor, and another one: the old opens no more.
key --passphrase-fd 3 --new-passphrase-fd 4 passwd bob 3< pass 4< other || fail 'the passphrase was not changed'
exits 77 'the passphrase is wrong' key --passphrase-file pass --new-passphrase-file other passwd bob
key --passphrase-file other --new-passphrase-file pass passwd bob || fail 'the passphrase was not changed back'
same 'only keys are there' 'alice.key bob.key carol.key ' "$(find keys -type f -printf '%f\n' | sort | tr '\n' ' ')"

# Out and in again; what is printed is still locked.
key export alice > alice.txt
! grep -q 'correct' alice.txt || fail 'the passphrase is in the export'
exits 1 'a key of that name already' key import alice alice.txt
"$zeus" key --dir elsewhere/deep import alice2 < alice.txt > /dev/null || fail 'the export is not read'
cmp keys/alice.key elsewhere/deep/alice2.key || fail 'the imported key is another'
same 'the mode of an imported key' 600 "$(stat -c %a elsewhere/deep/alice2.key)"
sed 's/^Wl/Wm/' alice.txt > bad.txt
cmp -s alice.txt bad.txt && fail 'the damage did nothing'
exits 78 'no whole key' key import dave bad.txt
exits 78 'no whole key' key import dave <(head -n 3 alice.txt)
exits 78 'no whole key' key import dave <(cat alice.txt alice.txt)
chmod 640 keys/carol.key
exits 77 'others may read it' key show carol
chmod 600 keys/carol.key
printf 'x' | dd of=keys/carol.key bs=1 seek=150 conv=notrunc status=none
exits 78 'damaged' key show carol
same 'the others are still listed' 'alice bob' "$(key list 2> /dev/null | tail -n +2 | cut -f1 | xargs)"
rm keys/carol.key
new carol

# At the terminal: typed without echo, twice for a new one.
at_terminal() { # COMMAND, THEN FOR EACH QUESTION WHAT IS TYPED: the terminal shows what is in typescript
  local command=$1 pid said
  shift
  : > typescript
  coproc SHELL=/bin/sh script -qec "$command" /dev/null # the same shell, whoever runs this
  # shellcheck disable=SC2153 # bash sets it
  pid=$COPROC_PID
  exec 5<&"${COPROC[0]}" 6>&"${COPROC[1]}"
  for said; do
    IFS= read -r -d: -t 20 -u 5 line || fail "the terminal was not asked: $line"
    echo "$line" >> typescript
    printf '%b' "$said" >&6
  done
  cat <&5 >> typescript
  exec 5<&- 6>&-
  wait "$pid"
}
at_terminal "$zeus key --dir keys new erin" 'hush hush\n' 'hush hush\n' || fail "no key was made at the terminal: $(cat typescript)"
! grep -q 'hush' typescript || fail 'the passphrase was echoed'
grep -q 'The same again' typescript || fail 'it was not asked twice'
! at_terminal "$zeus key --dir keys new fred" 'hush hush\n' 'hush hash\n' || fail 'two different passphrases made a key'
same 'the passphrase typed is the one' '' "$(key --passphrase-file <(echo 'hush hush') --new-passphrase-file pass passwd erin 2>&1)"
got=0
# The interrupt is for all at the terminal; the shell that looks at it afterwards takes it and goes on.
at_terminal "trap : INT; $zeus key --dir keys new fred; stty -a" 'hush\003' || got=$?
grep -q 'nothing was done' typescript || fail 'an interrupt is not told'
grep -q ' echo ' typescript || fail 'echo stays off after an interrupt'
[ ! -e keys/fred.key ] || fail 'fred was made'
ok 'a passphrase at the terminal'

# --- several keys ---
a=$(key show alice pubkey) b=$(key show bob pubkey) c=$(key show carol pubkey)
same 'whoever is named first' "$(key auth 2 alice "$b=1" carol)" "$(key auth 2 "$c" "$a" bob=1)"
auth=$(key auth 2 alice bob carol | sed -n 's/^auth //p')
exits 2 'nobody could ever sign' key auth 4 alice bob carol
exits 2 'stands there twice' key auth 1 alice "$a"
exits 2 'no weight' key auth 1 alice=0
exits 2 'no weight' key auth 1 alice=256
exits 2 'no threshold' key auth 0 alice

# --- signing ---
genesis=$(printf 'a0%.0s' $(seq 32))
draft=$(sed -n 's/^draft //p' "$top/tests/vectors/tx.txt")
echo "genesis=$genesis tx=$draft" > draft
sign --show draft > words || fail 'the draft is not shown'
for word in 'type  *transfer' 'pay  *1.50000000 ZNC' 'to  *znc1' 'note  *thank you' 'nonce  *5' 'good until  *height 1000' 'chain  *7' \
  "genesis  *$genesis"; do
  grep -q "^$word" words || fail "the words do not say $word"
done
ok 'the draft in words'
sign --passphrase-file pass alice < draft > one 2> err || fail 'it was not signed'
grep -q '^pay  *1.50000000 ZNC' err || fail 'it was signed unseen'
exits 1 'has signed this already' sign --passphrase-file pass alice one
sign --passphrase-file pass bob one 2> /dev/null > two
sign --passphrase-file pass bob draft 2> /dev/null | sign --passphrase-file pass alice 2> /dev/null > two-again
cmp two two-again || fail 'who signs first makes a difference'
same 'two signed' 2 "$(sign --show two | grep -c '^signed by')"
sign --show --auth "$auth" one | grep -q 'weight  *1 of 2$' || fail 'the weight of one'
sign --show --auth "$auth" two | grep -q 'weight  *2 of 2, enough' || fail 'the weight of two'
sign --passphrase-file pass --binary alice draft 2> /dev/null > one.bin
same 'the bytes are those of the line' "$(sed 's/.*tx=//' one)" "$(od -An -v -tx1 one.bin | tr -d ' \n')"
sign --show --genesis "$genesis" one.bin > /dev/null || fail 'the bytes are not read'
base64 -w0 one.bin > one.b64
sign --show one.b64 > /dev/null || fail 'base64 is not read'

exits 77 'the passphrase is wrong' sign --passphrase-file other alice draft
exits 1 'for the network' sign --passphrase-file pass --genesis "$(printf 'b0%.0s' $(seq 32))" alice draft
exits 2 'which network' sign --passphrase-file pass alice <(echo "$draft")
exits 1 'none of those' sign --passphrase-file pass --auth "$(key auth 1 bob | sed -n 's/^auth //p')" alice draft
exits 78 'neither' sign --passphrase-file pass alice <(echo hello)
exits 78 'canonical' sign --passphrase-file pass alice <(echo "${draft%??}")
exits 78 'not known' sign --passphrase-file pass alice <(echo "0199${draft#????}")
exits 2 'unknown or its value is none' sign --genesis 12 alice draft
exits 2 'unknown or its value is none' sign --auth 0100 alice draft
sed 's/genesis=a0/genesis=a1/' one > foreign
exits 1 'does not verify; nothing was signed' sign --passphrase-file pass bob foreign
! sign --show foreign > /dev/null || fail 'a bad signature is shown as good'
"$zeus" key --help | grep -q passphrase-fd || fail 'no help for key'
"$zeus" sign --help | grep -q genesis || fail 'no help for sign'
echo 'passed'
