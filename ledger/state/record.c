/* Records: each object as bytes for the disk and for the state root. Key = lane u8, kind u8, id; value = the object's fact and
 * what a fact leaves out.
 *
 * Knows every object's codec and how to put a record back into its table. Indexes (books, heap, counts) are rebuilt at the end,
 * not stored. Does not know LevelDB. */
#include <string.h>
#include "ledger/state/books.h"

static void fact_of_put(struct wbuf *w, uint8_t kind, const void *body, size_t len)
{
	autofree struct fact *f = books_alloc(sizeof *f);
	f->kind = kind;
	memcpy(&f->u, body, len);
	fact_put(w, f);
}

static bool fact_of_get(struct rbuf *r, uint8_t kind, void *body, size_t len)
{
	autofree struct fact *f = books_alloc(sizeof *f);
	if (!fact_next(r, f) || f->kind != kind)
		return false;
	memcpy(body, &f->u, len);
	return true;
}

void order_put(struct wbuf *w, const struct order *o)
{
	fact_of_put(w, FACT_ORDER, &o->f, sizeof o->f);
	put_u16(w, o->rating);
	put_bytes(w, o->op_pk, 32);
	put_u64(w, o->height_in);
	put_money(w, o->deposit);
	put_money(w, o->deposit_each);
	put_blob(w, o->deploy.p, o->deploy.len);
}

bool order_get(struct slice bytes, struct order **ret)
{
	autofree struct order *o = books_alloc(sizeof *o);
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	if (!fact_of_get(&r, FACT_ORDER, &o->f, sizeof o->f))
		return false;
	o->rating = get_u16(&r);
	get_bytes(&r, o->op_pk, 32);
	o->height_in = get_u64(&r);
	o->deposit = get_money(&r);
	o->deposit_each = get_money(&r);
	struct slice deploy = get_blob(&r, DEPLOY_MAX);
	if (!rbuf_end(&r))
		return false;
	o->deploy = slice_copy(deploy);
	*ret = take_ptr(o);
	return true;
}

static struct sketch *sketch_copy(const struct sketch *k)
{
	struct sketch *copy = books_alloc(sizeof *copy);
	*copy = *k;
	return copy;
}

static void lease_put(struct wbuf *w, const struct lease *l)
{
	fact_of_put(w, FACT_LEASE, &l->f, sizeof l->f);
	fsm_run_put(w, &l->run);
	for (size_t i = 0; i < PARTIES; i++) {
		put_address(w, &l->party[i].address);
		put_bytes(w, l->party[i].op_pk, 32);
		put_u64(w, l->party[i].seq);
	}
	usage_receipt_put(w, &l->usage);
	put_u64(w, l->gone_ms);
	put_u8(w, l->mark);
	put_money(w, l->deposit);
	put_u8(w, l->sketch != NULL);
	if (l->sketch)
		sketch_put(w, l->sketch);
}

static bool lease_get(struct slice bytes, struct lease **ret)
{
	autofree struct lease *l = books_alloc(sizeof *l);
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	if (!fact_of_get(&r, FACT_LEASE, &l->f, sizeof l->f) || !fsm_run_get(&r, &l->run))
		return false;
	for (size_t i = 0; i < PARTIES; i++) {
		l->party[i].address = get_address(&r);
		get_bytes(&r, l->party[i].op_pk, 32);
		l->party[i].seq = get_u64(&r);
	}
	if (!usage_receipt_get(&r, &l->usage))
		return false;
	l->gone_ms = get_u64(&r);
	l->mark = get_u8(&r);
	l->deposit = get_money(&r);
	bool correlated = get_bool(&r);
	struct sketch k;
	if ((correlated && !sketch_get(&r, &k)) || !rbuf_end(&r))
		return false;
	l->sketch = correlated ? sketch_copy(&k) : NULL;
	l->f.deploy = slice_copy(l->f.deploy);
	*ret = take_ptr(l);
	return true;
}

static uint8_t account_parts(const struct account *a)
{
	return (uint8_t)((a->vesting ? ACCOUNT_VESTING : 0) | (a->stake ? ACCOUNT_STAKE : 0) |
	    (a->work.used || a->work.at_ms ? ACCOUNT_WORK : 0) | (money_is_zero(a->deposit) ? 0 : ACCOUNT_DEPOSIT) |
	    (a->sketch ? ACCOUNT_SKETCH : 0));
}

