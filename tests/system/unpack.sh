#!/bin/bash
# Hostile images: whatever a layer, a descriptor or an archive says, unpacking it ends in a refusal that leaves nothing, or in a tree that
# cannot harm; the host's own files stay as they were. The unpacker is ended in the middle, watched from outside and given a full disk.
# shellcheck source=tests/system/lib.sh disable=SC2010,SC2012,SC2013,SC2016,SC2115,SC2317 # names made here; functions called by name
. "$(dirname "$0")/lib.sh"
begin
need gzip tar setcap getcap xxd
unpacker=$build/tests/system/unpacker
[ -x "$unpacker" ] || fail "$unpacker is not built"
corrupt=74 large=7 full=28 # EBADMSG, E2BIG, ENOSPC

# --- what must not change ---

mkdir -p "$work/host/dir" "$work/lib"
echo precious | tee "$work/host/file" "$work/host/dir/file" > /dev/null
touched=/zeus-unpack-escaped-$$
guarded() {
  find "$work/host" -printf '%p %y %m %U %G %n %s %T@ %C@\n'
  sha256sum "$work/host/file" "$work/host/dir/file" /etc/passwd /etc/shadow /etc/hostname
  stat -c '%n %a %u %g %i %Z' / /etc /usr /usr/bin /etc/passwd /etc/shadow /dev /dev/null /dev/zero
  find / /tmp /etc /usr -maxdepth 1 -name "*${touched#/}*"
}
guarded > "$work/before"

# --- making images ---

lay=$work/layout
layers=() # the layers of the image that is being made, as tar files; the words below say what is said of them
media=application/vnd.oci.image.layer.v1.tar diff_lie='' digest_lie='' size_lie=0 config_media=application/vnd.oci.image.config.v1+json
start_image() {
  rm -rf "$lay" "${work:?}/lib"
  mkdir -p "$lay/blobs/sha256" "$work/lib"
  layers=() media=application/vnd.oci.image.layer.v1.tar diff_lie='' digest_lie='' size_lie=0
  config_media=application/vnd.oci.image.config.v1+json
}
blob() { # FILE: becomes a blob; says its digest
  local hex
  hex=$(sha256sum < "$1" | cut -d' ' -f1)
  cp "$1" "$lay/blobs/sha256/$hex"
  echo "$hex"
}
new_layer() { # then the tar's arguments; the layer's files are made below $work/lib by what stands before
  local tar
  tar=$work/layer.${#layers[@]}.tar
  rm -f "$tar"
  [ $# = 0 ] || tar -C "$work/lib" -cf "$tar" "$@" 2> "$work/tar.said" || fail "tar: $(cat "$work/tar.said")"
  layers+=("$tar")
}
plain() { case $media in *gzip) gzip -dc "$1" ;; *) cat "$1" ;; esac; }
seal() { # sets hex and archive
  local i tar diffs='' list='' size digest arch
  case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
  for i in "${!layers[@]}"; do
    tar=${layers[$i]}
    diffs="$diffs,\"sha256:$(plain "$tar" | sha256sum | cut -d' ' -f1)\""
    digest=$(blob "$tar")
    size=$(($(stat -c %s "$tar") + size_lie))
    list="$list,{\"mediaType\":\"$media\",\"digest\":\"sha256:${digest_lie:-$digest}\",\"size\":$size}"
  done
  [ -z "$diff_lie" ] || diffs=",\"sha256:$diff_lie\""
  echo "{\"os\":\"linux\",\"architecture\":\"$arch\",\"config\":{\"Cmd\":[\"/x\"]}," \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[${diffs#,}]}}" \
    > "$work/json"
  digest=$(blob "$work/json")
  echo "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"$config_media\"," \
    "\"digest\":\"sha256:$digest\",\"size\":$(stat -c %s "$work/json")},\"layers\":[${list#,}]}" > "$work/json"
  hex=$(blob "$work/json")
  echo '{"imageLayoutVersion":"1.0.0"}' > "$lay/oci-layout"
  echo "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"," \
    "\"digest\":\"sha256:$hex\",\"size\":$(
    stat -c %s "$work/json")}]}" > "$lay/index.json"
  archive=$work/$hex.tar
  tar -C "$lay" -cf "$archive" oci-layout index.json blobs
}

