#!/bin/bash
# Does bash complete zeus: its commands, the names of keys, every option that --help names?
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
zeus=${top_builddir:-$top/build}/zeus
work=$(mktemp -d "${TMPDIR:-/tmp}/zeus-completion.XXXXXX")
trap 'rm -rf "$work"' EXIT
# shellcheck source=completions/zeus
. "$top/completions/zeus"

fail() {
  echo "not ok: $*"
  exit 1
}
completes() { # WORDS, THE LAST BEING COMPLETED: what may come, sorted
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _zeus
  printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
same() { # EXPECTED WORDS...
  local expected=$1 got
  shift
  got=$(completes "$@")
  [ "$got" = "$expected" ] || fail "$*: '$got', not '$expected'"
}

mkdir -p "$work/zeus/keys" "$work/tree/tasks"
touch "$work/zeus/keys/alice.key" "$work/zeus/keys/bob.key"
export XDG_CONFIG_HOME=$work
cd "$work"
same 'key sign status top wait ' zeus ''
same 'status ' zeus st
same 'new ' zeus key n
same 'alice bob ' zeus key export ''
same 'alice ' zeus sign a
mkdir other
touch other/carol.key
same 'carol ' zeus key --dir other export ''
same 'tasks ' zeus --mount "$work/tree" wait t
same '--passphrase-fd --passphrase-file ' zeus sign --pass
helped() { # COMMAND...: the options of its --help
  "$@" --help | grep -Eo '^  --[a-z-]+' | tr -d ' ' | sort -u
}
[ -x "$zeus" ] || { echo 'SKIP: zeus is not built' && exit 77; }
for option in $(helped "$zeus" key); do
  { completes zeus key --; completes zeus key passwd --; } | grep -q -- "$option" || fail "zeus key $option is not completed"
done
for option in $(helped "$zeus" sign); do
  completes zeus sign -- | grep -q -- "$option" || fail "zeus sign $option is not completed"
done
echo 'passed'
