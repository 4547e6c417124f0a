#!/bin/bash
# What a task is held to, from the inside: a hostile program tries one way out after another, with a disk of its own and without; and from
# the outside, what the kernel says of its processes. The same acts are shown to work where nothing forbids them.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
prisoner=$build/tests/system/prisoner
[ -x "$prisoner" ] || fail "$prisoner is not built"
create a
start

# --- what it is after: a file of root's, a process, two listeners ---

word=$(head -c 24 /dev/urandom | b2sum -l 128 | cut -d' ' -f1)
mkdir -m 755 "$work/host"
echo "$word" > "$work/host/secret"
chmod 644 "$work/host/secret" # whoever gets to it may read it
find "$work/host" -printf '%p %y %m %U %T@\n' > "$work/host.before"
mkfifo "$work/leash"
"$prisoner" listen "zeus-isolate-$$" < "$work/leash" > "$work/visits" &
listener=$!
helper $listener
exec 7> "$work/leash"
await 20 'the listeners are there' grep -q '^port' "$work/visits"
port=$(field "$work/visits" port)

# --- the acts are acts: root of the host gets through with those that harm nobody ---

"$prisoner" control "$work/host/secret" "zeus-isolate-$$" "$port" > "$work/control" 2>&1 || fail 'the control did not run to its end'
granted=$(grep -c '^GRANTED' "$work/control")
[ "$granted" -ge 25 ] || { cat "$work/control"; fail "root of the host did only $granted acts"; }
await 20 'the listeners were visited' test "$(grep -c visited "$work/visits")" = 2
ok "$granted of these acts work where nothing forbids them, $(grep -c '^refused' "$work/control") do not on this machine"

# --- from the inside ---

acts=$("$prisoner" count)
[ "$acts" -ge 100 ] || fail "there are only $acts acts"
tries() { # NAME RESOURCES: runs the prisoner to its end
  app "$1" "$prisoner" << END
while read -r key value; do
  case \$key in Cap*|NoNewPrivs:|Seccomp:|Groups:) echo "status \$key \$value" ;; esac
done < /proc/self/status
while read -r inside outside count; do echo "map \$inside \$outside \$count"; done < /proc/self/uid_map
while read -r line; do echo "group \$line"; done < /proc/self/cgroup
$prisoner '$work/host/secret' $listener zeus-isolate-$$ $port
if (: > /escaped) 2> /dev/null; then echo 'root writable'; else echo 'root read-only'; fi
echo the end
exec sleep 3600
END
  rent "$1" "$1" "$2"
  await 120 "the $1 has tried everything" grep -q 'the end' "$mnt/tasks/$1/log"
  sed 's/^[^ ]* [^ ]* [^ ]* //' "$mnt/tasks/$1/log" > "$work/$1.said"
  ! grep '^GRANTED' "$work/$1.said" || fail "the $1 got through"
  same "acts that the $1 tried" "$acts" "$(field "$work/$1.said" acts)"
  same "of these, refused" "$acts" "$(grep -c '^refused' "$work/$1.said")"
  grep '^refused' "$work/$1.said" | sed 's/^/  /'
  same "what the $1 has open beside its three streams" '' "$(awk '$1 == "descriptor" && $2 > 2' "$work/$1.said")"
  ! grep '^descriptor' "$work/$1.said" | grep -v ' \(pipe:\[[0-9]*\]\|/dev/null\)$' || fail "the $1's streams are not pipes"
  same "the $1's capabilities" 0 "$(awk '$2 ~ /^Cap/ && $3 !~ /^0+$/' "$work/$1.said" | wc -l)"
  same "sets of them that it saw" 5 "$(grep -c '^status Cap' "$work/$1.said")"
  grep -qx 'status NoNewPrivs: 1' "$work/$1.said" || fail "the $1 may gain privileges"
  grep -qx 'status Seccomp: 2' "$work/$1.said" || fail "the $1's system calls are not filtered"
  same "how the $1 sees its users" 'map 0' "$(grep '^map' "$work/$1.said" | cut -d' ' -f1-2)"
  ! grep -q '^map 0 0 ' "$work/$1.said" || fail "root in the $1 is root"
  ! grep '^group' "$work/$1.said" | grep -v ':/$' | grep -v "^group 0::/zeus/$(cat "$state/instance")/lease-${lease#l-}\$" ||
    fail "the $1 sees where its groups are"
  ! grep -q "$word" "$work/$1.said" || fail "the $1 read the host's file"
}

