/* What is under seal between the parties of a lease: closed as their intents come in, opened as facts go out to the one reader it is for.
 *
 * Deploys are the seller's, opened for this machine's plan; endpoints are the buyer's, opened for this machine's views. */
#ifndef ZEUS_SEALED_H
#define ZEUS_SEALED_H
#include "ledger/archive.h"
#include "ledger/keystore.h"

/* The event `deploy` of this intent to its seller's key; room (DEPLOY_MAX) holds what tx borrows then. The endpoint of READY to its buyer's
 * key; a buyer without one is told none. Anything else is left as it is.
 * V_BAD_KEY: the seller has published no key; V_MALFORMED: too long to be sealed; V_NO_LEASE. */
enum verdict sealed_close(const struct archive *a, struct tx *tx, uint8_t *room);
/* Whole facts, with the deploys of leases that the node in keys serves opened if they open; out: as long as facts. Returns its length. */
size_t sealed_open_facts(const struct archive *a, const struct keystore *keys, struct slice facts, uint8_t *out);
/* The same with the endpoints of leases whose buyer's key is in keys. */
size_t sealed_open_endpoints(const struct archive *a, const struct keystore *keys, struct slice facts, uint8_t *out);
#endif
