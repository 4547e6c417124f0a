#!/bin/bash
# Do the service manager's tools accept the units, and is the sandbox as tight as promised? Skips (77) without systemd-analyze.
# Looks at copies whose programs exist, so that nothing need be installed.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
failed=0

complain() {
  echo "$1"
  failed=1
}

exposure() { # UNIT MOST: in tenths
  systemd-analyze security --offline=true --no-pager --threshold="$2" "$1" > "$dir/report" 2>&1 ||
    complain "${1##*/}: exposure over $2 tenths: $(tail -n 1 "$dir/report")"
  tail -n 1 "$dir/report"
}

if ! command -v systemd-analyze >/dev/null; then
  echo 'SKIP: systemd-analyze is not installed (apt install systemd)'
  exit 77
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/units.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
for unit in zeus-ledger zeus-broker zeus-leases zeus-mount; do
  cp /bin/true "$dir/bin/$unit"
  sed "s|@sbindir@|$dir/bin|; /^Documentation=/d" "$top/systemd/$unit.service.in" > "$dir/$unit.service"
done
systemd-analyze verify "$dir"/zeus-*.service > "$dir/verify" 2>&1 || failed=1
# What it says of other units on this machine is not ours.
! grep 'zeus' "$dir/verify" || failed=1
exposure "$dir/zeus-ledger.service" 15
# Its mount must be seen by all, and it makes groups, namespaces and containers: what is left to take away is little.
exposure "$dir/zeus-broker.service" 60
hides='^(Private(Tmp|Devices|Mounts|Users)|Protect(System|Home|Hostname|Proc|Kernel.*|ControlGroups)'
hides="$hides|(ReadOnly|ReadWrite|Inaccessible)Paths)="
! grep -E "$hides" "$dir/zeus-broker.service" || complain 'zeus-broker.service: this hides the mount from everybody'
if command -v systemd-sysusers >/dev/null; then
  mkdir -p "$dir/root/etc"
  systemd-sysusers --root="$dir/root" "$top/systemd/zeus.sysusers" > "$dir/users" 2>&1 || complain "sysusers: $(cat "$dir/users")"
  for user in zeus-ledger zeus-views zeus-plan; do
    grep -q "^$user:" "$dir/root/etc/passwd" || complain "sysusers: no user $user"
  done
  grep -q '^zeus:' "$dir/root/etc/group" || complain 'sysusers: no group zeus'
fi
if command -v systemd-tmpfiles >/dev/null && [ "$(id -u)" = 0 ]; then
  systemd-tmpfiles --create --root="$dir/root" "$top/systemd/zeus.tmpfiles" > "$dir/tmpfiles" 2>&1 ||
    complain "tmpfiles: $(cat "$dir/tmpfiles")"
  [ "$(stat -c '%a %u' "$dir/root/zeus")" = '555 0' ] || complain 'tmpfiles: /zeus is not root'\''s with mode 0555'
fi
exit $failed
