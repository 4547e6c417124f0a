/* Random conversions and payments of tokens against a model that shares no code with the books.
 *
 * The model keeps plain balances, one reserve a token, and what travels, and computes with long multiplication and division by shifts.
 * It foretells every verdict, balance, supply and reserve, in each round. A failure names its seed and round. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_driver.h"

#define RICH (SUPPLY_BASE / 16)
#define ACCOUNTS 11
#define TOKENS 7
#define PER_ROUND 6
#define ROUNDS 1500

struct def { uint64_t num, den; bool issuer_only; };
static const struct def defs[TOKENS] = {{0, 0, false}, {1, 1, false}, {3, 7, false}, {SUPPLY_BASE, 1, false}, {1, 1000000000, false},
    {UINT64_MAX, UINT64_MAX - 1, false}, {1000, 3, true}};

/* One conversion or payment under way. */
struct trip { uint32_t who, to, from, into; uint64_t amount, result; bool refused; };
struct trips { struct trip t[64]; uint32_t n; };
struct model {
	uint64_t has[ACCOUNTS][TOKENS], supply[TOKENS], reserve[TOKENS];
	struct trips asked, answered, paid; /* sent last round */
};
struct world { struct rig rig; struct model m; uint64_t seed; uint8_t buf[PER_ROUND][4096]; uint32_t nbuf; };

static uint32_t dice(struct world *w, uint32_t sides)
{
	w->seed = w->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(w->seed >> 33) % sides;
}

/* --- arithmetic of its own: 128 bits in 32-bit limbs, most significant first --- */

static void long_mul(uint64_t a, uint64_t b, uint32_t out[4])
{
	uint64_t x[2] = {a >> 32, a & 0xffffffff}, y[2] = {b >> 32, b & 0xffffffff}, acc[4] = {0};
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++) {
			uint64_t p = x[i] * y[j];
			acc[i + j] += p >> 32;
			acc[i + j + 1] += p & 0xffffffff;
		}
	for (int i = 3; i > 0; i--) {
		acc[i - 1] += acc[i] >> 32;
		out[i] = (uint32_t)acc[i];
	}
	out[0] = (uint32_t)acc[0];
}

/* floor(a * num / den), bit by bit; false if it is nothing or over the supply. */
static bool slow_rate(uint64_t a, uint64_t num, uint64_t den, uint64_t *out)
{
	uint32_t p[4];
	uint64_t rest = 0, q = 0;
	bool over = false;
	long_mul(a, num, p);
	for (int bit = 0; bit < 128; bit++) {
		bool carry = rest >> 63;
		rest = rest << 1 | (p[bit / 32] >> (31 - bit % 32) & 1);
		bool one = carry || rest >= den;
		if (one)
			rest -= den;
		over = over || q >> 63;
		q = q << 1 | one;
	}
	*out = q;
	return !over && q && q <= SUPPLY_BASE;
}

static bool slow_convert(const struct trip *t, uint64_t *between, uint64_t *result)
{
	*between = t->amount;
	if (t->from && !slow_rate(t->amount, defs[t->from].den, defs[t->from].num, between))
		return false;
	*result = *between;
	return !t->into || slow_rate(*between, defs[t->into].num, defs[t->into].den, result);
}

/* --- the model's rounds --- */

static void model_chain_0(struct model *m)
{
	for (uint32_t i = 0; i < m->asked.n; i++) {
		struct trip t = m->asked.t[i];
		uint64_t between;
		bool fits = slow_convert(&t, &between, &t.result);
		ck_assert(fits);
		t.refused = t.into && m->supply[t.into] + t.result > SUPPLY_BASE;
		if (!t.refused && t.from) {
			m->supply[t.from] -= t.amount;
			m->reserve[t.from] -= between;
		}
		if (!t.refused && t.into) {
			m->supply[t.into] += t.result;
			m->reserve[t.into] += between;
		}
		m->answered.t[m->answered.n++] = t;
	}
	m->asked.n = 0;
}

static void model_land(struct model *m, const struct trips *answered)
{
	for (uint32_t i = 0; i < answered->n; i++) {
		const struct trip *t = &answered->t[i];
		m->has[t->who][t->refused ? t->from : t->into] += t->refused ? t->amount : t->result;
	}
	for (uint32_t i = 0; i < m->paid.n; i++)
		m->has[m->paid.t[i].to][m->paid.t[i].from] += m->paid.t[i].amount;
	m->paid.n = 0;
}

static enum verdict model_pay(struct model *m, const struct trip *t)
{
	if (t->from >= TOKENS)
		return V_NO_TOKEN;
	if (!t->amount)
		return V_OVERFLOW;
	if (t->to >= ACCOUNTS)
		return V_NO_ACCOUNT;
	if (m->has[t->who][t->from] < t->amount)
		return V_NO_FUNDS;
	m->has[t->who][t->from] -= t->amount;
	m->paid.t[m->paid.n++] = *t;
	return V_OK;
}

