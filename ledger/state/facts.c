/* Objects as facts: what the rest of the machine is told of the books.
 *
 * Events (pay, trade, verdict, usage) are written as they happen; objects once per round at its end, sorted by kind and key,
 * whole. Does not know who reads them. */
#include <string.h>
#include "ledger/state/books.h"

#define FACT_ROOM (APP_META_MAX + DEPLOY_MAX + 4096)

void fact_emit(struct part *p, const struct fact *f)
{
	struct wbuf w = bytes_begin(&p->facts, FACT_ROOM);
	fact_put(&w, f);
	bytes_end(&p->facts, &w);
}

void fact_pay_emit(struct state *s, struct part *p, const struct pay_line *l)
{
	if (money_is_zero(l->amount))
		return;
	struct fact f = {.kind = FACT_PAY};
	f.u.pay = (struct fact_pay){.kind = (uint8_t)l->kind, .lane = p->lane, .in = l->in, .account = l->account, .other = l->other,
	    .amount = l->amount, .height = s->height, .time_ms = s->time_ms,
	    .object = l->object, .token = l->token};
	if (l->memo)
		snprintf(f.u.pay.memo, sizeof f.u.pay.memo, "%s", l->memo);
	fact_emit(p, &f);
}

void fact_verdict_emit(struct state *s, struct part *p, const struct id *txid, const struct address *sender, uint8_t type, enum verdict v,
    const struct cid *cid)
{
	struct fact f = {.kind = FACT_VERDICT};
	f.u.verdict = (struct fact_verdict){.txid = *txid, .sender = *sender, .lane = p->lane, .type = type, .verdict = (uint16_t)v,
	    .height = s->height, .cid = *cid};
	fact_emit(p, &f);
}

static int dirty_cmp(const void *a, const void *b)
{
	const struct dirty *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int by_key = memcmp(x->key, y->key, sizeof x->key);
	return by_key ? by_key : (x->len > y->len) - (x->len < y->len);
}

void keys_sort(struct dirty *d, size_t *n)
{
	size_t kept = 0;
	if (*n)
		qsort(d, *n, sizeof *d, dirty_cmp);
	for (size_t i = 0; i < *n; i++)
		if (!kept || dirty_cmp(&d[kept - 1], &d[i]) != 0)
			d[kept++] = d[i];
	*n = kept;
}

#define KEYS_OF(head, type, record, field, length)                                          \
	for (const type *item = (head); item; item = item->hh.next) {                       \
		d = books_array(d, &cap, n + 1, sizeof *d);                                 \
		d[n] = (struct dirty){.kind = (record), .len = (uint8_t)(length)};          \
		memcpy(d[n++].key, &item->field, (length));                                 \
	}

static size_t tokens_keys(const struct part *p, struct dirty **d, size_t *cap, size_t n)
{
	for (const struct token *k = p->tokens; k; k = k->hh.next, n++) {
		*d = books_array(*d, cap, n + 1, sizeof **d);
		(*d)[n] = (struct dirty){.kind = REC_TOKEN, .len = 4};
		token_key(k->f.token, (*d)[n].key);
	}
	return n;
}

size_t part_keys(const struct part *p, struct dirty **out)
{
	struct dirty *d = NULL;
	size_t cap = 0, n = 0;
	KEYS_OF(p->homes, struct home, REC_HOME, address, sizeof item->address)
	KEYS_OF(p->node_homes, struct node_home, REC_NODE_HOME, node, sizeof item->node)
	KEYS_OF(p->apps, struct app, REC_APP, f.name, strlen(item->f.name))
	KEYS_OF(p->accounts, struct account, REC_ACCOUNT, address, sizeof item->address)
	KEYS_OF(p->nodes, struct node, REC_NODE, f.node, sizeof item->f.node)
	KEYS_OF(p->orders, struct order, REC_ORDER, f.order, sizeof item->f.order)
	KEYS_OF(p->leases, struct lease, REC_LEASE, f.lease, sizeof item->f.lease)
	KEYS_OF(p->holdings, struct holding, REC_HOLDING, key, sizeof item->key)
	n = tokens_keys(p, &d, &cap, n);
	KEYS_OF(p->cids, struct cid_seen, REC_CID, key, sizeof item->key)
	KEYS_OF(p->voters, struct voter, REC_VOTER, address, sizeof item->address)
	KEYS_OF(p->site_votes, struct site_votes, REC_SITE_VOTES, site, sizeof item->site)
	for (uint8_t i = 0; i < GENESIS_SYMBOLS_MAX; i++)
		if (p->book[i].sketch) {
			d = books_array(d, &cap, n + 1, sizeof *d);
			d[n++] = (struct dirty){.kind = REC_SYMBOL, .len = 1, .key = {i}};
		}
	keys_sort(d, &n);
	*out = d;
	return n;
}

