/* Money between accounts, new accounts, command ids, batches and bad input at home.
 *
 * Every refusal of admission has its case. Accounts are spread over the nine lanes, so that a payment to the next one crosses
 * lanes. Does not touch orders or leases. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/crypto/hash.h"
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define RICH 1000000000ULL
enum { ALICE, BOB, ACCOUNTS = 20, NEWCOMER = 100 };

static struct rig rig;

static void open_rig(void)
{
	rig_open(&rig, ACCOUNTS, RICH);
}

static void close_rig(void)
{
	rig_close(&rig);
}

START_TEST(a_transfer_lands_one_round_later)
{
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 5);
	strcpy(tx.u.transfer.memo, "tea");
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 5);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
	ck_assert(state_work_waiting(rig.s));
	rig_round(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH + 5);
	ck_assert(!state_work_waiting(rig.s));
}
END_TEST

START_TEST(a_lane_pays_itself_by_receipt_too)
{
	struct tx tx = rig_pay_tx(&rig, ALICE, ALICE + LANES, 7);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_pay_tx(&rig, ALICE, ALICE, 9);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 7);
	ck_assert_uint_eq(rig_balance(&rig, ALICE + LANES), RICH + 7);
}
END_TEST

START_TEST(homes_are_spread)
{
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct fact_account a;
		ck_assert(rig_account(&rig, i, &a));
		ck_assert_uint_eq(a.lane, 1 + i % LANES);
	}
}
END_TEST

START_TEST(open_goes_to_the_emptiest_lane)
{
	struct tx tx = rig_tx(&rig, ALICE, TX_OPEN);
	tx.u.open.auth = rig_auth(NEWCOMER);
	tx.u.open.amount = money_of(50);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	struct fact_account a;
	ck_assert(rig_account(&rig, NEWCOMER, &a));
	ck_assert_uint_eq(a.lane, 1 + ACCOUNTS % LANES); /* lanes 1 and 2 have one more */
	ck_assert_uint_eq(money_base(a.balance), 50);
	tx = rig_tx(&rig, ALICE, TX_OPEN);
	tx.u.open.auth = rig_auth(NEWCOMER);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NAME_TAKEN);
	tx = rig_pay_tx(&rig, NEWCOMER, BOB, 50);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH + 50);
}
END_TEST

START_TEST(two_open_the_same_account)
{
	struct tx tx[2] = {rig_tx(&rig, ALICE, TX_OPEN), rig_tx(&rig, BOB, TX_OPEN)};
	enum verdict got[2];
	for (int i = 0; i < 2; i++) {
		tx[i].u.open.auth = rig_auth(NEWCOMER);
		tx[i].u.open.amount = money_of(10);
	}
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, NEWCOMER), 10);
	ck_assert_uint_eq(rig_balance(&rig, ALICE) + rig_balance(&rig, BOB), 2 * RICH - 10);
	ck_assert_int_eq(rig.last_verdict, V_NAME_TAKEN);
}
END_TEST

START_TEST(a_failure_burns_the_nonce_and_nothing_else)
{
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, RICH + 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_FUNDS);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_NONCE);
	struct tx again = rig_pay_tx(&rig, ALICE, BOB, 1);
	again.u.transfer.cid = tx.u.transfer.cid; /* a failed command may be tried again */
	ck_assert_int_eq(rig_do(&rig, &again), V_OK);
}
END_TEST

/* What its own round has made inadmissible is in the block all the same: it can never come again. */
START_TEST(what_is_refused_at_its_turn_burns_its_nonce)
{
	struct fact_account a;
	struct id txid = {{7}};
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 5);
	uint8_t lane = 255;
	ck_assert(rig_account(&rig, ALICE, &a));
	ck_assert_int_eq(state_refuse(rig.s, a.lane, &tx, &txid, V_BAD_SIGNATURE), V_BAD_SIGNATURE);
	ck_assert_int_eq(state_admit(rig.s, &tx, rig.height, &lane), V_BAD_NONCE);
	tx.nonce++;
	ck_assert_int_eq(state_admit(rig.s, &tx, rig.height, &lane), V_OK);
	tx.nonce += 5; /* not the account's any more: nothing to burn */
	state_refuse(rig.s, a.lane, &tx, &txid, V_MOVING);
	tx.nonce -= 5;
	ck_assert_int_eq(state_admit(rig.s, &tx, rig.height, &lane), V_OK);
	ck_assert_int_eq(state_admit_behind(rig.s, &tx, rig.height, 1, &lane), V_BAD_NONCE);
	tx.nonce++;
	ck_assert_int_eq(state_admit_behind(rig.s, &tx, rig.height, 1, &lane), V_OK);

}
END_TEST

