/* Counters of a lease's group: one pread each, no open, on the tick.
 *
 * It knows the files' formats on v1 and v2. It does not know traffic (netns.c) or phases (task.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kernel-facing/meter.h"

#define TEXT_MAX_LEN 8192

struct source { enum meter_file file; enum group_ctl ctl; const char *v1, *v2; };

static const struct source sources[] = {
    {METER_CPU, CTL_CPUACCT, "cpuacct.usage", NULL},
    {METER_CPU_STAT, CTL_CPU, "cpu.stat", "cpu.stat"},
    {METER_MEM, CTL_MEMORY, "memory.usage_in_bytes", "memory.current"},
    {METER_MEM_STAT, CTL_MEMORY, "memory.stat", "memory.stat"},
    {METER_MEM_PEAK, CTL_MEMORY, "memory.max_usage_in_bytes", "memory.peak"},
    {METER_OOM, CTL_MEMORY, NULL, "memory.events"},
    {METER_PIDS, CTL_PIDS, "pids.current", "pids.current"},
    {METER_FULL, CTL_MEMORY, "memory.oom_control", NULL},
    {METER_IO, CTL_BLKIO, "blkio.throttle.io_service_bytes_recursive", "io.stat"},
};

void meter_init(struct meter *m)
{
	for (int i = 0; i < METER_FILES; i++)
		m->fd[i] = -1;
	m->skipped = METER_SKIP_MAX;
}

void meter_close(struct meter *m)
{
	for (int i = 0; i < METER_FILES; i++)
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	meter_init(m);
}

int meter_open(struct meter *m, const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	bool v2 = h->mode == GROUP_V2;
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		const char *name = v2 ? sources[i].v2 : sources[i].v1;
		if (name && group_file(h, sources[i].ctl, leaf, name, path) == 0)
			m->fd[sources[i].file] = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (group_v2_file(h, leaf, "cpu.pressure", path) == 0)
		m->fd[METER_PRESSURE] = open(path, O_RDONLY | O_CLOEXEC);
	if (m->fd[v2 ? METER_CPU_STAT : METER_CPU] >= 0 && m->fd[METER_MEM] >= 0)
		return 0;
	meter_close(m);
	return -EIO;
}

static bool text_of(const struct meter *m, enum meter_file f, char text[TEXT_MAX_LEN])
{
	ssize_t n = m->fd[f] < 0 ? -1 : pread(m->fd[f], text, TEXT_MAX_LEN - 1, 0);
	if (n < 0)
		return false;
	text[n] = 0;
	return true;
}

static uint64_t number_of(const struct meter *m, enum meter_file f)
{
	char text[TEXT_MAX_LEN];
	return text_of(m, f, text) ? strtoull(text, NULL, 10) : 0;
}

static uint64_t keyed(const char *text, const char *key)
{
	uint64_t v = 0;
	return host_keyed(text, key, &v) ? v : 0;
}

void meter_open_inner(struct meter *m, const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	if (h->mode == GROUP_V2 || m->fd[METER_OOM] >= 0)
		return;
	if (group_file(h, CTL_MEMORY, leaf, "task/memory.oom_control", path) == 0)
		m->fd[METER_OOM] = open(path, O_RDONLY | O_CLOEXEC);
}

void meter_close_inner(struct meter *m, const struct group_host *h, uint32_t *kills)
{
	char text[TEXT_MAX_LEN];
	if (h->mode == GROUP_V2 || m->fd[METER_OOM] < 0)
		return;
	if (text_of(m, METER_OOM, text))
		*kills += (uint32_t)keyed(text, "oom_kill");
	close(m->fd[METER_OOM]);
	m->fd[METER_OOM] = -1;
	m->skipped = METER_SKIP_MAX;
}

/* v1: "8:0 Read 4096" lines and a last "Total N". v2: "8:0 rbytes=1 wbytes=2 ...". */
static uint64_t io_bytes(const char *text, bool v2)
{
	if (!v2) {
		const char *p = strstr(text, "\nTotal ");
		return p ? strtoull(p + 7, NULL, 10) : !strncmp(text, "Total ", 6) ? strtoull(text + 6, NULL, 10) : 0;
	}
	uint64_t sum = 0;
	for (const char *p = text; (p = strstr(p, "bytes=")); p += 6)
		if (p > text && (p[-1] == 'r' || p[-1] == 'w'))
			sum += strtoull(p + 6, NULL, 10);
	return sum;
}

static uint64_t pressure_us(const char *text)
{
	const char *p = !strncmp(text, "some ", 5) ? strstr(text, "total=") : NULL;
	return p ? strtoull(p + 6, NULL, 10) : 0;
}

