/* Every amount that a transaction names, at 0, 1, what there is, one more, and the largest numbers beside their neighbours.
 *
 * What is accepted takes exactly what it says, what is refused takes nothing; the driver counts all money after every round. What must be
 * is worked out here, in 128 bits. Arithmetic itself is tests/soak/arithmetic.c's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define HAVE 1000000007ULL
#define HELD 1000ULL /* staked, and of a token */
#define TOKEN 1
enum { ALICE, BOB, SELLER, ACCOUNTS, NEWCOMER = 100 };

typedef unsigned __int128 wide;
static struct rig rig;

static void do_ok(struct tx tx)
{
	ck_assert_int_eq(rig_do(&rig, &tx), V_OK);
	rig_settle(&rig);
}

static struct tx amount_tx(uint8_t type, uint64_t v)
{
	struct tx tx = rig_tx(&rig, ALICE, type);
	if (type == TX_OPEN) {
		tx.u.open.auth = rig_auth(NEWCOMER);
		tx.u.open.amount = money_of(v);
	} else if (type == TX_TOKEN_IN) {
		tx.u.token_in.token = TOKEN;
		tx.u.token_in.amount = money_of(v);
	} else if (type == TX_TOKEN_OUT) {
		tx.u.token_out.token = TOKEN;
		tx.u.token_out.amount = money_of(v);
	} else {
		tx.u.stake.amount = money_of(v);
	}
	return tx;
}

static struct tx token_new_tx(uint64_t num, uint64_t den)
{
	struct tx tx = rig_tx(&rig, ALICE, TX_TOKEN_NEW);
	strcpy(tx.u.token_new.symbol, "TOK");
	tx.u.token_new.num = num;
	tx.u.token_new.den = den;
	return tx;
}

static void begin(void)
{
	rig_prepare(&rig, ACCOUNTS, HAVE);
	rig.genesis.symbol[0].tick = price_of(1);
	rig_begin(&rig);
	do_ok(token_new_tx(1, 1));
	do_ok(amount_tx(TX_TOKEN_IN, HELD));
	do_ok(amount_tx(TX_STAKE, HELD));
	do_ok(rig_node_tx(&rig, SELLER, 8));
}

/* A field: the transaction that has v in it, the least and the most that is good, and what of v leaves the balance (0: nothing). */
struct field { const char *name; uint32_t who; struct tx (*make)(uint64_t v); uint64_t least, most; bool leaves; };

static struct tx pay_znc(uint64_t v) { return rig_pay_tx(&rig, ALICE, BOB, v); }
static struct tx opens(uint64_t v) { return amount_tx(TX_OPEN, v); }
static struct tx stakes(uint64_t v) { return amount_tx(TX_STAKE, v); }
static struct tx unstakes(uint64_t v) { return amount_tx(TX_UNSTAKE, v); }
static struct tx token_in(uint64_t v) { return amount_tx(TX_TOKEN_IN, v); }
static struct tx token_out(uint64_t v) { return amount_tx(TX_TOKEN_OUT, v); }

static struct tx pay_token(uint64_t v)
{
	struct tx tx = pay_znc(v);
	tx.u.transfer.token = TOKEN;
	return tx;
}

static struct tx ask_bond(uint64_t v)
{
	struct tx tx = rig_ask_tx(&rig, SELLER, 1, 10);
	tx.u.ask.bond = money_of(v);
	return tx;
}

static struct tx bid_escrow(uint64_t v)
{
	struct tx tx = rig_bid_tx(&rig, ALICE, 2, 10, 7200);
	tx.u.bid.escrow = money_of(v);
	return tx;
}

/* Twenty-four hours of it, and a fifth of that is the bond: all that he has. */
static struct tx ask_price(uint64_t v)
{
	struct tx tx = rig_ask_tx(&rig, SELLER, 1, v);
	tx.u.ask.bond = money_of(HAVE);
	return tx;
}

static struct tx bid_limit(uint64_t v)
{
	struct tx tx = rig_bid_tx(&rig, ALICE, 3, v, 3600);
	tx.u.bid.escrow = money_of(HAVE - 2 * HELD);
	return tx;
}

static struct tx bid_qty(uint64_t v)
{
	struct tx tx = rig_bid_tx(&rig, ALICE, 1, 1, 3600);
	tx.u.bid.qty = qty_of(v > UINT32_MAX ? UINT32_MAX : (uint32_t)v);
	tx.u.bid.escrow = money_of(HAVE - 2 * HELD);
	return tx;
}

static struct tx ask_cores(uint64_t v)
{
	struct tx tx = rig_ask_tx(&rig, SELLER, 1, 1);
	tx.u.ask.offer.v[RES_CPU_MILLI] = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	tx.u.ask.bond = money_of(HAVE);
	return tx;
}

/* 4.8 a core-hour; one for an hour, three times. The offer of no cores still has memory. */
static const struct field fields[] = {{"transfer", ALICE, pay_znc, 1, HAVE - 2 * HELD, true},
    {"transfer of a token", ALICE, pay_token, 1, HELD, false}, {"open", ALICE, opens, 0, HAVE - 2 * HELD, true},
    {"stake", ALICE, stakes, 1, HAVE - 2 * HELD, true}, {"unstake", ALICE, unstakes, 1, HELD, false},
    {"token in", ALICE, token_in, 1, HAVE - 2 * HELD, true}, {"token out", ALICE, token_out, 1, HELD, false},
    {"bond", SELLER, ask_bond, 48, HAVE, true}, {"escrow", ALICE, bid_escrow, 40, HAVE - 2 * HELD, true},
    {"price", SELLER, ask_price, 1, (HAVE * 10 + 9) / 48, false}, {"limit", ALICE, bid_limit, 1, (HAVE - 2 * HELD) / 3, false},
    {"quantity", ALICE, bid_qty, 1, REPLICAS_MAX, false}, {"cores", SELLER, ask_cores, 0, 8000, false}};

