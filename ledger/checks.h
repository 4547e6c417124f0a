/* Signatures of envelopes, verified by worker threads of the loop, several at a time. */
#ifndef ZEUS_CHECKS_H
#define ZEUS_CHECKS_H
#include "common/loop.h"
#include "ledger/admit.h"
#include "ledger/mempool.h"

struct checks;
/* done, on the loop's thread: e's signatures are good, or not. */
struct checks_up { void (*done)(void *arg, struct mempool_entry *e, const struct id *envelope, bool ok); void *arg; };
/* genesis is borrowed. */
int checks_new(struct loop *l, const struct id *genesis, const struct checks_up *up, struct checks **ret);
void checks_free(struct checks *c);                          /* when the loop has ended; who waits is not told */
/* e stays where it is until done was called. node: who must have signed the measurement inside, if e is a TX_USAGE. */
void checks_add(struct checks *c, struct mempool_entry *e, const struct id *envelope, const struct admit_node *node);
#endif
