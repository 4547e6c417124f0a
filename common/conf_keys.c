/* The keys of the configuration.
 *
 * Knows every key, its shape, its default, and the sentence for a value that has another shape. Does not know files or lines
 * (conf.c), nor what the machine has: an offer that was not given is filled in by the broker. */
#include "common/conf_keys.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "common/sysuser.h"

#define UID_LIMIT 4294967294U    /* the largest uid that is one */
#define TASK_UIDS 65536

struct key {
	const char *section, *name;
	bool (*set)(void *field, size_t size, const char *value);
	size_t at, size;
	const char *wanted;
	bool repeats;
};

static bool set_text(void *field, size_t size, const char *value)
{
	if (value[0] == '\0' || strlen(value) >= size)
		return false;
	memcpy(field, value, strlen(value) + 1);
	return true;
}

static bool path_ok(const char *s)
{
	bool slash_last = s[0] && s[1] && s[strlen(s) - 1] == '/';
	return s[0] == '/' && !slash_last && !strstr(s, "//") && !strstr(s, "/../");
}

static bool set_path(void *field, size_t size, const char *value) { return path_ok(value) && set_text(field, size, value); }
static bool set_name(void *field, size_t size, const char *value) { return text_name_ok(value) && set_text(field, size, value); }
/* A program: found by its name, or at an absolute path. */
static bool set_program(void *field, size_t size, const char *value)
{
	return set_name(field, size, value) || set_path(field, size, value);
}

static bool set_number(void *field, const char *value, uint32_t min, uint32_t max)
{
	uint64_t n;
	if (!text_u64(value, max, &n) || n < min)
		return false;
	*(uint32_t *)field = (uint32_t)n;
	return true;
}

static bool set_leases(void *field, size_t size, const char *value)
{
	(void)size;
	return set_number(field, value, 1, LEASES_PER_NODE_MAX);
}

static bool set_uid_base(void *field, size_t size, const char *value)
{
	(void)size;
	return set_number(field, value, TASK_UIDS, UID_LIMIT - TASK_UIDS);
}

static bool set_threads(void *field, size_t size, const char *value)
{
	if (strcmp(value, "auto") != 0)
		return set_number(field, value, 1, LANES);
	memset(field, 0, size);
	return true;
}

static bool set_keep_blocks(void *field, size_t size, const char *value)
{
	if (strcmp(value, "all") != 0)
		return set_number(field, value, KEEP_BLOCKS_MIN, UINT32_MAX);
	memset(field, 0, size);
	return true;
}

static bool set_keep_states(void *field, size_t size, const char *value)
{
	(void)size;
	return set_number(field, value, 0, KEEP_STATES_MAX);
}

static bool set_fakes(void *field, size_t size, const char *value)
{
	(void)size;
	return set_number(field, value, 0, GPU_FAKES_MAX);
}

static bool set_interval(void *field, size_t size, const char *value)
{
	uint32_t s;
	(void)size;
	if (!text_duration(value, &s) || s < 1 || s > 86400)
		return false;
	*(uint32_t *)field = s;
	return true;
}

static bool set_uid(void *field, size_t size, const char *value)
{
	uid_t uid;
	gid_t gid;
	(void)size;
	if (set_number(field, value, 0, UID_LIMIT))
		return true;
	if (sysuser_find(value, &uid, &gid) != 0)
		return false;
	*(uint32_t *)field = uid;
	return true;
}

static bool set_level(void *field, size_t size, const char *value)
{
	static const char *const words[] = {"error", "warning", "info", "debug"};
	(void)size;
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		if (strcmp(value, words[i]) == 0) {
			*(int *)field = i;
			return true;
		}
	return false;
}

static bool set_reach(void *field, size_t size, const char *value)
{
	(void)size;
	return reach_by_word(value, field);
}

/* field is the whole conf: a device is added, it does not replace. */
static bool add_device(void *field, size_t size, const char *value)
{
	struct conf *c = field;
	(void)size;
	if (c->ndevices == DEVICES_PER_LEASE || strncmp(value, "/dev/", 5) != 0)
		return false;
	if (!set_path(c->devices[c->ndevices], sizeof c->devices[0], value))
		return false;
	c->ndevices++;
	return true;
}

