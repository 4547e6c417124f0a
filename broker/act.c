/* Actions: each is one verb of the kernel or one message to the ledger, and its result is written back into `struct running`.
 *
 * Knows how to do; what to do is plan.c's. A verb that is still in progress is asked again; one that failed waits a second. */
#include "broker/act.h"
#include "broker/answer.h"
#include "broker/count.h"
#include "broker/endpoint.h"
#include "broker/fate.h"
#include "broker/gpus.h"
#include "broker/report.h"
#include "broker/resize.h"
#include "common/log.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>


struct actor *act_new(void)
{
	struct actor *a = calloc(1, sizeof(*a));
	if (a && !(a->scratch = calloc(1, sizeof(*a->scratch)))) {
		free(a);
		return NULL;
	}
	return a;
}

void act_free(struct actor *a)
{
	free(a->scratch);
	free(a);
}

static uint64_t act_clock_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void act_now(struct actor *a)
{
	a->now_ms = act_clock_ms(CLOCK_BOOTTIME);
	a->wall_ms = act_clock_ms(CLOCK_REALTIME);
}

void act_linked(struct actor *a)
{
	for (struct lease *l = a->books.first; l; l = l->next) {
		l->run.receipt_sent = l->run.quit_sent = false;
		l->run.told_rev = 0;
		if (plan_before_ready(&l->fact))
			l->run.ready_sent = false;
	}
}

static void act_reason(struct lease *l, const char *reason)
{
	snprintf(l->reason, sizeof(l->reason), "%s", reason);
}

/* What the runtime did wrong has words of its own (kernel.h); the rest has the kernel's. */
static const char *act_cause(int rc)
{
	if (rc == -ETIME)
		return "runtime-hangs";
	if (rc == -EPROTO)
		return "runtime-lies";
	return strerrorname_np(-rc) ? strerrorname_np(-rc) : "EUNKNOWN";
}

/* -EINPROGRESS: soon again. Else: remember why, and do not try for a while. */
static void act_failed(struct actor *a, struct lease *l, enum action what, int rc)
{
	if (rc == -EINPROGRESS) {
		a->busy = true;
		return;
	}
	char before[sizeof(l->trouble)];
	memcpy(before, l->trouble, sizeof(before));
	answer_trouble(a, l, what, act_cause(rc));
	if (strcmp(before, l->trouble) != 0)
		log_warning("lease l-%s: %s failed: %s", l->name.s, action_word(what), strerror(-rc));
}

static int act_open(struct actor *a, struct lease *l)
{
	struct quota q;
	int rc = gpus_pick(&a->books, &a->inventory, &l->fact.res, &q);
	if (rc == 0)
		rc = a->kernel->ops->lease_open(a->kernel, &l->name, &q);
	if (rc == -ENODEV) /* which devices are left? */
		(void)a->kernel->ops->inventory(a->kernel, &a->inventory);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	/* What is there already may be the rest of one that could not be removed. */
	if (a->kernel->ops->lease_quota(a->kernel, &l->name, &q) == 0)
		report_limits(a->live_fd, l, &q, &a->inventory);
	else if (rc == -EEXIST)
		return rc;
	l->run.phase = PHASE_OPEN;
	l->run.killed = l->run.oom_killed = false;
	act_reason(l, "");
	l->quota = q;
	a->gpus_ms = 0;
	l->run.held = q.res;
	return 0;
}

/* A task that cannot be made because of what the buyer brought is the buyer's: the lease is ready without it. NULL: it is not that. */
static const char *act_buyers_fault(int rc)
{
	switch (-rc) {
	case ENOENT: return "image-missing";
	case EBADMSG: return "image-corrupt";
	case ENOPKG: return "program-missing";
	case EINVAL: return "deploy-refused";
	case E2BIG: return "image-too-large";
	}
	return NULL;
}

/* This deploy makes no task; another one may. */
static int act_refused(struct lease *l, const char *reason)
{
	l->run.failed = true;
	l->run.deploy_rev = l->fact.deploy_rev;
	act_reason(l, reason);
	return 0;
}

