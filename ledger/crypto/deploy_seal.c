/* Sealing and opening deploys.
 *
 * Knows which part of a deploy is sealed and to which place. Does not know whose keys these are. */
#include <string.h>
#include "common/tx.h"
#include "ledger/crypto/deploy_seal.h"
#include "ledger/crypto/hash.h"

static_assert(DEPLOY_SEAL_MORE == SEAL_OVERHEAD + 2 + 4, "marker, length, seal");

static struct id place_of(const struct id *lease, struct slice shown)
{
	return hash_slices("zeus/deploy", (struct slice[]){{lease->b, sizeof lease->b}, shown}, 2);
}

enum seal deploy_seal(const struct id *lease, const uint8_t x_pk[32], struct slice deploy, uint8_t *out, size_t *len)
{
	struct slice shown, rest;
	bool sealed;
	if (!deploy_split(deploy, &shown, &rest, &sealed) || sealed)
		return SEAL_CUT;
	struct id place = place_of(lease, shown);
	struct wbuf w = wbuf_on(out, DEPLOY_MAX);
	put_bytes(&w, shown.p, shown.len);
	put_u16(&w, 0xffff);
	size_t at = put_mark32(&w);
	enum seal s = w.bad ? SEAL_CUT : seal_put(&w, x_pk, &place, rest);
	if (s != SEAL_OK)
		return s;
	put_length(&w, at);
	*len = w.len;
	return SEAL_OK;
}

enum seal deploy_open(
    const struct id *lease, const uint8_t x_pk[32], const uint8_t x_sk[32], struct slice deploy, uint8_t *out, size_t *len)
{
	struct slice shown, rest;
	bool sealed;
	size_t opened;
	if (!deploy_split(deploy, &shown, &rest, &sealed) || !sealed)
		return SEAL_CUT;
	struct id place = place_of(lease, shown);
	enum seal s = seal_open(x_pk, x_sk, &place, rest, out + shown.len, DEPLOY_MAX - shown.len, &opened);
	if (s != SEAL_OK)
		return s;
	memcpy(out, shown.p, shown.len);
	*len = shown.len + opened;
	return SEAL_OK;
}