/* "all", or uids and user names with commas or blanks between */
static bool set_uids(void *field, size_t size, const char *value)
{
	struct conf *c = field;
	char list[1024], *rest = list, *word;
	uint32_t n = 0;
	(void)size;
	if (strlen(value) >= sizeof list)
		return false;
	memcpy(list, value, strlen(value) + 1);
	c->trade_all = strcmp(value, "all") == 0;
	while (!c->trade_all && (word = strsep(&rest, ", \t")))
		if (*word && (n == CONF_UIDS_MAX || !set_uid(&c->uids[n++], sizeof c->uids[0], word)))
			return false;
	c->nuids = n;
	return c->trade_all || n > 0;
}

#define FIELD(field) offsetof(struct conf, field), sizeof((struct conf *)0)->field
#define WHOLE 0, sizeof(struct conf)
#define PATH "an absolute path, shorter than 256 bytes"
#define USER "a user name"
#define AMOUNT "an amount as on an order line, like 2, 0.5, 512M or 20mbit"

static const struct key keys[] = {
	{"node", "mount", set_path, FIELD(mount), PATH, false},
	{"node", "state_dir", set_path, FIELD(state_dir), PATH, false},
	{"node", "run_dir", set_path, FIELD(run_dir), PATH, false},
	{"node", "name", set_name, FIELD(node_name), "a name of letters, digits, . _ and -", false},
	{"node", "receipt_interval", set_interval, FIELD(receipt_interval_s), "a duration from 1s to 1d", false},
	{"node", "operator", set_uid, FIELD(operator_uid), "a user of this machine, by name or number", false},
	{"node", "user_ledger", set_name, FIELD(user_ledger), USER, false},
	{"node", "user_views", set_name, FIELD(user_views), USER, false},
	{"node", "user_plan", set_name, FIELD(user_plan), USER, false},
	{"node", "group", set_name, FIELD(group_zeus), "a group name", false},
	{"offer", "max_leases", set_leases, FIELD(max_leases), "a number from 1 to 1024", false},
	{"offer", "device", add_device, WHOLE, "a path below /dev, at most 8 of them", true},
	{"offer", "reach", set_reach, FIELD(reach), "none or host", false},
	{"offer", "gpus", set_text, FIELD(gpus), "none, all, or names, ids or bus addresses of GPUs", false},
	{"offer", "cdi", set_path, FIELD(cdi), PATH, false},
	{"offer", "gpu_fake", set_fakes, FIELD(gpu_fake), "a number from 0 to 3", false},
	{"trade", "uids", set_uids, WHOLE, "all, or at most 64 users of this machine by name or number", false},
	{"runtime", "runtime", set_program, FIELD(runtime), "auto, crun, runc or an absolute path", false},
	{"runtime", "conmon", set_program, FIELD(conmon), "a program's name or an absolute path", false},
	{"runtime", "task_uid_base", set_uid_base, FIELD(task_uid_base), "a number from 65536 up, with 65536 uids free above it", false},
	{"ledger", "threads", set_threads, FIELD(threads), "auto or a number from 1 to 9", false},
	{"ledger", "keep_blocks", set_keep_blocks, FIELD(keep_blocks), "all or a number from 64 up", false},
	{"ledger", "keep_states", set_keep_states, FIELD(keep_states), "a number from 0 to 65536", false},
	{"log", "level", set_level, FIELD(log_level), "error, warning, info or debug", false},
};

static_assert(sizeof keys / sizeof keys[0] <= 32, "conf_seen has a bit for every key");

static bool set_resource(struct resources *r, int kind, const char *value)
{
	uint32_t *v = &r->v[kind];
	switch ((enum resource_kind)kind) {
	case RES_CPU_MILLI: return text_cores(value, v);
	case RES_MEM_MIB: case RES_GPU_MEM_MIB: case RES_DISK_MIB: return text_size_mib(value, v);
	case RES_UP_KBPS: case RES_DOWN_KBPS: return text_rate_kbps(value, v);
	case RES_GPU: case RES_IOPS: case RES_CONN: case RES_PIDS: return set_number(v, value, 0, UINT32_MAX);
	case RES_SPARE_A: case RES_SPARE_B: return false;
	}
	return false;
}

