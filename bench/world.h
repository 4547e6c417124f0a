/* Books and chains in memory for measurements: accounts, and transactions that are complete but for the signature itself.
 *
 * Rounds do not look at signatures (they are checked once, at admission), so these carry the right key and 64 bytes of noise. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H
#include "ledger/chain/round.h"

#define WORLD_ACCOUNTS 256u

struct world {
	struct genesis g; struct id genesis; struct state *s; struct chain *c;
	uint32_t n; struct address who[WORLD_ACCOUNTS]; uint8_t pk[WORLD_ACCOUNTS][32]; uint64_t nonce[WORLD_ACCOUNTS];
	uint64_t serial;                 /* of the next command id */
};

/* n accounts with `each` base units; account i is at home on lane 1 + i % LANES. The first block is formed. */
void world_open(struct world *w, uint32_t n, uint64_t each);
/* The same genesis again, at its first block: what carries out the blocks of w. */
void world_twin(struct world *twin, const struct world *w);
void world_close(struct world *w); /* the genesis stays until the program ends: twins and archives are made of it */

/* Fill in chain, sender, nonce (the next of that account), a new command id at *cid (NULL: the type has none), encode and decode.
 * p->bytes is malloc'd; pending_drop frees those of n. */
void world_tx(struct world *w, uint32_t from, struct tx *tx, struct cid *cid, struct pending_tx *p);
void world_transfer(struct world *w, uint32_t from, const struct address *to, struct pending_tx *p);
void pending_drop(struct pending_tx *p, size_t n);
/* One round with all of them; every one must be in the block, and well. */
struct block *world_round(struct world *w, struct pending_tx *p, size_t n);
/* The key of account number i of a bench: no secret belongs to it. */
void world_pk(uint64_t i, uint8_t pk[32]);
#endif
