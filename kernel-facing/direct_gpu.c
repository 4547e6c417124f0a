/* The devices' part of a lease's usage, and the feed that it comes from.
 *
 * It knows when to count and what must outlive this process. It does not know how (gpu_load.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>
#include "kernel-facing/direct.h"

#define SAVE_MS 10000 /* at most so much is forgotten when this process dies */

void kernel_direct_gpu_feed(struct kernel *k, int fd)
{
	struct direct *d = direct_of(k);
	gpu_feed_close(&d->feed);
	d->feed.fd = fd;
}

bool kernel_gpus_sampled(const struct gpu_table *t)
{
	for (uint32_t i = 0; t && i < t->n; i++)
		if (t->gpu[i].offered && t->gpu[i].meter == GPU_METER_NVML)
			return true;
	return false;
}

/* How many of those that are sampled have not said yet? */
static uint32_t learn(struct gpu_table *t, const struct gpu_feed *f)
{
	uint32_t silent = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		struct gpu *g = &t->gpu[i];
		const struct gpu_reading *r = gpu_feed_of(f, g->bus, host_now_ms());
		if (g->meter == GPU_METER_NVML && r && r->s.mem_total >> 20 <= UINT32_MAX)
			g->info.mem_mib = (uint32_t)(r->s.mem_total >> 20);
		silent += g->offered && g->meter == GPU_METER_NVML && !r;
	}
	return silent;
}

void kernel_gpus_learn(struct gpu_table *t, int fd, int timeout_ms)
{
	struct gpu_feed *f = malloc(sizeof *f);
	uint64_t end = host_now_ms() + (uint64_t)timeout_ms, now;
	if (!f)
		return;
	gpu_feed_init(f);
	f->fd = fd;
	while (learn(t, f) && (now = host_now_ms()) < end) {
		struct pollfd p = {fd, POLLIN, 0};
		if (poll(&p, 1, (int)(end - now)) <= 0 || !gpu_feed_read(f, host_now_ms()))
			break;
	}
	learn(t, f);
	free(f);
}

static uint32_t list_pids(const struct direct *d, const struct lease *l, pid_t pids[GPU_PIDS_MAX])
{
	char path[HOST_PATH], text[GPU_PIDS_MAX * 12], *end;
	uint32_t n = 0;
	if (group_file(&d->groups, CTL_FREEZER, l->leaf, "task/cgroup.procs", path) < 0)
		return 0;
	int r = host_read(path, text, sizeof text, NULL);
	if (r < 0 && r != -EFBIG)
		return 0;
	text[sizeof text - 1] = 0; /* too many: the first of them */
	for (char *p = text; n < GPU_PIDS_MAX && (pids[n] = (pid_t)strtol(p, &end, 10)) > 0 && *end == '\n'; p = end + 1)
		n++;
	return n;
}

static bool has_drm(const struct gpu_table *t, const struct quota *q)
{
	for (uint32_t i = 0; i < q->ndevices; i++) {
		const struct gpu *g = gpu_find(t, &q->devices[i]);
		if (g && g->meter == GPU_METER_DRM)
			return true;
	}
	return false;
}

static struct gpu_use *use_of(struct lease *l)
{
	char path[HOST_PATH];
	if (l->gpu)
		return l->gpu;
	l->gpu = calloc(1, sizeof *l->gpu);
	if (l->gpu && host_path(path, "%s/gpu", l->dir) == 0)
		(void)host_read_u64(path, &l->gpu->busy_us);
	return l->gpu;
}

static void save(struct lease *l, uint64_t now)
{
	char path[HOST_PATH], text[32];
	if (l->gpu->busy_us == l->gpu_saved_us || now - l->gpu_saved_ms < SAVE_MS)
		return;
	int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)l->gpu->busy_us);
	if (host_path(path, "%s/gpu", l->dir) < 0 || host_replace(path, text, (size_t)n, 0600) < 0)
		return;
	l->gpu_saved_us = l->gpu->busy_us;
	l->gpu_saved_ms = now;
}

void direct_gpu_usage(struct direct *d, struct lease *l, struct usage *u)
{
	pid_t pids[GPU_PIDS_MAX];
	const struct gpu_table *t = d->cfg.policy.gpus;
	const struct quota *q = &l->rec.quota;
	struct gpu_use *use = q->ndevices ? use_of(l) : NULL;
	if (!use)
		return;
	uint32_t n = has_drm(t, q) ? list_pids(d, l, pids) : 0;
	uint64_t now = host_now_ms();
	gpu_use_count(use, t, q, &d->feed, "/proc", pids, n, now);
	save(l, now);
	u->gpu_ms = use->busy_us / 1000;
	u->gpu_mem_bytes = use->mem_bytes;
	u->gpu_permille = use->permille;
	u->gpu_measured = use->measured;
}
