/* Counting how long a lease's devices were busy.
 *
 * It knows samples and DRM's fdinfo (Documentation/gpu/drm-usage-stats.rst). It does not know who owns a process, or what is billed. A
 * device is one lease's alone, so its load is that lease's. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel-facing/gpu_load.h"

#define FRESH_MS 5000 /* an older sample says nothing */

void gpu_feed_init(struct gpu_feed *f) { *f = (struct gpu_feed){.fd = -1}; }

void gpu_feed_close(struct gpu_feed *f)
{
	if (f->fd >= 0)
		close(f->fd);
	gpu_feed_init(f);
}

static bool sample_ok(const struct gpu_sample *s, ssize_t len)
{
	return len == sizeof *s && memchr(s->bus, 0, sizeof s->bus) && s->permille <= 1000;
}

static struct gpu_reading *slot(struct gpu_feed *f, const char *bus)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!strcmp(f->r[i].s.bus, bus))
			return &f->r[i];
	return f->n < GPUS_PER_NODE ? &f->r[f->n++] : NULL;
}

bool gpu_feed_read(struct gpu_feed *f, uint64_t now_ms)
{
	for (int i = 0; f->fd >= 0 && i < 4 * GPUS_PER_NODE; i++) {
		struct gpu_sample s;
		ssize_t len = recv(f->fd, &s, sizeof s, MSG_DONTWAIT | MSG_TRUNC);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		struct gpu_reading *r = sample_ok(&s, len) ? slot(f, s.bus) : NULL;
		if (!r)
			return false;
		*r = (struct gpu_reading){s, now_ms};
	}
	return true;
}

const struct gpu_reading *gpu_feed_of(const struct gpu_feed *f, const char *bus, uint64_t now_ms)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!strcmp(f->r[i].s.bus, bus) && now_ms - f->r[i].at_ms <= FRESH_MS)
			return &f->r[i];
	return NULL;
}

/* --- DRM --------------------------------------------------------------------------------------------------------------------- */

struct fdinfo { bool ours; uint64_t client, engine_ns, mem_bytes; };

/* "drm-resident-vram0:\t1024 KiB" */
static uint64_t bytes_of(const char *value)
{
	char unit[8] = "";
	unsigned long long v = 0;
	int n = sscanf(value, "%llu %7s", &v, unit);
	return n < 1 ? 0 : !strcmp(unit, "KiB") ? v << 10 : !strcmp(unit, "MiB") ? v << 20 : v;
}

static void fdinfo_line(struct fdinfo *i, const char *key, const char *value, const char *bus)
{
	value += strspn(value, " \t");
	uint64_t number = strtoull(value, NULL, 10);
	if (!strcmp(key, "drm-pdev"))
		i->ours = !strcmp(value, bus);
	else if (!strcmp(key, "drm-client-id"))
		i->client = number;
	else if (!strncmp(key, "drm-engine-", 11) && strncmp(key, "drm-engine-capacity-", 20) && number > i->engine_ns)
		i->engine_ns = number; /* engines work side by side: the busiest tells how long the device was busy */
	else if (!strncmp(key, "drm-memory-vram", 15) || !strncmp(key, "drm-resident-vram", 17))
		i->mem_bytes = bytes_of(value);
}

static bool read_fdinfo(const char *path, const char *bus, struct fdinfo *out)
{
	char text[4096];
	*out = (struct fdinfo){.ours = false};
	if (host_read(path, text, sizeof text, NULL) < 0 || !strstr(text, "drm-client-id:"))
		return false;
	char *save;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		fdinfo_line(out, line, colon + 1, bus);
	}
	return out->ours;
}

/* A client may be open under many numbers and in many processes; it counts once. */
static uint64_t client_count(struct gpu_use *u, uint32_t device, const struct fdinfo *i)
{
	for (uint32_t k = 0; k < u->nclients; k++) {
		struct gpu_client *c = &u->client[k];
		if (c->device != device || c->id != i->client)
			continue;
		uint64_t more = i->engine_ns > c->ns ? i->engine_ns - c->ns : 0;
		u->mem_bytes += c->seen ? 0 : i->mem_bytes;
		c->seen = true;
		c->ns += more;
		return more;
	}
	if (u->nclients == GPU_CLIENTS_MAX)
		return 0;
	u->client[u->nclients++] = (struct gpu_client){device, i->client, i->engine_ns, true};
	u->mem_bytes += i->mem_bytes;
	return i->engine_ns;
}

static void forget_gone(struct gpu_use *u)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < u->nclients; i++)
		if (u->client[i].seen) {
			u->client[kept] = u->client[i];
			u->client[kept++].seen = false;
		}
	u->nclients = kept;
}

/* Whoever may not look at the process measures nothing. */
static uint64_t count_process(struct gpu_use *u, const char *proc, pid_t pid, const struct gpu *g)
{
	char dir[HOST_PATH], path[HOST_PATH];
	struct fdinfo info;
	uint64_t ns = 0;
	DIR *d = host_path(dir, "%s/%d/fdinfo", proc, (int)pid) < 0 ? NULL : opendir(dir);
	struct dirent *e;
	u->measured |= d != NULL;
	for (int i = 0; d && i < GPU_FILES_MAX && (e = readdir(d)); i++)
		if (e->d_name[0] != '.' && host_path(path, "%s/%s", dir, e->d_name) == 0 && read_fdinfo(path, g->bus, &info))
			ns += client_count(u, g->info.rule.minor, &info);
	if (d)
		closedir(d);
	return ns;
}

/* --- both -------------------------------------------------------------------------------------------------------------------- */

/* Time in which one device was busy, of passed_us at most. */
static uint64_t busy_us(struct gpu_use *u, const struct gpu *g, const struct gpu_feed *f, const char *proc, const pid_t *pids,
    uint32_t npids, uint64_t passed_us, uint64_t now_ms)
{
	uint64_t us = 0;
	if (g->meter == GPU_METER_NVML) {
		const struct gpu_reading *r = gpu_feed_of(f, g->bus, now_ms);
		u->measured |= r != NULL;
		u->mem_bytes += r ? r->s.mem_used : 0;
		return r ? passed_us / 1000 * r->s.permille : 0;
	}
	if (g->meter != GPU_METER_DRM)
		return 0;
	u->measured |= npids == 0;
	for (uint32_t i = 0; i < npids && i < GPU_PIDS_MAX; i++)
		us += count_process(u, proc, pids[i], g) / 1000;
	return us < passed_us ? us : passed_us;
}

void gpu_use_count(struct gpu_use *u, const struct gpu_table *t, const struct quota *q, const struct gpu_feed *f, const char *proc,
    const pid_t *pids, uint32_t npids, uint64_t now_ms)
{
	uint64_t passed_us = u->at_ms && now_ms > u->at_ms ? (now_ms - u->at_ms) * 1000 : 0, us = 0;
	u->measured = false;
	u->mem_bytes = 0;
	for (uint32_t i = 0; i < q->ndevices; i++) {
		const struct gpu *g = gpu_find(t, &q->devices[i]);
		us += g ? busy_us(u, g, f, proc, pids, npids, passed_us, now_ms) : 0;
	}
	forget_gone(u);
	u->at_ms = now_ms;
	u->busy_us += us;
	u->permille = passed_us && q->ndevices ? (uint32_t)(us * 1000 / (passed_us * q->ndevices)) : 0;
}
