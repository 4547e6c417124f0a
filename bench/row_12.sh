#!/bin/bash
# Row 12: real leases of an instance of their own, whose limits are pushed against and whose meter is compared.
set -eu
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
[ "$(id -u)" = 0 ] || skip 12 'only root can make groups and namespaces'
bench_begin
bench_instance=$(bench_new_instance)
"$top_builddir/bench/bench_accuracy" "$bench_dir" "$bench_instance" &
bench_pids+=($!)
code=0
wait "$!" || code=$?
exit "$code"
