/* The books' inside, shared by the files of ledger/state and by nobody else.
 *
 * One partition per chain. A partition is written only while its own chain runs; chain 0's registry (homes, nodes, apps) is read
 * by all. Hash tables are for finding, never for walking in an order that consensus could see: what is walked is sorted first
 * (dirty keys, books, heap). */
#ifndef ZEUS_BOOKS_H
#define ZEUS_BOOKS_H
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "ledger/state/contract.h"
#include "ledger/state/sketch.h"
#include "ledger/state/state.h"
#define uthash_fatal(msg) books_fatal(msg)
#include <uthash.h>

_Noreturn void books_fatal(const char *why);

/* --- bytes that grow --- */
struct bytes { uint8_t *p; size_t len, cap; };
void *books_alloc(size_t size);                                    /* zeroed; never NULL */
void *books_copy(const void *from, size_t size);
void *books_array(void *p, size_t *cap, size_t need, size_t size); /* room for need elements, contents kept */
struct wbuf bytes_begin(struct bytes *b, size_t room);             /* a writer on the free end, room bytes wide */
void bytes_end(struct bytes *b, const struct wbuf *w);             /* keep what was written */
struct slice slice_copy(struct slice from);                        /* owned copy; empty stays NULL */
void slice_drop(struct slice *s);
static inline struct slice bytes_slice(const struct bytes *b) { return (struct slice){b->p, b->len}; }

/* --- objects --- */
enum record_kind { REC_META = 1, REC_HOME, REC_NODE_HOME, REC_APP, REC_ACCOUNT, REC_NODE, REC_ORDER, REC_LEASE, REC_CID, REC_OUTBOX,
	REC_TOKEN, REC_HOLDING, REC_SYMBOL = 20 /* index in the genesis u8: its sketch */, REC_VOTER = 24, REC_SITE_VOTES };

/* Which optional parts follow in an account's record; a part that says nothing is absent. */
enum account_part { ACCOUNT_VESTING = 1, ACCOUNT_STAKE = 2, ACCOUNT_WORK = 1 << 4, ACCOUNT_DEPOSIT = 1 << 5, ACCOUNT_SKETCH = 1 << 7 };

/* Deposits never travel: an object knows what is held for it, and its end tells the holder's home (RCPT_RELEASE). */
struct work { uint64_t used, at_ms; };
struct account {
	struct address address;        /* of its first keys; stays when they change */
	uint8_t x25519[32]; uint64_t nonce; struct money balance;
	struct auth *auth;             /* owned; only as long as its keys need: never copy it whole */
	uint32_t orders;               /* open or travelling; at most ORDERS_PER_ACCOUNT */
	uint32_t cids;                 /* its command ids in the table; at most CIDS_PER_ACCOUNT */
	struct work work;              /* what it has used of the network, as of its last transaction */
	struct money deposit;          /* what is held for objects it had stored, wherever they are */
	/* Owned; NULL for most accounts: */
	struct vesting *vesting;       /* from genesis */
	struct stake *stake;           /* proxy is chain 0's last word, not what was asked for last */
	struct sketch *sketch;         /* whom it deals with */
	UT_hash_handle hh;
};
/* Chain 0's copy of an account that has a stake, votes, or is a proxy; one round behind. */
struct voter {
	struct address address; struct money staked; struct tx_vote votes;
	struct address proxy;          /* zero: votes itself */
	struct money proxied; uint32_t followers; /* whose stake it votes, beside its own */
	UT_hash_handle hh;
};
struct site_votes { uint8_t site[2]; /* big-endian, as in the record's key */ struct money votes; UT_hash_handle hh; };
struct node {
	struct fact_node f; uint8_t op_pk[32];
	uint64_t good, bad, marked_ms; /* weights in 1/256, halved every 30 days (PROTOCOL 5.5) */
	struct money deposit;          /* of the owner */
	UT_hash_handle hh;
};
struct order {
	struct fact_order f; uint16_t rating; /* ask: at posting; bid: the least it takes */
	uint8_t op_pk[32];             /* the owner's key in the lease: account's first key, or the node's */
	uint64_t height_in;            /* round of entry in the book: the queue position */
	struct slice deploy;           /* owned; bids only */
	struct money deposit, deposit_each; /* of the owner, leases to come included; each lease takes deposit_each along */
	uint64_t due_ms;               /* last pushed on the heap */
	UT_hash_handle hh;
};
enum party_kind { PARTY_BUYER, PARTY_SELLER, PARTY_DEV, PARTY_ARBITER, PARTIES };
struct party { struct address address; uint8_t op_pk[32]; uint64_t seq; };
struct lease {
	struct fact_lease f;           /* f.deploy owned */
	struct fsm_run run; struct party party[PARTIES];
	struct usage_receipt usage;    /* the last accepted one; pending while f.usage_pending_ms */
	uint64_t gone_ms;              /* terminal: when the record is dropped; else 0 */
	uint8_t mark;                  /* 0 none, 1 good, 2 bad */
	struct money deposit;          /* of the buyer */
	struct sketch *sketch;         /* owned; NULL: nothing yet */
	uint64_t due_ms; bool gone;
	UT_hash_handle hh;
};
struct cid_key { struct address owner; struct cid cid; };
struct cid_seen { struct cid_key key; uint64_t time_ms; UT_hash_handle hh; };
struct home { struct address address; uint8_t lane; UT_hash_handle hh; };
struct node_home { struct id node; struct address owner; uint8_t lane; UT_hash_handle hh; };
struct app { struct fact_app f; uint8_t op_pk[32]; struct money deposit; UT_hash_handle hh; }; /* f.meta owned; keyed by name */
struct token { struct fact_token f; struct money deposit; UT_hash_handle hh, by_symbol; }; /* deposit: of the issuer */
struct holding_key { struct address account; uint8_t token[4]; }; /* token big-endian, as in the record's key */
struct holding {
	struct holding_key key; struct money amount;
	uint32_t away;                 /* conversions under way: the record waits for their answers */
	struct address payer; struct money deposit; /* of the payer: who made this holding necessary */
	UT_hash_handle hh;
};

