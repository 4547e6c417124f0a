/* A deploy whose command, directory and variables only the seller of one lease may read.
 *
 * The place (see seal.h) is H("zeus/deploy", lease || what is shown): copied into another lease, or under another image, it does not open.
 * Without that, whoever reads the ledger could have a stranger's secrets handed to an image of his own. */
#ifndef ZEUS_DEPLOY_SEAL_H
#define ZEUS_DEPLOY_SEAL_H
#include "ledger/crypto/seal.h"

/* Both: out holds DEPLOY_MAX bytes. SEAL_CUT also: no deploy's bytes, or sealed already, or not sealed. */
enum seal deploy_seal(const struct id *lease, const uint8_t x_pk[32], struct slice deploy, uint8_t *out, size_t *len);
enum seal deploy_open(
    const struct id *lease, const uint8_t x_pk[32], const uint8_t x_sk[32], struct slice deploy, uint8_t *out, size_t *len);
#endif