static void one(const struct field *f, uint64_t v)
{
	struct fact_account before, after;
	begin();
	rig_account(&rig, f->who, &before);
	struct tx tx = f->make(v);
	enum verdict got = rig_do(&rig, &tx);
	bool good = v >= f->least && v <= f->most;
	ck_assert_msg((got == V_OK) == good, "%s of %llu: %s", f->name, (unsigned long long)v, verdict_name(got));
	rig_account(&rig, f->who, &after);
	uint64_t left = money_base(before.balance) - money_base(after.balance);
	if (!good || f->leaves)
		ck_assert_msg(left == (good ? v : 0), "%s of %llu took %llu", f->name, (unsigned long long)v, (unsigned long long)left);
	ck_assert_msg(after.nonce == before.nonce + 1, "%s of %llu: its number is not used up", f->name, (unsigned long long)v);
	rig_settle(&rig);
	rig_reload(&rig);
	rig_close(&rig);
}

START_TEST(a_field_at_its_edges)
{
	static const uint64_t values[] = {0, 1, UINT32_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63, SUPPLY_BASE - 1, SUPPLY_BASE,
	    SUPPLY_BASE + 1, UINT64_MAX - 1, UINT64_MAX};
	const struct field *f = &fields[_i];
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		one(f, values[i]);
	if (f->least)
		one(f, f->least - 1);
	for (int i = 0; i < 2; i++) {
		one(f, f->least + (uint64_t)i);
		one(f, f->most - (uint64_t)i);
	}
	one(f, f->most + 1);
}
END_TEST

/* What a rate makes of an amount: exact, or refused and given back. */
static void convert(uint64_t num, uint64_t den, uint64_t amount)
{
	wide want = (wide)amount * num / den;
	rig_open(&rig, ACCOUNTS, HAVE);
	do_ok(token_new_tx(num, den));
	struct tx tx = amount_tx(TX_TOKEN_IN, amount);
	bool good = want && want <= SUPPLY_BASE;
	enum verdict v = rig_do(&rig, &tx);
	rig_settle(&rig);
	ck_assert_msg((v == V_OK) == good, "%llu at %llu/%llu: %s", (unsigned long long)amount, (unsigned long long)num,
	    (unsigned long long)den, verdict_name(v));
	ck_assert_uint_eq(rig_holding(&rig, ALICE, TOKEN), good ? (uint64_t)want : 0);
	ck_assert_uint_eq(rig_balance(&rig, ALICE), good ? HAVE - amount : HAVE);
	rig_recount(&rig);
	rig_close(&rig);
}

START_TEST(a_rate_at_its_edges)
{
	static const uint64_t part[] = {1, 2, UINT32_MAX, INT64_MAX, 1ULL << 63, SUPPLY_BASE, SUPPLY_BASE + 1, UINT64_MAX - 1, UINT64_MAX};
	const size_t n = sizeof part / sizeof *part;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			convert(part[i], part[k], 1);
			convert(part[i], part[k], HAVE);
		}
	rig_open(&rig, ACCOUNTS, HAVE);
	struct tx bad[] = {token_new_tx(0, 1), token_new_tx(1, 0)};
	for (size_t i = 0; i < 2; i++) {
		bad[i].nonce = i;
		ck_assert_int_eq(rig_do(&rig, &bad[i]), V_MALFORMED);
	}
	rig_close(&rig);
}
END_TEST

/* What is added to a lease or an order is in it, or is one's own again, to the last unit. */
START_TEST(additions_at_their_edges)
{
	static const uint64_t values[] = {0, 1, 1000, UINT32_MAX, INT64_MAX, 1ULL << 63, SUPPLY_BASE, UINT64_MAX - 1, UINT64_MAX};
	struct fact_lease l;
	struct fact_order o;
	begin();
	do_ok(rig_bid_tx(&rig, ALICE, 1, 7, 3600));
	struct id id = rig_order_id(&rig);
	do_ok(rig_ask_tx(&rig, SELLER, 2, 100));
	do_ok(rig_bid_tx(&rig, BOB, 1, 100, 3600));
	ck_assert(rig_lease(&rig, 0, &l));
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		ck_assert(rig_order(&rig, &id, &o));
		uint64_t bob = rig_balance(&rig, BOB), alice = rig_balance(&rig, ALICE), v = values[i];
		struct tx fund = rig_tx(&rig, BOB, TX_FUND), amend = rig_amend_tx(&rig, ALICE, &o, 1, 7, v);
		fund.u.fund.instance = l.lease;
		fund.u.fund.amount = money_of(v);
		strcpy(fund.u.fund.event, "topup"); /* not in this state: it comes back */
		ck_assert_int_eq(rig_do(&rig, &fund) == V_OK, v && v <= bob);
		ck_assert_int_eq(rig_do(&rig, &amend), v <= alice ? V_OK : V_NO_FUNDS);
		rig_settle(&rig);
		ck_assert_uint_eq(rig_balance(&rig, BOB), bob);
		struct money locked = o.locked;
		ck_assert(rig_order(&rig, &id, &o));
		ck_assert_uint_eq(rig_balance(&rig, ALICE) + money_base(o.locked), alice + money_base(locked));
	}
	rig_close(&rig);
}
END_TEST

static void add(TCase *t)
{
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_field_at_its_edges, 0, sizeof fields / sizeof *fields);
	tcase_add_test(t, a_rate_at_its_edges);
	tcase_add_test(t, additions_at_their_edges);
}

static void nothing(void) {}

int main(void) { return rig_test_main("amounts", nothing, nothing, add); }
