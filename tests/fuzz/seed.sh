#!/bin/bash
# The seed corpora, made anew: from the golden vectors, the contracts, tests/fuzz/seeds, and texts that are written here.
# Run it in a build tree, where `make tests/fuzz/seeds` was done. Files that fuzzing found (broke-*) and those made by hand stay.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
corpus=$top/tests/fuzz/corpus
vectors=$top/tests/vectors

unhex() { sed 's/../\\x&/g' | xargs -0 printf '%b'; }
hex_of() { awk -v n="$2" '$1 == n { printf "%s", $2 }' "$vectors/$1"; }
names() { awk '{ print $1 }' "$vectors/$1"; }
le() { # NUMBER BYTES: little-endian hex
  local i n=$1
  for ((i = 0; i < $2; i++)); do printf '%02x' $((n >> 8 * i & 255)); done
}
vector() { # TARGET NAME HEX
  printf '%s' "$3" | unhex >"$corpus/$1/$2"
}

for target in "$top"/tests/fuzz/fuzz_*.c; do mkdir -p "$corpus/$(basename "$target" .c | sed 's/^fuzz_//')"; done

seed_vectors() {
  local name hex all=''
  for name in $(names tx.txt); do
    hex=$(hex_of tx.txt "$name")
    case $name in
      deploy-*) vector deploy "$name" "$hex" ;;
      *)
        vector tx "$name" "$hex"
        vector body "$name" "${hex:2:2}${hex:184:$((2 * $(printf '%d' "0x${hex:178:2}${hex:176:2}")))}"
        ;;
    esac
  done
  for name in $(names fact.txt); do
    vector fact "$name" "$(hex_of fact.txt "$name")"
    all+=$(hex_of fact.txt "$name")
  done
  vector fact all "$all"
  local type=(head=00 hello=01 welcome=02 intent=04 answer=06 get_block=07 block=08 uids=0a open_uid=0b batch=0c usages=0d
    find_tx=0e found=0f get_proof=10 at=11)
  for name in "${type[@]}"; do vector wire "${name%=*}" "${name#*=}$(hex_of wire.txt "${name%=*}")"; done
  vector receipt one "$(hex_of header.txt receipt)"
  vector block main-header "00$(hex_of header.txt main)"
  vector block lane-header "00$(hex_of header.txt lane)"
  hex=$(hex_of fact.txt usage)
  vector usage receipt "01${hex:10:384}"
  hex=$(hex_of tx.txt open)
  vector usage auth "00${hex:216:136}"
  hex=$(hex_of standard_lease.txt lease-standard-1)
  vector fsm standard "$(le $((${#hex} / 2)) 4)$hex$(printf '05%.0s' {1..40})0003010c02ff1140213c06050401"
}

seed_proofs() { # two leaves of four, and the hash of the others
  vector proof many "00$(le 4 4)$(le 1 4)$(le 0 4)$(le 2 4)$(le 1 4)$(printf 'ab%.0s' {1..32})"
  vector proof absent "01$(le 0 5)00$(le 0 2)"
  vector proof sketch "02$(le 0 64)"
}

