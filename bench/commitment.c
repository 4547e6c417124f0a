/* The ledger's side of a metering tick, as zeus-ledger does it when plan sends a tick's receipts.
 *
 * It knows receipts, their hashes, the root and the node's signature. It does not know where the numbers come from; it stands apart
 * from the reading because the kernel side and the ledger both have something that is called a meter. */
#include <stdlib.h>
#include "bench/commitment.h"
#include "ledger/admit.h"
#include "ledger/chain/round.h"

struct commitment { struct keypair key; struct id leaf[LEASES_PER_NODE_MAX]; uint8_t sig[64]; };

struct commitment *commitment_new(void)
{
	struct commitment *c = sign_init() < 0 ? NULL : calloc(1, sizeof *c);
	if (c)
		sign_keypair_new(&c->key);
	return c;
}

void commitment_free(struct commitment *c)
{
	if (c)
		sign_keypair_wipe(&c->key);
	free(c);
}

static struct usage_receipt receipt_of(const struct usage *u, uint32_t seq)
{
	struct usage_receipt r = {.seq = seq, .group_id = u->group_id};
	r.meter[METER_CPU_US] = u->cpu_us;
	r.meter[METER_MEM_MIB_S] = u->mem_bytes >> 20;
	r.meter[METER_GPU_MS] = u->gpu_ms;
	r.meter[METER_TX_B] = u->tx_bytes;
	r.meter[METER_RX_B] = u->rx_bytes;
	r.meter[METER_IO_B] = u->io_bytes;
	return r;
}

static void sign_leaves(struct commitment *c, uint32_t n, uint32_t seq)
{
	static const struct id node;
	struct id root = merkle_root(c->leaf, n), tick = admit_tick(&node, seq, &root);
	sign_bytes(&c->key, tick.b, sizeof tick.b, c->sig);
}

void commitment_sign(struct commitment *c, const struct usage *usage, uint32_t n, uint32_t seq)
{
	for (uint32_t i = 0; i < n; i++) {
		struct usage_receipt r = receipt_of(&usage[i], seq);
		c->leaf[i] = admit_usage_leaf(&r);
	}
	sign_leaves(c, n, seq);
}

void commitment_receipts(struct commitment *c, const struct usage_receipt *r, uint32_t n, uint32_t seq)
{
	for (uint32_t i = 0; i < n; i++)
		c->leaf[i] = admit_usage_leaf(&r[i]);
	sign_leaves(c, n, seq);
}
