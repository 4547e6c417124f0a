/* Asks, bids, books and auctions: who trades with whom at what price, and that whatever does not trade comes home.
 *
 * Every refusal of an order, a node or an app has its case. Vectors are whole cores of the symbol "cpu".
 * Does not follow a lease beyond its birth. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_driver.h"

#define RICH 1000000000000ULL
#define UNIT 1000000ULL /* a price */
enum { SELLER, BUYER, OTHER, SELLER2, ACCOUNTS };

static struct rig rig;

static void node_up(uint32_t who, uint32_t cores)
{
	struct tx tx = rig_node_tx(&rig, who, cores);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
}

static void open_rig(void)
{
	rig_open(&rig, ACCOUNTS, RICH);
	node_up(SELLER, 16);
	node_up(SELLER2, 16);
}

static void close_rig(void)
{
	rig_close(&rig);
}

static struct id place(const struct tx *tx)
{
	enum verdict v = rig_do(&rig, tx);
	ck_assert_msg(v == V_OK, "%s", verdict_name(v));
	struct id order = rig_order_id(&rig);
	rig_settle(&rig);
	return order;
}

static struct id ask(uint32_t who, uint32_t cores, uint64_t price)
{
	struct tx tx = rig_ask_tx(&rig, who, cores, price);
	return place(&tx);
}

static struct id bid(uint32_t who, uint32_t qty, uint64_t limit)
{
	struct tx tx = rig_bid_tx(&rig, who, qty, limit, 3600);
	return place(&tx);
}

static struct fact_order order(const struct id *id)
{
	struct fact_order o;
	ck_assert(rig_order(&rig, id, &o));
	return o;
}

static uint32_t leases(void)
{
	struct fact_lease l;
	uint32_t n = 0;
	while (rig_lease(&rig, n, &l))
		n++;
	return n;
}

static uint32_t free_cores(uint32_t who)
{
	struct fact_node n;
	struct id id = rig_node_id(who);
	ck_assert(rig_node(&rig, &id, &n));
	return n.free.v[RES_CPU_MILLI] / 1000;
}

START_TEST(an_order_is_seen_in_flight_then_open)
{
	struct tx tx = rig_ask_tx(&rig, SELLER, 4, UNIT);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct id id = rig_order_id(&rig);
	ck_assert_int_eq(order(&id).state, ORDER_IN_FLIGHT);
	rig_reload(&rig); /* in the out-box, not in a book: it must survive there too */
	rig_round(&rig);
	ck_assert_int_eq(order(&id).state, ORDER_OPEN);
	ck_assert_uint_eq(free_cores(SELLER), 12);
	ck_assert_uint_eq(rig_balance(&rig, SELLER), RICH - money_base(tx.u.ask.bond));
}
END_TEST

START_TEST(no_trade_below_the_ask)
{
	struct id a = ask(SELLER, 4, 2 * UNIT), b = bid(BUYER, 1, UNIT);
	ck_assert_uint_eq(leases(), 0);
	ck_assert_int_eq(order(&a).state, ORDER_OPEN);
	ck_assert_int_eq(order(&b).state, ORDER_OPEN);
}
END_TEST

START_TEST(replicas_take_the_cheapest_first)
{
	struct id dear = ask(SELLER2, 4, 2 * UNIT), cheap = ask(SELLER, 2, UNIT);
	struct id b = bid(BUYER, 3, 4 * UNIT);
	ck_assert_int_eq(order(&b).state, ORDER_FILLED);
	ck_assert_uint_eq(order(&b).filled, 3);
	ck_assert_int_eq(order(&cheap).state, ORDER_FILLED);
	ck_assert_int_eq(order(&dear).state, ORDER_PARTIAL);
	ck_assert_uint_eq(order(&dear).left.v[RES_CPU_MILLI], 3000);
	ck_assert_uint_eq(leases(), 3);
	/* p* = (4 + 2) / 2 = 3; each replica holds 3 for an hour, the rest came back */
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - 9 * UNIT);
}
END_TEST

