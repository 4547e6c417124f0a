/* What a block tells agrees with what its records say, and every payment and trade is one that may be.
 *
 * Knows formulas of PROTOCOL 0.4 and 0.19 again: units, rates, holds, bonds, commission. Counts verdicts for the table at the end. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;

struct told { struct fact_order *o; size_t n, cap; };

static const struct fact_order *told_find(const struct told *t, const struct id *id)
{
	for (size_t i = 0; i < t->n; i++)
		if (id_cmp(&t->o[i].order, id) == 0)
			return &t->o[i];
	return NULL;
}

/* --- what is told is what is --- */

static void account_told(struct world *w, const struct fact_account *f)
{
	const struct rec *r = disk_find(w->disk, f->lane, REC_ACCOUNT, &f->address, 32);
	const struct at_account *a = r ? &r->u->account : NULL;
	SIM_MUST(w, a && a->balance == money_base(f->balance) && a->nonce == f->nonce && a->deposit == money_base(f->deposit) &&
	    money_cmp(a->stake.staked, f->stake.staked) == 0 && money_cmp(a->stake.unstaking, f->stake.unstaking) == 0 &&
	    a->auth.threshold == f->threshold && a->auth.n == f->keys, "facts", "an account's is another");
	w->check->votes_changed = true;
}

static void holding_told(struct world *w, const struct fact_holding *f)
{
	struct rec *home = disk_get(w->disk, 0, REC_HOME, &f->account, 32);
	uint8_t key[36];
	memcpy(key, f->account.b, 32);
	for (int i = 0; i < 4; i++)
		key[32 + i] = (uint8_t)(f->token >> (24 - 8 * i));
	const struct rec *r = home ? disk_find(w->disk, home->u->home.lane, REC_HOLDING, key, sizeof key) : NULL;
	SIM_MUST(w, (r ? r->u->holding.amount : 0) == money_base(f->amount), "facts", "a holding's is another");
}

static void token_told(struct world *w, const struct fact_token *f)
{
	uint8_t key[4] = {(uint8_t)(f->token >> 24), (uint8_t)(f->token >> 16), (uint8_t)(f->token >> 8), (uint8_t)f->token};
	const struct rec *r = disk_get(w->disk, 0, REC_TOKEN, key, sizeof key);
	SIM_MUST(w, r && money_cmp(r->u->object.token.supply, f->supply) == 0 && money_cmp(r->u->object.token.reserve, f->reserve) == 0,
	    "facts", "a token's is another");
}

static void node_told(struct world *w, const struct fact_node *f)
{
	const struct rec *r = disk_find(w->disk, f->lane, REC_NODE, &f->node, 32);
	SIM_MUST(w, r && resources_eq(&r->u->object.node.free, &f->free) && resources_eq(&r->u->object.node.caps, &f->caps), "facts",
	    "a node's is another");
}

static uint8_t lane_of_symbol(const struct world *w, uint32_t symbol, size_t *at)
{
	for (*at = 0; *at < w->genesis.nsymbols; ++*at)
		if (w->genesis.symbol[*at].symbol == symbol)
			return (uint8_t)(1 + *at % LANES);
	return 0;
}

/* Who changes more than to take less goes to the end of its price's queue; who does not, stays. (used: unused by orders' tallies.) */
static void queue_place(struct world *w, struct tally *t, const struct at_order *o)
{
	const struct fact_order *f = &o->f;
	int64_t now[] = {(int64_t)price_base(f->price), f->qty, (int64_t)f->expiry_ms, (int64_t)o->height_in, f->rev};
	int64_t *was = t->used;
	bool keeps = now[0] == was[0] && now[1] <= was[1] && now[2] == was[2];
	if (was[3] && now[4] <= was[4] + 1)
		SIM_MUST(w, now[3] == (keeps ? was[3] : (int64_t)w->before.height + 1), "queue", "an order has another's place");
	memcpy(was, now, sizeof now);
}

