/* Markov sketches: what an entity (account, instance, symbol) has to do with which lane and with which others (PROTOCOL 3.5).
 *
 * An estimate of the first-order chain whose states are entities and whose transitions are transactions: aff is P(entity -> lane), nbr the
 * four heaviest transitions by space-saving. Weights count 256 a transition and halve once per sketch_half_ms of header time. They decide
 * the order of transactions and the placement of accounts, never money. */
#ifndef ZEUS_SKETCH_H
#define ZEUS_SKETCH_H
#include "common/tx.h"

#define SKETCH_NEIGHBOURS 4
#define SKETCH_STEP 256
#define SKETCH_MAX_LEN (2 + 4 * LANES + 1 + SKETCH_NEIGHBOURS * 37 + 8 + 13)

struct leaf_ref { uint64_t height; uint8_t lane; uint32_t leaf; }; /* lane 0: none */
struct neighbour { struct id to; uint32_t weight; uint8_t lane; }; /* lane: under which its weight counts; 0: none */
struct sketch {
	uint32_t aff[LANES];                  /* of lane i + 1 */
	struct neighbour nbr[SKETCH_NEIGHBOURS];   /* the used ones in front; weight 0: free */
	uint64_t period;                      /* header time / sketch_half_ms of the weights */
	struct leaf_ref last;                 /* the entity's newest transaction */
};

/* The entity whose transaction it is: the instance, else the sender. Borrowed from tx. */
const struct id *tx_primary(const struct tx *tx);
/* The entity on the other side as the type names it; false: none, or a batch, whose parts have their own. */
bool tx_counterparty(const struct tx *tx, struct id *out);
/* Calls cb for each transition that the transaction names, those of a batch's parts among them. */
void tx_counterparties(const struct tx *tx, void (*cb)(void *arg, const struct id *to), void *arg);
struct id symbol_entity(uint32_t symbol);

void sketch_decay(struct sketch *k, uint64_t period);
/* One transition to (or from) an entity on that lane; lane 0: not known. */
void sketch_add(struct sketch *k, uint64_t period, const struct id *to, uint8_t lane);
/* The i-th neighbour lives on that lane now, and its weight with it. */
void sketch_follow(struct sketch *k, size_t i, uint8_t lane);
/* What weighs at that period, without changing anything; returns how many, at most SKETCH_NEIGHBOURS. */
size_t sketch_links(const struct sketch *k, uint64_t period, struct neighbour *out);
void sketch_put(struct wbuf *w, const struct sketch *k);
bool sketch_get(struct rbuf *r, struct sketch *out); /* false: not canonical */
#endif
