#!/bin/bash
# Are the manual pages well-formed, and does each say how it is used and how it ends? Skips (77) without mandoc.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
build=${top_builddir:-$top/build}
failed=0

complain() {
  echo "$1"
  failed=1
}

if ! command -v mandoc >/dev/null; then
  echo 'SKIP: mandoc is not installed (apt install mandoc)'
  exit 77
fi
for page in "$top"/man/*.[1-9]; do
  # Whether a page that is named exists is asked below: mandoc looks for it among those installed.
  found=$(mandoc -T lint -W style "$page" 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db' || true)
  [ -z "$found" ] || complain "$found"
  for section in NAME DESCRIPTION EXAMPLES; do
    grep -q "^\.Sh $section\$" "$page" || complain "${page##*/}: no section $section"
  done
  while read -r name section; do
    [ -f "$top/man/$name.$section" ] || complain "${page##*/}: no page $name($section)"
  done < <(sed -n 's/^\.Xr \(zeus[^ ]*\) \([1-9]\).*/\1 \2/p' "$page" | sort -u)
  case $page in
    *.[18]) grep -q '^\.Sh EXIT STATUS$' "$page" || complain "${page##*/}: no section EXIT STATUS" ;;
  esac
done

# The options that a program names in its --help are those of its page. Programs that are not built are not asked.
for program in zeus-broker zeus-ledger zeus zeus-key zeus-sign; do
  case $program in
    zeus-key | zeus-sign) command=(zeus "${program#zeus-}") ;;
    *) command=("$program") ;;
  esac
  [ -x "$build/${command[0]}" ] || continue
  helped=$("$build/${command[0]}" "${command[@]:1}" --help | grep -Eo '^  --[a-z-]+(, --[a-z-]+)*' | grep -o -- '--[a-z-]*' | sort -u)
  paged=$(sed -n 's/^\.It Fl -\([a-z-]*\).*/--\1/p' "$top/man/$program".[18] | sort -u)
  [ "$helped" = "$paged" ] || complain "$program: its page and its --help name different options: $helped / $paged"
done
exit $failed
