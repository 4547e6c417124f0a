/* A lease from offer to the last unit: transfer across lanes, ask and bid, auction, ready, usage, settlement, end.
 *
 * Every coin is accounted for in every round (the driver checks), and every refusal that a party can meet has its case.
 * Does not test what the contract's text says: tests/test_contract.c does. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_driver.h"

#define RICH 1000000000000ULL
#define HOUR 3600000ULL
enum { SELLER, BUYER, OTHER, ACCOUNTS };

static struct rig rig;

static void open_rig(void)
{
	rig_open(&rig, ACCOUNTS, RICH);
}

static void close_rig(void)
{
	rig_close(&rig);
}

static void must(const struct tx *tx)
{
	enum verdict v = rig_do(&rig, tx);
	ck_assert_msg(v == V_OK, "%s", verdict_name(v));
}

static void node_up(uint32_t cores)
{
	struct tx tx = rig_node_tx(&rig, SELLER, cores);
	must(&tx);
	rig_settle(&rig);
}

/* One matched lease of a core at price for dur_s. */
static struct fact_lease match_one(uint64_t ask, uint64_t limit, uint32_t dur_s)
{
	node_up(4);
	struct tx tx = rig_ask_tx(&rig, SELLER, 4, ask);
	tx.u.ask.max_s = 2 * 86400;
	must(&tx);
	tx = rig_bid_tx(&rig, BUYER, 1, limit, dur_s);
	must(&tx);
	rig_settle(&rig);
	struct fact_lease l;
	ck_assert(rig_lease(&rig, 0, &l));
	return l;
}

static void ready(const struct id *lease)
{
	struct tx tx = rig_lease_tx(&rig, SELLER, TX_READY, lease);
	strcpy(tx.u.ready.endpoint, "203.0.113.7:22");
	must(&tx);
}

static void event(uint32_t who, const struct id *lease, const char *name, enum verdict expected)
{
	struct tx tx = rig_lease_tx(&rig, who, TX_EVENT, lease);
	strcpy(tx.u.event.event, name);
	ck_assert_int_eq(rig_do(&rig, &tx), expected);
}

START_TEST(first_true_path)
{
	struct fact_lease l = match_one(1000000, 2000000, 7200);
	ck_assert_str_eq(l.state, "matched");
	ck_assert_uint_eq(price_base(l.price), 1500000);
	ck_assert_uint_eq(money_base(l.escrow), 3000000);
	ck_assert_uint_eq(money_base(l.bond), 400000);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - 3000000);
	ck_assert_uint_eq(l.lease.b[0], 1);
	ready(&l.lease);
	event(BUYER, &l.lease, "accept", V_OK);
	rig_lease_by_id(&rig, &l.lease, &l);
	ck_assert_str_eq(l.state, "run");
	ck_assert_str_eq(l.endpoint, "203.0.113.7:22");
	ck_assert_uint_eq(l.flags, LEASE_RUN);
	rig_pass(&rig, HOUR);
	struct tx tx = rig_usage_tx(&rig, SELLER, &l.lease, 1, 3600);
	must(&tx);
	event(BUYER, &l.lease, "confirm", V_OK);
	rig_settle(&rig);
	rig_lease_by_id(&rig, &l.lease, &l);
	ck_assert_uint_eq(money_base(l.paid), 1500000);
	ck_assert_uint_eq(money_base(l.commission), 15000);
	event(BUYER, &l.lease, "stop", V_OK);
	rig_pass(&rig, 10 * 60000);
	rig_lease_by_id(&rig, &l.lease, &l);
	ck_assert_str_eq(l.state, "done");
	ck_assert_uint_eq(l.flags, LEASE_TERMINAL);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - 1500000);
	struct fact_node n;
	struct id node = rig_node_id(SELLER);
	ck_assert(rig_node(&rig, &node, &n));
	ck_assert_uint_eq(n.free.v[RES_CPU_MILLI], 1000);
	ck_assert_uint_gt(n.rating, 500);
	struct fact_order ask;
	ck_assert(rig_order(&rig, &l.ask, &ask));
	ck_assert_uint_eq(rig_balance(&rig, SELLER) + money_base(ask.locked), RICH + 1500000 - 15000);
	struct tx cancel = rig_tx(&rig, SELLER, TX_CANCEL);
	cancel.u.cancel.symbol = 1;
	cancel.u.cancel.order = l.ask;
	must(&cancel);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, SELLER), RICH + 1500000 - 15000);
	ck_assert(rig_node(&rig, &node, &n));
	ck_assert(resources_eq(&n.free, &n.caps));
	rig_pass(&rig, 25 * HOUR); /* the record is dropped */
	uint64_t seq;
	struct address buyer = rig_address(BUYER);
	ck_assert(!state_party_nonce(rig.s, &l.lease, &buyer, &seq));
}
END_TEST

