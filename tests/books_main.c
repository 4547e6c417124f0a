/* The main of a test over the books.
 *
 * Knows one fixture for all cases and a time limit that a slow machine keeps. Does not know the cases: each file adds its own. */
#include <check.h>
#include <stdlib.h>
#include "tests/books_driver.h"

int rig_test_main(const char *title, void (*setup)(void), void (*teardown)(void), void (*add)(struct TCase *))
{
	Suite *s = suite_create(title);
	TCase *t = tcase_create(title);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	add(t);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
