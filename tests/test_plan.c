/* The plan as a table: for a state of the contract and a state of the machine, the one next action.
 * Needs no root, no kernel, no ledger; a row that fails names itself,
 * so the table reads as the specification of the enforcer. */
#include "broker/plan.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define NOW 1000000
#define INTERVAL 10000

struct row {
	const char *what, *state; uint8_t flags; bool deploy;
	struct running run; uint64_t pending, metered_s; enum action want;
};

static const struct row rows[] = {
	{"a match is opened", "matched", 0, true, {.phase = PHASE_NONE}, 0, 0, ACT_OPEN},
    {"then its container is made", "matched", 0, true, {.phase = PHASE_OPEN}, 0, 0, ACT_CREATE},
    {"then it is ready", "matched", 0, true, {.phase = PHASE_CREATED, .deploy_rev = 1}, 0, 0, ACT_READY},
    {"ready is said once", "matched", 0, true, {.phase = PHASE_CREATED, .deploy_rev = 1, .ready_sent = true}, 0, 0, ACT_NONE},
    {"a lease with no deploy is ready when it is in force", "matched", 0, false, {.phase = PHASE_OPEN}, 0, 0, ACT_READY},
    {"a task that cannot be made does not keep the lease from being ready", "matched", 0, true,
	{.phase = PHASE_OPEN, .deploy_rev = 1, .failed = true}, 0, 0, ACT_READY},
    {"another deploy is tried even so", "run", LEASE_RUN, true, {.phase = PHASE_OPEN, .failed = true}, 0, 0, ACT_CREATE},
    {"nothing starts before the buyer pays for it", "matched", 0, true, {.phase = PHASE_CREATED, .deploy_rev = 1, .ready_sent = true}, 0, 0,
	ACT_NONE},
    {"trial starts the task", "trial", LEASE_RUN, true, {.phase = PHASE_CREATED, .deploy_rev = 1}, 0, 0, ACT_START},
    {"a running task is left alone", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .receipt_ms = NOW}, 0, 0, ACT_NONE},
    {"an ended task is not started again", "run", LEASE_RUN, true,
	{.phase = PHASE_EXITED, .deploy_rev = 1, .receipt_ms = NOW}, 0, 0, ACT_NONE},
    {"a new deploy replaces the container", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 0}, 0, 0, ACT_RECREATE},
    {"a late deploy makes one", "run", LEASE_RUN, true, {.phase = PHASE_OPEN}, 0, 0, ACT_CREATE},
    {"a lease that ran nothing yet is opened after a reboot", "run", LEASE_RUN, true, {.phase = PHASE_NONE}, 0, 0, ACT_OPEN},
    {"what ran is not begun anew: the seller leaves", "run", LEASE_RUN, true, {.phase = PHASE_NONE, .lost = true}, 0, 0, ACT_QUIT},
    {"from a frozen lease as well", "frozen", LEASE_FROZEN, true, {.phase = PHASE_NONE, .lost = true}, 0, 0, ACT_QUIT},
    {"and says so once", "run", LEASE_RUN, true,
	{.lost = true, .quit_sent = true, .receipt_ms = NOW}, 0, 0, ACT_NONE},
    {"what ran before is billed", "left", 0, true, {.lost = true, .quit_sent = true, .up_ms = 9000}, 0, 5, ACT_RECEIPT},
    {"full memory is looked at twice", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .receipt_ms = NOW, .oom_since_ms = NOW - OOM_LOOK_MS + 1}, 0, 0, ACT_NONE},
    {"and holds the task", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .oom_since_ms = NOW - OOM_LOOK_MS}, 0, 0, ACT_FREEZE},
    {"held once", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true, .receipt_ms = NOW, .oom_since_ms = NOW - 5}, 0, 0, ACT_NONE},
    {"a held lease is billed", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true, .up_ms = 11000, .oom_since_ms = NOW - 5000}, 0, 0, ACT_RECEIPT},
    {"more memory lets it go on", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true}, 0, 0, ACT_THAW},
    {"a new deploy replaces what is held", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 0, .oom_since_ms = NOW - 5000}, 0, 0, ACT_RECREATE},
    {"nobody acts: it ends", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true, .oom_since_ms = 1}, 0, 0, ACT_KILL},
    {"once", "run", LEASE_RUN, true,
	{.phase = PHASE_RUNNING, .deploy_rev = 1, .receipt_ms = NOW, .oom_since_ms = 1, .oom_killed = true}, 0, 0, ACT_NONE},
    {"stop ends what is held", "final", 0, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true, .oom_since_ms = 1}, 0, 0,
	ACT_CLOSE},
    {"dry escrow freezes", "frozen", LEASE_FROZEN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1}, 0, 0, ACT_FREEZE},
    {"frozen once", "frozen", LEASE_FROZEN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true}, 0, 0, ACT_NONE},
    {"a top-up thaws", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .frozen = true}, 0, 0, ACT_THAW},
    {"time over and no ledger: held", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .overdue = true}, 0, 0, ACT_FREEZE},
    {"without its device it is closed", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .lost = true}, 0, 0, ACT_CLOSE},
    {"then given up", "run", LEASE_RUN, true, {.phase = PHASE_NONE, .lost = true}, 0, 0, ACT_QUIT},
    {"once", "run", LEASE_RUN, true, {.phase = PHASE_NONE, .lost = true, .quit_sent = true}, 0, 0, ACT_NONE},
    {"frozen or not", "frozen", LEASE_FROZEN, true, {.phase = PHASE_RUNNING, .frozen = true, .lost = true}, 0, 0, ACT_CLOSE},
    {"before it ran, too", "matched", 0, true, {.phase = PHASE_NONE, .lost = true}, 0, 0, ACT_QUIT},
    {"and over is over", "left", 0, true, {.phase = PHASE_NONE, .lost = true}, 0, 0, ACT_NONE},
    {"final closes", "final", 0, true, {.phase = PHASE_RUNNING, .deploy_rev = 1}, 0, 0, ACT_CLOSE},
    {"court closes", "court", 0, true, {.phase = PHASE_EXITED, .deploy_rev = 1}, 0, 0, ACT_CLOSE},
    {"what could not be closed waits, too", "done", LEASE_TERMINAL, true,
	{.phase = PHASE_RUNNING, .retry_ms = NOW + 1}, 0, 0, ACT_NONE},
    {"done closes", "done", LEASE_TERMINAL, true, {.phase = PHASE_RUNNING}, 0, 0, ACT_CLOSE},
    {"done and closed", "done", LEASE_TERMINAL, true, {.phase = PHASE_NONE, .up_ms = 9000}, 0, 0, ACT_NONE},
    {"a failure waits", "matched", 0, true, {.phase = PHASE_NONE, .retry_ms = NOW + 1}, 0, 0, ACT_NONE},
    {"and is tried again", "matched", 0, true, {.phase = PHASE_NONE, .retry_ms = NOW}, 0, 0, ACT_OPEN},
    {"a receipt every interval", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .up_ms = 11000, .receipt_ms = NOW - INTERVAL}, 0, 0, ACT_RECEIPT},
    {"not before", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .up_ms = 11000, .receipt_ms = NOW - INTERVAL + 1}, 0, 0, ACT_NONE},
    {"not while one is pending", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .up_ms = 11000}, 5, 0, ACT_NONE},
    {"not while one is on its way", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .up_ms = 11000, .receipt_sent = true}, 0, 0, ACT_NONE},
    {"not if nothing new was counted", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .up_ms = 11999}, 0, 11, ACT_NONE},
    {"the last receipt does not wait", "final", 0, false, {.phase = PHASE_NONE, .up_ms = 11000, .receipt_ms = NOW}, 0, 5, ACT_RECEIPT},
    {"a refused receipt waits", "final", 0, false, {.up_ms = 11000, .receipt_retry_ms = NOW + 1}, 0, 5, ACT_NONE},
    {"a frozen lease bills what ran", "frozen", LEASE_FROZEN, false,
	{.phase = PHASE_OPEN, .frozen = true, .up_ms = 11000, .receipt_ms = NOW}, 0, 5,
	ACT_RECEIPT},
};

