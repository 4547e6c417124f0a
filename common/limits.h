/* Every bound of the program, in one place. Units are in the names. */
#ifndef ZEUS_LIMITS_H
#define ZEUS_LIMITS_H
#include <assert.h>

/* Text and names */
#define NAME_MAX_LEN 64          /* identifiers: [A-Za-z0-9._-]{1,64}, no leading . or - */
#define LINE_MAX_LEN 4095        /* one command line, newline excluded */
#define DRAFT_MAX_LEN 65536      /* one draft file */
#define DRAFTS_PER_UID 16
#define ERRORS_PER_UID 32
#define LEASE_NAME_LEN 12        /* lower-case hex digits; shown as l-<name> */
#define INSTANCE_ID_LEN 8        /* lower-case hex digits; one per installation */
#define ADDRESS_TEXT_MAX 64      /* bech32m "znc1..." with NUL */

/* Chains */
#define LANES 9                  /* inner chains 1..9 */
#define CHAINS (1 + LANES)
#define SUPPLY_BASE 1000000000000000000ULL /* base units, fixed for ever */
#define ZNC_BASE 100000000ULL    /* base units per ZNC */
#define MAIN_HEADER_LEN 272
#define LANE_HEADER_LEN 240
#define RECEIPT_HEAD_LEN 104
#define RECEIPT_PAYLOAD_MAX 24576 /* an order with its deploy travels in one receipt */
#define OUTBOX_TX_MAX 4096       /* receipts per (src,dst) and round, from transactions */
#define OUTBOX_TIMER_MAX 4096    /* the same, from timers and auctions */
#define TIMERS_PER_ROUND 2048
#define CANDIDATES_MAX 1024      /* accounts that one lane nominates for another in an epoch */
#define MOVE_RECORDS_MAX 1024    /* an account with more nodes and tokens stays where it is */
#define MOVE_CIDS_MAX 16384      /* the same of command ids of the last day */
#define MOVES_RECORDS_MAX 16384  /* of all that a lane nominates in an epoch: some 10 MiB of receipts */
#define MOVES_CIDS_MAX 262144    /* some 6 MiB */

/* Transactions */
#define TX_HEAD_LEN 92
#define TX_BODY_MAX 32768
#define TX_BATCH_BODY_MAX 1048576
#define TX_BATCH_OPS_MAX 4096
#define TX_SIGS_MAX 16
#define ENVELOPE_MAX (TX_HEAD_LEN + TX_BODY_MAX + 1 + 96 * TX_SIGS_MAX) /* what users may sign themselves; a batch is custodial */
#define ENVELOPE_TEXT_MAX (2 * ENVELOPE_MAX + 192)                     /* the same as one line of text */
#define PREPARE_VALID_BLOCKS 1000000 /* how long what `prepare` gives may be signed and handed in */
#define MEMO_MAX 128
#define VOTES_MAX 5              /* sites that one stake may vote for */
#define TOKEN_SYMBOL_LEN 8
#define TOKEN_DECIMALS_MAX 18
#define TOKENS_MAX 65536         /* child tokens of one network */
#define DEPLOY_MAX 16384         /* task specification carried by EVENT deploy or BID */
#define ENDPOINT_MAX 512
#define ENDPOINT_SEALED "sealed:"  /* begins one that only its buyer can read */
#define CID_LEN 16
#define CID_KEEP_MS (24ULL * 3600 * 1000)
#define CIDS_PER_ACCOUNT (1u << 20) /* commands of one account in that time: some 120 MiB of memory */
#define APP_META_MAX 16384

/* Market */
#define RESOURCES 12
#define BOOK_SIDE_MAX 256        /* best orders per side looked at by one auction */
#define REPLICAS_MAX 1024
#define ORDERS_PER_ACCOUNT 4096  /* open orders */
#define ESCROW_WINDOW_S 86400
#define BOND_PPM 200000         /* what views lock for an ask, in millionths of its rate x time; the ledger decides by its own parameter */
#define CHANGE_KEEP_MS (3600ULL * 1000) /* a proposed change of a lease; an agreed one has this and the time of consent to be made */
#define LIFE_MAX_S (400ULL * 86400)

/* Contracts (compiled tables) */
#define FSM_STATES_MAX 32
#define FSM_TRANSITIONS_MAX 64
#define FSM_INS_MAX 16           /* per transition */
#define FSM_EXPR_NODES_MAX 24
#define FSM_ROLES_MAX 8
#define FSM_PARAMS_MAX 16
#define FSM_HOLDS_MAX 4
#define FSM_REGS_MAX 8
#define FSM_METERS_MAX 10
#define FSM_CODE_MAX 16384

/* Kernel side */
#define CONN_PER_S_MAX 1000000     /* of one lease; nftables counts time in nanoseconds */
#define LEASES_PER_NODE_MAX 1024
#define DEVICES_PER_LEASE 8      /* that are sold to it; what they need beside them comes on top */
#define GPUS_PER_NODE 64         /* devices that may be leased: eight cards in seven parts each */
#define GPU_FAKES_MAX 3          /* as many numbers as are harmless enough */
#define TASK_ARGS_MAX 128
#define TASK_ENV_MAX 128
#define TASK_TEXT_MAX DEPLOY_MAX /* all arguments and variables together */
#define TASK_LOG_MAX_BYTES (8u << 20)
#define ENDED_KEEP 256           /* ended leases whose output and last state are kept on their node */
#define ENDED_TRIM_MS 600000     /* how often the older ones are removed */

