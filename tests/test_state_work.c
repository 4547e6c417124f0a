/* What it costs to use the network without paying: deposits for what is stored, work units for what is done.
 *
 * Deposits are counted again object by object after every round (tests/books_recount.c). A transaction here has no bytes unless the test
 * gives it some, so that one with one signature is 512 units and what its type weighs. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define RICH 1000000000000ULL
#define DEP 10ULL
#define SIG 512u
enum { ALICE, BOB, CAROL, ACCOUNTS = 20, NEWCOMER = 100 };
#define HOUR 3600000u

static struct rig rig;
static struct genesis g;

static void open_deposits(void)
{
	genesis_local(&g);
	g.deposit_per_byte = DEP;
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
}

static void open_work(void)
{
	genesis_local(&g);
	g.free_wu = 10 * SIG;
	g.lane_wu = 100 * SIG;
	g.free_ppm = 1000000;
	g.work_window_ms = HOUR;
	g.fill_step_ms = 1000;
	g.epoch_ms = HOUR;
}

static void close_rig(void)
{
	rig_close(&rig);
}

static uint64_t deposit(uint32_t who)
{
	struct fact_account a;
	ck_assert(rig_account(&rig, who, &a));
	return money_base(a.deposit);
}

static enum verdict settled(struct tx tx)
{
	enum verdict v = rig_do(&rig, &tx);
	rig_settle(&rig);
	return v == V_OK ? rig.last_verdict : v;
}

/* --- deposits --- */

static struct tx open_tx(uint32_t who, uint64_t amount)
{
	struct tx tx = rig_tx(&rig, ALICE, TX_OPEN);
	tx.u.open.auth = rig_auth(who);
	tx.u.open.amount = money_of(amount);
	return tx;
}

START_TEST(an_account_begins_with_its_own)
{
	ck_assert_uint_eq(deposit(ALICE), 0);
	ck_assert_int_eq(settled(open_tx(NEWCOMER, DEP * ACCOUNT_BYTES - 1)), V_DEPOSIT_SHORT);
	ck_assert_int_eq(settled(open_tx(NEWCOMER, DEP * ACCOUNT_BYTES)), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, NEWCOMER), 0);
	ck_assert_uint_eq(deposit(NEWCOMER), DEP * ACCOUNT_BYTES);
	ck_assert_int_eq(settled(rig_pay_tx(&rig, NEWCOMER, ALICE, 1)), V_NO_FUNDS);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - DEP * ACCOUNT_BYTES);
}
END_TEST

START_TEST(an_order_gives_back)
{
	ck_assert_int_eq(settled(rig_node_tx(&rig, ALICE, 8)), V_OK);
	ck_assert_uint_eq(deposit(ALICE), DEP * NODE_BYTES);
	struct tx tx = rig_ask_tx(&rig, ALICE, 2, 1000000);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct id ask = rig_order_id(&rig);
	ck_assert_uint_eq(deposit(ALICE), DEP * (NODE_BYTES + ORDER_BYTES));
	rig_settle(&rig);
	rig_reload(&rig);
	ck_assert_int_eq(settled(rig_cancel_tx(&rig, ALICE, &ask)), V_OK);
	ck_assert_uint_eq(deposit(ALICE), DEP * NODE_BYTES);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - DEP * NODE_BYTES);
}
END_TEST

START_TEST(an_order_needs_its_own)
{
	ck_assert_int_eq(settled(open_tx(NEWCOMER, DEP * ACCOUNT_BYTES + 16666)), V_OK);
	struct tx tx = rig_bid_tx(&rig, NEWCOMER, 1, 1000000, 60); /* escrow 16666, and then nothing is left */
	ck_assert_int_eq(settled(tx), V_DEPOSIT_SHORT);
	ck_assert_uint_eq(rig_balance(&rig, NEWCOMER), 16666);
	uint64_t need = DEP * (ORDER_BYTES + LEASE_BYTES + LEASE_ROOM);
	ck_assert_int_eq(settled(rig_pay_tx(&rig, ALICE, NEWCOMER, need - 1)), V_OK);
	ck_assert_int_eq(settled(rig_bid_tx(&rig, NEWCOMER, 1, 1000000, 60)), V_DEPOSIT_SHORT);
	ck_assert_int_eq(settled(rig_pay_tx(&rig, ALICE, NEWCOMER, 1)), V_OK);
	ck_assert_int_eq(settled(rig_bid_tx(&rig, NEWCOMER, 1, 1000000, 60)), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, NEWCOMER), 0);
}
END_TEST

