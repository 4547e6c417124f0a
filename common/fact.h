/* Facts: what the ledger says happened. Everything that knows is a fold of facts.
 *
 * Facts about objects are whole: FACT_ORDER says what the order is now, so folding is storing, and a snapshot is the same
 * facts once each. Facts about events (trade, verdict, pay, usage) are appended. Every block ends with FACT_BLOCK: what comes before it
 * in the stream belongs to that height. Encoded: u8 kind, u32 length, body. Texts are NUL-terminated arrays in memory. */
#ifndef ZEUS_FACT_H
#define ZEUS_FACT_H
#include "common/tx.h"
#include "common/vesting.h"

enum fact_kind {
	FACT_BLOCK = 1,   /* a height is final */
	FACT_LANE = 2,    /* one lane's header of that height */
	FACT_SYMBOL = 3,
	FACT_ACCOUNT = 4,
	FACT_NODE = 5,
	FACT_APP = 6,
	FACT_ORDER = 7,
	FACT_LEASE = 8,
	FACT_TRADE = 9,
	FACT_VERDICT = 10, /* what became of a transaction */
	FACT_PAY = 11,     /* money moved, as one account's history line */
	FACT_USAGE = 12,   /* a usage receipt was accepted, or settled; in a snapshot: the last of each lease */
	FACT_RESET = 13,   /* forget everything: a snapshot follows */
	FACT_TOKEN = 14,
	FACT_HOLDING = 15, /* what an account has of a token; amount 0: nothing (any more) */
};

#define FACT_BODY_MAX 20480      /* a lease with its deploy is the largest */

struct fact_block { uint64_t height, time_ms; struct id hash, parent; uint32_t txs; };
struct fact_lane { uint8_t lane; uint64_t height, time_ms; struct id hash; uint32_t txs, receipts_in, receipts_out, bytes;
	uint64_t load;                 /* work units, fading over some 17 minutes */
	uint64_t sent, crossed, moved; /* since genesis: transactions' receipts to lanes, those to another lane; accounts that moved here */
};
struct fact_symbol {
	uint32_t symbol; char name[NAME_MAX_LEN + 1]; uint8_t lane; struct resources unit; /* the default vector: 1 unit */
	struct price tick; uint32_t min_s, max_s;
};
/* balance is the account's, vested or not: vesting_spendable(&vesting, balance, now) of it can be spent. What is staked, locked in
 * orders or held by leases is not in it. */
struct fact_account {
	struct address address; uint8_t lane; uint64_t nonce; struct money balance;
	uint8_t x25519[32], pk[32];   /* pk: the first key */
	struct money deposit;         /* held for what is stored on its behalf, beside the balance; comes back as that ends */
	uint8_t threshold, keys;      /* weight that must sign, and how many keys there are; 1 and 1 is an ordinary account */
	struct vesting vesting;       /* type VEST_NONE: none */
	struct stake stake;           /* all zero: none */
};
struct fact_node { struct id node; struct address owner; char name[NAME_MAX_LEN + 1]; struct resources caps, free; uint32_t rating;
	uint8_t lane; };
struct fact_app { struct id app; struct address owner; char name[NAME_MAX_LEN + 1]; uint8_t image[32]; struct id contract;
	struct slice meta; };

enum order_side { SIDE_ASK, SIDE_BID };
enum order_state { ORDER_IN_FLIGHT, ORDER_OPEN, ORDER_PARTIAL, ORDER_FILLED, ORDER_CANCELLED, ORDER_EXPIRED, ORDER_REJECTED };
struct fact_order {
	struct id order; struct address owner; char name[NAME_MAX_LEN + 1]; uint8_t side, state, tif; uint32_t symbol; struct id node;
	struct resources res;      /* bid: per replica. ask: offered at first */
	struct resources left;     /* ask: not yet sold. bid: = res */
	uint32_t qty, filled;      /* replicas; ask: qty 1 */
	struct price price; uint32_t min_s, max_s; /* bid: both = duration */
	uint64_t expiry_ms, time_ms; struct money locked; /* escrow or bond still held by the order */
	char app[NAME_MAX_LEN + 1]; uint32_t rev; uint16_t reason; /* enum verdict, why it ended */
	struct money value;        /* sum of trade rates, for the average */
};

/* A change of vector and price on its way: asked by one party, agreed by the other, made by the node, and in force from the usage receipt
 * that closes the old terms. until_ms: an unfinished one lapses. Nothing but `closing` outlives the state in which it was asked. */
