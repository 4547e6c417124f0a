#!/bin/bash
# Each rule of tidy.sh is broken once in a small tree, and must be reported at the line where it was broken;
# what is allowed and looks similar must not be. A check that cannot fail is worthless.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/tidy.XXXXXX")
trap 'rm -rf "$tree"' EXIT
failed=0
planted=0
head3=$'/* Knows what it knows.\n *\n * Does not know the rest. */'

fresh() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{common,broker,cli,ledger/{state,crypto},zfs-views,kernel-facing,tests}
}

put() { # FILE TEXT
  mkdir -p "$tree/$(dirname "$1")"
  printf '%s\n' "$2" > "$tree/$1"
}

check() { top_srcdir=$tree "$here/tidy.sh" 2>/dev/null; }

complain() {
  echo "FAILED: $1"
  failed=1
}

# The text stands below the opening comment of a .c file, so its first line is line 4.
plant() { # RULE FILE LINE TEXT
  local rule=$1 file=$2 line=$3 text=$4 out
  fresh
  case $file in *.c) text=$head3$'\n'$text ;; esac
  put "$file" "$text"
  planted=$((planted + 1))
  if out=$(check); then
    complain "$rule in $file was not reported"
  elif ! grep -q "^$file:$line: $rule: " <<<"$out"; then
    complain "$rule in $file:$line, but tidy says: $out"
  fi
}

allow() { # FILE TEXT
  local text=$2 out
  fresh
  case $1 in *.c) text=$head3$'\n'$text ;; esac
  put "$1" "$text"
  out=$(check) || complain "allowed in $1, but tidy says: $out"
}

lines() { # N TEXT: the text N times
  local i
  for ((i = 0; i < $1; i++)); do printf '%s\n' "$2"; done
}

body() { # N: a function of N lines, braces included
  printf 'int f(void)\n{\n%s\n}\n' "$(lines $(($1 - 2)) $'\tg();')"
}

shape() {
  plant function-length broker/a.c 5 "$(body 61)"
  allow broker/a.c "$(body 60)"
  plant function-length broker/a.sh 1 "f() {"$'\n'"$(lines 60 '  :')"$'\n}'
  plant file-length broker/a.c 501 "$(lines 498 'int f(void);')"
  allow broker/a.c "$(lines 497 'int f(void);')"
  plant file-length common/a.h 501 "$(lines 501 'int f(void);')"
  plant file-length broker/a.sh 501 "$(lines 501 ':')"
  plant line-length broker/a.c 4 "/* $(printf 'x%.0s' {1..136}) */"
  plant line-length broker/a.c 4 $'\t'"/* $(printf 'x%.0s' {1..127}) */"
  allow broker/a.c "/* $(printf 'x%.0s' {1..134}) */"
  plant brace broker/a.c 4 $'int f(void) {\n\treturn 0;\n}'
  plant brace broker/a.c 5 $'int f(void)\n{\n\treturn 0;'
  plant indent broker/a.c 6 $'int f(void)\n{\n    return 0;\n}'
  allow broker/a.c $'int f(int a,\n    int b);'
  plant indent broker/a.c 6 $'int f(void)\n{\n  return g(1,\n\t    2);\n}'
  allow broker/a.c $'static const int a[] = {\n    1,\n    2,\n};'
  plant blank broker/a.c 4 'int f(void); '
  plant blank man/a.8 1 $'.Nm\t'
  plant ascii broker/a.c 4 $'/* \xc3\xa9 */'
}

words() {
  plant goto broker/a.c 6 $'int f(void)\n{\n\tgoto out;\n}'
  allow broker/a.c $'/* goto */\nconst char f[] = "goto";\nint goto_it(void);'
  plant default broker/a.c 6 $'int f(void)\n{\n\tdefault: return 0;\n}'
  allow broker/a.c $'int f(void)\n{\n\treturn 0; /* default: none */\n}'
  plant locale cli/a.c 6 $'int f(void)\n{\n\tsetlocale(0, 0);\n}'
  plant typedef common/a.h 1 'typedef struct a { int b; } a_t;'
  allow common/a.h 'typedef int (*call)(struct a *);'
  plant units broker/a.c 4 'int f(struct money m) { return m.money_; }'
  plant units cli/a.c 4 'int f(struct lane *l) { return l->lane_; }'
  allow common/units.h 'int f(struct money m) { return m.money_; }'
  allow broker/a.c 'int money_base(int lane_total);'
  plant unfinished broker/a.c 4 "/* TO""DO */"
  plant unfinished README.md 1 "FIX""ME: later"
  allow broker/a.c 'const char f[] = "draft.XXXXXX";'
  plant workplace broker/a.c 4 "/* see /wor""k/shared/notes */"
  plant workplace README.md 1 "written by a sub""agent"
  allow broker/a.c 'const char f[] = "/work/oci/%s";'
}

