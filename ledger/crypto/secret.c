/* Secrets' memory, from libsodium's guarded heap.
 *
 * Knows how a secret is kept from swap, cores and later users of the same memory. Does not know what the secret is. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/crypto/secret.h"

void *secret_new(size_t len)
{
	void *p = sodium_init() < 0 ? NULL : sodium_malloc(len);
	if (!p)
		abort();
	memset(p, 0, len);
	return p;
}

void secret_free(void *p) { sodium_free(p); }
void secret_wipe(void *p, size_t len) { sodium_memzero(p, len); }
