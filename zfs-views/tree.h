/* The shape of /zeus: which names exist where, what they say, and what kind of file each is. Knows the model and the local tables;
 * knows nothing of FUSE.
 *
 * A node is a small value that names one file or directory; its inode number is a pure function of it and is never reused for another
 * object, so a restarted process goes on with the numbers that the kernel holds. */
#ifndef ZEUS_TREE_H
#define ZEUS_TREE_H
#include <sys/types.h>
#include "common/wire.h"
#include "zfs-views/local.h"
#include "zfs-views/model.h"
#include "zfs-views/names.h"
#include "zfs-views/past.h"

enum node_kind {
	N_ROOT, N_README, N_VERSION, N_STATUS, N_ERRORS, N_HEALTH, N_ME, N_TASKS_TSV, N_LEASES_TSV, N_CHAINS_TSV,
	N_MARKET, N_SYMBOLS, N_TICKER, N_MARKET_ORDERS, N_MARKET_POST, N_MARKET_BATCH,
	N_SYMBOL, N_SPEC, N_BOOK, N_BIDS, N_ASKS, N_BID, N_ASK, N_LAST, N_TRADES,
	N_ACCOUNTS, N_ACCOUNT, N_ADDRESS, N_PUBKEY, N_CUSTODY, N_NONCE, N_BALANCE, N_BALANCES, N_HISTORY, N_SEND, N_ORDERS, N_POST,
	N_BATCH, N_ORDER, N_ORDER_DRAFT, N_ORDER_THEN,
	N_LEASES, N_LEASE, N_LEASE_SPEC, N_LEASE_STATE, N_LEASE_STATUS, N_LEASE_REMAINING, N_LEASE_USAGE, N_LEASE_LIMITS, N_LEASE_EVENTS,
	N_LEASE_DRIFT, N_LEASE_PROOF, N_LEASE_CTL,
	N_TASKS, N_TASK, N_TASK_IMAGE, N_TASK_CMD, N_TASK_ENV, N_TASK_LEASE, N_TASK_STATE, N_TASK_STATUS, N_TASK_EXIT_CODE, N_TASK_LOG,
	N_TASK_STDOUT, N_TASK_STDERR, N_TASK_STATS, N_TASK_ENDPOINT, N_TASK_CTL,
	N_AT, N_AT_HEIGHT,
	N_CHAINS, N_CHAIN, N_CHAIN_HEIGHT, N_CHAIN_HEAD, N_CHAIN_TIME, N_CHAIN_KIND, N_CHAIN_STATUS, N_CHAIN_CONSENSUS, N_CHAIN_LOG,
	N_BLOCKS, N_BLOCK, N_BLOCK_LATEST, N_BLOCK_GENESIS,
	N_BLOCK_TX, N_TX, N_TX_STATUS, N_TX_BLOCK, N_TX_JSON, N_TX_PROOF, N_TX_RAW, N_CHAIN_TX, N_CHAIN_TX_LINK,
	N_BLOCK_HEADER, N_BLOCK_TXS, N_BLOCK_RAW, N_BLOCK_HASH, N_MAIN, N_MAIN_HEADER, N_MAIN_RAW, N_MAIN_HASH,
	N_IMAGES, N_INCOMING, N_INCOMING_IMAGE, N_SHA256, N_IMAGE, N_IMAGE_MANIFEST, N_IMAGE_STATE, N_IMAGE_SIZE,
	N_APPS, N_APP, N_APP_IMAGE, N_APP_DEVELOPER, N_APP_MANIFEST, N_APP_TERMS,
	N_NODES, N_NODE_SELF, N_NODE, N_NODE_CAPACITY, N_NODE_FREE, N_NODE_RATING, N_NODE_OWNER, N_NODE_GPUS,
	N_MARKET_SIGNED, N_PREPARE,
	N_TOKENS_TSV, N_TOKENS, N_TOKEN, N_TOKEN_ISSUER, N_TOKEN_DECIMALS, N_TOKEN_SUPPLY, N_TOKEN_DEPOSIT, N_TOKEN_ANCHOR, N_TOKEN_HOLDERS,
	N_TOKEN_RATE, N_TOKEN_MODE, N_TOKEN_CTL,
	N_TOKEN_DRAFT, N_TOKEN_DRAFT_DECIMALS, N_TOKEN_DRAFT_ANCHOR, N_TOKEN_DRAFT_MODE, N_TOKEN_DRAFT_CTL,
	N_VESTING, N_STAKE, N_DELEGATE, N_VOTES, N_DEPOSIT, N_ACCOUNT_CTL, N_CHAIN_VERIFY,
	N_KINDS,
};

