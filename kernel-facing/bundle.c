/* An OCI runtime configuration (runtime-spec 1.0.2) for one task.
 *
 * It knows what a task may see of the machine, which is nearly nothing. It does not know runtimes' command lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "common/cleanup.h"
#include "kernel-facing/bundle.h"
#include "kernel-facing/host.h"

#define IDS 65536
#define OOM_SCORE 500 /* a task dies before a daemon of the machine does */
#define FILES_MAX 4096 /* a runtime in a user namespace cannot raise what it inherits */

static json_t *strings(const char *const *list, size_t n)
{
	json_t *a = json_array();
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(a, json_string(list[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

/* Is a variable of that name in the list? */
static bool is_set(const json_t *list, const char *variable)
{
	size_t i, len = strcspn(variable, "=") + 1;
	json_t *v;
	json_array_foreach(list, i, v)
		if (!strncmp(json_string_value(v), variable, len))
			return true;
	return false;
}

/* A device's variables say what the kernel allows, so they are not the task's to change. Of two devices the first has the word. */
static json_t *environment(const struct bundle *b)
{
	static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const struct task_spec *spec = b->spec;
	json_t *env = json_array(), *v;
	size_t k;
	int r = 0;
	for (uint32_t i = 0; i < b->ngpus; i++)
		json_array_foreach(b->gpus[i]->env, k, v)
			if (!is_set(env, json_string_value(v)))
				r |= json_array_append(env, v);
	json_t *own = strings(spec->env, spec->nenv), *given = json_copy(env);
	json_array_foreach(own, k, v)
		if (!is_set(given, json_string_value(v)))
			r |= json_array_append(env, v);
	if (own && !is_set(env, "PATH="))
		r |= json_array_append_new(env, json_string(path));
	if (!own || r) {
		json_decref(env);
		env = NULL;
	}
	json_decref(own);
	json_decref(given);
	return env;
}

static json_t *process(const struct bundle *b)
{
	const struct task_spec *spec = b->spec;
	return json_pack("{s:b, s:{s:i,s:i}, s:o, s:o, s:s, s:{s:[],s:[],s:[],s:[],s:[]}, s:b, s:i, s:[{s:s,s:i,s:i},{s:s,s:i,s:i}]}",
	    "terminal", 0, "user", "uid", 0, "gid", 0,
	    "args", strings(spec->args, spec->nargs), "env", environment(b), "cwd", spec->cwd[0] ? spec->cwd : "/",
	    "capabilities", "bounding", "effective", "inheritable", "permitted", "ambient",
	    "noNewPrivileges", 1, "oomScoreAdj", OOM_SCORE,
	    "rlimits", "type", "RLIMIT_NOFILE", "hard", FILES_MAX, "soft", 1024, "type", "RLIMIT_CORE", "hard", 0, "soft", 0);
}

static int add_mount(json_t *mounts, const char *to, const char *type, const char *from, const char *const *options, size_t n)
{
	return json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", to, "type", type, "source", from,
	    "options", strings(options, n)));
}

#define ADD_MOUNT(mounts, to, type, from, ...) \
	add_mount(mounts, to, type, from, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Two devices of one vendor bring the same libraries. */
static int add_missing(json_t *mounts, const json_t *more)
{
	size_t i, k;
	json_t *v, *have;
	json_array_foreach(more, i, v)
	{
		bool found = false;
		json_array_foreach(mounts, k, have)
			found |= json_equal(json_object_get(have, "destination"), json_object_get(v, "destination"));
		if (!found && json_array_append(mounts, v) < 0)
			return -1;
	}
	return 0;
}

/* /sys is an empty tmpfs: sysfs would need a network namespace of the task's own user namespace. devpts without gid=5: that id is
 * not the host's tty group in there. */
static json_t *mounts(const struct bundle *b)
{
	json_t *m = json_array();
	int r = ADD_MOUNT(m, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
	r |= ADD_MOUNT(m, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=64k");
	r |= ADD_MOUNT(m, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620");
	r |= ADD_MOUNT(m, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=64m");
	r |= ADD_MOUNT(m, "/sys", "tmpfs", "tmpfs", "ro", "nosuid", "noexec", "nodev", "mode=555", "size=4k");
	for (uint32_t i = 0; i < b->ndevices; i++) {
		char to[HOST_PATH], from[HOST_PATH];
		const char *name = b->devices[i].name;
		if (host_path(to, "/dev/%s", name) < 0 || host_path(from, "%s/%s", b->dev_dir, name) < 0)
			r = -1;
		else
			r |= ADD_MOUNT(m, to, "bind", from, "bind", "nosuid", "noexec");
	}
	for (uint32_t i = 0; i < b->ngpus; i++)
		if (b->gpus[i]->mounts)
			r |= add_missing(m, b->gpus[i]->mounts);
	if (r) {
		json_decref(m);
		return NULL;
	}
	return m;
}

static json_t *linux_part(const struct bundle *b)
{
	static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	    "/proc/scsi", "/proc/kpagecount", "/proc/kpageflags", "/proc/kpagecgroup",
	    "/proc/interrupts"};
	static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
	return json_pack("{s:[{s:i,s:i,s:i}], s:[{s:i,s:i,s:i}], s:[{s:s},{s:s},{s:s},{s:s},{s:s},{s:s},{s:s,s:s}], s:s, s:o, s:o, s:o}",
	    "uidMappings", "containerID", 0, "hostID", (int)b->uid_base, "size", IDS,
	    "gidMappings", "containerID", 0, "hostID", (int)b->uid_base, "size", IDS,
	    "namespaces", "type", "pid", "type", "ipc", "type", "uts", "type", "mount", "type", "cgroup", "type", "user",
	    "type", "network", "path", b->netns,
	    "cgroupsPath", b->cgroup, "seccomp", bundle_seccomp(),
	    "maskedPaths", strings(masked, sizeof masked / sizeof *masked),
	    "readonlyPaths", strings(readonly, sizeof readonly / sizeof *readonly));
}

char *bundle_text(const struct bundle *b)
{
	json_t *j = json_pack("{s:s, s:o, s:{s:s,s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2", "process", process(b),
	    "root", "path", b->root, "readonly", (int)b->readonly, "hostname", b->hostname, "mounts", mounts(b), "linux", linux_part(b));
	if (!j)
		return NULL;
	char *text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}

int bundle_write(const struct bundle *b, const char *path)
{
	autofree char *text = bundle_text(b);
	if (!text)
		return -EINVAL;
	return host_swap(path, text, strlen(text), 0600);
}
