/* The read model: what is folded is found, books are in order, what is bounded stays bounded, a reset forgets.
 *
 * Knows facts only; no text of the tree is looked at here. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "common/text.h"
#include "tests/views_facts.h"
#include "zfs-views/names.h"
#include "zfs-views/sorted.h"

static struct model *m;

static void setup(void)
{
	m = model_new();
}

static void teardown(void)
{
	model_free(m);
}

static void fold(struct fact f)
{
	model_fold(m, &f);
}

struct seen { unsigned n; char text[4096]; };

static bool see_order(void *arg, const struct fact_order *o)
{
	struct seen *s = arg;
	s->n++;
	strcat(strcat(s->text, o->name), " ");
	return s->n < 50;
}

static bool see_lease(void *arg, const struct fact_lease *l)
{
	struct seen *s = arg;
	s->n++;
	strcat(strcat(s->text, l->state), " ");
	return true;
}

static bool see_trade(void *arg, const struct fact_trade *t)
{
	struct seen *s = arg;
	if (s->n++ == 0)
		snprintf(s->text, sizeof s->text, "%u", (unsigned)t->seq);
	return true;
}

static bool see_pay(void *arg, const struct fact_pay *p)
{
	struct seen *s = arg;
	s->n += p->kind == PAY_TRANSFER;
	return true;
}

START_TEST(book_is_best_first)
{
	struct seen bids = {0}, asks = {0};
	fold(world_symbol(1, "cpu", world_vector(1000, 2048, 0, 100000, 100000)));
	fold(world_order(1, 1, "b-low", SIDE_BID, ORDER_OPEN, 100));
	fold(world_order(2, 1, "b-high", SIDE_BID, ORDER_OPEN, 300));
	fold(world_order(3, 1, "b-high-later", SIDE_BID, ORDER_PARTIAL, 300));
	fold(world_order(4, 1, "a-high", SIDE_ASK, ORDER_OPEN, 500));
	fold(world_order(5, 1, "a-low", SIDE_ASK, ORDER_OPEN, 400));
	fold(world_order(6, 1, "a-gone", SIDE_ASK, ORDER_FILLED, 1));
	model_each_book(m, 1, SIDE_BID, see_order, &bids);
	model_each_book(m, 1, SIDE_ASK, see_order, &asks);
	ck_assert_str_eq(bids.text, "b-high b-high-later b-low ");
	ck_assert_str_eq(asks.text, "a-low a-high ");
}
END_TEST

START_TEST(an_order_that_changes_moves)
{
	struct seen bids = {0}, all = {0};
	fold(world_order(1, 1, "x", SIDE_BID, ORDER_OPEN, 100));
	fold(world_order(2, 1, "y", SIDE_BID, ORDER_OPEN, 200));
	fold(world_order(1, 1, "x", SIDE_BID, ORDER_OPEN, 300));
	fold(world_order(2, 1, "y", SIDE_BID, ORDER_CANCELLED, 200));
	model_each_book(m, 1, SIDE_BID, see_order, &bids);
	model_each_order(m, NULL, see_order, &all);
	ck_assert_str_eq(bids.text, "x ");
	ck_assert_str_eq(all.text, "x y ");
}
END_TEST

START_TEST(a_name_is_its_newest_order)
{
	struct address owner = world_address(1);
	fold(world_order(2, 1, "r1", SIDE_BID, ORDER_OPEN, 100));
	fold(world_order(1, 1, "r1", SIDE_BID, ORDER_CANCELLED, 100)); /* older, told later */
	ck_assert_int_eq(model_order_by_name(m, &owner, "r1")->order.b[0], world_id(2).b[0]);
	owner = world_address(2);
	ck_assert_ptr_null(model_order_by_name(m, &owner, "r1"));
}
END_TEST

START_TEST(final_orders_are_bounded)
{
	struct address owner = world_address(1);
	struct seen all = {0};
	char name[32];
	for (unsigned i = 0; i < MODEL_ORDERS_DONE + 40; i++) {
		snprintf(name, sizeof name, "r%u", i);
		struct fact f = world_order(1, 1, name, SIDE_BID, ORDER_FILLED, 100);
		f.u.order.order.b[5] = (uint8_t)i;
		f.u.order.time_ms += i;
		fold(f);
	}
	ck_assert_ptr_null(model_order_by_name(m, &owner, "r39"));
	ck_assert_ptr_nonnull(model_order_by_name(m, &owner, "r40"));
	model_each_order(m, &owner, see_order, &all);
	ck_assert_str_eq(strtok(all.text, " "), "r40");
}
END_TEST

