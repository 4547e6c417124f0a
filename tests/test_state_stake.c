/* Coins at stake, votes and proxies.
 *
 * Every refusal has its case, every amount its edges. Accounts are spread over the nine lanes, so that a voter and its proxy are on
 * different ones. What the random walk finds is in test_stake_property.c. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_driver.h"

#define RICH 1000000000ULL
#define WEEK_MS (7ULL * 86400 * 1000)
enum { ALICE, BOB, CAROL, DAVE, ACCOUNTS = 20, NEWCOMER = 100 };

static struct rig rig;

static void open_rig(void) { rig_open(&rig, ACCOUNTS, RICH); }

static void close_rig(void) { rig_close(&rig); }

static struct fact_account told(uint32_t who)
{
	struct fact_account a;
	ck_assert(rig_account(&rig, who, &a));
	return a;
}

static uint64_t staked(uint32_t who) { return money_base(told(who).stake.staked); }

static uint64_t votes_of(uint16_t site) { return money_base(state_site_votes(rig.s, site)); }

static enum verdict amount_do(uint32_t who, uint8_t type, uint64_t amount)
{
	struct tx tx = rig_tx(&rig, who, type);
	tx.u.stake.amount = money_of(amount);
	return rig_do(&rig, &tx);
}

static enum verdict stake(uint32_t who, uint64_t amount) { return amount_do(who, TX_STAKE, amount); }

static enum verdict unstake(uint32_t who, uint64_t amount) { return amount_do(who, TX_UNSTAKE, amount); }

static struct tx vote_tx(uint32_t who, uint8_t n, const uint16_t *site)
{
	struct tx tx = rig_tx(&rig, who, TX_VOTE);
	tx.u.vote.n = n;
	for (size_t i = 0; i < n; i++)
		tx.u.vote.site[i] = site[i];
	return tx;
}

static enum verdict vote(uint32_t who, uint8_t n, const uint16_t *site)
{
	struct tx tx = vote_tx(who, n, site);
	return rig_do(&rig, &tx);
}

static struct tx proxy_tx(uint32_t who, uint32_t proxy)
{
	struct tx tx = rig_tx(&rig, who, TX_PROXY);
	if (proxy != who)
		tx.u.proxy.proxy = rig_address(proxy);
	return tx;
}

/* Itself: nobody any more. */
static enum verdict proxy(uint32_t who, uint32_t to)
{
	struct tx tx = proxy_tx(who, to);
	enum verdict v = rig_do(&rig, &tx);
	rig_settle(&rig);
	return v;
}

/* --- STAKE, UNSTAKE --- */

START_TEST(what_is_staked_is_not_spendable)
{
	ck_assert_int_eq(stake(ALICE, 400), V_OK);
	ck_assert_uint_eq(staked(ALICE), 400);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 400);
	ck_assert_int_eq(stake(ALICE, RICH - 400), V_OK);
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_FUNDS);
	rig_settle(&rig);
	rig_reload(&rig);
	ck_assert_uint_eq(staked(ALICE), RICH);
}
END_TEST

START_TEST(amounts_at_their_edges)
{
	static const uint64_t bad[] = {RICH + 1, SUPPLY_BASE - 1, SUPPLY_BASE};
	ck_assert_int_eq(stake(ALICE, 0), V_OVERFLOW);
	ck_assert_int_eq(unstake(ALICE, 0), V_OVERFLOW);
	ck_assert_int_eq(unstake(ALICE, 1), V_STAKE_SHORT);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(stake(ALICE, bad[i]), V_NO_FUNDS);
		ck_assert_int_eq(unstake(ALICE, bad[i]), V_STAKE_SHORT);
	}
	ck_assert_int_eq(stake(ALICE, 1), V_OK);
	ck_assert_int_eq(stake(ALICE, RICH - 1), V_OK);
	ck_assert_int_eq(stake(ALICE, 1), V_NO_FUNDS);
	ck_assert_int_eq(unstake(ALICE, RICH + 1), V_STAKE_SHORT);
	ck_assert_int_eq(unstake(ALICE, RICH), V_OK);
	ck_assert_uint_eq(staked(ALICE), 0);
	struct tx tx = rig_tx(&rig, BOB, TX_STAKE), again = tx;
	tx.u.stake.amount = again.u.stake.amount = money_of(5);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	again.nonce++;
	ck_assert_int_eq(rig_do(&rig, &again), V_DUPLICATE);
	ck_assert_uint_eq(staked(BOB), 5);
}
END_TEST

