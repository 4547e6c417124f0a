/* Row 8: from the moment a lease is to be enforced to the first instruction of its task, against crun and runc on the same bundle.
 *
 * It knows the verbs and the task's own report of its first instruction (first.c). It does not know the market: what the ledger needs
 * until a match is known is row 1b. Cold: nothing exists. Warm: the task was created ahead, limits are set and it is started. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "bench/peer_runtime.h"
#include "bench/site.h"
#include "common/cleanup.h"

#define ROUNDS 15
#define DISK_ROUNDS 5
#define AT_ONCE 4
#define MANY 60
#define COLD_CRUN "8-cold-crun"
#define COLD_RUNC "8-cold-runc"
#define WARM "8-warm-runc"
#define LONG_NS 20000000000ull

struct series { double v[ROUNDS]; size_t n; };
struct activation {
	struct site site; struct task_spec spec; uint32_t next;
	bool timed; struct series open, create, start; /* the parts of those that were cold */
};

static void add(struct series *s, double ns) { s->v[s->n++] = ns; }

static struct quota quota_of(uint32_t disk_mib)
{
	return (struct quota){.res = {{[RES_CPU_MILLI] = 1000, [RES_MEM_MIB] = 64, [RES_DISK_MIB] = disk_mib, [RES_UP_KBPS] = 8000,
	    [RES_DOWN_KBPS] = 16000, [RES_PIDS] = 32}}};
}

/* The log's last word, once the task has ended: its time of the first instruction. */
static uint64_t first_instruction(struct activation *a, const struct lease_name *l)
{
	struct usage u = {0};
	char path[HOST_PATH], line[512] = "";
	uint64_t end = measure_now_ns() + LONG_NS;
	while (a->site.k->ops->usage(a->site.k, l, 1, &u) == 0 && u.phase != TASK_EXITED && measure_now_ns() < end)
		site_wait();
	host_path(path, "%s/tasks/%s/log", a->site.cfg.state_dir, l->s);
	autofclose FILE *f = fopen(path, "re");
	const char *word = f && fgets(line, sizeof line, f) ? strrchr(line, ' ') : NULL;
	if (u.phase != TASK_EXITED || u.exit_code != 0 || !word)
		measure_fail("the task did not report (phase %d, exit %d): %s", (int)u.phase, (int)u.exit_code, line);
	return strtoull(word + 1, NULL, 10);
}

static void must(int r, const char *what)
{
	if (r < 0)
		measure_fail("%s: %s", what, strerror(-r));
}

static double activate(struct activation *a, bool warm, uint32_t disk_mib)
{
	struct kernel *k = a->site.k;
	struct lease_name l = site_lease(a->next++);
	struct quota q = quota_of(disk_mib);
	uint64_t start = measure_now_ns();
	must(k->ops->lease_open(k, &l, &q), "lease_open");
	uint64_t opened = measure_now_ns();
	must(site_create(k, &l, &a->spec), "task_create");
	uint64_t created = measure_now_ns();
	if (warm) {
		q.res.v[RES_CPU_MILLI] /= 2;
		start = measure_now_ns();
		must(k->ops->lease_set(k, &l, &q), "lease_set");
	}
	must(site_until(k, &l, k->ops->task_start), "task_start");
	uint64_t first = first_instruction(a, &l);
	must(site_until(k, &l, k->ops->lease_close), "lease_close");
	if (a->timed && !warm) {
		add(&a->open, (double)(opened - start));
		add(&a->create, (double)(created - opened));
		add(&a->start, (double)first - (double)created);
	}
	return (double)first - (double)start;
}

static void row(const char *key, const char *peer, struct series *ours, struct series *theirs)
{
	char measured[32], time[32], other[64];
	if (!theirs->n) {
		printf("skip\t%s\t%s cannot run the bundle here\n", key, peer);
		return;
	}
	double a = measure_median(ours->v, ours->n), b = measure_median(theirs->v, theirs->n);
	snprintf(other, sizeof other, "%s %s", peer, measure_time(b, time));
	measure_row(key, measure_time(a, measured), other, a / b);
}

static void note_spread(const char *key, const char *what, struct series *s)
{
	char low[32], high[32];
	if (s->n)
		measure_note(key, "%s: %s to %s in %zu rounds", what, measure_time(measure_quantile(s->v, s->n, 0), low),
		    measure_time(measure_quantile(s->v, s->n, 1), high), s->n);
}

/* With so few rounds the 99th percentile is the slowest. */
static void note_quantiles(const char *key, const char *what, struct series *s)
{
	char half[32], most[32];
	if (s->n)
		measure_note(key, "%s: p50 %s, p99 %s", what, measure_time(measure_quantile(s->v, s->n, 0.5), half),
		    measure_time(measure_quantile(s->v, s->n, 0.99), most));
}

static const char *median_time(struct series *s, char out[32])
{
	return measure_time(measure_median(s->v, s->n), out);
}

static void note_parts(struct activation *a)
{
	char open[32], create[32], start[32];
	measure_note(COLD_CRUN, "cold, in parts: lease_open %s, task_create %s, task_start %s", median_time(&a->open, open),
	    median_time(&a->create, create), median_time(&a->start, start));
}

