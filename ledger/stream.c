/* Facts on their way to one reader.
 *
 * Knows: when a reader can go on where it was, how a snapshot begins and ends, that a message holds whole facts only.
 * Does not know: sockets. It keeps at most one height's facts (or one snapshot) in memory; the rest stays in the archive. */
#include "ledger/stream.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX (WIRE_MAX - WIRE_HEAD_LEN)
#define FACT_HEAD_LEN 5

struct growing { uint8_t *p; size_t len, cap; };

static void reserve(struct growing *g, size_t room)
{
	if (g->cap - g->len >= room)
		return;
	g->cap = 2 * g->cap + room;
	g->p = realloc(g->p, g->cap);
	if (!g->p)
		abort();
}

static void add_fact(void *arg, const struct fact *f)
{
	struct growing *g = arg;
	reserve(g, FACT_HEAD_LEN + FACT_BODY_MAX);
	struct wbuf w = wbuf_on(g->p + g->len, g->cap - g->len);
	fact_put(&w, f);
	if (w.bad)
		abort(); /* no fact is that long */
	g->len += w.len;
}

static bool add_facts(void *arg, struct slice facts)
{
	struct growing *g = arg;
	reserve(g, facts.len);
	memcpy(g->p + g->len, facts.p, facts.len);
	g->len += facts.len;
	return true;
}

static void add_books(struct growing *g, const struct state *s, const struct chain *c)
{
	state_snapshot(s, add_fact, g);
	chain_head_facts(c, add_fact, g);
}

static void add_reset(struct growing *g)
{
	struct fact reset = {.kind = FACT_RESET};
	add_fact(g, &reset);
}

void stream_books(const struct state *s, const struct chain *c, uint8_t **p, size_t *len)
{
	struct growing g = {NULL, 0, 0};
	add_reset(&g);
	add_books(&g, s, c);
	*p = g.p;
	*len = g.len;
}

/* Nothing in the history is alive, so nothing is left of it where the snapshot says otherwise; and no event is in both. */
static int snapshot(struct stream *t, const struct archive *a, bool history)
{
	struct growing g = {NULL, 0, 0};
	add_reset(&g);
	int rc = history ? history_each(&a->history, add_facts, &g) : 0;
	add_books(&g, a->state, a->chain);
	t->p = g.p;
	t->len = g.len;
	t->next = chain_tip(a->chain).height + 1;
	return rc;
}

/* It folded a block of ours and the facts since are kept. */
static bool can_go_on(const struct archive *a, const struct wire_hello *h)
{
	uint64_t head = chain_tip(a->chain).height;
	return h->height <= head && head - h->height < FACTS_KEEP_BLOCKS && archive_is(a, h->height, &h->hash);
}

int stream_open(struct stream *t, const struct archive *a, const struct wire_hello *h)
{
	stream_close(t);
	t->on = true;
	if (!can_go_on(a, h))
		return snapshot(t, a, h->history);
	t->next = h->height + 1;
	return 0;
}

void stream_fixed(struct stream *t, uint8_t *p, size_t len)
{
	stream_close(t);
	*t = (struct stream){.on = true, .next = STREAM_ENDED, .p = p, .len = len};
}

void stream_close(struct stream *t)
{
	free(t->p);
	*t = (struct stream){.on = false};
}

bool stream_on(const struct stream *t)
{
	return t->on;
}

uint64_t stream_next(const struct stream *t)
{
	return t->at < t->len ? t->next - 1 : t->next;
}

bool stream_pending(const struct stream *t, const struct archive *a)
{
	return t->on && (t->at < t->len || t->next <= chain_tip(a->chain).height);
}

static int stream_load(struct stream *t, const struct archive *a)
{
	free(t->p);
	t->p = NULL;
	t->len = t->at = 0;
	int rc = archive_facts(a, t->next, &t->p, &t->len);
	if (rc == 0)
		t->next++;
	return rc;
}

int stream_chunk(struct stream *t, const struct archive *a, struct slice *out)
{
	if (!stream_pending(t, a))
		return -EAGAIN;
	if (t->next != STREAM_ENDED && chain_tip(a->chain).height >= t->next + FACTS_KEEP_BLOCKS)
		return -ENOENT; /* what follows the facts at hand is gone */
	int rc = t->at < t->len ? 0 : stream_load(t, a);
	if (rc < 0)
		return rc;
	size_t end = t->at;
	struct rbuf r = rbuf_on(t->p + t->at, t->len - t->at);
	struct slice one;
	while (fact_skip(&r, &one) && r.pos <= CHUNK_MAX)
		end = t->at + r.pos;
	if (end == t->at)
		return -EIO;
	*out = (struct slice){t->p + t->at, end - t->at};
	return 0;
}

void stream_sent(struct stream *t, size_t len)
{
	t->at += len;
}
