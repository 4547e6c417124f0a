/* Walks over the model in fixed orders, and the comparison of two models.
 *
 * Every walk expects the caller to hold the model's lock. Comparison encodes both sides canonically, so that what is compared is what a
 * fact says and never the padding of a struct. */
#include <stdio.h>
#include <stdlib.h>
#include "common/cleanup.h"
#include "common/text.h"
#include "zfs-views/model_priv.h"

void model_each_symbol(const struct model *m, bool (*cb)(void *, const struct fact_symbol *), void *arg)
{
	for (size_t i = 0; i < m->symbols.n; i++) {
		const struct symbol_rec *s = m->symbols.v[i];
		if (s->known && !cb(arg, &s->f))
			return;
	}
}

static void each_order(const struct sorted *s, bool (*cb)(void *, const struct fact_order *), void *arg)
{
	for (size_t i = 0; i < s->n; i++)
		if (!cb(arg, &((const struct order_rec *)s->v[i])->f))
			return;
}

void model_each_order(const struct model *m, const struct address *owner, bool (*cb)(void *, const struct fact_order *), void *arg)
{
	const struct account_rec *a = owner ? account_rec_of(m, owner) : NULL;
	if (!owner || a)
		each_order(a ? &a->orders : &m->orders, cb, arg);
}

void model_each_book(const struct model *m, uint32_t symbol, uint8_t side, bool (*cb)(void *, const struct fact_order *), void *arg)
{
	const struct symbol_rec *s = model_symbol_rec(m, symbol);
	if (s && side <= SIDE_BID)
		each_order(&s->book[side], cb, arg);
}

static void each_lease(const struct sorted *s, bool (*cb)(void *, const struct fact_lease *), void *arg)
{
	for (size_t i = 0; i < s->n; i++)
		if (!cb(arg, &((const struct lease_rec *)s->v[i])->f))
			return;
}

void model_each_lease(const struct model *m, bool (*cb)(void *, const struct fact_lease *), void *arg) { each_lease(&m->leases, cb, arg); }

void model_each_order_lease(const struct model *m, const struct id *order, bool (*cb)(void *, const struct fact_lease *), void *arg)
{
	struct order_leases *o;
	HASH_FIND(hh, m->order_leases, order, sizeof *order, o);
	if (o)
		each_lease(&o->leases, cb, arg);
}

void model_each_task_lease(const struct model *m, const char *name, bool (*cb)(void *, const struct fact_lease *), void *arg)
{
	struct named_tasks *t;
	HASH_FIND_STR(m->tasks, name, t);
	if (t)
		each_lease(&t->leases, cb, arg);
}

void model_each_trade(const struct model *m, uint32_t symbol, bool (*cb)(void *, const struct fact_trade *), void *arg)
{
	const struct symbol_rec *s = model_symbol_rec(m, symbol);
	for (size_t i = 0; s && i < s->trades.n; i++)
		if (!cb(arg, ring_at(&s->trades, i)))
			return;
}

void model_each_pay(const struct model *m, const struct address *a, bool (*cb)(void *, const struct fact_pay *), void *arg)
{
	const struct account_rec *r = account_rec_of(m, a);
	for (size_t i = 0; r && i < r->pays.n; i++)
		if (!cb(arg, ring_at(&r->pays, i)))
			return;
}

void model_each_app(const struct model *m, bool (*cb)(void *, const struct fact_app *), void *arg)
{
	for (size_t i = 0; i < m->apps.n; i++)
		if (!cb(arg, m->apps.v[i]))
			return;
}

void model_each_node(const struct model *m, bool (*cb)(void *, const struct fact_node *), void *arg)
{
	for (size_t i = 0; i < m->nodes.n; i++)
		if (!cb(arg, m->nodes.v[i]))
			return;
}

void model_each_uid(const struct model *m, bool (*cb)(void *, uint32_t uid, const struct address *), void *arg)
{
	for (size_t i = 0; i < m->uids.n; i++) {
		const struct uid_rec *u = m->uids.v[i];
		if (!cb(arg, u->uid, &u->address))
			return;
	}
}

#define WHY 256
#define ENCODED_MAX (FACT_BODY_MAX + 64)

static bool fact_equal(const struct fact *a, const struct fact *b)
{
	autofree uint8_t *x = must_alloc(ENCODED_MAX, 1), *y = must_alloc(ENCODED_MAX, 1);
	struct wbuf wx = wbuf_on(x, ENCODED_MAX), wy = wbuf_on(y, ENCODED_MAX);
	fact_put(&wx, a);
	fact_put(&wy, b);
	return !wx.bad && !wy.bad && wx.len == wy.len && memcmp(x, y, wx.len) == 0;
}

/* Makes a fact of the i-th element; false: this one is not compared. What has ended stays in a fold and leaves the books. */
typedef bool fact_at(const struct sorted *s, size_t i, struct fact *out);

