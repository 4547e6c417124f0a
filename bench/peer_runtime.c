/* OCI runtimes on their own, as anybody would start them: the peers of a lease's activation.
 *
 * It knows their command lines and what crun needs on a hybrid host. It does not know leases: no limits are set, the network
 * namespace was made ahead and is empty, nobody keeps a log, all of which is in the peers' favour. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "bench/measure.h"
#include "bench/peer_runtime.h"
#include "common/cleanup.h"
#include "kernel-facing/bundle.h"

#define LEAF "peer"

int peer_runtime_init(struct peer_runtime *p, const char *name, const struct direct *d, const char *root)
{
	char config[HOST_PATH], state[HOST_PATH], group[HOST_PATH], net[HOST_PATH];
	struct task_spec spec = {.nargs = 1, .args = {"/first"}};
	*p = (struct peer_runtime){.name = name, .kind = strcmp(name, "crun") ? RUNTIME_RUNC : RUNTIME_CRUN};
	int r = host_program(name, p->path);
	r = r < 0 ? r : host_path(p->dir, "%s/peer-%s", d->cfg.state_dir, name);
	r = r < 0 ? r : host_path(config, "%s/config.json", p->dir);
	r = r < 0 ? r : host_path(state, "%s/state", p->dir);
	r = r < 0 ? r : host_path(group, "/%s/" LEAF "/task", d->groups.base);
	r = r < 0 ? r : host_mkdir(p->dir, 0711, 0, 0);
	r = r < 0 ? r : host_mkdir(state, 0700, 0, 0);
	r = r < 0 ? r : host_path(net, "%s/net", p->dir);
	r = r < 0 ? r : netns_make(net);
	struct bundle b = {.spec = &spec, .root = root, .readonly = true, .netns = net, .cgroup = group, .hostname = LEAF,
	    .uid_base = d->cfg.task_uid_base};
	return r < 0 ? r : bundle_write(&b, config);
}

/* In the child that stands for the caller's shell: on a hybrid host crun works only where the v2 tree is hidden. */
static int hide_v2(const struct peer_runtime *p, const struct direct *d)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (p->kind == RUNTIME_CRUN && d->groups.mode == GROUP_HYBRID && umount2(d->groups.v2, MNT_DETACH) < 0)
		return -errno;
	return 0;
}

/* The streams are pipes: a runtime gives them to the task's user, which must not happen to the host's /dev/null. */
static void exec_runtime(const struct peer_runtime *p, int in, int out)
{
	char state[HOST_PATH], id[64];
	snprintf(id, sizeof id, "zeus-bench-%d", (int)getpid());
	if (host_path(state, "%s/state", p->dir) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	if (p->kind == RUNTIME_CRUN)
		execl(p->path, p->path, "--cgroup-manager=cgroupfs", "--root", state, "run", "--bundle", p->dir, id, (char *)NULL);
	else
		execl(p->path, p->path, "--root", state, "run", "--bundle", p->dir, id, (char *)NULL);
	_exit(127);
}

static void read_all(int fd, char *text, size_t cap)
{
	size_t n = 0;
	ssize_t got;
	while (n < cap - 1 && (got = read(fd, text + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
}

static double run_once(const struct peer_runtime *p)
{
	int in[2], out[2], status;
	char text[512], *end;
	if (pipe(in) < 0 || pipe(out) < 0)
		return -1;
	uint64_t start = measure_now_ns();
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(in[1]);
		close(out[0]);
		exec_runtime(p, in[0], out[1]);
	}
	close(out[1]);
	read_all(out[0], text, sizeof text);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	uint64_t first = strtoull(text, &end, 10);
	if (status == 0 && end > text && first > start)
		return (double)(first - start);
	fprintf(stderr, "%s: %s\n", p->name, text);
	return -1;
}

int peer_runtime_run(const struct peer_runtime *p, const struct direct *d, double *ns)
{
	int result[2];
	double got = -1;
	if (pipe(result) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		double one = hide_v2(p, d) < 0 ? -1 : run_once(p);
		_exit(write(result[1], &one, sizeof one) != sizeof one);
	}
	close(result[1]);
	bool whole = pid > 0 && read(result[0], &got, sizeof got) == sizeof got;
	close(result[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (!whole || got < 0)
		return -EIO;
	*ns = got;
	return 0;
}

void peer_runtime_close(const struct peer_runtime *p, const struct direct *d)
{
	char net[HOST_PATH];
	if (host_path(net, "%s/net", p->dir) == 0)
		netns_drop(net);
	peer_runtime_sweep(d);
	host_remove(p->dir);
}

void peer_runtime_sweep(const struct direct *d)
{
	while (group_kill(&d->groups, LEAF) > 0)
		sched_yield();
	group_remove(&d->groups, LEAF);
}
