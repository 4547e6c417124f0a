/* Tokens, stakes, vesting and work units in the tree: who sees what, and that two models which differ by one unit are told apart.
 *
 * What each file says of the usual is in the transcript (test_tree.c). */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "tests/views_world.h"
#include "zfs-views/tree_priv.h"

START_TEST(what_is_not_vested_is_not_shown_as_spendable)
{
	struct fact f = world_account(2, 1000 * ZNC_BASE);
	f.u.account.vesting = (struct vesting){VEST_TEAM, money_of(800 * ZNC_BASE), model_head(v.model)->time_ms};
	model_fold(v.model, &f);
	ck_assert_str_eq(content("accounts/alice/balance", 1000), "400.00000000\n");
	const char *text = content("accounts/alice/balances", 1000);
	ck_assert_msg(strstr(text, " spendable=400.00000000 ") && strstr(text, " vesting=600.00000000 "), "%s", text);
	text = content("accounts/alice/vesting", 1000);
	ck_assert_msg(strstr(text, "\t200.00000000\tZNC\tteam\n"), "%s", text);
	f.u.account.vesting.start_ms -= 12 * VESTING_MONTH_MS; /* a year ago, to the millisecond */
	model_fold(v.model, &f);
	ck_assert_str_eq(content("accounts/alice/balance", 1000), "600.00000000\n");
}
END_TEST