static bool symbol_at(const struct sorted *s, size_t i, struct fact *out)
{
	const struct symbol_rec *r = s->v[i];
	*out = (struct fact){.kind = FACT_SYMBOL, .u.symbol = r->f};
	return r->known;
}

static bool node_at(const struct sorted *s, size_t i, struct fact *out)
{
	*out = (struct fact){.kind = FACT_NODE, .u.node = *(const struct fact_node *)s->v[i]};
	return true;
}

static bool app_at(const struct sorted *s, size_t i, struct fact *out)
{
	*out = (struct fact){.kind = FACT_APP, .u.app = *(const struct fact_app *)s->v[i]};
	return true;
}

static bool order_at(const struct sorted *s, size_t i, struct fact *out)
{
	*out = (struct fact){.kind = FACT_ORDER, .u.order = ((const struct order_rec *)s->v[i])->f};
	return out->u.order.state <= ORDER_PARTIAL;
}

static bool lease_at(const struct sorted *s, size_t i, struct fact *out)
{
	*out = (struct fact){.kind = FACT_LEASE, .u.lease = ((const struct lease_rec *)s->v[i])->f};
	return !(out->u.lease.flags & LEASE_TERMINAL);
}

static bool token_at(const struct sorted *s, size_t i, struct fact *out)
{
	const struct token_rec *r = s->v[i];
	*out = (struct fact){.kind = FACT_TOKEN, .u.token = r->f};
	return r->known;
}

static bool holding_at(const struct sorted *s, size_t i, struct fact *out)
{
	*out = (struct fact){.kind = FACT_HOLDING, .u.holding = ((const struct holding_rec *)s->v[i])->f};
	return true;
}

static bool next_fact(const struct sorted *s, size_t *i, fact_at *at, struct fact *out)
{
	while (*i < s->n)
		if (at(s, (*i)++, out))
			return true;
	return false;
}

static bool lists_equal(const char *what, const struct sorted *a, const struct sorted *b, fact_at *at, char *why)
{
	struct fact x, y;
	for (size_t i = 0, j = 0;;) {
		bool more_a = next_fact(a, &i, at, &x), more_b = next_fact(b, &j, at, &y);
		if (!more_a && !more_b)
			return true;
		if (more_a && more_b && fact_equal(&x, &y))
			continue;
		snprintf(why, WHY, "%s %zu: %s", what, more_a ? i - 1 : j - 1, more_a && more_b ? "they differ" : "only one has it");
		return false;
	}
}

static size_t known_accounts(const struct model *m)
{
	size_t n = 0;
	for (const struct account_rec *r = m->accounts; r; r = r->hh.next)
		n += r->known;
	return n;
}

static bool accounts_equal(const struct model *a, const struct model *b, char *why)
{
	for (const struct account_rec *r = a->accounts; r; r = r->hh.next) {
		const struct account_rec *other = account_rec_of(b, &r->address);
		if (!r->known)
			continue;
		struct fact x = {.kind = FACT_ACCOUNT, .u.account = r->f}, y = x;
		if (other)
			y.u.account = other->f;
		if (other && other->known && fact_equal(&x, &y)) {
			if (!lists_equal("holding", &r->holdings, &other->holdings, holding_at, why))
				return false;
			continue;
		}
		char text[ADDRESS_TEXT_MAX];
		text_of_address(&r->address, text);
		snprintf(why, WHY, "account %s: %s", text, other ? "they differ" : "only one has it");
		return false;
	}
	if (known_accounts(a) == known_accounts(b))
		return true;
	snprintf(why, WHY, "accounts: %zu and %zu", known_accounts(a), known_accounts(b));
	return false;
}

static bool heads_equal(const struct model *a, const struct model *b, char *why)
{
	struct fact x = {.kind = FACT_BLOCK, .u.block = a->head}, y = {.kind = FACT_BLOCK, .u.block = b->head};
	if (a->has_head == b->has_head && (!a->has_head || fact_equal(&x, &y)))
		return true;
	snprintf(why, WHY, "head: heights %llu and %llu", (unsigned long long)a->head.height, (unsigned long long)b->head.height);
	return false;
}

bool model_equal(const struct model *a, const struct model *b, char *why)
{
	return heads_equal(a, b, why) && lists_equal("symbol", &a->symbols, &b->symbols, symbol_at, why)
	       && lists_equal("node", &a->nodes, &b->nodes, node_at, why) && lists_equal("app", &a->apps, &b->apps, app_at, why)
	       && lists_equal("order", &a->orders, &b->orders, order_at, why) && lists_equal("lease", &a->leases, &b->leases, lease_at, why)
	       && lists_equal("token", &a->tokens, &b->tokens, token_at, why) && accounts_equal(a, b, why);
}
