/* The store.
 *
 * What was committed is there after a reopen; a second opener and a damaged file are named as such. */
#include "ledger/store/store.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>

static struct slice text(const char *s)
{
	return (struct slice){(const uint8_t *)s, strlen(s)};
}

static struct store *open_at(const char *dir, bool create)
{
	struct store *s;
	char why[256] = "";
	ck_assert_msg(store_open(dir, create, &s, why) == 0, "%s", why);
	return s;
}

static void commit(struct store *s, const char *key, const char *value)
{
	struct store_batch *b = store_batch_new();
	store_batch_put(b, text(key), text(value));
	ck_assert_int_eq(store_commit(s, b), 0);
}

static bool count(void *arg, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	return ++*(int *)arg < 100;
}

START_TEST(reopen)
{
	char dir[SCRATCH_LEN], db[SCRATCH_LEN + 8], why[256];
	uint8_t *value;
	size_t len;
	int n = 0;
	scratch_make(dir);
	snprintf(db, sizeof db, "%s/db", dir);
	struct store *s = NULL, *second = NULL;
	ck_assert_int_eq(store_open(db, false, &s, why), -ENOENT);
	s = open_at(db, true);
	commit(s, "s1", "one");
	commit(s, "s2", "two");
	commit(s, "t1", "other");
	ck_assert_int_eq(store_open(db, false, &second, why), -EBUSY);
	ck_assert_ptr_null(second);
	struct store_batch *b = store_batch_new();
	store_batch_delete(b, text("s2"));
	store_batch_put(b, text("s3"), text(""));
	ck_assert_int_eq(store_commit(s, b), 0);
	store_close(s);
	s = open_at(db, false);
	ck_assert_int_eq(store_get(s, text("s1"), &value, &len), 0);
	ck_assert_mem_eq(value, "one", 3);
	free(value);
	ck_assert_int_eq(store_get(s, text("s2"), &value, &len), -ENOENT);
	ck_assert_int_eq(store_each(s, text("s"), count, &n), 0);
	ck_assert_int_eq(n, 2);
	store_close(s);
	ck_assert_int_eq(store_destroy(db), 0);
	ck_assert_int_eq(store_open(db, false, &s, why), -ENOENT);
	scratch_remove(dir);
}
END_TEST

/* Flip a bit of the first value in the newest log. (A damaged length in the last block of a log is taken for a torn write by LevelDB: then
 * everything behind it is gone as if it had never been committed, but what is left is whole batches.) */
static void damage(const char *db)
{
	char bytes[4096], *hit = NULL;
	DIR *d = opendir(db);
	for (struct dirent *e; (e = readdir(d));) {
		char *dot = strrchr(e->d_name, '.');
		if (!dot || strcmp(dot, ".log"))
			continue;
		int fd = openat(dirfd(d), e->d_name, O_RDWR);
		ssize_t n = pread(fd, bytes, sizeof bytes, 0);
		hit = n > 0 ? memmem(bytes, (size_t)n, "damage", 6) : NULL;
		ck_assert_ptr_nonnull(hit);
		ck_assert_int_eq(pwrite(fd, "D", 1, hit - bytes), 1);
		close(fd);
	}
	ck_assert_ptr_nonnull(hit);
	closedir(d);
}

START_TEST(damaged)
{
	char dir[SCRATCH_LEN], db[SCRATCH_LEN + 8], key[16], why[256];
	int n = 0;
	scratch_make(dir);
	snprintf(db, sizeof db, "%s/db", dir);
	struct store *s = open_at(db, true);
	for (int i = 0; i < 50; i++) {
		snprintf(key, sizeof key, "s%d", i);
		commit(s, key, "something to damage, long enough to be hit");
	}
	store_close(s);
	damage(db);
	int rc = store_open(db, false, &s, why);
	if (rc == 0) {
		rc = store_each(s, text("s"), count, &n);
		store_close(s);
	}
	ck_assert_int_eq(rc, -EBADMSG);
	scratch_remove(dir);
}
END_TEST

TEST_MAIN("store", reopen, damaged)
