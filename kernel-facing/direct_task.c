/* The task of a lease: created, started, watched, stopped. Slow steps run as jobs; the verb is asked again until they are done.
 *
 * It knows stages and what must be cleaned after a failure. It does not know mounts or runtimes' options (container.c). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "common/cleanup.h"
#include "kernel-facing/bundle.h"
#include "kernel-facing/device.h"
#include "kernel-facing/direct.h"
#include "kernel-facing/policy.h"

#define MONITOR_GRACE_MS 1000 /* how long a monitor may take to write the exit status of a task that is gone */
#define EXIT_UNKNOWN 255

/* --- create ------------------------------------------------------------------------------------------------------------- */

static int container_of(struct direct *d, const struct lease *l, struct container *c)
{
	*c = (struct container){.runtime = d->runtime, .uid_base = d->cfg.task_uid_base,
	    .disk_mib = l->rec.quota.res.v[RES_DISK_MIB], .fault = d->fault, .fault_ctx = d->fault_ctx};
	snprintf(c->cid, sizeof c->cid, "%s-%s", d->cfg.instance, l->name.s);
	int r = host_path(c->dir, "%s", l->bundle);
	r = r < 0 ? r : host_path(c->netns, "%s/netns", l->dir);
	r = r < 0 ? r : host_path(c->leases_dir, "%s", d->leases_dir);
	r = r < 0 ? r : host_path(c->disks, "%s", d->disks_dir);
	r = r < 0 ? r : host_path(c->log, "%s/log", l->logs);
	r = r < 0 ? r : group_keeper_procs(&d->groups, l->keeper, c->keeper_procs);
	if (r == 0 && d->groups.mode == GROUP_HYBRID) {
		r = group_v2_file(&d->groups, l->leaf, "cgroup.procs", c->v2_procs);
		r = r < 0 ? r : host_path(c->v2_mount, "%s", d->groups.v2);
	}
	c->ndevices = gpu_nodes(d->cfg.policy.gpus, &l->rec.quota, c->devices);
	for (uint32_t i = 0; r == 0 && i < c->ndevices; i++)
		r = c->devices[i].name[0] ? 0 : -ENODEV;
	return r;
}

static int write_config(struct direct *d, const struct lease *l, const struct container *c, const struct task_spec *spec)
{
	char root[HOST_PATH], dev[HOST_PATH], group[HOST_PATH], path[HOST_PATH];
	int r = container_root(c->dir, root);
	r = r < 0 ? r : container_dev_dir(c->dir, dev);
	r = r < 0 ? r : host_path(group, "/%s/%s/" GROUP_INNER, d->groups.base, l->leaf);
	r = r < 0 ? r : host_path(path, "%s/config.json", c->dir);
	if (r < 0)
		return r;
	struct bundle b = {.spec = spec, .root = root, .readonly = c->disk_mib == 0, .netns = c->netns, .cgroup = group,
	    .hostname = l->name.s, .uid_base = c->uid_base, .dev_dir = dev, .ndevices = c->ndevices, .devices = c->devices};
	for (uint32_t i = 0; i < l->rec.quota.ndevices; i++)
		if ((b.gpus[b.ngpus] = gpu_find(d->cfg.policy.gpus, &l->rec.quota.devices[i])))
			b.ngpus++;
	return bundle_write(&b, path);
}

static int make_log_dir(struct direct *d, const struct lease *l)
{
	char path[HOST_PATH];
	gid_t gid = d->cfg.log_gid < 0 ? 0 : (gid_t)d->cfg.log_gid;
	int r = host_mkdir(l->logs, 02750, 0, gid); /* setgid: the monitor's new log files stay in the group */
	r = r < 0 ? r : host_path(path, "%s/exit", l->logs);
	return r < 0 ? r : host_remove(path);
}

static int set_stage(struct lease *l, enum task_stage stage)
{
	l->rec.stage = (uint8_t)stage;
	return lease_save(l);
}

static int create_begin(struct direct *d, struct lease *l, const struct task_spec *spec)
{
	char log[HOST_PATH];
	autofree struct container *c = malloc(sizeof *c);
	int r = c ? container_of(d, l, c) : -ENOMEM;
	if (r == 0)
		c->spec = spec;
	r = r < 0 ? r : unpack_ready(d, spec->image, c->lower);
	r = r < 0 ? r : direct_fault(d, "bundle");
	r = r < 0 ? r : host_remove(l->bundle);
	r = r < 0 ? r : host_mkdir(l->bundle, 0711, 0, 0);
	r = r < 0 ? r : make_log_dir(d, l);
	r = r < 0 ? r : write_config(d, l, c, spec);
	r = r < 0 ? r : host_path(log, "%s/create.log", l->dir);
	r = r < 0 ? r : set_stage(l, STAGE_CREATING);
	r = r < 0 ? r : direct_fault(d, "container");
	if (r < 0)
		return r;
	r = job_start(&l->job, JOB_CREATE, log, container_create, c);
	return r < 0 ? r : -EINPROGRESS;
}

