/* Orders at home: what an ask or a bid must satisfy before its money or capacity leaves for the symbol's lane.
 *
 * Knows vectors, prices, escrow and bond (PROTOCOL 0.4, 0.19). Does not know the book: whether the order still fits there is
 * decided on arrival. */
#include <string.h>
#include "ledger/state/books.h"

#define PPM 1000000

static uint64_t window_s(uint32_t seconds)
{
	return seconds < ESCROW_WINDOW_S ? seconds : ESCROW_WINDOW_S;
}

/* rate: per hour for one vector; hold: the same for min(seconds, 24 h). */
bool order_terms(const struct state *s, const struct order *o, struct price price, uint32_t seconds, struct money *rate, struct money *hold)
{
	uint64_t units;
	const struct fact_symbol *y = symbol_find(s, o->f.symbol, NULL);
	return resources_units(&o->f.res, &y->unit, &units) && price_rate(price, units, rate) &&
	    money_muldiv(*rate, window_s(seconds), 3600, hold);
}

bool order_bond(const struct state *s, const struct resources *res, const struct fact_symbol *y, struct price price, uint32_t seconds,
    struct money *bond)
{
	uint64_t units;
	struct money rate;
	return resources_units(res, &y->unit, &units) && price_rate(price, units, &rate) &&
	    money_muldiv(rate, window_s(seconds) * s->genesis.bond_ppm, 3600ULL * PPM, bond);
}

static bool price_ok(const struct fact_symbol *y, struct price price)
{
	uint64_t base = price_base(price), tick = price_base(y->tick);
	return base && (!tick || base % tick == 0);
}

static enum verdict order_common(const struct act *t, struct purse *u, const struct cid *cid, const struct fact_symbol *y,
    uint64_t expiry_ms)
{
	enum verdict v = purse_cid(u, t, cid);
	if (v != V_OK)
		return v;
	if (!y)
		return V_NO_SYMBOL;
	if (expiry_ms && expiry_ms <= t->s->time_ms)
		return V_BAD_DURATION;
	if (++u->orders > ORDERS_PER_ACCOUNT)
		return V_FULL;
	return purse_send(u, t, y->lane);
}

static enum verdict ask_terms(const struct act *t, const struct fact_symbol *y)
{
	const struct tx_ask *x = &t->tx->u.ask;
	uint64_t units;
	struct money bond, rate;
	if (!resources_units(&x->offer, &y->unit, &units))
		return V_BAD_VECTOR;
	if (!price_ok(y, x->price) || !price_rate(x->price, units, &rate))
		return V_BAD_PRICE;
	if (x->min_s > x->max_s || x->min_s < y->min_s || x->max_s > y->max_s)
		return V_BAD_DURATION;
	if (x->tif == TIF_FOK) /* an offer is sold in pieces */
		return V_WOULD_NOT_FILL;
	if (!order_bond(t->s, &x->offer, y, x->price, x->max_s, &bond))
		return V_OVERFLOW;
	return money_cmp(x->bond, bond) < 0 ? V_BOND_SHORT : V_OK;
}

enum verdict ask_check(const struct act *t, struct purse *u)
{
	const struct tx_ask *x = &t->tx->u.ask;
	const struct fact_symbol *y = symbol_find(t->s, x->symbol, NULL);
	enum verdict v = order_common(t, u, &x->cid, y, x->expiry_ms);
	if (v != V_OK)
		return v;
	struct resources *left = purse_free(u, t, &x->node);
	if (!left)
		return node_home_find(t->s, &x->node) ? V_NOT_OWNER : V_NO_NODE;
	v = ask_terms(t, y);
	if (v != V_OK)
		return v;
	if (!resources_sub(left, &x->offer))
		return V_NO_CAPACITY;
	v = purse_spend(u, x->bond);
	return v == V_OK ? purse_deposit(u, deposit_for(t->s, ORDER_BYTES)) : v;
}

/* No machine runs anything without a share of these: the seller would pay for a lease that nobody can open. */
static bool can_run(const struct resources *want, const struct fact_symbol *y)
{
	static const enum resource_kind needed[] = {RES_CPU_MILLI, RES_MEM_MIB, RES_PIDS};
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (y->unit.v[needed[i]] && !want->v[needed[i]])
			return false;
	return true;
}