/* --- a partition --- */
struct outbox { struct bytes bytes; uint32_t n, from_tx, from_timed, moves; struct money sum; };
enum phase { PHASE_INBOUND, PHASE_TX, PHASE_TIMED };  /* whose budget an emitted receipt uses; inbound is exempt */
struct dirty { uint8_t kind, len; uint8_t key[NAME_MAX_LEN + 1]; };
struct timer { uint64_t due_ms; uint8_t kind; struct id id; };       /* kind: REC_ORDER, REC_LEASE or REC_ACCOUNT (an unstaking) */
struct heap { struct timer *t; size_t n, cap; };
struct side { struct order **o; size_t n, cap; };                    /* best first; ties by id */
struct book {
	struct side side[2]; bool changed; struct id *once; size_t n_once, cap_once; /* orders that do not rest */
	struct sketch *sketch;
};
/* A lane's work units: of this round (all, of account-scoped transactions, of those the free allowance carried), and the congestion that
 * follows from it: multiplier and average fill in 1/65536, units since at_ms. epoch: the last whose weight was told to chain 0. */
struct fill { uint64_t all, open, free; uint32_t multiplier, average; uint64_t units, at_ms, epoch; };
/* One of the accounts that would be better off elsewhere. load: its part of its lane's. */
struct candidate { struct address who; uint8_t from, to; uint32_t gain; uint64_t load; };
/* Loads by lane as this round found them, and as its own decisions will change them. */
struct place { bool known; uint32_t cap_ppm; uint64_t load[CHAINS], sum, accounts; };
struct part {
	uint8_t lane; enum phase phase;
	struct account *accounts; struct node *nodes; struct order *orders; struct lease *leases; struct cid_seen *cids;
	struct book book[GENESIS_SYMBOLS_MAX]; struct heap heap;
	struct outbox out[CHAINS], old[CHAINS]; bool out_stored[CHAINS];
	struct bytes facts, meta;            /* meta: the record as last handed out */
	struct dirty *dirty; size_t ndirty, cap_dirty; bool flushed;
	struct money total, out_total, commission; uint64_t trades;
	struct holding *holdings; struct fill fill; struct traffic traffic;
	bool cids_mixed;                /* the command ids are not in order of time */
	struct leaf_ref *before; size_t nbefore, cap_before; /* per leaf of this round: its entity's transaction before this run */
	/* chain 0 only */
	struct token *tokens, *symbols; uint64_t weight[CHAINS]; /* by lane, as of its last epoch */
	struct home *homes; struct node_home *node_homes; struct app *apps; uint32_t population[CHAINS]; struct money reserve, pool;
	struct voter *voters; struct site_votes *site_votes;
	uint64_t mig_epoch, mig_turn;  /* the last in which lanes nominated, and how often they did */
	/* of this round: lanes nominate; who was; how many leave which lane */
	bool nominate; struct candidate *candidates; size_t ncandidates, cap_candidates; uint32_t leaving[CHAINS]; struct place place;
};
/* Where the standard lease keeps what the books need to know, by index; -1 = not there. */
struct lease_words { int role[PARTIES], escrow, bond, ran, price, tmin, tmax, trial, grace, settle, meter[METERS]; };
struct state {
	struct genesis genesis; uint64_t height, time_ms; struct id rand;
	struct fsm *fsm; struct lease_words words; struct part part[CHAINS];
};

