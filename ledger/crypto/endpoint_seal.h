/* Where a lease's task is reached, readable by the buyer of that lease alone.
 *
 * On the ledger an endpoint is a text; sealed, it is ENDPOINT_SEALED and the base64 of the box. The place (see seal.h) is
 * H("zeus/endpoint", lease): copied into another lease it does not open, so nobody passes off a stranger's machine as his own. */
#ifndef ZEUS_ENDPOINT_SEAL_H
#define ZEUS_ENDPOINT_SEAL_H
#include "ledger/crypto/seal.h"

/* What still fits ENDPOINT_MAX once it is sealed. */
#define ENDPOINT_PLAIN_MAX 296

bool endpoint_is_sealed(const char *text);
/* Both: out holds ENDPOINT_MAX + 1 bytes and is untouched unless SEAL_OK. SEAL_CUT also: too long, sealed already, or not sealed, or what
 * was under the seal is no text. */
enum seal endpoint_seal(const struct id *lease, const uint8_t x_pk[32], const char *plain, char *out);
enum seal endpoint_open(const struct id *lease, const uint8_t x_pk[32], const uint8_t x_sk[32], const char *sealed, char *out);
#endif
