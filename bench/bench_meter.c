/* Row 9: one metering tick over many real leases, with one root and one signature, against opening, reading and closing the same files.
 *
 * It knows the verb that reads usage, and which files that verb keeps open. It does not know how leases come about in the market. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/commitment.h"
#include "bench/measure.h"
#include "bench/second.h"
#include "bench/site.h"
#include "common/cleanup.h"
#include "kernel-facing/direct.h"

#define KEY "9"
#define LEASES 1000u
#define OPEN_NS 60000000000ull /* so many leases as open in this time: closing them takes two to three times as long */
#define ROUNDS 21
#define TICK_APART_US 100000 /* more than one dump of links serves */
#define PATHS_MAX (METER_FILES + 2)

struct naive { char path[PATHS_MAX][HOST_PATH]; uint32_t n; };

static uint32_t open_leases(struct site *s, struct lease_name *names, uint32_t most)
{
	static const struct quota quota = {.res = {{[RES_CPU_MILLI] = 10, [RES_MEM_MIB] = 16, [RES_UP_KBPS] = 1000, [RES_DOWN_KBPS] = 1000,
	    [RES_PIDS] = 16}}};
	uint64_t end = measure_now_ns() + OPEN_NS;
	uint32_t n = 0;
	for (; n < most && measure_now_ns() < end; n++) {
		names[n] = site_lease(n);
		int r = s->k->ops->lease_open(s->k, &names[n], &quota);
		if (r < 0) {
			measure_note(KEY, "lease %u could not be opened: %s", n, strerror(-r));
			break;
		}
	}
	return n;
}

/* The files that the lease's meter keeps open, and the link's counters where the tick takes one dump. */
static void naive_paths(const struct direct *d, const struct lease *l, struct naive *out)
{
	char link[IFNAMSIZ], fd[64];
	*out = (struct naive){0};
	for (int i = 0; i < METER_FILES; i++) {
		snprintf(fd, sizeof fd, "/proc/self/fd/%d", l->meter.fd[i]);
		ssize_t len = l->meter.fd[i] < 0 ? -1 : readlink(fd, out->path[out->n], HOST_PATH - 1);
		if (len > 0)
			out->path[out->n++][len] = 0;
	}
	netns_host_link(d->cfg.instance, l->rec.slot, link);
	host_path(out->path[out->n++], "/sys/class/net/%s/statistics/rx_bytes", link);
	host_path(out->path[out->n++], "/sys/class/net/%s/statistics/tx_bytes", link);
}

static void naive_tick(const struct naive *all, uint32_t n)
{
	char text[8192];
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t f = 0; f < all[i].n; f++) {
			autoclose int fd = open(all[i].path[f], O_RDONLY | O_CLOEXEC);
			if (fd < 0 || read(fd, text, sizeof text) <= 0)
				measure_fail("%s cannot be read", all[i].path[f]);
		}
}

static void tick(struct site *s, const struct lease_name *names, uint32_t n, struct commitment *c, uint32_t seq)
{
	static struct usage usage[LEASES];
	if (s->k->ops->usage(s->k, names, n, usage) < 0)
		measure_fail("usage cannot be read");
	commitment_sign(c, usage, n, seq);
}

/* One process in each lease's group, which uses a little of its processor time in every half second. */
static uint32_t work_begin(const struct direct *d, const struct lease_name *names, uint32_t n, pid_t *pids)
{
	static const enum group_ctl kinds[] = {CTL_CPU, CTL_CPUACCT, CTL_MEMORY, CTL_PIDS};
	uint32_t begun = 0;
	for (; begun < n && (pids[begun] = second_worker()) > 0; begun++) {
		char leaf[GROUP_LEAF_MAX], path[HOST_PATH], pid[16];
		snprintf(leaf, sizeof leaf, "lease-%.*s", LEASE_NAME_LEN, names[begun].s);
		snprintf(pid, sizeof pid, "%d", (int)pids[begun]);
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			if (group_file(&d->groups, kinds[k], leaf, "cgroup.procs", path) < 0 || host_write(path, pid) < 0)
				measure_fail("%s cannot be joined", leaf);
	}
	return begun;
}

static void whole_second(struct site *s, const struct lease_name *names, uint32_t n)
{
	static pid_t pids[LEASES];
	second_measure(s, names, n, "9-idle", "idle");
	if (direct_of(s->k)->groups.mode == GROUP_V2) {
		measure_skip_line("9-busy", "on v2 a process lives in an inner group, which only a task has");
		return;
	}
	uint32_t busy = work_begin(direct_of(s->k), names, n, pids);
	if (busy == n)
		second_measure(s, names, n, "9-busy", "each with a process that works");
	second_end(pids, busy);
}

static void measure(struct site *s, const struct lease_name *names, uint32_t n)
{
	double ours[ROUNDS], peer[ROUNDS], ratio[ROUNDS], cpu[ROUNDS];
	char measured[32], other[32];
	struct commitment *c = commitment_new();
	struct direct *d = direct_of(s->k);
	autofree struct naive *all = calloc(n, sizeof *all);
	if (!all || !c)
		measure_fail("no memory");
	for (uint32_t i = 0; i < n; i++)
		naive_paths(d, lease_find(d, &names[i]), &all[i]);
	tick(s, names, n, c, 0);
	naive_tick(all, n);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		usleep(TICK_APART_US);
		uint64_t used = measure_cpu_ns(), a = measure_now_ns();
		tick(s, names, n, c, i + 1);
		uint64_t b = measure_now_ns();
		cpu[i] = (double)(measure_cpu_ns() - used);
		naive_tick(all, n);
		ours[i] = (double)(b - a);
		peer[i] = (double)(measure_now_ns() - b);
		ratio[i] = ours[i] / peer[i];
	}
	measure_time(measure_median(ours, ROUNDS), measured);
	measure_time(measure_median(peer, ROUNDS), other);
	measure_row(KEY, measured, other, measure_median(ratio, ROUNDS));
	measure_note(KEY, "%u leases, %u files each and one dump of links; ratio %.3f to %.3f in %d rounds", n, all[0].n - 2,
	    measure_quantile(ratio, ROUNDS, 0), measure_quantile(ratio, ROUNDS, 1), ROUNDS);
	measure_note(KEY, "a tick a second takes %.2f %% of a core", measure_median(cpu, ROUNDS) / 1e7);
	commitment_free(c);
}

int main(int argc, char **argv)
{
	static struct lease_name names[LEASES];
	struct site s;
	if (argc != 3 && argc != 4)
		measure_fail("usage: bench_meter DIR INSTANCE [LEASES]");
	uint32_t most = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : LEASES;
	if (most == 0 || most > LEASES)
		measure_fail("there are 1 to %u leases", LEASES);
	site_open(&s, KEY, argv[1], argv[2]);
	uint32_t n = open_leases(&s, names, most);
	if (n) {
		measure(&s, names, n);
		whole_second(&s, names, n);
	}
	if (n < most)
		measure_note(KEY, "%u of %u leases: as many as could be opened in %u s", n, most, (unsigned)(OPEN_NS / 1000000000u));
	if (site_close(&s))
		measure_fail("not every lease could be closed");
	return 0;
}
