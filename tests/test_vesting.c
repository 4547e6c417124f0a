/* Vesting against a table that was computed elsewhere: months 0 to 40 of each schedule, a millisecond to either side of each.
 *
 * Knows the table's form: schedule, month, total, vested. Does not know accounts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/vesting.h"
#include "tests/vector.h"

#define START_MS 1543622400000ULL

static uint64_t vested(const struct vesting *v, uint64_t after_ms) { return money_base(vesting_vested(v, v->start_ms + after_ms)); }

START_TEST(months_are_as_in_the_table)
{
	char path[512], word[16];
	const char *top = getenv("top_srcdir");
	unsigned long long month, total, want;
	uint64_t before = 0;
	int rows = 0;
	snprintf(path, sizeof path, "%s/tests/vectors/vesting.txt", top ? top : ".");
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	for (; fscanf(f, "%15s %llu %llu %llu", word, &month, &total, &want) == 4; rows++) {
		struct vesting v = {.total = money_of(total), .start_ms = START_MS};
		uint64_t at = month * VESTING_MONTH_MS;
		ck_assert(vesting_by_word(word, &v.type));
		ck_assert_uint_eq(vested(&v, at), want);
		ck_assert_uint_eq(vested(&v, at + 1), want);
		ck_assert_uint_eq(vested(&v, at + VESTING_MONTH_MS - 1), want);
		ck_assert_uint_eq(vested(&v, at - 1), month ? before : 0);
		ck_assert_uint_eq(money_base(vesting_locked(&v, START_MS + at)), total - want);
		before = want;
	}
	fclose(f);
	ck_assert_int_eq(rows, 4 * 41);
}
END_TEST

/* From step to step by vesting_next alone: each frees what it says, when it says, and at the end nothing is locked. */
static uint64_t walk(const struct vesting *v, int *steps)
{
	uint64_t at = 0, next, freed = 0;
	struct money amount;
	for (*steps = 0; vesting_next(v, at, &next, &amount); at = next, (*steps)++) {
		ck_assert_uint_gt(next, at);
		uint64_t was = money_base(vesting_vested(v, next - 1)), now = money_base(vesting_vested(v, next));
		ck_assert_uint_eq(now - was, money_base(amount));
		ck_assert_uint_eq(was, freed);
		freed = now;
	}
	return freed;
}

START_TEST(steps_lead_to_the_end)
{
	static const uint64_t totals[] = {1, 2, 9, 10, 11, 99, 101, 12345678901, SUPPLY_BASE - 1, SUPPLY_BASE};
	int steps;
	for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
		for (uint8_t type = VEST_ANGEL; type <= VEST_TEAM; type++) {
			struct vesting v = {type, money_of(totals[i]), START_MS};
			ck_assert_uint_eq(walk(&v, &steps), totals[i]);
			if (totals[i] > 100)
				ck_assert_int_eq(steps, type == VEST_TEAM ? 4 : 7);
		}
	}
	struct vesting v = {VEST_ANGEL, money_of(1), START_MS};
	ck_assert_uint_eq(walk(&v, &steps), 1);
	ck_assert_int_eq(steps, 1); /* what rounds to nothing is no step */
	v = (struct vesting){VEST_RESERVE, money_of(SUPPLY_BASE), START_MS};
	ck_assert_uint_eq(walk(&v, &steps), 0);
}
END_TEST

START_TEST(the_ends_of_time)
{
	static const uint64_t starts[] = {0, 1, START_MS, UINT64_MAX - 1, UINT64_MAX};
	uint64_t at;
	struct money m;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		for (uint8_t type = VEST_ANGEL; type < VESTINGS; type++) {
			struct vesting v = {type, money_of(1000), starts[i]};
			uint64_t late = money_base(vesting_vested(&v, UINT64_MAX));
			if (starts[i])
				ck_assert_uint_eq(money_base(vesting_vested(&v, starts[i] - 1)), 0);
			ck_assert_uint_eq(money_base(vesting_vested(&v, starts[i])), type == VEST_TEAM ? 250 : 0);
			if (starts[i] <= START_MS)
				ck_assert_uint_eq(late, type == VEST_RESERVE ? 0 : 1000);
			ck_assert(!vesting_next(&v, UINT64_MAX, &at, &m));
		}
	}
}
END_TEST

START_TEST(what_may_be_spent)
{
	struct vesting v = {VEST_TEAM, money_of(1000), START_MS}, none = {0};
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(1000), START_MS)), 250);
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(750), START_MS)), 0);
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(749), START_MS)), 0);
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(0), START_MS)), 0);
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(751), START_MS)), 1);
	ck_assert_uint_eq(money_base(vesting_spendable(&none, money_of(7), 0)), 7);
	ck_assert_uint_eq(money_base(vesting_spendable(&none, money_of(SUPPLY_BASE), UINT64_MAX)), SUPPLY_BASE);
	v.type = VESTINGS; /* nobody's schedule frees nothing */
	ck_assert_uint_eq(money_base(vesting_spendable(&v, money_of(1000), UINT64_MAX)), 0);
}
END_TEST

START_TEST(bytes_have_one_form)
{
	uint8_t buf[32];
	struct vesting bad[] = {{VEST_NONE, money_of(1), 0}, {VESTINGS, money_of(1), 0}, {255, money_of(1), 0},
	    {VEST_TEAM, money_of(0), 0}};
	struct vesting v = {VEST_TEAM, money_of(SUPPLY_BASE), UINT64_MAX}, back;
	struct wbuf w = wbuf_on(buf, sizeof buf);
	vesting_put(&w, &v);
	struct rbuf r = rbuf_on(buf, w.len);
	ck_assert(!w.bad && vesting_get(&r, &back) && rbuf_end(&r));
	ck_assert(back.type == v.type && money_cmp(back.total, v.total) == 0 && back.start_ms == v.start_ms);
	for (size_t len = 0; len < w.len; len++) {
		r = rbuf_on(buf, len);
		ck_assert(!vesting_get(&r, &back));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		w = wbuf_on(buf, sizeof buf);
		vesting_put(&w, &bad[i]);
		ck_assert(w.bad);
	}
	buf[0] = VESTINGS;
	r = rbuf_on(buf, w.len);
	ck_assert(!vesting_get(&r, &back) && r.bad);
	uint8_t type;
	ck_assert(vesting_by_word(vesting_word(VEST_PUBLIC), &type) && type == VEST_PUBLIC);
	ck_assert(!vesting_by_word("?", &type) && !vesting_by_word("", &type));
	ck_assert_str_eq(vesting_word(VESTINGS), "?");
}
END_TEST

TEST_MAIN("vesting", months_are_as_in_the_table, steps_lead_to_the_end, the_ends_of_time, what_may_be_spent, bytes_have_one_form)
