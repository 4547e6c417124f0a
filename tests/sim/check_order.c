/* I14: the leaves of a chain are in the canonical order, walked here again in the plainest way.
 *
 * Knows PROTOCOL 3.7: groups, weights between them, start, depth first. Takes the stored weights out of the records of the round before. A
 * table of all pairs instead of lists of edges: slow, and nothing like the code it checks. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

#define STEP 256
#define GROUPS_MAX 600

struct group { struct id id; size_t first, end; };
struct table { struct group *g; size_t n; uint64_t *weight; uint64_t *to_tail; size_t *stack, *out, depth, nout; bool *seen; };

static struct id entity(const struct tx *tx)
{
	struct id e;
	memcpy(e.b, tx_type_instance(tx->type) ? tx->scope.b : tx->sender.b, 32);
	return e;
}

static int group_cmp(const void *a, const void *b)
{
	return memcmp(((const struct group *)a)->id.b, ((const struct group *)b)->id.b, 32);
}

static size_t find(const struct table *t, const void *id)
{
	struct group key, *hit;
	memcpy(key.id.b, id, 32);
	hit = bsearch(&key, t->g, t->n, sizeof *t->g, group_cmp);
	return hit ? (size_t)(hit - t->g) : t->n;
}

static void add(struct table *t, size_t a, const void *to, uint64_t weight)
{
	size_t b = find(t, to);
	if (a >= t->n || b >= t->n || a == b)
		return;
	t->weight[a * t->n + b] += weight;
	t->weight[b * t->n + a] += weight;
}

/* What a transaction names, as far as it can be a group of this block. */
static void add_named(struct table *t, size_t at, const struct tx *tx)
{
	if (tx->type == TX_TRANSFER)
		add(t, at, tx->u.transfer.to.b, STEP);
	else if (tx->type == TX_PROXY)
		add(t, at, tx->u.proxy.proxy.b, STEP);
	else if (tx->type == TX_FUND)
		add(t, at, tx->u.fund.instance.b, STEP);
	else if (tx_type_instance(tx->type))
		add(t, at, tx->sender.b, STEP);
	if (tx->type != TX_BATCH)
		return;
	static _Thread_local struct tx part;
	struct rbuf r = rbuf_on(tx->u.batch.ops.p, tx->u.batch.ops.len);
	for (uint32_t i = 0; i < tx->u.batch.n && tx_batch_next(&r, &part) == V_OK; i++)
		if (part.type == TX_TRANSFER)
			add(t, at, part.u.transfer.to.b, STEP);
}

static struct slice sketch_of(const struct world *w, uint8_t lane, const struct id *id)
{
	struct rec *r = disk_find(w->disk, lane, REC_ACCOUNT, id, 32); /* who arrives does so before the order is made */
	if (r)
		return r->u->account.sketch;
	r = disk_get(w->disk, lane, REC_LEASE, id, 32);
	return r ? r->u->lease.sketch : (struct slice){NULL, 0};
}

struct link { struct id to; uint64_t weight; };

/* A sketch's four neighbours as they weigh at the parent's time. */
static size_t links(const struct world *w, struct slice k, struct link out[4])
{
	struct rbuf r = rbuf_on(k.p, k.len);
	uint16_t mask = get_u16(&r);
	for (int i = __builtin_popcount(mask); i > 0; i--)
		get_u32(&r);
	size_t n = k.p ? get_u8(&r) : 0;
	for (size_t i = 0; i < n && i < 4; i++) {
		out[i].to = get_id(&r);
		out[i].weight = get_u32(&r);
		get_u8(&r); /* the lane that it was on */
	}
	uint64_t made = get_u64(&r), now = w->before.time_ms / w->genesis.sketch_half_ms;
	for (size_t i = 0; i < n; i++)
		out[i].weight = now > made ? (now - made < 32 ? out[i].weight >> (now - made) : 0) : out[i].weight;
	return n;
}

