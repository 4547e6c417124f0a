/* Accounts: keys that change under an address that stays, coins that are not vested yet, and how small an account is.
 *
 * Every refusal has its case. Does not stake, but to show that what is locked cannot be. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define RICH 1000000000ULL
enum { ALICE, BOB, CAROL, DAVE, ACCOUNTS = 20, OTHER_KEY = 200 };

static struct rig rig;

static void open_rig(void) { rig_open(&rig, ACCOUNTS, RICH); }

static void close_rig(void) { rig_close(&rig); }

static struct fact_account told(uint32_t who)
{
	struct fact_account a;
	ck_assert(rig_account(&rig, who, &a));
	return a;
}

/* --- SET_AUTH --- */

static void sign_with(struct tx *tx, const uint32_t *key, uint8_t n)
{
	tx->nsig = n;
	for (size_t i = 0; i < n; i++)
		rig_pk(key[i], tx->sig[i].pk);
}

static struct auth auth_of(uint8_t threshold, uint32_t first, uint8_t n)
{
	struct auth a = {.threshold = threshold, .n = n};
	for (uint8_t i = 0; i < n; i++) {
		rig_pk(first + i, a.key[i].pk);
		a.key[i].weight = 1;
	}
	return a;
}

static struct tx set_auth_tx(uint32_t who, struct auth auth)
{
	struct tx tx = rig_tx(&rig, who, TX_SET_AUTH);
	tx.u.set_auth.auth = auth;
	return tx;
}

START_TEST(keys_change_and_the_address_stays)
{
	static const uint32_t two[] = {OTHER_KEY, OTHER_KEY + 2};
	struct tx tx = set_auth_tx(ALICE, auth_of(2, OTHER_KEY, 3));
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct fact_account a = told(ALICE); /* by the old address */
	ck_assert(a.threshold == 2 && a.keys == 3);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, two, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, two, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_reload(&rig); /* the record's key is the address, its keys are not */
	tx = rig_pay_tx(&rig, BOB, ALICE, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
	tx = rig_tx(&rig, BOB, TX_OPEN); /* the address of the old keys is not free again */
	tx.u.open.auth = rig_auth(ALICE);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NAME_TAKEN);
}
END_TEST

START_TEST(keys_change_only_with_the_old_threshold)
{
	static const uint32_t old[] = {OTHER_KEY, OTHER_KEY + 1}, twice[] = {OTHER_KEY, OTHER_KEY}, strange[] = {OTHER_KEY, BOB};
	struct tx tx = set_auth_tx(ALICE, auth_of(2, OTHER_KEY, 2));
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = set_auth_tx(ALICE, rig_auth(ALICE));
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE); /* with the key that it is to have */
	sign_with(&tx, old, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, twice, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, strange, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, old, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
}
END_TEST

START_TEST(weights_count)
{
	static const uint32_t heavy[] = {OTHER_KEY}, light[] = {OTHER_KEY + 1, OTHER_KEY + 2}, mixed[] = {OTHER_KEY + 1, OTHER_KEY};
	struct auth auth = auth_of(200, OTHER_KEY, 3);
	auth.key[0].weight = 200;
	auth.key[1].weight = 99;
	auth.key[2].weight = 100;
	struct tx tx = set_auth_tx(ALICE, auth);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	sign_with(&tx, light, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_SIGNATURE);
	sign_with(&tx, heavy, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	sign_with(&tx, mixed, 2);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	auth.key[1].weight = auth.key[2].weight = auth.key[0].weight = 255; /* 16 of 255 each do not wrap */
	tx = set_auth_tx(ALICE, auth);
	sign_with(&tx, heavy, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = set_auth_tx(BOB, auth_of(1, OTHER_KEY, 1));
	memset(tx.u.set_auth.auth.key[0].pk, 0, 32);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_KEY);
	tx = rig_pay_tx(&rig, BOB, ALICE, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK); /* refused: the old key is still his */
}
END_TEST

START_TEST(behind_a_change_only_new_keys_sign)
{
	static const uint32_t fresh[] = {OTHER_KEY};
	struct tx tx[2] = {set_auth_tx(ALICE, auth_of(1, OTHER_KEY, 1)), rig_pay_tx(&rig, ALICE, BOB, 1)};
	enum verdict got[2];
	tx[1].nonce++;
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_BAD_SIGNATURE);
	tx[0] = set_auth_tx(ALICE, auth_of(1, OTHER_KEY, 2));
	sign_with(&tx[0], fresh, 1);
	tx[1] = rig_pay_tx(&rig, ALICE, BOB, 2);
	sign_with(&tx[1], fresh, 1);
	tx[1].nonce++;
	rig_many(&rig, tx, 2, got); /* a key that stays signs on */
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_OK);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 2);
}
END_TEST

/* --- vesting --- */

static void give(uint32_t who, uint8_t schedule, uint64_t amount, uint64_t discounted)
{
	struct genesis_account *a = &rig.genesis.account[who];
	a->schedule = schedule;
	a->amount = money_of(amount);
	a->discounted = money_of(discounted);
}

static void open_vested(void)
{
	rig_prepare(&rig, ACCOUNTS, 0);
	give(ALICE, VEST_ANGEL, 1000, 0);
	give(BOB, VEST_PUBLIC, 1000, 600);
	give(CAROL, VEST_TEAM, 1000, 0);
	give(DAVE, VEST_RESERVE, 1000, 0);
	rig_begin(&rig);
}

static enum verdict pay(uint32_t who, uint64_t amount)
{
	struct tx tx = rig_pay_tx(&rig, who, 10, amount);
	enum verdict v = rig_do(&rig, &tx);
	rig_settle(&rig);
	return v;
}