START_TEST(no_more_leases_than_were_held_for)
{
	struct tx tx = rig_bid_tx(&rig, BOB, 2, 1000000, 60);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct id bid = rig_order_id(&rig);
	struct fact_order o;
	rig_settle(&rig);
	ck_assert(rig_order(&rig, &bid, &o));
	ck_assert_int_eq(settled(rig_amend_tx(&rig, BOB, &o, 3, 1000000, 100000)), V_DEPOSIT_SHORT);
	ck_assert_int_eq(settled(rig_amend_tx(&rig, BOB, &o, 1, 1000000, 0)), V_OK);
	ck_assert_int_eq(settled(rig_cancel_tx(&rig, BOB, &bid)), V_OK);
	ck_assert_uint_eq(deposit(BOB), 0);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
}
END_TEST

START_TEST(a_lease_holds_until_it_is_forgotten)
{
	static uint8_t text[LEASE_ROOM + 1];
	struct fact_lease l;
	ck_assert_int_eq(settled(rig_node_tx(&rig, ALICE, 8)), V_OK);
	ck_assert_int_eq(settled(rig_ask_tx(&rig, ALICE, 4, 1000000)), V_OK);
	ck_assert_int_eq(settled(rig_bid_tx(&rig, BOB, 2, 1000000, 60)), V_OK);
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_uint_eq(deposit(BOB), 2 * DEP * (LEASE_BYTES + LEASE_ROOM));
	struct tx tx = rig_lease_tx(&rig, BOB, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, "deploy");
	tx.u.event.blob = (struct slice){text, sizeof text};
	ck_assert_int_eq(settled(tx), V_DEPOSIT_SHORT);
	tx = rig_lease_tx(&rig, BOB, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, "deploy");
	tx.u.event.blob = (struct slice){text, LEASE_ROOM};
	ck_assert_int_eq(settled(tx), V_OK);
	rig_pass(&rig, 3 * HOUR); /* ended */
	ck_assert_uint_eq(deposit(BOB), 2 * DEP * (LEASE_BYTES + LEASE_ROOM));
	rig_pass(&rig, 25 * HOUR); /* forgotten */
	ck_assert_uint_eq(deposit(BOB), 0);
}
END_TEST

static struct tx app_tx(uint32_t who, size_t meta)
{
	static uint8_t text[APP_META_MAX];
	struct tx tx = rig_tx(&rig, who, TX_APP_PUB);
	strcpy(tx.u.app_pub.name, "tool");
	tx.u.app_pub.meta = (struct slice){text, meta};
	return tx;
}

START_TEST(an_app_holds_for_what_it_is_now)
{
	struct tx tx[2] = {app_tx(ALICE, 100), app_tx(BOB, 50)};
	enum verdict got[2];
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[1], V_OK);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NAME_TAKEN);
	ck_assert_uint_eq(deposit(ALICE), DEP * (APP_BYTES + 100));
	ck_assert_uint_eq(deposit(BOB), 0);
	ck_assert_int_eq(settled(app_tx(ALICE, 30)), V_OK);
	ck_assert_uint_eq(deposit(ALICE), DEP * (APP_BYTES + 30));
}
END_TEST

/* An app whose text grew between a bid and its match does not get the room for nothing. */
START_TEST(a_grown_app_comes_without_its_text)
{
	struct fact_lease l;
	ck_assert_int_eq(settled(app_tx(CAROL, 10)), V_OK);
	ck_assert_int_eq(settled(rig_node_tx(&rig, ALICE, 8)), V_OK);
	struct tx tx = rig_bid_tx(&rig, BOB, 1, 1000000, 60);
	strcpy(tx.u.bid.app, "tool");
	ck_assert_int_eq(settled(tx), V_OK);
	ck_assert_int_eq(settled(app_tx(CAROL, LEASE_ROOM + 1)), V_OK);
	ck_assert_int_eq(settled(rig_ask_tx(&rig, ALICE, 4, 1000000)), V_OK);
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_uint_eq(l.deploy.len, 0);
	tx = rig_bid_tx(&rig, BOB, 1, 1000000, 60);
	strcpy(tx.u.bid.app, "tool");
	ck_assert_int_eq(settled(tx), V_OK);
	ck_assert_uint_eq(deposit(BOB), DEP * (2 * LEASE_BYTES + 2 * LEASE_ROOM + 1));
}
END_TEST

