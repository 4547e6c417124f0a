/* Transactions: what may be asked of the ledger. One struct in memory, one canonical byte string on the wire and in blocks.
 *
 * Envelope, 92 bytes, little-endian:
 *   0 version u8=1 | 1 type u8 | 2 flags u16=0 | 4 chain_id u32 | 8 sender[32] | 40 scope[32] | 72 nonce u64
 *   80 valid_until u64 (height) | 88 body_len u32 | 92 body | nsig u8 | nsig x (pk[32] sig[64])
 * txid = H("zeus/txid", everything before nsig). Signed message = "zeus/tx/1\0" || genesis_hash || the same bytes.
 * Scope zero = account scope (admitted on the sender's home lane); else an instance id (admitted on its lane).
 * All texts and slices inside a decoded tx are borrowed from the bytes it was decoded from, unless they are arrays. */
#ifndef ZEUS_TX_H
#define ZEUS_TX_H
#include "common/codec.h"
#include "common/verdict.h"

enum tx_type {
	TX_TRANSFER = 0x01, TX_OPEN = 0x02, TX_SET_AUTH = 0x03, TX_SET_KEY = 0x04,
	TX_STAKE = 0x05, TX_UNSTAKE = 0x06, TX_VOTE = 0x07, TX_PROXY = 0x08,
	TX_TOKEN_NEW = 0x09, TX_TOKEN_IN = 0x0a, TX_TOKEN_OUT = 0x0b,
	TX_NODE_REG = 0x20, TX_ASK = 0x22, TX_BID = 0x23, TX_CANCEL = 0x24, TX_AMEND = 0x26,
	TX_APP_PUB = 0x30, TX_FUND = 0x32,
	TX_EVENT = 0x40, TX_READY = 0x41, TX_USAGE = 0x42,
	TX_BATCH = 0x6f,
};

enum tif { TIF_GTC, TIF_IOC, TIF_FOK };

/* An account's authority. For one key: threshold 1, n 1, weight 1. keys strictly ascending. address = H("zeus/addr", bytes). */
struct auth { uint8_t threshold, n; struct { uint8_t pk[32], weight; } key[16]; };

struct cid { uint8_t b[CID_LEN]; }; /* chosen by the client; the home lane refuses a repeated one for 24 h */

/* token: 0 = ZNC, else its number; amount counts base units of it */
struct tx_transfer { struct cid cid; struct address to; uint32_t token; struct money amount; char memo[MEMO_MAX + 1]; };
struct tx_open { struct cid cid; struct auth auth; struct money amount; uint8_t x25519[32]; };
struct tx_set_auth { struct auth auth; };         /* replaces the keys, not the address */
struct tx_set_key { uint8_t x25519[32]; };
struct tx_stake { struct cid cid; struct money amount; }; /* STAKE and UNSTAKE */
/* Sites in ascending order: the stake is split equally over them, the first takes what is left over; none takes the vote back. */
struct tx_vote { uint8_t n; uint16_t site[VOTES_MAX]; };
/* What an account has at stake. unstaking is its own again at unstake_ms; both are zero or neither. While a proxy votes (not zero), the
 * account's own votes rest. */