START_TEST(the_price_is_clamped_for_a_constrained_pair)
{
	struct tx tx = rig_bid_tx(&rig, BUYER, 1, 2 * UNIT, 3600);
	tx.u.bid.node = rig_node_id(SELLER2);
	struct id pinned = place(&tx);
	bid(OTHER, 1, 10 * UNIT);
	ask(SELLER2, 1, 2 * UNIT);
	/* Alone in the book now: the dear bid took it, at its own crossing price. */
	struct fact_lease l;
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_uint_eq(price_base(l.price), 6 * UNIT);
	ask(SELLER, 1, 2 * UNIT);
	ck_assert_int_eq(order(&pinned).state, ORDER_OPEN); /* another node */
	ask(SELLER2, 1, 2 * UNIT);
	ck_assert_int_eq(order(&pinned).state, ORDER_FILLED);
}
END_TEST

START_TEST(nobody_trades_with_itself)
{
	ask(SELLER, 4, UNIT);
	struct id b = bid(SELLER, 1, 2 * UNIT);
	ck_assert_int_eq(order(&b).state, ORDER_OPEN);
	ck_assert_uint_eq(leases(), 0);
}
END_TEST

START_TEST(duration_and_rating_must_fit)
{
	struct tx a = rig_ask_tx(&rig, SELLER, 4, UNIT);
	a.u.ask.min_s = 7200;
	place(&a);
	struct id brief = bid(BUYER, 1, 2 * UNIT);
	ck_assert_int_eq(order(&brief).state, ORDER_OPEN);
	struct tx tx = rig_bid_tx(&rig, BUYER, 1, 2 * UNIT, 7200);
	tx.u.bid.rating = 501;
	struct id picky = place(&tx);
	ck_assert_int_eq(order(&picky).state, ORDER_OPEN);
	tx = rig_bid_tx(&rig, BUYER, 1, 2 * UNIT, 7200);
	tx.u.bid.rating = 500;
	struct id good = place(&tx);
	ck_assert_int_eq(order(&good).state, ORDER_FILLED);
}
END_TEST

START_TEST(ioc_leaves_at_once)
{
	ask(SELLER, 2, UNIT);
	struct tx tx = rig_bid_tx(&rig, BUYER, 3, UNIT, 3600);
	tx.u.bid.tif = TIF_IOC;
	struct id b = place(&tx);
	ck_assert_int_eq(order(&b).state, ORDER_CANCELLED);
	ck_assert_int_eq(order(&b).reason, V_WOULD_NOT_FILL);
	ck_assert_uint_eq(order(&b).filled, 2);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - 2 * UNIT);
}
END_TEST

START_TEST(fok_is_all_or_nothing)
{
	ask(SELLER, 2, UNIT);
	struct tx tx = rig_bid_tx(&rig, BUYER, 3, UNIT, 3600);
	tx.u.bid.tif = TIF_FOK;
	struct id b = place(&tx);
	ck_assert_int_eq(order(&b).state, ORDER_CANCELLED);
	ck_assert_uint_eq(order(&b).filled, 0);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH);
	tx = rig_bid_tx(&rig, BUYER, 2, UNIT, 3600);
	tx.u.bid.tif = TIF_FOK;
	b = place(&tx);
	ck_assert_int_eq(order(&b).state, ORDER_FILLED);
	ck_assert_uint_eq(leases(), 2);
}
END_TEST

START_TEST(expired_orders_come_home)
{
	struct tx a = rig_ask_tx(&rig, SELLER, 4, UNIT), b = rig_bid_tx(&rig, BUYER, 1, UNIT / 2, 3600);
	a.u.ask.expiry_ms = rig.time_ms + 60000;
	b.u.bid.expiry_ms = rig.time_ms + 50000;
	struct id ia = place(&a), ib = place(&b);
	rig_pass(&rig, 55000);
	ck_assert_int_eq(order(&ib).state, ORDER_EXPIRED);
	ck_assert_int_eq(order(&ia).state, ORDER_OPEN);
	rig_reload(&rig);
	rig_pass(&rig, 10000);
	ck_assert_int_eq(order(&ia).state, ORDER_EXPIRED);
	ck_assert_uint_eq(free_cores(SELLER), 16);
	ck_assert_uint_eq(rig_balance(&rig, SELLER), RICH);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH);
}
END_TEST

