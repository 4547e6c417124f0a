/* Retention: the newest of what has ended stays, what is in use stays whatever its age, and nothing else is touched.
 *
 * On a directory of the test's own. */
#include "broker/retain.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include <check.h>
#include <sys/stat.h>

static char dir[SCRATCH_LEN];
static int fd;

/* A lease's directory, with a log, that changed at that second. */
static void make(const char *name, time_t changed)
{
	char path[64];
	struct timespec t[2] = {{changed, 0}, {changed, 0}};
	ck_assert_int_eq(mkdirat(fd, name, 0700), 0);
	snprintf(path, sizeof(path), "%s/log", name);
	int log = openat(fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(log, 0);
	close(log);
	ck_assert_int_eq(utimensat(fd, name, t, 0), 0);
}

static bool there(const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool held(const void *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

START_TEST(the_newest_stay)
{
	scratch_make(dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make("000000000001", 100);
	make("000000000002", 400);
	make("000000000003", 300);
	make("000000000004", 200);
	make("00000000000a", 1);  /* in use */
	make("other", 1);
	make("00000000000A", 1);
	ck_assert_int_eq(symlinkat("other", fd, "00000000000b"), 0);
	ck_assert_int_eq(retain_newest(fd, 4, held, "00000000000a"), 0);
	ck_assert(there("000000000001"));
	ck_assert_int_eq(retain_newest(fd, 2, held, "00000000000a"), 0);
	ck_assert(!there("000000000001") && !there("000000000004"));
	ck_assert(there("000000000002") && there("000000000003"));
	ck_assert(there("00000000000a") && there("other/log") && there("00000000000A") && there("00000000000b"));
	ck_assert_int_eq(retain_newest(fd, 0, held, ""), 0);
	ck_assert(!there("000000000002") && !there("00000000000a"));
	close(fd);
	scratch_remove(dir);
}
END_TEST

TEST_MAIN("retain", the_newest_stay)