/* One that failed once is not asked again. */
static void run_peer(struct peer_runtime *p, const struct direct *d, struct series *s)
{
	double ns;
	if (p->path[0] && peer_runtime_run(p, d, &ns) == 0)
		add(s, ns);
	else
		p->path[0] = 0;
}

static void measure(struct activation *a, struct peer_runtime *crun, struct peer_runtime *runc)
{
	struct series cold = {0}, warm = {0}, of_crun = {0}, of_runc = {0}, disk = {0};
	const struct direct *d = direct_of(a->site.k);
	char text[32];
	activate(a, false, 0); /* the image is unpacked */
	a->timed = true;
	for (int i = 0; i < ROUNDS; i++) {
		add(&cold, activate(a, false, 0));
		run_peer(crun, d, &of_crun);
		add(&warm, activate(a, true, 0));
		run_peer(runc, d, &of_runc);
	}
	a->timed = false;
	activate(a, false, 64); /* a disk of that size is kept */
	for (int i = 0; i < DISK_ROUNDS; i++)
		add(&disk, activate(a, false, 64));
	row(COLD_CRUN, "crun", &cold, &of_crun);
	row(COLD_RUNC, "runc", &cold, &of_runc);
	row(WARM, "runc", &warm, &of_runc);
	note_quantiles(COLD_CRUN, "cold", &cold);
	note_quantiles(COLD_CRUN, "crun run", &of_crun);
	note_quantiles(COLD_RUNC, "runc run", &of_runc);
	note_quantiles(WARM, "warm", &warm);
	note_spread(COLD_CRUN, "cold", &cold);
	note_spread(COLD_CRUN, "crun run", &of_crun);
	note_spread(COLD_RUNC, "runc run", &of_runc);
	note_spread(WARM, "warm", &warm);
	note_parts(a);
	measure_note(COLD_CRUN, "%s; with a disk of 64 MiB of its own, cold: %s", d->runtime.version, median_time(&disk, text));
}

struct course { struct lease_name name; bool opened, created, started; };

/* One step of the lease in this course; true when it has run and is gone. */
static bool step(struct activation *a, struct course *l)
{
	struct kernel *k = a->site.k;
	struct usage u = {0};
	if (!l->opened) {
		struct quota q = quota_of(0);
		l->name = site_lease(a->next++);
		must(k->ops->lease_open(k, &l->name, &q), "lease_open");
		l->opened = true;
	}
	int r = l->created ? 0 : k->ops->task_create(k, &l->name, &a->spec);
	l->created = r == 0;
	if (r == 0 && !l->started) {
		r = k->ops->task_start(k, &l->name);
		l->started = r == 0;
	}
	if (r == 0) {
		must(k->ops->usage(k, &l->name, 1, &u), "usage");
		r = u.phase == TASK_EXITED ? k->ops->lease_close(k, &l->name) : -EINPROGRESS;
	}
	if (r != -EINPROGRESS)
		must(r, "a lease of many");
	return r == 0;
}

/* Whole lives of leases, from opening to nothing left, several under way at once. */
static void note_sustained(struct activation *a)
{
	struct course courses[AT_ONCE] = {0};
	uint32_t begun = 0, done = 0;
	uint64_t start = measure_now_ns();
	while (done < MANY) {
		for (uint32_t i = 0; i < AT_ONCE; i++) {
			if (!courses[i].opened && begun++ >= MANY)
				continue;
			if (!step(a, &courses[i]))
				continue;
			done++;
			courses[i] = (struct course){.opened = false};
		}
		site_wait();
	}
	double s = (double)(measure_now_ns() - start) / 1e9;
	measure_note(COLD_CRUN, "whole leases, opened, run and removed, %d at once: %.1f a second", AT_ONCE, MANY / s);
}

/* As far as init comes; the path stays empty if the runtime is not there. */
static void peer_find(struct peer_runtime *p, const char *name, const struct direct *d, const char *root)
{
	if (peer_runtime_init(p, name, d, root) < 0)
		p->path[0] = 0;
}

int main(int argc, char **argv)
{
	static struct activation a = {.spec = {.nargs = 1, .args = {"/first"}}};
	struct peer_runtime crun, runc;
	if (argc != 5)
		measure_fail("usage: bench_activation DIR INSTANCE IMAGE ROOT");
	site_open(&a.site, "8", argv[1], argv[2]);
	const struct direct *d = direct_of(a.site.k);
	if (d->runtime.kind == RUNTIME_NONE) {
		char why[192];
		snprintf(why, sizeof why, "%s", d->runtime_why);
		site_close(&a.site);
		measure_skip("8", "%s", why);
	}
	snprintf(a.spec.image, sizeof a.spec.image, "%s", argv[3]);
	peer_find(&crun, "crun", d, argv[4]);
	peer_find(&runc, "runc", d, argv[4]);
	measure(&a, &crun, &runc);
	note_sustained(&a);
	peer_runtime_close(&crun, d);
	peer_runtime_close(&runc, d);
	if (site_close(&a.site))
		measure_fail("not every lease could be closed");
	return 0;
}
