/* A table of key pairs by uid in libsodium's guarded heap.
 *
 * Knows: that secrets live in locked pages, a few pairs to an allocation since each costs three pages.
 * Does not know: files, or who may use a key. */
#include "ledger/crypto/keyring.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#define SLAB_KEYS 16
#define SLABS (KEYRING_MAX / SLAB_KEYS)

struct keyring { size_t n; uint32_t uid[KEYRING_MAX]; struct keypair *slab[SLABS]; };

struct keyring *keyring_new(void)
{
	return calloc(1, sizeof(struct keyring));
}

void keyring_free(struct keyring *r)
{
	for (int i = 0; r && i < SLABS; i++)
		sodium_free(r->slab[i]); /* wipes */
	free(r);
}

int keyring_add(struct keyring *r, uint32_t uid, const struct keypair *k)
{
	if (keyring_get(r, uid))
		return -EEXIST;
	if (r->n == KEYRING_MAX)
		return -ENOSPC;
	struct keypair **slab = &r->slab[r->n / SLAB_KEYS];
	if (!*slab)
		*slab = sodium_allocarray(SLAB_KEYS, sizeof **slab);
	if (!*slab)
		return -ENOMEM;
	(*slab)[r->n % SLAB_KEYS] = *k;
	r->uid[r->n++] = uid;
	return 0;
}

const struct keypair *keyring_get(const struct keyring *r, uint32_t uid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->uid[i] == uid)
			return &r->slab[i / SLAB_KEYS][i % SLAB_KEYS];
	return NULL;
}

size_t keyring_count(const struct keyring *r)
{
	return r->n;
}

uint32_t keyring_uid(const struct keyring *r, size_t i)
{
	return r->uid[i];
}
