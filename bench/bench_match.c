/* Row 2: the batch auction of the books against a plain price-time book, fed with the same orders in the same batches.
 *
 * It knows the books' rounds and which orders it sent. Every order is for one unit and has a price of its own, so both must find the same
 * pairs: a run in which they differ is broken. It does not know chains, signatures or disks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "bench/plain_book.h"
#include "bench/world.h"
#include "ledger/crypto/hash.h"

#define WARM 20u
#define ROUNDS 220u
#define BATCH 256u            /* orders in a round; with cancels, another BATCH / 2 of these */
#define TRADERS 18u           /* accounts; those at home on the symbol's lane do not trade */
#define CORES 40000u          /* of each seller's node */
#define SYMBOL_LANE 1
#define SIDES (BATCH / 2)

struct box { uint8_t *p; size_t len; uint32_t n; };
struct market {
	struct world w; uint64_t height;
	struct box box[CHAINS][CHAINS];
	struct pending_tx tx[2 * BATCH]; size_t n;    /* of this round, to be carried out at their homes */
	struct id id[(WARM + ROUNDS) * BATCH];        /* of order i */
	uint32_t owner[(WARM + ROUNDS) * BATCH];
	double ns;                                    /* processor time of the symbol's lane: receipts in and auction */
};

/* --- driving the books -------------------------------------------------------------------------------------------------------- */

static void lane_receive(struct market *m, uint8_t lane)
{
	struct receipt got;
	for (uint8_t src = 0; src < CHAINS; src++) {
		struct box *o = &m->box[src][lane];
		struct rbuf in = rbuf_on(o->p, o->len);
		for (uint32_t i = 0; i < o->n && receipt_get(&in, &got); i++)
			state_receive(m->w.s, lane, &got);
	}
}

static void lane_transact(struct market *m, uint8_t lane)
{
	for (size_t i = 0; i < m->n; i++) {
		struct pending_tx *p = &m->tx[i];
		uint8_t at;
		if (p->lane != lane)
			continue;
		enum verdict v = state_admit(m->w.s, &p->tx, m->height, &at);
		v = v ? v : state_execute(m->w.s, lane, &p->tx, &p->txid);
		if (v != V_OK)
			measure_fail("an order was refused: %s", verdict_text(v));
	}
}

static void boxes_take(struct market *m)
{
	for (uint8_t i = 0; i < CHAINS * CHAINS; i++) {
		struct box *o = &m->box[i / CHAINS][i % CHAINS];
		struct slice from = state_outbox(m->w.s, i / CHAINS, i % CHAINS, &o->n);
		o->p = realloc(o->p, from.len + 1);
		o->len = from.len;
		if (!o->p)
			measure_fail("no memory");
		if (from.len)
			memcpy(o->p, from.p, from.len);
	}
}

static void market_round(struct market *m)
{
	struct id rand = hash_of("bench/rand", &m->height, sizeof m->height);
	m->height++;
	state_round(m->w.s, m->height, 1000 + 5 * m->height, &rand);
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		uint64_t start = measure_cpu_ns();
		lane_receive(m, lane);
		if (lane == SYMBOL_LANE) {
			state_auctions(m->w.s, lane);
			m->ns = (double)(measure_cpu_ns() - start);
		} else {
			lane_transact(m, lane);
		}
		state_round_end(m->w.s, lane);
	}
	boxes_take(m);
	pending_drop(m->tx, m->n);
	m->n = 0;
}

/* --- orders --------------------------------------------------------------------------------------------------------------------- */

static struct resources cores(uint32_t n)
{
	struct resources r = {{1000, 2048, 0, 0, 10240, 100000, 100000, 1000, 100, 512, 0, 0}};
	for (int i = 0; i < RESOURCES; i++)
		r.v[i] *= n;
	return r;
}

static struct id node_of(const struct market *m, uint32_t who)
{
	return hash_slices("zeus/node-id", (struct slice[]){{m->w.who[who].b, 32}, {(const uint8_t *)"n", 1}}, 2);
}