/* With a change on its way, the third of its lease: to a core. */
#define CORE {.v = {1000}}
static const struct { struct row row; enum change_stage stage; } resizes[] = {
    {{"what is only asked changes nothing", "run", LEASE_RUN, false, {.phase = PHASE_OPEN}, 0, 0, ACT_NONE}, CHANGE_ASKED},
    {{"what is agreed is made", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1}, 0, 0, ACT_RESIZE}, CHANGE_AGREED},
    {{"and told", "run", LEASE_RUN, true, {.phase = PHASE_RUNNING, .deploy_rev = 1, .held = CORE}, 0, 0, ACT_RESIZED}, CHANGE_AGREED},
    {{"once", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .held = CORE, .told_rev = 3}, 0, 0, ACT_NONE}, CHANGE_AGREED},
    {{"what the machine cannot is refused", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .cannot_rev = 3, .told_rev = 2}, 0, 0, ACT_REFUSE}, CHANGE_AGREED},
    {{"what it could not the last time is tried", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .cannot_rev = 2}, 0, 0, ACT_RESIZE}, CHANGE_AGREED},
    {{"refused once", "run", LEASE_RUN, false, {.phase = PHASE_OPEN, .cannot_rev = 3, .told_rev = 3}, 0, 0, ACT_NONE}, CHANGE_AGREED},
    {{"a receipt closes the old terms at once", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .held = CORE, .receipt_ms = NOW}, 0, 0, ACT_RECEIPT}, CHANGE_MADE},
    {{"after the one that is pending", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .held = CORE, .receipt_ms = NOW}, 5, 0, ACT_NONE}, CHANGE_MADE},
    {{"one that came to nothing is undone", "run", LEASE_RUN, false,
	{.phase = PHASE_OPEN, .held = CORE}, 0, 0, ACT_RESIZE}, CHANGE_NONE},
    {{"a frozen lease, too", "frozen", LEASE_FROZEN, false,
	{.phase = PHASE_OPEN, .frozen = true, .held = CORE}, 0, 0, ACT_RESIZE}, CHANGE_NONE},
    {{"it is frozen first", "frozen", LEASE_FROZEN, false, {.phase = PHASE_OPEN, .held = CORE}, 0, 0, ACT_FREEZE}, CHANGE_NONE},
    {{"a lease that is over is closed in any size", "final", 0, false,
	{.phase = PHASE_OPEN, .held = CORE}, 0, 0, ACT_CLOSE}, CHANGE_CLOSING},
};