enum verdict order_wants(const struct fact_symbol *y, const struct resources *res, struct price price, struct money *rate)
{
	uint64_t units;
	if (!resources_units(res, &y->unit, &units) || !can_run(res, y))
		return V_BAD_VECTOR;
	return price_ok(y, price) && price_rate(price, units, rate) ? V_OK : V_BAD_PRICE;
}

static enum verdict bid_terms(const struct act *t, const struct fact_symbol *y)
{
	const struct tx_bid *x = &t->tx->u.bid;
	struct order o = {.f = {.symbol = x->symbol, .res = x->want}};
	struct money rate, hold, need;
	enum verdict v = order_wants(y, &x->want, x->limit, &rate);
	if (v != V_OK)
		return v;
	if (x->dur_s < y->min_s || x->dur_s > y->max_s)
		return V_BAD_DURATION;
	if (!qty_n(x->qty) || qty_n(x->qty) > REPLICAS_MAX || x->deploy.len > DEPLOY_MAX)
		return V_OVERFLOW;
	if (!order_terms(t->s, &o, x->limit, x->dur_s, &rate, &hold) || !money_muldiv(hold, qty_n(x->qty), 1, &need))
		return V_OVERFLOW;
	return money_cmp(x->escrow, need) < 0 ? V_ESCROW_SHORT : V_OK;
}

/* The order's own, and each for the leases that it may become. */
static struct money bid_deposit(const struct act *t, struct money *each)
{
	const struct tx_bid *x = &t->tx->u.bid;
	const struct app *app = x->app[0] && !x->deploy.len ? app_find(t->s, x->app) : NULL;
	*each = deposit_lease(t->s, app ? app->f.meta.len : x->deploy.len);
	struct money sum;
	if (!money_muldiv(*each, qty_n(x->qty), 1, &sum) || !money_add(sum, deposit_for(t->s, ORDER_BYTES + x->deploy.len), &sum))
		books_fatal("a deposit is larger than the supply");
	return sum;
}

enum verdict bid_check(const struct act *t, struct purse *u)
{
	const struct tx_bid *x = &t->tx->u.bid;
	const struct fact_symbol *y = symbol_find(t->s, x->symbol, NULL);
	enum verdict v = order_common(t, u, &x->cid, y, x->expiry_ms);
	if (v != V_OK)
		return v;
	if (!id_is_zero(&x->node) && !node_home_find(t->s, &x->node))
		return V_NO_NODE;
	if (x->app[0] && !app_find(t->s, x->app))
		return V_NO_APP;
	v = bid_terms(t, y);
	if (v == V_OK)
		v = purse_spend(u, x->escrow);
	struct money each;
	return v == V_OK ? purse_deposit(u, bid_deposit(t, &each)) : v;
}

/* The order leaves home; until it arrives this fact is all that is seen of it. */
static void order_send(const struct act *t, struct order *o)
{
	const struct fact_symbol *y = symbol_find(t->s, o->f.symbol, NULL);
	o->f.order = order_id(t->txid, t->index);
	o->f.owner = t->a->address;
	o->f.state = ORDER_IN_FLIGHT;
	o->f.time_ms = t->s->time_ms;
	t->a->orders++;
	deposit_hold(t->s, t->p, t->a, o->deposit, &o->f.order);
	act_pay(t, o->f.locked, o->f.side == SIDE_ASK ? PAY_BOND : PAY_ESCROW, NULL, &o->f.order, o->f.name);
	struct bytes b = {0};
	struct wbuf w = bytes_begin(&b, RECEIPT_PAYLOAD_MAX);
	order_put(&w, o);
	bytes_end(&b, &w);
	struct receipt r = {.kind = RCPT_ORDER, .dst = y->lane, .origin = *t->txid, .to = o->f.order, .amount = money_base(o->f.locked),
	    .payload = bytes_slice(&b)};
	part_emit(t->s, t->p, &r);
	free(b.p);
	struct fact f = {.kind = FACT_ORDER, .u.order = o->f};
	fact_emit(t->p, &f);
}