static void account_fact(const struct part *p, const struct account *a, struct fact_account *out)
{
	*out = (struct fact_account){.address = a->address, .lane = p->lane, .nonce = a->nonce, .balance = a->balance,
	    .deposit = a->deposit, .threshold = a->auth->threshold, .keys = a->auth->n};
	if (a->vesting)
		out->vesting = *a->vesting;
	if (a->stake)
		out->stake = *a->stake;
	memcpy(out->x25519, a->x25519, 32);
	memcpy(out->pk, a->auth->key[0].pk, 32);
}

void lease_fact(const struct state *s, const struct lease *l, struct fact_lease *out)
{
	const struct lease_words *w = &s->words;
	*out = l->f;
	out->since_ms = l->run.since_ms;
	out->flags = fsm_state_flags(s->fsm, l->run.state);
	snprintf(out->state, sizeof out->state, "%s", fsm_state_name(s->fsm, l->run.state));
	out->deadline_ms = l->run.deadline_ms;
	out->escrow = l->run.hold[w->escrow];
	out->bond = l->run.hold[w->bond];
	out->ran_s = l->run.reg[w->ran];
	if (w->meter[METER_UP_S] >= 0)
		out->metered_s = l->run.meter[w->meter[METER_UP_S]];
}

static bool token_fact(const struct state *s, const struct part *p, const struct dirty *d, struct fact *out)
{
	const struct token *k = d->kind == REC_TOKEN ? token_find(s, token_of_key(d->key)) : NULL;
	const struct holding *h = NULL;
	if (d->kind == REC_HOLDING)
		HASH_FIND(hh, p->holdings, d->key, sizeof h->key, h);
	if (k)
		*out = (struct fact){.kind = FACT_TOKEN, .u.token = k->f};
	if (h)
		*out = (struct fact){.kind = FACT_HOLDING,
		    .u.holding = {.account = h->key.account, .token = token_of_key(h->key.token), .amount = h->amount}};
	return k || h;
}

bool key_fact(const struct state *s, const struct part *p, const struct dirty *d, struct fact *out)
{
	const struct id *id = (const struct id *)d->key;
	const struct account *a = d->kind == REC_ACCOUNT ? account_find(p, (const struct address *)d->key) : NULL;
	const struct node *n = d->kind == REC_NODE ? node_find(p, id) : NULL;
	const struct order *o = d->kind == REC_ORDER ? order_find(p, id) : NULL;
	const struct lease *l = d->kind == REC_LEASE ? lease_find(p, id) : NULL;
	const struct app *app = d->kind == REC_APP ? app_find(s, (const char *)d->key) : NULL;
	memset(out, 0, sizeof *out);
	if (d->kind == REC_TOKEN || d->kind == REC_HOLDING)
		return token_fact(s, p, d, out);
	out->kind = a ? FACT_ACCOUNT : n ? FACT_NODE : o ? FACT_ORDER : l ? FACT_LEASE : app ? FACT_APP : 0;
	if (a)
		account_fact(p, a, &out->u.account);
	if (n)
		out->u.node = n->f;
	if (o)
		out->u.order = o->f;
	if (l)
		lease_fact(s, l, &out->u.lease);
	if (app)
		out->u.app = app->f;
	return out->kind != 0;
}