struct stake { struct money staked, unstaking; uint64_t unstake_ms; struct tx_vote votes; struct address proxy; };
struct tx_proxy { struct address proxy; };                /* who votes this stake; zero = the account itself */
enum token_mode { TOKEN_OPEN, TOKEN_ISSUER };             /* who may convert: anyone, or the issuer alone */
/* A child token: den base units of ZNC back num of its own base units, for ever. symbol: [A-Z][A-Z0-9]{1,7}. */
struct tx_token_new { struct cid cid; char symbol[TOKEN_SYMBOL_LEN + 1]; uint8_t decimals; uint64_t num, den; uint8_t mode; };
struct tx_token_in { struct cid cid; uint32_t token; struct money amount; };
/* Back into ZNC, or at once into another token (into: its number, 0 = ZNC). amount: base units of the token, as bounded as money. */
struct tx_token_out { struct cid cid; uint32_t token; struct money amount; uint32_t into; };
/* A node: what a seller's machine has in all. name is shown to people. A second NODE_REG of the same owner and name changes caps. */
struct tx_node_reg { char name[NAME_MAX_LEN + 1]; struct resources caps; uint8_t op_pk[32]; };
struct tx_ask {
	struct cid cid; char name[NAME_MAX_LEN + 1]; struct id node; uint32_t symbol;
	struct resources offer;          /* everything offered, all replicas together */
	struct price price; struct money bond; uint32_t min_s, max_s; uint64_t expiry_ms; /* 0 = until cancelled */
	uint8_t tif;
};
struct tx_bid {
	struct cid cid; char name[NAME_MAX_LEN + 1]; struct id node; /* zero = any */ uint32_t symbol;
	struct resources want;           /* per replica */
	struct qty qty; struct price limit; uint32_t dur_s; uint16_t rating; struct money escrow; uint64_t expiry_ms;
	uint8_t tif; char app[NAME_MAX_LEN + 1]; /* "" = none */
	struct slice deploy;             /* task specification, <= DEPLOY_MAX; empty = the app's own, or a later EVENT deploy */
};
struct tx_cancel { struct cid cid; uint32_t symbol; struct id order; };
/* Same id; the queue position is kept only if nothing but quantity shrinks. escrow_add comes from the sender's balance. */
struct tx_amend {
	struct cid cid; uint32_t symbol; struct id order; uint32_t rev; struct qty qty; struct price price;
	uint64_t expiry_ms; struct money escrow_add;
};
/* An app: an image and how it is started. meta: see struct deploy. The contract is a template id; zero = the standard lease. */
struct tx_app_pub { struct cid cid; char name[NAME_MAX_LEN + 1]; uint8_t image[32]; struct id contract; struct slice meta; };
struct tx_fund { struct cid cid; struct id instance; char event[NAME_MAX_LEN + 1]; struct money amount; };
struct tx_event { char event[NAME_MAX_LEN + 1]; uint64_t arg[4]; struct slice blob; }; /* blob: only for deploy */
struct tx_ready { char endpoint[ENDPOINT_MAX + 1]; };

enum meter { METER_UP_S, METER_CPU_US, METER_MEM_MIB_S, METER_GPU_MS, METER_TX_B, METER_RX_B, METER_IO_B, METER_APP,
	     METER_DRIFT_S, METER_STALL_S, METERS };
/* Usage receipt: cumulative meters of one lease, chained by prev = H("zeus/usage", the receipt before), zero at first.
 * 192 bytes: ver u8=1, flags u8=0, pad u16=0, seq u32, instance[32], t0_ms u64, t1_ms u64, meters 10 x u64, boot_id[16],
 * group_id u64, prev[32] */
struct usage_receipt {
	uint32_t seq; struct id instance; uint64_t t0_ms, t1_ms; uint64_t meter[METERS]; uint8_t boot_id[16]; uint64_t group_id;
	struct id prev;
};
#define USAGE_RECEIPT_LEN 192
/* The node signs once per tick: H("zeus/tick", node || t1_ms || root); the path leads from this receipt to the root. */
#define USAGE_PATH_MAX 16
struct tx_usage {
	struct usage_receipt receipt; uint32_t leaf, leaves; uint8_t npath; struct id path[USAGE_PATH_MAX]; uint8_t tick_sig[64];
};
struct tx_batch { struct slice ops; uint32_t n; }; /* n x (u8 type, u32 len, body) of types 01 22 23 24 26; n is counted when reading */

struct tx_sig { uint8_t pk[32], sig[64]; };

