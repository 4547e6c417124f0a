/* The kernel side in this process: the table of verbs, and what must be true before any of them is served.
 *
 * It knows the order of starting. Each verb lives in a direct_*.c file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <netlink/netlink.h>
#include "kernel-facing/direct.h"

#define FILES_WANTED (LEASES_PER_NODE_MAX * (METER_FILES + WATCH_FILES + 6) + 256)
#define PATIENCE_MS 60000 /* a runtime that has not returned after that will not */

static int direct_list(struct kernel *k, struct lease_name *out, uint32_t max, uint32_t *n)
{
	struct direct *d = direct_of(k);
	if (d->n > max)
		return -ENOSPC;
	for (uint32_t i = 0; i < d->n; i++)
		out[i] = d->leases[i]->name;
	*n = d->n;
	return 0;
}

/* Leases stay: whoever opens the kernel side next adopts them. Jobs do not: they die with us in any case. */
static void direct_free(struct kernel *k)
{
	struct direct *d = direct_of(k);
	for (uint32_t i = 0; i < d->n; i++)
		lease_free(d->leases[i]);
	if (d->groups.nmounts)
		unpack_cancel_all(d);
	if (d->groups.nmounts && d->n == 0)
		group_base_remove(&d->groups);
	nl_socket_free(d->host);
	const int fds[] = {d->traffic_fd, d->told, d->host_told, d->inotify};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	gpu_feed_close(&d->feed);
	free(d);
}

static const struct kernel_ops direct_ops = {
    .inventory = direct_inventory,
    .lease_open = direct_open,
    .lease_set = direct_set,
    .lease_check = direct_check,
    .leases_check = direct_checks,
    .lease_freeze = direct_freeze,
    .lease_close = direct_close,
    .lease_list = direct_list,
    .lease_quota = direct_quota,
    .usage = direct_usage,
    .task_create = direct_task_create,
    .task_start = direct_task_start,
    .task_signal = direct_task_signal,
    .task_delete = direct_task_delete,
    .close = direct_free,
};

/* The task's user must be able to search its way to its root file system. */
static int check_search(const char *dir, char *why)
{
	char path[HOST_PATH];
	int r = host_path(path, "%s", dir);
	for (char *slash; r == 0 && path[0]; *slash = 0) {
		struct stat st;
		if (stat(path, &st) < 0) {
			host_say(why, 256, "%s: %s", path, strerror(errno));
			return -errno;
		}
		if (!(st.st_mode & S_IXOTH)) {
			host_say(why, 256, "%s must be searchable by others: chmod o+x %s", path, path);
			return -EACCES;
		}
		slash = strrchr(path, '/');
	}
	return r;
}

static int make_dirs(struct direct *d, char *why)
{
	const char *state = d->cfg.state_dir;
	gid_t gid = d->cfg.log_gid < 0 ? 0 : (gid_t)d->cfg.log_gid;
	int r = check_search(state, why);
	if (r < 0)
		return r;
	r = host_path(d->leases_dir, "%s/leases", state);
	r = r < 0 ? r : host_path(d->unpacked_dir, "%s/unpacked", state);
	r = r < 0 ? r : host_path(d->bundles_dir, "%s/bundles", state);
	r = r < 0 ? r : host_path(d->tasks_dir, "%s/tasks", state);
	r = r < 0 ? r : host_path(d->disks_dir, "%s/disks", state);
	r = r < 0 ? r : host_mkdir(d->disks_dir, 0700, 0, 0);
	r = r < 0 ? r : host_mkdir(d->leases_dir, 0711, 0, 0);
	r = r < 0 ? r : host_mkdir(d->unpacked_dir, 0700, 0, 0);
	r = r < 0 ? r : host_mkdir(d->bundles_dir, 0711, 0, 0);
	r = r < 0 ? r : host_mkdir(d->tasks_dir, 0750, 0, gid);
	if (r < 0)
		host_say(why, 256, "cannot make directories in %s: %s", state, strerror(-r));
	return r;
}

