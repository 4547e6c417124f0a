/* The simulator of the chains: one seed, one virtual clock, two nodes and a disk, all in memory.
 *
 * Node A forms blocks of random transactions; node B is given their bytes. Either is ended and begun again from the disk's records. After
 * every block the records are counted again by code of the simulator's own (check*.c), which may read bytes and facts by common/ and
 * structs of books.h, but asks the books nothing. What makes transactions (load*.c) may ask them. */
#ifndef ZEUS_SIM_H
#define ZEUS_SIM_H
#include <stdio.h>
#include "ledger/chain/roots.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/sign.h"
#include "tests/sim/disk.h"
#include "tests/sim/seal.h"

/* --- dice: splitmix64 --- */
struct dice { uint64_t s; };
uint64_t dice_u64(struct dice *d);
uint32_t dice(struct dice *d, uint32_t sides);       /* 0 .. sides - 1; 0 sides: 0 */
bool dice_one_in(struct dice *d, uint32_t n);        /* n 0: never */

/* --- coverage: counted over all seeds, in memory that the processes share --- */
#define HOSTILE_MAX 40
struct coverage {
	uint64_t blocks, txs, in_blocks, receipts, trades, pays, restarts, replays, wide, checks, hostile_blocks, signatures, seeds, jumps;
	uint64_t moves, forwards;
	uint64_t changes;                            /* of leases, carried through */
	uint64_t heads;                              /* of all seeds together, whoever ran them */
	uint64_t verdict[256][V_COUNT];              /* by type: those told by facts, and those that never came into a block */
	uint64_t hostile[HOSTILE_MAX];               /* by kind of hostile block */
	uint64_t hostile_txs[HOSTILE_MAX];           /* by way of being wrong */
};
void coverage_add(uint64_t *counter, uint64_t n);
void coverage_print(const struct coverage *c);

/* --- people --- */
#define ACTORS 64
#define KEYS_REAL 12                                 /* the keys of the first people are real ones */
struct actor {
	struct auth auth; struct address address; uint8_t nkeys, key[3];
	struct id node; uint32_t nodes; bool real, exists;
	uint64_t next;                               /* the nonce of its next transaction in this block */
};
const struct keypair *key_real(uint32_t n);
void key_pk(uint32_t n, uint8_t pk[32]);             /* of any number; only those below KEYS_REAL have a secret part */

struct peer { struct state *s; struct chain *c; struct workers *workers; };

#define BLOCK_TXS 512
#define OLD_TXS 64
struct old_tx { uint8_t *p; size_t len, cap; uint8_t type; };
struct options { uint64_t blocks, stop_at; FILE *trace; bool every_step, quiet; };

struct world {
	uint64_t seed; struct dice dice; const struct options *o; struct coverage *cover;
	struct genesis genesis; struct id genesis_id;
	struct peer a, b; struct disk *disk; struct workers shuffled; struct workers *threads;
	uint64_t time_ms; struct tip before;
	struct slice head;                           /* owned: the newest block's bytes, beside the records */
	struct actor actor[ACTORS]; uint32_t actors; uint32_t genesis_actors;
	uint32_t serial, weight[256], weights;       /* how often which type, of this seed */
	uint32_t per_block, restart_one_in;
	/* the block being made */
	struct pending_tx txs[BLOCK_TXS]; struct pending_tx *list[BLOCK_TXS]; size_t ntxs;
	uint8_t never[BLOCK_TXS];                    /* 0: may be in the block; else it must not be, and 1 + why (V_COUNT: any reason) */
	uint8_t *arena; size_t arena_len; struct tx scratch;
	struct old_tx old[OLD_TXS]; uint32_t nold;   /* bytes of messages that were in a block */
	struct check *check;
};

