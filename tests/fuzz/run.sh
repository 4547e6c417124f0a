#!/bin/bash
# Each fuzz target under libFuzzer, FUZZ_SECONDS long (60). Called by `make fuzz`, which says how to compile; needs clang and its runtime.
# FUZZ_TARGET=NAME runs one. A finding is a file in tests/fuzz/found/NAME/broke-*, and exit 1.
set -eu
seconds=${FUZZ_SECONDS:-60}
top=${top_srcdir:?called by make fuzz}
work=tests/fuzz/clang
found=tests/fuzz/found
sanitize='-g -O1 -w -fsanitize=address,undefined -fno-sanitize-recover=undefined'

find_clang() {
  local cc
  for cc in ${FUZZ_CC:-} clang clang-14; do
    if command -v "$cc" >/dev/null && echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return !p && n; }' |
      "$cc" -fsanitize=fuzzer,address -x c - -o "$work/probe" 2>/dev/null; then
      echo "$cc"
      return
    fi
  done
  echo 'make fuzz: needs clang with libFuzzer. On Debian: apt install clang libclang-rt-14-dev' >&2
  exit 77
}

compile() { # SOURCE: an object that is newer is kept
  local object=$work/${1//\//-}.o
  [ "$object" -nt "$top/$1" ] && [ "$object" -nt "$work/newest" ] && return
  # shellcheck disable=SC2086 # flags
  "$cc" $FUZZ_FLAGS "-DLIBEXECDIR=\"$LIBEXECDIR\"" "-DSYSCONFDIR=\"$SYSCONFDIR\"" $sanitize -fsanitize=fuzzer-no-link \
    -c "$top/$1" -o "$object"
}

archive() { # NAME SOURCE...
  local name=$1 source objects=()
  shift
  for source; do
    case $source in
      *.c)
        compile "$source"
        objects+=("$work/${source//\//-}.o")
        ;;
    esac
  done
  rm -f "$work/$name"
  ar rcs "$work/$name" "${objects[@]}"
}

# Headers are not followed one by one: whoever changes one compiles all.
mark_newest() {
  local folder
  for folder in common ledger kernel-facing zfs-views tests/fuzz; do
    [ -z "$(find "$top/$folder" -name '*.h' -newer "$work/newest" -print -quit)" ] || touch "$work/newest"
  done
}

run() { # TARGET
  local name=${1##*/fuzz_} corpus
  corpus=$top/tests/fuzz/corpus/$name
  mkdir -p "$found/$name"
  compile "$1.c"
  # shellcheck disable=SC2086 # flags
  "$cc" $sanitize -fsanitize=fuzzer "$work/${1//\//-}.c.o" "$work/libfuzzedviews.a" "$work/libfuzzed.a" $FUZZ_LIBS -o "$work/fuzz_$name"
  echo "$name: $seconds s"
  "$work/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="$found/$name/broke-" "$found/$name" "$corpus" 2>"$found/$name.log" || {
    grep -a -m 12 -e 'ERROR' -e 'does not hold' -e 'runtime error' -e '^    #[0-6] ' "$found/$name.log" || tail -5 "$found/$name.log"
    return 1
  }
}

mkdir -p "$work" "$found"
[ -e "$work/newest" ] || touch -d @0 "$work/newest"
mark_newest
cc=$(find_clang)
# shellcheck disable=SC2086 # lists
archive libfuzzed.a $FUZZED_SOURCES
# shellcheck disable=SC2086
archive libfuzzedviews.a $FUZZED_VIEWS
broken=0
for target; do
  [ -z "${FUZZ_TARGET:-}" ] || [ "${target##*/fuzz_}" = "$FUZZ_TARGET" ] || continue
  run "$target" || broken=1
done
exit $broken
