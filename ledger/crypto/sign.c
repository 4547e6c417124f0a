/* Ed25519 keys, signatures and addresses.
 *
 * Knows: libsodium's verification rule, the message that an envelope's signatures cover, and how an address is made of keys.
 * Does not know: whose keys they are, where they are kept, or what a transaction means. */
#include "ledger/crypto/sign.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char tx_tag[] = "zeus/tx/1"; /* its NUL is part of the message */

int sign_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

void sign_keypair_new(struct keypair *out)
{
	crypto_sign_keypair(out->pk, out->sk);
	crypto_box_keypair(out->x_pk, out->x_sk);
}

int sign_keypair_of(const uint8_t seed[32], const uint8_t x_sk[32], struct keypair *out)
{
	if (crypto_scalarmult_base(out->x_pk, x_sk) != 0)
		return -EINVAL;
	memcpy(out->x_sk, x_sk, sizeof out->x_sk);
	crypto_sign_seed_keypair(out->pk, out->sk, seed);
	return 0;
}

void sign_keypair_wipe(struct keypair *k)
{
	sodium_memzero(k, sizeof *k);
}

void sign_bytes(const struct keypair *k, const void *p, size_t len, uint8_t sig[64])
{
	crypto_sign_detached(sig, NULL, p, len, k->sk);
}

bool sign_verify(const uint8_t pk[32], const void *p, size_t len, const uint8_t sig[64])
{
	return crypto_sign_verify_detached(sig, p, len, pk) == 0;
}

void sign_random(void *p, size_t len)
{
	randombytes_buf(p, len);
}

/* The signed message in one piece: tag, genesis, envelope up to the signatures. malloc'd. */
static uint8_t *tx_message(const struct id *genesis, struct slice bytes, size_t *len)
{
	*len = sizeof tx_tag + sizeof genesis->b + bytes.len;
	uint8_t *m = malloc(*len);
	if (!m)
		abort();
	memcpy(m, tx_tag, sizeof tx_tag);
	memcpy(m + sizeof tx_tag, genesis->b, sizeof genesis->b);
	memcpy(m + sizeof tx_tag + sizeof genesis->b, bytes.p, bytes.len);
	return m;
}

void sign_tx(const struct keypair *k, const struct id *genesis, struct tx *tx, struct wbuf *w)
{
	size_t start = w->len, len;
	tx->nsig = 1;
	memset(&tx->sig[0], 0, sizeof tx->sig[0]);
	memcpy(tx->sig[0].pk, k->pk, sizeof k->pk);
	tx_put(w, tx);
	if (w->bad)
		return;
	tx->len = (uint32_t)(w->len - start);
	struct slice body = {w->p + start, w->len - start - 1 - sizeof tx->sig[0]};
	uint8_t *m = tx_message(genesis, body, &len);
	sign_bytes(k, m, len, tx->sig[0].sig);
	free(m);
	memcpy(w->p + w->len - sizeof tx->sig[0].sig, tx->sig[0].sig, sizeof tx->sig[0].sig);
}

int sign_tx_add(const struct keypair *k, const struct id *genesis, struct slice bytes, struct tx *tx)
{
	size_t len, at = 0;
	while (at < tx->nsig && memcmp(tx->sig[at].pk, k->pk, sizeof k->pk) < 0)
		at++;
	if (at < tx->nsig && memcmp(tx->sig[at].pk, k->pk, sizeof k->pk) == 0)
		return -EEXIST;
	if (tx->nsig >= TX_SIGS_MAX)
		return -ENOSPC;
	memmove(&tx->sig[at + 1], &tx->sig[at], (tx->nsig - at) * sizeof tx->sig[0]);
	memcpy(tx->sig[at].pk, k->pk, sizeof k->pk);
	uint8_t *m = tx_message(genesis, bytes, &len);
	sign_bytes(k, m, len, tx->sig[at].sig);
	free(m);
	tx->nsig++;
	return 0;
}

bool sign_tx_verify(const struct id *genesis, const struct tx *tx, struct slice signed_bytes)
{
	size_t len;
	bool ok = tx->nsig > 0;
	uint8_t *m = tx_message(genesis, signed_bytes, &len);
	for (unsigned i = 0; ok && i < tx->nsig; i++)
		ok = sign_verify(tx->sig[i].pk, m, len, tx->sig[i].sig);
	free(m);
	return ok;
}

struct auth sign_auth_single(const uint8_t pk[32])
{
	struct auth a = {.threshold = 1, .n = 1};
	memcpy(a.key[0].pk, pk, sizeof a.key[0].pk);
	a.key[0].weight = 1;
	return a;
}

struct address sign_address(const struct auth *a)
{
	uint8_t bytes[2 + 16 * 33];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	auth_put(&w, a);
	struct id h = hash_of("zeus/addr", bytes, w.len);
	struct address out;
	memcpy(out.b, h.b, sizeof out.b);
	return out;
}
