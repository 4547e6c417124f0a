#!/bin/bash
# Rows 1c and 3: in one process, in memory.
set -eu
exec "${top_builddir:?}/bench/bench_rounds"
