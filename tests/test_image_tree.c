/* Bounds of unpacked images, what is taken from their files, and removing trees that are deeper than a path is long.
 *
 * Needs no rights: all of it happens below a directory of its own. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kernel-facing/host.h"
#include "kernel-facing/image_tree.h"

#define DEEPER 400 /* of names so long that no path reaches the last one */

static char dir[64], name[201];
static int top;

static void setup(void)
{
	strcpy(dir, "/tmp/zeus-tree.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(top, 0);
	memset(name, 'n', sizeof name - 1);
}

static void teardown(void)
{
	close(top);
	ck_assert_int_eq(host_remove(dir), 0);
	ck_assert(!host_exists(dir));
}

static void put_file(int at, const char *file, size_t len, mode_t mode)
{
	static const char zero[4096];
	int fd = openat(at, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	for (; len; len -= len < sizeof zero ? len : sizeof zero)
		ck_assert_int_gt(write(fd, zero, len < sizeof zero ? len : sizeof zero), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void dig(int levels)
{
	int at = dup(top);
	for (int i = 0; i < levels; i++) {
		ck_assert_int_eq(mkdirat(at, name, 0700), 0);
		put_file(at, "file", 1, 0600);
		int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		close(at);
		at = next;
	}
	close(at);
}

START_TEST(bounds_of_an_archive)
{
	struct image_bounds small = image_bounds_of(1), some = image_bounds_of(100ULL << 20), most = image_bounds_of(UINT64_MAX);
	ck_assert_uint_eq(small.bytes, 256ULL << 20);
	ck_assert_uint_eq(some.bytes, 100 * (100ULL << 20));
	ck_assert_uint_eq(most.bytes, 32ULL << 30);
}
END_TEST

START_TEST(each_bound_is_one)
{
	struct image_bounds b = {.bytes = 1 << 20, .entries = 4, .depth = 2};
	ck_assert_int_eq(mkdirat(top, "d", 0700), 0);
	put_file(top, "d/a", 1, 0600);
	put_file(top, "d/b", 1, 0600);
	put_file(top, "c", 1, 0600);
	ck_assert_int_eq(image_tree_check(top, &b, false), 0);
	b.entries = 3;
	ck_assert_int_eq(image_tree_check(top, &b, false), -E2BIG);
	b.entries = 4;
	b.depth = 1;
	ck_assert_int_eq(image_tree_check(top, &b, false), -E2BIG);
	b.depth = 2;
	put_file(top, "c", 2 << 20, 0600);
	ck_assert_int_eq(image_tree_check(top, &b, false), -E2BIG);
	b.bytes = 4 << 20;
	ck_assert_int_eq(image_tree_check(top, &b, false), 0);
	ck_assert_int_eq(linkat(top, "c", top, "d/e", 0), 0); /* a second name takes no room, but is an entry */
	ck_assert_int_eq(image_tree_check(top, &b, false), -E2BIG);
	b.entries = 5;
	ck_assert_int_eq(image_tree_check(top, &b, false), 0);
}
END_TEST

START_TEST(links_are_not_followed)
{
	struct image_bounds b = {.bytes = 1 << 20, .entries = 1, .depth = 1};
	ck_assert_int_eq(symlinkat("/", top, "out"), 0);
	ck_assert_int_eq(image_tree_check(top, &b, true), 0);
}
END_TEST

START_TEST(what_is_mended)
{
	struct image_bounds b = image_bounds_of(0);
	struct stat st;
	put_file(top, "program", 1, 06755);
	ck_assert_int_eq(mkdirat(top, "d", 0700), 0);
	ck_assert_int_eq(fchmodat(top, "d", 02777, 0), 0);
	ck_assert_int_eq(image_tree_check(top, &b, false), 0);
	ck_assert(fstatat(top, "program", &st, 0) == 0 && (st.st_mode & 07777) == 06755);
	ck_assert_int_eq(image_tree_check(top, &b, true), 0);
	ck_assert(fstatat(top, "program", &st, 0) == 0 && (st.st_mode & 07777) == 0755);
	ck_assert(fstatat(top, "d", &st, 0) == 0 && (st.st_mode & 07777) == 0777);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(deeper_than_a_path)
{
	struct image_bounds b = image_bounds_of(0);
	dig(DEEPER);
	ck_assert_int_eq(image_tree_check(top, &b, false), -E2BIG); /* teardown removes it */
}
END_TEST

START_TEST(names_in_the_way)
{
	dig(DEEPER);
	for (int i = 0; i < 8; i++) {
		char taken[16];
		snprintf(taken, sizeof taken, ".deep-%d", i);
		put_file(top, taken, 1, 0600);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("image_tree");
	TCase *c = tcase_create("image_tree");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, bounds_of_an_archive);
	tcase_add_test(c, each_bound_is_one);
	tcase_add_test(c, links_are_not_followed);
	tcase_add_test(c, what_is_mended);
	tcase_add_test(c, deeper_than_a_path);
	tcase_add_test(c, names_in_the_way);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
