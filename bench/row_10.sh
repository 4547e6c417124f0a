#!/bin/bash
# Row 10: transfers through a ledger of its own, evenly among 60 accounts and all to one, beside the same in PostgreSQL.
set -eu -o pipefail
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
# shellcheck source=bench/peers.sh
. "$top_srcdir/bench/peers.sh"
# shellcheck source=bench/ledger.sh
. "$top_srcdir/bench/ledger.sh"
bench_begin
rates=()
move='UPDATE a SET b = b + CASE WHEN k = :from THEN -1 ELSE 1 END WHERE k IN (:from, :to)'
if pg_start; then
  pg_sql 'CREATE TABLE a(k int PRIMARY KEY, b bigint); INSERT INTO a SELECT g, 1000000 FROM generate_series(1, 100000) g; ANALYZE a'
  even=$(pg_rate 32 4 "\\set from random(1, 100000)
\\set to random(1, 100000)
$move;")
  hot=$(pg_rate 32 4 "\\set from random(2, 100000)
\\set to 1
$move;")
  rates=("$even" "$hot")
  bench_stop "$pg_pid"
else
  skip_line 10-batch 'PostgreSQL is not installed'
  skip_line 10-single 'PostgreSQL is not installed'
fi
ledger_start 10
ledger_load 10 "${rates[@]}"
ledger_end 10-batch
