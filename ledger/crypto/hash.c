/* H(tag, x) and SHA-256, both by libsodium.
 *
 * Knows: the domain-separated form tag || 0x00 || x that every hash of the chains has.
 * Does not know: what is hashed, or why. */
#include "ledger/crypto/hash.h"
#include <sodium.h>
#include <string.h>

static_assert(sizeof(struct sha256) >= sizeof(crypto_hash_sha256_state), "SHA-256 state fits its opaque bytes");

static void hash_begin(crypto_generichash_state *st, const char *tag)
{
	crypto_generichash_init(st, NULL, 0, sizeof(struct id));
	crypto_generichash_update(st, (const uint8_t *)tag, strlen(tag) + 1); /* the NUL is the separator */
}

static struct id hash_finish(crypto_generichash_state *st)
{
	struct id out;
	crypto_generichash_final(st, out.b, sizeof out.b);
	return out;
}

struct id hash_of(const char *tag, const void *p, size_t len)
{
	crypto_generichash_state st;
	hash_begin(&st, tag);
	crypto_generichash_update(&st, p, len);
	return hash_finish(&st);
}

struct id hash_pair(const char *tag, const struct id *l, const struct id *r)
{
	crypto_generichash_state st;
	hash_begin(&st, tag);
	crypto_generichash_update(&st, l->b, sizeof l->b);
	crypto_generichash_update(&st, r->b, sizeof r->b);
	return hash_finish(&st);
}

struct id hash_slices(const char *tag, const struct slice *part, size_t n)
{
	crypto_generichash_state st;
	hash_begin(&st, tag);
	for (size_t i = 0; i < n; i++)
		crypto_generichash_update(&st, part[i].p, part[i].len);
	return hash_finish(&st);
}

void sha256_init(struct sha256 *s)
{
	crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)s->opaque);
}

void sha256_add(struct sha256 *s, const void *p, size_t len)
{
	crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)s->opaque, p, len);
}

void sha256_end(struct sha256 *s, uint8_t out[32])
{
	crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)s->opaque, out);
}
