/* The files that hold a lease's limits, kept open, and a hash over what is in them.
 *
 * It knows which files they are on v1 and v2. It does not know what should be in them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "kernel-facing/device_bpf.h"
#include "kernel-facing/watch.h"

#define TEXT_MAX_LEN 8192
#define DEVICES_V2 (WATCH_FILES - 1) /* the group's directory: its programs are asked for, there is no file of them */

struct source { enum group_ctl ctl; const char *v1, *v2; };

static const struct source sources[] = {
    {CTL_CPU, "cpu.cfs_quota_us", "cpu.max"},
    {CTL_CPU, "cpu.cfs_period_us", NULL},
    {CTL_MEMORY, "memory.limit_in_bytes", "memory.max"},
    {CTL_MEMORY, "memory.memsw.limit_in_bytes", "memory.swap.max"},
    {CTL_MEMORY, "memory.oom_control", "memory.high"},
    {CTL_PIDS, "pids.max", "pids.max"},
    {CTL_DEVICES, "devices.list", NULL},
    {CTL_FREEZER, "freezer.state", "cgroup.freeze"},
    {CTL_BLKIO, "blkio.throttle.read_iops_device", "io.max"},
    {CTL_BLKIO, "blkio.throttle.write_iops_device", NULL},
};
_Static_assert(sizeof sources / sizeof *sources < WATCH_FILES, "there is a descriptor for each file and for the directory");

void watch_init(struct watch *w)
{
	*w = (struct watch){.told_fd = -1};
	for (int i = 0; i < WATCH_FILES; i++)
		w->fd[i] = -1;
	for (int i = 0; i < WATCH_DIRS; i++)
		w->wd[i] = -1;
}

void watch_close(struct watch *w)
{
	for (int i = 0; i < WATCH_FILES; i++)
		if (w->fd[i] >= 0)
			close(w->fd[i]);
	if (w->told_fd >= 0)
		close(w->told_fd);
	watch_init(w);
}

int watch_open(struct watch *w, const struct group_host *h, const char *leaf)
{
	char path[HOST_PATH];
	bool v2 = h->mode == GROUP_V2;
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		const char *name = v2 ? sources[i].v2 : sources[i].v1;
		if (name && group_file(h, sources[i].ctl, leaf, name, path) == 0)
			w->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (v2 && group_v2_file(h, leaf, "", path) == 0)
		w->fd[DEVICES_V2] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->open = w->fd[0] >= 0;
	return w->open ? 0 : -EIO;
}

int watch_writes(struct watch *w, const struct group_host *h, const char *leaf, int inotify)
{
	static const enum group_ctl kinds[WATCH_DIRS] = {CTL_CPU, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER};
	char path[HOST_PATH];
	int n = h->mode == GROUP_V2 ? 1 : WATCH_DIRS, r = 0;
	for (int i = 0; i < n && r == 0; i++) {
		r = group_file(h, kinds[i], leaf, "", path);
		if (r == 0 && (w->wd[i] = inotify_add_watch(inotify, path, IN_MODIFY | IN_ONLYDIR)) < 0)
			r = -errno;
	}
	if (r < 0) /* those that were made are taken for somebody else's, and end with the group */
		w->wd[0] = -1;
	return r;
}

bool watch_has(const struct watch *w, int wd)
{
	for (int i = 0; i < WATCH_DIRS; i++)
		if (w->wd[i] == wd)
			return true;
	return false;
}

/* FNV-1a: tells one text from another, guards against nothing. */
static uint64_t mix(uint64_t h, const void *p, size_t len)
{
	const unsigned char *at = p;
	h = (h ^ len) * 1099511628211ull;
	for (; len; len--)
		h = (h ^ *at++) * 1099511628211ull;
	return h;
}

uint64_t watch_hash(const struct watch *w)
{
	char text[TEXT_MAX_LEN];
	uint64_t hash = 14695981039346656037ull;
	for (int i = 0; i < WATCH_FILES; i++) {
		ssize_t n = 0;
		if (w->fd[i] >= 0)
			n = i == DEVICES_V2 ? device_bpf_list(w->fd[i], text, sizeof text) : pread(w->fd[i], text, sizeof text, 0);
		if (n < 0)
			return 0;
		hash = mix(hash, text, (size_t)n);
	}
	return hash | 1;
}
