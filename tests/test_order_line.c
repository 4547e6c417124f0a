/* The grammar of an order line.
 *
 * What is taken, and what is refused with which errno at which column. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/order_line.h"

static const char *const good[] = {
    "bid gpu qty=2 price=0.9 for=2h",
    "ask gpu 2 @ 0.90 for 2h",
    "ask gpu 2 @0.90 for 2h",
    "ask cpu price=0.02",
    "  bid   cpu\tprice=1 for=90s  ",
    "bid cpu cpu=0.5 mem=128M disk=64M up=20mbit down=20mbit iops=100 conn=10 pids=32 price=0.1 for=10m app=demo note=x mode=auction",
    "bid gpu.h100@cn-east gpu=1 gpumem=16G price=2 for=1d rating=500 node=n-0123456789ab until=2030-12-01T10:00:00Z tif=fok",
    "ask cpu qty=8 price=0.02 min=10m max=1d node=self tif=gtc",
    "bid cpu qty=2 price=0.9000 for=2h cpu=1 tif=gtc id=o-f00b876d81a0 rev=3 state=partial filled=1 avg=0.8950 leases=l-81c2 "
    "escrow=3.60000000 rate=1.8 "
    "time=2018-12-01T10:00:00Z reason=-",
};

static const struct { const char *line; int err, column;
} bad[] = {
    {"", EINVAL, 0},
    {"buy gpu price=1 for=1h", EINVAL, 0},
    {"bid", EINVAL, 3},
    {"bid price=1", EINVAL, 4},
    {"bid gpu for=1h", EINVAL, 14},
    {"bid gpu price=1", EINVAL, 15},
    {"bid gpu price=x for=1h", EINVAL, 14},
    {"bid gpu price=1 for=1w", EINVAL, 20},
    {"bid gpu colour=red price=1 for=1h", EINVAL, 8},
    {"bid gpu qty=0 price=1 for=1h", ERANGE, 12},
    {"bid gpu qty=99999 price=1 for=1h", ERANGE, 12},
    {"bid gpu qty=two price=1 for=1h", EINVAL, 12},
    {"bid gpu cpu=lots price=1 for=1h", EINVAL, 12},
    {"bid gpu up=5parsec price=1 for=1h", EINVAL, 11},
    {"bid gpu price=1 price=2 for=1h", EINVAL, 16},
    {"bid gpu cpu=1 cpu=1 price=1 for=1h", EINVAL, 14},
    {"bid gpu 2 @", EINVAL, 10},
    {"bid gpu 2 @ 1 for", EINVAL, 14},
    {"bid gpu 2 3 @ 1 for 1h", EINVAL, 10},
    {"ask gpu price=1 app=demo", EINVAL, 20},
    {"ask gpu price=1 rating=3", EINVAL, 23},
    {"bid gpu price=1 for=1h min=1h", EINVAL, 27},
    {"ask gpu price=1 for=1h max=2h", EINVAL, 20},
    {"bid gpu price=1 for=1h tif=now", EINVAL, 27},
    {"bid gpu price=1 for=1h until=tomorrow", EINVAL, 29},
    {"bid gpu price=1 for=1h mode=task", EINVAL, 28},
    {"bid gpu price=1 for=1h name=x", EINVAL, 23},
    {"bid gpu price=1 for=1h app=../x", EINVAL, 27},
    {"bid gpu price=-1 for=1h", EINVAL, 14},
    {"bid gpu price=1e3 for=1h", EINVAL, 14},
    {"bid gpu price=0.000000001 for=1h", EINVAL, 14},
    {"bid gpu price=1 for=1h rating=70000", ERANGE, 30},
};

START_TEST(accepts)
{
	struct order_line o;
	struct refusal why;
	ck_assert_msg(order_line_parse(good[_i], false, &o, &why), "%s: %s at %d", good[_i], why.text, why.column);
}
END_TEST

START_TEST(refuses)
{
	struct order_line o;
	struct refusal why;
	ck_assert_msg(!order_line_parse(bad[_i].line, false, &o, &why), "%s", bad[_i].line);
	ck_assert_msg(why.err == bad[_i].err && why.column == bad[_i].column, "%s: errno %d at %d (%s), not %d at %d", bad[_i].line,
	    why.err, why.column, why.text, bad[_i].err, bad[_i].column);
}
END_TEST

START_TEST(short_form_is_the_long_one)
{
	struct order_line a, b;
	struct refusal why;
	ck_assert(order_line_parse("ask gpu 2 @ 0.90 for 2h", false, &a, &why));
	ck_assert(order_line_parse("ask gpu qty=2 price=0.90 for=2h", false, &b, &why));
	ck_assert(a.qty == 2 && a.for_s == 7200 && price_base(a.price) == 90000000);
	ck_assert(a.side == b.side && a.qty == b.qty && a.for_s == b.for_s && price_cmp(a.price, b.price) == 0);
}
END_TEST

START_TEST(parts)
{
	struct order_line o;
	struct refusal why;
	ck_assert(order_line_parse(good[5], false, &o, &why));
	ck_assert(o.res.v[RES_CPU_MILLI] == 500 && o.res.v[RES_MEM_MIB] == 128 && o.res.v[RES_UP_KBPS] == 20000 && o.res.v[RES_PIDS] == 32);
	ck_assert(o.given == (1u << RES_CPU_MILLI | 1u << RES_MEM_MIB | 1u << RES_DISK_MIB | 1u << RES_UP_KBPS | 1u << RES_DOWN_KBPS |
				 1u << RES_IOPS | 1u << RES_CONN | 1u << RES_PIDS));
	ck_assert_str_eq(o.app, "demo");
	ck_assert(order_line_parse(good[8], false, &o, &why) && o.rev == 3);
	ck_assert_str_eq(o.id, "o-f00b876d81a0");
	ck_assert(order_line_parse("ask cpu price=1 name=n1", true, &o, &why));
	ck_assert_str_eq(o.name, "n1");
}
END_TEST

START_TEST(too_long)
{
	char line[LINE_MAX_LEN + 2];
	struct order_line o;
	struct refusal why;
	memset(line, ' ', sizeof line);
	line[sizeof line - 1] = 0;
	ck_assert(!order_line_parse(line, false, &o, &why) && why.err == E2BIG);
}
END_TEST

static const struct { const char *line; int err, column; } no_terms[] = {
    {"change", EINVAL, 6},
    {"change rate=5", EINVAL, 13},
    {"change qty=2 cpu=1", EINVAL, 11},
    {"change 2", EINVAL, 7},
    {"change for=2h", EINVAL, 11},
    {"change name=x", EINVAL, 7},
    {"change cpu=1 rev=2", EINVAL, 17},
    {"change cpu=1 cpu=2", EINVAL, 13},
    {"change cpu=lots", EINVAL, 11},
    {"change price=-1", EINVAL, 13},
};

START_TEST(terms_of_a_lease)
{
	struct refusal why;
	struct order_line o;
	ck_assert(order_line_terms("change cpu=1.5 mem=256M price=0.04", 6, &o, &why));
	ck_assert_uint_eq(o.given, 1u << RES_CPU_MILLI | 1u << RES_MEM_MIB);
	ck_assert_uint_eq(o.res.v[RES_CPU_MILLI], 1500);
	ck_assert_uint_eq(price_base(o.price), 4000000);
	ck_assert(order_line_terms("change @ 0.5", 6, &o, &why));
	ck_assert_uint_eq(o.given, 0);
	for (size_t i = 0; i < sizeof no_terms / sizeof *no_terms; i++) {
		ck_assert_msg(!order_line_terms(no_terms[i].line, 6, &o, &why), "taken: %s", no_terms[i].line);
		ck_assert_msg(why.err == no_terms[i].err && why.column == no_terms[i].column, "%s: %d at %d: %s", no_terms[i].line, why.err,
		    why.column, why.text);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("order_line");
	TCase *c = tcase_create("grammar");
	tcase_add_loop_test(c, accepts, 0, sizeof good / sizeof good[0]);
	tcase_add_loop_test(c, refuses, 0, sizeof bad / sizeof bad[0]);
	tcase_add_test(c, short_form_is_the_long_one);
	tcase_add_test(c, parts);
	tcase_add_test(c, too_long);
	tcase_add_test(c, terms_of_a_lease);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
