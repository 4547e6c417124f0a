/* A task whose memory is full: held, not lost; it goes on with what it had when there is more; it can be ended; nothing is left.
 *
 * Needs what test_kernel_direct needs. On v2 a task that asks for much at once is ended all the same, so it asks slowly here. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define PATIENCE_MS 60000
/* Keeps a word, doubles a text until it cannot, and says both when it could. */
#define HOG "word=$(head -c 8 /dev/urandom | od -An -tx1 | busybox tr -d ' \\n'); echo kept $word; x=0123456789abcdef;" \
	"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do x=$x$x; done;" \
	"echo has ${#x} and $word; while :; do sleep 1; done"

static struct site site;
static const struct lease_name lease = {"0123456789ab"}, other = {"ba9876543210"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static bool held_becomes(bool held)
{
	for (uint64_t end = host_now_ms() + PATIENCE_MS; host_now_ms() < end; site_pause(20))
		if (site_usage(&site, &lease).oom_held == held)
			return true;
	return false;
}

static void fill(void)
{
	struct quota q = site_quota();
	q.res.v[RES_MEM_MIB] = 32;
	q.res.v[RES_CPU_MILLI] = 1000;
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), 0);
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &other, &q), 0);
	ck_assert_int_eq(site_run(&site, &other, "i=0; while :; do i=$((i+1)); echo $i; sleep 1; done"), 0);
	ck_assert_int_eq(site_run(&site, &lease, HOG), 0);
	ck_assert(held_becomes(true));
	struct usage u = site_usage(&site, &lease);
	ck_assert_int_eq(u.phase, TASK_RUNNING);
	ck_assert_uint_eq(u.oom_kills, 0);
	ck_assert(!site_usage(&site, &other).oom_held);
}

static uint32_t drifts(void)
{
	struct drift found[DRIFTS_MAX];
	uint32_t n = 0;
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	if (n)
		fprintf(stderr, "drift: %s\n", found[0].what);
	return n;
}

/* The word after "kept", which the task drew by chance. */
static void kept_word(char word[32])
{
	char log[4096];
	ck_assert(site_log_has(&site, &lease, "kept ", PATIENCE_MS));
	site_log(&site, &lease, log, sizeof log);
	ck_assert_int_eq(sscanf(strstr(log, "kept "), "kept %31s", word), 1);
	ck_assert_uint_eq(strlen(word), 16);
}

static void give(uint32_t mib)
{
	struct quota q = site_quota();
	q.res.v[RES_CPU_MILLI] = 1000;
	q.res.v[RES_MEM_MIB] = mib;
	int r = site.k->ops->lease_set(site.k, &lease, &q);
	ck_assert_msg(r == 0, "lease_set: %s", strerror(-r));
}

START_TEST(more_memory_lets_it_go_on)
{
	char word[32], said[64];
	fill();
	kept_word(word);
	int pid = site_usage(&site, &lease).pid;
	ck_assert_uint_eq(drifts(), 0);
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	ck_assert_uint_eq(drifts(), 0); /* it need not be frozen altogether to be as it was asked to be */
	ck_assert(held_becomes(true)); /* whatever is given back lets it try once more */
	/* Another broker finds it as it was left. */
	site.k->ops->close(site.k);
	site_open(&site);
	ck_assert(held_becomes(true));
	struct usage u = site_usage(&site, &lease);
	ck_assert_int_eq(u.phase, TASK_FROZEN);
	ck_assert_uint_eq(drifts(), 0);
	give(256);
	ck_assert(held_becomes(false));
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, false), 0);
	snprintf(said, sizeof said, "has 33554432 and %s", word);
	ck_assert(site_log_has(&site, &lease, said, PATIENCE_MS));
	u = site_usage(&site, &lease);
	ck_assert_int_eq(u.pid, pid);
	ck_assert_int_eq(u.phase, TASK_RUNNING);
	ck_assert_uint_eq(u.oom_kills, 0);
	ck_assert_uint_eq(drifts(), 0);
}
END_TEST

START_TEST(too_little_more_holds_again)
{
	fill();
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	give(40);
	ck_assert(held_becomes(false));
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, false), 0);
	ck_assert(held_becomes(true));
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_RUNNING);
}
END_TEST

START_TEST(a_signal_ends_it)
{
	fill();
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, false), 0);
	ck_assert_int_eq(site.k->ops->task_signal(site.k, &lease, SIGKILL), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, PATIENCE_MS), 128 + SIGKILL);
	ck_assert(!site_usage(&site, &lease).oom_held);
	/* And another may be made in its place, by programs that are not held. */
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	ck_assert_uint_eq(drifts(), 0);
	ck_assert_int_eq(site_run(&site, &lease, "exit 6"), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, PATIENCE_MS), 6);
}
END_TEST

START_TEST(closing_ends_it)
{
	fill();
	if (_i)
		ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	ck_assert_int_eq(site_until(site.k->ops->lease_close, site.k, &lease), 0);
	ck_assert_int_eq(site_usage(&site, &other).phase, TASK_RUNNING);
}
END_TEST

/* A lease too small for its own runtime is no reason to wait for ever. */
START_TEST(what_makes_the_task_is_not_held)
{
	struct quota q = site_quota();
	q.res.v[RES_MEM_MIB] = 1;
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), 0);
	int r = site_create(&site, &lease, "exit 0");
	ck_assert_int_ne(r, -ETIMEDOUT);
	ck_assert(!site_usage(&site, &lease).oom_held);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_full");
	TCase *c = tcase_create("full");
	tcase_set_timeout(c, 180);
	tcase_add_checked_fixture(c, setup, teardown);
	suite_add_tcase(s, c);
	tcase_add_test(c, more_memory_lets_it_go_on);
	tcase_add_test(c, too_little_more_holds_again);
	tcase_add_test(c, a_signal_ends_it);
	tcase_add_loop_test(c, closing_ends_it, 0, 2);
	tcase_add_test(c, what_makes_the_task_is_not_held);
	return site_main(s);
}
