/* Transactions of the market as intents carry them: a node, offers and bids of whole cores on the symbol "cpu", a lease's events. */
#ifndef ZEUS_TEST_LEDGER_MARKET_H
#define ZEUS_TEST_LEDGER_MARKET_H
#include "tests/ledger_client.h"

#define MARKET_NODE "node"

struct cid market_cid(void); /* a new one with every call */
struct id market_node_id(const struct address *owner);
/* op_pk: whose signatures count for its leases; NULL: the ledger fills in its own */
struct tx market_node(uint32_t cores, const uint8_t op_pk[32]);
struct tx market_ask(const struct address *owner, uint32_t cores, uint64_t price);
struct tx market_bid(uint32_t qty, uint64_t limit, uint32_t dur_s);
struct tx market_event(const struct id *lease, const char *event);
struct tx market_ready(const struct id *lease);
#endif
