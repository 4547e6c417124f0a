/* The books as they were: today's records, with what every later block replaced put back, the newest first.
 *
 * Knows: that the oldest replacement after a height is that height's own value, and that what comes out must have the roots and sums that
 * the block's headers name. Does not know: what a record means. */
#include "common/cleanup.h"
#include "ledger/archive_key.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A record as it was. value.p NULL: there was none. Key and value lie in the undo's bytes. */
struct was { struct slice key, value; bool seen; UT_hash_handle hh; };
struct archive_past {
	const struct archive *a;
	struct store_view *view;
	uint64_t height, head;
	struct state *state;
	struct chain *chain;
	uint8_t **undo; size_t nundo;
	struct was *was;
	bool bad;
};

static bool undo_there(const struct archive *b, uint64_t height)
{
	struct archive_key k;
	autofree uint8_t *p = NULL;
	size_t len;
	return store_get(b->store, archive_height_key(&k, 'u', height), &p, &len) == 0;
}

int archive_past_begin(const struct archive *b, uint64_t height, struct archive_past **ret)
{
	uint64_t head = chain_tip(b->chain).height;
	if (height > head || (height < head && !undo_there(b, height + 1)))
		return -ENOENT;
	struct archive_past *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	*p = (struct archive_past){.a = b, .view = store_view_new(b->store), .height = height, .head = head};
	*ret = p;
	return 0;
}

static void was_add(struct archive_past *p, struct slice key, struct slice value)
{
	struct was *w;
	HASH_FIND(hh, p->was, key.p, key.len, w);
	if (w)
		return;
	w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct was){.key = key, .value = value};
	HASH_ADD_KEYPTR(hh, p->was, w->key.p, w->key.len, w);
}

static bool undo_read(struct archive_past *p, uint64_t height)
{
	struct archive_key k;
	uint8_t *bytes;
	size_t len;
	if (store_view_get(p->view, archive_height_key(&k, 'u', height), &bytes, &len) < 0)
		return false;
	p->undo[p->nundo++] = bytes;
	struct rbuf r = rbuf_on(bytes, len);
	while (r.pos < r.len && !r.bad) {
		struct slice key = get_blob(&r, ARCHIVE_KEY_MAX);
		bool there = get_bool(&r);
		struct slice value = get_blob(&r, SIZE_MAX);
		if (!r.bad)
			was_add(p, key, there ? value : (struct slice){NULL, 0});
	}
	return !r.bad;
}

static bool record_put(struct archive_past *p, struct slice key, struct slice value)
{
	return state_load(p->state, key, value) && chain_load_record(p->chain, key, value);
}

static bool record_now(void *arg, struct slice key, struct slice value)
{
	struct archive_past *p = arg;
	struct slice k = {key.p + 1, key.len - 1};
	struct was *w;
	HASH_FIND(hh, p->was, k.p, k.len, w);
	if (w) {
		w->seen = true;
		value = w->value;
	}
	p->bad = value.p && !record_put(p, k, value);
	return !p->bad;
}

static bool records_gone(struct archive_past *p)
{
	for (const struct was *w = p->was; w; w = w->hh.next)
		if (!w->seen && w->value.p && !record_put(p, w->key, w->value))
			return false;
	return true;
}

static int past_records(struct archive_past *p, char *why)
{
	p->undo = calloc(p->head - p->height + 1, sizeof *p->undo);
	if (!p->undo)
		abort();
	for (uint64_t h = p->height + 1; h <= p->head; h++)
		if (!undo_read(p, h))
			return archive_refuse(why, "what block %llu replaced is missing or damaged", (unsigned long long)h);
	state_load_begin(p->state);
	int rc = store_view_each(p->view, archive_plain_key("s"), record_now, p);
	return rc < 0 || p->bad || !records_gone(p) ? archive_refuse(why, "a record of the books is damaged") : 0;
}

int archive_past_load(struct archive_past *p, char *why)
{
	struct archive_key k;
	struct block *blk;
	autofree uint8_t *bytes = NULL;
	size_t len;
	int rc = store_view_get(p->view, archive_height_key(&k, 'b', p->height), &bytes, &len);
	if (rc < 0)
		return archive_refuse(why, "block %llu is missing", (unsigned long long)p->height);
	rc = archive_block_parse(p->a, p->height, (struct slice){bytes, len}, &blk, why);
	if (rc < 0)
		return rc;
	struct tip tip = block_tip(blk);
	if (state_new(p->a->genesis, &p->state) != V_OK)
		abort(); /* the same genesis as the archive's own */
	p->chain = chain_new(p->state, p->a->genesis);
	bool head = chain_load_head(p->chain, block_bytes(blk), why);
	block_free(blk);
	if (!head)
		return -EBADMSG;
	rc = past_records(p, why);
	if (rc < 0)
		return rc;
	if (!state_load_end(p->state, tip.height, tip.time_ms))
		return archive_refuse(why, "the books at height %llu do not agree with themselves", (unsigned long long)tip.height);
	return chain_load_end(p->chain, why) ? 0 : -EBADMSG;
}

const struct state *archive_past_state(const struct archive_past *p) { return p->state; }
const struct chain *archive_past_chain(const struct archive_past *p) { return p->chain; }

void archive_past_free(struct archive_past *p)
{
	struct was *w, *next;
	if (!p)
		return;
	HASH_ITER (hh, p->was, w, next) {
		HASH_DEL(p->was, w);
		free(w);
	}
	for (size_t i = 0; i < p->nundo; i++)
		free(p->undo[i]);
	free(p->undo);
	chain_free(p->chain);
	state_free(p->state);
	store_view_free(p->view);
	free(p);
}
