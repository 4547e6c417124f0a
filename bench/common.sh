# Sourced by the rows: a place of their own that is gone afterwards, daemons that end with them, and lines as measure.h has them.
# shellcheck shell=bash disable=SC2034 # the rows use what is set here
: "${top_builddir:?run.sh sets it}"

note() { printf 'note\t%s\t%s\n' "$1" "$2"; }            # KEY TEXT
skip_line() { printf 'skip\t%s\t%s\n' "$1" "$2"; }       # KEY REASON
skip() { skip_line "$@"; exit 77; }
fail() { echo "bench: $*" >&2; exit 1; }

# As whom a program runs that should not or will not run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
fi

bench_dir=
bench_pids=()
bench_mounts=()
bench_instance= # of the leases in $bench_dir, if there are any

bench_new_instance() { od -An -N4 -tx4 /dev/urandom | tr -d ' '; }

bench_stop() { # PID: ends one of ours, with its children's time to end
  kill "$1" 2>/dev/null || { bench_forget "$1"; return 0; }
  timeout -s KILL 20 tail --pid="$1" -f /dev/null || kill -9 "$1" 2>/dev/null || :
  wait "$1" 2>/dev/null || :
  bench_forget "$1"
}

bench_forget() { # PID: its number may be somebody else's soon
  local pid rest=()
  for pid in "${bench_pids[@]}"; do
    [ "$pid" = "$1" ] || rest+=("$pid")
  done
  bench_pids=("${rest[@]}")
}

is_mounted() { awk -v at="$1" '$2 == at { found = 1 } END { exit !found }' /proc/self/mounts; } # a file may be one too

bench_clean() {
  local i
  trap '' INT TERM # a second signal must not end the cleaning
  for ((i = ${#bench_pids[@]} - 1; i >= 0; i--)); do
    bench_stop "${bench_pids[i]}"
  done
  [ -z "$bench_instance" ] || "$top_builddir/bench/bench_sweep" "$bench_dir" "$bench_instance" || :
  for i in "${bench_mounts[@]}"; do
    ! is_mounted "$i" || umount "$i" || umount -l "$i"
  done
  [ -z "$bench_dir" ] || rm -rf --one-file-system "$bench_dir"
}

bench_begin() {
  trap bench_clean EXIT
  trap 'trap "" INT TERM; exit 1' INT TERM
  # Not /tmp, which may be memory: then nothing on it would be durable.
  bench_dir=$(mktemp -d /var/tmp/zeus-bench.XXXXXX)
  chmod 755 "$bench_dir"
}

# Waits until COMMAND succeeds. The command looks at what is waited for; the pause only spaces the looks.
await() { # SECONDS SENTENCE COMMAND...
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || { tail -n 5 "$bench_dir"/*.log >&2 2>/dev/null || :; fail "$what"; }
    sleep 0.05
  done
}
