/* Batches in numbered frames: whole or not at all, bounded, and a frame out of place ends the connection.
 *
 * Speaks to the built zeus-ledger as views do. What each part means is the other tests'. */
#include "tests/ledger_market.h"
#include <check.h>
#include <signal.h>

#define A 1000u
#define B 2000u
#define FRAME_MAX (WIRE_MAX - WIRE_HEAD_LEN - 13) /* uid, seq, last and the blob's length */

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct daemon d;
static struct lc c;
static struct fold f;
static struct address to;
static uint8_t ops_bytes[TX_BATCH_BODY_MAX + WIRE_MAX];
static struct wbuf ops;

static void open_all(void)
{
	daemon_init(&d, accounts);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	ck_assert(lc_address(&c, B, &to));
	ops = wbuf_on(ops_bytes, sizeof ops_bytes);
}

static void close_all(void)
{
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	daemon_remove(&d);
}

static void again(void)
{
	ck_assert(lc_gone(&c));
	lc_close(&c);
	lc_open(&c, &d, &f);
}

static struct tx payment(uint64_t amount)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = to, .amount = money_of(amount)};
	return tx;
}

static void add(const struct tx *part)
{
	tx_batch_put(&ops, part);
	ck_assert(!ops.bad);
}

static void add_payments(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct tx part = payment(1);
		add(&part);
	}
}

static void frame(uint64_t req, const struct wire_batch *m)
{
	static uint8_t bytes[WIRE_MAX];
	struct wbuf w = wbuf_on(bytes, sizeof bytes - WIRE_HEAD_LEN);
	wire_batch_put(&w, m);
	ck_assert(!w.bad);
	ck_assert_int_eq(conn_send(c.fd, WIRE_BATCH, req, bytes, w.len, 0), 0);
}

/* All of ops in frames of at most step bytes; the answer, after all that follows from it. Ops is empty then. */
static enum verdict batch(uint32_t uid, size_t step)
{
	uint64_t req = ++c.req;
	uint32_t seq = 0;
	for (size_t at = 0; at < ops.len || seq == 0; at += step, seq++) {
		size_t len = ops.len - at < step ? ops.len - at : step;
		struct wire_batch m = {.uid = uid, .seq = seq, .last = at + len == ops.len, .ops = {ops_bytes + at, len}};
		frame(req, &m);
	}
	enum verdict v = (enum verdict)lc_wait(&c, req).verdict;
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ops = wbuf_on(ops_bytes, sizeof ops_bytes);
	return v;
}

START_TEST(whole)
{
	open_all();
	uint64_t before = lc_balance(&c, &to);
	add_payments(3);
	ck_assert_int_eq(batch(A, 7), V_OK); /* parts may begin in one frame and end in another */
	add_payments(TX_BATCH_OPS_MAX);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_OK);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 3 + TX_BATCH_OPS_MAX);
	add_payments(TX_BATCH_OPS_MAX + 1);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_MALFORMED);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_MALFORMED); /* none at all */
	ck_assert_uint_eq(lc_balance(&c, &to), before + 3 + TX_BATCH_OPS_MAX);
	close_all();
}
END_TEST

START_TEST(all_or_none)
{
	open_all();
	uint64_t before = lc_balance(&c, &to);
	struct tx first = payment(1), last = payment(2000 * ZNC_BASE), node = market_node(1, NULL);
	add(&first);
	add(&last);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_BATCH_ABORTED);
	ck_assert_uint_eq(lc_balance(&c, &to), before);
	add(&first); /* its command id was not used up */
	ck_assert_int_eq(batch(A, FRAME_MAX), V_OK);
	add(&last);
	add(&first);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_BATCH_ABORTED);
	add_payments(1);
	add(&first); /* a repeated one in the middle */
	add_payments(1);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_BATCH_ABORTED);
	struct tx twice = payment(1);
	add(&twice);
	add(&twice);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_BATCH_ABORTED);
	add_payments(1);
	put_u8(&ops, node.type); /* a type that no batch holds */
	put_blob(&ops, NULL, 0);
	ck_assert_int_eq(batch(A, FRAME_MAX), V_MALFORMED);
	add_payments(2);
	ops.len--; /* half a part */
	ck_assert_int_eq(batch(A, FRAME_MAX), V_MALFORMED);
	add_payments(2);
	ck_assert_int_eq(batch(3000, FRAME_MAX), V_NO_ACCOUNT);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 1);
	add_payments(1); /* and the next batch is as good as ever */
	ck_assert_int_eq(batch(A, FRAME_MAX), V_OK);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 2);
	close_all();
}
END_TEST

START_TEST(out_of_place)
{
	open_all();
	uint64_t before = lc_balance(&c, &to);
	add_payments(1);
	struct wire_batch m = {.uid = A, .ops = {ops_bytes, ops.len}}, next = m;
	static const struct { uint32_t uid, seq; uint64_t req; } bad[] = {{A, 2, 50}, {A, 0x80000001, 50}, {B, 1, 50}, {A, 1, 51}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		frame(50, &m);
		next.uid = bad[i].uid;
		next.seq = bad[i].seq;
		next.last = true;
		frame(bad[i].req, &next);
		again();
	}
	next = (struct wire_batch){.uid = A, .seq = 1, .last = true, .ops = m.ops};
	frame(50, &next); /* no beginning; nor is another connection's taken for one */
	again();
	frame(50, &m); /* begun anew: the first beginning is forgotten */
	frame(++c.req, &m);
	next = (struct wire_batch){.uid = A, .seq = 1, .last = true};
	frame(c.req, &next);
	ck_assert_int_eq(lc_wait(&c, c.req).verdict, V_OK);
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 1);
	close_all();
}
END_TEST

/* More than any batch holds: cut off at the frame that is too much, not after all have been kept. */
START_TEST(too_long)
{
	open_all();
	struct wire_batch m = {.uid = A, .ops = {ops_bytes, FRAME_MAX}};
	uint32_t fit = TX_BATCH_BODY_MAX / FRAME_MAX;
	for (; m.seq < fit; m.seq++)
		frame(50, &m);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK); /* still there */
	frame(50, &m);
	again();
	close_all();
}
END_TEST

/* Two connections, each in the middle of its own. */
START_TEST(side_by_side)
{
	static struct lc other;
	struct fold of = {0};
	open_all();
	lc_open(&other, &d, &of);
	uint64_t before = lc_balance(&c, &to);
	add_payments(2);
	size_t half = ops.len / 2;
	struct wire_batch m = {.uid = A, .ops = {ops_bytes, half}};
	struct wire_batch rest = {.uid = A, .seq = 1, .last = true, .ops = {ops_bytes + half, half}};
	int mine = c.fd;
	frame(70, &m);
	c.fd = other.fd;
	frame(70, &m);
	c.fd = mine;
	frame(70, &rest);
	ck_assert_int_eq(lc_wait(&c, 70).verdict, V_OK);
	c.fd = other.fd;
	frame(70, &rest);
	c.fd = mine;
	ck_assert_int_eq(lc_wait(&other, 70).verdict, V_BATCH_ABORTED); /* the same command ids */
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 2);
	lc_close(&other);
	fold_free(&of);
	close_all();
}
END_TEST

LEDGER_TEST_MAIN("ledger_batch", whole, all_or_none, out_of_place, too_long, side_by_side)
