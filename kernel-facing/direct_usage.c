/* What leases have used: kept descriptors for the groups, one dump of links for all traffic.
 *
 * It knows how the parts come together. It does not know the files (meter.c). */
#include <errno.h>
#include <stdlib.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"

/* Index into d->traffic by slot, or NETNS_SLOTS. */
static int traffic_by_slot(struct direct *d, uint16_t at[NETNS_SLOTS])
{
	uint32_t n = NETNS_SLOTS;
	int r = netns_traffic(d->host, d->cfg.instance, d->traffic, &n);
	if (r < 0)
		return r;
	for (uint32_t s = 0; s < NETNS_SLOTS; s++)
		at[s] = NETNS_SLOTS;
	for (uint32_t i = 0; i < n; i++)
		at[d->traffic[i].slot] = (uint16_t)i;
	return 0;
}

static int read_one(struct direct *d, struct lease *l, const uint16_t at[NETNS_SLOTS], struct usage *u)
{
	int r = meter_read(&l->meter, &d->groups, u);
	if (r < 0)
		return r;
	struct fence_counts conns;
	uint32_t rate;
	r = fence_read(&l->fence, &conns, &rate);
	if (r < 0)
		return r;
	u->conn_opened = conns.opened;
	u->conn_held_back = conns.held_back;
	u->conn_refused = conns.refused;
	task_watch(d, l);
	direct_gpu_usage(d, l, u);
	u->oom_kills += l->rec.oom_before;
	u->group_id = l->group_id;
	u->phase = task_phase_of(l);
	u->exit_code = u->phase == TASK_EXITED ? l->exit_code : 0;
	u->pid = u->phase == TASK_NONE || u->phase == TASK_EXITED ? 0 : l->rec.init_pid;
	uint16_t i = at[l->rec.slot];
	if (i < NETNS_SLOTS) {
		u->tx_bytes = d->traffic[i].tx_bytes;
		u->rx_bytes = d->traffic[i].rx_bytes;
		u->ip = netns_task_ip(d->cfg.instance, l->rec.slot);
	}
	return 0;
}

int direct_usage(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out)
{
	struct direct *d = direct_of(k);
	uint16_t at[NETNS_SLOTS];
	if (n > LEASES_PER_NODE_MAX)
		return -EINVAL;
	autofree struct usage *all = calloc(n ? n : 1, sizeof *all);
	int r = all ? traffic_by_slot(d, at) : -ENOMEM;
	if (!gpu_feed_read(&d->feed, host_now_ms()))
		gpu_feed_close(&d->feed); /* the next zeus-gpu brings a new one */
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct lease *l = lease_find(d, &leases[i]);
		r = l ? read_one(d, l, at, &all[i]) : -ESRCH;
	}
	for (uint32_t i = 0; r == 0 && i < n; i++)
		out[i] = all[i];
	return r;
}
