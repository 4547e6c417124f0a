/* Devices for trying things out where there is no GPU: nodes of the kernel's own, so that allowing and denying are the kernel's too.
 *
 * It knows which numbers are harmless. While one of them may be leased, no task has it for nothing (device.c). It measures nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kernel-facing/gpu.h"

#define MEM_MAJOR 1
#define FAKE_MEM_MIB 16384

static const uint32_t minors[GPU_FAKES_MAX] = {7, 8, 5}; /* full, random, zero: the ones a task misses least come first */

static int make_node(const struct gpu_config *cfg, uint32_t i, char path[HOST_PATH])
{
	int r = host_path(path, "%s/zeus-fake%u", cfg->fake_dir, i);
	r = r < 0 ? r : host_mkdir(cfg->fake_dir, 0700, 0, 0);
	if (r < 0)
		return r;
	return mknod(path, S_IFCHR | 0600, makedev(MEM_MAJOR, minors[i])) < 0 && errno != EEXIST ? -errno : 0;
}

int gpu_find_fake(const struct gpu_config *cfg, struct gpu_table *t, char *why)
{
	for (uint32_t i = 0; i < cfg->fake && i < GPU_FAKES_MAX; i++) {
		char path[HOST_PATH], name[GPU_NAME_MAX];
		int r = make_node(cfg, i, path);
		struct gpu *g = r < 0 ? NULL : gpu_add(t);
		if (!g) {
			r = r < 0 ? r : -ENOSPC;
			host_say(why, 512, "gpu_fake = %u: a node in %s cannot be made: %s", cfg->fake, cfg->fake_dir, strerror(-r));
			return r;
		}
		snprintf(name, sizeof name, "zeus-fake%u", i);
		gpu_add_node(g, 'c', MEM_MAJOR, minors[i], name);
		strcpy(g->info.vendor, "fake");
		snprintf(g->info.model, sizeof g->info.model, "fake");
		snprintf(g->info.id, sizeof g->info.id, "fake-%u", i);
		g->offered = true;
		g->info.mem_mib = FAKE_MEM_MIB;
		strcpy(g->alive, path);
	}
	return 0;
}
