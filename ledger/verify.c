/* The long check of a store: forming each block again from its own transactions must give the same bytes.
 *
 * Knows: the walk from genesis to head, and which signatures a block's transactions need.
 * Does not know: how blocks are stored (archive.c) or what a round does (ledger/chain). */
#include "ledger/verify.h"
#include "ledger/admit.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WHY_LEN 256

static bool tx_signed(const struct archive *a, const struct state *s, struct slice envelope)
{
	struct tx tx;
	size_t signed_len;
	struct admit_node node;
	if (tx_get(envelope, &tx, &signed_len) != V_OK || !admit_signatures(&a->genesis_id, &tx, (struct slice){envelope.p, signed_len}))
		return false;
	if (tx.type != TX_USAGE)
		return true;
	return state_instance_node(s, &tx.scope, &node.node, node.op_pk) && admit_usage(&tx.u.usage, &node);
}

static bool block_signed(const struct archive *a, const struct state *s, const struct block *b)
{
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		struct slice txs = block_txs(b, lane), envelope;
		struct rbuf r = rbuf_on(txs.p + 4, txs.len - 4);
		uint16_t status;
		while (block_tx_next(&r, &status, &envelope))
			if (!tx_signed(a, s, envelope))
				return false;
	}
	return true;
}

static int replay_one(const struct archive *a, struct state *s, struct chain *c, uint64_t height, char *why)
{
	struct block *given, *made;
	int rc = archive_block(a, height, &given);
	if (rc < 0) {
		snprintf(why, WHY_LEN, "block %llu is missing or damaged", (unsigned long long)height);
		return -EBADMSG;
	}
	if (!block_signed(a, s, given)) {
		snprintf(why, WHY_LEN, "block %llu holds a transaction whose signature does not verify", (unsigned long long)height);
		rc = -EBADMSG;
	}
	rc = rc ? rc : round_apply(c, block_bytes(given), &made, why);
	block_free(given);
	if (rc == 0)
		block_free(made);
	return rc;
}

static int replay_genesis(const struct archive *a, struct chain *c, char *why)
{
	struct block *given, *made;
	if (archive_block(a, 0, &given) < 0 || round_genesis(c, &made) < 0) {
		snprintf(why, WHY_LEN, "the first block is missing or damaged");
		return -EBADMSG;
	}
	struct slice x = block_bytes(given), y = block_bytes(made);
	bool same = x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
	block_free(given);
	block_free(made);
	if (!same)
		snprintf(why, WHY_LEN, "the first block is not the genesis'");
	return same ? 0 : -EBADMSG;
}

int verify_replay(const struct archive *a, char *why)
{
	if (a->lowest) {
		snprintf(why, WHY_LEN,
		    "headers, seals and the books at the head are sound; the blocks below %llu were pruned and cannot be carried out again",
		    (unsigned long long)a->lowest);
		return -ENODATA;
	}
	struct state *s;
	if (state_new(a->genesis, &s) != V_OK) {
		snprintf(why, WHY_LEN, "the genesis is not sound");
		return -EBADMSG;
	}
	struct chain *c = chain_new(s, a->genesis);
	int rc = replay_genesis(a, c, why);
	for (uint64_t h = 1; rc == 0 && h <= chain_tip(a->chain).height; h++)
		rc = replay_one(a, s, c, h, why);
	chain_free(c);
	state_free(s);
	return rc;
}
