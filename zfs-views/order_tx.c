/* From an order line and the model to a transaction: fills what was not said, and finds what the ledger would refuse while the
 * column is still known.
 *
 * The ledger checks everything again; what is refused here only gets a better sentence. Knows no uid, no file and no lock. */
#include <errno.h>
#include <string.h>
#include "zfs-views/order_tx.h"

bool order_is_final(const struct fact_order *order)
{
	return order->state >= ORDER_FILLED;
}

/* ceil(price * units / 1000 (floored, as the protocol does) * qty * seconds * ppm / 3600 / 10^6) */
static bool locked_money(struct price price, uint64_t milli_units, uint32_t qty, uint32_t seconds, uint32_t ppm, struct money *out)
{
	struct money rate;
	if (!price_rate(price, milli_units, &rate))
		return false;
	uint64_t window_s = seconds < ESCROW_WINDOW_S ? seconds : ESCROW_WINDOW_S;
	unsigned __int128 part = (unsigned __int128)money_base(rate) * qty * window_s; /* < 2^60 * 2^10 * 2^17 */
	unsigned __int128 whole = (part * ppm + 3600ULL * 1000000 - 1) / (3600ULL * 1000000);
	if (whole > SUPPLY_BASE)
		return false;
	*out = money_of((uint64_t)whole);
	return true;
}

bool order_escrow(struct price price, uint64_t milli_units, uint32_t qty, uint32_t for_s, struct money *out)
{
	return locked_money(price, milli_units, qty, for_s, 1000000, out);
}

bool order_bond(struct price price, uint64_t milli_units, uint32_t max_s, struct money *out)
{
	return locked_money(price, milli_units, 1, max_s, BOND_PPM, out);
}

bool order_deploy(const struct fact_app *app, const char *task, uint8_t *out, size_t cap, size_t *len)
{
	struct deploy d = {0};
	char text[DEPLOY_MAX + 512];
	if (app->meta.len && !deploy_get(app->meta, &d, text, sizeof text))
		return false;
	strcpy(d.task, task);
	hex_encode(app->image, sizeof app->image, d.image);
	struct wbuf w = wbuf_on(out, cap);
	deploy_put(&w, &d);
	*len = w.len;
	return !w.bad;
}

struct node_search { const char *word; const struct fact_node *found; unsigned n; };

static bool node_matches(void *arg, const struct fact_node *node)
{
	struct node_search *s = arg;
	char hex[65];
	hex_encode(node->node.b, sizeof node->node.b, hex);
	bool by_id = strncmp(s->word, "n-", 2) == 0 && strlen(s->word) > 5 && strncmp(s->word + 2, hex, strlen(s->word + 2)) == 0;
	if (by_id || strcmp(s->word, node->name) == 0) {
		s->found = node;
		s->n++;
	}
	return true;
}

const struct fact_node *order_node(const struct model *m, const char *word)
{
	struct node_search s = {.word = word};
	model_each_node(m, node_matches, &s);
	return s.n == 1 ? s.found : NULL;
}

/* node=, `self` and nothing. A bid without one takes any node; an ask without one means this machine. */
static bool pick_node(const struct model *m, const struct id *self, const struct order_line *line, struct id *out, struct refusal *why)
{
	int column = line->column[WORD_NODE];
	*out = (struct id){0};
	bool own = order_line_says(line, WORD_NODE) ? strcmp(line->node, "self") == 0 : line->side == SIDE_ASK;
	if (own) {
		*out = *self;
		return !id_is_zero(self) || refuse(why, ENXIO, column, "this machine is not registered as a node; see nodes/");
	}
	if (!order_line_says(line, WORD_NODE))
		return true;
	const struct fact_node *node = order_node(m, line->node);
	if (!node)
		return refuse_verdict(why, V_NO_NODE, column);
	*out = node->node;
	return true;
}

struct sized { const struct fact_symbol *symbol; struct resources res; /* per replica */ uint64_t milli_units; uint32_t min_s, max_s; };

static bool check_time(const struct order_line *line, const struct fact_symbol *s, struct sized *out, struct refusal *why)
{
	int column = line->column[order_line_says(line, WORD_FOR) ? WORD_FOR : WORD_MAX];
	out->min_s = line->side == SIDE_BID ? line->for_s : order_line_says(line, WORD_MIN) ? line->min_s : s->min_s;
	out->max_s = order_line_says(line, WORD_FOR) ? line->for_s : order_line_says(line, WORD_MAX) ? line->max_s : s->max_s;
	if (out->max_s < s->min_s || out->max_s > s->max_s)
		return refuse_verdict(why, V_BAD_DURATION, column);
	if (out->min_s < s->min_s || out->min_s > out->max_s)
		return refuse_verdict(why, V_BAD_DURATION, order_line_says(line, WORD_MIN) ? line->column[WORD_MIN] : column);
	return true;
}

