/* Random commands for many rounds: the sums hold after each and the fold of the facts is the books.
 *
 * Books that were stored and loaded again (with their tables filled in another order) go on byte for byte like books that
 * never stopped. A failure names its seed and round. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_random.h"

/* A network that charges deposits and counts work, so that some are refused for it. */
static struct genesis strict_genesis(void)
{
	struct genesis g;
	genesis_local(&g);
	g.deposit_per_byte = 3;
	g.free_wu = 40000;
	g.work_cap = 1u << 20;
	g.lane_wu = 1u << 14;
	g.work_window_ms = 3600000;
	return g;
}

static struct random_world *world_open(uint64_t seed)
{
	struct genesis g;
	genesis_local(&g);
	return random_open(seed, &g);
}

START_TEST(sums_and_facts_hold_in_every_round)
{
	struct random_world *w = world_open(7 + (uint64_t)_i);
	for (int i = 0; i < 2000; i++)
		random_round(w);
	printf("seed %d: %u trades, %u payments, %u usage facts, %u commands\n", 7 + _i, w->rig.trades, w->rig.pays, w->rig.usages,
	    w->rig.serial);
	ck_assert_uint_gt(w->rig.trades, 20);
	random_close(w);
}
END_TEST

START_TEST(sums_hold_with_deposits_and_work)
{
	struct genesis g = strict_genesis();
	struct random_world *w = random_open(17, &g);
	for (int i = 0; i < 1500; i++)
		random_round(w);
	printf("deposits: %u trades, %u payments, %u commands\n", w->rig.trades, w->rig.pays, w->rig.serial);
	ck_assert_uint_gt(w->rig.trades, 20);
	random_close(w);
}
END_TEST

START_TEST(loaded_books_go_on_alike)
{
	struct genesis g = strict_genesis();
	if (_i == 0)
		genesis_local(&g);
	struct random_world *a = random_open(99, &g), *b = random_open(99, &g);
	for (int i = 0; i < 800; i++) {
		random_round(a);
		random_round(b);
		if (i % 7 == 3)
			rig_reload(&b->rig);
		ck_assert_msg(id_cmp(&a->rig.digest, &b->rig.digest) == 0, "round %d differs", i);
	}
	ck_assert_uint_gt(a->rig.trades, 10);
	random_close(a);
	random_close(b);
}
END_TEST

START_TEST(money_stops_somewhere)
{
	struct random_world *w = world_open(5);
	for (int i = 0; i < 600; i++)
		random_round(w);
	w->rig.step_ms = 5;
	rig_pass(&w->rig, 3ULL * 86400 * 1000); /* every lease ends by itself */
	struct fact_lease l;
	ck_assert(!rig_lease(&w->rig, 0, &l));
	random_close(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_property");
	TCase *t = tcase_create("random");
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, sums_and_facts_hold_in_every_round, 0, 2);
	tcase_add_test(t, sums_hold_with_deposits_and_work);
	tcase_add_loop_test(t, loaded_books_go_on_alike, 0, 2);
	tcase_add_test(t, money_stops_somewhere);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
