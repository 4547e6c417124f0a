/* Numbers as people write them: tables of what is read, what is refused, and what is shown.
 *
 * A word that is refused must leave the output as it was. Address vectors come from another implementation. */
#include <check.h>
#include <string.h>
#include "common/text.h"
#include "tests/vector.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

struct row { const char *in; uint64_t value; const char *shown; }; /* shown NULL: as in */

/* Every row reads as its value and is shown as it should be; every refused word leaves the output alone. */
#define HOLD(rows, refused, type, read, value_of, show) do { \
	char shown[TEXT_NUM]; \
	for (size_t i = 0; i < COUNT(rows); i++) { \
		type v; \
		ck_assert_msg(read(rows[i].in, &v), "%s is refused", rows[i].in); \
		ck_assert_msg(value_of(v) == rows[i].value, "%s is read as %llu", rows[i].in, (unsigned long long)value_of(v)); \
		ck_assert_str_eq(show(v, shown), rows[i].shown ? rows[i].shown : rows[i].in); \
	} \
	for (size_t i = 0; i < COUNT(refused); i++) { \
		type v, was; \
		memset(&v, 0x5a, sizeof v); \
		was = v; \
		ck_assert_msg(!read(refused[i], &v), "%s is accepted", refused[i]); \
		ck_assert(memcmp(&v, &was, sizeof v) == 0); \
	} \
} while (0)
#define AS_IS(v) ((uint64_t)(v))

START_TEST(money)
{
	static const struct row rows[] = {
		{"1.50000000", 150000000, NULL}, {"0.00000001", 1, NULL}, {"10000000000", SUPPLY_BASE, "10000000000.00000000"},
		{"2", 200000000, "2.00000000"}, {"0", 0, "0.00000000"}, {"0.5", 50000000, "0.50000000"},
	};
	static const char *const refused[] = {"", "-1", "+1", "1.", ".5", "1.000000001", "1e3", " 1", "1 ", "10000000000.00000001", "1,5",
		"99999999999999999999", "0x1"};
	HOLD(rows, refused, struct money, text_money, money_base, text_of_money);
}
END_TEST

START_TEST(prices)
{
	static const struct row rows[] = {{"0.0200", 2000000, NULL}, {"0.9", 90000000, "0.9000"}, {"0.00001", 1000, NULL}, {"3",
		300000000, "3.0000"},
		{"1.23456789", 123456789, NULL}};
	static const char *const refused[] = {"", "free", "0.000000001", "-0.1"};
	HOLD(rows, refused, struct price, text_price, price_base, text_of_price);
}
END_TEST

START_TEST(cores)
{
	static const struct row rows[] = {{"0.5", 500, NULL}, {"1", 1000, NULL}, {"0.125", 125, NULL}, {"64", 64000, NULL}, {"0", 0,
		NULL}, {"10", 10000, NULL}};
	static const char *const refused[] = {"", "0.0001", "4294968", "1c", "500m"};
	HOLD(rows, refused, uint32_t, text_cores, AS_IS, text_of_cores);
}
END_TEST

START_TEST(sizes)
{
	static const struct row rows[] = {{"512M", 512, NULL}, {"2G", 2048, NULL}, {"1536M", 1536, NULL}, {"1.5G", 1536, "1536M"},
		{"1T", 1 << 20, NULL},
		{"1048576", 1, "1M"}, {"2048K", 2, "2M"}, {"0", 0, "0M"}};
	static const char *const refused[] = {"", "M", "1000", "512m", "512MB", "0.5M", "4096T", "1K", "99999999999999999999G"};
	HOLD(rows, refused, uint32_t, text_size_mib, AS_IS, text_of_size);
}
END_TEST

START_TEST(rates)
{
	static const struct row rows[] = {{"20mbit", 20000, NULL}, {"500kbit", 500, NULL}, {"1gbit", 1000000, NULL}, {"1.5gbit",
		1500000, "1500mbit"},
		{"64000bit", 64, "64kbit"}};
	static const char *const refused[] = {"", "20", "20mbps", "mbit", "0.5bit", "1bit", "20 mbit", "5000000gbit"};
	HOLD(rows, refused, uint32_t, text_rate_kbps, AS_IS, text_of_rate);
}
END_TEST

START_TEST(durations)
{
	static const struct row rows[] = {{"10m", 600, NULL}, {"2h", 7200, NULL}, {"90s", 90, NULL}, {"1d", 86400, NULL}, {"1h30m",
		5400, "90m"},
		{"60", 60, "1m"}, {"0", 0, "0s"}, {"1d2h3m4s", 93784, "93784s"}};
	static const char *const refused[] = {"", "h", "30m1h", "1h1h", "1.5h", "-1m", "1w", "10m ", "1h30", "4294967296", "50000d",
		"99999999999999999999s"};
	HOLD(rows, refused, uint32_t, text_duration, AS_IS, text_of_duration);
}
END_TEST

