/* Nodes: what a seller's machine has, what of it is free, and its rating.
 *
 * Knows that capacity is conserved: caps = free + travelling + on books + leased, and comes home only by receipt. Does not know
 * prices. Rating: PROTOCOL 5.5. */
#include <string.h>
#include "ledger/state/books.h"

#define RATING_UNIT 256
#define RATING_HALF_MS (30ULL * 86400 * 1000)

static struct id node_id(const struct address *owner, const char *name)
{
	struct slice part[2] = {{owner->b, sizeof owner->b}, {(const uint8_t *)name, strlen(name)}};
	return hash_slices("zeus/node-id", part, 2);
}

/* What would be free if the caps became these: false if more is in use than that. */
static bool node_refit(const struct node *n, const struct resources *caps, struct resources *free_left)
{
	struct resources used = n->f.caps;
	*free_left = *caps;
	return resources_sub(&used, &n->f.free) && resources_sub(free_left, &used);
}

enum verdict node_check(const struct act *t, struct purse *u)
{
	static const uint8_t none[32];
	const struct tx_node_reg *x = &t->tx->u.node_reg;
	if (!x->name[0])
		return V_MALFORMED;
	if (x->caps.v[RES_SPARE_A] || x->caps.v[RES_SPARE_B])
		return V_BAD_VECTOR;
	if (memcmp(x->op_pk, none, 32) == 0)
		return V_BAD_KEY;
	struct id id = node_id(&t->a->address, x->name);
	const struct node *n = node_find(t->p, &id);
	struct resources left;
	if (n && !node_refit(n, &x->caps, &left))
		return V_NO_CAPACITY;
	if (n)
		return V_OK;
	enum verdict v = purse_deposit(u, deposit_for(t->s, NODE_BYTES));
	return v == V_OK ? purse_send(u, t, 0) : v;
}

static struct node *node_new(const struct act *t, const struct id *id)
{
	const struct tx_node_reg *x = &t->tx->u.node_reg;
	struct node *n = books_alloc(sizeof *n);
	n->f.node = *id;
	n->f.owner = t->a->address;
	memcpy(n->f.name, x->name, sizeof n->f.name);
	n->f.lane = t->p->lane;
	n->f.rating = 500;
	n->marked_ms = t->s->time_ms;
	n->deposit = deposit_for(t->s, NODE_BYTES);
	deposit_hold(t->s, t->p, t->a, n->deposit, id);
	HASH_ADD(hh, t->p->nodes, f.node, sizeof n->f.node, n);
	uint8_t buf[33];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_u8(&w, REC_NODE_HOME);
	put_address(&w, &t->a->address);
	struct receipt r = {.kind = RCPT_REG, .dst = 0, .origin = *t->txid, .to = *id, .payload = {buf, w.len}};
	part_emit(t->s, t->p, &r);
	return n;
}

void node_apply(const struct act *t)
{
	const struct tx_node_reg *x = &t->tx->u.node_reg;
	struct id id = node_id(&t->a->address, x->name);
	struct node *n = node_find(t->p, &id);
	if (!n)
		n = node_new(t, &id);
	struct resources left;
	if (!node_refit(n, &x->caps, &left))
		books_fatal("a checked node does not hold");
	n->f.caps = x->caps;
	n->f.free = left;
	memcpy(n->op_pk, x->op_pk, 32);
	part_touch(t->p, REC_NODE, &id, sizeof id);
}

static uint64_t log2_floor(uint64_t v)
{
	return v ? 63 - (uint64_t)__builtin_clzll(v) : 0;
}

/* g += w A, b += w (1 - A); a bad mark is all b. w grows with the logarithm of the value. */
static void node_rate(struct node *n, const struct result *v, uint64_t now_ms)
{
	uint64_t halvings = (now_ms - n->marked_ms) / RATING_HALF_MS;
	n->good = halvings < 64 ? n->good >> halvings : 0;
	n->bad = halvings < 64 ? n->bad >> halvings : 0;
	n->marked_ms += halvings * RATING_HALF_MS;
	uint64_t weight = log2_floor(1 + money_base(v->value) / ZNC_BASE) + 1;
	weight = (weight < 16 ? weight : 16) * RATING_UNIT;
	uint64_t up = v->up_s < v->ran_s ? v->up_s : v->ran_s;
	uint64_t good = v->mark == 2 ? 0 : v->ran_s ? weight * up / v->ran_s : weight;
	n->good += good;
	n->bad += weight - good;
	n->f.rating = (uint32_t)(1000 * (n->good + 2 * RATING_UNIT) / (n->good + n->bad + 4 * RATING_UNIT));
}

void node_return(struct state *s, struct part *p, const struct receipt *r)
{
	struct result v;
	if (!result_get(r->payload, &v))
		books_fatal("a result cannot be read");
	struct node *n = node_find(p, &v.node);
	if (!n)
		return; /* a bid's result names no node */
	if (!resources_add(&n->f.free, &v.resources) || !resources_fit(&n->f.free, &n->f.caps))
		books_fatal("a node gets back more than it gave");
	if (v.mark)
		node_rate(n, &v, s->time_ms);
	part_touch(p, REC_NODE, &n->f.node, sizeof n->f.node);
}
