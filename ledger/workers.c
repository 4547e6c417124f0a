/* Threads that share out numbered jobs: whoever is free takes the next.
 *
 * Knows one set of jobs at a time, given by one caller, who waits. Does not know what a job does. */
#include "ledger/workers.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

struct pool {
	struct workers w; /* first: what the caller holds */
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	void (*job)(void *arg, size_t i);
	void *arg;
	size_t next, n, busy;
	bool ending;
	unsigned nthread;
	pthread_t thread[LANES];
};

static void check(int rc)
{
	if (rc)
		abort(); /* a lock that is ours alone cannot fail */
}

/* Take jobs until none is left. With the lock held, which each job is done without. */
static void pool_take(struct pool *p)
{
	while (p->next < p->n) {
		size_t i = p->next++;
		p->busy++;
		check(pthread_mutex_unlock(&p->lock));
		p->job(p->arg, i);
		check(pthread_mutex_lock(&p->lock));
		p->busy--;
	}
}

static void *pool_thread(void *arg)
{
	struct pool *p = arg;
	check(pthread_mutex_lock(&p->lock));
	while (!p->ending) {
		pool_take(p);
		if (!p->busy)
			check(pthread_cond_signal(&p->idle));
		check(pthread_cond_wait(&p->work, &p->lock));
	}
	check(pthread_mutex_unlock(&p->lock));
	return NULL;
}

static void pool_run(struct workers *w, void (*job)(void *arg, size_t i), void *arg, size_t n)
{
	struct pool *p = (struct pool *)w;
	check(pthread_mutex_lock(&p->lock));
	p->job = job;
	p->arg = arg;
	p->next = 0;
	p->n = n;
	check(pthread_cond_broadcast(&p->work));
	pool_take(p);
	while (p->busy)
		check(pthread_cond_wait(&p->idle, &p->lock));
	check(pthread_mutex_unlock(&p->lock));
}

static unsigned processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Signals are the loop's thread's business. */
static bool thread_start(struct pool *p)
{
	sigset_t all, before;
	sigfillset(&all);
	check(pthread_sigmask(SIG_SETMASK, &all, &before));
	int rc = pthread_create(&p->thread[p->nthread], NULL, pool_thread, p);
	check(pthread_sigmask(SIG_SETMASK, &before, NULL));
	p->nthread += rc == 0;
	return rc == 0;
}

struct workers *workers_new(unsigned threads)
{
	unsigned want = threads ? threads : processors();
	if (want > LANES)
		want = LANES;
	if (want < 2)
		return NULL;
	struct pool *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->w.run = pool_run;
	check(pthread_mutex_init(&p->lock, NULL));
	check(pthread_cond_init(&p->work, NULL));
	check(pthread_cond_init(&p->idle, NULL));
	while (p->nthread < want - 1 && thread_start(p))
		;
	return &p->w;
}

void workers_free(struct workers *w)
{
	struct pool *p = (struct pool *)w;
	if (!p)
		return;
	check(pthread_mutex_lock(&p->lock));
	p->ending = true;
	check(pthread_cond_broadcast(&p->work));
	check(pthread_mutex_unlock(&p->lock));
	for (unsigned i = 0; i < p->nthread; i++)
		check(pthread_join(p->thread[i], NULL));
	check(pthread_cond_destroy(&p->idle));
	check(pthread_cond_destroy(&p->work));
	check(pthread_mutex_destroy(&p->lock));
	free(p);
}
