/* Other terms for a lease that runs: who may ask and agree, where growth comes from, and that no second is charged twice or anew.
 *
 * The driver checks after every round that all money and all capacity is where it should be; the cases say what the terms are. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_driver.h"

#define RICH 1000000000000ULL
#define HOUR 3600000ULL
#define PRICE 1500000ULL /* between ask and limit; of a core and hour */
#define MOST (SUPPLY_BASE / 24 / 10000 * 10000) /* a day of it is all the money */
enum { SELLER, BUYER, OTHER, ACCOUNTS };

static struct rig rig;
static struct id lease;

static void must(const struct tx *tx)
{
	enum verdict v = rig_do(&rig, tx);
	ck_assert_msg(v == V_OK, "%s", verdict_name(v));
}

static struct fact_lease look(void)
{
	struct fact_lease l;
	ck_assert(rig_lease_by_id(&rig, &lease, &l));
	return l;
}

static struct tx event_tx(uint32_t who, const char *name, uint64_t arg0, uint64_t arg1)
{
	struct tx tx = rig_lease_tx(&rig, who, TX_EVENT, &lease);
	strcpy(tx.u.event.event, name);
	tx.u.event.arg[0] = arg0;
	tx.u.event.arg[1] = arg1;
	return tx;
}

static void say(uint32_t who, const char *name, uint64_t arg0, enum verdict expected)
{
	struct tx tx = event_tx(who, name, arg0, 0);
	enum verdict got = rig_do(&rig, &tx);
	ck_assert_msg(got == expected, "%s: %s", name, verdict_name(got));
}

static uint8_t vector[4 * RESOURCES];

static struct tx change_tx(uint32_t who, const struct resources *r, uint64_t price)
{
	struct wbuf w = wbuf_on(vector, sizeof vector);
	put_resources(&w, r);
	struct tx tx = event_tx(who, "change", price, 0);
	tx.u.event.blob = (struct slice){vector, w.len};
	return tx;
}

static void ask(uint32_t who, const struct resources *r, uint64_t price, enum verdict expected)
{
	struct tx tx = change_tx(who, r, price);
	enum verdict got = rig_do(&rig, &tx);
	ck_assert_msg(got == expected, "change: %s", verdict_name(got));
}

/* Half of everything but the disk of one core, or twice. */
static struct resources scaled(uint32_t num, uint32_t den)
{
	struct resources one = rig_cores(1), r = one;
	for (int k = 0; k < RESOURCES; k++)
		r.v[k] = one.v[k] * num / den;
	r.v[RES_DISK_MIB] = one.v[RES_DISK_MIB];
	return r;
}

static void use(uint32_t seq, uint64_t up_s)
{
	struct tx tx = rig_usage_tx(&rig, SELLER, &lease, seq, up_s);
	must(&tx);
	say(BUYER, "confirm", 0, V_OK);
	rig_settle(&rig);
}

/* A node of `cores`, all on offer at one price; a lease of one core that runs for `dur_s`. */
static void run_one(uint32_t cores, uint32_t dur_s)
{
	struct tx tx = rig_node_tx(&rig, SELLER, cores);
	must(&tx);
	rig_settle(&rig);
	tx = rig_ask_tx(&rig, SELLER, cores, 1000000);
	tx.u.ask.max_s = 2 * 86400;
	must(&tx);
	tx = rig_bid_tx(&rig, BUYER, 1, 2000000, dur_s);
	must(&tx);
	rig_settle(&rig);
	struct fact_lease l;
	ck_assert(rig_lease(&rig, 0, &l));
	lease = l.lease;
	tx = rig_lease_tx(&rig, SELLER, TX_READY, &lease);
	must(&tx);
	say(BUYER, "accept", 0, V_OK);
	ck_assert_str_eq(look().state, "run");
	ck_assert_uint_eq(price_base(look().price), PRICE);
}

static void open_rig(void)
{
	rig_open(&rig, ACCOUNTS, RICH);
}

static void close_rig(void)
{
	rig_close(&rig);
}

static struct fact_order ask_now(void)
{
	struct fact_order o;
	struct id id = look().ask;
	ck_assert(rig_order(&rig, &id, &o));
	return o;
}

static uint64_t node_free(void)
{
	struct fact_node n;
	struct id node = rig_node_id(SELLER);
	ck_assert(rig_node(&rig, &node, &n));
	return n.free.v[RES_CPU_MILLI];
}

