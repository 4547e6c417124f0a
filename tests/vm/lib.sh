# Sourced by image.sh and run.sh: where the virtual machine lies, and whether it can be made or booted here.
# shellcheck shell=bash disable=SC2034 # names that the scripts use

set -u
vm_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm_top=${top_srcdir:-$(cd "$vm_here/../.." && pwd)}
vm_cache=${ZEUS_VM_CACHE:-${XDG_CACHE_HOME:-/var/cache}/zeusnet-vm}
# A different recipe is a different machine.
vm_stamp=$(sha256sum "$vm_here/image.sh" | cut -c 1-16)

vm_say() { printf '%s\n' "$*" >&2; }
vm_skip() { vm_say "skipped: $*"; exit 77; }
vm_die() { vm_say "not ok: $*"; exit 1; }

vm_need() { # PACKAGE PROGRAM
  command -v "$2" > /dev/null || [ -x "/usr/sbin/$2" ] || vm_skip "there is no $2: apt-get install --no-install-recommends $1"
}

vm_is_made() { [ "$(cat "$vm_cache/stamp" 2> /dev/null)" = "$vm_stamp" ]; }
