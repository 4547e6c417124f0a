/* One batch auction per changed symbol and round (PROTOCOL 5.2): a reference price, then each bid takes the first asks that fit
 * it.
 *
 * Knows the best BOOK_SIDE_MAX orders of each side, ties broken by H("zeus/tie", rand || id) so that nobody can place itself
 * first. A trade is at clamp(p*, ask, limit). Does not know what becomes of a match (lease.c). */
#include <string.h>
#include "ledger/state/books.h"

struct entry { struct order *o; struct id tie; uint64_t units; };
struct auction {
	struct state *s; struct part *p; const struct fact_symbol *y;
	size_t nbids, nasks, sold; struct entry *bid, *ask; /* sold: the first asks that rest no more */
	struct price reference;
	uint32_t trades; bool full; /* full: the out-box has no room left; the rest waits for the next round */
};
#define RECEIPTS_PER_TRADE 3 /* the surplus; the ask's end and its deposit */
#define RECEIPTS_PER_BID 2   /* its end and its deposit */

static bool same_rank(const struct order *a, const struct order *b)
{
	return price_cmp(a->f.price, b->f.price) == 0 && a->height_in == b->height_in && (a->f.side == SIDE_BID || a->rating == b->rating);
}

static int tie_cmp(const void *a, const void *b)
{
	return id_cmp(&((const struct entry *)a)->tie, &((const struct entry *)b)->tie);
}

static struct entry entry_of(const struct auction *a, struct order *o)
{
	uint64_t units = 0;
	resources_units(&o->f.left, &a->y->unit, &units);
	if (o->f.side == SIDE_BID)
		units *= o->f.qty - o->f.filled;
	return (struct entry){.o = o, .units = units};
}

static void ties_break(const struct auction *a, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		e[i].tie = hash_pair("zeus/tie", &a->s->rand, &e[i].o->f.order);
	qsort(e, n, sizeof *e, tie_cmp);
}

/* The best of one side. A group of equal rank that crosses the bound is hashed whole, and the bound cuts it by hash. */
static struct entry *side_best(const struct auction *a, const struct side *d, size_t *n)
{
	struct entry *e = NULL;
	size_t cap = 0, end = 0;
	for (size_t at = 0; at < d->n && at < BOOK_SIDE_MAX; at = end) {
		for (end = at; end < d->n && same_rank(d->o[at], d->o[end]); end++) {
			e = books_array(e, &cap, end + 1, sizeof *e);
			e[end] = entry_of(a, d->o[end]);
		}
		if (end - at > 1)
			ties_break(a, &e[at], end - at);
	}
	*n = end < BOOK_SIDE_MAX ? end : BOOK_SIDE_MAX;
	return e;
}

/* Walk the two unit-weighted step curves while bid >= ask; the last step that crosses sets the price. */
static bool reference_price(struct auction *a)
{
	bool crossed = false;
	uint64_t bid_left = a->nbids ? a->bid[0].units : 0, ask_left = a->nasks ? a->ask[0].units : 0;
	for (size_t i = 0, j = 0; i < a->nbids && j < a->nasks;) {
		struct price b = a->bid[i].o->f.price, k = a->ask[j].o->f.price;
		if (price_cmp(b, k) < 0)
			break;
		uint64_t step = bid_left < ask_left ? bid_left : ask_left;
		if (step) {
			a->reference = price_of((price_base(b) + price_base(k)) / 2);
			crossed = true;
		}
		bid_left -= step;
		ask_left -= step;
		if (!bid_left && ++i < a->nbids)
			bid_left = a->bid[i].units;
		if (!ask_left && ++j < a->nasks)
			ask_left = a->ask[j].units;
	}
	return crossed;
}

static bool compatible(const struct order *bid, const struct order *ask)
{
	return order_live(ask) && price_cmp(ask->f.price, bid->f.price) <= 0 && ask->rating >= bid->rating &&
	    bid->f.max_s >= ask->f.min_s &&
	    bid->f.max_s <= ask->f.max_s && !address_eq(&bid->f.owner, &ask->f.owner) &&
	    (id_is_zero(&bid->f.node) || id_cmp(&bid->f.node, &ask->f.node) == 0);
}

/* The terms of one replica of bid at ask; false if the sums are out of range. */
static bool match_terms(const struct auction *a, struct order *bid, struct order *ask, struct match *m)
{
	struct price price = a->reference;
	if (price_cmp(price, ask->f.price) < 0)
		price = ask->f.price;
	if (price_cmp(price, bid->f.price) > 0)
		price = bid->f.price;
	*m = (struct match){.bid = bid, .ask = ask, .price = price};
	return order_terms(a->s, bid, price, bid->f.max_s, &m->rate, &m->hold) &&
	    order_bond(a->s, &bid->f.res, a->y, ask->f.price, bid->f.max_s, &m->bond);
}

/* How many replicas this ask can take: both its vector and its bond must last. */
static uint32_t ask_takes(const struct match *m, uint32_t most)
{
	struct resources left = m->ask->f.left;
	struct money bond = m->ask->f.locked;
	uint32_t n = 0;
	while (n < most && money_take(&bond, m->bond) && resources_sub(&left, &m->bid->f.res))
		n++;
	return n;
}

static void trade_fact(const struct auction *a, const struct match *m, const struct id *lease)
{
	struct fact f = {.kind = FACT_TRADE};
	f.u.trade = (struct fact_trade){.seq = ++a->p->trades, .time_ms = a->s->time_ms, .symbol = a->y->symbol, .price = m->price,
	    .rate = m->rate,
	    .bid = m->bid->f.order, .ask = m->ask->f.order, .lease = *lease, .res = m->bid->f.res, .dur_s = m->bid->f.max_s};
	fact_emit(a->p, &f);
}

