/* What one round leaves for the next: head, receipts in flight, state trees; and the proof, after a restart, that they belong together.
 *
 * Knows: how out-boxes are copied and rooted, and every identity that must hold between headers, books and boxes.
 * Does not know: disks; whoever loads hands the bytes in. */
#include "ledger/chain/chain.h"
#include "ledger/crypto/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_LEN 256

void *chain_must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct chain *chain_new(struct state *s, const struct genesis *g)
{
	struct chain *c = chain_must(calloc(1, sizeof *c));
	c->state = s;
	c->genesis = genesis_hash(g);
	c->chain_id = g->chain_id;
	c->lane_tx_max = g->lane_tx_max;
	c->engine = g->engine;
	c->tip.time_ms = g->time_ms;
	c->roots = roots_new();
	return c;
}

void chain_free(struct chain *c)
{
	for (int i = 0; c && i < CHAINS * CHAINS; i++)
		free(c->box[i / CHAINS][i % CHAINS].p);
	if (!c)
		return;
	roots_free(c->roots);
	for (int i = 0; i < CHAINS; i++)
		free(c->changes[i].p);
	free(c);
}

void chain_set_workers(struct chain *c, struct workers *w) { c->workers = w; }

struct tip chain_tip(const struct chain *c)
{
	return c->tip;
}

struct money chain_lane_total(const struct chain *c, uint8_t lane)
{
	return c->lane[lane].lane_total;
}

bool chain_in_flight(const struct chain *c)
{
	for (int i = 0; i < CHAINS * CHAINS; i++)
		if (c->box[i / CHAINS][i % CHAINS].n)
			return true;
	return false;
}

void chain_forget(struct chain *c, uint8_t lane) { c->changes[lane].len = 0; }

void chain_change(struct chain *c, struct slice key, struct slice value)
{
	size_t need = 9 + key.len + value.len;
	if (!roots_put(c->roots, key, value))
		abort(); /* the books made a record of no chain */
	struct changes *g = &c->changes[key.p[0]];
	if (g->cap - g->len < need) {
		g->cap = 2 * g->cap + need;
		g->p = chain_must(realloc(g->p, g->cap));
	}
	struct wbuf w = wbuf_on(g->p + g->len, need);
	put_blob(&w, key.p, key.len);
	put_u8(&w, value.p == NULL);
	put_blob(&w, value.p, value.len);
	g->len += w.len;
}

static void lane_changes(const struct changes *g, void (*cb)(void *arg, struct slice key, struct slice value), void *arg)
{
	struct rbuf r = rbuf_on(g->p, g->len);
	while (r.pos < r.len) {
		struct slice key = get_blob(&r, SIZE_MAX);
		bool deleted = get_bool(&r);
		struct slice value = get_blob(&r, SIZE_MAX);
		if (r.bad)
			abort();
		cb(arg, key, deleted ? (struct slice){NULL, 0} : value);
	}
}

void chain_changes(const struct chain *c, void (*cb)(void *arg, struct slice key, struct slice value), void *arg)
{
	for (int i = 0; i < CHAINS; i++)
		lane_changes(&c->changes[i], cb, arg);
}

void chain_move(struct chain *c, const struct block *b)
{
	c->main = b->main;
	memcpy(c->lane, b->lane, sizeof c->lane);
	memcpy(c->txs_len, b->txs_len, sizeof c->txs_len);
	c->tip = b->tip;
}

static void outbox_set(struct outbox *o, struct slice bytes, uint32_t n)
{
	free(o->p);
	o->p = bytes.len ? chain_must(malloc(bytes.len)) : NULL;
	if (bytes.len)
		memcpy(o->p, bytes.p, bytes.len);
	o->len = bytes.len;
	o->n = n;
}

void chain_take_boxes(struct chain *c, uint8_t src)
{
	for (uint8_t dst = 0; dst < CHAINS; dst++) {
		uint32_t n = 0;
		struct slice bytes = state_outbox(c->state, src, dst, &n);
		outbox_set(&c->box[src][dst], bytes, n);
	}
}

bool chain_sums_up(const struct lane_header lane[CHAINS])
{
	struct money sum = money_of(0);
	for (int i = 0; i < CHAINS; i++)
		if (!money_add(sum, lane[i].lane_total, &sum) || !money_add(sum, lane[i].out_total, &sum))
			return false;
	return money_base(sum) == SUPPLY_BASE;
}

bool chain_boxes_sound(const struct chain *c)
{
	for (uint8_t src = 0; src < CHAINS; src++)
		for (uint8_t dst = 0; dst < CHAINS; dst++) {
			const struct outbox *o = &c->box[src][dst];
			struct rbuf r = rbuf_on(o->p, o->len);
			struct receipt got;
			for (uint32_t i = 0; i < o->n; i++)
				if (!receipt_get(&r, &got) || got.src != src || got.dst != dst || got.height != c->tip.height)
					return false;
			if (!rbuf_end(&r))
				return false;
		}
	return true;
}

