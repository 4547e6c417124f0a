/* One round: receipts in, timers, transactions in leaf order, auctions, totals, roots, and the sealed block.
 *
 * Knows: the order of steps, which transactions are in (decided before the first of them runs), what every header field is computed from.
 * Does not know: what a transaction does to the books (ledger/state), signatures, disks, clocks. */
#include "ledger/chain/chain.h"
#include "ledger/chain/order.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_NONE 255
#define WHY_LEN 256
#define WIDE_ROUND 64 /* transactions and receipts */

struct bytes { uint8_t *p; size_t len, cap; };

/* A lane's part of the block while it grows. */
struct lane_work { struct pending_tx **txs; size_t n; struct bytes list; struct id *leaf; size_t nleaf, cap; };

struct round {
	struct chain *c;
	struct pending_tx **txs; size_t n; /* sorted by (entity, party, nonce), then cut into lanes */
	struct main_header main;
	struct lane_header lane[CHAINS];
	struct lane_work work[CHAINS];
};

static void bytes_reserve(struct bytes *b, size_t more)
{
	if (b->len + more <= b->cap)
		return;
	b->cap = 2 * b->cap + more + 256;
	b->p = chain_must(realloc(b->p, b->cap));
}

static int line_order(const void *a, const void *b)
{
	const struct pending_tx *x = *(struct pending_tx *const *)a, *y = *(struct pending_tx *const *)b;
	int c = id_cmp(tx_primary(&x->tx), tx_primary(&y->tx));
	if (c == 0)
		c = memcmp(x->tx.sender.b, y->tx.sender.b, sizeof x->tx.sender.b);
	if (c == 0)
		c = (x->tx.nonce > y->tx.nonce) - (x->tx.nonce < y->tx.nonce);
	return c ? c : id_cmp(&x->txid, &y->txid);
}

static bool same_line(const struct pending_tx *x, const struct pending_tx *y)
{
	return id_cmp(tx_primary(&x->tx), tx_primary(&y->tx)) == 0 && address_eq(&x->tx.sender, &y->tx.sender);
}

/* Which transactions are in, and on which lane: decided by the lanes as the round before left them, by what chain 0 has just said of homes,
 * and by the nonces of the line before each; so the leaf order, which depends on the set, is known before the first of them runs. */
static void round_assign(struct round *r)
{
	uint32_t taken[CHAINS] = {0};
	uint64_t behind = 0;
	qsort(r->txs, r->n, sizeof *r->txs, line_order);
	for (size_t i = 0; i < r->n; i++) {
		struct pending_tx *p = r->txs[i], *before = i && same_line(r->txs[i - 1], p) ? r->txs[i - 1] : NULL;
		uint8_t lane = LANE_NONE;
		behind = before ? behind : 0;
		p->status = before && before->status == V_BUSY ? V_BUSY :
			state_admit_behind(r->c->state, &p->tx, r->main.height, behind, &lane);
		if (p->status == V_OK && taken[lane] == r->c->lane_tx_max)
			p->status = V_BUSY;
		if (p->status == V_OK)
			p->status = state_take_work(r->c->state, lane, &p->tx);
		p->lane = p->status == V_OK ? lane : LANE_NONE;
		behind += p->status == V_OK;
		if (p->status == V_OK)
			taken[lane]++;
	}
}

/* Every lane's own, still by line. */
static void round_cut(struct round *r)
{
	size_t n[CHAINS] = {0}, at = 0;
	struct pending_tx **cut = chain_must(calloc(r->n + 1, sizeof *cut));
	for (size_t i = 0; i < r->n; i++)
		if (r->txs[i]->lane != LANE_NONE)
			n[r->txs[i]->lane]++;
	for (int l = 0; l < CHAINS; at += n[l++])
		r->work[l].txs = cut + at;
	for (size_t i = 0; i < r->n; i++) {
		struct pending_tx *p = r->txs[i];
		if (p->lane != LANE_NONE)
			r->work[p->lane].txs[r->work[p->lane].n++] = p;
	}
}

/* moves: the accounts that arrive, else everything else. */
static void boxes_receive(struct round *r, uint8_t lane, bool moves)
{
	struct receipt got;
	for (uint8_t src = 0; src < CHAINS; src++) {
		const struct outbox *o = &r->c->box[src][lane];
		struct rbuf in = rbuf_on(o->p, o->len);
		for (uint32_t i = 0; i < o->n && receipt_get(&in, &got); i++)
			if ((got.kind == RCPT_MOVE) == moves)
				state_receive(r->c->state, lane, &got);
	}
}

static void lane_welcome(void *arg, size_t i)
{
	boxes_receive(arg, (uint8_t)(1 + i), true);
}

static void round_receive(struct round *r, uint8_t lane)
{
	boxes_receive(r, lane, false);
	r->lane[lane].in_root = chain_in_root(r->c, lane, &r->lane[lane].in_count);
}

static struct id tx_leaf(const struct pending_tx *p)
{
	struct id sigs = hash_of("zeus/sigs", p->bytes.p + p->signed_len, p->bytes.len - p->signed_len);
	return leaf_hash(&p->txid, &sigs, (uint16_t)p->status);
}

