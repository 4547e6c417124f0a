/* The waiting room of transactions.
 *
 * Knows: lines, their order, bounds, and which envelopes were verified already.
 * Does not know: keys, clients, blocks; it does not judge a transaction. */
#include "ledger/mempool.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define SEEN_SLOTS 8192

struct line_key { uint8_t entity[32], party[32]; };
struct mempool_line { struct line_key key; struct mempool_entry *first, *last; size_t n; UT_hash_handle hh; };
struct mempool { struct mempool_line *lines; size_t n, bytes; uint64_t seq; struct id seen[SEEN_SLOTS]; };

struct mempool *mempool_new(void)
{
	struct mempool *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	return m;
}

static void entry_free(struct mempool_entry *e)
{
	free(e->bytes);
	free(e->body);
	free(e);
}

void mempool_free(struct mempool *m)
{
	struct mempool_line *l, *after;
	HASH_ITER(hh, m->lines, l, after) {
		for (struct mempool_entry *e = l->first, *next; e; e = next) {
			next = e->next;
			entry_free(e);
		}
		HASH_DEL(m->lines, l);
		free(l);
	}
	free(m);
}

struct mempool_entry *mempool_entry_new(void)
{
	struct mempool_entry *e = calloc(1, sizeof *e);
	if (!e)
		abort();
	return e;
}

static struct line_key key_of(const struct tx *tx)
{
	struct line_key k;
	memcpy(k.entity, id_is_zero(&tx->scope) ? tx->sender.b : tx->scope.b, sizeof k.entity);
	memcpy(k.party, tx->sender.b, sizeof k.party);
	return k;
}

static struct mempool_line *line_find(const struct mempool *m, const struct tx *tx)
{
	struct line_key k = key_of(tx);
	struct mempool_line *l;
	HASH_FIND(hh, m->lines, &k, sizeof k, l);
	return l;
}

static struct mempool_line *line_get(struct mempool *m, const struct tx *tx)
{
	struct mempool_line *l = line_find(m, tx);
	if (l)
		return l;
	l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->key = key_of(tx);
	HASH_ADD(hh, m->lines, key, sizeof l->key, l);
	return l;
}

enum verdict mempool_add(struct mempool *m, struct mempool_entry *e)
{
	if (m->n >= MEMPOOL_MAX || m->bytes + e->size > MEMPOOL_BYTES_MAX)
		return V_BUSY;
	struct mempool_line *l = line_get(m, &e->p.tx);
	e->seq = m->seq++;
	e->line = l;
	e->next = NULL;
	if (l->last)
		l->last->next = e;
	else
		l->first = e;
	l->last = e;
	l->n++;
	m->n++;
	m->bytes += e->size;
	return V_OK;
}

void mempool_remove(struct mempool *m, struct mempool_entry *e)
{
	struct mempool_line *l = e->line;
	struct mempool_entry *before = NULL;
	for (struct mempool_entry *at = l->first; at != e; at = at->next)
		before = at;
	if (before)
		before->next = e->next;
	else
		l->first = e->next;
	if (l->last == e)
		l->last = before;
	l->n--;
	m->n--;
	m->bytes -= e->size;
	entry_free(e);
	if (l->n)
		return;
	HASH_DEL(m->lines, l);
	free(l);
}

size_t mempool_queued(const struct mempool *m, const struct tx *tx)
{
	const struct mempool_line *l = line_find(m, tx);
	return l ? l->n : 0;
}

size_t mempool_count(const struct mempool *m)
{
	return m->n;
}

bool mempool_ready(const struct mempool *m)
{
	for (const struct mempool_line *l = m->lines; l; l = l->hh.next)
		if (l->first->checked)
			return true;
	return false;
}

static uint64_t line_nonce(const struct mempool_line *l, const struct state *s)
{
	const struct tx *tx = &l->first->p.tx;
	uint64_t nonce = 0;
	bool exists;
	if (id_is_zero(&tx->scope))
		return state_nonce(s, &tx->sender, &exists);
	return state_party_nonce(s, &tx->scope, &tx->sender, &nonce) ? nonce : 0;
}

size_t mempool_take(struct mempool *m, struct pending_tx **out, size_t max, const struct state *s,
    void (*sign)(void *arg, struct mempool_entry *e), void *arg)
{
	size_t n = 0;
	for (struct mempool_line *l = m->lines; l && n < max; l = l->hh.next) {
		uint64_t nonce = line_nonce(l, s);
		for (struct mempool_entry *e = l->first; e && e->checked && n < max; e = e->next, nonce++) {
			if (e->custodial) {
				e->p.tx.nonce = nonce;
				sign(arg, e);
			}
			e->taken = true;
			out[n++] = &e->p;
		}
	}
	return n;
}

uint64_t mempool_seq(const struct mempool *m)
{
	return m->seq;
}

uint64_t mempool_oldest(const struct mempool *m)
{
	uint64_t oldest = m->seq;
	for (const struct mempool_line *l = m->lines; l; l = l->hh.next)
		if (l->first->seq < oldest)
			oldest = l->first->seq;
	return oldest;
}

static size_t seen_slot(const struct id *id)
{
	uint64_t x;
	memcpy(&x, id->b, sizeof x);
	return x % SEEN_SLOTS;
}

bool mempool_seen(const struct mempool *m, const struct id *envelope)
{
	return id_cmp(&m->seen[seen_slot(envelope)], envelope) == 0;
}

void mempool_remember(struct mempool *m, const struct id *envelope)
{
	m->seen[seen_slot(envelope)] = *envelope;
}