/* v2: the threshold was reached, what could be given back was, and there is no room. It stays full until there is. */
static bool full_v2(struct meter *m, uint64_t mem_max)
{
	char text[TEXT_MAX_LEN];
	uint64_t high = text_of(m, METER_OOM, text) ? keyed(text, "high") : 0, used = number_of(m, METER_MEM), cache = 0;
	if (text_of(m, METER_MEM_STAT, text))
		cache = keyed(text, "inactive_file") + keyed(text, "active_file") + keyed(text, "slab_reclaimable");
	bool room = used - (used > cache ? cache : used) < group_oom_high(mem_max) / 16 * 15;
	bool reached = high > m->high;
	m->high = high;
	return !room && (m->full || reached);
}

bool meter_full(struct meter *m, const struct group_host *h, uint64_t mem_max)
{
	char text[TEXT_MAX_LEN];
	if (h->mode == GROUP_V2)
		m->full = full_v2(m, mem_max);
	else
		m->full = text_of(m, METER_FULL, text) && keyed(text, "under_oom");
	return m->full;
}

/* Its text is the longest by far and costs as much as all others together: asked again when the use has moved by a part in 64. */
static uint64_t reclaimable(struct meter *m, uint64_t used, bool v2)
{
	char text[TEXT_MAX_LEN];
	uint64_t moved = used > m->stat_mem ? used - m->stat_mem : m->stat_mem - used;
	if (m->skipped < METER_SKIP_MAX && moved <= used / 64)
		return m->cache;
	m->stat_mem = used;
	m->cache = text_of(m, METER_MEM_STAT, text) ? keyed(text, v2 ? "inactive_file" : "total_inactive_file") : 0;
	return m->cache;
}

/* What says no more than how it is, or is not for long what is billed: a part of it each time, all of it when all is read. */
static void read_part(struct meter *m, bool v2, uint32_t part, struct usage *out)
{
	char text[TEXT_MAX_LEN];
	bool all = m->skipped >= METER_SKIP_MAX;
	if (all || part % 4 == 0)
		out->mem_peak_bytes = number_of(m, METER_MEM_PEAK);
	if (all || part % 4 == 1)
		out->oom_kills = text_of(m, METER_OOM, text) ? (uint32_t)keyed(text, "oom_kill") : 0;
	if (all || part % 4 == 2)
		out->pids = (uint32_t)number_of(m, METER_PIDS);
	if (all || part % 4 == 3)
		out->io_bytes = text_of(m, METER_IO, text) ? io_bytes(text, v2) : 0;
}

static void read_used(struct meter *m, bool v2, struct usage *out)
{
	uint64_t used = number_of(m, METER_MEM), cache = reclaimable(m, used, v2);
	out->mem_bytes = used > cache ? used - cache : 0;
	read_part(m, v2, m->turn++, out);
}

static void hand_out(const struct usage *u, struct usage *out)
{
	out->cpu_us = u->cpu_us;
	out->throttled_us = u->throttled_us;
	out->pressure_us = u->pressure_us;
	out->mem_bytes = u->mem_bytes;
	out->mem_peak_bytes = u->mem_peak_bytes;
	out->oom_kills = u->oom_kills;
	out->pids = u->pids;
	out->io_bytes = u->io_bytes;
}

int meter_read(struct meter *m, const struct group_host *h, struct usage *out)
{
	char text[TEXT_MAX_LEN];
	bool v2 = h->mode == GROUP_V2;
	struct usage *u = &m->last;
	if (!text_of(m, v2 ? METER_CPU_STAT : METER_CPU, text)) {
		hand_out(u, out); /* as it was */
		return -EIO;
	}
	uint64_t cpu_us = v2 ? keyed(text, "usage_usec") : strtoull(text, NULL, 10) / 1000;
	bool used = cpu_us != u->cpu_us, all = ++m->skipped >= METER_SKIP_MAX;
	u->cpu_us = cpu_us;
	if (v2)
		u->throttled_us = keyed(text, "throttled_usec");
	m->moved = used || all;
	if (m->moved)
		read_used(m, v2, u);
	if (m->moved || m->skipped % 2) {
		if (!v2 && text_of(m, METER_CPU_STAT, text))
			u->throttled_us = keyed(text, "throttled_time") / 1000;
		u->pressure_us = text_of(m, METER_PRESSURE, text) ? pressure_us(text) : 0;
	}
	if (all)
		m->skipped = 0;
	hand_out(u, out);
	return 0;
}
