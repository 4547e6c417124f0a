/* Actions: each is one verb of the kernel or one message to the ledger, and its result is written back into `struct running`.
 *
 * Knows how to do; what to do is plan.c's. A verb that is still in progress is asked again; one that failed waits a second. */
#include "broker/act.h"
#include "broker/answer.h"
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

struct act_scratch {
	struct usage_receipt receipt[LEASES_PER_NODE_MAX];
	struct lease *of[LEASES_PER_NODE_MAX];
	struct lease_name name[LEASES_PER_NODE_MAX];
	struct usage usage[LEASES_PER_NODE_MAX];
	struct checked checked[LEASES_PER_NODE_MAX];
	char text[DEPLOY_MAX + 512];
};

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
	l->run.killed = false;
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
	l->run.failed = false;
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
	int rc = a->kernel->ops->lease_close(a->kernel, &l->name);
	if (rc < 0)
		return rc;
	l->run.killed = l->run.phase < PHASE_EXITED && !l->run.failed;
	if (l->run.killed && !l->run.lost)
		act_reason(l, l->fact.reason);
	if (l->run.killed && l->run.phase >= PHASE_CREATED) { /* closing kills, and then nobody is left to ask how it ended */
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
		rc = link_ready(&a->link, l, "");
		l->run.ready_sent = rc == 0;
		return rc;
	case ACT_START:
		return act_start(a, l);
	case ACT_FREEZE: case ACT_THAW:
		return act_freeze(a, l, what == ACT_FREEZE);
	case ACT_CLOSE:
		return act_close(a, l);
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

static void act_phase(struct lease *l)
{
	switch (l->usage.phase) {
	case TASK_NONE:
		if (l->run.phase > PHASE_OPEN)
			l->run.phase = PHASE_OPEN;
		break;
	case TASK_CREATED:
		l->run.phase = PHASE_CREATED;
		break;
	case TASK_RUNNING: case TASK_FROZEN:
		l->run.phase = PHASE_RUNNING;
		l->run.frozen = l->usage.phase == TASK_FROZEN;
		break;
	case TASK_EXITED:
		l->run.phase = PHASE_EXITED;
		break;
	}
}

/* Once a second: is what the kernel holds what was sold? The difference is repaired, reported and not billed. */
static bool act_drifted(struct actor *a, struct lease *l, const struct checked *c)
{
	uint32_t n = c->result < 0 ? 0 : c->n;
	report_drift(a->live_fd, l, c->found, n);
	for (uint32_t k = 0; k < n; k++)
		l->run.lost |= strcmp(c->found[k].what, DRIFT_GPU_GONE) == 0;
	if (l->run.lost) {
		act_reason(l, DRIFT_GPU_GONE);
		log_error("lease l-%s: a device that it bought is gone; this machine gives the lease up", l->name.s);
	} else if (n) {
		log_warning("lease l-%s: %u limits differed from the lease (%s); repaired", l->name.s, n, c->found[0].what);
		/* while its devices differed the kernel side named none of them, and another lease would have been given them */
		(void)a->kernel->ops->lease_quota(a->kernel, &l->name, &l->quota);
	}
	return c->result < 0 || n > 0;
}

/* The chain's own limit, kept even while the ledger is away: past the deadline or the money, the lease is held. */
static bool act_overdue(const struct actor *a, const struct lease *l)
{
	uint64_t wall = a->wall_ms;
	if (a->link.caught_up || !l->known || !(l->fact.flags & LEASE_RUN))
		return false;
	uint64_t rate = money_base(l->fact.rate);
	uint64_t paid_ms = rate ? (uint64_t)((unsigned __int128)money_base(l->fact.escrow) * 3600000 / rate) : UINT64_MAX / 2;
	return (l->fact.deadline_ms && wall > l->fact.deadline_ms) || wall > l->fact.since_ms + paid_ms;
}

/* A lease that was adopted may have been on trial, or held, while nobody looked: of that time only what its present state has lasted is
 * billed. The ledger refuses a receipt that claims more, and every one after it. */
static void act_count_state(const struct actor *a, struct lease *l)
{
	if (plan_billable(&l->fact))
		meter_at_most(&l->meter, a->now_ms, a->wall_ms > l->fact.since_ms ? a->wall_ms - l->fact.since_ms : 0);
}

/* checked: of this second, or NULL between two of them. */
static void act_count(struct actor *a, struct lease *l, const struct checked *checked)
{
	if (!l->known)
		return; /* adopted, and not yet named by the ledger: counted from its last tick once it is */
	enum meter_condition before = l->condition;
	uint64_t series = l->meter.group_id;
	bool drifted = checked ? act_drifted(a, l, checked) : l->condition == METER_DRIFTED;
	if (drifted && l->condition == METER_UP)
		l->condition = METER_DRIFTED; /* the second in which it was seen is not billed either */
	act_count_state(a, l);
	meter_tick(&l->meter, &l->usage, a->inventory.boot_id, a->now_ms, a->wall_ms, l->condition);
	act_phase(l);
	l->news = false;
	l->condition = !plan_billable(&l->fact) || l->run.frozen ? METER_IDLE : drifted ? METER_DRIFTED : METER_UP;
	l->meter.drifted = l->condition == METER_DRIFTED;
	l->run.up_ms = l->meter.up_ms;
	l->run.overdue = act_overdue(a, l);
	if (l->condition != before || l->meter.group_id != series)
		report_meter(a->live_fd, l, a->now_ms);
	if (!checked)
		return;
	report_live(a->live_fd, l);
	report_meter_seldom(a->live_fd, l, a->now_ms);
	report_state(a->live_fd, l, a->wall_ms);
}

/* What was not read was not compared either: until the next look nothing is billed. */
static void act_unread(struct actor *a, struct lease *l, int rc)
{
	if (l->condition != METER_UP)
		return;
	log_error("lease l-%s: its usage could not be read: %s", l->name.s, strerror(-rc));
	l->condition = METER_DRIFTED;
	l->meter.drifted = true;
	report_meter(a->live_fd, l, a->now_ms);
}

/* One by one, when one of them fails: the others are counted. One that is not there any more is opened anew. */
static void act_usage_each(struct actor *a, uint32_t *n)
{
	struct act_scratch *s = a->scratch;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < *n; i++) {
		struct lease *l = s->of[i];
		int rc = a->kernel->ops->usage(a->kernel, &s->name[i], 1, &s->usage[kept]);
		if (rc == 0) {
			s->of[kept++] = l;
		} else if (rc == -ESRCH) {
			log_error("lease l-%s: the kernel side has lost it", l->name.s);
			l->run.phase = PHASE_NONE;
			l->quota = (struct quota){.ndevices = 0};
		} else
			act_unread(a, l, rc);
	}
	*n = kept;
}