START_TEST(a_command_is_carried_out_once_a_day)
{
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 1), again;
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	again = rig_pay_tx(&rig, ALICE, BOB, 1);
	again.u.transfer.cid = tx.u.transfer.cid;
	ck_assert_int_eq(rig_do(&rig, &again), V_DUPLICATE);
	rig_reload(&rig);
	again.nonce++;
	ck_assert_int_eq(rig_do(&rig, &again), V_DUPLICATE);
	rig.time_ms += CID_KEEP_MS;
	again.nonce++;
	ck_assert_int_eq(rig_do(&rig, &again), V_OK);
	struct tx other = rig_pay_tx(&rig, BOB, ALICE, 1);
	other.u.transfer.cid = tx.u.transfer.cid; /* another account's ids are its own */
	ck_assert_int_eq(rig_do(&rig, &other), V_OK);
}
END_TEST

START_TEST(admission)
{
	uint8_t lane;
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 1), bad = tx;
	ck_assert_int_eq(state_admit(rig.s, &tx, 1, &lane), V_OK);
	ck_assert_uint_eq(lane, 1);
	bad.type = 0x7f;
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_UNKNOWN_TYPE);
	bad = tx;
	bad.chain_id++;
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_WRONG_CHAIN);
	bad = tx;
	bad.valid_until = 4;
	ck_assert_int_eq(state_admit(rig.s, &bad, 4, &lane), V_OK);
	ck_assert_int_eq(state_admit(rig.s, &bad, 5, &lane), V_EXPIRED);
	bad = tx;
	bad.scope.b[0] = 1;
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_MALFORMED);
	bad = tx;
	bad.sender = rig_address(NEWCOMER);
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_NO_ACCOUNT);
	bad = tx;
	bad.nonce++;
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_BAD_NONCE);
	bad = tx;
	rig_pk(BOB, bad.sig[0].pk);
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_BAD_SIGNATURE);
	bad = tx;
	bad.nsig = 0;
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_BAD_SIGNATURE);
	bad = tx;
	bad.nsig = 2;
	bad.sig[1] = bad.sig[0];
	ck_assert_int_eq(state_admit(rig.s, &bad, 1, &lane), V_BAD_SIGNATURE);
}
END_TEST

START_TEST(refusals)
{
	struct tx tx = rig_pay_tx(&rig, ALICE, NEWCOMER, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_ACCOUNT);
	tx = rig_pay_tx(&rig, ALICE, BOB, 0);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OVERFLOW);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	tx.u.transfer.token = 3;
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_TOKEN);
	tx = rig_tx(&rig, ALICE, TX_SET_KEY);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BAD_KEY);
	tx = rig_tx(&rig, ALICE, TX_SET_KEY);
	tx.u.set_key.x25519[5] = 9;
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	struct fact_account a;
	ck_assert(rig_account(&rig, ALICE, &a));
	ck_assert_uint_eq(a.x25519[5], 9);
}
END_TEST

START_TEST(two_of_three_keys)
{
	struct auth auth = {.threshold = 2, .n = 3};
	for (uint32_t i = 0; i < 3; i++) {
		rig_pk(1000 + i, auth.key[i].pk);
		auth.key[i].weight = 1;
	}
	struct tx tx = rig_tx(&rig, ALICE, TX_OPEN);
	tx.u.open.auth = auth;
	tx.u.open.amount = money_of(10);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	uint8_t lane, buf[256];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	auth_put(&w, &auth);
	struct tx send = rig_pay_tx(&rig, ALICE, BOB, 1);
	struct id h = hash_of("zeus/addr", buf, w.len);
	memcpy(send.sender.b, h.b, 32);
	send.nonce = 0;
	rig_pk(1000, send.sig[0].pk);
	ck_assert_int_eq(state_admit(rig.s, &send, 1, &lane), V_BAD_SIGNATURE);
	send.nsig = 2;
	rig_pk(1002, send.sig[1].pk);
	ck_assert_int_eq(rig_do(&rig, &send), V_OK);
}
END_TEST

START_TEST(a_batch_is_all_or_nothing)
{
	static uint8_t buf[65536];
	struct tx part[3] = {rig_pay_tx(&rig, ALICE, BOB, RICH / 2), rig_pay_tx(&rig, ALICE, 2, RICH / 2), rig_pay_tx(&rig, ALICE, 3, 1)};
	struct tx tx = rig_batch_tx(&rig, ALICE, part, 3, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BATCH_ABORTED);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
	tx = rig_batch_tx(&rig, ALICE, part, 2, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), 0);
	ck_assert_uint_eq(rig_balance(&rig, 2), RICH + RICH / 2);
	part[1] = part[0] = rig_pay_tx(&rig, BOB, ALICE, 1); /* one cid twice */
	tx = rig_batch_tx(&rig, BOB, part, 2, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BATCH_ABORTED);
	part[0] = rig_tx(&rig, BOB, TX_SET_KEY);
	tx = rig_batch_tx(&rig, BOB, part, 1, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
	tx = rig_batch_tx(&rig, BOB, part, 0, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_MALFORMED);
}
END_TEST

