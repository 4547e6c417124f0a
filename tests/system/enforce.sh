#!/bin/bash
# What was bought is what the kernel gives, measured: processor, bandwidth both ways, memory, processes, devices, the log, the disk.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin
need iperf3 jq
create a
start

# --- processor: half a core, over five seconds ---

app spin <<'END'
while :; do :; done
END
# Sets, in thousandths of the time: used, on a core; waited, ready but with no core free, which is the machine's doing and not the limit's.
# The clock is read outside of the counters: how long it takes to read them makes no share larger than it was.
spinning() {
  local from usec held ms
  from=$(now_ms) usec=$(cpu_usec "$lease") held=$(throttled_usec "$lease")
  holds 6 false
  usec=$(($(cpu_usec "$lease") - usec)) held=$(($(throttled_usec "$lease") - held)) ms=$(($(now_ms) - from))
  used=$((usec / ms))
  waited=$((1000 - used - held / ms))
}
rent spin spin 'cpu=0.5 mem=64M'
spun=$lease
for try in 1 2 3; do
  spinning
  say "try $try: $used thousandths of a core; waited for a core in $waited"
  if [ "$used" -ge 475 ] || [ "$waited" -le 25 ]; then break; fi
done
[ "$used" -le 525 ] || fail "half a core was bought, $used thousandths were used"
[ "$used" -ge 475 ] || [ "$waited" -gt 25 ] || fail "half a core was bought, $used thousandths were given and the machine was free"
ok "half a core: $used thousandths"
release "$spun"

# --- bandwidth: iperf3 both ways ---

app net iperf3 <<'END'
host=$(busybox ip -4 addr show eth0 | busybox awk '/inet / { split($2, a, "[./]"); print a[1] "." a[2] "." a[3] "." a[4] - 1 }')
nc "$host" 22 < /dev/null &
exec iperf3 -s
END
rent net net 'cpu=0.5 mem=64M up=8mbit down=16mbit conn=40'
address=$(ip -4 -o addr show dev "$(host_link)" | awk '{ print $4 }' | awk -F'[./]' '{ print $1 "." $2 "." $3 "." $4 + 1 }')
await 10 'iperf3 serves in the task' iperf3 -c "$address" -n 1K
kbits() { # ARGUMENT...: received, in kbit/s
  iperf3 -c "$address" -t 6 -O 1 -J "$@" | jq '.end.sum_received.bits_per_second / 1000 | floor'
}
# The most is a promise; the least depends on what else this machine does.
between 'down, of 16000 kbit/s' $((2000 / slow)) "$(kbits)" 16800
between 'up, of 8000 kbit/s' $((1000 / slow)) "$(kbits -R)" 8400
before=$(field "$mnt/leases/$lease/usage" rx_bytes)
[ "$before" -gt $((10000000 / slow)) ] || fail "the traffic was not counted: $before bytes"
ok "$before bytes down were counted"
refused() { [ "$(field "$mnt/leases/$lease/usage" conn_refused)" -gt 0 ]; }
await 20 'its own connection to this machine is refused' refused
grep -qx 'conn max=40' "$mnt/leases/$lease/limits" || fail 'the rate of connections is not among the limits'
grep -qx 'reach none' "$mnt/leases/$lease/limits" || fail 'what it may reach is not among the limits'
same 'connections that it opened' 0 "$(field "$mnt/leases/$lease/usage" conn_opened)"
release "$lease"

# --- memory: what is beyond the limit does not happen, and the machine does not feel it ---

app hog <<'END'
echo begin
x=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | tr '\0' x)
echo "survived with ${#x}"
END
rent hog hog 'cpu=1 mem=32M'
over() { has_ended hog || is "$mnt/tasks/hog/state" paused; }
await 30 'the task is stopped by its memory limit' over
! grep -q survived "$mnt/tasks/hog/log" || fail 'it got more memory than it bought'
peak=$(limit memory "$lease" memory.max_usage_in_bytes memory.peak)
between 'memory at its peak' 1000000 "$peak" 33554432
serves || fail 'the tree does not answer'
release "$lease"

