#!/bin/sh
# A few messages replayed, and a few sums.
set -eu
here=${top_builddir:-.}/tests/soak
"$here/replay" 2048
"$here/arithmetic" 100000