# --- unpacking them ---

place=$work/unpacked
mkdir -m 700 "$place"
: > "$work/procs"
unpack() { # sets code
  "$unpacker" "$archive" "$place" "$hex" "$work/procs" < /dev/null > "$work/said" 2>&1
  code=$?
}
unharmed() { # WHAT
  guarded > "$work/after"
  cmp -s "$work/before" "$work/after" || { diff "$work/before" "$work/after"; fail "$1: the host was changed"; }
}
refused() { # WHAT CODE
  unpack
  was_refused "$@"
}
was_refused() {
  [ $code = "$2" ] || { cat "$work/said"; fail "$1: exit code $code, not $2"; }
  [ -z "$(ls -A "$place")" ] || fail "$1: it left $(find "$place" | head -n 5)"
  unharmed "$1"
  ok "$1 is refused: $(tail -n 1 "$work/said")"
  rm -f "$archive"
}
harmless() { # WHAT [COMMAND...]: taken; nothing in it can harm, and the command, given its root, agrees
  unpack
  was_harmless "$@"
}
was_harmless() {
  local what=$1 root
  shift
  [ $code = 0 ] || { cat "$work/said"; fail "$what: exit code $code"; }
  unharmed "$what"
  root=$place/$hex/work/rootfs
  [ -z "$(find "$root" \( -perm /6000 -a ! -type l \) -o -type c -o -type b)" ] || fail "$what: set-id bits or devices"
  [ -z "$(find "$root" -mindepth 1 ! -uid +899999)" ] || fail "$what: files that are not of the image's users"
  [ -z "$(getcap -n -r "$root" 2> /dev/null)" ] || fail "$what: file capabilities"
  [ $# = 0 ] || "$@" "$root" || fail "$what: $* says no"
  [ "$(ls -A "$place")" = "$hex" ] || fail "$what: it left more than itself"
  ok "$what is made harmless"
  rm -rf --one-file-system "${place:?}/$hex" "$archive"
}
either() { # WHAT: refused or harmless, whichever this machine's programs choose
  unpack
  if [ $code = 0 ]; then was_harmless "$1"; else was_refused "$1" $corrupt; fi
}

has_x() { [ "$(cat "$1/x")" = x ]; }
start_image && echo x > "$work/lib/x" && new_layer x && seal
harmless 'a good image' has_x
start_image && echo x > "$work/lib/x" && new_layer x && gzip -9 "${layers[0]}" && layers=("${layers[0]}.gz") && media=$media+gzip &&
  seal
harmless 'a compressed one' has_x

# --- paths that lead out ---

inside_only() { [ -e "$1/$touched" ] || [ -z "$(find "$1" -name "*${touched#/}*")" ] || find "$1" -name "*${touched#/}*" -quit; }
start_image && echo x > "$work/lib/x" && new_layer -P --transform "s,^x,$touched," x && seal
harmless 'an absolute path' inside_only
start_image && echo x > "$work/lib/x" && new_layer -P --transform "s,^x,../../../../../../../../..$touched," x && seal
either 'a path that leads upward'
start_image && echo x > "$work/lib/x" && new_layer -P --transform "s,^x,a/../../../../..$work/host/file," x && seal
either 'a path that turns upward'
for to in /etc/shadow "$work/host/file" ../../../../../../etc/shadow ../../../../../..$work/host/file; do
  start_image && echo x > "$work/lib/a" && ln "$work/lib/a" "$work/lib/b" && new_layer -P --transform "flags=h;s,^a,$to," a b && seal
  either "a hard link to $to"
  start_image && echo x > "$work/lib/x" && ln -s "$to" "$work/lib/out" && new_layer out && rm "$work/lib/out" &&
  echo y > "$work/lib/out" &&
    new_layer out && seal
  harmless "a file over a symbolic link to $to"
done
for to in "$work/host" ../../../../../../../..$work/host / /proc/1/root; do
  start_image && ln -s "$to" "$work/lib/out" && new_layer out && rm "$work/lib/out" && mkdir "$work/lib/out" &&
    echo y > "$work/lib/out/${touched#/}" && echo z > "$work/lib/out/file" && new_layer "out/${touched#/}" out/file && seal
  either "a file through a link to $to in the layer below"
  start_image && ln -s "$to" "$work/lib/out" && new_layer out && rm "$work/lib/out" && mkdir "$work/lib/out" &&
    echo y > "$work/lib/out/file" && tar -C "$work/lib" -rf "${layers[0]}" out/file && seal
  either "a file through a link to $to in its own layer"
  for gone in .wh.file .wh..wh..opq; do
    start_image && ln -s "$to" "$work/lib/out" && new_layer out && rm "$work/lib/out" && mkdir "$work/lib/out" &&
      : > "$work/lib/out/$gone" && new_layer "out/$gone" && seal
    either "$gone through a link to $to"
  done
done
for name in .wh. .wh.. .wh... .wh..wh.plnk; do
  start_image && echo x > "$work/lib/x" && new_layer x && : > "$work/lib/$name" && new_layer "$name" && seal
  either "the whiteout $name"
  start_image && : > "$work/lib/x" && new_layer -P --transform "s,^x,../../../../../../../..$work/host/$name," x && seal
  either "the whiteout ../$name"
done
start_image && echo x > "$work/lib/x" && new_layer x && : > "$work/lib/.wh..wh..opq" && new_layer .wh..wh..opq && seal
harmless 'a layer that hides all below it'

# --- what a file must not be ---

start_image && mknod "$work/lib/null" c 1 3 && new_layer null && seal
refused 'a character device' $corrupt
start_image && mknod "$work/lib/disk" b 254 0 && new_layer disk && seal
refused 'a disk' $corrupt
start_image && mknod "$work/lib/gone" c 0 0 && new_layer gone && seal
refused 'a whiteout that is a device' $corrupt
start_image && mkfifo "$work/lib/pipe" && new_layer pipe && seal
either 'a pipe'
start_image && cp /bin/true "$work/lib/x" && mkdir "$work/lib/dir" && chown 1000:1000 "$work/lib/x" && chmod 6755 "$work/lib/x" &&
  chmod 6777 "$work/lib/dir" && new_layer x dir && seal
harmless 'a set-id program'
start_image && cp /bin/true "$work/lib/x" && setcap cap_sys_admin+ep "$work/lib/x" &&
  new_layer --format=pax --xattrs --xattrs-include='*' x && seal
harmless 'a file capability'
for attribute in trusted.overlay.opaque trusted.overlay.redirect trusted.overlay.metacopy security.selinux system.posix_acl_access; do
  start_image && mkdir "$work/lib/x" && new_layer --format=pax --pax-option="SCHILY.xattr.$attribute:=/../../.." x && seal
  either "the attribute $attribute"
done

# --- names, depth, numbers ---

start_image && (cd "$work/lib" &&
  for name in $'a\nb' $'\033[2Jx' $'\001' -rf $'\377\376' "$(printf 'n%.0s' {1..255})" '$(id)' '...' '..x'; do
  echo x > "./$name"; done) && new_layer . && seal
harmless 'strange names'
start_image && echo x > "$work/lib/x" && new_layer --format=pax --transform "s,^x,$(printf 'n%.0s' {1..300})," x && seal
refused 'a name of 300 bytes' $corrupt
start_image && echo x > "$work/lib/x" && new_layer --format=pax --transform "s,^x,$(printf 'd/%.0s' {1..63})x," x && seal
harmless 'sixty-three directories below each other'
start_image && echo x > "$work/lib/x" && new_layer --format=pax --transform "s,^x,$(printf 'd/%.0s' {1..200})x," x && seal
refused 'two hundred' $large
long=$(printf 'n%.0s' {1..250})
half=$long/$long/$long/$long/$long/$long/$long/$long
start_image && echo x > "$work/lib/x" &&
  new_layer --format=pax --transform "s,^x,$half/x," x &&
  new_layer --format=pax --transform "s,^x,$half/$half/x," x && seal
either 'a path that is almost too long'
start_image && : > "$work/lib/x" && for i in 1 2 3; do new_layer x; done && mkdir "$work/lib/d" &&
  new_layer --transform 's,^d,x,' d && new_layer x &&
  seal
either 'one name, by turns a file and a directory'
start_image && echo x > "$work/lib/x" && new_layer x && tar -C "$work/lib" -rf "${layers[0]}" x &&
  tar -C "$work/lib" -rf "${layers[0]}" x && seal
harmless 'one file three times' has_x

# --- bombs ---

start_image && new_layer && head -c 400000000 /dev/zero > "$work/lib/x" && tar -C "$work/lib" -c x | gzip -9 > "${layers[0]}" &&
  rm "$work/lib/x" &&
  media=$media+gzip && seal
between 'bytes of an archive of 400 MB' 1 "$(stat -c %s "$archive")" 1000000
bomb=$work/bomb.tar bomb_hex=$hex
cp "$archive" "$bomb"
cp "$archive" "$work/full.tar"
refused 'four hundred times its size' $large
start_image && truncate -s 8T "$work/lib/x" && new_layer --sparse --format=gnu x && seal
refused 'a sparse file of 8 TB' $corrupt
start_image && truncate -s 3T "$work/lib/x" && new_layer --sparse --format=pax x && rm "$work/lib/x" && seal
refused 'the same in another format' $corrupt
start_image && echo x > "$work/lib/x" && new_layer x &&
  printf '77777777777 ' | dd of="${layers[0]}" bs=1 seek=124 conv=notrunc status=none &&
  seal
refused 'a size that is not there, without a checksum' $corrupt
start_image && head -c 100000 /dev/urandom > "$work/lib/x" && new_layer x && truncate -s 60000 "${layers[0]}" && seal
refused 'a layer that is cut off' $corrupt
start_image && new_layer && head -c 100000 /dev/urandom > "${layers[0]}" && seal
refused 'a layer of noise' $corrupt
start_image && new_layer && head -c 100000 /dev/urandom > "${layers[0]}" && media=$media+gzip &&
  diff_lie=$(printf '0%.0s' {1..64}) && seal 2> /dev/null
refused 'noise that is said to be compressed' $corrupt

# --- documents that lie ---

lies() { # WHAT: with x as the only layer
  start_image
  echo x > "$work/lib/x"
  new_layer x
}
lies && diff_lie=$(printf 'a%.0s' {1..64}) && seal
refused "a layer that is not what the config's diff_id says" $corrupt
lies && digest_lie=$(printf 'a%.0s' {1..64}) && seal
refused 'a layer that is not there' $corrupt
lies && seal && blob_of=$lay/blobs/sha256/$(sha256sum < "${layers[0]}" | cut -d' ' -f1) && echo y >> "$blob_of" &&
  tar -C "$lay" -cf "$archive" oci-layout index.json blobs
refused 'a layer with another digest' $corrupt
lies && seal && echo ' ' >> "$lay/blobs/sha256/$hex" && tar -C "$lay" -cf "$archive" oci-layout index.json blobs
refused 'a manifest with another digest' $corrupt
lies && size_lie=1 && seal
refused 'a size that is not the layer' $corrupt
lies && media=application/x-nonsense && seal
refused 'a layer of an unknown type' $corrupt
lies && config_media=application/x-nonsense && seal
refused 'a config of an unknown type' $corrupt
lies && seal && hex=$(blob "$lay/index.json") && mv "$archive" "$work/$hex.tar" && archive=$work/$hex.tar &&
  tar -C "$lay" -cf "$archive" oci-layout index.json blobs
refused 'an index in place of the manifest' $corrupt
lies && seal && rm "$lay/oci-layout" && tar -C "$lay" -cf "$archive" index.json blobs
refused 'no layout' $corrupt
lies && seal && truncate -s 3000 "$archive"
refused 'half an archive' $corrupt
lies && seal && mv "$lay/blobs/sha256" "$lay/real" && ln -s "$work/host" "$lay/blobs/sha256" &&
  tar -C "$lay" -cf "$archive" oci-layout index.json blobs
refused 'blobs that are a link' $corrupt
lies && seal && ln -s "$work/host/file" "$lay/made" && tar -C "$lay" -cf "$archive" oci-layout index.json blobs made &&
  rm "$lay/made" &&
  echo y > "$lay/made" && tar -C "$lay" -rf "$archive" made
either 'an archive that writes through a link of its own'
lies && seal && rm "$lay/index.json" && ln -s "$work/host/file" "$lay/index.json" &&
  tar -C "$lay" -cf "$archive" oci-layout index.json blobs
harmless 'an index that is a link' has_x
lies && seal && tar -P -C "$lay" --transform "s,^oci-layout,$touched," -rf "$archive" oci-layout
either 'an archive with an absolute path'

# --- ended in the middle, and seen from outside ---

at=$(hierarchy pids)/zeus-test-$$
mkdir "$at"
group_gone() { ! [ -s "$at/cgroup.procs" ]; }
away() { holds 20 group_gone; rmdir "$at"; }
trap 'kill -KILL $(cat "$at/cgroup.procs") 2> /dev/null; away; end' EXIT
unpacks() { # sets pid
  for pid in $(cat "$at/cgroup.procs"); do
    case $(readlink "/proc/$pid/exe") in */umoci) return 0 ;; esac
  done
  return 1
}
archive=$bomb hex=$bomb_hex
"$unpacker" "$archive" "$place" "$hex" "$at/cgroup.procs" < /dev/null > "$work/said" 2>&1 &
helper $!
started=$!
await 60 'umoci unpacks' unpacks
kill -STOP "$pid"
for space in user net mnt ipc uts; do
  [ "$(readlink "/proc/$pid/ns/$space")" != "$(readlink "/proc/self/ns/$space")" ] || fail "the unpacker shares the host's $space namespace"
done
same 'its user' 900000 "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")"
same 'its capabilities: chown, dac_override, fowner, fsetid, setfcap' 000000008000001b \
  "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")"
same 'it may gain none' 1 "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$pid/status")"
same 'its root' 'bin etc lib lib64 old sbin tmp usr work' "$(ls -A "/proc/$pid/root" | tr '\n' ' ' | sed 's/ $//')"
same 'its links to a network' 1 "$(nsenter -t "$pid" -n ip -o link | wc -l)"
! find "/proc/$pid/fd" -lname "$work/host*" | grep . || fail 'it holds a file of the host'
kill -KILL $started
wait $started 2> /dev/null
kill -CONT "$pid" 2> /dev/null
await 30 'with the one that waited for it, all of it is gone' group_gone
[ -n "$(ls -A "$place")" ] || fail 'it was over before it was ended'
unharmed 'the end in the middle'
refused 'the same once more, over what was left' $large
away
trap end EXIT

# --- a full disk ---

mkdir "$work/small"
truncate -s 4G "$work/small.img"
mkfs.ext4 -q -F -m 0 "$work/small.img"
mount -o loop "$work/small.img" "$work/small"
chmod 711 "$work/small"
free_mib() { echo $(($(stat -f -c '%a * %S' "$work/small") / 1048576)); }
leave() { # MIB: free
  rm -f "$work/small/filler"
  fallocate -l $(($(free_mib) - $1))M "$work/small/filler"
}
mkdir -m 700 "$work/small/unpacked"
place=$work/small/unpacked archive=$work/full.tar hex=$bomb_hex
cp "$archive" "$work/again.tar"
leave 200
refused 'an image that fills the disk' $full
archive=$work/again.tar
leave 20
refused 'an image on a full disk' $full
start_image && echo x > "$work/lib/x" && new_layer x && seal
rm "$work/small/filler"
harmless 'another, when there is room again' has_x
umount "$work/small"
