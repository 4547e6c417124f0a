/* A model of the kernel side in memory, with faults on demand, for tests of what stands on it.
 *
 * It keeps the promises of kernel.h that callers rely on: the policy, the order of a task's phases, errors, cumulative usage. It does
 * not touch the machine. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/policy.h"

#define FAKE_PID 1000
#define FAKE_IP 0x64400002 /* 100.64.0.2, and a /30 further with each lease that was opened */

struct fake_lease {
	struct lease_name name;
	struct quota quota;
	struct usage usage;
	bool frozen;
};

struct fake {
	struct kernel base; /* first: the door is its address */
	struct kernel_policy policy;
	uint32_t fail_in, n;
	int fail_with;
	uint64_t groups_made, steal_us, busy_us;
	struct device_rule gone;
	struct fake_lease leases[LEASES_PER_NODE_MAX];
};

static struct fake *fake_of(struct kernel *k) { return (struct fake *)(void *)k; }

/* Every verb asks first: 0, or the error that a test wanted now. */
static int fault(struct fake *f)
{
	return f->fail_in && --f->fail_in == 0 ? -f->fail_with : 0;
}

static struct fake_lease *find(struct fake *f, const struct lease_name *name)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!strcmp(f->leases[i].name.s, name->s))
			return &f->leases[i];
	return NULL;
}

/* 0 with *l, or the fault, or -ESRCH. */
static int enter(struct kernel *k, const struct lease_name *name, struct fake_lease **l)
{
	int r = fault(fake_of(k));
	*l = find(fake_of(k), name);
	return r < 0 ? r : *l ? 0 : -ESRCH;
}

static int fake_inventory(struct kernel *k, struct inventory *out)
{
	struct fake *f = fake_of(k);
	int r = fault(f);
	if (r < 0)
		return r;
	*out = (struct inventory){.res = f->policy.total, .cgroup_mode = "v2",
	    .runtime = "fake 1", .boot_id = {1}, .reach = f->policy.reach, .iops_held = true, .ngpus = f->policy.ndevices};
	for (uint32_t i = 0; i < out->ngpus; i++)
		out->gpus[i] = (struct gpu_info){.rule = f->policy.devices[i], .vendor = "-", .model = "-", .id = "-", .name = "gpu"};
	return 0;
}

static int admit(struct fake *f, const struct quota *q, const struct fake_lease *except)
{
	struct resources others = {0};
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->n; i++)
		if (&f->leases[i] != except) {
			n++;
			if (!resources_add(&others, &f->leases[i].quota.res))
				return -EDQUOT;
		}
	return policy_admit(&f->policy, q, &others, n);
}

static int fake_open(struct kernel *k, const struct lease_name *name, const struct quota *q)
{
	struct fake *f = fake_of(k);
	int r = fault(f);
	if (r < 0)
		return r;
	if (!policy_name_ok(name))
		return -EINVAL;
	if (find(f, name))
		return -EEXIST;
	r = admit(f, q, NULL);
	if (r < 0)
		return r;
	f->leases[f->n++] = (struct fake_lease){.name = *name, .quota = *q, .usage.group_id = ++f->groups_made};
	f->leases[f->n - 1].usage.ip = FAKE_IP + 4 * (uint32_t)f->groups_made;
	return 0;
}

static int fake_set(struct kernel *k, const struct lease_name *name, const struct quota *q)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	r = r < 0 ? r : admit(fake_of(k), q, l);
	if (r == 0) {
		if (q->res.v[RES_MEM_MIB] > l->quota.res.v[RES_MEM_MIB])
			l->usage.oom_held = false;
		l->quota = *q;
	}
	return r;
}

static int fake_check(struct kernel *k, const struct lease_name *name, struct drift *out, uint32_t *n)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r < 0)
		return r;
	*n = 0;
	for (uint32_t i = 0; i < l->quota.ndevices && !*n; i++)
		if (device_rule_eq(&l->quota.devices[i], &fake_of(k)->gone))
			out[(*n)++] = (struct drift){DRIFT_GPU_GONE, l->quota.ndevices, l->quota.ndevices - 1};
	return 0;
}

static int fake_checks(struct kernel *k, const struct lease_name *leases, uint32_t n, struct checked *out)
{
	for (uint32_t i = 0; i < n; i++) {
		out[i].n = 0;
		out[i].result = fake_check(k, &leases[i], out[i].found, &out[i].n);
	}
	return 0;
}
void kernel_fake_gone(struct kernel *k, const struct device_rule *rule) { fake_of(k)->gone = *rule; }

static int fake_freeze(struct kernel *k, const struct lease_name *name, bool frozen)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r < 0)
		return r;
	l->frozen = frozen;
	if (l->usage.phase == TASK_RUNNING && frozen)
		l->usage.phase = TASK_FROZEN;
	else if (l->usage.phase == TASK_FROZEN && !frozen)
		l->usage.phase = TASK_RUNNING;
	return 0;
}

static int fake_close_lease(struct kernel *k, const struct lease_name *name)
{
	struct fake *f = fake_of(k);
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r == 0)
		*l = f->leases[--f->n];
	return r == -ESRCH ? 0 : r;
}