_Noreturn void sim_fail(const struct world *w, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define SIM_MUST(w, holds, what, ...) do { if (!(holds)) sim_fail(w, what, __VA_ARGS__); } while (0)

void sim_run(uint64_t seed, const struct options *o, struct coverage *c);   /* one seed from genesis to end */

/* --- peer.c --- */
void peer_begin(struct world *w, struct peer *p);                 /* from genesis; the disk gets its records if it has none */
void peer_load(struct world *w, struct peer *p);                  /* ended and begun again from what is on the disk */
void peer_end(struct peer *p);
void peer_shuffle(struct workers *w, void (*job)(void *arg, size_t i), void *arg, size_t n);

/* --- load*.c: what people send --- */
void load_begin(struct world *w);                                 /* people, genesis, weights of this seed */
void load_block(struct world *w, size_t n);                       /* w->list of about n transactions */
struct actor *load_actor(struct world *w);
struct actor *actor_of(struct world *w, const struct address *a); /* NULL: none of ours */
struct tx *load_tx(struct world *w, struct actor *a, uint8_t type); /* w->scratch: with the next nonce, a fresh cid */
/* Sign and add to the block. False: no room, or the bytes are no transaction. */
bool load_send(struct world *w, struct actor *a, struct tx *tx);
bool load_bytes(struct world *w, const uint8_t *p, size_t len);
void load_sign(struct world *w, const struct actor *a, struct tx *tx);
uint64_t load_amount(struct world *w, uint64_t usual);            /* now and then 0, 1, the limit and beside it */
void load_market(struct world *w, uint8_t type);
void load_order(struct world *w, struct actor *a, uint8_t type, struct tx *tx); /* fills a body of 22 23 24 26 */
void load_lease(struct world *w, uint8_t type);
void load_money(struct world *w, uint8_t type);
void load_stake(struct world *w, uint8_t type);
void load_token(struct world *w, uint8_t type);
void load_transfer(struct world *w, struct actor *a, struct tx *tx);

/* --- hostile.c --- */
void hostile_tx(struct world *w);                                 /* a transaction that is wrong in some way */
void hostile_block(struct world *w, const struct block *good);    /* to node B, which refuses it and is as before */

/* --- check*.c --- */
struct seen_tx { uint64_t *slot; size_t n, cap; };                /* names of all transactions, by their first 8 bytes */
struct check {
	struct seen_tx seen; struct id tail[CHAINS];
	bool orders_changed[GENESIS_SYMBOLS_MAX], votes_changed;
	struct { struct id order; struct address owner; uint8_t lane; } *cancel; size_t ncancels, cap_cancels; /* arriving in this block */
	struct address held[BLOCK_TXS]; size_t nheld;                     /* refused in this block because they move */
	struct { struct id to, origin, payload; uint64_t amount, aux; uint32_t token; uint8_t kind, lane; } *late;
	size_t nlate, cap_late;                                           /* arriving where their account is no more */
	struct id *credit; size_t ncredits, cap_credits, told;                                   /* the same; told: by facts, so far */
};
struct check *check_new(struct world *w);
void check_free(struct check *k);
/* Before the disk has the block's records: what needs the books as they were. */
void check_before(struct world *w, const struct block *b);
/* After: everything. facts: of the block. */
void check_after(struct world *w, const struct block *b, struct slice facts);
void check_end(struct world *w);                                  /* what is slow, once */
struct leaf { struct tx tx; uint16_t status; };
void check_homes(struct world *w);                                /* check_moves.c */
void check_moves(struct world *w);
void check_held(struct world *w, const struct address *a);        /* refused as moving */
bool check_late(struct world *w, const struct receipt *in);       /* is its account not here any more? Then it must be sent on */
void check_order_of_leaves(struct world *w, uint8_t lane, const struct leaf *leaf, size_t n);
void check_facts(struct world *w, struct slice facts);
void check_timers(struct world *w, bool all);
void check_crossing(struct world *w);
void check_votes(struct world *w, const struct block *b);
uint64_t vesting_locked_again(const struct vesting *v, uint64_t time_ms); /* by the paper's table, anew */

/* --- trace.c --- */
void trace_begin(struct world *w);
void trace_block(struct world *w, const struct block *b, struct slice facts);
void trace_end(struct world *w);
#endif
