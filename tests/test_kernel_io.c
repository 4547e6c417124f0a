/* Operations on disks per second, on the real kernel: held, compared, repaired, read back; and only while there is a task.
 *
 * It knows the kernel's files. It needs what test_kernel_direct needs and a kernel with blk-throttle, and asserts no least speed. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define RATE 30
#define OPERATIONS 40 /* at least, of each script */
#define WAIT_MS 300000

static struct site site;
static const struct lease_name lease = {"0123456789ab"}, other = {"ba9876543210"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static bool is_held(void)
{
	struct inventory inv;
	ck_assert_int_eq(site.k->ops->inventory(site.k, &inv), 0);
	if (!inv.iops_held)
		fprintf(stderr, "not looked at: this kernel cannot hold operations\n");
	return inv.iops_held;
}

static struct quota quota(uint32_t iops)
{
	struct quota q = site_quota();
	q.res.v[RES_IOPS] = iops;
	q.res.v[RES_CPU_MILLI] = 2000; /* no lack of processor time may hide it */
	return q;
}

static void open_lease(const struct lease_name *name, uint32_t iops)
{
	struct quota q = quota(iops);
	int r = site.k->ops->lease_open(site.k, name, &q);
	ck_assert_msg(r == 0, "lease_open: %s", strerror(-r));
}

static uint32_t read_back(void)
{
	struct quota q;
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &q), 0);
	return q.res.v[RES_IOPS];
}

static uint32_t check(struct drift found[DRIFTS_MAX])
{
	uint32_t n = 99;
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	return n;
}

/* Each of these operations waits for the disk: written past the cache, and with a flush after each, and read past the cache. */
START_TEST(operations_are_held_to_the_number)
{
	static const char *const scripts[] = {
	    "dd if=/dev/zero of=/root/x bs=4k count=60 oflag=direct || exit 1; exit 7",
	    "i=0; while [ $i -lt 40 ]; do dd if=/dev/zero of=/root/x bs=4k count=1 conv=fsync || exit 1; i=$((i+1)); done; exit 7",
	    "dd if=/dev/zero of=/root/x bs=1M count=1 conv=fsync;"
	    "dd if=/root/x of=/dev/null bs=4k count=60 iflag=direct || exit 1; exit 7"};
	if (!is_held())
		return;
	open_lease(&lease, RATE);
	open_lease(&other, 0);
	/* Another lease does the same without a bound: it comes to its end however long this one is held. */
	ck_assert_int_eq(site_run(&site, &other, scripts[0]), 0);
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		uint64_t from = host_now_ms();
		ck_assert_int_eq(site_run(&site, &lease, scripts[i]), 0);
		ck_assert_int_eq(site_wait_exit(&site, &lease, WAIT_MS), 7);
		double most = (double)(host_now_ms() - from) * RATE / 1000 + RATE;
		printf("%d operations, at most %.0f\n", OPERATIONS, most);
		ck_assert_msg(OPERATIONS <= most, "%s", scripts[i]);
		ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	}
	ck_assert_int_eq(site_wait_exit(&site, &other, WAIT_MS), 7);
}
END_TEST

/* A file of the image lies on the machine's own disk. */
START_TEST(the_image_is_read_under_the_same_bound)
{
	if (!is_held() || !direct_of(site.k)->disk.major)
		return;
	open_lease(&lease, RATE);
	uint64_t from = host_now_ms();
	ck_assert_int_eq(site_run(&site, &lease, "dd if=/bin/busybox of=/dev/null bs=4k count=60 iflag=direct || exit 1; exit 7"), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, WAIT_MS), 7);
	ck_assert(OPERATIONS <= (double)(host_now_ms() - from) * RATE / 1000 + RATE);
}
END_TEST

START_TEST(the_number_changes_live_and_is_read_back)
{
	static const uint32_t numbers[] = {20, 0, 1, 1000};
	if (!is_held())
		return;
	open_lease(&lease, 7);
	ck_assert_uint_eq(read_back(), 7);
	ck_assert_int_eq(site_run(&site, &lease, "sleep 600"), 0);
	ck_assert_uint_eq(read_back(), 7);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct quota q = quota(numbers[i]);
		ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
		ck_assert_uint_eq(read_back(), numbers[i]);
	}
	struct quota q = quota(1001); /* beyond the policy */
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), -EDQUOT);
	ck_assert_uint_eq(read_back(), 1000);
	struct drift found[DRIFTS_MAX];
	ck_assert_uint_eq(check(found), 0);
	/* The next task has another disk, or the same device again, under the same bound. */
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	ck_assert_uint_eq(check(found), 0);
	ck_assert_int_eq(site_run(&site, &lease, "sleep 600"), 0);
	ck_assert_uint_eq(iops_set(&direct_of(site.k)->groups, "lease-0123456789ab", &lease_find(direct_of(site.k), &lease)->io, 1000), 0);
	ck_assert_uint_eq(check(found), 0);
}
END_TEST

/* As another root process would, device by device. */
static void lift(int device)
{
	struct direct *d = direct_of(site.k);
	struct iops_devices one = {.of = {lease_find(d, &lease)->io.of[device]}};
	ck_assert_uint_ne(one.of[0].major, 0);
	ck_assert_int_eq(iops_set(&d->groups, "lease-0123456789ab", &one, 0), 0);
}

START_TEST(changes_by_others_are_told_and_repaired)
{
	struct drift found[DRIFTS_MAX];
	if (!is_held())
		return;
	open_lease(&lease, 33);
	ck_assert_int_eq(site_run(&site, &lease, "sleep 600"), 0);
	for (int device = 0; device < (direct_of(site.k)->disk.major ? 2 : 1); device++) {
		ck_assert_uint_eq(check(found), 0);
		lift(device);
		ck_assert_uint_eq(check(found), 1);
		ck_assert_str_eq(found[0].what, "iops");
		ck_assert_uint_eq(found[0].want, 33);
		ck_assert_uint_eq(found[0].have, IOPS_NO_LIMIT);
		ck_assert_uint_eq(check(found), 0);
	}
	/* And what changed while nobody looked. */
	lift(0);
	site.k->ops->close(site.k);
	site_open(&site);
	ck_assert_uint_eq(read_back(), IOPS_NO_LIMIT);
	ck_assert_uint_eq(check(found), 1);
	ck_assert_uint_eq(read_back(), 33);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_io");
	TCase *c = tcase_create("iops");
	tcase_set_timeout(c, 400);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, operations_are_held_to_the_number);
	tcase_add_test(c, the_image_is_read_under_the_same_bound);
	tcase_add_test(c, the_number_changes_live_and_is_read_back);
	tcase_add_test(c, changes_by_others_are_told_and_repaired);
	suite_add_tcase(s, c);
	return site_main(s);
}
