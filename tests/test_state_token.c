/* Child tokens: registered, converted, paid; every refusal; and the ends of the ranges.
 *
 * The recount of tests/books_recount.c runs after every round: supply is what is held and in flight, and the reserve covers it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define RICH (SUPPLY_BASE / 32)
enum { ALICE, BOB, CAROL, ACCOUNTS = 12, NOBODY = 100 };

static struct rig rig;

static void open_rig(void)
{
	rig_open(&rig, ACCOUNTS, RICH);
}

static void close_rig(void)
{
	rig_close(&rig);
}

static struct tx new_tx(uint32_t who, const char *symbol, uint64_t num, uint64_t den, uint8_t mode)
{
	struct tx tx = rig_tx(&rig, who, TX_TOKEN_NEW);
	struct tx_token_new *x = &tx.u.token_new;
	strcpy(x->symbol, symbol);
	x->decimals = 2;
	x->num = num;
	x->den = den;
	x->mode = mode;
	return tx;
}

static struct tx in_tx(uint32_t who, uint32_t token, uint64_t amount)
{
	struct tx tx = rig_tx(&rig, who, TX_TOKEN_IN);
	tx.u.token_in.token = token;
	tx.u.token_in.amount = money_of(amount);
	return tx;
}

static struct tx out_tx(uint32_t who, uint32_t token, uint64_t amount, uint32_t into)
{
	struct tx tx = rig_tx(&rig, who, TX_TOKEN_OUT);
	tx.u.token_out.token = token;
	tx.u.token_out.amount = money_of(amount);
	tx.u.token_out.into = into;
	return tx;
}

static struct tx pay_tx(uint32_t who, uint32_t to, uint32_t token, uint64_t amount)
{
	struct tx tx = rig_pay_tx(&rig, who, to, amount);
	tx.u.transfer.token = token;
	return tx;
}

static enum verdict settled(struct tx tx)
{
	enum verdict v = rig_do(&rig, &tx);
	rig_settle(&rig);
	return v == V_OK ? rig.last_verdict : v;
}

static uint32_t token_new(uint32_t who, const char *symbol, uint64_t num, uint64_t den, uint8_t mode)
{
	static uint32_t last;
	struct fact_token f;
	last = rig_token(&rig, 1, &f) ? last + 1 : 1;
	ck_assert_int_eq(settled(new_tx(who, symbol, num, den, mode)), V_OK);
	ck_assert(rig_token(&rig, last, &f));
	ck_assert_str_eq(f.symbol, symbol);
	return last;
}

static struct fact_token token_of(uint32_t token)
{
	struct fact_token f;
	ck_assert(rig_token(&rig, token, &f));
	return f;
}

static void check_token(uint32_t token, uint64_t supply, uint64_t reserve)
{
	ck_assert_uint_eq(money_base(token_of(token).supply), supply);
	ck_assert_uint_eq(money_base(token_of(token).reserve), reserve);
}

START_TEST(registration)
{
	uint32_t gold = token_new(ALICE, "GOLD", 3, 7, TOKEN_ISSUER);
	struct fact_token f = token_of(gold);
	struct address alice = rig_address(ALICE);
	ck_assert_uint_eq(gold, 1);
	ck_assert(address_eq(&f.issuer, &alice));
	ck_assert_uint_eq(f.num, 3);
	ck_assert_uint_eq(f.den, 7);
	ck_assert_uint_eq(f.decimals, 2);
	ck_assert_uint_eq(f.mode, TOKEN_ISSUER);
	check_token(gold, 0, 0);
	ck_assert_int_eq(settled(new_tx(BOB, "GOLD", 1, 1, TOKEN_OPEN)), V_NAME_TAKEN);
	ck_assert_uint_eq(token_new(BOB, "SILVER", 1, 1, TOKEN_OPEN), 2);
	rig_reload(&rig);
	ck_assert_int_eq(settled(new_tx(BOB, "SILVER", 1, 1, TOKEN_OPEN)), V_NAME_TAKEN);
	ck_assert_uint_eq(token_new(BOB, "TIN", 1, 1, TOKEN_OPEN), 3);
}
END_TEST

START_TEST(two_register_one_symbol)
{
	struct tx tx[2] = {new_tx(ALICE, "GOLD", 1, 2, TOKEN_OPEN), new_tx(BOB, "GOLD", 1, 3, TOKEN_OPEN)};
	enum verdict got[2];
	rig_many(&rig, tx, 2, got);
	ck_assert_int_eq(got[0], V_OK);
	ck_assert_int_eq(got[1], V_OK);
	rig_settle(&rig);
	struct fact_token f;
	ck_assert_uint_eq(token_of(1).den, 2); /* lane 1 comes first */
	ck_assert(!rig_token(&rig, 2, &f));
	ck_assert_int_eq(rig.last_verdict, V_NAME_TAKEN);
}
END_TEST

