#!/bin/bash
# zeus top against a made tree: what it shows, in which order, of hostile text too; and what it says when there is no tree.
set -eu
zeus=${top_builddir:-.}/zeus
[ -x "$zeus" ] || { echo "no $zeus"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/zeus-top.XXXXXX")
trap 'rm -rf "$dir"' EXIT
fail() { echo "top.sh: $*" >&2; exit 1; }
lease() { # NAME STATE RATE CPU_US UP_MS MEM
  mkdir -p "$dir/leases/$1"
  printf 'state %s\nremaining_sec 3661\nrate %s\napp blender\n' "$2" "$3" > "$dir/leases/$1/status"
  printf 'usage_usec %s\nmemory_current %s\nmemory_peak 9\nrx_bytes 2000\ntx_bytes 4000\ngpu_ms 0\npids_current 3\nup_ms %s\n' \
    "$4" "$6" "$5" > "$dir/leases/$1/usage"
}
lease l-aaa active 2.5 500000 1000 1048576
lease l-bbb active 10 900000 1000 2048
lease l-ccc ending 1 100000 1000 3145728
mkdir "$dir/leases/l-gone" # another user's, or ended: nothing can be read

out=$("$zeus" top --tree "$dir" < /dev/null)
[ "$(echo "$out" | wc -l)" = 4 ] || fail "not a header and three rows: $out"
order() { "$zeus" top --once --tree "$dir" --sort "$1" < /dev/null | awk 'NR > 1 { printf "%s ", $1 }'; }
[ "$(order cpu)" = 'l-bbb l-aaa l-ccc ' ] || fail "by cpu: $(order cpu)"
[ "$(order mem)" = 'l-ccc l-aaa l-bbb ' ] || fail "by mem: $(order mem)"
[ "$(order cost)" = 'l-bbb l-aaa l-ccc ' ] || fail "by cost: $(order cost)"
[ "$(order name)" = 'l-aaa l-bbb l-ccc ' ] || fail "by name: $(order name)"
echo "$out" | grep -Eq '^l-aaa +active +50\.0 +0\.0 +1\.0M +3 .* 1:01:01 +2\.5 +blender$' || fail "the row of l-aaa: $out"
[ "$("$zeus" top -n 2 -d 0.1 --tree "$dir" < /dev/null | grep -c l-aaa)" = 2 ] || fail '-n 2 is not twice'

printf 'state a"\033[31m\\b\nrate 1\n' > "$dir/leases/l-ccc/status"
! "$zeus" top --once --tree "$dir" < /dev/null | LC_ALL=C grep -q "$(printf '\033')" || fail 'an escape sequence went through'
"$zeus" top --json --once --tree "$dir" < /dev/null > "$dir/json"
grep -q '"state":"a\\"?\[31m\\\\b"' "$dir/json" || fail "JSON: $(cat "$dir/json")"
if command -v python3 > /dev/null; then
  python3 -c 'import json, sys; v = json.load(open(sys.argv[1])); assert len(v) == 3 and v[0]["cpu_percent"] == 90.0' "$dir/json"
fi

refused() { # CODE WORD ARGUMENT...
  local code=0 want=$1 word=$2
  shift 2
  "$zeus" top "$@" < /dev/null > "$dir/out" 2>&1 || code=$?
  [ "$code" = "$want" ] || fail "top $*: exit $code, not $want"
  grep -q -- "$word" "$dir/out" || fail "top $* says: $(cat "$dir/out")"
}
refused 69 'zeus-broker running' --tree "$dir/none"
refused 2 '--sort takes' --tree "$dir" --sort colour
refused 2 '-n takes' -n 0
refused 2 '-d takes' -d 0
refused 2 'takes no' more
rm -r "$dir/leases"
mkdir "$dir/leases"
[ "$("$zeus" top --json --tree "$dir" < /dev/null)" = '[]' ] || fail 'an empty tree is not an empty array'