/* An order or a lease that ended has had its last fact: now it goes. */
static void drop_ended(struct state *s, struct part *p, const struct dirty *d)
{
	struct holding *h = NULL;
	if (d->kind == REC_HOLDING)
		HASH_FIND(hh, p->holdings, d->key, sizeof h->key, h);
	if (h)
		holding_drop(s, p, h);
	struct order *o = d->kind == REC_ORDER ? order_find(p, (const struct id *)d->key) : NULL;
	if (o && !order_live(o)) {
		HASH_DEL(p->orders, o);
		order_free(o);
	}
	struct lease *l = d->kind == REC_LEASE ? lease_find(p, (const struct id *)d->key) : NULL;
	if (l && l->gone) {
		HASH_DEL(p->leases, l);
		lease_free(l);
	}
}

void facts_flush(struct state *s, struct part *p)
{
	autofree struct fact *f = books_alloc(sizeof *f);
	keys_sort(p->dirty, &p->ndirty);
	for (size_t i = 0; i < p->ndirty; i++) {
		const struct dirty *d = &p->dirty[i];
		if (key_fact(s, p, d, f))
			fact_emit(p, f);
		drop_ended(s, p, d);
	}
	p->flushed = true;
}

/* The last receipt of a lease, if this is one: no other fact says what its meters read. Settled: the contract reads the same. */
static bool usage_last(const struct state *s, const struct part *p, const struct dirty *d, struct fact *out)
{
	const struct lease *l = d->kind == REC_LEASE ? lease_find(p, (const struct id *)d->key) : NULL;
	if (!l || !l->usage.seq)
		return false;
	bool settled = !l->f.usage_pending_ms;
	for (size_t i = 0; i < METERS; i++)
		if (s->words.meter[i] >= 0 && l->run.meter[s->words.meter[i]] != l->usage.meter[i])
			settled = false;
	*out = (struct fact){.kind = FACT_USAGE, .u.usage = {.receipt = l->usage, .settled = settled}};
	return true;
}

static int fact_order_cmp(const void *a, const void *b)
{
	return id_cmp(&(*(struct order *const *)a)->f.order, &(*(struct order *const *)b)->f.order);
}

/* Orders and accounts on their way are in no book, only in an out-box. */
static void snapshot_travellers(const struct state *s, const struct part *p, void (*cb)(void *arg, const struct fact *f), void *arg)
{
	struct order **o = NULL;
	size_t n = 0, cap = 0;
	for (size_t dst = 0; dst < CHAINS; dst++) {
		struct receipt in;
		struct rbuf r = rbuf_on(p->out[dst].bytes.p, p->out[dst].bytes.len);
		while (r.pos < r.len && receipt_get(&r, &in)) {
			if (in.kind == RCPT_MOVE)
				move_facts(s, &in, cb, arg);
			if (in.kind != RCPT_ORDER)
				continue;
			o = books_array(o, &cap, n + 1, sizeof *o);
			n += order_get(in.payload, &o[n]);
		}
	}
	if (n)
		qsort(o, n, sizeof *o, fact_order_cmp);
	for (size_t i = 0; i < n; i++) {
		struct fact f = {.kind = FACT_ORDER, .u.order = o[i]->f};
		cb(arg, &f);
		order_free(o[i]);
	}
	free(o);
}

void state_snapshot(const struct state *s, void (*cb)(void *arg, const struct fact *f), void *arg)
{
	autofree struct fact *f = books_alloc(sizeof *f);
	for (size_t i = 0; i < s->genesis.nsymbols; i++) {
		*f = (struct fact){.kind = FACT_SYMBOL, .u.symbol = s->genesis.symbol[i]};
		cb(arg, f);
	}
	for (size_t lane = 0; lane < CHAINS; lane++) {
		autofree struct dirty *keys = NULL;
		size_t n = part_keys(&s->part[lane], &keys);
		for (size_t i = 0; i < n; i++) {
			if (key_fact(s, &s->part[lane], &keys[i], f))
				cb(arg, f);
			if (usage_last(s, &s->part[lane], &keys[i], f))
				cb(arg, f);
		}
		snapshot_travellers(s, &s->part[lane], cb, arg);
	}
}
