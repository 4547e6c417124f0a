#!/bin/bash
# Row 2: in one process, in memory.
set -eu
exec "${top_builddir:?}/bench/bench_match"