static int open_init(struct lease *l)
{
	uint64_t start;
	int fd = host_pidfd(l->rec.init_pid);
	if (fd < 0)
		return fd;
	/* The descriptor is the task's only if the pid was not reused before it was opened. */
	int r = host_start_time(l->rec.init_pid, &start);
	if (r < 0 || start != l->rec.init_start) {
		close(fd);
		return -ESRCH;
	}
	l->pidfd = fd;
	return 0;
}

static int create_end(struct direct *d, struct lease *l)
{
	pid_t pid;
	int r = direct_fault(d, "create");
	r = r < 0 ? r : container_pid(l->bundle, &pid);
	if (r < 0)
		return r;
	l->rec.init_pid = pid;
	r = host_start_time(pid, &l->rec.init_start);
	r = r < 0 ? r : open_init(l);
	/* A runtime may say what it likes: outside the group nothing would be limited, and signals would go to a stranger. */
	if (r < 0 || !group_has_inner(&d->groups, l->leaf, pid)) {
		if (l->pidfd >= 0)
			close(l->pidfd);
		l->pidfd = -1;
		return -EPROTO;
	}
	meter_open_inner(&l->meter, &d->groups, l->leaf);
	lease_log_readable(d, l);
	r = lease_io_begin(d, l);
	return r < 0 ? r : set_stage(l, STAGE_CREATED);
}

/* What a failed create left is removed before the failure is told. */
static int create_failed(struct direct *d, struct lease *l)
{
	int r = task_stop(d, l);
	if (r < 0)
		return r;
	r = l->failed;
	l->failed = 0;
	return r;
}

int direct_task_create(struct kernel *k, const struct lease_name *name, const struct task_spec *spec)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	int r = policy_task(spec);
	if (r < 0)
		return r;
	if (!l || l->closing)
		return -ESRCH;
	if (l->failed)
		return create_failed(d, l);
	if (l->stopping_since_ms || (l->job.kind != JOB_CREATE && l->rec.stage != STAGE_NONE))
		return -EEXIST;
	if (d->runtime.kind == RUNTIME_NONE)
		return -ENOEXEC;
	if (l->job.kind != JOB_CREATE) {
		r = create_begin(d, l, spec);
		if (r != -EINPROGRESS && l->rec.stage == STAGE_CREATING)
			l->failed = r;
		return l->failed ? create_failed(d, l) : r;
	}
	r = job_poll_within(&l->job, d->patience_ms);
	r = r < 0 ? r : create_end(d, l);
	if (r == 0 || r == -EINPROGRESS)
		return r;
	l->failed = r;
	return create_failed(d, l);
}

/* --- start, signal, freeze ------------------------------------------------------------------------------------------------ */

static uint64_t memory_bytes(const struct lease *l) { return (uint64_t)l->rec.quota.res.v[RES_MEM_MIB] << 20; }
bool task_holds(const struct lease *l) { return l->rec.stage == STAGE_STARTED || l->job.kind == JOB_START; }
int task_hold(struct direct *d, struct lease *l) { return group_oom_hold(&d->groups, l->leaf, task_holds(l), memory_bytes(l)); }

static int start_begin(struct direct *d, struct lease *l)
{
	char log[HOST_PATH];
	autofree struct container *c = malloc(sizeof *c);
	int r = c ? container_of(d, l, c) : -ENOMEM;
	r = r < 0 ? r : direct_fault(d, "start");
	r = r < 0 ? r : group_oom_hold(&d->groups, l->leaf, true, memory_bytes(l));
	if (r == 0 && container_release(c) == 0)
		return 0;
	r = r < 0 ? r : host_path(log, "%s/start.log", l->dir);
	r = r < 0 ? r : job_start(&l->job, JOB_START, log, container_start, c);
	return r < 0 ? r : -EINPROGRESS;
}

static int start_step(struct direct *d, struct lease *l)
{
	char cid[64];
	if (l->job.kind == JOB_START)
		return job_poll_within(&l->job, d->patience_ms);
	snprintf(cid, sizeof cid, "%s-%s", d->cfg.instance, l->name.s);
	if (container_waits(l->bundle, cid))
		return start_begin(d, l);
	return group_oom_hold(&d->groups, l->leaf, true, memory_bytes(l)); /* it was started, and who did it could not note it */
}

int direct_task_start(struct kernel *k, const struct lease_name *name)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l || l->closing || l->stopping_since_ms)
		return -ESRCH;
	if (l->rec.stage == STAGE_STARTED)
		return 0;
	if (l->rec.stage != STAGE_CREATED)
		return -EINVAL;
	int r = start_step(d, l);
	r = r < 0 ? r : direct_fault(d, "started");
	if (r < 0 && r != -EINPROGRESS)
		(void)task_hold(d, l);
	return r < 0 ? r : set_stage(l, STAGE_STARTED);
}

int direct_task_signal(struct kernel *k, const struct lease_name *name, int signo)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	int r = policy_signal(signo);
	if (r < 0)
		return r;
	if (!l || l->pidfd < 0)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, l->pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