/* A running lease: matched at 1.5 per hour, ready, accepted. */
static struct fact_lease run_one(uint32_t dur_s)
{
	struct fact_lease l = match_one(1000000, 2000000, dur_s);
	ready(&l.lease);
	event(BUYER, &l.lease, "accept", V_OK);
	return l;
}

static struct fact_lease look(const struct id *lease)
{
	struct fact_lease l;
	ck_assert(rig_lease_by_id(&rig, lease, &l));
	return l;
}

static void use(const struct id *lease, uint32_t seq, uint64_t up_s)
{
	struct tx tx = rig_usage_tx(&rig, SELLER, lease, seq, up_s);
	must(&tx);
}

START_TEST(silence_consents)
{
	struct fact_lease l = run_one(7200);
	rig_pass(&rig, HOUR / 2);
	use(&l.lease, 1, 1800);
	ck_assert_uint_gt(look(&l.lease).usage_pending_ms, rig.time_ms);
	rig_reload(&rig);
	rig_pass(&rig, rig.genesis.consent_s * 1000 - 100);
	ck_assert_uint_eq(money_base(look(&l.lease).paid), 0);
	rig_pass(&rig, 200);
	ck_assert_uint_eq(money_base(look(&l.lease).paid), 750000);
	ck_assert_uint_eq(look(&l.lease).usage_pending_ms, 0);
	ck_assert_uint_eq(look(&l.lease).metered_s, 1800);
}
END_TEST

START_TEST(a_dry_lease_freezes_and_thaws)
{
	struct fact_lease l = run_one(2 * 86400);
	rig_pass(&rig, 24 * HOUR - 1000);
	ck_assert_str_eq(look(&l.lease).state, "run");
	rig_pass(&rig, 2000);
	ck_assert_str_eq(look(&l.lease).state, "frozen");
	ck_assert_uint_eq(look(&l.lease).flags, LEASE_FROZEN);
	struct tx tx = rig_tx(&rig, BUYER, TX_FUND);
	tx.u.fund.instance = l.lease;
	tx.u.fund.amount = money_of(3000000);
	strcpy(tx.u.fund.event, "nonsense");
	uint64_t before = rig_balance(&rig, BUYER);
	must(&tx);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), before);
	ck_assert_int_eq(rig.last_verdict, V_BAD_STATE);
	tx = rig_tx(&rig, BUYER, TX_FUND);
	tx.u.fund.instance = l.lease;
	tx.u.fund.amount = money_of(3000000);
	strcpy(tx.u.fund.event, "topup");
	must(&tx);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), before - 3000000);
	ck_assert_str_eq(look(&l.lease).state, "run");
	rig_pass(&rig, 2 * HOUR + 2000);
	ck_assert_str_eq(look(&l.lease).state, "frozen");
	rig_pass(&rig, rig.genesis.grace_s * 1000 + rig.genesis.settle_s * 1000 + 2000);
	ck_assert_str_eq(look(&l.lease).state, "done");
}
END_TEST

START_TEST(a_stranger_cannot_fund)
{
	struct fact_lease l = run_one(7200);
	struct tx tx = rig_tx(&rig, OTHER, TX_FUND);
	tx.u.fund.instance = l.lease;
	tx.u.fund.amount = money_of(5);
	strcpy(tx.u.fund.event, "topup");
	must(&tx);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NOT_PARTY);
	ck_assert_uint_eq(rig_balance(&rig, OTHER), RICH);
	tx = rig_tx(&rig, OTHER, TX_FUND);
	tx.u.fund.instance = l.lease;
	tx.u.fund.instance.b[9] ^= 1;
	tx.u.fund.amount = money_of(5);
	strcpy(tx.u.fund.event, "topup");
	must(&tx);
	rig_settle(&rig);
	ck_assert_int_eq(rig.last_verdict, V_NO_LEASE);
	tx = rig_tx(&rig, OTHER, TX_FUND);
	tx.u.fund.amount = money_of(5);
	strcpy(tx.u.fund.event, "topup");
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_LEASE);
	tx = rig_tx(&rig, OTHER, TX_FUND);
	tx.u.fund.instance = l.lease;
	strcpy(tx.u.fund.event, "topup");
	ck_assert_int_eq(rig_do(&rig, &tx), V_OVERFLOW);
	tx.u.fund.amount = money_of(5);
	tx.nonce++;
	strcpy(tx.u.fund.event, "@tick");
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	ck_assert_uint_eq(rig_balance(&rig, OTHER), RICH);
}
END_TEST

