/* What is kept of the past: the books after each of the newest blocks, and whole blocks down to a height.
 *
 * A random life of transfers, with command ids that expire, so that records appear, change and go. */
#include "common/cleanup.h"
#include "common/io.h"
#include "ledger/snapshot.h"
#include "ledger/crypto/hash.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE 6
#define HEIGHTS 150
#define MORE 30
#define STATES 40
#define WHY 256

struct world {
	char dir[SCRATCH_LEN], db[SCRATCH_LEN + 8];
	struct keypair node, key[PEOPLE];
	struct address who[PEOPLE];
	struct genesis g;
	struct archive *a;
	struct id books[HEIGHTS + MORE + 1]; /* a digest of the books' facts after each height */
	struct id txid[HEIGHTS + MORE + 1]; /* of the block's transaction; zero: it has none */
	uint32_t serial;
};

static void digest_fact(void *arg, const struct fact *f)
{
	static uint8_t buf[FACT_BODY_MAX + 64];
	struct id *at = arg;
	struct wbuf w = wbuf_on(buf, sizeof buf);
	fact_put(&w, f);
	ck_assert(!w.bad);
	*at = hash_slices("test-facts", (struct slice[]){{at->b, 32}, {buf, w.len}}, 2);
}

static struct id digest(const struct state *s, const struct chain *c)
{
	struct id d = {{0}};
	state_snapshot(s, digest_fact, &d);
	chain_head_facts(c, digest_fact, &d);
	return d;
}

static void world_open(struct world *w)
{
	char why[WHY];
	scratch_make(w->dir);
	snprintf(w->db, sizeof w->db, "%s/db", w->dir);
	ck_assert_int_eq(sign_init(), 0);
	genesis_local(&w->g);
	w->g.time_ms = 1000;
	sign_keypair_new(&w->node);
	for (int i = 0; i < PEOPLE; i++) {
		sign_keypair_new(&w->key[i]);
		struct auth a = sign_auth_single(w->key[i].pk);
		w->who[i] = sign_address(&a);
		*genesis_account_add(&w->g) = (struct genesis_account){.auth = a, .amount = money_of(100000)};
	}
	ck_assert_int_eq(archive_create(w->db, &w->g, 0, &w->node, why), 0);
	ck_assert_msg(archive_open(w->db, &w->a, why) == 0, "%s", why);
	w->books[0] = digest(w->a->state, w->a->chain);
}

static void world_close(struct world *w)
{
	archive_close(w->a);
	scratch_remove(w->dir);
}

static void one_block(struct world *w)
{
	struct pending_tx p = {.lane = 0}, *list = &p;
	struct block *blk;
	bool exists;
	uint8_t bytes[1024];
	int from = rand() % PEOPLE;
	size_t ntxs = rand() % 4 != 0;
	struct tx tx = {.type = TX_TRANSFER, .chain_id = w->g.chain_id, .sender = w->who[from], .valid_until = UINT64_MAX};
	tx.nonce = state_nonce(w->a->state, &tx.sender, &exists);
	memcpy(tx.u.transfer.cid.b, &w->serial, sizeof w->serial);
	w->serial++;
	tx.u.transfer.to = w->who[rand() % PEOPLE];
	tx.u.transfer.amount = money_of(1 + (uint64_t)rand() % 300);
	struct wbuf b = wbuf_on(bytes, sizeof bytes);
	sign_tx(&w->key[from], &w->a->genesis_id, &tx, &b);
	p.bytes = (struct slice){bytes, b.len};
	ck_assert_int_eq(tx_get(p.bytes, &p.tx, &p.signed_len), V_OK);
	p.txid = hash_of("zeus/txid", bytes, p.signed_len);
	uint64_t time_ms = chain_tip(w->a->chain).time_ms + CID_KEEP_MS / 20;
	ck_assert_int_eq(round_form(w->a->chain, time_ms, 0, &list, ntxs, &blk), 0);
	ck_assert_int_eq(archive_commit(w->a, blk, &w->node), 0);
	block_free(blk);
	w->txid[chain_tip(w->a->chain).height] = p.lane == 255 || !ntxs ? (struct id){{0}} : p.txid;
	w->books[chain_tip(w->a->chain).height] = digest(w->a->state, w->a->chain);
}

