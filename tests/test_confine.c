/* Confinement: in a child that gave everything up, what is forbidden fails with EPERM and what is needed works.
 *
 * Everything happens in children, since what is given up never comes back. Identity is tested as root only. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/confine.h"
#include "common/loop.h"
#include "tests/vector.h"

#define MUST(holds) do { if (!(holds)) _exit(__LINE__ & 0xff ? __LINE__ & 0xff : 1); } while (0)
#define FORBIDDEN(call) do { errno = 0; MUST((call) == -1 && errno == EPERM); } while (0)

/* Run in a child; its exit status is 0, or the line (modulo 256) of what did not hold. */
static int in_child(void (*body)(enum confine_profile), enum confine_profile p)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		body(p);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "the child died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Once more than forty, by number where the C library would look at the arguments first. */
static const struct { const char *what; long number, a, b, c; } forbidden_calls[] = {
	{"kill", SYS_kill, 1, 0, 0}, {"tkill", SYS_tkill, 1, 0, 0}, {"mknod", SYS_mknod, 0, 0, 0}, {"symlink", SYS_symlink, 0, 0, 0},
	{"link", SYS_link, 0, 0, 0}, {"chroot", SYS_chroot, 0, 0, 0}, {"pivot_root", SYS_pivot_root, 0, 0, 0},
	{"setns", SYS_setns, -1, 0, 0},
	{"fsopen", SYS_fsopen, 0, 0, 0}, {"open_tree", SYS_open_tree, -1, 0, 0}, {"move_mount", SYS_move_mount, -1, 0, -1},
	{"setgid", SYS_setgid, 0, 0, 0}, {"setgroups", SYS_setgroups, 0, 0, 0}, {"setresuid", SYS_setresuid, 0, 0, 0},
	{"capset", SYS_capset, 0, 0, 0}, {"fchown", SYS_fchown, 0, 0, 0}, {"lchown", SYS_lchown, 0, 0, 0},
	{"setxattr", SYS_setxattr, 0, 0, 0},
	{"bpf", SYS_bpf, 0, 0, 0}, {"perf_event_open", SYS_perf_event_open, 0, 0, 0}, {"io_uring_setup", SYS_io_uring_setup, 0, 0, 0},
	{"userfaultfd", SYS_userfaultfd, 0, 0, 0}, {"keyctl", SYS_keyctl, 0, 0, 0}, {"add_key", SYS_add_key, 0, 0, 0},
	{"process_vm_readv", SYS_process_vm_readv, 1, 0, 0}, {"process_vm_writev", SYS_process_vm_writev, 1, 0, 0},
	{"pidfd_open", SYS_pidfd_open, 1, 0, 0}, {"pidfd_getfd", SYS_pidfd_getfd, 0, 0, 0}, {"kcmp", SYS_kcmp, 1, 1, 0},
	{"init_module", SYS_init_module, 0, 0, 0}, {"kexec_load", SYS_kexec_load, 0, 0, 0}, {"reboot", SYS_reboot, 0, 0, 0},
	{"swapon", SYS_swapon, 0, 0, 0}, {"settimeofday", SYS_settimeofday, 0, 0, 0}, {"clock_settime", SYS_clock_settime, 0, 0, 0},
	{"sethostname", SYS_sethostname, 0, 0, 0}, {"acct", SYS_acct, 0, 0, 0}, {"quotactl", SYS_quotactl, 0, 0, 0},
	{"syslog", SYS_syslog, 0, 0, 0}, {"personality", SYS_personality, 0xffffffff, 0, 0}, {"setrlimit", SYS_setrlimit, 0, 0, 0},
	{"sched_setscheduler", SYS_sched_setscheduler, 0, 0, 0}, {"setpriority", SYS_setpriority, 0, 0, 0}, {"setsid", SYS_setsid, 0, 0, 0},
	{"memfd_create", SYS_memfd_create, 0, 0, 0}, {"shmget", SYS_shmget, 0, 0, 0}, {"mq_open", SYS_mq_open, 0, 0, 0},
	{"fanotify_init", SYS_fanotify_init, 0, 0, 0}, {"inotify_init1", SYS_inotify_init1, 0, 0, 0},
	{"name_to_handle_at", SYS_name_to_handle_at, 0, 0, 0}, {"open_by_handle_at", SYS_open_by_handle_at, -1, 0, 0},
	{"seccomp", SYS_seccomp, 0, 0, 0}, {"chdir", SYS_chdir, 0, 0, 0}, {"truncate", SYS_truncate, 0, 0, 0},
};

