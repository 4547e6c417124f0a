/* Signature checks of admission.
 *
 * Knows: envelopes' signatures and the node's tick signature over a Merkle root of usage receipts.
 * Does not know: whose keys they ought to be (ledger/state decides), or where a transaction came from. */
#include "ledger/admit.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"

bool admit_signatures(const struct id *genesis, const struct tx *tx, struct slice signed_bytes)
{
	return sign_tx_verify(genesis, tx, signed_bytes);
}

struct id admit_tick(const struct id *node, uint64_t t1_ms, const struct id *root)
{
	uint8_t t1[8];
	struct wbuf w = wbuf_on(t1, sizeof t1);
	put_u64(&w, t1_ms);
	return hash_slices("zeus/tick", (struct slice[]){{node->b, 32}, {t1, 8}, {root->b, 32}}, 3);
}

struct id admit_usage_leaf(const struct usage_receipt *r)
{
	uint8_t bytes[USAGE_RECEIPT_LEN];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	usage_receipt_put(&w, r);
	return hash_of("zeus/usage", bytes, w.len);
}

/* The root that leaf and path lead to. */
static bool usage_root(const struct tx_usage *u, struct id *root)
{
	struct id leaf = admit_usage_leaf(&u->receipt);
	return merkle_fold(&leaf, u->leaf, u->leaves, u->path, u->npath, root);
}

bool admit_usage(const struct tx_usage *u, const struct admit_node *n)
{
	struct id root;
	if (!usage_root(u, &root))
		return false;
	struct id tick = admit_tick(&n->node, u->receipt.t1_ms, &root);
	return sign_verify(n->op_pk, tick.b, sizeof tick.b, u->tick_sig);
}