static int act_create(struct actor *a, struct lease *l)
{
	struct deploy d;
	struct task_spec spec;
	memset(&spec, 0, sizeof(spec));
	if (!deploy_get(l->fact.deploy, &d, a->scratch->text, sizeof(a->scratch->text)))
		return act_refused(l, "deploy-malformed");
	if (d.sealed.len) /* the ledger opens what is sealed to this node */
		return act_refused(l, "deploy-sealed-to-another");
	memcpy(spec.image, d.image, sizeof(spec.image));
	memcpy(spec.cwd, d.cwd, sizeof(spec.cwd));
	spec.nargs = d.nargs;
	spec.nenv = d.nenv;
	memcpy(spec.args, d.args, sizeof(spec.args));
	memcpy(spec.env, d.env, sizeof(spec.env));
	int rc = a->kernel->ops->task_create(a->kernel, &l->name, &spec);
	const char *fault = act_buyers_fault(rc);
	if (fault)
		return act_refused(l, fault);
	if (rc < 0)
		return rc;
	l->run.phase = PHASE_CREATED;
	l->run.failed = l->run.oom_killed = false;
	l->run.deploy_rev = l->fact.deploy_rev;
	l->meter.deploy_rev = l->fact.deploy_rev;
	report_meter(a->live_fd, l, a->now_ms);
	act_reason(l, "");
	return 0;
}

static int act_recreate(struct actor *a, struct lease *l)
{
	int rc = a->kernel->ops->task_delete(a->kernel, &l->name);
	if (rc < 0)
		return rc;
	l->run.phase = PHASE_OPEN;
	l->run.failed = false;
	return 0;
}

static int act_start(struct actor *a, struct lease *l)
{
	int rc = a->kernel->ops->task_start(a->kernel, &l->name);
	if (rc == 0)
		l->run.phase = PHASE_RUNNING;
	return rc;
}

static int act_freeze(struct actor *a, struct lease *l, bool frozen)
{
	int rc = a->kernel->ops->lease_freeze(a->kernel, &l->name, frozen);
	if (rc == 0)
		l->run.frozen = frozen;
	return rc;
}

static int act_close(struct actor *a, struct lease *l)
{
	l->run.killed |= l->run.phase < PHASE_EXITED && !l->run.failed; /* its end is seen before all of it is gone */
	int rc = a->kernel->ops->lease_close(a->kernel, &l->name);
	if (rc < 0)
		return rc;
	if (l->run.killed && !l->run.lost)
		act_reason(l, l->fact.reason);
	/* Closing kills, and then nobody is left to ask how it ended. */
	if (l->run.killed && l->run.phase >= PHASE_CREATED && l->usage.phase != TASK_EXITED) {
		l->usage.phase = TASK_EXITED;
		l->usage.exit_code = 128 + SIGKILL;
	}
	l->run.phase = PHASE_NONE;
	l->run.frozen = false;
	l->quota = (struct quota){.ndevices = 0};
	a->gpus_ms = 0;
	return 0;
}

static int act_one(struct actor *a, struct lease *l, enum action what)
{
	int rc;
	switch (what) {
	case ACT_NONE: case ACT_RECEIPT:
		return 0;
	case ACT_OPEN:
		return act_open(a, l);
	case ACT_CREATE:
		return act_create(a, l);
	case ACT_RECREATE:
		return act_recreate(a, l);
	case ACT_READY:
		return endpoint_tell(a, l);
	case ACT_START:
		return act_start(a, l);
	case ACT_FREEZE: case ACT_THAW:
		return act_freeze(a, l, what == ACT_FREEZE);
	case ACT_CLOSE:
		return act_close(a, l);
	case ACT_KILL:
		return fate_kill(a, l);
	case ACT_QUIT:
		rc = link_quit(&a->link, l);
		l->run.quit_sent = rc == 0;
		return rc;
	case ACT_RESIZE:
		return resize_do(a, l);
	case ACT_RESIZED: case ACT_REFUSE:
		return resize_tell(a, l, what == ACT_RESIZED);
	}
	return -EINVAL;
}

