/* Markov sketches: decay, space-saving, their bytes, and what the books count into them.
 *
 * Does not know the order that is made of them (test_order.c). */
#include <check.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"
#include "tests/vector.h"

#define RICH 1000000000ULL
enum { ALICE, BOB, CAROL, ACCOUNTS = 20 };

static struct id numbered(uint8_t n)
{
	struct id id = {{0}};
	id.b[0] = 0xee;
	id.b[31] = n;
	return id;
}

START_TEST(halves_once_a_period)
{
	struct sketch k = {0};
	struct neighbour n[SKETCH_NEIGHBOURS];
	struct id a = numbered(1), b = numbered(2);
	for (int i = 0; i < 4; i++)
		sketch_add(&k, 10, &a, 3);
	sketch_add(&k, 10, &b, 9);
	ck_assert_uint_eq(k.aff[2], 1024);
	ck_assert_uint_eq(k.aff[8], 256);
	ck_assert_uint_eq(sketch_links(&k, 13, n), 2);
	ck_assert_uint_eq(n[0].weight, 128);
	ck_assert_uint_eq(k.nbr[0].weight, 1024); /* looking changes nothing */
	sketch_decay(&k, 19);
	ck_assert_uint_eq(k.aff[2], 2);
	ck_assert_uint_eq(k.aff[8], 0);
	ck_assert_uint_eq(sketch_links(&k, 19, n), 1); /* the lighter one is gone */
	ck_assert_int_eq(id_cmp(&n[0].to, &a), 0);
	sketch_decay(&k, 5); /* time does not run back */
	ck_assert_uint_eq(k.nbr[0].weight, 2);
	sketch_decay(&k, UINT64_MAX);
	ck_assert_uint_eq(sketch_links(&k, UINT64_MAX, n), 0);
}
END_TEST

START_TEST(the_smallest_is_replaced)
{
	struct sketch k = {0};
	for (uint8_t i = 1; i <= 4; i++)
		for (uint8_t j = 0; j < i + 1; j++) {
			struct id id = numbered(i);
			sketch_add(&k, 0, &id, 0);
		}
	struct id late = numbered(9), first = numbered(1);
	sketch_add(&k, 0, &late, 0);
	ck_assert_int_eq(id_cmp(&k.nbr[0].to, &late), 0);
	ck_assert_uint_eq(k.nbr[0].weight, 3 * SKETCH_STEP);
	for (int i = 0; i < SKETCH_NEIGHBOURS; i++)
		ck_assert_int_ne(id_cmp(&k.nbr[i].to, &first), 0);
	for (int i = 0; i < LANES; i++)
		ck_assert_uint_eq(k.aff[i], 0); /* lane 0: not known */
}
END_TEST

START_TEST(weights_do_not_wrap)
{
	struct sketch k = {.aff = {UINT32_MAX - 1}, .nbr = {{numbered(1), UINT32_MAX - 1, 1}}};
	struct id a = numbered(1);
	sketch_add(&k, 0, &a, 1);
	ck_assert_uint_eq(k.aff[0], UINT32_MAX);
	ck_assert_uint_eq(k.nbr[0].weight, UINT32_MAX);
}
END_TEST

static bool again(struct slice in, struct wbuf *out)
{
	struct rbuf r = rbuf_on(in.p, in.len);
	struct sketch k;
	if (!sketch_get(&r, &k) || !rbuf_end(&r))
		return false;
	sketch_put(out, &k);
	return true;
}

