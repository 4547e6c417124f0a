#!/bin/bash
# Installs what is missing, builds, runs every test, and closes with one line: N passed, N failed, N skipped.
set -eu
. "$(dirname "$0")/tests/setup.sh"

usage() {
  cat <<END
Usage: sudo ./test.sh [--no-install] [--again] [TEST...]

Installs what is missing from Debian, builds in build/ with warnings as errors, and runs every test, or only those named
(as in the makefile: tests/tidy.sh). The last line says "N passed, N failed, N skipped". A skipped test says what it lacked.

  --no-install   use what is there
  --again        run a test that fails once more, and name it: for machines whose processors are shared with others
  --help         this text

Exit status: 0 no test failed, 1 some did or the build failed, 2 usage, 77 not root.
END
}

finish() { # PASSED FAILED SKIPPED
  setup_hand_back
  echo "$1 passed, $2 failed, $3 skipped"
  [ "$2" = 0 ] || exit 1
  exit 0
}

broken() { # SENTENCE: nothing could be tested
  echo "$1" >&2
  finish 0 1 0
}

# automake leaves one .trs file per test; those of this run are newer than the mark.
results() {
  find "$SETUP_BUILD" -name '*.trs' -newer "$mark" -exec sed -n 's/^:test-result: *//p' {} + | awk '
    { n[$1]++ }
    END { print n["PASS"] + n["XFAIL"] + 0, n["FAIL"] + n["ERROR"] + n["XPASS"] + 0, n["SKIP"] + 0 }'
}

failed() { # the tests that did, as the makefile names them
  find "$SETUP_BUILD" -name '*.trs' -newer "$mark" -exec grep -lE '^:test-result: *(FAIL|ERROR)' {} + |
    sed "s|^$SETUP_BUILD/||; s|\.trs\$||"
}

# Their first logs have been printed; a second failure counts.
run_again() {
  local tests
  tests=$(failed | xargs)
  [ -n "$tests" ] || return 1
  setup_say "once more: $tests"
  # shellcheck disable=SC2086 # a list
  run_tests $tests
}

skipped() {
  local trs
  find "$SETUP_BUILD" -name '*.trs' -newer "$mark" -exec grep -l '^:test-result: *SKIP' {} + | while read -r trs; do
    echo "skipped ${trs#"$SETUP_BUILD"/}: $(grep -i skip "${trs%.trs}.log" | head -n 1)" | sed 's/\.trs:/:/'
  done
}

run_tests() { # TEST...
  local only=()
  [ $# = 0 ] || only=("TESTS=$*")
  setup_say 'testing'
  # One after another: some of them measure, and some own the machine's groups while they run.
  make -C "$SETUP_BUILD" -j1 --no-print-directory check VERBOSE=1 "${only[@]}" 2>&1 | grep -v '^make\|^  CC\|^  CCLD'
  return "${PIPESTATUS[0]}"
}

install=yes again=no
while [ $# != 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --no-install) install=no ;;
    --again) again=yes ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
setup_need_root
mark=$(mktemp "${TMPDIR:-/tmp}/zeus-test.XXXXXX")
trap 'rm -f "$mark"' EXIT
[ "$install" = no ] || setup_packages
setup_users
setup_build --enable-werror || broken 'the build failed'
setup_quietly 'building the tests' make -C "$SETUP_BUILD" -j"$(nproc)" check TESTS= || broken 'the tests could not be built'
status=0
run_tests "$@" || status=$?
[ "$status" = 0 ] || [ "$again" = no ] || { status=0 && run_again || status=$?; }
skipped
read -r passed failed missed < <(results)
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
finish "$passed" "$failed" "$missed"
