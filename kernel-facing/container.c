/* Making and starting a task's container, inside a job.
 *
 * It knows mounts, conmon and the runtimes' command lines. It does not know leases, limits or records. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <jansson.h>
#include "common/cleanup.h"
#include "kernel-facing/container.h"
#include "kernel-facing/disk.h"
#include "kernel-facing/job.h"
#include "kernel-facing/program.h"

#define SYNC_MAX 4096
#define HELPER_ID 65534u /* of the task's range: nobody in there */
#define ARGS_MAX 40
#define HOLD_NS 4000000L /* shorter than a grace period */
#define HOLD_TRIES 100   /* a runtime that takes longer than that is not waiting for groups */

int container_root(const char *dir, char out[HOST_PATH]) { return host_path(out, "%s/merged", dir); }
int container_dev_dir(const char *dir, char out[HOST_PATH]) { return host_path(out, "%s/dev", dir); }

static int fault(const struct container *c, const char *step) { return c->fault ? c->fault(c->fault_ctx, step) : 0; }
int container_disk(const char *dir, char out[HOST_PATH]) { return host_path(out, "%s/device", dir); }

int container_pid(const char *dir, pid_t *out)
{
	char path[HOST_PATH];
	uint64_t v;
	int r = host_path(path, "%s/pid", dir);
	r = r < 0 ? r : host_read_u64(path, &v);
	if (r == 0)
		*out = (pid_t)v;
	return r;
}

bool container_waits(const char *dir, const char *cid)
{
	char path[HOST_PATH];
	return host_path(path, "%s/state/%s/exec.fifo", dir, cid) == 0 && host_exists(path);
}

int container_exit_code(const char *dir, const char *cid, int *out)
{
	char path[HOST_PATH];
	uint64_t v;
	int r = host_path(path, "%s/exit/%s", dir, cid);
	r = r < 0 ? r : host_read_u64(path, &v);
	if (r == 0)
		*out = (int)(v & 0xff);
	return r;
}

/* A copy of another lease's namespace mount in here would keep that namespace alive as long as this task. */
static int drop_foreign_mounts(const struct container *c)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return -errno;
	struct mntent m;
	char buf[4096];
	size_t len = strlen(c->leases_dir);
	while (getmntent_r(f, &m, buf, sizeof buf))
		if (!strncmp(m.mnt_dir, c->leases_dir, len) && m.mnt_dir[len] == '/' && strcmp(m.mnt_dir, c->netns))
			umount2(m.mnt_dir, MNT_DETACH | UMOUNT_NOFOLLOW);
	endmntent(f);
	return 0;
}

static int private_mounts(const struct container *c)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	/* crun refuses a hybrid host; a host without the v2 tree is not one. */
	if (c->runtime.kind == RUNTIME_CRUN && c->v2_mount[0] && umount2(c->v2_mount, MNT_DETACH) < 0)
		return -errno;
	return drop_foreign_mounts(c);
}

static int make_node(const char *dir, const char *name, mode_t type, unsigned major, unsigned minor)
{
	char path[HOST_PATH];
	int r = host_path(path, "%s/%s", dir, name);
	if (r < 0)
		return r;
	return mknod(path, type | 0666, makedev(major, minor)) < 0 || chmod(path, 0666) < 0 ? -errno : 0;
}

/* The directories of a name like dri/renderD128 too. */
static int make_device(const char *dir, const struct gpu_node *d)
{
	char path[HOST_PATH];
	int r = 0;
	for (const char *slash = strchr(d->name, '/'); r == 0 && slash; slash = strchr(slash + 1, '/')) {
		r = host_path(path, "%s/%.*s", dir, (int)(slash - d->name), d->name);
		r = r < 0 ? r : host_mkdir(path, 0755, 0, 0);
	}
	return r < 0 ? r : make_node(dir, d->name, d->rule.type == 'b' ? S_IFBLK : S_IFCHR, d->rule.major, d->rule.minor);
}

