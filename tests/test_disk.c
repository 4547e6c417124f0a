/* Empty disks kept for the next task: a copy is what mkfs would have made, what is kept is bounded, and what is spoiled is not used.
 *
 * Needs root and mkfs.ext4 (exit 77 otherwise); nothing is mounted. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kernel-facing/disk.h"
#include "kernel-facing/host.h"

#define HELPER 65534

static char dir[64], kept[HOST_PATH];

static void setup(void)
{
	strcpy(dir, "/tmp/zeus-disk.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(host_path(kept, "%s/disks", dir), 0);
	ck_assert_int_eq(mkdir(kept, 0700), 0);
}

static void teardown(void) { ck_assert_int_eq(host_remove(dir), 0); }

static const char *at(const char *name)
{
	static char path[HOST_PATH];
	ck_assert_int_eq(host_path(path, "%s/%s", dir, name), 0);
	return path;
}

static int take(const char *name, uint32_t mib) { return disk_take(kept, at(name), mib, HELPER); }

static bool same(const char *a, const char *b)
{
	char command[1024];
	snprintf(command, sizeof command, "cmp %s/%s %s/%s", dir, a, dir, b);
	return system(command) == 0;
}

static bool is_clean(const char *name)
{
	char command[1024];
	snprintf(command, sizeof command, "e2fsck -fn %s/%s > %s/e2fsck.log 2>&1", dir, name, dir);
	return system(command) == 0;
}

static uint32_t count_kept(void)
{
	uint32_t n = 0;
	DIR *d = opendir(kept);
	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void check_disk(const char *name, uint32_t mib)
{
	struct stat st;
	ck_assert_int_eq(stat(at(name), &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)mib << 20);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_lt(st.st_blocks * 512, st.st_size / 2); /* holes stay holes */
	ck_assert(is_clean(name));
}

START_TEST(a_copy_is_whole)
{
	ck_assert_int_eq(take("first", 24), 0);
	ck_assert_int_eq(take("second", 24), 0);
	check_disk("first", 24);
	check_disk("second", 24);
	ck_assert(same("first", "second"));
	ck_assert_uint_eq(count_kept(), 1);
	/* Neither is the kept one. */
	ck_assert_int_eq(truncate(at("first"), 0), 0);
	ck_assert_int_eq(take("third", 24), 0);
	ck_assert(same("second", "third"));
	/* A place that is taken is not written over. */
	ck_assert_int_eq(take("second", 24), -EEXIST);
	check_disk("second", 24);
}
END_TEST

START_TEST(few_sizes_are_kept)
{
	for (uint32_t mib = 1; mib <= 40; mib++) {
		char name[16];
		snprintf(name, sizeof name, "d%u", (unsigned)mib);
		ck_assert_int_eq(take(name, mib), 0);
	}
	ck_assert_uint_eq(count_kept(), 32);
	ck_assert(host_exists(at("disks/40")));
	ck_assert(!host_exists(at("disks/1")));
}
END_TEST

START_TEST(what_is_spoiled_is_not_used)
{
	ck_assert_int_eq(take("first", 24), 0);
	ck_assert_int_eq(truncate(at("disks/24"), 4096), 0);
	ck_assert_int_eq(take("second", 24), 0);
	check_disk("second", 24);
	ck_assert(!host_exists(at("disks/24")));
	/* A link may lead anywhere: it is not followed. */
	ck_assert_int_eq(symlink("/dev/zero", at("disks/24")), 0);
	ck_assert_int_eq(take("third", 24), 0);
	check_disk("third", 24);
	disk_forget(kept, 24);
	ck_assert_int_eq(take("fourth", 24), 0);
	check_disk("fourth", 24);
	ck_assert_uint_eq(count_kept(), 1);
}
END_TEST

START_TEST(without_a_place_it_is_made_anyway)
{
	ck_assert_int_eq(rmdir(kept), 0);
	ck_assert_int_eq(take("first", 24), 0);
	check_disk("first", 24);
	ck_assert(!host_exists(kept));
}
END_TEST

int main(void)
{
	char path[HOST_PATH];
	if (geteuid() != 0 || host_program("mkfs.ext4", path) < 0 || host_program("e2fsck", path) < 0) {
		fprintf(stderr, "skipped: needs root, mkfs.ext4 and e2fsck\n");
		return 77;
	}
	Suite *s = suite_create("disk");
	TCase *c = tcase_create("ready");
	tcase_set_timeout(c, 240);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_copy_is_whole);
	tcase_add_test(c, few_sizes_are_kept);
	tcase_add_test(c, what_is_spoiled_is_not_used);
	tcase_add_test(c, without_a_place_it_is_made_anyway);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
