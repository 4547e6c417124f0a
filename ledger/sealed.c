/* The seal between a buyer's task and the node that runs it.
 *
 * Knows who the seller of a lease is, and that only the node's own plan gets what was sealed. A deploy that does not open is passed on as
 * it is: plan then refuses it by name. Does not know sockets. */
#include "ledger/sealed.h"
#include <string.h>
#include "ledger/crypto/deploy_seal.h"

enum verdict sealed_close(const struct archive *a, struct tx *tx, uint8_t *room)
{
	static const uint8_t none[32];
	uint8_t x_pk[32];
	struct address seller;
	struct slice shown, rest;
	bool sealed;
	size_t len;
	if (tx->type != TX_EVENT || strcmp(tx->u.event.event, "deploy") != 0)
		return V_OK;
	if (!deploy_split(tx->u.event.blob, &shown, &rest, &sealed) || sealed)
		return V_OK;
	if (!state_instance_seller(a->state, &tx->scope, &seller, x_pk))
		return V_NO_LEASE;
	if (memcmp(x_pk, none, sizeof none) == 0)
		return V_BAD_KEY;
	enum seal s = deploy_seal(&tx->scope, x_pk, tx->u.event.blob, room, &len);
	if (s != SEAL_OK)
		return s == SEAL_BAD_KEY ? V_BAD_KEY : V_MALFORMED;
	tx->u.event.blob = (struct slice){room, len};
	return V_OK;
}

/* Does the node of this machine serve it? Then the pair that its seller's payloads are sealed to. */
static const struct keypair *opener(const struct archive *a, const struct keystore *keys, const struct fact_lease *l)
{
	const struct keypair *node = keystore_key(keys, KEYSTORE_NODE);
	uint8_t op_pk[32];
	struct address operator;
	struct id at;
	bool here = node && state_instance_node(a->state, &l->lease, &at, op_pk) && memcmp(op_pk, node->pk, sizeof op_pk) == 0 &&
		keystore_address(keys, a->operator_uid, &operator) && address_eq(&operator, &l->seller);
	return here ? keystore_key(keys, a->operator_uid) : NULL;
}

static bool open_lease(const struct archive *a, const struct keystore *keys, struct fact *f, uint8_t *room)
{
	struct fact_lease *l = &f->u.lease;
	struct slice shown, rest;
	bool sealed = false;
	size_t len;
	if (f->kind != FACT_LEASE || !deploy_split(l->deploy, &shown, &rest, &sealed) || !sealed)
		return false;
	const struct keypair *k = opener(a, keys, l);
	if (!k || deploy_open(&l->lease, k->x_pk, k->x_sk, l->deploy, room, &len) != SEAL_OK)
		return false;
	l->deploy = (struct slice){room, len};
	return true;
}

size_t sealed_open_facts(const struct archive *a, const struct keystore *keys, struct slice facts, uint8_t *out)
{
	uint8_t room[DEPLOY_MAX];
	struct fact f;
	struct rbuf r = rbuf_on(facts.p, facts.len);
	struct wbuf w = wbuf_on(out, facts.len);
	for (size_t from = 0; fact_next(&r, &f); from = r.pos) {
		if (open_lease(a, keys, &f, room))
			fact_put(&w, &f);
		else
			put_bytes(&w, facts.p + from, r.pos - from);
	}
	explicit_bzero(room, sizeof room);
	return w.len;
}
