/* The model's questions with one answer: by identity, by name, by height.
 *
 * Every function expects the caller to hold the model's lock; what it returns is good until the lock is given back. */
#include "zfs-views/model_priv.h"

const struct fact_block *model_head(const struct model *m) { return m->has_head ? &m->head : NULL; }

const struct fact_lane *model_lane(const struct model *m, uint8_t lane, uint64_t height)
{
	if (!lane_ok(lane) || m->lanes[lane].n == 0)
		return NULL;
	const struct ring *r = &m->lanes[lane];
	const struct fact_lane *newest = ring_at(r, r->n - 1);
	if (height == UINT64_MAX || height == newest->height)
		return newest;
	for (size_t lo = 0, hi = r->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fact_lane *l = ring_at(r, mid);
		if (l->height == height)
			return l;
		if (l->height < height)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct address *model_address(const struct model *m, uint32_t uid)
{
	struct uid_rec probe = {.uid = uid}, *r = sorted_find(&m->uids, &probe);
	return r ? &r->address : NULL;
}

bool model_uid(const struct model *m, const struct address *a, uint32_t *uid)
{
	struct uid_rec *r;
	HASH_FIND(hh, m->uid_by_address, a, sizeof *a, r);
	if (r)
		*uid = r->uid;
	return r != NULL;
}

const struct fact_account *model_account(const struct model *m, const struct address *a)
{
	const struct account_rec *r = account_rec_of(m, a);
	return r && r->known ? &r->f : NULL;
}

const struct fact_symbol *model_symbol(const struct model *m, uint32_t symbol)
{
	const struct symbol_rec *s = model_symbol_rec(m, symbol);
	return s && s->known ? &s->f : NULL;
}

const struct fact_symbol *model_symbol_by_name(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->symbols.n; i++) {
		const struct symbol_rec *s = m->symbols.v[i];
		if (s->known && strcmp(s->f.name, name) == 0)
			return &s->f;
	}
	return NULL;
}

const struct fact_order *model_order(const struct model *m, const struct id *order)
{
	const struct order_rec *r = order_rec_of(m, order);
	return r ? &r->f : NULL;
}

const struct fact_order *model_order_by_name(const struct model *m, const struct address *owner, const char *name)
{
	struct owner_name key = {.owner = *owner};
	struct named_order *r;
	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	strcpy(key.name, name);
	HASH_FIND(hh, m->order_by_name, &key, sizeof key, r);
	return r ? &r->order->f : NULL;
}

const struct fact_lease *model_lease(const struct model *m, const struct id *lease)
{
	const struct lease_rec *r = lease_rec_of(m, lease);
	return r ? &r->f : NULL;
}

const struct fact_lease *model_lease_by_name(const struct model *m, const char name[LEASE_NAME_LEN + 1])
{
	struct lease_rec *r;
	if (strlen(name) != LEASE_NAME_LEN)
		return NULL;
	HASH_FIND(hh_name, m->lease_by_name, name, LEASE_NAME_LEN, r);
	return r ? &r->f : NULL;
}

const char *model_task_base(const struct model *m, const struct id *lease)
{
	const struct lease_rec *r = lease_rec_of(m, lease);
	return r && r->task[0] ? r->task : NULL;
}

const struct fact_app *model_app(const struct model *m, const char *name)
{
	struct fact_app probe;
	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	strcpy(probe.name, name);
	return sorted_find(&m->apps, &probe);
}

const struct fact_node *model_node(const struct model *m, const struct id *node)
{
	struct fact_node probe = {.node = *node};
	return sorted_find(&m->nodes, &probe);
}

const struct fact_node *model_node_by_name(const struct model *m, const struct address *owner, const char *name)
{
	for (size_t i = 0; i < m->nodes.n; i++) {
		const struct fact_node *n = m->nodes.v[i];
		if (address_eq(&n->owner, owner) && strcmp(n->name, name) == 0)
			return n;
	}
	return NULL;
}

const struct fact_usage *model_usage(const struct model *m, const struct id *lease)
{
	struct usage_rec *r;
	HASH_FIND(hh, m->usages, lease, sizeof *lease, r);
	return r ? &r->f : NULL;
}

static void add_money(struct money *sum, struct money more)
{
	struct money m;
	if (money_add(*sum, more, &m))
		*sum = m;
}

struct money model_escrow(const struct model *m, const struct address *a)
{
	struct money sum = money_of(0);
	const struct account_rec *r = account_rec_of(m, a);
	if (!r)
		return sum;
	for (size_t i = 0; i < r->orders.n; i++) {
		const struct order_rec *o = r->orders.v[i];
		if (!order_is_final(&o->f))
			add_money(&sum, o->f.locked);
	}
	for (size_t i = 0; i < r->leases.n; i++) {
		const struct lease_rec *l = r->leases.v[i];
		if (l->f.flags & LEASE_TERMINAL)
			continue;
		if (address_eq(&l->f.buyer, a))
			add_money(&sum, l->f.escrow);
		if (address_eq(&l->f.seller, a))
			add_money(&sum, l->f.bond);
	}
	return sum;
}