/* [offer] cpu= mem= ... and lease_cpu= lease_mem= ...; *found tells whether name is one of them */
static bool set_offer(struct conf *c, struct conf_seen *seen, const char *name, const char *value, bool *found, bool *twice)
{
	bool lease = strncmp(name, "lease_", 6) == 0;
	int kind = resource_by_word(lease ? name + 6 : name);
	uint32_t *bits = lease ? &seen->per_lease : &seen->offer;
	*found = kind >= 0;
	if (kind < 0)
		return false;
	*twice = *bits >> kind & 1;
	*bits |= 1U << kind;
	*(lease ? &c->per_lease_given : &c->offer_given) |= 1U << kind;
	return !*twice && set_resource(lease ? &c->per_lease : &c->offer, kind, value);
}

static const struct key *key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool key_apply(struct conf *c, struct conf_seen *seen, const struct key *key, const char *value, bool *twice)
{
	uint32_t bit = 1U << (key - keys);
	*twice = (seen->keys & bit) && !key->repeats;
	seen->keys |= bit;
	if (!strcmp(key->name, "run_dir"))
		c->run_dir_given = true;
	return !*twice && key->set((char *)c + key->at, key->size, value);
}

bool conf_key_set(struct conf *c, struct conf_seen *seen, const char *section, const char *name, const char *value, char *text, size_t cap)
{
	const struct key *key = key_find(section, name);
	bool found = key != NULL, twice = false, ok = false;
	char shown[64];
	if (key)
		ok = key_apply(c, seen, key, value, &twice);
	else if (strcmp(section, "offer") == 0)
		ok = set_offer(c, seen, name, value, &found, &twice);
	if (ok)
		return true;
	log_escape(found ? value : section, shown, sizeof shown);
	if (!found)
		snprintf(text, cap, "there is no key %.40s in section [%s]; see zeus.conf(5)", name, shown);
	else if (twice)
		snprintf(text, cap, "%s is given twice in this file", name);
	else
		snprintf(text, cap, "%s = %s: expected %s", name, shown, key ? key->wanted : AMOUNT);
	return false;
}

void conf_keys_finish(struct conf *c)
{
	c->offer_all = c->offer_given == 0;
	for (int k = 0; k < RESOURCES; k++)
		if (!(c->per_lease_given >> k & 1))
			c->per_lease.v[k] = c->offer.v[k];
	if (!c->run_dir_given && strcmp(c->state_dir, CONF_STATE_DIR) != 0)
		conf_set_state_dir(c, c->state_dir);
}

static void host_name(char out[NAME_MAX_LEN + 1])
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	host[strcspn(host, ".")] = '\0';
	strcpy(out, "node");
	set_name(out, NAME_MAX_LEN + 1, host);
}

void conf_defaults(struct conf *c)
{
	*c = (struct conf){
		.mount = "/zeus", .state_dir = CONF_STATE_DIR, .run_dir = "/run/zeus", .receipt_interval_s = 60, .keep_states = 1024,
		.user_ledger = "zeus-ledger", .user_views = "zeus-views", .user_plan = "zeus-plan", .group_zeus = "zeus",
		.offer_all = true, .max_leases = 64, .trade_all = true, .runtime = "auto", .conmon = "conmon", .gpus = "none",
		.task_uid_base = 524288, .log_level = LOG_LEVEL_INFO,
	};
	host_name(c->node_name);
}

bool conf_set_state_dir(struct conf *c, const char *dir)
{
	char state[CONF_PATH_LEN], run[CONF_PATH_LEN];
	if (!set_path(state, sizeof state, dir))
		return false;
	if (snprintf(run, sizeof run, "%s/run", dir) >= (int)sizeof run)
		return false;
	memcpy(c->state_dir, state, sizeof state);
	if (!c->run_dir_given)
		memcpy(c->run_dir, run, sizeof run);
	return true;
}

bool conf_uid_may_trade(const struct conf *c, uid_t uid)
{
	for (uint32_t i = 0; i < c->nuids; i++)
		if (c->uids[i] == uid)
			return true;
	return c->trade_all;
}
