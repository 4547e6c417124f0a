/* Accounts that change lanes: nothing is lost or doubled whatever travels, they are away for one round, and they gather where they deal.
 *
 * How often they move is a matter of genesis parameters: in the restless network every epoch is a second, any gain will do, and weights are
 * soon forgotten. The driver
 * checks after every round that each address has one record, where chain 0 says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_random.h"

#define RICH 100000000000ULL

static struct genesis restless(bool strict)
{
	struct genesis g;
	genesis_local(&g);
	g.mig_epoch_ms = 1000;
	g.unstake_s = 3;
	g.sketch_half_ms = 8000;
	g.mig_theta_ppm = 0;
	g.mig_weight = 1;
	g.load_cap_ppm = 4000000;
	if (strict) {
		g.deposit_per_byte = 3;
		g.free_wu = 60000;
		g.work_cap = 1u << 20;
		g.lane_wu = 1u << 15;
		g.work_window_ms = 3600000;
	}
	return g;
}

/* --- at random --- */

static bool in_flight(const struct state *s)
{
	for (int i = 0; i < CHAINS * CHAINS; i++)
		if (s->part[i / CHAINS].out[i % CHAINS].moves)
			return true;
	return false;
}

START_TEST(everybody_is_somewhere_in_every_round)
{
	struct genesis g = restless(_i & 1);
	struct random_world *w = random_open(41 + (uint64_t)_i, &g);
	w->fickle = true;
	uint32_t reloads = 0;
	for (int i = 0; i < 2000; i++) {
		random_round(w);
		if (i % 50 != 7 && (i % 3 || !in_flight(w->rig.s)))
			continue;
		rig_reload(&w->rig);
		reloads++;
	}
	printf("seed %d: %u moves, %u receipts sent on, %u reloads, %u trades, %u payments\n", 41 + _i, w->rig.moves, w->rig.forwards,
	    reloads, w->rig.trades, w->rig.pays);
	ck_assert_uint_gt(w->rig.moves, 100);
	ck_assert_uint_gt(w->rig.forwards, 0);
	ck_assert_uint_gt(w->rig.trades, 5);
	random_close(w);
}
END_TEST

START_TEST(loaded_books_go_on_alike)
{
	struct genesis g = restless(_i & 1);
	struct random_world *a = random_open(99, &g), *b = random_open(99, &g);
	a->fickle = b->fickle = true;
	uint32_t flying = 0;
	for (int i = 0; i < 600; i++) {
		uint64_t pause_ms = i % 25 ? 0 : 6 * 3600000; /* so that command ids come of age */
		a->rig.time_ms += pause_ms;
		b->rig.time_ms += pause_ms;
		random_round(a);
		random_round(b);
		bool flies = in_flight(b->rig.s);
		flying += flies;
		if (flies || i % 40 == 3)
			rig_reload(&b->rig);
		ck_assert_msg(id_cmp(&a->rig.digest, &b->rig.digest) == 0, "round %d differs", i);
	}
	ck_assert_uint_gt(flying, 20);
	random_close(a);
	random_close(b);
}
END_TEST

/* --- one by one --- */

static struct rig rig;

/* An epoch lasts as long as the test wants, and lanes nominate downwards in the next one. */
static struct genesis patient(void)
{
	struct genesis g = restless(false);
	g.mig_epoch_ms = 100000;
	g.sketch_half_ms = 1u << 30;
	g.load_cap_ppm = UINT32_MAX;
	return g;
}

static void begin(const struct genesis *g, uint32_t accounts)
{
	rig_open_on(&rig, g, accounts, RICH);
	rig_round(&rig); /* the first epoch begins with nobody to nominate */
}

static void pay(uint32_t from, uint32_t to, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		struct tx tx = rig_pay_tx(&rig, from, to, 1);
		ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	}
	rig_settle(&rig);
}

static uint8_t lane_of_account(uint32_t who)
{
	struct address a = rig_address(who);
	return home_of(rig.s, &a);
}

static void epoch_passes(void)
{
	rig.time_ms += rig.genesis.mig_epoch_ms;
	rig_round(&rig);
	rig_settle(&rig);
}

/* The rounds until account who is on its way; it is, when this returns. */
static void until_it_leaves(uint32_t who)
{
	uint8_t lane = lane_of_account(who);
	for (int i = 0; i < 8 && lane_of_account(who) == lane; i++) {
		if (!state_work_waiting(rig.s))
			rig.time_ms += rig.genesis.mig_epoch_ms;
		rig_round(&rig);
	}
	ck_assert_uint_ne(lane_of_account(who), lane);
	ck_assert(in_flight(rig.s));
}