/* Of an account that is elsewhere, what it staked and votes for is said and cannot be written. */
START_TEST(stake_and_votes_are_told)
{
	char address[ADDRESS_TEXT_MAX], path[128];
	struct address three = world_address(3);
	struct node n, dir;
	struct node_attr a;
	text_of_address(&three, address);
	static const struct { const char *file, *text; } told[] = {
	    {"stake", "staked 7.00000000\nunstaking 0.00000005\nfree_at 2018-12-02T10:00:00Z\n"}, {"votes", "1 40\n"},
	    {"delegate", "alice\n"}, {"deposit", "0.00001200\n"}, {"balance", "1.50000000\n"},
	    {"balances", "ZNC total=11.50001205 spendable=1.50000000 escrow=0.00000000 vesting=3.00000000 deposit=0.00001200 "
			 "staked=7.00000000 unstaking=0.00000005\nGOLD total=600.00\n"},
	    {"vesting", "#unlock\tamount\ttoken\tsource\n2019-12-01T15:49:12Z\t1.00000000\tZNC\tteam\n"
			"2020-11-30T21:38:24Z\t1.00000000\tZNC\tteam\n2021-12-01T03:27:36Z\t1.00000000\tZNC\tteam\n"}};
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		snprintf(path, sizeof path, "accounts/%s/%s", address, told[i].file);
		ck_assert_str_eq(content(path, 4711), told[i].text);
		ck_assert_int_eq(resolve(path, &n), 0);
		ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
		ck_assert(a.mode == (S_IFREG | 0444) && a.class == CLASS_TEXT);
	}
	snprintf(path, sizeof path, "accounts/%s", address);
	ck_assert_int_eq(resolve(path, &dir), 0);
	ck_assert_int_eq(tree_lookup(&v, 0, &dir, "ctl", &n), -ENOENT);
	ck_assert_int_eq(resolve("accounts/alice/votes", &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert(a.class == CLASS_VALUE && a.uid == 1000);
}
END_TEST

struct found { const char *name; bool is; };
static bool look_for(void *arg, const char *name, const struct node *n)
{
	struct found *f = arg;
	(void)n;
	f->is = f->is || strcmp(name, f->name) == 0;
	return true;
}

static bool lists(const struct node *dir, uid_t uid, const char *name)
{
	struct found f = {name, false};
	ck_assert_int_eq(tree_list(&v, uid, dir, look_for, &f), 0);
	return f.is;
}

START_TEST(a_token_that_is_not_issued_is_its_makers_alone)
{
	struct node tokens, draft, n;
	struct node_attr a;
	struct page out = {0};
	ck_assert_int_eq(resolve("tokens", &tokens), 0);
	ck_assert_int_eq(tree_lookup(&v, 1000, &tokens, "SILVER", &draft), 0);
	ck_assert_int_eq(tree_lookup(&v, 1000, &tokens, "SECRET", &n), -ENOENT);
	ck_assert_int_eq(tree_lookup(&v, 0, &tokens, "SILVER", &n), -ENOENT); /* not even root's */
	ck_assert(lists(&tokens, 1000, "SILVER") && !lists(&tokens, 1000, "SECRET") && !lists(&tokens, 0, "SILVER"));
	ck_assert(lists(&tokens, LOCAL_ANY, "SILVER") && lists(&tokens, LOCAL_ANY, "SECRET"));
	ck_assert_int_eq(local_token_make(v.local, 0, "SILVER"), 0); /* another one of that name */
	ck_assert_int_eq(tree_lookup(&v, 0, &tokens, "SILVER", &n), 0);
	ck_assert_uint_ne(tree_ino(&n), tree_ino(&draft));
	model_fold(v.model, &(struct fact){.kind = FACT_TOKEN, .u.token = {.token = 9, .symbol = "SILVER", .num = 1, .den = 1}});
	ck_assert_int_eq(tree_attr(&v, &draft, &a), -ENOENT);
	ck_assert_int_eq(tree_lookup(&v, 1000, &draft, "anchor", &n), -ENOENT);
	ck_assert_int_eq(tree_lookup(&v, 1000, &tokens, "SILVER", &n), 0);
	ck_assert(n.kind == N_TOKEN && lists(&tokens, 0, "SILVER"));
	ck_assert_str_eq(content("tokens/SILVER/holders", 0), "#account\tamount\n");
	struct fact reset = {.kind = FACT_RESET};
	model_fold(v.model, &reset);
	ck_assert_int_eq(tree_render(&v, 0, &n, &out), -EISDIR);
	ck_assert_int_eq(tree_attr(&v, &n, &a), -ENOENT);
	ck_assert_int_eq(resolve("tokens/GOLD", &n), -ENOENT);
}
END_TEST

START_TEST(models_differ_by_a_holding)
{
	struct model *other = model_new();
	char why[256] = "";
	struct fact token = {.kind = FACT_TOKEN, .u.token = {.token = 1, .symbol = "GOLD", .num = 1, .den = 1}};
	struct fact has = {.kind = FACT_HOLDING, .u.holding = {world_address(2), 1, money_of(5)}}, account = world_account(2, 1);
	struct model *m = model_new();
	struct model *both[] = {m, other};
	for (int i = 0; i < 2; i++) {
		model_fold(both[i], &account);
		model_fold(both[i], &token);
		model_fold(both[i], &has);
	}
	ck_assert_msg(model_equal(m, other, why), "%s", why);
	has.u.holding.amount = money_of(6);
	model_fold(other, &has);
	ck_assert(!model_equal(m, other, why) && strncmp(why, "holding", 7) == 0);
	has.u.holding.amount = money_of(0);
	model_fold(other, &has);
	ck_assert(!model_equal(m, other, why) && strncmp(why, "holding", 7) == 0);
	model_fold(m, &has);
	ck_assert(model_equal(m, other, why));
	token.u.token.supply = money_of(1);
	model_fold(m, &token);
	ck_assert(!model_equal(m, other, why) && strncmp(why, "token", 5) == 0);
	model_free(m);
	model_free(other);
}
END_TEST

static int cannot_say(void *arg, const struct address *account, struct wire_work *out)
{
	(void)arg, (void)account;
	*out = (struct wire_work){.found = false};
	return -EHOSTDOWN;
}

static int is_over(void *arg, const struct address *account, struct wire_work *out)
{
	(void)arg, (void)account;
	*out = (struct wire_work){true, 7, 5, 1000}; /* it sold its coins */
	return 0;
}

START_TEST(work_units_are_the_owners_and_of_now)
{
	struct fact elsewhere = world_account(7, 300000000);
	struct address seven = world_address(7);
	char address[ADDRESS_TEXT_MAX], path[128];
	struct page out = {0};
	struct node n;
	struct node_attr a;
	ck_assert_str_eq(content("accounts/alice/work", 1000), "used 3100\navailable 46900\ntotal 50000\nwindow_ms 3600000\n");
	ck_assert_str_eq(content("accounts/root/work", 0), "used 0\navailable max\ntotal max\nwindow_ms 86400000\n");
	ck_assert_int_eq(resolve("accounts/alice/work", &n), 0);
	ck_assert_int_eq(tree_attr(&v, &n, &a), 0);
	ck_assert(a.mode == (S_IFREG | 0400) && a.uid == 1000 && a.class == CLASS_TEXT);
	v.work = is_over;
	ck_assert_str_eq(content("accounts/alice/work", 1000), "used 7\navailable 0\ntotal 5\nwindow_ms 1000\n");
	v.work = cannot_say;
	ck_assert_int_eq(tree_render(&v, 1000, &n, &out), -EHOSTDOWN);
	v.work = NULL;
	ck_assert_int_eq(tree_render(&v, 1000, &n, &out), -EHOSTDOWN);
	ck_assert_uint_eq(out.len, 0);
	model_fold(v.model, &elsewhere);
	text_of_address(&seven, address);
	snprintf(path, sizeof path, "accounts/%s/work", address);
	ck_assert_int_eq(resolve(path, &n), -ENOENT);
	struct node then = {.kind = N_ACCOUNT, .uid = 1000, .at = 4};
	ck_assert(!tree_child_shown(&v, &then, N_WORK) && tree_child_shown(&v, &then, N_BALANCE));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree_money");
	TCase *t = tcase_create("money");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, world_make, world_drop);
	tcase_add_test(t, what_is_not_vested_is_not_shown_as_spendable);
	tcase_add_test(t, stake_and_votes_are_told);
	tcase_add_test(t, a_token_that_is_not_issued_is_its_makers_alone);
	tcase_add_test(t, models_differ_by_a_holding);
	tcase_add_test(t, work_units_are_the_owners_and_of_now);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
