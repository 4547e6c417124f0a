#!/bin/bash
# An unprivileged user of the machine attacks everything within reach: files, processes, bounds, names, images, programs, configuration.
# Afterwards nothing has died, others were served all the while, nothing secret was said, and a lease can be traded as before.
# shellcheck source=tests/system/lib.sh disable=SC2016,SC2059,SC2086 # inner shells' words; formats with escapes; lists
. "$(dirname "$0")/lib.sh"
begin
need gzip xxd
attacker=$build/tests/system/attacker
[ -x "$attacker" ] || fail "$attacker is not built"
cp "$attacker" "$work/attacker" # where a user without rights may run it
chmod 755 "$work/attacker"
attacker=$work/attacker
mate=65532 # another member of the group zeus

create a
start
app demo <<'END'
echo hello
exec sleep 600
END
app steady <<'END'
exec sleep 3600
END
rent standing steady 'cpu=0.2 mem=64M' 1h
standing=$lease

everybody() { # the processes that must outlive all of this
  pid_of broker && child_of views && child_of plan && pid_of ledger
}
alive=$(everybody | tr '\n' ' ')
same 'four processes' 4 "$(wc -w <<< "$alive")"

# Others, while somebody attacks: they read, they write, at once.
served() { # WHAT
  same "$1: health, for a stranger" ok "$(as_user $stranger timeout 5 cat "$mnt/health")"
  timeout 10 ls "$mnt/market" > /dev/null || fail "$1: root cannot list"
  timeout 10 sh -c 'echo "$1" > "$2"' sh 'ask cpu cpu=0.1 mem=64M price=0.9 max=1h' "$mnt/market/orders/during" ||
    fail "$1: root cannot post: $(tail -n 1 "$mnt/errors")"
  timeout 10 rm "$mnt/market/orders/during" || fail "$1: root cannot cancel"
  same "$1: nobody died" "$alive" "$(everybody | tr '\n' ' ')"
}

# --- what lies on the disk ---

same 'what nobody may write' '' "$(as_user $buyer find "$work" -mindepth 1 -path "$mnt" -prune -o ! -type l -writable -print 2> /dev/null)"
same 'what everybody may write' '' "$(find "$work/a" -path "$mnt" -prune -o ! -type l -perm /0002 -print)"
ours() { find "$work/a" \( -path "$mnt" -o -path '*/unpacked/*' -o -path '*/bundles/*' \) -prune -o "$@" -print; } # but what tasks run
same 'set-id files' '' "$(ours -type f -perm /6000)"
same "somebody else's files" '' "$(ours ! -user root ! -user zeus-ledger ! -user zeus-views ! -user zeus-plan)"
for secret in "$state"/ledger/keys "$state"/ledger/db "$state"/views "$state"/unpacked "$state"/leases "$state"/tasks "$state"/bundles; do
  [ -d "$secret" ] || fail "there is no ${secret#"$state"/}"
  ! as_user $buyer ls "$secret" > /dev/null 2>&1 || fail "nobody looks into ${secret#"$state"/}"
done
ours -type d > "$work/folders"
while read -r folder; do
  for try in 'touch "$1/x"' 'mkdir "$1/x"' 'ln -s /etc/passwd "$1/x"' 'ln "$2" "$1/x"' 'mv "$1" "$1.away"' 'rmdir "$1"' \
    'mkfifo "$1/x"'; do
    ! as_user $buyer sh -c "$try" sh "$folder" "$state/instance" 2> /dev/null || fail "nobody did: $try in $folder"
  done
done < "$work/folders"
ok "$(wc -l < "$work/folders") folders of the state, in none of which nobody can do anything"
for program in zeus-broker zeus-ledger zeus-views zeus-plan zeus; do
  same "$program gives no identity away" '' "$(find "$build/$program" -perm /6000; getcap "$build/$program" 2> /dev/null)"
done

# --- the processes ---

for pid in $alive; do
  same "who owns /proc/$pid" 0 "$(stat -c %u "/proc/$pid/environ")"
