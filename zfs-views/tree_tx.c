/* Transactions by name: chains/N/blocks/H/tx/K, K its place or its id, and chains/N/tx/ID, a link to there.
 *
 * Knows that the ledger alone can say where a transaction is, and that asking must not hold up the model. One transaction has one node,
 * whichever name it was found by. */
#include <errno.h>
#include <string.h>
#include "zfs-views/tree_priv.h"

#define TXS_LISTED 1024

static struct node tx_node(const struct node *block, uint32_t leaf)
{
	return (struct node){.kind = N_TX, .chain = block->chain, .height = block->height, .symbol = leaf};
}

static bool block_reached(const struct view *v, const struct node *dir)
{
	model_lock(v->model);
	bool there = tree_alive(v, dir);
	model_unlock(v->model);
	return there;
}

static int find_id(const struct view *v, const struct node *dir, const struct id *txid, struct wire_place *out)
{
	struct wire_found f;
	int rc = v->find ? v->find(v->fetch_arg, txid, &f) : -EHOSTDOWN;
	if (rc < 0)
		return rc;
	if (f.place.lane != dir->chain || (dir->kind == N_BLOCK_TX && f.place.height != dir->height))
		return -ENOENT;
	*out = f.place;
	return 0;
}

/* One spelling per place: no sign, no leading zero. */
static int find_leaf(const struct view *v, const struct node *dir, const char *name, uint32_t *leaf)
{
	char again[TEXT_NUM];
	uint64_t n;
	uint32_t leaves;
	if (dir->chain == 0 || !text_u64(name, UINT32_MAX, &n))
		return -ENOENT;
	snprintf(again, sizeof again, "%" PRIu64, n);
	if (strcmp(again, name) != 0)
		return -ENOENT;
	int rc = block_leaves(v, dir->chain, dir->height, &leaves);
	if (rc == 0 && n >= leaves)
		rc = -ENOENT;
	*leaf = (uint32_t)n;
	return rc;
}

int tx_lookup(const struct view *v, const struct node *dir, const char *name, struct node *out)
{
	struct id txid;
	struct wire_place at = {.height = dir->height, .lane = dir->chain};
	if (dir->kind == N_BLOCK_TX && !block_reached(v, dir))
		return -ENOENT;
	int rc = -ENOENT;
	if (hex_decode(name, txid.b, sizeof txid.b))
		rc = find_id(v, dir, &txid, &at);
	else if (dir->kind == N_BLOCK_TX)
		rc = find_leaf(v, dir, name, &at.leaf);
	if (rc < 0)
		return rc;
	*out = tx_node(&(struct node){.chain = at.lane, .height = at.height}, at.leaf);
	if (dir->kind == N_CHAIN_TX)
		out->kind = N_CHAIN_TX_LINK;
	return 0;
}

/* chains/N/tx lists nothing: there is no end to it. */
int tx_list(const struct view *v, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n), void *arg)
{
	char name[TEXT_NUM];
	uint32_t leaves = 0;
	if (dir->kind == N_CHAIN_TX || dir->chain == 0)
		return 0;
	int rc = block_reached(v, dir) ? block_leaves(v, dir->chain, dir->height, &leaves) : -ENOENT;
	for (uint32_t i = 0; rc == 0 && i < leaves && i < TXS_LISTED; i++) {
		struct node n = tx_node(dir, i);
		snprintf(name, sizeof name, "%u", i);
		if (!cb(arg, name, &n))
			break;
	}
	return rc;
}
