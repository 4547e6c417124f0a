/* The history that is kept beside the books.
 *
 * What is final is kept and nothing else, each kind by itself, the newest within its bound; a gap or damage is noticed at a start. */
#include "ledger/history.h"
#include "common/fact.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>

static char dir[SCRATCH_LEN], db[SCRATCH_LEN + 8], why[256];
static struct store *s;
static struct history h;
static uint8_t block[1 << 20];
static struct wbuf facts;

static void open_again(void)
{
	history_close(&h);
	store_close(s);
	ck_assert_int_eq(store_open(db, false, &s, why), 0);
	ck_assert_int_eq(history_open(&h, s), 0);
}

static void open_all(void)
{
	scratch_make(dir);
	snprintf(db, sizeof db, "%s/db", dir);
	ck_assert_int_eq(store_open(db, true, &s, why), 0);
	ck_assert_int_eq(history_open(&h, s), 0);
	facts = wbuf_on(block, sizeof block);
}

static void close_all(void)
{
	history_close(&h);
	store_close(s);
	scratch_remove(dir);
}

static void say(const struct fact *f)
{
	fact_put(&facts, f);
	ck_assert(!facts.bad);
}

static void say_pay(uint64_t amount)
{
	say(&(struct fact){.kind = FACT_PAY, .u.pay = {.kind = PAY_TRANSFER, .amount = money_of(amount)}});
}

static void say_order(uint8_t state)
{
	say(&(struct fact){.kind = FACT_ORDER, .u.order = {.state = state, .name = "o", .qty = 1}});
}

static void commit(void)
{
	struct store_batch *b = store_batch_new();
	history_put(&h, b, (struct slice){block, facts.len});
	ck_assert_int_eq(store_commit(s, b), 0);
	facts = wbuf_on(block, sizeof block);
}

struct told { uint32_t n[FACT_RESET + 1], records; uint64_t pay_first, pay_next, bytes; uint8_t states; };

static bool tell(void *arg, struct slice record)
{
	struct told *t = arg;
	struct rbuf r = rbuf_on(record.p, record.len);
	struct fact f;
	while (fact_next(&r, &f)) {
		uint64_t amount = money_base(f.u.pay.amount);
		if (f.kind == FACT_ORDER)
			t->states |= (uint8_t)(1u << f.u.order.state);
		if (f.kind == FACT_PAY && !t->n[FACT_PAY])
			t->pay_first = t->pay_next = amount;
		if (f.kind == FACT_PAY)
			ck_assert_uint_eq(amount, t->pay_next++);
		t->n[f.kind]++;
	}
	ck_assert(rbuf_end(&r));
	t->records++;
	t->bytes += record.len;
	return true;
}

static struct told told(void)
{
	struct told t = {.records = 0};
	ck_assert_int_eq(history_each(&h, tell, &t), 0);
	return t;
}

START_TEST(what_is_final)
{
	open_all();
	commit();
	ck_assert_uint_eq(told().records, 0);
	for (uint8_t state = ORDER_IN_FLIGHT; state <= ORDER_REJECTED; state++)
		say_order(state);
	say(&(struct fact){.kind = FACT_ACCOUNT});
	say(&(struct fact){.kind = FACT_TRADE, .u.trade = {.seq = 1}});
	say(&(struct fact){.kind = FACT_VERDICT, .u.verdict = {.type = TX_TRANSFER}});
	say_pay(1);
	say(&(struct fact){.kind = FACT_USAGE});
	say(&(struct fact){.kind = FACT_LANE, .u.lane = {.lane = 1}});
	say(&(struct fact){.kind = FACT_BLOCK});
	commit();
	for (int i = 0; i < 2; i++, open_again()) {
		struct told t = told();
		ck_assert_uint_eq(t.records, HISTORY_KINDS);
		ck_assert_uint_eq(t.n[FACT_ORDER], 4);
		ck_assert_uint_eq(t.states, 1 << ORDER_FILLED | 1 << ORDER_CANCELLED | 1 << ORDER_EXPIRED | 1 << ORDER_REJECTED);
		ck_assert_uint_eq(t.n[FACT_TRADE] + t.n[FACT_PAY] + t.n[FACT_LANE], 3);
		ck_assert_uint_eq(t.n[FACT_ACCOUNT] + t.n[FACT_VERDICT] + t.n[FACT_USAGE] + t.n[FACT_BLOCK], 0);
	}
	close_all();
}
END_TEST