enum change_stage { CHANGE_NONE, CHANGE_ASKED, CHANGE_AGREED, CHANGE_MADE, CHANGE_CLOSING };
/* How the last one ended. The last three are the seller's word for why the machine did not. */
enum change_end { CHANGE_NEVER, CHANGE_DONE, CHANGE_WITHDRAWN, CHANGE_REFUSED, CHANGE_LAPSED, CHANGE_OVERTAKEN, CHANGE_IN_USE,
	CHANGE_OVER_POLICY, CHANGE_FAILED, CHANGE_ENDS };
struct lease_change { uint8_t stage; bool by_seller; struct resources res; struct price price; struct money rate; uint64_t until_ms; };
enum lease_flag { LEASE_TERMINAL = 1, LEASE_RUN = 2, LEASE_FROZEN = 4 };
struct fact_lease {
	struct id lease; struct id bid, ask, node; struct address buyer, seller; uint32_t symbol;
	char order[NAME_MAX_LEN + 1]; /* the bid's name */
	struct resources res; struct price price; struct money rate; /* per hour, the whole vector */
	uint32_t min_s, max_s; uint64_t born_ms, since_ms; /* since: entered this state */
	uint8_t flags; char state[NAME_MAX_LEN + 1]; uint64_t deadline_ms; /* of this state's TIMEOUT */
	struct money escrow, bond, paid, commission; uint64_t ran_s; /* run seconds settled into registers */
	uint64_t metered_s;        /* m.up of the last settled receipt */
	uint32_t usage_seq; uint64_t usage_pending_ms; /* 0: none pending; else when silence consents */
	char app[NAME_MAX_LEN + 1]; char endpoint[ENDPOINT_MAX + 1]; uint32_t deploy_rev; struct slice deploy;
	struct id last_usage;      /* hash */
	char reason[NAME_MAX_LEN + 1]; /* the event that led here */
	uint32_t change_rev; uint8_t change_end; struct lease_change change; /* rev: how many were asked; end: enum change_end */
};
struct fact_trade { uint64_t seq, time_ms; uint32_t symbol; struct price price; struct money rate; struct id bid, ask, lease;
	struct resources res; uint32_t dur_s; };
struct fact_verdict { struct id txid; struct address sender; uint8_t lane, type; uint16_t verdict; uint64_t height; struct cid cid; };
enum pay_kind { PAY_TRANSFER, PAY_ESCROW, PAY_REFUND, PAY_LEASE, PAY_BOND, PAY_COMMISSION, PAY_GENESIS,
	PAY_TOKEN,   /* converted: one line for what went, one for what came */
	PAY_DEPOSIT, /* into the deposit, or out of it */
	PAY_STAKE,   /* out: staked; in: no longer, and waited for */
};
struct fact_pay { uint8_t kind, lane; bool in; struct address account, other; struct money amount; /* base units of token */
	uint32_t token; uint64_t height, time_ms; struct id object; char memo[MEMO_MAX + 1]; };
struct fact_usage { struct usage_receipt receipt; bool settled; };
/* reserve: base units of ZNC that back the supply, always at least ceil(supply * den / num). */
struct fact_token { uint32_t token; char symbol[TOKEN_SYMBOL_LEN + 1]; uint8_t decimals, mode; uint64_t num, den; struct address issuer;
	struct money supply, reserve; };
struct fact_holding { struct address account; uint32_t token; struct money amount; };

struct fact {
	uint8_t kind;
	union {
		struct fact_block block; struct fact_lane lane; struct fact_symbol symbol; struct fact_account account;
		struct fact_node node;
		struct fact_app app; struct fact_order order; struct fact_lease lease; struct fact_trade trade; struct fact_verdict verdict;
		struct fact_pay pay; struct fact_usage usage; struct fact_token token; struct fact_holding holding;
	} u;
};

void fact_put(struct wbuf *w, const struct fact *f);       /* kind, length, body */
/* The next fact of a run of them; slices are borrowed. False at the end and when bad (r->bad tells). */
bool fact_next(struct rbuf *r, struct fact *out);
/* The same without looking inside: its bytes, borrowed, kind and length included. */
bool fact_skip(struct rbuf *r, struct slice *out);
const char *order_state_word(uint8_t state);               /* "open", "partial", ... */
const char *change_end_word(uint8_t end);                  /* "-", "done", "withdrawn", ... */
/* What the node keeps for a lease: its vector, and of a change that is agreed whatever is more. */
struct resources lease_held(const struct fact_lease *f);
/* The short name of an instance: its lane as one hex digit, then the first 11 digits of its hash. Shown as l-<name>. */
void lease_name_of(const struct id *instance, char out[LEASE_NAME_LEN + 1]);
#endif
