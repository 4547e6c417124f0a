/* What libsodium verifies on all processors at once: the limit beside which a ledger is measured. */
#ifndef BENCH_VERIFIER_H
#define BENCH_VERIFIER_H
#include <stddef.h>

/* Messages of len bytes, each processor with a key of its own. Verifications a second; *cpu_ns: processor time of one. */
double verifier_rate(size_t len, double *cpu_ns);
#endif
