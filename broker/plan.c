/* The enforcer's rules, lease by lease, as a pure function.
 *
 * Knows the flags of a contract's state (RUN, FROZEN, TERMINAL) and the two names that PROTOCOL gives meaning to: a lease is
 * `matched` until READY, and `trial` is not billed. Does not know the kernel, the ledger's socket, or any clock. */
#include "broker/plan.h"
#include <string.h>

bool plan_before_ready(const struct fact_lease *fact)
{
	return fact && !fact->flags && strcmp(fact->state, "matched") == 0;
}

bool plan_billable(const struct fact_lease *fact)
{
	return fact && (fact->flags & LEASE_RUN) && strcmp(fact->state, "trial") != 0;
}

/* A container must exist, and must be of the newest deploy. */
static enum action plan_container(const struct fact_lease *fact, const struct running *run)
{
	if (fact->deploy.len == 0 || (run->failed && run->deploy_rev == fact->deploy_rev))
		return ACT_NONE;
	if (run->phase == PHASE_OPEN)
		return ACT_CREATE;
	return run->deploy_rev == fact->deploy_rev ? ACT_NONE : ACT_RECREATE;
}

static enum action plan_matched(const struct fact_lease *fact, const struct running *run)
{
	enum action a = plan_container(fact, run);
	if (a != ACT_NONE)
		return a;
	return run->ready_sent ? ACT_NONE : ACT_READY;
}

static bool plan_cannot(const struct fact_lease *fact, const struct running *run)
{
	return run->cannot_rev && run->cannot_rev == fact->change_rev;
}

const struct resources *plan_vector(const struct fact_lease *fact, const struct running *run)
{
	return fact->change.stage >= CHANGE_AGREED && !plan_cannot(fact, run) ? &fact->change.res : &fact->res;
}

/* In place: the task does not notice but by what it gets. The ledger is told once the kernel holds it, or that it will not. */
static enum action plan_size(const struct fact_lease *fact, const struct running *run)
{
	if (!resources_eq(plan_vector(fact, run), &run->held))
		return ACT_RESIZE;
	if (fact->change.stage != CHANGE_AGREED || run->told_rev == fact->change_rev)
		return ACT_NONE;
	return plan_cannot(fact, run) ? ACT_REFUSE : ACT_RESIZED;
}

static bool plan_receipt_due(const struct fact_lease *fact, const struct running *run, uint64_t now_ms, uint64_t interval_ms)
{
	if (run->receipt_sent || now_ms < run->receipt_retry_ms || fact->usage_pending_ms)
		return false;
	if (fact->change.stage == CHANGE_MADE)
		return true; /* it closes the old terms */
	if (run->up_ms / 1000 <= fact->metered_s)
		return false;
	return !plan_billable(fact) || now_ms - run->receipt_ms >= interval_ms;
}

bool plan_oom_held(const struct running *run, uint64_t now_ms)
{
	return run->oom_since_ms && (run->frozen || now_ms - run->oom_since_ms >= OOM_LOOK_MS);
}

/* More memory, which the plan sees as a change of the lease, or the end of it resolves this; or time does. */
static enum action plan_oom(const struct fact_lease *fact, const struct running *run, uint64_t now_ms)
{
	enum action a = plan_size(fact, run);
	if (a != ACT_NONE)
		return a;
	if (now_ms - run->oom_since_ms >= OOM_HOLD_MS)
		return run->oom_killed ? ACT_NONE : ACT_KILL;
	return run->frozen ? ACT_NONE : ACT_FREEZE;
}

static enum action plan_run(const struct fact_lease *fact, const struct running *run, uint64_t now_ms)
{
	if (run->phase == PHASE_RUNNING && run->deploy_rev == fact->deploy_rev && plan_oom_held(run, now_ms))
		return plan_oom(fact, run, now_ms);
	if (run->frozen)
		return ACT_THAW;
	enum action a = plan_container(fact, run);
	if (a != ACT_NONE)
		return a;
	return run->phase == PHASE_CREATED ? ACT_START : plan_size(fact, run);
}

/* Neither matched, RUN nor FROZEN: the work is over, what ran is still to be billed. */
static enum action plan_over(const struct running *run)
{
	return run->phase == PHASE_NONE ? ACT_NONE : ACT_CLOSE;
}

static enum action plan_state(const struct fact_lease *fact, const struct running *run, uint64_t now_ms)
{
	bool wanted = plan_before_ready(fact) || (fact->flags & (LEASE_RUN | LEASE_FROZEN));
	if (!wanted)
		return plan_over(run);
	if (run->lost)
		return run->phase != PHASE_NONE ? ACT_CLOSE : run->quit_sent ? ACT_NONE : ACT_QUIT;
	if (run->phase == PHASE_NONE)
		return ACT_OPEN;
	if (plan_before_ready(fact))
		return plan_matched(fact, run);
	if ((fact->flags & LEASE_FROZEN) || run->overdue)
		return run->frozen ? plan_size(fact, run) : ACT_FREEZE;
	return plan_run(fact, run, now_ms);
}

enum action plan_next(const struct fact_lease *fact, const struct running *run, uint64_t now_ms, uint64_t interval_ms)
{
	bool gone = !fact || (fact->flags & LEASE_TERMINAL);
	enum action a = now_ms < run->retry_ms ? ACT_NONE : gone ? plan_over(run) : plan_state(fact, run, now_ms);
	if (a == ACT_NONE && !gone && plan_receipt_due(fact, run, now_ms, interval_ms))
		a = ACT_RECEIPT;
	return a;
}

const char *action_word(enum action a)
{
	static const char *const word[] = {[ACT_NONE] = "none", [ACT_OPEN] = "open", [ACT_CREATE] = "create", [ACT_READY] = "ready",
	    [ACT_START] = "start", [ACT_FREEZE] = "freeze", [ACT_THAW] = "thaw", [ACT_RECREATE] = "recreate",
	    [ACT_RECEIPT] = "receipt", [ACT_CLOSE] = "close", [ACT_QUIT] = "quit", [ACT_RESIZE] = "resize",
	    [ACT_RESIZED] = "resized", [ACT_REFUSE] = "refuse", [ACT_KILL] = "kill"};
	return word[a];
}
