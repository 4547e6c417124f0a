/* The running node: what waits, when a block is made of it, and who hears about it. One thread: the loop's. */
#ifndef ZEUS_CORE_H
#define ZEUS_CORE_H
#include "common/loop.h"
#include "common/wire.h"
#include "ledger/archive.h"
#include "ledger/keystore.h"

struct core;
struct core_up {
	void (*block)(void *arg, uint64_t height); /* durable; its facts can be read; comes before the answers of that block */
	void (*answered)(void *arg);               /* after the answers */
	void *arg;
};
/* Books and keys are borrowed. state_dir: whose disk is watched. */
int core_new(struct loop *l, struct archive *a, struct keystore *k, const char *state_dir, const struct core_up *up, struct core **ret);
void core_free(struct core *c);
void core_start(struct core *c);
/* Why the loop was stopped: 0, or the exit code after a write that failed or sums that did not add up. */
int core_failed(const struct core *c);

const struct archive *core_archive(const struct core *c);
struct tip core_tip(const struct core *c);

/* Both: V_OK = queued, done is called later, exactly once; anything else = refused now, done is not called. */
/* Sign with uid's key and submit. tx: type, scope, body's fields; what it borrows is copied. */
enum verdict core_intent(
    struct core *c, uint32_t uid, const struct tx *tx, void (*done)(void *arg, const struct wire_answer *a), void *arg);
/* A finished envelope; its signatures are verified on another thread. */
enum verdict core_submit(struct core *c, struct slice envelope, void (*done)(void *arg, const struct wire_answer *a), void *arg);
/* done when everything queued before is final and its receipts have arrived. verdict is handed through. */
void core_settled(struct core *c, const struct wire_answer *answer, void (*done)(void *arg, const struct wire_answer *a), void *arg);
/* What a transaction handed in now would find; false: there is no such account. */
bool core_work_units(const struct core *c, const struct address *a, struct work_units *out);
#endif
