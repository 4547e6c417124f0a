/* Row 12: how exactly leases are held to their processor time and bandwidth, and metered: errors in percent, not ratios.
 *
 * It knows the verbs, and asks the kernel, not the meter, what a limit let through. It does not know how a limit is made. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/flood.h"
#include "bench/measure.h"
#include "bench/site.h"
#include "common/cleanup.h"
#include "kernel-facing/direct.h"

#define CPU "12-cpu"
#define CPU_OVER "12-cpu-over"
#define NET "12-net"
#define NET_OVER "12-net-over"
#define METER_CPU "12-meter-cpu"
#define METER_NET "12-meter-net"
#define ROUNDS 3
#define WINDOW_NS 2000000000ull
#define WARM_NS 400000000ull /* what was saved up is spent */
#define SPINNERS 2 /* more than the largest quota */
#define PERCENT 100.0

struct errors { double v[ROUNDS]; };
/* The largest error of a row's settings, and what it was an error of. */
struct worst { double percent; char of[48]; };
/* Of the medians; of single windows in which more was let through than is allowed; of the meter. */
struct verdicts { struct worst held, over, meter; };
struct spinner { volatile int stop; volatile uint64_t used_us; };

static void must(int r, const char *what)
{
	if (r < 0)
		measure_fail("%s: %s", what, strerror(-r));
}

static void pause_ns(uint64_t ns)
{
	struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static double error_of(double have, double want)
{
	return PERCENT * (have - want) / want;
}

static void worse(struct worst *w, double percent, const char *of)
{
	if (!w->of[0] || fabs(percent) > fabs(w->percent)) {
		w->percent = percent;
		snprintf(w->of, sizeof w->of, "%s", of);
	}
}

static void row(const char *key, const struct worst *w)
{
	char measured[32];
	snprintf(measured, sizeof measured, "%+.3f %%", w->percent);
	measure_row(key, measured, w->of, fabs(w->percent));
}

/* Others on the machine may make a share smaller, and nothing may make it larger: so the largest window has a row of its own. */
static void judge(const char *key, const char *of, struct errors *e, const char *more, struct verdicts *v)
{
	double sum = 0, median = measure_median(e->v, ROUNDS), least = measure_quantile(e->v, ROUNDS, 0);
	double most = measure_quantile(e->v, ROUNDS, 1);
	for (int i = 0; i < ROUNDS; i++)
		sum += e->v[i];
	measure_note(key, "%s: median %+.3f %%, mean %+.3f, from %+.3f to %+.3f in %d windows of %.0f s; %s", of, median, sum / ROUNDS,
	    least, most, ROUNDS, (double)WINDOW_NS / 1e9, more);
	worse(&v->held, median, of);
	worse(&v->over, most > 0 ? most : 0, of);
}

static struct lease_name open_lease(struct site *s, uint32_t cpu_milli, uint32_t up_kbps, uint32_t down_kbps)
{
	static uint32_t next;
	struct lease_name name = site_lease(next++);
	struct quota q = {.res = {{[RES_CPU_MILLI] = cpu_milli, [RES_MEM_MIB] = 64, [RES_UP_KBPS] = up_kbps, [RES_DOWN_KBPS] = down_kbps,
	    [RES_PIDS] = 16}}};
	must(s->k->ops->lease_open(s->k, &name, &q), "lease_open");
	return name;
}

static void close_lease(struct site *s, const struct lease_name *name)
{
	must(site_until(s->k, name, s->k->ops->lease_close), "lease_close");
}

static struct usage metered(struct site *s, const struct lease_name *name)
{
	struct usage u;
	pause_ns(WARM_NS); /* one dump of links serves for a while */
	must(s->k->ops->usage(s->k, name, 1, &u), "usage");
	return u;
}

static void join(const struct direct *d, const struct lease_name *name)
{
	static const enum group_ctl kinds[] = {CTL_CPU, CTL_CPUACCT, CTL_MEMORY, CTL_PIDS};
	char leaf[GROUP_LEAF_MAX], path[HOST_PATH];
	snprintf(leaf, sizeof leaf, "lease-%.*s", LEASE_NAME_LEN, name->s);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		if (group_file(&d->groups, kinds[k], leaf, "cgroup.procs", path) < 0 || host_write(path, "0") < 0)
			measure_fail("%s cannot be joined", leaf);
}

static uint64_t own_us(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 + (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static pid_t fork_with(void)
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		measure_fail("fork: %s", strerror(errno));
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(1);
	return pid;
}

static pid_t spin(const struct direct *d, const struct lease_name *name, struct spinner *s)
{
	pid_t pid = fork_with();
	if (pid)
		return pid;
	join(d, name);
	uint64_t from = own_us();
	while (!s->stop)
		;
	s->used_us = own_us() - from;
	_exit(0);
}

static void ended(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		measure_fail("a process of the measurement failed");
}

/* A number of a file of the lease's group: after a word, or its first. */
static double group_number(const struct direct *d, const struct lease_name *name, enum group_ctl ctl, const char *file, const char *word)
{
	char leaf[GROUP_LEAF_MAX], path[HOST_PATH], line[128];
	snprintf(leaf, sizeof leaf, "lease-%.*s", LEASE_NAME_LEN, name->s);
	must(group_file(&d->groups, ctl, leaf, file, path), file);
	autofclose FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, word, strlen(word)) == 0)
			return strtod(line + strlen(word), NULL);
	measure_fail("%s cannot be read", path);
}