static void lane_add(struct round *r, uint8_t lane, const struct pending_tx *p)
{
	struct lane_work *k = &r->work[lane];
	struct lane_header *l = &r->lane[lane];
	bytes_reserve(&k->list, 6 + p->bytes.len);
	struct wbuf w = wbuf_on(k->list.p + k->list.len, k->list.cap - k->list.len);
	put_u16(&w, (uint16_t)p->status);
	put_blob(&w, p->bytes.p, p->bytes.len);
	k->list.len += w.len;
	if (k->nleaf == k->cap) {
		k->cap = 2 * k->cap + 64;
		k->leaf = chain_must(realloc(k->leaf, k->cap * sizeof *k->leaf));
	}
	k->leaf[k->nleaf++] = tx_leaf(p);
	l->tx_count++;
	l->tail = *tx_primary(&p->tx);
}

/* Carry out; what the round itself has made inadmissible before its turn is a failure like others, since the set is fixed. */
static void round_transact(struct round *r, uint8_t lane, struct pending_tx *p)
{
	struct state *s = r->c->state;
	enum verdict v = state_admit_here(s, lane, &p->tx, r->main.height);
	p->status = v == V_OK ? state_execute(s, lane, &p->tx, &p->txid) : state_refuse(s, lane, &p->tx, &p->txid, v);
	lane_add(r, lane, p);
}

/* --- lanes side by side: each touches only its own partition, its own work and its own header --- */

static void lane_run(void *arg, size_t i)
{
	struct round *r = arg;
	struct state *s = r->c->state;
	uint8_t lane = (uint8_t)(1 + i);
	order_lane(s, lane, r->c->tip.time_ms, &r->lane[lane].tail, r->work[lane].txs, r->work[lane].n);
	round_receive(r, lane);
	state_ship(s, lane);
	state_timers(s, lane);
	for (size_t k = 0; k < r->work[lane].n; k++)
		round_transact(r, lane, r->work[lane].txs[k]);
	state_auctions(s, lane);
	state_round_end(s, lane);
}

static void note_change(void *arg, struct slice key, struct slice value)
{
	chain_change(arg, key, value);
}

/* What the round left behind: records, receipts, and everything in the lane's header that follows. */
static void lane_close(void *arg, size_t i)
{
	struct round *r = arg;
	struct chain *c = r->c;
	uint8_t lane = (uint8_t)i;
	struct lane_header *l = &r->lane[lane];
	if (r->main.height)
		state_changes(c->state, lane, note_change, c);
	else
		state_genesis_records(c->state, lane, note_change, c);
	chain_take_boxes(c, lane);
	l->tx_root = merkle_root(r->work[lane].leaf, r->work[lane].nleaf);
	l->out_root = chain_out_root(c, lane, &l->out_count);
	l->state_root = roots_root(c->roots, lane);
	l->lane_total = state_total(c->state, lane);
	l->out_total = state_out_total(c->state, lane);
	l->wu = state_work(c->state, lane);
}

/* Other threads are woken only for what takes longer than waking them. */
static bool round_is_wide(const struct round *r)
{
	size_t things = r->n;
	for (int i = 0; i < CHAINS * CHAINS; i++)
		things += r->c->box[i / CHAINS][i % CHAINS].n;
	return things >= WIDE_ROUND;
}

