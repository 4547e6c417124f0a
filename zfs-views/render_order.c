/* An order as a line that may be written again, and the drafts beside it.
 *
 * Knows the grammar's words (order_line.h reads them back). What only the ledger sets comes after what a user may say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/render.h"

#define LEASES_SHOWN 32 /* so that the line stays one that may be written again */

static const char *state_word(uint8_t state) { return state == ORDER_IN_FLIGHT ? "pending" : order_state_word(state); }

static const char *tif_word(uint8_t tif)
{
	switch ((enum tif)tif) {
	case TIF_GTC: return "gtc";
	case TIF_IOC: return "ioc";
	case TIF_FOK: return "fok";
	}
	return "gtc";
}

struct sold { const struct fact_symbol *symbol; struct page *out; uint32_t n; uint64_t milli; };

static bool count_lease(void *arg, const struct fact_lease *l)
{
	struct sold *s = arg;
	uint64_t milli;
	if (s->symbol && resources_units(&l->res, &s->symbol->unit, &milli))
		s->milli += milli;
	if (s->n < LEASES_SHOWN) {
		page_add(s->out, "%s", s->n ? "," : "");
		page_lease(s->out, &l->lease);
	}
	s->n++;
	return true;
}

/* Price per unit-hour of what was traded: the sum of the trades' rates over the sum of their units. */
static void put_average(const struct fact_order *o, const struct fact_symbol *symbol, uint64_t sold_milli, struct page *out)
{
	char num[TEXT_NUM];
	struct money per_unit;
	uint64_t milli = sold_milli;
	if (o->side == SIDE_BID && symbol && resources_units(&o->res, &symbol->unit, &milli))
		milli *= o->filled;
	if (o->filled && money_muldiv(o->value, 1000, milli, &per_unit))
		page_add(out, " avg=%s", text_of_price(price_of(money_base(per_unit)), num));
	else
		page_add(out, " avg=-");
}

static void put_terms(const struct view *v, const struct fact_order *o, struct page *out)
{
	char num[TEXT_NUM], time[TEXT_TIME];
	const struct fact_symbol *s = model_symbol(v->model, o->symbol);
	page_add(out, "%s %s", o->side == SIDE_BID ? "bid" : "ask", s ? s->name : "-");
	if (o->side == SIDE_BID)
		page_add(out, " qty=%u", o->qty);
	page_add(out, " price=%s", text_of_price(o->price, num));
	if (o->side == SIDE_BID)
		page_add(out, " for=%s", text_of_duration(o->max_s, num));
	if (o->side == SIDE_ASK && o->min_s)
		page_add(out, " min=%s", text_of_duration(o->min_s, num));
	if (o->side == SIDE_ASK && o->max_s)
		page_add(out, " max=%s", text_of_duration(o->max_s, num));
	page_vector(out, &o->res);
	if (o->app[0])
		page_add(out, " app=%s", o->app);
	if (!id_is_zero(&o->node)) {
		page_add(out, " node=");
		page_id(out, "n-", &o->node);
	}
	if (o->expiry_ms)
		page_add(out, " until=%s", text_of_time(o->expiry_ms, time));
	page_add(out, " tif=%s", tif_word(o->tif));
}

static void put_rate(const struct fact_order *o, const struct fact_symbol *s, struct page *out)
{
	char num[TEXT_NUM];
	struct money rate, all;
	uint64_t milli;
	uint32_t n = o->side == SIDE_BID ? o->qty : 1;
	if (s && resources_units(&o->res, &s->unit, &milli) && price_rate(o->price, milli, &rate) && money_muldiv(rate, n, 1, &all))
		page_add(out, " rate=%s", text_of_money(all, num));
}

void render_order_line(const struct view *v, const struct fact_order *o, struct page *out)
{
	char num[TEXT_NUM];
	const struct fact_symbol *s = model_symbol(v->model, o->symbol);
	struct page leases = {0};
	struct sold sold = {.symbol = s, .out = &leases};
	model_each_order_lease(v->model, &o->order, count_lease, &sold);
	if (sold.n > LEASES_SHOWN)
		page_add(&leases, ",+%u", sold.n - LEASES_SHOWN);
	put_terms(v, o, out);
	page_id(out, " id=o-", &o->order);
	page_add(out, " rev=%u state=%s filled=%u", o->rev, state_word(o->state), o->filled);
	put_average(o, s, sold.milli, out);
	page_add(out, " leases=%s %s=%s", sold.n ? leases.p : "-", o->side == SIDE_BID ? "escrow" : "bond", text_of_money(o->locked, num));
	put_rate(o, s, out);
	page_time(out, " time=", o->time_ms);
	page_add(out, " reason=%s\n", o->reason == V_OK ? "-" : verdict_name((enum verdict)o->reason));
	page_free(&leases);
}

int render_order(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	const struct fact_order *o = model_order(v->model, &n->object);
	if (!o)
		return -ENOENT;
	render_order_line(v, o, out);
	return 0;
}

int render_draft(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct draft d;
	(void)uid;
	if (!local_draft_get(v->local, n->uid, n->name, &d))
		return -ENOENT;
	page_put(out, d.text, d.len);
	free(d.text);
	return 0;
}