static void cpu_windows(const struct direct *d, const struct lease_name *name, uint32_t milli, struct verdicts *v)
{
	struct errors e;
	char of[48], more[96];
	pause_ns(WARM_NS);
	double periods = -group_number(d, name, CTL_CPU, "cpu.stat", "nr_periods ");
	double full = -group_number(d, name, CTL_CPU, "cpu.stat", "nr_throttled ");
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t from = measure_now_ns();
		double used = -group_number(d, name, CTL_CPUACCT, "cpuacct.usage", "");
		pause_ns(WINDOW_NS);
		double ns = (double)(measure_now_ns() - from);
		used += group_number(d, name, CTL_CPUACCT, "cpuacct.usage", "");
		e.v[i] = error_of(used, ns * milli / 1000);
	}
	periods += group_number(d, name, CTL_CPU, "cpu.stat", "nr_periods ");
	full += group_number(d, name, CTL_CPU, "cpu.stat", "nr_throttled ");
	snprintf(of, sizeof of, "%u %% of a core", milli / 10);
	snprintf(more, sizeof more, "it used up its quota in %.0f of %.0f periods", full, periods);
	judge(CPU, of, &e, more, v);
}

static void cpu(struct site *s, uint32_t milli, struct verdicts *v)
{
	struct direct *d = direct_of(s->k);
	size_t len = SPINNERS * sizeof(struct spinner);
	struct spinner *sp = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct lease_name name = open_lease(s, milli, 1000, 1000);
	pid_t pids[SPINNERS];
	double own = 0;
	char of[48];
	if (sp == MAP_FAILED)
		measure_fail("no memory");
	uint64_t before = metered(s, &name).cpu_us;
	for (int i = 0; i < SPINNERS; i++)
		pids[i] = spin(d, &name, &sp[i]);
	cpu_windows(d, &name, milli, v);
	for (int i = 0; i < SPINNERS; i++)
		sp[i].stop = 1;
	for (int i = 0; i < SPINNERS; i++) {
		ended(pids[i]);
		own += (double)sp[i].used_us;
	}
	double said = (double)(metered(s, &name).cpu_us - before);
	snprintf(of, sizeof of, "%u %% of a core", milli / 10);
	measure_note(METER_CPU, "%s: %.3f s metered, %.3f s by the processes' own account", of, said / 1e6, own / 1e6);
	worse(&v->meter, error_of(said, own), of);
	munmap(sp, len);
	close_lease(s, &name);
}