static void round_each(struct round *r, void (*job)(void *arg, size_t i), size_t n)
{
	struct workers *w = r->c->workers;
	if (w && round_is_wide(r)) {
		w->run(w, job, r, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		job(r, i);
}

static void round_run(struct round *r)
{
	state_round(r->c->state, r->main.height, r->main.time_ms, &r->main.rand);
	if (state_moving(r->c->state))
		round_each(r, lane_welcome, LANES);
	round_receive(r, 0);
	state_moves(r->c->state);
	round_assign(r);
	round_cut(r);
	round_each(r, lane_run, LANES);
}

static struct block *round_seal(struct round *r)
{
	struct slice list[CHAINS];
	for (uint8_t i = 0; i < CHAINS; i++) {
		struct wbuf w = wbuf_on(r->work[i].list.p, 4);
		put_u32(&w, r->lane[i].tx_count);
		list[i] = (struct slice){r->work[i].list.p, r->work[i].list.len};
	}
	return block_seal(&r->main, r->lane, list);
}

static void round_begin(struct round *r, struct chain *c, uint64_t height, uint64_t time_ms, uint16_t engine)
{
	static const struct id no_reveal;
	bool first = height == 0;
	r->c = c;
	r->main = (struct main_header){.version = HEADER_VERSION, .height = height, .engine = engine, .slot = height, .time_ms = time_ms,
		.params = c->genesis};
	r->main.parent = first ? (struct id){{0}} : c->tip.main_id;
	r->main.rand = hash_pair("zeus/rand", first ? &c->genesis : &c->tip.rand, &no_reveal);
	for (uint8_t i = 0; i < CHAINS; i++) {
		chain_forget(c, i);
		r->lane[i] = (struct lane_header){.lane = i, .version = HEADER_VERSION, .height = height, .tail = c->lane[i].tail};
		r->lane[i].parent = first ? (struct id){{0}} : c->tip.lane_id[i];
		bytes_reserve(&r->work[i].list, 4);
		r->work[i].list.len = 4; /* the count, written when it is known */
	}
}

static int round_finish(struct round *r, struct block **ret)
{
	round_each(r, lane_close, CHAINS);
	bool sound = chain_sums_up(r->lane);
	struct block *b = sound ? round_seal(r) : NULL;
	free(r->work[0].txs);
	for (int i = 0; i < CHAINS; i++) {
		free(r->work[i].list.p);
		free(r->work[i].leaf);
	}
	if (!sound)
		return -EBADMSG;
	chain_move(r->c, b);
	*ret = b;
	return 0;
}

int round_form(struct chain *c, uint64_t time_ms, uint16_t engine, struct pending_tx **txs, size_t n, struct block **ret)
{
	struct round r = {.txs = txs, .n = n};
	round_begin(&r, c, c->tip.height + 1, time_ms, engine);
	round_run(&r);
	return round_finish(&r, ret);
}

int round_genesis(struct chain *c, struct block **ret)
{
	struct round r = {.n = 0};
	round_begin(&r, c, 0, c->tip.time_ms, 0);
	return round_finish(&r, ret);
}

/* Decode a sealed block's transactions. False: one is not a transaction. */
static bool replay_decode(const struct block *b, struct pending_tx *all, struct pending_tx **list, size_t *n)
{
	*n = 0;
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		struct slice txs = block_txs(b, lane);
		struct rbuf r = rbuf_on(txs.p + 4, txs.len - 4);
		uint16_t status;
		struct pending_tx *p = &all[*n];
		while (block_tx_next(&r, &status, &p->bytes)) {
			if (tx_get(p->bytes, &p->tx, &p->signed_len) != V_OK)
				return false;
			p->txid = hash_of("zeus/txid", p->bytes.p, p->signed_len);
			list[(*n)++] = p++;
		}
	}
	return true;
}

static const char *replay_check(const struct chain *c, const struct block *b)
{
	if (!block_whole(b))
		return "its transactions were pruned";
	if (b->main.height != c->tip.height + 1 || id_cmp(&b->main.parent, &c->tip.main_id) != 0)
		return "it does not follow the head";
	if (b->main.engine != c->engine)
		return "another engine made it than this network's";
	if (b->main.time_ms <= c->tip.time_ms)
		return "its time is not after its parent's";
	return NULL;
}

static int replay_run(struct chain *c, const struct block *given, struct block **ret, char *why)
{
	struct pending_tx *all = chain_must(calloc(given->main.tx_count + 1, sizeof *all));
	struct pending_tx **list = chain_must(calloc(given->main.tx_count + 1, sizeof *list));
	struct block *made = NULL;
	size_t n = 0;
	int rc = replay_decode(given, all, list, &n) ? round_form(c, given->main.time_ms, given->main.engine, list, n, &made) : -EBADMSG;
	free(list);
	free(all);
	if (rc == 0 && made->len == given->len && memcmp(made->bytes, given->bytes, made->len) == 0) {
		*ret = made;
		return 0;
	}
	block_free(made);
	snprintf(why, WHY_LEN, "block %llu: carrying it out again gives another block", (unsigned long long)given->main.height);
	return -EBADMSG;
}

int round_apply(struct chain *c, struct slice bytes, struct block **ret, char *why)
{
	struct block *given = block_read(bytes, why);
	if (!given)
		return -EBADMSG;
	const char *wrong = replay_check(c, given);
	int rc = wrong ? -EBADMSG : replay_run(c, given, ret, why);
	if (wrong)
		snprintf(why, WHY_LEN, "block %llu: %s", (unsigned long long)given->main.height, wrong);
	block_free(given);
	return rc;
}

static void fact_append(struct bytes *out, const struct fact *f)
{
	struct wbuf w;
	size_t room = 1024;
	do {
		bytes_reserve(out, room);
		w = wbuf_on(out->p + out->len, out->cap - out->len);
		fact_put(&w, f);
		room *= 2;
	} while (w.bad && room < (size_t)1 << 24);
	out->len += w.bad ? 0 : w.len;
}

static void head_fact(void *arg, const struct fact *f)
{
	fact_append(arg, f);
}

void block_facts(const struct block *b, const struct state *s, uint8_t **out, size_t *len)
{
	struct bytes buf = {NULL, 0, 0};
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		struct slice f = state_facts(s, lane);
		bytes_reserve(&buf, f.len);
		if (f.len)
			memcpy(buf.p + buf.len, f.p, f.len);
		buf.len += f.len;
	}
	struct chain head = {.state = (struct state *)(uintptr_t)s}; /* only looked at */
	chain_move(&head, b);
	chain_head_facts(&head, head_fact, &buf);
	*out = buf.p;
	*len = buf.len;
}
