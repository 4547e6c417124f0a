/* The books: everything that the ten chains hold, and the rules by which a round changes it. Pure: same inputs, same bytes out.
 *
 * A round (ledger/chain/round.h drives it) is: state_round; the accounts that arrive (RCPT_MOVE) on each lane; chain 0's inbound receipts
 * and state_moves; then for each lane 1..9 its other inbound receipts, state_ship, due timers, transactions in leaf order, auctions; then
 * totals and out-boxes are read. A lane touches its own partition and chain 0's
 * registry, which only chain 0 writes and lanes read. Each lane has its own facts, changes and out-boxes, so lanes may run on any thread.
 * Running out of memory aborts the process: better to stop than to go on wrong. */
#ifndef ZEUS_STATE_H
#define ZEUS_STATE_H
#include "common/fact.h"
#include "ledger/chain/receipt.h"
#include "ledger/state/sketch.h"

struct state;

/* A lane's work units, fading (place.c), and since genesis: transactions' receipts to lanes 1..9, those of them to another lane, accounts
 * that moved here (chain 0: that moved at all). */
struct traffic { uint64_t load, at_ms, sent, crossed, moved; };

/* What consensus reads and an operator may choose; part of the genesis, hence of its hash. */
#define GENESIS_ACCOUNTS_MAX 4096
#define GENESIS_SYMBOLS_MAX 16
#define DEPOSIT_PER_BYTE_MAX 1000000000ULL
#define WORK_CAP_MAX (1ULL << 44)                     /* times multiplier times coins fits 128 bits */
#define GENESIS_TEXT_MAX (8u << 20)
/* schedule: enum vesting_type, counted from the genesis' time; of public only the discounted part is locked, of the others all. */
struct genesis_account { struct auth auth; uint8_t x25519[32]; struct money amount, discounted; uint8_t schedule; };
struct genesis {
	uint32_t chain_id; uint64_t time_ms; uint16_t engine; char profile[16];
	uint32_t trial_s, grace_s, settle_s, consent_s;   /* of the standard lease; consent_s is W_d */
	uint32_t commission_ppm, bond_ppm;                /* 10000 (1 %), 200000 (20 %) */
	uint32_t lane_tx_max;                             /* 8192 */
	uint32_t sketch_half_ms;                          /* weights of sketches halve in this time: 1,600,000 */
	uint32_t unstake_s;                               /* from UNSTAKE until the coins are free: 7 days */
	uint64_t deposit_per_byte;                        /* base units of ZNC, refundable; 0: none; at most DEPOSIT_PER_BYTE_MAX */
	/* Work units (PROTOCOL 1.5): of an account per window for nothing and, all stake together, for stake; of a lane per fill step, of
	 * which open_ppm may be account-scoped and free_ppm carried by the free allowance. */
	uint64_t free_wu, work_cap, lane_wu; uint32_t open_ppm, free_ppm, fill_step_ms; uint64_t work_window_ms, epoch_ms;
	/* Migration (PROTOCOL 3.6): at most mig_max accounts an epoch (0: none ever) move, each for a gain of at least mig_theta_ppm of its
	 * weights, which are mig_weight or more (256 a transaction), to a lane with at most load_cap_ppm of the mean load. */
	uint32_t mig_max, mig_theta_ppm, mig_weight, load_cap_ppm; uint64_t mig_epoch_ms;
	/* Owned. What they leave of the supply is the reserve on chain 0. */
	uint32_t naccounts; size_t cap_accounts; struct genesis_account *account;
	uint32_t nsymbols; struct fact_symbol symbol[GENESIS_SYMBOLS_MAX]; /* lane of the i-th: 1 + i mod 9 */
	struct id standard_lease;                         /* template id; its code is compiled in and checked against this */
};
void genesis_local(struct genesis *g);                /* profile local: four symbols, defaults; accounts are added by the caller */
void genesis_free(struct genesis *g);                 /* what it owns */
struct genesis_account *genesis_account_add(struct genesis *g); /* zeroed; NULL: no more than GENESIS_ACCOUNTS_MAX */
/* Is it sound: bounds, no account twice, no more than the supply? Else which rule it breaks, with a sentence in why (256). */
enum verdict genesis_check(const struct genesis *g, char *why);
struct money genesis_reserve(const struct genesis *g); /* of a sound one: what stays on chain 0 */
struct vesting genesis_vesting(const struct genesis *g, const struct genesis_account *a); /* type VEST_NONE: nothing is locked */
size_t genesis_room(const struct genesis *g);         /* its bytes, and its text, are not more than this */
void genesis_put(struct wbuf *w, const struct genesis *g);
bool genesis_get(struct slice bytes, struct genesis *out); /* out is overwritten, then the caller's to free */
struct id genesis_hash(const struct genesis *g);      /* H("zeus/gen", bytes) */
/* As people write it, see zeus(1): one key and its value a line. Every key must be there, so that the text alone makes the hash.
 * put: of a sound one. get: false with "LINE: sentence" in why (256); what it accepts is sound. */
