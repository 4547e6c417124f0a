/* What a tick adds to its readings: a receipt's hash for each lease, one root over them, one signature. */
#ifndef BENCH_COMMITMENT_H
#define BENCH_COMMITMENT_H
#include "kernel-facing/kernel.h"

struct commitment;
struct usage_receipt;
struct commitment *commitment_new(void); /* a fresh key; NULL: no memory, or libsodium cannot start */
void commitment_free(struct commitment *c);
/* n <= LEASES_PER_NODE_MAX */
void commitment_sign(struct commitment *c, const struct usage *usage, uint32_t n, uint32_t seq);
/* The same of receipts as they come over the ledger's socket. */
void commitment_receipts(struct commitment *c, const struct usage_receipt *r, uint32_t n, uint32_t seq);
#endif