/* What is asked for, completed and priced by its symbol. */
static bool size_up(const struct model *m, const struct order_line *line, struct sized *out, struct refusal *why)
{
	const struct fact_symbol *s = model_symbol_by_name(m, line->symbol);
	int column = line->column[order_line_says(line, WORD_RESOURCE) ? WORD_RESOURCE : WORD_SYMBOL];
	if (!s)
		return refuse_verdict(why, V_NO_SYMBOL, line->column[WORD_SYMBOL]);
	out->symbol = s;
	out->res = line->res;
	if (!resources_complete(&out->res, line->given, &s->unit) || !resources_units(&out->res, &s->unit, &out->milli_units))
		return refuse_verdict(why, V_BAD_VECTOR, column);
	uint64_t tick = price_base(s->tick), price = price_base(line->price);
	if (price == 0 || (tick && price % tick))
		return refuse_verdict(why, V_BAD_PRICE, line->column[WORD_PRICE]);
	return check_time(line, s, out, why);
}

static bool sized_escrow(const struct order_line *line, const struct sized *z, uint32_t qty, struct money *out, struct refusal *why)
{
	return order_escrow(line->price, z->milli_units, qty, z->max_s, out) || refuse_verdict(why, V_OVERFLOW, line->column[WORD_PRICE]);
}

/* An ask's replicas are one offer: qty times as much. */
static bool sized_offer(
    const struct order_line *line, const struct sized *z, struct resources *offer, struct money *bond, struct refusal *why)
{
	uint64_t units;
	if (!resources_scale(&z->res, line->qty, offer) || !resources_units(offer, &z->symbol->unit, &units))
		return refuse_verdict(why, V_BAD_VECTOR, line->column[WORD_QTY]);
	return order_bond(line->price, units, z->max_s, bond) || refuse_verdict(why, V_OVERFLOW, line->column[WORD_PRICE]);
}

static bool fill_ask(const struct order_line *line, const struct sized *z, struct tx_ask *a, struct refusal *why)
{
	a->symbol = z->symbol->symbol;
	a->price = line->price;
	a->min_s = z->min_s;
	a->max_s = z->max_s;
	a->expiry_ms = line->until_ms;
	a->tif = line->tif;
	return sized_offer(line, z, &a->offer, &a->bond, why);
}

static bool fill_app(const struct model *m, const struct order_line *line, const char *name, struct order_tx *out, struct refusal *why)
{
	size_t len;
	if (!order_line_says(line, WORD_APP))
		return true;
	const struct fact_app *app = model_app(m, line->app);
	if (!app)
		return refuse_verdict(why, V_NO_APP, line->column[WORD_APP]);
	if (!order_deploy(app, name, out->deploy, sizeof out->deploy, &len))
		return refuse(why, EINVAL, line->column[WORD_APP], "the app's description does not say how to start it");
	strcpy(out->tx.u.bid.app, line->app);
	out->tx.u.bid.deploy = (struct slice){out->deploy, len};
	return true;
}

static bool fill_bid(const struct order_line *line, const struct sized *z, struct tx_bid *b, struct refusal *why)
{
	b->symbol = z->symbol->symbol;
	b->want = z->res;
	b->qty = qty_of(line->qty);
	b->limit = line->price;
	b->dur_s = line->for_s;
	b->rating = line->rating;
	b->expiry_ms = line->until_ms;
	b->tif = line->tif;
	return sized_escrow(line, z, line->qty, &b->escrow, why);
}

/* A copied line carries the id of the order it was read from: a restored backup must not trade again. */
static bool check_new(const struct order_line *line, struct refusal *why)
{
	if (order_line_says(line, WORD_ID))
		return refuse(
		    why, EALREADY, line->column[WORD_ID], "this line belongs to another order; strip id= and what follows to post it anew");
	if (order_line_says(line, WORD_REV))
		return refuse(why, ESTALE, line->column[WORD_REV], "there is no such order any more");
	return true;
}

bool order_tx_post(const struct model *m, const struct address *owner, const struct id *self, const struct order_line *line,
    const char *name, const struct cid *cid, struct order_tx *out, struct refusal *why)
{
	struct sized z;
	struct id node;
	memset(&out->tx, 0, sizeof out->tx);
	out->tx.sender = *owner;
	if (!check_new(line, why) || !size_up(m, line, &z, why) || !pick_node(m, self, line, &node, why))
		return false;
	if (line->side == SIDE_ASK) {
		struct tx_ask *a = &out->tx.u.ask;
		out->tx.type = TX_ASK;
		a->cid = *cid;
		a->node = node;
		strcpy(a->name, name);
		return fill_ask(line, &z, a, why);
	}
	struct tx_bid *b = &out->tx.u.bid;
	out->tx.type = TX_BID;
	b->cid = *cid;
	b->node = node;
	strcpy(b->name, name);
	return fill_bid(line, &z, b, why) && fill_app(m, line, name, out, why);
}

