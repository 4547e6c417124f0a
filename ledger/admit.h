/* Whether the signatures of a finished envelope verify; safe on any thread. */
#ifndef ZEUS_ADMIT_H
#define ZEUS_ADMIT_H
#include "ledger/crypto/sign.h"

/* Who measures: looked up in the books before the check leaves the loop's thread. */
struct admit_node { struct id node; uint8_t op_pk[32]; };

bool admit_signatures(const struct id *genesis, const struct tx *tx, struct slice signed_bytes);
/* What a node signs once per tick: H("zeus/tick", node || t1 || root). */
struct id admit_tick(const struct id *node, uint64_t t1_ms, const struct id *root);
/* The receipt is a leaf of a tree whose root the node signed. */
bool admit_usage(const struct tx_usage *u, const struct admit_node *n);
struct id admit_usage_leaf(const struct usage_receipt *r); /* H("zeus/usage", bytes) */
#endif
