/* Which GPU a lease gets.
 *
 * It knows memory and how many are wanted. It does not know actors or kernels: who holds a device already is shown in test_act.c. */
#include "broker/gpus.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct gpu_info some_gpus[] = {{.rule = {'c', 195, 0}, .mem_mib = 81920}, {.rule = {'c', 195, 1}, .mem_mib = 0},
    {.rule = {'c', 195, 2}, .mem_mib = 16384}, {.rule = {'c', 195, 3}, .mem_mib = 24576}};

static uint32_t picked(uint32_t n, uint32_t mem_mib)
{
	static struct inventory inv = {.ngpus = 4};
	struct leases none = {.first = NULL};
	struct resources res = {{[RES_GPU] = n, [RES_GPU_MEM_MIB] = mem_mib}};
	struct quota q;
	uint32_t minors = 0;
	memcpy(inv.gpus, some_gpus, sizeof some_gpus);
	if (gpus_pick(&none, &inv, &res, &q) < 0)
		return UINT32_MAX;
	for (uint32_t i = 0; i < q.ndevices; i++)
		minors |= 1u << q.devices[i].minor;
	return minors;
}

START_TEST(the_smallest_that_holds_it)
{
	ck_assert_uint_eq(picked(0, 0), 0);
	ck_assert_uint_eq(picked(1, 0), 1 << 2);
	ck_assert_uint_eq(picked(1, 16384), 1 << 2);
	ck_assert_uint_eq(picked(1, 16385), 1 << 3);
	ck_assert_uint_eq(picked(1, 81920), 1 << 0);
	ck_assert_uint_eq(picked(1, 81921), 1 << 1);          /* which does not tell what it has */
	ck_assert_uint_eq(picked(2, 2 * 24576), 1 << 3 | 1);  /* each holds its part */
	ck_assert_uint_eq(picked(4, 0), 15);
	ck_assert_uint_eq(picked(5, 0), UINT32_MAX);
	ck_assert_uint_eq(picked(4, 4 * 16385), UINT32_MAX);
}
END_TEST

START_TEST(what_is_held_is_not_given)
{
	struct inventory inv = {.ngpus = 4};
	struct lease held = {.quota = {.ndevices = 1, .devices = {{'c', 195, 2}}}};
	struct leases books = {.first = &held};
	struct resources res = {{[RES_GPU] = 1}};
	struct quota q = {.ndevices = 7};
	memcpy(inv.gpus, some_gpus, sizeof some_gpus);
	ck_assert_int_eq(gpus_pick(&books, &inv, &res, &q), 0);
	ck_assert_uint_eq(q.devices[0].minor, 3);
	ck_assert_ptr_eq(gpus_holder(&books, &some_gpus[2].rule), &held);
	ck_assert_ptr_null(gpus_holder(&books, &some_gpus[3].rule));
	res.v[RES_GPU] = 4;
	q.ndevices = 7;
	ck_assert_int_eq(gpus_pick(&books, &inv, &res, &q), -EBUSY);
	ck_assert_uint_eq(q.ndevices, 7); /* untouched */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gpus");
	TCase *c = tcase_create("all");
	tcase_add_test(c, the_smallest_that_holds_it);
	tcase_add_test(c, what_is_held_is_not_given);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
