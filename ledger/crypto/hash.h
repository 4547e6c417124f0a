/* H(tag, x) = BLAKE2b-256 over tag || 0x00 || x, the only hash of the chains; and SHA-256 for OCI digests. */
#ifndef ZEUS_HASH_H
#define ZEUS_HASH_H
#include "common/codec.h"

struct id hash_of(const char *tag, const void *p, size_t len);
struct id hash_pair(const char *tag, const struct id *l, const struct id *r);
struct id hash_slices(const char *tag, const struct slice *part, size_t n); /* over the concatenation */

struct sha256 { _Alignas(16) uint8_t opaque[128]; };
void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t len);
void sha256_end(struct sha256 *s, uint8_t out[32]);
#endif
