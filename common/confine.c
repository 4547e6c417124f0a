/* Giving up what is not needed: identity and capabilities first, then system calls.
 *
 * Knows the order in which privilege can be given up (the bounding set while CAP_SETPCAP is there, groups before the gid, the
 * gid before the uid) and checks that it is gone. Knows three allow-lists of system calls, made of groups: what is not listed
 * fails with EPERM (exec, ptrace, mount, namespaces, other uids, other socket families, executable memory, new processes).
 * clone3 says ENOSYS, because its flags lie behind a pointer that no filter sees, and glibc then falls back to clone.
 * The privileged parent's filter is a deny-list instead: runtimes and tasks inherit it.
 * Does not know which process needs what; every main says that. */
#include "common/confine.h"
#include <asm/termbits.h>
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/fuse.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ids_set(uid_t uid, gid_t gid, const gid_t *groups, int ngroups)
{
	if (geteuid() != 0 && geteuid() == uid && getegid() == gid)
		return 0; /* started as that user: nothing to become, and nothing to become it with */
	if (setgroups((size_t)ngroups, groups) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static int ids_check(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return -errno;
	if (r != uid || e != uid || s != uid || rg != gid || eg != gid || sg != gid)
		return -EPERM;
	return uid != 0 && setuid(0) == 0 ? -EPERM : 0;
}

int confine_drop(uid_t uid, gid_t gid, const gid_t *groups, int ngroups)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (geteuid() == 0 && capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return -EPERM;
	int err = ids_set(uid, gid, groups, ngroups);
	if (err)
		return err;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -EPERM;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0 || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return -EPERM;
	return ids_check(uid, gid);
}

int confine_keep(const char *const *caps)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (; *caps; caps++) {
		int cap = capng_name_to_capability(*caps);
		if (cap < 0)
			return -EINVAL;
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET, (unsigned)cap);
	}
	return capng_apply(CAPNG_SELECT_BOTH) < 0 ? -EPERM : 0;
}

/* memory, threads, time, waiting, descriptors that are open already */
static const int calls_base[] = {
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
		SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage),
		SCMP_SYS(times),
	SCMP_SYS(getrlimit), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime), SCMP_SYS(signalfd4), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(dup),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(connect),
};

/* a store of files: what LevelDB, the model's files and the live counters need */
static const int calls_files[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(umask),
	SCMP_SYS(utimensat), SCMP_SYS(fadvise64), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile),
};

static const int calls_ledger[] = {
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(mlock), SCMP_SYS(munlock)
};
static const int calls_fuse[] = {SCMP_SYS(splice), SCMP_SYS(vmsplice), SCMP_SYS(tee)};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
		if (err)
			return err;
	}
	return 0;
}

/* only with this value, under this mask, in that argument */
static int allow_when(scmp_filter_ctx f, int call, unsigned arg, uint64_t mask, uint64_t value)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value));
}

#define WORD 0xffffffffULL       /* these arguments are ints: the upper half of the register means nothing */

static int allow_conditional(scmp_filter_ctx f)
{
	static const unsigned long ioctls[] = {FIONBIO, FIOCLEX, FIONREAD, TCGETS};
	int err = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!err)
		err = allow_when(f, SCMP_SYS(clone), 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
	if (!err)
		err = allow_when(f, SCMP_SYS(socket), 0, WORD, AF_UNIX);
	if (!err)
		err = allow_when(f, SCMP_SYS(socketpair), 0, WORD, AF_UNIX);
	if (!err)
		err = allow_when(f, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	if (!err)
		err = allow_when(f, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	if (!err)
		err = allow_when(f, SCMP_SYS(prctl), 0, WORD, PR_SET_NAME);
	if (!err)
		err = allow_when(f, SCMP_SYS(prlimit64), 2, ~0ULL, 0); /* asking, not setting */
	for (size_t i = 0; !err && i < COUNT(ioctls); i++)
		err = allow_when(f, SCMP_SYS(ioctl), 1, WORD, ioctls[i]);
	return err;
}

static int allow_profile(scmp_filter_ctx f, enum confine_profile p)
{
	int err = allow(f, calls_files, COUNT(calls_files));
	switch (p) {
	case CONFINE_LEDGER:
		return err ? err : allow(f, calls_ledger, COUNT(calls_ledger));
	case CONFINE_VIEWS:
		if (!err)
			err = allow_when(f, SCMP_SYS(ioctl), 1, WORD, FUSE_DEV_IOC_CLONE);
		return err ? err : allow(f, calls_fuse, COUNT(calls_fuse));
	case CONFINE_PLAN:
		return err;
	}
	return -EINVAL;
}

int confine_seccomp(enum confine_profile p)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) /* again: executing a program turned it on */
		return -errno;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!f)
		return -ENOMEM;
	int err = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* threads that run already are bound too */
	if (!err)
		err = allow(f, calls_base, COUNT(calls_base));
	if (!err)
		err = allow_conditional(f);
	if (!err)
		err = allow_profile(f, p);
	if (!err)
		err = seccomp_load(f); /* sets no_new_privs */
	seccomp_release(f);
	return err;
}

/* the clock, modules, the machine's power, swap, raw ports, other processes' memory: neither a lease nor a runtime needs them */
static const int calls_denied[] = {
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(ioperm), SCMP_SYS(iopl), SCMP_SYS(modify_ldt), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(nfsservctl), SCMP_SYS(uselib), SCMP_SYS(ustat), SCMP_SYS(sysfs), SCMP_SYS(_sysctl),
	SCMP_SYS(lookup_dcookie), SCMP_SYS(vhangup), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(kcmp), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(open_by_handle_at), SCMP_SYS(syslog),
};

int confine_deny(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return -ENOMEM;
	int err = 0;
#ifdef __x86_64__
	err = seccomp_arch_add(f, SCMP_ARCH_X86); /* a task may be a 32-bit program, and is held to the same list */
	if (!err)
		err = seccomp_arch_add(f, SCMP_ARCH_X32);
#endif
	for (size_t i = 0; !err && i < COUNT(calls_denied); i++)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), calls_denied[i], 0);
	if (!err)
		err = seccomp_load(f); /* sets no_new_privs */
	seccomp_release(f);
	return err;
}
