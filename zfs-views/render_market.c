/* The market as text: symbols, books, trades.
 *
 * Knows how orders of one price make one line of the book. Quantities of bids are replicas still wanted; of asks, units still left. */
#include <errno.h>
#include <string.h>
#include "zfs-views/render.h"

#define BOOK_LINES 200
#define DAY_MS (24ULL * 3600 * 1000)

static const struct fact_symbol *symbol_of(const struct view *v, const struct node *n) { return model_symbol(v->model, n->symbol); }

static bool put_symbol(void *arg, const struct fact_symbol *s)
{
	struct page *out = arg;
	char tick[TEXT_NUM], min[TEXT_NUM], max[TEXT_NUM];
	page_add(out, "%s\t", s->name);
	struct page unit = {0};
	page_vector(&unit, &s->unit);
	for (size_t i = 1; i < unit.len; i++)
		page_add(out, "%c", unit.p[i] == ' ' ? ',' : unit.p[i]);
	page_free(&unit);
	page_add(out, "\t%s\t0.001\t1\t%u\t%s\t%u\t%s\t%s\n", text_of_price(s->tick, tick), REPLICAS_MAX,
		 s->unit.v[RES_GPU] ? "device" : "share", s->lane, text_of_duration(s->min_s, min), text_of_duration(s->max_s, max));
	return true;
}

int render_symbols(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid, (void)n;
	page_add(out, "#name\tunit\ttick\tlot\tmin\tmax\tkind\tchain\tterm_min\tterm_max\n");
	model_each_symbol(v->model, put_symbol, out);
	return 0;
}

int render_spec(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char num[TEXT_NUM];
	const struct fact_symbol *s = symbol_of(v, n);
	(void)uid;
	if (!s)
		return -ENOENT;
	page_add(out, "unit");
	page_vector(out, &s->unit);
	page_add(out, "\ntick %s\nlot 0.001\n", text_of_price(s->tick, num));
	page_add(out, "term_min %s\n", text_of_duration(s->min_s, num));
	page_add(out, "term_max %s\n", text_of_duration(s->max_s, num));
	page_add(out, "chain %u\n", s->lane);
	return 0;
}

/* One price of one side, gathered until the next price comes. */
struct level {
	const struct fact_symbol *symbol; struct page *out;
	uint32_t left, orders; struct price price; uint64_t qty, v[RESOURCES]; uint8_t side;
};

static void put_level(struct level *l)
{
	char num[TEXT_NUM];
	if (l->orders == 0)
		return;
	page_add(l->out, "%s\t%s\t", l->side == SIDE_BID ? "bid" : "ask", text_of_price(l->price, num));
	if (l->side == SIDE_BID)
		page_add(l->out, "%" PRIu64, l->qty);
	else
		page_milli(l->out, l->qty);
	page_add(l->out, "\t%u", l->orders);
	page_vector_columns(l->out, l->v);
	page_add(l->out, "\n");
	l->orders = 0;
	l->qty = 0;
	memset(l->v, 0, sizeof l->v);
	l->left--;
}

static bool add_to_level(void *arg, const struct fact_order *o)
{
	struct level *l = arg;
	uint64_t milli = 0, n = 1;
	if (l->orders && price_cmp(l->price, o->price) != 0)
		put_level(l);
	if (l->left == 0)
		return false;
	if (o->side == SIDE_BID)
		n = o->qty > o->filled ? o->qty - o->filled : 0;
	else
		resources_units(&o->left, &l->symbol->unit, &milli);
	l->price = o->price;
	l->orders++;
	l->qty += o->side == SIDE_BID ? n : milli;
	for (int k = 0; k < RESOURCES; k++)
		l->v[k] += (uint64_t)o->left.v[k] * n;
	return true;
}

/* Returns how many lines may still follow. */
static uint32_t put_side(const struct view *v, const struct fact_symbol *s, uint8_t side, uint32_t lines, struct page *out)
{
	struct level l = {.symbol = s, .out = out, .left = lines, .side = side};
	model_each_book(v->model, s->symbol, side, add_to_level, &l);
	if (l.left)
		put_level(&l);
	return l.left;
}

static int put_book(const struct view *v, const struct node *n, bool bids, bool asks, uint32_t lines, struct page *out)
{
	const struct fact_symbol *s = symbol_of(v, n);
	if (!s)
		return -ENOENT;
	page_add(out, "#side\tprice\tqty\torders");
	page_vector_head(out);
	page_add(out, "\n");
	if (bids)
		put_side(v, s, SIDE_BID, lines, out);
	if (asks)
		put_side(v, s, SIDE_ASK, lines, out);
	return 0;
}

int render_book(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_book(v, n, true, true, BOOK_LINES, out);
}

int render_bids(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_book(v, n, true, false, UINT32_MAX, out);
}