done
for uid in $buyer "$(id -u zeus-views)" "$(id -u zeus-plan)"; do
  for pid in $alive; do
    [ "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")" != "$uid" ] || continue # of its own kind it may do more
    said=$(as_user "$uid" "$attacker" spy "$pid" 2>&1) || fail "uid $uid gets at $pid: $said"
  done
done
ok 'nobody, and neither child, looks into a process of the others'
as_user $buyer sh -c 'exec 3<> "$1"' sh "$state/run/ledger.sock" 2> /dev/null && fail 'nobody opens the socket'

# --- more than one's share ---

hold() { # UID COUNT FILE...: held is set, and the descriptors are there until let_go; by several processes, each with what it may have
  local uid=$1 count=$2 each
  shift 2
  each=$(($(ulimit -Hn) < 5000 ? $(ulimit -Hn) : 5000))
  mkfifo "$work/leash"
  : > "$work/held"
  holders=
  for ((; count > 0; count -= each - 10)); do
    (ulimit -n $each && exec setpriv --reuid="$uid" --regid="$uid" --clear-groups "$attacker" hold \
      $((count < each - 10 ? count : each - 10)) "$@") < "$work/leash" >> "$work/held" &
    holders="$holders $!"
    helper $!
  done
  exec 7> "$work/leash"
  await 60 'everything is open' all_hold
  held=$(awk '{ n += $1 } END { print n }' "$work/held")
}
all_hold() { [ "$(wc -l < "$work/held")" = "$(wc -w <<< "$holders")" ]; }
let_go() {
  exec 7>&-
  wait $holders
  rm "$work/leash"
}
hold $buyer 20000 "$mnt/health" "$mnt/market/cpu/book" "$mnt/market/cpu/trades" "$mnt/errors"
between 'files that nobody can have open' 4000 "$held" 4096
served 'with all files open that one may'
let_go
hold $buyer 3000 "$mnt/tasks/standing/log"
served 'with 3000 logs open'
[ -n "$(timeout 5 cat "$mnt/tasks/standing/status")" ] || fail 'the status is gone'
timeout 5 cat "$mnt/tasks/standing/log" > /dev/null || fail 'a log cannot be read'
between 'descriptors of zeus-views' 1 "$(find "/proc/$(child_of views)/fd" -mindepth 1 | wc -l)" 200
let_go

flood() { # UID HOW-MANY SHELL-COMMAND: $i counts; says how often it was done
  as_member "$1" env Z="$mnt" bash -c "n=0; for ((i = 0; i < $2; i++)); do { $3; } 2> /dev/null && n=\$((n + 1)); done; echo \$n"
}
same 'tasks that one user may prepare' 128 "$(flood $buyer 200 'mkdir "$Z/tasks/flood-$i"')"
as_member $mate mkdir "$mnt/tasks/mate" || fail 'another member cannot prepare a task'
served 'with as many tasks as one may prepare'
same 'and removed again' 128 "$(flood $buyer 200 'rmdir "$Z/tasks/flood-$i"')"
as_member $mate rmdir "$mnt/tasks/mate" || fail 'the task cannot be removed'
between 'drafts that one user may have' 1 "$(flood $buyer 60 ': > "$Z/market/orders/.draft-$i"')" 16
: > "$mnt/market/orders/.roots" || fail 'root has no room for a draft'
rm "$mnt/market/orders/.roots" || fail 'a draft cannot be removed'
flood $buyer 60 'rm "$Z/market/orders/.draft-$i"' > /dev/null
: > "$mnt/errors"
flood $buyer 500 'echo nonsense > "$Z/market/orders/bad-$i"' > /dev/null
as_user $buyer cat "$mnt/errors" > "$work/errors"
between 'errors that are kept' 1 "$(grep -c '^[0-9]' "$work/errors")" 32
same "and not among root's" '' "$(cat "$mnt/errors")"
as_user $buyer env Z="$mnt" bash -c \
  'for ((i = 0; i < 300; i++)); do exec {fd}> "$Z/market/orders/wait-$i" || break; done; echo $i; read -r' \
  < <(sleep 600 & echo $! > "$work/sleep"; wait) > "$work/waiting" 2> /dev/null &
