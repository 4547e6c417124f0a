#!/bin/bash
# Row 11: in one process, in memory.
set -eu
exec "${top_builddir:?}/bench/bench_place"