static void add_stored(struct world *w, struct table *t, uint8_t lane, const struct id *tail)
{
	struct link l[4];
	for (size_t i = 0; i < t->n; i++) {
		size_t n = links(w, sketch_of(w, lane, &t->g[i].id), l);
		for (size_t k = 0; k < n; k++) {
			if (l[k].weight)
				add(t, i, l[k].to.b, l[k].weight);
			if (id_cmp(&l[k].to, tail) == 0)
				t->to_tail[i] += l[k].weight;
		}
	}
	size_t n = links(w, sketch_of(w, lane, tail), l);
	for (size_t k = 0; k < n; k++)
		if (find(t, l[k].to.b) < t->n)
			t->to_tail[find(t, l[k].to.b)] += l[k].weight;
}

static size_t start_of(const struct table *t, const struct id *tail)
{
	size_t best = find(t, tail->b);
	if (best < t->n)
		return best;
	best = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->to_tail[i] > t->to_tail[best])
			best = i;
	return best;
}

static void enter(struct table *t, size_t i)
{
	t->seen[i] = true;
	t->out[t->nout++] = i;
	t->stack[t->depth++] = i;
}

static void walk(struct table *t, size_t start)
{
	size_t from = start, smallest = 0;
	while (t->nout < t->n) {
		enter(t, from);
		while (t->depth) {
			size_t top = t->stack[t->depth - 1], best = t->n;
			for (size_t i = 0; i < t->n; i++)
				if (!t->seen[i] && t->weight[top * t->n + i] &&
				    (best == t->n || t->weight[top * t->n + i] > t->weight[top * t->n + best]))
					best = i;
			if (best < t->n)
				enter(t, best);
			else
				t->depth--;
		}
		while (smallest < t->n && t->seen[smallest])
			smallest++;
		from = smallest;
	}
}

static bool in_line(const struct tx *a, const struct tx *b)
{
	int c = memcmp(a->sender.b, b->sender.b, 32);
	return c < 0 || (c == 0 && a->nonce < b->nonce);
}

/* Runs of one entity, each once, inside by sender and number. */
static size_t cut(struct world *w, const struct leaf *leaf, size_t n, struct group *g)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		struct id e = entity(&leaf[i].tx);
		if (k && id_cmp(&g[k - 1].id, &e) == 0) {
			SIM_MUST(w, in_line(&leaf[i - 1].tx, &leaf[i].tx), "I14 order", "a group is not in order of numbers");
			g[k - 1].end = i + 1;
			continue;
		}
		g[k++] = (struct group){e, i, i + 1};
	}
	return k;
}

static void compare(struct world *w, struct table *t, const struct group *as_is, uint8_t lane, const struct leaf *leaf)
{
	const struct id *tail = &w->check->tail[lane];
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = t->g[i].first; k < t->g[i].end; k++)
			add_named(t, i, &leaf[k].tx);
	add_stored(w, t, lane, tail);
	walk(t, start_of(t, tail));
	for (size_t i = 0; i < t->n; i++)
		SIM_MUST(w, id_cmp(&t->g[t->out[i]].id, &as_is[i].id) == 0, "I14 order", "chain %u: group %zu of %zu is another one", lane,
		    i, t->n);
}

void check_order_of_leaves(struct world *w, uint8_t lane, const struct leaf *leaf, size_t n)
{
	if (n < 2 || n > GROUPS_MAX)
		return;
	autofree struct group *as_is = books_alloc(n * sizeof *as_is), *sorted = books_alloc(n * sizeof *sorted);
	size_t k = cut(w, leaf, n, as_is);
	memcpy(sorted, as_is, k * sizeof *sorted);
	qsort(sorted, k, sizeof *sorted, group_cmp);
	for (size_t i = 1; i < k; i++)
		SIM_MUST(w, id_cmp(&sorted[i - 1].id, &sorted[i].id) != 0, "I14 order", "an entity's transactions are not together");
	autofree uint64_t *weight = books_alloc(k * k * sizeof *weight), *to_tail = books_alloc(k * sizeof *to_tail);
	autofree size_t *stack = books_alloc(k * sizeof *stack), *out = books_alloc(k * sizeof *out);
	autofree bool *seen = books_alloc(k);
	struct table t = {.g = sorted, .n = k, .weight = weight, .to_tail = to_tail, .stack = stack, .out = out, .seen = seen};
	compare(w, &t, as_is, lane, leaf);
}
