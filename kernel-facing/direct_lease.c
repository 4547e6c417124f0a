/* Opening, changing and closing a lease: a list of steps, each with its undo.
 *
 * It knows the order of the steps. What a step does to the kernel is known by group, device, netns and shaper. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/netlink.h>
#include "common/cleanup.h"
#include "kernel-facing/device.h"
#include "kernel-facing/direct.h"
#include "kernel-facing/policy.h"
#include "kernel-facing/shaper.h"

static uint64_t key_of(const struct lease_name *name) { return strtoull(name->s, NULL, 16); }

/* Position of the key in the table, or where it belongs. */
static uint32_t position(const struct direct *d, uint64_t key)
{
	uint32_t low = 0, high = d->n;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (d->leases[mid]->key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct lease *lease_by_key(struct direct *d, uint64_t key)
{
	uint32_t i = position(d, key);
	return i < d->n && d->leases[i]->key == key ? d->leases[i] : NULL;
}

struct lease *lease_find(struct direct *d, const struct lease_name *name)
{
	if (!policy_name_ok(name))
		return NULL;
	return lease_by_key(d, key_of(name));
}

struct lease *lease_new(struct direct *d, const struct lease_name *name)
{
	struct lease *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->name = *name;
	l->key = key_of(name);
	l->pidfd = -1;
	meter_init(&l->meter);
	watch_init(&l->watch);
	snprintf(l->leaf, sizeof l->leaf, "lease-%s", name->s);
	snprintf(l->keeper, sizeof l->keeper, "keep-%s", name->s);
	if (host_path(l->dir, "%s/%s", d->leases_dir, name->s) < 0 || host_path(l->bundle, "%s/%s", d->bundles_dir, name->s) < 0 ||
	    host_path(l->logs, "%s/%s", d->tasks_dir, name->s) < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void lease_free(struct lease *l)
{
	job_cancel(&l->job);
	meter_close(&l->meter);
	watch_close(&l->watch);
	free(l->gpu);
	nl_socket_free(l->inner);
	fence_close(&l->fence);
	if (l->pidfd >= 0)
		close(l->pidfd);
	free(l);
}

int lease_insert(struct direct *d, struct lease *l)
{
	if (d->n == LEASES_PER_NODE_MAX)
		return -ENOSPC;
	uint32_t i = position(d, l->key);
	memmove(&d->leases[i + 1], &d->leases[i], (d->n - i) * sizeof *d->leases);
	d->leases[i] = l;
	d->n++;
	return 0;
}

void lease_forget(struct direct *d, struct lease *l)
{
	uint32_t i = position(d, l->key);
	memmove(&d->leases[i], &d->leases[i + 1], (d->n - i - 1) * sizeof *d->leases);
	d->n--;
	lease_free(l);
}

int lease_save(struct lease *l)
{
	char path[HOST_PATH];
	l->watch.good = false; /* what it was compared with may be in what is saved */
	l->meter.skipped = METER_SKIP_MAX;
	int r = host_path(path, "%s/record", l->dir);
	return r < 0 ? r : record_write(path, &l->rec);
}

int lease_netns(const struct lease *l, char out[HOST_PATH]) { return host_path(out, "%s/netns", l->dir); }

/* --- steps ------------------------------------------------------------------------------------------------------------ */

static int make_dirs(struct direct *d, struct lease *l)
{
	(void)d;
	return host_mkdir(l->dir, 0711, 0, 0);
}

static int drop_dirs(struct direct *d, struct lease *l)
{
	(void)d;
	int r = host_remove(l->bundle);
	int s = host_remove(l->dir);
	return r < 0 ? r : s;
}

static int make_record(struct direct *d, struct lease *l)
{
	memcpy(l->rec.boot_id, d->boot_id, sizeof d->boot_id);
	return lease_save(l);
}

static int make_groups(struct direct *d, struct lease *l)
{
	int r = group_make(&d->groups, l->leaf);
	r = r < 0 ? r : group_keeper_make(&d->groups, l->keeper);
	return r < 0 ? r : group_id(&d->groups, l->leaf, &l->group_id);
}

static int drop_groups(struct direct *d, struct lease *l)
{
	int r = group_remove(&d->groups, l->leaf);
	int s = group_remove(&d->groups, l->keeper);
	return r < 0 ? r : s;
}

static int set_limits(struct direct *d, struct lease *l) { return group_limit(&d->groups, l->leaf, &l->rec.quota.res); }

void lease_devices(const struct direct *d, const struct quota *q, struct device_list *out)
{
	struct gpu_node nodes[DEVICE_RULES_MAX];
	*out = (struct device_list){.n = gpu_nodes(d->cfg.policy.gpus, q, nodes)};
	for (uint32_t i = 0; i < out->n; i++)
		out->rules[i] = nodes[i].rule;
	for (uint32_t i = 0; i < d->cfg.policy.ndevices; i++)
		device_withhold(out, &d->cfg.policy.devices[i]);
}

static int set_devices(struct direct *d, struct lease *l)
{
	struct device_list list;
	lease_devices(d, &l->rec.quota, &list);
	return device_set(&d->groups, l->leaf, &list, d->runtime.kind == RUNTIME_RUNC);
}

static int make_netns(struct direct *d, struct lease *l)
{
	(void)d;
	char path[HOST_PATH];
	int r = lease_netns(l, path);
	return r < 0 ? r : netns_make(path);
}

static int drop_netns(struct direct *d, struct lease *l)
{
	(void)d;
	char path[HOST_PATH];
	nl_socket_free(l->inner); /* a socket keeps its namespace alive */
	l->inner = NULL;
	fence_close(&l->fence);
	int r = lease_netns(l, path);
	return r < 0 ? r : netns_drop(path);
}

static int open_inner(struct lease *l)
{
	char path[HOST_PATH];
	int r = lease_netns(l, path);
	return r < 0 || l->inner ? r : netns_socket(path, &l->inner);
}

static int make_link(struct direct *d, struct lease *l)
{
	char path[HOST_PATH];
	int r = open_inner(l);
	r = r < 0 ? r : lease_netns(l, path);
	if (r < 0)
		return r;
	autoclose int ns = open(path, O_RDONLY | O_CLOEXEC);
	return ns < 0 ? -errno : netns_link_make(d->host, l->inner, d->cfg.instance, l->rec.slot, ns);
}

static int drop_link(struct direct *d, struct lease *l)
{
	char name[IFNAMSIZ];
	netns_host_link(d->cfg.instance, l->rec.slot, name);
	return netns_link_drop(d->host, name);
}

static int find_indexes(struct direct *d, struct lease *l)
{
	char name[IFNAMSIZ];
	netns_host_link(d->cfg.instance, l->rec.slot, name);
	l->host_index = netns_link_index(d->host, name);
	l->inner_index = netns_link_index(l->inner, NETNS_TASK_LINK);
	return l->host_index < 0 ? l->host_index : l->inner_index < 0 ? l->inner_index : 0;
}

static bool has_network(const struct quota *q) { return q->res.v[RES_UP_KBPS] && q->res.v[RES_DOWN_KBPS]; }
static uint32_t rate(uint32_t kbps) { return kbps ? kbps : 1; } /* of a link that stays down */

static int set_links_up(struct direct *d, struct lease *l, bool up)
{
	char name[IFNAMSIZ];
	netns_host_link(d->cfg.instance, l->rec.slot, name);
	int r = netns_link_up(l->inner, NETNS_TASK_LINK, up);
	return r < 0 ? r : netns_link_up(d->host, name, up);
}

static int set_rates(struct direct *d, struct lease *l, bool live)
{
	const uint32_t *v = l->rec.quota.res.v;
	int r = shaper_set(d->host, l->host_index, rate(v[RES_DOWN_KBPS]), live);
	return r < 0 ? r : shaper_set(l->inner, l->inner_index, rate(v[RES_UP_KBPS]), live);
}

static int make_shaping(struct direct *d, struct lease *l)
{
	int r = find_indexes(d, l);
	r = r < 0 ? r : set_rates(d, l, false);
	return r < 0 || !has_network(&l->rec.quota) ? r : set_links_up(d, l, true);
}

bool lease_has_network(const struct lease *l) { return has_network(&l->rec.quota); }
int lease_links_up(struct direct *d, struct lease *l) { return set_links_up(d, l, has_network(&l->rec.quota)); }

int lease_relink(struct direct *d, struct lease *l)
{
	int r = drop_link(d, l);
	r = r < 0 ? r : make_link(d, l);
	return r < 0 ? r : make_shaping(d, l);
}

static int open_meter(struct direct *d, struct lease *l) { return meter_open(&l->meter, &d->groups, l->leaf); }

static int close_meter(struct direct *d, struct lease *l)
{
	(void)d;
	meter_close(&l->meter);
	return 0;
}

static int commit(struct direct *d, struct lease *l)
{
	(void)d;
	l->rec.whole = true;
	return lease_save(l);
}

static const struct step {
	const char *name;
	int (*act)(struct direct *d, struct lease *l);
	int (*undo)(struct direct *d, struct lease *l);
} steps[] = {
    {"dirs", make_dirs, drop_dirs},
    {"record", make_record, NULL},
    {"groups", make_groups, drop_groups},
    {"limits", set_limits, NULL},
    {"devices", set_devices, NULL},
    {"netns", make_netns, drop_netns},
    {"link", make_link, drop_link},
    {"fence", lease_fence_set, NULL}, /* before the link is up; goes with the namespace */
    {"shaping", make_shaping, NULL},
    {"meter", open_meter, close_meter},
    {"commit", commit, NULL},
};

#define STEPS (sizeof steps / sizeof *steps)

int direct_fault(struct direct *d, const char *step) { return d->fault ? d->fault(d->fault_ctx, step) : 0; }

int lease_undo(struct direct *d, struct lease *l)
{
	int r = 0;
	for (size_t i = STEPS; i-- > 0 && (i > 0 || r == 0);) { /* the record stays while anything is left: by it the rest is found */
		int one = steps[i].undo ? direct_fault(d, "undo") : 0;
		one = one < 0 || !steps[i].undo ? one : steps[i].undo(d, l);
		r = r < 0 ? r : one;
	}
	return r;
}

int lease_attach(struct direct *d, struct lease *l)
{
	int r = group_id(&d->groups, l->leaf, &l->group_id);
	r = r < 0 ? r : open_inner(l);
	r = r < 0 ? r : find_indexes(d, l);
	r = r < 0 ? r : lease_fence_adopt(d, l);
	r = r < 0 ? r : lease_io_adopt(d, l);
	return r < 0 ? r : open_meter(d, l);
}

static int pick_slot(struct direct *d, uint32_t *slot)
{
	for (uint32_t s = 0; s < NETNS_SLOTS; s++) {
		bool used = false;
		for (uint32_t i = 0; i < d->n && !used; i++)
			used = d->leases[i]->rec.slot == s;
		if (!used && !netns_slot_taken(d->host, d->cfg.instance, s)) {
			*slot = s;
			return 0;
		}
	}
	return -ENOSPC;
}

/* The policy, and devices that another lease holds. */
static int admit(struct direct *d, const struct quota *q, const struct lease *except)
{
	struct resources others = {0};
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->n; i++) {
		const struct lease *l = d->leases[i];
		if (l == except)
			continue;
		n++;
		if (!resources_add(&others, &l->rec.quota.res))
			return -EDQUOT;
		for (uint32_t a = 0; a < q->ndevices && a < DEVICES_PER_LEASE; a++)
			for (uint32_t b = 0; b < l->rec.quota.ndevices; b++)
				if (device_rule_eq(&q->devices[a], &l->rec.quota.devices[b]))
					return -EBUSY;
	}
	int r = policy_admit(&d->cfg.policy, q, &others, n);
	if (r < 0)
		return r;
	if (!except && gpus_alive(d->cfg.policy.gpus, q) != q->ndevices)
		return -ENODEV;
	return gpu_memory_fits(d->cfg.policy.gpus, q) ? 0 : -EDQUOT;
}

static int build(struct direct *d, struct lease *l)
{
	for (size_t i = 0; i < STEPS; i++) {
		int r = direct_fault(d, steps[i].name);
		r = r < 0 ? r : steps[i].act(d, l);
		if (r < 0) {
			lease_undo(d, l);
			return r;
		}
	}
	return 0;
}

int direct_open(struct kernel *k, const struct lease_name *name, const struct quota *q)
{
	struct direct *d = direct_of(k);
	if (!policy_name_ok(name))
		return -EINVAL;
	if (lease_find(d, name))
		return -EEXIST;
	int r = admit(d, q, NULL);
	if (r < 0)
		return r;
	struct lease *l = lease_new(d, name);
	if (!l)
		return -ENOMEM;
	l->rec.quota = *q;
	r = pick_slot(d, &l->rec.slot);
	r = r < 0 ? r : build(d, l);
	r = r < 0 ? r : lease_insert(d, l);
	if (r < 0)
		lease_free(l);
	return r;
}

static int apply(struct direct *d, struct lease *l)
{
	int r = set_limits(d, l);
	r = r < 0 ? r : task_hold(d, l);
	r = r < 0 ? r : set_devices(d, l);
	r = r < 0 ? r : set_rates(d, l, true);
	r = r < 0 ? r : lease_fence_set(d, l);
	r = r < 0 ? r : lease_io_set(d, l);
	r = r < 0 ? r : set_links_up(d, l, has_network(&l->rec.quota));
	r = r < 0 ? r : direct_fault(d, "set");
	return r < 0 ? r : lease_save(l);
}

int direct_set(struct kernel *k, const struct lease_name *name, const struct quota *q)
{
	struct direct *d = direct_of(k);
	struct lease *l = lease_find(d, name);
	if (!l || l->closing)
		return -ESRCH;
	int r = admit(d, q, l);
	if (r < 0)
		return r;
	/* A disk has its size from when its task was made. */
	if (l->rec.stage != STAGE_NONE && q->res.v[RES_DISK_MIB] != l->rec.quota.res.v[RES_DISK_MIB])
		return -EBUSY;
	struct quota before = l->rec.quota;
	l->rec.quota = *q;
	r = apply(d, l);
	if (r < 0) {
		l->rec.quota = before;
		if (apply(d, l) < 0)
			l->fence_drifted = true; /* nobody else touched it: nothing else would make the next check look */
		l->watch.good = false;
	}
	return r;
}

int direct_close(struct kernel *k, const struct lease_name *name)
{
	struct direct *d = direct_of(k);
	if (!policy_name_ok(name))
		return -EINVAL;
	struct lease *l = lease_find(d, name);
	if (!l)
		return 0;
	if (!l->closing) {
		/* From here on a restart sweeps it. */
		l->rec.whole = false;
		l->closing = true;
		int r = lease_save(l);
		if (r < 0)
			return r;
	}
	int r = task_stop(d, l);
	r = r < 0 ? r : lease_undo(d, l);
	if (r == 0)
		lease_forget(d, l);
	return r;
}