static void sell(struct market *m, uint32_t who, uint64_t price)
{
	struct tx tx = {.type = TX_ASK, .u.ask = {.node = node_of(m, who), .symbol = 1, .offer = cores(1), .price = price_of(price),
	    .bond = money_of(price * 24 / 5), .min_s = 1, .max_s = 86400, .name = "a"}};
	world_tx(&m->w, who, &tx, &tx.u.ask.cid, &m->tx[m->n++]);
}

static void buy(struct market *m, uint32_t who, uint64_t price)
{
	struct tx tx = {.type = TX_BID, .u.bid = {.symbol = 1, .want = cores(1), .qty = qty_of(1), .limit = price_of(price), .dur_s = 3600,
	    .escrow = money_of(price), .name = "b"}};
	world_tx(&m->w, who, &tx, &tx.u.bid.cid, &m->tx[m->n++]);
}

/* Sellers and buyers in turn; never the account whose home is the symbol's lane. */
static uint32_t trader(uint32_t order, bool bid)
{
	uint32_t half = TRADERS / 2, who = 1 + order / 2 % (half - 1);
	return bid ? half + who : who;
}

/* Two overlapping ranges around the middle; the lowest digits make each price the only one of its kind. */
static uint64_t price_next(uint32_t order, bool bid)
{
	uint64_t level = (uint64_t)rand() % 640 + (bid ? 0 : 384);
	return 10000 * (1 + (level << 17 | (order * 77773u & 0x1ffff)));
}

static void send_order(struct market *m, struct plain_book *b)
{
	static const uint8_t first[4];
	uint32_t order = (uint32_t)b->n;
	bool bid = order % 2;
	uint64_t price = price_next(order, bid);
	m->owner[order] = trader(order, bid);
	(bid ? buy : sell)(m, m->owner[order], price);
	m->id[order] = hash_slices("zeus/ord", (struct slice[]){{m->tx[m->n - 1].txid.b, 32}, {first, 4}}, 2);
	b->order[b->n++] = (struct plain_order){.price = price, .bid = bid};
}

/* Cancels of orders that rest, none twice. */
static size_t send_cancels(struct market *m, const struct plain_book *b, size_t resting, uint32_t *order)
{
	size_t n = 0;
	for (uint32_t tries = 0; n < BATCH / 2 && resting && tries < 8 * BATCH; tries++) {
		uint32_t i = (uint32_t)((unsigned)rand() % resting);
		bool twice = b->order[i].gone;
		for (size_t j = 0; j < n && !twice; j++)
			twice = order[j] == i;
		if (twice)
			continue;
		struct tx tx = {.type = TX_CANCEL, .u.cancel = {.symbol = 1, .order = m->id[i]}};
		world_tx(&m->w, m->owner[i], &tx, &tx.u.cancel.cid, &m->tx[m->n++]);
		order[n++] = i;
	}
	return n;
}

static void register_nodes(struct market *m)
{
	for (uint32_t i = 1; i < TRADERS / 2; i++) {
		struct tx tx = {.type = TX_NODE_REG, .u.node_reg = {.name = "n", .caps = cores(CORES)}};
		memcpy(tx.u.node_reg.op_pk, m->w.pk[i], 32);
		world_tx(&m->w, i, &tx, NULL, &m->tx[m->n++]);
	}
	for (int i = 0; i < 4; i++)
		market_round(m);
}

/* --- both --------------------------------------------------------------------------------------------------------------------- */

/* The round's trades must be the plain book's pairs, in its order. */
static void compare(const struct market *m, uint32_t (*pair)[2], size_t n)
{
	static struct fact f;
	struct slice facts = state_facts(m->w.s, SYMBOL_LANE);
	struct rbuf r = rbuf_on(facts.p, facts.len);
	size_t seen = 0;
	while (fact_next(&r, &f)) {
		if (f.kind != FACT_TRADE)
			continue;
		bool same = seen < n && id_cmp(&f.u.trade.bid, &m->id[pair[seen][0]]) == 0 &&
		    id_cmp(&f.u.trade.ask, &m->id[pair[seen][1]]) == 0;
		if (!same)
			measure_fail("trade %zu of the round at height %llu differs", seen, (unsigned long long)m->height);
		seen++;
	}
	if (seen != n)
		measure_fail("the books traded %zu times, the plain book %zu times", seen, n);
}

