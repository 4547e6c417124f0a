/* Ed25519 by libsodium's rule, one signature at a time, never in batches: an edge-case disagreement would split the chain. */
#ifndef ZEUS_SIGN_H
#define ZEUS_SIGN_H
#include "common/tx.h"

struct keypair { uint8_t pk[32], sk[64], x_pk[32], x_sk[32]; };

int sign_init(void);                                        /* once per process; -ENOSYS if libsodium cannot start */
void sign_keypair_new(struct keypair *out);
/* The pair that these two secrets stand for: an Ed25519 seed (RFC 8032) and an X25519 secret. -EINVAL: the second is none */
int sign_keypair_of(const uint8_t seed[32], const uint8_t x_sk[32], struct keypair *out);
void sign_keypair_wipe(struct keypair *k);
void sign_bytes(const struct keypair *k, const void *p, size_t len, uint8_t sig[64]);
bool sign_verify(const uint8_t pk[32], const void *p, size_t len, const uint8_t sig[64]);
void sign_random(void *p, size_t len);
/* Sign an envelope whose tx fields are complete except nsig/sig: writes the whole into w. */
void sign_tx(const struct keypair *k, const struct id *genesis, struct tx *tx, struct wbuf *w);
/* Add k's to a draft's signatures, which stay sorted by key. bytes: what is signed. -EEXIST: it is there; -ENOSPC: there are TX_SIGS_MAX */
int sign_tx_add(const struct keypair *k, const struct id *genesis, struct slice bytes, struct tx *tx);
/* All signatures of an envelope over "zeus/tx/1\0" || genesis || signed bytes. Says nothing about whose keys they are. */
bool sign_tx_verify(const struct id *genesis, const struct tx *tx, struct slice signed_bytes);
struct address sign_address(const struct auth *a);           /* H("zeus/addr", auth bytes) */
struct auth sign_auth_single(const uint8_t pk[32]);
#endif