holder=$!
helper $holder
await 30 'the names wait' test -s "$work/waiting"
between 'orders whose first line does not come' 1 "$(cat "$work/waiting")" 128
served 'with names that wait'
kill "$(cat "$work/sleep")"
wait $holder
writers=
for i in $(seq 64); do
  as_user $buyer bash -c \
    'for ((k = 0; k < 20; k++)); do echo "bid cpu cpu=0.1 mem=64M price=0.0100 for=1m" > "$1"; cat "$2"; rm "$1"; done' sh \
    "$(home_of $buyer)/orders/busy-$i" "$mnt/market/cpu/book" > /dev/null 2>&1 &
  writers="$writers $!"
done
for pid in $writers; do helper "$pid"; done
served 'with 64 writers'
wait $writers
served 'after 64 writers'

# --- names ---

long=$(printf 'n%.0s' {1..255})
for name in "$long" "${long}x" $'a\nb' $'\033[2Jx' $'\001' '-rf' $'\303\251' $'\377\376' 'a b' '$(id)' '%n%n%s' '..x' '.' '..' '...'; do
  for place in tasks images/incoming accounts apps leases market/orders nodes chains; do
    if as_member $buyer mkdir "$mnt/$place/$name" 2> /dev/null; then
      [ $place = tasks ] || fail "mkdir $place/$name"
      as_member $buyer rmdir "$mnt/$place/$name" || fail "rmdir $place/$name"
    fi
    as_member $buyer sh -c 'echo x > "$1"' sh "$mnt/$place/$name" 2> /dev/null
    as_member $buyer sh -c 'cat "$1"; ls "$1"; rm -f "$1"; mknod "$1" p; ln -s x "$1"; mv "$1" "$1.y"' sh \
      "$mnt/$place/$name" > /dev/null 2>&1
  done
done
served 'after every kind of name'

# --- every node, by every means ---

nodes() { timeout 60 find "$mnt" -path '*/blocks/*' -prune -o "$@" -print0 2> /dev/null; }
{ nodes -type f; timeout 20 find "$mnt/chains/0/blocks/0" -print0; nodes -type d; nodes -type l; } > "$work/nodes"
count=$(tr -cd '\0' < "$work/nodes" | wc -c)
[ "$count" -gt 60 ] || fail "the tree has only $count nodes"
xargs -0 -n 40 timeout 600 setpriv --reuid=$buyer --regid=$buyer --clear-groups "$attacker" poke < "$work/nodes" > "$work/poked" 2>&1 ||
  fail "poking: $(tail -n 3 "$work/poked")"
same 'nodes that were poked' "$count" "$(awk '{ n += $1 } END { print n }' "$work/poked")"
served 'after all that'
same 'the lease runs on' running "$(cat "$mnt/tasks/standing/state")"
for place in tasks leases nodes apps; do
  as_member $buyer mv "$mnt/$place" "$mnt/market/$place" 2> /dev/null && fail "mv $place"
done
as_member $buyer ln "$mnt/health" "$mnt/market/orders/hard" 2> /dev/null && fail 'a hard link'

# --- images ---

