/* Resizing: one verb, and what its refusal means for the change that the ledger waits for.
 *
 * The kernel side undoes a change that it cannot make whole, so a lease is never left between two vectors: then the change is refused in
 * the seller's name, with the reason, and the lease goes on as it was. Does not know when to resize (plan.c). */
#include "broker/resize.h"
#include "broker/report.h"
#include "common/log.h"
#include <errno.h>
#include <string.h>

#define RETRY_MS 1000

/* What the machine said for good. CHANGE_NEVER: it may say something else the next time. */
static enum change_end cannot(int rc)
{
	switch (rc) {
	case -EBUSY:
		return CHANGE_IN_USE;
	case -EDQUOT:
		return CHANGE_OVER_POLICY;
	case -EIO: case -EINVAL: case -ENOSPC: case -EPERM: case -EACCES: case -ERANGE: case -EOPNOTSUPP:
		return CHANGE_FAILED;
	}
	return CHANGE_NEVER;
}

int resize_do(struct actor *a, struct lease *l)
{
	struct quota q = l->quota, read;
	bool agreed = l->fact.change.stage == CHANGE_AGREED;
	q.res = *plan_vector(&l->fact, &l->run);
	/* A task has its devices from when it was made: it gets no other, and loses none. */
	int rc = q.res.v[RES_GPU] == q.ndevices ? a->kernel->ops->lease_set(a->kernel, &l->name, &q) : -EBUSY;
	enum change_end why = rc < 0 && agreed ? cannot(rc) : CHANGE_NEVER;
	if (rc < 0 && why == CHANGE_NEVER)
		return rc;
	if (rc < 0) {
		log_warning("lease l-%s: cannot be resized: %s; the change is refused", l->name.s, strerror(-rc));
		l->run.cannot_rev = l->fact.change_rev;
		l->run.cannot = why;
		return 0;
	}
	l->quota = q;
	l->run.held = q.res;
	if (a->kernel->ops->lease_quota(a->kernel, &l->name, &read) == 0)
		report_limits(a->live_fd, l, &read, &a->inventory);
	log_info("lease l-%s: resized", l->name.s);
	return 0;
}

int resize_tell(struct actor *a, struct lease *l, bool made)
{
	int rc = link_change(&a->link, l, made ? "resized" : "refuse", made ? 0 : (uint64_t)l->run.cannot);
	if (rc == 0)
		l->run.told_rev = l->fact.change_rev;
	return rc;
}

void resize_refused(struct actor *a, struct lease *l)
{
	l->run.told_rev = 0;
	l->run.retry_ms = a->now_ms + RETRY_MS;
}
