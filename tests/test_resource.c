/* Resource vectors: arithmetic, the dominant share, and filling in what was not said.
 *
 * Knows the default vectors of two symbols. Prices are not looked at here. */
#include <check.h>
#include "common/resource.h"
#include "tests/vector.h"

static const struct resources cpu = {{1000, 2048, 0, 0, 10240, 100000, 100000, 1000, 100, 512, 0, 0}};
static const struct resources gpu = {{4000, 16384, 1, 16384, 51200, 100000, 100000, 2000, 100, 1024, 0, 0}};

START_TEST(arithmetic)
{
	struct resources a = {{1, 2}}, b = {{1, 1}}, big = {{UINT32_MAX}}, was = {{1, 2}};
	ck_assert(resources_fit(&b, &a) && !resources_fit(&a, &b));
	ck_assert(!resources_sub(&a, &big) && resources_eq(&a, &was));
	ck_assert(!resources_add(&a, &big) && resources_eq(&a, &was));
	ck_assert(resources_add(&a, &b) && a.v[0] == 2 && a.v[1] == 3);
	ck_assert(resources_sub(&a, &b) && resources_eq(&a, &was));
	ck_assert(resources_scale(&a, 3, &b) && b.v[1] == 6);
	ck_assert(!resources_scale(&big, 2, &b) && b.v[1] == 6);
}
END_TEST

START_TEST(units_are_the_dominant_share)
{
	uint64_t units = 7;
	ck_assert(resources_units(&cpu, &cpu, &units) && units == 1000);
	ck_assert(resources_units(&(struct resources){{500, 2048}}, &cpu, &units) && units == 1000);
	ck_assert(resources_units(&(struct resources){{[RES_PIDS] = 1}}, &cpu, &units) && units == 2); /* rounded up */
	ck_assert(!resources_units(&(struct resources){{0}}, &cpu, &units));
	ck_assert(!resources_units(&(struct resources){{[RES_GPU] = 1}}, &cpu, &units) && units == 2);
	ck_assert(resources_units(&(struct resources){{UINT32_MAX}}, &(struct resources){{1}}, &units) && units == 1000ULL * UINT32_MAX);
}
END_TEST

START_TEST(what_is_not_given_is_in_proportion)
{
	struct resources r = {{500}};
	ck_assert(resources_complete(&r, 1 << RES_CPU_MILLI, &cpu));
	ck_assert(r.v[RES_MEM_MIB] == 1024 && r.v[RES_DISK_MIB] == 5120 && r.v[RES_PIDS] == 256 && r.v[RES_GPU] == 0);
	r = (struct resources){{500, 2048}};
	ck_assert(resources_complete(&r, 1 << RES_CPU_MILLI | 1 << RES_MEM_MIB, &cpu));
	ck_assert(r.v[RES_CPU_MILLI] == 500 && r.v[RES_DISK_MIB] == 10240);
	r = (struct resources){{[RES_CPU_MILLI] = 2000}};
	ck_assert(resources_complete(&r, 1 << RES_CPU_MILLI, &gpu) && r.v[RES_GPU] == 1); /* half a card is a card */
	r = (struct resources){{0}};
	ck_assert(resources_complete(&r, 0, &gpu) && resources_eq(&r, &gpu));
}
END_TEST

START_TEST(what_cannot_be_completed)
{
	struct resources r = {{[RES_GPU] = 1}}, was = r;
	ck_assert(!resources_complete(&r, 1 << RES_GPU, &cpu) && resources_eq(&r, &was));
	ck_assert(!resources_complete(&r, 1 << RESOURCES, &gpu));
	r = (struct resources){{[RES_GPU] = UINT32_MAX}};
	ck_assert(!resources_complete(&r, 1 << RES_GPU, &gpu));
}
END_TEST

START_TEST(words)
{
	for (int k = 0; k < RES_SPARE_A; k++)
		ck_assert_int_eq(resource_by_word(resource_word((enum resource_kind)k)), k);
	ck_assert_ptr_null(resource_word(RES_SPARE_A));
	ck_assert_int_eq(resource_by_word("ram"), -1);
}
END_TEST

TEST_MAIN("resource", arithmetic, units_are_the_dominant_share, what_is_not_given_is_in_proportion, what_cannot_be_completed, words)
