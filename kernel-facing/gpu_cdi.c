/* CDI specs: what a device's vendor or the machine's owner wants a task to be given along with it. JSON only.
 *
 * It knows the specs' layout and takes device nodes, environment and read-only mounts from them. It runs no hooks, and reads only what
 * root alone can write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <jansson.h>
#include "common/cleanup.h"
#include "kernel-facing/gpu.h"
#include "kernel-facing/policy.h"

#define SPEC_MAX (1u << 20)
#define SPECS_MAX 32
#define DEVICES_MAX 256
#define ENV_MAX 32
#define MOUNTS_MAX 128
#define STRING_MAX 256

struct spec { const struct gpu_config *cfg; struct gpu_table *t; const char *file; json_t *common; };

static void note(struct gpu_table *t, const char *file, const char *text)
{
	if (!t->note[0])
		host_say(t->note, sizeof t->note, "%s: %s", file, text);
}

/* Whoever can write it decides what root gives to tasks. */
static bool owner_ok(int fd, mode_t type)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != type || st.st_mode & (S_IWGRP | S_IWOTH))
		return false;
	return st.st_uid == 0 || (geteuid() != 0 && st.st_uid == geteuid());
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s && strlen(s) < STRING_MAX ? s : NULL;
}

/* --- nodes ---------------------------------------------------------------------------------------------------------------------- */

/* A spec may give the numbers; else they are those of the host's node. */
static bool node_rule(const struct gpu_config *cfg, json_t *node, struct device_rule *out, const char **name)
{
	const char *path = string_of(node, "path"), *host = string_of(node, "hostPath"), *type = string_of(node, "type");
	json_t *major_v = json_object_get(node, "major"), *minor_v = json_object_get(node, "minor");
	char at[HOST_PATH];
	struct stat st;
	host = host ? host : path;
	if (!path || strncmp(path, "/dev/", 5))
		return false;
	*name = path + 5;
	if (json_is_integer(major_v) && json_is_integer(minor_v) && type && (type[0] == 'c' || type[0] == 'b') && !type[1]) {
		*out = (struct device_rule){type[0], (uint32_t)json_integer_value(major_v), (uint32_t)json_integer_value(minor_v)};
		return true;
	}
	bool below = !strncmp(host, "/dev/", 5) && !strstr(host, "/..");
	if (!below || host_path(at, "%s/%s", cfg->dev, host + 5) < 0 || stat(at, &st) < 0 ||
	    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return false;
	*out = (struct device_rule){S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev)};
	return true;
}

/* True if every node could be understood and there is room. */
static bool add_nodes(const struct spec *s, struct gpu *g, json_t *edits)
{
	size_t i;
	json_t *node;
	json_array_foreach(json_object_get(edits, "deviceNodes"), i, node)
	{
		struct device_rule rule;
		const char *name;
		if (!node_rule(s->cfg, node, &rule, &name) || !gpu_add_node(g, rule.type, rule.major, rule.minor, name))
			return false;
	}
	return true;
}

static bool lists_node(const struct spec *s, json_t *edits, const struct device_rule *rule)
{
	size_t i;
	json_t *node;
	json_array_foreach(json_object_get(edits, "deviceNodes"), i, node)
	{
		struct device_rule have;
		const char *name;
		if (node_rule(s->cfg, node, &have, &name) && device_rule_eq(&have, rule))
			return true;
	}
	return false;
}

/* How many of the known devices does it speak of, and does it touch the nodes of any other? */
static uint32_t owners(const struct spec *s, json_t *edits, struct gpu **one, bool *touched)
{
	uint32_t n = 0;
	*touched = false;
	for (uint32_t i = 0; i < s->t->n; i++) {
		struct gpu *g = &s->t->gpu[i];
		bool own = lists_node(s, edits, &g->info.rule);
		for (uint32_t k = 0; k < g->nnodes && !own; k++)
			*touched |= lists_node(s, edits, &g->node[k].rule);
		*one = own ? g : *one;
		n += own;
	}
	return n;
}

/* --- environment and mounts ----------------------------------------------------------------------------------------------------- */

static bool env_ok(const char *s) { return s && strlen(s) < STRING_MAX && s[0] != '=' && strchr(s, '='); }

static void add_env(const struct spec *s, struct gpu *g, json_t *edits)
{
	size_t i;
	json_t *v;
	json_array_foreach(json_object_get(edits, "env"), i, v)
	{
		if (!g->env)
			g->env = json_array();
		if (env_ok(json_string_value(v)) && json_array_size(g->env) < ENV_MAX)
			json_array_append(g->env, v);
		else
			note(s->t, s->file, "a variable is not KEY=VALUE, is too long or is one too many; it is left out");
	}
}

static bool path_ok(const char *p) { return p && p[0] == '/' && p[1] && !strstr(p, "/../") && !strstr(p, "//"); }

/* Where a task has files of the kernel, or of ours, a spec has no say. */
static bool inside_ok(const char *p)
{
	static const char *const closed[] = {"/proc", "/sys", "/dev", "/run/zeus"};
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
		size_t len = strlen(closed[i]);
		if (!strncmp(p, closed[i], len) && (!p[len] || p[len] == '/'))
			return false;
	}
	return path_ok(p);
}

