/* The books' tables, growing memory, changed keys and out-boxes.
 *
 * Knows how a partition is stored in memory and how money leaves it in a receipt. Does not know what any transaction means, nor
 * how records and facts are written. A hash table here is an index only; no result may depend on its order. */
#include <string.h>
#include "ledger/state/books.h"

void books_fatal(const char *why)
{
	fprintf(stderr, "ledger: %s\n", why);
	abort();
}

void *books_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		books_fatal("out of memory");
	return p;
}

void *books_copy(const void *from, size_t size)
{
	return memcpy(books_alloc(size), from, size);
}

void *books_array(void *p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return p;
	size_t want = *cap ? *cap * 2 : 16;
	while (want < need)
		want *= 2;
	p = reallocarray(p, want, size);
	if (!p)
		books_fatal("out of memory");
	*cap = want;
	return p;
}

struct wbuf bytes_begin(struct bytes *b, size_t room)
{
	b->p = books_array(b->p, &b->cap, b->len + room + 1, 1); /* never NULL, even for nothing */
	return wbuf_on(b->p + b->len, room);
}

void bytes_end(struct bytes *b, const struct wbuf *w)
{
	if (w->bad)
		books_fatal("a record is larger than its bound");
	b->len += w->len;
}

struct slice slice_copy(struct slice from)
{
	if (!from.len)
		return (struct slice){NULL, 0};
	uint8_t *p = books_alloc(from.len);
	memcpy(p, from.p, from.len);
	return (struct slice){p, from.len};
}

void slice_drop(struct slice *s)
{
	free((void *)s->p);
	*s = (struct slice){NULL, 0};
}

bool money_take(struct money *from, struct money amount)
{
	return money_sub(*from, amount, from);
}

void money_give(struct money *to, struct money amount)
{
	if (!money_add(*to, amount, to))
		books_fatal("more money than the supply");
}

void part_touch(struct part *p, enum record_kind kind, const void *key, size_t len)
{
	p->dirty = books_array(p->dirty, &p->cap_dirty, p->ndirty + 1, sizeof *p->dirty);
	struct dirty *d = &p->dirty[p->ndirty++];
	memset(d, 0, sizeof *d);
	d->kind = (uint8_t)kind;
	d->len = (uint8_t)len;
	memcpy(d->key, key, len);
}

void part_emit(struct state *s, struct part *p, struct receipt *r)
{
	struct outbox *o = &p->out[r->dst];
	r->src = p->lane;
	r->idx = o->n++;
	r->height = s->height;
	o->from_tx += p->phase == PHASE_TX;
	o->from_timed += p->phase == PHASE_TIMED;
	o->moves += r->kind == RCPT_MOVE;
	if (p->phase == PHASE_TX)
		traffic_sent(p, r->dst);
	struct wbuf w = bytes_begin(&o->bytes, RECEIPT_HEAD_LEN + r->payload.len);
	receipt_put(&w, r);
	bytes_end(&o->bytes, &w);
	if (r->token)
		return;
	struct money amount = money_of(r->amount);
	if (!money_take(&p->total, amount))
		books_fatal("a lane sends money it does not hold");
	money_give(&o->sum, amount);
	money_give(&p->out_total, amount);
}

bool part_room(const struct part *p, uint32_t n)
{
	for (size_t dst = 0; dst < CHAINS; dst++) {
		const struct outbox *o = &p->out[dst];
		if (p->phase == PHASE_TX && o->from_tx + n > OUTBOX_TX_MAX)
			return false;
		if (p->phase == PHASE_TIMED && o->from_timed + n > OUTBOX_TIMER_MAX)
			return false;
	}
	return true;
}

struct account *account_find(const struct part *p, const struct address *a)
{
	struct account *found;
	HASH_FIND(hh, p->accounts, a, sizeof *a, found);
	return found;
}

struct node *node_find(const struct part *p, const struct id *id)
{
	struct node *found;
	HASH_FIND(hh, p->nodes, id, sizeof *id, found);
	return found;
}

struct order *order_find(const struct part *p, const struct id *id)
{
	struct order *found;
	HASH_FIND(hh, p->orders, id, sizeof *id, found);
	return found;
}

struct lease *lease_find(const struct part *p, const struct id *id)
{
	struct lease *found;
	HASH_FIND(hh, p->leases, id, sizeof *id, found);
	return found;
}

const struct app *app_find(const struct state *s, const char *name)
{
	struct app *found;
	HASH_FIND(hh, s->part[0].apps, name, strlen(name), found);
	return found;
}

const struct node_home *node_home_find(const struct state *s, const struct id *id)
{
	struct node_home *found;
	HASH_FIND(hh, s->part[0].node_homes, id, sizeof *id, found);
	return found;
}

uint8_t home_of(const struct state *s, const struct address *a)
{
	struct home *found;
	HASH_FIND(hh, s->part[0].homes, a, sizeof *a, found);
	return found ? found->lane : 0;
}

