/* A lease's bound of disk operations: put where its task is, compared and repaired.
 *
 * It knows when there is something to hold: from when the container is made until it is removed. It does not know the kernel's files. */
#include <errno.h>
#include <stdio.h>
#include "kernel-facing/direct.h"

#define DISK_CAP 32

static bool has_task(const struct lease *l) { return l->rec.stage >= STAGE_CREATED && !l->exited && !l->stopping_since_ms; }

/* The task's own disk was named by who mounted it; it has none if none was bought. */
static int find_devices(struct direct *d, struct lease *l)
{
	char path[HOST_PATH], text[DISK_CAP];
	l->io = (struct iops_devices){.of = {[1] = d->disk}};
	if (!l->rec.quota.res.v[RES_DISK_MIB])
		return 0;
	int r = container_disk(l->bundle, path);
	r = r < 0 ? r : host_read(path, text, sizeof text, NULL);
	if (r < 0)
		return r;
	return sscanf(text, "%u:%u", &l->io.of[0].major, &l->io.of[0].minor) == 2 ? 0 : -EBADMSG;
}

int lease_io_begin(struct direct *d, struct lease *l)
{
	int r = direct_fault(d, "iops");
	r = r < 0 || !d->io_held ? r : find_devices(d, l);
	return r < 0 || !d->io_held ? r : iops_set(&d->groups, l->leaf, &l->io, l->rec.quota.res.v[RES_IOPS]);
}

int lease_io_adopt(struct direct *d, struct lease *l) { return has_task(l) && d->io_held ? find_devices(d, l) : 0; }

int lease_io_set(struct direct *d, struct lease *l)
{
	return has_task(l) && d->io_held ? iops_set(&d->groups, l->leaf, &l->io, l->rec.quota.res.v[RES_IOPS]) : 0;
}

/* v2 keeps it in the lease's group, which another task with another disk may follow; v1's went with the container's group. */
void lease_io_end(struct direct *d, struct lease *l)
{
	if (d->io_held && d->groups.mode == GROUP_V2 && group_exists(&d->groups, l->leaf))
		(void)iops_set(&d->groups, l->leaf, &l->io, 0);
	l->io = (struct iops_devices){0};
}

int lease_io_read(struct direct *d, const struct lease *l, uint32_t *have)
{
	uint32_t want = l->rec.quota.res.v[RES_IOPS];
	if (has_task(l) && d->io_held)
		return iops_read(&d->groups, l->leaf, &l->io, want, have);
	*have = want; /* nothing can read or write yet */
	return 0;
}

int check_io(struct direct *d, struct lease *l, struct finding *f)
{
	uint32_t have;
	int r = lease_io_read(d, l, &have);
	if (r < 0 || !finding_add(f, "iops", l->rec.quota.res.v[RES_IOPS], have))
		return r;
	return lease_io_set(d, l);
}