static void count_fill(struct order *o, struct money rate)
{
	o->f.state = ORDER_PARTIAL;
	if (!money_add(o->f.value, rate, &o->f.value))
		o->f.value = money_of(SUPPLY_BASE);
}

static void ask_sold(struct auction *a, const struct match *m)
{
	static const struct resources nothing;
	struct order *ask = m->ask;
	if (!resources_sub(&ask->f.left, &m->bid->f.res) || !money_take(&ask->f.locked, m->bond))
		books_fatal("an ask sold more than it had");
	count_fill(ask, m->rate);
	part_touch(a->p, REC_ORDER, &ask->f.order, sizeof ask->f.order);
	if (resources_eq(&ask->f.left, &nothing)) {
		ask->f.filled = 1;
		order_close(a->s, a->p, ask, ORDER_FILLED, V_OK);
	}
}

/* What was locked at the limit: the hold goes into the lease, the surplus home. */
static void bid_filled(struct auction *a, const struct match *m)
{
	struct order *bid = m->bid;
	struct money rate, share;
	if (!order_terms(a->s, bid, bid->f.price, bid->f.max_s, &rate, &share) || !money_take(&bid->f.locked, share))
		books_fatal("a bid's escrow does not hold");
	struct pay_line surplus = {.kind = PAY_REFUND, .account = bid->f.owner, .object = bid->f.order};
	if (!money_sub(share, m->hold, &surplus.amount))
		books_fatal("a trade above the limit");
	credit_send(a->s, a->p, &surplus, &bid->f.order);
	bid->f.filled++;
	count_fill(bid, m->rate);
	part_touch(a->p, REC_ORDER, &bid->f.order, sizeof bid->f.order);
	if (bid->f.filled == bid->f.qty)
		order_close(a->s, a->p, bid, ORDER_FILLED, V_OK);
}

static void trade(struct auction *a, const struct match *m)
{
	struct lease *l = lease_open(a->s, a->p, m);
	trade_fact(a, m, &l->f.lease);
	ask_sold(a, m);
	bid_filled(a, m);
	a->trades++;
}

/* Visit the asks that fit, best first; take trades if really, else only count. */
static uint32_t bid_walk(struct auction *a, struct order *bid, bool really)
{
	uint32_t want = bid->f.qty - bid->f.filled, got = 0;
	struct match m;
	while (a->sold < a->nasks && !order_live(a->ask[a->sold].o))
		a->sold++;
	for (size_t j = a->sold; j < a->nasks && got < want && !a->full; j++) {
		struct order *ask = a->ask[j].o;
		if (!compatible(bid, ask) || !match_terms(a, bid, ask, &m))
			continue;
		uint32_t n = ask_takes(&m, want - got);
		if (!really)
			got += n;
		for (uint32_t i = 0; really && i < n && !a->full; i++, got++) {
			a->full = !part_room(a->p, RECEIPTS_PER_TRADE + RECEIPTS_PER_BID);
			if (a->full)
				return got;
			trade(a, &m);
		}
	}
	return got;
}

/* Orders that do not rest leave after their first auction. */
static int id_order(const void *a, const void *b)
{
	return id_cmp(a, b);
}

static bool once_leave(struct state *s, struct part *p, struct book *b)
{
	if (b->n_once)
		qsort(b->once, b->n_once, sizeof *b->once, id_order);
	while (b->n_once) {
		struct order *o = order_find(p, &b->once[b->n_once - 1]);
		if (!part_room(p, RECEIPTS_PER_BID))
			return false;
		if (o && order_live(o))
			order_close(s, p, o, ORDER_CANCELLED, V_WOULD_NOT_FILL);
		b->n_once--;
	}
	return true;
}

static void auction_match(struct auction *a)
{
	for (size_t i = 0; i < a->nbids && !a->full; i++) {
		struct order *bid = a->bid[i].o;
		uint32_t want = bid->f.qty - bid->f.filled;
		if (bid->f.tif == TIF_FOK && bid_walk(a, bid, false) < want)
			continue;
		if (bid->f.tif == TIF_FOK && !part_room(a->p, RECEIPTS_PER_TRADE * want + RECEIPTS_PER_BID)) {
			a->full = true; /* all of it in one round, hence the next */
			return;
		}
		bid_walk(a, bid, true);
	}
}

static bool crosses(const struct book *b)
{
	const struct side *bids = &b->side[SIDE_BID], *asks = &b->side[SIDE_ASK];
	return bids->n && asks->n && price_cmp(bids->o[0]->f.price, asks->o[0]->f.price) >= 0;
}

bool auction_run(struct state *s, struct part *p, size_t symbol)
{
	struct book *b = &p->book[symbol];
	struct auction a = {.s = s, .p = p, .y = &s->genesis.symbol[symbol]};
	bool deeper = b->side[SIDE_BID].n > BOOK_SIDE_MAX || b->side[SIDE_ASK].n > BOOK_SIDE_MAX;
	if (crosses(b)) {
		a.bid = side_best(&a, &b->side[SIDE_BID], &a.nbids);
		a.ask = side_best(&a, &b->side[SIDE_ASK], &a.nasks);
		if (reference_price(&a))
			auction_match(&a);
		free(a.bid);
		free(a.ask);
	}
	if (a.full)
		return false;
	bool gone = once_leave(s, p, b);
	return gone && !(deeper && a.trades);
}
