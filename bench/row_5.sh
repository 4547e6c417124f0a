#!/bin/bash
# Row 5: the cost of making things durable, beside a bare file, SQLite, PostgreSQL and Redis; all below the same directory.
set -eu -o pipefail
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
# shellcheck source=bench/peers.sh
. "$top_srcdir/bench/peers.sh"
bench_begin
postgres=0 redis=0
if pg_start; then
  pg_sql 'CREATE TABLE r(k bigserial PRIMARY KEY, v bytea)'
  postgres=$(pg_rate 32 4 "INSERT INTO r(v) VALUES(decode(repeat('76', 100), 'hex'));")
  many=$(pg_rate 1 3 "INSERT INTO r(v) SELECT decode(repeat('76', 100), 'hex') FROM generate_series(1, 1000);")
  many=$(awk "BEGIN { printf \"%.0f\", 1000 * $many }")
  note 5-postgres "32 clients, one record in a transaction; one client with 1000 in a transaction: $many rec/s"
  bench_stop "$pg_pid"
else
  skip_line 5-postgres 'PostgreSQL is not installed'
fi
if redis_start; then
  redis=$(redis_rate 200000 100)
  note 5-redis 'append-only file, synced before each answer; 50 clients with 64 requests each'
  bench_stop "$redis_pid"
else
  skip_line 5-redis 'Redis is not installed'
fi
mkdir "$bench_dir/store"
"$top_builddir/bench/bench_store" "$bench_dir/store" "$postgres" "$redis"
