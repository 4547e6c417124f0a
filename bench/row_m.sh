#!/bin/bash
# Row m: the memory of a ledger that is idle, first with a few accounts, then with a million, and how long it takes to start with those.
set -eu
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
# shellcheck source=bench/ledger.sh
. "$top_srcdir/bench/ledger.sh"
bench_begin
ledger_make m
start() { "$top_builddir/bench/bench_start" "$1" "$2" "$3" "$state/run/ledger.sock" "${ledger[@]}" 2>> "$bench_dir/ledger.log"; }
start idle 64 0 || { cat "$bench_dir/ledger.log" >&2; fail 'the ledger did not start'; }
"${as[@]}" "$top_builddir/bench/bench_accounts" "$state/ledger/db" "$state/ledger/keys" "${BENCH_ACCOUNTS:-1000000}"
start million 1024 10 || { cat "$bench_dir/ledger.log" >&2; fail 'the ledger did not start'; }