static void hold_past(const struct world *w, uint64_t height)
{
	char why[WHY] = "";
	struct archive_past *p;
	ck_assert_int_eq(archive_past_begin(w->a, height, &p), 0);
	ck_assert_msg(archive_past_load(p, why) == 0, "height %llu: %s", (unsigned long long)height, why);
	struct id d = digest(archive_past_state(p), archive_past_chain(p));
	ck_assert_msg(id_cmp(&d, &w->books[height]) == 0, "height %llu", (unsigned long long)height);
	archive_past_free(p);
}

START_TEST(every_kept_state_is_as_it_was)
{
	static struct world w;
	struct archive_past *p;
	char why[WHY];
	srand(11);
	world_open(&w);
	ck_assert_int_eq(archive_keep(w.a, 0, STATES), 0);
	for (int i = 0; i < HEIGHTS / 2; i++)
		one_block(&w);
	archive_close(w.a);
	ck_assert_msg(archive_open(w.db, &w.a, why) == 0, "%s", why);
	ck_assert_int_eq(archive_keep(w.a, 0, STATES), 0);
	for (int i = HEIGHTS / 2; i < HEIGHTS; i++) {
		one_block(&w);
		uint64_t head = chain_tip(w.a->chain).height;
		hold_past(&w, head - (uint64_t)rand() % STATES);
	}
	for (uint64_t h = HEIGHTS - STATES; h <= HEIGHTS; h++)
		hold_past(&w, h);
	ck_assert_int_eq(archive_past_begin(w.a, HEIGHTS - STATES - 1, &p), -ENOENT);
	ck_assert_int_eq(archive_past_begin(w.a, HEIGHTS + 1, &p), -ENOENT);
	ck_assert_int_eq(archive_keep(w.a, 0, 5), 0); /* fewer from now on: the others go at once */
	ck_assert_int_eq(archive_past_begin(w.a, HEIGHTS - 6, &p), -ENOENT);
	hold_past(&w, HEIGHTS - 5);
	ck_assert_int_eq(archive_keep(w.a, 0, 0), 0);
	ck_assert_int_eq(archive_past_begin(w.a, HEIGHTS - 1, &p), -ENOENT);
	hold_past(&w, HEIGHTS);
	world_close(&w);
}
END_TEST

/* What a reader began with is what it reads, whatever is written meanwhile. */
START_TEST(a_reader_is_not_disturbed_by_new_blocks)
{
	static struct world w;
	struct archive_past *p;
	char why[WHY];
	srand(12);
	world_open(&w);
	ck_assert_int_eq(archive_keep(w.a, 0, 10), 0);
	for (int i = 0; i < 20; i++)
		one_block(&w);
	ck_assert_int_eq(archive_past_begin(w.a, 12, &p), 0);
	for (int i = 0; i < 20; i++)
		one_block(&w);
	ck_assert_msg(archive_past_load(p, why) == 0, "%s", why);
	struct id d = digest(archive_past_state(p), archive_past_chain(p));
	ck_assert_int_eq(id_cmp(&d, &w.books[12]), 0);
	archive_past_free(p);
	world_close(&w);
}
END_TEST

/* A transaction of a whole block is found and proven; that of a pruned one is not there. */
static void hold_names(const struct world *w, uint64_t height)
{
	struct tx_place at;
	uint8_t *text;
	size_t len;
	if (id_is_zero(&w->txid[height]))
		return;
	int rc = archive_find(w->a, &w->txid[height], &at);
	ck_assert_int_eq(rc, height >= w->a->lowest ? 0 : -ENOENT);
	if (rc < 0)
		return;
	ck_assert(at.at.height == height && at.before.height < height);
	ck_assert_int_eq(archive_proof(w->a, &at.at, &text, &len), 0);
	free(text);
	if (at.before.lane && at.before.height < w->a->lowest)
		ck_assert_int_eq(archive_proof(w->a, &at.before, &text, &len), -ENOENT);
}

static bool name_count(void *arg, struct slice key, struct slice value)
{
	(void)key, (void)value;
	++*(size_t *)arg;
	return true;
}