layout=$work/layout
mkdir "$layout"
tar -C "$layout" -xf "$work/demo.tar"
ls "$mnt/images/sha256" > "$work/images"
refuse_image() { # WHAT ARCHIVE
  local incoming=$mnt/images/incoming/evil
  as_user $buyer sh -c ': > "$1"' sh "$mnt/errors"
  chmod 644 "$2"
  as_member $buyer timeout 120 cp "$2" "$incoming" 2> /dev/null && as_member $buyer sync "$incoming" 2> /dev/null && fail "$1: it was taken"
  as_user $buyer grep -q 'EBADMSG\|EFBIG\|EIO' "$mnt/errors" || fail "$1: no sentence: $(as_user $buyer cat "$mnt/errors")"
  [ "$(ls "$mnt/images/sha256")" = "$(cat "$work/images")" ] || fail "$1: an image more"
  [ -z "$(ls -A "$state/views/spool")" ] || fail "$1: something is left of it"
  ok "$1 is refused"
}
evil=$work/evil.tar
tar -C "$layout" -cf "$evil" . && tar -C "$layout" -rf "$evil" ./index.json
refuse_image 'a name that comes twice' "$evil"
tar -P -C "$layout" -cf "$evil" /etc/hostname index.json oci-layout blobs 2> /dev/null
refuse_image 'an absolute path' "$evil"
tar -P -C "$layout/blobs" -cf "$evil" ../index.json ../oci-layout ../blobs 2> /dev/null
refuse_image 'a path that leads upward' "$evil"
ln -s /etc/shadow "$layout/blobs/sha256/link" && tar -C "$layout" -cf "$evil" . && rm "$layout/blobs/sha256/link"
refuse_image 'a symbolic link' "$evil"
mkfifo "$layout/blobs/pipe" && tar -C "$layout" -cf "$evil" . && rm "$layout/blobs/pipe"
refuse_image 'a pipe' "$evil"
head -c $(($(stat -c %s "$work/demo.tar") / 2)) "$work/demo.tar" > "$evil"
refuse_image 'half an archive' "$evil"
head -c 3000000 /dev/urandom > "$evil"
refuse_image 'noise' "$evil"
! as_member $buyer timeout 60 truncate -s 5000M "$mnt/images/incoming/huge" 2> /dev/null || fail 'a huge image'
: > "$evil"
mkdir "$layout/tiny" && (cd "$layout/tiny" && seq 3000 | xargs touch) && tar -C "$layout" -cf "$evil" . && rm -r "$layout/tiny"
refuse_image 'three thousand small entries' "$evil"
# A header that says eight exabytes, in GNU's binary form, and one in octal.
for size in '\200\0\0\0\177\377\377\377\377\377\377\377' '77777777777 '; do
  {
    printf 'index.json' && head -c 90 /dev/zero
    printf '0000644\0000000000\0000000000\000' && printf "$size" && printf '00000000000\0        0'
    head -c 355 /dev/zero
  } > "$evil"
  sum=0
  for byte in $(od -An -v -tu1 "$evil"); do sum=$((sum + byte)); done
  printf '%06o\0 ' "$sum" | dd of="$evil" bs=1 seek=148 conv=notrunc status=none
  head -c 1024 /dev/zero >> "$evil"
  same 'the header' 1536 "$(stat -c %s "$evil")"
  refuse_image 'a size that cannot be' "$evil"
