/* Every step of a lease's life fails in turn, and at every step in turn the broker is killed.
 *
 * A life is opening, making and starting a task, freezing, a live change, deleting the task, closing. The steps count themselves, those of
 * the programs' jobs too, so a new one is tried without a word here. Needs what test_kernel_direct needs. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define STEPS_MAX 200

/* Shared with the jobs, which are processes. */
struct plan { int at, seen; bool kills; pid_t broker; char step[32]; };

static struct site site;
static struct plan *plan;
static const struct lease_name lease = {"0123456789ab"};

static int strike(void *ctx, const char *step)
{
	struct plan *p = ctx;
	if (__atomic_add_fetch(&p->seen, 1, __ATOMIC_SEQ_CST) != p->at)
		return 0;
	snprintf(p->step, sizeof p->step, "%s", step);
	if (!p->kills)
		return -EDOM;
	kill(p->broker, SIGKILL);
	for (;;)
		pause(); /* a job dies with its broker */
}

static int life_open(struct kernel *k, const struct lease_name *l)
{
	struct quota q = site_quota();
	return k->ops->lease_open(k, l, &q);
}

static int life_create(struct kernel *k, const struct lease_name *l)
{
	(void)k;
	return site_create(&site, l, "while :; do sleep 1; done");
}

static int life_freeze(struct kernel *k, const struct lease_name *l) { return k->ops->lease_freeze(k, l, true); }

static int life_set(struct kernel *k, const struct lease_name *l)
{
	struct quota q = site_quota();
	q.res.v[RES_MEM_MIB] *= 2;
	return k->ops->lease_set(k, l, &q);
}

static int life_thaw(struct kernel *k, const struct lease_name *l) { return k->ops->lease_freeze(k, l, false); }
static int life_start(struct kernel *k, const struct lease_name *l) { return k->ops->task_start(k, l); }
static int life_delete(struct kernel *k, const struct lease_name *l) { return k->ops->task_delete(k, l); }
static int life_close(struct kernel *k, const struct lease_name *l) { return k->ops->lease_close(k, l); }

typedef int (*verb)(struct kernel *k, const struct lease_name *l);
static const verb life[] = {life_open, life_create, life_start, life_freeze, life_set, life_thaw, life_delete, life_close};
#define LIFE ((int)(sizeof life / sizeof *life))

/* How often a verb failed with the fault that was ordered; any other failure is one of the test's. */
static int live(void)
{
	int failed = 0;
	for (int i = 0; i < LIFE; i++) {
		int r = site_until(life[i], site.k, &lease);
		if (r == -EDOM) {
			failed++;
			r = site_until(life[i], site.k, &lease);
		}
		if (r < 0)
			fprintf(stderr, "after %s: verb %d: %s\n", plan->step, i, strerror(-r));
		if (r < 0)
			return -1;
	}
	return failed;
}

static void setup(void)
{
	plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(plan, MAP_FAILED);
	site_init(&site);
}

static void teardown(void) { munmap(plan, sizeof *plan); }

static uint32_t leases(void)
{
	struct lease_name names[4];
	uint32_t n = 99;
	ck_assert_int_eq(site.k->ops->lease_list(site.k, names, 4, &n), 0);
	return n;
}

START_TEST(every_step_fails)
{
	int hits = 0;
	site_open(&site);
	for (int n = 1; n < STEPS_MAX; n++) {
		*plan = (struct plan){.at = n};
		kernel_direct_fault(site.k, strike, plan);
		int failed = live();
		kernel_direct_fault(site.k, NULL, NULL);
		ck_assert_msg(failed >= 0, "a life did not come to its end after step %d, %s", n, plan->step);
		ck_assert_uint_eq(leases(), 0);
		group_base_remove(&direct_of(site.k)->groups);
		ck_assert_msg(site_leftovers(&site) == 0, "left after step %d, %s", n, plan->step);
		if (!plan->step[0])
			break;
		hits++;
	}
	ck_assert_str_eq(plan->step, ""); /* the last life met no fault: all steps were tried */
	printf("%d steps failed in turn\n", hits);
	ck_assert_int_gt(hits, 30);
	site_close(&site);
}
END_TEST

/* A process of its own lives a life; -1: it was killed, as it should be. */
static int in_a_broker(void)
{
	int status;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char why[256];
		plan->broker = getpid();
		if (kernel_direct_new(&site.cfg, &site.k, why) < 0)
			_exit(2);
		kernel_direct_fault(site.k, strike, plan);
		int failed = live();
		site.k->ops->close(site.k);
		_exit(failed == 0 ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? -1 : WEXITSTATUS(status);
}

/* What the next broker finds is a whole lease, of one size or the other, or none. */
static void check_after(int n)
{
	struct quota small = site_quota(), large = small, got;
	struct drift found[DRIFTS_MAX];
	uint32_t drifts = 0;
	large.res.v[RES_MEM_MIB] *= 2;
	site_open(&site);
	if (leases() == 1) {
		ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &drifts), 0);
		ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
		ck_assert_msg(quota_eq(&got, &small) || quota_eq(&got, &large), "neither size after step %d, %s", n, plan->step);
		if (site_usage(&site, &lease).phase == TASK_CREATED) /* or started, which nobody could note */
			ck_assert_int_eq(site_until(site.k->ops->task_start, site.k, &lease), 0);
		ck_assert_int_eq(site_until(site.k->ops->lease_close, site.k, &lease), 0);
	}
	ck_assert_uint_eq(leases(), 0);
	site.k->ops->close(site.k);
	ck_assert_msg(site_leftovers(&site) == 0, "left after a kill at step %d, %s", n, plan->step);
}

START_TEST(killed_at_every_step)
{
	int hits = 0, ended = -1;
	for (int n = 1; n < STEPS_MAX && ended < 0; n++) {
		*plan = (struct plan){.at = n, .kills = true};
		ended = in_a_broker();
		hits += ended < 0;
		ck_assert_msg(ended <= 0, "a broker ended with %d after step %d, %s", ended, n, plan->step);
		check_after(n);
	}
	ck_assert_int_eq(ended, 0);
	printf("killed at %d steps in turn\n", hits);
	ck_assert_int_gt(hits, 30);
	site_open(&site);
	site_close(&site);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_fault");
	TCase *c = tcase_create("steps");
	tcase_set_timeout(c, 900);
	tcase_add_checked_fixture(c, setup, teardown);
	suite_add_tcase(s, c);
	tcase_add_test(c, every_step_fails);
	tcase_add_test(c, killed_at_every_step);
	return site_main(s);
}
