/* fork, keep only the given descriptors, drop to the child's user, execute. The program is found beside this one (a build tree) or in
 * libexec, and opened by the parent, so that the child needs no right to walk the path to it.
 *
 * Knows processes; does not know what they do. */
#include "broker/child.h"
#include "common/cleanup.h"
#include "common/confine.h"
#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SPARE_FD 64       /* above every descriptor that a child is given */
#define QUICK_MS 10000
#define AGAIN_MAX_MS 10000

static int child_program(const char *program)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n > 0) {
		path[n] = '\0';
		char *slash = strrchr(path, '/');
		snprintf(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), "%s", program);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	snprintf(path, sizeof(path), "%s/%s", LIBEXECDIR, program);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Out of the way first, then into place: source and target numbers may overlap. */
static bool child_place_fds(const struct child_start *how, int *program)
{
	int high[CHILD_FDS_MAX];
	*program = fcntl(*program, F_DUPFD_CLOEXEC, SPARE_FD + CHILD_FDS_MAX);
	for (uint32_t i = 0; i < how->nfds; i++)
		if ((high[i] = fcntl(how->fds[i], F_DUPFD_CLOEXEC, SPARE_FD)) < 0)
			return false;
	for (uint32_t i = 0; i < how->nfds; i++)
		if (dup2(high[i], CHILD_FIRST_FD + (int)i) < 0)
			return false;
	return *program >= 0 && close_range(CHILD_FIRST_FD + how->nfds, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void __attribute__((noreturn)) child_become(const struct child_start *how, int program, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!child_place_fds(how, &program))
		_exit(126);
	int rc = confine_drop(how->uid, how->gid, &how->group, 1);
	if (rc < 0) {
		log_error("%s cannot become user %u: %s", how->argv[0], (unsigned)how->uid, strerror(-rc));
		_exit(126);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	fexecve(program, (char *const *)how->argv, environ);
	log_error("%s cannot be executed: %s", how->argv[0], strerror(errno));
	_exit(127);
}

int child_start(struct child *c, const struct child_start *how, uint64_t now_ms)
{
	autoclose int program = child_program(c->program);
	if (program < 0)
		return program;
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_become(how, program, parent);
	c->pid = pid;
	c->started_ms = now_ms;
	return 0;
}

void child_died(struct child *c, int status, uint64_t now_ms)
{
	bool quick = now_ms - c->started_ms < QUICK_MS;
	if (WIFSIGNALED(status))
		log_warning("%s was ended by signal %d", c->program, WTERMSIG(status));
	else
		log_warning("%s ended with status %d", c->program, WEXITSTATUS(status));
	c->pid = 0;
	c->failures = quick ? c->failures + 1 : 0;
	uint64_t wait = c->failures < 2 ? 0 : 100ULL << (c->failures < 9 ? c->failures - 2 : 7);
	c->again_ms = now_ms + (wait < AGAIN_MAX_MS ? wait : AGAIN_MAX_MS);
}

bool child_due(const struct child *c, uint64_t now_ms)
{
	return c->pid == 0 && now_ms >= c->again_ms;
}
