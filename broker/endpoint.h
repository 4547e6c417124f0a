/* Where a lease's task is reached, told to the ledger with READY. Part of act.c, apart for its size. */
#ifndef ZEUS_BROKER_ENDPOINT_H
#define ZEUS_BROKER_ENDPOINT_H
#include "broker/act.h"

/* READY, with the address that the kernel side gave the task; 0 or -errno. The ledger seals it to the buyer. */
int endpoint_tell(struct actor *a, struct lease *l);
#endif