/* --- books.c: tables, dirty keys, out-boxes, time --- */
void part_clear(struct part *p);
void part_touch(struct part *p, enum record_kind kind, const void *key, size_t len);
void part_emit(struct state *s, struct part *p, struct receipt *r);  /* src, idx, height filled in; r->amount leaves the partition */
bool part_room(const struct part *p, uint32_t n);                    /* n more receipts to every chain within this phase's budget */
struct account *account_find(const struct part *p, const struct address *a);
struct node *node_find(const struct part *p, const struct id *id);
struct order *order_find(const struct part *p, const struct id *id);
struct lease *lease_find(const struct part *p, const struct id *id);
const struct app *app_find(const struct state *s, const char *name);
const struct node_home *node_home_find(const struct state *s, const struct id *id);
uint8_t home_of(const struct state *s, const struct address *a);     /* 0: unknown */
struct home *home_add(struct part *zero, const struct address *a, uint8_t lane);
struct account *account_add(struct part *p, const struct address *address, const struct auth *auth, const uint8_t x25519[32],
    struct money balance);
void account_keys(struct account *a, const struct auth *auth);       /* instead of those that it has */
void account_free(struct account *a);
bool account_count(const struct account *a, struct money *sum);      /* its coins in any form, but what is in objects elsewhere */
struct cid_seen *cid_add(struct part *p, const struct cid_key *key, uint64_t time_ms);
void cid_drop(struct part *p, struct cid_seen *c);
struct address auth_address(const struct auth *a);
const struct fact_symbol *symbol_find(const struct state *s, uint32_t symbol, size_t *index);
bool money_take(struct money *from, struct money amount);
void money_give(struct money *to, struct money amount);              /* cannot overflow: all money is one supply */

/* --- heap.c --- */
void heap_push(struct heap *h, uint64_t due_ms, uint8_t kind, const struct id *id);
void heap_pop(struct heap *h);
void heap_prune(struct part *p);                                     /* the top, if any, is live */

/* --- facts.c --- */
void fact_emit(struct part *p, const struct fact *f);
struct pay_line { enum pay_kind kind; bool in; struct address account, other; struct money amount; struct id object; const char *memo;
	uint32_t token; };
void fact_pay_emit(struct state *s, struct part *p, const struct pay_line *l);
void fact_verdict_emit(struct state *s, struct part *p, const struct id *txid, const struct address *sender, uint8_t type, enum verdict v,
    const struct cid *cid);
void facts_flush(struct state *s, struct part *p);                   /* changed objects, sorted, once each; drops what ended */
size_t part_keys(const struct part *p, struct dirty **out);               /* every object, in record order; caller frees *out */
void keys_sort(struct dirty *d, size_t *n);                          /* and drop repetitions */
bool key_fact(const struct state *s, const struct part *p, const struct dirty *d, struct fact *out);
void lease_fact(const struct state *s, const struct lease *l, struct fact_lease *out); /* with what the contract says now */

/* --- transactions: check (nothing changes) then apply (cannot fail) --- */
struct act { struct state *s; struct part *p; struct account *a; const struct tx *tx; const struct id *txid; uint32_t index; };
struct purse_node { struct id node; struct resources free; UT_hash_handle hh; };
struct purse_token { uint32_t token; struct money left; UT_hash_handle hh; };
struct purse { /* scratch of one account */
	struct money balance, locked; /* what may be spent at this header's time, and what only later */
	uint32_t orders, sent[CHAINS]; struct purse_node *nodes; struct purse_token *tokens;
	struct cid_seen **cids; size_t ncids, cap_cids; /* entered by this transaction */
};
struct purse purse_open(const struct act *t);
void purse_close(struct purse *u, const struct act *t, bool done);
enum verdict purse_spend(struct purse *u, struct money amount);
enum verdict purse_spend_token(struct purse *u, const struct act *t, uint32_t token, struct money amount); /* token 0: ZNC */
enum verdict purse_deposit(struct purse *u, struct money amount);
enum verdict purse_send(struct purse *u, const struct act *t, uint8_t dst);
enum verdict purse_cid(struct purse *u, const struct act *t, const struct cid *cid);
struct resources *purse_free(struct purse *u, const struct act *t, const struct id *node); /* NULL: not the sender's node here */
enum verdict act_check(const struct act *t, struct purse *u);
void act_apply(const struct act *t);
void act_pay(const struct act *t, struct money amount, enum pay_kind kind, const struct address *other, const struct id *object,
    const char *memo);
