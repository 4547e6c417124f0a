/* Reading what the machine's host took: made columns of /proc/stat, and the machine's own.
 *
 * What is done with it is test_meter's. */
#include <check.h>
#include <errno.h>
#include "kernel-facing/contention.h"
#include "tests/vector.h"

START_TEST(columns)
{
	uint64_t steal = 9, busy = 9;
	ck_assert_int_eq(contention_parse("cpu  10 20 30 4000 500 6 7 80 1 2\ncpu0 1 2 3 4\n", 100, &steal, &busy), 0);
	ck_assert_uint_eq(steal, 800000);
	ck_assert_uint_eq(busy, 730000); /* a guest's time is in user's already */
	ck_assert_int_eq(contention_parse("cpu  10 20 30 4000 500 6 7\n", 100, &steal, &busy), -EBADMSG);
	ck_assert_int_eq(contention_parse("intr 1 2 3 4 5 6 7 8 9\n", 100, &steal, &busy), -EBADMSG);
	ck_assert_int_eq(contention_parse("", 100, &steal, &busy), -EBADMSG);
	ck_assert_int_eq(contention_parse("cpu  10 20 30 4000 500 6 7 80\n", 0, &steal, &busy), -EBADMSG);
	ck_assert_uint_eq(steal, 800000);
}
END_TEST

START_TEST(this_machine)
{
	uint64_t steal, busy, more;
	ck_assert_int_eq(contention_read(&steal, &busy), 0);
	do
		ck_assert_int_eq(contention_read(&steal, &more), 0);
	while (more == busy); /* this loop itself keeps it busy */
	ck_assert_uint_gt(more, busy);
}
END_TEST

TEST_MAIN("contention", columns, this_machine)
