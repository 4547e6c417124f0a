/* The canonical correlation order of a lane's transactions (PROTOCOL 3.7): which ones is the proposer's choice, their order is not.
 *
 * Transactions of one primary entity form a group, inside it by (party, nonce). Two groups are linked with 256 for each transaction of the
 * one that names the other, plus the stored weights between them at the end of the round before. The order starts at the group that weighs
 * most to the lane's tail (the tail's own group before all others), goes on depth first to the unvisited neighbour of greatest weight
 * (a tie: the smaller id), and from the smallest unvisited id when a tree is done. O(E log E). */
#ifndef ZEUS_ORDER_H
#define ZEUS_ORDER_H
#include "ledger/chain/round.h"

struct edge { uint32_t a, b; uint64_t weight; };
/* The walk itself. Groups 0 .. n-1 are numbered in order of their ids; an edge may repeat, either way round: weights add up.
 * start < n. out: n numbers. */
void order_walk(const struct edge *edge, size_t nedges, size_t n, uint32_t start, uint32_t *out);
/* txs: all of one lane, sorted by (entity, party, nonce). Reads the weights that this lane's books hold, as they were at time_ms, the
 * parent's: to be called before the lane's round. Reads nothing of another lane. */
void order_lane(const struct state *s, uint8_t lane, uint64_t time_ms, const struct id *tail, struct pending_tx **txs, size_t n);
#endif
