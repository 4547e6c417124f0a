#!/bin/bash
# Are the built programs hardened as configure.ac says, and linked with nothing that their role forbids? Asks the files, not the flags.
# Skips (77) under sanitizers, which change all of this, or when nothing is built.
set -eu
build=${top_builddir:-$(cd "$(dirname "$0")/.." && pwd)}
failed=0
seen=0

complain() {
  echo "$1: $2"
  failed=1
}

check_program() { # NAME
  local name=$1 file=$build/$1 header dynamic segments symbols
  header=$(readelf -hW "$file")
  dynamic=$(readelf -dW "$file")
  segments=$(readelf -lW "$file")
  symbols=$(readelf --dyn-syms -W "$file")
  grep -q 'Type: *DYN' <<<"$header" || complain "$name" 'not position independent'
  grep -q 'FLAGS_1.*PIE' <<<"$dynamic" || complain "$name" 'not a position independent program'
  grep -q 'GNU_RELRO' <<<"$segments" || complain "$name" 'no RELRO'
  grep -Eq 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || complain "$name" 'lazy binding: RELRO is not full'
  grep -q 'GNU_STACK.* RW ' <<<"$segments" || complain "$name" 'the stack is executable, or nothing says that it is not'
  grep -q '__stack_chk_fail' <<<"$symbols" || complain "$name" 'no stack protector'
  ! grep -Eq 'RPATH|RUNPATH' <<<"$dynamic" || complain "$name" 'has a run path'
  ! grep -Eq 'LOAD .* RWE ' <<<"$segments" || complain "$name" 'a segment is both writable and executable'
}

check_libraries() { # NAME LIBRARY...: directly or through others
  local name=$1 linked library
  shift
  linked=$(ldd "$build/$name")
  for library; do
    ! grep -q "^[[:space:]]*lib$library\." <<<"$linked" || complain "$name" "is linked with lib$library"
  done
}

forbidden() { # NAME: what its role may not hold
  case $1 in
    zeus-broker) echo fuse3 sodium leveldb ;;
    zeus-views) echo leveldb cgroup nl-3 nl-route-3 nftables bpf ;;
    zeus-plan) echo leveldb fuse3 cgroup nl-3 nl-route-3 nftables bpf ;;
    zeus-ledger) echo fuse3 cgroup nl-3 nl-route-3 nftables bpf ;;
    zeus) echo leveldb fuse3 cgroup nl-3 nl-route-3 nftables bpf ;;
    zeus-gpu) echo leveldb fuse3 cgroup nl-3 nl-route-3 nftables bpf sodium jansson nvidia-ml ;;
  esac
}

if [ "${sanitizers:-no}" = yes ]; then
  echo 'SKIP: built with sanitizers'
  exit 77
fi
for name in zeus-broker zeus-views zeus-plan zeus-gpu zeus-ledger zeus; do
  [ -f "$build/$name" ] || continue
  seen=$((seen + 1))
  check_program "$name"
  # shellcheck disable=SC2046 # a list
  check_libraries "$name" $(forbidden "$name")
done
if [ "$seen" = 0 ]; then
  echo "SKIP: no program is built in $build"
  exit 77
fi
echo "$seen programs looked at"
exit $failed