static int fake_list(struct kernel *k, struct lease_name *out, uint32_t max, uint32_t *n)
{
	struct fake *f = fake_of(k);
	int r = fault(f);
	if (r < 0 || f->n > max)
		return r < 0 ? r : -ENOSPC;
	for (uint32_t i = 0; i < f->n; i++)
		out[i] = f->leases[i].name;
	*n = f->n;
	return 0;
}

static int fake_quota(struct kernel *k, const struct lease_name *name, struct quota *out)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r == 0)
		*out = l->quota;
	return r;
}

static int fake_usage(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out)
{
	struct fake *f = fake_of(k);
	int r = fault(f);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = find(f, &leases[i]) ? 0 : -ESRCH;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		out[i] = find(f, &leases[i])->usage;
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		out[i].steal_us = f->steal_us;
		out[i].busy_us = f->busy_us;
	}
	return r;
}

static int fake_task_create(struct kernel *k, const struct lease_name *name, const struct task_spec *spec)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	r = r < 0 ? r : policy_task(spec);
	if (r < 0)
		return r;
	if (l->usage.phase != TASK_NONE)
		return -EEXIST;
	l->usage.phase = TASK_CREATED;
	l->usage.pid = FAKE_PID + (int32_t)l->usage.group_id;
	l->usage.pids = 1;
	return 0;
}

static int fake_task_start(struct kernel *k, const struct lease_name *name)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r < 0)
		return r;
	if (l->usage.phase == TASK_NONE)
		return -EINVAL;
	if (l->usage.phase == TASK_CREATED)
		l->usage.phase = l->frozen ? TASK_FROZEN : TASK_RUNNING;
	return 0;
}

static void end(struct fake_lease *l, int code)
{
	l->usage.phase = TASK_EXITED;
	l->usage.exit_code = code;
	l->usage.pid = 0;
	l->usage.pids = 0;
	l->usage.oom_held = false;
}

static int fake_task_signal(struct kernel *k, const struct lease_name *name, int signo)
{
	struct fake_lease *l;
	int r = policy_signal(signo);
	r = r < 0 ? r : enter(k, name, &l);
	if (r < 0)
		return r;
	if (l->usage.phase == TASK_NONE || l->usage.phase == TASK_EXITED)
		return -ESRCH;
	if (signo == SIGKILL || signo == SIGTERM)
		end(l, 128 + signo);
	return 0;
}

static int fake_task_delete(struct kernel *k, const struct lease_name *name)
{
	struct fake_lease *l;
	int r = enter(k, name, &l);
	if (r < 0)
		return r;
	end(l, 0);
	l->usage.phase = TASK_NONE;
	return 0;
}

static void fake_free(struct kernel *k) { free(fake_of(k)); }

static const struct kernel_ops fake_ops = {
    .inventory = fake_inventory,
    .lease_open = fake_open,
    .lease_set = fake_set,
    .lease_check = fake_check,
    .leases_check = fake_checks,
    .lease_freeze = fake_freeze,
    .lease_close = fake_close_lease,
    .lease_list = fake_list,
    .lease_quota = fake_quota,
    .usage = fake_usage,
    .task_create = fake_task_create,
    .task_start = fake_task_start,
    .task_signal = fake_task_signal,
    .task_delete = fake_task_delete,
    .close = fake_free,
};

struct kernel *kernel_fake_new(const struct kernel_policy *policy)
{
	struct fake *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->base.ops = &fake_ops;
	f->policy = *policy;
	return &f->base;
}

void kernel_fake_fail(struct kernel *k, uint32_t n, int err)
{
	fake_of(k)->fail_in = n;
	fake_of(k)->fail_with = err;
}

void kernel_fake_exit(struct kernel *k, const struct lease_name *lease, int code)
{
	struct fake_lease *l = find(fake_of(k), lease);
	if (l)
		end(l, code);
}

void kernel_fake_full(struct kernel *k, const struct lease_name *lease)
{
	struct fake_lease *l = find(fake_of(k), lease);
	if (l && l->usage.phase == TASK_RUNNING)
		l->usage.oom_held = true;
}

void kernel_fake_end(struct kernel *k, const struct lease_name *lease, int code, bool unwatched, uint32_t oom_kills)
{
	struct fake_lease *l = find(fake_of(k), lease);
	kernel_fake_exit(k, lease, code);
	if (l) {
		l->usage.unwatched = unwatched;
		l->usage.oom_kills = oom_kills;
	}
}

void kernel_fake_steal(struct kernel *k, uint64_t steal_us, uint64_t busy_us)
{
	fake_of(k)->steal_us += steal_us;
	fake_of(k)->busy_us += busy_us;
}

void kernel_fake_advance(struct kernel *k, uint64_t us)
{
	struct fake *f = fake_of(k);
	for (uint32_t i = 0; i < f->n; i++)
		if (f->leases[i].usage.phase == TASK_RUNNING)
			f->leases[i].usage.cpu_us += us * f->leases[i].quota.res.v[RES_CPU_MILLI] / 1000;
}