/* Who is found on another lane than last time takes its weight along: it is there that one deals with it now. */
START_TEST(weights_follow_a_neighbour)
{
	struct sketch k = {0};
	struct id a = numbered(1), b = numbered(2);
	for (int i = 0; i < 5; i++)
		sketch_add(&k, 0, &a, 3);
	sketch_add(&k, 0, &b, 3);
	sketch_add(&k, 0, &a, 7);
	ck_assert_uint_eq(k.aff[2], SKETCH_STEP);
	ck_assert_uint_eq(k.aff[6], 6 * SKETCH_STEP);
	sketch_follow(&k, 0, 7);
	sketch_follow(&k, 0, 0); /* not known: it stays */
	ck_assert_uint_eq(k.aff[6], 6 * SKETCH_STEP);
	k.aff[6] = 10; /* never more than there is */
	sketch_follow(&k, 0, 1);
	ck_assert(k.aff[6] == 0 && k.aff[0] == 10 && k.nbr[0].lane == 1);
	sketch_add(&k, 0, &b, 0);
	ck_assert_uint_eq(k.aff[2], SKETCH_STEP);
}
END_TEST

START_TEST(bytes)
{
	uint8_t room[512];
	struct sketch k = {.aff = {0, 5, 0, 0, 0, 0, 0, 0, 7}, .nbr = {{numbered(1), 8, 2}, {numbered(2), 9, 9}}, .period = 10,
	    .last = {11, 3, 12}}, none = {0};
	struct wbuf w = wbuf_on(room, sizeof room);
	sketch_put(&w, &k);
	vector_hold("sketch.txt", "sketch", &w, again);
	w = wbuf_on(room, sizeof room);
	sketch_put(&w, &none);
	vector_hold("sketch.txt", "none", &w, again);
	struct sketch full = {.period = 1, .last = {1, 9, 1}};
	for (uint8_t i = 0; i < LANES; i++)
		full.aff[i] = 1;
	for (uint8_t i = 0; i < SKETCH_NEIGHBOURS; i++)
		full.nbr[i] = (struct neighbour){numbered(i), 1, 1};
	w = wbuf_on(room, sizeof room);
	sketch_put(&w, &full);
	ck_assert_uint_eq(w.len, SKETCH_MAX_LEN);
	full.nbr[3].to = full.nbr[0].to; /* twice the same */
	w = wbuf_on(room, sizeof room);
	sketch_put(&w, &full);
	struct rbuf r = rbuf_on(room, w.len);
	ck_assert(!sketch_get(&r, &k));
}
END_TEST

/* --- in the books --- */

static struct rig rig;

static uint8_t lane_of_account(uint32_t who)
{
	struct fact_account a;
	ck_assert(rig_account(&rig, who, &a));
	return a.lane;
}

static size_t links_of(uint32_t who, struct neighbour *out)
{
	struct address a = rig_address(who);
	return state_links(rig.s, lane_of_account(who), (const struct id *)(const void *)&a, rig.time_ms, out);
}

static uint32_t weight_between(uint32_t who, uint32_t whom)
{
	struct neighbour n[SKETCH_NEIGHBOURS];
	struct address a = rig_address(whom);
	for (size_t i = links_of(who, n); i-- > 0;)
		if (memcmp(n[i].to.b, a.b, sizeof a.b) == 0)
			return n[i].weight;
	return 0;
}

START_TEST(a_payment_counts_on_both_sides)
{
	rig_open(&rig, ACCOUNTS, RICH);
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 5);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	ck_assert_uint_eq(weight_between(ALICE, BOB), SKETCH_STEP);
	ck_assert_uint_eq(weight_between(BOB, ALICE), 0); /* its receipt is on the way */
	rig_round(&rig);
	ck_assert_uint_eq(weight_between(BOB, ALICE), SKETCH_STEP);
	rig_pass(&rig, 2ULL * rig.genesis.sketch_half_ms);
	rig_round(&rig);
	ck_assert_uint_eq(weight_between(ALICE, BOB), SKETCH_STEP / 4);
	tx = rig_pay_tx(&rig, ALICE, CAROL, 2 * RICH);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_FUNDS);
	ck_assert_uint_eq(weight_between(ALICE, CAROL), 0); /* what failed moved nothing */
	rig_close(&rig);
}
END_TEST

