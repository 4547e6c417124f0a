/* What of ledger/chain is not for others, for the simulator's hostile blocks.
 *
 * Knows the insides of chain and block; apart from the rest, whose names of things are the books'. */
#include "tests/sim/seal.h"
#include "ledger/chain/chain.h"
#include <string.h>

struct headers seal_headers(const struct block *b)
{
	struct headers h = {.main = b->main};
	memcpy(h.lane, b->lane, sizeof h.lane);
	return h;
}

struct block *seal_block(const struct headers *h, const struct slice list[CHAINS])
{
	struct main_header main = h->main;
	return block_seal(&main, h->lane, list);
}

bool seal_trees_hold(struct chain *c)
{
	for (uint8_t i = 0; i < CHAINS; i++) {
		struct id root = roots_root(c->roots, i);
		if (id_cmp(&root, &c->lane[i].state_root) != 0)
			return false;
	}
	return true;
}
