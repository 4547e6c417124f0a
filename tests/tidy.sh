#!/bin/bash
# Does the tree keep the house rules (CONTRIBUTING.md)? Prints each violation as file:line: rule: text; exit 1 if any.
# Works on $top_srcdir, or on the tree it lies in. The rules about text are in tidy.awk.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "${top_srcdir:-$here/..}" && pwd)
export LC_ALL=C

folders='common kernel-facing zfs-views broker ledger cli apps systemd man debian completions bench tests tools .ci'
# Made by the tools; never ours.
made='build* _build _inst autom4te.cache zeusnet-[0-9]* .git .deps'

is_one_of() { # NAME PATTERN...
  local name=$1 pattern
  shift
  for pattern; do
    # shellcheck disable=SC2254 # patterns are meant
    case $name in $pattern) return 0 ;; esac
  done
  return 1
}

is_ignored() { # NAME: does git ignore it?
  [ -e "$top/.git" ] && git -c safe.directory='*' -C "$top" check-ignore -q -- "$1" 2>/dev/null
}

check_folders() {
  local path name
  set -f
  for path in $(cd "$top" && find . -mindepth 1 -maxdepth 1 -type d); do
    name=${path#./}
    # shellcheck disable=SC2086 # lists
    is_one_of "$name" $folders $made || is_ignored "$name" || echo "$name:1: folder: the house has no such room"
  done
  set +f
}

list_files() {
  local folder
  find "$top" -maxdepth 1 -type f \( -name '*.sh' -o -name '*.md' -o -name '*.ac' -o -name '*.am' -o -name '*.[ch]' \) \
    ! -name config.h -print0
  for folder in $folders; do
    [ ! -d "$top/$folder" ] || find "$top/$folder" \( -name .deps -o -name '*.log' -o -name '*.trs' \) -prune -o \
      -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.am' -o -name '*.md' -o -name '*.[1-9]' -o -name '*.in' \
      -o -name '*.conf' -o -name '*.service' -o -name 'zeus.*' -o -path '*/.ci/run' \) -print0
  done
}

check_files() { list_files | sort -z | xargs -0r awk -v root=$((${#top} + 1)) -f "$here/tidy.awk"; }

# What the documents say is there, is there.
check_documents() {
  local document path line
  for document in README.md ARCHITECTURE.md CONTRIBUTING.md; do
    [ -f "$top/$document" ] || continue
    grep -noE '`[a-z-]+(/[A-Za-z0-9_-]+)+\.(c|h|sh)`' "$top/$document" | tr -d '`' | while IFS=: read -r line path; do
      [ -e "$top/$path" ] || echo "$document:$line: document: there is no $path"
    done
  done
}

found=$(check_folders; check_documents; check_files)
[ -n "$found" ] || exit 0
printf '%s\n' "$found"
echo "tidy: $(printf '%s\n' "$found" | wc -l) to mend" >&2
exit 1
