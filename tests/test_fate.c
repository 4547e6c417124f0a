/* The plan child when something happened to a task: a full memory, a reboot, a monitor that is gone.
 *
 * The kernel is the one in memory, the ledger plays a script (act_rig.c), time is the test's: nothing here sleeps. */
#include "broker/report.h"
#include "tests/act_rig.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>

static struct rig rig;

/* Its memory is full: held and paid, until there is more. */
START_TEST(full_memory_holds)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	struct lease *l = rig_held(r, 0);
	kernel_fake_full(r->kernel, &l->name);
	uint64_t up = l->meter.up_ms;
	rig_run(r, 4000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
	ck_assert(rig_reported(r, 0, "paused out-of-memory"));
	rig_run(r, 20000);
	ck_assert_uint_ge(l->meter.up_ms, up + 23000);
	ck_assert_int_eq(r->counts.freeze, 1);
	ck_assert_int_eq(r->counts.thaw, 0);
	/* A restart of this program finds it held, and lets it be. */
	rig_actor_free(r);
	rig_actor_new(r);
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 3000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
	ck_assert(rig_reported(r, 0, "paused out-of-memory"));
	ck_assert_int_eq(r->counts.thaw, 0);
	struct quota q = rig_held(r, 0)->quota;
	q.res.v[RES_MEM_MIB] *= 2;
	ck_assert_int_eq(r->kernel->ops->lease_set(r->kernel, &rig_held(r, 0)->name, &q), 0);
	rig_run(r, 2000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	ck_assert(rig_reported(r, 0, "running -"));
	ck_assert_int_eq(r->counts.start, 1);
	rig_release(r, 0);
	rig_close(r);
}
END_TEST

START_TEST(nobody_gives_more_memory)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	kernel_fake_full(r->kernel, &rig_held(r, 0)->name);
	rig_run(r, OOM_HOLD_MS - 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_FROZEN);
	rig_run(r, 10000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_EXITED);
	ck_assert(rig_reported(r, 0, "exited out-of-memory 137"));
	rig_run(r, 10000);
	ck_assert_int_eq(rig_held(r, 0)->condition, METER_UP); /* the lease stands */
	rig_release(r, 0);
	ck_assert(rig_reported(r, 0, "exited out-of-memory 137"));
	rig_close(r);
}
END_TEST

START_TEST(full_memory_ends_with_the_lease)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 5000);
	kernel_fake_full(r->kernel, &rig_held(r, 0)->name);
	rig_run(r, 5000);
	strcpy(r->lease[0].reason, "stop");
	rig_release(r, 0);
	ck_assert(rig_reported(r, 0, "killed stop 137"));
	ck_assert_uint_eq(rig_kernel_leases(r), 0);
	rig_close(r);
}
END_TEST

/* The machine was started anew: the task is not begun a second time, what ran is billed, once. */
START_TEST(a_reboot_ends_what_ran)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	rig_run(r, 25500);
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	ck_assert_uint_gt(up / 1000, r->lease[0].metered_s); /* some of it is not told yet */
	ck_assert_int_eq(r->kernel->ops->lease_close(r->kernel, &rig_held(r, 0)->name), 0);
	rig_actor_free(r);
	r->now_ms += 60000;
	rig_actor_new(r);
	r->actor->inventory.boot_id[0]++;
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 5000);
	ck_assert_int_eq(r->quits, 1);
	ck_assert(rig_reported(r, 0, "lost rebooted"));
	ck_assert_int_eq(r->counts.open, 1);
	ck_assert_int_eq(r->counts.start, 1);
	ck_assert_uint_le(rig_held(r, 0)->meter.up_ms, up); /* what was counted since it was last saved is not claimed */
	ck_assert_uint_ge(rig_held(r, 0)->meter.up_ms + METER_SAVE_MS + TICK_MS, up);
	ck_assert_uint_eq(r->lease[0].metered_s, rig_held(r, 0)->meter.up_ms / 1000);
	rig_state(r, 0, "done", LEASE_TERMINAL);
	rig_run(r, 2000);
	ck_assert_ptr_null(rig_held(r, 0));
	ck_assert(rig_reported(r, 0, "lost rebooted"));
	rig_close(r);
}
END_TEST

/* One whose task was not there yet loses nothing by it. */
START_TEST(a_reboot_before_the_task)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->create_fails = ENOENT;
	rig_run(r, 5000);
	uint64_t up = rig_held(r, 0)->meter.up_ms;
	ck_assert_int_eq(r->kernel->ops->lease_close(r->kernel, &rig_held(r, 0)->name), 0);
	rig_actor_free(r);
	rig_actor_new(r);
	r->actor->inventory.boot_id[0]++;
	rig_ledger_up(r);
	rig_snapshot(r, true);
	rig_run(r, 5000);
	ck_assert_int_eq(r->quits, 0);
	ck_assert_int_eq(r->counts.open, 2);
	ck_assert_uint_gt(rig_held(r, 0)->meter.up_ms, up);
	rig_close(r);
}
END_TEST

START_TEST(a_lost_monitor_is_told)
{
	static const struct { bool unwatched; uint32_t kills; int code; const char *said; } end[] = {
	    {true, 0, 255, "exited monitor-lost 255"}, {false, 1, 137, "exited oom-killed 137"}, {false, 0, 137, "exited - 137"},
	    {false, 1, 3, "exited - 3"}};
	for (size_t i = 0; i < sizeof(end) / sizeof(end[0]); i++) {
		struct rig *r = &rig;
		rig_open(r, 0);
		rig_run(r, 3000);
		kernel_fake_end(r->kernel, &rig_held(r, 0)->name, end[i].code, end[i].unwatched, end[i].kills);
		rig_run(r, 2000);
		ck_assert_msg(rig_reported(r, 0, end[i].said), "not told: %s", end[i].said);
		rig_close(r);
	}
}
END_TEST

/* So much of it, at so low a rate, that what it pays for has more than 64 bits of milliseconds: cut to 64 it would be 128 ms. */
START_TEST(much_money_lasts)
{
	struct rig *r = &rig;
	rig_open(r, 0);
	r->lease[0].rate = money_of(1);
	r->lease[0].escrow = money_of(26476201841349237);
	rig_run(r, 3000);
	rig_ledger_down(r);
	rig_run(r, 5000);
	ck_assert_int_eq(rig_phase(r, 0), TASK_RUNNING);
	rig_close(r);
}
END_TEST

TEST_MAIN("fate", full_memory_holds, nobody_gives_more_memory, full_memory_ends_with_the_lease, a_reboot_ends_what_ran,
    a_reboot_before_the_task, a_lost_monitor_is_told, much_money_lasts)
