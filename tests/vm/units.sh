#!/bin/bash
# The units as they are shipped, under a service manager: installed, started, restarted, killed, misconfigured, stopped. Run by guest.sh, in
# the virtual machine only: it takes the machine for itself.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
begin
export state=/var/lib/zeus mnt=/zeus
export build=/usr/local/sbin ZEUS=$mnt

show_logs() { journalctl --no-pager -o cat -n 80 -u 'zeus-*'; systemctl --no-pager --lines=0 status 'zeus-*'; }
main_pid() { systemctl show -P MainPID zeus-broker; }
another_main() { local pid; pid=$(main_pid) && [ "$pid" != 0 ] && [ "$pid" != "$1" ]; }
is_state() { [ "$(systemctl show -P ActiveState "$1")" = "$2" ]; }
running() { [ -e "/proc/$1" ] && ! gone "$1"; }
mounted() { awk -v d="$mnt" '$2 == d' /proc/mounts | wc -l; }
mount_number() { stat -c %d "$mnt"; }
quietly() { # SYSTEMCTL-ARGUMENT...
  systemctl --no-ask-password "$@" || fail "systemctl $* says $?"
}

# --- installing ---

cp -a /job/root/. /
systemd-sysusers
systemd-tmpfiles --create
systemctl daemon-reload
mkdir -p /usr/local/etc/zeus
config=/usr/local/etc/zeus/zeus.conf
printf '[node]\nreceipt_interval = 1s\n[offer]\ncpu = 2\nmem = 512M\ndisk = 1G\nup = 1000mbit\ndown = 1000mbit\npids = 4096\n' > $config
! systemctl start zeus-ledger 2> /dev/null || fail 'the ledger starts before it was made'
setpriv --reuid=zeus-ledger --regid=zeus-ledger --clear-groups -- true || fail 'there is no user zeus-ledger'
zeus-ledger --init --operator $seller --account $seller=1000 --account $buyer=1000 --param trial=1s --param grace=60s --param settle=4s \
  --param consent=1s || fail 'zeus-ledger --init'
before=$(left_behind)
same 'what is there before' '' "$before"

# --- starting: ready when systemctl returns ---

quietly start zeus-ledger zeus-broker
same 'the broker' active "$(systemctl is-active zeus-broker)"
same 'the ledger' active "$(systemctl is-active zeus-ledger)"
same 'mounts on /zeus as soon as it is ready' 1 "$(mounted)"
await 20 'the tree is served and this machine is registered' serves
for unit in zeus-broker zeus-ledger; do
  same "$unit notifies" serving "$(systemctl show -P StatusText $unit)"
  [ "$(systemctl show -P WatchdogUSec $unit)" != 0 ] || fail "$unit has no watchdog"
done

# --- a task, in the unit's sandbox ---

app steady <<'END'
n=0
while :; do
  n=$((n + 1))
  echo "beat $n"
  busybox usleep 200000
done
END
resources='cpu=0.25 mem=64M pids=32 disk=16M up=4mbit down=8mbit'
rent steady steady "$resources" 50m
pid=$(task_pid steady)
beats() { grep -c beat "$mnt/tasks/steady/log"; }
more_beats() { [ "$(beats)" -gt "$1" ]; }
await 20 'the task works' more_beats 3
grep -q "^0::/system.slice/zeus-leases.service/zeus/.*/lease-${lease#l-}/" "/proc/$pid/cgroup" ||
  fail "it lives in $(cat "/proc/$pid/cgroup")"
same 'the runtime' /usr/bin/crun "$(pgrep -a conmon | grep -o '/[^ ]*/crun' | head -n 1)"
same 'memory' 67108864 "$(limit memory "$lease" - memory.max)"
same 'processor' '25000 100000' "$(limit cpu "$lease" - cpu.max)"
same 'drift' '' "$(cat "$mnt/leases/$lease/drift")"
same 'what the task may' 0000000000000000 "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")"

# --- restarted and killed: the task, the mount, and who reads ---

