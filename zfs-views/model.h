/* The read model: a fold of the ledger's facts, kept for reading under many threads. Reads never leave memory.
 *
 * Lock: one writer (the link thread folds), many readers. Readers call model_lock, use what they were given, model_unlock. Pointers
 * are good only while locked. Every object has a generation that rises when it changes; model_wait-style users compare it. */
#ifndef ZEUS_MODEL_H
#define ZEUS_MODEL_H
#include "common/fact.h"

struct model;
#define MODEL_TRADES 1000     /* kept per symbol */
#define MODEL_HISTORY 1000    /* kept per account */
#define MODEL_BLOCKS 1024     /* lane heads kept per chain */
#define MODEL_ORDERS_DONE 100 /* final orders kept per account */
#define MODEL_LEASE_KEEP_MS (24ULL * 3600 * 1000) /* an ended lease is shown that long */

struct model *model_new(void);
void model_free(struct model *m);
void model_fold(struct model *m, const struct fact *f);           /* takes the write lock itself */
void model_uids(struct model *m, const uint32_t *uid, const struct address *a, uint32_t n); /* WIRE_UIDS */
void model_lock(struct model *m);
void model_unlock(struct model *m);
void model_set_up(struct model *m, bool ledger_up);               /* is the link alive? */
bool model_up(const struct model *m);
uint64_t model_generation(const struct model *m);                 /* rises with every fold */

/* Equal books? For the test fold(facts) == snapshot. Events, and what has ended, are no part of them. */
bool model_equal(const struct model *a, const struct model *b, char *why /* 256 */);

const struct fact_block *model_head(const struct model *m);
uint64_t model_since_ms(const struct model *m);                   /* when the link last came up or went down, wall clock; 0 = never */
const struct fact_lane *model_lane(const struct model *m, uint8_t lane, uint64_t height); /* ~0 = newest; NULL if not kept */
const struct address *model_address(const struct model *m, uint32_t uid);
bool model_uid(const struct model *m, const struct address *a, uint32_t *uid);
const struct fact_account *model_account(const struct model *m, const struct address *a);
const struct fact_symbol *model_symbol(const struct model *m, uint32_t symbol);
const struct fact_symbol *model_symbol_by_name(const struct model *m, const char *name);
const struct fact_order *model_order(const struct model *m, const struct id *order);
/* the newest of that name */
const struct fact_order *model_order_by_name(const struct model *m, const struct address *owner, const char *name);
const struct fact_lease *model_lease(const struct model *m, const struct id *lease);
const struct fact_lease *model_lease_by_name(const struct model *m, const char name[LEASE_NAME_LEN + 1]);
const struct fact_app *model_app(const struct model *m, const char *name);
const struct fact_node *model_node(const struct model *m, const struct id *node);
const struct fact_node *model_node_by_name(const struct model *m, const struct address *owner, const char *name);
const struct fact_usage *model_usage(const struct model *m, const struct id *lease);    /* last accepted receipt */
/* the task's name before others are considered; NULL: nothing to run */
const char *model_task_base(const struct model *m, const struct id *lease);
const struct fact_token *model_token(const struct model *m, uint32_t token);
const struct fact_token *model_token_by_symbol(const struct model *m, const char *symbol);
/* locked in open orders and live leases, as far as a put it up */
struct money model_escrow(const struct model *m, const struct address *a);
/* Iteration in a fixed order (orders by time then id, leases by birth, trades by seq). cb false stops. */
void model_each_symbol(const struct model *m, bool (*cb)(void *, const struct fact_symbol *), void *arg);
void model_each_order(const struct model *m, const struct address *owner /* NULL: all */, bool (*cb)(void *, const struct fact_order *),
	void *arg);
/* open ones, best first */
void model_each_book(const struct model *m, uint32_t symbol, uint8_t side, bool (*cb)(void *, const struct fact_order *), void *arg);
/* Leases born of this bid or ask, by birth. */
void model_each_order_lease(const struct model *m, const struct id *order, bool (*cb)(void *, const struct fact_lease *), void *arg);
/* Leases with something to run whose task would be called name, by birth: the deploy's task name, else the order's. */
void model_each_task_lease(const struct model *m, const char *name, bool (*cb)(void *, const struct fact_lease *), void *arg);
void model_each_lease(const struct model *m, bool (*cb)(void *, const struct fact_lease *), void *arg);
void model_each_trade(const struct model *m, uint32_t symbol, bool (*cb)(void *, const struct fact_trade *), void *arg);
void model_each_pay(const struct model *m, const struct address *a, bool (*cb)(void *, const struct fact_pay *), void *arg);
void model_each_app(const struct model *m, bool (*cb)(void *, const struct fact_app *), void *arg);
void model_each_node(const struct model *m, bool (*cb)(void *, const struct fact_node *), void *arg);
void model_each_token(const struct model *m, bool (*cb)(void *, const struct fact_token *), void *arg); /* by number */
/* What an account has, by token; who has a token, the largest first. None of them is empty. */
void model_each_holding(const struct model *m, const struct address *a, bool (*cb)(void *, const struct fact_holding *), void *arg);
void model_each_holder(const struct model *m, uint32_t token, bool (*cb)(void *, const struct fact_holding *), void *arg);
void model_each_uid(const struct model *m, bool (*cb)(void *, uint32_t uid, const struct address *), void *arg);
#endif
