/* Device access of a lease's group.
 *
 * It knows the devices controller of v1 and hands v2 to device_bpf.c. It does not know what the devices are for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/text.h"
#include "kernel-facing/device.h"
#include "kernel-facing/device_bpf.h"
#include "kernel-facing/policy.h"

#define RULE_TEXT 40

static const struct device_rule harmless[DEVICE_HARMLESS] = {{'c', 1, 3}, {'c', 1, 5}, {'c', 1, 7}, {'c', 1, 8}, {'c', 1, 9}, {'c', 5, 0},
    {'c', 5, 2}, {'c', 136, DEVICE_ANY}};
static const char *const runc_extra[] = {"c *:* m", "b *:* m", "c 10:200 rwm"};

#define RUNC_EXTRA (sizeof runc_extra / sizeof *runc_extra)
#define RULES_MAX (DEVICE_HARMLESS + DEVICE_RULES_MAX)
#define WANTED_MAX (RULES_MAX + RUNC_EXTRA)

struct wanted { uint32_t n; char rule[WANTED_MAX][RULE_TEXT]; };

void device_withhold(struct device_list *list, const struct device_rule *rule)
{
	for (uint32_t i = 0; i < DEVICE_HARMLESS; i++)
		if (device_rule_eq(&harmless[i], rule))
			list->withheld |= 1u << i;
}

uint32_t device_all(const struct device_list *list, struct device_rule *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < DEVICE_HARMLESS; i++)
		if (!(list->withheld >> i & 1))
			out[n++] = harmless[i];
	for (uint32_t i = 0; i < list->n && i < DEVICE_RULES_MAX; i++) {
		bool have = false;
		for (uint32_t k = 0; k < n && !have; k++)
			have = device_rule_eq(&out[k], &list->rules[i]);
		if (!have)
			out[n++] = list->rules[i];
	}
	return n;
}

static struct wanted wanted_of(const struct device_list *list, bool for_runc)
{
	struct wanted w = {0};
	struct device_rule all[RULES_MAX];
	uint32_t n = device_all(list, all);
	for (uint32_t i = 0; i < n; i++) {
		char minor[12] = "*";
		if (all[i].minor != DEVICE_ANY)
			snprintf(minor, sizeof minor, "%u", all[i].minor);
		snprintf(w.rule[w.n++], RULE_TEXT, "%c %u:%s rwm", all[i].type, all[i].major, minor);
	}
	for (size_t i = 0; for_runc && i < RUNC_EXTRA; i++)
		strcpy(w.rule[w.n++], runc_extra[i]);
	return w;
}

static bool is_wanted(const struct wanted *w, const char *line)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (!strcmp(w->rule[i], line))
			return true;
	return false;
}

static int list_read(const struct group_host *h, const char *leaf, char *text, size_t cap)
{
	char path[HOST_PATH];
	int r = group_file(h, CTL_DEVICES, leaf, "devices.list", path);
	return r < 0 ? r : host_read(path, text, cap, NULL);
}

/* Lines that are not wanted are counted and, if deny is given, denied. */
static int extra_lines(const struct wanted *w, char *text, const char *deny, uint32_t *extra, uint32_t *matching)
{
	*extra = *matching = 0;
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (is_wanted(w, line)) {
			++*matching;
			continue;
		}
		++*extra;
		int r = deny ? host_write(deny, line[0] == 'a' ? "a" : line) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int v1_set(const struct group_host *h, const char *leaf, const struct wanted *w)
{
	char text[8192], deny[HOST_PATH], allow[HOST_PATH];
	uint32_t extra, matching;
	int r = group_file(h, CTL_DEVICES, leaf, "devices.deny", deny);
	r = r < 0 ? r : group_file(h, CTL_DEVICES, leaf, "devices.allow", allow);
	r = r < 0 ? r : list_read(h, leaf, text, sizeof text);
	r = r < 0 ? r : extra_lines(w, text, deny, &extra, &matching);
	for (uint32_t i = 0; r == 0 && i < w->n; i++)
		r = host_write(allow, w->rule[i]);
	return r;
}

int device_differs(const struct group_host *h, const char *leaf, const struct device_list *list, bool for_runc)
{
	struct device_rule all[RULES_MAX];
	if (h->mode == GROUP_V2)
		return device_bpf_differs(h, leaf, all, device_all(list, all));
	struct wanted w = wanted_of(list, for_runc);
	char text[8192];
	uint32_t extra, matching;
	int r = list_read(h, leaf, text, sizeof text);
	r = r < 0 ? r : extra_lines(&w, text, NULL, &extra, &matching);
	return r < 0 ? r : extra != 0 || matching != w.n;
}

/* An inner group that exists keeps its own list: what is allowed later must be written there too; a deny goes down by itself. */
static void v1_allow_inner(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n)
{
	char path[HOST_PATH], text[RULE_TEXT];
	if (group_file(h, CTL_DEVICES, leaf, "task/devices.allow", path) < 0 || !host_exists(path))
		return;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "%c %u:%u rwm", rules[i].type, rules[i].major, rules[i].minor);
		(void)host_write(path, text);
	}
}

int device_set(const struct group_host *h, const char *leaf, const struct device_list *list, bool for_runc)
{
	struct device_rule all[RULES_MAX];
	if (list->n > DEVICE_RULES_MAX)
		return -E2BIG;
	if (h->mode == GROUP_V2)
		return device_bpf_set(h, leaf, all, device_all(list, all));
	struct wanted w = wanted_of(list, for_runc);
	int r = v1_set(h, leaf, &w);
	if (r < 0)
		return r;
	v1_allow_inner(h, leaf, list->rules, list->n);
	r = device_differs(h, leaf, list, for_runc);
	return r > 0 ? -EIO : r;
}

int device_name(const struct device_rule *rule, char *out)
{
	char path[HOST_PATH], text[1024];
	int r = host_path(path, "/sys/dev/%s/%u:%u/uevent", rule->type == 'b' ? "block" : "char", rule->major, rule->minor);
	if (r < 0 || host_read(path, text, sizeof text, NULL) < 0)
		return -ENODEV;
	char *name = strstr(text, "DEVNAME=");
	if (!name)
		return -ENODEV;
	name += strlen("DEVNAME=");
	name[strcspn(name, "\n")] = 0;
	if (!text_name_ok(name))
		return -ENODEV; /* a node in a subdirectory is not leased by name */
	snprintf(out, 64, "%.63s", name);
	return 0;
}
