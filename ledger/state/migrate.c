/* How an account changes lanes: its records leave as receipts in the round in which chain 0 says so, and are at the new home before
 * anything else of the next round (PROTOCOL 3.6).
 *
 * What goes: the account, its holdings and nodes, and its command ids. Orders, leases and definitions stay where they are and find it by
 * its home. What was on its way to the old home is sent after it, once. Does not know who should move (nominate.c). */
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"

#define CID_BYTES (CID_LEN + 8)
#define CIDS_PER_RECEIPT ((RECEIPT_PAYLOAD_MAX - 1) / CID_BYTES)

/* --- leaving --- */

struct luggage { struct state *s; struct part *p; struct dirty *key; size_t n, cap; };

static void pack(struct luggage *l, uint8_t kind, const struct address *owner, const void *key, size_t len)
{
	if (home_of(l->s, owner) == l->p->lane)
		return;
	l->key = books_array(l->key, &l->cap, l->n + 1, sizeof *l->key);
	struct dirty *d = &l->key[l->n++];
	*d = (struct dirty){.kind = kind, .len = (uint8_t)len};
	memcpy(d->key, key, len);
}

/* The tables' order does not matter: what was packed is sorted. */
static void pack_all(struct luggage *l)
{
	const struct part *p = l->p;
	for (const struct account *a = p->accounts; a; a = a->hh.next)
		pack(l, REC_ACCOUNT, &a->address, &a->address, sizeof a->address);
	for (const struct node *n = p->nodes; n; n = n->hh.next)
		pack(l, REC_NODE, &n->f.owner, &n->f.node, sizeof n->f.node);
	for (const struct holding *h = p->holdings; h; h = h->hh.next)
		pack(l, REC_HOLDING, &h->key.account, &h->key, sizeof h->key);
	for (const struct cid_seen *c = p->cids; c; c = c->hh.next)
		pack(l, REC_CID, &c->key.owner, &c->key, sizeof c->key);
	keys_sort(l->key, &l->n);
}

/* payload: kind, record. to: the object's id; of a holding its account, and the token is the receipt's. */
static void record_send(struct luggage *l, const struct dirty *d, uint8_t dst, struct money amount, uint32_t token)
{
	struct bytes value = {0}, payload = {0};
	if (!record_value(l->p, d->kind, d->key, d->len, &value))
		books_fatal("what moves is not there");
	struct wbuf w = bytes_begin(&payload, 1 + value.len);
	put_u8(&w, d->kind);
	put_bytes(&w, value.p, value.len);
	bytes_end(&payload, &w);
	struct receipt r = {.kind = RCPT_MOVE, .dst = dst, .token = token, .amount = money_base(amount), .payload = bytes_slice(&payload)};
	memcpy(r.to.b, d->key, sizeof r.to.b);
	part_emit(l->s, l->p, &r);
	free(payload.p);
	free(value.p);
}

/* The last that is said of it here: where it is now. */
static void record_farewell(const struct luggage *l, const struct dirty *d, uint8_t dst)
{
	autofree struct fact *f = books_alloc(sizeof *f);
	if (!key_fact(l->s, l->p, d, f))
		books_fatal("what moves is not there");
	if (f->kind == FACT_ACCOUNT)
		f->u.account.lane = dst;
	fact_emit(l->p, f);
	part_touch(l->p, (enum record_kind)d->kind, d->key, d->len);
}

static void account_leave(struct luggage *l, const struct dirty *d)
{
	struct account *a = account_find(l->p, (const struct address *)d->key);
	uint8_t dst = home_of(l->s, &a->address);
	struct money coins = money_of(0);
	if (!account_count(a, &coins))
		books_fatal("more money than the supply");
	record_send(l, d, dst, coins, 0);
	record_farewell(l, d, dst);
	HASH_DEL(l->p->accounts, a);
	account_free(a);
}

static void node_leave(struct luggage *l, const struct dirty *d)
{
	struct node *n = node_find(l->p, (const struct id *)d->key);
	n->f.lane = home_of(l->s, &n->f.owner);
	record_send(l, d, n->f.lane, money_of(0), 0);
	record_farewell(l, d, n->f.lane);
	HASH_DEL(l->p->nodes, n);
	free(n);
}