START_TEST(events_are_bounded)
{
	struct seen trades = {0}, pays = {0};
	struct address a = world_address(1);
	struct fact pay = {.kind = FACT_PAY, .u.pay = {.kind = PAY_TRANSFER, .account = a}};
	for (unsigned i = 1; i <= MODEL_TRADES + 10; i++) {
		fold(world_trade(i, 100));
		fold(pay);
	}
	fold(world_trade(5, 100)); /* told again: no news */
	model_each_trade(m, 1, see_trade, &trades);
	model_each_pay(m, &a, see_pay, &pays);
	ck_assert_uint_eq(trades.n, MODEL_TRADES);
	ck_assert_str_eq(trades.text, "11");
	ck_assert_uint_eq(pays.n, MODEL_HISTORY);
}
END_TEST

START_TEST(lanes_are_found_by_height)
{
	for (uint64_t h = 0; h < MODEL_BLOCKS + 5; h++)
		fold(world_lane(3, h));
	ck_assert_uint_eq(model_lane(m, 3, UINT64_MAX)->height, MODEL_BLOCKS + 4);
	ck_assert_uint_eq(model_lane(m, 3, 7)->height, 7);
	ck_assert_ptr_null(model_lane(m, 3, 4));
	ck_assert_ptr_null(model_lane(m, 4, UINT64_MAX));
	ck_assert_ptr_null(model_lane(m, 200, 0));
}
END_TEST

START_TEST(a_lease_is_found_every_way)
{
	struct seen of_bid = {0}, of_ask = {0}, named = {0};
	struct fact f = world_lease(1, 2, 1, "job1", "run", LEASE_RUN);
	struct id bid = world_id(2), ask = world_id(1), lease = world_lease_id(1);
	char name[LEASE_NAME_LEN + 1];
	strcpy(f.u.lease.app, "demo");
	fold(f);
	f = world_lease(2, 3, 1, "job1", "matched", 0);
	strcpy(f.u.lease.app, "demo");
	fold(f);
	lease_name_of(&lease, name);
	ck_assert_int_eq(id_cmp(&model_lease_by_name(m, name)->lease, &lease), 0);
	ck_assert_ptr_null(model_lease_by_name(m, "000000000000"));
	model_each_order_lease(m, &bid, see_lease, &of_bid);
	model_each_order_lease(m, &ask, see_lease, &of_ask);
	model_each_task_lease(m, "job1", see_lease, &named);
	ck_assert_str_eq(of_bid.text, "run ");
	ck_assert_str_eq(of_ask.text, "run matched ");
	ck_assert_str_eq(named.text, "run matched ");
	ck_assert_str_eq(model_task_base(m, &lease), "job1");
}
END_TEST

START_TEST(an_ended_lease_is_forgotten_after_a_day)
{
	struct id first = world_lease_id(1), second = world_lease_id(2);
	fold(world_lease(1, 2, 1, "a", "run", LEASE_RUN));
	fold(world_lease(1, 2, 1, "a", "done", LEASE_TERMINAL));
	fold(world_lease(2, 2, 1, "b", "run", LEASE_RUN));
	struct fact b = world_block(1);
	b.u.block.time_ms = WORLD_MS + 5000 + MODEL_LEASE_KEEP_MS;
	fold(b);
	ck_assert_ptr_nonnull(model_lease(m, &first));
	b.u.block.time_ms++;
	fold(b);
	ck_assert_ptr_null(model_lease(m, &first));
	ck_assert_ptr_nonnull(model_lease(m, &second));
}
END_TEST

START_TEST(escrow_is_what_is_locked)
{
	struct fact o = world_order(1, 2, "x", SIDE_BID, ORDER_OPEN, 100), done = world_order(2, 2, "y", SIDE_BID, ORDER_CANCELLED, 100);
	struct address buyer = world_address(2), seller = world_address(1);
	o.u.order.locked = money_of(1000);
	done.u.order.locked = money_of(5);
	fold(o);
	fold(done);
	struct fact l = world_lease(1, 2, 1, "a", "run", LEASE_RUN);
	l.u.lease.bond = money_of(7);
	fold(l);
	fold(world_lease(2, 2, 1, "b", "done", LEASE_TERMINAL));
	ck_assert_uint_eq(money_base(model_escrow(m, &buyer)), 161000);
	ck_assert_uint_eq(money_base(model_escrow(m, &seller)), 7);
}
END_TEST

