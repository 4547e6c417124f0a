/* What a lease's group may use: cpu, memory, processes, written through libcgroup and read back from the kernel's files.
 *
 * It knows each limit's spelling on v1 and v2. It does not know who asked for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libcgroup.h>
#include "kernel-facing/group.h"

#define PERIOD_US 100000ULL
#define PERIOD_SMALL_US 1000000ULL /* the kernel refuses a quota below 1 ms: small shares take a longer period */
#define MIB (1ULL << 20)

struct setting { enum group_ctl ctl; const char *controller, *file; char value[48]; };

static uint64_t period_of(uint32_t milli) { return milli < 10 ? PERIOD_SMALL_US : PERIOD_US; }

/* One value through libcgroup; whether it took is seen by reading back. */
static int apply(const struct group_host *h, const char *leaf, const struct setting *s)
{
	char name[GROUP_PATH_MAX + GROUP_LEAF_MAX];
	snprintf(name, sizeof name, "%s/%s", h->base, leaf);
	struct cgroup *cg = cgroup_new_cgroup(name);
	if (!cg)
		return -ENOMEM;
	struct cgroup_controller *c = cgroup_add_controller(cg, s->controller);
	int r = c && cgroup_add_value_string(c, s->file, s->value) == 0 ? 0 : -ENOMEM;
	if (r == 0)
		(void)cgroup_modify_cgroup(cg);
	cgroup_free(&cg);
	return r;
}

static bool file_is_there(const struct group_host *h, const struct setting *s, const char *leaf)
{
	char path[HOST_PATH];
	return group_file(h, s->ctl, leaf, s->file, path) == 0 && host_exists(path);
}

static struct setting number(enum group_ctl ctl, const char *controller, const char *file, uint64_t v)
{
	struct setting s = {ctl, controller, file, ""};
	snprintf(s.value, sizeof s.value, "%llu", (unsigned long long)v);
	return s;
}

static int limit_cpu(const struct group_host *h, const char *leaf, uint32_t milli)
{
	uint64_t period = period_of(milli), quota = period * milli / 1000;
	if (h->mode == GROUP_V2) {
		struct setting s = {CTL_CPU, "cpu", "cpu.max", ""};
		snprintf(s.value, sizeof s.value, "%llu %llu", (unsigned long long)quota, (unsigned long long)period);
		return apply(h, leaf, &s);
	}
	struct setting p = number(CTL_CPU, "cpu", "cpu.cfs_period_us", period);
	struct setting q = number(CTL_CPU, "cpu", "cpu.cfs_quota_us", quota);
	int r = apply(h, leaf, &p);
	return r < 0 ? r : apply(h, leaf, &q);
}

/* v2 takes any limit and kills until it holds; v1 says no. What reclaim may find (inactive pages of files) does not count as used. */
static bool memory_in_use(const struct group_host *h, const char *leaf, uint64_t bytes)
{
	char path[HOST_PATH], stat[8192];
	uint64_t used = 0, file = 0;
	int r = group_file(h, CTL_MEMORY, leaf, "memory.current", path);
	r = r < 0 ? r : host_read_u64(path, &used);
	r = r < 0 ? r : group_file(h, CTL_MEMORY, leaf, "memory.stat", path);
	r = r < 0 ? r : host_read(path, stat, sizeof stat, NULL);
	const char *at = r < 0 ? NULL : strstr(stat, "inactive_file ");
	if (at)
		file = strtoull(at + strlen("inactive_file "), NULL, 10);
	return used > bytes && used - bytes > file;
}

/* v1: memory + swap may never be below memory, so the order depends on the direction; two rounds serve both. */
static int limit_memory(const struct group_host *h, const char *leaf, uint64_t bytes)
{
	if (h->mode == GROUP_V2) {
		if (memory_in_use(h, leaf, bytes))
			return -EBUSY;
		struct setting m = number(CTL_MEMORY, "memory", "memory.max", bytes);
		struct setting s = number(CTL_MEMORY, "memory", "memory.swap.max", 0);
		int r = apply(h, leaf, &m);
		return r < 0 || !file_is_there(h, &s, leaf) ? r : apply(h, leaf, &s);
	}
	struct setting m = number(CTL_MEMORY, "memory", "memory.limit_in_bytes", bytes);
	struct setting s = number(CTL_MEMORY, "memory", "memory.memsw.limit_in_bytes", bytes);
	if (!file_is_there(h, &s, leaf))
		return apply(h, leaf, &m);
	int r = apply(h, leaf, &m);
	r = r < 0 ? r : apply(h, leaf, &s);
	return r < 0 ? r : apply(h, leaf, &m);
}