struct tx {
	uint8_t type; uint32_t chain_id; struct address sender; struct id scope; uint64_t nonce, valid_until;
	union {
		struct tx_transfer transfer; struct tx_open open; struct tx_set_auth set_auth; struct tx_set_key set_key;
		struct tx_stake stake; struct tx_vote vote; struct tx_proxy proxy; struct tx_token_new token_new;
		struct tx_token_in token_in; struct tx_token_out token_out; struct tx_node_reg node_reg;
		struct tx_ask ask; struct tx_bid bid; struct tx_cancel cancel; struct tx_amend amend; struct tx_app_pub app_pub;
		struct tx_fund fund; struct tx_event event; struct tx_ready ready; struct tx_usage usage; struct tx_batch batch;
	} u;
	uint8_t nsig; struct tx_sig sig[TX_SIGS_MAX];
	uint32_t len; /* bytes of the whole, set by tx_get and by who signed it; what work units count */
};

bool token_symbol_ok(const char *symbol);        /* [A-Z][A-Z0-9]{1,7}, not ZNC */
bool tx_type_known(uint8_t type);
bool tx_type_instance(uint8_t type);             /* EVENT, READY, USAGE */
const char *tx_type_word(uint8_t type);          /* "transfer", "ask", ... ; "?" if unknown */
/* The body alone, as intents carry it. Canonical: decoding and encoding again gives the same bytes. */
void tx_body_put(struct wbuf *w, const struct tx *tx);
enum verdict tx_body_get(uint8_t type, struct slice body, struct tx *out); /* fills u and type only */
size_t tx_body_max(uint8_t type);
/* What is hashed and signed: everything before nsig. */
void tx_signed_put(struct wbuf *w, const struct tx *tx);
/* The whole. signed_len: bytes before nsig. */
void tx_put(struct wbuf *w, const struct tx *tx);
enum verdict tx_get(struct slice bytes, struct tx *out, size_t *signed_len);
/* A draft: an envelope on its way from signer to signer, with 0 to TX_SIGS_MAX signatures. No block and no message holds one. */
void tx_draft_put(struct wbuf *w, const struct tx *tx);
enum verdict tx_draft_get(struct slice bytes, struct tx *out, size_t *signed_len);
void auth_put(struct wbuf *w, const struct auth *a);
bool auth_get(struct rbuf *r, struct auth *out);  /* false: not canonical */
void votes_put(struct wbuf *w, const struct tx_vote *v);
bool votes_get(struct rbuf *r, struct tx_vote *out); /* false: not ascending, or too many */
void stake_put(struct wbuf *w, const struct stake *s);
bool stake_get(struct rbuf *r, struct stake *out); /* false: not canonical, or nothing at all */
bool stake_is_none(const struct stake *s);
void usage_receipt_put(struct wbuf *w, const struct usage_receipt *u);
bool usage_receipt_get(struct rbuf *r, struct usage_receipt *out);
/* One part of a batch, appended to what becomes batch.ops (bad: a type that no batch holds). */
void tx_batch_put(struct wbuf *w, const struct tx *part);
/* Next part of a batch from r (on batch.ops): V_OK, or V_MALFORMED. */
enum verdict tx_batch_next(struct rbuf *r, struct tx *out);

/* What a task is to run; the blob of EVENT deploy, BID.deploy and APP_PUB.meta. Strings borrowed, not NUL-terminated inside the
 * bytes: the reader copies them into text (text must hold DEPLOY_MAX + 512 bytes). */
struct deploy {
	char task[NAME_MAX_LEN + 1]; char image[65];
	struct slice sealed; /* borrowed; if not empty, what follows is inside and absent here */
	char cwd[256];
	uint32_t nargs, nenv; const char *args[TASK_ARGS_MAX], *env[TASK_ENV_MAX];
};
/* Encoded: task, image, then either cwd, args and env, or u16 0xffff (no length of a cwd) and a blob with these under a seal
 * (ledger/crypto/deploy_seal.h). The task's name and its image are for all to see. */
#define DEPLOY_SEAL_MORE 86 /* by how much a seal lengthens a deploy */
void deploy_put(struct wbuf *w, const struct deploy *d);
/* The two parts of canonical bytes: what all may see, and the rest, or the sealed blob's content. False: no deploy's bytes. */
bool deploy_split(struct slice bytes, struct slice *shown, struct slice *rest, bool *sealed);
bool deploy_get(struct slice bytes, struct deploy *out, char *text, size_t text_cap);
#endif
