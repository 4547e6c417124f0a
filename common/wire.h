/* The ledger's socket: SOCK_SEQPACKET, one message a packet, at most WIRE_MAX bytes.
 *
 * Header, 16 bytes: magic u16=0x5a57 | version u8=1 | type u8 | len u32 (body) | req u64. Unknown type, trailing bytes,
 * over-length or descriptors in ancillary data: the connection is closed. Peer uid (SO_PEERCRED) selects the role:
 * views may read and submit intents for the uids it names; plan may submit intents for the node's operator
 * (NODE_REG, READY, USAGE, EVENT quit); everybody else may submit finished envelopes only. */
#ifndef ZEUS_WIRE_H
#define ZEUS_WIRE_H
#include "common/fact.h"

#define WIRE_MAGIC 0x5a57
#define WIRE_VERSION 1
#define WIRE_HEAD_LEN 16

enum wire_type {
	WIRE_HELLO = 1,     /* client: height u64 folded so far, hash[32] of that block (height ~0 = nothing yet) */
	WIRE_WELCOME = 2,   /* ledger: genesis[32], chain_id u32, height u64, node_op[32] address of the node's operator, engine text16 */
	WIRE_FACTS = 3,     /* ledger: facts, whole ones; sent after WELCOME without being asked, first the missing ones, then live */
	WIRE_INTENT = 4,    /* client: uid u32, type u8, scope[32], body blob */
	WIRE_SUBMIT = 5,    /* client: envelope blob */
	WIRE_ANSWER = 6,    /* ledger: verdict u16, txid[32], height u64 (block that holds it; 0 if refused) */
	WIRE_GET_BLOCK = 7, /* client: lane u8 (255 = main), height u64, part u8, offset u64 */
	WIRE_BLOCK = 8,     /* ledger: total u64, chunk blob; total 0 = no such block */
	WIRE_SYNC = 9,      /* client: wait until everything admitted before is final; answered by ANSWER */
	WIRE_UIDS = 10,     /* ledger: n u32, n x (uid u32, address[32]); after WELCOME and whenever it changes: the custodial accounts */
	WIRE_OPEN_UID = 11, /* views: by_uid u32, uid u32, amount u64: make a custodial account for uid, paid by by_uid's; ANSWER */
	WIRE_BATCH = 12,    /* client: uid u32, seq u32, last bool, ops blob: a batch in numbered frames of one req; ANSWER at the last */
	WIRE_PREPARE_USAGE = 13, /* plan: n u32, n x usage receipt: the ledger signs one tick and submits each; ANSWER: the first refusal */
	WIRE_FIND_TX = 14,  /* views: txid[32]: where is it? */
	WIRE_FOUND = 15,    /* ledger: found bool, place, status u16, before place; a place: height u64, lane u8, leaf u32 */
	WIRE_GET_PROOF = 16, /* views: place, offset u64: its proof, a text (ledger/chain/proof.h), sent as BLOCK is */
	WIRE_AT = 17,       /* views, on a connection of its own: height u64: the books as they were; FACTS as of a snapshot, then ANSWER */
	WIRE_GET_SEQ = 18,  /* views: instance[32], address[32]: which nonce comes next for this party of a lease */
	WIRE_SEQ = 19,      /* ledger: party bool, seq u64 */
	WIRE_GET_WORK = 20, /* views: address[32]: how many work units has the account? */
	WIRE_WORK = 21,     /* ledger: found bool, used u64, total u64 (~0: no end), window_ms u64 */
};

enum wire_part { PART_HEADER, PART_TXS }; /* header: the hashed bytes, domain tag included. txs: n u32, n x (u16 status, blob envelope) */

#define WIRE_LANE_MAIN 255       /* GET_BLOCK of the main header */
#define WIRE_UIDS_MAX ((WIRE_MAX - WIRE_HEAD_LEN - 4) / 36)
#define WIRE_USAGES_MAX ((WIRE_MAX - WIRE_HEAD_LEN - 4) / USAGE_RECEIPT_LEN)

struct wire_head { uint8_t type; uint32_t len; uint64_t req; };
void wire_head_put(struct wbuf *w, const struct wire_head *h);
bool wire_head_get(struct rbuf *r, struct wire_head *out); /* false: cut the peer off */

