#!/bin/bash
# Two installations side by side on one machine: names, groups, links, addresses and money of the one are never those of the other.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
begin

for name in a b; do
  create $name
  start
  app demo <<'END'
echo hello
exec sleep 600
END
done
use a
rent job demo 'cpu=0.25 mem=64M up=4mbit down=8mbit'
lease_a=$lease pid_a=$(task_pid job) instance_a=$(cat "$state/instance")
use b
same 'leases of the other' '' "$(ls "$mnt/leases")"
same 'tasks of the other' '' "$(ls "$mnt/tasks")"
rent job demo 'cpu=0.5 mem=96M up=2mbit down=2mbit'
lease_b=$lease pid_b=$(task_pid job) instance_b=$(cat "$state/instance")

[ "$instance_a" != "$instance_b" ] || fail 'both have one name'
[ "$lease_a" != "$lease_b" ] || fail 'both have one lease'
same 'memory of a' 67108864 "$(use a; limit memory "$lease_a" memory.limit_in_bytes memory.max)"
same 'memory of b' 100663296 "$(use b; limit memory "$lease_b" memory.limit_in_bytes memory.max)"
grep -q "zeus/$instance_a/lease-${lease_a#l-}" "/proc/$pid_a/cgroup" || fail 'the task of a is elsewhere'
grep -q "zeus/$instance_b/lease-${lease_b#l-}" "/proc/$pid_b/cgroup" || fail 'the task of b is elsewhere'
address() { ip -4 -o addr show dev "$(host_link)" | awk '{ print $4 }'; }
[ "$(use a; address)" != "$(use b; address)" ] || fail 'both links have one address'
same 'links' 2 "$(ip -o link | grep -c ": z\($instance_a\|$instance_b\)")"

# What a does, b does not feel: its order, its restart, its end.
use a
post $seller more 'ask cpu cpu=0.5 mem=64M price=0.9 max=1h'
await 5 'the ask is in the book of a' grep -q ^ask "$mnt/market/cpu/book"
same 'asks in b' 0 "$(use b; grep -c ^ask "$mnt/market/cpu/book")"
halt broker || fail 'the broker of a did not stop'
broker --sweep > "$work/swept" || fail 'the sweep of a failed'
same 'swept of a' 1 "$(grep -c "$lease_a: ended" "$work/swept")"
same 'swept of b' 0 "$(grep -c "$lease_b" "$work/swept")"
await 5 'the task of a ended' gone "$pid_a"
[ -e "/proc/$pid_b" ] || fail 'the task of b ended with it'
use b
same 'the task of b' running "$(cat "$mnt/tasks/job/state")"
crash broker
start_broker
same 'the task of b after its broker crashed' "$pid_b" "$(task_pid job)"
use a
start_broker
await 20 'a serves again' serves
use b
lease=$lease_b
release "$lease_b"
whole_supply 2
use a
whole_supply 2