/* Until nothing is left to do for this lease, or it must wait. True: a receipt is due. */
static bool act_lease(struct actor *a, struct lease *l)
{
	const struct fact_lease *fact = l->known ? &l->fact : NULL;
	for (int steps = 0; steps < 8; steps++) {
		enum action what = plan_next(fact, &l->run, a->now_ms, a->interval_ms);
		bool tells = what == ACT_READY || what == ACT_RECEIPT || what == ACT_QUIT || what == ACT_RESIZED || what == ACT_REFUSE;
		if (what == ACT_NONE || (tells && !a->link.caught_up))
			return false;
		if (what == ACT_RECEIPT)
			return true;
		int rc = act_one(a, l, what);
		if (rc < 0)
			act_failed(a, l, what, rc);
		else if (what != ACT_READY && what != ACT_QUIT)
			l->trouble[0] = '\0'; /* of these only the answer says that it went well */
		report_state(a->live_fd, l, a->wall_ms);
		if (rc < 0)
			return false;
	}
	a->busy = true;
	return false;
}

static bool act_ended(const struct lease *l)
{
	return l->run.phase == PHASE_NONE && (!l->known || (l->fact.flags & LEASE_TERMINAL));
}

static void act_all(struct actor *a)
{
	struct act_scratch *s = a->scratch;
	uint32_t n = 0;
	a->busy = false;
	for (struct lease *l = a->books.first, *next; l; l = next) {
		next = l->next;
		if (!l->known && !a->link.caught_up)
			continue; /* the ledger may still name it */
		fate_recall(a, l);
		if (act_lease(a, l) && n < LEASES_PER_NODE_MAX) {
			meter_receipt(&l->meter, &l->id, a->wall_ms, &s->receipt[n]);
			report_meter(a->live_fd, l, a->now_ms); /* first: whoever comes after a crash must not tell less than was told */
			l->run.receipt_ms = a->now_ms;
			s->of[n++] = l;
		}
		if (act_ended(l))
			leases_drop(&a->books, l);
	}
	if (n)
		link_receipts(&a->link, s->receipt, s->of, n);
}

void act_pass(struct actor *a, bool news)
{
	bool full = a->now_ms - a->tick_ms >= TICK_MS;
	if (news && link_read(&a->link, &a->books, answer_take, a) < 0)
		log_warning("the ledger is away; leases go on, receipts wait");
	if (full)
		a->tick_ms = a->now_ms;
	if (full || news)
		count_tick(a, full);
	act_all(a);
	if (full && a->now_ms - a->gpus_ms >= GPUS_MS) {
		a->gpus_ms = a->now_ms;
		(void)report_gpus(a->live_fd, &a->books, &a->inventory);
	}
}

int act_adopt(struct actor *a)
{
	struct lease_name *name = a->scratch->name;
	uint32_t n = 0;
	int rc = a->kernel->ops->lease_list(a->kernel, name, LEASES_PER_NODE_MAX, &n);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct lease *l = leases_adopt(&a->books, name[i].s);
		l->recalled = true;
		l->run.phase = PHASE_OPEN;
		l->run.frozen = true; /* until a running task shows otherwise: thawing what is not frozen is harmless */
		if (a->kernel->ops->lease_quota(a->kernel, &l->name, &l->quota) < 0)
			log_warning("lease l-%s: its limits cannot be read", l->name.s);
		else
			report_limits(a->live_fd, l, &l->quota, &a->inventory); /* the policy may be another one now */
		l->run.held = l->quota.res;
		if (report_meter_load(a->live_fd, l)) {
			l->run.up_ms = l->meter.up_ms;
			l->run.deploy_rev = (uint32_t)l->meter.deploy_rev;
			/* if they were before, its limits were the kernel's while nobody looked; act_count has the last word */
			l->condition = l->meter.drifted ? METER_DRIFTED : METER_UP;
		}
		log_info("lease l-%s: adopted", l->name.s);
	}
	return rc;
}