static void act_check(struct actor *a, uint32_t n)
{
	struct act_scratch *s = a->scratch;
	int rc = a->kernel->ops->leases_check(a->kernel, s->name, n, s->checked);
	for (uint32_t i = 0; rc < 0 && i < n; i++)
		s->checked[i] = (struct checked){.result = rc};
}

/* full: usage of every lease, their limits compared, the reports written; else what a fact has changed is counted up to now. */
static void act_tick(struct actor *a, bool full)
{
	struct act_scratch *s = a->scratch;
	uint32_t n = 0;
	for (struct lease *l = a->books.first; l && n < LEASES_PER_NODE_MAX; l = l->next) {
		if (l->run.phase == PHASE_NONE || (!full && !l->news))
			continue;
		s->name[n] = l->name;
		s->of[n++] = l;
	}
	if (!n)
		return;
	if (a->kernel->ops->usage(a->kernel, s->name, n, s->usage) < 0)
		act_usage_each(a, &n);
	for (uint32_t i = 0; i < n; i++)
		s->name[i] = s->of[i]->name; /* those that are left */
	if (full)
		act_check(a, n);
	for (uint32_t i = 0; i < n; i++) {
		s->of[i]->usage = s->usage[i];
		act_count(a, s->of[i], full ? &s->checked[i] : NULL);
	}
}

void act_pass(struct actor *a, bool news)
{
	bool full = a->now_ms - a->tick_ms >= TICK_MS;
	if (news && link_read(&a->link, &a->books, answer_take, a) < 0)
		log_warning("the ledger is away; leases go on, receipts wait");
	if (full)
		a->tick_ms = a->now_ms;
	if (full || news)
		act_tick(a, full);
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