START_TEST(times)
{
	static const struct row rows[] = {{"2018-12-01T10:00:00Z", 1543658400000, NULL}, {"1970-01-01T00:00:00Z", 0, NULL},
		{"2024-02-29T23:59:59.007Z", 1709251199007, NULL}, {"9999-12-31T23:59:59.999Z", 253402300799999, NULL}};
	static const char *const refused[] = {"", "2018-12-01", "2018-12-01 10:00:00Z", "2018-12-01T10:00:00", "2018-12-01T10:00:00+00:00",
		"2018-02-29T10:00:00Z", "2018-13-01T10:00:00Z", "2018-12-01T24:00:00Z", "2018-12-01T10:60:00Z", "2018-12-01T10:00:60Z",
		"1969-12-31T23:59:59Z", "2018-12-01T10:00:00.5Z", "2018-12-01T10:00:00Zx", "18-12-01T10:00:00Z"};
	HOLD(rows, refused, uint64_t, text_time, AS_IS, text_of_time);
	char late[TEXT_TIME];
	ck_assert_str_eq(text_of_time(UINT64_MAX, late), "9999-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(names)
{
	char longest[NAME_MAX_LEN + 2];
	memset(longest, 'a', sizeof longest);
	longest[NAME_MAX_LEN] = '\0';
	ck_assert(text_name_ok(longest) && text_name_ok("a") && text_name_ok("A-b_c.9") && text_name_ok("_x"));
	longest[NAME_MAX_LEN] = 'a';
	longest[NAME_MAX_LEN + 1] = '\0';
	ck_assert(!text_name_ok(longest) && !text_name_ok("") && !text_name_ok(".x") && !text_name_ok("-x") && !text_name_ok("a/b"));
	ck_assert(!text_name_ok("a b") && !text_name_ok("a\n") && !text_name_ok("\xc3\xa4"));
	uint64_t n = 5;
	ck_assert(text_u64("18446744073709551615", UINT64_MAX, &n) && n == UINT64_MAX);
	ck_assert(!text_u64("18446744073709551616", UINT64_MAX, &n) && !text_u64("11", 10, &n) && n == UINT64_MAX);
}
END_TEST

/* From an independent implementation of BIP 350. */
START_TEST(addresses)
{
	struct address a = {{0}}, back;
	char text[ADDRESS_TEXT_MAX];
	text_of_address(&a, text);
	ck_assert_str_eq(text, "znc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqr6yj3x");
	vector_fill(&a, 32, 1);
	text_of_address(&a, text);
	ck_assert_str_eq(text, "znc1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqvvtexw");
	ck_assert(text_address(text, &back) && address_eq(&a, &back));
	for (size_t at = 0; text[at]; at++) { /* every single typo is caught */
		char was = text[at];
		for (int c = 1; c < 128; c++) {
			text[at] = (char)c;
			ck_assert(c == was || !text_address(text, &back));
		}
		text[at] = was;
	}
	text[61] = '\0';
	ck_assert(!text_address(text, &back) && !text_address("", &back));
}
END_TEST

START_TEST(units)
{
	static const struct { const char *text; uint8_t decimals; uint64_t base; } good[] = {{"5", 0, 5}, {"1.5", 1, 15},
	    {"0.000000000000000001", 18, 1}, {"1", 18, SUPPLY_BASE}, {"1000000000000000000", 0, SUPPLY_BASE},
	    {"12.30", 2, 1230}, {"0", 4, 0}};
	static const struct { const char *text; uint8_t decimals; } bad[] = {{"1.0", 0}, {"1.55", 1}, {"1.0000000000000000001", 18},
	    {"1.000000000000000001", 18}, {"1000000000000000001", 0}, {"", 2}, {"-1", 2}, {"1e2", 2}, {"1.", 2}, {".5", 2},
	    {" 1", 2}, {"1 ", 2}, {"18446744073709551617", 0}};
	char num[TEXT_NUM];
	struct money m = money_of(77), back = money_of(0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(text_units(good[i].text, good[i].decimals, &m), "%s", good[i].text);
		ck_assert_uint_eq(money_base(m), good[i].base);
		ck_assert(text_units(text_of_units(m, good[i].decimals, num), good[i].decimals, &back) && money_cmp(m, back) == 0);
	}
	ck_assert_str_eq(text_of_units(money_of(5), 0, num), "5");
	ck_assert_str_eq(text_of_units(money_of(5), 2, num), "0.05");
	ck_assert_str_eq(text_of_units(money_of(SUPPLY_BASE), 18, num), "1.000000000000000000");
	m = money_of(77);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!text_units(bad[i].text, bad[i].decimals, &m) && money_base(m) == 77, "%s", bad[i].text);
}
END_TEST

TEST_MAIN("text", money, units, prices, cores, sizes, rates, durations, times, names, addresses)
