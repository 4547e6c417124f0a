/* Money and price: checked arithmetic at its edges.
 *
 * The functions are inline in a header; this is the only place that calls them with absurd amounts. */
#include <check.h>
#include "common/units.h"
#include "tests/vector.h"

START_TEST(sums)
{
	struct money m = money_of(5);
	ck_assert(money_add(money_of(1), money_of(2), &m) && money_base(m) == 3);
	ck_assert(!money_add(money_of(SUPPLY_BASE), money_of(1), &m) && money_base(m) == 3);
	ck_assert(!money_add(money_of(UINT64_MAX), money_of(1), &m));
	ck_assert(money_sub(money_of(3), money_of(3), &m) && money_is_zero(m));
	ck_assert(!money_sub(money_of(3), money_of(4), &m));
	ck_assert(money_cmp(money_of(1), money_of(2)) < 0 && money_base(money_min(money_of(1), money_of(2))) == 1);
}
END_TEST

START_TEST(products)
{
	struct money m = money_of(5);
	ck_assert(money_muldiv(money_of(10), 2, 3, &m) && money_base(m) == 6);
	ck_assert(!money_muldiv(money_of(10), 2, 0, &m) && money_base(m) == 6);
	ck_assert(money_muldiv(money_of(SUPPLY_BASE), UINT64_MAX, UINT64_MAX, &m) && money_base(m) == SUPPLY_BASE);
	ck_assert(!money_muldiv(money_of(SUPPLY_BASE), UINT64_MAX, UINT64_MAX - 1000, &m) || money_base(m) == SUPPLY_BASE);
	ck_assert(!money_muldiv(money_of(SUPPLY_BASE), 2, 1, &m));
	ck_assert(price_rate(price_of(1999), 500, &m) && money_base(m) == 999);
	ck_assert(!price_rate(price_of(SUPPLY_BASE), 1001, &m));
}
END_TEST

START_TEST(lanes)
{
	ck_assert(lane_ok(0) && lane_ok(LANES) && !lane_ok(CHAINS));
}
END_TEST

TEST_MAIN("units", sums, products, lanes)