START_TEST(cancel_returns_everything_once)
{
	struct id a = ask(SELLER, 4, UNIT);
	struct tx tx = rig_cancel_tx(&rig, BUYER, &a);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NOT_OWNER);
	tx = rig_cancel_tx(&rig, SELLER, &a);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_int_eq(order(&a).state, ORDER_CANCELLED);
	ck_assert_uint_eq(free_cores(SELLER), 16);
	ck_assert_uint_eq(rig_balance(&rig, SELLER), RICH);
	tx = rig_cancel_tx(&rig, SELLER, &a);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NO_ORDER);
	ck_assert_uint_eq(free_cores(SELLER), 16);
}
END_TEST

static enum verdict amend(uint32_t who, const struct fact_order *o, uint32_t qty, uint64_t price, uint64_t add)
{
	struct tx tx = rig_amend_tx(&rig, who, o, qty, price, add);
	rig.last_verdict = V_COUNT;
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	return rig.last_verdict;
}

START_TEST(amend_moves_money_both_ways)
{
	struct id b = bid(BUYER, 2, UNIT);
	struct fact_order o = order(&b);
	ck_assert_int_eq(amend(BUYER, &o, 2, 2 * UNIT, 0), V_ESCROW_SHORT);
	ck_assert_int_eq(amend(OTHER, &o, 2, UNIT, 5), V_NOT_OWNER);
	ck_assert_uint_eq(rig_balance(&rig, OTHER), RICH);
	ck_assert_int_eq(amend(BUYER, &o, 2, 2 * UNIT, 2 * UNIT), V_OK);
	ck_assert_int_eq(amend(BUYER, &o, 2, UNIT, 0), V_STALE);
	o = order(&b);
	ck_assert_uint_eq(o.rev, 1);
	ck_assert_uint_eq(money_base(o.locked), 4 * UNIT);
	ck_assert_int_eq(amend(BUYER, &o, 1, UNIT, 0), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - UNIT);
	ask(SELLER, 1, UNIT);
	ck_assert_int_eq(order(&b).state, ORDER_FILLED);
	o = order(&b);
	ck_assert_int_eq(amend(BUYER, &o, 1, UNIT, 7), V_NO_ORDER);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - UNIT);
}
END_TEST

START_TEST(amend_an_ask_into_a_trade)
{
	struct id a = ask(SELLER, 2, 3 * UNIT), b = bid(BUYER, 1, UNIT);
	struct fact_order o = order(&a);
	ck_assert_int_eq(amend(SELLER, &o, 1, 4 * UNIT, 0), V_BOND_SHORT);
	ck_assert_int_eq(amend(SELLER, &o, 2, UNIT, 0), V_OVERFLOW);
	ck_assert_int_eq(amend(SELLER, &o, 1, UNIT, 0), V_OK);
	ck_assert_int_eq(order(&b).state, ORDER_FILLED);
}
END_TEST

START_TEST(older_orders_trade_first)
{
	struct id first = bid(BUYER, 1, UNIT), second = bid(OTHER, 1, UNIT);
	struct fact_order o = order(&first);
	ck_assert_int_eq(amend(BUYER, &o, 1, UNIT, 0), V_OK); /* nothing but the revision: keeps its place */
	ask(SELLER, 1, UNIT);
	ck_assert_int_eq(order(&first).state, ORDER_FILLED);
	ck_assert_int_eq(order(&second).state, ORDER_OPEN);
}
END_TEST