static void order_told(struct world *w, const struct fact_order *f)
{
	size_t at;
	uint8_t lane = lane_of_symbol(w, f->symbol, &at);
	const struct rec *r = disk_get(w->disk, lane, REC_ORDER, &f->order, 32);
	struct tally *t = tally_of(w->disk, &f->order);
	t->owner = f->owner;
	t->owned = true;
	if (f->state == ORDER_IN_FLIGHT)
		return;
	w->check->orders_changed[at] = true;
	SIM_MUST(w, f->tif != TIF_FOK || !f->filled || f->filled == f->qty, "orders", "one that is to be filled whole was filled in part");
	if (f->state > ORDER_PARTIAL) {
		SIM_MUST(w, !r && money_is_zero(f->locked), "facts", "an order that ended is in the records, or holds money");
		return;
	}
	if (r)
		queue_place(w, t, &r->u->order);
	SIM_MUST(w,
	    r && money_cmp(r->u->order.f.locked, f->locked) == 0 && r->u->order.f.filled == f->filled && r->u->order.f.rev == f->rev &&
		resources_eq(&r->u->order.f.left, &f->left),
	    "facts", "an order's is another");
}

/* Registers of the standard lease: 2 rate, 3 base, 4 base_up. Other terms begin where the old ones ended, at the old rate to the unit. */
static void i15_terms(struct world *w, struct rec *r)
{
	const struct at_lease *l = &r->u->lease;
	const uint64_t *reg = l->run.reg;
	bool once = l->f.change_rev <= r->terms.rev + 1;
	bool same = reg[2] == r->terms.rate && reg[3] == r->terms.base && reg[4] == r->terms.base_up;
	wide base = r->terms.base + (wide)r->terms.rate * (reg[4] - r->terms.base_up) / 3600;
	bool measured = reg[4] >= r->terms.base_up && reg[4] <= l->run.meter[METER_UP_S];
	SIM_MUST(w, measured, "I15 terms", "they begin at seconds that nobody measured");
	SIM_MUST(w, same || !once || base == reg[3], "I15 terms", "the past has another price");
	SIM_MUST(w, !reg[2] || reg[2] == money_base(l->f.rate), "I15 terms", "the contract has another rate than the lease");
	if (!same && r->terms.rate && once)
		coverage_add(&w->cover->changes, 1);
	r->terms.rate = reg[2];
	r->terms.base = reg[3];
	r->terms.base_up = reg[4];
	r->terms.rev = l->f.change_rev;
}

/* I15: what is held, what was paid and what was taken of it. */
static void i15_lease(struct world *w, const struct at_lease *l, uint64_t now_ms)
{
	wide due = (wide)money_base(l->f.paid) * w->genesis.commission_ppm / 1000000;
	SIM_MUST(w, due == money_base(l->f.commission), "I15 commission", "%llu of %llu", (unsigned long long)money_base(l->f.commission),
	    (unsigned long long)money_base(l->f.paid));
	wide past = (now_ms - l->f.born_ms) / 1000, up = l->run.meter[METER_UP_S] < past ? l->run.meter[METER_UP_S] : past;
	wide most = l->run.reg[3] + (up > l->run.reg[4] ? (wide)l->run.reg[2] * (up - l->run.reg[4]) / 3600 : 0);
	SIM_MUST(w, money_base(l->f.paid) <= most, "I15 paid", "%llu, more than its time costs", (unsigned long long)money_base(l->f.paid));
	if (!l->gone_ms)
		return;
	for (size_t i = 0; i < FSM_HOLDS_MAX; i++)
		SIM_MUST(w, money_is_zero(l->run.hold[i]), "I15 holds", "an ended lease holds money");
}

