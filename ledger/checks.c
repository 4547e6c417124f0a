/* Envelopes whose signatures worker threads verify.
 *
 * Knows: how many make a job. Waking a thread for each would cost as much as a tenth of the verification; but all that has come goes to the
 * workers at once, since they must not run dry while the loop makes a block.
 * Does not know: what becomes of an entry then (core.c). */
#include "ledger/checks.h"
#include <stdlib.h>

#define JOB_CHECKS 8

struct check { struct mempool_entry *e; struct id envelope; struct admit_node node; bool ok; };
struct job { struct checks *c; unsigned n; struct check check[JOB_CHECKS]; };
struct checks {
	struct loop *loop; const struct id *genesis; struct checks_up up;
	struct job *open;              /* not full, not yet handed out */
	struct loop_timer *flush;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* On a worker's thread: nobody else touches the entries until it is done. */
static void job_work(void *arg)
{
	struct job *j = arg;
	for (struct check *k = j->check; k < j->check + j->n; k++) {
		const struct pending_tx *p = &k->e->p;
		k->ok = admit_signatures(j->c->genesis, &p->tx, (struct slice){p->bytes.p, p->signed_len});
		if (k->ok && p->tx.type == TX_USAGE)
			k->ok = admit_usage(&p->tx.u.usage, &k->node);
	}
}

static void job_done(void *arg)
{
	struct job *j = arg;
	for (const struct check *k = j->check; k < j->check + j->n; k++)
		j->c->up.done(j->c->up.arg, k->e, &k->envelope, k->ok);
	free(j);
}

static void job_start(void *arg)
{
	struct checks *c = arg;
	struct job *j = c->open;
	c->open = NULL;
	if (j && loop_work(c->loop, job_work, job_done, j) < 0)
		abort();
}

int checks_new(struct loop *l, const struct id *genesis, const struct checks_up *up, struct checks **ret)
{
	struct checks *c = must(calloc(1, sizeof *c));
	*c = (struct checks){.loop = l, .genesis = genesis, .up = *up};
	int rc = loop_timer(l, UINT32_MAX, 0, job_start, c, &c->flush);
	if (rc < 0)
		checks_free(c);
	else
		*ret = c;
	return rc;
}

void checks_free(struct checks *c)
{
	if (c)
		free(c->open);
	free(c);
}

/* A job that is not full goes out when the loop has read what there is to read. */
void checks_add(struct checks *c, struct mempool_entry *e, const struct id *envelope, const struct admit_node *node)
{
	if (!c->open) {
		c->open = must(malloc(sizeof *c->open));
		*c->open = (struct job){.c = c};
		loop_timer_set(c->flush, 0, 0);
	}
	c->open->check[c->open->n++] = (struct check){.e = e, .envelope = *envelope, .node = *node};
	if (c->open->n == JOB_CHECKS)
		job_start(c);
}
