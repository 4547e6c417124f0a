/* The kernel side when something goes wrong: each step fails in turn, and the broker is killed at any moment.
 *
 * After each of these the kernel must hold either a whole lease or no trace of one. Needs what test_kernel_direct needs. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel-facing/direct.h"
#include "kernel-facing/fence_read.h"
#include "tests/kernel_site.h"

static struct site site;
static const struct lease_name lease = {"0123456789ab"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static void open_lease(const struct quota *q)
{
	int r = site.k->ops->lease_open(site.k, &lease, q);
	ck_assert_msg(r == 0, "lease_open: %s", strerror(-r));
}

static void run_task(const char *script)
{
	int r = site_run(&site, &lease, script);
	ck_assert_msg(r == 0, "run: %s", strerror(-r));
}

/* --- faults --------------------------------------------------------------------------------------------------------------------- */

struct fault { const char *step; int hits; };

static int fail_at(void *ctx, const char *step)
{
	struct fault *f = ctx;
	if (strcmp(step, f->step))
		return 0;
	f->hits++;
	return -EDOM;
}

START_TEST(every_step_rolls_back)
{
	static const char *const steps[] = {"dirs", "record", "groups", "limits", "devices", "netns", "link", "fence", "shaping",
	    "meter", "commit"};
	struct quota q = site_quota();
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct fault f = {steps[i], 0};
		kernel_direct_fault(site.k, fail_at, &f);
		ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), -EDOM);
		ck_assert_int_eq(f.hits, 1);
		kernel_direct_fault(site.k, NULL, NULL);
		struct lease_name names[4];
		uint32_t n = 9;
		ck_assert_int_eq(site.k->ops->lease_list(site.k, names, 4, &n), 0);
		ck_assert_uint_eq(n, 0);
		group_base_remove(&direct_of(site.k)->groups);
		ck_assert_msg(site_leftovers(&site) == 0, "left after %s", steps[i]);
	}
}
END_TEST

START_TEST(failed_tasks_leave_the_lease)
{
	static const char *const steps[] = {"bundle", "create", "iops"};
	struct quota q = site_quota();
	open_lease(&q);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct fault f = {steps[i], 0};
		kernel_direct_fault(site.k, fail_at, &f);
		ck_assert_int_eq(site_create(&site, &lease, "true"), -EDOM);
		ck_assert_int_ge(f.hits, 1);
		kernel_direct_fault(site.k, NULL, NULL);
		ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_NONE);
		for (int tries = 0; tries < 200 && site_usage(&site, &lease).pids; tries++)
			site_pause(10); /* the kernel gives a dead process's place back a little later */
		ck_assert_uint_eq(site_usage(&site, &lease).pids, 0);
	}
	run_task("exit 4");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 10000), 4);
}
END_TEST

/* The limits are those of after, and so is the fence; going back fails too. The next look finds it. */
static int fail_and_lose(void *ctx, const char *step)
{
	struct lease *l = ctx;
	if (strcmp(step, "set"))
		return 0;
	strcpy(l->leaf, "lease-gone");
	return -EDOM;
}

START_TEST(a_change_that_cannot_be_undone_is_found)
{
	struct quota q = site_quota(), more = q;
	struct checked c;
	uint32_t have = 0;
	struct fence_counts counts;
	q.res.v[RES_CONN] = 8;
	more.res.v[RES_CONN] = 800;
	open_lease(&q);
	struct lease *l = lease_find(direct_of(site.k), &lease);
	char leaf[GROUP_LEAF_MAX];
	memcpy(leaf, l->leaf, sizeof leaf);
	kernel_direct_fault(site.k, fail_and_lose, l);
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &more), -EDOM);
	kernel_direct_fault(site.k, NULL, NULL);
	memcpy(l->leaf, leaf, sizeof leaf);
	ck_assert_int_eq(fence_read(&l->fence, &counts, &have), 0);
	ck_assert_uint_eq(have, 800);
	ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
	ck_assert_int_eq(c.result, 0);
	ck_assert_uint_ge(c.n, 1);
	ck_assert_int_eq(fence_read(&l->fence, &counts, &have), 0);
	ck_assert_uint_eq(have, 8);
	ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
	ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(half_closed_leases_answer_nothing)
{
	struct quota q = site_quota(), got;
	struct checked c;
	char dir[HOST_PATH];
	open_lease(&q);
	ck_assert_int_eq(host_path(dir, "%s/stuck", lease_find(direct_of(site.k), &lease)->dir), 0);
	ck_assert_int_eq(host_mkdir(dir, 0700, 0, 0), 0);
	ck_assert_int_eq(mount("tmpfs", dir, "tmpfs", 0, "size=64k"), 0);
	int r = site.k->ops->lease_close(site.k, &lease);
	int quota = site.k->ops->lease_quota(site.k, &lease, &got);
	int check = site.k->ops->leases_check(site.k, &lease, 1, &c);
	kernel_direct_policy(site.k, &site.cfg.policy);
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(quota, -ESRCH);
	ck_assert_int_eq(check, 0);
	ck_assert_int_eq(c.result, -ESRCH);
	ck_assert_int_eq(site.k->ops->lease_close(site.k, &lease), 0);
}
END_TEST