START_TEST(all_its_things_come_along)
{
	struct genesis g = patient();
	begin(&g, 3);
	struct tx node = rig_node_tx(&rig, 1, 8), token = rig_tx(&rig, 1, TX_TOKEN_NEW), in, ask, again;
	token.u.token_new.num = token.u.token_new.den = 1;
	strcpy(token.u.token_new.symbol, "TOK");
	ck_assert_int_eq(rig_do(&rig, &node), V_OK);
	ck_assert_int_eq(rig_do(&rig, &token), V_BAD_NONCE); /* made before the other was in */
	token.nonce++;
	ck_assert_int_eq(rig_do(&rig, &token), V_OK);
	rig_settle(&rig);
	in = rig_tx(&rig, 1, TX_TOKEN_IN);
	in.u.token_in.token = 1;
	in.u.token_in.amount = money_of(500);
	ck_assert_int_eq(rig_do(&rig, &in), V_OK);
	rig_settle(&rig);
	ask = rig_ask_tx(&rig, 1, 2, 1000000);
	ck_assert_int_eq(rig_do(&rig, &ask), V_OK);
	struct id order = rig_order_id(&rig);
	pay(1, 0, 9);
	struct fact_account before, after;
	rig_account(&rig, 1, &before);
	ck_assert_uint_ne(lane_of_account(0), lane_of_account(1));
	until_it_leaves(1);
	/* away: nobody may act for it, everybody may pay it */
	again = ask;
	again.nonce = before.nonce;
	uint8_t lane;
	ck_assert_int_eq(state_admit(rig.s, &again, rig.height + 1, &lane), V_MOVING);
	struct tx gift = rig_pay_tx(&rig, 2, 1, 77), cancel = rig_cancel_tx(&rig, 1, &order);
	cancel.nonce = before.nonce;
	ck_assert_int_eq(rig_do(&rig, &gift), V_OK); /* in this round it arrives */
	ck_assert_int_eq(rig_do(&rig, &again), V_DUPLICATE); /* its command ids came too; the nonce is burnt */
	cancel.nonce++;
	ck_assert_int_eq(rig_do(&rig, &cancel), V_OK);
	rig_settle(&rig);
	rig_account(&rig, 1, &after);
	ck_assert_uint_eq(after.lane, lane_of_account(1));
	struct address who = rig_address(1);
	uint32_t cids = 0;
	for (const struct cid_seen *c = rig.s->part[after.lane].cids; c; c = c->hh.next)
		cids += address_eq(&c->key.owner, &who);
	ck_assert_uint_eq(account_find(&rig.s->part[after.lane], &who)->cids, cids);
	ck_assert_uint_gt(cids, 9);
	ck_assert_uint_eq(rig_holding(&rig, 1, 1), 500);
	struct fact_node n;
	struct id id = rig_node_id(1);
	ck_assert(rig_node(&rig, &id, &n) && n.lane == after.lane);
	ck_assert(resources_eq(&n.free, &n.caps)); /* the cancelled ask's capacity found the way */
	struct money bond = ask.u.ask.bond;
	ck_assert_uint_eq(money_base(after.balance), money_base(before.balance) + money_base(bond) + 77);
	rig_reload(&rig);
	rig_close(&rig);
}
END_TEST

/* Both would gain, and if both moved neither did. */
START_TEST(two_do_not_pass_each_other)
{
	struct genesis g = patient();
	begin(&g, 2);
	for (int i = 0; i < 8; i++) {
		pay(0, 1, 3);
		pay(1, 0, 3);
		epoch_passes();
	}
	ck_assert_uint_eq(lane_of_account(0), lane_of_account(1));
	ck_assert_uint_eq(state_traffic(rig.s, 0).moved, 1);
	rig_close(&rig);
}
END_TEST

/* A network of three pairs that would like to move. */
static uint32_t moved_by(const struct genesis *g, uint32_t payments)
{
	begin(g, 18);
	for (uint32_t i = 0; i < 3; i++)
		pay(i, i + 3, payments * (i + 1)); /* the last pair gains most */
	epoch_passes();
	epoch_passes();
	uint32_t moved = (uint32_t)state_traffic(rig.s, 0).moved;
	for (uint32_t i = 0; i < 3 && moved == 1; i++)
		ck_assert((lane_of_account(i) == lane_of_account(i + 3)) == (i == 2));
	rig_close(&rig);
	return moved;
}