number=$(mount_number)
: > "$work/errors"
reader() { # FILE
  until [ -e "$work/enough" ]; do
    cat "$1" > /dev/null 2>> "$work/errors" || echo "$1: cat says $?" >> "$work/errors"
    echo >> "$work/reads"
  done
}
readers=''
for file in health "leases/$lease/status" "accounts/$(name_of $buyer)/balance"; do
  reader "$mnt/$file" &
  readers="$readers $!"
done
helper "$readers"
exec 7< "$mnt/market/cpu/book"
undisturbed() { # WHAT
  await 20 "the tree answers after $1" serves
  same "the mount after $1" "$number 1" "$(mount_number) $(mounted)"
  same "the task after $1" "$pid" "$(task_pid steady)"
  running "$pid" || fail "the task died with $1"
  await 20 "its log goes on after $1" more_beats "$(beats)"
  same "errors that readers saw in $1" '' "$(head -n 5 "$work/errors")"
}
parent=$(main_pid)
quietly restart zeus-broker
another_main "$parent" || fail 'it is the same broker'
undisturbed 'a restart'
parent=$(main_pid)
kill -KILL "$parent"
await 20 'there is another broker' another_main "$parent"
undisturbed 'a broker that was killed'
systemctl reset-failed zeus-broker
parent=$(main_pid)
kill -STOP "$parent"
await 40 'the watchdog gives another broker' another_main "$parent"
undisturbed 'a broker that hung'
systemctl daemon-reload
undisturbed 'a reload of the manager'
cat <&7 > "$work/book" || fail 'a file that was open before cannot be read after'
exec 7<&-
touch "$work/enough"
# shellcheck disable=SC2086 # a list
wait $readers
ok "$(wc -l < "$work/reads") reads"

# --- a mistake in the configuration: no broker, no dead mount, and the task goes on ---

systemctl reset-failed zeus-broker
echo 'nonsense = 1' >> $config
! systemctl restart zeus-broker 2> /dev/null || fail 'it starts with a wrong configuration'
await 20 'it has failed' is_state zeus-broker failed
await 20 'the unit of the mount stops' is_state zeus-mount inactive
same 'mounts of a broker that failed' 0 "$(mounted)"
running "$pid" || fail 'the task died with a wrong configuration'
sed -i '/^nonsense/d' $config
quietly start zeus-broker
number=$(mount_number)
undisturbed 'a mended configuration'

# --- stopped: the tree is gone, the task goes on, and is adopted ---

quietly stop zeus-broker
await 20 'the mount is taken away' is_state zeus-mount inactive
same 'mounts after a stop' 0 "$(mounted)"
same 'below /zeus' '' "$(ls $mnt)"
running "$pid" || fail 'the task died with a stop'
quietly start zeus-broker
number=$(mount_number)
undisturbed 'a stop'
whole_supply 2

# --- the end of the leases is the end of everything ---

quietly stop zeus-leases
same 'the broker' inactive "$(systemctl is-active zeus-broker)"
await 20 'the task ends' gone "$pid"
await 20 'the mount is taken away' is_state zeus-mount inactive
await 20 'nothing is left behind' nothing_left
same 'processes of ours' '' "$(cat /proc/[0-9]*/comm 2> /dev/null | grep -xE 'conmon|crun|zeus-(broker|views|plan)')"
same 'mounts of ours' '' "$(awk '$2 ~ "^(/zeus|/var/lib/zeus)"' /proc/mounts)"

# --- and again; also after the holder of the group was killed, which is the end of the leases as well ---

quietly start zeus-broker
await 20 'the tree is served again' serves
ok 'a broker began anew'
parent=$(main_pid)
systemctl kill --signal=KILL --kill-whom=main zeus-leases
await 20 'the broker begins anew with the group' another_main "$parent"
await 20 'the leases have a group again' is_state zeus-leases active
ok 'so did the group'
await 20 'the tree is served again' serves
rent again steady "$resources" 10m
release "$lease"
whole_supply 2
quietly stop zeus-broker zeus-leases zeus-ledger
await 20 'nothing is left behind' nothing_left
zeus-ledger --verify || fail 'the books do not verify'
same 'units that failed' '' "$(systemctl --failed --no-legend 'zeus-*')"