struct home *home_add(struct part *zero, const struct address *a, uint8_t lane)
{
	struct home *h = books_alloc(sizeof *h);
	h->address = *a;
	h->lane = lane;
	HASH_ADD(hh, zero->homes, address, sizeof h->address, h);
	zero->population[lane]++;
	return h;
}

struct address auth_address(const struct auth *a)
{
	uint8_t buf[2 + 33 * 16];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	auth_put(&w, a);
	struct id h = hash_of("zeus/addr", buf, w.len);
	struct address address;
	memcpy(address.b, h.b, sizeof address.b);
	return address;
}

/* Sixteen keys have room in a struct auth; nearly all accounts have one, and most of their memory would be that room. */
void account_keys(struct account *a, const struct auth *auth)
{
	size_t size = offsetof(struct auth, key) + auth->n * sizeof auth->key[0];
	struct auth *keys = books_alloc(size);
	memcpy(keys, auth, size);
	free(a->auth);
	a->auth = keys;
}

void account_free(struct account *a)
{
	free(a->auth);
	free(a->vesting);
	free(a->stake);
	free(a->sketch);
	free(a);
}

struct account *account_add(struct part *p, const struct address *address, const struct auth *auth, const uint8_t x25519[32],
    struct money balance)
{
	struct account *a = books_alloc(sizeof *a);
	a->address = *address;
	account_keys(a, auth);
	memcpy(a->x25519, x25519, sizeof a->x25519);
	a->balance = balance;
	HASH_ADD(hh, p->accounts, address, sizeof a->address, a);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	return a;
}

bool account_count(const struct account *a, struct money *sum)
{
	return money_add(*sum, a->balance, sum) && money_add(*sum, a->deposit, sum) &&
	    (!a->stake || (money_add(*sum, a->stake->staked, sum) && money_add(*sum, a->stake->unstaking, sum)));
}

struct cid_seen *cid_add(struct part *p, const struct cid_key *key, uint64_t time_ms)
{
	struct cid_seen *c = books_alloc(sizeof *c);
	c->key = *key;
	c->time_ms = time_ms;
	HASH_ADD(hh, p->cids, key, sizeof c->key, c);
	struct account *a = account_find(p, &key->owner);
	if (a)
		a->cids++;
	return c;
}

void cid_drop(struct part *p, struct cid_seen *c)
{
	struct account *a = account_find(p, &c->key.owner);
	if (a)
		a->cids--;
	HASH_DEL(p->cids, c);
	free(c);
}

const struct fact_symbol *symbol_find(const struct state *s, uint32_t symbol, size_t *index)
{
	for (size_t i = 0; i < s->genesis.nsymbols; i++) {
		if (s->genesis.symbol[i].symbol != symbol)
			continue;
		if (index)
			*index = i;
		return &s->genesis.symbol[i];
	}
	return NULL;
}

#define TABLE_CLEAR(head, type, release)                \
	do {                                            \
		type *item, *next;                      \
		HASH_ITER (hh, head, item, next) {      \
			HASH_DEL(head, item);           \
			release;                        \
		}                                       \
	} while (0)

static void tables_clear(struct part *p)
{
	TABLE_CLEAR(p->accounts, struct account, account_free(item));
	TABLE_CLEAR(p->nodes, struct node, free(item));
	TABLE_CLEAR(p->orders, struct order, order_free(item));
	TABLE_CLEAR(p->leases, struct lease, lease_free(item));
	TABLE_CLEAR(p->cids, struct cid_seen, free(item));
	TABLE_CLEAR(p->holdings, struct holding, free(item));
	HASH_CLEAR(by_symbol, p->symbols);
	TABLE_CLEAR(p->tokens, struct token, free(item));
	TABLE_CLEAR(p->homes, struct home, free(item));
	TABLE_CLEAR(p->node_homes, struct node_home, free(item));
	TABLE_CLEAR(p->voters, struct voter, free(item));
	TABLE_CLEAR(p->site_votes, struct site_votes, free(item));
	TABLE_CLEAR(p->apps, struct app, { slice_drop(&item->f.meta); free(item); });
}

void part_clear(struct part *p)
{
	tables_clear(p);
	for (size_t i = 0; i < GENESIS_SYMBOLS_MAX; i++) {
		free(p->book[i].side[SIDE_ASK].o);
		free(p->book[i].side[SIDE_BID].o);
		free(p->book[i].once);
		free(p->book[i].sketch);
	}
	for (size_t i = 0; i < CHAINS; i++) {
		free(p->out[i].bytes.p);
		free(p->old[i].bytes.p);
	}
	free(p->heap.t);
	free(p->facts.p);
	free(p->meta.p);
	free(p->dirty);
	free(p->before);
	free(p->candidates);
	*p = (struct part){.lane = p->lane};
}
