/* arithmetic: amounts, prices, shares, bonds and contracts' expressions against a model that multiplies digit by digit.
 *
 * usage: arithmetic [CASES]. Operands are 0, 1, powers of two, the supply, the largest number, each also one more and one less, and such
 * that products lie at 2^63, 2^64 and 2^127. The model knows no machine word; what is not exact must be refused. */
#include "common/vesting.h"
#include "ledger/state/books.h"
#include "ledger/state/contract_fsm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 12 /* of 32 bits, the lowest first */
struct big { uint32_t d[DIGITS]; bool negative; };

/* --- the model --- */

static struct big big(uint64_t v) { return (struct big){{(uint32_t)v, (uint32_t)(v >> 32)}, false}; }

static struct big big_wide(__int128 v)
{
	unsigned __int128 m = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	struct big b = {.negative = v < 0};
	for (int i = 0; i < 4; i++, m >>= 32)
		b.d[i] = (uint32_t)m;
	return b;
}

static int top(const struct big *a)
{
	int i = DIGITS - 1;
	while (i >= 0 && !a->d[i])
		i--;
	return i;
}

static bool zero(const struct big *a) { return top(a) < 0; }

static int cmp_size(const struct big *a, const struct big *b)
{
	for (int i = DIGITS - 1; i >= 0; i--)
		if (a->d[i] != b->d[i])
			return a->d[i] < b->d[i] ? -1 : 1;
	return 0;
}

static int cmp(const struct big *a, const struct big *b)
{
	if (a->negative != b->negative)
		return zero(a) && zero(b) ? 0 : a->negative ? -1 : 1;
	return a->negative ? cmp_size(b, a) : cmp_size(a, b);
}