/* Append the hashes of a box's receipts. */
static void box_leaves(const struct outbox *o, struct id *leaf, size_t *n)
{
	struct rbuf r = rbuf_on(o->p, o->len);
	struct receipt got;
	for (uint32_t i = 0; i < o->n; i++) {
		size_t start = r.pos;
		if (!receipt_get(&r, &got))
			abort(); /* our own books made it, or chain_boxes_sound() looked */
		leaf[(*n)++] = receipt_hash((struct slice){r.p + start, r.pos - start});
	}
}

static struct id boxes_root(const struct chain *c, uint8_t lane, bool out, uint32_t *count)
{
	size_t total = 0, n = 0;
	for (int i = 0; i < CHAINS; i++)
		total += out ? c->box[lane][i].n : c->box[i][lane].n;
	struct id *leaf = chain_must(calloc(total + 1, sizeof *leaf));
	for (int i = 0; i < CHAINS; i++)
		box_leaves(out ? &c->box[lane][i] : &c->box[i][lane], leaf, &n);
	struct id root = merkle_root(leaf, n);
	free(leaf);
	*count = (uint32_t)n;
	return root;
}

struct id chain_out_root(const struct chain *c, uint8_t src, uint32_t *count)
{
	return boxes_root(c, src, true, count);
}

struct id chain_in_root(const struct chain *c, uint8_t dst, uint32_t *count)
{
	return boxes_root(c, dst, false, count);
}

void chain_head_facts(const struct chain *c, void (*cb)(void *arg, const struct fact *f), void *arg)
{
	for (uint8_t i = 0; i < CHAINS; i++) {
		const struct lane_header *l = &c->lane[i];
		struct traffic t = state_traffic(c->state, i);
		struct fact f = {.kind = FACT_LANE};
		f.u.lane = (struct fact_lane){.lane = i,
		    .height = l->height,
		    .time_ms = c->tip.time_ms,
		    .hash = c->tip.lane_id[i],
		    .txs = l->tx_count,
		    .receipts_in = l->in_count,
		    .receipts_out = l->out_count,
		    .bytes = (uint32_t)c->txs_len[i],
		    .load = t.load,
		    .sent = t.sent,
		    .crossed = t.crossed,
		    .moved = t.moved};
		cb(arg, &f);
	}
	struct fact f = {.kind = FACT_BLOCK};
	f.u.block = (struct fact_block){
	    .height = c->tip.height, .time_ms = c->tip.time_ms, .hash = c->tip.main_id, .parent = c->main.parent, .txs = c->main.tx_count};
	cb(arg, &f);
}

bool chain_load_head(struct chain *c, struct slice bytes, char *why)
{
	struct block *b = block_read(bytes, why);
	if (!b)
		return false;
	bool ours = id_cmp(&b->main.params, &c->genesis) == 0;
	if (ours)
		chain_move(c, b);
	else
		snprintf(why, WHY_LEN, "the head block belongs to another genesis");
	block_free(b);
	return ours;
}

bool chain_load_record(struct chain *c, struct slice key, struct slice value)
{
	return value.p && roots_put(c->roots, key, value);
}

/* What of one lane disagrees with its header, or NULL. */
static const char *lane_disagrees(struct chain *c, uint8_t i)
{
	const struct lane_header *l = &c->lane[i];
	uint32_t count;
	struct id out = chain_out_root(c, i, &count), root = roots_root(c->roots, i);
	if (count != l->out_count || id_cmp(&out, &l->out_root) != 0)
		return "its receipts in flight are not those its header names";
	if (money_cmp(state_total(c->state, i), l->lane_total) != 0)
		return "its books hold another sum than its header says";
	if (id_cmp(&root, &l->state_root) != 0)
		return "its records are not those its header names";
	return NULL;
}

bool chain_load_end(struct chain *c, char *why)
{
	for (uint8_t i = 0; i < CHAINS; i++)
		chain_take_boxes(c, i);
	if (!chain_boxes_sound(c)) {
		snprintf(why, WHY_LEN, "the receipts in flight at height %llu are damaged", (unsigned long long)c->tip.height);
		return false;
	}
	for (uint8_t i = 0; i < CHAINS; i++) {
		const char *wrong = lane_disagrees(c, i);
		if (wrong) {
			snprintf(why, WHY_LEN, "chain %u at height %llu: %s", i, (unsigned long long)c->tip.height, wrong);
			return false;
		}
	}
	if (chain_sums_up(c->lane))
		return true;
	snprintf(why, WHY_LEN, "the chains at height %llu do not sum to the supply", (unsigned long long)c->tip.height);
	return false;
}
