/* The insides of chain and block, for the files of this folder only. */
#ifndef ZEUS_CHAIN_H
#define ZEUS_CHAIN_H
#include "ledger/chain/roots.h"
#include "ledger/chain/round.h"

struct outbox { uint8_t *p; size_t len; uint32_t n; }; /* encoded receipts, in idx order */

struct chain {
	struct state *state;
	struct id genesis; uint32_t chain_id, lane_tx_max; uint16_t engine;
	struct main_header main; struct lane_header lane[CHAINS]; /* of the head */
	size_t txs_len[CHAINS];
	struct tip tip;
	struct outbox box[CHAINS][CHAINS];                        /* [src][dst], emitted at the head */
	struct roots *roots;
	struct changes { uint8_t *p; size_t len, cap; } changes[CHAINS]; /* of the last round: klen u32, key, deleted u8, vlen u32, value */
	struct workers *workers;                                  /* borrowed; NULL: none */
};

struct block {
	uint8_t *bytes; size_t len;
	struct main_header main; struct lane_header lane[CHAINS];
	struct tip tip;
	size_t txs_at[CHAINS], txs_len[CHAINS];
};

void *chain_must(void *p);                                        /* out of memory stops the process */
void chain_move(struct chain *c, const struct block *b);          /* the block is the new head: tip and headers, not the boxes */
void chain_take_boxes(struct chain *c, uint8_t src);              /* copy the round's out-boxes of a lane out of the books */
void chain_forget(struct chain *c, uint8_t lane);                 /* the changes of the round before */
/* Note a changed record, in its lane's state tree and for the disk. Different lanes may be noted by different threads. */
void chain_change(struct chain *c, struct slice key, struct slice value);
bool chain_sums_up(const struct lane_header lane[CHAINS]);        /* the supply, exactly */
bool chain_boxes_sound(const struct chain *c);                     /* as many receipts of the head as each box says, and nothing else */
struct id chain_out_root(const struct chain *c, uint8_t src, uint32_t *count); /* over boxes of src in (dst, idx) order */
struct id chain_in_root(const struct chain *c, uint8_t dst, uint32_t *count);  /* over boxes to dst in (src, idx) order */
/* Seal: main and lanes are complete except lanes_root, tx_count and body_len; list[i] holds the bytes of lane i's transactions. */
struct block *block_seal(struct main_header *main, const struct lane_header lane[CHAINS], const struct slice list[CHAINS]);
#endif