static int read_cpu(const struct group_host *h, const char *leaf, uint32_t *milli)
{
	char path[HOST_PATH], text[64];
	uint64_t quota = UINT64_MAX, period = 0;
	int r = group_file(h, CTL_CPU, leaf, h->mode == GROUP_V2 ? "cpu.max" : "cpu.cfs_quota_us", path);
	r = r < 0 ? r : host_read(path, text, sizeof text, NULL);
	if (r < 0)
		return r;
	*milli = UINT32_MAX;
	if (text[0] == '-' || text[0] == 'm')
		return 0;
	if (h->mode == GROUP_V2) {
		unsigned long long q, p;
		if (sscanf(text, "%llu %llu", &q, &p) != 2)
			return -EBADMSG;
		quota = q;
		period = p;
	} else {
		r = host_read_u64(path, &quota);
		r = r < 0 ? r : group_file(h, CTL_CPU, leaf, "cpu.cfs_period_us", path);
		r = r < 0 ? r : host_read_u64(path, &period);
	}
	if (r == 0 && period)
		*milli = (uint32_t)(quota * 1000 / period);
	return r;
}

static int read_memory(const struct group_host *h, const char *leaf, uint32_t *mib)
{
	char path[HOST_PATH];
	uint64_t bytes, swap = 0;
	bool v2 = h->mode == GROUP_V2;
	int r = group_file(h, CTL_MEMORY, leaf, v2 ? "memory.max" : "memory.limit_in_bytes", path);
	r = r < 0 ? r : host_read_u64(path, &bytes);
	if (r < 0)
		return r;
	r = group_file(h, CTL_MEMORY, leaf, v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes", path);
	if (r == 0 && host_exists(path) && (r = host_read_u64(path, &swap)) < 0)
		return r;
	if (!v2 && swap > bytes)
		bytes = swap; /* swap is open: as good as that much memory */
	if (v2 && swap)
		bytes = UINT64_MAX;
	*mib = bytes / MIB > UINT32_MAX ? UINT32_MAX : (uint32_t)(bytes / MIB);
	return 0;
}

static int read_pids(const struct group_host *h, const char *leaf, uint32_t *n)
{
	char path[HOST_PATH];
	uint64_t v;
	int r = group_file(h, CTL_PIDS, leaf, "pids.max", path);
	r = r < 0 ? r : host_read_u64(path, &v);
	if (r == 0)
		*n = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	return r;
}

int group_limits_read(const struct group_host *h, const char *leaf, struct resources *out)
{
	uint32_t cpu, mem, pids;
	int r = read_cpu(h, leaf, &cpu);
	r = r < 0 ? r : read_memory(h, leaf, &mem);
	r = r < 0 ? r : read_pids(h, leaf, &pids);
	if (r < 0)
		return r;
	out->v[RES_CPU_MILLI] = cpu;
	out->v[RES_MEM_MIB] = mem;
	out->v[RES_PIDS] = pids;
	return 0;
}

int group_limit(const struct group_host *h, const char *leaf, const struct resources *res)
{
	struct setting pids = number(CTL_PIDS, "pids", "pids.max", res->v[RES_PIDS]);
	struct resources have;
	int r = limit_cpu(h, leaf, res->v[RES_CPU_MILLI]);
	r = r < 0 ? r : limit_memory(h, leaf, res->v[RES_MEM_MIB] * MIB);
	r = r < 0 ? r : apply(h, leaf, &pids);
	r = r < 0 ? r : group_limits_read(h, leaf, &have);
	if (r < 0)
		return r;
	if (have.v[RES_CPU_MILLI] != res->v[RES_CPU_MILLI] || have.v[RES_PIDS] != res->v[RES_PIDS])
		return -EIO;
	return have.v[RES_MEM_MIB] == res->v[RES_MEM_MIB] ? 0 : -EBUSY; /* lowering below what is in use */
}