void genesis_text_put(struct wbuf *w, const struct genesis *g);
bool genesis_text_get(struct slice text, struct genesis *out, char *why);
/* One of the keys that are numbers or times of the rules: trial, grace, ...; false: not understood. */
bool genesis_param_set(struct genesis *g, const char *word, const char *value);
bool genesis_keys_get(const char *text, struct auth *out); /* KEY, or THRESHOLD/KEY[*WEIGHT],KEY... in any order; KEY: 64 hex digits */

enum verdict state_new(const struct genesis *g, struct state **ret); /* copies what it needs of g */
void state_free(struct state *s);

/* --- a round --- */
void state_round(struct state *s, uint64_t height, uint64_t time_ms, const struct id *rand);
void state_receive(struct state *s, uint8_t lane, const struct receipt *r);
bool state_moving(const struct state *s);                                  /* does any RCPT_MOVE arrive in this round? */
void state_moves(struct state *s);                                         /* chain 0 decides who lives where from here on */
void state_ship(struct state *s, uint8_t lane);                            /* and whoever lives elsewhere leaves */
uint32_t state_timers(struct state *s, uint8_t lane);                      /* how many fired; at most TIMERS_PER_ROUND */
/* May this transaction be in a block now, and on which lane? V_OK or why not (V_MOVING: its account is on its way to its home).
 * Changes nothing. Signatures are the caller's business, but whose keys they must be is decided here: every one is the
 * account's (weights reach the threshold), or the one is the party's.
 * behind: so many of the same entity and party come before it, each admissible. */
enum verdict state_admit_behind(const struct state *s, const struct tx *tx, uint64_t height, uint64_t behind, uint8_t *lane);
enum verdict state_admit(const struct state *s, const struct tx *tx, uint64_t height, uint8_t *lane);
/* An admissible transaction's work, counted in the round before the lanes run: V_OK and it is the account's and the lane's; else V_NO_WORK
 * (the account's is used up), V_BUSY (this round's is) or V_OVERFLOW (more than a round has), and nothing is counted. */
enum verdict state_take_work(struct state *s, uint8_t lane, const struct tx *tx);
/* Whether the sender may use that much at this time: what a mempool asks, whose clock goes on when the books' does not. */
bool state_work_left(const struct state *s, const struct tx *tx, uint64_t time_ms);
/* The same during a round, by the lane itself: reads nothing of another lane. V_MOVING: it is another lane's now. */
enum verdict state_admit_here(const struct state *s, uint8_t lane, const struct tx *tx, uint64_t height);
/* Carry out an admissible transaction: burns its nonce, then V_OK or the failure that goes into the block as its status. */
enum verdict state_execute(struct state *s, uint8_t lane, const struct tx *tx, const struct id *txid);
/* An admissible transaction that is not any more at its turn (its round changed keys or lease before it): it burns its nonce, if there is
 * still one, and v is its status. Returns v. */
