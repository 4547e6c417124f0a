/* A lease's control groups as directories: made, joined, frozen, killed, removed.
 *
 * It knows processes and directories in every hierarchy. It does not know limits (group_limit.c) or devices (device.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <libcgroup.h>
#include "common/cleanup.h"
#include "kernel-facing/group.h"

#define FREEZE_TRIES 64
#define GROUP_DEPTH_MAX 8

static const char *const v1_controllers[] = {"cpu", "cpuacct", "memory", "pids", "devices", "freezer", "blkio"};
static const char *const v2_controllers[] = {"cpu", "memory", "pids"};

/* libcgroup's return codes mislead (2.0.2 reports failure for groups that it made): what counts is what is there afterwards. */
static int make_with_libcgroup(const struct group_host *h, const char *leaf)
{
	char name[GROUP_PATH_MAX + GROUP_LEAF_MAX];
	snprintf(name, sizeof name, "%s/%s", h->base, leaf);
	struct cgroup *cg = cgroup_new_cgroup(name);
	if (!cg)
		return -ENOMEM;
	const char *const *words = h->mode == GROUP_V2 ? v2_controllers : v1_controllers;
	size_t n = h->mode == GROUP_V2 ? sizeof v2_controllers / sizeof *v2_controllers : sizeof v1_controllers / sizeof *v1_controllers;
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		if ((h->mode == GROUP_V2 || h->ctl[i][0]) && !cgroup_add_controller(cg, words[i]))
			r = -ENOMEM;
	if (r == 0)
		(void)cgroup_create_cgroup(cg, 1);
	cgroup_free(&cg);
	return r;
}

static int make_v2_dir(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	int r = group_v2_file(h, leaf, "", path);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char *p = path + strlen(h->v2) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0755);
		*p = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_everywhere(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	for (int c = 0; c < CTL_KINDS; c++)
		if (h->ctl[c][0] && (group_file(h, (enum group_ctl)c, leaf, "", path) < 0 || !host_exists(path)))
			return false;
	return true;
}

bool group_whole(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	return is_everywhere(h, leaf) && (group_v2_file(h, leaf, "", path) < 0 || host_exists(path));
}

/* The v2 tree names no controllers. */
static bool is_used(const struct group_host *h, char *words)
{
	if (!words[0])
		return h->v2[0];
	for (char *save, *word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save))
		for (size_t i = 0; i < sizeof v1_controllers / sizeof *v1_controllers; i++)
			if (h->mode != GROUP_V2 && !strcmp(word, v1_controllers[i]))
				return true;
	return false;
}

/* Where the kernel has the process, as /proc/<pid>/cgroup says: "hierarchy:controllers:path" lines. */
int group_strays(const struct group_host *h, const char *leaf, pid_t pid, uint32_t *n)
{
	char path[HOST_PATH], text[4096], within[HOST_PATH];
	int r = host_path(path, "/proc/%d/cgroup", (int)pid);
	r = r < 0 ? r : host_path(within, "%s/%s", h->base, leaf);
	r = r < 0 ? r : host_read(path, text, sizeof text, NULL);
	if (r < 0)
		return r;
	*n = 0;
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *words = strchr(line, ':'), *where = words ? strchr(words + 1, ':') : NULL;
		if (!where)
			return -EBADMSG;
		*where++ = 0;
		*n += !strstr(where, within) && is_used(h, words + 1);
	}
	return 0;
}

/* v2: the base lies in the group of a service, which systemd removes and makes again. What anybody makes there in between keeps the service
 * from starting; so a base that is gone is made again by whoever starts next (group_host_init), and by nobody else. */
static bool base_stands(const struct group_host *h)
{
	char path[HOST_PATH];
	return h->mode != GROUP_V2 || (host_path(path, "%s/%s", h->v2, h->base) == 0 && host_exists(path));
}

