/* The plan child's hands: what a lease goes through on this machine, when everything works and when each thing in turn does not.
 *
 * The kernel is the one in memory, the ledger plays a script (act_rig.c), time is the test's: nothing here sleeps. */
#include "tests/act_rig.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>

static struct rig rig;

START_TEST(a_life)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 35000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert(rig_reported(r, 0, "running -"));
	ck_assert_int_eq(r->receipts, 4); /* at the first second, and at every interval */
	ck_assert_uint_ge(r->lease[0].metered_s, 30);
	strcpy(r->lease[0].reason, "release");
	rig_release(r, 0);
	ck_assert(rig_reported(r, 0, "killed release 137"));
	ck_assert_int_eq(r->receipts, 5);
	ck_assert_int_eq(r->readies, 1);
	ck_assert_str_eq(r->endpoint, "any 100.64.0.6 - -"); /* the address that the kernel in memory gave it */
	ck_assert_int_eq(memcmp(&r->counts, &(struct counts){.open = 1, .create = 1, .start = 1, .close = 1}, sizeof(r->counts)), 0);
	ck_assert_uint_eq(rig_kernel_leases(r), 0);
	rig_close(r);
}
END_TEST

START_TEST(an_ended_task_stays_ended)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	kernel_fake_exit(r->kernel, &rig_held(r, 0)->name, 7);
	rig_run(r, 5000);
	ck_assert(rig_reported(r, 0, "exited - 7"));
	ck_assert_int_eq(r->counts.start, 1);
	rig_release(r, 0);
	ck_assert(rig_reported(r, 0, "exited - 7"));
	rig_close(r);
}
END_TEST

START_TEST(what_the_buyer_brought_is_the_buyers)
{
	static const struct { int err; const char *word; } fault[] = {
	    {ENOENT, "image-missing"}, {EBADMSG, "image-corrupt"}, {E2BIG, "image-too-large"}, {ENOPKG, "program-missing"},
	    {EINVAL, "deploy-refused"}};
	for (size_t i = 0; i < sizeof(fault) / sizeof(fault[0]); i++) {
		struct rig *r = &rig;
		rig_open(r, 0);
		r->create_fails = fault[i].err;
		rig_run(r, 13000);
		ck_assert_int_eq(r->readies, 1);
		ck_assert(rig_reported(r, 0, fault[i].word));
		ck_assert_uint_ge(r->lease[0].metered_s, 9); /* the lease itself is in force, and is paid for */
		r->create_fails = 0;
		rig_run(r, 2000);
		ck_assert_int_eq(r->counts.create, 0);
		r->lease[0].deploy_rev = 2;
		rig_state(r, 0, "run", LEASE_RUN);
		rig_run(r, 2000);
		ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
		ck_assert(rig_reported(r, 0, "running -"));
		rig_release(r, 0);
		rig_close(r);
	}
}
END_TEST

START_TEST(a_deploy_that_is_none)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->lease[0].deploy.len = 3;
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_int_eq(r->readies, 1);
	ck_assert(rig_reported(r, 0, "deploy-malformed"));
	rig_close(r);
}
END_TEST

/* What the ledger could not open is sealed to somebody else, or belongs to another lease. */
START_TEST(a_deploy_that_stays_sealed)
{
	struct rig *r = &rig;
	struct deploy d = {.task = "job", .sealed = {(const uint8_t *)"sealed", 6}};
	rig_open(r, 0);
	struct wbuf w = wbuf_on(r->deploy, sizeof(r->deploy));
	deploy_put(&w, &d);
	ck_assert(!w.bad);
	r->lease[0].deploy = (struct slice){r->deploy, w.len};
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_int_eq(r->readies, 1);
	ck_assert_int_eq(r->counts.create, 0);
	ck_assert(rig_reported(r, 0, "deploy-sealed-to-another"));
	rig_close(r);
}
END_TEST

START_TEST(what_the_seller_lacks_is_tried_again)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->create_fails = ENOEXEC;
	rig_run(r, 5000);
	ck_assert_int_eq(r->readies, 0);
	ck_assert(rig_reported(r, 0, "create:ENOEXEC"));
	r->create_fails = ETIME;
	rig_run(r, 3000);
	ck_assert(rig_reported(r, 0, "create:runtime-hangs"));
	r->create_fails = EPROTO;
	rig_run(r, 3000);
	ck_assert(rig_reported(r, 0, "create:runtime-lies"));
	ck_assert_int_eq(r->readies, 0);
	r->create_fails = 0;
	rig_run(r, 3000);
	ck_assert_int_eq(r->readies, 1);
	ck_assert(rig_reported(r, 0, "running -"));
	rig_close(r);
}
END_TEST

