/* Custodial keys: one file per uid and one for the node, in a directory of mode 0700; in memory only as long as the process lives.
 *
 * File, 204 bytes: "ZKEY" | version u32=1 | owner u32 (uid; ~0 = the node) | pk[32] sk[64] x_pk[32] x_sk[32] | H("zeus/key", all
 * before)[32].
 * Written beside, synced, renamed, directory synced: a crash leaves the old state or the new, never half a key. */
#ifndef ZEUS_KEYSTORE_H
#define ZEUS_KEYSTORE_H
#include "ledger/crypto/keyring.h"

#define KEYSTORE_NODE UINT32_MAX

struct keystore;
/* why: 256 bytes. create: make the directory. -EBADMSG: a key file is damaged; -EPERM: others may read it. */
int keystore_open(const char *dir, bool create, struct keystore **ret, char *why);
void keystore_close(struct keystore *k);
/* Make a key for uid (KEYSTORE_NODE: the node). -EEXIST */
int keystore_make(struct keystore *k, uint32_t uid);
const struct keypair *keystore_key(const struct keystore *k, uint32_t uid);           /* NULL: none */
bool keystore_address(const struct keystore *k, uint32_t uid, struct address *out);
bool keystore_uid(const struct keystore *k, const uint8_t x_pk[32], uint32_t *uid); /* of the account that payloads for this key go to */
/* The custodial accounts, without the node's key: cb for each. */
uint32_t keystore_count(const struct keystore *k);
void keystore_each(const struct keystore *k, void (*cb)(void *arg, uint32_t uid, const struct address *a), void *arg);
#endif