/* What most accounts do not have is written where it is there: an ordinary account stays small. */
static void account_put(struct wbuf *w, const struct account *a)
{
	auth_put(w, a->auth);
	put_bytes(w, a->x25519, 32);
	put_u64(w, a->nonce);
	put_money(w, a->balance);
	put_u32(w, a->orders);
	uint8_t parts = account_parts(a);
	put_u8(w, parts);
	if (parts & ACCOUNT_VESTING)
		vesting_put(w, a->vesting);
	if (parts & ACCOUNT_STAKE)
		stake_put(w, a->stake);
	if (parts & ACCOUNT_WORK) {
		put_u64(w, a->work.used);
		put_u64(w, a->work.at_ms);
	}
	if (parts & ACCOUNT_DEPOSIT)
		put_money(w, a->deposit);
	if (parts & ACCOUNT_SKETCH)
		sketch_put(w, a->sketch);
}

/* Room for what a decoded account borrows. */
struct account_room { struct vesting vesting; struct stake stake; struct sketch sketch; };

static bool account_parts_get(struct rbuf *r, struct account *a, struct account_room *room)
{
	uint8_t parts = get_u8(r);
	if (parts & ACCOUNT_VESTING && vesting_get(r, &room->vesting))
		a->vesting = &room->vesting;
	if (parts & ACCOUNT_STAKE && stake_get(r, &room->stake))
		a->stake = &room->stake;
	if (parts & ACCOUNT_WORK) {
		a->work.used = get_u64(r);
		a->work.at_ms = get_u64(r);
	}
	if (parts & ACCOUNT_DEPOSIT)
		a->deposit = get_money(r);
	if (parts & ACCOUNT_SKETCH && sketch_get(r, &room->sketch))
		a->sketch = &room->sketch;
	return account_parts(a) == parts && rbuf_end(r);
}

static bool symbol_put(struct wbuf *w, const struct part *p, const uint8_t *key, size_t len)
{
	const struct sketch *k = len == 1 && key[0] < GENESIS_SYMBOLS_MAX ? p->book[key[0]].sketch : NULL;
	if (k)
		sketch_put(w, k);
	return k;
}

static void node_put(struct wbuf *w, const struct node *n)
{
	fact_of_put(w, FACT_NODE, &n->f, sizeof n->f);
	put_bytes(w, n->op_pk, 32);
	put_u64(w, n->good);
	put_u64(w, n->bad);
	put_u64(w, n->marked_ms);
	put_money(w, n->deposit);
}

static void app_put(struct wbuf *w, const struct app *a)
{
	fact_of_put(w, FACT_APP, &a->f, sizeof a->f);
	put_bytes(w, a->op_pk, 32);
	put_money(w, a->deposit);
}

static bool token_put(struct wbuf *w, const struct part *p, const uint8_t *key)
{
	uint32_t token = token_of_key(key);
	const struct token *k;
	HASH_FIND(hh, p->tokens, &token, sizeof token, k);
	if (!k)
		return false;
	fact_of_put(w, FACT_TOKEN, &k->f, sizeof k->f);
	put_money(w, k->deposit);
	return true;
}

static void holding_put(struct wbuf *w, const struct holding *h)
{
	put_money(w, h->amount);
	put_u32(w, h->away);
	put_address(w, &h->payer);
	put_money(w, h->deposit);
}

#define WRITE_FOUND(type, head, body)                              \
	{                                                          \
		const type *item;                                  \
		HASH_FIND(hh, head, key, len, item);               \
		if (!item)                                         \
			return false;                              \
		body;                                              \
		return true;                                       \
	}

static bool value_put(const struct part *p, uint8_t kind, const uint8_t *key, size_t len, struct wbuf *w)
{
	switch ((enum record_kind)kind) {
	case REC_HOME: WRITE_FOUND(struct home, p->homes, put_u8(w, item->lane))
	case REC_NODE_HOME: WRITE_FOUND(struct node_home, p->node_homes, { put_address(w, &item->owner); put_u8(w, item->lane); })
	case REC_APP: WRITE_FOUND(struct app, p->apps, app_put(w, item))
	case REC_ACCOUNT: WRITE_FOUND(struct account, p->accounts, account_put(w, item))
	case REC_NODE: WRITE_FOUND(struct node, p->nodes, node_put(w, item))
	case REC_ORDER: WRITE_FOUND(struct order, p->orders, order_put(w, item))
	case REC_LEASE: WRITE_FOUND(struct lease, p->leases, lease_put(w, item))
	case REC_CID: WRITE_FOUND(struct cid_seen, p->cids, put_u64(w, item->time_ms))
	case REC_VOTER: WRITE_FOUND(struct voter, p->voters, voter_put(w, item))
	case REC_SITE_VOTES: WRITE_FOUND(struct site_votes, p->site_votes, put_money(w, item->votes))
	case REC_TOKEN: return token_put(w, p, key);
	case REC_HOLDING: WRITE_FOUND(struct holding, p->holdings, holding_put(w, item))
	case REC_SYMBOL: return symbol_put(w, p, key, len);
	case REC_META:
	case REC_OUTBOX: break;
	}
	return false;
}

