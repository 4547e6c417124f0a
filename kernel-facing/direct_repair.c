/* What somebody else on this machine took apart: groups that were removed, a task that was moved out of them, links that are gone or down.
 *
 * It knows what must be there and puts it back. It does not know limits, which are compared afterwards (direct_check.c). */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"

int repair_groups(struct direct *d, struct lease *l)
{
	int r = group_make(&d->groups, l->leaf);
	r = r < 0 ? r : group_keeper_make(&d->groups, l->keeper);
	r = r < 0 ? r : group_id(&d->groups, l->leaf, &l->group_id);
	if (r < 0)
		return r;
	watch_close(&l->watch);
	meter_close(&l->meter); /* what was open is of a group that is gone */
	return meter_open(&l->meter, &d->groups, l->leaf);
}

static int pid_namespace(pid_t pid, struct stat *st)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
	return stat(path, st) < 0 ? -errno : 0;
}

/* Into the group below the lease's, in each hierarchy; hybrid: in the v2 tree into the lease's own. */
static int move_in(struct direct *d, struct lease *l, pid_t pid)
{
	char path[HOST_PATH];
	int r = 0;
	for (int c = 0; c < CTL_KINDS && r == 0; c++) {
		if (group_file(&d->groups, (enum group_ctl)c, l->leaf, "task", path) < 0)
			continue;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		r = group_file(&d->groups, (enum group_ctl)c, l->leaf, "task/cgroup.procs", path);
		r = r < 0 ? r : host_write_u64(path, (uint64_t)pid);
	}
	if (r < 0 || d->groups.mode != GROUP_HYBRID)
		return r;
	r = group_v2_file(&d->groups, l->leaf, "cgroup.procs", path);
	return r < 0 ? r : host_write_u64(path, (uint64_t)pid);
}

/* Whoever lives in the pid namespace of the task's init is the task's. */
int repair_members(struct direct *d, struct lease *l)
{
	struct stat ours, st;
	int r = pid_namespace(l->rec.init_pid, &ours);
	DIR *proc = r < 0 ? NULL : opendir("/proc");
	if (!proc)
		return r < 0 ? r : -errno;
	for (struct dirent *e; r == 0 && (e = readdir(proc));) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid <= 1 || pid_namespace(pid, &st) < 0 || st.st_ino != ours.st_ino || st.st_dev != ours.st_dev)
			continue;
		r = move_in(d, l, pid);
		if (r == -ESRCH || r == -EINVAL) /* it ended, or is ending */
			r = 0;
	}
	closedir(proc);
	meter_open_inner(&l->meter, &d->groups, l->leaf);
	return r;
}
