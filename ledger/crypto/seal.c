/* Sealed payloads.
 *
 * Knows the sealed box and that its plaintext begins with the place it belongs to. Does not know what is sealed, or how a place is made. */
#include "ledger/crypto/seal.h"
#include <sodium.h>
#include <string.h>
#include "ledger/crypto/secret.h"

#define PLACE_LEN sizeof(struct id)

static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES + PLACE_LEN, "box and place");

const char *seal_text(enum seal s)
{
	switch (s) {
	case SEAL_OK: return "opened";
	case SEAL_CUT: return "it is cut off, or too long";
	case SEAL_REJECTED: return "it is sealed to another key, or was changed";
	case SEAL_ELSEWHERE: return "it belongs to another lease or another use";
	case SEAL_BAD_KEY: return "the reader's public key is none";
	}
	return "?";
}

enum seal seal_put(struct wbuf *w, const uint8_t x_pk[32], const struct id *place, struct slice plain)
{
	size_t len = PLACE_LEN + plain.len;
	if (plain.len > w->cap || w->cap - w->len < plain.len + SEAL_OVERHEAD)
		return SEAL_CUT;
	autosecret uint8_t *inner = secret_new(len);
	memcpy(inner, place->b, PLACE_LEN);
	if (plain.len)
		memcpy(inner + PLACE_LEN, plain.p, plain.len);
	if (crypto_box_seal(w->p + w->len, inner, len, x_pk) != 0)
		return SEAL_BAD_KEY;
	w->len += crypto_box_SEALBYTES + len;
	return SEAL_OK;
}

enum seal seal_open(const uint8_t x_pk[32], const uint8_t x_sk[32], const struct id *place, struct slice sealed, uint8_t *out, size_t cap,
    size_t *len)
{
	if (sealed.len < SEAL_OVERHEAD || sealed.len - SEAL_OVERHEAD > cap)
		return SEAL_CUT;
	size_t inner_len = sealed.len - crypto_box_SEALBYTES;
	autosecret uint8_t *inner = secret_new(inner_len);
	if (crypto_box_seal_open(inner, sealed.p, sealed.len, x_pk, x_sk) != 0)
		return SEAL_REJECTED;
	if (sodium_memcmp(inner, place->b, PLACE_LEN) != 0)
		return SEAL_ELSEWHERE;
	*len = inner_len - PLACE_LEN;
	memcpy(out, inner + PLACE_LEN, *len);
	return SEAL_OK;
}