int group_make(const struct group_host *h, const char *leaf)
{
	int r = base_stands(h) ? make_with_libcgroup(h, leaf) : -ENODEV;
	if (r == 0 && h->v2[0])
		r = make_v2_dir(h, leaf);
	if (r == 0 && !is_everywhere(h, leaf))
		r = -EIO;
	if (r == 0 && h->mode == GROUP_V2) {
		char path[HOST_PATH];
		r = group_v2_file(h, leaf, "cgroup.subtree_control", path);
		r = r < 0 ? r : host_write(path, "+cpu +memory +pids");
	}
	return r;
}

static enum group_ctl keeper_ctl(void) { return CTL_FREEZER; }

int group_keeper_make(const struct group_host *h, const char *leaf)
{
	if (h->mode == GROUP_V2)
		return make_v2_dir(h, leaf);
	char path[HOST_PATH];
	int r = group_file(h, keeper_ctl(), leaf, "", path);
	return r < 0 ? r : mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int group_keeper_procs(const struct group_host *h, const char *leaf, char out[HOST_PATH])
{
	return group_file(h, keeper_ctl(), leaf, "cgroup.procs", out);
}

bool group_exists(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	return group_file(h, CTL_FREEZER, leaf, "", path) == 0 && host_exists(path);
}

int group_freeze(const struct group_host *h, const char *leaf, bool frozen)
{
	char path[HOST_PATH];
	bool v2 = h->mode == GROUP_V2;
	int r = group_file(h, CTL_FREEZER, leaf, v2 ? "cgroup.freeze" : "freezer.state", path);
	r = r < 0 ? r : host_write(path, v2 ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED");
	if (r < 0 || frozen || group_file(h, CTL_FREEZER, leaf, v2 ? "task/cgroup.freeze" : "task/freezer.state", path) < 0)
		return r;
	(void)host_write(path, v2 ? "0" : "THAWED"); /* there may be none, and somebody may have frozen it */
	return 0;
}

bool group_frozen(const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH], text[256];
	bool v2 = h->mode == GROUP_V2;
	if (group_file(h, CTL_FREEZER, leaf, v2 ? "cgroup.events" : "freezer.state", path) < 0 ||
	    host_read(path, text, sizeof text, NULL) < 0)
		return false;
	uint64_t v = 0;
	return v2 ? host_keyed(text, "frozen", &v) && v == 1 : !strncmp(text, "FROZEN", 6);
}

bool group_freeze_asked(const struct group_host *h, const char *leaf)
{
	static const char *const v1[] = {"freezer.self_freezing", "task/freezer.self_freezing"};
	static const char *const v2[] = {"cgroup.freeze", "task/cgroup.freeze"};
	for (int i = 0; i < 2; i++) {
		char path[HOST_PATH];
		uint64_t v = 0;
		int r = group_file(h, CTL_FREEZER, leaf, h->mode == GROUP_V2 ? v2[i] : v1[i], path);
		if (r == 0 && host_read_u64(path, &v) == 0 && v)
			return true;
	}
	return false;
}

/* Each process of the tree, first its own then those below; returns how many there were. */
static int each_process(const char *dir, int depth, void (*f)(pid_t pid))
{
	char path[HOST_PATH];
	if (depth > GROUP_DEPTH_MAX || host_path(path, "%s/cgroup.procs", dir) < 0)
		return 0;
	int n = 0, pid;
	autofclose FILE *procs = fopen(path, "re");
	while (procs && fscanf(procs, "%d", &pid) == 1) {
		n++;
		if (f && pid > 1)
			f((pid_t)pid);
	}
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && host_path(path, "%s/%s", dir, e->d_name) == 0)
			n += each_process(path, depth + 1, f);
	if (d)
		closedir(d);
	return n;
}

static void kill_one(pid_t pid) { kill(pid, SIGKILL); }

int group_count(const struct group_host *h, const char *leaf)
{
	char dir[HOST_PATH];
	return group_file(h, CTL_FREEZER, leaf, "", dir) < 0 ? 0 : each_process(dir, 0, NULL);
}

static bool file_names(const char *path, pid_t wanted)
{
	int pid;
	autofclose FILE *f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid == (int)wanted)
			return true;
	return false;
}