/* One that is empty and waits for nothing ends here, as it would have at the end of the round. */
static void holding_leave(struct luggage *l, const struct dirty *d)
{
	struct holding *h;
	HASH_FIND(hh, l->p->holdings, d->key, sizeof h->key, h);
	uint8_t dst = home_of(l->s, &h->key.account);
	bool empty = !h->away && money_is_zero(h->amount);
	if (!empty)
		record_send(l, d, dst, h->amount, token_of_key(h->key.token));
	record_farewell(l, d, dst);
	if (empty) {
		holding_drop(l->s, l->p, h);
		return;
	}
	HASH_DEL(l->p->holdings, h);
	free(h);
}

/* payload: kind, n x (cid, time). Returns how many of the same owner went. */
static size_t cids_leave(struct luggage *l, const struct dirty *d, size_t left)
{
	uint8_t buf[1 + CIDS_PER_RECEIPT * CID_BYTES];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	size_t n = 0;
	struct receipt r = {.kind = RCPT_MOVE};
	memcpy(r.to.b, d->key, sizeof r.to.b);
	r.dst = home_of(l->s, (const struct address *)d->key);
	put_u8(&w, REC_CID);
	for (; n < left && n < CIDS_PER_RECEIPT && d[n].kind == REC_CID && memcmp(d[n].key, d->key, sizeof(struct address)) == 0; n++) {
		struct cid_seen *c;
		HASH_FIND(hh, l->p->cids, d[n].key, sizeof c->key, c);
		put_bytes(&w, c->key.cid.b, CID_LEN);
		put_u64(&w, c->time_ms);
		part_touch(l->p, REC_CID, d[n].key, d[n].len);
		cid_drop(l->p, c);
	}
	r.payload = (struct slice){buf, w.len};
	part_emit(l->s, l->p, &r);
	return n;
}

static size_t leave(struct luggage *l, size_t at)
{
	const struct dirty *d = &l->key[at];
	if (d->kind == REC_CID)
		return cids_leave(l, d, l->n - at);
	if (d->kind == REC_ACCOUNT)
		account_leave(l, d);
	else if (d->kind == REC_NODE)
		node_leave(l, d);
	else
		holding_leave(l, d);
	return 1;
}

void state_ship(struct state *s, uint8_t lane)
{
	struct luggage l = {.s = s, .p = &s->part[lane]};
	if (!s->part[0].leaving[lane])
		return;
	l.p->phase = PHASE_INBOUND;
	pack_all(&l);
	for (size_t i = 0; i < l.n;)
		i += leave(&l, i);
	free(l.key);
}

/* --- arriving --- */

static bool cids_take(struct part *p, const struct id *owner, struct rbuf *r)
{
	struct cid_key key;
	memcpy(key.owner.b, owner->b, sizeof key.owner.b);
	while (!r->bad && r->pos < r->len) {
		get_bytes(r, key.cid.b, CID_LEN);
		cid_add(p, &key, get_u64(r));
		part_touch(p, REC_CID, &key, sizeof key);
	}
	p->cids_mixed = true;
	return !r->bad;
}

static bool record_take(struct part *p, const struct receipt *in, uint8_t *kind)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	*kind = get_u8(&r);
	if (r.bad)
		return false;
	if (*kind == REC_CID)
		return cids_take(p, &in->to, &r);
	struct slice value = {in->payload.p + 1, in->payload.len - 1};
	struct holding_key key;
	memcpy(key.account.b, in->to.b, sizeof key.account.b);
	token_key(in->token, key.token);
	struct slice id = {in->to.b, sizeof in->to.b};
	if (*kind == REC_HOLDING)
		id = (struct slice){(const uint8_t *)&key, sizeof key};
	if ((*kind != REC_ACCOUNT && *kind != REC_NODE && *kind != REC_HOLDING) || !record_load(p, *kind, id, value))
		return false;
	part_touch(p, (enum record_kind)*kind, id.p, id.len);
	return true;
}

