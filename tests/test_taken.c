/* What was taken from the kernel and not answered is found again by the next process, whatever ended the one before.
 *
 * A socket stands for /dev/fuse: one message, one request. */
#include "zfs-views/taken.h"
#include <check.h>
#include <errno.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_MAX 9000
#define BODY 100

struct request { struct fuse_in_header head; char body[BODY]; };

static int memory, kernel[2];
static struct taken *t;

static struct taken *begin(void)
{
	struct taken *ret = NULL;
	ck_assert_int_eq(taken_open(dup(memory), REQUEST_MAX, &ret), 0);
	return ret;
}

static void setup(void)
{
	memory = memfd_create("taken", MFD_CLOEXEC);
	ck_assert_int_ge(memory, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, kernel), 0);
	t = begin();
}

static void teardown(void)
{
	taken_free(t);
	close(memory);
	close(kernel[0]);
	close(kernel[1]);
}

static void ask(uint64_t unique, uint32_t opcode)
{
	struct request r = {.head = {.len = sizeof r, .opcode = opcode, .unique = unique}};
	memset(r.body, (int)('a' + unique % 26), sizeof r.body);
	ck_assert_int_eq(send(kernel[0], &r, sizeof r, 0), sizeof r);
}

/* The next request: its number, 0 if there is none. */
static uint64_t next(struct taken *from, bool *again)
{
	struct request r;
	ssize_t n = taken_read(from, kernel[1], &r, sizeof r, again);
	if (n < 0) {
		ck_assert_int_eq(errno, EAGAIN);
		return 0;
	}
	ck_assert_int_eq(n, sizeof r);
	for (size_t i = 0; i < sizeof r.body; i++)
		ck_assert_int_eq(r.body[i], (int)('a' + r.head.unique % 26));
	return r.head.unique;
}

static void next_is(uint64_t unique, bool again)
{
	bool a;
	ck_assert_uint_eq(next(t, &a), unique);
	ck_assert_int_eq(a, again);
}

static void die_and_begin(void)
{
	taken_free(t);
	t = begin();
}

START_TEST(what_has_no_answer_yet_is_found_again)
{
	ask(2, FUSE_READ);
	ask(4, FUSE_WRITE);
	ask(6, FUSE_READ);
	next_is(2, false);
	next_is(4, false);
	next_is(6, false);
	taken_answered(t, 4);
	die_and_begin();
	ask(8, FUSE_READ);
	next_is(2, true);
	next_is(6, true);
	next_is(8, false);
	taken_answered(t, 2);
	die_and_begin();
	next_is(6, true);
	next_is(8, true);
	taken_answered(t, 6);
	taken_answered(t, 8);
	die_and_begin();
	bool again;
	ck_assert_uint_eq(next(t, &again), 0);
}
END_TEST

START_TEST(what_is_never_answered_is_not_kept)
{
	static const uint32_t kinds[] = {FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_INTERRUPT};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		ask(2 * i + 2, kinds[i]);
		next_is(2 * i + 2, false);
	}
	die_and_begin();
	bool again;
	ck_assert_uint_eq(next(t, &again), 0);
}
END_TEST

START_TEST(a_failed_read_keeps_nothing)
{
	bool again;
	for (int i = 0; i < 3 * TAKEN_MAX; i++)
		ck_assert_uint_eq(next(t, &again), 0);
	ask(2, FUSE_READ);
	next_is(2, false);
	die_and_begin();
	next_is(2, true);
}
END_TEST

START_TEST(beyond_the_bound_all_are_served)
{
	for (uint64_t i = 1; i <= TAKEN_MAX + 10; i++) {
		ask(2 * i, FUSE_FSYNC);
		next_is(2 * i, false);
	}
	die_and_begin();
	for (uint64_t i = 1; i <= TAKEN_MAX; i++)
		next_is(2 * i, true);
	bool again;
	ck_assert_uint_eq(next(t, &again), 0);
}
END_TEST

START_TEST(what_the_kernel_repeats_is_discarded)
{
	ask(2, FUSE_READ);
	next_is(2, false);
	die_and_begin();
	taken_discard(t);
	ask(2 | 1ULL << 63, FUSE_READ);
	bool again;
	struct request r;
	ck_assert_int_eq(taken_read(t, kernel[1], &r, sizeof r, &again), sizeof r);
	ck_assert(!again);
	taken_answered(t, r.head.unique);
	die_and_begin();
	ck_assert_uint_eq(next(t, &again), 0);
}
END_TEST

START_TEST(a_killed_process_leaves_what_it_took)
{
	ask(2, FUSE_WRITE);
	int pipes[2];
	ck_assert_int_eq(pipe(pipes), 0);
	pid_t pid = fork();
	if (pid == 0) {
		bool again;
		struct taken *mine = begin();
		uint64_t n = next(mine, &again);
		if (write(pipes[1], &n, sizeof n) == sizeof n)
			pause();
		_exit(1);
	}
	uint64_t n = 0;
	ck_assert_int_eq(read(pipes[0], &n, sizeof n), sizeof n);
	ck_assert_uint_eq(n, 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	die_and_begin();
	next_is(2, true);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* The memory is the process's own, so only a fault of ours could leave nonsense there; it must not be worse than a lost request. */
START_TEST(nonsense_is_not_a_request)
{
	taken_free(t);
	size_t size = (REQUEST_MAX + 4095) / 4096 * 4096;
	uint32_t lengths[] = {1, sizeof(struct fuse_in_header) - 1, (uint32_t)size + 1, UINT32_MAX};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
		ck_assert_int_eq(pwrite(memory, &lengths[i], sizeof lengths[i], (off_t)(i * size)), sizeof lengths[i]);
	t = begin();
	bool again;
	ck_assert_uint_eq(next(t, &again), 0);
	ask(2, FUSE_READ);
	next_is(2, false);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("taken");
	TCase *c = tcase_create("taken");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_has_no_answer_yet_is_found_again);
	tcase_add_test(c, what_is_never_answered_is_not_kept);
	tcase_add_test(c, a_failed_read_keeps_nothing);
	tcase_add_test(c, beyond_the_bound_all_are_served);
	tcase_add_test(c, what_the_kernel_repeats_is_discarded);
	tcase_add_test(c, a_killed_process_leaves_what_it_took);
	tcase_add_test(c, nonsense_is_not_a_request);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