START_TEST(an_outbox_has_a_bound)
{
	static uint8_t buf[TX_BATCH_BODY_MAX];
	static struct tx part[TX_BATCH_OPS_MAX];
	struct tx tx[2];
	enum verdict got[2];
	for (uint32_t i = 0; i < TX_BATCH_OPS_MAX; i++)
		part[i] = rig_pay_tx(&rig, ALICE, BOB, 1);
	tx[0] = rig_batch_tx(&rig, ALICE, part, TX_BATCH_OPS_MAX, buf, sizeof buf);
	tx[1] = rig_pay_tx(&rig, ALICE, BOB, 1);
	tx[1].nonce++;
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_BUSY);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH + TX_BATCH_OPS_MAX);
}
END_TEST

/* Nothing is wrong with it: the same commands are carried out in another round. */
START_TEST(a_batch_without_room_may_come_again)
{
	static uint8_t buf[TX_BATCH_BODY_MAX], more[256];
	static struct tx part[TX_BATCH_OPS_MAX];
	struct tx tx[2], late = rig_pay_tx(&rig, ALICE, BOB, 1);
	enum verdict got[2];
	for (uint32_t i = 0; i < TX_BATCH_OPS_MAX; i++)
		part[i] = rig_pay_tx(&rig, ALICE, BOB, 1);
	tx[0] = rig_batch_tx(&rig, ALICE, part, TX_BATCH_OPS_MAX, buf, sizeof buf);
	tx[1] = rig_batch_tx(&rig, ALICE, &late, 1, more, sizeof more);
	tx[1].nonce++;
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_BUSY);
	tx[1].nonce++;
	ck_assert_int_eq(rig_do(&rig, &tx[1]), V_OK);
	rig_settle(&rig);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH + TX_BATCH_OPS_MAX + 1);
}
END_TEST

static struct account *account_of(uint32_t who)
{
	struct address a = rig_address(who);
	return account_find(&rig.s->part[home_of(rig.s, &a)], &a);
}

START_TEST(command_ids_of_a_day_are_bounded)
{
	static uint8_t buf[4096];
	struct tx tx = rig_pay_tx(&rig, ALICE, BOB, 1), part[2] = {rig_pay_tx(&rig, ALICE, BOB, 1), rig_pay_tx(&rig, ALICE, BOB, 1)};
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	ck_assert_uint_eq(account_of(ALICE)->cids, 1);
	tx = rig_pay_tx(&rig, ALICE, BOB, RICH);
	ck_assert_int_eq(rig_do(&rig, &tx), V_NO_FUNDS);
	ck_assert_uint_eq(account_of(ALICE)->cids, 1); /* what was not done may come again */
	account_of(ALICE)->cids = CIDS_PER_ACCOUNT - 1;
	tx = rig_batch_tx(&rig, ALICE, part, 2, buf, sizeof buf);
	ck_assert_int_eq(rig_do(&rig, &tx), V_BATCH_ABORTED);
	ck_assert_uint_eq(account_of(ALICE)->cids, CIDS_PER_ACCOUNT - 1);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_TOO_MANY);
	tx = rig_pay_tx(&rig, BOB, ALICE, 1); /* each for himself */
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_reload(&rig); /* counted anew */
	ck_assert_uint_eq(account_of(ALICE)->cids, 2);
	rig_pass(&rig, CID_KEEP_MS);
	rig_round(&rig);
	ck_assert_uint_eq(account_of(ALICE)->cids, 0);
	tx = rig_pay_tx(&rig, ALICE, BOB, 1);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, a_transfer_lands_one_round_later);
	tcase_add_test(t, a_batch_without_room_may_come_again);
	tcase_add_test(t, command_ids_of_a_day_are_bounded);
	tcase_add_test(t, a_lane_pays_itself_by_receipt_too);
	tcase_add_test(t, homes_are_spread);
	tcase_add_test(t, open_goes_to_the_emptiest_lane);
	tcase_add_test(t, two_open_the_same_account);
	tcase_add_test(t, a_failure_burns_the_nonce_and_nothing_else);
	tcase_add_test(t, what_is_refused_at_its_turn_burns_its_nonce);
	tcase_add_test(t, a_command_is_carried_out_once_a_day);
	tcase_add_test(t, admission);
	tcase_add_test(t, refusals);
	tcase_add_test(t, two_of_three_keys);
	tcase_add_test(t, a_batch_is_all_or_nothing);
	tcase_add_test(t, an_outbox_has_a_bound);
}

int main(void) { return rig_test_main("state_transfer", open_rig, close_rig, add_tests); }
