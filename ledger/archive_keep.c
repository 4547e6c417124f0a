/* How much of the past stays: whole blocks down to a height, and what each of the newest blocks replaced in the books.
 *
 * Knows: that a pruned block keeps its headers and its proof, and that the old value of a record is read before the new one is written.
 * Does not know: what a record means, nor how a state is made of them (archive_past.c). */
#include "common/cleanup.h"
#include "ledger/archive_key.h"
#include <errno.h>
#include <string.h>

#define PRUNE_AT_ONCE 8 /* lists dropped with one new block, so that no commit becomes long */

struct undo { const struct archive *b; uint8_t *p; size_t len, cap; int rc; };

static void undo_add(struct undo *u, struct slice key, bool there, struct slice value)
{
	size_t need = 9 + key.len + value.len;
	if (u->cap - u->len < need) {
		u->cap = 2 * u->cap + need;
		u->p = realloc(u->p, u->cap);
		if (!u->p)
			abort();
	}
	struct wbuf w = wbuf_on(u->p + u->len, need);
	put_blob(&w, key.p, key.len);
	put_u8(&w, there);
	put_blob(&w, value.p, value.len);
	u->len += w.len;
}

static void undo_note(void *arg, struct slice key, struct slice value)
{
	(void)value;
	struct undo *u = arg;
	uint8_t k[ARCHIVE_KEY_MAX];
	autofree uint8_t *old = NULL;
	size_t len = 0;
	if (u->rc || key.len + 1 > sizeof k)
		return;
	k[0] = 's';
	memcpy(k + 1, key.p, key.len);
	int rc = store_get(u->b->store, (struct slice){k, key.len + 1}, &old, &len);
	if (rc < 0 && rc != -ENOENT)
		u->rc = rc;
	undo_add(u, key, rc == 0, (struct slice){old, len});
}

static int keep_state(struct archive *b, struct store_batch *batch, uint64_t height)
{
	struct archive_key k;
	struct undo u = {.b = b};
	if (!b->keep_states)
		return 0;
	chain_changes(b->chain, undo_note, &u);
	store_batch_put(batch, archive_height_key(&k, 'u', height), (struct slice){u.p, u.len});
	free(u.p);
	if (height > b->keep_states)
		store_batch_delete(batch, archive_height_key(&k, 'u', height - b->keep_states));
	return u.rc;
}

/* Cut to proof and headers. */
static int prune_one(struct archive *b, struct store_batch *batch, uint64_t height)
{
	struct archive_key k;
	struct block *blk;
	char why[ARCHIVE_WHY];
	autofree uint8_t *p = NULL;
	size_t len;
	int rc = archive_block_load(b, height, &blk, why);
	if (rc < 0)
		return rc;
	size_t keep = ARCHIVE_PROOF_LEN + block_headers(blk).len;
	archive_unindex(blk, batch);
	block_free(blk);
	struct slice key = archive_height_key(&k, 'b', height);
	rc = store_get(b->store, key, &p, &len);
	if (rc == 0)
		store_batch_put(batch, key, (struct slice){p, keep});
	return rc;
}

static int keep_lists(struct archive *b, struct store_batch *batch, uint64_t height)
{
	uint64_t from = b->lowest;
	uint8_t v[8];
	struct wbuf w = wbuf_on(v, sizeof v);
	if (!b->keep_blocks)
		return 0;
	for (int i = 0; i < PRUNE_AT_ONCE && b->lowest + b->keep_blocks <= height; i++) {
		int rc = prune_one(b, batch, b->lowest);
		if (rc < 0)
			return rc;
		b->lowest++;
	}
	put_u64(&w, b->lowest);
	if (from != b->lowest)
		store_batch_put(batch, archive_plain_key("l"), (struct slice){v, w.len});
	return 0;
}

int archive_keep_block(struct archive *b, struct store_batch *batch, uint64_t height)
{
	int rc = keep_state(b, batch, height);
	return rc ? rc : keep_lists(b, batch, height);
}

struct sweep { struct store_batch *batch; uint64_t below; };

static bool sweep_one(void *arg, struct slice key, struct slice value)
{
	struct sweep *s = arg;
	uint64_t height = 0;
	(void)value;
	for (size_t i = 1; i < key.len; i++)
		height = height << 8 | key.p[i];
	if (height >= s->below)
		return false; /* they come in order */
	store_batch_delete(s->batch, key);
	return true;
}

int archive_keep(struct archive *b, uint32_t blocks, uint32_t states)
{
	uint64_t head = chain_tip(b->chain).height;
	struct sweep s = {store_batch_new(), states ? (head + 1 > states ? head + 1 - states : 0) : UINT64_MAX};
	b->keep_blocks = blocks;
	b->keep_states = states;
	int rc = store_each(b->store, archive_plain_key("u"), sweep_one, &s);
	int written = store_commit(b->store, s.batch);
	return rc ? rc : written;
}
