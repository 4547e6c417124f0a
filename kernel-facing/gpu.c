/* The table of devices that may be leased: found, chosen by the owner's words, asked for.
 *
 * It knows how devices stand to each other. It does not know where a vendor's files are (gpu_nvidia.c, gpu_drm.c, gpu_cdi.c), and opens
 * no device. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <jansson.h>
#include "kernel-facing/device.h"
#include "kernel-facing/gpu.h"
#include "kernel-facing/policy.h"

#define WHY 512

struct gpu *gpu_add(struct gpu_table *t)
{
	if (t->n == GPUS_PER_NODE)
		return NULL;
	struct gpu *g = &t->gpu[t->n++];
	*g = (struct gpu){.info = {.vendor = "-", .model = "-", .id = "-", .name = "-"}, .numa = -1};
	return g;
}

bool gpu_has(const struct gpu *g, const struct device_rule *rule)
{
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (device_rule_eq(&g->node[i].rule, rule))
			return true;
	return false;
}

/* Names become paths below a task's /dev. */
static bool name_ok(const char *name)
{
	size_t len = strlen(name);
	return len && len < GPU_NAME_MAX && name[0] != '/' && name[0] != '.' && !strstr(name, "/.") && !strstr(name, "//") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") == len;
}

bool gpu_add_node(struct gpu *g, char type, uint32_t major, uint32_t minor, const char *name)
{
	struct gpu_node node = {.rule = {type, major, minor}};
	if (gpu_has(g, &node.rule))
		return true;
	if (g->nnodes == GPU_NODES_MAX || !name_ok(name))
		return false;
	strcpy(node.name, name);
	if (g->nnodes == 0) {
		g->info.rule = node.rule;
		strcpy(g->info.name, name);
	}
	g->node[g->nnodes++] = node;
	return true;
}

void gpu_text(char *out, size_t cap, const char *text)
{
	size_t n = 0;
	for (const char *p = text; *p && *p != '\n' && n < cap - 1; p++)
		out[n++] = *p == ' ' || *p == '\t' ? '_' : isgraph((unsigned char)*p) ? *p : '?';
	while (n && out[n - 1] == '_')
		n--;
	out[n] = 0;
	if (!n)
		strcpy(out, "-");
}

bool gpu_read_dev(const char *path, uint32_t *major, uint32_t *minor)
{
	char text[32];
	return host_read(path, text, sizeof text, NULL) == 0 && sscanf(text, "%u:%u", major, minor) == 2;
}

/* --- found and chosen ----------------------------------------------------------------------------------------------------------- */

static void drop(struct gpu_table *t, uint32_t i)
{
	json_decref(t->gpu[i].env);
	json_decref(t->gpu[i].mounts);
	memmove(&t->gpu[i], &t->gpu[i + 1], (--t->n - i) * sizeof t->gpu[0]);
}

static bool is_named(const struct gpu *g, const char *word)
{
	const char *names[] = {g->info.name, g->info.id, g->bus, g->card};
	if (word[0] == '-' || !word[0])
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], word))
			return true;
	return false;
}

