/* Which leases this node must hold, from facts; and which it does hold, from the kernel.
 *
 * A reset forgets what the ledger said, never what runs: a lease that the snapshot does not name again is then closed by the plan.
 * Knows nothing of money beyond copying it. */
#include "broker/leases.h"
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void leases_init(struct leases *l, const char *node_name)
{
	memset(l, 0, sizeof(*l));
	l->height = UINT64_MAX;
	snprintf(l->node_name, sizeof(l->node_name), "%s", node_name);
}

struct lease *leases_by_name(struct leases *l, const char *name)
{
	struct lease *e = l->first;
	while (e && strcmp(e->name.s, name) != 0)
		e = e->next;
	return e;
}

struct lease *leases_by_id(struct leases *l, const struct id *id)
{
	struct lease *e = l->first;
	while (e && id_cmp(&e->id, id) != 0)
		e = e->next;
	return e;
}

struct lease *leases_adopt(struct leases *l, const char *name)
{
	struct lease *e = leases_by_name(l, name);
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	snprintf(e->name.s, sizeof(e->name.s), "%s", name);
	e->reported.live_fd = -1;
	struct lease **end = &l->first;
	while (*end)
		end = &(*end)->next;
	*end = e;
	l->n++;
	return e;
}

void leases_drop(struct leases *l, struct lease *gone)
{
	for (struct lease **at = &l->first; *at; at = &(*at)->next) {
		if (*at != gone)
			continue;
		*at = gone->next;
		if (gone->reported.live_fd >= 0)
			close(gone->reported.live_fd);
		free(gone);
		l->n--;
		return;
	}
}

static void leases_fold_lease(struct leases *l, const struct fact_lease *f)
{
	if (id_is_zero(&l->node) || id_cmp(&f->node, &l->node) != 0)
		return;
	char name[LEASE_NAME_LEN + 1];
	lease_name_of(&f->lease, name);
	struct lease *e = leases_by_name(l, name);
	if (!e && (f->flags & LEASE_TERMINAL))
		return; /* ended before this machine held anything of it */
	if (!e)
		e = leases_adopt(l, name);
	e->id = f->lease;
	e->known = true;
	e->news = true;
	e->fact = *f;
	if (f->deploy.len <= sizeof(e->deploy) && f->deploy.len)
		memcpy(e->deploy, f->deploy.p, f->deploy.len);
	e->fact.deploy.p = e->deploy;
	if (!plan_before_ready(f))
		e->run.ready_sent = true;
	meter_accepted(&e->meter, f);
}

static void leases_fold_node(struct leases *l, const struct fact_node *f)
{
	if (!address_eq(&f->owner, &l->node_op) || strcmp(f->name, l->node_name) != 0)
		return;
	l->node = f->node;
	l->node_fact = *f;
}

void leases_fold(struct leases *l, const struct fact *f)
{
	switch ((enum fact_kind)f->kind) {
	case FACT_RESET:
		for (struct lease *e = l->first; e; e = e->next)
			e->known = false;
		l->height = UINT64_MAX; /* of the snapshot nothing is folded yet */
		break;
	case FACT_NODE:
		leases_fold_node(l, &f->u.node);
		break;
	case FACT_LEASE:
		leases_fold_lease(l, &f->u.lease);
		break;
	case FACT_BLOCK:
		l->height = f->u.block.height;
		l->time_ms = f->u.block.time_ms;
		l->hash = f->u.block.hash;
		break;
	case FACT_LANE: case FACT_SYMBOL: case FACT_ACCOUNT: case FACT_APP: case FACT_ORDER: case FACT_TRADE: case FACT_VERDICT:
	case FACT_PAY: case FACT_USAGE: case FACT_TOKEN: case FACT_HOLDING:
		break;
	}
}