struct id order_id(const struct id *txid, uint32_t index);

enum verdict transfer_check(const struct act *t, struct purse *u);
void transfer_apply(const struct act *t);
enum verdict open_check(const struct act *t, struct purse *u);
void open_apply(const struct act *t);
enum verdict key_check(const struct act *t);
void key_apply(const struct act *t);
enum verdict auth_check(const struct act *t);
void auth_apply(const struct act *t);
enum verdict stake_check(const struct act *t, struct purse *u);
void stake_apply(const struct act *t);
enum verdict unstake_check(const struct act *t, struct purse *u);
void unstake_apply(const struct act *t);
enum verdict vote_check(const struct act *t, struct purse *u);
void vote_apply(const struct act *t);
enum verdict proxy_check(const struct act *t, struct purse *u);
void proxy_apply(const struct act *t);
enum verdict node_check(const struct act *t, struct purse *u);
void node_apply(const struct act *t);
void node_return(struct state *s, struct part *p, const struct receipt *r);
enum verdict ask_check(const struct act *t, struct purse *u);
void ask_apply(const struct act *t);
enum verdict bid_check(const struct act *t, struct purse *u);
void bid_apply(const struct act *t);
enum verdict cancel_check(const struct act *t, struct purse *u);
void cancel_apply(const struct act *t);
enum verdict amend_check(const struct act *t, struct purse *u);
void amend_apply(const struct act *t);
enum verdict app_check(const struct act *t, struct purse *u);
void app_apply(const struct act *t);
enum verdict fund_check(const struct act *t, struct purse *u);
void fund_apply(const struct act *t);
enum verdict token_new_check(const struct act *t, struct purse *u);
void token_new_apply(const struct act *t);
enum verdict token_in_check(const struct act *t, struct purse *u);
void token_in_apply(const struct act *t);
enum verdict token_out_check(const struct act *t, struct purse *u);
void token_out_apply(const struct act *t);
enum verdict lease_execute(struct state *s, struct part *p, struct lease *l, const struct tx *tx);
enum verdict batch_execute(const struct act *t);

/* --- receipts: what they carry --- */
struct result { bool closes; uint8_t mark, state; struct id object, node; struct resources resources; struct money value; uint64_t up_s,
    ran_s; };
void result_put(struct wbuf *w, const struct result *v);
bool result_get(struct slice bytes, struct result *out);
void credit_send(struct state *s, struct part *p, const struct pay_line *l, const struct id *origin); /* l->account gets l->amount */
void bounce_send(struct state *s, struct part *p, const struct receipt *r, const struct address *to, enum verdict why, uint8_t tx_type);
void book_receive(struct state *s, struct part *p, const struct receipt *r);   /* ORDER, CANCEL, AMEND */
void lease_receive(struct state *s, struct part *p, const struct receipt *r);  /* EVENT */
void registry_receive(struct state *s, struct part *p, const struct receipt *r); /* NEW, REG on chain 0 */

/* --- stake.c: at home --- */
void stake_timer(struct state *s, struct part *p, struct account *a);
void stake_arm(struct part *p, const struct account *a);
void stake_receive(struct part *p, const struct receipt *r);        /* PROXY: which proxy chain 0 agreed to */

/* --- votes.c: on chain 0 --- */
void votes_receive(struct part *zero, const struct receipt *r);     /* VOTE */
void proxy_receive(struct state *s, struct part *zero, const struct receipt *r); /* PROXY: answered, or bounced */
const struct voter *voter_find(const struct state *s, const struct address *a);
/* May a be voted for by proxy? No, if either is not its own master, or proxy votes through another. */
bool proxy_may(const struct state *s, const struct address *a, const struct address *proxy);
void voter_put(struct wbuf *w, const struct voter *v);
bool voter_load(struct part *zero, struct slice key, struct rbuf *r);
bool site_votes_load(struct part *zero, struct slice key, struct rbuf *r);
bool votes_agree(const struct part *zero);                          /* what sites have is what voters give them */