/* A task has /dev/full as every task, until it is sold. */
START_TEST(a_device_that_is_leased_now_is_taken_back_at_once)
{
	struct quota q = site_quota();
	struct checked c;
	struct kernel_policy p = site.cfg.policy;
	open_lease(&q);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
		ck_assert_int_eq(c.result, 0);
		ck_assert_uint_eq(c.n, 0);
	}
	p.devices[p.ndevices++] = (struct device_rule){'c', 1, 7};
	kernel_direct_policy(site.k, &p);
	ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
	ck_assert_uint_eq(c.n, 1);
	ck_assert_str_eq(c.found[0].what, "devices");
	ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
	ck_assert_uint_eq(c.n, 0);
}
END_TEST

/* --- the broker dies --------------------------------------------------------------------------------------------------------------- */

/* Runs f in a process of its own with the kernel side open, until it says so; then it is killed. */
static void in_a_broker_that_dies(void (*f)(void))
{
	int ready[2];
	char byte;
	ck_assert_int_eq(pipe(ready), 0);
	site.k->ops->close(site.k);
	pid_t pid = fork();
	if (pid == 0) {
		site_open(&site);
		f();
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	site_open(&site);
}

static void run_a_while(void)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo counted; exit 9");
	if (site_usage(&site, &lease).phase != TASK_RUNNING)
		_exit(1);
}

START_TEST(running_tasks_are_adopted)
{
	struct quota q = site_quota(), got;
	uint64_t id_before, id_after;
	in_a_broker_that_dies(run_a_while);
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert(quota_eq(&q, &got));
	struct usage a = site_usage(&site, &lease);
	ck_assert(a.phase == TASK_RUNNING || a.phase == TASK_EXITED);
	ck_assert_int_eq(group_id(&direct_of(site.k)->groups, "lease-0123456789ab", &id_before), 0);
	ck_assert_uint_eq(a.group_id, id_before);
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), -EEXIST);
	/* Once more, in the middle, and then the end is seen with its code. */
	site.k->ops->close(site.k);
	site_open(&site);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 80000), 9);
	id_after = site_usage(&site, &lease).group_id;
	ck_assert_uint_eq(id_before, id_after);
	ck_assert_uint_ge(site_usage(&site, &lease).cpu_us, a.cpu_us);
	ck_assert(site_log_has(&site, &lease, "counted", 1000));
	/* The exit code outlives another restart. */
	site.k->ops->close(site.k);
	site_open(&site);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 1000), 9);
}
END_TEST

static void begin_a_task(void)
{
	struct quota q = site_quota();
	struct task_spec spec = {.nargs = 2, .args = {"/bin/sleep", "60"}};
	strcpy(spec.image, site.image);
	open_lease(&q);
	/* Killed at another point of making the container each time. */
	for (int i = 0; i < (int)(getpid() % 16) * 4; i++) {
		if (site.k->ops->task_create(site.k, &lease, &spec) != -EINPROGRESS)
			return;
		site_pause(3);
	}
}

START_TEST(half_made_tasks_are_removed)
{
	in_a_broker_that_dies(begin_a_task);
	struct usage u = site_usage(&site, &lease);
	ck_assert(u.phase == TASK_NONE || u.phase == TASK_CREATED);
	int r = u.phase == TASK_NONE ? site_create(&site, &lease, "exit 5") : 0;
	if (r == -ECANCELED)
		r = site_create(&site, &lease, "exit 5");
	ck_assert_msg(r == 0, "create: %s", strerror(-r));
	ck_assert_int_eq(site_until(site.k->ops->lease_close, site.k, &lease), 0);
}
END_TEST

/* The record of another boot, whose groups, namespace and task are gone with it. */
static void boot_again(void)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("while :; do sleep 1; done");
	struct lease *l = direct_of(site.k)->leases[0];
	l->rec.boot_id[0]++;
	ck_assert_int_eq(lease_save(l), 0);
}