int direct_freeze(struct kernel *k, const struct lease_name *name, bool frozen)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l || l->closing || l->stopping_since_ms)
		return -ESRCH;
	int r = group_freeze(&d->groups, l->leaf, frozen);
	if (r < 0)
		return r;
	l->rec.frozen = frozen;
	return lease_save(l);
}

/* --- the end --------------------------------------------------------------------------------------------------------------- */

static void write_exit(const struct direct *d, const struct lease *l)
{
	char path[HOST_PATH], text[16];
	int n = snprintf(text, sizeof text, "%d\n", l->exit_code);
	if (host_path(path, "%s/exit", l->logs) == 0)
		(void)host_replace(path, text, (size_t)n, d->cfg.log_gid < 0 ? 0600 : 0640);
}

static void note_exit(struct direct *d, struct lease *l, int code)
{
	l->exited = true;
	l->exit_code = code;
	if (l->pidfd >= 0)
		close(l->pidfd);
	l->pidfd = -1;
	write_exit(d, l);
}

void task_watch(struct direct *d, struct lease *l)
{
	int code;
	if (l->exited || l->rec.stage < STAGE_CREATED)
		return;
	struct pollfd p = {l->pidfd, POLLIN, 0};
	if (l->pidfd >= 0 && poll(&p, 1, 0) == 0)
		return;
	char cid[64];
	snprintf(cid, sizeof cid, "%s-%s", d->cfg.instance, l->name.s);
	if (container_exit_code(l->bundle, cid, &code) == 0)
		note_exit(d, l, code);
	else if (group_count(&d->groups, l->keeper) == 0)
		l->unwatched = true, note_exit(d, l, EXIT_UNKNOWN); /* the monitor is gone too and left no word */
}

enum task_phase task_phase_of(const struct lease *l)
{
	if (l->rec.stage < STAGE_CREATED)
		return TASK_NONE;
	if (l->exited)
		return TASK_EXITED;
	if (l->rec.stage == STAGE_CREATED)
		return TASK_CREATED;
	return l->rec.frozen ? TASK_FROZEN : TASK_RUNNING;
}

/* 0 when no process of the task, its monitor or a job is left. */
static int kill_all(struct direct *d, struct lease *l)
{
	bool half = l->rec.stage == STAGE_CREATING; /* its monitor has nothing to report */
	int dead = job_end(&l->job);
	if (!l->stopping_since_ms)
		l->stopping_since_ms = host_now_ms();
	bool late = host_now_ms() - l->stopping_since_ms > MONITOR_GRACE_MS;
	if (half)
		group_kill(&d->groups, l->keeper);
	if (group_kill(&d->groups, l->leaf) > 0 || dead < 0)
		return -EINPROGRESS;
	if (group_count(&d->groups, l->keeper) == 0)
		return 0;
	if (half || late)
		group_kill(&d->groups, l->keeper);
	return -EINPROGRESS;
}

int task_stop(struct direct *d, struct lease *l)
{
	int r = kill_all(d, l);
	if (r < 0)
		return r;
	task_watch(d, l);
	lease_io_end(d, l);
	meter_close_inner(&l->meter, &d->groups, &l->rec.oom_before);
	r = direct_fault(d, "stop");
	r = r < 0 ? r : group_remove_inner(&d->groups, l->leaf);
	r = r < 0 ? r : direct_fault(d, "clean");
	r = r < 0 ? r : host_remove(l->bundle);
	if (r < 0)
		return r == -EBUSY ? -EINPROGRESS : r;
	if (l->pidfd >= 0)
		close(l->pidfd);
	l->pidfd = -1;
	l->exited = l->unwatched = false;
	l->stopping_since_ms = 0;
	l->rec.init_pid = 0;
	l->rec.stage = STAGE_NONE;
	if (l->rec.frozen)
		group_freeze(&d->groups, l->leaf, true);
	(void)task_hold(d, l); /* a lease that is being swept may have no group */
	return lease_save(l);
}

int direct_task_delete(struct kernel *k, const struct lease_name *name)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l)
		return -ESRCH;
	if (l->rec.stage == STAGE_NONE && l->job.kind == JOB_NONE && !l->stopping_since_ms)
		return 0;
	l->failed = 0;
	return task_stop(d, l);
}

/* A task that was being made when the broker died is not whole: nobody can tell how far it came. */
void task_adopt(struct direct *d, struct lease *l)
{
	l->rec.frozen = group_freeze_asked(&d->groups, l->leaf);
	l->meter.full = l->rec.frozen;
	if (l->rec.stage == STAGE_CREATING) {
		l->failed = -ECANCELED;
		return;
	}
	(void)task_hold(d, l);
	if (l->rec.stage == STAGE_NONE)
		return;
	meter_open_inner(&l->meter, &d->groups, l->leaf);
	(void)open_init(l); /* fails if it ended meanwhile: then its exit code is there */
	task_watch(d, l);
}