static void lease_told(struct world *w, const struct fact_lease *f)
{
	struct rec *r = disk_get(w->disk, f->lease.b[0], REC_LEASE, &f->lease, 32);
	if (!r) {
		SIM_MUST(w, f->flags & LEASE_TERMINAL, "facts", "a running lease is in no record");
		return;
	}
	const struct at_lease *l = &r->u->lease;
	SIM_MUST(w, !!(f->flags & LEASE_TERMINAL) == !!l->gone_ms && money_cmp(f->escrow, l->run.hold[0]) == 0 &&
	    money_cmp(f->bond, l->run.hold[1]) == 0 && money_cmp(f->paid, l->f.paid) == 0, "facts", "a lease's is another");
	i15_lease(w, l, w->time_ms);
	i15_terms(w, r);
	for (size_t i = 0; i < PARTIES; i++) {
		struct id key;
		for (size_t k = 0; k < 32; k++)
			key.b[k] = f->lease.b[k] ^ l->party[i].address.b[k];
		bool first = true; /* who is two parties acts as the first */
		for (size_t k = 0; k < i; k++)
			first = first && !address_eq(&l->party[k].address, &l->party[i].address);
		if (first)
			SIM_MUST(
			    w, tally_of(w->disk, &key)->next == l->party[i].seq, "I5 numbers", "party %zu of a lease is at another", i);
	}
}

/* --- trades --- */

static uint64_t units_of(const struct resources *r, const struct resources *d)
{
	uint64_t most = 0;
	for (size_t i = 0; i < RESOURCES; i++) {
		uint64_t share = d->v[i] ? (1000ULL * r->v[i] + d->v[i] - 1) / d->v[i] : 0;
		most = share > most ? share : most;
	}
	return most;
}

static uint64_t capped(uint64_t seconds) { return seconds < 86400 ? seconds : 86400; }

static void i16_price(struct world *w, const struct fact_trade *f, const struct told *t)
{
	const struct fact_order *bid = told_find(t, &f->bid), *ask = told_find(t, &f->ask);
	SIM_MUST(w, bid && ask, "I16 trades", "one of its orders is not told");
	SIM_MUST(
	    w, price_cmp(f->price, bid->price) <= 0 && price_cmp(f->price, ask->price) >= 0, "I16 trades", "price beyond limit or ask");
	SIM_MUST(w, f->dur_s == bid->max_s && f->dur_s >= ask->min_s && f->dur_s <= ask->max_s, "I16 trades",
	    "a duration that the ask does not allow");
	SIM_MUST(w, !address_eq(&bid->owner, &ask->owner), "I16 trades", "with oneself");
	SIM_MUST(w, id_is_zero(&bid->node) || id_cmp(&bid->node, &ask->node) == 0, "I16 trades", "another node than was asked for");
}

/* A lease begins with what the match says: rate, escrow and bond to the last unit. */
static void trade_terms(struct world *w, const struct fact_trade *f, const struct told *t)
{
	const struct fact_order *ask = told_find(t, &f->ask);
	const struct rec *r = disk_get(w->disk, f->lease.b[0], REC_LEASE, &f->lease, 32);
	size_t at;
	lane_of_symbol(w, f->symbol, &at);
	uint64_t units = units_of(&f->res, &w->genesis.symbol[at].unit);
	wide rate = (wide)price_base(f->price) * units / 1000, hold = rate * capped(f->dur_s) / 3600;
	wide bond = (wide)price_base(ask->price) * units / 1000 * capped(f->dur_s) * w->genesis.bond_ppm / 3600000000ULL;
	SIM_MUST(w, r && rate == money_base(f->rate) && rate == money_base(r->u->lease.f.rate), "trade", "a rate is wrong");
	SIM_MUST(w, hold == money_base(r->u->lease.run.hold[0]), "trade", "an escrow is wrong");
	SIM_MUST(w, bond == money_base(r->u->lease.run.hold[1]), "trade", "a bond is wrong");
	coverage_add(&w->cover->trades, 1);
}

/* --- payments: to whom they are due --- */

/* A bond is its seller's, unless he left, or the lease ran and may have been short of what was promised. */
static bool pay_of_lease(const struct at_lease *l, const struct fact_pay *f)
{
	bool buyer = address_eq(&f->account, &l->f.buyer), seller = address_eq(&f->account, &l->f.seller);
	bool short_of = l->mark == 2 || l->run.reg[1];
	if (f->kind == PAY_LEASE || f->kind == PAY_REFUND)
		return f->kind == PAY_LEASE ? seller : buyer;
	return seller || (buyer && short_of);
}

