/* Secret keys in memory: locked against swapping, fenced by guard pages, wiped when freed. */
#ifndef ZEUS_KEYRING_H
#define ZEUS_KEYRING_H
#include "ledger/crypto/sign.h"

#define KEYRING_MAX 1024

struct keyring;
struct keyring *keyring_new(void); /* NULL: out of memory */
void keyring_free(struct keyring *r);
/* Copies k. -EEXIST, -ENOSPC (KEYRING_MAX), -ENOMEM */
int keyring_add(struct keyring *r, uint32_t uid, const struct keypair *k);
const struct keypair *keyring_get(const struct keyring *r, uint32_t uid); /* NULL: none */
size_t keyring_count(const struct keyring *r);
uint32_t keyring_uid(const struct keyring *r, size_t i);                 /* in the order they were added */
#endif