# --- processes: a fork bomb stays in its lease ---

app bomb <<'END'
( while :; do sleep 600 & done )
exec sleep 600
END
rent bomb bomb 'cpu=0.5 mem=64M pids=32'
bounded() { [ "$(limit pids "$lease" pids.current pids.current)" -ge 30 ]; }
await 20 'it has what it may have' bounded
between 'processes' 30 "$(limit pids "$lease" pids.current pids.current)" 32
bash -c 'sleep 0 & wait' || fail 'the machine cannot fork'
release "$lease"

# --- the log is bounded ---

app flood <<'END'
yes 'a line that is written for ever and ever, until somebody says that it is enough' | head -n 300000
echo the end
END
rent flood flood 'cpu=1 mem=64M'
await 60 'the task ends' has_ended flood
same 'its exit code' 0 "$(cat "$mnt/tasks/flood/exit_code")"
between 'bytes of its log on disk' 1 "$(du -sb "$state/tasks/${lease#l-}" | cut -f1)" $((3 * 8388608))
release "$lease"

# --- devices, mounts, the machine's own files, the disk ---

app refuse <<'END'
for node in "b 8 0" "c 1 1" "c 10 229"; do
  mknod /tmp/node $node 2>/dev/null && echo "FAULT made $node"
done
dd if=/dev/kmsg of=/dev/null count=1 2>/dev/null && echo 'FAULT opened kmsg'
echo x > /dev/null || echo 'FAULT no null'
busybox mount -t tmpfs none /tmp 2>/dev/null && echo 'FAULT mounted'
echo 1 2>/dev/null > /proc/sys/kernel/panic && echo 'FAULT wrote a sysctl'
busybox ip link set eth0 mtu 9000 2>/dev/null && echo 'FAULT changed its link'
dd if=/dev/zero of=/tmp/fill bs=1M count=200 2>/dev/null && echo 'FAULT wrote more than its disk'
echo probed
END
rent refuse refuse 'cpu=1 mem=64M disk=64M'
await 30 'the task ends' has_ended refuse
grep -q 'probed$' "$mnt/tasks/refuse/log" || fail 'it did not come to its end'
! grep FAULT "$mnt/tasks/refuse/log" || fail 'it did what it must not'
ok 'devices, mounts, sysctls, its link and more disk are refused'
rules=$(limit devices "$lease" devices.list /dev/null)
[ -z "$rules" ] || ! grep -q '^a' <<< "$rules" || fail "every device is allowed: $rules"
release "$lease"
whole_supply 3

# --- a device that is leased: there and open in the lease that bought it, in no other ---

create b 'gpu = 1' 'device = /dev/fuse' # which no task has by default
start
app device <<'END'
if (exec 3< /dev/fuse) 2> /dev/null; then echo has it; else echo has none; fi
exec sleep 600
END
answered() { grep -q 'has' "$mnt/tasks/$1/log"; }
rent_gpu() { # NAME GPUS
  post $seller "ask-$1" "ask gpu cpu=0.5 mem=64M gpu=$2 gpumem=0 disk=64M price=0.5 max=1h"
  post $buyer "$1" "bid gpu cpu=0.5 mem=64M gpu=$2 gpumem=0 disk=64M price=0.9 for=10m app=device"
  await 10 "the order $1 is matched" has_lease $buyer "$1"
  await 30 "the task $1 looked" answered "$1"
}
rent_gpu with 1
rent_gpu without 0
grep -q 'has it' "$mnt/tasks/with/log" || fail 'the lease that bought the device cannot open it'
grep -q 'has none' "$mnt/tasks/without/log" || fail 'a lease without the device has it'
ok 'the device is where it was sold'
twice='ask gpu cpu=0.5 mem=64M gpu=1 gpumem=0 disk=64M price=0.5 max=1h'
! put $seller "$twice" "$(home_of $seller)/orders/again" 2> /dev/null || fail 'it was offered twice'
ok 'and is offered once'
