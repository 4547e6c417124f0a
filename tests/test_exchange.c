/* Where an answer is read.
 *
 * After the write, from the start, byte by byte as dash does, a block and back as bash does. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/exchange.h"

static struct exchange answered(uint64_t off, size_t size)
{
	struct exchange x = {0};
	exchange_begin(&x);
	page_add(&x.reply, "first\nsecond\n");
	exchange_wrote(&x, off, size);
	return x;
}

static void expect(const struct exchange *x, uint64_t off, size_t size, const char *want)
{
	struct slice s = exchange_read(x, off, size);
	ck_assert_uint_eq(s.len, strlen(want));
	ck_assert(s.len == 0 || memcmp(s.p, want, s.len) == 0);
}

START_TEST(positions)
{
	struct exchange x = answered(0, 20);
	expect(&x, 20, 4096, "first\nsecond\n"); /* right after the write */
	expect(&x, 26, 4096, "second\n");        /* bash went back to the end of its first line */
	expect(&x, 20, 1, "f");                  /* dash */
	expect(&x, 33, 4096, "");
	expect(&x, 0, 4096, "first\nsecond\n");  /* seek(0) */
	expect(&x, 6, 3, "sec");
	expect(&x, UINT64_MAX, 10, "");
	exchange_free(&x);
}
END_TEST

START_TEST(next_write_replaces)
{
	struct exchange x = answered(0, 20);
	exchange_begin(&x);
	expect(&x, 20, 10, "");
	page_add(&x.reply, "third\n");
	exchange_wrote(&x, 33, 10);
	expect(&x, 43, 100, "third\n");
	exchange_free(&x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exchange");
	TCase *c = tcase_create("reads");
	tcase_add_test(c, positions);
	tcase_add_test(c, next_write_replaces);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