/* Each transaction, failed ones too, is its sender's newest; the way back skips the rest of the run. */
START_TEST(leaves_are_found_again)
{
	enum verdict got[3];
	struct leaf_ref last;
	struct address a = rig_address(ALICE);
	const struct id *alice = (const struct id *)(const void *)&a;
	rig_open(&rig, ACCOUNTS, RICH);
	uint8_t lane = lane_of_account(ALICE);
	ck_assert(!state_last_leaf(rig.s, lane, alice, &last));
	struct tx one = rig_pay_tx(&rig, ALICE, BOB, 5);
	ck_assert_int_eq(rig_do(&rig, &one), V_OK);
	uint64_t first = rig.height;
	ck_assert(state_last_leaf(rig.s, lane, alice, &last));
	ck_assert(last.height == first && last.lane == lane && last.leaf == 0);
	ck_assert_uint_eq(state_leaf_before(rig.s, lane, 0).lane, 0);
	rig_round(&rig);
	struct tx run[3];
	for (uint64_t i = 0; i < 3; i++) {
		run[i] = rig_pay_tx(&rig, ALICE, BOB, i == 1 ? 2 * RICH : 5);
		run[i].nonce += i;
	}
	rig_many(&rig, run, 3, got);
	ck_assert(got[0] == V_OK && got[1] == V_NO_FUNDS && got[2] == V_OK);
	ck_assert(state_last_leaf(rig.s, lane, alice, &last));
	ck_assert(last.height == rig.height && last.leaf == 2);
	for (uint32_t leaf = 0; leaf < 3; leaf++) {
		struct leaf_ref before = state_leaf_before(rig.s, lane, leaf);
		ck_assert(before.height == first && before.lane == lane && before.leaf == 0);
	}
	ck_assert_uint_eq(state_leaf_before(rig.s, lane, 3).lane, 0);
	rig_close(&rig);
}
END_TEST

/* A market: accounts, the symbol and the lease know each other, and all of it comes back from the records. */
START_TEST(records_keep_them)
{
	struct neighbour n[SKETCH_NEIGHBOURS], after[SKETCH_NEIGHBOURS];
	struct fact_lease l;
	rig_open(&rig, ACCOUNTS, RICH);
	struct tx tx = rig_node_tx(&rig, ALICE, 4);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	tx = rig_ask_tx(&rig, ALICE, 4, 10000);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	tx = rig_bid_tx(&rig, BOB, 1, 10000, 600);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert(rig_lease(&rig, 0, &l));
	ck_assert_uint_eq(links_of(BOB, n), 1);
	struct id symbol = symbol_entity(tx.u.bid.symbol);
	ck_assert_int_eq(id_cmp(&n[0].to, &symbol), 0);
	size_t index;
	const struct fact_symbol *y = symbol_find(rig.s, tx.u.bid.symbol, &index);
	uint8_t lane = y->lane;
	const struct sketch *k = rig.s->part[lane].book[index].sketch;
	ck_assert(k && sketch_links(k, k->period, n) == 2);
	struct sketch kept = *k;
	ck_assert_uint_eq(state_links(rig.s, l.lease.b[0], &l.lease, rig.time_ms, n), 2); /* buyer and seller */
	rig_reload(&rig);
	ck_assert_uint_eq(state_links(rig.s, l.lease.b[0], &l.lease, rig.time_ms, after), 2);
	ck_assert_mem_eq(n, after, 2 * sizeof *n);
	k = rig.s->part[lane].book[index].sketch;
	ck_assert(k && memcmp(k, &kept, sizeof kept) == 0);
	rig_close(&rig);
}
END_TEST

TEST_MAIN("sketch", halves_once_a_period, the_smallest_is_replaced, weights_do_not_wrap, weights_follow_a_neighbour, bytes,
    a_payment_counts_on_both_sides,
    leaves_are_found_again, records_keep_them)
