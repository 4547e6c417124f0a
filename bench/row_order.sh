#!/bin/bash
# Row order: the canonical order of a lane, in this process alone.
set -eu
exec "${top_builddir:?}/bench/bench_order"