START_TEST(who_sells_and_is_not_ready_pays)
{
	struct fact_lease l = match_one(1000000, 2000000, 7200);
	rig_pass(&rig, 10 * 60000 + 1000);
	ck_assert_str_eq(look(&l.lease).state, "done");
	ck_assert_str_eq(look(&l.lease).reason, "timeout");
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH + 40000);
	struct fact_node n;
	struct id node = rig_node_id(SELLER);
	ck_assert(rig_node(&rig, &node, &n));
	ck_assert_uint_lt(n.rating, 500);
	ck_assert_uint_eq(n.free.v[RES_CPU_MILLI], 1000);
}
END_TEST

START_TEST(who_quits_pays)
{
	struct fact_lease l = run_one(7200);
	rig_pass(&rig, HOUR);
	use(&l.lease, 1, 3600);
	event(SELLER, &l.lease, "quit", V_OK);
	rig_pass(&rig, 10 * 60000);
	ck_assert_str_eq(look(&l.lease).state, "done");
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH - 1500000 + 100000);
}
END_TEST

START_TEST(settling_often_changes_nothing)
{
	struct fact_lease l = run_one(7200);
	uint64_t paid = 0;
	for (uint32_t i = 1; i <= 60; i++) {
		rig_pass(&rig, 59999);
		use(&l.lease, i, 59 * i + i / 2);
		event(BUYER, &l.lease, "confirm", V_OK);
		ck_assert_uint_ge(money_base(look(&l.lease).paid), paid);
		paid = money_base(look(&l.lease).paid);
	}
	rig_settle(&rig);
	l = look(&l.lease);
	ck_assert_uint_eq(paid, 1500000ULL * l.metered_s / 3600);
	ck_assert_uint_eq(money_base(l.commission), paid / 100);
	struct fact_order a;
	ck_assert(rig_order(&rig, &l.ask, &a));
	ck_assert_uint_eq(rig_balance(&rig, SELLER) + money_base(a.locked) + money_base(l.bond), RICH + paid - paid / 100);
}
END_TEST

START_TEST(impossible_usage)
{
	struct fact_lease l = run_one(7200);
	rig_pass(&rig, 100000);
	use(&l.lease, 3, 50);
	struct tx tx = rig_usage_tx(&rig, SELLER, &l.lease, 4, 60), good;
	ck_assert_int_eq(rig_do(&rig, &tx), V_USAGE_PENDING);
	event(BUYER, &l.lease, "confirm", V_OK);
	rig_pass(&rig, 100000);
	good = rig_usage_tx(&rig, SELLER, &l.lease, 4, 190);
	struct usage_receipt *u = &tx.u.usage.receipt;
#define REFUSE(change)                                                       \
	do {                                                                 \
		tx = good;                                                   \
		change;                                                      \
		uint64_t seq;                                                \
		state_party_nonce(rig.s, &l.lease, &tx.sender, &seq);        \
		tx.nonce = seq;                                              \
		ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_USAGE);            \
	} while (0)
	REFUSE(u->seq = 3);
	REFUSE(u->prev.b[0] ^= 1);
	REFUSE(u->instance.b[5] ^= 1);
	REFUSE(u->meter[METER_UP_S] = 49);
	REFUSE(u->meter[METER_UP_S] = 203);
	REFUSE(u->meter[METER_CPU_US] = 103000000);
	REFUSE(u->meter[METER_TX_B] = 1300000000);
	REFUSE(u->meter[METER_RX_B] = 1300000000);
	REFUSE(u->t1_ms += 700);
	REFUSE(u->t1_ms -= 150000);
	REFUSE(u->t0_ms = l.born_ms - 1000);
	REFUSE(tx.u.usage.leaf = 1);
	REFUSE(tx.u.usage.leaves = 0);
	ck_assert_uint_eq(look(&l.lease).usage_seq, 3);
	tx = good;
	ck_assert(state_party_nonce(rig.s, &l.lease, &tx.sender, &tx.nonce));
	u->meter[METER_CPU_US] = 101000000;
	must(&tx);
	event(SELLER, &l.lease, "confirm", V_NOT_PARTY);
	event(BUYER, &l.lease, "confirm", V_OK);
	event(BUYER, &l.lease, "confirm", V_NO_PENDING);
	tx = rig_usage_tx(&rig, SELLER, &l.lease, 9, 200);
	tx.sender = rig_address(BUYER);
	rig_pk(BUYER, tx.sig[0].pk);
	ck_assert(state_party_nonce(rig.s, &l.lease, &tx.sender, &tx.nonce));
	ck_assert_int_eq(rig_do(&rig, &tx), V_NOT_PARTY);
}
END_TEST