static void forbidden_by_number(void)
{
	for (size_t i = 0; i < sizeof forbidden_calls / sizeof forbidden_calls[0]; i++) {
		errno = 0;
		long r = syscall(forbidden_calls[i].number, forbidden_calls[i].a, forbidden_calls[i].b, forbidden_calls[i].c);
		if (r == -1 && errno == EPERM)
			continue;
		fprintf(stderr, "%s is not refused: %ld, %s\n", forbidden_calls[i].what, r, strerror(errno));
		_exit(2);
	}
}

static void forbidden_everywhere(enum confine_profile p)
{
	MUST(confine_seccomp(p) == 0);
	char program[] = "/bin/true", *const argv[] = {program, NULL};
	FORBIDDEN(execv("/bin/true", argv));
	FORBIDDEN(syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0));
	FORBIDDEN(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	FORBIDDEN(mount("none", "/mnt", "tmpfs", 0, NULL));
	FORBIDDEN(umount("/zeus"));
	FORBIDDEN(unshare(CLONE_NEWNS));
	FORBIDDEN(setuid(0));
	FORBIDDEN(chown("/tmp", 0, 0));
	FORBIDDEN(kill(getppid(), 0));
	FORBIDDEN(fork());
	FORBIDDEN(socket(AF_INET, SOCK_STREAM, 0));
	FORBIDDEN(socket(AF_NETLINK, SOCK_RAW, 0));
	FORBIDDEN(socket(AF_PACKET, SOCK_RAW, 0));
	FORBIDDEN(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	FORBIDDEN(mprotect((void *)((uintptr_t)&forbidden_everywhere & ~4095UL), 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM);
	MUST(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
	forbidden_by_number();
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1); /* not even asked; that it is set, exec above showed */
}

START_TEST(what_is_forbidden)
{
	ck_assert_int_eq(in_child(forbidden_everywhere, CONFINE_LEDGER), 0);
	ck_assert_int_eq(in_child(forbidden_everywhere, CONFINE_VIEWS), 0);
	ck_assert_int_eq(in_child(forbidden_everywhere, CONFINE_PLAN), 0);
}
END_TEST

static void parent_body(enum confine_profile p)
{
	int status;
	(void)p;
	MUST(confine_deny() == 0);
	FORBIDDEN(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	FORBIDDEN(syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
	FORBIDDEN(syscall(SYS_finit_module, -1, "", 0));
	FORBIDDEN(syscall(SYS_reboot, 0, 0, 0, NULL));
	FORBIDDEN(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	pid_t pid = fork();
	if (pid == 0)
		execl("/bin/true", "true", NULL);
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(a_parent_still_starts_others)
{
	ck_assert_int_eq(in_child(parent_body, CONFINE_PLAN), 0);
}
END_TEST

static void *thread_body(void *arg) { return arg; }

static void work(void *arg) { *(int *)arg += 1; }
static void on_timer(void *arg) { loop_stop(arg); }

static void files_work(void)
{
	char path[] = "/tmp/zeus-confine-XXXXXX";
	int fd = mkstemp(path), copy;
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && ftruncate(fd, 0) == 0 && unlink(path) == 0);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	MUST(copy >= 0 && close(copy) == 0 && close(fd) == 0);
}

static void needed_everywhere(enum confine_profile p)
{
	struct loop *l;
	pthread_t thread;
	void *back;
	int jobs = 0, pair[2];
	MUST(confine_seccomp(p) == 0);
	MUST(pthread_create(&thread, NULL, thread_body, &jobs) == 0 && pthread_join(thread, &back) == 0 && back == &jobs);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	files_work();
	MUST(loop_new(&l) == 0);
	MUST(loop_work(l, work, work, &jobs) == 0);
	MUST(loop_timer(l, 1, 0, on_timer, l, NULL) == 0);
	MUST(loop_run(l) == 0);
	loop_free(l);
	MUST(jobs == 2);
	bool listens = listen(socket(AF_UNIX, SOCK_SEQPACKET, 0), 1) == 0 || errno != EPERM;
	MUST(listens == (p == CONFINE_LEDGER));
	void *big = malloc(64 << 20);
	MUST(big != NULL);
	free(big);
}

START_TEST(what_is_needed)
{
	ck_assert_int_eq(in_child(needed_everywhere, CONFINE_LEDGER), 0);
	ck_assert_int_eq(in_child(needed_everywhere, CONFINE_VIEWS), 0);
	ck_assert_int_eq(in_child(needed_everywhere, CONFINE_PLAN), 0);
}
END_TEST

/* With all of root's rights still there: what is outside is not opened, made, moved or removed, through no link and no upward path. */
static void files_only_below(enum confine_profile p)
{
	char dir[] = "/tmp/zeus-confine-XXXXXX", made[64], out[64];
	MUST(mkdtemp(dir) != NULL);
	snprintf(made, sizeof made, "%s/made", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	MUST(symlink("/etc/passwd", out) == 0);
	int own = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), etc = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int before = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char byte;
	if (p == CONFINE_LEDGER) { /* nothing but its own; the others may read /etc too */
		MUST(close(etc) == 0);
		etc = -1;
	}
	int r = confine_files((const struct confine_place[]){{own, true}, {etc, false}}, 2);
	MUST(r >= 0);
	if (r == 1) {
		static const char *const outside[] = {"/proc/self/status", "/usr/bin/env", "/", "/tmp", "/dev/null", "/var", "/sys/kernel"};
		for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
			MUST(open(outside[i], O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
		MUST((open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0) == (p != CONFINE_LEDGER));
		MUST((open(out, O_RDONLY | O_CLOEXEC) >= 0) == (p != CONFINE_LEDGER));
		MUST(open("/etc/zeus-none", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES);
		MUST(open("/tmp/zeus-none", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES);
		MUST(mkdir("/tmp/zeus-none", 0700) == -1 && errno == EACCES);
		MUST(rmdir(dir) == -1 && (errno == EACCES || errno == ENOTEMPTY));
		MUST(symlink("/", made) == -1 && errno == EACCES);
		MUST(mkfifo(made, 0600) == -1 && errno == EACCES);
		MUST(mount("none", dir, "tmpfs", 0, NULL) == -1 && errno == EPERM);
	}
	MUST(read(before, &byte, 1) == 1);
	int fd = open(made, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0 && unlink(made) == 0 && unlink(out) == 0);
	MUST(confine_seccomp(p) == 0);
}

START_TEST(files)
{
	ck_assert_int_eq(in_child(files_only_below, CONFINE_LEDGER), 0);
	ck_assert_int_eq(in_child(files_only_below, CONFINE_VIEWS), 0);
	ck_assert_int_eq(in_child(files_only_below, CONFINE_PLAN), 0);
	ck_assert_int_eq(system("rmdir /tmp/zeus-confine-??????"), 0);
}
END_TEST

static void dropped(enum confine_profile p)
{
	gid_t groups[] = {65533}, have[8];
	MUST(confine_drop(65534, 65534, groups, 1) == 0);
	MUST(getuid() == 65534 && geteuid() == 65534 && getgid() == 65534);
	MUST(getgroups(8, have) == 1 && have[0] == 65533);
	MUST(setuid(0) == -1 && setgid(0) == -1 && chown("/tmp", 0, 0) == -1);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	for (int cap = 0; cap < 38; cap++)
		MUST(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0);
	MUST(confine_seccomp(p) == 0);
}

static void kept(enum confine_profile p)
{
	static const char *const keep[] = {"sys_admin", "net_admin", NULL}, *const wrong[] = {"sys_amdin", NULL};
	(void)p;
	MUST(confine_keep(wrong) == -EINVAL);
	MUST(confine_keep(keep) == 0);
	for (int cap = 0; cap < 38; cap++)
		MUST(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == (cap == 21 || cap == 12));
	MUST(chown("/proc/self/nothing", 0, 0) == -1 && setuid(65534) == -1 && errno == EPERM);
}

START_TEST(identity)
{
	if (geteuid() != 0)
		return; /* only root has something to drop */
	ck_assert_int_eq(in_child(dropped, CONFINE_LEDGER), 0);
	ck_assert_int_eq(in_child(kept, CONFINE_LEDGER), 0);
}
END_TEST

TEST_MAIN("confine", what_is_forbidden, a_parent_still_starts_others, what_is_needed, files, identity)
