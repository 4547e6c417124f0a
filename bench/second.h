/* A whole second of the broker as it runs: the parent that serves verbs, plan that asks for them, and what the ledger adds to receipts. */
#ifndef BENCH_SECOND_H
#define BENCH_SECOND_H
#include <sys/types.h>
#include "bench/site.h"

/* Prints the row: processor time of all three, of 2 % of one processor, scaled to 1,000 leases. The leases are open. */
void second_measure(struct site *s, const struct lease_name *names, uint32_t n, const char *key, const char *what);
/* A process that works a little in every half second until second_end. */
pid_t second_worker(void);
void second_end(const pid_t *pids, uint32_t n);
#endif