START_TEST(unstaked_coins_wait_a_week)
{
	ck_assert_int_eq(stake(ALICE, 1000), V_OK);
	ck_assert_int_eq(unstake(ALICE, 300), V_OK);
	uint64_t due = rig.time_ms + WEEK_MS;
	struct fact_account a = told(ALICE);
	ck_assert_uint_eq(money_base(a.stake.unstaking), 300);
	ck_assert_uint_eq(a.stake.unstake_ms, due);
	ck_assert_int_eq(unstake(ALICE, 1), V_BAD_STATE); /* one at a time */
	ck_assert_int_eq(stake(ALICE, 1), V_OK);          /* the other way is open */
	rig_settle(&rig);
	rig_reload(&rig);
	ck_assert_uint_eq(state_next_timer_ms(rig.s), due);
	rig.time_ms = due - 1 - rig.step_ms;
	rig_round(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 1001);
	rig.time_ms = due - rig.step_ms;
	rig_round(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 701);
	a = told(ALICE);
	ck_assert(money_is_zero(a.stake.unstaking) && a.stake.unstake_ms == 0);
	ck_assert_int_eq(unstake(ALICE, 701), V_OK);
	rig_pass(&rig, WEEK_MS);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
	a = told(ALICE);
	ck_assert(stake_is_none(&a.stake));
	ck_assert_uint_eq(state_next_timer_ms(rig.s), UINT64_MAX);
}
END_TEST

START_TEST(a_wait_of_no_time_is_a_round)
{
	rig_close(&rig);
	rig_prepare(&rig, 2, RICH);
	rig.genesis.unstake_s = 0;
	rig_begin(&rig);
	ck_assert_int_eq(stake(ALICE, 7), V_OK);
	ck_assert_int_eq(unstake(ALICE, 7), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 7);
	rig_round(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
}
END_TEST

/* --- VOTE --- */

START_TEST(a_stake_is_split_and_the_first_takes_the_rest)
{
	static const uint16_t five[] = {0, 1, 300, UINT16_MAX - 1, UINT16_MAX};
	ck_assert_int_eq(vote(ALICE, 5, five), V_STAKE_SHORT);
	ck_assert_int_eq(vote(ALICE, 0, five), V_OK); /* nothing to take back is fine */
	ck_assert_int_eq(stake(ALICE, 1004), V_OK);
	ck_assert_int_eq(vote(ALICE, 5, five), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(0), 204);
	for (int i = 1; i < 5; i++)
		ck_assert_uint_eq(votes_of(five[i]), 200);
	ck_assert_uint_eq(votes_of(2), 0);
	rig_reload(&rig);
	ck_assert_uint_eq(votes_of(0), 204);
	ck_assert_int_eq(unstake(ALICE, 1002), V_OK); /* two units for five: all to the first */
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(0), 2);
	ck_assert_uint_eq(votes_of(300), 0);
	ck_assert_int_eq(vote(ALICE, 1, five + 2), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(300), 2);
	ck_assert_uint_eq(votes_of(0), 0);
	ck_assert_int_eq(vote(ALICE, 0, five), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(300), 0);
	rig_reload(&rig);
}
END_TEST

START_TEST(votes_outlive_the_stake)
{
	static const uint16_t site[] = {9};
	ck_assert_int_eq(stake(ALICE, 10), V_OK);
	ck_assert_int_eq(vote(ALICE, 1, site), V_OK);
	ck_assert_int_eq(unstake(ALICE, 10), V_OK);
	rig_pass(&rig, WEEK_MS);
	ck_assert_uint_eq(votes_of(9), 0);
	ck_assert_int_eq(stake(ALICE, 4), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(9), 4);
}
END_TEST

/* --- PROXY --- */

static void three_stakes(void)
{
	static const uint16_t site[] = {1, 2};
	for (uint32_t i = ALICE; i <= DAVE; i++)
		ck_assert_int_eq(stake(i, 100 + i), V_OK);
	ck_assert_int_eq(vote(BOB, 2, site), V_OK);
	rig_settle(&rig);
}

