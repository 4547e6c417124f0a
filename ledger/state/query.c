/* Questions about the books that admission asks.
 *
 * Knows where a lease keeps its node and the key that node signs with. Does not know what is signed or sealed, nor how. */
#include <string.h>
#include "ledger/state/books.h"

static const struct lease *lease_named(const struct state *s, const struct id *instance)
{
	uint8_t at = instance->b[0];
	return at >= 1 && at < CHAINS ? lease_find(&s->part[at], instance) : NULL;
}

bool state_instance_node(const struct state *s, const struct id *instance, struct id *node, uint8_t op_pk[32])
{
	const struct lease *l = lease_named(s, instance);
	if (!l)
		return false;
	*node = l->f.node;
	memcpy(op_pk, l->party[PARTY_SELLER].op_pk, sizeof l->party[PARTY_SELLER].op_pk);
	return true;
}

static bool party_of(const struct state *s, const struct address *who, struct address *out, uint8_t x25519[32])
{
	uint8_t home = home_of(s, who);
	const struct account *a = home ? account_find(&s->part[home], who) : NULL;
	if (!a)
		return false;
	*out = *who;
	memcpy(x25519, a->x25519, sizeof a->x25519);
	return true;
}

bool state_instance_seller(const struct state *s, const struct id *instance, struct address *seller, uint8_t x25519[32])
{
	const struct lease *l = lease_named(s, instance);
	return l && party_of(s, &l->f.seller, seller, x25519);
}

bool state_instance_buyer(const struct state *s, const struct id *instance, struct address *buyer, uint8_t x25519[32])
{
	const struct lease *l = lease_named(s, instance);
	return l && party_of(s, &l->f.buyer, buyer, x25519);
}
