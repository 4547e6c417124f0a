/* The disk of tests/sim/disk.h.
 *
 * Knows the layouts of records and of receipts' payloads, as far as money, capacity and counts are in them. Does not know what any of it
 * is for, nor uses the books' own readers of accounts, orders and leases. */
#include "tests/sim/disk.h"
#include <stdlib.h>
#include <string.h>

struct disk *disk_new(void) { return books_alloc(sizeof(struct disk)); }

struct tally *tally_of(struct disk *d, const void *id)
{
	struct tally *t;
	HASH_FIND(hh, d->tally, id, sizeof(struct id), t);
	if (!t) {
		t = books_alloc(sizeof *t);
		memcpy(&t->key, id, sizeof t->key);
		HASH_ADD(hh, d->tally, key, sizeof t->key, t);
	}
	if (!t->touched) {
		d->touched = books_array(d->touched, &d->cap_touched, d->ntouched + 1, sizeof(struct tally *));
		d->touched[d->ntouched++] = t;
	}
	t->touched = true;
	return t;
}

const struct id *rec_id(const struct rec *r) { return (const struct id *)(r->key + 2); }

/* --- taking records apart --- */

/* Mask of lanes and their weights, neighbours, period, last leaf. */
static struct slice sketch_parse(struct rbuf *r)
{
	size_t from = r->pos;
	unsigned lanes = (unsigned)__builtin_popcount(get_u16(r));
	for (unsigned i = 0; i < lanes; i++)
		get_u32(r);
	unsigned n = get_u8(r);
	for (unsigned i = 0; i < n; i++) {
		get_id(r);
		get_u32(r);
		get_u8(r); /* the lane that it was on */
	}
	get_u64(r);
	if (get_u8(r)) {
		get_u64(r);
		get_u32(r);
	}
	return (struct slice){r->p + from, r->pos - from};
}

static bool account_parse(const struct rec *rec, struct at_account *a)
{
	struct rbuf r = rbuf_on(rec->value.p, rec->value.len);
	memcpy(a->address.b, rec->key + 2, 32);
	a->auth.threshold = get_u8(&r);
	a->auth.n = get_u8(&r);
	for (unsigned i = 0; i < a->auth.n && i < 16; i++) {
		get_bytes(&r, a->auth.key[i].pk, 32);
		a->auth.key[i].weight = get_u8(&r);
	}
	for (unsigned i = 0; i < 4; i++)
		get_u64(&r); /* the key for sealed messages */
	a->nonce = get_u64(&r);
	a->balance = get_u64(&r);
	a->orders = get_u32(&r);
	uint8_t parts = get_u8(&r);
	if (parts & ACCOUNT_VESTING)
		vesting_get(&r, &a->vesting);
	if (parts & ACCOUNT_STAKE)
		stake_get(&r, &a->stake);
	if (parts & ACCOUNT_WORK) {
		get_u64(&r);
		get_u64(&r);
	}
	if (parts & ACCOUNT_DEPOSIT)
		a->deposit = get_u64(&r);
	if (parts & ACCOUNT_SKETCH)
		a->sketch = sketch_parse(&r);
	return rbuf_end(&r);
}

static bool fact_parse(struct rbuf *r, uint8_t kind, struct fact *f)
{
	memset(f, 0, sizeof *f);
	return fact_next(r, f) && f->kind == kind;
}

bool order_parse(struct slice v, struct at_order *o)
{
	struct fact f;
	struct rbuf r = rbuf_on(v.p, v.len);
	if (!fact_parse(&r, FACT_ORDER, &f))
		return false;
	o->f = f.u.order;
	o->rating = get_u16(&r);
	get_id(&r); /* the owner's key in the lease */
	o->height_in = get_u64(&r);
	o->deposit = get_u64(&r);
	o->deposit_each = get_u64(&r);
	get_blob(&r, DEPLOY_MAX);
	return rbuf_end(&r);
}

static bool lease_parse(struct slice v, struct at_lease *l)
{
	struct fact f;
	struct rbuf r = rbuf_on(v.p, v.len);
	if (!fact_parse(&r, FACT_LEASE, &f) || !fsm_run_get(&r, &l->run))
		return false;
	l->f = f.u.lease;
	for (size_t i = 0; i < PARTIES; i++) {
		l->party[i].address = get_address(&r);
		get_bytes(&r, l->party[i].op_pk, 32);
		l->party[i].seq = get_u64(&r);
	}
	if (!usage_receipt_get(&r, &l->usage))
		return false;
	l->gone_ms = get_u64(&r);
	l->mark = get_u8(&r);
	l->deposit = get_u64(&r);
	if (get_bool(&r))
		l->sketch = sketch_parse(&r);
	return rbuf_end(&r);
}

static bool meta_parse(struct slice v, struct at_meta *m)
{
	struct rbuf r = rbuf_on(v.p, v.len);
	m->total = get_u64(&r);
	m->trades = get_u64(&r);
	m->reserve = get_u64(&r);
	m->pool = get_u64(&r);
	m->commission = get_u64(&r);
	m->changed = get_u32(&r);
	return !r.bad; /* congestion and weights follow */
}

