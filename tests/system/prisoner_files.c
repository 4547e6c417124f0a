/* Ways out over files: the host's, those of /proc and /sys, devices, links to what the runtime had open.
 *
 * Knows paths. Each act is at least 0 if something was had that must not be. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "tests/system/prisoner.h"

/* Something must be there to be read: a masked file opens and is empty. */
static int reads(const char *path)
{
	char buf[64];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, buf, sizeof buf);
	if (n == 0)
		errno = ENODATA;
	return n > 0 ? 0 : -1;
}

static int writes(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -1 : (int)write(fd, text, strlen(text));
}

static int opens(const char *path, int flags) { return open(path, flags | O_NONBLOCK | O_CLOEXEC, 0644); }

static int reads_below(const char *root)
{
	char path[1024];
	snprintf(path, sizeof path, "%s%s", root, target.secret);
	return reads(path);
}

static int secret(void) { return reads(target.secret); }
static int secret_of_init(void) { return reads_below("/proc/1/root"); }
static int secret_upward(void) { return chdir("/proc/self/cwd") < 0 ? -1 : reads_below("../../../../../../../.."); }
static int secret_of_cwd(void) { return reads_below("/proc/1/cwd/../../../.."); }

static int secret_of_host_process(void)
{
	char root[64];
	snprintf(root, sizeof root, "/proc/%d/root", (int)target.pid);
	return reads_below(root);
}

static int secret_of_descriptors(void)
{
	char root[64];
	for (int fd = 0; fd < 256; fd++) {
		snprintf(root, sizeof root, "/proc/1/fd/%d/../../../../../..", fd);
		if (reads_below(root) == 0)
			return 0;
	}
	return -1;
}

/* Known as the way out of a chroot: another one below, with a descriptor of the upper left open. */
static int secret_by_chroot(void)
{
	int up = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0 || chroot("/dev/shm") < 0 || fchdir(up) < 0)
		return -1;
	return reads_below("../../../../../../..");
}

static int host_disk(void)
{
	static const char *const disks[] = {"/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0", "/dev/loop-control", "/dev/dm-0"};
	for (size_t i = 0; i < sizeof disks / sizeof *disks; i++)
		if (opens(disks[i], O_RDONLY) >= 0)
			return 0;
	return -1;
}

static int node_opens(mode_t type, unsigned major, unsigned minor)
{
	const char *path = "/dev/shm/node";
	unlink(path);
	return mknod(path, type | 0666, makedev(major, minor)) < 0 ? -1 : 0;
}

static int node_memory(void) { return node_opens(S_IFCHR, 1, 1); }
static int node_disk(void) { return node_opens(S_IFBLK, 254, 0); }
static int node_fuse(void) { return node_opens(S_IFCHR, 10, 229); }
static int dev_mem(void) { return opens("/dev/mem", O_RDONLY); }
static int dev_kmsg(void) { return opens("/dev/kmsg", O_RDONLY); }
static int dev_fuse(void) { return opens("/dev/fuse", O_RDWR); }
static int dev_tun(void) { return opens("/dev/net/tun", O_RDWR); }
static int dev_console(void) { return opens("/dev/console", O_RDWR | O_NOCTTY); }
static int proc_kcore(void) { return reads("/proc/kcore"); }
static int proc_keys(void) { return reads("/proc/keys"); }
static int proc_timers(void) { return reads("/proc/timer_list"); }
static int proc_interrupts(void) { return reads("/proc/interrupts"); }
static int proc_kmsg(void) { return reads("/proc/kmsg"); }
static int proc_pages(void) { return reads("/proc/kpagecount"); }
static int core_pattern(void) { return writes("/proc/sys/kernel/core_pattern", "|/x"); }
static int sysctl_net(void) { return writes("/proc/sys/net/ipv4/ip_forward", "1"); }
static int sysctl_host(void) { return writes("/proc/sys/kernel/hostname", "x"); }
static int binfmt(void) { return opens("/proc/sys/fs/binfmt_misc/register", O_WRONLY); }
static int sysrq(void) { return writes("/proc/sysrq-trigger", "?"); }
static int irq(void) { return writes("/proc/irq/default_smp_affinity", "1"); }
static int oom_never(void) { return writes("/proc/self/oom_score_adj", "-1000"); }
static int uid_map(void) { return writes("/proc/self/uid_map", "0 0 1"); }
static int uid_map_init(void) { return writes("/proc/1/uid_map", "0 0 4294967295"); }
static int setgroups_allow(void) { return writes("/proc/self/setgroups", "deny"); }
static int sys_file(void) { return opens("/sys/x", O_WRONLY | O_CREAT); }
static int sys_cgroup(void) { return opens("/sys/fs/cgroup/cgroup.procs", O_WRONLY); }
static int sys_devices(void) { return opens("/sys/devices", O_RDONLY | O_DIRECTORY); }
static int sys_debug(void) { return opens("/sys/kernel/debug", O_RDONLY | O_DIRECTORY); }
static int sys_mkdir(void) { return mkdir("/sys/fs", 0755); }