static struct tx token_tx(uint32_t who, const char *symbol)
{
	struct tx tx = rig_tx(&rig, who, TX_TOKEN_NEW);
	strcpy(tx.u.token_new.symbol, symbol);
	tx.u.token_new.num = tx.u.token_new.den = 1;
	return tx;
}

static struct tx give_tx(uint32_t who, uint32_t to, uint64_t amount)
{
	struct tx tx = rig_pay_tx(&rig, who, to, amount);
	tx.u.transfer.token = 1;
	return tx;
}

START_TEST(a_holding_is_paid_by_who_made_it)
{
	const uint64_t held = DEP * HOLDING_BYTES;
	struct tx tx[2] = {token_tx(ALICE, "GOLD"), token_tx(BOB, "GOLD")};
	enum verdict got[2];
	rig_many(&rig, tx, 2, got);
	rig_settle(&rig);
	ck_assert_uint_eq(deposit(ALICE), DEP * TOKEN_BYTES);
	ck_assert_uint_eq(deposit(BOB), 0); /* its registration was refused */
	struct tx in = rig_tx(&rig, BOB, TX_TOKEN_IN);
	in.u.token_in.token = 1;
	in.u.token_in.amount = money_of(100);
	ck_assert_int_eq(rig_do(&rig, &in), V_OK);
	ck_assert_uint_eq(deposit(BOB), held);
	rig_settle(&rig);
	ck_assert_uint_eq(deposit(BOB), held);
	ck_assert_int_eq(settled(give_tx(BOB, CAROL, 10)), V_OK);
	ck_assert_uint_eq(deposit(BOB), 2 * held);
	ck_assert_int_eq(settled(give_tx(BOB, CAROL, 10)), V_OK); /* there is a holding already */
	ck_assert_uint_eq(deposit(BOB), 2 * held);
	ck_assert_uint_eq(deposit(CAROL), 0);
	ck_assert_int_eq(settled(give_tx(CAROL, BOB, 20)), V_OK);
	ck_assert_uint_eq(deposit(BOB), held); /* the holding that it paid for has ended */
	ck_assert_uint_eq(deposit(CAROL), 0);
	ck_assert_int_eq(settled(give_tx(BOB, BOB, 100)), V_OK); /* ends and begins again */
	ck_assert_uint_eq(deposit(BOB), held);
	struct tx out = rig_tx(&rig, BOB, TX_TOKEN_OUT);
	out.u.token_out.token = 1;
	out.u.token_out.amount = money_of(100);
	ck_assert_int_eq(settled(out), V_OK);
	ck_assert_uint_eq(deposit(BOB), 0);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
}
END_TEST

/* --- work --- */

static struct tx pay(uint32_t who, uint64_t ahead)
{
	struct tx tx = rig_pay_tx(&rig, who, CAROL, 1);
	tx.nonce += ahead;
	return tx;
}

/* How many payments in a row this account may make now. */
static uint32_t payments(uint32_t who)
{
	struct tx tx;
	for (uint32_t n = 0;; n++) {
		tx = pay(who, 0);
		enum verdict v = rig_do(&rig, &tx);
		if (v == V_NO_WORK)
			return n;
		ck_assert_int_eq(v, V_OK);
	}
}