START_TEST(old_blocks_keep_their_headers)
{
	static struct world w;
	struct block *blk;
	size_t kept = 0, names = 0;
	char why[WHY];
	srand(13);
	world_open(&w);
	for (int i = 0; i < HEIGHTS; i++)
		one_block(&w);
	ck_assert_int_eq(archive_keep(w.a, KEEP_BLOCKS_MIN, 0), 0);
	for (int i = 0; i < MORE; i++) /* eight at once: it catches up */
		one_block(&w);
	uint64_t head = chain_tip(w.a->chain).height;
	ck_assert_uint_eq(w.a->lowest, head - KEEP_BLOCKS_MIN + 1);
	archive_close(w.a);
	ck_assert_msg(archive_open(w.db, &w.a, why) == 0, "%s", why);
	ck_assert_uint_eq(w.a->lowest, head - KEEP_BLOCKS_MIN + 1);
	for (uint64_t h = 0; h <= head; h++) {
		ck_assert_int_eq(archive_block(w.a, h, &blk), 0);
		ck_assert(block_whole(blk) == (h >= w.a->lowest) && block_tip(blk).height == h);
		ck_assert(block_whole(blk) || block_txs(blk, 1).len == 0);
		block_free(blk);
		hold_names(&w, h);
		kept += h >= w.a->lowest && !id_is_zero(&w.txid[h]);
	}
	ck_assert_int_eq(store_each(w.a->store, (struct slice){(const uint8_t *)"t", 1}, name_count, &names), 0);
	ck_assert_uint_eq(names, kept);
	world_close(&w);
}
END_TEST

static int file_of(const struct world *w, const uint8_t *p, size_t len)
{
	char path[SCRATCH_LEN + 16];
	snprintf(path, sizeof path, "%s/snapshot", w->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(io_write_all(fd, p, len), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* 0 or the refusal; what was made is gone afterwards. */
static int read_back(const struct world *w, const uint8_t *p, size_t len, struct id *out)
{
	char dir[SCRATCH_LEN + 16], acked[SCRATCH_LEN + 32], why[WHY] = "";
	struct archive *a;
	snprintf(dir, sizeof dir, "%s/copy", w->dir);
	snprintf(acked, sizeof acked, "%s/acked", dir);
	autoclose int fd = file_of(w, p, len);
	int rc = snapshot_read(fd, dir, why);
	ck_assert(rc == 0 || why[0]);
	if (rc == 0) {
		ck_assert_int_eq(archive_open(dir, &a, why), 0);
		*out = digest(a->state, a->chain);
		archive_close(a);
	}
	unlink(acked);
	ck_assert_int_eq(store_destroy(dir), 0);
	return rc;
}

START_TEST(a_snapshot_rebuilds_the_books_or_is_refused)
{
	static struct world w;
	char why[WHY];
	struct id again;
	srand(14);
	world_open(&w);
	ck_assert_int_eq(archive_keep(w.a, KEEP_BLOCKS_MIN, 3), 0);
	for (int i = 0; i < HEIGHTS; i++)
		one_block(&w);
	autoclose int fd = file_of(&w, NULL, 0);
	ck_assert_int_eq(snapshot_write(w.a, fd, why), 0);
	off_t size = lseek(fd, 0, SEEK_END);
	autofree uint8_t *p = malloc((size_t)size + 1);
	ck_assert_int_eq(pread(fd, p, (size_t)size, 0), size);
	ck_assert_int_eq(read_back(&w, p, (size_t)size, &again), 0);
	ck_assert_int_eq(id_cmp(&again, &w.books[HEIGHTS]), 0);
	for (int i = 0; i < 60; i++) {
		size_t at = i < 50 ? (size_t)i : (size_t)rand() % (size_t)size; /* every byte of the first heads, and others */
		uint8_t bit = (uint8_t)(1 << rand() % 8);
		p[at] ^= bit;
		ck_assert_msg(read_back(&w, p, (size_t)size, &again) == -EBADMSG, "byte %zu", at);
		p[at] ^= bit;
		ck_assert_msg(read_back(&w, p, at, &again) == -EBADMSG, "cut at %zu", at);
	}
	p[size] = 0;
	ck_assert_int_eq(read_back(&w, p, (size_t)size + 1, &again), -EBADMSG);
	world_close(&w);
}
END_TEST

TEST_MAIN("past", every_kept_state_is_as_it_was, a_reader_is_not_disturbed_by_new_blocks, old_blocks_keep_their_headers,
    a_snapshot_rebuilds_the_books_or_is_refused)