static int own_program(void) { return opens("/proc/self/exe", O_WRONLY); }
static int runtime_program(void)
{
	static const char *const names[] = {"/usr/bin/crun", "/usr/sbin/runc", "/usr/bin/conmon", "/proc/1/root/usr/bin/crun"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (opens(names[i], O_RDONLY) >= 0)
			return 0;
	return -1;
}

/* A file of ours with the set-id bits is no way to become anybody. */
static int set_id(void)
{
	uid_t r, e, s;
	if (setresuid(1000, 1000, 1000) == 0 || setresgid(1000, 1000, 1000) == 0)
		return 0;
	return getresuid(&r, &e, &s) == 0 && r == 0 && e == 0 && s == 0 ? -1 : 0;
}

static int give_away(void)
{
	int fd = open("/dev/shm/mine", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : fchown(fd, 1000, 1000);
}

static int raise_files(void) { return setrlimit(RLIMIT_NOFILE, &(struct rlimit){1 << 20, 1 << 20}); }
static int raise_core(void) { return setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); }
static int raise_priority(void) { return setpriority(PRIO_PROCESS, 0, -20); }

static int too_many_files(void)
{
	struct rlimit most;
	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	for (int i = 0; i < 100000; i++)
		if (dup(0) < 0)
			return -1;
	return 0;
}

static int node_mode(void) { return chmod("/dev/zero", 0600); }
static int node_owner(void) { return chown("/dev/urandom", 0, 0); }
static int kill_host(void) { return kill(target.pid, 0); }

const struct act acts_files[] = {
    {"the host's file", secret, true}, {"the host's file below the root of process 1", secret_of_init, true},
    {"the host's file upward", secret_upward, true}, {"the host's file from process 1's directory", secret_of_cwd, true},
    {"the host's file below a host process's root", secret_of_host_process, true},
    {"the host's file below an open descriptor", secret_of_descriptors, false}, {"the host's file by chroot", secret_by_chroot, true},
    {"the host's disk", host_disk, false}, {"a node of the memory", node_memory, true}, {"a node of a disk", node_disk, true},
    {"a node of fuse", node_fuse, true}, {"/dev/mem", dev_mem, false}, {"/dev/kmsg", dev_kmsg, true}, {"/dev/fuse", dev_fuse, true},
    {"/dev/net/tun", dev_tun, false}, {"/dev/console", dev_console, false}, {"/proc/kcore", proc_kcore, false},
    {"/proc/keys", proc_keys, false}, {"/proc/timer_list", proc_timers, false}, {"/proc/interrupts", proc_interrupts, true},
    {"/proc/kmsg", proc_kmsg, false}, {"/proc/kpagecount", proc_pages, false}, {"the core pattern", core_pattern, false},
    {"a sysctl of the network", sysctl_net, false}, {"the host name by sysctl", sysctl_host, false}, {"binfmt_misc", binfmt, false},
    {"sysrq", sysrq, false}, {"interrupts' processors", irq, false}, {"never to be killed for memory", oom_never, true},
    {"a map of users", uid_map, false}, {"process 1's map of users", uid_map_init, false}, {"setgroups", setgroups_allow, false},
    {"a file in /sys", sys_file, false}, {"a group's processes", sys_cgroup, false}, {"/sys/devices", sys_devices, true},
    {"/sys/kernel/debug", sys_debug, false}, {"a directory in /sys", sys_mkdir, false}, {"its own program", own_program, false},
    {"the runtime's program", runtime_program, false}, {"another user's identity", set_id, true},
    {"a file for another user", give_away, true},
    {"more open files", raise_files, false}, {"a core dump", raise_core, false}, {"a higher priority", raise_priority, true},
    {"the mode of a shared device", node_mode, false},
    {"the owner of a shared device", node_owner, false},
    {"files without end", too_many_files, false}, {"a signal to the host", kill_host, true}, {0}};