START_TEST(a_proxy_votes_beside_its_own)
{
	static const uint16_t site[] = {7};
	three_stakes();
	ck_assert_int_eq(proxy(ALICE, BOB), V_OK);
	struct address bob = rig_address(BOB);
	struct fact_account a = told(ALICE);
	ck_assert(address_eq(&a.stake.proxy, &bob));
	ck_assert_uint_eq(votes_of(1), 101); /* 100 and 101: the first takes what is left over of the sum */
	ck_assert_uint_eq(votes_of(2), 100);
	ck_assert_int_eq(stake(ALICE, 9), V_OK);
	ck_assert_int_eq(proxy(CAROL, BOB), V_OK);
	ck_assert_uint_eq(votes_of(1) + votes_of(2), 109 + 101 + 102);
	ck_assert_int_eq(vote(ALICE, 1, site), V_OK); /* rests as long as another votes */
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(7), 0);
	rig_reload(&rig);
	ck_assert_int_eq(proxy(ALICE, ALICE), V_OK);
	ck_assert_uint_eq(votes_of(7), 109);
	ck_assert_uint_eq(votes_of(1) + votes_of(2), 101 + 102);
	a = told(ALICE);
	ck_assert(id_is_zero((const struct id *)&a.stake.proxy));
	ck_assert_int_eq(proxy(ALICE, ALICE), V_OK); /* nobody again */
	ck_assert_int_eq(proxy(CAROL, DAVE), V_OK);  /* from one to another */
	ck_assert_uint_eq(votes_of(1) + votes_of(2), 101);
	ck_assert_int_eq(vote(DAVE, 1, site), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(7), 109 + 102 + 103);
	ck_assert_int_eq(unstake(CAROL, 102), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(votes_of(7), 109 + 103);
	rig_reload(&rig);
}
END_TEST

START_TEST(proxies_are_one_deep)
{
	three_stakes();
	struct tx tx = rig_tx(&rig, ALICE, TX_PROXY);
	tx.u.proxy.proxy = rig_address(ALICE);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_PROXY);
	ck_assert_int_eq(proxy(ALICE, NEWCOMER), V_NO_ACCOUNT);
	ck_assert_int_eq(proxy(ACCOUNTS - 1, BOB), V_STAKE_SHORT);
	ck_assert_int_eq(proxy(ALICE, BOB), V_OK);
	ck_assert_int_eq(proxy(BOB, CAROL), V_BAD_PROXY); /* who is one has none */
	ck_assert_int_eq(proxy(BOB, ALICE), V_BAD_PROXY);
	ck_assert_int_eq(proxy(CAROL, ALICE), V_BAD_PROXY); /* who has one is none */
	ck_assert_int_eq(proxy(ALICE, ALICE), V_OK);
	ck_assert_int_eq(proxy(BOB, CAROL), V_OK);
	ck_assert_int_eq(proxy(ALICE, BOB), V_BAD_PROXY);
}
END_TEST

/* Both ask in one round, each seeing the other free: chain 0 takes one after the other, and the last is told. */
START_TEST(a_circle_in_one_round_is_cut)
{
	three_stakes();
	struct tx tx[3] = {proxy_tx(ALICE, BOB), proxy_tx(BOB, CAROL), proxy_tx(CAROL, ALICE)};
	enum verdict got[3];
	static const struct address nobody;
	rig_many(&rig, tx, 3, got);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(got[i], V_OK);
	rig_settle(&rig);
	int set = 0;
	for (uint32_t i = ALICE; i <= CAROL; i++)
		set += !address_eq(&(struct address[]){told(i).stake.proxy}[0], &nobody);
	ck_assert_int_eq(set, 1);
	ck_assert_int_eq(rig.last_verdict, V_BAD_PROXY);
	rig_reload(&rig);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, what_is_staked_is_not_spendable);
	tcase_add_test(t, amounts_at_their_edges);
	tcase_add_test(t, unstaked_coins_wait_a_week);
	tcase_add_test(t, a_wait_of_no_time_is_a_round);
	tcase_add_test(t, a_stake_is_split_and_the_first_takes_the_rest);
	tcase_add_test(t, votes_outlive_the_stake);
	tcase_add_test(t, a_proxy_votes_beside_its_own);
	tcase_add_test(t, proxies_are_one_deep);
	tcase_add_test(t, a_circle_in_one_round_is_cut);
}

int main(void) { return rig_test_main("state_stake", open_rig, close_rig, add_tests); }
