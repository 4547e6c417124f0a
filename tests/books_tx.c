/* Transactions for the tests of the books: each valid unless the test spoils it, with the sender's next nonce and a fresh command id.
 *
 * Knows the bodies and the default symbol "cpu". Does not know rounds or what the books answer.
 * Keys are patterns: the books verify no signatures. */
#include <check.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

static struct cid next_cid(struct rig *r)
{
	struct cid c = {{0}};
	r->serial++;
	memcpy(c.b, &r->serial, sizeof r->serial);
	return c;
}

struct tx rig_tx(struct rig *r, uint32_t who, uint8_t type)
{
	struct tx tx = {.type = type, .chain_id = r->genesis.chain_id, .sender = rig_address(who), .valid_until = UINT64_MAX, .nsig = 1};
	bool exists;
	rig_pk(who, tx.sig[0].pk);
	tx.nonce = state_nonce(r->s, &tx.sender, &exists);
	struct cid c = next_cid(r);
	static const uint8_t without[] = {TX_NODE_REG, TX_SET_KEY, TX_SET_AUTH, TX_VOTE, TX_PROXY, TX_BATCH};
	if (!memchr(without, type, sizeof without))
		tx.u.transfer.cid = c; /* every body with a cid begins with it */
	return tx;
}

struct tx rig_lease_tx(struct rig *r, uint32_t who, uint8_t type, const struct id *lease)
{
	struct tx tx = rig_tx(r, who, type);
	memset(&tx.u, 0, sizeof tx.u);
	tx.scope = *lease;
	if (!state_party_nonce(r->s, lease, &tx.sender, &tx.nonce))
		tx.nonce = 0;
	return tx;
}

struct id rig_node_id(uint32_t who)
{
	struct address a = rig_address(who);
	struct slice part[2] = {{a.b, sizeof a.b}, {(const uint8_t *)"node", 4}};
	return hash_slices("zeus/node-id", part, 2);
}

struct resources rig_cores(uint32_t cores)
{
	return (struct resources){{1000 * cores, 2048 * cores, 0, 0, 10240 * cores, 100000 * cores, 100000 * cores, 1000 * cores,
	    100 * cores,
	    512 * cores, 0, 0}};
}

struct tx rig_node_tx(struct rig *r, uint32_t who, uint32_t cores)
{
	struct tx tx = rig_tx(r, who, TX_NODE_REG);
	strcpy(tx.u.node_reg.name, "node");
	tx.u.node_reg.caps = rig_cores(cores);
	rig_pk(who, tx.u.node_reg.op_pk);
	return tx;
}

struct tx rig_ask_tx(struct rig *r, uint32_t who, uint32_t cores, uint64_t price)
{
	struct tx tx = rig_tx(r, who, TX_ASK);
	struct tx_ask *x = &tx.u.ask;
	strcpy(x->name, "offer");
	x->node = rig_node_id(who);
	x->symbol = 1;
	x->offer = rig_cores(cores);
	x->price = price_of(price);
	x->min_s = 1;
	x->max_s = 86400;
	x->bond = money_of(price * cores * 24 / 5);
	return tx;
}

struct tx rig_bid_tx(struct rig *r, uint32_t who, uint32_t qty, uint64_t limit, uint32_t dur_s)
{
	struct tx tx = rig_tx(r, who, TX_BID);
	struct tx_bid *x = &tx.u.bid;
	strcpy(x->name, "want");
	x->symbol = 1;
	x->want = rig_cores(1);
	x->qty = qty_of(qty);
	x->limit = price_of(limit);
	x->dur_s = dur_s;
	x->escrow = money_of(qty * (limit * (dur_s < 86400 ? dur_s : 86400) / 3600));
	return tx;
}

struct tx rig_cancel_tx(struct rig *r, uint32_t who, const struct id *order)
{
	struct tx tx = rig_tx(r, who, TX_CANCEL);
	tx.u.cancel.symbol = 1;
	tx.u.cancel.order = *order;
	return tx;
}

struct tx rig_amend_tx(struct rig *r, uint32_t who, const struct fact_order *o, uint32_t qty, uint64_t price, uint64_t add)
{
	struct tx tx = rig_tx(r, who, TX_AMEND);
	struct tx_amend *x = &tx.u.amend;
	x->symbol = o->symbol;
	x->order = o->order;
	x->rev = o->rev;
	x->qty = qty_of(qty);
	x->price = price_of(price);
	x->expiry_ms = o->expiry_ms;
	x->escrow_add = money_of(add);
	return tx;
}

struct tx rig_pay_tx(struct rig *r, uint32_t who, uint32_t to, uint64_t amount)
{
	struct tx tx = rig_tx(r, who, TX_TRANSFER);
	tx.u.transfer.to = rig_address(to);
	tx.u.transfer.amount = money_of(amount);
	return tx;
}

struct tx rig_batch_tx(struct rig *r, uint32_t who, const struct tx *part, uint32_t n, void *buf, size_t cap)
{
	struct tx tx = rig_tx(r, who, TX_BATCH);
	struct wbuf w = wbuf_on(buf, cap);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t body[TX_BODY_MAX];
		struct wbuf b = wbuf_on(body, sizeof body);
		tx_body_put(&b, &part[i]);
		put_u8(&w, part[i].type);
		put_blob(&w, body, b.len);
	}
	ck_assert(!w.bad);
	tx.u.batch.ops = (struct slice){buf, w.len};
	tx.u.batch.n = n;
	return tx;
}

struct id rig_order_id(const struct rig *r)
{
	return order_id(&r->txid, 0);
}

struct tx rig_usage_tx(struct rig *r, uint32_t who, const struct id *lease, uint32_t seq, uint64_t up_s)
{
	struct tx tx = rig_lease_tx(r, who, TX_USAGE, lease);
	struct fact_lease l;
	ck_assert(rig_lease_by_id(r, lease, &l));
	tx.u.usage.leaves = 1;
	tx.u.usage.receipt = (struct usage_receipt){.seq = seq, .instance = *lease, .t0_ms = l.born_ms, .t1_ms = r->time_ms,
	    .prev = l.last_usage};
	tx.u.usage.receipt.meter[METER_UP_S] = up_s;
	return tx;
}
