/* The history that is kept beside the books.
 *
 * Knows: which facts are history, how they lie in the store, and that the oldest go when there are too many.
 * Does not know: who is told of it (stream.c), how facts come about. */
#include "ledger/history.h"
#include "common/cleanup.h"
#include "common/fact.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 10
#define CAP_FIRST 256

static const uint8_t kinds[HISTORY_KINDS] = {FACT_LANE, FACT_ORDER, FACT_TRADE, FACT_PAY};
_Static_assert(HISTORY_RECORD_BYTES > FACT_BODY_MAX + 5, "any fact fits in a record");
_Static_assert(HISTORY_KEEP_BYTES > HISTORY_RECORD_BYTES, "a record that was just written stays");

static struct slice record_key(uint8_t *k, size_t at, uint64_t number)
{
	struct wbuf w = wbuf_on(k, KEY_LEN);
	put_u8(&w, 'e');
	put_u8(&w, kinds[at]);
	for (int i = 0; i < 8; i++)
		put_u8(&w, (uint8_t)(number >> (56 - 8 * i)));
	return (struct slice){k, w.len};
}

/* Each fact of this kind that is history: one that is final. */
static bool is_history(uint8_t kind, struct slice bytes)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct fact f;
	if (bytes.p[0] != kind)
		return false;
	return kind != FACT_ORDER || (fact_next(&r, &f) && f.u.order.state >= ORDER_FILLED);
}

static void kind_grow(struct history_kind *k)
{
	size_t cap = k->cap ? 2 * k->cap : CAP_FIRST;
	uint32_t *len = calloc(cap, sizeof *len);
	if (!len)
		abort();
	for (uint64_t i = k->first; i < k->next; i++)
		len[i % cap] = k->len[i % k->cap];
	free(k->len);
	k->len = len;
	k->cap = cap;
}

static void kind_add(struct history_kind *k, size_t len)
{
	if (k->next - k->first == k->cap)
		kind_grow(k);
	k->len[k->next++ % k->cap] = (uint32_t)len;
	k->bytes += len;
}

static void record_put(struct history *h, size_t at, struct store_batch *batch, struct slice record)
{
	struct history_kind *k = &h->kind[at];
	uint8_t key[KEY_LEN];
	store_batch_put(batch, record_key(key, at, k->next), record);
	kind_add(k, record.len);
	while (k->bytes > HISTORY_KEEP_BYTES) {
		store_batch_delete(batch, record_key(key, at, k->first));
		k->bytes -= k->len[k->first++ % k->cap];
	}
}

static void kind_put(struct history *h, size_t at, struct store_batch *batch, struct slice facts, uint8_t room[HISTORY_RECORD_BYTES])
{
	struct rbuf r = rbuf_on(facts.p, facts.len);
	struct slice one;
	size_t n = 0;
	while (fact_skip(&r, &one)) {
		if (!is_history(kinds[at], one))
			continue;
		if (n + one.len > HISTORY_RECORD_BYTES) {
			record_put(h, at, batch, (struct slice){room, n});
			n = 0;
		}
		memcpy(room + n, one.p, one.len);
		n += one.len;
	}
	if (n)
		record_put(h, at, batch, (struct slice){room, n});
}

void history_put(struct history *h, struct store_batch *batch, struct slice facts)
{
	autofree uint8_t *room = malloc(HISTORY_RECORD_BYTES);
	if (!room)
		abort();
	for (size_t at = 0; at < HISTORY_KINDS; at++)
		kind_put(h, at, batch, facts, room);
}

struct opening { struct history_kind *k; uint8_t kind; bool bad; };

static bool record_sound(uint8_t kind, struct slice record)
{
	struct rbuf r = rbuf_on(record.p, record.len);
	struct slice one;
	while (fact_skip(&r, &one))
		if (!is_history(kind, one))
			return false;
	return record.len && record.len <= HISTORY_RECORD_BYTES && rbuf_end(&r);
}

static bool open_record(void *arg, struct slice key, struct slice value)
{
	struct opening *o = arg;
	uint64_t number = 0;
	for (size_t i = 2; i < key.len; i++)
		number = number << 8 | key.p[i];
	if (!o->k->cap)
		o->k->first = o->k->next = number;
	o->bad = key.len != KEY_LEN || number != o->k->next || !record_sound(o->kind, value);
	if (!o->bad)
		kind_add(o->k, value.len);
	return !o->bad;
}

int history_open(struct history *h, struct store *s)
{
	h->store = s;
	for (size_t at = 0; at < HISTORY_KINDS; at++) {
		struct opening o = {.k = &h->kind[at], .kind = kinds[at]};
		uint8_t prefix[] = {'e', kinds[at]};
		int rc = store_each(s, (struct slice){prefix, sizeof prefix}, open_record, &o);
		if (rc < 0 || o.bad)
			return o.bad ? -EBADMSG : rc;
	}
	return 0;
}

void history_close(struct history *h)
{
	for (size_t at = 0; at < HISTORY_KINDS; at++)
		free(h->kind[at].len);
	*h = (struct history){.store = NULL};
}

struct telling { bool (*cb)(void *arg, struct slice facts); void *arg; };

static bool tell_record(void *arg, struct slice key, struct slice value)
{
	struct telling *t = arg;
	(void)key;
	return t->cb(t->arg, value);
}

int history_each(const struct history *h, bool (*cb)(void *arg, struct slice facts), void *arg)
{
	struct telling t = {cb, arg};
	return store_each(h->store, (struct slice){(const uint8_t *)"e", 1}, tell_record, &t);
}
