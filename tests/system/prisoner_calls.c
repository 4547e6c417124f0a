/* Ways out over system calls: mounts, namespaces, other processes, keys, tracing, the machine itself.
 *
 * Knows numbers and arguments. Most calls get arguments that a kernel with no objection would refuse for another reason or that change
 * nothing; so only those are marked harmless that succeed for root. EFAULT, EINVAL or EBADF mean that the call itself was let through. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/system/prisoner.h"

/* The call is refused as such, before its arguments are looked at. */
static int reached(long r) { return r >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES) ? 0 : -1; }

static int mount_tmpfs(void) { return reached(mount("none", "/dev/shm", "tmpfs", 0, "")); }
static int mount_proc(void) { return reached(mount("proc", "/dev/shm", "proc", 0, "")); }
static int mount_group(void) { return reached(mount("none", "/dev/shm", "cgroup2", 0, "")); }
static int mount_again(void) { return reached(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL)); }
static int mount_bind(void) { return reached(mount("/proc/1/root", "/dev/shm", NULL, MS_BIND, NULL)); }
static int unmount(void) { return reached(umount2("/proc/sys", MNT_DETACH)); }
static int new_root(void) { return reached(syscall(SYS_pivot_root, "/", "/dev/shm")); }
static int change_root(void) { return reached(chroot("/")); }
static int fs_open(void) { return reached(syscall(SYS_fsopen, "tmpfs", 0)); }
static int tree_open(void) { return reached(syscall(SYS_open_tree, AT_FDCWD, "/", 1)); }
static int move_tree(void) { return reached(syscall(SYS_move_mount, -1, "", AT_FDCWD, "/", 4)); }
static int attributes(void) { return reached(syscall(SYS_mount_setattr, -1, "", 0x1000, NULL, 0)); }
static int namespace_user(void) { return reached(unshare(CLONE_NEWUSER)); }
static int namespace_mount(void) { return reached(unshare(CLONE_NEWNS)); }
static int namespace_net(void) { return reached(unshare(CLONE_NEWNET)); }
static int clone_user(void) { return reached(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }
static int clone_three(void)
{
	struct clone_args a = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	return reached(syscall(SYS_clone3, &a, sizeof a));
}

static int join(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : reached(setns(fd, 0));
}
static int join_mount(void) { return join("/proc/1/ns/mnt"); }
static int join_user(void) { return join("/proc/self/ns/user"); }
static int join_net(void) { return join("/proc/1/ns/net"); }

static int trace(void) { return reached(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL)); }
static int read_memory(void)
{
	char c;
	struct iovec v = {&c, 1};
	return reached(process_vm_readv(getppid(), &v, 1, &v, 1, 0));
}
static int write_memory(void)
{
	static char spare; /* at the same place in the parent, where nobody minds */
	struct iovec v = {&spare, 1};
	return reached(process_vm_writev(getppid(), &v, 1, &v, 1, 0));
}
static int steal_descriptor(void) { return reached(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, getppid(), 0), 0, 0)); }
static int compare(void) { return reached(syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0)); }
static int add_key(void) { return reached(syscall(SYS_add_key, "user", "zeus", "x", 1, -3)); }
static int key_control(void) { return reached(syscall(SYS_keyctl, 0, -3, 0)); }
static int request_key(void) { return reached(syscall(SYS_request_key, "user", "zeus-none", NULL, 0)); }
static int bpf(void)
{
	union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	return reached(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a));
}
static int perf(void)
{
	struct perf_event_attr a = {.type = PERF_TYPE_SOFTWARE, .size = sizeof a};
	return reached(syscall(SYS_perf_event_open, &a, 0, -1, -1, 0));
}
static int ring(void)
{
	uint8_t params[120] = {0};
	return reached(syscall(SYS_io_uring_setup, 1, params));
}
static int faults(void) { return reached(syscall(SYS_userfaultfd, 0)); }
static int watch_all(void) { return reached(syscall(SYS_fanotify_init, 0, 0)); }
static int handle_open(void) { return reached(syscall(SYS_open_by_handle_at, -1, NULL, 0)); }
static int handle_name(void) { return reached(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0)); }
static int kexec(void) { return reached(syscall(SYS_kexec_load, 0, 0, NULL, 0)); }
static int module_load(void) { return reached(syscall(SYS_init_module, NULL, 0, "")); }
static int module_file(void) { return reached(syscall(SYS_finit_module, -1, "", 0)); }
static int module_remove(void) { return reached(syscall(SYS_delete_module, "zeus-none", 0)); }
static int swap_on(void) { return reached(syscall(SYS_swapon, "/dev/shm/none", 0)); }
static int swap_off(void) { return reached(syscall(SYS_swapoff, "/dev/shm/none")); }
static int restart(void) { return reached(syscall(SYS_reboot, 0, 0, 0, NULL)); }
static int set_clock(void) { return reached(syscall(SYS_clock_settime, CLOCK_REALTIME, &(struct timespec){0, -1})); }
static int set_day(void) { return reached(syscall(SYS_settimeofday, &(struct timeval){0, -1}, NULL)); }
static int tune_clock(void) { return reached(adjtimex(&(struct timex){.modes = ADJ_TICK})); }
static int name_host(void) { return reached(sethostname("x", 1)); }
static int account(void) { return reached(syscall(SYS_acct, "/dev/shm/none")); }
static int quota(void) { return reached(syscall(SYS_quotactl, 0, NULL, 0, NULL)); }
static int kernel_log(void) { return reached(syscall(SYS_syslog, 3, NULL, 0)); }
static int ports(void) { return reached(syscall(SYS_iopl, 3)); }
static int ports_some(void) { return reached(syscall(SYS_ioperm, 0, 1, 1)); }
static int table(void) { return reached(syscall(SYS_modify_ldt, 0, NULL, 0)); }
static int hang_up(void) { return reached(syscall(SYS_vhangup)); }
static int pages(void) { return reached(syscall(SYS_move_pages, getppid(), 0, NULL, NULL, NULL, 0)); }
static int no_random(void) { return reached(personality(ADDR_NO_RANDOMIZE)); }
static int real_time(void) { return reached(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1})); }
static int gain(void) { return reached(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0)); }

