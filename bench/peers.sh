# Sourced by the rows that are measured beside a database: a server of its own in $bench_dir, on a Unix socket there, never the system's.
# shellcheck shell=bash disable=SC2034,SC2154 # the rows use what is set here; common.sh sets bench_dir and as

pg_bin= # the newest installed
for dir in /usr/lib/postgresql/*/bin; do
  [ ! -x "$dir/initdb" ] || pg_bin=$dir
done

# A folder of the unprivileged user.
peer_dir() {
  mkdir -m 700 "$bench_dir/$1"
  [ "${#as[@]}" = 0 ] || chown 65534:65534 "$bench_dir/$1"
}

pg() { "${as[@]}" "$pg_bin/$1" -h "$bench_dir/pg" -U zeus "${@:2}"; }
pg_sql() {
  pg psql -X -q -v ON_ERROR_STOP=1 -d postgres -c "$1" > "$bench_dir/pg.sql.log" 2>&1 ||
    fail "PostgreSQL: $(tail -n 1 "$bench_dir/pg.sql.log")"
}

# False: it is not installed. Defaults of Debian but for memory and the size of its log, which are raised.
pg_start() {
  [ -n "$pg_bin" ] && [ -x "$pg_bin/pgbench" ] || return 1
  peer_dir pg
  (cd / && "${as[@]}" "$pg_bin/initdb" -D "$bench_dir/pg/data" -U zeus -A trust --no-locale > "$bench_dir/pg.init.log" 2>&1) ||
    fail 'PostgreSQL could not be initialised'
  (cd / && exec "${as[@]}" "$pg_bin/postgres" -D "$bench_dir/pg/data" -k "$bench_dir/pg" -c listen_addresses= -c shared_buffers=256MB \
    -c max_wal_size=2GB -c synchronous_commit=on -c fsync=on > "$bench_dir/pg.log" 2>&1) &
  pg_pid=$!
  bench_pids+=("$pg_pid")
  await 20 'PostgreSQL did not start' pg psql -X -d postgres -c 'SELECT 1'
}

# CLIENTS SECONDS SCRIPT: transactions a second.
pg_rate() {
  printf '%s\n' "$3" > "$bench_dir/pg.script"
  pg pgbench -n -M prepared -c "$1" -j 2 -T "$2" --max-tries 10 -f "$bench_dir/pg.script" postgres > "$bench_dir/pgbench.log" 2>&1 ||
    fail "pgbench: $(tail -n 1 "$bench_dir/pgbench.log")"
  sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$bench_dir/pgbench.log"
}

# False: it is not installed. Every write is in the log and synced before its answer.
redis_start() {
  command -v redis-server redis-benchmark > /dev/null || return 1
  peer_dir redis
  (cd "$bench_dir/redis" && exec "${as[@]}" redis-server --port 0 --unixsocket "$bench_dir/redis/socket" --dir "$bench_dir/redis" \
    --appendonly yes --appendfsync always --save '' --daemonize no > "$bench_dir/redis.log" 2>&1) &
  redis_pid=$!
  bench_pids+=("$redis_pid")
  await 10 'Redis did not start' redis-cli -s "$bench_dir/redis/socket" ping
}

# REQUESTS BYTES: SETs a second of 50 clients that each send 64 at once.
redis_rate() {
  redis-benchmark -s "$bench_dir/redis/socket" -t set -n "$1" -d "$2" -r 1000000 -c 50 -P 64 --csv 2> "$bench_dir/redis-benchmark.log" |
    awk -F '"' '$2 == "SET" { print $4 }'
}