/* Always read-only and without setuid or devices, whatever the spec asks. */
static void add_mounts(const struct spec *s, struct gpu *g, json_t *edits)
{
	size_t i;
	json_t *v;
	json_array_foreach(json_object_get(edits, "mounts"), i, v)
	{
		const char *from = string_of(v, "hostPath"), *to = string_of(v, "containerPath"), *type = string_of(v, "type");
		bool bind = !type || !type[0] || !strcmp(type, "bind") || !strcmp(type, "none");
		if (!g->mounts)
			g->mounts = json_array();
		if (!path_ok(from) || !to || !inside_ok(to) || !bind || json_array_size(g->mounts) >= MOUNTS_MAX || !host_exists(from)) {
			note(s->t, s->file, "a mount has no source on this machine or no allowed target; it is left out");
			continue;
		}
		json_array_append_new(g->mounts, json_pack("{s:s, s:s, s:s, s:[s,s,s,s]}", "destination", to, "type", "bind", "source",
		    from, "options", "bind", "ro", "nosuid", "nodev"));
	}
}

static void add_edits(const struct spec *s, struct gpu *g, json_t *edits)
{
	add_env(s, g, edits);
	add_mounts(s, g, edits);
	if (json_array_size(json_object_get(edits, "hooks")))
		note(s->t, s->file, "hooks are not run: mount libraries under the names by which programs look for them");
}

/* --- specs ---------------------------------------------------------------------------------------------------------------------- */

static struct gpu *add_unknown(const struct spec *s, const char *kind, const char *name, json_t *edits)
{
	char path[HOST_PATH], word[GPU_NAME_MAX];
	struct gpu *g = gpu_add(s->t);
	if (!g)
		return NULL;
	if (!add_nodes(s, g, edits) || !g->nnodes || host_path(path, "%s/%s", s->cfg->dev, g->info.name) < 0) {
		s->t->n--;
		return NULL;
	}
	strcpy(g->alive, path);
	snprintf(word, sizeof word, "%.*s", (int)strcspn(kind, "/."), kind);
	gpu_text(g->info.vendor, sizeof g->info.vendor, word);
	snprintf(word, sizeof word, "%.30s=%.30s", kind, name);
	gpu_text(g->info.model, sizeof g->info.model, word);
	gpu_text(g->info.id, sizeof g->info.id, word);
	return g;
}

/* The last spec that speaks of a device has the word: the directory of what is made anew at each start is read last. */
static void add_device(const struct spec *s, const char *kind, json_t *device)
{
	const char *name = string_of(device, "name");
	json_t *edits = json_object_get(device, "containerEdits");
	struct gpu *g = NULL;
	bool touched;
	if (!name || !edits || !strcmp(name, "all"))
		return;
	uint32_t n = owners(s, edits, &g, &touched);
	if (n == 0 && !touched)
		g = add_unknown(s, kind, name, edits);
	if (n > 1 || !g)
		return;
	json_decref(g->env);
	json_decref(g->mounts);
	g->env = g->mounts = NULL;
	if (!add_nodes(s, g, edits) || !add_nodes(s, g, s->common))
		note(s->t, s->file, "a device node is not below /dev, is not there, or is one too many; it is left out");
	add_edits(s, g, edits);
	add_edits(s, g, s->common);
}

static void read_spec(const struct gpu_config *cfg, struct gpu_table *t, int dir, const char *name)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || !owner_ok(fd, S_IFREG) || fstat(fd, &st) < 0 || st.st_size > SPEC_MAX) {
		note(t, name, "must be a file of at most 1 MiB that root owns and nobody else may write; it is not read");
		return;
	}
	json_t *j = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL), *list = json_object_get(j, "devices");
	const char *kind = string_of(j, "kind");
	struct spec s = {cfg, t, name, json_object_get(j, "containerEdits")};
	if (!kind || !json_is_array(list) || json_array_size(list) > DEVICES_MAX)
		note(t, name, "is no CDI spec: it needs a kind, and a list of at most 256 devices; it is not read");
	else
		for (size_t i = 0; i < json_array_size(list); i++)
			add_device(&s, kind, json_array_get(list, i));
	json_decref(j);
}

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);
	return n > m && !strcmp(name + n - m, end);
}

static void read_dir(const struct gpu_config *cfg, struct gpu_table *t, const char *dir)
{
	struct dirent **found = NULL;
	int read = 0;
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	int n = owner_ok(fd, S_IFDIR) ? scandirat(fd, ".", &found, NULL, versionsort) : -1;
	if (n < 0)
		note(t, dir, "must be a directory that root owns and nobody else may write; it is not read");
	for (int i = 0; i < n; i++) {
		const char *name = found[i]->d_name;
		if (ends(name, ".yaml") || ends(name, ".yml"))
			note(t, name, "only JSON specs are read: write it as JSON (nvidia-ctk cdi generate --format=json)");
		else if (ends(name, ".json") && read++ < SPECS_MAX)
			read_spec(cfg, t, fd, name);
		free(found[i]);
	}
	free(found);
}

void gpu_find_cdi(const struct gpu_config *cfg, struct gpu_table *t)
{
	for (size_t i = 0; i < sizeof cfg->cdi / sizeof *cfg->cdi; i++)
		if (cfg->cdi[i])
			read_dir(cfg, t, cfg->cdi[i]);
}