# --- and from the outside ---

# The kernel's view of a process in there. The task's init is the shell above.
looks() { # NAME
  local pid space status
  [ "$(cat "$mnt/tasks/$1/state")" = running ] || fail "the $1 does not run"
  pid=$(task_pid "$1") || fail "the $1 has no process"
  for space in user pid mnt ipc uts net cgroup; do
    [ "$(readlink "/proc/$pid/ns/$space")" != "$(readlink "/proc/self/ns/$space")" ] || fail "the $1 shares the host's $space namespace"
  done
  ok "the $1 has seven namespaces of its own"
  status=$(awk '/^Cap/ { if ($2 !~ /^0+$/) print }
    $1 == "NoNewPrivs:" && $2 != 1 || $1 == "Seccomp:" && $2 != 2 || $1 == "Uid:" && $2 < 65536' "/proc/$pid/status")
  same "what the kernel says against it" '' "$status"
  same "its descriptors beyond its streams" '' "$(find "/proc/$pid/fd" -mindepth 1 -printf '%f\n' | awk '$1 > 2')"
  awk '{ print $4, $5 }' "/proc/$pid/mountinfo" > "$work/mounts"
  ! grep -F "$work/host" "$work/mounts" || fail "the $1 has a mount of the host's"
  same 'mounts that it may write as devices or set-id' '' \
    "$(awk '$6 !~ /nosuid/ && $5 != "/" { print $5 }' "/proc/$pid/mountinfo" | grep -v '^/\(proc\|dev\|sys\)' || true)"
}

tries bare 'cpu=0.5 mem=64M disk=0'
grep -qx 'root read-only' "$work/bare.said" || fail 'without a disk its root can be written'
looks bare
release "$lease"
tries disk 'cpu=0.5 mem=64M disk=32M'
grep -qx 'root writable' "$work/disk.said" || fail 'with a disk its root cannot be written'
looks disk
release "$lease"

# --- an image whose places for mounts are links: its task is refused or held as any other ---

stat -c '%n %a %u %g %i %Z' / /etc /dev /dev/null > "$work/places.before"
mkdir "$work/over"
ln -s "$work/host" "$work/over/proc"
ln -s ../../../../../../../../etc "$work/over/dev"
ln -s /tmp "$work/over/sys"
for name in passwd group hosts; do
  mkdir -p "$work/over/etc"
  ln -s "$work/host/secret" "$work/over/etc/$name"
done
image_over=$work/over
app linked << 'END'
exec sleep 3600
END
image_over=''
refuses() { # NAME REASON: its lease runs on, without a task, as the buyer's affair
  await 30 "the task $1 is refused" grep -qx 'failed' "$mnt/tasks/$1/state"
  same "the reason of $1" "$2" "$(field "$mnt/tasks/$1/status" reason)"
  await 10 "the lease of $1 is delivered" is "$mnt/leases/$lease/state" active
  release "$lease"
}
orders() { # NAME APP
  post "$seller" "ask-$1" 'ask cpu cpu=0.5 mem=64M price=0.02 max=1h'
  post "$buyer" "$1" "bid cpu cpu=0.5 mem=64M price=0.05 for=10m app=$2"
  await 10 "the order $1 is matched" has_lease "$buyer" "$1"
  lease=$(lease_of "$buyer" "$1")
}
orders linked linked
refuses linked image-corrupt

# --- an image without its program: not the seller's fault either, and what the links name is no program ---

rm -r "$work/over"
mkdir "$work/over"
ln -s "$prisoner" "$work/over/task"
image_over=$work/over
app hollow < /dev/null
image_over=''
orders hollow hollow
refuses hollow program-missing
same 'the places that its links named' '' "$(stat -c '%n %a %u %g %i %Z' / /etc /dev /dev/null | diff "$work/places.before" -)"

same 'visits that the listeners had, other than the control' 2 "$(grep -c visited "$work/visits")"
exec 7>&-
wait $listener
same 'the host afterwards' '' "$(find "$work/host" -printf '%p %y %m %U %T@\n' | diff "$work/host.before" -)"
same 'what they wrote into the unpacked images' '' "$(find "$state/unpacked" -name escaped)"
stop