bool record_value(const struct part *p, uint8_t kind, const uint8_t *key, size_t len, struct bytes *out)
{
	out->len = 0;
	struct wbuf w = bytes_begin(out, RECORD_MAX);
	bool there = value_put(p, kind, key, len, &w);
	bytes_end(out, &w);
	return there;
}

/* --- and back --- */

/* A record lies under the name that its value has. */
static bool key_is(struct slice key, const void *name, size_t len)
{
	return key.len == len && memcmp(key.p, name, len) == 0;
}

static bool load_home(struct part *p, struct slice key, struct rbuf *r)
{
	uint8_t lane = get_u8(r);
	if (key.len != sizeof(struct address) || !rbuf_end(r) || lane < 1 || lane >= CHAINS)
		return false;
	home_add(p, (const struct address *)key.p, lane);
	return true;
}

static bool load_node_home(struct part *p, struct slice key, struct rbuf *r)
{
	struct node_home n = {.owner = get_address(r)};
	n.lane = get_u8(r);
	if (key.len != sizeof n.node || !rbuf_end(r) || n.lane < 1 || n.lane >= CHAINS)
		return false;
	struct node_home *item = books_alloc(sizeof *item);
	*item = n;
	memcpy(item->node.b, key.p, 32);
	HASH_ADD(hh, p->node_homes, node, sizeof item->node, item);
	return true;
}

static bool load_app(struct part *p, struct slice key, struct rbuf *r)
{
	autofree struct app *a = books_alloc(sizeof *a);
	if (!fact_of_get(r, FACT_APP, &a->f, sizeof a->f))
		return false;
	get_bytes(r, a->op_pk, 32);
	a->deposit = get_money(r);
	if (!rbuf_end(r) || !key_is(key, a->f.name, strlen(a->f.name)))
		return false;
	a->f.meta = slice_copy(a->f.meta);
	struct app *item = take_ptr(a);
	HASH_ADD_KEYPTR(hh, p->apps, item->f.name, strlen(item->f.name), item);
	return true;
}

/* The address is the key and nothing else: after SET_AUTH it is not that of the keys. */
static bool load_account(struct part *p, struct slice key, struct rbuf *r)
{
	struct account in = {.nonce = 0};
	struct account_room room;
	struct auth auth;
	if (key.len != sizeof in.address || !auth_get(r, &auth))
		return false;
	memcpy(in.address.b, key.p, sizeof in.address.b);
	get_bytes(r, in.x25519, 32);
	in.nonce = get_u64(r);
	in.balance = get_money(r);
	in.orders = get_u32(r);
	if (!account_parts_get(r, &in, &room) || !rbuf_end(r))
		return false;
	struct account *a = account_add(p, &in.address, &auth, in.x25519, in.balance);
	a->nonce = in.nonce;
	a->orders = in.orders;
	a->work = in.work;
	a->deposit = in.deposit;
	a->vesting = in.vesting ? books_copy(in.vesting, sizeof *in.vesting) : NULL;
	a->stake = in.stake ? books_copy(in.stake, sizeof *in.stake) : NULL;
	a->sketch = in.sketch ? sketch_copy(in.sketch) : NULL;
	return true;
}

static bool load_symbol(struct part *p, struct slice key, struct rbuf *r)
{
	struct sketch k;
	if (key.len != 1 || key.p[0] >= GENESIS_SYMBOLS_MAX || p->book[key.p[0]].sketch || !sketch_get(r, &k) || !rbuf_end(r))
		return false;
	p->book[key.p[0]].sketch = sketch_copy(&k);
	return true;
}

static bool load_node(struct part *p, struct slice key, struct rbuf *r)
{
	autofree struct node *n = books_alloc(sizeof *n);
	if (!fact_of_get(r, FACT_NODE, &n->f, sizeof n->f))
		return false;
	get_bytes(r, n->op_pk, 32);
	n->good = get_u64(r);
	n->bad = get_u64(r);
	n->marked_ms = get_u64(r);
	n->deposit = get_money(r);
	if (!rbuf_end(r) || !key_is(key, &n->f.node, sizeof n->f.node))
		return false;
	struct node *item = take_ptr(n);
	HASH_ADD(hh, p->nodes, f.node, sizeof item->f.node, item);
	return true;
}

static bool load_order(struct part *p, struct slice key, struct slice value)
{
	struct order *o;
	if (!order_get(value, &o))
		return false;
	if (!key_is(key, &o->f.order, sizeof o->f.order)) {
		order_free(o);
		return false;
	}
	HASH_ADD(hh, p->orders, f.order, sizeof o->f.order, o);
	return true;
}

static bool load_lease(struct part *p, struct slice key, struct slice value)
{
	struct lease *l;
	if (!lease_get(value, &l))
		return false;
	if (!key_is(key, &l->f.lease, sizeof l->f.lease)) {
		lease_free(l);
		return false;
	}
	HASH_ADD(hh, p->leases, f.lease, sizeof l->f.lease, l);
	return true;
}