/* False, with a sentence, if a word names nothing. */
static bool choose(struct gpu_table *t, const char *list, char *why)
{
	char text[1024], *save;
	snprintf(text, sizeof text, "%s", list);
	for (char *word = strtok_r(text, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
		bool any = false;
		for (uint32_t i = 0; i < t->n; i++)
			if (is_named(&t->gpu[i], word))
				any = t->gpu[i].offered = true;
		if (any)
			continue;
		host_say(why, WHY, "gpus = %s: this machine has no such GPU; it has %s%s", word, t->n ? t->gpu[0].info.name : "none",
		    t->n > 1 ? " and others" : "");
		return false;
	}
	return true;
}

static int offer_wanted(const struct gpu_config *cfg, struct gpu_table *t, char *why)
{
	bool all = !strcmp(cfg->wanted, "all");
	if (!all && strcmp(cfg->wanted, "none") != 0 && !choose(t, cfg->wanted, why))
		return -ENODEV;
	for (uint32_t i = 0; i < t->n; i++)
		t->gpu[i].offered |= all;
	return 0;
}

/* A node that is one device's own must not come with another: it would be leased twice. */
static void drop_overlapping(struct gpu_table *t)
{
	for (uint32_t i = t->n; i-- > 0;) {
		bool mixed = t->gpu[i].nnodes == 0;
		for (uint32_t k = 0; k < t->n && !mixed; k++)
			mixed = k != i && gpu_has(&t->gpu[i], &t->gpu[k].info.rule);
		if (mixed)
			drop(t, i);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct gpu *x = a, *y = b;
	return strcmp(x->bus, y->bus) ? strcmp(x->bus, y->bus) : strverscmp(x->info.name, y->info.name);
}

/* device = /dev/x: nothing is known of it but its node. */
static int add_plain(const struct gpu_config *cfg, struct gpu_table *t, const char *path, char *why)
{
	struct stat st;
	char at[HOST_PATH];
	const char *name = strncmp(path, "/dev/", 5) ? "" : path + 5;
	int r = host_path(at, "%s/%s", cfg->dev, name);
	if (r < 0 || stat(at, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) {
		host_say(why, WHY, "device = %s: it is not a device of this machine", path);
		return -ENODEV;
	}
	struct device_rule rule = {S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev)};
	for (uint32_t i = 0; i < t->n; i++)
		if (device_rule_eq(&t->gpu[i].info.rule, &rule))
			return t->gpu[i].offered = true, 0;
	for (uint32_t i = 0; i < t->n; i++)
		if (gpu_has(&t->gpu[i], &rule)) {
			host_say(why, WHY, "device = %s: it comes with %s and is not leased by itself", path, t->gpu[i].info.name);
			return -EINVAL;
		}
	struct gpu *g = gpu_add(t);
	if (!g || !gpu_add_node(g, rule.type, rule.major, rule.minor, name)) {
		host_say(why, WHY, "device = %s: it has a name that no task can be given, or is one too many", path);
		return -EINVAL;
	}
	strcpy(g->alive, at);
	g->offered = true;
	return 0;
}

static int find_all(const struct gpu_config *cfg, struct gpu_table *t, char *why)
{
	gpu_find_nvidia(cfg, t);
	gpu_find_drm(cfg, t);
	int r = gpu_find_fake(cfg, t, why);
	gpu_find_cdi(cfg, t);
	drop_overlapping(t);
	qsort(t->gpu, t->n, sizeof t->gpu[0], by_name);
	r = r < 0 ? r : offer_wanted(cfg, t, why);
	for (uint32_t i = 0; r == 0 && i < cfg->ndevices; i++)
		r = add_plain(cfg, t, cfg->devices[i], why);
	return r;
}

int kernel_gpus_find(const struct gpu_config *cfg, struct gpu_table **ret, char *why)
{
	struct gpu_table *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	why[0] = 0;
	int r = find_all(cfg, t, why);
	if (r < 0) {
		kernel_gpus_free(t);
		return r;
	}
	strcpy(why, t->note);
	*ret = t;
	return 0;
}

void kernel_gpus_free(struct gpu_table *t)
{
	while (t && t->n)
		drop(t, t->n - 1);
	free(t);
}

void kernel_gpus_offer(const struct gpu_table *t, struct kernel_policy *p, struct resources *sum)
{
	uint64_t mem = sum->v[RES_GPU_MEM_MIB];
	p->gpus = t;
	p->ndevices = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->gpu[i].offered)
			continue;
		p->devices[p->ndevices++] = t->gpu[i].info.rule;
		mem += t->gpu[i].info.mem_mib;
	}
	sum->v[RES_GPU] += p->ndevices;
	sum->v[RES_GPU_MEM_MIB] = mem > UINT32_MAX ? UINT32_MAX : (uint32_t)mem;
}

/* --- asked for ------------------------------------------------------------------------------------------------------------------ */

const struct gpu *gpu_find(const struct gpu_table *t, const struct device_rule *rule)
{
	for (uint32_t i = 0; t && i < t->n; i++)
		if (device_rule_eq(&t->gpu[i].info.rule, rule))
			return &t->gpu[i];
	return NULL;
}

static bool among(const struct gpu_node *list, uint32_t n, const struct device_rule *rule)
{
	for (uint32_t i = 0; i < n; i++)
		if (device_rule_eq(&list[i].rule, rule))
			return true;
	return false;
}

uint32_t gpu_nodes(const struct gpu_table *t, const struct quota *q, struct gpu_node out[DEVICE_RULES_MAX])
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < q->ndevices && i < DEVICES_PER_LEASE; i++) {
		const struct gpu *g = gpu_find(t, &q->devices[i]);
		struct gpu_node own = {.rule = q->devices[i]};
		if (!g && device_name(&own.rule, own.name) < 0)
			own.name[0] = 0;
		for (uint32_t k = 0; k < (g ? g->nnodes : 1); k++) {
			const struct gpu_node *node = g ? &g->node[k] : &own;
			if (!among(out, n, &node->rule))
				out[n++] = *node;
		}
	}
	return n;
}

static bool is_alive(const struct gpu_table *t, const struct device_rule *rule)
{
	char name[GPU_NAME_MAX];
	const struct gpu *g = gpu_find(t, rule);
	return g ? host_exists(g->alive) : device_name(rule, name) == 0;
}

uint32_t gpus_alive(const struct gpu_table *t, const struct quota *q)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < q->ndevices; i++)
		n += is_alive(t, &q->devices[i]);
	return n;
}

bool gpu_memory_fits(const struct gpu_table *t, const struct quota *q)
{
	uint64_t have = 0;
	for (uint32_t i = 0; i < q->ndevices; i++) {
		const struct gpu *g = gpu_find(t, &q->devices[i]);
		if (!g || !g->info.mem_mib)
			return true;
		have += g->info.mem_mib;
	}
	return !q->ndevices || have >= q->res.v[RES_GPU_MEM_MIB];
}