struct result { double ours[ROUNDS], plain[ROUNDS], ratio[ROUNDS]; size_t trades, events; };

/* The plain book's part of a round; the orders are those that were noted behind its last. */
static double plain_round(struct plain_book *b, size_t upto, const uint32_t *cancel, size_t ncancel, uint32_t (*pair)[2], size_t *n)
{
	uint64_t start = measure_cpu_ns();
	for (size_t i = 0; i < ncancel; i++)
		plain_cancel(b, cancel[i]);
	while (b->n < upto) {
		const struct plain_order *o = &b->order[b->n];
		plain_add(b, o->bid ? PLAIN_BID : PLAIN_ASK, o->price);
	}
	*n = plain_cross(b, pair);
	return (double)(measure_cpu_ns() - start);
}

static void stream(bool cancels, struct result *out)
{
	static struct market m;
	static uint32_t pair[BATCH][2], cancel[BATCH];
	struct plain_book b;
	memset(&m, 0, sizeof m);
	srand(7);
	world_open(&m.w, TRADERS, 40000000000000000);
	register_nodes(&m);
	plain_open(&b, (WARM + ROUNDS) * BATCH);
	for (uint32_t r = 0; r < WARM + ROUNDS; r++) {
		size_t before = b.n, n, ncancel = cancels ? send_cancels(&m, &b, before, cancel) : 0;
		for (uint32_t i = 0; i < BATCH; i++)
			send_order(&m, &b);
		size_t upto = b.n;
		b.n = before;
		double plain_ns = plain_round(&b, upto, cancel, ncancel, pair, &n);
		market_round(&m); /* at home */
		market_round(&m); /* on the symbol's lane */
		compare(&m, pair, n);
		if (r < WARM)
			continue;
		size_t events = BATCH + ncancel;
		out->ours[r - WARM] = m.ns / (double)events;
		out->plain[r - WARM] = plain_ns / (double)events;
		out->ratio[r - WARM] = plain_ns / m.ns;
		out->trades += n;
		out->events += events;
	}
	plain_close(&b);
	for (int i = 0; i < CHAINS * CHAINS; i++)
		free(m.box[i / CHAINS][i % CHAINS].p);
	world_close(&m.w);
}

static void report(const char *key, struct result *r)
{
	char measured[64], peer[64];
	double p99 = measure_quantile(r->ours, ROUNDS, 0.99), plain99 = measure_quantile(r->plain, ROUNDS, 0.99);
	snprintf(measured, sizeof measured, "%.0f orders/s", 1e9 / measure_median(r->ours, ROUNDS));
	snprintf(peer, sizeof peer, "%.0f orders/s", 1e9 / measure_median(r->plain, ROUNDS));
	measure_row(key, measured, peer, measure_median(r->ratio, ROUNDS));
	measure_note(key, "the same %zu trades of %zu orders and cancels; an order's share of its batch's time %.2f us, plain %.2f us",
	    r->trades, r->events, measure_median(r->ours, ROUNDS) / 1e3, measure_median(r->plain, ROUNDS) / 1e3);
	char p99_key[32];
	snprintf(p99_key, sizeof p99_key, "%s-p99", key);
	snprintf(measured, sizeof measured, "%.2f us", p99 / 1e3);
	snprintf(peer, sizeof peer, "%.2f us", plain99 / 1e3);
	measure_row(p99_key, measured, peer, p99 / plain99);
}

int main(void)
{
	static struct result orders, cancels;
	stream(false, &orders);
	stream(true, &cancels);
	report("2", &orders);
	report("2-cancels", &cancels);
	return 0;
}
