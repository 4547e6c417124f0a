/* Transactions that wait for a block: bounded, in order per (entity, party).
 *
 * A line holds what one party queued for one entity (its account, or a lease). Custodial entries have no nonce until they are taken for
 * a block,
 * so one that is refused leaves no gap; finished envelopes keep theirs. An entry whose signature is still being checked holds back its
 * line only. */
#ifndef ZEUS_MEMPOOL_H
#define ZEUS_MEMPOOL_H
#include "ledger/chain/round.h"
#include "common/wire.h"

struct mempool_line;
struct mempool_entry {
	struct pending_tx p;            /* p.tx is complete but for nonce and signature if custodial */
	uint8_t *bytes;                 /* the envelope, owned; of a custodial entry only once it was signed */
	uint8_t *body;                  /* custodial: the body that p.tx borrows from, owned */
	size_t size;                    /* of the envelope; fixed before it is added */
	bool custodial, checked, taken;
	uint32_t uid; unsigned tries; uint64_t seq;
	void (*done)(void *arg, const struct wire_answer *a); void *arg;
	struct mempool_line *line; struct mempool_entry *next;
};

struct mempool;
struct mempool *mempool_new(void);
void mempool_free(struct mempool *m);                        /* nobody is answered */
struct mempool_entry *mempool_entry_new(void);
/* V_OK: m owns e now. V_BUSY: full. */
enum verdict mempool_add(struct mempool *m, struct mempool_entry *e);
size_t mempool_queued(const struct mempool *m, const struct tx *tx); /* in the line that tx would join */
size_t mempool_count(const struct mempool *m);
bool mempool_ready(const struct mempool *m);                 /* some line's first entry is checked */
/* The first entries of every line that may go into a block now, in line order; at most max. sign: set nonce and bytes of a
 * custodial one. */
size_t mempool_take(struct mempool *m, struct pending_tx **out, size_t max, const struct state *s,
    void (*sign)(void *arg, struct mempool_entry *e), void *arg);
void mempool_remove(struct mempool *m, struct mempool_entry *e); /* unlinks and frees it */
uint64_t mempool_seq(const struct mempool *m);               /* of the next entry */
uint64_t mempool_oldest(const struct mempool *m);            /* seq of the oldest waiting entry; mempool_seq() if none waits */
/* Signatures are verified once: have exactly these bytes verified before? */
bool mempool_seen(const struct mempool *m, const struct id *envelope);
void mempool_remember(struct mempool *m, const struct id *envelope);
#endif