START_TEST(events_of_the_wrong_kind)
{
	struct fact_lease l = match_one(1000000, 2000000, 7200);
	event(OTHER, &l.lease, "stop", V_NOT_PARTY);
	event(BUYER, &l.lease, "stop", V_BAD_STATE);
	event(BUYER, &l.lease, "ready", V_NOT_PARTY);
	event(BUYER, &l.lease, "@usage", V_MALFORMED);
	event(BUYER, &l.lease, "", V_MALFORMED);
	event(BUYER, &l.lease, "deploy", V_OVERFLOW);
	struct tx tx = rig_lease_tx(&rig, BUYER, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, "stop");
	tx.u.event.blob = (struct slice){(const uint8_t *)"x", 1};
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	strcpy(tx.u.event.event, "deploy");
	tx.nonce++;
	must(&tx);
	ck_assert_uint_eq(look(&l.lease).deploy_rev, 1);
	ck_assert_uint_eq(look(&l.lease).deploy.len, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_NONCE);
	tx = rig_lease_tx(&rig, SELLER, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, "deploy");
	tx.u.event.blob = (struct slice){(const uint8_t *)"x", 1};
	ck_assert_int_eq(rig_do(&rig, &tx), V_NOT_PARTY);
	tx.nonce++;
	rig_pk(OTHER, tx.sig[0].pk);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	tx.scope.b[4] ^= 1;
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_LEASE);
	tx.scope.b[0] = 200;
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_LEASE);
	ready(&l.lease);
	event(BUYER, &l.lease, "reject", V_OK);
	ck_assert_uint_eq(look(&l.lease).flags, LEASE_TERMINAL);
	tx = rig_lease_tx(&rig, BUYER, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, "deploy");
	tx.u.event.blob = (struct slice){(const uint8_t *)"x", 1};
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_STATE);
	tx = rig_usage_tx(&rig, SELLER, &l.lease, 1, 0);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_STATE);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BUYER), RICH);
}
END_TEST

START_TEST(loading_damage_is_noticed)
{
	run_one(7200);
	struct state *s;
	ck_assert_int_eq(state_new(&rig.genesis, &s), V_OK);
	state_load_begin(s);
	ck_assert(!state_load_end(s, rig.height, rig.time_ms)); /* nothing is not all the money */
	uint8_t key[34] = {1, 99};
	ck_assert(!state_load(s, (struct slice){key, 34}, (struct slice){key, 5}));
	for (uint8_t kind = 1; kind <= 10; kind++) {
		key[1] = kind;
		ck_assert(!state_load(s, (struct slice){key, 34}, (struct slice){key, 7}));
	}
	key[0] = 10;
	ck_assert(!state_load(s, (struct slice){key, 34}, (struct slice){key, 5}));
	ck_assert(!state_load(s, (struct slice){key, 1}, (struct slice){key, 5}));
	state_free(s);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, first_true_path);
	tcase_add_test(t, silence_consents);
	tcase_add_test(t, a_dry_lease_freezes_and_thaws);
	tcase_add_test(t, a_stranger_cannot_fund);
	tcase_add_test(t, who_sells_and_is_not_ready_pays);
	tcase_add_test(t, who_quits_pays);
	tcase_add_test(t, settling_often_changes_nothing);
	tcase_add_test(t, impossible_usage);
	tcase_add_test(t, events_of_the_wrong_kind);
	tcase_add_test(t, loading_damage_is_noticed);
}

int main(void) { return rig_test_main("state_lease", open_rig, close_rig, add_tests); }
