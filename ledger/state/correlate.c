/* Where the entities of a partition keep their sketches, and what counts as a transition.
 *
 * Knows that a transaction counts on its own entity's side when it was carried out and on the far side when its receipt arrives, and that
 * every leaf, failed ones too, is its entity's newest. Does not know decay and weights (sketch.c), nor the order that is made of them. */
#include <string.h>
#include "ledger/state/books.h"

static uint64_t period_at(const struct state *s, uint64_t time_ms)
{
	return time_ms / s->genesis.sketch_half_ms;
}

static struct sketch *sketch_made(struct sketch **slot)
{
	if (!*slot)
		*slot = books_alloc(sizeof **slot);
	return *slot;
}

void correlate(const struct state *s, struct sketch **slot, const void *to, uint8_t lane)
{
	sketch_add(sketch_made(slot), period_at(s, s->time_ms), to, lane);
}

void correlate_symbol(const struct state *s, struct part *p, uint32_t symbol, const struct address *with, uint8_t lane)
{
	size_t index;
	if (!symbol_find(s, symbol, &index))
		return;
	uint8_t key = (uint8_t)index;
	correlate(s, &p->book[index].sketch, with, lane);
	part_touch(p, REC_SYMBOL, &key, sizeof key);
}

/* A match: buyer and seller owe each other something through this lease. */
void correlate_lease(const struct state *s, struct lease *l)
{
	correlate(s, &l->sketch, &l->f.buyer, home_of(s, &l->f.buyer));
	correlate(s, &l->sketch, &l->f.seller, home_of(s, &l->f.seller));
}

static struct sketch **slot_find(const struct part *p, const struct id *entity)
{
	struct account *a = account_find(p, (const struct address *)(const void *)entity);
	struct lease *l = a ? NULL : lease_find(p, entity);
	return a ? &a->sketch : l ? &l->sketch : NULL;
}

/* 0: not known, or not an entity of a lane. */
uint8_t lane_of_entity(const struct state *s, const struct id *e)
{
	static const uint8_t none[28];
	if (memcmp(e->b, none, sizeof none) == 0) {
		const struct fact_symbol *y = symbol_find(s, (uint32_t)e->b[28] << 24 | e->b[29] << 16 | e->b[30] << 8 | e->b[31], NULL);
		return y ? y->lane : 0;
	}
	uint8_t home = home_of(s, (const struct address *)(const void *)e);
	return home ? home : e->b[0] < CHAINS ? e->b[0] : 0;
}

struct near { const struct state *s; struct sketch **slot; };

static void near_add(void *arg, const struct id *to)
{
	const struct near *n = arg;
	correlate(n->s, n->slot, to, lane_of_entity(n->s, to));
}

void correlate_tx(struct state *s, struct part *p, const struct tx *tx, enum verdict v)
{
	struct sketch **slot = slot_find(p, tx_primary(tx));
	struct leaf_ref before = {0}, here = {s->height, p->lane, (uint32_t)p->nbefore};
	if (slot) {
		before = (*slot) ? (*slot)->last : before;
		if (before.lane && before.height == s->height)
			before = p->before[before.leaf]; /* one hop for a run of leaves */
		sketch_made(slot)->last = here;
	}
	p->before = books_array(p->before, &p->cap_before, p->nbefore + 1, sizeof *p->before);
	p->before[p->nbefore++] = before;
	if (slot && v == V_OK)
		tx_counterparties(tx, near_add, &(struct near){s, slot});
}

/* Only what moves on counts: a refund or a returned bond is the end of a transition, not one of its own. */
void correlate_credit(const struct state *s, struct account *a, const struct pay_line *l, uint8_t src)
{
	if (l->kind == PAY_TRANSFER)
		correlate(s, &a->sketch, &l->other, src);
	else if (l->kind == PAY_LEASE)
		correlate(s, &a->sketch, &l->object, src);
}

size_t state_links(const struct state *s, uint8_t lane, const struct id *entity, uint64_t time_ms, struct neighbour *out)
{
	struct sketch **slot = slot_find(&s->part[lane], entity);
	return slot && *slot ? sketch_links(*slot, period_at(s, time_ms), out) : 0;
}

bool state_last_leaf(const struct state *s, uint8_t lane, const struct id *entity, struct leaf_ref *out)
{
	struct sketch **slot = slot_find(&s->part[lane], entity);
	if (!slot || !*slot || !(*slot)->last.lane)
		return false;
	*out = (*slot)->last;
	return true;
}

struct leaf_ref state_leaf_before(const struct state *s, uint8_t lane, uint32_t leaf)
{
	const struct part *p = &s->part[lane];
	return leaf < p->nbefore ? p->before[leaf] : (struct leaf_ref){0};
}
