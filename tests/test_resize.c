/* A lease that changes while its task runs: what plan does to the kernel, and what it tells the ledger.
 *
 * As in test_act.c the kernel is the one in memory, the ledger plays a script, time is the test's. */
#include "tests/act_rig.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>

static struct rig rig;

static void agree(struct rig *r, uint32_t cpu_milli)
{
	r->lease[0].change_rev++;
	r->lease[0].change = (struct lease_change){.stage = CHANGE_AGREED, .res = r->lease[0].res};
	r->lease[0].change.res.v[RES_CPU_MILLI] = cpu_milli;
	rig_state(r, 0, "run", LEASE_RUN);
}

static uint32_t kernel_cpu(struct rig *r)
{
	struct quota q;
	ck_assert_int_eq(r->kernel->ops->lease_quota(r->kernel, &rig_held(r, 0)->name, &q), 0);
	return q.res.v[RES_CPU_MILLI];
}

START_TEST(a_running_task_is_resized)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	int receipts = r->receipts;
	agree(r, 250);
	rig_run(r, 300);
	ck_assert_uint_eq(kernel_cpu(r), 250);
	ck_assert_str_eq(r->event, "resized");
	ck_assert_int_eq(r->receipts, receipts + 1); /* out of turn */
	ck_assert_uint_eq(r->lease[0].res.v[RES_CPU_MILLI], 250);
	agree(r, 50);
	rig_run(r, 5000);
	ck_assert_uint_eq(kernel_cpu(r), 50);
	ck_assert_int_eq(r->counts.set, 2);
	ck_assert_int_eq(r->events, 2);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.start, 1);
	ck_assert_int_eq(r->counts.open, 1);
	rig_release(r, 0);
	rig_close(r);
}
END_TEST

START_TEST(what_the_machine_cannot_is_refused)
{
	static const struct { int err; enum change_end why; } fault[] = {
	    {EBUSY, CHANGE_IN_USE}, {EDQUOT, CHANGE_OVER_POLICY}, {EIO, CHANGE_FAILED}};
	for (size_t i = 0; i < sizeof(fault) / sizeof(fault[0]); i++) {
		struct rig *r = &rig;
		rig_open(r, 0);
		rig_run(r, 3000);
		r->set_fails = fault[i].err;
		agree(r, 250);
		rig_run(r, 3000);
		ck_assert_str_eq(r->event, "refuse");
		ck_assert_int_eq(r->events, 1);
		ck_assert_uint_eq(r->lease[0].change_end, fault[i].why);
		ck_assert_uint_eq(kernel_cpu(r), 100);
		r->set_fails = 0;
		agree(r, 200);
		rig_run(r, 1000);
		ck_assert_uint_eq(kernel_cpu(r), 200);
		ck_assert_int_eq(r->counts.start, 1);
		rig_close(r);
	}
}
END_TEST

START_TEST(a_resize_is_tried_and_told_until_it_is_heard)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 3000);
	r->set_fails = ENOTCONN; /* says nothing about the machine */
	agree(r, 250);
	rig_run(r, 3000);
	ck_assert_int_eq(r->events, 0);
	ck_assert(rig_reported(r, 0, "resize:ENOTCONN"));
	r->set_fails = 0;
	r->event_verdict = V_BUSY;
	rig_run(r, 3000);
	ck_assert_int_ge(r->events, 2);
	ck_assert_int_le(r->events, 4);
	rig_ledger_down(r);
	rig_run(r, 2000);
	r->event_verdict = V_OK;
	rig_ledger_up(r);
	rig_run(r, 1500);
	ck_assert_uint_eq(r->lease[0].res.v[RES_CPU_MILLI], 250);
	ck_assert_int_eq(r->counts.set, 1);
	rig_close(r);
}
END_TEST

