/* A task's fate, other than to run and to end by itself.
 *
 * Knows the words for it and the messages that follow. When they are due is plan.c's; how a task is held is the kernel side's. */
#include "broker/fate.h"
#include "broker/report.h"
#include "common/log.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void fate_say(struct lease *l, const char *word)
{
	snprintf(l->reason, sizeof(l->reason), "%s", word);
}

static void fate_of_ended(struct lease *l)
{
	const struct usage *u = &l->usage;
	if (l->run.oom_killed)
		fate_say(l, "out-of-memory");
	else if (u->unwatched)
		fate_say(l, "monitor-lost");
	else if (u->exit_code == 128 + SIGKILL && u->oom_kills)
		fate_say(l, "oom-killed");
}

void fate_read(const struct actor *a, struct lease *l)
{
	bool held = l->usage.oom_held && l->run.phase == PHASE_RUNNING;
	if (l->usage.phase == TASK_EXITED)
		fate_of_ended(l);
	else if (l->run.oom_since_ms && !held)
		fate_say(l, "");
	if (!held)
		l->run.oom_since_ms = 0;
	else if (!l->run.oom_since_ms)
		l->run.oom_since_ms = a->now_ms;
	if (plan_oom_held(&l->run, a->now_ms))
		fate_say(l, "out-of-memory");
	else if (l->usage.unwatched && l->run.phase == PHASE_RUNNING)
		fate_say(l, "monitor-lost");
}

/* Frozen it could not die. Its first process takes the others with it. */
int fate_kill(struct actor *a, struct lease *l)
{
	int rc = a->kernel->ops->lease_freeze(a->kernel, &l->name, false);
	if (rc == 0)
		l->run.frozen = false;
	rc = rc < 0 ? rc : a->kernel->ops->task_signal(a->kernel, &l->name, SIGKILL);
	if (rc < 0 && rc != -ESRCH)
		return rc;
	l->run.oom_killed = true;
	return 0;
}

void fate_recall(const struct actor *a, struct lease *l)
{
	if (l->recalled)
		return;
	l->recalled = true;
	if (l->run.phase != PHASE_NONE || !report_meter_load(a->live_fd, l))
		return;
	l->run.up_ms = l->meter.up_ms;
	if (!l->known || plan_before_ready(&l->fact) || !l->meter.deploy_rev ||
	     memcmp(l->meter.boot_id, a->inventory.boot_id, sizeof(l->meter.boot_id)) == 0)
		return;
	l->run.lost = true;
	fate_say(l, "rebooted");
	log_warning("lease l-%s: what it ran is gone with the machine's last boot", l->name.s);
}