static void hold_to(const struct row *r, enum change_stage stage)
{
	struct fact_lease f = {.flags = r->flags, .deploy_rev = 1, .usage_pending_ms = r->pending, .metered_s = r->metered_s,
	    .change_rev = 3};
	f.change = (struct lease_change){.stage = stage, .res = CORE};
	snprintf(f.state, sizeof(f.state), "%s", r->state);
	f.deploy.len = r->deploy ? 1 : 0;
	enum action got = plan_next(&f, &r->run, NOW, INTERVAL);
	ck_assert_msg(got == r->want, "%s: %s instead of %s", r->what, action_word(got), action_word(r->want));
}

START_TEST(table)
{
	hold_to(&rows[_i], CHANGE_NONE);
}
END_TEST

START_TEST(other_terms)
{
	hold_to(&resizes[_i].row, resizes[_i].stage);
}
END_TEST

START_TEST(unknown_lease_is_closed)
{
	struct running run = {.phase = PHASE_RUNNING};
	ck_assert_int_eq(plan_next(NULL, &run, NOW, INTERVAL), ACT_CLOSE);
	run.phase = PHASE_NONE;
	ck_assert_int_eq(plan_next(NULL, &run, NOW, INTERVAL), ACT_NONE);
}
END_TEST

/* Whatever the two sides are, the plan comes to rest: an action carried out is not asked for again. */
START_TEST(every_plan_ends)
{
	static const char *const state[] = {"matched", "trial", "run", "frozen", "final", "court", "done"};
	static const uint8_t flags[] = {0, LEASE_RUN, LEASE_RUN, LEASE_FROZEN, 0, 0, LEASE_TERMINAL};
	for (int s = 0; s < 7; s++)
		for (int bits = 0; bits < 5 * 2 * 2 * 2 * 4 * 2; bits++) {
			struct fact_lease f = {.flags = flags[s], .deploy_rev = 1, .deploy.len = (size_t)(bits & 1), .change_rev = 1};
			struct running run = {.phase = (enum lease_phase)(bits / 8 % 5), .frozen = bits & 2, .failed = bits & 4,
			    .lost = bits >= 160};
			bool agreed = bits % 160 >= 40;
			f.change.stage = agreed ? CHANGE_AGREED : CHANGE_NONE;
			f.change.res.v[0] = bits % 160 >= 80 ? 5 : 0;
			run.cannot_rev = bits % 160 >= 120;
			snprintf(f.state, sizeof(f.state), "%s", state[s]);
			int steps = 0;
			for (enum action a; (a = plan_next(&f, &run, NOW, INTERVAL)) != ACT_NONE; steps++) {
				ck_assert_int_lt(steps, 6);
				switch (a) {
				case ACT_NONE: case ACT_RECEIPT: run.receipt_sent = true; break;
				case ACT_OPEN: run.phase = PHASE_OPEN; break;
				case ACT_CREATE: run.phase = PHASE_CREATED; run.deploy_rev = 1; break;
				case ACT_RECREATE: run.phase = PHASE_OPEN; run.failed = false; break;
				case ACT_READY: run.ready_sent = true; break;
				case ACT_START: run.phase = PHASE_RUNNING; break;
				case ACT_FREEZE: run.frozen = true; break;
				case ACT_THAW: run.frozen = false; break;
				case ACT_RESIZE: run.held = *plan_vector(&f, &run); break;
				case ACT_RESIZED: case ACT_REFUSE: run.told_rev = 1; break;
				case ACT_CLOSE: run.phase = PHASE_NONE; run.frozen = false; break;
				case ACT_KILL: run.phase = PHASE_EXITED; break;
				case ACT_QUIT: run.quit_sent = true; break;
				}
			}
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");
	tcase_add_loop_test(t, table, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(t, other_terms, 0, (int)(sizeof(resizes) / sizeof(resizes[0])));
	tcase_add_test(t, unknown_lease_is_closed);
	tcase_add_test(t, every_plan_ends);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
