/* A disk in memory: the records of the chains by key, what is in them, and sums over all of them that follow every change.
 *
 * The records are taken apart by the simulator itself, so that a sum here says nothing of what the books think they hold. */
#ifndef ZEUS_SIM_DISK_H
#define ZEUS_SIM_DISK_H
#include "ledger/state/books.h"

#define DISK_KINDS 32
#define KEY_MAX 80
#define UNITS_MAX 256 /* tokens that one seed may have */

struct at_account {
	struct address address; uint64_t nonce, balance, deposit; uint32_t orders; struct auth auth; struct vesting vesting;
	struct stake stake; struct slice sketch;
};
struct at_order { struct fact_order f; uint16_t rating; uint64_t height_in, deposit, deposit_each; };
struct at_holding { struct address account, payer; uint32_t token, away; uint64_t amount, deposit; };
struct at_voter { uint64_t staked, proxied; struct tx_vote votes; struct address proxy; uint32_t followers; };
struct at_object { struct address owner; uint64_t deposit; struct fact_token token; struct fact_node node; }; /* node, app or token */
struct at_party { struct address address; uint8_t op_pk[32]; uint64_t seq; };
struct at_lease {
	struct fact_lease f; struct fsm_run run; struct at_party party[PARTIES]; struct usage_receipt usage; uint64_t gone_ms, deposit;
	uint8_t mark; struct slice sketch; uint64_t next[PARTIES], next_at; /* numbers given out in the block that is being made */
};
struct at_meta { uint64_t total, trades, reserve, pool, commission; uint32_t changed; };

struct rec {
	uint8_t key[KEY_MAX]; uint32_t klen; struct slice value; /* owned */
	struct { uint64_t rate, base, base_up; uint32_t rev; } terms; /* a lease's, when it was told last */
	uint32_t at;                                 /* place in its kind's list */
	union {
		struct at_account account; struct at_order order; struct at_lease lease; struct at_object object;
		struct at_meta meta; struct at_holding holding; struct at_voter voter; uint64_t cid_ms, votes;
		struct { uint8_t lane; struct address owner; } home;
	} *u;
	UT_hash_handle hh;
};

/* What is counted for an account, a node or a party, whatever its record says. */
struct tally {
	struct id key; int64_t open, held, used[RESOURCES]; bool touched; /* held: deposits of all its objects */
	 uint64_t next, seen_ms;
	struct address owner; bool owned;            /* of an order */
	struct rec *rec; UT_hash_handle hh;
};

struct disk {
	struct rec *moving; uint32_t movers;             /* in receipts, by the key that they will have; accounts among them */
	struct rec *all; struct { struct rec **r; uint32_t n, cap; } kind[DISK_KINDS];
	uint64_t money[CHAINS], out[CHAINS], boxes[CHAINS][CHAINS]; /* boxes: receipts from, to */
	int64_t units[UNITS_MAX], supply[UNITS_MAX]; /* of tokens: held and travelling; said by chain 0 */
	struct tally *tally, **touched; size_t ntouched, cap_touched;
	const char *wrong;                           /* the first record that could not be read */
};

struct disk *disk_new(void);
void disk_free(struct disk *d);
void disk_set(struct disk *d, struct slice key, struct slice value); /* value.p NULL: remove */
struct rec *disk_get(const struct disk *d, uint8_t lane, uint8_t kind, const void *id, size_t len);
struct rec *disk_find(const struct disk *d, uint8_t lane, uint8_t kind, const void *id, size_t len); /* there, or on its way there */
struct rec *disk_pick(const struct disk *d, uint8_t kind, uint32_t n); /* n: any number; NULL: none of this kind */
void disk_walk(const struct disk *d, void (*cb)(void *arg, const struct rec *r), void *arg); /* in key order */
struct disk *disk_recount(const struct disk *d);       /* another one, filled with the same records */
struct tally *tally_of(struct disk *d, const void *id);
const struct id *rec_id(const struct rec *r);         /* the key behind lane and kind */
void disk_count(struct disk *d, struct rec *r, int sign); /* with sign 1 as it comes and -1 as it goes */
/* A record that a receipt carries. leaves: NULL if it is on its way already, or cannot be read. */
struct rec *disk_leaves(struct disk *d, const struct receipt *in);
struct rec *disk_moving(const struct disk *d, const struct receipt *in);
void disk_arrives(struct disk *d, struct rec *r);
bool order_parse(struct slice v, struct at_order *o);
#endif