/* Each call of the kernel in turn fails, once. The lease comes to the same end. */
START_TEST(each_verb_fails)
{
	for (uint32_t n = 1; n <= 80; n++) {
		struct rig *r = &rig;
		rig_open(r, 0);
		kernel_fake_fail(r->kernel, n, n % 2 ? EIO : ENOSPC);
		rig_run(r, 45000);
		ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
		rig_state(r, 0, "frozen", LEASE_FROZEN);
		rig_run(r, 2500);
		ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
		rig_state(r, 0, "run", LEASE_RUN);
		rig_run(r, 2500);
		ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
		r->lease[0].deploy_rev++;
		rig_state(r, 0, "run", LEASE_RUN);
		rig_run(r, 4000);
		ck_assert(rig_reported(r, 0, "running -"));
		rig_release(r, 0);
		ck_assert_int_eq(r->readies, 1);
		ck_assert_int_eq(r->counts.create, 2);
		ck_assert_int_eq(r->counts.start, 2);
		ck_assert_uint_eq(rig_kernel_leases(r), 0);
		rig_close(r);
	}
}
END_TEST

START_TEST(what_takes_long)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->create_slow = 20;
	rig_run(r, 1000);
	ck_assert_int_eq(r->create_slow, 0);
	ck_assert_int_eq(r->readies, 1);
	rig_close(r);
}
END_TEST

START_TEST(the_ledger_goes_away)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 12000);
	r->lease[0].deadline_ms = r->now_ms + 30000;
	rig_state(r, 0, "run", LEASE_RUN);
	rig_run(r, 1000);
	int sets = r->sets;
	rig_ledger_down(r);
	rig_run(r, 25000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING); /* leases go on, */
	rig_run(r, 10000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);  /* but not beyond what was agreed */
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	rig_run(r, 5000);
	ck_assert_uint_eq(rig_held(r, 0)->meter.up_ms, up);
	ck_assert_uint_ge(up, 40000);
	ck_assert_int_eq(r->sets, sets);
	rig_ledger_up(r);
	r->lease[0].deadline_ms += 60000;
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_uint_ge(r->lease[0].metered_s, 40); /* what ran meanwhile is told, in the chain of receipts that was begun */
	ck_assert_int_eq(r->counts.start, 1);
	rig_release(r, 0);
	rig_close(r);
}
END_TEST

/* Money that is used up freezes as well: 3600 base units an hour, 10 of them locked. */
START_TEST(the_money_is_over)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->lease[0].escrow = money_of(10);
	rig_run(r, 3000);
	rig_ledger_down(r);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
	rig_close(r);
}
END_TEST

START_TEST(what_was_on_its_way_is_asked_again)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->silent = true;
	rig_run(r, 5000);
	ck_assert_int_eq(r->readies, 1);
	rig_ledger_down(r);
	rig_run(r, 2000);
	ck_assert(rig_reported(r, 0, "starting -")); /* waiting for the ledger is no trouble of the task's */
	r->silent = false;
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 12000);
	ck_assert_int_eq(r->readies, 2);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	r->silent = true;
	rig_run(r, 15000);
	rig_ledger_down(r);
	rig_run(r, 1000);
	r->silent = false;
	int receipts = r->receipts;
	rig_ledger_up(r);
	rig_snapshot(r, false);
	rig_run(r, 15000);
	ck_assert_int_gt(r->receipts, receipts);
	rig_close(r);
}
END_TEST

