#!/bin/sh
# A short run of the simulator: a few seeds, one of them restarted at every step, one recounted from its trace.
set -eu
here=${top_builddir:-.}/tests/sim
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
out=$("$here/sim" --seeds 6 --blocks 100 --quiet)
echo "$out"
echo "$out" | grep -q '[1-9][0-9]* accounts that moved' # or the rules of moving were not tried
"$here/sim" --seed 5 --blocks 30 --every-step --quiet > /dev/null
"$here/sim" --seed 4 --blocks 200 --trace "$trace" --quiet > /dev/null
"$here/recount" < "$trace"