static bool load_token(struct part *p, struct slice key, struct rbuf *r)
{
	autofree struct token *k = books_alloc(sizeof *k);
	if (!fact_of_get(r, FACT_TOKEN, &k->f, sizeof k->f))
		return false;
	k->deposit = get_money(r);
	if (!rbuf_end(r) || key.len != 4 || token_of_key(key.p) != k->f.token)
		return false;
	token_add(p, take_ptr(k));
	return true;
}

static bool load_holding(struct part *p, struct slice key, struct rbuf *r)
{
	struct money amount = get_money(r);
	uint32_t away = get_u32(r);
	struct address payer = get_address(r);
	struct money deposit = get_money(r);
	if (!rbuf_end(r) || key.len != sizeof(struct holding_key) || (!away && money_is_zero(amount)))
		return false;
	struct holding *h = holding_add(p, (const struct holding_key *)key.p);
	h->amount = amount;
	h->away = away;
	h->payer = payer;
	h->deposit = deposit;
	return true;
}

static bool load_cid(struct part *p, struct slice key, struct rbuf *r)
{
	uint64_t time_ms = get_u64(r);
	if (key.len != sizeof(struct cid_key) || !rbuf_end(r))
		return false;
	cid_add(p, (const struct cid_key *)key.p, time_ms);
	return true;
}

static bool load_outbox(struct part *p, struct slice key, struct slice value)
{
	if (key.len != 1 || key.p[0] >= CHAINS || value.len == 0) /* an empty one has no record */
		return false;
	struct outbox *o = &p->out[key.p[0]];
	struct rbuf r = rbuf_on(value.p, value.len);
	struct receipt in;
	while (r.pos < r.len) {
		if (!receipt_get(&r, &in) || (!in.token && !money_add(o->sum, money_of(in.amount), &o->sum)))
			return false;
		o->n++;
		o->moves += in.kind == RCPT_MOVE;
	}
	struct wbuf w = bytes_begin(&o->bytes, value.len);
	put_bytes(&w, value.p, value.len);
	bytes_end(&o->bytes, &w);
	p->out_stored[key.p[0]] = true;
	return money_add(p->out_total, o->sum, &p->out_total);
}

static bool load_meta(struct part *p, struct slice value)
{
	struct rbuf r = rbuf_on(value.p, value.len);
	p->total = get_money(&r);
	p->trades = get_u64(&r);
	p->reserve = get_money(&r);
	p->pool = get_money(&r);
	p->commission = get_money(&r);
	uint32_t changed = get_u32(&r);
	if (changed >> GENESIS_SYMBOLS_MAX)
		return false;
	fill_get(&r, &p->fill);
	traffic_get(&r, &p->traffic);
	for (size_t i = 0; p->lane == 0 && i < CHAINS; i++)
		p->weight[i] = get_u64(&r);
	if (p->lane == 0) {
		p->mig_epoch = get_u64(&r);
		p->mig_turn = get_u64(&r);
	}
	for (size_t i = 0; i < GENESIS_SYMBOLS_MAX; i++)
		p->book[i].changed = changed >> i & 1;
	p->meta.len = 0;
	struct wbuf w = bytes_begin(&p->meta, value.len);
	put_bytes(&w, value.p, value.len);
	bytes_end(&p->meta, &w);
	return rbuf_end(&r);
}

bool record_load(struct part *p, uint8_t kind, struct slice id, struct slice value)
{
	struct rbuf r = rbuf_on(value.p, value.len);
	switch (kind) {
	case REC_META: return load_meta(p, value);
	case REC_HOME: return load_home(p, id, &r);
	case REC_NODE_HOME: return load_node_home(p, id, &r);
	case REC_APP: return load_app(p, id, &r);
	case REC_ACCOUNT: return load_account(p, id, &r);
	case REC_NODE: return load_node(p, id, &r);
	case REC_ORDER: return load_order(p, id, value);
	case REC_LEASE: return load_lease(p, id, value);
	case REC_CID: return load_cid(p, id, &r);
	case REC_TOKEN: return load_token(p, id, &r);
	case REC_HOLDING: return load_holding(p, id, &r);
	case REC_OUTBOX: return load_outbox(p, id, value);
	case REC_VOTER: return voter_load(p, id, &r);
	case REC_SITE_VOTES: return site_votes_load(p, id, &r);
	case REC_SYMBOL: return load_symbol(p, id, &r);
	}
	return false;
}

bool state_load(struct state *s, struct slice key, struct slice value)
{
	if (key.len < 2 || key.p[0] >= CHAINS)
		return false;
	return record_load(&s->part[key.p[0]], key.p[1], (struct slice){key.p + 2, key.len - 2}, value);
}
