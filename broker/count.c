/* Once a tick: what the kernel counted and what it holds, read for every lease and written into its meter.
 *
 * Knows in what conditions a second is billed. What is done about what it finds is plan.c's and fate.c's. */
#include "broker/count.h"
#include "broker/fate.h"
#include "broker/report.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void count_phase(struct lease *l)
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
static bool count_drifted(struct actor *a, struct lease *l, const struct checked *c)
{
	struct drift unread = {.what = "unreadable", .have = (uint64_t)-c->result};
	uint32_t n = c->result < 0 ? 0 : c->n;
	report_drift(a->live_fd, l, c->result < 0 ? &unread : c->found, c->result < 0 ? 1 : n);
	for (uint32_t k = 0; k < n; k++)
		l->run.lost |= strcmp(c->found[k].what, DRIFT_GPU_GONE) == 0;
	if (l->run.lost) {
		snprintf(l->reason, sizeof(l->reason), "%s", DRIFT_GPU_GONE);
		log_error("lease l-%s: a device that it bought is gone; this machine gives the lease up", l->name.s);
	} else if (c->result < 0)
		log_warning("lease l-%s: its limits cannot be compared: %s", l->name.s, strerror(-c->result));
	else if (n) {
		log_warning("lease l-%s: %u limits differed from the lease (%s); repaired", l->name.s, n, c->found[0].what);
		/* while its devices differed the kernel side named none of them, and another lease would have been given them */
		(void)a->kernel->ops->lease_quota(a->kernel, &l->name, &l->quota);
	}
	return c->result < 0 || n > 0;
}

/* The chain's own limit, kept even while the ledger is away: past the deadline or the money, the lease is held. */
static bool count_overdue(const struct actor *a, const struct lease *l)
{
	uint64_t wall = a->wall_ms;
	if (a->link.caught_up || !l->known || !(l->fact.flags & LEASE_RUN))
		return false;
	uint64_t ran_ms = wall > l->fact.since_ms ? wall - l->fact.since_ms : 0;
	bool broke = (unsigned __int128)ran_ms * money_base(l->fact.rate) > (unsigned __int128)money_base(l->fact.escrow) * 3600000;
	return broke || (l->fact.deadline_ms && wall > l->fact.deadline_ms);
}

/* A lease that was adopted may have been on trial, or held, while nobody looked: of that time only what its present state has lasted is
 * billed. The ledger refuses a receipt that claims more, and every one after it. */
static void count_state(const struct actor *a, struct lease *l)
{
	if (plan_billable(&l->fact))
		meter_at_most(&l->meter, a->now_ms, a->wall_ms > l->fact.since_ms ? a->wall_ms - l->fact.since_ms : 0);
}

/* checked: of this second, or NULL between two of them. */
static void count_one(struct actor *a, struct lease *l, const struct checked *checked)
{
	if (!l->known)
		return; /* adopted, and not yet named by the ledger: counted from its last tick once it is */
	enum meter_condition before = l->condition;
	uint64_t series = l->meter.group_id;
	bool drifted = checked ? count_drifted(a, l, checked) : l->condition == METER_DRIFTED;
	if (drifted && l->condition == METER_UP)
		l->condition = METER_DRIFTED; /* the second in which it was seen is not billed either */
	count_state(a, l);
	meter_tick(&l->meter, &l->usage, a->inventory.boot_id, a->now_ms, a->wall_ms, l->condition);
	count_phase(l);
	l->news = false;
	fate_read(a, l);
	bool idle = l->run.frozen && (l->run.overdue || !plan_oom_held(&l->run, a->now_ms)); /* what is full is what was sold */
	l->condition = !plan_billable(&l->fact) || idle ? METER_IDLE : drifted ? METER_DRIFTED : METER_UP;
	l->meter.drifted = l->condition == METER_DRIFTED;
	l->run.up_ms = l->meter.up_ms;
	l->run.overdue = count_overdue(a, l);
	if (l->condition != before || l->meter.group_id != series)
		report_meter(a->live_fd, l, a->now_ms);
	if (!checked)
		return;
	report_live(a->live_fd, l);
	report_meter_seldom(a->live_fd, l, a->now_ms);
	report_state(a->live_fd, l, a->wall_ms);
}

/* What was not read was not compared either: until the next look nothing is billed. */
static void count_unread(struct actor *a, struct lease *l, int rc)
{
	if (l->condition != METER_UP)
		return;
	log_error("lease l-%s: its usage could not be read: %s", l->name.s, strerror(-rc));
	l->condition = METER_DRIFTED;
	l->meter.drifted = true;
	report_meter(a->live_fd, l, a->now_ms);
}

/* One by one, when one of them fails: the others are counted. One that is not there any more is opened anew. */
static void count_usage_each(struct actor *a, uint32_t *n)
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
			count_unread(a, l, rc);
	}
	*n = kept;
}

static void count_check(struct actor *a, uint32_t n)
{
	struct act_scratch *s = a->scratch;
	int rc = a->kernel->ops->leases_check(a->kernel, s->name, n, s->checked);
	for (uint32_t i = 0; rc < 0 && i < n; i++)
		s->checked[i] = (struct checked){.result = rc};
}

void count_tick(struct actor *a, bool full)
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
		count_usage_each(a, &n);
	for (uint32_t i = 0; i < n; i++)
		s->name[i] = s->of[i]->name; /* those that are left */
	if (full)
		count_check(a, n);
	for (uint32_t i = 0; i < n; i++) {
		s->of[i]->usage = s->usage[i];
		count_one(a, s->of[i], full ? &s->checked[i] : NULL);
	}
}