static int check_config(const struct kernel_config *cfg, char *why)
{
	if (strlen(cfg->instance) != INSTANCE_ID_LEN || strspn(cfg->instance, "0123456789abcdef") != INSTANCE_ID_LEN) {
		host_say(why, 256, "the instance id must be %d lower-case hex digits", INSTANCE_ID_LEN);
		return -EINVAL;
	}
	if (cfg->state_dir[0] != '/' || cfg->images_dir[0] != '/' || strpbrk(cfg->state_dir, " \t\n,:\\")) {
		host_say(why, 256, "state and image directories must be absolute paths without spaces, commas or colons");
		return -EINVAL;
	}
	if (geteuid() != 0) {
		host_say(why, 256, "only root can make groups, namespaces and containers; run as root");
		return -EPERM;
	}
	if (cfg->task_uid_base < 65536 || cfg->task_uid_base > UINT32_MAX / 2 - 65536) {
		host_say(why, 256, "task_uid_base must be between 65536 and 2147418111");
		return -EINVAL;
	}
	return 0;
}

static void raise_file_limit(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= FILES_WANTED)
		return;
	struct rlimit more = {FILES_WANTED, l.rlim_max < FILES_WANTED ? FILES_WANTED : l.rlim_max};
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &more) < 0)
		(void)setrlimit(RLIMIT_NOFILE, &l); /* as many as there are */
}

static int start(struct direct *d, char *why)
{
	int r = check_config(&d->cfg, why);
	r = r < 0 ? r : make_dirs(d, why);
	r = r < 0 ? r : group_host_init(&d->groups, d->cfg.instance, why);
	if (r < 0)
		return r;
	r = host_boot_id(d->boot_id);
	r = r < 0 ? r : netns_socket(NULL, &d->host);
	if (r < 0) {
		host_say(why, 256, "cannot reach the kernel's routing socket: %s", strerror(-r));
		return r;
	}
	r = fence_probe(why);
	if (r < 0)
		return r;
	d->io_held = iops_possible(&d->groups);
	d->disk = iops_disk_of(d->cfg.state_dir);
	raise_file_limit();
	r = direct_adopt(d, why);
	if (r == 0)
		runtime_find(d);
	return r;
}

int kernel_direct_new(const struct kernel_config *cfg, struct kernel **ret, char *why)
{
	struct direct *d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	d->base.ops = &direct_ops;
	d->traffic_fd = d->told = d->host_told = d->inotify = -1;
	d->cfg = *cfg;
	d->patience_ms = PATIENCE_MS;
	gpu_feed_init(&d->feed);
	int r = start(d, why);
	if (r < 0) {
		direct_free(&d->base);
		return r;
	}
	*ret = &d->base;
	return 0;
}

void kernel_direct_policy(struct kernel *k, const struct kernel_policy *p)
{
	struct direct *d = direct_of(k);
	bool other = d->cfg.policy.reach != p->reach;
	d->cfg.policy = *p;
	/* Devices that are leased now are nobody's for nothing. What fails here is found by the next check, and repaired. */
	for (uint32_t i = 0; i < d->n; i++) {
		d->leases[i]->watch.good = false;
		if (other && !d->leases[i]->closing)
			(void)lease_fence_set(d, d->leases[i]);
	}
}

bool kernel_reaped(struct kernel *k, int pid, int status)
{
	if (k->ops != &direct_ops)
		return false;
	struct direct *d = direct_of(k);
	for (uint32_t i = 0; i < d->n; i++)
		if (job_reaped(&d->leases[i]->job, pid, status))
			return true;
	for (uint32_t i = 0; i < UNPACKS_MAX; i++)
		if (job_reaped(&d->unpacks[i].job, pid, status))
			return true;
	return false;
}

void kernel_direct_fault(struct kernel *k, int (*fault)(void *ctx, const char *step), void *ctx)
{
	struct direct *d = direct_of(k);
	d->fault = fault;
	d->fault_ctx = ctx;
}

void kernel_direct_patience(struct kernel *k, uint64_t ms) { direct_of(k)->patience_ms = ms; }