START_TEST(grows_and_shrinks_billed_to_the_unit)
{
	struct resources two = scaled(2, 1), half = scaled(1, 2);
	run_one(4, 86400);
	rig_pass(&rig, 1000 * 1000);
	use(1, 997);
	uint64_t owed = PRICE * 997 / 3600;
	ck_assert_uint_eq(money_base(look().paid), owed);
	uint64_t bond = money_base(look().bond), locked = money_base(ask_now().locked);
	ask(BUYER, &two, 2000000, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_ASKED);
	ck_assert_uint_eq(ask_now().left.v[RES_CPU_MILLI], 3000);
	say(SELLER, "agree", 1, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_AGREED);
	ck_assert_uint_eq(look().res.v[RES_CPU_MILLI], 1000);
	ck_assert_uint_eq(ask_now().left.v[RES_CPU_MILLI], 2000);
	ck_assert_uint_gt(money_base(look().bond), bond);
	ck_assert_uint_eq(money_base(look().bond) + money_base(ask_now().locked), bond + locked);
	rig_reload(&rig);
	rig_pass(&rig, 1000 * 1000); /* the old terms, until the machine has the new ones */
	say(SELLER, "resized", 1, V_OK);
	use(2, 1990);
	owed += PRICE * (1990 - 997) / 3600;
	struct fact_lease l = look();
	ck_assert_uint_eq(money_base(l.paid), PRICE * 1990 / 3600);
	ck_assert_uint_eq(l.change.stage, CHANGE_NONE);
	ck_assert_uint_eq(l.change_end, CHANGE_DONE);
	ck_assert(resources_eq(&l.res, &two));
	ck_assert_uint_eq(money_base(l.rate), 4000000);
	rig_pass(&rig, 1000 * 1000);
	use(3, 2981);
	uint64_t base = PRICE * 1990 / 3600;
	ck_assert_uint_eq(money_base(look().paid), base + 4000000ULL * (2981 - 1990) / 3600);
	base += 4000000ULL * (2981 - 1990) / 3600;
	ask(SELLER, &half, 1000000, V_OK);
	say(BUYER, "agree", 2, V_OK);
	ck_assert_uint_eq(node_free(), 0);
	say(SELLER, "resized", 2, V_OK);
	use(4, 2981);
	ck_assert_uint_eq(node_free(), 1500); /* not to the ask: the seller decides anew what to offer */
	rig_pass(&rig, 7200 * 1000);
	use(5, 2981 + 7200);
	/* half a core of a whole disk is one unit: no kind is free */
	ck_assert_uint_eq(money_base(look().rate), 1000000);
	ck_assert_uint_eq(money_base(look().paid), base + 2000000);
	say(BUYER, "stop", 0, V_OK);
	rig_pass(&rig, 10 * 60000);
	ck_assert_uint_eq(look().flags, LEASE_TERMINAL);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - base - 2000000);
	ck_assert_uint_eq(node_free(), 2000);
}
END_TEST

START_TEST(who_gives_alone_asks_nobody)
{
	struct resources one = rig_cores(1);
	run_one(2, 86400);
	rig_pass(&rig, HOUR);
	ask(BUYER, &one, PRICE + 10000, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_AGREED);
	say(SELLER, "resized", 1, V_OK);
	use(1, 3600);
	ck_assert_uint_eq(price_base(look().price), PRICE + 10000);
	ck_assert_uint_eq(money_base(look().paid), PRICE);
	ask(SELLER, &one, PRICE, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_AGREED);
	say(SELLER, "resized", 2, V_OK);
	use(2, 3600);
	ck_assert_uint_eq(price_base(look().price), PRICE);
	ask(BUYER, &one, PRICE - 10000, V_OK); /* the other way round somebody else has to agree */
	ck_assert_uint_eq(look().change.stage, CHANGE_ASKED);
	ask(SELLER, &one, PRICE + 10000, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_ASKED);
	ck_assert_uint_eq(look().change_rev, 4);
	ck_assert_uint_eq(money_base(look().paid), PRICE);
	ask(BUYER, &one, PRICE, V_NO_CHANGE);
}
END_TEST

