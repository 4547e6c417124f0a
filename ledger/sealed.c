/* The seals between a buyer's task and the node that runs it.
 *
 * Knows who the parties of a lease are, and that only the node's own plan gets what was sealed to its seller. What does not open is passed
 * on as it is: plan then refuses a deploy by name, and views shows no endpoint. Does not know sockets. */
#include "ledger/sealed.h"
#include <string.h>
#include "ledger/crypto/deploy_seal.h"
#include "ledger/crypto/endpoint_seal.h"

static const uint8_t none[32];

/* A lease must not wait for its buyer to publish a key: he is told nothing then, and nobody else is either. Where there is no lease the
 * message is refused later, and may be in a block. */
static enum verdict close_endpoint(const struct archive *a, struct tx *tx)
{
	char *endpoint = tx->u.ready.endpoint;
	uint8_t x_pk[32];
	struct address buyer;
	if (!endpoint[0] || endpoint_is_sealed(endpoint))
		return V_OK;
	bool known = state_instance_buyer(a->state, &tx->scope, &buyer, x_pk) && memcmp(x_pk, none, sizeof none) != 0;
	enum seal s = known ? endpoint_seal(&tx->scope, x_pk, endpoint, endpoint) : SEAL_BAD_KEY;
	if (s == SEAL_BAD_KEY)
		endpoint[0] = '\0';
	return s == SEAL_OK || s == SEAL_BAD_KEY ? V_OK : V_MALFORMED;
}

enum verdict sealed_close(const struct archive *a, struct tx *tx, uint8_t *room)
{
	uint8_t x_pk[32];
	struct address seller;
	struct slice shown, rest;
	bool sealed;
	size_t len;
	if (tx->type == TX_READY)
		return close_endpoint(a, tx);
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

/* The pair of a local buyer: by the key that his account shows and, as anybody may copy that into an account of his own, by his address. */
static const struct keypair *buyer_key(const struct archive *a, const struct keystore *keys, const struct fact_lease *l)
{
	uint8_t x_pk[32];
	struct address buyer, held;
	uint32_t uid;
	bool known = state_instance_buyer(a->state, &l->lease, &buyer, x_pk) && address_eq(&buyer, &l->buyer);
	bool here = known && keystore_uid(keys, x_pk, &uid) && keystore_address(keys, uid, &held) && address_eq(&held, &buyer);
	return here ? keystore_key(keys, uid) : NULL;
}

static bool open_endpoint(const struct archive *a, const struct keystore *keys, struct fact *f, uint8_t *room)
{
	struct fact_lease *l = &f->u.lease;
	(void)room;
	if (f->kind != FACT_LEASE || !endpoint_is_sealed(l->endpoint))
		return false;
	const struct keypair *k = buyer_key(a, keys, l);
	return k && endpoint_open(&l->lease, k->x_pk, k->x_sk, l->endpoint, l->endpoint) == SEAL_OK;
}

typedef bool open_fn(const struct archive *a, const struct keystore *keys, struct fact *f, uint8_t *room);

static size_t open_each(const struct archive *a, const struct keystore *keys, open_fn *open, struct slice facts, uint8_t *out)
{
	uint8_t room[DEPLOY_MAX];
	struct fact f;
	struct rbuf r = rbuf_on(facts.p, facts.len);
	struct wbuf w = wbuf_on(out, facts.len);
	for (size_t from = 0; fact_next(&r, &f); from = r.pos) {
		if (open(a, keys, &f, room))
			fact_put(&w, &f);
		else
			put_bytes(&w, facts.p + from, r.pos - from);
	}
	explicit_bzero(room, sizeof room);
	return w.len;
}

size_t sealed_open_facts(const struct archive *a, const struct keystore *keys, struct slice facts, uint8_t *out)
{
	return open_each(a, keys, open_lease, facts, out);
}

size_t sealed_open_endpoints(const struct archive *a, const struct keystore *keys, struct slice facts, uint8_t *out)
{
	if (facts.len && memmem(facts.p, facts.len, ENDPOINT_SEALED, sizeof ENDPOINT_SEALED - 1))
		return open_each(a, keys, open_endpoint, facts, out);
	if (facts.len)
		memcpy(out, facts.p, facts.len);
	return facts.len;
}