/* --- token.c: definitions and reserves on chain 0 --- */
const struct token *token_find(const struct state *s, uint32_t token);
void token_add(struct part *zero, struct token *owned);
void token_register(struct state *s, struct part *zero, const struct receipt *in, struct rbuf *r); /* REG, behind its first byte */
bool tokens_sum_up(const struct state *s); /* what is held and travels is each supply, and each reserve covers it */
void token_convert(struct state *s, struct part *zero, const struct receipt *in);
/* What amount of token `from` becomes in `into` (0 = ZNC) by way of `between` ZNC. V_OVERFLOW: nothing would come, or too much. */
enum verdict token_rate(const struct state *s, uint32_t from, uint32_t into, struct money amount, struct money *between,
    struct money *result);

/* --- holding.c: what accounts have of tokens, at home --- */
void token_key(uint32_t token, uint8_t key[4]);         /* big-endian, as in records */
struct holding_key holding_key_of(const struct address *a, uint32_t token);
uint32_t token_of_key(const uint8_t key[4]);
struct holding *holding_find(const struct part *p, const struct address *a, uint32_t token);
struct holding *holding_add(struct part *p, const struct holding_key *key);
void holding_credit(struct state *s, struct part *p, const struct receipt *in, const struct address *payer, struct money deposit);
void holding_spend(const struct act *t, uint32_t token, struct money amount);
void holding_pin(const struct act *t, uint32_t token);   /* it is there, if empty, until holding_answer */
enum verdict holding_pin_check(const struct act *t, struct purse *u, uint32_t token);
void holding_answer(struct state *s, struct part *p, const struct receipt *in);
void holding_drop(struct state *s, struct part *p, struct holding *h); /* frees it if it holds nothing */

/* --- deposit.c --- */
struct money deposit_for(const struct state *s, uint64_t bytes);
struct money deposit_lease(const struct state *s, size_t deploy);
bool deposit_covers(const struct state *s, const struct lease *l, size_t deploy); /* a deploy of that length */
void deposit_hold(struct state *s, struct part *p, struct account *a, struct money amount, const struct id *object); /* checked before */
void deposit_release(struct state *s, struct part *p, const struct address *holder, struct money amount, const struct id *object);
void deposit_receive(struct state *s, struct part *p, const struct receipt *in);
/* What a record takes beyond its variable part, rounded up: bytes of the disk, of the memory and of the state tree's leaf. */
#define ACCOUNT_BYTES 768
#define ORDER_BYTES 768
#define LEASE_BYTES 2048
#define NODE_BYTES 512
#define APP_BYTES 512
#define TOKEN_BYTES 256
#define HOLDING_BYTES 192
#define LEASE_ROOM 1024 /* deploy bytes that every lease may have */

/* --- work.c --- */
#define WORK_UNBOUNDED (1ULL << 56) /* a genesis with as much free work counts none */
bool work_counts(const struct state *s);
uint64_t account_weight(const struct account *a);              /* coins that earn work units */
void work_round_end(struct state *s, struct part *p);
struct fill fill_new(uint64_t time_ms);
void fill_put(struct wbuf *w, const struct fill *f);
void fill_get(struct rbuf *r, struct fill *f);

/* --- place.c --- */
uint64_t traffic_load(const struct state *s, const struct part *p);  /* faded to the header's time */
void traffic_round_end(const struct state *s, struct part *p);
void traffic_sent(struct part *p, uint8_t dst);                      /* a transaction's receipt */
void traffic_put(struct wbuf *w, const struct traffic *t);
void traffic_get(struct rbuf *r, struct traffic *t);
struct place *place_of(struct state *s);                             /* on chain 0; of this round */
bool place_open(const struct place *l, uint8_t lane, uint64_t more); /* with so much more */
uint8_t place_least(const struct place *l, const uint32_t population[CHAINS]);
/* The open lane that a creator with these weights, at home on own, deals most with; else the least loaded. */
uint8_t place_account(const struct place *l, const uint32_t population[CHAINS], const uint32_t aff[LANES], uint8_t own);
void place_took(struct place *l, uint8_t lane);                      /* a new account, as busy as the average */
void place_moved(struct place *l, uint8_t from, uint8_t to, uint64_t load);

