/* Which OCI runtime works on this machine: found by making a container and removing it again.
 *
 * It knows that a runtime that prints its version may still refuse the machine (crun on hybrid hosts). Nothing is ever started. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "common/cleanup.h"
#include "kernel-facing/bundle.h"
#include "kernel-facing/direct.h"
#include "kernel-facing/job.h"

#define PROBE "probe"
#define PROBE_MS 30000

static int set_streams(int in, int out)
{
	return dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ? -errno : 0;
}

/* False: it hung, and was killed with what it started. */
static bool wait_for(pid_t pid, int *status)
{
	autoclose int fd = host_pidfd(pid);
	struct pollfd p = {fd, POLLIN, 0};
	setpgid(pid, pid);
	bool ended = fd < 0 || poll(&p, 1, PROBE_MS) == 1;
	if (!ended)
		kill(-pid, SIGKILL);
	waitpid(pid, status, 0);
	return ended;
}

/* Runs argv with pipes for streams (a runtime gives its streams to the container's user) and keeps what it says. */
static int run(const char *const *argv, const char *hide, char *said, size_t cap)
{
	int in[2], out[2], status;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    (hide && umount2(hide, MNT_DETACH) < 0))
			_exit(126);
		job_environment();
		if (set_streams(in[0], out[1]) == 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	bool ended = pid > 0 && wait_for(pid, &status);
	ssize_t n = read(out[0], said, cap - 1);
	said[n > 0 ? n : 0] = 0;
	if (!ended)
		host_say(said, cap, "it did not return within %d s", PROBE_MS / 1000);
	said[strcspn(said, "\n")] = 0;
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOEXEC;
}

static int make_bundle(const struct direct *d, const char *dir)
{
	char root[HOST_PATH], file[HOST_PATH], config[HOST_PATH], group[HOST_PATH], state[HOST_PATH], netns[HOST_PATH];
	int r = container_root(dir, root);
	r = r < 0 ? r : host_path(file, "%s/" PROBE, root);
	r = r < 0 ? r : host_path(config, "%s/config.json", dir);
	r = r < 0 ? r : host_path(state, "%s/state", dir);
	r = r < 0 ? r : host_path(netns, "%s/netns", dir);
	r = r < 0 ? r : host_path(group, "/%s/" PROBE "/task", d->groups.base);
	r = r < 0 ? r : host_mkdir(dir, 0711, 0, 0);
	r = r < 0 ? r : host_mkdir(root, 0755, d->cfg.task_uid_base, d->cfg.task_uid_base);
	r = r < 0 ? r : host_mkdir(state, 0700, 0, 0);
	r = r < 0 ? r : host_replace(file, "", 0, 0755);
	r = r < 0 ? r : netns_make(netns);
	if (r < 0)
		return r;
	struct task_spec spec = {.nargs = 1, .args = {"/" PROBE}, .cwd = "/"};
	struct bundle b = {.spec = &spec, .root = root, .netns = netns, .cgroup = group, .hostname = PROBE,
	    .uid_base = d->cfg.task_uid_base};
	return bundle_write(&b, config);
}

static void remove_bundle(const char *dir)
{
	char netns[HOST_PATH];
	if (host_path(netns, "%s/netns", dir) == 0)
		(void)netns_drop(netns);
	(void)host_remove(dir);
}

static int try_runtime(struct direct *d, const struct runtime *rt, const char *dir, char *said, size_t cap)
{
	char state[HOST_PATH], ignored[256];
	const char *hide = rt->kind == RUNTIME_CRUN && d->groups.mode == GROUP_HYBRID ? d->groups.v2 : NULL;
	bool crun = rt->kind == RUNTIME_CRUN;
	int r = host_path(state, "%s/state", dir);
	if (r < 0)
		return r;
	char cid[64];
	snprintf(cid, sizeof cid, "%s-" PROBE, d->cfg.instance);
	const char *create_crun[] = {rt->path, "--cgroup-manager=cgroupfs", "--root", state, "create", "--bundle", dir, cid, NULL};
	const char *create_runc[] = {rt->path, "--root", state, "create", "--bundle", dir, cid, NULL};
	const char *delete[] = {rt->path, "--root", state, "delete", "--force", cid, NULL};
	r = run(crun ? create_crun : create_runc, hide, said, cap);
	(void)run(delete, hide, ignored, sizeof ignored);
	for (int i = 0; i < 100 && group_kill(&d->groups, PROBE) > 0; i++)
		sched_yield();
	(void)group_remove(&d->groups, PROBE);
	return r;
}

static enum runtime_kind kind_of(const char *path)
{
	const char *name = strrchr(path, '/');
	return name && !strcmp(name + 1, "runc") ? RUNTIME_RUNC : RUNTIME_CRUN;
}

/* "crun version 1.8.1" -> "crun 1.8.1" */
static void read_version(struct runtime *rt)
{
	char said[128];
	const char *argv[] = {rt->path, "--version", NULL};
	const char *name = rt->kind == RUNTIME_CRUN ? "crun" : "runc";
	char *p = run(argv, NULL, said, sizeof said) == 0 ? strstr(said, "version ") : NULL;
	snprintf(rt->version, sizeof rt->version, "%s %.20s", name, p ? p + 8 : "?");
}

void runtime_find(struct direct *d)
{
	const char *const both[] = {"crun", "runc"};
	const char *const one[] = {d->cfg.runtime};
	bool is_auto = !d->cfg.runtime[0] || !strcmp(d->cfg.runtime, "auto");
	char dir[HOST_PATH], said[160];
	struct runtime rt = {.kind = RUNTIME_NONE};
	d->runtime = rt;
	if (host_program("conmon", rt.conmon) < 0) {
		host_say(d->runtime_why, sizeof d->runtime_why, "conmon was not found; on Debian: apt install conmon");
		return;
	}
	if (is_auto)
		host_say(d->runtime_why, sizeof d->runtime_why, "neither crun nor runc was found; on Debian: apt install crun");
	else
		host_say(d->runtime_why, sizeof d->runtime_why, "runtime = %s: not found; install it, or say runtime = auto", one[0]);
	int tried = 0, r = host_path(dir, "%s/" PROBE, d->bundles_dir);
	for (size_t i = 0; r == 0 && i < (is_auto ? 2 : 1); i++) {
		if (host_program((is_auto ? both : one)[i], rt.path) < 0)
			continue;
		rt.kind = kind_of(rt.path);
		remove_bundle(dir);
		int t = make_bundle(d, dir);
		t = t < 0 ? t : try_runtime(d, &rt, dir, said, sizeof said);
		remove_bundle(dir);
		if (t == 0) {
			read_version(&rt);
			d->runtime = rt;
			d->runtime_why[0] = 0;
			return;
		}
		if (!tried++) /* the first one is the one that was hoped for */
			host_say(d->runtime_why, sizeof d->runtime_why, "%s cannot make a container here: %s",
			    (is_auto ? both : one)[i], t == -ENOEXEC ? said : strerror(-t));
	}
}
