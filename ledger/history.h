/* What happened and is in no book any more: orders that ended, trades, payments, heads of the chains, each kind's newest. Whoever starts
 * from a snapshot is told these too (but may not act on them).
 *
 * Keys: 'e' + kind u8 + number be64: facts of that kind, at most HISTORY_RECORD_BYTES together. Numbers have no gap; a kind's records
 * have HISTORY_KEEP_BYTES together at most. Leases that ended are not here: the books keep them as long as anybody shows them. */
#ifndef ZEUS_HISTORY_H
#define ZEUS_HISTORY_H
#include "ledger/store/store.h"

#define HISTORY_KINDS 4
/* Records first to next - 1 are there; len[number % cap]: their bytes. */
struct history_kind { uint64_t first, next, bytes; uint32_t *len; size_t cap; };
struct history { struct store *store; struct history_kind kind[HISTORY_KINDS]; };

int history_open(struct history *h, struct store *s); /* borrows s. -EBADMSG: a record is missing or is none */
void history_close(struct history *h);
/* Into the batch: what is history among a block's facts, and the removal of the oldest. From then on it counts as written. */
void history_put(struct history *h, struct store_batch *batch, struct slice facts);
/* All of it, the oldest of each kind first; cb false stops. */
int history_each(const struct history *h, bool (*cb)(void *arg, struct slice facts), void *arg);
#endif
