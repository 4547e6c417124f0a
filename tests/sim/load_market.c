/* Transactions of the market: nodes, orders, apps, batches.
 *
 * Knows the default symbols, what a fitting order looks like, and the ways in which one does not fit. */
#include "tests/sim/sim.h"
#include <string.h>

static struct resources times(const struct resources *r, uint32_t num, uint32_t den)
{
	struct resources out;
	for (size_t i = 0; i < RESOURCES; i++)
		out.v[i] = (uint32_t)((uint64_t)r->v[i] * num / den);
	return out;
}

static uint32_t odd_vector(struct world *w, struct resources *r)
{
	if (dice_one_in(&w->dice, 16))
		r->v[dice(&w->dice, RESOURCES)] = dice(&w->dice, 2) ? 0 : UINT32_MAX - dice(&w->dice, 2);
	return 0;
}

static const struct fact_symbol *symbol_pick(struct world *w)
{
	return &w->genesis.symbol[dice(&w->dice, 3) ? 0 : dice(&w->dice, w->genesis.nsymbols)];
}

static struct price price_pick(struct world *w)
{
	if (dice_one_in(&w->dice, 30))
		return price_of(dice(&w->dice, 2) ? dice(&w->dice, 20000) : load_amount(w, SUPPLY_BASE - SUPPLY_BASE % 10000));
	return price_of(10000ULL * (50 + dice(&w->dice, 60)));
}

static uint64_t expiry_pick(struct world *w)
{
	if (!dice_one_in(&w->dice, 5))
		return 0;
	return dice_one_in(&w->dice, 8) ? w->time_ms - dice(&w->dice, 2) : w->time_ms + 1 + dice(&w->dice, 600000);
}

/* Money that is enough, or just not: of price x units x time. */
static uint64_t enough(
    struct world *w, const struct resources *r, const struct fact_symbol *y, uint64_t price, uint32_t seconds, uint32_t n, uint32_t ppm)
{
	uint64_t units;
	if (!resources_units(r, &y->unit, &units))
		return 1000;
	if (seconds > ESCROW_WINDOW_S)
		seconds = ESCROW_WINDOW_S;
	unsigned __int128 rate = (unsigned __int128)price * units / 1000;
	unsigned __int128 need = (ppm ? rate * seconds * ppm / (3600ULL * 1000000) : rate * seconds / 3600) * n;
	uint64_t base = need > SUPPLY_BASE ? SUPPLY_BASE : (uint64_t)need;
	switch (dice(&w->dice, 24)) {
	case 0: return base ? base - 1 : 0;
	case 1: return base + dice(&w->dice, 100000);
	case 2: return load_amount(w, base);
	}
	return base;
}

static void ask_body(struct world *w, struct actor *a, struct tx_ask *x)
{
	const struct fact_symbol *y = symbol_pick(w);
	strcpy(x->name, "offer");
	x->node = dice_one_in(&w->dice, 20) ? w->actor[dice(&w->dice, w->actors)].node : a->node;
	x->symbol = dice_one_in(&w->dice, 40) ? 99 : y->symbol;
	x->offer = times(&y->unit, 1 + dice(&w->dice, 8), 2);
	odd_vector(w, &x->offer);
	x->price = price_pick(w);
	x->min_s = 1 + dice(&w->dice, 2) * dice(&w->dice, 600);
	x->max_s = dice_one_in(&w->dice, 30) ? dice(&w->dice, 40 * 86400) : 3600 + dice(&w->dice, 10) * 20000;
	x->bond = money_of(enough(w, &x->offer, y, price_base(x->price), x->max_s, 1, w->genesis.bond_ppm ? w->genesis.bond_ppm : 1));
	x->expiry_ms = expiry_pick(w);
	x->tif = (uint8_t)(dice_one_in(&w->dice, 8) ? dice(&w->dice, 3) : 0);
}

