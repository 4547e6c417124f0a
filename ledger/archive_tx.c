/* Transactions by their names: the index from txid to block, and proofs.
 *
 * Knows what the index holds and that it is only a hint: whoever finds a place there looks whether the block really has the transaction.
 * Does not know what else a block's write consists of (archive.c), nor the text of a proof (ledger/chain). */
#include "common/cleanup.h"
#include "ledger/archive_key.h"
#include "ledger/chain/proof.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 16
#define PLACE_LEN (2 * 13)

struct name { uint8_t b[1 + NAME_BYTES]; };

static struct slice name_key(struct name *k, const struct id *txid)
{
	k->b[0] = 't';
	memcpy(k->b + 1, txid->b, NAME_BYTES);
	return (struct slice){k->b, sizeof k->b};
}

static void put_ref(struct wbuf *w, const struct leaf_ref *r)
{
	put_u64(w, r->height);
	put_u8(w, r->lane);
	put_u32(w, r->leaf);
}

static struct leaf_ref get_ref(struct rbuf *r)
{
	struct leaf_ref at = {.height = get_u64(r)};
	at.lane = get_u8(r);
	at.leaf = get_u32(r);
	return at;
}

/* Of a pruned block: nothing. */
static struct rbuf list_of(const struct block *blk, uint8_t lane)
{
	struct slice list = block_whole(blk) ? block_txs(blk, lane) : (struct slice){NULL, 0};
	return list.len > 4 ? rbuf_on(list.p + 4, list.len - 4) : rbuf_on("", 0);
}

void archive_index(const struct archive *b, const struct block *blk, struct store_batch *batch)
{
	struct block_leaf l;
	struct name k;
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		struct rbuf r = list_of(blk, lane);
		for (uint32_t i = 0; block_leaf_next(&r, &l); i++) {
			struct leaf_ref at = {block_header(blk)->height, lane, i}, before = state_leaf_before(b->state, lane, i);
			uint8_t v[PLACE_LEN];
			struct wbuf w = wbuf_on(v, sizeof v);
			put_ref(&w, &at);
			put_ref(&w, &before);
			store_batch_put(batch, name_key(&k, &l.txid), (struct slice){v, w.len});
		}
	}
}

void archive_unindex(const struct block *blk, struct store_batch *batch)
{
	struct block_leaf l;
	struct name k;
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		struct rbuf r = list_of(blk, lane);
		while (block_leaf_next(&r, &l))
			store_batch_delete(batch, name_key(&k, &l.txid));
	}
}

/* Is it really there? */
static int place_check(const struct archive *b, const struct id *txid, struct tx_place *p)
{
	struct block *blk;
	struct block_leaf l;
	int rc = p->at.lane < CHAINS ? archive_block(b, p->at.height, &blk) : -ENOENT;
	if (rc < 0)
		return rc;
	struct rbuf r = list_of(blk, p->at.lane);
	uint32_t i = 0;
	rc = -ENOENT;
	while (i <= p->at.leaf && block_leaf_next(&r, &l))
		i++;
	if (i == (uint64_t)p->at.leaf + 1 && id_cmp(&l.txid, txid) == 0) {
		p->status = l.status;
		rc = 0;
	}
	block_free(blk);
	return rc;
}

int archive_find(const struct archive *b, const struct id *txid, struct tx_place *out)
{
	struct name k;
	size_t len;
	autofree uint8_t *v = NULL;
	struct tx_place p = {.status = 0};
	int rc = store_get(b->store, name_key(&k, txid), &v, &len);
	if (rc < 0)
		return rc;
	struct rbuf r = rbuf_on(v, len);
	p.at = get_ref(&r);
	p.before = get_ref(&r);
	rc = rbuf_end(&r) ? place_check(b, txid, &p) : -EBADMSG;
	if (rc == 0)
		*out = p;
	return rc;
}

int archive_proof(const struct archive *b, const struct leaf_ref *at, uint8_t **text, size_t *len)
{
	struct archive_key k;
	struct block *blk;
	char why[ARCHIVE_WHY];
	autofree uint8_t *v = NULL;
	size_t v_len;
	if (at->height > chain_tip(b->chain).height)
		return -ENOENT;
	int rc = store_get(b->store, archive_height_key(&k, 'b', at->height), &v, &v_len);
	rc = rc ? rc : archive_block_parse(b, at->height, (struct slice){v, v_len}, &blk, why);
	if (rc < 0)
		return rc;
	struct proof_seal by = {v[0], b->node_pk, v + 1};
	rc = proof_text(blk, at->lane, at->leaf, &by, 1, text, len) ? 0 : -ENOENT;
	block_free(blk);
	return rc;
}