/* id= is shown as `o-` and the first digits. */
static bool id_matches(const struct order_line *line, const struct id *order)
{
	char hex[65];
	const char *said = strncmp(line->id, "o-", 2) == 0 ? line->id + 2 : line->id;
	hex_encode(order->b, sizeof order->b, hex);
	return *said && strncmp(said, hex, strlen(said)) == 0;
}

static bool check_amendable(const struct fact_order *o, const struct order_line *line, struct refusal *why)
{
	if (order_line_says(line, WORD_ID) && !id_matches(line, &o->order))
		return refuse(why, EALREADY, line->column[WORD_ID], "this line belongs to another order; strip id= and what follows");
	if (order_is_final(o))
		return refuse(why, EALREADY, 0, "this order is %s; remove it to use its name again", order_state_word(o->state));
	if (order_line_says(line, WORD_REV) && line->rev != o->rev)
		return refuse_verdict(why, V_STALE, line->column[WORD_REV]);
	if (line->side != o->side)
		return refuse(why, EBUSY, line->column[WORD_SIDE], "an order does not change its side; remove it and post another");
	return true;
}

/* Only qty, price and until move; the rest is what the order is. */
static bool check_unmoved(const struct fact_order *o, const struct order_line *line, const struct sized *z, const struct resources *res,
			  struct refusal *why)
{
	if (z->symbol->symbol != o->symbol)
		return refuse(why, EBUSY, line->column[WORD_SYMBOL], "an order does not change its symbol; remove it and post another");
	if (!resources_eq(res, &o->res))
		return refuse(why, EBUSY, line->column[order_line_says(line, WORD_RESOURCE) ? WORD_RESOURCE : WORD_QTY],
			      "an order does not change its resources; remove it and post another");
	if (z->max_s != o->max_s || z->min_s != o->min_s)
		return refuse(why, EBUSY, line->column[WORD_FOR], "an order does not change its duration; remove it and post another");
	if (line->tif != o->tif || (o->side == SIDE_BID && strcmp(line->app, o->app) != 0))
		return refuse(why, EBUSY, -1, "an order changes qty, price and until only; remove it and post another");
	return true;
}

/* What this order must hold from now on: for the replicas not yet filled. */
static bool amend_money(
    const struct fact_order *o, const struct order_line *line, const struct sized *z, struct money *add, struct refusal *why)
{
	struct money need;
	struct resources offer = o->left;
	uint64_t units;
	*add = money_of(0);
	if (o->side == SIDE_BID) {
		if (line->qty < o->filled || line->qty == 0)
			return refuse(why, ERANGE, line->column[WORD_QTY], "%u of this order are filled already", o->filled);
		if (!sized_escrow(line, z, line->qty - o->filled, &need, why))
			return false;
	} else if (!resources_units(&offer, &z->symbol->unit, &units) || !order_bond(line->price, units, z->max_s, &need)) {
		return refuse_verdict(why, V_OVERFLOW, line->column[WORD_PRICE]);
	}
	if (money_cmp(need, o->locked) > 0 && !money_sub(need, o->locked, add))
		return refuse_verdict(why, V_OVERFLOW, line->column[WORD_PRICE]);
	return true;
}

bool order_tx_amend(const struct model *m, const struct fact_order *order, const struct order_line *line, const struct cid *cid,
		    struct order_tx *out, bool *same, struct refusal *why)
{
	struct sized z;
	struct resources res;
	struct money bond;
	memset(&out->tx, 0, sizeof out->tx);
	if (!check_amendable(order, line, why) || !size_up(m, line, &z, why))
		return false;
	res = z.res;
	if (line->side == SIDE_ASK && !sized_offer(line, &z, &res, &bond, why))
		return false;
	if (!check_unmoved(order, line, &z, &res, why))
		return false;
	struct tx_amend *a = &out->tx.u.amend;
	out->tx.type = TX_AMEND;
	*a = (struct tx_amend){.cid = *cid, .symbol = order->symbol, .order = order->order, .rev = order->rev,
		.qty = qty_of(order->side == SIDE_BID ? line->qty : order->qty), .price = line->price, .expiry_ms = line->until_ms};
	*same = qty_n(a->qty) == order->qty && price_cmp(a->price, order->price) == 0 && a->expiry_ms == order->expiry_ms;
	return *same || amend_money(order, line, &z, &a->escrow_add, why);
}

void order_tx_cancel(const struct fact_order *order, const struct cid *cid, struct order_tx *out)
{
	memset(&out->tx, 0, sizeof out->tx);
	out->tx.type = TX_CANCEL;
	out->tx.u.cancel = (struct tx_cancel){.cid = *cid, .symbol = order->symbol, .order = order->order};
}