START_TEST(a_bad_definition)
{
	ck_assert_int_eq(settled(new_tx(ALICE, "GOLD", 0, 1, TOKEN_OPEN)), V_MALFORMED);
	ck_assert_int_eq(settled(new_tx(ALICE, "GOLD", 1, 0, TOKEN_OPEN)), V_MALFORMED);
	ck_assert_int_eq(settled(new_tx(ALICE, "ZNC", 1, 1, TOKEN_OPEN)), V_MALFORMED);
	ck_assert_int_eq(settled(new_tx(ALICE, "gold", 1, 1, TOKEN_OPEN)), V_MALFORMED);
	ck_assert_int_eq(settled(new_tx(ALICE, "GOLD", 1, 1, TOKEN_ISSUER + 1)), V_MALFORMED);
}
END_TEST

START_TEST(in_and_out_leave_dust_in_the_reserve)
{
	uint32_t gold = token_new(ALICE, "GOLD", 3, 7, TOKEN_OPEN); /* 7 ZNC units back 3 */
	struct tx tx = in_tx(ALICE, gold, 10);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 10);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 0);
	rig_round(&rig); /* chain 0 mints */
	check_token(gold, 4, 10);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 0);
	rig_reload(&rig); /* what travels is kept */
	rig_round(&rig);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 4);
	ck_assert_int_eq(settled(out_tx(ALICE, gold, 3, 0)), V_OK);
	check_token(gold, 1, 3);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 3);
	ck_assert_int_eq(settled(out_tx(ALICE, gold, 1, 0)), V_OK);
	check_token(gold, 0, 1);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 0);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 1);
}
END_TEST

START_TEST(one_step_into_another)
{
	uint32_t gold = token_new(ALICE, "GOLD", 3, 7, TOKEN_OPEN), tin = token_new(BOB, "TIN", 100, 3, TOKEN_OPEN);
	ck_assert_int_eq(settled(in_tx(CAROL, gold, 70)), V_OK);
	check_token(gold, 30, 70);
	ck_assert_int_eq(settled(out_tx(CAROL, gold, 10, tin)), V_OK); /* 23 ZNC, 766 of tin */
	check_token(gold, 20, 47);
	check_token(tin, 766, 23);
	ck_assert_uint_eq(rig_holding(&rig, CAROL, gold), 20);
	ck_assert_uint_eq(rig_holding(&rig, CAROL, tin), 766);
	ck_assert_uint_eq(rig_balance(&rig, CAROL), RICH - 70);
}
END_TEST

START_TEST(refusals_of_conversion)
{
	uint32_t gold = token_new(ALICE, "GOLD", 1, 1000, TOKEN_OPEN), own = token_new(ALICE, "OWN", 1, 1, TOKEN_ISSUER);
	ck_assert_int_eq(settled(in_tx(BOB, 3, 1000)), V_NO_TOKEN);
	ck_assert_int_eq(settled(in_tx(BOB, 0, 1000)), V_NO_TOKEN);
	ck_assert_int_eq(settled(in_tx(BOB, gold, 0)), V_OVERFLOW);
	ck_assert_int_eq(settled(in_tx(BOB, gold, 999)), V_OVERFLOW); /* would give nothing */
	ck_assert_int_eq(settled(in_tx(BOB, own, 5)), V_TOKEN_MODE);
	ck_assert_int_eq(settled(in_tx(BOB, gold, SUPPLY_BASE)), V_NO_FUNDS);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 1, 0)), V_NO_FUNDS);
	ck_assert_int_eq(settled(out_tx(BOB, 0, 1, gold)), V_NO_TOKEN);
	ck_assert_int_eq(settled(out_tx(BOB, 9, 1, 0)), V_NO_TOKEN);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 1, 9)), V_NO_TOKEN);
	ck_assert_int_eq(settled(in_tx(BOB, gold, 5000)), V_OK);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 1, gold)), V_NO_TOKEN);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 0, 0)), V_OVERFLOW);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 6, 0)), V_NO_FUNDS);
	ck_assert_int_eq(settled(out_tx(BOB, gold, 1, own)), V_TOKEN_MODE);
	ck_assert_int_eq(settled(in_tx(ALICE, own, 5000)), V_OK);
	ck_assert_int_eq(settled(pay_tx(ALICE, BOB, own, 5000)), V_OK);
	ck_assert_int_eq(settled(out_tx(BOB, own, 5000, 0)), V_TOKEN_MODE);
	ck_assert_int_eq(settled(out_tx(BOB, own, 5000, gold)), V_TOKEN_MODE);
	check_token(gold, 5, 5000);
	check_token(own, 5000, 5000);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH - 5000);
}
END_TEST