/* More payments than are kept, in blocks of any size: the newest are there, in order, and the one order is not their victim. */
START_TEST(within_its_bound)
{
	uint64_t amount = 0;
	open_all();
	say_order(ORDER_FILLED);
	for (size_t written = 0, blocks = 1; written < 3 * HISTORY_KEEP_BYTES; blocks++) {
		while (facts.len < blocks % 5 * 100000 + 1)
			say_pay(amount++);
		written += facts.len;
		commit();
		if (blocks % 7 == 0)
			open_again();
		ck_assert_uint_le(told().bytes, HISTORY_KEEP_BYTES + 1000);
	}
	struct told t = told();
	ck_assert_uint_eq(t.n[FACT_ORDER], 1);
	ck_assert_uint_eq(t.pay_next, amount);
	ck_assert_uint_gt(t.pay_first, amount / 2);
	ck_assert_uint_gt(t.bytes, HISTORY_KEEP_BYTES - 2 * HISTORY_RECORD_BYTES);
	close_all();
}
END_TEST

/* All of a block, however many records it takes. */
START_TEST(a_large_block)
{
	uint64_t amount = 0;
	open_all();
	while (facts.len < sizeof block - 1000)
		say_pay(amount++);
	commit();
	struct told t = told();
	ck_assert_uint_eq(t.n[FACT_PAY], amount);
	ck_assert_uint_gt(t.records, (sizeof block - 1000) / HISTORY_RECORD_BYTES);
	close_all();
}
END_TEST

static int opened_with(const char *key, size_t len, struct slice value)
{
	struct store_batch *b = store_batch_new();
	struct slice k = {(const uint8_t *)key, len};
	if (value.p)
		store_batch_put(b, k, value);
	else
		store_batch_delete(b, k);
	ck_assert_int_eq(store_commit(s, b), 0);
	history_close(&h);
	return history_open(&h, s);
}

START_TEST(refused)
{
	open_all();
	uint8_t *kept;
	size_t len;
	for (int i = 0; i < 3; i++) {
		say_pay((uint64_t)i);
		commit();
	}
	const char second[] = "e\x0b\0\0\0\0\0\0\0\x01";
	ck_assert_int_eq(store_get(s, (struct slice){(const uint8_t *)second, 10}, &kept, &len), 0);
	ck_assert_int_eq(opened_with(second, 10, (struct slice){NULL, 0}), -EBADMSG);
	ck_assert_int_eq(opened_with(second, 10, (struct slice){kept, len - 1}), -EBADMSG);
	ck_assert_int_eq(opened_with(second, 10, (struct slice){kept, 0}), -EBADMSG);
	ck_assert_int_eq(opened_with("e\x0b\0\0\0\0\0\0\0\x01\x01", 11, (struct slice){kept, len}), -EBADMSG);
	ck_assert_int_eq(opened_with("e\x0b\0\0\0\0\0\0\0\x01\x01", 11, (struct slice){NULL, 0}), -EBADMSG);
	kept[0] = FACT_TRADE;
	ck_assert_int_eq(opened_with(second, 10, (struct slice){kept, len}), -EBADMSG);
	kept[0] = FACT_PAY;
	ck_assert_int_eq(opened_with(second, 10, (struct slice){kept, len}), 0);
	ck_assert_uint_eq(told().n[FACT_PAY], 3);
	free(kept);
	close_all();
}
END_TEST

TEST_MAIN("history", what_is_final, within_its_bound, a_large_block, refused)
