/* Sealing and opening endpoints.
 *
 * Knows how a sealed endpoint is written as text, and its place. Does not know what an endpoint says, or whose keys these are. */
#include "ledger/crypto/endpoint_seal.h"
#include <string.h>
#include "common/base64.h"
#include "common/limits.h"
#include "ledger/crypto/hash.h"

#define MARK_LEN (sizeof ENDPOINT_SEALED - 1)
#define BOX_MAX (ENDPOINT_PLAIN_MAX + SEAL_OVERHEAD)

static_assert(MARK_LEN + BASE64_LEN(BOX_MAX) <= ENDPOINT_MAX, "the longest one fits the ledger's field");

static struct id place_of(const struct id *lease) { return hash_of("zeus/endpoint", lease->b, sizeof lease->b); }

bool endpoint_is_sealed(const char *text) { return strncmp(text, ENDPOINT_SEALED, MARK_LEN) == 0; }

enum seal endpoint_seal(const struct id *lease, const uint8_t x_pk[32], const char *plain, char *out)
{
	uint8_t box[BOX_MAX];
	struct id place = place_of(lease);
	struct wbuf w = wbuf_on(box, sizeof box);
	if (endpoint_is_sealed(plain))
		return SEAL_CUT;
	enum seal s = seal_put(&w, x_pk, &place, (struct slice){(const uint8_t *)plain, strlen(plain)});
	if (s != SEAL_OK)
		return s;
	memcpy(out, ENDPOINT_SEALED, MARK_LEN);
	base64_encode(box, w.len, out + MARK_LEN);
	return SEAL_OK;
}

/* Whoever sealed it may have put any bytes in; a text is what the ledger's own fields take as one. */
static bool is_text(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	return true;
}

enum seal endpoint_open(const struct id *lease, const uint8_t x_pk[32], const uint8_t x_sk[32], const char *sealed, char *out)
{
	uint8_t box[BOX_MAX], plain[ENDPOINT_PLAIN_MAX];
	struct id place = place_of(lease);
	size_t n, len;
	if (!endpoint_is_sealed(sealed) || !base64_decode(sealed + MARK_LEN, strlen(sealed + MARK_LEN), box, sizeof box, &n))
		return SEAL_CUT;
	enum seal s = seal_open(x_pk, x_sk, &place, (struct slice){box, n}, plain, sizeof plain, &len);
	if (s != SEAL_OK)
		return s;
	if (!is_text(plain, len) || (len >= MARK_LEN && memcmp(plain, ENDPOINT_SEALED, MARK_LEN) == 0))
		return SEAL_CUT;
	memcpy(out, plain, len);
	out[len] = '\0';
	return SEAL_OK;
}
