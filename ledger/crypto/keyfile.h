/* A user's own key at rest: an Ed25519 key that signs and an X25519 key that opens sealed payloads, under a passphrase.
 *
 * 240 bytes, little-endian:
 *   0 "ZWAL" | 4 version u32=1 | 8 ops u64 | 16 mem u64 (bytes) | 24 salt[16] | 40 nonce[24] | 64 pk[32] | 96 x_pk[32]
 *   128 box[80] = XChaCha20-Poly1305(key, nonce, associated data = bytes 0..127, seed[32] || x_sk[32])
 *   208 sum[32] = H("zeus/wallet", bytes 0..207)
 * key = Argon2id(passphrase, salt, ops, mem), 32 bytes. The public keys are readable without the passphrase, so that an address can be
 * shown; the box vouches for them. sum tells a damaged file from a wrong passphrase. The seed is that of RFC 8032. */
#ifndef ZEUS_KEYFILE_H
#define ZEUS_KEYFILE_H
#include "ledger/crypto/sign.h"

#define KEYFILE_LEN 240
#define KEYFILE_BOX_LEN 80
/* RFC 9106's second recommended choice. A file may ask for more, within what a reader is willing to spend. */
#define KEYFILE_OPS 3
#define KEYFILE_MEM (64ULL << 20)
#define KEYFILE_OPS_MAX 16
#define KEYFILE_MEM_MIN 8192
#define KEYFILE_MEM_MAX (1ULL << 30)

struct keyfile { uint64_t ops, mem; uint8_t salt[16], nonce[24], pk[32], x_pk[32], box[KEYFILE_BOX_LEN]; };

void keyfile_put(struct wbuf *w, const struct keyfile *f);
bool keyfile_get(struct slice bytes, struct keyfile *out); /* false: damaged, or asks for more than the bounds */

/* Chance, and the cost that is usual. */
void keyfile_begin(struct keyfile *f);
/* k under the passphrase, with the cost, salt and nonce that f has. -EINVAL: empty passphrase; -ENOMEM: mem is not to be had */
int keyfile_lock(struct keyfile *f, const struct keypair *k, const char *passphrase, size_t len);
/* -EKEYREJECTED: wrong passphrase; -EBADMSG: the keys inside are not those outside; -ENOMEM. out should be secret memory. */
int keyfile_unlock(const struct keyfile *f, const char *passphrase, size_t len, struct keypair *out);
#endif
