/* Which control group hierarchies this machine has, where each controller is, and where our groups may be made.
 *
 * It knows /proc/mounts, statfs magics and delegation. It does not know leases or limits. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <libcgroup.h>
#include "common/cleanup.h"
#include "kernel-facing/group.h"

#define HOLDER "holder" /* the leaf for the processes of a service whose group was delegated */
#define DEPTH_MAX 6

static const char *const ctl_words[CTL_KINDS] = {"cpu", "cpuacct", "memory", "pids", "devices", "freezer", "blkio"};

const char *group_mode_word(enum group_mode m)
{
	switch (m) {
	case GROUP_V1:
		return "v1";
	case GROUP_HYBRID:
		return "hybrid";
	case GROUP_V2:
		return "v2";
	}
	return "";
}

static int remember_mount(struct group_host *h, const struct mntent *m)
{
	bool v2 = !strcmp(m->mnt_type, "cgroup2");
	struct statfs fs;
	if (statfs(m->mnt_dir, &fs) < 0 || fs.f_type != (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
		return 0; /* covered by another mount */
	if (strlen(m->mnt_dir) >= GROUP_PATH_MAX)
		return -ENAMETOOLONG;
	for (uint32_t i = 0; i < h->nmounts; i++)
		if (!strcmp(h->mounts[i], m->mnt_dir))
			return 0;
	if (h->nmounts == GROUP_MOUNTS_MAX)
		return -ENOSPC;
	strcpy(h->mounts[h->nmounts++], m->mnt_dir);
	if (v2) {
		if (!h->v2[0])
			strcpy(h->v2, m->mnt_dir);
		return 0;
	}
	for (int c = 0; c < CTL_KINDS; c++)
		if (hasmntopt(m, ctl_words[c]) && !h->ctl[c][0])
			strcpy(h->ctl[c], m->mnt_dir);
	return 0;
}

static int find_mounts(struct group_host *h)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return -errno;
	struct mntent m;
	char buf[2048];
	int r = 0;
	while (r == 0 && getmntent_r(f, &m, buf, sizeof buf))
		if (!strcmp(m.mnt_type, "cgroup") || !strcmp(m.mnt_type, "cgroup2"))
			r = remember_mount(h, &m);
	endmntent(f);
	return r;
}

/* Our own group in the v2 tree, without its leading slash; "" at the root. */
static int own_v2_group(char out[HOST_PATH])
{
	char text[4096];
	int r = host_read("/proc/self/cgroup", text, sizeof text, NULL);
	if (r < 0)
		return r;
	char *p = !strncmp(text, "0::/", 4) ? text : strstr(text, "\n0::/");
	if (!p)
		return -ENOENT;
	p = strstr(p, "0::/") + 4;
	p[strcspn(p, "\n")] = 0;
	return host_path(out, "%s", p);
}

static bool is_delegated(const struct group_host *h, const char *own)
{
	char path[HOST_PATH], value[8];
	if (!own[0] || host_path(path, "%s/%s", h->v2, own) < 0)
		return false;
	return getxattr(path, "trusted.delegate", value, sizeof value) == 1 || getxattr(path, "user.delegate", value, sizeof value) == 1;
}

/* A group with processes of its own cannot hand out controllers: they move to a leaf beside the leases. */
static int vacate(const struct group_host *h, const char *group)
{
	char from[HOST_PATH], leaf[HOST_PATH], to[HOST_PATH];
	int r = host_path(from, "%s/%s/cgroup.procs", h->v2, group);
	r = r < 0 ? r : host_path(leaf, "%s/%s/" HOLDER, h->v2, group);
	r = r < 0 ? r : host_path(to, "%s/cgroup.procs", leaf);
	if (r < 0)
		return r;
	if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return -errno;
	for (int round = 0; round < 8; round++) {
		autofclose FILE *f = fopen(from, "re");
		if (!f)
			return -errno;
		int pid, n = 0;
		for (; fscanf(f, "%d", &pid) == 1; n++)
			if ((r = host_write_u64(to, (uint64_t)pid)) < 0 && r != -ESRCH)
				return r;
		if (n == 0)
			return 0;
	}
	return -EBUSY;
}

/* Each level must offer the controllers to the next before a group there can use them. */
static int enable_below(const struct group_host *h, const char *group)
{
	static const char *const wanted[] = {"+cpu", "+memory", "+pids", "+io"};
	char path[HOST_PATH];
	int r = host_path(path, "%s/%s%scgroup.subtree_control", h->v2, group, group[0] ? "/" : "");
	for (size_t i = 0; r == 0 && i < sizeof wanted / sizeof *wanted; i++) {
		r = host_write(path, wanted[i]);
		if (r < 0 && i == 3)
			r = 0; /* io is measured where there is a controller for it */
	}
	return r;
}

static int make_v2_base(struct group_host *h, const char *prefix)
{
	char path[HOST_PATH], part[GROUP_PATH_MAX];
	int r = enable_below(h, prefix);
	for (const char *p = h->base + strlen(prefix); r == 0 && *p;) {
		p += *p == '/';
		size_t end = (size_t)(p - h->base) + strcspn(p, "/");
		snprintf(part, sizeof part, "%.*s", (int)end, h->base);
		r = host_path(path, "%s/%s", h->v2, part);
		if (r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
			r = -errno;
		r = r < 0 ? r : enable_below(h, part);
		p = h->base + end;
	}
	return r;
}

/* The group that was delegated to us, "" if none was: our own, or that of the service beside the broker's that holds the leases. */
static int delegated_group(const struct group_host *h, char out[HOST_PATH])
{
	char own[HOST_PATH];
	int r = own_v2_group(own);
	if (r < 0)
		return r;
	char *last = strrchr(own, '/');
	/* A broker started again in its leaf, and a delegated service's commands: the service is one level up. */
	if (last && (!strcmp(last, "/" HOLDER) || !strcmp(last, "/.control"))) {
		*last = 0;
		last = strrchr(own, '/');
	}
	if (last && !strcmp(last, "/zeus-broker.service"))
		strcpy(last, "/zeus-leases.service");
	return host_path(out, "%s", is_delegated(h, own) ? own : "");
}

/* Where an earlier broker of this instance left leases: below which group, however that one was started. False: nowhere. */
static bool find_leases(const char *dir, const char *base, int depth, char out[HOST_PATH])
{
	char path[HOST_PATH];
	struct stat st;
	/* A directory of a control group file system has two links and one for each group in it. */
	if (host_path(path, "%s/%s", dir, base) == 0 && stat(path, &st) == 0 && st.st_nlink > 2)
		return host_path(out, "%s", dir) == 0;
	DIR *d = depth < DEPTH_MAX ? opendir(dir) : NULL;
	bool found = false;
	for (struct dirent *e; d && !found && (e = readdir(d));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && host_path(path, "%s/%s", dir, e->d_name) == 0)
			found = find_leases(path, base, depth + 1, out);
	if (d)
		closedir(d);
	return found;
}

/* Without its leading slash; "" for the root. */
static int choose_prefix(const struct group_host *h, const char *base, char out[HOST_PATH])
{
	char found[HOST_PATH];
	if (!find_leases(h->v2, base, 0, found))
		return delegated_group(h, out);
	const char *below = found + strlen(h->v2);
	return host_path(out, "%s", below + (*below == '/'));
}

static int init_v2(struct group_host *h, const char *instance, char *why)
{
	char base[GROUP_PATH_MAX], prefix[HOST_PATH];
	snprintf(base, sizeof base, "zeus/%s", instance);
	for (int c = 0; c < CTL_KINDS; c++)
		strcpy(h->ctl[c], h->v2);
	int r = choose_prefix(h, base, prefix);
	if (r < 0)
		return r;
	int n = snprintf(h->base, sizeof h->base, "%s%s%s", prefix, prefix[0] ? "/" : "", base);
	if (n < 0 || (size_t)n >= sizeof h->base)
		return -ENAMETOOLONG;
	r = prefix[0] ? vacate(h, prefix) : 0;
	r = r < 0 ? r : make_v2_base(h, prefix);
	if (r < 0)
		host_say(why, 256, "cannot make groups under %s/%s: %s; run as root, or as a service with Delegate=yes", h->v2,
		    prefix, strerror(-r));
	return r;
}

static int init_v1(struct group_host *h, const char *instance, char *why)
{
	static const enum group_ctl needed[] = {CTL_CPU, CTL_CPUACCT, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER};
	snprintf(h->base, sizeof h->base, "zeus/%s", instance);
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!h->ctl[needed[i]][0]) {
			host_say(why, 256, "the %s control group controller is not mounted; see /proc/mounts", ctl_words[needed[i]]);
			return -ENODEV;
		}
	return 0;
}

int group_host_init(struct group_host *h, const char *instance, char *why)
{
	*h = (struct group_host){0};
	int r = find_mounts(h);
	if (r < 0 || h->nmounts == 0) {
		host_say(why, 256, "no control group hierarchy is mounted; mount cgroup2 on /sys/fs/cgroup");
		return r < 0 ? r : -ENODEV;
	}
	/* libcgroup keeps a table of mounts of its own. */
	int c = cgroup_init();
	if (c) {
		host_say(why, 256, "libcgroup: %s", cgroup_strerror(c));
		return -ENODEV;
	}
	h->mode = !h->ctl[CTL_MEMORY][0] && h->v2[0] ? GROUP_V2 : h->v2[0] ? GROUP_HYBRID : GROUP_V1;
	return h->mode == GROUP_V2 ? init_v2(h, instance, why) : init_v1(h, instance, why);
}

int group_file(const struct group_host *h, enum group_ctl ctl, const char *leaf, const char *file, char out[HOST_PATH])
{
	if (!h->ctl[ctl][0])
		return -ENOENT;
	return host_path(out, "%s/%s/%s%s%s", h->ctl[ctl], h->base, leaf, file[0] ? "/" : "", file);
}

int group_v2_file(const struct group_host *h, const char *leaf, const char *file, char out[HOST_PATH])
{
	if (!h->v2[0])
		return -ENOENT;
	return host_path(out, "%s/%s/%s%s%s", h->v2, h->base, leaf, file[0] ? "/" : "", file);
}