int render_asks(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_book(v, n, false, true, UINT32_MAX, out);
}

struct best { bool any; struct price price; };

static bool take_best(void *arg, const struct fact_order *o)
{
	*(struct best *)arg = (struct best){true, o->price};
	return false;
}

static struct best best_of(const struct view *v, uint32_t symbol, uint8_t side)
{
	struct best b = {.any = false};
	model_each_book(v->model, symbol, side, take_best, &b);
	return b;
}

static const char *price_or_dash(struct best b, char out[TEXT_NUM]) { return b.any ? text_of_price(b.price, out) : strcpy(out, "-"); }

static int put_best(const struct view *v, const struct node *n, uint8_t side, struct page *out)
{
	char num[TEXT_NUM];
	if (!symbol_of(v, n))
		return -ENOENT;
	page_add(out, "%s\n", price_or_dash(best_of(v, n->symbol, side), num));
	return 0;
}

int render_bid(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_best(v, n, SIDE_BID, out);
}

int render_ask(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	return put_best(v, n, SIDE_ASK, out);
}

struct day { const struct fact_symbol *symbol; uint64_t since_ms, milli; struct best last, high, low; };

static bool add_to_day(void *arg, const struct fact_trade *t)
{
	struct day *d = arg;
	uint64_t milli;
	d->last = (struct best){true, t->price};
	if (t->time_ms < d->since_ms)
		return true;
	if (!d->high.any || price_cmp(t->price, d->high.price) > 0)
		d->high = d->last;
	if (!d->low.any || price_cmp(t->price, d->low.price) < 0)
		d->low = d->last;
	if (resources_units(&t->res, &d->symbol->unit, &milli))
		d->milli += milli;
	return true;
}

static struct day day_of(const struct view *v, const struct fact_symbol *s)
{
	const struct fact_block *head = model_head(v->model);
	struct day d = {.symbol = s, .since_ms = head && head->time_ms > DAY_MS ? head->time_ms - DAY_MS : 0};
	model_each_trade(v->model, s->symbol, add_to_day, &d);
	return d;
}

int render_last(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char num[TEXT_NUM];
	const struct fact_symbol *s = symbol_of(v, n);
	(void)uid;
	if (!s)
		return -ENOENT;
	page_add(out, "%s\n", price_or_dash(day_of(v, s).last, num));
	return 0;
}

struct ticker { const struct view *v; struct page *out; };

static bool put_ticker(void *arg, const struct fact_symbol *s)
{
	struct ticker *t = arg;
	char num[TEXT_NUM];
	struct best bid = best_of(t->v, s->symbol, SIDE_BID), ask = best_of(t->v, s->symbol, SIDE_ASK), spread = {.any = false};
	struct day d = day_of(t->v, s);
	if (bid.any && ask.any && price_cmp(ask.price, bid.price) >= 0)
		spread = (struct best){true, price_of(price_base(ask.price) - price_base(bid.price))};
	page_add(t->out, "%s bid=%s", s->name, price_or_dash(bid, num));
	page_add(t->out, " ask=%s", price_or_dash(ask, num));
	page_add(t->out, " last=%s vol24h=", price_or_dash(d.last, num));
	page_milli(t->out, d.milli);
	page_add(t->out, " high24h=%s", price_or_dash(d.high, num));
	page_add(t->out, " low24h=%s", price_or_dash(d.low, num));
	page_add(t->out, " spread=%s\n", price_or_dash(spread, num));
	return true;
}

int render_ticker(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct ticker t = {v, out};
	(void)uid, (void)n;
	model_each_symbol(v->model, put_ticker, &t);
	return 0;
}

struct trades { const struct fact_symbol *symbol; struct page *out; };

static bool put_trade(void *arg, const struct fact_trade *t)
{
	struct trades *w = arg;
	char num[TEXT_NUM];
	uint64_t milli = 0;
	resources_units(&t->res, &w->symbol->unit, &milli);
	page_add(w->out, "%" PRIu64 "\t", t->seq);
	page_time(w->out, "", t->time_ms);
	page_add(w->out, "\t%s\t", text_of_price(t->price, num));
	page_milli(w->out, milli);
	page_add(w->out, "\t-\t%s\t-\t", text_of_duration(t->dur_s, num)); /* an auction has no taker */
	page_add(w->out, "%s\t", text_of_money(t->rate, num));
	page_lease(w->out, &t->lease);
	page_add(w->out, "\n");
	return true;
}

int render_trades(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct trades w = {symbol_of(v, n), out};
	(void)uid;
	if (!w.symbol)
		return -ENOENT;
	page_add(out, "#seq\ttime\tprice\tqty\ttaker\tterm\tregion\trate\tlease\n");
	model_each_trade(v->model, n->symbol, put_trade, &w);
	return 0;
}