/* Through the doors for older programs, which have numbers of their own. */
#ifdef __x86_64__
static int old_door(void)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(21L), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "memory"); /* mount */
	errno = r < 0 ? (int)-r : 0;
	return reached(r < 0 ? -1 : r);
}
static int wide_door(void) { return reached(syscall(0x40000000L + SYS_mount, "", "", "", 0, NULL)); } /* x32 */
#else
static int old_door(void) { return -1; } /* no such door on this machine */
static int wide_door(void) { return -1; }
#endif

const struct act acts_calls[] = {
    {"mount tmpfs", mount_tmpfs, false}, {"mount proc", mount_proc, false}, {"mount cgroup2", mount_group, false},
    {"remount the root", mount_again, false}, {"bind another root", mount_bind, false}, {"unmount what masks", unmount, false},
    {"pivot_root", new_root, false}, {"chroot", change_root, true}, {"fsopen", fs_open, true}, {"open_tree", tree_open, true},
    {"move_mount", move_tree, true}, {"mount_setattr", attributes, true}, {"unshare user", namespace_user, true},
    {"unshare mount", namespace_mount, true}, {"unshare net", namespace_net, true}, {"clone user", clone_user, true},
    {"clone3 user", clone_three, true}, {"setns mount", join_mount, true}, {"setns user", join_user, true}, {"setns net", join_net, true},
    {"ptrace", trace, true}, {"process_vm_readv", read_memory, true}, {"process_vm_writev", write_memory, true},
    {"pidfd_getfd", steal_descriptor, true}, {"kcmp", compare, true}, {"add_key", add_key, false}, {"keyctl", key_control, false},
    {"request_key", request_key, false}, {"bpf", bpf, true}, {"perf_event_open", perf, false}, {"io_uring_setup", ring, false},
    {"userfaultfd", faults, true}, {"fanotify_init", watch_all, false}, {"open_by_handle_at", handle_open, true},
    {"name_to_handle_at", handle_name, true}, {"kexec_load", kexec, false}, {"init_module", module_load, false},
    {"finit_module", module_file, false}, {"delete_module", module_remove, false}, {"swapon", swap_on, true}, {"swapoff", swap_off, true},
    {"reboot", restart, true}, {"clock_settime", set_clock, true}, {"settimeofday", set_day, true}, {"adjtimex", tune_clock, false},
    {"sethostname", name_host, false}, {"acct", account, false}, {"quotactl", quota, false}, {"syslog", kernel_log, true},
    {"iopl", ports, false}, {"ioperm", ports_some, false}, {"modify_ldt", table, false}, {"vhangup", hang_up, false},
    {"move_pages", pages, false}, {"personality", no_random, true}, {"real-time scheduling", real_time, true},
    {"an ambient capability", gain, false},
    {"mount by int 0x80", old_door, false}, {"mount by x32", wide_door, false}, {0}};
