/* Transactions found again by their names, the way back from each to the one before, and their proofs.
 *
 * Speaks to the built zeus-ledger as views do, and gives what it says to zeus-verify. Proofs of blocks of every shape: test_proof.c. */
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"
#include "tests/ledger_market.h"
#include <check.h>
#include <signal.h>

#define A 1000u
#define B 2000u
#define PARTS 2000
#define FRAME_MAX (WIRE_MAX - WIRE_HEAD_LEN - 13)

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct daemon d;
static struct lc c;
static struct fold f;
static struct address to;

static void open_all(void)
{
	daemon_init(&d, accounts);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	ck_assert(lc_address(&c, B, &to));
}

static void close_all(void)
{
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	daemon_remove(&d);
}

static struct wire_answer pay(uint64_t amount)
{
	struct cid cid = market_cid();
	return lc_wait(&c, lc_transfer(&c, A, &to, amount, &cid));
}

static struct wire_found find(const struct id *txid)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct wire_head head;
	struct slice body;
	struct wire_found got;
	wire_find_tx_put(&w, txid);
	lc_send(&c, WIRE_FIND_TX, bytes, w.len);
	ck_assert(lc_next(&c, &head, &body) && head.type == WIRE_FOUND && wire_found_get(body, &got));
	return got;
}

static struct wire_block proof_chunk(const struct wire_place *place, uint64_t offset)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct wire_head head;
	struct slice body;
	struct wire_block got;
	wire_get_proof_put(&w, &(struct wire_get_proof){*place, offset});
	lc_send(&c, WIRE_GET_PROOF, bytes, w.len);
	ck_assert(lc_next(&c, &head, &body) && head.type == WIRE_BLOCK && wire_block_get(body, &got));
	return got;
}

/* What zeus-verify says of the proof; how long it is. */
static size_t verify(const struct wire_place *place, char said[512])
{
	char path[SCRATCH_LEN + 16], command[1024];
	const char *top = getenv("top_srcdir");
	uint64_t at = 0, total;
	snprintf(path, sizeof path, "%s/proof", d.dir);
	FILE *out = fopen(path, "w");
	ck_assert(out);
	do {
		struct wire_block b = proof_chunk(place, at);
		total = b.total;
		ck_assert(b.chunk.len > 0 && fwrite(b.chunk.p, 1, b.chunk.len, out) == b.chunk.len);
		at += b.chunk.len;
	} while (at < total);
	fclose(out);
	snprintf(command, sizeof command, "%s/tools/zeus-verify %s 2>&1", top ? top : ".", path);
	FILE *in = popen(command, "r");
	ck_assert(in && fgets(said, 512, in));
	ck_assert_int_eq(pclose(in), 0);
	return at;
}

static void expect_proof(const struct wire_place *place, const struct id *txid, uint16_t status)
{
	char said[512], expected[256], hex[65];
	hex_encode(txid->b, 32, hex);
	snprintf(expected, sizeof expected, "ok height=%llu lane=%u leaf=%u status=%u txid=%s block=", (unsigned long long)place->height,
	    place->lane, place->leaf, status, hex);
	verify(place, said);
	ck_assert_msg(strncmp(said, expected, strlen(expected)) == 0, "%s", said);
}

