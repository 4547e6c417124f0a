/* The fence of a lease: what its task may open on the network, set, compared and repaired.
 *
 * It knows what a lease asks of its fence. It does not know how nftables is told (fence.c). */
#include <errno.h>
#include "kernel-facing/direct.h"

static int fence_of(struct direct *d, const struct lease *l, struct fence_ask *ask, char netns[HOST_PATH])
{
	*ask = (struct fence_ask){d->cfg.policy.reach, l->rec.quota.res.v[RES_CONN], netns_base_ip(d->cfg.instance, l->rec.slot)};
	return host_path(netns, "%s/netns", l->dir);
}

static int verified(struct lease *l, const struct fence_ask *ask)
{
	struct fence_counts counts;
	uint32_t have = 0;
	int r = fence_read(&l->fence, &counts, &have);
	return r < 0 ? r : have == (ask->conn_per_s ? ask->conn_per_s : FENCE_NO_LIMIT) ? 0 : -EIO;
}

int lease_fence_set(struct direct *d, struct lease *l)
{
	struct fence_ask ask;
	char netns[HOST_PATH];
	int r = fence_of(d, l, &ask, netns);
	r = r < 0 ? r : fence_set(&l->fence, netns, &ask);
	r = r < 0 ? r : verified(l, &ask);
	l->fence_drifted = r < 0;
	return r;
}

int lease_fence_adopt(struct direct *d, struct lease *l)
{
	struct fence_ask ask;
	char netns[HOST_PATH];
	int r = fence_of(d, l, &ask, netns);
	r = r < 0 ? r : fence_repair(&l->fence, netns, &ask);
	l->fence_drifted = r > 0;
	return r < 0 ? r : 0;
}

/* A rate that differs is told as such; whatever else does, as what the task could have reached. */
int check_fence(struct direct *d, struct lease *l, struct finding *f)
{
	struct fence_ask ask;
	struct fence_counts counts;
	uint32_t have;
	char netns[HOST_PATH];
	int r = fence_touched(&l->fence);
	if (r < 0 || (r == 0 && !l->fence_drifted))
		return r;
	r = fence_of(d, l, &ask, netns);
	r = r < 0 ? r : fence_read(&l->fence, &counts, &have);
	r = r < 0 ? r : fence_repair(&l->fence, netns, &ask);
	if (r > 0 || (r == 0 && l->fence_drifted)) {
		finding_add(f, "conn", ask.conn_per_s ? ask.conn_per_s : FENCE_NO_LIMIT, have);
		finding_add(f, "reach", ask.reach, UINT64_MAX);
	}
	r = r < 0 ? r : verified(l, &ask);
	l->fence_drifted = r < 0;
	return r;
}
