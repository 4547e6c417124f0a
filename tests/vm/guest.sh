#!/bin/bash
# Runs inside the virtual machine: does what /job/jobs lists, one word a line, and prints "zeus-vm: PASS|FAIL|SKIP NAME SECONDS" for each.
#   direct, adopt, drift... tests/test_kernel_NAME, or one case of them: direct:limits
#   units            units.sh: the services as they are installed
#   loop, enforce... tests/system/NAME.sh
#   facts, shell     what the kernel here has; for a person
# JOB runs in the group that systemd delegated to this service; JOB@root in the root of the hierarchy, where nothing is delegated.
set -u
export top_srcdir=/job/src top_builddir=/job/build PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
# Everything takes several times as long as on a processor.
export CK_FORK=yes CK_TIMEOUT_MULTIPLIER=4 CK_VERBOSITY=normal ZEUS_EMULATED=1 SYSTEMD_COLORS=0 SYSTEMD_URLIFY=0
cgroup=/sys/fs/cgroup

facts() {
  uname -r
  grep cgroup /proc/mounts
  cat $cgroup/cgroup.controllers $cgroup/cgroup.subtree_control /proc/self/cgroup
  ls $cgroup/cgroup.* $cgroup/*.pressure
  crun --version
  getfattr -d -m - "$cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)" 2> /dev/null
}

# shellcheck disable=SC2317 # called by name
job() { # NAME[:CASE]
  case $1 in
    facts) facts ;;
    shell) stty echo && bash -i ;;
    *:*) CK_RUN_CASE=${1#*:} "/job/build/tests/test_kernel_${1%:*}" ;;
    direct | adopt | net | io | full | drift | fault | runtime) "/job/build/tests/test_kernel_$1" ;;
    units) bash /job/src/tests/vm/units.sh ;;
    *) bash /job/src/tests/system/"$1".sh ;;
  esac
}

# All of it has an end: a job for which little is left is not begun. One that was ended is late if it had less than it may take; else it
# hung.
deadline=$(sed -n 's/.*zeus\.seconds=\([0-9]*\).*/\1/p' /proc/cmdline)
longest=$((deadline > 1800 ? 1500 : 900)) shortest=240

run() { # JOB
  local start=$SECONDS word=FAIL status left=$((deadline - SECONDS))
  if [ "$left" -lt $shortest ]; then
    echo "zeus-vm: LATE $1"
    return
  fi
  echo "--- $1"
  (
    [ "${1%@root}" = "$1" ] || echo 0 > $cgroup/cgroup.procs
    exec timeout -k 30 $((left < longest ? left : longest)) bash /job/start "${1%@root}"
  ) 2>&1
  status=$?
  [ $status != 0 ] || word=PASS
  [ $status != 77 ] || word=SKIP
  if [ $status = 124 ] || [ $status = 137 ]; then
    echo "$1: it was ended after $((SECONDS - start)) s"
    [ "$left" -ge $longest ] || word=LATE
  fi
  echo "zeus-vm: $word $1 $((SECONDS - start)) s"
}

if [ $# != 0 ]; then
  job "$1"
  exit
fi
echo 'zeus-vm: begin'
modprobe -a fuse loop overlay veth sch_htb nf_tables 2> /dev/null
ldconfig
systemd-sysusers /job/src/systemd/zeus.sysusers
ip link set lo up
stty -echo onlcr 2> /dev/null
while read -r name <&3; do
  if [ "$name" = shell ]; then job shell; else run "$name" 3<&- < /dev/null; fi
done 3< /job/jobs
echo 'zeus-vm: end'
