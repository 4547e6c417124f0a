/* NVIDIA's cards, as their driver tells of them below /proc.
 *
 * It knows the driver's files and the numbers of its nodes. It loads no library of the vendor's; how much memory a card has, these files
 * do not say. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/gpu.h"

#define NVIDIA_MAJOR 195
#define NVIDIA_CTL 255

struct driver { uint32_t major, uvm, caps; char devices[16384]; }; /* 0: the driver has no such nodes */

/* "195 nvidia" in /proc/devices */
static uint32_t major_of(const char *devices, const char *name)
{
	const char *end = strstr(devices, "\nBlock devices:");
	for (const char *line = devices; line && (!end || line < end); line = strchr(line, '\n')) {
		char word[64];
		unsigned number;
		line += *line == '\n';
		if (sscanf(line, " %u %63s", &number, word) == 2 && !strcmp(word, name))
			return number;
	}
	return 0;
}

static bool read_driver(const struct gpu_config *cfg, struct driver *d)
{
	char path[HOST_PATH];
	if (host_path(path, "%s/devices", cfg->proc) < 0 || host_read(path, d->devices, sizeof d->devices, NULL) < 0)
		return false;
	d->major = major_of(d->devices, "nvidia");
	d->major = d->major ? d->major : major_of(d->devices, "nvidia-frontend");
	d->major = d->major ? d->major : NVIDIA_MAJOR;
	d->uvm = major_of(d->devices, "nvidia-uvm");
	d->caps = major_of(d->devices, "nvidia-caps");
	return true;
}

/* "Device Minor: \t 5" */
static bool field(const char *text, const char *key, char *out, size_t cap)
{
	const char *p = strstr(text, key);
	if (!p || (p != text && p[-1] != '\n'))
		return false;
	p += strlen(key);
	p += strspn(p, ": \t");
	snprintf(out, cap, "%.*s", (int)strcspn(p, "\n"), p);
	return true;
}

static void add_common(struct gpu *g, const struct driver *d)
{
	gpu_add_node(g, 'c', d->major, NVIDIA_CTL, "nvidiactl");
	if (d->uvm) {
		gpu_add_node(g, 'c', d->uvm, 0, "nvidia-uvm");
		gpu_add_node(g, 'c', d->uvm, 1, "nvidia-uvm-tools");
	}
}

static int read_minor(const char *path)
{
	char text[256], number[16];
	return host_read(path, text, sizeof text, NULL) == 0 && field(text, "DeviceFileMinor", number, sizeof number) ? atoi(number) : -1;
}

static void cap_node(struct gpu *g, const struct driver *d, const char *dir)
{
	char path[HOST_PATH], name[GPU_NAME_MAX];
	int minor = host_path(path, "%s/access", dir) < 0 ? -1 : read_minor(path);
	if (minor < 0)
		return;
	snprintf(name, sizeof name, "nvidia-caps/nvidia-cap%d", minor);
	gpu_add_node(g, 'c', d->caps, (uint32_t)minor, name);
}

/* One part of a card: memory and faults of its own, so it is a device of its own. What computes inside it shares its memory and goes
 * with it. */
static void add_part(struct gpu_table *t, const struct driver *d, const struct gpu *card, const char *dir, const char *part)
{
	char path[HOST_PATH];
	struct gpu *g = gpu_add(t);
	if (!g)
		return;
	g->info = card->info;
	g->info.mem_mib = 0;
	snprintf(g->info.id, sizeof g->info.id, "%.50s/%.8s", card->info.id, part);
	memcpy(g->bus, card->bus, sizeof g->bus);
	memcpy(g->card, card->info.name, sizeof g->card);
	g->numa = card->numa;
	strcpy(g->alive, dir);
	cap_node(g, d, dir);
	DIR *list = g->nnodes ? opendir(dir) : NULL;
	for (struct dirent *e; list && (e = readdir(list));)
		if (!strncmp(e->d_name, "ci", 2) && host_path(path, "%s/%s", dir, e->d_name) == 0)
			cap_node(g, d, path);
	if (list)
		closedir(list);
	for (uint32_t i = 0; g->nnodes && i < card->nnodes; i++)
		gpu_add_node(g, 'c', card->node[i].rule.major, card->node[i].rule.minor, card->node[i].name);
	if (!g->nnodes)
		t->n--;
}

/* True if the card is cut in parts: it is not leased whole then. */
static bool add_parts(const struct gpu_config *cfg, struct gpu_table *t, const struct driver *d, const struct gpu *card, uint32_t minor)
{
	char dir[HOST_PATH], path[HOST_PATH];
	bool any = false;
	DIR *list = host_path(dir, "%s/driver/nvidia/capabilities/gpu%u/mig", cfg->proc, minor) < 0 ? NULL : opendir(dir);
	for (struct dirent *e; list && (e = readdir(list));) {
		if (strncmp(e->d_name, "gi", 2) || host_path(path, "%s/%s", dir, e->d_name) < 0)
			continue;
		any = true;
		if (d->caps)
			add_part(t, d, card, path, e->d_name);
	}
	if (list)
		closedir(list);
	return any;
}

static int numa_of(const struct gpu_config *cfg, const char *bus)
{
	char path[HOST_PATH], text[16];
	bool told = host_path(path, "%s/bus/pci/devices/%s/numa_node", cfg->sys, bus) == 0 && host_read(path, text, sizeof text, NULL) == 0;
	return told ? atoi(text) : -1;
}

static void add_card(const struct gpu_config *cfg, struct gpu_table *t, const struct driver *d, const char *bus)
{
	char path[HOST_PATH], text[2048], value[64], name[GPU_NAME_MAX];
	struct gpu card = {.info = {.vendor = "nvidia", .model = "-", .id = "-"}, .meter = GPU_METER_NVML};
	if (strlen(bus) >= sizeof card.bus || host_path(card.alive, "%s/driver/nvidia/gpus/%s", cfg->proc, bus) < 0 ||
	    host_path(path, "%s/information", card.alive) < 0 || host_read(path, text, sizeof text, NULL) < 0)
		return;
	if (!field(text, "Device Minor", value, sizeof value) || (field(text, "GPU Excluded", path, 8) && !strcmp(path, "Yes")))
		return;
	uint32_t minor = (uint32_t)strtoul(value, NULL, 10);
	strcpy(card.bus, bus);
	snprintf(name, sizeof name, "nvidia%u", minor);
	gpu_add_node(&card, 'c', d->major, minor, name);
	add_common(&card, d);
	card.numa = numa_of(cfg, bus);
	if (field(text, "Model", value, sizeof value))
		gpu_text(card.info.model, sizeof card.info.model, value);
	if (field(text, "GPU UUID", value, sizeof value))
		gpu_text(card.info.id, sizeof card.info.id, value);
	if (add_parts(cfg, t, d, &card, minor))
		return;
	struct gpu *g = gpu_add(t);
	if (g)
		*g = card;
}

void gpu_find_nvidia(const struct gpu_config *cfg, struct gpu_table *t)
{
	char dir[HOST_PATH];
	struct driver *d = calloc(1, sizeof *d);
	DIR *list = !d || host_path(dir, "%s/driver/nvidia/gpus", cfg->proc) < 0 || !read_driver(cfg, d) ? NULL : opendir(dir);
	for (struct dirent *e; list && (e = readdir(list));)
		if (e->d_name[0] != '.')
			add_card(cfg, t, d, e->d_name);
	if (list)
		closedir(list);
	free(d);
}
