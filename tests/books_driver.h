/* Drives the books without chain/: rounds, delivery of out-boxes, and after every round the checks that must always hold. */
#ifndef ZEUS_TEST_BOOKS_DRIVER_H
#define ZEUS_TEST_BOOKS_DRIVER_H
#include "ledger/state/state.h"

struct entry_map; /* key bytes -> value bytes */
struct rig {
	struct state *s; struct genesis genesis; uint64_t height, time_ms; uint32_t step_ms;
	struct entry_map *records, *fold;
	struct id digest;                  /* of everything that every round gave out */
	bool forget;                       /* drop ended things from the fold as they end */
	uint32_t serial; uint32_t trades, pays, usages, moves, forwards; enum verdict last_verdict; struct id txid;
};

void rig_open(struct rig *r, uint32_t accounts, uint64_t each); /* accounts 0.. with the keys of rig_pk */
/* rig_open in two steps, for a test that changes the genesis in between. */
void rig_prepare(struct rig *r, uint32_t accounts, uint64_t each);
void rig_begin(struct rig *r);
void rig_open_on(struct rig *r, const struct genesis *g, uint32_t accounts, uint64_t each);
void rig_close(struct rig *r);
void rig_pk(uint32_t who, uint8_t pk[32]);
struct auth rig_auth(uint32_t who);
struct address rig_address(uint32_t who);

struct tx rig_tx(struct rig *r, uint32_t who, uint8_t type);    /* nonce, key and cid are set */
struct tx rig_lease_tx(struct rig *r, uint32_t who, uint8_t type, const struct id *lease);
enum verdict rig_do(struct rig *r, const struct tx *tx);        /* one round with it; the verdict of admission or of execution */
void rig_many(struct rig *r, const struct tx *tx, uint32_t n, enum verdict *got); /* one round with all of them */
void rig_round(struct rig *r);                                  /* an empty one */
void rig_settle(struct rig *r);                                 /* rounds until nothing travels */
void rig_pass(struct rig *r, uint64_t ms);                      /* time goes by, timers fire when due */
void rig_check(struct rig *r);                                  /* sums, fold == books */
void rig_recount(struct rig *r);                                /* tokens and deposits, counted again object by object */
void rig_reload(struct rig *r);                                 /* from the records of all rounds */

/* What the fold of facts knows. */
bool rig_account(struct rig *r, uint32_t who, struct fact_account *out);
uint64_t rig_balance(struct rig *r, uint32_t who);
bool rig_token(struct rig *r, uint32_t token, struct fact_token *out);
uint64_t rig_holding(struct rig *r, uint32_t who, uint32_t token);
bool rig_order(struct rig *r, const struct id *id, struct fact_order *out);
bool rig_node(struct rig *r, const struct id *id, struct fact_node *out);
bool rig_lease(struct rig *r, uint32_t nth, struct fact_lease *out); /* in order of id */
bool rig_lease_by_id(struct rig *r, const struct id *id, struct fact_lease *out);

/* Ready-made transactions. */
struct id rig_node_id(uint32_t who);
struct tx rig_node_tx(struct rig *r, uint32_t who, uint32_t cores);
struct tx rig_ask_tx(struct rig *r, uint32_t who, uint32_t cores, uint64_t price);
struct tx rig_bid_tx(struct rig *r, uint32_t who, uint32_t qty, uint64_t limit, uint32_t dur_s); /* one core each */
struct resources rig_cores(uint32_t cores);
struct tx rig_cancel_tx(struct rig *r, uint32_t who, const struct id *order);
struct tx rig_amend_tx(struct rig *r, uint32_t who, const struct fact_order *o, uint32_t qty, uint64_t price, uint64_t add);
struct tx rig_pay_tx(struct rig *r, uint32_t who, uint32_t to, uint64_t amount);
/* A batch of the bodies of n transactions; buf holds it. */
struct tx rig_batch_tx(struct rig *r, uint32_t who, const struct tx *part, uint32_t n, void *buf, size_t cap);
struct id rig_order_id(const struct rig *r);                   /* of the last transaction */
struct tx rig_usage_tx(struct rig *r, uint32_t who, const struct id *lease, uint32_t seq, uint64_t up_s);

/* The main of a test whose cases share one fixture: the exit status. */
struct TCase; /* check's */
int rig_test_main(const char *title, void (*setup)(void), void (*teardown)(void), void (*add)(struct TCase *));
#endif
