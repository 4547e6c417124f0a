/* Engine 0, solo: one node orders for itself; every block is final once it is durable.
 *
 * Knows: that header time is the wall clock but always after the parent's.
 * Does not know: transactions, keys, disks: those are the node's, behind two upcalls. */
#include "ledger/engine/engine.h"
#include <errno.h>
#include <stdlib.h>

struct solo { struct engine base; uint64_t time_ms; };

static int solo_start(struct engine *e, const struct tip *tip)
{
	((struct solo *)e)->time_ms = tip->time_ms;
	return 0;
}

static void solo_wake(struct engine *e, uint64_t now_ms)
{
	struct solo *s = (struct solo *)e;
	struct block *b;
	uint64_t time_ms = now_ms > s->time_ms ? now_ms : s->time_ms + 1;
	if (e->up.propose(e->up.node, time_ms, &b) == 0) {
		s->time_ms = time_ms;
		e->up.finalised(e->up.node, b); /* a failure is the node's to act on: it stops the process */
	}
}

static void solo_stop(struct engine *e)
{
	(void)e;
}

static const struct engine_ops solo_ops = {.name = "solo", .id = 0, .start = solo_start, .wake = solo_wake, .stop = solo_stop};

int engine_solo_new(const struct engine_up *up, struct engine **ret)
{
	struct solo *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->base.ops = &solo_ops;
	s->base.up = *up;
	*ret = &s->base;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e)
		e->ops->stop(e);
	free(e);
}