START_TEST(a_restart_adopts)
{
	struct rig *r = &rig;
	struct lease_name stray = {"0123456789ab"};
	struct quota q = {.res.v = {[RES_CPU_MILLI] = 1, [RES_MEM_MIB] = 1, [RES_PIDS] = 1}};
	rig_open(r, 0);
	rig_run(r, 12000);
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	rig_actor_free(r);
	ck_assert_int_eq(r->kernel->ops->lease_open(r->kernel, &stray, &q), 0);
	r->now_ms += 4000;
	rig_actor_new(r);
	rig_run(r, 5000);
	rig_ledger_up(r);
	rig_run(r, 2000);
	ck_assert_uint_eq(rig_kernel_leases(r), 2); /* before the ledger has spoken nothing is a stray */
	rig_snapshot(r, true);
	rig_run(r, 2000);
	ck_assert_uint_eq(rig_kernel_leases(r), 1);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.start, 1);
	ck_assert_int_eq(r->counts.create, 1);
	ck_assert_uint_ge(rig_held(r, 0)->meter.up_ms, up + 11000);
	ck_assert_uint_le(rig_held(r, 0)->meter.up_ms, up + 13100);
	rig_release(r, 0);
	rig_close(r);
}
END_TEST

/* What the ledger decided while nobody looked is made up for. */
START_TEST(a_restart_finds_another_state)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 3000);
	rig_actor_free(r);
	rig_actor_new(r);
	rig_ledger_up(r);
	snprintf(r->lease[0].state, sizeof(r->lease[0].state), "frozen");
	r->lease[0].flags = LEASE_FROZEN;
	rig_snapshot(r, true);
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
	rig_actor_free(r);
	rig_actor_new(r);
	rig_ledger_up(r);
	snprintf(r->lease[0].state, sizeof(r->lease[0].state), "run");
	r->lease[0].flags = LEASE_RUN;
	rig_snapshot(r, true);
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.start, 1);
	rig_close(r);
}
END_TEST

/* The first half of a snapshot does not name a lease; the second may. */
START_TEST(half_a_snapshot_closes_nothing)
{
	struct rig *r = &rig;
	struct fact reset = {.kind = FACT_RESET};
	rig_open(r, 0);
	rig_run(r, 3000);
	rig_ledger_down(r);
	rig_run(r, 1000);
	rig_ledger_up(r); /* of the same height */
	rig_run(r, 1000);
	rig_say(r, &reset);
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_snapshot(r, false);
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.close, 0);
	rig_close(r);
}
END_TEST

START_TEST(a_new_deploy_replaces_the_task)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 3000);
	r->lease[0].deploy_rev = 2;
	rig_state(r, 0, "run", LEASE_RUN);
	rig_run(r, 1000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.create, 2);
	ck_assert_int_eq(r->counts.stop, 1);
	ck_assert_int_eq(r->counts.start, 2);
	ck_assert_int_eq(r->counts.open, 1);
	rig_close(r);
}
END_TEST

START_TEST(frozen_time_is_not_billed)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	rig_state(r, 0, "frozen", LEASE_FROZEN);
	rig_run(r, 1500);
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	ck_assert_uint_eq(r->lease[0].metered_s, up / 1000);
	rig_run(r, 20000);
	ck_assert_uint_eq(rig_held(r, 0)->meter.up_ms, up);
	rig_state(r, 0, "run", LEASE_RUN);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_uint_ge(rig_held(r, 0)->meter.up_ms, up + 4000);
	rig_release(r, 0);
	rig_close(r);
}
END_TEST

START_TEST(a_refused_ready_waits_a_second)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->ready_verdict = V_BAD_STATE;
	rig_run(r, 5000);
	ck_assert_int_ge(r->readies, 4);
	ck_assert_int_le(r->readies, 6);
	ck_assert(rig_reported(r, 0, "ready:"));
	r->ready_verdict = V_OK;
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_close(r);
}
END_TEST

START_TEST(a_refused_receipt_waits_a_second)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->receipt_verdict = V_BAD_STATE;
	rig_run(r, 15000);
	ck_assert_int_eq(r->sets, 2); /* while it runs: at the next interval */
	rig_state(r, 0, "final", 0);
	rig_run(r, 5000);
	ck_assert_int_ge(r->sets, 6);
	ck_assert_int_le(r->sets, 8);
	r->receipt_verdict = V_OK;
	rig_run(r, 2000);
	ck_assert_uint_ge(r->lease[0].metered_s, 14);
	rig_close(r);
}
END_TEST

START_TEST(two_leases_share_no_device)
{
	struct rig *r = &rig;
	rig_open(r, 2);
	rig_lease_add(r, 1);
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_uint_eq(rig_held(r, 0)->quota.ndevices, 1);
	ck_assert_uint_eq(rig_held(r, 1)->quota.ndevices, 1);
	ck_assert_uint_ne(rig_held(r, 0)->quota.devices[0].minor, rig_held(r, 1)->quota.devices[0].minor);
	rig_close(r);
}
END_TEST

