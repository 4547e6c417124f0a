#!/bin/bash
# Row 1a: transfers through a ledger of its own, many to a signature, and the proof of its books afterwards.
set -eu
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
# shellcheck source=bench/ledger.sh
. "$top_srcdir/bench/ledger.sh"
bench_begin
ledger_start 1a
ledger_load 1a
ledger_end 1a
