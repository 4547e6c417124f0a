#!/bin/bash
# Boots the virtual machine of image.sh and runs tests in it, on control groups v2 under systemd. The machine is emulated, without a
# network, and its disk is as before afterwards. Exit: 0 all passed, 1 one failed, 77 nothing could be run.
# usage: run.sh [JOB]...     guest.sh says which there are; short (the default) and all are lists of them
#        run.sh shell        a shell in it
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

build=${top_builddir:-$vm_top/build}
limit_s=${ZEUS_VM_LIMIT:-7200}
begin_s=180 # until the guest begins; an emulated processor hangs in its boot now and then
attempts=3
end_s=60 # from the end of the last job to that of the machine
v2='systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all'
programs='zeus zeus-broker zeus-views zeus-plan zeus-gpu zeus-ledger tests/system/prisoner'
for test in direct adopt net io full drift fault runtime; do programs+=" tests/test_kernel_$test"; done
short='units direct:limits loop supervise adopt:restart direct:limits@root'
all='facts units direct adopt adopt@root net io full drift fault runtime direct:limits@root loop enforce change crash refuse idioms two
  disk_full supervise isolate'

# The second disk: programs, the libraries that they were linked with (not the C library, which is the guest's), test scripts.
make_disk() { # DIRECTORY FILE
  local program file
  mkdir -p "$1/lib" "$1/build/tests/system" "$1/src/tests"
  for program in $programs; do
    file=$build/$program
    [ -x "$file" ] || vm_skip "$file is not built: make check TESTS=, then again"
    strip -o "$1/build/$program" "$file" 2> /dev/null || cp "$file" "$1/build/$program"
    ldd "$file" | awk '$2 == "=>" { print $3 }'
  done | sort -u | grep -v '/libc\.so\|/libm\.so\|/ld-linux' | while read -r file; do cp -L "$file" "$1/lib/"; done
  cp -R "$vm_top/tests/system" "$vm_top/tests/shell" "$vm_top/tests/vm" "$1/src/tests/"
  env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$build" -s install-strip DESTDIR="$1/root" > "$1/install.log" 2>&1 ||
    { cat "$1/install.log"; vm_die 'it cannot be installed'; }
  cp -R "$vm_top/systemd" "$vm_top/tools" "$1/src/"
  cp "$vm_here/guest.sh" "$1/start"
  chmod 755 "$1/start"
  printf '%s\n' "$jobs" > "$1/jobs"
  mke2fs -q -t ext4 -O ^has_journal -d "$1" "$2" 128M > /dev/null || vm_die 'the second disk cannot be made'
}

# Whoever ends this script, and however, ends the machine.
boot() { # CHARDEV
  TMPDIR=$work exec setpriv --pdeathsig TERM timeout --foreground -k 5 "$limit_s" setpriv --pdeathsig KILL \
    qemu-system-x86_64 -nodefaults -no-reboot -display none -machine pc,accel=tcg -cpu Nehalem \
    -smp "${ZEUS_VM_CPUS:-1}" -m 1024 -nic none -kernel "$vm_cache/vmlinuz" -initrd "$vm_cache/initrd.img" \
    -append "console=ttyS0 quiet panic=-1 cryptomgr.notests $v2 zeus.seconds=$((limit_s - begin_s - end_s)) psi=1 audit=0 mitigations=off" \
    -drive "file=$vm_cache/root.img,format=raw,if=virtio,snapshot=on,cache=unsafe" \
    -drive "file=$work/job.img,format=raw,if=virtio,readonly=on" \
    -serial "file:$work/console" -chardev "$1,id=talk" -serial chardev:talk
}

has_begun() { grep -q '^zeus-vm: begin' "$work/output"; }
runs() { kill -0 "$qemu" 2> /dev/null; }

# Until it has ended; 1 if it never began.
run_once() {
  local until=$((SECONDS + begin_s))
  : > "$work/console"
  : > "$work/output"
  boot "file,path=$work/output" < /dev/null &
  qemu=$!
  until has_begun || ! runs || [ $SECONDS -ge $until ]; do sleep 0.5; done
  has_begun || kill "$qemu" 2> /dev/null
  wait "$qemu"
  has_begun
}

report() {
  local passed failed skipped
  tr -d '\r' < "$work/output" | sed -u 's/^/  /' | grep -v '^  zeus-vm: \(begin\|end\)'
  ! grep -q '^zeus-vm: LATE' "$work/output" || vm_say 'no time was left for those that are said to be late'
  passed=$(grep -c '^zeus-vm: PASS' "$work/output") failed=$(grep -c '^zeus-vm: FAIL' "$work/output")
  skipped=$(grep -c '^zeus-vm: SKIP' "$work/output")
  if ! grep -q '^zeus-vm: end' "$work/output"; then
    tr -d '\r' < "$work/console" | tail -n 40
    vm_say "the machine did not come to its end within $limit_s s; above are the last lines of its console"
    failed=$((failed + 1))
  fi
  printf 'on control groups v2: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] || exit 1
  [ "$passed" != 0 ] || exit 77
}

vm_need qemu-system-x86 qemu-system-x86_64
vm_need e2fsprogs mke2fs
PATH=$PATH:/usr/sbin:/sbin
vm_is_made || vm_skip "there is no machine in $vm_cache; tests/vm/image.sh makes it"
jobs=${*:-short}
jobs=${jobs/#short/$short}
jobs=${jobs/#all/$all}
jobs=${jobs// /$'\n'}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zeus-vm.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM
make_disk "$work/job" "$work/job.img"
if [ "$jobs" = shell ]; then
  limit_s=86400
  (boot stdio,signal=off)
  exit
fi
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2> /dev/null; exit 130' INT TERM
for ((attempt = 1; attempt <= attempts; attempt++)); do
  ! run_once || break
  limit_s=$((limit_s - begin_s))
  [ "$limit_s" -gt $((2 * begin_s)) ] || break
  vm_say "the machine did not begin within $begin_s s; once more"
done
report