void move_receive(struct part *p, const struct receipt *in)
{
	uint8_t kind;
	if (!record_take(p, in, &kind))
		books_fatal("what moved cannot be read");
	if (kind != REC_ACCOUNT)
		return;
	p->traffic.moved++;
	stake_arm(p, account_find(p, (const struct address *)(const void *)&in->to));
}

bool state_moving(const struct state *s)
{
	for (size_t i = 0; i < CHAINS * CHAINS; i++)
		if (s->part[i / CHAINS].old[i % CHAINS].moves)
			return true;
	return false;
}

void move_facts(const struct state *s, const struct receipt *in, void (*cb)(void *arg, const struct fact *f), void *arg)
{
	struct part *p = books_alloc(sizeof *p);
	autofree struct fact *f = books_alloc(sizeof *f);
	uint8_t kind;
	p->lane = in->dst;
	if (!record_take(p, in, &kind))
		books_fatal("what moves cannot be read");
	if (key_fact(s, p, &p->dirty[p->ndirty - 1], f)) /* what was taken is what was touched last */
		cb(arg, f);
	part_clear(p);
	free(p);
}

/* --- what comes too late --- */

static bool for_account(uint8_t kind)
{
	switch ((enum receipt_kind)kind) {
	case RCPT_CREDIT:
	case RCPT_BOUNCE:
	case RCPT_RESULT:
	case RCPT_TOKEN:
	case RCPT_RELEASE:
	case RCPT_PROXY: return true;
	case RCPT_NEW:
	case RCPT_ORDER:
	case RCPT_CANCEL:
	case RCPT_AMEND:
	case RCPT_REG:
	case RCPT_EVENT:
	case RCPT_WEIGHT:
	case RCPT_VOTE:
	case RCPT_NOMINATE:
	case RCPT_MOVE: break;
	}
	return false;
}

bool move_forward(struct state *s, struct part *p, const struct receipt *in)
{
	const struct address *to = (const struct address *)(const void *)&in->to;
	if (p->lane == 0 || !for_account(in->kind) || account_find(p, to))
		return false;
	struct receipt on = *in;
	on.dst = home_of(s, to);
	if (on.dst == 0)
		return false; /* nobody: whoever reads it knows what to do */
	if (on.dst == p->lane)
		books_fatal("an account is not where it lives");
	part_emit(s, p, &on);
	return true;
}

/* --- I4 --- */

/* How many accounts are on their way along this chain's receipts; -1: one of them goes elsewhere than home. */
static int64_t travellers(const struct state *s, const struct part *p)
{
	int64_t n = 0;
	for (uint8_t dst = 0; dst < CHAINS; dst++) {
		struct rbuf r = rbuf_on(p->out[dst].bytes.p, p->out[dst].bytes.len);
		struct receipt in;
		while (r.pos < r.len && receipt_get(&r, &in)) {
			bool moves = in.kind == RCPT_MOVE && in.payload.len && in.payload.p[0] == REC_ACCOUNT;
			if (!moves && (in.kind != RCPT_NEW || p->lane != 0))
				continue;
			if (home_of(s, (const struct address *)(const void *)&in.to) != dst)
				return -1;
			n++;
		}
	}
	return n;
}

bool homes_agree(const struct state *s)
{
	uint64_t n = 0;
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		const struct part *p = &s->part[lane];
		int64_t on_the_way = travellers(s, p);
		if (on_the_way < 0)
			return false;
		n += (uint64_t)on_the_way + HASH_COUNT(p->accounts);
		for (const struct account *a = p->accounts; a; a = a->hh.next)
			if (home_of(s, &a->address) != lane)
				return false;
		for (const struct node *m = p->nodes; m; m = m->hh.next)
			if (home_of(s, &m->f.owner) != lane || m->f.lane != lane)
				return false;
		for (const struct holding *h = p->holdings; h; h = h->hh.next)
			if (home_of(s, &h->key.account) != lane)
				return false;
	}
	for (const struct node_home *m = s->part[0].node_homes; m; m = m->hh.next)
		if (home_of(s, &m->owner) != m->lane)
			return false;
	return n == HASH_COUNT(s->part[0].homes);
}