START_TEST(deep_books_are_worked_off_in_rounds)
{
	static uint8_t buf[1 << 18];
	static struct tx part[400];
	for (uint32_t i = 0; i < 400; i++) {
		part[i] = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
		part[i].u.bid.want = (struct resources){{10, 20, 0, 0, 100, 1000, 1000, 10, 1, 5, 0, 0}};
	}
	struct tx tx = rig_batch_tx(&rig, BUYER, part, 400, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ask(SELLER, 8, UNIT);
	ck_assert_uint_eq(leases(), 400);
	ck_assert_uint_eq(rig.trades, 400);
}
END_TEST

static enum verdict refuse(const struct tx *tx)
{
	return rig_do(&rig, tx);
}

START_TEST(bad_asks)
{
	struct tx tx = rig_ask_tx(&rig, SELLER, 17, UNIT);
	ck_assert_int_eq(refuse(&tx), V_NO_CAPACITY);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.symbol = 77;
	ck_assert_int_eq(refuse(&tx), V_NO_SYMBOL);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.node.b[0] ^= 1;
	ck_assert_int_eq(refuse(&tx), V_NO_NODE);
	tx = rig_ask_tx(&rig, BUYER, 1, UNIT);
	tx.u.ask.node = rig_node_id(SELLER);
	ck_assert_int_eq(refuse(&tx), V_NOT_OWNER);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT + 1);
	ck_assert_int_eq(refuse(&tx), V_BAD_PRICE);
	tx = rig_ask_tx(&rig, SELLER, 1, 0);
	ck_assert_int_eq(refuse(&tx), V_BAD_PRICE);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.offer.v[RES_GPU] = 1;
	ck_assert_int_eq(refuse(&tx), V_BAD_VECTOR);
	tx = rig_ask_tx(&rig, SELLER, 0, UNIT);
	ck_assert_int_eq(refuse(&tx), V_BAD_VECTOR);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.min_s = 90000;
	ck_assert_int_eq(refuse(&tx), V_BAD_DURATION);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.expiry_ms = rig.time_ms;
	ck_assert_int_eq(refuse(&tx), V_BAD_DURATION);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.bond = money_of(money_base(tx.u.ask.bond) - 1);
	ck_assert_int_eq(refuse(&tx), V_BOND_SHORT);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.bond = money_of(RICH + 1);
	ck_assert_int_eq(refuse(&tx), V_NO_FUNDS);
	tx = rig_ask_tx(&rig, SELLER, 1, UNIT);
	tx.u.ask.tif = TIF_FOK;
	ck_assert_int_eq(refuse(&tx), V_WOULD_NOT_FILL);
	ck_assert_uint_eq(free_cores(SELLER), 16);
	ck_assert_uint_eq(rig_balance(&rig, SELLER), RICH);
}
END_TEST

START_TEST(bad_bids)
{
	struct tx tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
	tx.u.bid.escrow = money_of(UNIT - 1);
	ck_assert_int_eq(refuse(&tx), V_ESCROW_SHORT);
	tx = rig_bid_tx(&rig, BUYER, 0, UNIT, 3600);
	ck_assert_int_eq(refuse(&tx), V_OVERFLOW);
	tx = rig_bid_tx(&rig, BUYER, REPLICAS_MAX + 1, UNIT, 3600);
	ck_assert_int_eq(refuse(&tx), V_OVERFLOW);
	tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
	strcpy(tx.u.bid.app, "unknown");
	ck_assert_int_eq(refuse(&tx), V_NO_APP);
	tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
	tx.u.bid.node.b[7] = 1;
	ck_assert_int_eq(refuse(&tx), V_NO_NODE);
	tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 0);
	ck_assert_int_eq(refuse(&tx), V_BAD_DURATION);
	tx = rig_bid_tx(&rig, BUYER, 1, 0, 3600);
	ck_assert_int_eq(refuse(&tx), V_BAD_PRICE);
	tx = rig_bid_tx(&rig, BUYER, 1, SUPPLY_BASE, 3600);
	tx.u.bid.want = rig_cores(4);
	ck_assert_int_eq(refuse(&tx), V_BAD_PRICE);
	tx = rig_bid_tx(&rig, BUYER, 1000, SUPPLY_BASE / 100, 3600);
	ck_assert_int_eq(refuse(&tx), V_OVERFLOW);
	tx = rig_bid_tx(&rig, BUYER, 1, 2 * RICH, 3600);
	ck_assert_int_eq(refuse(&tx), V_NO_FUNDS);
	tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
	tx.u.bid.want.v[RES_SPARE_A] = 1;
	ck_assert_int_eq(refuse(&tx), V_BAD_VECTOR);
	for (int i = 0; i < 3; i++) { /* a lease that no machine can open would cost its seller the bond */
		tx = rig_bid_tx(&rig, BUYER, 1, UNIT, 3600);
		tx.u.bid.want.v[(int[]){RES_CPU_MILLI, RES_MEM_MIB, RES_PIDS}[i]] = 0;
		ck_assert_int_eq(refuse(&tx), V_BAD_VECTOR);
	}
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH);
}
END_TEST

