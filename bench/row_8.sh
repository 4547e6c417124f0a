#!/bin/bash
# Row 8: an image of one static program, real leases of an instance of their own, and the runtimes alone on the same root file system.
set -eu
# shellcheck source=bench/common.sh
. "${top_srcdir:?}/bench/common.sh"
[ "$(id -u)" = 0 ] || skip 8 'only root can make groups, namespaces and containers'
for program in conmon umoci skopeo; do
  command -v "$program" > /dev/null || skip 8 "$program is not installed"
done
bench_begin
root=$bench_dir/root
mkdir -p "$root/proc" "$root/dev" "$root/sys" "$bench_dir/images"
cp "$top_builddir/bench/first" "$root/first"
umoci init --layout "$bench_dir/oci"
umoci new --image "$bench_dir/oci:first"
umoci insert --rootless --image "$bench_dir/oci:first" "$root" /
umoci config --image "$bench_dir/oci:first" --config.cmd /first
skopeo --insecure-policy copy -q "oci:$bench_dir/oci:first" "oci-archive:$bench_dir/first.tar"
image=$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' "$bench_dir/oci/index.json")
mv "$bench_dir/first.tar" "$bench_dir/images/$image.tar"

bench_mounts+=("$bench_dir/peer-crun/net" "$bench_dir/peer-runc/net")
bench_instance=$(bench_new_instance)
"$top_builddir/bench/bench_activation" "$bench_dir" "$bench_instance" "$image" "$root" &
bench_pids+=($!)
code=0
wait "$!" || code=$?
exit "$code"