static void bid_body(struct world *w, struct tx_bid *x)
{
	const struct fact_symbol *y = symbol_pick(w);
	strcpy(x->name, "want");
	if (dice_one_in(&w->dice, 10))
		x->node = w->actor[dice(&w->dice, w->actors)].node;
	if (dice_one_in(&w->dice, 100))
		x->node.b[3] ^= 5;
	x->symbol = dice_one_in(&w->dice, 40) ? 99 : y->symbol;
	x->want = times(&y->unit, 1 + dice(&w->dice, 6), 1 + dice(&w->dice, 4));
	odd_vector(w, &x->want);
	x->qty = qty_of(dice_one_in(&w->dice, 40) ? dice(&w->dice, 2) * (REPLICAS_MAX + dice(&w->dice, 2)) : 1 + dice(&w->dice, 4));
	x->limit = price_pick(w);
	x->dur_s =
	    dice_one_in(&w->dice, 40) ? dice(&w->dice, 60 * 86400) : 1 + dice(&w->dice, 2) * dice(&w->dice, 600) + dice(&w->dice, 20000);
	if (dice_one_in(&w->dice, 6)) /* longer than its escrow lasts */
		x->dur_s = 86400 + dice(&w->dice, 90000);
	x->rating = (uint16_t)(dice_one_in(&w->dice, 6) ? dice(&w->dice, 1000) : 0);
	x->escrow = money_of(enough(w, &x->want, y, price_base(x->limit), x->dur_s, qty_n(x->qty), 0));
	x->expiry_ms = expiry_pick(w);
	x->tif = (uint8_t)(dice_one_in(&w->dice, 4) ? dice(&w->dice, 3) : 0);
	if (dice_one_in(&w->dice, 8))
		strcpy(x->app, dice_one_in(&w->dice, 4) ? "missing" : "demo");
	if (dice_one_in(&w->dice, 4))
		x->deploy = (struct slice){(const uint8_t *)"run this", 8};
}

/* An open order, mostly one's own. */
static struct rec *order_pick(struct world *w, struct actor *a)
{
	struct rec *r = NULL;
	for (int i = 0; i < 8; i++) {
		r = disk_pick(w->disk, REC_ORDER, dice(&w->dice, 1u << 30));
		if (r && address_eq(&r->u->order.f.owner, &a->address))
			return r;
	}
	return r;
}

static void cancel_body(struct world *w, struct actor *a, struct tx_cancel *x)
{
	struct rec *r = order_pick(w, a);
	x->symbol = r && !dice_one_in(&w->dice, 20) ? r->u->order.f.symbol : dice(&w->dice, 6);
	if (r)
		x->order = *rec_id(r);
	if (dice_one_in(&w->dice, 20))
		x->order.b[7] ^= 1;
}

static void amend_body(struct world *w, struct actor *a, struct tx_amend *x)
{
	struct rec *r = order_pick(w, a);
	x->symbol = 1 + dice(&w->dice, 5);
	x->qty = qty_of(1);
	x->price = price_pick(w);
	if (!r)
		return;
	const struct fact_order *o = &r->u->order.f;
	x->symbol = dice_one_in(&w->dice, 30) ? x->symbol : o->symbol;
	x->order = o->order;
	x->rev = o->rev + dice_one_in(&w->dice, 10);
	x->price = dice(&w->dice, 2) ? o->price : x->price;
	x->qty = qty_of(o->side == SIDE_ASK ? 1u + dice_one_in(&w->dice, 10) : dice(&w->dice, 5));
	x->expiry_ms = dice(&w->dice, 3) ? o->expiry_ms : expiry_pick(w);
	x->escrow_add = money_of(load_amount(w, dice(&w->dice, 2) * dice(&w->dice, 100000000)));
}

void load_order(struct world *w, struct actor *a, uint8_t type, struct tx *tx)
{
	if (type == TX_ASK)
		ask_body(w, a, &tx->u.ask);
	else if (type == TX_BID)
		bid_body(w, &tx->u.bid);
	else if (type == TX_CANCEL)
		cancel_body(w, a, &tx->u.cancel);
	else
		amend_body(w, a, &tx->u.amend);
}