START_TEST(the_ends_of_the_ranges)
{
	uint32_t dense = token_new(ALICE, "DENSE", SUPPLY_BASE, 1, TOKEN_OPEN), most = token_new(ALICE, "MOST", UINT64_MAX, 1, TOKEN_OPEN);
	uint32_t same = token_new(ALICE, "SAME", UINT64_MAX, UINT64_MAX, TOKEN_OPEN);
	uint32_t thin = token_new(ALICE, "THIN", 1, UINT64_MAX, TOKEN_OPEN);
	ck_assert_int_eq(settled(in_tx(ALICE, most, 1)), V_OVERFLOW);
	ck_assert_int_eq(settled(in_tx(ALICE, thin, RICH)), V_OVERFLOW);
	ck_assert_int_eq(settled(in_tx(ALICE, dense, 2)), V_OVERFLOW);
	ck_assert_int_eq(settled(in_tx(ALICE, dense, 1)), V_OK);
	check_token(dense, SUPPLY_BASE, 1);
	ck_assert_int_eq(settled(in_tx(BOB, dense, 1)), V_OVERFLOW); /* chain 0 refuses, and the coin comes back */
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
	ck_assert_uint_eq(rig_holding(&rig, BOB, dense), 0);
	check_token(dense, SUPPLY_BASE, 1);
	ck_assert_int_eq(settled(out_tx(ALICE, dense, SUPPLY_BASE - 1, 0)), V_OVERFLOW); /* not worth a unit */
	ck_assert_int_eq(settled(in_tx(BOB, same, RICH)), V_OK);
	check_token(same, RICH, RICH);
	ck_assert_int_eq(settled(out_tx(BOB, same, 1, dense)), V_OVERFLOW); /* refused there: the tokens come back */
	ck_assert_uint_eq(rig_holding(&rig, BOB, same), RICH);
	check_token(same, RICH, RICH);
	ck_assert_int_eq(settled(out_tx(BOB, same, RICH, 0)), V_OK);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
	ck_assert_int_eq(settled(out_tx(ALICE, dense, SUPPLY_BASE, 0)), V_OK);
	check_token(dense, 0, 0);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH);
}
END_TEST

/* Everything into books of their own, with one byte of one record of this kind changed. */
struct copy { struct state *s; uint8_t kind; size_t at; bool good; };

static void copy_one(void *arg, struct slice key, struct slice value)
{
	struct copy *c = arg;
	uint8_t bytes[4096];
	ck_assert_uint_lt(value.len, sizeof bytes);
	memcpy(bytes, value.p, value.len);
	if (key.p[1] == c->kind)
		bytes[c->at] ^= 1;
	c->good = state_load(c->s, key, (struct slice){bytes, value.len}) && c->good;
}

static bool copy_loads(uint8_t kind, size_t at)
{
	struct copy c = {.kind = kind, .at = at, .good = true};
	ck_assert_int_eq(state_new(&rig.genesis, &c.s), V_OK);
	state_load_begin(c.s);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		state_genesis_records(rig.s, lane, copy_one, &c);
	bool good = c.good && state_load_end(c.s, rig.height, rig.time_ms);
	state_free(c.s);
	return good;
}

