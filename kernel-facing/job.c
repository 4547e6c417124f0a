/* Slow steps in child processes.
 *
 * It knows fork, wait and what a child must shed. It does not know what the step is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel-facing/host.h"
#include "kernel-facing/job.h"

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
}

void job_environment(void)
{
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static int set_streams(const char *log)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return -errno;
	/* Not only for what it executes: the descriptors of a thousand leases would leave an unpacker none of its few. */
	return close_range(3, ~0u, 0) < 0 ? -errno : 0;
}

static void run_child(pid_t parent, const char *log, int (*f)(const void *arg), const void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(ECANCELED);
	setpgid(0, 0);
	reset_signals();
	job_environment();
	int r = set_streams(log);
	r = r < 0 ? r : f(arg);
	_exit(r == 0 ? 0 : -r & 0xff);
}

int job_start(struct job *j, enum job_kind kind, const char *log, int (*f)(const void *arg), const void *arg)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(parent, log, f, arg);
	setpgid(pid, pid); /* here too: whoever of the two comes first */
	*j = (struct job){.kind = kind, .pid = pid, .began_ms = host_now_ms()};
	return 0;
}

static void note_end(struct job *j, int status)
{
	j->ended = true;
	j->result = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

bool job_reaped(struct job *j, pid_t pid, int status)
{
	if (j->kind == JOB_NONE || j->ended || j->pid != pid)
		return false;
	note_end(j, status);
	return true;
}

int job_poll(struct job *j)
{
	int status;
	if (j->kind == JOB_NONE)
		return -ESRCH;
	/* ECHILD: the parent's loop reaped it and says so by job_reaped. */
	if (!j->ended && waitpid(j->pid, &status, WNOHANG) == j->pid)
		note_end(j, status);
	if (!j->ended)
		return -EINPROGRESS;
	j->kind = JOB_NONE;
	return j->result;
}

void job_cancel(struct job *j)
{
	if (j->kind != JOB_NONE && !j->ended) {
		kill(-j->pid, SIGKILL);
		kill(j->pid, SIGKILL);
		waitpid(j->pid, NULL, 0);
	}
	j->kind = JOB_NONE;
}

/* It is not waited for: what sleeps in the kernel, on a disk that does not answer, dies when it wakes. */
static void job_kill(const struct job *j)
{
	kill(-j->pid, SIGKILL);
	kill(j->pid, SIGKILL);
}

int job_poll_within(struct job *j, uint64_t ms)
{
	bool late = j->late;
	int r = job_poll(j);
	if (r != -EINPROGRESS)
		return late ? -ETIME : r;
	if (host_now_ms() - j->began_ms >= ms) {
		j->late = true;
		job_kill(j);
	}
	return -EINPROGRESS;
}

int job_end(struct job *j)
{
	int r = job_poll(j);
	if (r == -EINPROGRESS)
		job_kill(j);
	return r == -EINPROGRESS ? r : 0;
}

int job_exec(const char *const *argv, int (*before)(const void *arg), const void *arg)
{
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (before && before(arg) < 0)
			_exit(126);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