static enum verdict model_convert(struct model *m, const struct trip *t)
{
	uint64_t between, result;
	if (t->from == t->into || t->from >= TOKENS || t->into >= TOKENS)
		return V_NO_TOKEN;
	if (!t->amount || !slow_convert(t, &between, &result))
		return V_OVERFLOW;
	if (t->who && (defs[t->from].issuer_only || defs[t->into].issuer_only))
		return V_TOKEN_MODE;
	if (m->has[t->who][t->from] < t->amount)
		return V_NO_FUNDS;
	m->has[t->who][t->from] -= t->amount;
	m->asked.t[m->asked.n++] = *t;
	return V_OK;
}

/* --- what is done --- */

static uint64_t some_amount(struct world *w, uint32_t who, uint32_t token)
{
	uint64_t has = token < TOKENS ? w->m.has[who][token] : 7, n = 1;
	switch (dice(w, 8)) {
	case 0: return dice(w, 2);
	case 1: return has;
	case 2: return has < SUPPLY_BASE ? has + 1 : has;
	case 3: return SUPPLY_BASE - dice(w, 3);
	}
	for (uint32_t i = dice(w, 18); i; i--)
		n = n * 10 + dice(w, 10);
	return has ? n % has : n % SUPPLY_BASE;
}

static uint32_t some_token(struct world *w) { return dice(w, 40) ? dice(w, TOKENS) : TOKENS + dice(w, 3); }

static struct tx pay_tx(struct world *w, const struct trip *t)
{
	struct tx tx = rig_pay_tx(&w->rig, t->who, t->to, t->amount);
	tx.u.transfer.token = t->from;
	return tx;
}

/* Two payments or none: the second is decided with the first one's money gone. */
static struct tx batch(struct world *w, struct trip *t, enum verdict *expect)
{
	struct model *before = malloc(sizeof *before);
	struct tx part[2];
	*before = w->m;
	*expect = V_OK;
	for (int i = 0; i < 2; i++) {
		t->amount = some_amount(w, t->who, t->from) % SUPPLY_BASE;
		t->to = dice(w, ACCOUNTS);
		part[i] = pay_tx(w, t);
		if (*expect == V_OK)
			*expect = model_pay(&w->m, t) == V_OK ? V_OK : V_BATCH_ABORTED;
	}
	if (*expect != V_OK)
		w->m = *before;
	free(before);
	uint8_t *buf = w->buf[w->nbuf++ % PER_ROUND];
	return rig_batch_tx(&w->rig, t->who, part, 2, buf, sizeof w->buf[0]);
}

static struct tx some_tx(struct world *w, uint32_t who, enum verdict *expect)
{
	struct trip t = {.who = who, .to = dice(w, ACCOUNTS + 1), .from = some_token(w)};
	struct tx tx;
	uint32_t what = dice(w, 8);
	if (what == 0 && t.from < TOKENS)
		return batch(w, &t, expect);
	t.amount = some_amount(w, who, what < 3 || what > 5 ? t.from : 0);
	if (what < 3) {
		*expect = model_pay(&w->m, &t);
		return pay_tx(w, &t);
	}
	if (what < 6) {
		t.into = t.from;
		t.from = 0;
		*expect = model_convert(&w->m, &t);
		tx = rig_tx(&w->rig, who, TX_TOKEN_IN);
		tx.u.token_in.token = t.into;
		tx.u.token_in.amount = money_of(t.amount);
		return tx;
	}
	t.into = dice(w, 3) ? 0 : some_token(w);
	*expect = t.from ? model_convert(&w->m, &t) : V_NO_TOKEN;
	tx = rig_tx(&w->rig, who, TX_TOKEN_OUT);
	tx.u.token_out.token = t.from;
	tx.u.token_out.amount = money_of(t.amount);
	tx.u.token_out.into = t.into;
	return tx;
}

/* --- one round, and the comparison --- */

static void compare(struct world *w, int round)
{
	for (uint32_t who = 0; who < ACCOUNTS; who++) {
		struct fact_account a;
		ck_assert(rig_account(&w->rig, who, &a));
		uint64_t all = money_base(a.balance) + money_base(a.deposit);
		ck_assert_msg(all == w->m.has[who][0], "round %d: account %u has not its coins", round, who);
		for (uint32_t k = 1; k < TOKENS; k++)
			ck_assert_msg(rig_holding(&w->rig, who, k) == w->m.has[who][k], "round %d: account %u, token %u", round, who, k);
	}
	for (uint32_t k = 1; k < TOKENS; k++) {
		struct fact_token f;
		ck_assert(rig_token(&w->rig, k, &f));
		bool same = money_base(f.supply) == w->m.supply[k] && money_base(f.reserve) == w->m.reserve[k];
		ck_assert_msg(same, "round %d: token %u", round, k);
	}
}

static int by_lane(const void *a, const void *b)
{
	return (int)(*(const uint32_t *)a % LANES) - (int)(*(const uint32_t *)b % LANES);
}