START_TEST(orders_are_counted)
{
	static uint8_t buf[TX_BATCH_BODY_MAX];
	static struct tx part[TX_BATCH_OPS_MAX];
	for (uint32_t i = 0; i < TX_BATCH_OPS_MAX; i++)
		part[i] = rig_bid_tx(&rig, BUYER, 1, 10000, 3600);
	struct tx tx = rig_batch_tx(&rig, BUYER, part, TX_BATCH_OPS_MAX, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct id first = rig_order_id(&rig);
	rig_settle(&rig);
	tx = rig_bid_tx(&rig, BUYER, 1, 10000, 3600);
	ck_assert_int_eq(rig_do(&rig, &tx), V_FULL);
	tx = rig_cancel_tx(&rig, BUYER, &first);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	bid(BUYER, 1, 10000);
}
END_TEST

START_TEST(nodes_change_within_what_is_used)
{
	ask(SELLER, 10, UNIT);
	struct tx tx = rig_node_tx(&rig, SELLER, 9);
	ck_assert_int_eq(refuse(&tx), V_NO_CAPACITY);
	tx = rig_node_tx(&rig, SELLER, 12);
	ck_assert_int_eq(refuse(&tx), V_OK);
	ck_assert_uint_eq(free_cores(SELLER), 2);
	tx = rig_node_tx(&rig, SELLER, 12);
	memset(tx.u.node_reg.op_pk, 0, 32);
	ck_assert_int_eq(refuse(&tx), V_BAD_KEY);
	tx = rig_node_tx(&rig, SELLER, 12);
	tx.u.node_reg.caps.v[RES_SPARE_B] = 1;
	ck_assert_int_eq(refuse(&tx), V_BAD_VECTOR);
}
END_TEST

START_TEST(apps_have_one_owner)
{
	struct tx tx[2] = {rig_tx(&rig, SELLER, TX_APP_PUB), rig_tx(&rig, BUYER, TX_APP_PUB)};
	enum verdict got[2];
	for (int i = 0; i < 2; i++) {
		strcpy(tx[i].u.app_pub.name, "demo");
		tx[i].u.app_pub.meta = (struct slice){(const uint8_t *)(i ? "two" : "one"), 3};
	}
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_OK);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NAME_TAKEN);
	struct tx late = rig_tx(&rig, OTHER, TX_APP_PUB);
	strcpy(late.u.app_pub.name, "demo");
	ck_assert_int_eq(refuse(&late), V_NAME_TAKEN);
	late = rig_tx(&rig, OTHER, TX_APP_PUB);
	strcpy(late.u.app_pub.name, "fine");
	late.u.app_pub.contract.b[0] = 9;
	ck_assert_int_eq(refuse(&late), V_BAD_CONTRACT);
	ask(SELLER2, 2, UNIT);
	struct tx b = rig_bid_tx(&rig, OTHER, 1, UNIT, 3600);
	strcpy(b.u.bid.app, "demo");
	place(&b);
	struct fact_lease l;
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_str_eq(l.app, "demo");
	ck_assert_uint_eq(l.deploy_rev, 1);
	ck_assert_uint_eq(l.deploy.len, 3);
	uint64_t seq;
	struct address dev = rig_address(SELLER);
	ck_assert(state_party_nonce(rig.s, &l.lease, &dev, &seq)); /* the app's owner is the developer */
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, an_order_is_seen_in_flight_then_open);
	tcase_add_test(t, no_trade_below_the_ask);
	tcase_add_test(t, replicas_take_the_cheapest_first);
	tcase_add_test(t, the_price_is_clamped_for_a_constrained_pair);
	tcase_add_test(t, nobody_trades_with_itself);
	tcase_add_test(t, duration_and_rating_must_fit);
	tcase_add_test(t, ioc_leaves_at_once);
	tcase_add_test(t, fok_is_all_or_nothing);
	tcase_add_test(t, expired_orders_come_home);
	tcase_add_test(t, cancel_returns_everything_once);
	tcase_add_test(t, amend_moves_money_both_ways);
	tcase_add_test(t, amend_an_ask_into_a_trade);
	tcase_add_test(t, older_orders_trade_first);
	tcase_add_test(t, deep_books_are_worked_off_in_rounds);
	tcase_add_test(t, bad_asks);
	tcase_add_test(t, bad_bids);
	tcase_add_test(t, orders_are_counted);
	tcase_add_test(t, nodes_change_within_what_is_used);
	tcase_add_test(t, apps_have_one_owner);
}

int main(void) { return rig_test_main("state_market", open_rig, close_rig, add_tests); }