START_TEST(only_the_other_party_agrees_to_what_it_read)
{
	struct resources half = scaled(1, 2), two = scaled(2, 1);
	run_one(4, 7200);
	say(SELLER, "agree", 0, V_NO_PROPOSAL);
	ask(OTHER, &half, PRICE, V_NOT_PARTY);
	ask(BUYER, &half, PRICE, V_OK);
	say(OTHER, "agree", 1, V_NOT_PARTY);
	say(BUYER, "agree", 1, V_OTHERS_WORD);
	say(SELLER, "withdraw", 1, V_OTHERS_WORD);
	say(BUYER, "refuse", 1, V_OTHERS_WORD);
	say(SELLER, "resized", 1, V_NO_PROPOSAL);
	say(SELLER, "agree", 0, V_STALE);
	ask(BUYER, &two, PRICE, V_OK); /* replaces it */
	say(SELLER, "agree", 1, V_STALE);
	say(SELLER, "agree", 3, V_STALE);
	ck_assert_uint_eq(ask_now().left.v[RES_CPU_MILLI], 3000);
	say(SELLER, "refuse", 2, V_OK);
	ck_assert_uint_eq(look().change_end, CHANGE_REFUSED);
	say(SELLER, "agree", 2, V_NO_PROPOSAL);
	ask(BUYER, &two, PRICE, V_OK);
	say(BUYER, "withdraw", 3, V_OK);
	ck_assert_uint_eq(look().change_end, CHANGE_WITHDRAWN);
	ask(BUYER, &two, PRICE, V_OK);
	say(SELLER, "agree", 4, V_OK);
	say(SELLER, "agree", 4, V_CHANGE_AGREED);
	say(BUYER, "withdraw", 4, V_CHANGE_AGREED);
	say(BUYER, "refuse", 4, V_CHANGE_AGREED);
	ask(BUYER, &half, PRICE, V_CHANGE_AGREED);
	say(BUYER, "resized", 4, V_OTHERS_WORD);
	struct tx tx = event_tx(BUYER, "refuse", 4, CHANGE_IN_USE); /* what machines say, sellers say */
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	tx = event_tx(SELLER, "refuse", 4, CHANGE_ENDS);
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	tx = event_tx(SELLER, "agree", 4, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
}
END_TEST

START_TEST(a_machine_that_cannot_says_so_in_time)
{
	struct resources two = scaled(2, 1);
	run_one(2, 7200);
	uint64_t bond = money_base(look().bond);
	ask(BUYER, &two, PRICE, V_OK);
	say(SELLER, "agree", 1, V_OK);
	struct tx tx = event_tx(SELLER, "refuse", 1, CHANGE_OVER_POLICY);
	must(&tx);
	rig_settle(&rig);
	ck_assert_uint_eq(look().change_end, CHANGE_OVER_POLICY);
	ck_assert_uint_eq(look().res.v[RES_CPU_MILLI], 1000);
	ck_assert_uint_eq(node_free(), 1000);
	ck_assert_uint_gt(money_base(look().bond), bond); /* the bond that was put up stays until the end */
	ck_assert_uint_eq(money_base(look().rate), PRICE);
	ask(BUYER, &two, PRICE, V_OK);
	say(SELLER, "agree", 2, V_NOT_OFFERED); /* it is free, and not on offer any more */
	rig_pass(&rig, HOUR);
	use(1, 3600);
	ck_assert_uint_eq(money_base(look().paid), PRICE);
	rig_pass(&rig, HOUR + rig.genesis.settle_s * 1000 + 2000);
	ck_assert_uint_eq(look().flags, LEASE_TERMINAL);
	ck_assert_uint_eq(node_free(), 2000);
}
END_TEST

START_TEST(bounds_of_what_may_be_asked)
{
	struct resources one = rig_cores(1), r;
	run_one(2, 7200);
	r = one, r.v[RES_DISK_MIB]++;
	ask(BUYER, &r, PRICE, V_FIXED_KIND);
	r = one, r.v[RES_GPU] = 1;
	ask(BUYER, &r, PRICE, V_FIXED_KIND);
	r = one, r.v[RES_SPARE_A] = 1;
	ask(BUYER, &r, PRICE, V_MALFORMED);
	r = one, r.v[RES_MEM_MIB] = 0;
	ask(BUYER, &r, PRICE, V_BAD_VECTOR);
	ask(BUYER, &one, 0, V_BAD_PRICE);
	ask(BUYER, &one, SUPPLY_BASE + 1, V_BAD_PRICE);
	ask(BUYER, &one, UINT64_MAX, V_BAD_PRICE);
	ask(BUYER, &one, PRICE + 1, V_BAD_PRICE); /* off tick */
	ask(BUYER, &one, MOST + 10000, V_OVERFLOW);
	struct tx tx = change_tx(BUYER, &one, PRICE + 10000);
	tx.u.event.blob.len--;
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	tx = event_tx(BUYER, "change", PRICE, 0);
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	tx = change_tx(BUYER, &one, PRICE + 10000);
	tx.u.event.arg[3] = 1;
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	ck_assert_uint_eq(look().change_rev, 0);
	ask(BUYER, &one, MOST, V_OK); /* the most that there can be: dry at once */
	say(SELLER, "resized", 1, V_OK);
	use(1, 0);
	rig_pass(&rig, 2000);
	ck_assert_str_eq(look().state, "frozen");
	r = one, r.v[RES_CPU_MILLI] = UINT32_MAX;
	ask(BUYER, &r, PRICE, V_BAD_STATE);
	rig_pass(&rig, rig.genesis.grace_s * 1000 + rig.genesis.settle_s * 1000 + 2000);
	ck_assert_uint_eq(look().flags, LEASE_TERMINAL);
}
END_TEST

START_TEST(more_than_is_offered)
{
	struct resources r = scaled(4, 1);
	run_one(4, 7200);
	r.v[RES_CPU_MILLI]++;
	ask(BUYER, &r, PRICE, V_OK);
	say(SELLER, "agree", 1, V_NOT_OFFERED);
	r.v[RES_CPU_MILLI]--;
	ask(BUYER, &r, PRICE, V_OK);
	say(SELLER, "agree", 2, V_OK);
	struct fact_order left = ask_now(); /* all but its disk is gone */
	ck_assert_uint_eq(left.left.v[RES_CPU_MILLI], 0);
	ck_assert_uint_eq(left.state, ORDER_PARTIAL);
}
END_TEST

START_TEST(states_in_which_nothing_changes)
{
	struct resources half = scaled(1, 2);
	struct tx tx = rig_node_tx(&rig, SELLER, 2);
	must(&tx);
	rig_settle(&rig);
	tx = rig_ask_tx(&rig, SELLER, 2, 1000000);
	must(&tx);
	tx = rig_bid_tx(&rig, BUYER, 1, 2000000, 7200);
	must(&tx);
	rig_settle(&rig);
	struct fact_lease l;
	ck_assert(rig_lease(&rig, 0, &l));
	lease = l.lease;
	ask(BUYER, &half, PRICE, V_BAD_STATE);
	tx = rig_lease_tx(&rig, SELLER, TX_READY, &lease);
	must(&tx);
	ck_assert_str_eq(look().state, "trial");
	ask(BUYER, &half, PRICE, V_BAD_STATE);
	say(BUYER, "accept", 0, V_OK);
	ask(BUYER, &half, PRICE, V_OK);
	say(BUYER, "stop", 0, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_NONE);
	ck_assert_uint_eq(look().change_end, CHANGE_OVERTAKEN);
	ask(BUYER, &half, PRICE, V_BAD_STATE);
	rig_pass(&rig, 10 * 60000);
	ask(BUYER, &half, PRICE, V_BAD_STATE);
	say(SELLER, "agree", 1, V_BAD_STATE);
}
END_TEST

START_TEST(what_nobody_finishes_lapses)
{
	struct resources two = scaled(2, 1);
	run_one(2, 86400);
	ask(BUYER, &two, PRICE, V_OK);
	rig_pass(&rig, CHANGE_KEEP_MS - 1000);
	ck_assert_uint_eq(look().change.stage, CHANGE_ASKED);
	rig_pass(&rig, 2000);
	ck_assert_uint_eq(look().change.stage, CHANGE_NONE);
	ck_assert_uint_eq(look().change_end, CHANGE_LAPSED);
	ask(BUYER, &two, PRICE, V_OK);
	say(SELLER, "agree", 2, V_OK);
	say(SELLER, "resized", 2, V_OK);
	rig_reload(&rig);
	ck_assert_uint_eq(node_free(), 0);
	rig_pass(&rig, CHANGE_KEEP_MS + rig.genesis.consent_s * 1000 + 2000);
	rig_settle(&rig);
	ck_assert_uint_eq(look().change_end, CHANGE_LAPSED);
	ck_assert_uint_eq(node_free(), 1000);
	ck_assert_uint_eq(money_base(look().rate), PRICE);
}
END_TEST

/* The receipt is there, its consent not yet, and the lease ends: seconds before it keep their price, those after it have the new one. */
START_TEST(a_closing_receipt_binds)
{
	struct resources one = rig_cores(1);
	run_one(1, 7200);
	rig_pass(&rig, 1800 * 1000);
	ask(BUYER, &one, 2 * PRICE, V_OK);
	say(SELLER, "resized", 1, V_OK);
	struct tx tx = rig_usage_tx(&rig, SELLER, &lease, 1, 1700);
	must(&tx);
	ck_assert_uint_eq(look().change.stage, CHANGE_CLOSING);
	tx = event_tx(SELLER, "refuse", 1, CHANGE_FAILED);
	ck_assert_int_eq(rig_do(&rig, &tx), V_CHANGE_AGREED);
	say(BUYER, "stop", 0, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_CLOSING);
	say(BUYER, "confirm", 0, V_OK);
	ck_assert_uint_eq(look().change_end, CHANGE_DONE);
	ck_assert_uint_eq(money_base(look().paid), PRICE * 1700 / 3600);
	use(2, 1800);
	ck_assert_uint_eq(money_base(look().paid), PRICE * 1700 / 3600 + 2 * PRICE * 100 / 3600);
}
END_TEST

/* Who raises the price at the end does not make what was missing before dearer. */
START_TEST(the_past_is_not_repriced_as_a_penalty)
{
	struct resources one = rig_cores(1);
	run_one(1, 86400);
	rig_pass(&rig, HOUR);
	ask(BUYER, &one, 1000 * PRICE, V_OK);
	say(SELLER, "resized", 1, V_OK);
	use(1, 1800); /* half an hour is missing */
	uint64_t bond = money_base(look().bond), before = rig_balance(&rig, BUYER) + money_base(look().escrow);
	ck_assert_uint_eq(money_base(look().paid), PRICE / 2);
	uint64_t owed = PRICE * (3600 - (1800 + 36 + 2)) / 3600;
	ck_assert_uint_lt(owed, bond);
	say(BUYER, "stop", 0, V_OK);
	rig_pass(&rig, 10 * 60000);
	ck_assert_uint_le(rig_balance(&rig, BUYER), before + owed + PRICE / 3600 + 1);
	ck_assert_uint_ge(rig_balance(&rig, BUYER), before + owed);
}
END_TEST

START_TEST(a_receipt_before_closes_nothing)
{
	struct resources two = scaled(2, 1);
	run_one(2, 86400);
	rig_pass(&rig, HOUR);
	ask(BUYER, &two, PRICE, V_OK);
	say(SELLER, "agree", 1, V_OK);
	struct tx tx = rig_usage_tx(&rig, SELLER, &lease, 1, 3600);
	must(&tx);
	say(SELLER, "resized", 1, V_OK);
	say(BUYER, "confirm", 0, V_OK);
	ck_assert_uint_eq(look().change.stage, CHANGE_MADE);
	ck_assert_uint_eq(money_base(look().paid), PRICE);
	rig_pass(&rig, HOUR);
	tx = rig_usage_tx(&rig, SELLER, &lease, 2, 7200);
	tx.u.usage.receipt.meter[METER_CPU_US] = 7000ULL * 1000000; /* twice a core for an hour: the machine had it all the while */
	must(&tx);
	say(BUYER, "confirm", 0, V_OK);
	ck_assert_uint_eq(money_base(look().paid), 2 * PRICE);
	ck_assert_uint_eq(money_base(look().rate), 2 * PRICE);
	rig_reload(&rig);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, grows_and_shrinks_billed_to_the_unit);
	tcase_add_test(t, who_gives_alone_asks_nobody);
	tcase_add_test(t, only_the_other_party_agrees_to_what_it_read);
	tcase_add_test(t, a_machine_that_cannot_says_so_in_time);
	tcase_add_test(t, bounds_of_what_may_be_asked);
	tcase_add_test(t, more_than_is_offered);
	tcase_add_test(t, states_in_which_nothing_changes);
	tcase_add_test(t, what_nobody_finishes_lapses);
	tcase_add_test(t, a_closing_receipt_binds);
	tcase_add_test(t, the_past_is_not_repriced_as_a_penalty);
	tcase_add_test(t, a_receipt_before_closes_nothing);
}

int main(void) { return rig_test_main("state_change", open_rig, close_rig, add_tests); }