enum verdict state_refuse(struct state *s, uint8_t lane, const struct tx *tx, const struct id *txid, enum verdict v);
void state_auctions(struct state *s, uint8_t lane);
void state_round_end(struct state *s, uint8_t lane); /* forwards commission to chain 0; writes the facts of changed objects */

/* --- what a round made (valid until the next state_round; out-boxes for one round more) --- */
struct slice state_outbox(const struct state *s, uint8_t src, uint8_t dst, uint32_t *n); /* n encoded receipts, in idx order */
/* Of a leaf of this round: the newest transaction of the same entity before this run of its transactions. */
struct leaf_ref state_leaf_before(const struct state *s, uint8_t lane, uint32_t leaf);
struct slice state_facts(const struct state *s, uint8_t lane);
uint32_t state_work(const struct state *s, uint8_t lane);                   /* units used in this round; at most 2^32 - 1 */
struct money state_total(const struct state *s, uint8_t lane);             /* every unit the lane holds in any form, in-flight excluded */
struct money state_out_total(const struct state *s, uint8_t lane);         /* money inside its out-boxes of this round */
/* A lane's records changed this round: key, value (value.p NULL = delete). Keys start with the lane number. */
void state_changes(struct state *s, uint8_t lane, void (*cb)(void *arg, struct slice key, struct slice value), void *arg);

/* --- between rounds --- */
bool state_work_waiting(const struct state *s);                            /* receipts in flight or changed books */
uint64_t state_next_timer_ms(const struct state *s);                       /* ~0: none */
/* exists: it has a home. Nonce 0 while it is on its way there. */
uint64_t state_nonce(const struct state *s, const struct address *a, bool *exists);
struct traffic state_traffic(const struct state *s, uint8_t lane);
bool state_party_nonce(const struct state *s, const struct id *instance, const struct address *a, uint64_t *seq); /* instance scope */
/* The key that must sign for this party of the lease: its account's first key, or the node's own for a seller. */
bool state_party_key(const struct state *s, const struct id *instance, const struct address *a, uint8_t pk[32]);
/* The node that delivers this lease and the key that signs its usage. */
bool state_instance_node(const struct state *s, const struct id *instance, struct id *node, uint8_t op_pk[32]);
/* Who sells or buys here, and the key that payloads for it are sealed to (zero: none). */
bool state_instance_seller(const struct state *s, const struct id *instance, struct address *seller, uint8_t x25519[32]);
bool state_instance_buyer(const struct state *s, const struct id *instance, struct address *buyer, uint8_t x25519[32]);
/* What chain 0 counts for a site, one round behind the accounts. */
struct money state_site_votes(const struct state *s, uint16_t site);
/* Stored transitions of an account or instance of that lane, decayed to that time; out: SKETCH_NEIGHBOURS. Returns how many. */
size_t state_links(const struct state *s, uint8_t lane, const struct id *entity, uint64_t time_ms, struct neighbour *out);
bool state_last_leaf(const struct state *s, uint8_t lane, const struct id *entity, struct leaf_ref *out); /* its newest transaction */
/* The shortest list of facts that rebuilds the books, and the last receipt of each lease. */
void state_snapshot(const struct state *s, void (*cb)(void *arg, const struct fact *f), void *arg);
/* Everything, for a first store. */
void state_genesis_records(struct state *s, uint8_t lane, void (*cb)(void *arg, struct slice key, struct slice value), void *arg);

/* --- from disk: state_new, state_load_begin, every record in key order, state_load_end --- */
void state_load_begin(struct state *s);                                    /* forget what genesis put there */
bool state_load(struct state *s, struct slice key, struct slice value);    /* false: damaged record */
bool state_load_end(struct state *s, uint64_t height, uint64_t time_ms);   /* rebuilds indexes; false: books do not agree with themselves */
#endif