START_TEST(free_work_comes_back)
{
	open_work();
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	rig.step_ms = 1;
	struct tx tx = pay(ALICE, 0);
	tx.u.transfer.amount = money_of(2 * RICH);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_FUNDS); /* a failure costs too */
	ck_assert_uint_eq(payments(ALICE), 9);
	tx = pay(ALICE, 0);
	uint64_t nonce = tx.nonce;
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_WORK);
	tx = pay(ALICE, 0);
	ck_assert_uint_eq(tx.nonce, nonce); /* not burned */
	ck_assert(!state_work_left(rig.s, &tx, rig.time_ms));
	ck_assert(state_work_left(rig.s, &tx, rig.time_ms + HOUR));
	struct work_units now, half, over;
	struct address alice = rig_address(ALICE), nobody = rig_address(NEWCOMER);
	ck_assert(state_work_units(rig.s, &alice, rig.time_ms, &now));
	ck_assert(now.total == 10 * SIG && now.window_ms == HOUR && now.used <= now.total && now.used + SIG > now.total);
	ck_assert(state_work_units(rig.s, &alice, rig.time_ms + HOUR / 2, &half));
	ck_assert(half.used <= now.used / 2 + 1 && half.used > now.used / 3 && half.total == now.total);
	ck_assert(state_work_units(rig.s, &alice, rig.time_ms + HOUR, &over) && over.used == 0);
	ck_assert(!state_work_units(rig.s, &nobody, rig.time_ms, &over));
	rig_reload(&rig);
	rig.time_ms += HOUR / 2;
	ck_assert_uint_le(payments(ALICE), 6);
	rig.time_ms += HOUR;
	ck_assert_uint_ge(payments(ALICE), 9);
	ck_assert_uint_ge(payments(BOB), 9); /* its own */
	close_rig();
}
END_TEST

START_TEST(a_round_has_an_end)
{
	open_work();
	g.lane_wu = 4 * SIG; /* two of them open: 0.6 of four */
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	struct tx tx[4] = {pay(ALICE, 0), pay(ALICE, 1), pay(ALICE, 2), pay(BOB, 0)};
	enum verdict got[4];
	rig_many(&rig, tx, 4, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_OK);
	ck_assert_int_eq(got[2], V_BUSY);
	ck_assert_int_eq(got[3], V_OK); /* another lane */
	ck_assert_uint_eq(state_work(rig.s, 1), 2 * SIG);
	rig_many(&rig, tx + 2, 1, got);
	ck_assert_int_eq(got[0], V_OK);
	struct tx large = pay(ALICE, 0);
	large.len = 2 * SIG;
	ck_assert_int_eq(rig_do(&rig, &large), V_OVERFLOW); /* no round has room for it */
	close_rig();
}
END_TEST

/* The free allowance of all together has less room; coins that lie in deposits earn more. */
START_TEST(coins_earn_work)
{
	open_work();
	g.free_ppm = 20000; /* two of a hundred */
	g.work_cap = 1000 * SIG;
	g.deposit_per_byte = DEP;
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	struct tx tx[3] = {pay(ALICE, 0), pay(ALICE, 1), pay(ALICE, 2)};
	enum verdict got[3];
	rig_many(&rig, tx, 3, got);
	ck_assert_int_eq(got[1], V_OK);
	ck_assert_int_eq(got[2], V_BUSY);
	struct tx node = rig_node_tx(&rig, ALICE, 8);
	g.free_ppm = 1000000;
	rig.time_ms += HOUR;
	ck_assert_int_eq(settled(node), V_BUSY); /* 2560 units are more than the free part of a round */
	close_rig();
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	ck_assert_int_eq(settled(rig_node_tx(&rig, ALICE, 8)), V_OK);
	ck_assert_int_eq(settled(rig_node_tx(&rig, BOB, 8)), V_OK);
	rig.time_ms += HOUR;
	rig_round(&rig); /* a new epoch: the lanes tell */
	rig_settle(&rig);
	rig_reload(&rig);
	uint32_t n = payments(ALICE); /* half of the pool, 500, and the free ten; as the multiplier grows, some more */
	ck_assert_uint_ge(n, 509);
	ck_assert_uint_le(n, 50000);
	ck_assert_uint_le(payments(CAROL), 10);
	close_rig();
}
END_TEST

START_TEST(the_multiplier_follows_the_fill)
{
	open_work();
	g.lane_wu = 4 * SIG;
	g.free_wu = 1u << 30;
	g.open_ppm = 1000000;
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	const struct fill *f = &rig.s->part[1].fill;
	ck_assert_uint_eq(f->multiplier, 65536);
	rig.time_ms += 1000 * HOUR;
	rig_round(&rig);
	ck_assert_uint_eq(f->multiplier, 64 * 65536); /* idle for long */
	rig.step_ms = 1000;
	for (int i = 0; i < 100; i++) { /* full: the average is over a half after some */
		struct tx tx[4] = {pay(ALICE, 0), pay(ALICE, 1), pay(ALICE, 2), pay(ALICE, 3)};
		enum verdict got[4];
		rig_many(&rig, tx, 4, got);
		ck_assert_int_eq(got[3], V_OK);
	}
	ck_assert_uint_gt(f->average, 65536 / 2);
	ck_assert_uint_lt(f->multiplier, 32 * 65536);
	ck_assert_uint_eq(rig.s->part[2].fill.multiplier, 64 * 65536); /* each lane its own */
	for (int i = 0; i < 50; i++) /* the average falls */
		rig_round(&rig);
	uint32_t low = f->multiplier;
	for (int i = 0; i < 50; i++)
		rig_round(&rig);
	ck_assert_uint_gt(f->multiplier, low);
	for (int i = 0; i < 1000; i++) {
		struct tx tx[4] = {pay(ALICE, 0), pay(ALICE, 1), pay(ALICE, 2), pay(ALICE, 3)};
		enum verdict got[4];
		rig_many(&rig, tx, 4, got);
	}
	ck_assert_uint_eq(f->multiplier, 65536); /* never less than one */
	close_rig();
}
END_TEST

