#!/bin/bash
# GPUs, with devices that the configuration makes: leased to one at a time, open there and nowhere else by the kernel's word, given what
# CDI says, free again afterwards; and a device that goes away ends its lease.
. "$(dirname "$0")/lib.sh"
begin
if [ "$(hierarchy devices)" != "$(hierarchy none)" ] && ! command -v crun > /dev/null; then
  skip 'runc on v1 needs for itself the numbers that these devices have; install crun'
fi
mkdir -m 755 "$work/cdi"
echo 'a library of the vendor' > "$work/libfake.so"
chmod 644 "$work/libfake.so"
cat > "$work/cdi/fake.json" <<END
{"cdiVersion": "0.6.0", "kind": "zeus.invalid/fake",
 "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/zeus-fake0", "type": "c", "major": 1, "minor": 7},
     {"path": "/dev/vendor/common", "type": "c", "major": 10, "minor": 229}],
   "env": ["FAKE_DEVICE=zero"]}}],
 "containerEdits": {"mounts": [{"hostPath": "$work/libfake.so", "containerPath": "/usr/lib/libfake.so", "options": ["rw"]}]}}
END
chmod 644 "$work/cdi/fake.json"
create a 'gpu_fake = 2' 'gpu = 2' "cdi = $work/cdi"
start

gpus() { grep -v '^#' "$mnt/nodes/self/gpus"; }
two_gpus() { [ "$(gpus | wc -l)" = 2 ]; }
await 10 'the GPUs are shown' two_gpus
same 'their names' 'zeus-fake0 zeus-fake1' "$(gpus | cut -f1 | tr '\n' ' ' | sed 's/ $//')"
same 'nobody has them' '- -' "$(gpus | cut -f6 | tr '\n' ' ' | sed 's/ $//')"
grep -q '^gpu total=2 free=2$' "$mnt/nodes/self/capacity" || fail "capacity: $(cat "$mnt/nodes/self/capacity")"

# The nodes of the other device are made by the task's own hand where it may; opening is what the kernel refuses.
app look <<'END'
for node in /dev/zeus-fake0 /dev/zeus-fake1 /dev/full /dev/random /dev/vendor/common; do
  if [ -e $node ]; then
    if (exec 3< $node) 2> /dev/null; then echo "opens $node"; else echo "refused $node"; fi
  else
    echo "missing $node"
  fi
done
echo "device ${FAKE_DEVICE:-none}"
cat /usr/lib/libfake.so 2> /dev/null || echo no library
(echo mine > /usr/lib/libfake.so) 2> /dev/null && echo wrote the library
echo looked
exec sleep 600
END
resources='cpu=0.2 mem=64M gpu=1 gpumem=1G disk=64M pids=64'
offer() { post $seller "ask-$1" "ask gpu $resources price=0.5 max=1h"; }
demand() {
  post $buyer "$1" "bid gpu $resources price=0.9 for=10m app=look"
  await 10 "the order $1 is matched" has_lease $buyer "$1"
}
looked() { grep -q 'looked$' "$mnt/tasks/$1/log"; }
device_of() { sed -n 's/^device .* name=\([^ ]*\) .*/\1/p' "$mnt/leases/$1/limits"; }
saw() { grep -q " $2\$" "$mnt/tasks/$1/log" || fail "$1 did not say '$2': $(cat "$mnt/tasks/$1/log")"; }

for name in one two; do offer "$name"; done
demand one
one=$(lease_of $buyer one)
await 30 'the first task looked' looked one
first=$(device_of "$one")
demand two
two=$(lease_of $buyer two)
await 30 'the second task looked' looked two
second=$(device_of "$two")
same 'both are leased, one to each' 'zeus-fake0 zeus-fake1' "$(printf '%s\n' "$first" "$second" | sort | tr '\n' ' ' | sed 's/ $//')"
# What each device is a copy of stands under its usual name in every task: open where it was bought, refused where it was not.
saw one 'opens /dev/zeus-fake0'
saw one 'missing /dev/zeus-fake1'
saw one 'opens /dev/full'
saw one 'refused /dev/random'
saw two 'opens /dev/zeus-fake1'
saw two 'missing /dev/zeus-fake0'
saw two 'opens /dev/random'
saw two 'refused /dev/full'
ok 'each opens its own device, and the kernel refuses the other'
saw one 'device zero'
saw one 'opens /dev/vendor/common'
saw two 'missing /dev/vendor/common'
saw one 'of the vendor'
saw two 'device none'
saw two 'no library'
! grep -q wrote "$mnt/tasks/one/log" || fail 'the task wrote to a file of the machine'
same 'the file is as it was' 'a library of the vendor' "$(cat "$work/libfake.so")"
holders() { [ "$(gpus | cut -f6 | sort)" = "$(printf '%s\n' "$one" "$two" | sort)" ]; }
await 10 'who has which is shown' holders
grep -q '^gpu_util -$' "$mnt/tasks/one/stats" || fail "a fake device measures nothing: $(cat "$mnt/tasks/one/stats")"
same 'and counts nothing' 0 "$(field "$mnt/tasks/one/stats" gpu_ms)"

# --- a third: the offer is refused, because the machine has no third ---

! put $seller "ask gpu $resources price=0.5 max=1h" "$(home_of $seller)/orders/third" 2> /dev/null || fail 'a third device was offered'
ok 'there is no third'

# --- a device that was leased is free again, for the next ---

put $buyer release "$mnt/leases/$one/ctl" || fail 'the lease could not be released'
freed() { [ "$(gpus | grep -c -P '\t-$')" = 1 ]; }
await 30 'the device is free again' freed
serves || fail 'the tree does not answer'
await 30 'the first lease settles' is "$mnt/leases/$one/state" ended
offer three
demand three
three=$(lease_of $buyer three)
await 30 'the next task looked' looked three
same 'the next has the device of the first' "$first" "$(device_of "$three")"

# --- the broker dies: the devices stay whose they were ---

crash broker
start_broker
await 30 'who has which is known again' eval '[ "$(gpus | cut -f6 | sort)" = "$(printf "%s\n" "$three" "$two" | sort)" ]'

# --- a device goes away: the task is ended, the seller gives the lease up and says why, the other lease goes on ---

rm "$state/gpus/$second"
await 30 'the lease ends' is "$mnt/leases/$two/state" ended
grep -q gpu-gone "$mnt/tasks/two/status" || fail "no reason is given: $(cat "$mnt/tasks/two/status")"
await 10 'nothing of it runs' eval '! group memory "$two" | grep -q .'
same 'the task without it' running "$(cat "$mnt/tasks/three/state")"
one_gpu() { [ "$(gpus | wc -l)" -ge 1 ] && ! group devices "$two" | grep -q .; }
await 10 'the other is there' one_gpu
release "$three"
whole_supply 3
stop