static enum verdict stake(uint32_t who, uint64_t amount)
{
	struct tx tx = rig_tx(&rig, who, TX_STAKE);
	tx.u.stake.amount = money_of(amount);
	return rig_do(&rig, &tx);
}

/* What may be spent is what the schedule says and not a unit more, for every way to spend. */
static void spends_exactly(uint32_t who, uint64_t free_now)
{
	ck_assert_int_eq(pay(who, free_now + 1), free_now == rig_balance(&rig, who) ? V_NO_FUNDS : V_UNVESTED);
	ck_assert_int_eq(stake(who, free_now + 1), free_now == rig_balance(&rig, who) ? V_NO_FUNDS : V_UNVESTED);
	if (free_now)
		ck_assert_int_eq(pay(who, free_now), V_OK);
}

static void at_month(uint64_t month, int64_t off_ms)
{
	rig.time_ms = rig.genesis.time_ms + month * VESTING_MONTH_MS - rig.step_ms + (uint64_t)off_ms;
}

START_TEST(unvested_coins_stay)
{
	spends_exactly(ALICE, 0);
	spends_exactly(BOB, 400);
	spends_exactly(CAROL, 250);
	spends_exactly(DAVE, 0);
	ck_assert_int_eq(pay(ALICE, 1001), V_NO_FUNDS);
	at_month(6, -1);
	ck_assert_int_eq(pay(ALICE, 1), V_UNVESTED);
	at_month(6, 0);
	ck_assert_int_eq(pay(ALICE, 400), V_OK);
	rig_reload(&rig);
	spends_exactly(ALICE, 0);
	spends_exactly(BOB, 240);
	at_month(7, 0);
	spends_exactly(ALICE, 100);
	at_month(12, -1);
	ck_assert_int_eq(pay(ALICE, 401), V_UNVESTED);
	ck_assert_int_eq(pay(ALICE, 400), V_OK);
	at_month(12, 0);
	spends_exactly(CAROL, 250);
	spends_exactly(BOB, 360);
	ck_assert_int_eq(pay(ALICE, 100), V_OK);
	at_month(400, 0);
	spends_exactly(CAROL, 500);
	spends_exactly(DAVE, 0);
	ck_assert_uint_eq(rig_balance(&rig, DAVE), 1000);
}
END_TEST

/* Who received coins may spend those: the schedule locks an amount, not particular coins. */
START_TEST(received_coins_are_free)
{
	struct tx tx = rig_pay_tx(&rig, BOB, ALICE, 50);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	spends_exactly(ALICE, 50);
	ck_assert_int_eq(stake(ALICE, 1), V_UNVESTED);
	struct fact_account a = told(ALICE);
	ck_assert_int_eq(a.vesting.type, VEST_ANGEL);
	ck_assert_uint_eq(money_base(a.vesting.total), 1000);
	ck_assert_uint_eq(a.vesting.start_ms, rig.genesis.time_ms);
}
END_TEST

START_TEST(a_batch_cannot_reach_them_either)
{
	static uint8_t buf[4096];
	struct tx part[2] = {rig_pay_tx(&rig, BOB, 10, 300), rig_pay_tx(&rig, BOB, 11, 101)};
	struct tx tx = rig_batch_tx(&rig, BOB, part, 2, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BATCH_ABORTED);
	part[1].u.transfer.amount = money_of(100);
	tx = rig_batch_tx(&rig, BOB, part, 2, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_bid_tx(&rig, BOB, 1, 10000, 60);
	tx.u.bid.escrow = money_of(600);
	ck_assert_int_eq(rig_do(&rig, &tx), V_UNVESTED);
}
END_TEST

/* --- memory --- */

START_TEST(an_ordinary_account_is_small)
{
	struct bytes out = {0};
	struct address a = rig_address(ALICE);
	ck_assert(record_value(&rig.s->part[1], REC_ACCOUNT, a.b, sizeof a, &out));
	ck_assert_uint_le(out.len, 130);
	free(out.p);
	size_t each = sizeof(struct account) + sizeof(struct home) + 4 * 16; /* and what malloc and the tables add */
	ck_assert_uint_le(each * 1000000, 1u << 30);
}
END_TEST

START_TEST(staked_coins_earn_work)
{
	struct address a = rig_address(BOB);
	ck_assert_uint_eq(account_weight(account_find(&rig.s->part[2], &a)), 0);
	ck_assert_int_eq(stake(BOB, 300), V_OK);
	ck_assert_uint_eq(account_weight(account_find(&rig.s->part[2], &a)), 300);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_account");
	TCase *t = tcase_create("keys"), *v = tcase_create("vesting");
	tcase_add_checked_fixture(t, open_rig, close_rig);
	tcase_add_checked_fixture(v, open_vested, close_rig);
	tcase_set_timeout(t, 60);
	tcase_set_timeout(v, 60);
	tcase_add_test(t, keys_change_and_the_address_stays);
	tcase_add_test(t, keys_change_only_with_the_old_threshold);
	tcase_add_test(t, weights_count);
	tcase_add_test(t, behind_a_change_only_new_keys_sign);
	tcase_add_test(t, an_ordinary_account_is_small);
	tcase_add_test(v, unvested_coins_stay);
	tcase_add_test(v, received_coins_are_free);
	tcase_add_test(v, a_batch_cannot_reach_them_either);
	tcase_add_test(v, staked_coins_earn_work);
	suite_add_tcase(s, t);
	suite_add_tcase(s, v);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
