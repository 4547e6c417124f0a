/* Cards of the kernel's own graphics drivers, from sysfs: AMD's, Intel's, and NVIDIA's under nouveau.
 *
 * It knows the render nodes, which are made for computing without a screen; the nodes that rule a screen are given to nobody. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/gpu.h"

static bool line_of(const char *text, const char *key, char *out, size_t cap)
{
	const char *p = strstr(text, key);
	if (!p || (p != text && p[-1] != '\n'))
		return false;
	p += strlen(key);
	snprintf(out, cap, "%.*s", (int)strcspn(p, "\n"), p);
	return true;
}

static bool file_text(const char *dir, const char *name, char *out, size_t cap)
{
	char path[HOST_PATH];
	if (host_path(path, "%s/%s", dir, name) < 0 || host_read(path, out, cap, NULL) < 0)
		return false;
	out[strcspn(out, "\n")] = 0;
	return out[0] != 0;
}

static const char *vendor_of(const char *number)
{
	static const struct { const char *number, *word; } known[] = {{"0x1002", "amd"}, {"0x8086", "intel"}, {"0x10de", "nvidia"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].number, number))
			return known[i].word;
	return NULL;
}

/* amdgpu tells in bytes; i915 and xe as well, each in a file of its own; what has no memory of its own tells nothing. */
static uint32_t memory_mib(const char *device)
{
	static const char *const files[] = {"mem_info_vram_total", "lmem_total_bytes", "tile0/physical_vram_size_bytes"};
	char text[32];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (file_text(device, files[i], text, sizeof text))
			return (uint32_t)(strtoull(text, NULL, 0) >> 20);
	return 0;
}

static void describe(struct gpu *g, const char *device, const char *vendor, const char *uevent)
{
	char text[64], number[16] = "";
	gpu_text(g->info.vendor, sizeof g->info.vendor, vendor);
	if (line_of(uevent, "PCI_SLOT_NAME=", text, sizeof g->bus))
		strcpy(g->bus, text);
	if (file_text(device, "product_name", text, sizeof text) || line_of(uevent, "PCI_ID=", text, sizeof text))
		gpu_text(g->info.model, sizeof g->info.model, text);
	if (file_text(device, "unique_id", text, sizeof text) || line_of(uevent, "PCI_SLOT_NAME=", text, sizeof text))
		gpu_text(g->info.id, sizeof g->info.id, text);
	g->info.mem_mib = memory_mib(device);
	g->numa = file_text(device, "numa_node", number, sizeof number) ? atoi(number) : -1;
	g->meter = GPU_METER_DRM;
}

static void add_render(const struct gpu_config *cfg, struct gpu_table *t, const char *render)
{
	char dir[HOST_PATH], device[HOST_PATH], path[HOST_PATH], name[GPU_NAME_MAX], number[16], driver[32] = "", uevent[1024];
	uint32_t major, minor;
	if (host_path(dir, "%s/class/drm/%s", cfg->sys, render) < 0 || host_path(device, "%s/device", dir) < 0 ||
	    host_path(path, "%s/dev", dir) < 0 || !gpu_read_dev(path, &major, &minor) ||
	    !file_text(device, "vendor", number, sizeof number) || host_path(path, "%s/uevent", device) < 0 ||
	    host_read(path, uevent, sizeof uevent, NULL) < 0)
		return;
	const char *vendor = vendor_of(number);
	line_of(uevent, "DRIVER=", driver, sizeof driver);
	if (!vendor || !strcmp(driver, "nvidia")) /* NVIDIA's own driver tells of its cards elsewhere */
		return;
	struct gpu *g = gpu_add(t);
	if (!g)
		return;
	snprintf(name, sizeof name, "dri/%.40s", render);
	gpu_add_node(g, 'c', major, minor, name);
	describe(g, device, vendor, uevent);
	strcpy(g->alive, dir);
	if (!strcmp(vendor, "amd") && host_path(path, "%s/class/kfd/kfd/dev", cfg->sys) == 0 && gpu_read_dev(path, &major, &minor))
		gpu_add_node(g, 'c', major, minor, "kfd");
}

void gpu_find_drm(const struct gpu_config *cfg, struct gpu_table *t)
{
	char dir[HOST_PATH];
	DIR *list = host_path(dir, "%s/class/drm", cfg->sys) < 0 ? NULL : opendir(dir);
	for (struct dirent *e; list && (e = readdir(list));)
		if (!strncmp(e->d_name, "renderD", 7))
			add_render(cfg, t, e->d_name);
	if (list)
		closedir(list);
}