static void node_body(struct world *w, struct actor *a, struct tx_node_reg *x)
{
	memset(x, 0, sizeof *x);
	strcpy(x->name, dice_one_in(&w->dice, 12) ? "second" : "node");
	x->caps = times(&w->genesis.symbol[1].unit, 1 + dice(&w->dice, 40), 4);
	for (size_t i = 0; i < RESOURCES; i++)
		x->caps.v[i] += 20 * w->genesis.symbol[0].unit.v[i] + 2 * w->genesis.symbol[3].unit.v[i];
	if (dice_one_in(&w->dice, 12))
		x->caps.v[dice(&w->dice, RESOURCES)] = dice(&w->dice, 2) ? 0 : UINT32_MAX;
	memcpy(x->op_pk, a->auth.key[0].pk, 32);
	if (dice_one_in(&w->dice, 30))
		memset(x->op_pk, 0, 32);
}

static void app_body(struct world *w, const struct actor *a, struct tx_app_pub *x)
{
	static const char *const names[] = {"demo", "demo", "tool", "view"};
	strcpy(x->name, names[dice(&w->dice, 4)]);
	if (dice(&w->dice, 2))
		x->name[4] = (char)('0' + (a - w->actor) % 10);
	memset(x->image, 7, sizeof x->image);
	if (dice_one_in(&w->dice, 10))
		x->contract.b[0] = 1;
	if (dice_one_in(&w->dice, 2))
		x->meta = (struct slice){(const uint8_t *)"meta of it", 10};
}

static void batch_body(struct world *w, struct actor *a, struct tx *tx)
{
	static _Thread_local uint8_t ops[1u << 19];
	static const uint8_t parts[] = {TX_TRANSFER, TX_ASK, TX_BID, TX_BID, TX_CANCEL, TX_AMEND};
	struct wbuf b = wbuf_on(ops, sizeof ops);
	uint32_t n = dice_one_in(&w->dice, 30) ? dice(&w->dice, 400) : 1 + dice(&w->dice, 6);
	uint8_t only = dice(&w->dice, 2) ? TX_TRANSFER : 0;
	struct tx part;
	memset(&part, 0, sizeof part);
	for (uint32_t i = 0; i < n; i++) {
		memset(&part.u, 0, sizeof part.u);
		part.type = only ? only : parts[dice(&w->dice, sizeof parts)];
		w->serial++;
		memcpy(part.u.transfer.cid.b, &w->serial, sizeof w->serial);
		if (part.type == TX_TRANSFER)
			load_transfer(w, a, &part);
		else
			load_order(w, a, part.type, &part);
		if (only) {
			part.u.transfer.amount = money_of(1 + dice(&w->dice, 9));
			part.u.transfer.to = load_actor(w)->address;
			part.u.transfer.token = 0;
		}
		tx_batch_put(&b, &part);
	}
	memset(&tx->u, 0, sizeof tx->u);
	tx->u.batch.ops = (struct slice){ops, b.bad ? 0 : b.len};
	tx->u.batch.n = n;
}

void load_market(struct world *w, uint8_t type)
{
	struct actor *a = load_actor(w);
	if (type != TX_NODE_REG && a->nodes == 0 && dice_one_in(&w->dice, 3))
		type = TX_NODE_REG;
	else if (type == TX_NODE_REG && a->nodes && !dice_one_in(&w->dice, 8))
		type = TX_ASK;
	struct rec *o = type == TX_CANCEL || type == TX_AMEND ? disk_pick(w->disk, REC_ORDER, dice(&w->dice, 1u << 30)) : NULL;
	struct actor *owner = o && dice(&w->dice, 4) ? actor_of(w, &o->u->order.f.owner) : NULL;
	a = owner ? owner : a;
	struct tx *tx = load_tx(w, a, type);
	if (type == TX_NODE_REG)
		node_body(w, a, &tx->u.node_reg);
	else if (type == TX_APP_PUB)
		app_body(w, a, &tx->u.app_pub);
	else if (type == TX_BATCH)
		batch_body(w, a, tx);
	else
		load_order(w, a, type, tx);
	bool sent = load_send(w, a, tx);
	a->nodes += sent && type == TX_NODE_REG;
}
