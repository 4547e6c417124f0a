#!/bin/bash
# Row 7a: an installation of its own, mounted; lxcfs beside it in a mount namespace of its own; both read in turn by one program.
set -eu -o pipefail
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
[ "$(id -u)" = 0 ] || skip 7a 'only root can mount the tree'
[ -c /dev/fuse ] || skip 7a 'there is no /dev/fuse'
getent passwd zeus-views zeus-plan zeus-ledger > /dev/null || skip 7a 'the system users are missing; ./test.sh makes them'
bench_begin
state=$bench_dir/state mnt=$bench_dir/mnt conf=$bench_dir/zeus.conf
mkdir -m 755 "$state" "$mnt" "$bench_dir/lxcfs"
printf '[node]\nmount = %s\n' "$mnt" > "$conf"

listens() { awk -v p="$state/run/ledger.sock" '$8 == p && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix; }
serves() { [ "$(timeout 5 cat "$mnt/health")" = ok ] && [ -e "$mnt/nodes/self" ]; }
views_pid() {
  local pid
  # shellcheck disable=SC2013 # words are meant
  for pid in $(cat "/proc/$1/task/$1/children"); do
    case $(readlink "/proc/$pid/exe") in */zeus-views) echo "$pid" && return 0 ;; esac
  done
  return 1
}

# lxcfs keeps its own mounts below /run: that is a new, private one here.
start_lxcfs() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --propagation private sh -c 'mount -t tmpfs -o size=1m tmpfs /run && exec lxcfs -f -p "$1/lxcfs.pid" "$1/lxcfs"' \
    sh "$bench_dir" > "$bench_dir/lxcfs.log" 2>&1 &
  lxcfs=$!
  bench_pids+=("$lxcfs")
}
lxcfs_serves() { nsenter --mount="/proc/$lxcfs/ns/mnt" cat "$bench_dir/lxcfs/proc/uptime"; }

"$top_builddir/zeus-ledger" --config "$conf" --state "$state" --init --operator 0 --account 0=1000 > "$bench_dir/init.log" 2>&1 ||
  { cat "$bench_dir/init.log" >&2; fail 'the ledger could not be made'; }
cd /
"$top_builddir/zeus-ledger" --config "$conf" --state "$state" > "$bench_dir/ledger.log" 2>&1 &
bench_pids+=($!)
await 20 'the ledger did not start' listens
"$top_builddir/zeus-broker" --config "$conf" --state "$state" --mount "$mnt" > "$bench_dir/broker.log" 2>&1 &
broker=$!
bench_pids+=("$broker")
bench_mounts+=("$mnt")
await 20 'the broker did not mount its tree' serves
views=$(views_pid "$broker")
printf 'ask cpu cpu=0.5 price=0.03 max=1h\n' > "$mnt/market/orders/first"

enter=() peer=()
if command -v lxcfs > /dev/null; then
  start_lxcfs
  await 10 'lxcfs did not start' lxcfs_serves
  enter=(nsenter "--mount=/proc/$lxcfs/ns/mnt" --)
  peer=("$bench_dir/lxcfs/proc/uptime")
else
  skip_line 7a-cat 'lxcfs is not installed'
fi
cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
# The row's file lies as deep as its peer: each folder on the way is a question to the server.
bench() { "${enter[@]}" "$top_builddir/bench/bench_files" "$1" "$2" "$mnt/$3" "${peer[@]}" | sed "s|$mnt|/zeus|g"; }
bench 'placed by the scheduler' any market/ticker
for pid in "$views" ${lxcfs:-}; do
  taskset -acp "$cpu" "$pid" > "$bench_dir/taskset.log"
done
bench row "$cpu" market/ticker
bench 'one folder deeper, market/cpu/book' "$cpu" market/cpu/book
