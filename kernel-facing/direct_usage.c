/* What leases have used: kept descriptors for the groups, one dump of links for all traffic.
 *
 * It knows how the parts come together. It does not know the files (meter.c). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/contention.h"
#include "kernel-facing/direct.h"

#define TRAFFIC_FRESH_MS 50 /* a tick asks for its leases in parts: one dump serves all of them */

static int by_index(const void *a, const void *b)
{
	const struct traffic *x = a, *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

static int read_traffic(struct direct *d)
{
	uint64_t now = host_now_ms();
	if (d->traffic_ms && now - d->traffic_ms < TRAFFIC_FRESH_MS)
		return 0;
	if (d->traffic_fd < 0 && (d->traffic_fd = traffic_socket()) < 0)
		return d->traffic_fd;
	for (d->ntraffic = 0; d->ntraffic < d->n; d->ntraffic++)
		d->traffic[d->ntraffic] = (struct traffic){.index = d->leases[d->ntraffic]->host_index};
	qsort(d->traffic, d->ntraffic, sizeof *d->traffic, by_index);
	int r = traffic_read(d->traffic_fd, d->traffic, d->ntraffic);
	if (r < 0) { /* what is left of the answer would be taken for the next one's */
		close(d->traffic_fd);
		d->traffic_fd = -1;
	}
	d->traffic_ms = r < 0 ? 0 : now;
	return r;
}

const struct traffic *traffic_of(const struct direct *d, const struct lease *l)
{
	struct traffic key = {.index = l->host_index};
	return bsearch(&key, d->traffic, d->ntraffic, sizeof key, by_index);
}

static int read_one(struct direct *d, struct lease *l, struct usage *u)
{
	(void)meter_read(&l->meter, &d->groups, u); /* a group that is gone is for direct_check; the other leases are counted on */
	uint32_t rate;
	int r = l->meter.moved ? fence_read(&l->fence, &l->conns, &rate) : 0; /* who opens a connection uses a processor */
	if (r < 0)
		return r;
	u->conn_opened = l->conns.opened;
	u->conn_held_back = l->conns.held_back;
	u->conn_refused = l->conns.refused;
	task_watch(d, l);
	u->unwatched = l->unwatched;
	u->oom_held = l->rec.stage == STAGE_STARTED && !l->exited &&
	    meter_full(&l->meter, &d->groups, (uint64_t)l->rec.quota.res.v[RES_MEM_MIB] << 20);
	direct_gpu_usage(d, l, u);
	u->oom_kills += l->rec.oom_before;
	u->group_id = l->group_id;
	u->phase = task_phase_of(l);
	u->exit_code = u->phase == TASK_EXITED ? l->exit_code : 0;
	u->pid = u->phase == TASK_NONE || u->phase == TASK_EXITED ? 0 : l->rec.init_pid;
	u->ip = l->host_index > 0 ? netns_task_ip(d->cfg.instance, l->rec.slot) : 0;
	const struct traffic *t = traffic_of(d, l);
	u->tx_bytes_peer = l->up.shaped;
	u->rx_bytes_peer = l->down.shaped;
	if (t) { /* what the host end receives is what the task sent */
		u->tx_bytes = t->rx_bytes;
		u->rx_bytes = t->tx_bytes;
	}
	return 0;
}

int direct_usage(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out)
{
	struct direct *d = direct_of(k);
	if (n > LEASES_PER_NODE_MAX)
		return -EINVAL;
	autofree struct usage *all = calloc(n ? n : 1, sizeof *all);
	int r = all ? read_traffic(d) : -ENOMEM;
	if (!gpu_feed_read(&d->feed, host_now_ms()))
		gpu_feed_close(&d->feed); /* the next zeus-gpu brings a new one */
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct lease *l = lease_find(d, &leases[i]);
		r = l ? read_one(d, l, &all[i]) : -ESRCH;
	}
	uint64_t steal = 0, busy = 0;
	(void)contention_read(&steal, &busy);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		out[i] = all[i];
		out[i].steal_us = steal;
		out[i].busy_us = busy;
	}
	return r;
}