/* The device is pulled out: the task ends, the lease is given up once, nothing is opened again on the device that is free. */
START_TEST(a_lease_without_its_device_is_given_up)
{
	struct rig *r = &rig;
	rig_open(r, 2);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	kernel_fake_gone(r->kernel, &rig_held(r, 0)->quota.devices[0]);
	rig_run(r, 5000);
	ck_assert_int_eq(r->quits, 1);
	ck_assert_int_eq(r->counts.close, 1);
	ck_assert_int_eq(r->counts.open, 1);
	ck_assert_uint_eq(rig_kernel_leases(r), 0);
	ck_assert(rig_reported(r, 0, DRIFT_GPU_GONE));
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	rig_run(r, 5000);
	ck_assert_uint_eq(rig_held(r, 0)->meter.up_ms, up); /* nothing runs, nothing is billed */
	rig_ledger_down(r);
	rig_run(r, 500);
	rig_ledger_up(r); /* whether it heard is not known: it is told again */
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_int_eq(r->quits, 2);
	ck_assert_int_eq(r->counts.open, 1);
	rig_state(r, 0, "done", LEASE_TERMINAL);
	rig_run(r, 1000);
	ck_assert_ptr_null(rig_held(r, 0));
	rig_close(r);
}
END_TEST

/* The kernel side knows nothing of a lease any more: the other one is counted on, and this one is made anew. */
START_TEST(a_lost_lease_is_opened_again)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_lease_add(r, 0);
	rig_snapshot(r, true);
	rig_run(r, 5000);
	uint64_t up = rig_held(r, 0)->meter.up_ms, other = rig_held(r, 1)->meter.up_ms;
	ck_assert_int_eq(r->kernel->ops->lease_close(r->kernel, &rig_held(r, 0)->name), 0);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert_int_eq(r->counts.open, 3);
	ck_assert_uint_ge(rig_held(r, 1)->meter.up_ms, other + 4900);
	ck_assert_uint_ge(rig_held(r, 0)->meter.up_ms, up + 3000);
	rig_release(r, 0);
	rig_release(r, 1);
	rig_close(r);
}
END_TEST

/* The other one is counted on; of this one the time in which nobody could look is never billed, not even after a restart. */
START_TEST(a_lease_that_cannot_be_read_harms_no_other)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_lease_add(r, 0);
	rig_snapshot(r, true);
	rig_run(r, 5000);
	uint64_t up = rig_held(r, 0)->meter.up_ms, other = rig_held(r, 1)->meter.up_ms;
	ck_assert_uint_gt(up, 0);
	r->unread = rig_held(r, 0)->name.s;
	rig_run(r, 10000);
	ck_assert_uint_ge(rig_held(r, 1)->meter.up_ms, other + 9000);
	ck_assert_uint_eq(rig_held(r, 0)->meter.up_ms, up);
	struct lease_name name = rig_held(r, 0)->name;
	r->unread = name.s;
	rig_actor_free(r);
	rig_actor_new(r);
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 5000);
	r->unread = NULL;
	rig_run(r, 5000);
	ck_assert_uint_gt(rig_held(r, 0)->meter.up_ms, up);
	ck_assert_uint_le(rig_held(r, 0)->meter.up_ms, up + 6000);
	rig_release(r, 0);
	rig_release(r, 1);
	rig_close(r);
}
END_TEST

TEST_MAIN("act", a_life, an_ended_task_stays_ended, what_the_buyer_brought_is_the_buyers, a_deploy_that_is_none,
    a_deploy_that_stays_sealed, what_the_seller_lacks_is_tried_again, each_verb_fails, what_takes_long, the_ledger_goes_away,
    the_money_is_over, what_was_on_its_way_is_asked_again, a_restart_adopts, a_restart_finds_another_state, half_a_snapshot_closes_nothing,
    a_new_deploy_replaces_the_task, frozen_time_is_not_billed, a_refused_ready_waits_a_second, a_refused_receipt_waits_a_second,
    two_leases_share_no_device, a_lease_without_its_device_is_given_up, a_lost_lease_is_opened_again,
    a_lease_that_cannot_be_read_harms_no_other)