/* Node, app, token: its fact, what facts leave out, and its deposit last. */
static bool object_parse(const struct rec *rec, struct at_object *o)
{
	static const uint8_t kinds[] = {[REC_NODE] = FACT_NODE, [REC_APP] = FACT_APP, [REC_TOKEN] = FACT_TOKEN};
	struct fact f;
	struct rbuf r = rbuf_on(rec->value.p, rec->value.len);
	if (!fact_parse(&r, kinds[rec->key[1]], &f))
		return false;
	if (f.kind == FACT_TOKEN) {
		o->token = f.u.token;
		o->owner = f.u.token.issuer;
	} else if (f.kind == FACT_NODE) {
		o->node = f.u.node;
		o->owner = f.u.node.owner;
	} else {
		o->owner = f.u.app.owner;
	}
	if (f.kind != FACT_TOKEN)
		get_id(&r); /* a key */
	for (int i = 0; f.kind == FACT_NODE && i < 3; i++)
		get_u64(&r);
	o->deposit = get_u64(&r);
	return rbuf_end(&r);
}

static bool holding_parse(const struct rec *rec, struct at_holding *h)
{
	struct rbuf r = rbuf_on(rec->value.p, rec->value.len);
	memcpy(h->account.b, rec->key + 2, 32);
	for (int i = 0; i < 4; i++)
		h->token = h->token << 8 | rec->key[34 + i];
	h->amount = get_u64(&r);
	h->away = get_u32(&r);
	h->payer = get_address(&r);
	h->deposit = get_u64(&r);
	return rbuf_end(&r) && rec->klen == 38;
}

static bool voter_parse(struct slice v, struct at_voter *o)
{
	struct rbuf r = rbuf_on(v.p, v.len);
	o->staked = get_u64(&r);
	o->votes.n = get_u8(&r);
	for (unsigned i = 0; i < o->votes.n && i < VOTES_MAX; i++)
		o->votes.site[i] = get_u16(&r);
	o->proxy = get_address(&r);
	o->proxied = get_u64(&r);
	o->followers = get_u32(&r);
	return rbuf_end(&r);
}

static bool rec_parse(struct rec *r)
{
	switch (r->key[1]) {
	case REC_ACCOUNT: return account_parse(r, &r->u->account);
	case REC_ORDER: return order_parse(r->value, &r->u->order);
	case REC_LEASE: return lease_parse(r->value, &r->u->lease);
	case REC_NODE:
	case REC_APP:
	case REC_TOKEN: return object_parse(r, &r->u->object);
	case REC_HOLDING: return holding_parse(r, &r->u->holding);
	case REC_VOTER: return voter_parse(r->value, &r->u->voter);
	case REC_SITE_VOTES: memcpy(&r->u->votes, r->value.p, 8); return r->value.len == 8;
	case REC_META: return meta_parse(r->value, &r->u->meta);
	case REC_CID: memcpy(&r->u->cid_ms, r->value.p, 8); return r->value.len == 8;
	case REC_HOME: r->u->home.lane = r->value.p[0]; return r->value.len == 1;
	case REC_NODE_HOME:
		r->u->home.lane = r->value.p[32];
		memcpy(r->u->home.owner.b, r->value.p, 32);
		return r->value.len == 33;
	}
	return true;
}

static size_t parsed_size(uint8_t kind)
{
	switch (kind) {
	case REC_ACCOUNT: return sizeof(struct at_account);
	case REC_ORDER: return sizeof(struct at_order);
	case REC_LEASE: return sizeof(struct at_lease);
	case REC_NODE:
	case REC_APP:
	case REC_TOKEN: return sizeof(struct at_object);
	case REC_HOLDING: return sizeof(struct at_holding);
	case REC_VOTER: return sizeof(struct at_voter);
	case REC_META: return sizeof(struct at_meta);
	}
	return 40;
}

/* --- the table --- */

static void kind_add(struct disk *d, struct rec *r)
{
	size_t cap = d->kind[r->key[1] % DISK_KINDS].cap;
	d->kind[r->key[1] % DISK_KINDS].r = books_array(d->kind[r->key[1] % DISK_KINDS].r, &cap,
	    d->kind[r->key[1] % DISK_KINDS].n + 1, sizeof(struct rec *));
	d->kind[r->key[1] % DISK_KINDS].cap = (uint32_t)cap;
	r->at = d->kind[r->key[1] % DISK_KINDS].n++;
	d->kind[r->key[1] % DISK_KINDS].r[r->at] = r;
}

static void rec_drop(struct disk *d, struct rec *r)
{
	uint8_t kind = r->key[1] % DISK_KINDS;
	struct rec *last = d->kind[kind].r[--d->kind[kind].n];
	d->kind[kind].r[r->at] = last;
	last->at = r->at;
	HASH_DEL(d->all, r);
	slice_drop(&r->value);
	free(r->u);
	free(r);
}