/* The ledger's node */
#define BLOCK_MIN_MS 5           /* solo and raft: at most one block in this time */
#define KEEP_BLOCKS_MIN 64       /* whole blocks that no configuration lets go */
#define KEEP_STATES_MAX 65536
#define FACTS_KEEP_BLOCKS 1024   /* a client that is further behind gets a snapshot */
#define HISTORY_KEEP_BYTES (4u << 20) /* of each kind of what is in no book any more: some 10,000 ended orders, 20,000 payments */
#define HISTORY_RECORD_BYTES 65536
#define MEMPOOL_MAX 4096         /* transactions waiting for a block */
#define MEMPOOL_BYTES_MAX (64u << 20)
#define BLOCK_TX_MAX 2048        /* taken into one block */
#define SETTLE_BLOCKS 4          /* a cross-lane effect is there after so many blocks */
#define DISK_FREE_MIN_BYTES (64ULL << 20)
#define DISK_BALLAST_BYTES (16ULL << 20)

/* Sockets and pipes */
#define WIRE_MAX 65536           /* one message, header included */
#define WIRE_CLIENTS_MAX 64
#define WIRE_STRANGERS_MAX 32    /* of these, such as are neither views nor plan: the others always find room */
#define WIRE_STRANGERS_PER_UID 8
#define WIRE_INTENTS_PER_CLIENT 1024
#define WIRE_BACKLOG_BYTES (4u << 20) /* memory of answers that a slow client may leave unread */
#define REPLY_TIMEOUT_MS 5000
#define FACTS_TIMEOUT_MS 3000    /* how long a restarted views process lets requests wait for its first facts */
#define SETTLE_TIMEOUT_MS 1000   /* how long a write waits for its order to cross to the symbol's lane */
#define IMAGE_ARCHIVE_MAX (4ULL << 30)
#define IMAGE_BLOBS_MAX 256
#define IMAGE_UNPACKED_MAX (32ULL << 30) /* bytes on disk */
#define IMAGE_UNPACKED_FREE (256ULL << 20) /* what any image may have, however small its archive */
#define IMAGE_RATIO_MAX 100      /* above that: so many times its archive */
#define IMAGE_ENTRIES_MAX 1000000
#define IMAGE_DEPTH_MAX 64       /* directories below each other */

/* Views */
#define TASK_DRAFTS_MAX 1024     /* tasks made by mkdir, all users */
#define TASK_DRAFTS_PER_UID 128
#define TASK_SETTING_LEN 65536   /* one of image, cmd, env, lease */
#define DRAFTS_MAX 1024          /* order drafts, all users */
#define TOKEN_DRAFTS_MAX 256     /* tokens made by mkdir and not issued, all users */
#define TOKEN_DRAFTS_PER_UID 16
#define HOLDERS_SHOWN 1000       /* of one token, the largest */
#define DRAFT_KEEP_MS 600000     /* after the last close */
#define ERROR_UIDS_MAX 256
#define LOCAL_MODES_MAX 4096
#define HIDDEN_MAX 4096          /* final orders and tasks that their owners removed */
#define SIGNED_UNFINISHED_MAX 256 /* envelopes of which a write brought a part, all users */
#define PROOFS_UNFINISHED_MAX 16 /* proofs of which a write brought a part, all users */
#define PROOF_TEXT_MAX (2 * (TX_HEAD_LEN + TX_BATCH_BODY_MAX + 1 + 96 * TX_SIGS_MAX) + 32768)
#define PENDING_MAX 1024         /* order files created whose first line has not come */
#define PENDING_PER_UID 128
#define HANDLES_MAX 65536        /* open files and folders; what one user cannot have is left to others, the last to root */
#define HANDLES_PER_UID 4096
#define HANDLES_FOR_ROOT 1024
#define HANDLES_BYTES_PER_UID (128u << 20) /* of texts, listings and batches that they hold */
#define UPLOADS_PER_UID 8        /* at a time */
#define UPLOAD_FREE_MIN_BYTES (256ULL << 20) /* what uploads leave on the disk */
#define BLOCK_CACHE_ENTRIES 64
#define BLOCK_CACHE_BYTES (16u << 20)
#define BLOCK_MAX (64u << 20)    /* a lane's transactions of one height, as bytes */
#define ARCHIVE_JSON_MAX (4u << 20) /* index.json, manifest or config of an image */
#define ARCHIVE_ENTRIES_MAX 1024

static_assert(TX_BODY_MAX > DEPLOY_MAX + 2048, "a deploy fits in a body");
static_assert(WIRE_MAX > TX_BODY_MAX + TX_HEAD_LEN + TX_SIGS_MAX * 96 + 64, "an envelope fits in a message");
static_assert(WIRE_MAX > ENVELOPE_MAX + 64, "what a user signed fits in a message");
static_assert(RECEIPT_PAYLOAD_MAX > DEPLOY_MAX + 2048, "an order with its deploy fits in a receipt");
static_assert(WIRE_STRANGERS_MAX <= WIRE_CLIENTS_MAX / 2, "there is room for views and plan");
static_assert(HANDLES_BYTES_PER_UID > BLOCK_MAX, "a block can be read");
static_assert(UPLOAD_FREE_MIN_BYTES > DISK_FREE_MIN_BYTES, "uploads end before the ledger has to");
static_assert(CHAINS == 10, "one main chain and nine inner ones");
#endif
