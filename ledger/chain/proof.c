/* Proof texts: one transaction's way up to its block.
 *
 * Knows which lines a proof has and what each is hashed from. Does not know who sealed the block, nor where blocks and indexes lie. */
#include "ledger/chain/proof.h"
#include "ledger/chain/chain.h"
#include "ledger/crypto/hash.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_LEN_AT 88
#define LINE_ROOM 64

bool block_leaf_next(struct rbuf *r, struct block_leaf *out)
{
	struct block_leaf l;
	if (!block_tx_next(r, &l.status, &l.envelope) || l.envelope.len < TX_HEAD_LEN)
		return false;
	struct rbuf head = rbuf_on(l.envelope.p + BODY_LEN_AT, 4);
	l.signed_len = TX_HEAD_LEN + (size_t)get_u32(&head);
	if (l.signed_len > l.envelope.len)
		return false;
	l.txid = hash_of("zeus/txid", l.envelope.p, l.signed_len);
	*out = l;
	return true;
}

struct id block_leaf_hash(const struct block_leaf *l)
{
	struct id sigs = hash_of("zeus/sigs", l->envelope.p + l->signed_len, l->envelope.len - l->signed_len);
	return leaf_hash(&l->txid, &sigs, l->status);
}

struct text { char *p; size_t len, cap; };

static char *text_room(struct text *t, size_t need)
{
	if (t->cap - t->len < need) {
		t->cap = 2 * t->cap + need;
		t->p = chain_must(realloc(t->p, t->cap));
	}
	return t->p + t->len;
}

static void line_number(struct text *t, const char *key, uint64_t n)
{
	char *p = text_room(t, LINE_ROOM);
	t->len += (size_t)snprintf(p, LINE_ROOM, "%s %" PRIu64 "\n", key, n);
}

static void add_word(struct text *t, const char *word)
{
	size_t n = strlen(word);
	memcpy(text_room(t, n), word, n);
	t->len += n;
}

static void add_hex(struct text *t, const void *p, size_t len)
{
	hex_encode(p, len, text_room(t, 2 * len + 1)); /* its NUL is overwritten */
	t->len += 2 * len;
}

static void line_hex(struct text *t, const char *key, const void *p, size_t len)
{
	add_word(t, key);
	add_word(t, " ");
	add_hex(t, p, len);
	add_word(t, "\n");
}

static void line_path(struct text *t, const char *key, const struct id *leaf, size_t n, size_t index)
{
	struct id path[MERKLE_PATH_MAX];
	size_t depth = merkle_path(leaf, n, index, path);
	for (size_t i = 0; i < depth; i++)
		line_hex(t, key, path[i].b, sizeof path[i].b);
}

static void line_seal(struct text *t, const struct proof_seal *s)
{
	add_word(t, "seal ");
	char *p = text_room(t, LINE_ROOM);
	t->len += (size_t)snprintf(p, LINE_ROOM, "%u ", s->member);
	add_hex(t, s->pk, 32);
	add_word(t, " ");
	add_hex(t, s->sig, 64);
	add_word(t, "\n");
}

static void lines_tx(struct text *t, const struct block *b, uint8_t lane, uint32_t leaf, const struct block_leaf *l)
{
	add_word(t, "zeus-proof 1\n");
	line_number(t, "height", b->main.height);
	line_number(t, "lane", lane);
	line_number(t, "leaf", leaf);
	line_number(t, "leaves", b->lane[lane].tx_count);
	line_number(t, "status", l->status);
	line_hex(t, "txid", l->txid.b, sizeof l->txid.b);
	line_hex(t, "tx", l->envelope.p, l->signed_len);
	line_hex(t, "sigs", l->envelope.p + l->signed_len, l->envelope.len - l->signed_len);
}

static void lines_block(struct text *t, const struct block *b, uint8_t lane)
{
	struct slice head = block_lane(b, lane), main = block_main(b);
	line_hex(t, "lane-header", head.p, head.len);
	line_path(t, "lanes-path", b->tip.lane_id, CHAINS, lane);
	line_hex(t, "main-header", main.p, main.len);
	line_hex(t, "block", b->tip.main_id.b, sizeof b->tip.main_id.b);
}

bool proof_text(const struct block *b, uint8_t lane, uint32_t leaf, const struct proof_seal *seal, size_t nseals, uint8_t **text,
    size_t *len)
{
	if (lane >= CHAINS || leaf >= b->lane[lane].tx_count || !block_whole(b))
		return false;
	uint32_t n = b->lane[lane].tx_count, i = 0;
	struct slice list = block_txs(b, lane);
	struct rbuf r = rbuf_on(list.p + 4, list.len - 4);
	struct block_leaf l, found = {0};
	struct id *hash = chain_must(calloc(n, sizeof *hash));
	for (; i < n && block_leaf_next(&r, &l); i++) {
		hash[i] = block_leaf_hash(&l);
		if (i == leaf)
			found = l;
	}
	struct text t = {0};
	if (i == n) {
		lines_tx(&t, b, lane, leaf, &found);
		line_path(&t, "path", hash, n, leaf);
		lines_block(&t, b, lane);
		for (size_t k = 0; k < nseals; k++)
			line_seal(&t, &seal[k]);
		struct id sum = hash_of("zeus/proof", t.p, t.len);
		line_hex(&t, "sum", sum.b, sizeof sum.b);
		*text = (uint8_t *)t.p;
		*len = t.len;
	}
	free(hash);
	return i == n;
}