static double link_bytes(const char *link, bool up)
{
	char path[HOST_PATH], text[32];
	host_path(path, "/sys/class/net/%s/statistics/%s_bytes", link, up ? "rx" : "tx");
	autofclose FILE *f = fopen(path, "re");
	if (!f || !fgets(text, sizeof text, f))
		measure_fail("%s cannot be read", path);
	return strtod(text, NULL);
}

static void net_windows(const char *link, bool up, uint32_t kbps, struct flood *f, const char *of, struct verdicts *v)
{
	struct errors e;
	char more[96];
	pause_ns(WARM_NS);
	uint64_t dry = f->dry;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t from = measure_now_ns();
		double bytes = -link_bytes(link, up);
		pause_ns(WINDOW_NS);
		double ns = (double)(measure_now_ns() - from);
		bytes += link_bytes(link, up);
		e.v[i] = error_of(bytes, ns * kbps * 125 / 1e9);
	}
	snprintf(more, sizeof more, "the sender let the queue run dry %llu times", (unsigned long long)(f->dry - dry));
	judge(NET, of, &e, more, v);
}

static void net(struct site *s, uint32_t mbit, bool up, struct verdicts *v)
{
	struct direct *d = direct_of(s->k);
	struct flood *f = mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct lease_name name = open_lease(s, 1000, mbit * 1000, mbit * 1000);
	const struct lease *l = lease_find(d, &name);
	char link[IFNAMSIZ], netns[HOST_PATH], of[48];
	if (f == MAP_FAILED || lease_netns(l, netns) < 0)
		measure_fail("no memory");
	netns_host_link(d->cfg.instance, l->rec.slot, link);
	must(flood_open(f, netns, netns_base_ip(d->cfg.instance, l->rec.slot), up), "sockets");
	snprintf(of, sizeof of, "%u Mbit/s %s", mbit, up ? "up" : "down");
	struct usage u = metered(s, &name);
	double said = -(double)(up ? u.tx_bytes : u.rx_bytes);
	pid_t pid = fork_with();
	if (pid == 0)
		_exit(flood_run(f) < 0);
	net_windows(link, up, mbit * 1000, f, of, v);
	f->stop = 1;
	ended(pid);
	u = metered(s, &name);
	said += (double)(up ? u.tx_bytes : u.rx_bytes);
	measure_note(METER_NET, "%s: %.0f bytes metered, %.0f sent in %llu frames of 106 to 1514", of, said, (double)f->bytes,
	    (unsigned long long)f->frames);
	worse(&v->meter, error_of(said, (double)f->bytes), of);
	flood_close(f);
	munmap(f, sizeof *f);
	close_lease(s, &name);
}

static void processor(struct site *s)
{
	static const uint32_t milli[] = {100, 300, 1000};
	struct verdicts v = {0};
	if (direct_of(s->k)->groups.mode == GROUP_V2) {
		measure_skip_line(CPU, "on v2 a process lives in an inner group, which only a task has");
		measure_skip_line(CPU_OVER, "as above");
		measure_skip_line(METER_CPU, "as above");
		return;
	}
	for (size_t i = 0; i < sizeof milli / sizeof *milli; i++)
		cpu(s, milli[i], &v);
	row(CPU, &v.held);
	row(CPU_OVER, &v.over);
	row(METER_CPU, &v.meter);
}

static void bandwidth(struct site *s)
{
	static const uint32_t mbit[] = {10, 50, 200};
	struct verdicts v = {0};
	for (size_t i = 0; i < sizeof mbit / sizeof *mbit; i++) {
		net(s, mbit[i], true, &v);
		net(s, mbit[i], false, &v);
	}
	row(NET, &v.held);
	row(NET_OVER, &v.over);
	row(METER_NET, &v.meter);
}

int main(int argc, char **argv)
{
	struct site s;
	if (argc != 3)
		measure_fail("usage: bench_accuracy DIR INSTANCE");
	site_open(&s, "12", argv[1], argv[2]);
	s.cfg.policy.reach = REACH_HOST; /* its leases may flood it */
	kernel_direct_policy(s.k, &s.cfg.policy);
	processor(&s);
	bandwidth(&s);
	if (site_close(&s))
		measure_fail("not every lease could be closed");
	return 0;
}