includes() {
  local h
  for h in fuse.h fuse3/fuse_lowlevel.h libcgroup.h netlink/route/tc.h bpf/bpf.h leveldb/c.h sodium.h uv.h seccomp.h cap-ng.h \
    ini.h systemd/sd-daemon.h jansson.h check.h raft.h; do
    plant foreign broker/a.c 4 "#include <$h>"
    plant foreign common/a.h 1 "#include <$h>"
  done
  plant foreign common/conf.c 4 '#include <uv.h>'
  allow common/conf.c '#include <ini.h>'
  allow common/confine_seccomp.c '#include <seccomp.h>'
  plant foreign common/confine.c 4 '#include <ini.h>'
  allow common/loop.c '#include <uv.h>'
  allow zfs-views/a.c '#include <fuse_lowlevel.h>'
  allow ledger/crypto/a.c '#include <sodium.h>'
  allow broker/a.c '#include <linux/fuse.h>'
  plant include common/a.c 4 '#include "broker/plan.h"'
  plant include kernel-facing/a.c 4 '#include "ledger/server.h"'
  plant include zfs-views/a.c 4 '#include "ledger/crypto/sign.h"'
  plant include zfs-views/a.c 4 '#include "kernel-facing/kernel.h"'
  plant include broker/a.c 4 '#include "kernel-facing/cgroup.h"'
  plant include broker/a.c 4 '#include "plan.h"'
  plant include ledger/a.c 4 '#include "broker/plan.h"'
  plant include ledger/state/a.c 4 '#include "ledger/server.h"'
  plant include ledger/state/a.c 4 '#include "ledger/crypto/sign.h"'
  plant include cli/a.c 4 '#include "ledger/store/store.h"'
  allow zfs-views/a.c '#include "ledger/crypto/hash.h"'
  allow zfs-views/a.c '#include "ledger/crypto/merkle.h"'
  allow broker/a.c $'#include "config.h"\n#include "kernel-facing/kernel.h"'
  allow ledger/chain/a.c '#include "ledger/state/state.h"'
}

purity() {
  local f
  for f in ledger/state/a.c ledger/chain/a.c; do
    plant pure "$f" 4 'double f(void);'
    plant pure "$f" 4 'float f(void);'
    plant pure "$f" 6 $'int f(void)\n{\n\treturn time(0);\n}'
    plant pure "$f" 6 $'int f(void)\n{\n\tclock_gettime(0, 0);\n}'
    plant pure "$f" 6 $'int f(void)\n{\n\tfopen(0, 0);\n}'
    plant pure "$f" 6 $'int f(void)\n{\n\tprintf("");\n}'
    plant pure "$f" 6 $'int f(void)\n{\n\tfprintf(stderr, "");\n}'
    plant pure "$f" 4 '#include <time.h>'
    plant pure "$f" 4 '#include <unistd.h>'
    allow "$f" $'#include <stdio.h>\nint block_time(int read);\nint f(void) { return snprintf(0, 0, ""); }'
  done
  allow ledger/a.c 'double f(void);'
}

globals() {
  local s
  for s in 'static int a;' 'int a = 1;' 'struct b a;' 'static const char *a = 0;' 'static const char *a[] = {' 'char a[4];' \
    'static int (*a)(int) = 0;' 'static unsigned long a[sizeof(int)];' 'static struct { int b; } a = {' 'struct b { int c; } a;'; do
    plant global broker/a.c 4 "$s"$'\n};'
  done
  plant global broker/a.c 6 $'int f(void)\n{\n\tstatic int calls;\n\treturn calls++;\n}'
  for s in 'static const int a = 1;' 'static const char *const a = "";' 'struct b;' 'static int f(int a);' \
    'int f(int a) { return a; }' 'extern "C" int a;' 'static int (*const a)(int) = f;' 'static_assert(1 == 1, "");' 'struct b { int c; };' \
    'const struct b *f(void);' 'enum e { A = 1, B };' 'render_fn a, b;' \
    'static const struct { const char *b; int (*c)(int); } a[] = { {0, 0} };' 'int f(int a) __attribute__((pure));'; do
    allow broker/a.c "$s"
  done
  allow broker/a.c $'int f(void)\n{\n\tstatic const int a = 1;\n\tint b = a;\n\treturn b;\n}'
  allow common/log.c 'static int level;'
}

opening() {
  fresh
  put broker/a.c 'int f(void);'
  planted=$((planted + 2))
  { ! check || false; } | grep -q '^broker/a.c:1: opening: ' || complain 'a file without an opening comment was not reported'
  put broker/a.c $'/* One line only. */\nint f(void);'
  { ! check || false; } | grep -q '^broker/a.c:1: opening: ' || complain 'a short opening comment was not reported'
}

rooms() {
  fresh
  mkdir "$tree/misc" "$tree/build" "$tree/build-asan"
  planted=$((planted + 1))
  [ "$(check || true)" = 'misc:1: folder: the house has no such room' ] || complain 'an extra folder was not reported, or too much was'
  plant folder a.c 1 'int f(void);'
  plant document ARCHITECTURE.md 2 $'\n`tests/test_none.c` shows it'
  allow ARCHITECTURE.md '`tests/test_<module>.c`, `make check`, `ledger/state`'
}

fresh
check || complain 'an empty tree is tidy'
shape
words
includes
purity
globals
opening
rooms
echo "$planted violations planted"
exit $failed