/* I3: every payment that arrives is told, once, in the order of receipts. */
static void i3_credit_told(struct check *k, const struct world *w, const struct id *object)
{
	SIM_MUST(w, k->told < k->ncredits && id_cmp(&k->credit[k->told], object) == 0, "I3 receipts", "payment %zu of %zu is another one",
	    k->told, k->ncredits);
	k->told++;
}

static void pay_due(struct world *w, const struct fact_pay *f)
{
	SIM_MUST(w, !money_is_zero(f->amount) && f->height == w->before.height + 1, "payments", "of nothing, or of another time");
	coverage_add(&w->cover->pays, 1);
	if (f->in && f->kind == PAY_TRANSFER)
		i3_credit_told(w->check, w, &f->object);
	const struct rec *r = f->object.b[0] < CHAINS ? disk_get(w->disk, f->object.b[0], REC_LEASE, &f->object, 32) : NULL;
	if (r) {
		if (f->in && f->kind != PAY_DEPOSIT)
			SIM_MUST(w, pay_of_lease(&r->u->lease, f), "payments", "to one who is not due it");
		return;
	}
	struct tally *t;
	HASH_FIND(hh, w->disk->tally, &f->object, 32, t);
	if (t && t->owned && f->in)
		SIM_MUST(w, address_eq(&f->account, &t->owner), "payments", "of an order, not to its owner");
}

/* No meter of time counts more of it than has passed. */
static void usage_told(struct world *w, const struct fact_usage *f)
{
	const struct rec *r = disk_get(w->disk, f->receipt.instance.b[0], REC_LEASE, &f->receipt.instance, 32);
	uint64_t past = r ? (w->time_ms - r->u->lease.f.born_ms) / 1000 : UINT64_MAX - 1;
	SIM_MUST(w, f->receipt.meter[METER_UP_S] <= past + 1, "usage", "more time than has passed");
}

static void one(struct world *w, const struct fact *f, const struct told *t)
{
	switch ((enum fact_kind)f->kind) {
	case FACT_ACCOUNT: account_told(w, &f->u.account); return;
	case FACT_NODE: node_told(w, &f->u.node); return;
	case FACT_TOKEN: token_told(w, &f->u.token); return;
	case FACT_HOLDING: holding_told(w, &f->u.holding); return;
	case FACT_ORDER: order_told(w, &f->u.order); return;
	case FACT_LEASE: lease_told(w, &f->u.lease); return;
	case FACT_TRADE:
		i16_price(w, &f->u.trade, t);
		trade_terms(w, &f->u.trade, t);
		return;
	case FACT_USAGE: usage_told(w, &f->u.usage); return;
	case FACT_PAY: pay_due(w, &f->u.pay); return;
	case FACT_VERDICT: coverage_add(&w->cover->verdict[f->u.verdict.type][f->u.verdict.verdict], 1); return;
	case FACT_BLOCK:
	case FACT_LANE:
	case FACT_SYMBOL:
	case FACT_APP:
	case FACT_RESET: return;
	}
}

void check_facts(struct world *w, struct slice facts)
{
	static _Thread_local struct fact f;
	struct told t = {NULL, 0, 0};
	struct rbuf r = rbuf_on(facts.p, facts.len);
	struct slice bytes;
	memset(w->check->orders_changed, 0, sizeof w->check->orders_changed);
	while (fact_skip(&r, &bytes)) {
		struct rbuf one_fact = rbuf_on(bytes.p, bytes.len);
		if (bytes.p[0] != FACT_ORDER || !fact_next(&one_fact, &f))
			continue;
		t.o = books_array(t.o, &t.cap, t.n + 1, sizeof *t.o);
		t.o[t.n++] = f.u.order;
	}
	r = rbuf_on(facts.p, facts.len);
	while (fact_next(&r, &f))
		one(w, &f, &t);
	SIM_MUST(w, rbuf_end(&r), "facts", "cannot be read");
	SIM_MUST(
	    w, w->check->told == w->check->ncredits, "I3 receipts", "%zu payments of %zu are told", w->check->told, w->check->ncredits);
	free(t.o);
}
