/* People with keys, a chain over their genesis, and signed payments between them. */
#ifndef ZEUS_TEST_ROUND_RIG_H
#define ZEUS_TEST_ROUND_RIG_H
#include "ledger/chain/round.h"
#include "ledger/crypto/sign.h"

#define PEOPLE 12
#define PEOPLE_MAX 64

struct world {
	struct genesis g;
	struct id genesis;
	struct state *s;
	struct chain *c;
	int people;
	struct keypair key[PEOPLE_MAX];
	struct address who[PEOPLE_MAX];
};
struct stored { uint8_t *p; size_t len; }; /* malloc'd */

void world_open(struct world *w, int people); /* 1000 base units each; person i lives on lane 1 + i % LANES */
struct stored world_begin(struct world *w);   /* books and chain as the genesis has them; the first block */
void world_end(struct world *w);
void world_pay(struct world *w, int from, int to, uint64_t nonce, uint32_t serial, struct pending_tx *p); /* to < 0: nobody; one unit */
void world_send(struct world *w, int from, struct tx *tx, struct pending_tx *p); /* sign it as it is */
void pending_free(struct pending_tx *p, size_t n);
struct stored stored_of(const struct block *b);
#endif