static struct rec *rec_new(struct disk *d, struct slice key)
{
	struct rec *r = books_alloc(sizeof *r);
	memcpy(r->key, key.p, key.len);
	r->klen = (uint32_t)key.len;
	r->u = books_alloc(parsed_size(key.p[1]));
	HASH_ADD(hh, d->all, key, key.len, r);
	kind_add(d, r);
	return r;
}

void disk_set(struct disk *d, struct slice key, struct slice value)
{
	struct rec *r;
	if (key.len < 2 || key.len > KEY_MAX) {
		d->wrong = "a key";
		return;
	}
	HASH_FIND(hh, d->all, key.p, key.len, r);
	if (r)
		disk_count(d, r, -1);
	if (!value.p) {
		if (r)
			rec_drop(d, r);
		return;
	}
	if (!r)
		r = rec_new(d, key);
	slice_drop(&r->value);
	r->value = slice_copy(value);
	memset(r->u, 0, parsed_size(key.p[1]));
	if (!rec_parse(r))
		d->wrong = "a record's bytes";
	disk_count(d, r, 1);
}

struct rec *disk_get(const struct disk *d, uint8_t lane, uint8_t kind, const void *id, size_t len)
{
	struct rec *r;
	uint8_t key[KEY_MAX] = {lane, kind};
	memcpy(key + 2, id, len);
	HASH_FIND(hh, d->all, key, len + 2, r);
	return r;
}

struct rec *disk_pick(const struct disk *d, uint8_t kind, uint32_t n)
{
	return d->kind[kind].n ? d->kind[kind].r[n % d->kind[kind].n] : NULL;
}

/* --- records on their way --- */

static size_t moving_key(const struct receipt *in, uint8_t key[KEY_MAX])
{
	key[0] = in->dst;
	key[1] = in->payload.p[0];
	memcpy(key + 2, in->to.b, 32);
	for (int i = 0; i < 4; i++)
		key[34 + i] = (uint8_t)(in->token >> (24 - 8 * i));
	return key[1] == REC_HOLDING ? 38 : 34;
}

struct rec *disk_moving(const struct disk *d, const struct receipt *in)
{
	uint8_t key[KEY_MAX];
	struct rec *r;
	size_t len = moving_key(in, key);
	HASH_FIND(hh, d->moving, key, len, r);
	return r;
}

struct rec *disk_leaves(struct disk *d, const struct receipt *in)
{
	struct rec *r = books_alloc(sizeof *r);
	r->klen = (uint32_t)moving_key(in, r->key);
	r->u = books_alloc(parsed_size(r->key[1]));
	r->value = slice_copy((struct slice){in->payload.p + 1, in->payload.len - 1});
	if (disk_moving(d, in) || !rec_parse(r)) {
		slice_drop(&r->value);
		free(r->u);
		free(r);
		return NULL;
	}
	HASH_ADD(hh, d->moving, key, r->klen, r);
	d->movers += r->key[1] == REC_ACCOUNT;
	return r;
}

void disk_arrives(struct disk *d, struct rec *r)
{
	d->movers -= r->key[1] == REC_ACCOUNT;
	HASH_DEL(d->moving, r);
	slice_drop(&r->value);
	free(r->u);
	free(r);
}

struct rec *disk_find(const struct disk *d, uint8_t lane, uint8_t kind, const void *id, size_t len)
{
	struct rec *r = disk_get(d, lane, kind, id, len);
	uint8_t key[KEY_MAX] = {lane, kind};
	if (r)
		return r;
	memcpy(key + 2, id, len);
	HASH_FIND(hh, d->moving, key, len + 2, r);
	return r;
}

static int rec_cmp(const void *a, const void *b)
{
	const struct rec *x = *(struct rec *const *)a, *y = *(struct rec *const *)b;
	int c = memcmp(x->key, y->key, x->klen < y->klen ? x->klen : y->klen);
	return c ? c : (x->klen > y->klen) - (x->klen < y->klen);
}

void disk_walk(const struct disk *d, void (*cb)(void *arg, const struct rec *r), void *arg)
{
	size_t n = HASH_COUNT(d->all), i = 0;
	autofree struct rec **sorted = books_alloc((n + 1) * sizeof(struct rec *));
	for (struct rec *r = d->all; r; r = r->hh.next)
		sorted[i++] = r;
	qsort(sorted, n, sizeof(struct rec *), rec_cmp);
	for (i = 0; i < n; i++)
		cb(arg, sorted[i]);
}

static void rec_again(void *arg, const struct rec *r)
{
	disk_set(arg, (struct slice){r->key, r->klen}, r->value);
}

struct disk *disk_recount(const struct disk *d)
{
	struct disk *again = disk_new();
	disk_walk(d, rec_again, again);
	return again;
}

void disk_free(struct disk *d)
{
	struct rec *r, *next;
	struct tally *t, *more;
	HASH_ITER (hh, d->all, r, next)
		rec_drop(d, r);
	HASH_ITER (hh, d->moving, r, next)
		disk_arrives(d, r);
	HASH_ITER (hh, d->tally, t, more) {
		HASH_DEL(d->tally, t);
		free(t);
	}
	for (size_t i = 0; i < DISK_KINDS; i++)
		free(d->kind[i].r);
	free(d->touched);
	free(d);
}
