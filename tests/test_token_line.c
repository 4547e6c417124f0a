/* What is said about tokens: the words of ctl, the values of a draft, and what a number of tokens costs.
 *
 * Forms alone: which tokens there are, and whether the money is there, is the ledger's. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include "tests/vector.h"
#include "zfs-views/send_line.h"
#include "zfs-views/token_line.h"

START_TEST(words)
{
	struct token_line t;
	struct refusal why;
	ck_assert(token_line_parse("in 100", &t, &why) && t.verb == TOKEN_VERB_IN && strcmp(t.amount, "100") == 0 && t.amount_column == 3);
	ck_assert(token_line_parse("\t mint   0.5 \r", &t, &why) && t.verb == TOKEN_VERB_MINT && strcmp(t.amount, "0.5") == 0);
	ck_assert(token_line_parse("out 5", &t, &why) && t.verb == TOKEN_VERB_OUT && strcmp(t.into, "ZNC") == 0);
	ck_assert(token_line_parse("out 5 into=SILVER", &t, &why) && strcmp(t.into, "SILVER") == 0 && t.into_column == 11);
	static const struct { const char *line; int err, column; } bad[] = {
	    {"", EINVAL, 0}, {"burn 5", EINVAL, 0}, {" inn 5", EINVAL, 1}, {"in", EINVAL, 2}, {"out into=SILVER extra", EINVAL, 16},
	    {"in 5 into=GOLD", EINVAL, 5},
	    {"mint 5 6", EINVAL, 7}, {"out 5 to=GOLD", EINVAL, 6}, {"out 5 into=", ENXIO, 11},
	    {"out 5 into=GOLDGOLDX", ENXIO, 11}, {"out 5 into=GOLD into=ZNC", EINVAL, 16},
	    {"in 10000000000000000000000000000000", EINVAL, 3}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		t.verb = TOKEN_VERB_MINT;
		ck_assert_msg(!token_line_parse(bad[i].line, &t, &why) && t.verb == TOKEN_VERB_MINT, "%s", bad[i].line);
		ck_assert_msg(why.err == bad[i].err && why.column == bad[i].column, "%s: %d at %d", bad[i].line, why.err, why.column);
	}
}
END_TEST

START_TEST(values)
{
	struct token_draft d = {.num = 7, .den = 8, .decimals = 9, .mode = TOKEN_OPEN};
	struct refusal why;
	ck_assert(token_decimals_parse("0", &d, &why) && d.decimals == 0 && token_decimals_parse("18", &d, &why) && d.decimals == 18);
	ck_assert(token_anchor_parse("1 1000000", &d, &why) && d.num == 1 && d.den == 1000000);
	ck_assert(token_anchor_parse("18446744073709551615\t18446744073709551615", &d, &why) && d.num == UINT64_MAX);
	ck_assert(token_mode_parse("issuer", &d, &why) && d.mode == TOKEN_ISSUER);
	ck_assert(token_mode_parse("open", &d, &why) && d.mode == TOKEN_OPEN);
	static const char *const decimals[] = {"19", "", "-1", "1.0", "x", "8 8"};
	static const char *const anchors[] = {"", "1", "0 1", "1 0", "1 1 1", "a b", "1.5 2", "18446744073709551616 1", "-1 1",
	    "00000000000000000000000000000000000000000000000000000000000000001 1"};
	static const char *const modes[] = {"", "Open", "issuers", "0"};
	struct token_draft was = d;
	for (size_t i = 0; i < sizeof decimals / sizeof decimals[0]; i++)
		ck_assert_msg(!token_decimals_parse(decimals[i], &d, &why) && why.err == ERANGE, "%s", decimals[i]);
	for (size_t i = 0; i < sizeof anchors / sizeof anchors[0]; i++)
		ck_assert_msg(!token_anchor_parse(anchors[i], &d, &why) && why.err == ERANGE, "%s", anchors[i]);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		ck_assert_msg(!token_mode_parse(modes[i], &d, &why) && why.err == EINVAL, "%s", modes[i]);
	ck_assert_mem_eq(&was, &d, sizeof d);
}
END_TEST

START_TEST(amounts_are_exact)
{
	struct money m;
	struct refusal why;
	ck_assert(send_amount("0.01", 2, 4, "in", &m, &why) && money_base(m) == 1);
	ck_assert(!send_amount("0.001", 2, 4, "in", &m, &why) && why.err == EINVAL && why.column == 4);
	ck_assert(!send_amount("0", 2, 4, "in", &m, &why));
	ck_assert(!send_amount("1.0", 0, 4, "in", &m, &why));
}
END_TEST

/* The least that comes in for exactly so many: one less makes fewer. */
START_TEST(prices)
{
	static const struct { uint64_t units, num, den, znc; } good[] = {{1, 1, 1, 1}, {5, 1, 1000000, 5000000}, {7, 3, 1, 0}, {6, 3, 1, 2},
	    {1, 2, 3, 2}, {2, 2, 3, 3}, {SUPPLY_BASE, 1, 1, SUPPLY_BASE}, {SUPPLY_BASE, UINT64_MAX, UINT64_MAX, SUPPLY_BASE},
	    {1, 1, UINT64_MAX, 0}};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct money znc = money_of(0), made, fewer;
		bool is = token_price(money_of(good[i].units), good[i].num, good[i].den, &znc);
		ck_assert_msg(is == (good[i].znc != 0), "%zu", i);
		ck_assert_uint_eq(money_base(znc), good[i].znc);
		if (!is)
			continue;
		ck_assert(money_muldiv(znc, good[i].num, good[i].den, &made) && money_base(made) == good[i].units);
		znc = money_of(money_base(znc) - 1);
		ck_assert(money_muldiv(znc, good[i].num, good[i].den, &fewer) && money_base(fewer) < good[i].units);
	}
}
END_TEST

TEST_MAIN("token_line", words, values, amounts_are_exact, prices)