START_TEST(found_and_proven)
{
	struct id unknown = {{1}};
	struct wire_place beyond = {1000, 1, 0}, none = {1, 9, 0};
	open_all();
	ck_assert(!find(&unknown).found);
	ck_assert_uint_eq(proof_chunk(&beyond, 0).total, 0);
	struct wire_answer good = pay(5), bad = pay(5000 * ZNC_BASE);
	ck_assert(good.verdict == V_OK && bad.verdict == V_NO_FUNDS);
	for (int run = 0; run < 2; run++) {
		struct wire_found g = find(&good.txid), b = find(&bad.txid);
		ck_assert(g.found && g.place.height == good.height && g.status == V_OK && g.before.lane == 0);
		ck_assert(b.found && b.status == V_NO_FUNDS);
		ck_assert(b.before.height == g.place.height && b.before.lane == g.place.lane && b.before.leaf == g.place.leaf);
		expect_proof(&g.place, &good.txid, V_OK);
		expect_proof(&b.place, &bad.txid, V_NO_FUNDS);
		ck_assert_uint_eq(proof_chunk(&none, 0).total, 0);
		struct wire_place next = g.place;
		next.leaf++;
		ck_assert_uint_eq(proof_chunk(&next, 0).total, 0);
		good.txid.b[20] ^= 1; /* the index knows a name's first bytes only */
		ck_assert(!find(&good.txid).found);
		good.txid.b[20] ^= 1;
		lc_close(&c);
		ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
		daemon_start(&d);
		lc_open(&c, &d, &f);
	}
	close_all();
}
END_TEST

/* Ten payments, then back from the last to the first. */
START_TEST(provenance)
{
	struct wire_answer a = {0};
	struct wire_found at;
	uint64_t hops = 0;
	open_all();
	for (int i = 0; i < 10; i++)
		a = pay(1);
	at = find(&a.txid);
	while (at.before.lane) {
		struct wire_place p = at.before;
		uint8_t bytes[64];
		struct wbuf w = wbuf_on(bytes, sizeof bytes);
		struct wire_head head;
		struct slice body, envelope;
		struct wire_block part;
		uint16_t status;
		wire_get_block_put(&w, &(struct wire_get_block){p.lane, p.height, PART_TXS, 0});
		lc_send(&c, WIRE_GET_BLOCK, bytes, w.len);
		ck_assert(lc_next(&c, &head, &body) && wire_block_get(body, &part));
		struct rbuf r = rbuf_on(part.chunk.p + 4, part.chunk.len - 4);
		for (uint32_t i = 0; i <= p.leaf; i++)
			ck_assert(block_tx_next(&r, &status, &envelope));
		struct tx tx;
		size_t len;
		ck_assert_int_eq(tx_get(envelope, &tx, &len), V_OK);
		struct id txid = hash_of("zeus/txid", envelope.p, len);
		ck_assert_uint_eq(tx.nonce, 8 - hops++);
		at = find(&txid);
		ck_assert(at.found);
	}
	ck_assert_uint_eq(hops, 9);
	close_all();
}
END_TEST

START_TEST(long_proofs_come_in_pieces)
{
	static uint8_t room[TX_BATCH_BODY_MAX], frame[WIRE_MAX];
	struct wbuf ops = wbuf_on(room, sizeof room);
	char said[512];
	uint64_t req = 0;
	uint32_t seq = 0;
	open_all();
	for (uint32_t i = 0; i < PARTS; i++) {
		struct tx part = {.type = TX_TRANSFER};
		part.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = to, .amount = money_of(1)};
		tx_batch_put(&ops, &part);
	}
	ck_assert(!ops.bad);
	req = ++c.req;
	for (size_t at = 0; at < ops.len;) {
		size_t n = ops.len - at < FRAME_MAX ? ops.len - at : FRAME_MAX;
		struct wbuf w = wbuf_on(frame, sizeof frame);
		wire_batch_put(&w, &(struct wire_batch){A, seq++, at + n == ops.len, {room + at, n}});
		ck_assert_int_eq(conn_send(c.fd, WIRE_BATCH, req, frame, w.len, 0), 0);
		at += n;
	}
	struct wire_answer a = lc_wait(&c, req);
	ck_assert_int_eq(a.verdict, V_OK);
	struct wire_found g = find(&a.txid);
	ck_assert_uint_gt(verify(&g.place, said), 2 * WIRE_MAX);
	ck_assert_msg(strncmp(said, "ok ", 3) == 0, "%s", said);
	ck_assert_uint_eq(proof_chunk(&g.place, UINT64_MAX).chunk.len, 0);
	close_all();
}
END_TEST

LEDGER_TEST_MAIN("ledger-proof", found_and_proven, provenance, long_proofs_come_in_pieces)
