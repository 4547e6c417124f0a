/* The kernel side as the benchmarks open it: directly, with an instance id of its own and a policy that allows all.
 *
 * It knows how to ask a verb until it is done, and how to leave nothing. It does not know what is measured. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench/measure.h"
#include "bench/site.h"

#define TASK_IDS 900000
#define VERB_TIMEOUT_NS 30000000000u
#define LOOK_NS 10000000

static void block_child_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void site_open(struct site *s, const char *key, const char *dir, const char *instance)
{
	char why[256] = "";
	struct kernel_config *c = &s->cfg;
	*s = (struct site){.cfg = {.task_uid_base = TASK_IDS, .log_gid = -1, .policy = {.max_leases = LEASES_PER_NODE_MAX}}};
	snprintf(c->instance, sizeof c->instance, "%s", instance);
	snprintf(c->state_dir, sizeof c->state_dir, "%s", dir);
	snprintf(c->images_dir, sizeof c->images_dir, "%s/images", dir);
	snprintf(c->runtime, sizeof c->runtime, "auto");
	for (int i = 0; i < RESOURCES; i++)
		c->policy.per_lease.v[i] = c->policy.total.v[i] = UINT32_MAX;
	block_child_signal();
	int r = kernel_direct_new(c, &s->k, why);
	if (r == -EPERM || r == -EACCES || r == -EROFS || r == -ENOTSUP)
		measure_skip(key, "%s", why);
	if (r < 0)
		measure_fail("%s: %s", why, strerror(-r));
}

struct lease_name site_lease(uint32_t n)
{
	struct lease_name l;
	snprintf(l.s, sizeof l.s, "%0*x", LEASE_NAME_LEN, n);
	return l;
}

void site_wait(void)
{
	sigset_t set;
	struct timespec look = {0, LOOK_NS};
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &look);
}

int site_until(struct kernel *k, const struct lease_name *l, int (*verb)(struct kernel *k, const struct lease_name *l))
{
	uint64_t end = measure_now_ns() + VERB_TIMEOUT_NS;
	int r;
	while ((r = verb(k, l)) == -EINPROGRESS) {
		if (measure_now_ns() > end)
			return -ETIMEDOUT;
		site_wait();
	}
	return r;
}

int site_create(struct kernel *k, const struct lease_name *l, const struct task_spec *spec)
{
	uint64_t end = measure_now_ns() + VERB_TIMEOUT_NS;
	int r;
	while ((r = k->ops->task_create(k, l, spec)) == -EINPROGRESS) {
		if (measure_now_ns() > end)
			return -ETIMEDOUT;
		site_wait();
	}
	return r;
}

uint32_t site_close(struct site *s)
{
	static struct lease_name names[LEASES_PER_NODE_MAX];
	uint32_t n = 0, left = 0;
	s->k->ops->lease_list(s->k, names, LEASES_PER_NODE_MAX, &n);
	for (uint32_t i = 0; i < n; i++)
		left += site_until(s->k, &names[i], s->k->ops->lease_close) < 0;
	s->k->ops->close(s->k);
	return left;
}
