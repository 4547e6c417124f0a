/* One round of the ten chains: from receipts and transactions to a block, and the checks that a block must pass.
 *
 * A block's bytes: main header | ten lane headers | ten transaction lists (n u32, n x (status u16, blob envelope)). In-boxes are
 * recomputed from
 * the out-boxes of the parent. Leaf order: the correlation order of order.h (header version 2), which is also the order of execution.
 * Leaf = H("zeus/leaf", txid || H("zeus/sigs", nsig bytes) || status u16), node = H("zeus/node", l || r), RFC 6962 shape, empty tree =
 * zero.
 * Block id = H("zeus/blk", main header); lane id = H("zeus/lane", lane header). Sum over chains of lane_total + out_total = 10^18,
 * checked in every block. */
#ifndef ZEUS_ROUND_H
#define ZEUS_ROUND_H
#include "ledger/crypto/merkle.h"
#include "ledger/state/state.h"

#define HEADER_VERSION 2

struct main_header {
	uint16_t version, flags; uint64_t height; uint32_t epoch; uint16_t engine, site; uint64_t slot, time_ms;
	struct id parent, justification, reveal, rand, lanes_root, params, next_set; uint32_t tx_count, body_len;
};
struct lane_header {
	uint8_t lane, version; uint16_t flags; uint64_t height; struct id parent, in_root, tx_root, out_root, state_root, tail;
	uint32_t tx_count, in_count, out_count, wu; struct money lane_total, out_total;
};
void main_header_put(struct wbuf *w, const struct main_header *h);   /* MAIN_HEADER_LEN */
bool main_header_get(struct slice bytes, struct main_header *out);
void lane_header_put(struct wbuf *w, const struct lane_header *h);   /* LANE_HEADER_LEN */
bool lane_header_get(struct slice bytes, struct lane_header *out);
struct id main_header_id(const struct main_header *h);
struct id lane_header_id(const struct lane_header *h);

struct id leaf_hash(const struct id *txid, const struct id *sigs, uint16_t status);

/* A transaction on its way into a block: bytes stay owned by the caller and must outlive the round. */
struct pending_tx { struct tx tx; struct slice bytes; size_t signed_len; struct id txid; uint8_t lane; enum verdict status; };

struct tip { uint64_t height, time_ms; struct id main_id, lane_id[CHAINS], rand; }; /* the head of the chains */

struct block; /* sealed: header, lane headers, transactions, in bytes */

/* What a round continues: the books, the head, the receipts in flight and the state trees. The books are borrowed. */
struct chain;
/* Threads: run() does job(arg, i) for every i below n, in any order, on any of them, and returns when all are done. A round's result does
 * not depend on how many there are. */
struct workers { void (*run)(struct workers *w, void (*job)(void *arg, size_t i), void *arg, size_t n); };

struct chain *chain_new(struct state *s, const struct genesis *g);
void chain_free(struct chain *c);
void chain_set_workers(struct chain *c, struct workers *w);        /* borrowed; NULL (at first): the caller's thread does it all */
struct tip chain_tip(const struct chain *c);
struct money chain_lane_total(const struct chain *c, uint8_t lane);
bool chain_in_flight(const struct chain *c);                       /* receipts wait for the next round */
/* The records that the last round (or the genesis) changed: value.p NULL = delete. Borrowed until the next round. */
void chain_changes(const struct chain *c, void (*cb)(void *arg, struct slice key, struct slice value), void *arg);
/* FACT_LANE x 10 and FACT_BLOCK of the head: what a snapshot ends with. */
void chain_head_facts(const struct chain *c, void (*cb)(void *arg, const struct fact *f), void *arg);
/* From disk, in this order: the head block; every record of the books, which are loaded beside and complete before the end: the check that
 * headers, books, receipts in flight, state roots and the supply agree. why: 256 bytes. */
bool chain_load_head(struct chain *c, struct slice block, char *why);
bool chain_load_record(struct chain *c, struct slice key, struct slice value);
bool chain_load_end(struct chain *c, char *why);

/* Form: admit what is admissible in order (others get their verdict and .lane = 255; V_BUSY: the lane is full, try the next round), run the
 * round, seal, move the chain to the new head. -EBADMSG if the totals do not sum to the supply (the process must stop). */
int round_form(struct chain *c, uint64_t time_ms, uint16_t engine, struct pending_tx **txs, size_t n, struct block **ret);
/* Replay a sealed block from disk or a peer: forming it again from its own transactions must give the same bytes, or -EBADMSG with a
 * sentence in why (256); the books are then spoilt. Signatures are the caller's business. */
int round_apply(struct chain *c, struct slice bytes, struct block **ret, char *why);
/* The first block: no transactions; its lane totals are genesis'. */
int round_genesis(struct chain *c, struct block **ret);
/* Walk a transaction list of a block: false at the end and when bad (r->bad tells). */
bool block_tx_next(struct rbuf *r, uint16_t *status, struct slice *envelope);
/* Decode and check the shape only (headers, lengths, ids of lanes); why: 256 bytes. NULL: not a block. */
struct block *block_read(struct slice bytes, char *why);
const struct main_header *block_header(const struct block *b);
struct slice block_bytes(const struct block *b);
/* A block whose transactions were pruned is its headers alone: it can be read, but has no lists. */
bool block_whole(const struct block *b);
struct slice block_headers(const struct block *b);
struct tip block_tip(const struct block *b);
struct slice block_main(const struct block *b);                    /* main header bytes */
struct slice block_lane(const struct block *b, uint8_t lane);      /* lane header bytes */
struct slice block_txs(const struct block *b, uint8_t lane);
/* The block's facts: lanes' facts in lane order, then FACT_LANE x 10, then FACT_BLOCK. Appended to out (malloc'd, grown). */
void block_facts(const struct block *b, const struct state *s, uint8_t **out, size_t *len);
void block_free(struct block *b);
#endif