static void world_round(struct world *w, int round)
{
	uint32_t who[PER_ROUND], n = dice(w, PER_ROUND), first = dice(w, ACCOUNTS);
	struct tx tx[PER_ROUND];
	enum verdict got[PER_ROUND], expect[PER_ROUND];
	struct trips answered = w->m.answered;
	w->m.answered.n = 0;
	model_chain_0(&w->m);
	model_land(&w->m, &answered);
	for (uint32_t i = 0; i < n; i++)
		who[i] = (first + i) % ACCOUNTS;
	qsort(who, n, sizeof *who, by_lane); /* chain 0 hears the lanes in this order, and each lane in the order of the list */
	for (uint32_t i = 0; i < n; i++)
		tx[i] = some_tx(w, who[i], &expect[i]);
	rig_many(&w->rig, tx, n, got);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_msg(got[i] == expect[i], "round %d: %s: %u instead of %u", round, tx_type_word(tx[i].type), got[i], expect[i]);
	compare(w, round);
}

static void world_open(struct world *w, uint64_t seed, uint64_t deposit_per_byte)
{
	struct genesis g;
	genesis_local(&g);
	g.deposit_per_byte = deposit_per_byte;
	w->seed = seed;
	rig_open_on(&w->rig, &g, ACCOUNTS, RICH);
	for (uint32_t k = 1; k < TOKENS; k++) {
		struct tx tx = rig_tx(&w->rig, 0, TX_TOKEN_NEW);
		snprintf(tx.u.token_new.symbol, sizeof tx.u.token_new.symbol, "TOK%u", k);
		tx.u.token_new.num = defs[k].num;
		tx.u.token_new.den = defs[k].den;
		tx.u.token_new.mode = defs[k].issuer_only;
		ck_assert_int_eq(rig_do(&w->rig, &tx), V_OK);
		rig_settle(&w->rig);
	}
	for (uint32_t who = 0; who < ACCOUNTS; who++)
		w->m.has[who][0] = RICH;
}

static void run(uint64_t seed, uint64_t deposit_per_byte)
{
	struct world *w = calloc(1, sizeof *w);
	uint64_t held = 0;
	world_open(w, seed, deposit_per_byte);
	for (int i = 0; i < ROUNDS; i++) {
		world_round(w, i);
		if (i % 200 == 77)
			rig_reload(&w->rig);
	}
	for (uint32_t k = 1; k < TOKENS; k++)
		held += w->m.supply[k] > 0;
	ck_assert_uint_gt(held, TOKENS / 2); /* it did not only refuse */
	rig_close(&w->rig);
	free(w);
}

START_TEST(the_model_foretells_everything) { run(11 + (uint64_t)_i, 0); }
END_TEST

START_TEST(deposits_change_nothing_else)
{
	struct world *w = calloc(1, sizeof *w);
	world_open(w, 31, 1);
	for (int i = 0; i < 400; i++) {
		struct tx tx[3];
		enum verdict got[3];
		for (uint32_t k = 0; k < 3; k++) {
			struct trip t = {.who = dice(w, 3) + 3 * k, .to = dice(w, ACCOUNTS), .from = 1 + dice(w, 3)};
			t.amount = 1 + dice(w, 1000);
			tx[k] = dice(w, 2) ? pay_tx(w, &t) : rig_tx(&w->rig, t.who, dice(w, 2) ? TX_TOKEN_IN : TX_TOKEN_OUT);
			if (tx[k].type == TX_TRANSFER)
				continue;
			tx[k].u.token_in.token = t.from; /* the same place in both bodies */
			tx[k].u.token_in.amount = money_of(t.amount);
			if (tx[k].type == TX_TOKEN_OUT)
				tx[k].u.token_out.into = dice(w, 4);
		}
		rig_many(&w->rig, tx, 3, got);
	}
	rig_settle(&w->rig);
	ck_assert_uint_gt(w->rig.pays, 400);
	rig_close(&w->rig);
	free(w);
}
END_TEST

START_TEST(the_arithmetic_itself)
{
	uint64_t q;
	ck_assert(slow_rate(10, 3, 7, &q) && q == 4);
	ck_assert(slow_rate(SUPPLY_BASE, UINT64_MAX, UINT64_MAX, &q) && q == SUPPLY_BASE);
	ck_assert(slow_rate(SUPPLY_BASE, UINT64_MAX - 1, UINT64_MAX, &q) && q == SUPPLY_BASE - 1);
	ck_assert(!slow_rate(2, UINT64_MAX, 1, &q));
	ck_assert(!slow_rate(SUPPLY_BASE, 1, UINT64_MAX, &q));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("state_token_random");
	TCase *t = tcase_create("random");
	tcase_set_timeout(t, 300);
	tcase_add_test(t, the_arithmetic_itself);
	tcase_add_loop_test(t, the_model_foretells_everything, 0, 3);
	tcase_add_test(t, deposits_change_nothing_else);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