START_TEST(damaged_tokens_are_not_loaded)
{
	enum { SUPPLY_AT = 5 + 4 + 2 + 4 + 1 + 1 + 8 + 8 + 32 }; /* in the fact: head, number, "GOLD", decimals, mode, num, den, issuer */
	uint32_t gold = token_new(ALICE, "GOLD", 1, 1, TOKEN_OPEN);
	ck_assert_int_eq(settled(in_tx(ALICE, gold, 100)), V_OK);
	struct tx tx = pay_tx(ALICE, BOB, gold, 40);
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK); /* some travel */
	ck_assert(copy_loads(0, 0));
	ck_assert(!copy_loads(REC_HOLDING, 0));
	ck_assert(!copy_loads(REC_TOKEN, SUPPLY_AT));
	ck_assert(!copy_loads(REC_TOKEN, SUPPLY_AT + 8)); /* the reserve: coins that are not there */
}
END_TEST

START_TEST(payments)
{
	uint32_t gold = token_new(ALICE, "GOLD", 1, 1, TOKEN_OPEN);
	ck_assert_int_eq(settled(in_tx(ALICE, gold, 100)), V_OK);
	uint32_t pays = rig.pays;
	ck_assert_int_eq(settled(pay_tx(ALICE, BOB, gold, 30)), V_OK);
	ck_assert_uint_eq(rig.pays, pays + 2);
	ck_assert_int_eq(settled(pay_tx(ALICE, ALICE, gold, 70)), V_OK); /* all of it, to itself */
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 70);
	ck_assert_uint_eq(rig_holding(&rig, BOB, gold), 30);
	ck_assert_int_eq(settled(pay_tx(BOB, ALICE, gold, 31)), V_NO_FUNDS);
	ck_assert_int_eq(settled(pay_tx(CAROL, ALICE, gold, 1)), V_NO_FUNDS);
	ck_assert_int_eq(settled(pay_tx(BOB, ALICE, gold, 0)), V_OVERFLOW);
	ck_assert_int_eq(settled(pay_tx(BOB, ALICE, 2, 1)), V_NO_TOKEN);
	ck_assert_int_eq(settled(pay_tx(BOB, NOBODY, gold, 1)), V_NO_ACCOUNT);
	ck_assert_int_eq(settled(pay_tx(BOB, ALICE, gold, 30)), V_OK);
	ck_assert_uint_eq(rig_holding(&rig, BOB, gold), 0);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), RICH - 100);
	ck_assert_uint_eq(rig_balance(&rig, BOB), RICH);
}
END_TEST

START_TEST(a_batch_knows_tokens)
{
	static uint8_t buf[65536];
	uint32_t gold = token_new(ALICE, "GOLD", 1, 1, TOKEN_OPEN);
	ck_assert_int_eq(settled(in_tx(ALICE, gold, 100)), V_OK);
	struct tx part[3] = {pay_tx(ALICE, BOB, gold, 60), pay_tx(ALICE, CAROL, 0, 60), pay_tx(ALICE, CAROL, gold, 60)};
	ck_assert_int_eq(settled(rig_batch_tx(&rig, ALICE, part, 3, buf, sizeof buf)), V_BATCH_ABORTED);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 100);
	part[2].u.transfer.amount = money_of(40);
	ck_assert_int_eq(settled(rig_batch_tx(&rig, ALICE, part, 3, buf, sizeof buf)), V_OK);
	ck_assert_uint_eq(rig_holding(&rig, ALICE, gold), 0);
	ck_assert_uint_eq(rig_holding(&rig, BOB, gold), 60);
	ck_assert_uint_eq(rig_holding(&rig, CAROL, gold), 40);
	ck_assert_uint_eq(rig_balance(&rig, CAROL), RICH + 60);
}
END_TEST

static void add_tests(TCase *t)
{
	tcase_add_test(t, registration);
	tcase_add_test(t, two_register_one_symbol);
	tcase_add_test(t, a_bad_definition);
	tcase_add_test(t, in_and_out_leave_dust_in_the_reserve);
	tcase_add_test(t, one_step_into_another);
	tcase_add_test(t, refusals_of_conversion);
	tcase_add_test(t, the_ends_of_the_ranges);
	tcase_add_test(t, damaged_tokens_are_not_loaded);
	tcase_add_test(t, payments);
	tcase_add_test(t, a_batch_knows_tokens);
}

int main(void) { return rig_test_main("state_token", open_rig, close_rig, add_tests); }
