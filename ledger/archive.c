/* The node's books on disk.
 *
 * Knows: which record lies under which key, what one block's write consists of, and the checks that a start passes.
 * Does not know: LevelDB (store.c), the rules of a round (ledger/chain), clients. */
#include "ledger/archive_key.h"
#include "common/cleanup.h"
#include "ledger/admit.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdarg.h>
#include <string.h>

#define META_LEN (8 + 32)
#define META_VERSION 2

struct slice archive_height_key(struct archive_key *k, char kind, uint64_t height)
{
	k->b[0] = (uint8_t)kind;
	for (int i = 0; i < 8; i++)
		k->b[1 + i] = (uint8_t)(height >> (56 - 8 * i));
	return (struct slice){k->b, 9};
}

struct slice archive_plain_key(const char *kind)
{
	return (struct slice){(const uint8_t *)kind, 1};
}

int archive_refuse(char *why, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, ARCHIVE_WHY, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* --- writing --- */

static void put_change(void *arg, struct slice key, struct slice value)
{
	uint8_t k[ARCHIVE_KEY_MAX];
	if (key.len + 1 > sizeof k)
		abort();
	k[0] = 's';
	memcpy(k + 1, key.p, key.len);
	if (value.p)
		store_batch_put(arg, (struct slice){k, key.len + 1}, value);
	else
		store_batch_delete(arg, (struct slice){k, key.len + 1});
}

static void put_head(struct store_batch *batch, const char *kind, const struct tip *tip)
{
	uint8_t v[40];
	struct wbuf w = wbuf_on(v, sizeof v);
	put_u64(&w, tip->height);
	put_id(&w, &tip->main_id);
	store_batch_put(batch, archive_plain_key(kind), (struct slice){v, w.len});
}

static struct id seal_message(const struct id *block)
{
	return hash_of("zeus/seal", block->b, sizeof block->b);
}

static void put_block(struct store_batch *batch, const struct block *blk, const struct keypair *node)
{
	struct archive_key k;
	struct slice bytes = block_bytes(blk);
	struct tip tip = block_tip(blk);
	struct id message = seal_message(&tip.main_id);
	autofree uint8_t *v = malloc(ARCHIVE_PROOF_LEN + bytes.len);
	if (!v)
		abort();
	v[0] = 0;
	sign_bytes(node, message.b, sizeof message.b, v + 1);
	memcpy(v + ARCHIVE_PROOF_LEN, bytes.p, bytes.len);
	store_batch_put(batch, archive_height_key(&k, 'b', tip.height), (struct slice){v, ARCHIVE_PROOF_LEN + bytes.len});
}

static void put_facts(struct store_batch *batch, struct archive *b, const struct block *blk)
{
	struct archive_key k;
	size_t len;
	autofree uint8_t *p = NULL;
	uint64_t height = block_tip(blk).height;
	block_facts(blk, b->state, &p, &len);
	store_batch_put(batch, archive_height_key(&k, 'f', height), (struct slice){p, len});
	if (height >= FACTS_KEEP_BLOCKS)
		store_batch_delete(batch, archive_height_key(&k, 'f', height - FACTS_KEEP_BLOCKS));
	history_put(&b->history, batch, (struct slice){p, len});
}

int archive_commit(struct archive *b, const struct block *blk, const struct keypair *node)
{
	struct store_batch *batch = store_batch_new();
	struct tip tip = block_tip(blk);
	int kept = archive_keep_block(b, batch, tip.height);
	put_block(batch, blk, node);
	chain_changes(b->chain, put_change, batch);
	put_facts(batch, b, blk);
	archive_index(b, blk, batch);
	put_head(batch, "h", &tip);
	int rc = store_commit(b->store, batch);
	rc = kept ? kept : rc;
	return rc ? rc : acked_put(&b->acked, tip.height, &tip.main_id);
}

static void put_meta(struct store_batch *batch, uint32_t operator_uid, const struct keypair *node)
{
	uint8_t v[META_LEN];
	struct wbuf w = wbuf_on(v, sizeof v);
	put_u32(&w, META_VERSION);
	put_u32(&w, operator_uid);
	put_bytes(&w, node->pk, sizeof node->pk);
	store_batch_put(batch, archive_plain_key("m"), (struct slice){v, w.len});
}

static void put_genesis(struct store_batch *batch, const struct genesis *g)
{
	size_t cap = genesis_room(g);
	autofree uint8_t *p = malloc(cap);
	if (!p)
		abort();
	struct wbuf w = wbuf_on(p, cap);
	genesis_put(&w, g);
	if (w.bad)
		abort();
	store_batch_put(batch, archive_plain_key("g"), (struct slice){p, w.len});
}

static int create_first(struct archive *b, const struct genesis *g, uint32_t operator_uid, const struct keypair *node, char *why)
{
	struct block *blk;
	if (state_new(g, &b->state) != V_OK)
		return archive_refuse(why, "the genesis is not sound");
	b->chain = chain_new(b->state, g);
	if (round_genesis(b->chain, &blk) < 0)
		return archive_refuse(why, "the genesis does not sum to the supply");
	struct store_batch *batch = store_batch_new();
	struct tip tip = block_tip(blk);
	put_meta(batch, operator_uid, node);
	put_genesis(batch, g);
	put_block(batch, blk, node);
	put_facts(batch, b, blk);
	chain_changes(b->chain, put_change, batch);
	put_head(batch, "h", &tip);
	put_head(batch, "v", &tip);
	block_free(blk);
	return store_commit(b->store, batch);
}

static struct archive *archive_new(void)
{
	struct archive *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	b->acked.fd = -1;
	return b;
}

static int create_acked(struct archive *b, const char *dir, char *why)
{
	struct tip tip = chain_tip(b->chain);
	int rc = acked_create(dir, tip.height, &tip.main_id, &b->acked);
	if (rc < 0)
		snprintf(why, ARCHIVE_WHY, "%.180s/acked: %s", dir, strerror(-rc));
	return rc;
}

int archive_create(const char *dir, const struct genesis *g, uint32_t operator_uid, const struct keypair *node, char *why)
{
	struct archive *b = archive_new();
	int rc = store_open(dir, true, &b->store, why);
	if (rc == 0)
		rc = create_first(b, g, operator_uid, node, why);
	if (rc == 0)
		rc = create_acked(b, dir, why);
	archive_close(b);
	return rc;
}

/* --- reading --- */

int archive_facts(const struct archive *b, uint64_t height, uint8_t **p, size_t *len)
{
	struct archive_key k;
	return store_get(b->store, archive_height_key(&k, 'f', height), p, len);
}

int archive_block_parse(const struct archive *b, uint64_t height, struct slice bytes, struct block **ret, char *why)
{
	const uint8_t *p = bytes.p;
	struct block *blk = NULL;
	if (bytes.len >= ARCHIVE_PROOF_LEN)
		blk = block_read((struct slice){p + ARCHIVE_PROOF_LEN, bytes.len - ARCHIVE_PROOF_LEN}, why);
	if (!blk)
		return archive_refuse(why, "block %" PRIu64 " is damaged", height);
	struct tip tip = block_tip(blk);
	struct id message = seal_message(&tip.main_id);
	if (tip.height != height || p[0] != 0 || !sign_verify(b->node_pk, message.b, sizeof message.b, p + 1)) {
		block_free(blk);
		return archive_refuse(why, "block %" PRIu64 " was not sealed by this node", height);
	}
	*ret = blk;
	return 0;
}

int archive_block_load(const struct archive *b, uint64_t height, struct block **ret, char *why)
{
	struct archive_key k;
	size_t len;
	autofree uint8_t *p = NULL;
	int rc = store_get(b->store, archive_height_key(&k, 'b', height), &p, &len);
	if (rc < 0)
		snprintf(why, ARCHIVE_WHY, "block %llu is %s", (unsigned long long)height, rc == -ENOENT ? "missing" : "not readable");
	return rc < 0 ? rc : archive_block_parse(b, height, (struct slice){p, len}, ret, why);
}

int archive_block(const struct archive *b, uint64_t height, struct block **ret)
{
	char why[ARCHIVE_WHY];
	return height > chain_tip(b->chain).height ? -ENOENT : archive_block_load(b, height, ret, why);
}

bool archive_is(const struct archive *b, uint64_t height, const struct id *id)
{
	struct block *blk;
	if (archive_block(b, height, &blk) < 0)
		return false;
	struct tip tip = block_tip(blk);
	block_free(blk);
	return id_cmp(&tip.main_id, id) == 0;
}

static int read_meta(struct archive *b, char *why)
{
	size_t len;
	autofree uint8_t *p = NULL;
	int rc = store_get(b->store, archive_plain_key("m"), &p, &len);
	struct rbuf r = rbuf_on(p, rc < 0 ? 0 : len);
	uint32_t version = get_u32(&r);
	b->operator_uid = get_u32(&r);
	get_bytes(&r, b->node_pk, sizeof b->node_pk);
	if (rc < 0 || !rbuf_end(&r))
		return archive_refuse(why, "the database has no meta record; was --init interrupted?");
	if (version != META_VERSION)
		return archive_refuse(why, "the database is of version %u, which this program does not know", version);
	return 0;
}

static int read_lowest(struct archive *b, char *why)
{
	size_t len;
	autofree uint8_t *p = NULL;
	int rc = store_get(b->store, archive_plain_key("l"), &p, &len);
	struct rbuf r = rbuf_on(p, rc < 0 ? 0 : len);
	if (rc == -ENOENT)
		return 0;
	b->lowest = get_u64(&r);
	return rc == 0 && rbuf_end(&r) ? 0 : archive_refuse(why, "the record of the lowest whole block is damaged");
}

static int read_genesis(struct archive *b, char *why)
{
	size_t len;
	autofree uint8_t *p = NULL;
	b->genesis = calloc(1, sizeof *b->genesis);
	if (!b->genesis)
		abort();
	if (store_get(b->store, archive_plain_key("g"), &p, &len) < 0 || !genesis_get((struct slice){p, len}, b->genesis))
		return archive_refuse(why, "the genesis is missing or damaged");
	b->genesis_id = genesis_hash(b->genesis);
	if (state_new(b->genesis, &b->state) != V_OK)
		return archive_refuse(why, "the genesis is not sound");
	b->chain = chain_new(b->state, b->genesis);
	return 0;
}

static int read_tip(struct archive *b, const char *kind, struct tip *out, char *why)
{
	size_t len;
	autofree uint8_t *p = NULL;
	int rc = store_get(b->store, archive_plain_key(kind), &p, &len);
	struct rbuf r = rbuf_on(p, rc < 0 ? 0 : len);
	out->height = get_u64(&r);
	out->main_id = get_id(&r);
	return rc == 0 && rbuf_end(&r) ? 0 : archive_refuse(why, "the head record is missing or damaged");
}

/* The point up to which the hash chain was checked before; the first block if it never was. */
static int read_checked(struct archive *b, struct tip *out, char *why)
{
	size_t len;
	autofree uint8_t *p = NULL;
	struct block *first;
	if (store_get(b->store, archive_plain_key("v"), &p, &len) != -ENOENT)
		return read_tip(b, "v", out, why);
	int rc = archive_block_load(b, 0, &first, why);
	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	*out = block_tip(first);
	bool ours = id_cmp(&block_header(first)->params, &b->genesis_id) == 0;
	block_free(first);
	return ours ? 0 : archive_refuse(why, "the first block belongs to another genesis");
}

/* Heights without a gap and each block naming the one before it, from the last point that was checked up to the head. */
static int check_chain(struct archive *b, const struct tip *from, const struct tip *head, char *why)
{
	struct tip at = *from;
	struct archive_key k;
	if (from->height > head->height)
		return archive_refuse(why, "the head is at %" PRIu64 ", before the point that was checked", head->height);
	for (uint64_t h = from->height; h <= head->height; h++) {
		struct block *blk;
		int rc = archive_block_load(b, h, &blk, why);
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		const struct main_header *m = block_header(blk);
		bool follows = h == from->height ? true : id_cmp(&m->parent, &at.main_id) == 0 && m->time_ms > at.time_ms;
		at = block_tip(blk);
		block_free(blk);
		if (!follows || (h == from->height && id_cmp(&at.main_id, &from->main_id) != 0))
			return archive_refuse(why, "block %" PRIu64 " does not follow the one before it", h);
	}
	if (id_cmp(&at.main_id, &head->main_id) != 0)
		return archive_refuse(why, "the head record and block %" PRIu64 " disagree", head->height);
	size_t len;
	autofree uint8_t *p = NULL;
	if (store_get(b->store, archive_height_key(&k, 'b', head->height + 1), &p, &len) != -ENOENT)
		return archive_refuse(why, "there is a block %" PRIu64 " beyond the head", head->height + 1);
	return 0;
}

struct load { struct archive *b; bool bad; };

static bool load_record(void *arg, struct slice key, struct slice value)
{
	struct load *l = arg;
	struct slice k = {key.p + 1, key.len - 1};
	l->bad = !state_load(l->b->state, k, value) || !chain_load_record(l->b->chain, k, value);
	return !l->bad;
}

static int load_records(struct archive *b, char *why)
{
	struct load load = {b, false};
	int rc = store_each(b->store, archive_plain_key("s"), load_record, &load);
	return rc < 0 || load.bad ? archive_refuse(why, "a record of the books is damaged") : 0;
}

static int load_head(struct archive *b, const struct tip *head, char *why)
{
	struct block *blk;
	int rc = archive_block_load(b, head->height, &blk, why);
	if (rc < 0)
		return rc;
	struct tip tip = block_tip(blk);
	bool ok = chain_load_head(b->chain, block_bytes(blk), why);
	block_free(blk);
	if (!ok)
		return -EBADMSG;
	state_load_begin(b->state);
	rc = load_records(b, why);
	if (rc < 0)
		return rc;
	if (!state_load_end(b->state, tip.height, tip.time_ms))
		return archive_refuse(why, "the books at height %" PRIu64 " do not agree with themselves", tip.height);
	return chain_load_end(b->chain, why) ? 0 : -EBADMSG;
}

/* Has anything vanished that was acknowledged? Whoever removes the file takes the books as they are. */
static int check_acked(struct archive *b, const char *dir, char *why)
{
	uint64_t head = chain_tip(b->chain).height;
	int rc = acked_open(dir, &b->acked);
	if (rc == -ENOENT)
		return create_acked(b, dir, why);
	if (rc == -EBADMSG)
		return archive_refuse(why, "%.180s/acked is damaged", dir);
	if (rc < 0)
		snprintf(why, ARCHIVE_WHY, "%.180s/acked: %s", dir, strerror(-rc));
	if (rc < 0)
		return rc;
	if (b->acked.height > head)
		return archive_refuse(why,
		    "the books end at %" PRIu64 ", but block %" PRIu64 " was acknowledged: restore them, or take the loss: rm %.99s/acked",
		    head, b->acked.height, dir);
	if (!archive_is(b, b->acked.height, &b->acked.block))
		return archive_refuse(why, "block %" PRIu64 " is not the one that was acknowledged", b->acked.height);
	return 0;
}

static int read_history(struct archive *b, char *why)
{
	int rc = history_open(&b->history, b->store);
	return rc == -EBADMSG ? archive_refuse(why, "a record of the history is missing or damaged") : rc;
}

static int archive_prove(struct archive *b, const char *dir, char *why)
{
	struct tip from = {0}, head = {0};
	int rc = read_meta(b, why);
	rc = rc ? rc : read_lowest(b, why);
	rc = rc ? rc : read_genesis(b, why);
	rc = rc ? rc : read_tip(b, "h", &head, why);
	rc = rc ? rc : read_checked(b, &from, why);
	rc = rc ? rc : check_chain(b, &from, &head, why);
	rc = rc ? rc : load_head(b, &head, why);
	rc = rc ? rc : check_acked(b, dir, why);
	rc = rc ? rc : read_history(b, why);
	if (rc)
		return rc;
	struct store_batch *batch = store_batch_new();
	put_head(batch, "v", &head);
	return store_commit(b->store, batch);
}

int archive_open(const char *dir, struct archive **ret, char *why)
{
	struct archive *b = archive_new();
	int rc = store_open(dir, false, &b->store, why);
	if (rc == 0)
		rc = archive_prove(b, dir, why);
	malloc_trim(0); /* what the database took to read all records once */
	if (rc < 0)
		archive_close(b);
	else
		*ret = b;
	return rc;
}

void archive_close(struct archive *b)
{
	if (!b)
		return;
	chain_free(b->chain);
	state_free(b->state);
	if (b->genesis)
		genesis_free(b->genesis);
	free(b->genesis);
	history_close(&b->history);
	store_close(b->store);
	acked_close(&b->acked);
	free(b);
}
