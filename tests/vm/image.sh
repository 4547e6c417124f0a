#!/bin/bash
# Makes the virtual machine in which control groups v2 are tested: kernel, initrd and a root file system with systemd, of Debian packages
# only, once, in a cache directory outside the source tree. Does nothing if it is there. Needs root, a Debian mirror and about 1 GB.
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

# The runtime and its helpers, what the system tests call, and what makes a machine of it.
packages='systemd systemd-sysv dbus kmod udev crun runc conmon umoci skopeo busybox-static iproute2 e2fsprogs fuse3 util-linux attr
  iperf3 jq xxd psmisc procps'
modules='virtio_pci virtio_blk ext4'
disk_mib=2048

# The suite is the host's: the programs under test were linked against its C library.
suite() {
  # shellcheck source=/dev/null
  (. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") | grep .
}

# The kernel's package is unpacked, not installed: its scripts would make an initrd ten times as large.
kernel_hook() {
  cat << 'END'
set -eu
kernel=$(chroot "$1" apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1)
mkdir -p "$1/tmp/kernel"
chroot "$1" env -C /tmp/kernel apt-get download -qq -o APT::Sandbox::User=root "$kernel"
chroot "$1" sh -c 'dpkg-deb -x /tmp/kernel/*.deb /tmp/kernel/tree'
cp -a "$1"/tmp/kernel/tree/boot/. "$1/boot/"
cp -a "$1"/tmp/kernel/tree/lib/modules "$1/usr/lib/"
rm -rf "$1/tmp/kernel"
chroot "$1" depmod "$(ls "$1/usr/lib/modules")"
END
}

make_root() { # DIRECTORY
  local name
  [ "$(uname -m)" = x86_64 ] || vm_skip 'the machine is an x86_64 one, and so must its programs be'
  name=$(suite) || vm_skip 'the machine is made of the packages of the Debian release that this is; this is none'
  kernel_hook > "$work/kernel-hook"
  chmod 755 "$work/kernel-hook"
  # shellcheck disable=SC2086 # a list
  mmdebstrap --variant=minbase --mode=root --include="$(echo $packages | tr ' ' ,)" --customize-hook="$work/kernel-hook" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt='Acquire::Retries "3"' "$name" "$1"
}

# One service at boot: it mounts the second disk and runs what lies there.
make_service() { # ROOT
  mkdir -p "$1/job"
  ln -sf /dev/null "$1/etc/systemd/system/serial-getty@.service"
  ln -sf /dev/null "$1/etc/systemd/system/getty@.service"
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service \
    systemd-tmpfiles-clean.timer; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
  done
  echo 'zeus-vm' > "$1/etc/hostname"
  echo /job/lib > "$1/etc/ld.so.conf.d/00-zeus.conf"
  cat > "$1/etc/systemd/system/zeus-job.service" << 'END'
[Unit]
Description=What the second disk says
After=multi-user.target
[Service]
Type=oneshot
Delegate=yes
TasksMax=infinity
StandardInput=tty
TTYPath=/dev/ttyS1
StandardOutput=tty
StandardError=tty
ExecStart=/bin/sh -c 'mount -r /dev/vdb /job && exec /job/start'
ExecStopPost=/bin/systemctl poweroff --force
[Install]
WantedBy=default.target
END
  ln -sf ../zeus-job.service "$1/etc/systemd/system/multi-user.target.wants/zeus-job.service"
  ln -sf multi-user.target "$1/usr/lib/systemd/system/default.target"
}

make_initrd() { # ROOT FILE
  local release dir=$work/initrd module
  release=$(ls "$1/usr/lib/modules")
  mkdir -p "$dir/bin" "$dir/dev" "$dir/proc" "$dir/root" "$dir/modules"
  cp "$1/bin/busybox" "$dir/bin/busybox"
  {
    printf '#!/bin/busybox sh\n/bin/busybox mount -t proc proc /proc\n/bin/busybox mount -t devtmpfs dev /dev\n'
    for module in $modules; do
      chroot "$1" modprobe --show-depends -S "$release" "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
      cp "$1$path" "$dir/modules/"
      printf '/bin/busybox insmod /modules/%s\n' "${path##*/}"
    done
    printf 'until /bin/busybox test -b /dev/vda; do /bin/busybox usleep 10000; done\n'
    printf '/bin/busybox mount -t ext4 /dev/vda /root || exec /bin/busybox sh\n'
    printf '/bin/busybox umount /proc\n/bin/busybox mount -o move /dev /root/dev\nexec /bin/busybox switch_root /root /sbin/init\n'
  } > "$dir/init"
  chmod 755 "$dir/init"
  (cd "$dir" && find . | busybox cpio -o -H newc 2> /dev/null) > "$2"
}

vm_need qemu-system-x86 qemu-system-x86_64
vm_need mmdebstrap mmdebstrap
vm_need e2fsprogs mke2fs
vm_need busybox-static busybox
! vm_is_made || exit 0
[ "$(id -u)" = 0 ] || vm_skip 'making the file system of the machine needs root'
mkdir -p "$vm_cache" || vm_skip "the cache $vm_cache cannot be made"
exec 9> "$vm_cache/lock"
flock 9
! vm_is_made || exit 0
rm -f "$vm_cache/stamp"
work=$(mktemp -d "$vm_cache/making.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM
vm_say "making the machine in $vm_cache; this takes some minutes, once"
make_root "$work/root" > "$work/log" 2>&1 || {
  tail -n 30 "$work/log" >&2
  ! grep -qi 'failed to fetch\|could not resolve\|could not connect\|unable to connect\|timed out' "$work/log" ||
    vm_skip 'the packages of the machine cannot be fetched from the Debian mirror'
  vm_die 'the root file system cannot be made'
}
make_service "$work/root"
set -e
make_initrd "$work/root" "$work/initrd.img"
cp "$work/root"/boot/vmlinuz-* "$work/vmlinuz"
rm -rf "$work/root"/boot/* "$work/root"/var/cache/apt/* "$work/root"/var/lib/apt/lists/*
mke2fs -q -t ext4 -m 0 -O ^has_journal -d "$work/root" "$work/root.img" "${disk_mib}M" > /dev/null
mv "$work/vmlinuz" "$work/initrd.img" "$work/root.img" "$vm_cache/"
echo "$vm_stamp" > "$vm_cache/stamp"
