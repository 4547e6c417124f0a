/* What must be done next for one lease: a pure function of what the ledger says and what this machine does. No I/O, no clock of its own.
 *
 * act.c carries actions out through kernel.h; meter.c counts. Both feed `struct running` back. */
#ifndef ZEUS_PLAN_H
#define ZEUS_PLAN_H
#include "common/fact.h"
#include "kernel-facing/kernel.h"

enum lease_phase { /* what this machine holds of a lease */
	PHASE_NONE,    /* nothing */
	PHASE_OPEN,    /* group, limits, network */
	PHASE_CREATED, /* and a container that has not started */
	PHASE_RUNNING,
	PHASE_EXITED,  /* the task ended by itself; the lease stands */
};

struct running {
	enum lease_phase phase;
	bool frozen;
	bool failed;            /* the task of deploy_rev cannot be made, and that is the buyer's doing */
	bool killed;            /* closed before its task ended by itself */
	uint64_t oom_since_ms;  /* its memory has been full since; 0: it is not */
	bool oom_killed;        /* it was, for longer than OOM_HOLD_MS, and the task was told to end */
	bool overdue;           /* the ledger is away and the lease's time or money is over: hold it */
	bool ready_sent;        /* asked of the ledger, not yet seen in a fact */
	bool lost;              /* a device of it, or the boot that it ran in, is gone: nothing can be delivered any more */
	bool quit_sent;         /* asked of the ledger, not yet seen in a fact */
	uint32_t deploy_rev;    /* of the container that exists, or failed */
	uint64_t retry_ms;      /* not before this time: the last attempt failed */
	uint64_t up_ms;         /* billable time that this machine has counted */
	uint64_t receipt_ms;    /* when the last receipt was sent */
	bool receipt_sent;      /* one is on its way, */
	uint64_t receipt_req;   /* in this request */
	struct resources held;  /* by the kernel, from PHASE_OPEN on */
	uint32_t told_rev;      /* the change of which the ledger was told: made, or refused; no fact shows it yet */
	uint32_t cannot_rev;    /* the change that this machine cannot make, */
	enum change_end cannot; /* and why */
	uint64_t receipt_retry_ms; /* no receipt before this time: the last one was refused */
};

enum action { ACT_NONE, ACT_OPEN, ACT_CREATE, ACT_READY, ACT_START, ACT_FREEZE, ACT_THAW, ACT_RECREATE, ACT_RECEIPT, ACT_CLOSE,
	ACT_QUIT, ACT_RESIZE, ACT_RESIZED, ACT_REFUSE, ACT_KILL };

#define OOM_LOOK_MS 1000     /* a full memory that something of the task still empties by itself is no reason to hold it */
#define OOM_HOLD_MS 600000   /* so long it may be held for, paid like any other time; then it ends */

/* Is the task held because its memory is full? */
bool plan_oom_held(const struct running *run, uint64_t now_ms);
/* The next action, one at a time: carry it out, feed the result back, ask again until ACT_NONE. fact NULL: the ledger does not know this
 * lease. interval_ms: between receipts while running. */
enum action plan_next(const struct fact_lease *fact, const struct running *run, uint64_t now_ms, uint64_t interval_ms);
/* The vector that the kernel is to hold now: the lease's, or that of a change that is agreed and not refused. */
const struct resources *plan_vector(const struct fact_lease *fact, const struct running *run);
/* Does this state count towards what is billed? RUN states other than trial. */
bool plan_billable(const struct fact_lease *fact);
/* Is the state one before the lease ran (READY is awaited)? */
bool plan_before_ready(const struct fact_lease *fact);
const char *action_word(enum action a);
#endif
