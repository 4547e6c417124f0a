/* A fixed set of threads for the lanes of a round (struct workers of ledger/chain/round.h). The caller's thread works too. */
#ifndef ZEUS_WORKERS_H
#define ZEUS_WORKERS_H
#include "ledger/chain/round.h"

/* threads: in all, the caller's included; 0 = one per processor this process may use, at most LANES. NULL: one is enough. */
struct workers *workers_new(unsigned threads);
void workers_free(struct workers *w);
#endif
