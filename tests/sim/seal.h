/* Blocks taken apart and put together, and a chain's trees: what ledger/chain keeps to itself. */
#ifndef ZEUS_SIM_SEAL_H
#define ZEUS_SIM_SEAL_H
#include "ledger/chain/round.h"

struct headers { struct main_header main; struct lane_header lane[CHAINS]; };
struct headers seal_headers(const struct block *b);
struct block *seal_block(const struct headers *h, const struct slice list[CHAINS]); /* counts and lanes_root follow */
bool seal_trees_hold(struct chain *c); /* every chain's tree of records has the root that its header names */
#endif