START_TEST(running_leases_are_not_crowded_out)
{
	struct fact_lease l;
	open_work();
	g.lane_wu = 10 * SIG; /* an order is two */
	rig_open_on(&rig, &g, ACCOUNTS, RICH);
	ck_assert_int_eq(settled(rig_node_tx(&rig, BOB, 8)), V_OK);
	ck_assert_int_eq(settled(rig_ask_tx(&rig, BOB, 4, 1000000)), V_OK);
	rig.time_ms += HOUR;
	ck_assert_int_eq(settled(rig_bid_tx(&rig, CAROL, 1, 1000000, 60)), V_OK);
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_uint_eq(l.lease.b[0], 1);
	struct tx tx[9];
	enum verdict got[9];
	for (uint32_t i = 0; i < 7; i++)
		tx[i] = pay(ALICE, i);
	tx[7] = rig_lease_tx(&rig, BOB, TX_READY, &l.lease);
	tx[8] = pay(ALICE, 6);
	rig_many(&rig, tx, 9, got);
	ck_assert_int_eq(got[5], V_OK);
	ck_assert_int_eq(got[6], V_BUSY); /* six of ten are open */
	ck_assert_int_eq(got[7], V_OK);   /* the rest waits for leases */
	ck_assert_int_eq(got[8], V_BUSY);
	close_rig();
}
END_TEST

START_TEST(a_genesis_out_of_bounds)
{
	static const struct genesis *const local = &g;
	struct genesis bad[8];
	struct state *s = NULL;
	genesis_local(&g);
	for (size_t i = 0; i < 8; i++)
		bad[i] = *local;
	bad[0].deposit_per_byte = DEPOSIT_PER_BYTE_MAX + 1;
	bad[1].work_cap = WORK_CAP_MAX + 1;
	bad[2].free_wu = WORK_UNBOUNDED + 1;
	bad[3].lane_wu = 0;
	bad[4].open_ppm = 1000001;
	bad[5].fill_step_ms = 0;
	bad[6].work_window_ms = 0;
	bad[7].epoch_ms = 0;
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(state_new(&bad[i], &s), V_OVERFLOW);
	ck_assert_ptr_null(s);
}
END_TEST

static TCase *deposit_tests(void)
{
	TCase *t = tcase_create("deposits");
	tcase_add_checked_fixture(t, open_deposits, close_rig);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_account_begins_with_its_own);
	tcase_add_test(t, an_order_gives_back);
	tcase_add_test(t, an_order_needs_its_own);
	tcase_add_test(t, no_more_leases_than_were_held_for);
	tcase_add_test(t, a_lease_holds_until_it_is_forgotten);
	tcase_add_test(t, an_app_holds_for_what_it_is_now);
	tcase_add_test(t, a_grown_app_comes_without_its_text);
	tcase_add_test(t, a_holding_is_paid_by_who_made_it);
	return t;
}

static TCase *work_tests(void)
{
	TCase *t = tcase_create("work");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, free_work_comes_back);
	tcase_add_test(t, a_round_has_an_end);
	tcase_add_test(t, coins_earn_work);
	tcase_add_test(t, the_multiplier_follows_the_fill);
	tcase_add_test(t, running_leases_are_not_crowded_out);
	tcase_add_test(t, a_genesis_out_of_bounds);
	return t;
}

int main(void)
{
	Suite *s = suite_create("state_work");
	suite_add_tcase(s, deposit_tests());
	suite_add_tcase(s, work_tests());
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
