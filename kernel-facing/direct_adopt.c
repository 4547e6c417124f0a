/* After a start: leases that are whole are adopted, everything else that bears this instance's name is removed.
 *
 * It knows where traces of leases can be. It does not start or restart anything. */
#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"
#include "kernel-facing/policy.h"

#define SWEEP_TRIES 200
#define SWEEP_PAUSE_MS 10
#define ATTACH_TRIES 20

static bool is_ours(const struct direct *d, const struct record *rec)
{
	return rec->whole && rec->slot < NETNS_SLOTS && !memcmp(rec->boot_id, d->boot_id, sizeof d->boot_id);
}

/* Waits for what was killed to be gone: a start may take that long, a verb may not. */
static int sweep_lease(struct direct *d, struct lease *l)
{
	int r = -EINPROGRESS;
	for (int i = 0; i < SWEEP_TRIES && r == -EINPROGRESS; i++) {
		r = task_stop(d, l);
		if (r == -EINPROGRESS)
			host_pause_ms(SWEEP_PAUSE_MS);
	}
	int s = lease_undo(d, l);
	return r < 0 && r != -ENOENT ? r : s;
}

static bool is_missing(int r) { return r == -ENOENT || r == -ENODEV || r == -ESRCH; }

/* A task that runs is worth asking again: only what is missing stays missing. */
static int attach(struct direct *d, struct lease *l)
{
	int r = lease_attach(d, l);
	for (int i = 0; i < ATTACH_TRIES && r < 0 && !is_missing(r); i++) {
		host_pause_ms(SWEEP_PAUSE_MS);
		r = lease_attach(d, l);
	}
	return r;
}

static int adopt_one(struct direct *d, const char *text)
{
	struct lease_name name = {0};
	char path[HOST_PATH];
	snprintf(name.s, sizeof name.s, "%s", text);
	struct lease *l = strlen(text) == LEASE_NAME_LEN && policy_name_ok(&name) ? lease_new(d, &name) : NULL;
	if (!l)
		return host_path(path, "%s/%s", d->leases_dir, text) < 0 ? -EINVAL : host_remove(path);
	int r = host_path(path, "%s/record", l->dir);
	bool known = r == 0 && record_read(path, &l->rec) == 0;
	if (!known)
		l->rec = (struct record){.slot = NETNS_SLOTS};
	if (known && is_ours(d, &l->rec) && attach(d, l) == 0) {
		task_adopt(d, l);
		return lease_insert(d, l);
	}
	l->rec.stage = STAGE_CREATING; /* nothing of it is worth waiting for */
	r = sweep_lease(d, l);
	lease_free(l);
	return r;
}

static int adopt_leases(struct direct *d)
{
	int r = 0;
	DIR *dir = opendir(d->leases_dir);
	if (!dir)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(dir));)
		if (e->d_name[0] != '.')
			r = adopt_one(d, e->d_name);
	closedir(dir);
	return r;
}

static void empty_leaf(struct direct *d, const char *leaf)
{
	for (int i = 0; i < SWEEP_TRIES && group_kill(&d->groups, leaf) > 0; i++)
		host_pause_ms(SWEEP_PAUSE_MS);
}

/* A leaf whose lease is not in the table: "lease-..." or "keep-...". A monitor may be in both. */
static void sweep_leaf(void *ctx, const char *leaf)
{
	struct direct *d = ctx;
	struct lease_name name = {0};
	char keeper[GROUP_LEAF_MAX];
	const char *dash = strchr(leaf, '-');
	if (!dash || (strncmp(leaf, "lease-", 6) && strncmp(leaf, "keep-", 5)))
		return;
	snprintf(name.s, sizeof name.s, "%.*s", LEASE_NAME_LEN, dash + 1);
	if (lease_find(d, &name))
		return;
	snprintf(keeper, sizeof keeper, "keep-%s", name.s);
	empty_leaf(d, leaf);
	empty_leaf(d, keeper);
	(void)group_remove(&d->groups, leaf);
}

static void sweep_link(void *ctx, const char *name, uint32_t slot)
{
	struct direct *d = ctx;
	for (uint32_t i = 0; i < d->n; i++)
		if (d->leases[i]->rec.slot == slot)
			return;
	(void)netns_link_drop(d->host, name);
}

/* Bundles without a lease, and unpackings and disks that were cut off. */
static int sweep_dir(struct direct *d, const char *dir, bool leases)
{
	DIR *list = opendir(dir);
	if (!list)
		return -errno;
	int r = 0;
	for (struct dirent *e; r == 0 && (e = readdir(list));) {
		struct lease_name name = {0};
		char path[HOST_PATH];
		snprintf(name.s, sizeof name.s, "%.*s", LEASE_NAME_LEN, e->d_name);
		bool stale = leases ? e->d_name[0] != '.' && !lease_find(d, &name) : !strncmp(e->d_name, "new-", 4);
		if (stale)
			r = host_path(path, "%s/%s", dir, e->d_name) < 0 ? -ENAMETOOLONG : host_remove(path);
	}
	closedir(list);
	return r;
}

int direct_adopt(struct direct *d, char *why)
{
	int r = adopt_leases(d);
	r = r < 0 ? r : group_each(&d->groups, sweep_leaf, d);
	r = r < 0 ? r : netns_each_link(d->host, d->cfg.instance, sweep_link, d);
	r = r < 0 ? r : sweep_dir(d, d->bundles_dir, true);
	r = r < 0 ? r : sweep_dir(d, d->unpacked_dir, false);
	r = r < 0 ? r : sweep_dir(d, d->disks_dir, false);
	if (r < 0)
		host_say(why, 256, "what an earlier run left under %s cannot be removed: %s", d->leases_dir, strerror(-r));
	return r;
}