void ask_apply(const struct act *t)
{
	const struct tx_ask *x = &t->tx->u.ask;
	struct node *n = node_find(t->p, &x->node);
	if (!resources_sub(&n->f.free, &x->offer))
		books_fatal("a checked offer does not hold");
	part_touch(t->p, REC_NODE, &n->f.node, sizeof n->f.node);
	struct order o = {.f = {.side = SIDE_ASK, .tif = x->tif, .symbol = x->symbol, .node = x->node, .res = x->offer,
	    .left = x->offer, .qty = 1,
	    .price = x->price, .min_s = x->min_s, .max_s = x->max_s, .expiry_ms = x->expiry_ms, .locked = x->bond}};
	memcpy(o.f.name, x->name, sizeof o.f.name);
	o.rating = (uint16_t)n->f.rating;
	o.deposit = deposit_for(t->s, ORDER_BYTES);
	memcpy(o.op_pk, n->op_pk, 32);
	order_send(t, &o);
}

void bid_apply(const struct act *t)
{
	const struct tx_bid *x = &t->tx->u.bid;
	struct order o = {.f = {.side = SIDE_BID, .tif = x->tif, .symbol = x->symbol, .node = x->node, .res = x->want, .left = x->want,
	    .qty = qty_n(x->qty), .price = x->limit, .min_s = x->dur_s, .max_s = x->dur_s, .expiry_ms = x->expiry_ms, .locked = x->escrow}};
	memcpy(o.f.name, x->name, sizeof o.f.name);
	memcpy(o.f.app, x->app, sizeof o.f.app);
	o.rating = x->rating;
	o.deposit = bid_deposit(t, &o.deposit_each);
	o.deploy = x->deploy; /* borrowed: written at once */
	memcpy(o.op_pk, t->a->auth->key[0].pk, 32);
	order_send(t, &o);
}

enum verdict cancel_check(const struct act *t, struct purse *u)
{
	const struct tx_cancel *x = &t->tx->u.cancel;
	const struct fact_symbol *y = symbol_find(t->s, x->symbol, NULL);
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	return y ? purse_send(u, t, y->lane) : V_NO_SYMBOL;
}

void cancel_apply(const struct act *t)
{
	const struct tx_cancel *x = &t->tx->u.cancel;
	struct receipt r = {.kind = RCPT_CANCEL, .dst = symbol_find(t->s, x->symbol, NULL)->lane, .origin = *t->txid, .to = x->order,
	    .payload = {t->a->address.b, 32}};
	part_emit(t->s, t->p, &r);
}

enum verdict amend_check(const struct act *t, struct purse *u)
{
	const struct tx_amend *x = &t->tx->u.amend;
	const struct fact_symbol *y = symbol_find(t->s, x->symbol, NULL);
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	if (!y)
		return V_NO_SYMBOL;
	if (!price_ok(y, x->price))
		return V_BAD_PRICE;
	if (x->expiry_ms && x->expiry_ms <= t->s->time_ms)
		return V_BAD_DURATION;
	if (!qty_n(x->qty) || qty_n(x->qty) > REPLICAS_MAX)
		return V_OVERFLOW;
	v = purse_spend(u, x->escrow_add);
	return v == V_OK ? purse_send(u, t, y->lane) : v;
}

/* payload: owner, rev, qty, price, expiry */
void amend_apply(const struct act *t)
{
	const struct tx_amend *x = &t->tx->u.amend;
	uint8_t buf[64];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	act_pay(t, x->escrow_add, PAY_ESCROW, NULL, &x->order, "");
	put_address(&w, &t->a->address);
	put_u32(&w, x->rev);
	put_u32(&w, qty_n(x->qty));
	put_price(&w, x->price);
	put_u64(&w, x->expiry_ms);
	struct receipt r = {.kind = RCPT_AMEND, .dst = symbol_find(t->s, x->symbol, NULL)->lane, .origin = *t->txid, .to = x->order,
	    .amount = money_base(x->escrow_add), .payload = {buf, w.len}};
	part_emit(t->s, t->p, &r);
}