static void add_size(struct big *a, const struct big *b)
{
	uint64_t carry = 0;
	for (int i = 0; i < DIGITS; i++) {
		carry += (uint64_t)a->d[i] + b->d[i];
		a->d[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static void sub_size(struct big *a, const struct big *b) /* not less */
{
	int64_t borrow = 0;
	for (int i = 0; i < DIGITS; i++) {
		borrow += (int64_t)a->d[i] - b->d[i];
		a->d[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
}

static struct big plus(struct big a, struct big b)
{
	if (a.negative == b.negative) {
		add_size(&a, &b);
		return a;
	}
	if (cmp_size(&a, &b) < 0) {
		struct big kept = a;
		a = b;
		b = kept;
	}
	sub_size(&a, &b);
	a.negative = a.negative && !zero(&a);
	return a;
}

static struct big minus(struct big a, struct big b)
{
	b.negative = !b.negative && !zero(&b);
	return plus(a, b);
}

static struct big times(const struct big *a, const struct big *b)
{
	struct big p = {.negative = false};
	for (int i = 0; i <= top(a); i++) {
		uint64_t carry = 0;
		for (int j = 0; i + j < DIGITS; j++) {
			carry += (uint64_t)a->d[i] * b->d[j] + p.d[i + j];
			p.d[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	p.negative = a->negative != b->negative && !zero(&p);
	return p;
}

/* Rounded down; bit by bit. b is not zero. */
static struct big over(const struct big *a, const struct big *b)
{
	struct big q = {.negative = false}, rest = {.negative = false}, size = *b, one = big(1);
	size.negative = false;
	for (int i = 32 * (top(a) + 1) - 1; i >= 0; i--) {
		add_size(&rest, &rest);
		rest.d[0] |= a->d[i / 32] >> (i % 32) & 1;
		if (cmp_size(&rest, &size) < 0)
			continue;
		sub_size(&rest, &size);
		q.d[i / 32] |= 1u << (i % 32);
	}
	if (a->negative != b->negative && !zero(&rest))
		add_size(&q, &one);
	q.negative = a->negative != b->negative && !zero(&q);
	return q;
}

/* --- operands --- */

static uint64_t seed = 1;

static uint64_t dice_u64(void) /* splitmix64 */
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t dice(uint64_t sides) { return dice_u64() % sides; }

static uint64_t operand(void)
{
	static const uint64_t edge[] = {0, 1, SUPPLY_BASE, UINT64_MAX, INT64_MAX, UINT32_MAX, 100000000, 1000, 3600, 1000000};
	switch (dice(4)) {
	case 0: return edge[dice(sizeof edge / sizeof *edge)] + dice(3) - 1;
	case 1: return (1ULL << dice(64)) + dice(3) - 1;
	case 2: return dice_u64() >> dice(64);
	}
	return dice(SUPPLY_BASE + 1);
}

/* So that the product with a is at one of the bounds. */
static uint64_t partner(uint64_t a, uint64_t den)
{
	const unsigned __int128 one = 1, bound[] = {one << 63, one << 64, one << 127, (unsigned __int128)SUPPLY_BASE * den};
	if (dice(2) || !a)
		return operand();
	unsigned __int128 b = bound[dice(4)] / a + dice(3) - 1;
	return b > UINT64_MAX ? UINT64_MAX : (uint64_t)b;
}

/* --- what is compared --- */

static uint64_t cases, refused, exact;

static bool same(const char *what, bool got, bool want, const struct big *is, const struct big *model)
{
	cases++;
	refused += !got;
	exact += got;
	if (got == want && (!got || cmp(is, model) == 0))
		return true;
	fprintf(stderr, "arithmetic: case %llu of %s: %s, and should be %s\n", (unsigned long long)cases, what, got ? "exact" : "refused",
	    want ? "another number" : "refused");
	return false;
}

static bool is_money(const struct big *v)
{
	struct big supply = big(SUPPLY_BASE);
	return !v->negative && cmp(v, &supply) <= 0;
}

static bool sums(void)
{
	uint64_t a = operand(), b = dice(2) ? SUPPLY_BASE - a + dice(3) - 1 : operand();
	struct money m = money_of(7);
	struct big x = big(a), y = big(b), sum = plus(x, y), rest = minus(x, y), is;
	bool got = money_add(money_of(a), money_of(b), &m);
	is = big(money_base(m));
	bool good = same("money_add", got, is_money(&sum), &is, &sum);
	got = money_sub(money_of(a), money_of(b), &m);
	is = big(money_base(m));
	return same("money_sub", got, !rest.negative, &is, &rest) && good;
}

static bool ratios(void)
{
	uint64_t den = operand(), a = operand(), b = partner(a, den);
	struct money m = money_of(7);
	struct big x = big(a), y = big(b), z = big(den), product = times(&x, &y), q = den ? over(&product, &z) : product;
	bool got = money_muldiv(money_of(a), b, den, &m);
	struct big is = big(money_base(m));
	return same("money_muldiv", got, den && is_money(&q), &is, &q);
}

static bool rates(void)
{
	uint64_t a = operand(), b = partner(a, 1000);
	struct money m = money_of(7);
	struct big x = big(a), y = big(b), z = big(1000), product = times(&x, &y), q = over(&product, &z);
	bool got = price_rate(price_of(a), b, &m);
	struct big is = big(money_base(m));
	return same("price_rate", got, is_money(&q), &is, &q);
}

static bool units_model(const struct resources *r, const struct resources *d, struct big *most)
{
	struct big thousand = big(1000), one = big(1);
	*most = big(0);
	for (int k = 0; k < RESOURCES; k++) {
		struct big need = big(r->v[k]), unit = big(d->v[k]), up = times(&need, &thousand);
		if (r->v[k] && !d->v[k])
			return false;
		if (!r->v[k])
			continue;
		up = minus(plus(up, unit), one);
		up = over(&up, &unit);
		*most = cmp(&up, most) > 0 ? up : *most;
	}
	return !zero(most);
}

static void vectors(struct resources *r, struct resources *d)
{
	for (int k = 0; k < RESOURCES; k++) {
		d->v[k] = dice(8) ? (uint32_t)operand() : 0;
		r->v[k] = d->v[k] && dice(2) ? (uint32_t)operand() : 0;
	}
}

static bool shares(void)
{
	struct resources r, d;
	uint64_t units = 7;
	struct big model;
	vectors(&r, &d);
	bool want = units_model(&r, &d, &model), got = resources_units(&r, &d, &units);
	struct big is = big(units);
	return same("resources_units", got, want, &is, &model);
}

/* PROTOCOL 0.19: the rate first, then 20 % of it for as long, each rounded down. */
static bool bonds(void)
{
	static struct state *s;
	struct genesis g;
	struct fact_symbol y = {.symbol = 1};
	struct resources r;
	struct money m = money_of(7);
	if (!s) {
		genesis_local(&g);
		if (state_new(&g, &s) != V_OK)
			return false;
	}
	vectors(&r, &y.unit);
	s->genesis.bond_ppm = dice(3) ? 200000 : (uint32_t)dice(1000001);
	uint64_t price = operand();
	uint32_t seconds = (uint32_t)operand();
	struct big units, p = big(price), thousand = big(1000), hour = big(3600000000ULL);
	bool want = units_model(&r, &y.unit, &units);
	struct big rate = times(&p, &units), share = big((seconds < 86400 ? seconds : 86400) * (uint64_t)s->genesis.bond_ppm);
	rate = over(&rate, &thousand);
	want = want && is_money(&rate);
	struct big bond = times(&rate, &share);
	bond = over(&bond, &hour);
	bool got = order_bond(s, &r, &y, price_of(price), seconds, &m);
	struct big is = big(money_base(m));
	return same("order_bond", got, want && is_money(&bond), &is, &bond);
}

static bool schedules(void)
{
	static const uint8_t percent[] = {0, 40, 50, 60, 70, 80, 90, 100};
	struct vesting v = {.type = VEST_ANGEL, .total = money_of(dice(SUPPLY_BASE + 1)), .start_ms = dice(1ULL << 41)};
	uint64_t month = dice(14), at = v.start_ms + month * 2629746000ULL + dice(2629746000ULL);
	uint64_t part = percent[month < 6 ? 0 : month > 12 ? 7 : month - 5];
	struct big total = big(money_base(v.total)), p = big(part), hundred = big(100), vested = times(&total, &p);
	vested = over(&vested, &hundred);
	vested = minus(total, vested);
	struct big is = big(money_base(vesting_locked(&v, at)));
	return same("vesting_locked", true, true, &is, &vested);
}

/* --- expressions of contracts --- */

static bool fits(const struct big *v)
{
	struct big bound = {.d = {[3] = 1u << 31}}, lowest = bound;
	lowest.negative = true;
	return v->negative ? cmp(v, &lowest) >= 0 : cmp(v, &bound) < 0;
}

static bool combine_model(uint8_t op, const struct big *a, const struct big *b, struct big *out)
{
	int order = cmp(a, b);
	switch (op) {
	case NODE_ADD: *out = plus(*a, *b); break;
	case NODE_SUB: *out = minus(*a, *b); break;
	case NODE_MUL: *out = times(a, b); break;
	case NODE_DIV:
		if (zero(b))
			return false;
		*out = over(a, b);
		break;
	case NODE_MIN: *out = order < 0 ? *a : *b; break;
	case NODE_MAX: *out = order > 0 ? *a : *b; break;
	case NODE_EQ: *out = big(order == 0); break;
	case NODE_NE: *out = big(order != 0); break;
	case NODE_LT: *out = big(order < 0); break;
	case NODE_LE: *out = big(order <= 0); break;
	case NODE_GT: *out = big(order > 0); break;
	case NODE_GE: *out = big(order >= 0); break;
	}
	return fits(out);
}

static bool model_run(const struct fsm *f, const uint64_t arg[4], struct big *out)
{
	struct big stack[4];
	size_t depth = 0;
	for (size_t i = 0; i < f->expr[0].n; i++) {
		if (f->node[i].op == NODE_ARG) {
			stack[depth++] = big(arg[f->node[i].idx]);
			continue;
		}
		depth--;
		if (!combine_model(f->node[i].op, &stack[depth - 1], &stack[depth], &stack[depth - 1]))
			return false;
	}
	*out = stack[0];
	return true;
}

static uint8_t some_op(void)
{
	return dice(5) ? (uint8_t)(NODE_ADD + dice(4)) : (uint8_t)(NODE_ADD + dice(NODE_OPS - NODE_ADD));
}

/* (a op b) op (c op d), or ((a op b) op c) op d */
static bool expressions(void)
{
	static struct fsm f;
	static struct fsm_run run;
	uint64_t arg[4] = {operand(), 0, operand(), 0};
	static const char shape[2][8] = {"01.23..", "01.2.3."};
	const char *s = shape[dice(2)];
	arg[1] = partner(arg[0], 1);
	arg[3] = partner(arg[2], 1);
	f.nexprs = 1;
	f.expr[0] = (struct fsm_expr){.first = 0, .n = 7};
	f.nnodes = 7;
	for (int i = 0; i < 7; i++) {
		memset(&f.node[i], 0, sizeof f.node[i]);
		f.node[i].op = s[i] == '.' ? some_op() : NODE_ARG;
		f.node[i].idx = s[i] == '.' ? 0 : (uint8_t)(s[i] - '0');
	}
	struct expr_view v = {.run = &run, .arg = arg};
	struct big model, is;
	__int128 value = 7;
	bool want = !expr_check(&f, 0) && model_run(&f, arg, &model), got = expr_value(&f, 0, &v, &value);
	is = big_wide(value);
	return same("expr_value", got, want, &is, &model);
}

int main(int argc, char **argv)
{
	bool (*const kind[])(void) = {sums, ratios, ratios, rates, shares, bonds, schedules, expressions, expressions};
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000, wrong = 0;
	for (size_t i = 0; cases < wanted && !wrong; i++)
		wrong += !kind[i % (sizeof kind / sizeof *kind)]();
	printf("arithmetic: %llu cases: %llu exact, %llu refused, %llu wrong\n", (unsigned long long)cases, (unsigned long long)exact,
	    (unsigned long long)refused, (unsigned long long)wrong);
	return wrong || !exact || !refused;
}