/* Nodes of the task's own. conmon opens /dev/null for the task's input and the runtime gives it to the task's user: that must not
 * be the host's node. */
static int mount_devices(const struct container *c)
{
	char dir[HOST_PATH], null[HOST_PATH];
	int r = container_dev_dir(c->dir, dir);
	r = r < 0 ? r : host_mkdir(dir, 0755, 0, 0);
	r = r < 0 ? r : host_path(null, "%s/null", dir);
	if (r == 0 && mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755") < 0)
		r = -errno;
	r = r < 0 ? r : make_node(dir, "null", S_IFCHR, 1, 3);
	for (uint32_t i = 0; r == 0 && i < c->ndevices; i++)
		r = make_device(dir, &c->devices[i]);
	if (r == 0 && mount(null, "/dev/null", NULL, MS_BIND, NULL) < 0)
		r = -errno;
	return r;
}

static int bind_lower(const struct container *c, const char *to)
{
	if (mount(c->lower, to, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0 ? -errno : 0;
}

/* Which loop device it became: whoever is outside this mount namespace cannot see. */
static int name_disk(const struct container *c, const char *disk)
{
	char path[HOST_PATH], text[32];
	struct stat st;
	int r = container_disk(c->dir, path);
	if (r < 0 || stat(disk, &st) < 0)
		return r < 0 ? r : -errno;
	int n = snprintf(text, sizeof text, "%u:%u\n", major(st.st_dev), minor(st.st_dev));
	return host_replace(path, text, (size_t)n, 0600);
}

static int mount_overlay(const struct container *c, const char *merged)
{
	char lower[HOST_PATH], image[HOST_PATH], disk[HOST_PATH], upper[HOST_PATH], work[HOST_PATH], options[4 * HOST_PATH];
	int r = host_path(lower, "%s/lower", c->dir);
	r = r < 0 ? r : host_path(image, "%s/disk.img", c->dir);
	r = r < 0 ? r : host_path(disk, "%s/disk", c->dir);
	r = r < 0 ? r : host_path(upper, "%s/upper", disk);
	r = r < 0 ? r : host_path(work, "%s/work", disk);
	r = r < 0 ? r : host_mkdir(lower, 0700, 0, 0);
	r = r < 0 ? r : host_mkdir(disk, 0700, 0, 0);
	r = r < 0 ? r : bind_lower(c, lower);
	r = r < 0 ? r : fault(c, "disk");
	r = r < 0 ? r : disk_take(c->disks, image, c->disk_mib, c->uid_base + HELPER_ID);
	r = r < 0 ? r : fault(c, "loop");
	if (r == 0 && (r = disk_mount(image, disk)) < 0)
		disk_forget(c->disks, c->disk_mib);
	r = r < 0 ? r : name_disk(c, disk);
	r = r < 0 ? r : fault(c, "overlay");
	r = r < 0 ? r : host_mkdir(upper, 0755, c->uid_base, c->uid_base);
	r = r < 0 ? r : host_mkdir(work, 0700, 0, 0);
	if (r < 0)
		return r;
	int n = snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
	if (n >= (int)sizeof options)
		return -ENAMETOOLONG;
	return mount("overlay", merged, "overlay", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
}

static int mount_root(const struct container *c)
{
	char merged[HOST_PATH];
	int r = container_root(c->dir, merged);
	r = r < 0 ? r : host_mkdir(merged, 0755, 0, 0);
	if (r < 0)
		return r;
	return c->disk_mib ? mount_overlay(c, merged) : bind_lower(c, merged);
}

struct args { const char *v[ARGS_MAX]; uint32_t n; };
static void add(struct args *a, const char *word) { a->v[a->n++] = word; }
static void add_pair(struct args *a, const char *option, const char *value) { add(a, option); add(a, value); }

static void become_conmon(const struct container *c, int sync)
{
	char pidfile[HOST_PATH], exits[HOST_PATH], state[HOST_PATH], conmon_pid[HOST_PATH], log[HOST_PATH + 16], size[16], fd[16];
	if (host_path(pidfile, "%s/pid", c->dir) < 0 || host_path(exits, "%s/exit", c->dir) < 0 ||
	    host_path(state, "%s/state", c->dir) < 0 || host_path(conmon_pid, "%s/conmon.pid", c->dir) < 0 ||
	    host_mkdir(exits, 0700, 0, 0) < 0 || host_mkdir(state, 0700, 0, 0) < 0)
		return;
	snprintf(log, sizeof log, "k8s-file:%s", c->log);
	snprintf(size, sizeof size, "%u", TASK_LOG_MAX_BYTES);
	snprintf(fd, sizeof fd, "%d", sync);
	struct args a = {0};
	add_pair(&a, c->runtime.conmon, "--api-version");
	add(&a, "1");
	add_pair(&a, "--cid", c->cid);
	add_pair(&a, "--cuuid", c->cid);
	add_pair(&a, "--name", c->cid);
	add_pair(&a, "--runtime", c->runtime.path);
	add_pair(&a, "--bundle", c->dir);
	add_pair(&a, "--container-pidfile", pidfile);
	add_pair(&a, "--conmon-pidfile", conmon_pid);
	add_pair(&a, "--exit-dir", exits);
	add_pair(&a, "--log-path", log);
	add_pair(&a, "--log-size-max", size);
	add_pair(&a, "--runtime-arg", "--root");
	add_pair(&a, "--runtime-arg", state);
	if (c->runtime.kind == RUNTIME_CRUN)
		add_pair(&a, "--runtime-arg", "--cgroup-manager=cgroupfs");
	add(&a, "--full-attach");
	setenv("_OCI_SYNCPIPE", fd, 1);
	fcntl(sync, F_SETFD, 0);
	if (chdir(c->dir) == 0) /* where it leaves word of an out-of-memory kill */
		execv(c->runtime.conmon, (char *const *)(uintptr_t)a.v);
}

/* conmon reports one line of JSON: the pid of the container's init, or a negative number and why. */
static int read_report(int fd, pid_t *pid)
{
	char text[SYNC_MAX];
	size_t n = 0;
	while (n < sizeof text - 1) {
		ssize_t got = read(fd, text + n, sizeof text - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (memchr(text, '\n', n))
			break;
	}
	text[n] = 0;
	json_t *j = json_loads(text, 0, NULL);
	json_int_t v = json_integer_value(json_object_get(j, j && json_object_get(j, "data") ? "data" : "pid"));
	if (v <= 0)
		fprintf(stderr, "%s\n", n ? text : "the monitor ended without a word");
	json_decref(j);
	if (v <= 0)
		return -ENOEXEC;
	*pid = (pid_t)v;
	return 0;
}

static int run_conmon(const struct container *c, pid_t *pid)
{
	int sync[2];
	if (pipe2(sync, O_CLOEXEC) < 0)
		return -errno;
	pid_t child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		close(sync[0]);
		setsid();
		become_conmon(c, sync[1]);
		_exit(127);
	}
	close(sync[1]);
	int r = read_report(sync[0], pid);
	close(sync[0]);
	waitpid(child, NULL, 0);
	return r;
}

/* --- joining ---------------------------------------------------------------------------------------------------------------- */

/* Moving a process between groups waits for the kernel's grace period, about 10 ms in which nothing is computed, unless another move
 * has just waited. So a thread joins while this one mounts, and goes on asking until the runtime has moved the task's init. */
struct joining {
	pthread_t thread;
	int keeper, v2, result; /* descriptors of cgroup.procs; v2 -1: none */
	sem_t joined, done;
};

static int join_once(int fd) { return write(fd, "0", 1) == 1 ? 0 : -errno; }

static void *join_groups(void *arg)
{
	struct joining *j = arg;
	j->result = join_once(j->keeper);
	/* The monitor too: what it starts is in there from its first instruction on, and moving the init later would cost another wait. */
	if (j->result == 0 && j->v2 >= 0)
		j->result = join_once(j->v2);
	sem_post(&j->joined);
	for (int i = 0; i < HOLD_TRIES && j->result == 0; i++) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += HOLD_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (sem_timedwait(&j->done, &until) == 0 || errno != ETIMEDOUT)
			break;
		(void)join_once(j->keeper);
	}
	return NULL;
}

static int joining_start(struct joining *j, const struct container *c)
{
	*j = (struct joining){.keeper = open(c->keeper_procs, O_WRONLY | O_CLOEXEC), .v2 = -1};
	if (j->keeper < 0)
		return -errno;
	if (c->v2_procs[0] && (j->v2 = open(c->v2_procs, O_WRONLY | O_CLOEXEC)) < 0)
		return -errno;
	if (sem_init(&j->joined, 0, 0) < 0 || sem_init(&j->done, 0, 0) < 0)
		return -errno;
	return -pthread_create(&j->thread, NULL, join_groups, j);
}

static int joining_wait(struct joining *j)
{
	while (sem_wait(&j->joined) < 0)
		if (errno != EINTR)
			return -errno;
	return j->result;
}

static int has_program(const struct container *c)
{
	char root[HOST_PATH];
	int r = container_root(c->dir, root);
	return r < 0 ? r : program_check(root, c->disk_mib == 0, c->spec);
}

int container_create(const void *arg)
{
	const struct container *c = arg;
	struct joining joining;
	pid_t pid;
	umask(022);
	int r = joining_start(&joining, c);
	if (r < 0)
		return r;
	r = fault(c, "mounts");
	r = r < 0 ? r : private_mounts(c);
	r = r < 0 ? r : fault(c, "nodes");
	r = r < 0 ? r : mount_devices(c);
	r = r < 0 ? r : fault(c, "root");
	r = r < 0 ? r : mount_root(c);
	int joined = joining_wait(&joining);
	r = r < 0 ? r : joined;
	r = r < 0 ? r : has_program(c);
	r = r < 0 ? r : fault(c, "monitor");
	r = r < 0 ? r : run_conmon(c, &pid);
	r = r < 0 ? r : fault(c, "join");
	sem_post(&joining.done);
	pthread_join(joining.thread, NULL);
	return r;
}

static int fifo_path(const struct container *c, char out[HOST_PATH])
{
	return host_path(out, "%s/state/%s/exec.fifo", c->dir, c->cid);
}

int container_release(const struct container *c)
{
	char fifo[HOST_PATH];
	struct stat st;
	if (c->runtime.kind != RUNTIME_CRUN)
		return -EOPNOTSUPP;
	int r = fifo_path(c, fifo);
	if (r < 0)
		return r;
	autoclose int fd = open(fifo, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode))
		return -EPROTO;
	return unlink(fifo) < 0 || write(fd, "", 1) != 1 ? -errno : 0;
}

int container_start(const void *arg)
{
	const struct container *c = arg;
	char state[HOST_PATH], fifo[HOST_PATH];
	int r = host_path(state, "%s/state", c->dir);
	r = r < 0 ? r : private_mounts(c);
	r = r < 0 ? r : fault(c, "run");
	if (r < 0)
		return r;
	const char *crun[] = {c->runtime.path, "--cgroup-manager=cgroupfs", "--root", state, "start", c->cid, NULL};
	const char *runc[] = {c->runtime.path, "--root", state, "start", c->cid, NULL};
	if (job_exec(c->runtime.kind == RUNTIME_CRUN ? crun : runc, NULL, NULL) != 0)
		return -ENOEXEC;
	/* Both remove the pipe that they let the task go by. */
	r = fifo_path(c, fifo);
	return r < 0 ? r : host_exists(fifo) ? -EPROTO : 0;
}
