# Sourced by the rows that run a ledger of their own: made in $bench_dir, started, ended and verified.
# shellcheck shell=bash disable=SC2154 # common.sh sets bench_dir and as

# 60 accounts with the uids that load.h names. Runs as an unprivileged user if we are root.
ledger_make() { # ROW
  state=$bench_dir/state
  mkdir -m 755 "$state"
  [ "${#as[@]}" = 0 ] || chown 65534:65534 "$state"
  printf '# The defaults, whatever this machine has in its own file.\n' > "$bench_dir/zeus.conf"
  [ "${#as[@]}" = 0 ] || "${as[@]}" test -r "$bench_dir/zeus.conf" || skip "$1" "user 65534 cannot reach $bench_dir"
  ledger=("${as[@]}" "$top_builddir/zeus-ledger" --config "$bench_dir/zeus.conf" --state "$state")
  local accounts=() i
  for ((i = 0; i < 60; i++)); do
    accounts+=(--account "$((100000 + i))=1000")
  done
  "${ledger[@]}" --init "${accounts[@]}" > "$bench_dir/init.log" 2>&1 ||
    { cat "$bench_dir/init.log" >&2; fail 'the ledger could not be made'; }
}

ledger_start() { # ROW
  ledger_make "$1"
  "${ledger[@]}" > "$bench_dir/ledger.log" 2>&1 &
  ledger_pid=$!
  bench_pids+=("$ledger_pid")
  await 10 'the ledger did not start' test -S "$state/run/ledger.sock"
}

ledger_load() { "$top_builddir/bench/bench_ledger" "$state/run/ledger.sock" "$state/ledger/keys" "$ledger_pid" "$@"; } # ROW [RATE RATE]

# Carries out every block again; the row fails if the books are not the same.
ledger_end() { # ROW
  local said
  bench_stop "$ledger_pid"
  said=$("${ledger[@]}" --verify) || fail 'the books do not verify after the measurement'
  note "$1" "afterwards: $said"
}
