/* The read model: what was folded, and the questions with one answer.
 *
 * Knows facts and how to find them again. Does not know how they look as text (render_*.c), nor where they come from (the link).
 * FACT_VERDICT is not kept: whoever asked got it as an answer, and its effects arrive as facts of their own. */
#include <stdlib.h>
#include <time.h>
#include "zfs-views/model_priv.h"

static int cmp_u32(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

static int cmp_symbol(const void *a, const void *b)
{
	return cmp_u32(((const struct symbol_rec *)a)->f.symbol, ((const struct symbol_rec *)b)->f.symbol);
}

static int cmp_node(const void *a, const void *b)
{
	return id_cmp(&((const struct fact_node *)a)->node, &((const struct fact_node *)b)->node);
}

static int cmp_app(const void *a, const void *b) { return strcmp(((const struct fact_app *)a)->name, ((const struct fact_app *)b)->name); }
static int cmp_uid(const void *a, const void *b) { return cmp_u32(((const struct uid_rec *)a)->uid, ((const struct uid_rec *)b)->uid); }

static int cmp_ended(const void *a, const void *b)
{
	const struct lease_rec *x = a, *y = b;
	if (x->f.since_ms != y->f.since_ms)
		return x->f.since_ms < y->f.since_ms ? -1 : 1;
	return id_cmp(&x->f.lease, &y->f.lease);
}

struct model *model_new(void)
{
	struct model *m = must_alloc(1, sizeof *m);
	pthread_rwlock_init(&m->lock, NULL);
	m->symbols.cmp = cmp_symbol;
	m->nodes.cmp = cmp_node;
	m->apps.cmp = cmp_app;
	m->uids.cmp = cmp_uid;
	m->orders.cmp = model_cmp_order;
	m->leases.cmp = model_cmp_lease;
	m->ended.cmp = cmp_ended;
	m->tokens.cmp = model_cmp_token;
	for (int i = 0; i < CHAINS; i++) {
		m->lanes[i].width = sizeof(struct fact_lane);
		m->lanes[i].max = MODEL_BLOCKS;
	}
	return m;
}

static void app_free(struct fact_app *a)
{
	free((void *)a->meta.p);
	free(a);
}

static void forget_accounts(struct model *m)
{
	struct account_rec *a, *next;
	HASH_ITER(hh, m->accounts, a, next) {
		HASH_DEL(m->accounts, a);
		sorted_close(&a->orders);
		sorted_close(&a->done);
		sorted_close(&a->leases);
		sorted_close(&a->holdings);
		ring_close(&a->pays);
		free(a);
	}
}

static void forget_symbols(struct model *m)
{
	for (size_t i = 0; i < m->symbols.n; i++) {
		struct symbol_rec *s = m->symbols.v[i];
		sorted_close(&s->book[0]);
		sorted_close(&s->book[1]);
		ring_close(&s->trades);
		free(s);
	}
	sorted_close(&m->symbols);
}

/* The uids stay: they are told by another message. */
static void forget_facts(struct model *m)
{
	model_forget_orders(m);
	model_forget_leases(m);
	model_forget_tokens(m);
	forget_accounts(m);
	forget_symbols(m);
	for (size_t i = 0; i < m->nodes.n; i++)
		free(m->nodes.v[i]);
	sorted_close(&m->nodes);
	for (size_t i = 0; i < m->apps.n; i++)
		app_free(m->apps.v[i]);
	sorted_close(&m->apps);
	for (int i = 0; i < CHAINS; i++)
		ring_close(&m->lanes[i]);
	m->has_head = false;
}

static void forget_uids(struct model *m)
{
	HASH_CLEAR(hh, m->uid_by_address);
	for (size_t i = 0; i < m->uids.n; i++)
		free(m->uids.v[i]);
	sorted_close(&m->uids);
}

void model_free(struct model *m)
{
	if (!m)
		return;
	forget_facts(m);
	forget_uids(m);
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

struct symbol_rec *model_symbol_rec(const struct model *m, uint32_t symbol)
{
	struct symbol_rec probe = {.f.symbol = symbol};
	return sorted_find(&m->symbols, &probe);
}

struct symbol_rec *model_symbol_make(struct model *m, uint32_t symbol)
{
	struct symbol_rec *s = model_symbol_rec(m, symbol);
	if (s)
		return s;
	s = must_alloc(1, sizeof *s);
	s->f.symbol = symbol;
	s->book[SIDE_ASK].cmp = model_cmp_ask;
	s->book[SIDE_BID].cmp = model_cmp_bid;
	s->trades = (struct ring){.width = sizeof(struct fact_trade), .max = MODEL_TRADES};
	sorted_add(&m->symbols, s);
	return s;
}

struct account_rec *model_account_make(struct model *m, const struct address *address)
{
	struct account_rec *a = account_rec_of(m, address);
	if (a)
		return a;
	a = must_alloc(1, sizeof *a);
	a->address = *address;
	a->orders.cmp = a->done.cmp = model_cmp_order;
	a->leases.cmp = model_cmp_lease;
	a->holdings.cmp = model_cmp_holding;
	a->pays = (struct ring){.width = sizeof(struct fact_pay), .max = MODEL_HISTORY};
	HASH_ADD(hh, m->accounts, address, sizeof a->address, a);
	return a;
}

static void fold_lane(struct model *m, const struct fact_lane *f)
{
	if (!lane_ok(f->lane))
		return;
	struct ring *r = &m->lanes[f->lane];
	if (r->n && ((const struct fact_lane *)ring_at(r, r->n - 1))->height >= f->height)
		return;
	ring_push(r, f);
}

static void fold_symbol(struct model *m, const struct fact_symbol *f)
{
	struct symbol_rec *s = model_symbol_make(m, f->symbol);
	s->f = *f;
	s->known = true;
}

static void fold_account(struct model *m, const struct fact_account *f)
{
	struct account_rec *a = model_account_make(m, &f->address);
	a->f = *f;
	a->known = true;
}

static void fold_node(struct model *m, const struct fact_node *f)
{
	struct fact_node *n = sorted_find(&m->nodes, f);
	if (!n) {
		n = must_alloc(1, sizeof *n);
		*n = *f;
		sorted_add(&m->nodes, n);
	}
	*n = *f;
}

static void fold_app(struct model *m, const struct fact_app *f)
{
	struct fact_app *a = sorted_find(&m->apps, f), whole = *f;
	uint8_t *meta = must_alloc(f->meta.len, 1);
	if (f->meta.len)
		memcpy(meta, f->meta.p, f->meta.len);
	whole.meta.p = meta;
	if (a)
		free((void *)a->meta.p);
	bool is_new = !a;
	if (is_new)
		a = must_alloc(1, sizeof *a);
	*a = whole;
	if (is_new)
		sorted_add(&m->apps, a);
}

static void fold_trade(struct model *m, const struct fact_trade *f)
{
	struct ring *r = &model_symbol_make(m, f->symbol)->trades;
	if (r->n && ((const struct fact_trade *)ring_at(r, r->n - 1))->seq >= f->seq)
		return;
	ring_push(r, f);
}

static void fold_block(struct model *m, const struct fact_block *f)
{
	m->head = *f;
	m->has_head = true;
	model_expire_leases(m);
}

static void fold_one(struct model *m, const struct fact *f)
{
	switch ((enum fact_kind)f->kind) {
	case FACT_BLOCK: fold_block(m, &f->u.block); break;
	case FACT_LANE: fold_lane(m, &f->u.lane); break;
	case FACT_SYMBOL: fold_symbol(m, &f->u.symbol); break;
	case FACT_ACCOUNT: fold_account(m, &f->u.account); break;
	case FACT_NODE: fold_node(m, &f->u.node); break;
	case FACT_APP: fold_app(m, &f->u.app); break;
	case FACT_ORDER: model_fold_order(m, &f->u.order); break;
	case FACT_LEASE: model_fold_lease(m, &f->u.lease); break;
	case FACT_TRADE: fold_trade(m, &f->u.trade); break;
	case FACT_VERDICT: break;
	case FACT_PAY: ring_push(&model_account_make(m, &f->u.pay.account)->pays, &f->u.pay); break;
	case FACT_USAGE: model_fold_usage(m, &f->u.usage); break;
	case FACT_RESET: forget_facts(m); break;
	case FACT_TOKEN: model_fold_token(m, &f->u.token); break;
	case FACT_HOLDING: model_fold_holding(m, &f->u.holding); break;
	}
}

void model_fold(struct model *m, const struct fact *f)
{
	pthread_rwlock_wrlock(&m->lock);
	fold_one(m, f);
	m->generation++;
	pthread_rwlock_unlock(&m->lock);
}

void model_uids(struct model *m, const uint32_t *uid, const struct address *a, uint32_t n)
{
	pthread_rwlock_wrlock(&m->lock);
	forget_uids(m);
	for (uint32_t i = 0; i < n; i++) {
		struct uid_rec probe = {.uid = uid[i]}, *r;
		HASH_FIND(hh, m->uid_by_address, &a[i], sizeof a[i], r);
		if (r || sorted_find(&m->uids, &probe))
			continue;
		r = must_alloc(1, sizeof *r);
		r->uid = uid[i];
		r->address = a[i];
		sorted_add(&m->uids, r);
		HASH_ADD(hh, m->uid_by_address, address, sizeof r->address, r);
	}
	m->generation++;
	pthread_rwlock_unlock(&m->lock);
}

void model_lock(struct model *m) { pthread_rwlock_rdlock(&m->lock); }
void model_unlock(struct model *m) { pthread_rwlock_unlock(&m->lock); }
bool model_up(const struct model *m) { return m->up; }
uint64_t model_generation(const struct model *m) { return m->generation; }
uint64_t model_since_ms(const struct model *m) { return m->since_ms; }

void model_set_up(struct model *m, bool ledger_up)
{
	struct timespec t;
	if (m->up == ledger_up && m->since_ms)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	m->since_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	m->up = ledger_up;
	m->generation++;
}