done
blob=$(find "$layout/blobs/sha256" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
head -c 300000000 /dev/zero | gzip -1 > "$blob" # a bomb in place of the layer: another digest
tar -C "$layout" -cf "$evil" .
refuse_image 'a layer with another digest' "$evil"
before=$(find "$state/views/spool" -mindepth 1 | wc -l)
as_member $buyer env Z="$mnt" bash -c \
  'n=0; for ((i = 0; i < 20; i++)); do exec {fd}> "$Z/images/incoming/many-$i" && n=$((n + 1)); done; echo $n' \
  > "$work/waiting" 2> /dev/null
between 'uploads at a time' 1 "$(cat "$work/waiting")" 8
served 'after the images'
gone_uploads() { [ "$(find "$state/views/spool" -mindepth 1 | wc -l)" = "$before" ]; }
await 10 'the uploads are gone' gone_uploads

# --- the programs themselves ---

broken() { # COMMAND...: it says no, in time, and no signal ends it
  timeout 20 "$@" > "$work/said" 2>&1 < /dev/null
  status=$?
  { [ $status -gt 0 ] && [ $status -lt 124 ]; } || fail "exit code $status of: ${*:0:6}: $(head -c 300 "$work/said")"
}
huge=$(head -c 100000 /dev/zero | tr '\0' A)
for program in zeus-broker zeus-ledger zeus; do
  for argument in '--nonsense' "--$huge" "$huge" '--config' "--config=$huge" '--state' '-' '--' '' '%n%s%s' $'\n' '--state=' \
    '--config=/dev/zero'; do
    broken setpriv --reuid=$buyer --regid=$buyer --clear-groups "$build/$program" "$argument"
  done
  broken setpriv --reuid=$buyer --regid=$buyer --clear-groups env -i "$build/$program" --nonsense
  broken setpriv --reuid=$buyer --regid=$buyer --clear-groups bash -c 'exec "$1" --nonsense <&- >&- 2>&-' sh "$build/$program"
  broken setpriv --reuid=$buyer --regid=$buyer --clear-groups bash -c 'exec -a "" "$1" --nonsense' sh "$build/$program"
  broken setpriv --reuid=$buyer --regid=$buyer --clear-groups env LD_PRELOAD=/nowhere NOTIFY_SOCKET="$huge" LISTEN_FDS=99999999 \
    LISTEN_PID=1 WATCHDOG_USEC=-1 JOURNAL_STREAM=x:y ZEUS="$huge" TMPDIR=/nowhere MALLOC_CHECK_=3 "$build/$program" --nonsense
done
ok 'no argument and no environment ends a program otherwise than by its own word'
n=0
while IFS= read -r text; do
  n=$((n + 1))
  printf "$text" > "$work/hostile.conf"
  timeout 10 "$build/zeus-broker" --config "$work/hostile.conf" --check-config > "$work/said" 2>&1 < /dev/null
  same "configuration $n: exit code" 78 $?
  grep -q 'hostile.conf:[0-9]' "$work/said" || fail "configuration $n: it says $(cat "$work/said")"
done << 'END'
[node\n
[node]\nmount\n
[node]\nmount = relative\n
[node]\nmount = /a/../../etc\n
[node]\nname = a b\n
[node]\nname = \033[2J\n
[node]\nname = a\000b\n
[node]\nname = x\nname = y\n
[nothing]\nx = y\n
mount = /zeus\n
[offer]\ncpu = -1\n
[offer]\ncpu = 99999999999999999999\n
[offer]\nmem = 1e9\n
[offer]\ndevice = /etc/passwd\n
[offer]\ndevice = /dev/../etc/passwd\n
[trade]\nuids = no-such-user-here\n
[runtime]\nruntime = ../sh\n
[runtime]\ntask_uid_base = 0\n
[log]\nlevel = %%n\n
\377\376\n
END
printf '[node]\nname = %s\n' "$huge" > "$work/hostile.conf"
broken "$build/zeus-broker" --config "$work/hostile.conf" --check-config
chmod 666 "$work/hostile.conf"
broken "$build/zeus-broker" --config "$work/hostile.conf" --check-config
grep -q 'root owns' "$work/said" || fail 'a configuration that everybody may write is read'

# --- afterwards ---

served 'after everything'
same 'health' ok "$(cat "$mnt/health")"
for key in "$state"/ledger/keys/*; do
  secret=$(tail -c +45 "$key" | head -c 32 | xxd -p | tr -d '\n')
  [ ${#secret} = 64 ] || fail "the key ${key##*/} is no key"
  ! grep -aqi "$secret" "$work/a/ledger.log" "$work/a/broker.log" || fail 'a log holds a key'
done
ok 'no log holds a key'
# UID: what is locked is still theirs.
owns() { echo $(($(balance "$1") + $(escrow "$1"))); }
before_seller=$(owns $seller) before_buyer=$(owns $buyer)
rent after demo 'cpu=0.2 mem=64M'
await 30 'the new task runs' is "$mnt/tasks/after/state" running
pays() { [ "$(units "$(field "$mnt/leases/$lease/status" paid)")" -gt 0 ]; }
await 30 'the new lease pays' pays
release "$lease"
paid=$(units "$(field "$mnt/leases/$lease/status" paid)") commission=$(units "$(field "$mnt/leases/$lease/status" commission)")
between 'what was paid' 1 "$paid" 100000000
same 'commission is one in a hundred' $((paid / 100)) "$commission"
release "$standing"
settled() { [ "$(escrow $seller)" = 0 ] && [ "$(escrow $buyer)" = 0 ]; }
rm -f "$mnt"/market/orders/ask-* 2> /dev/null
await 20 'nothing is locked any more' settled
[ "$(owns $buyer)" -lt "$before_buyer" ] || fail 'the buyer paid nothing'
[ "$(owns $seller)" -gt "$before_seller" ] || fail 'the seller earned nothing'
whole_supply 8
same 'nobody died' "$alive" "$(everybody | tr '\n' ' ')"
stop
ledger --verify || fail 'the ledger does not verify'