/* What the file system does with it (INTERFACE 3.7). */
enum file_class {
	CLASS_DIR, CLASS_LINK,
	CLASS_TEXT,      /* V K N T J: snapshot at open, true size, direct_io */
	CLASS_LOG,       /* grows; text like CLASS_TEXT, but re-rendered at every read */
	CLASS_FILE,      /* backed by a plain file under the state directory (task logs): read straight through */
	CLASS_IMMUTABLE, /* blocks: page cache for an hour */
	CLASS_COMMAND,   /* C: lines, each carried out before write returns */
	CLASS_EXCHANGE,  /* X: a line in, its answer out, on the same descriptor */
	CLASS_ORDER,     /* an order line */
	CLASS_DRAFT,     /* order draft: ordinary small file until renamed */
	CLASS_SETTING,   /* F and V of a task draft: ordinary small file, frozen by ctl start */
	CLASS_UPLOAD,    /* images/incoming */
	CLASS_VALUE,     /* V that its owner may write: the whole value in one write, a newline at its end or not */
};

/* An account that no user of this machine holds: accounts/<address>, readable by all as the chains are. object is its address. */
#define UID_EXTERNAL UINT32_MAX

struct node {
	uint16_t kind; uint8_t chain; uint32_t uid; uint32_t symbol; uint64_t height;
	uint64_t at; /* 0: as it is now; else as it was after block at - 1 */
	struct id object; char name[NAME_MAX_LEN + 1];
};

struct node_attr { mode_t mode; /* with the file type */ uid_t uid; gid_t gid; enum file_class class; uint64_t mtime_ms; uint32_t nlink; };

/* A growing text; free with text_free. */
struct page { char *p; size_t len, cap; };
void page_add(struct page *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_put(struct page *t, const void *p, size_t len);
void page_free(struct page *t);

/* Blocks live in the ledger: fetched through the link, cached. 0, -ENOENT, -EHOSTDOWN, -ETIMEDOUT. *bytes is malloc'd. part: enum
 * wire_part. */
typedef int block_fetch(void *arg, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len);

/* Where a transaction is; -ENOENT: in no block that is kept. And its proof, a text. Both ask the ledger. */
typedef int tx_find(void *arg, const struct id *txid, struct wire_found *out);
typedef int proof_fetch(void *arg, const struct wire_place *place, uint8_t **text, size_t *len);

struct view {
	struct model *model; struct local *local;
	const struct names *names; /* login names; NULL = numbers */
	int tasks_fd;            /* state_dir/tasks: <lease>/{log,stdout,stderr}; read-only; -1 = none */
	int live_fd;             /* state_dir/live: <lease>/{state,live,limits,drift}; -1 = none */
	int images_fd;           /* state_dir/views/images */
	gid_t gid_zeus;
	struct id node_id;       /* this machine's node; zero until registered */
	char node_name[NAME_MAX_LEN + 1], engine[17], mount[256];
	block_fetch *fetch; tx_find *find; proof_fetch *proof; void *fetch_arg;
	struct past *past;       /* NULL: nothing is shown at/ */
	uint64_t clock_ms;       /* 0 = the wall clock; else what it is said to be (tests) */
};

/* All of these take the model's lock for reading themselves; a callback of tree_list runs under it and may call tree_attr. Never call
 * tree_render with the lock held: a block may have to be fetched, by the thread that wants to fold. */
const char *tree_name(const struct node *n); /* in its directory */
void tree_root(struct node *out);
uint64_t tree_ino(const struct node *n);
/* 0, -ENOENT. uid is the caller's: `me` links and private objects depend on it only in what they say, not in whether they exist; but
 * tokens that were not issued yet are there for their makers only (LOCAL_ANY: for all). */
int tree_lookup(const struct view *v, uid_t uid, const struct node *dir, const char *name, struct node *out);
/* cb false stops. Names are listed in a fixed order; bounded as documented. "." and ".." are the caller's. */
int tree_list(const struct view *v, uid_t uid, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n),
	void *arg);
int tree_attr(const struct view *v, const struct node *n, struct node_attr *out); /* -ENOENT: the object is gone */
int tree_render(const struct view *v, uid_t uid, const struct node *n, struct page *out); /* the bytes of a readable file; 0 or -errno */
int tree_readlink(const struct view *v, uid_t uid, const struct node *n, char *out, size_t cap); /* -ENOKEY: no account */
/* CLASS_FILE: an open read-only descriptor, or -errno; -ENOENT = nothing written yet: empty */
int tree_backing(const struct view *v, const struct node *n);
#endif
