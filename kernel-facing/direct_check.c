/* What was asked against what the kernel says: read back, compared, repaired.
 *
 * It knows which limits a lease has. It does not know how they are set. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "kernel-facing/device.h"
#include "kernel-facing/direct.h"
#include "kernel-facing/shaper.h"

bool finding_add(struct finding *f, const char *what, uint64_t want, uint64_t have)
{
	if (want == have)
		return false;
	if (f->n < DRIFTS_MAX) {
		struct drift *d = &f->out[f->n++];
		snprintf(d->what, sizeof d->what, "%s", what);
		d->want = want;
		d->have = have;
	}
	return true;
}

static int check_group(struct direct *d, struct lease *l, struct finding *f)
{
	static const struct { enum resource_kind kind; const char *what; } kinds[] = {{RES_CPU_MILLI, "cpu"}, {RES_MEM_MIB, "mem"},
	    {RES_PIDS, "pids"}};
	struct resources have;
	int r = group_limits_read(&d->groups, l->leaf, &have);
	if (r < 0)
		return r;
	bool differs = false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		differs |= finding_add(f, kinds[i].what, l->rec.quota.res.v[kinds[i].kind], have.v[kinds[i].kind]);
	return differs ? group_limit(&d->groups, l->leaf, &l->rec.quota.res) : 0;
}

static int check_devices(struct direct *d, struct lease *l, struct finding *f)
{
	bool runc = d->runtime.kind == RUNTIME_RUNC;
	struct device_list list;
	finding_add(f, DRIFT_GPU_GONE, l->rec.quota.ndevices, gpus_alive(d->cfg.policy.gpus, &l->rec.quota));
	lease_devices(d, &l->rec.quota, &list);
	int r = device_differs(&d->groups, l->leaf, &list, runc);
	if (r <= 0)
		return r;
	finding_add(f, "devices", l->rec.quota.ndevices, UINT32_MAX);
	return device_set(&d->groups, l->leaf, &list, runc);
}

static int check_rate(struct nl_sock *sock, int index, const char *what, uint32_t asked, struct finding *f)
{
	uint32_t have = 0, want = asked ? asked : 1;
	int r = shaper_get(sock, index, &have);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!finding_add(f, what, want, have))
		return 0;
	return shaper_set(sock, index, want, r == 0 && have != SHAPER_OTHER);
}

/* Groups first, then links: what is compared below must be there. */
static int check_whole(struct direct *d, struct lease *l, struct finding *f)
{
	int r = finding_add(f, "groups", 1, group_whole(&d->groups, l->leaf)) ? repair_groups(d, l) : 0;
	if (r < 0)
		return r;
	int up = netns_link_is_up(d->host, l->host_index), inner = netns_link_is_up(l->inner, l->inner_index);
	bool gone = up == -ENODEV || inner == -ENODEV;
	if (!gone && (up < 0 || inner < 0))
		return up < 0 ? up : inner;
	if (!finding_add(f, "link", lease_has_network(l), gone ? UINT32_MAX : up && inner))
		return 0;
	return gone ? lease_relink(d, l) : lease_links_up(d, l);
}

/* Somebody with the rights for it may take a task out of the groups that hold it. */
static int check_members(struct direct *d, struct lease *l, struct finding *f)
{
	uint32_t strays = 0;
	if (l->rec.stage < STAGE_CREATED || l->exited || l->pidfd < 0)
		return 0;
	int r = group_strays(&d->groups, l->leaf, l->rec.init_pid, &strays);
	if (r == -ENOENT || r == -ESRCH)
		return 0;
	l->unwatched |= group_count(&d->groups, l->keeper) == 0;
	return r < 0 ? r : finding_add(f, "members", 0, strays) ? repair_members(d, l) : 0;
}

static int check_hold(struct direct *d, struct lease *l, struct finding *f)
{
	uint64_t bytes = (uint64_t)l->rec.quota.res.v[RES_MEM_MIB] << 20;
	int r = group_oom_differs(&d->groups, l->leaf, task_holds(l), bytes);
	return r < 0 ? r : finding_add(f, "oom", task_holds(l), task_holds(l) ^ (r != 0)) ? task_hold(d, l) : 0;
}

static int check_frozen(struct direct *d, struct lease *l, struct finding *f)
{
	if (!finding_add(f, "frozen", l->rec.frozen, group_freeze_asked(&d->groups, l->leaf)))
		return 0;
	return group_freeze(&d->groups, l->leaf, l->rec.frozen);
}

/* The monitor makes a new log file each time one is full, readable by root only. */
void lease_log_readable(struct direct *d, const struct lease *l)
{
	char path[HOST_PATH];
	struct stat st;
	if (d->cfg.log_gid >= 0 && host_path(path, "%s/log", l->logs) == 0 && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    !(st.st_mode & 040))
		(void)chmod(path, 0640);
}

int direct_check(struct kernel *k, const struct lease_name *name, struct drift *out, uint32_t *n)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l || l->closing)
		return -ESRCH;
	struct drift found[DRIFTS_MAX] = {0};
	struct finding f = {found, 0};
	int r = l->stopping_since_ms ? 0 : check_whole(d, l, &f);
	r = r < 0 || l->stopping_since_ms ? r : check_members(d, l, &f);
	r = r < 0 ? r : check_group(d, l, &f);
	r = r < 0 || l->stopping_since_ms ? r : check_hold(d, l, &f);
	r = r < 0 ? r : check_devices(d, l, &f);
	r = r < 0 ? r : check_rate(d->host, l->host_index, "down", l->rec.quota.res.v[RES_DOWN_KBPS], &f);
	r = r < 0 ? r : check_rate(l->inner, l->inner_index, "up", l->rec.quota.res.v[RES_UP_KBPS], &f);
	r = r < 0 ? r : check_fence(d, l, &f);
	r = r < 0 ? r : check_io(d, l, &f);
	r = r < 0 || l->stopping_since_ms ? r : check_frozen(d, l, &f);
	lease_log_readable(d, l);
	task_watch(d, l);
	if (r < 0)
		return r;
	memcpy(out, found, sizeof found);
	*n = f.n;
	return 0;
}

int direct_quota(struct kernel *k, const struct lease_name *name, struct quota *out)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l || l->closing)
		return -ESRCH;
	struct quota q = l->rec.quota;
	struct fence_counts counts;
	uint32_t up, down, conn;
	int r = group_limits_read(&d->groups, l->leaf, &q.res);
	r = r < 0 ? r : shaper_get(d->host, l->host_index, &down);
	r = r < 0 ? r : shaper_get(l->inner, l->inner_index, &up);
	r = r < 0 ? r : fence_read(&l->fence, &counts, &conn);
	r = r < 0 ? r : lease_io_read(d, l, &q.res.v[RES_IOPS]);
	struct device_list list;
	lease_devices(d, &q, &list);
	r = r < 0 ? r : device_differs(&d->groups, l->leaf, &list, d->runtime.kind == RUNTIME_RUNC);
	if (r < 0)
		return r;
	if (r > 0)
		q.ndevices = 0; /* the kernel holds some other list */
	if (q.res.v[RES_CONN] || conn != FENCE_NO_LIMIT)
		q.res.v[RES_CONN] = conn;
	if (q.res.v[RES_UP_KBPS] && q.res.v[RES_DOWN_KBPS]) {
		q.res.v[RES_UP_KBPS] = up;
		q.res.v[RES_DOWN_KBPS] = down;
	}
	*out = q;
	return 0;
}
