/* The insides of the model, shared by the files model*.c only. */
#ifndef ZEUS_MODEL_PRIV_H
#define ZEUS_MODEL_PRIV_H
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <uthash.h>
#include "zfs-views/model.h"
#include "zfs-views/sorted.h"

struct symbol_rec { struct fact_symbol f; bool known; struct sorted book[2]; struct ring trades; };
struct owner_name { struct address owner; char name[NAME_MAX_LEN + 1]; };
struct order_rec { struct fact_order f; UT_hash_handle hh; };
struct order_leases { struct id order; struct sorted leases; UT_hash_handle hh; }; /* of a bid or an ask */
struct named_order { struct owner_name key; struct order_rec *order; UT_hash_handle hh; };
struct lease_rec {
	struct fact_lease f; char name[LEASE_NAME_LEN + 1], task[NAME_MAX_LEN + 1]; /* task: "" = none */
	UT_hash_handle hh, hh_name;
};
struct named_tasks { char name[NAME_MAX_LEN + 1]; struct sorted leases; UT_hash_handle hh; };
struct usage_rec { struct id lease; struct fact_usage f; UT_hash_handle hh; };
struct account_rec {
	struct address address; struct fact_account f; bool known; struct sorted orders, done, leases, holdings;
	struct ring pays; UT_hash_handle hh;
};
struct holding_rec { struct fact_holding f; };
struct token_rec { struct fact_token f; bool known; struct sorted holders; UT_hash_handle hh; }; /* hh: by symbol, if known */
struct uid_rec { uint32_t uid; struct address address; UT_hash_handle hh; };

struct model {
	pthread_rwlock_t lock;
	_Atomic uint64_t generation, since_ms;
	_Atomic bool up;
	bool has_head;
	struct fact_block head;
	struct ring lanes[CHAINS];
	struct sorted symbols, nodes, apps, tokens, uids, orders, leases, ended; /* ended: terminal leases by the time they ended */
	struct order_rec *order_by_id;
	struct order_leases *order_leases;
	struct named_order *order_by_name;
	struct lease_rec *lease_by_id, *lease_by_name;
	struct named_tasks *tasks;
	struct usage_rec *usages;
	struct account_rec *accounts;
	struct token_rec *token_by_symbol;
	struct uid_rec *uid_by_address;
};

/* Every one of these looks a thing up by its identity; NULL = absent. */
static inline struct order_rec *order_rec_of(const struct model *m, const struct id *id)
{
	struct order_rec *r;
	HASH_FIND(hh, m->order_by_id, id, sizeof *id, r);
	return r;
}

static inline struct lease_rec *lease_rec_of(const struct model *m, const struct id *id)
{
	struct lease_rec *r;
	HASH_FIND(hh, m->lease_by_id, id, sizeof *id, r);
	return r;
}

static inline struct account_rec *account_rec_of(const struct model *m, const struct address *a)
{
	struct account_rec *r;
	HASH_FIND(hh, m->accounts, a, sizeof *a, r);
	return r;
}

static inline bool order_is_open(const struct fact_order *o) { return o->state == ORDER_OPEN || o->state == ORDER_PARTIAL; }
static inline bool order_is_final(const struct fact_order *o) { return o->state >= ORDER_FILLED; }

struct symbol_rec *model_symbol_rec(const struct model *m, uint32_t symbol);
/* model_orders.c, model_leases.c: the parts of the fold that keep more than one index. */
struct account_rec *model_account_make(struct model *m, const struct address *a);
struct symbol_rec *model_symbol_make(struct model *m, uint32_t symbol);
void model_fold_order(struct model *m, const struct fact_order *f);
void model_forget_orders(struct model *m);
void model_fold_lease(struct model *m, const struct fact_lease *f);
void model_fold_usage(struct model *m, const struct fact_usage *f);
void model_expire_leases(struct model *m);   /* those that ended more than LEASE_KEEP_MS before the head */
void model_forget_leases(struct model *m);
void model_fold_token(struct model *m, const struct fact_token *f);
void model_fold_holding(struct model *m, const struct fact_holding *f);
void model_forget_tokens(struct model *m);   /* before the accounts */
int model_cmp_token(const void *a, const void *b);  /* number */
int model_cmp_holding(const void *a, const void *b); /* of one account: by token */
int model_cmp_order(const void *a, const void *b);  /* time, id */
int model_cmp_bid(const void *a, const void *b);    /* dearest first, then time, id */
int model_cmp_ask(const void *a, const void *b);    /* cheapest first, then time, id */
int model_cmp_lease(const void *a, const void *b);  /* birth, id */
#endif