/* What was folded last; height ~0: nothing. history: before a snapshot, if it comes to one, what is in no book any more; views only. */
struct wire_hello { uint64_t height; struct id hash; bool history; };
struct wire_welcome { struct id genesis; uint32_t chain_id; uint64_t height; struct address node_op; char engine[17]; };
struct wire_intent { uint32_t uid; uint8_t type; struct id scope; struct slice body; };
struct wire_answer { uint16_t verdict; struct id txid; uint64_t height; };
struct wire_get_block { uint8_t lane; uint64_t height; uint8_t part; uint64_t offset; };
struct wire_block { uint64_t total; struct slice chunk; };
/* leaf: from 0, in the order of the lane's list, which is GET_BLOCK's part TXS. lane 0: no place. */
struct wire_place { uint64_t height; uint8_t lane; uint32_t leaf; };
/* status: the verdict in the block. before: the newest transaction of the same entity before this one and those beside it (provenance
 * walks back by these). Of what is not in a block yet nothing is found. */
struct wire_found { bool found; struct wire_place place; uint16_t status; struct wire_place before; };
struct wire_get_proof { struct wire_place place; uint64_t offset; };
struct wire_open_uid { uint32_t by_uid, uid; struct money amount; };
struct wire_at { uint64_t height; };
struct wire_batch { uint32_t uid, seq; bool last; struct slice ops; };
struct wire_get_seq { struct id instance; struct address party; };
struct wire_seq { bool party; uint64_t seq; };
struct wire_get_work { struct address account; };
/* used: as of the ledger's clock; what is used at once is gone again, evenly, after window_ms. */
struct wire_work { bool found; uint64_t used, total, window_ms; };
struct wire_uid { uint32_t uid; struct address address; };

void wire_hello_put(struct wbuf *w, const struct wire_hello *m);
bool wire_hello_get(struct slice body, struct wire_hello *out);
void wire_welcome_put(struct wbuf *w, const struct wire_welcome *m);
bool wire_welcome_get(struct slice body, struct wire_welcome *out);
void wire_intent_put(struct wbuf *w, const struct wire_intent *m);
bool wire_intent_get(struct slice body, struct wire_intent *out);
void wire_answer_put(struct wbuf *w, const struct wire_answer *m);
bool wire_answer_get(struct slice body, struct wire_answer *out);
void wire_get_block_put(struct wbuf *w, const struct wire_get_block *m);
bool wire_get_block_get(struct slice body, struct wire_get_block *out);
void wire_block_put(struct wbuf *w, const struct wire_block *m);
bool wire_block_get(struct slice body, struct wire_block *out);
void wire_find_tx_put(struct wbuf *w, const struct id *txid);
bool wire_find_tx_get(struct slice body, struct id *out);
void wire_found_put(struct wbuf *w, const struct wire_found *m);
bool wire_found_get(struct slice body, struct wire_found *out);
void wire_get_proof_put(struct wbuf *w, const struct wire_get_proof *m);
bool wire_get_proof_get(struct slice body, struct wire_get_proof *out);
void wire_open_uid_put(struct wbuf *w, const struct wire_open_uid *m);
bool wire_open_uid_get(struct slice body, struct wire_open_uid *out);
void wire_at_put(struct wbuf *w, const struct wire_at *m);
bool wire_at_get(struct slice body, struct wire_at *out);
void wire_batch_put(struct wbuf *w, const struct wire_batch *m);
bool wire_batch_get(struct slice body, struct wire_batch *out);
void wire_get_seq_put(struct wbuf *w, const struct wire_get_seq *m);
bool wire_get_seq_get(struct slice body, struct wire_get_seq *out);
void wire_seq_put(struct wbuf *w, const struct wire_seq *m);
bool wire_seq_get(struct slice body, struct wire_seq *out);
void wire_get_work_put(struct wbuf *w, const struct wire_get_work *m);
bool wire_get_work_get(struct slice body, struct wire_get_work *out);
void wire_work_put(struct wbuf *w, const struct wire_work *m);
bool wire_work_get(struct slice body, struct wire_work *out);
/* out holds max elements; *n of them are filled */
void wire_uids_put(struct wbuf *w, const struct wire_uid *uids, uint32_t n);
bool wire_uids_get(struct slice body, struct wire_uid *out, uint32_t max, uint32_t *n);
void wire_usages_put(struct wbuf *w, const struct usage_receipt *receipts, uint32_t n);
bool wire_usages_get(struct slice body, struct usage_receipt *out, uint32_t max, uint32_t *n);
#endif