static void fold_all(struct model *to, bool backwards)
{
	struct fact usage = {.kind = FACT_USAGE, .u.usage.receipt = {.seq = 4, .instance = world_lease_id(1)}};
	struct fact f[] = {world_symbol(1, "cpu", world_vector(1000, 2048, 0, 100000, 100000)), world_account(1, 10), world_account(2, 20),
		world_order(1, 1, "x", SIDE_ASK, ORDER_OPEN, 100), world_order(2, 2, "y", SIDE_BID, ORDER_FILLED, 100),
		world_lease(1, 2, 1, "y", "run", LEASE_RUN), usage,
		{.kind = FACT_NODE, .u.node = {.node = world_id(9), .name = "here"}}, {.kind = FACT_APP, .u.app = {.name = "demo"}}};
	size_t n = sizeof f / sizeof f[0];
	for (size_t i = 0; i < n; i++)
		model_fold(to, &f[backwards ? n - 1 - i : i]);
	struct fact b = world_block(4);
	model_fold(to, &b);
}

START_TEST(a_reset_forgets_and_order_of_facts_does_not_matter)
{
	char why[256] = "";
	struct model *other = model_new();
	struct fact reset = {.kind = FACT_RESET};
	fold_all(m, false);
	fold(world_order(7, 1, "z", SIDE_ASK, ORDER_OPEN, 100));
	ck_assert(!model_equal(m, other, why));
	fold(reset);
	ck_assert_msg(model_equal(m, other, why), "%s", why);
	ck_assert_ptr_null(model_head(m));
	fold_all(m, false);
	fold_all(other, true);
	ck_assert_msg(model_equal(m, other, why), "%s", why);
	struct fact changed = world_account(2, 21);
	model_fold(other, &changed);
	ck_assert(!model_equal(m, other, why));
	ck_assert_msg(strstr(why, "they differ"), "%s", why);
	model_free(other);
}
END_TEST

START_TEST(every_fold_is_a_generation)
{
	uint64_t before = model_generation(m);
	fold(world_block(1));
	ck_assert_uint_gt(model_generation(m), before);
	model_set_up(m, true);
	ck_assert(model_up(m));
	ck_assert_uint_ne(model_since_ms(m), 0);
}
END_TEST

START_TEST(uids_go_both_ways)
{
	uint32_t uid[] = {1000, 0}, found = 7;
	struct address a[] = {world_address(2), world_address(1)};
	model_uids(m, uid, a, 2);
	ck_assert(address_eq(model_address(m, 0), &a[1]));
	ck_assert(model_uid(m, &a[0], &found) && found == 1000);
	model_uids(m, uid, a, 1);
	ck_assert_ptr_null(model_address(m, 0));
	ck_assert(!model_uid(m, &a[1], &found));
}
END_TEST

START_TEST(names_come_from_passwd)
{
	struct names *t = names_new();
	char name[NAME_MAX_LEN + 1];
	uid_t uid = 5;
	names_load(t,
		"root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/:\nalso:x:1000:1000::/:\n77:x:9:9::/:\nbro ken:x:8:8\nshort:x\n");
	names_of(t, 1000, name);
	ck_assert_str_eq(name, "alice");
	names_of(t, 9, name);
	ck_assert_str_eq(name, "9");
	ck_assert(names_uid(t, "alice", &uid) && uid == 1000);
	ck_assert(names_uid(t, "8", &uid) && uid == 8);
	ck_assert(!names_uid(t, "1000", &uid)); /* it has a name */
	ck_assert(!names_uid(t, "nobody", &uid));
	names_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, book_is_best_first);
	tcase_add_test(t, an_order_that_changes_moves);
	tcase_add_test(t, a_name_is_its_newest_order);
	tcase_add_test(t, final_orders_are_bounded);
	tcase_add_test(t, events_are_bounded);
	tcase_add_test(t, lanes_are_found_by_height);
	tcase_add_test(t, a_lease_is_found_every_way);
	tcase_add_test(t, an_ended_lease_is_forgotten_after_a_day);
	tcase_add_test(t, escrow_is_what_is_locked);
	tcase_add_test(t, a_reset_forgets_and_order_of_facts_does_not_matter);
	tcase_add_test(t, every_fold_is_a_generation);
	tcase_add_test(t, uids_go_both_ways);
	tcase_add_test(t, names_come_from_passwd);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
