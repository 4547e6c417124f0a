/* Confinement: in a child that gave everything up, what is forbidden fails with EPERM and what is needed works.
 *
 * Everything happens in children, since what is given up never comes back. Identity is tested as root only. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
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

TEST_MAIN("confine", what_is_forbidden, a_parent_still_starts_others, what_is_needed, identity)