START_TEST(parameters_bound_it)
{
	struct genesis g = patient();
	g.mig_max = 0;
	ck_assert_uint_eq(moved_by(&g, 4), 0);
	g.mig_max = 2304;
	ck_assert_uint_eq(moved_by(&g, 4), 3);
	g.load_cap_ppm = 0; /* no lane is open */
	ck_assert_uint_eq(moved_by(&g, 4), 0);
	g.load_cap_ppm = UINT32_MAX;
	g.mig_weight = 256 * 5; /* only two of them have dealt that much */
	ck_assert_uint_eq(moved_by(&g, 4), 2);
	g.mig_weight = 256 * 9;
	ck_assert_uint_eq(moved_by(&g, 4), 1);
	g.mig_theta_ppm = 1000001;
	struct state *s;
	ck_assert_int_eq(state_new(&g, &s), V_OVERFLOW);
	g.mig_theta_ppm = 0;
	g.mig_epoch_ms = 0;
	ck_assert_int_eq(state_new(&g, &s), V_OVERFLOW);
}
END_TEST

START_TEST(one_an_epoch_is_the_one_that_gains_most)
{
	struct genesis g = patient();
	g.mig_max = 1;
	begin(&g, 18);
	for (uint32_t i = 0; i < 3; i++)
		pay(i, i + 3, 4 * (i + 1));
	while (state_traffic(rig.s, 0).moved == 0)
		epoch_passes();
	ck_assert_uint_eq(state_traffic(rig.s, 0).moved, 1);
	ck_assert_uint_eq(lane_of_account(2), lane_of_account(5));
	ck_assert_uint_ne(lane_of_account(1), lane_of_account(4));
	rig_close(&rig);
}
END_TEST

/* Who has more to carry than a round may ship stays at home, however much it would gain. */
START_TEST(the_heavy_stay)
{
	struct genesis g = patient();
	begin(&g, 18);
	struct address who = rig_address(3);
	struct part *p = &rig.s->part[lane_of_account(3)];
	for (uint32_t i = 0; i <= MOVE_CIDS_MAX; i++) {
		struct cid_key key = {.owner = who, .cid = {{0xee}}};
		memcpy(&key.cid.b[4], &i, sizeof i);
		cid_add(p, &key, rig.time_ms);
		part_touch(p, REC_CID, &key, sizeof key);
	}
	pay(3, 0, 12);
	pay(4, 1, 4);
	for (int i = 0; i < 3; i++)
		epoch_passes();
	ck_assert_uint_eq(lane_of_account(3), 4); /* its peer came to it instead */
	ck_assert_uint_eq(lane_of_account(0), 4);
	ck_assert_uint_eq(lane_of_account(4), 2);
	rig_close(&rig);
}
END_TEST

/* --- where new accounts go --- */

START_TEST(a_new_account_goes_to_its_creators_lane_unless_that_is_busy)
{
	struct place l = {.known = true, .cap_ppm = 1250000};
	uint32_t people[CHAINS] = {0, 5, 5, 5, 4, 5, 5, 5, 5, 5}, aff[LANES] = {0};
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 3); /* nobody is busy */
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		l.load[lane] = 1000;
		l.sum += 1000;
	}
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 3);
	aff[5] = 256;
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 6);
	l.load[6] += 700; /* 1700 of 9700 / 9: closed */
	l.sum += 700;
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 3);
	l.load[3] += 700;
	l.sum += 700;
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 4); /* the least loaded, of those the emptiest */
	l.load[4] += 1;
	ck_assert_uint_eq(place_account(&l, people, aff, 3), 1);
	ck_assert(place_open(&l, 1, 100) && !place_open(&l, 1, 1000));
}
END_TEST

START_TEST(loads_fade)
{
	struct genesis g = patient();
	begin(&g, 2);
	pay(0, 1, 10);
	uint64_t load = state_traffic(rig.s, 1).load;
	ck_assert_uint_ge(load, 10 * 512);
	ck_assert_uint_eq(state_traffic(rig.s, 2).load, 0);
	rig.time_ms += 355 * rig.genesis.fill_step_ms; /* 512 ln 2 */
	rig_round(&rig);
	ck_assert_uint_lt(state_traffic(rig.s, 1).load, load * 11 / 20);
	ck_assert_uint_gt(state_traffic(rig.s, 1).load, load * 9 / 20);
	ck_assert_uint_eq(state_traffic(rig.s, 1).sent, 10);
	ck_assert_uint_eq(state_traffic(rig.s, 1).crossed, 10);
	rig_reload(&rig);
	ck_assert_uint_eq(state_traffic(rig.s, 1).sent, 10);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("migrate");
	TCase *t = tcase_create("migrate");
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, everybody_is_somewhere_in_every_round, 0, 4);
	tcase_add_loop_test(t, loaded_books_go_on_alike, 0, 2);
	tcase_add_test(t, all_its_things_come_along);
	tcase_add_test(t, two_do_not_pass_each_other);
	tcase_add_test(t, parameters_bound_it);
	tcase_add_test(t, the_heavy_stay);
	tcase_add_test(t, one_an_epoch_is_the_one_that_gains_most);
	tcase_add_test(t, a_new_account_goes_to_its_creators_lane_unless_that_is_busy);
	tcase_add_test(t, loads_fade);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