START_TEST(another_boots_leases_are_gone)
{
	struct lease_name names[4];
	struct quota q = site_quota();
	uint32_t n = 9;
	in_a_broker_that_dies(boot_again);
	ck_assert_int_eq(site.k->ops->lease_list(site.k, names, 4, &n), 0);
	ck_assert_uint_eq(n, 0);
	open_lease(&q); /* and nothing of it is in the way */
	run_task("exit 3");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 60000), 3);
}
END_TEST

/* Whatever a lease's record is, a start does not fail for it. */
START_TEST(damaged_records_are_swept)
{
	static const char *const bytes[] = {"", "x", "1LZ1aaaaaaaaaaaaaaaa\1\1\1"};
	struct quota q = site_quota();
	char path[HOST_PATH];
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
		open_lease(&q);
		run_task("while :; do sleep 1; done");
		ck_assert_int_eq(host_path(path, "%s/leases/%s/record", site.dir, lease.s), 0);
		ck_assert_int_eq(host_replace(path, bytes[i], strlen(bytes[i]), 0600), 0);
		site.k->ops->close(site.k);
		site_open(&site);
		ck_assert_uint_eq(direct_of(site.k)->n, 0);
		site.k->ops->close(site.k);
		ck_assert_int_eq(site_leftovers(&site), 0);
		site_open(&site);
	}
}
END_TEST

static pid_t monitor_of(void)
{
	char path[HOST_PATH];
	uint64_t pid;
	ck_assert_int_eq(host_path(path, "%s/bundles/%s/conmon.pid", site.dir, lease.s), 0);
	ck_assert_int_eq(host_read_u64(path, &pid), 0);
	ck_assert_int_gt((int)pid, 1);
	return (pid_t)pid;
}

static void wait_unwatched(void)
{
	struct drift found[DRIFTS_MAX];
	uint32_t n;
	for (int i = 0; i < 6000 && !site_usage(&site, &lease).unwatched; i++) {
		ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
		ck_assert_uint_eq(n, 0);
		site_pause(10);
	}
	ck_assert(site_usage(&site, &lease).unwatched);
}

/* The task goes on; that it is not watched is told, by the next broker too; its end is noticed all the same, without a code. */
START_TEST(a_task_outlives_its_monitor)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("echo begun; while :; do sleep 1; done");
	ck_assert(site_log_has(&site, &lease, "begun", 60000));
	ck_assert(!site_usage(&site, &lease).unwatched);
	int pid = site_usage(&site, &lease).pid;
	ck_assert_int_eq(kill(monitor_of(), SIGKILL), 0);
	wait_unwatched();
	if (_i) {
		site.k->ops->close(site.k);
		site_open(&site);
		wait_unwatched();
	}
	struct usage u = site_usage(&site, &lease);
	ck_assert_int_eq(u.phase, TASK_RUNNING);
	ck_assert_int_eq(u.pid, pid);
	ck_assert_int_eq(site.k->ops->task_signal(site.k, &lease, SIGKILL), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 60000), 255);
	ck_assert(site_usage(&site, &lease).unwatched);
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	run_task("exit 4");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 60000), 4);
	ck_assert(!site_usage(&site, &lease).unwatched);
}
END_TEST

static void open_half(void)
{
	struct quota q = site_quota();
	/* As if it had died before the last step: everything is there, nothing is committed. */
	open_lease(&q);
	struct lease *l = direct_of(site.k)->leases[0];
	l->rec.whole = false;
	lease_save(l);
}

START_TEST(half_open_leases_are_swept)
{
	struct lease_name names[4];
	uint32_t n = 9;
	in_a_broker_that_dies(open_half);
	ck_assert_int_eq(site.k->ops->lease_list(site.k, names, 4, &n), 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

static TCase *add_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_set_timeout(c, 90);
	tcase_add_checked_fixture(c, setup, teardown);
	suite_add_tcase(s, c);
	return c;
}

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_adopt");
	TCase *c = add_case(s, "faults");
	tcase_add_test(c, every_step_rolls_back);
	tcase_add_test(c, failed_tasks_leave_the_lease);
	tcase_add_test(c, a_change_that_cannot_be_undone_is_found);
	tcase_add_test(c, half_closed_leases_answer_nothing);
	tcase_add_test(c, a_device_that_is_leased_now_is_taken_back_at_once);
	c = add_case(s, "restart");
	tcase_add_test(c, running_tasks_are_adopted);
	tcase_add_test(c, half_open_leases_are_swept);
	tcase_add_test(c, another_boots_leases_are_gone);
	tcase_add_test(c, damaged_records_are_swept);
	tcase_add_loop_test(c, a_task_outlives_its_monitor, 0, 2);
	c = add_case(s, "half");
	tcase_add_loop_test(c, half_made_tasks_are_removed, 0, 6);
	return site_main(s);
}
