/* The table of open files: a handle goes only when nobody is in it, and no user takes the room of the others.
 *
 * A request is answered while its handle is locked, so a close may come before the lock is given back. Does not know requests. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "zfs-views/fs.h"

static struct fs *fs;

static void setup(void)
{
	ck_assert_ptr_nonnull(fs = calloc(1, sizeof *fs));
	ck_assert_int_eq(fs_handles_new(fs), 0);
}

static void teardown(void)
{
	fs_handles_free(fs);
	free(fs);
}

static struct handle *opened(uid_t uid)
{
	struct node n = {.kind = N_POST, .uid = uid};
	return fs_handle_new(fs, 7, &n, CLASS_EXCHANGE, uid, 0);
}

static void *close_it(void *h)
{
	fs_handle_free(fs, h);
	return NULL;
}

START_TEST(close_waits_for_the_request)
{
	struct handle *h = opened(5);
	struct timespec soon;
	pthread_t closer;
	pthread_mutex_lock(&h->lock);
	ck_assert_int_eq(pthread_create(&closer, NULL, close_it, h), 0);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 200000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	ck_assert_int_eq(pthread_timedjoin_np(closer, NULL, &soon), ETIMEDOUT);
	pthread_mutex_unlock(&h->lock);
	ck_assert_int_eq(pthread_join(closer, NULL), 0);
}
END_TEST

START_TEST(number_says_who_opened)
{
	struct handle *a = opened(5), *b = opened(4000000000u);
	ck_assert_uint_eq(a->fh >> 32, 5);
	ck_assert_uint_eq(b->fh >> 32, 4000000000u);
	ck_assert_ptr_eq(fs_handle(fs, a->fh, 7), a);
	fs_handle_free(fs, a);
	ck_assert_ptr_eq(fs_handle(fs, b->fh, 7), b);
	fs_handle_free(fs, b);
}
END_TEST

START_TEST(one_user_leaves_room)
{
	static struct handle *all[HANDLES_PER_UID];
	for (size_t i = 0; i < HANDLES_PER_UID; i++)
		ck_assert_ptr_nonnull(all[i] = opened(5));
	ck_assert_ptr_null(opened(5));
	struct handle *other = opened(6), *root = opened(0);
	ck_assert(other && root);
	fs_handle_free(fs, other);
	fs_handle_free(fs, root);
	fs_handle_free(fs, all[7]);
	ck_assert_ptr_nonnull(all[7] = opened(5)); /* what is closed is given back */
	ck_assert_ptr_null(opened(5));
	for (size_t i = 0; i < HANDLES_PER_UID; i++)
		fs_handle_free(fs, all[i]);
}
END_TEST

START_TEST(bytes_are_counted)
{
	struct handle *a = opened(5), *b = opened(5), *other = opened(6), *root = opened(0);
	ck_assert(fs_handle_holds(fs, a, HANDLES_BYTES_PER_UID - 10));
	ck_assert(!fs_handle_holds(fs, b, 11));
	ck_assert_uint_eq(b->bytes, 0);
	ck_assert(fs_handle_holds(fs, b, 10));
	ck_assert(fs_handle_holds(fs, other, HANDLES_BYTES_PER_UID));
	ck_assert(fs_handle_holds(fs, root, 2 * (size_t)HANDLES_BYTES_PER_UID));
	ck_assert(fs_handle_holds(fs, a, 5)); /* less */
	ck_assert(fs_handle_holds(fs, b, 1000));
	fs_handle_free(fs, b);
	ck_assert(fs_handle_holds(fs, a, HANDLES_BYTES_PER_UID)); /* a closed one holds nothing */
	fs_handle_free(fs, a);
	fs_handle_free(fs, other);
	fs_handle_free(fs, root);
}
END_TEST

START_TEST(few_uploads_at_a_time)
{
	struct handle *all[UPLOADS_PER_UID];
	struct node n = {.kind = N_INCOMING_IMAGE, .uid = 5};
	for (size_t i = 0; i < UPLOADS_PER_UID; i++)
		ck_assert_ptr_nonnull(all[i] = fs_handle_new(fs, 7, &n, CLASS_UPLOAD, 5, 0));
	ck_assert_ptr_null(fs_handle_new(fs, 7, &n, CLASS_UPLOAD, 5, 0));
	struct handle *file = opened(5), *other = fs_handle_new(fs, 7, &n, CLASS_UPLOAD, 6, 0);
	ck_assert(file && other);
	fs_handle_free(fs, file);
	fs_handle_free(fs, other);
	for (size_t i = 0; i < UPLOADS_PER_UID; i++)
		fs_handle_free(fs, all[i]);
}
END_TEST

static void pend(uid_t uid, size_t from, size_t n, int want)
{
	char name[32];
	for (size_t i = from; i < from + n; i++) {
		snprintf(name, sizeof name, "o%zu", i);
		ck_assert_int_eq(fs_pending_open(fs, uid, name), want);
	}
}

START_TEST(names_that_wait)
{
	fs->pending_fd = -1;
	pend(5, 0, PENDING_PER_UID, 0);
	pend(5, PENDING_PER_UID, 1, -ENOSPC);
	pend(5, 0, 1, 0); /* the same again */
	pend(6, 0, PENDING_PER_UID, 0);
	fs_pending_close(fs, 5, "o1");
	pend(5, PENDING_PER_UID, 1, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handles");
	TCase *c = tcase_create("handles");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, close_waits_for_the_request);
	tcase_add_test(c, number_says_who_opened);
	tcase_add_test(c, one_user_leaves_room);
	tcase_add_test(c, bytes_are_counted);
	tcase_add_test(c, few_uploads_at_a_time);
	tcase_add_test(c, names_that_wait);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
