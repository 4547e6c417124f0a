/* The node's books on disk: genesis, blocks, records (receipts in flight among them) and recent facts, and their proof at start.
 *
 * Keys: 'm' meta | 'g' genesis | 'h' head (height, block id) | 'v' height up to which the hash chain was checked | 'b' + height be64:
 * proof, block (or its headers alone) | 'l' the lowest whole block | 's' + state key: record | 'u' + height be64: what the block replaced
 * of them, for the newest keep_states | 't' + the first 16 bytes of a txid: where it is (archive_tx.c) | 'f' + height be64: the block's
 * facts, the last FACTS_KEEP_BLOCKS of them | 'e' history.h.
 * The proof of a solo block is 65 bytes: member u8=0, the node key's signature over H("zeus/seal", block id)[64]. */
#ifndef ZEUS_ARCHIVE_H
#define ZEUS_ARCHIVE_H
#include "ledger/acked.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/sign.h"
#include "ledger/history.h"
#include "ledger/store/store.h"

struct archive {
	struct store *store;
	struct acked acked;
	struct history history;
	struct genesis *genesis; struct id genesis_id;
	struct state *state;
	struct chain *chain;
	uint32_t operator_uid; uint8_t node_pk[32];
	uint64_t lowest;                        /* blocks below it are headers only */
	uint32_t keep_blocks, keep_states;      /* 0: all blocks; no past states */
};

/* why: 256 bytes everywhere. */
int archive_create(const char *dir, const struct genesis *g, uint32_t operator_uid, const struct keypair *node, char *why);
/* Open and prove: contiguous heights, hash chain, roots, totals, and that no acknowledged block is gone. -EBUSY, -ENOENT, -EBADMSG ... */
int archive_open(const char *dir, struct archive **ret, char *why);
void archive_close(struct archive *b);
/* How much of the past is kept from now on: whole blocks (0: all, else at least KEEP_BLOCKS_MIN) and states (0: none). What is too old
 * already goes now, or a few blocks with each new one. */
int archive_keep(struct archive *b, uint32_t blocks, uint32_t states);
/* The block is the chain's new head: write all of it with one sync, and note that it may be acknowledged. */
int archive_commit(struct archive *b, const struct block *blk, const struct keypair *node);
/* malloc'd. -ENOENT: not kept. */
int archive_facts(const struct archive *b, uint64_t height, uint8_t **p, size_t *len);
int archive_block(const struct archive *b, uint64_t height, struct block **ret);
/* Does the block have the id that the client names? */
bool archive_is(const struct archive *b, uint64_t height, const struct id *id);

/* The books as they were after a block. begin: on the archive's thread; -ENOENT: that state is not kept. load: on any one thread, proved
 * against the block's headers; then state and chain are there until it is freed (on the archive's thread, before the archive). */
struct archive_past;
int archive_past_begin(const struct archive *b, uint64_t height, struct archive_past **ret);
int archive_past_load(struct archive_past *p, char *why);
const struct state *archive_past_state(const struct archive_past *p);
const struct chain *archive_past_chain(const struct archive_past *p);
void archive_past_free(struct archive_past *p);

/* --- archive_tx.c: transactions by their names --- */
/* before: of the same entity, its newest transaction before this one's run; lane 0: none. */
struct tx_place { struct leaf_ref at, before; uint16_t status; };
int archive_find(const struct archive *b, const struct id *txid, struct tx_place *out); /* -ENOENT; also when its block was pruned */
/* The text of proof.h, malloc'd. -ENOENT: there is no such leaf (any more). */
int archive_proof(const struct archive *b, const struct leaf_ref *at, uint8_t **text, size_t *len);
#endif