bool group_has_inner(const struct group_host *h, const char *leaf, pid_t pid)
{
	static const enum group_ctl limiting[] = {CTL_CPU, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER};
	char path[HOST_PATH];
	for (size_t i = 0; i < sizeof limiting / sizeof *limiting; i++)
		if (group_file(h, limiting[i], leaf, GROUP_INNER "/cgroup.procs", path) < 0 || !file_names(path, pid))
			return false;
	return true;
}

/* v1: while frozen nothing can fork, so one pass sees all; the signal is taken at the thaw. */
int group_kill(const struct group_host *h, const char *leaf)
{
	char dir[HOST_PATH];
	int n = group_count(h, leaf);
	if (n == 0) {
		group_freeze(h, leaf, false);
		return 0;
	}
	if (h->mode == GROUP_V2 && group_v2_file(h, leaf, "cgroup.kill", dir) == 0 && host_write(dir, "1") == 0) {
		group_freeze(h, leaf, false);
		return n;
	}
	group_freeze(h, leaf, true);
	for (int i = 0; i < FREEZE_TRIES && !group_frozen(h, leaf); i++)
		sched_yield();
	if (group_file(h, CTL_FREEZER, leaf, "", dir) == 0)
		n = each_process(dir, 0, kill_one);
	group_freeze(h, leaf, false);
	return n;
}

static int remove_tree(const char *dir, int depth, bool self)
{
	int r = 0;
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; depth < GROUP_DEPTH_MAX && (e = readdir(d));) {
		char path[HOST_PATH];
		if (e->d_type != DT_DIR || e->d_name[0] == '.' || host_path(path, "%s/%s", dir, e->d_name) < 0)
			continue;
		int one = remove_tree(path, depth + 1, true);
		r = r ? r : one;
	}
	closedir(d);
	if (self && rmdir(dir) < 0 && errno != ENOENT && r == 0)
		r = -errno;
	return r;
}

static int remove_everywhere(const struct group_host *h, const char *leaf, bool self)
{
	int r = 0;
	for (uint32_t i = 0; i < h->nmounts; i++) {
		char path[HOST_PATH];
		int one = host_path(path, "%s/%s/%s", h->mounts[i], h->base, leaf);
		one = one < 0 ? one : remove_tree(path, 0, self);
		r = r ? r : one;
	}
	return r;
}

int group_remove_inner(const struct group_host *h, const char *leaf) { return remove_everywhere(h, leaf, false); }

/* Not libcgroup's delete: it leaves what the runtime made in hierarchies that it was not asked about. */
int group_remove(const struct group_host *h, const char *leaf) { return remove_everywhere(h, leaf, true); }

int group_each(const struct group_host *h, void (*f)(void *ctx, const char *leaf), void *ctx)
{
	for (uint32_t i = 0; i < h->nmounts; i++) {
		char path[HOST_PATH];
		int r = host_path(path, "%s/%s", h->mounts[i], h->base);
		if (r < 0)
			return r;
		DIR *d = opendir(path);
		for (struct dirent *e; d && (e = readdir(d));)
			if (e->d_type == DT_DIR && strlen(e->d_name) < GROUP_LEAF_MAX && e->d_name[0] != '.')
				f(ctx, e->d_name);
		if (d)
			closedir(d);
	}
	return 0;
}

int group_id(const struct group_host *h, const char *leaf, uint64_t *out)
{
	char path[HOST_PATH];
	struct stat st;
	int r = group_file(h, CTL_CPUACCT, leaf, "", path);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return -errno;
	*out = st.st_ino;
	return 0;
}

void group_base_remove(const struct group_host *h)
{
	for (uint32_t i = 0; i < h->nmounts; i++) {
		char path[HOST_PATH];
		if (host_path(path, "%s/%s", h->mounts[i], h->base) < 0)
			continue;
		rmdir(path);
		char *slash = strrchr(path, '/');
		*slash = 0;
		rmdir(path); /* zeus itself: refused while another installation has groups there */
	}
}