/* Agreed, made, and then nothing came of it while the ledger was away; or plan was restarted between the two. */
START_TEST(a_resize_that_came_to_nothing_is_undone)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 3000);
	r->event_verdict = V_BUSY;
	agree(r, 250);
	rig_run(r, 300);
	ck_assert_uint_eq(kernel_cpu(r), 250);
	rig_actor_free(r);
	r->lease[0].change.stage = CHANGE_NONE;
	rig_actor_new(r);
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 300);
	ck_assert_uint_eq(kernel_cpu(r), 100);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_close(r);
}
END_TEST

/* A task that runs cannot be given a device, so nobody pays for one. */
START_TEST(devices_are_not_resized)
{
	struct rig *r = &rig;
	rig_open(r, 2);
	rig_run(r, 3000);
	r->lease[0].res.v[RES_GPU] = 2; /* the terms that agree copies */
	agree(r, 250);
	r->lease[0].res.v[RES_GPU] = 1;
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_str_eq(r->event, "refuse");
	ck_assert_uint_eq(r->lease[0].change_end, CHANGE_IN_USE);
	ck_assert_int_eq(r->counts.set, 0);
	ck_assert_uint_eq(rig_held(r, 0)->quota.ndevices, 1);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_close(r);
}
END_TEST

/* --- what is there already ------------------------------------------------------------------------------------------------------ */

static const struct kernel_ops *real;
static struct kernel_ops bent;
static bool devices_differ, drift_once, half_there;

static int bent_quota(struct kernel *k, const struct lease_name *l, struct quota *out)
{
	int rc = real->lease_quota(k, l, out);
	if (rc == 0 && devices_differ)
		out->ndevices = 0; /* kernel.h: as read back */
	return rc;
}

static int bent_checks(struct kernel *k, const struct lease_name *l, uint32_t n, struct checked *out)
{
	int rc = real->leases_check(k, l, n, out);
	if (rc == 0 && n && drift_once)
		out[0] = (struct checked){.n = 1, .found = {{"devices", 1, UINT32_MAX}}};
	devices_differ &= !drift_once;
	drift_once = false;
	return rc;
}

static int bent_open(struct kernel *k, const struct lease_name *l, const struct quota *q)
{
	return half_there ? -EEXIST : real->lease_open(k, l, q);
}

static void bend(struct rig *r)
{
	real = r->kernel->ops;
	bent = *real;
	bent.lease_quota = bent_quota;
	bent.leases_check = bent_checks;
	bent.lease_open = bent_open;
	r->kernel->ops = &bent;
}

/* After a restart under another configuration the devices differ, and are repaired: they are still this lease's. */
START_TEST(devices_that_differed_stay_the_leases)
{
	struct rig *r = &rig;
	rig_open(r, 2);
	rig_run(r, 5000);
	bend(r);
	devices_differ = true;
	rig_actor_free(r);
	rig_actor_new(r);
	ck_assert_uint_eq(rig_held(r, 0)->quota.ndevices, 0);
	drift_once = true;
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 2000);
	ck_assert_uint_eq(rig_held(r, 0)->quota.ndevices, 1);
	rig_close(r);
}
END_TEST

/* What an undoing left bears the lease's name and is no lease: the ledger is not told that it is ready. */
START_TEST(half_a_lease_is_not_ready)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->lease[0].deploy.len = 0;
	rig_snapshot(r, true);
	bend(r);
	half_there = true;
	rig_run(r, 5000);
	ck_assert_int_eq(r->readies, 0);
	ck_assert_uint_eq(rig_kernel_leases(r), 0);
	half_there = false;
	rig_run(r, 5000);
	ck_assert_int_eq(r->readies, 1);
	rig_close(r);
}
END_TEST

TEST_MAIN("resize", devices_are_not_resized, a_running_task_is_resized, what_the_machine_cannot_is_refused,
    a_resize_is_tried_and_told_until_it_is_heard, a_resize_that_came_to_nothing_is_undone,
    devices_that_differed_stay_the_leases, half_a_lease_is_not_ready)
