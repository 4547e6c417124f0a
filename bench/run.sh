#!/bin/bash
# Runs the rows that are named (all without a name) and prints one table: what was measured, the peer of the same run, the ratio,
# and the floor, goal and moonshot that goals.tsv sets. No time is ever asserted: only a measurement that breaks is a failure.
set -eu
: "${top_srcdir:?run me by make bench}" "${top_builddir:?}"
export top_srcdir top_builddir
# Seconds; on an idle machine a row takes less than half of that.
limit_of() {
  case $1 in
    m | 9 | 10 | 1[ab]) echo 300 ;; # 10, 1a and 1b carry out every block again at their end
    *) echo 90 ;;
  esac
}
all_rows() { (cd "$top_srcdir/bench" && echo row_*.sh | sed 's/row_\([^ ]*\)\.sh/\1/g'); }
rows=("$@")
[ $# != 0 ] || read -ra rows <<< "$(all_rows)"
out=$(mktemp "${TMPDIR:-/tmp}/zeus-bench.XXXXXX")
trap 'rm -f "$out"' EXIT
status=0
read -r load _ < /proc/loadavg # of others: this should be near 0
for row in "${rows[@]}"; do
  script=$top_srcdir/bench/row_$row.sh
  [ -f "$script" ] || { echo "bench: there is no row $row; there are: $(all_rows)" >&2; exit 2; }
  echo "measuring $row ..." >&2
  code=0
  limit_s=$(limit_of "$row")
  timeout --foreground "$limit_s" "$script" >> "$out" || code=$?
  case $code in
    0 | 77) ;;
    124) printf 'skip\t%s\tit took longer than %s s\n' "$row" "$limit_s" >> "$out"; status=1 ;;
    *) printf 'skip\t%s\tthe measurement broke (exit %s)\n' "$row" "$code" >> "$out"; status=1 ;;
  esac
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf '%s, %s processors, Linux %s, %s, load before the run %s\n\n' "$cpu" "$(nproc)" "$(uname -r)" "$(date -u +%F)" "$load"
awk -F '\t' '
  function reached(ratio, how, bound) { return bound != "-" && (how == "at least" ? ratio >= bound : ratio <= bound) }
  FNR == NR { what[$1] = $2; how[$1] = $3; floor[$1] = $4; goal[$1] = $5; moon[$1] = $6; next }
  FNR == 1 {
    form = "%-16s %-75s %-16s %-18s %8s  %-8s %6s %6s %8s  %s\n"
    printf form, "row", "what, against which peer", "measured", "peer", "ratio", "wanted", "floor", "goal", "moonshot", "reached"
  }
  $1 == "row" {
    level = "-"
    if (reached($5, how[$2], floor[$2])) level = "floor"
    if (reached($5, how[$2], goal[$2])) level = "goal"
    if (reached($5, how[$2], moon[$2])) level = "moonshot"
    printf form, $2, what[$2], $3, $4, $5, how[$2], floor[$2], goal[$2], moon[$2], level
  }
  $1 == "skip" { printf "%-16s skipped: %s\n", $2, $3 }
  $1 == "note" { notes = notes sprintf("%-16s %s\n", $2, $3) }
  END { if (notes) printf "\n%s", notes }
' "$top_srcdir/bench/goals.tsv" "$out"
exit "$status"
