/* The ledger's socket as views uses it: facts come in and are folded into the model, intents go out and are answered.
 *
 * One thread of its own receives; any thread may ask. It reconnects for ever. Answers name the block that holds the change; a call returns
 * only when that block has been folded, so that what was written can be read back at once. */
#ifndef ZEUS_LINK_H
#define ZEUS_LINK_H
#include "common/wire.h"
#include "zfs-views/model.h"

struct link;
struct link_call; /* a sync under way */

/* changed(arg): the model moved, or the ledger came or went; called on the link's thread. */
int link_new(struct model *m, const char *path, void (*changed)(void *arg), void *arg, struct link **ret);
void link_free(struct link *l);
bool link_welcome(struct link *l, struct wire_welcome *out); /* false: never connected yet */

/* V_OK also for V_DUPLICATE: the same cid was carried out before. V_LEDGER_DOWN, V_TIMED_OUT (outcome unknown) after REPLY_TIMEOUT_MS. */
enum verdict link_intent(struct link *l, uint32_t uid, const struct tx *tx, struct wire_answer *out);
/* A finished envelope. It is sent once: whether a lost one was taken is not known. */
enum verdict link_submit(struct link *l, struct slice envelope, struct wire_answer *out);
/* The nonce of this party's next event in a lease. V_NOT_PARTY */
enum verdict link_nonce(struct link *l, const struct id *lease, const struct address *party, uint64_t *out);
enum verdict link_batch(struct link *l, uint32_t uid, struct slice ops, struct wire_answer *out);
enum verdict link_open_uid(struct link *l, uint32_t by_uid, uint32_t uid, struct money amount);

/* Wait until settled(arg), asked after each block; it may lock the model. False: it was not after timeout_ms. */
bool link_wait(struct link *l, bool (*settled)(void *arg), void *arg, uint32_t timeout_ms);

/* Wait until everything admitted before is final: done(arg, verdict) once, on the link's thread. Ends of itself only when the ledger
 * answers. */
int link_sync(struct link *l, void (*done)(void *arg, enum verdict v), void *arg, struct link_call **ret);
/* True: done will not be called any more. False: it was, or is being called. */
bool link_sync_cancel(struct link *l, struct link_call *call);

/* A block_fetch (tree.h); arg is the link. */
int link_block(void *arg, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len);
/* A past_build; arg is the link. -ENOENT: that state is not kept. */
int link_at(void *arg, uint64_t height, struct model *into);
/* A tx_find, a work_ask and a proof_fetch. */
int link_find(void *arg, const struct id *txid, struct wire_found *out);
int link_work(void *arg, const struct address *account, struct wire_work *out);
int link_proof(void *arg, const struct wire_place *place, uint8_t **text, size_t *len);
#endif
