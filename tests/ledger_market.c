/* Ready-made transactions of the market, each valid unless a test spoils it.
 *
 * Knows the bodies, and what the default symbols want. Does not know sockets, and does not fill in what the ledger fills in. */
#include "tests/ledger_market.h"
#include "ledger/crypto/hash.h"

struct cid market_cid(void)
{
	static uint32_t n;
	struct cid c = {{0}};
	n++;
	memcpy(c.b, &n, sizeof n);
	c.b[15] = 0x77;
	return c;
}

struct id market_node_id(const struct address *owner)
{
	struct slice part[2] = {{owner->b, sizeof owner->b}, {(const uint8_t *)MARKET_NODE, strlen(MARKET_NODE)}};
	return hash_slices("zeus/node-id", part, 2);
}

static struct resources cores_of(uint32_t n)
{
	struct resources r = {{0}};
	r.v[RES_CPU_MILLI] = 1000 * n;
	r.v[RES_MEM_MIB] = 64 * n;
	r.v[RES_PIDS] = 16 * n;
	r.v[RES_UP_KBPS] = r.v[RES_DOWN_KBPS] = 1000 * n;
	return r;
}

struct tx market_node(uint32_t cores, const uint8_t op_pk[32])
{
	struct tx tx = {.type = TX_NODE_REG};
	strcpy(tx.u.node_reg.name, MARKET_NODE);
	tx.u.node_reg.caps = cores_of(cores);
	if (op_pk)
		memcpy(tx.u.node_reg.op_pk, op_pk, sizeof tx.u.node_reg.op_pk);
	return tx;
}

struct tx market_ask(const struct address *owner, uint32_t cores, uint64_t price)
{
	struct tx tx = {.type = TX_ASK};
	struct tx_ask *x = &tx.u.ask;
	x->cid = market_cid();
	strcpy(x->name, "offer");
	x->node = market_node_id(owner);
	x->symbol = 1;
	x->offer = cores_of(cores);
	x->price = price_of(price);
	x->min_s = 1;
	x->max_s = 86400;
	x->bond = money_of(price * cores * 24 / 5);
	return tx;
}

struct tx market_bid(uint32_t qty, uint64_t limit, uint32_t dur_s)
{
	struct tx tx = {.type = TX_BID};
	struct tx_bid *x = &tx.u.bid;
	x->cid = market_cid();
	strcpy(x->name, "want");
	x->symbol = 1;
	x->want = cores_of(1);
	x->qty = qty_of(qty);
	x->limit = price_of(limit);
	x->dur_s = dur_s;
	x->escrow = money_of(qty * (limit * dur_s / 3600 + 1));
	return tx;
}

struct tx market_event(const struct id *lease, const char *event)
{
	struct tx tx = {.type = TX_EVENT, .scope = *lease};
	snprintf(tx.u.event.event, sizeof tx.u.event.event, "%s", event);
	return tx;
}

struct tx market_ready(const struct id *lease)
{
	struct tx tx = {.type = TX_READY, .scope = *lease};
	strcpy(tx.u.ready.endpoint, "127.0.0.1:22");
	return tx;
}