/* --- nominate.c --- */
void nominate(struct state *s, struct part *p);                      /* at a round's end */
void nominate_receive(struct part *zero, const struct receipt *in);

/* --- migrate.c --- */
void move_receive(struct part *p, const struct receipt *in);
bool move_forward(struct state *s, struct part *p, const struct receipt *in); /* true: it is sent after its account */
void move_facts(const struct state *s, const struct receipt *in, void (*cb)(void *arg, const struct fact *f), void *arg);
bool homes_agree(const struct state *s); /* one record per address, where chain 0 says or on its way there; nodes and holdings with it */

/* --- book.c --- */
void book_insert(struct state *s, struct part *p, struct order *o);
void book_remove(struct state *s, struct part *p, struct order *o);
void order_close(struct state *s, struct part *p, struct order *o, enum order_state how, enum verdict why);
void order_arm(struct part *p, struct order *o);
bool order_live(const struct order *o);
bool order_terms(const struct state *s, const struct order *o, struct price price, uint32_t seconds, struct money *rate,
    struct money *hold);
bool order_bond(const struct state *s, const struct resources *res, const struct fact_symbol *y, struct price price, uint32_t seconds,
    struct money *bond);
void order_free(struct order *o);

/* What a bid may want, a lease may become: units and rate of res at price. */
enum verdict order_wants(const struct fact_symbol *y, const struct resources *res, struct price price, struct money *rate);

/* --- auction.c --- */
bool auction_run(struct state *s, struct part *p, size_t symbol); /* false: out of room, goes on next round */

/* --- lease.c --- */
struct match { struct order *bid, *ask; struct price price; struct money rate, hold, bond; };
struct lease *lease_open(struct state *s, struct part *p, const struct match *m);
void lease_timer(struct state *s, struct part *p, struct lease *l);
void lease_arm(const struct state *s, struct part *p, struct lease *l);
void lease_words_of(const struct fsm *f, struct lease_words *out);
void lease_free(struct lease *l);
enum verdict usage_accept(struct state *s, struct part *p, struct lease *l, const struct tx_usage *u);
void usage_settle(struct state *s, struct part *p, struct lease *l);
enum verdict lease_fire(struct state *s, struct part *p, struct lease *l, const struct fsm_call *call, struct fsm_outcome *out);

void lease_give(struct state *s, struct part *p, const struct lease *l, const struct result *v); /* to the node, at its home */
uint64_t lease_run_s(const struct state *s, const struct lease *l);  /* by chain time, the present state included */

/* --- change.c: other terms for a lease that runs --- */
bool change_word(const char *event);                                 /* change, agree, withdraw, refuse, resized */
enum verdict change_event(struct state *s, struct part *p, struct lease *l, const struct tx *tx);
void change_closes(struct lease *l);                                 /* a receipt was accepted */
void change_settled(struct state *s, struct part *p, struct lease *l); /* and counts */
void change_look(struct state *s, struct part *p, struct lease *l);  /* whether time or the lease's state went over it */
void change_drop(struct state *s, struct part *p, struct lease *l, enum change_end why);
uint64_t change_due_ms(const struct lease *l);                       /* ~0: it waits for no time */

/* --- correlate.c: transitions (no one touches the record of an account or a lease: the caller does) --- */
void correlate(const struct state *s, struct sketch **slot, const void *to, uint8_t lane); /* to: 32 bytes; lane 0: not known */
void correlate_symbol(const struct state *s, struct part *p, uint32_t symbol, const struct address *with, uint8_t lane);
void correlate_lease(const struct state *s, struct lease *l);
void correlate_tx(struct state *s, struct part *p, const struct tx *tx, enum verdict v);   /* once per leaf, in leaf order */
void correlate_credit(const struct state *s, struct account *a, const struct pay_line *l, uint8_t src);
uint8_t lane_of_entity(const struct state *s, const struct id *e);                         /* where it lives now; 0: not known */

/* --- record.c --- */
void order_put(struct wbuf *w, const struct order *o);
bool order_get(struct slice bytes, struct order **ret);
bool record_load(struct part *p, uint8_t kind, struct slice id, struct slice value); /* false: not one of that kind */
bool record_value(const struct part *p, uint8_t kind, const uint8_t *key, size_t len, struct bytes *out); /* false: not there (any more) */
#define RECORD_MAX (3 * DEPLOY_MAX)

/* For tests: every unit counted again, object by object. */
struct money state_recount(const struct state *s, uint8_t lane);
#endif