seed_contracts() {
  local f
  for f in "$top"/tests/contracts/*.zeus; do cp "$f" "$corpus/contract/$(basename "$f" .zeus)"; done
}

seed_lines() {
  printf '\000\000%s\n' 'bid cpu cpu=0.5 mem=128M disk=64M up=20mbit down=20mbit iops=100 conn=10 pids=32 price=0.1 for=10m app=demo' \
    'ask gpu 2 @ 0.90 for 2h' 'ask cpu qty=8 price=0.02 min=10m max=1d node=self tif=gtc until=2030-12-01T10:00:00Z # note' \
    >"$corpus/line/orders"
  printf '\004\000%s\n' 'bid cpu qty=2 price=0.9 for=2h cpu=1 mem=64M pids=8 name=a' 'cancel mine' 'amend mine qty=2 price=0.01' \
    'ask cpu price=0.02 cpu=1 max=1d name=b' >"$corpus/line/batch"
  printf '\002\001%s\n' topup\ 1.5 release accept 'dispute late' reject confirm >"$corpus/line/lease-ctl"
  printf '\003\002%s\n' start 'stop 10s' 'kill TERM' kill >"$corpus/line/task-ctl"
  printf '1.50000000' >"$corpus/text/amount"
  printf '1h30m' >"$corpus/text/duration"
  printf '20mbit' >"$corpus/text/rate"
  printf '512M' >"$corpus/text/size"
  printf '2018-12-01T10:00:00.123Z' >"$corpus/text/time"
  printf 'znc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq' >"$corpus/text/address"
}

seed_conf() {
  cp "$top/systemd/zeus.conf" "$corpus/conf/example"
  sed -n 's|^;||p;/^\[/p' "$top/systemd/zeus.conf" >"$corpus/conf/all"
}

seed_files() {
  printf '\003ZACK\007\000\000\000\000\000\000\000' >"$corpus/acked/height"
  { printf '\001ZKEY\001\000\000\000\350\003\000\000'; head -c 192 /dev/zero; } >"$corpus/keystore/key"
}

seed_verbs() {
  local open quota name=30303030303030303030 res=''
  local n
  for n in 1000 128 0 0 64 100 100 0 0 16 0 0; do res+=$(le $n 4); done
  quota=${res}$(le 0 4)
  open=02$(le 1 4)${name}3161${quota}
  vector verb answers "01$quota"
  vector verb requests "00$(for p in "01$(le 9 4)" "$open" "07$(le 2 4)" "08$(le 3 4)${name}3161" "05$(le 4 4)${name}316101" \
    "09$(le 5 4)$(le 1 4)${name}3161" "04$(le 6 4)${name}3161" \
    "0a$(le 7 4)${name}3161$(printf '61%.0s' {1..64})$(le 1 4)$(le 4 4)2f62696e$(le 1 4)$(le 3 4)4b3d76$(le 1 4)2f" \
    "0b$(le 8 4)${name}3161" "0c$(le 9 4)${name}3161$(le 15 4)" "0d$(le 9 4)${name}3161" "06$(le 9 4)${name}3161"; do
    printf '%s%s' "$(le $((${#p} / 2)) 2)" "$p"
  done)"
}

seed_images() {
  local box arch
  box=$(mktemp -d)
  arch=$(uname -m)
  [ "$arch" != x86_64 ] || arch=amd64
  local config='{"architecture":"'$arch'","os":"linux","config":{"Entrypoint":["/bin/demo"],"Cmd":["-v"],'
  config+='"Env":["A=b"],"WorkingDir":"/srv"},'
  config+='"rootfs":{"type":"layers","diff_ids":["sha256:00"]}}'
  local oci='application/vnd.oci.image'
  local manifest='{"schemaVersion":2,"config":{"mediaType":"'$oci'.config.v1+json",@c},"layers":[{"mediaType":"'$oci'.layer.v1.tar",@l}]}'
  local index='{"schemaVersion":2,"manifests":[{"mediaType":"'$oci'.manifest.v1+json",@m}]}'
  printf '%s\0%s\0%s' "$config" "$manifest" "$index" >"$corpus/image/demo"
  mkdir -p "$box/blobs/sha256"
  printf x >"$box/blobs/sha256/$(printf x | sha256sum | cut -c1-64)"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$box/oci-layout"
  printf '%s' "$index" >"$box/index.json"
  local how
  for how in ustar gnu; do
    {
      printf '\003'
      tar -C "$box" --format=$how --sort=name --mtime=@0 --owner=0 --group=0 -b2 -cf - oci-layout index.json blobs
    } >"$corpus/archive/$how"
  done
  rm -r "$box"
}

seed_vectors
seed_proofs
seed_contracts
seed_lines
seed_conf
seed_files
seed_verbs
seed_images
tests/fuzz/seeds "$corpus"
