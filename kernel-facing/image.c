/* Unpacking of OCI archives by tar and umoci in a confined helper.
 *
 * The helper has its own user, network, mount and ipc namespaces, a root that holds only /usr (read-only) and the work directory,
 * and five capabilities over its own ids. The index it unpacks from is written here and names the digest that was asked for, so
 * that umoci, which verifies each blob against its descriptor, verifies the whole image against that digest. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "common/cleanup.h"
#include "common/confine.h"
#include "common/limits.h"
#include "kernel-facing/image.h"
#include "kernel-facing/job.h"

#define IDS 65536u
#define CPU_MAX_S 1200
#define FREE_MIN_PERCENT 2
#define LOOK_MS 100 /* how often the disk is looked at */

struct helper { const struct image_job *job; const char *work; int archive, ready, mapped; };

bool image_hex_ok(const char *hex)
{
	return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

int image_lower(const char *dir, const char *hex, char out[HOST_PATH])
{
	char path[HOST_PATH];
	int r = host_path(path, "%s/%s/work/rootfs", dir, hex);
	if (r < 0)
		return r;
	return host_exists(path) ? host_path(out, "%s", path) : -ENOENT;
}

static int bind(const char *from, const char *to, unsigned long flags)
{
	if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		return -errno;
	return mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | flags, NULL) < 0 ? -errno : 0;
}

/* A root with programs to read and one directory to write. */
static int make_root(const char *work)
{
	static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
	const char *root = "/mnt";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	autoclose int dir = open(work, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755") < 0 || chdir(root) < 0)
		return -errno;
	if (mkdir("usr", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("tmp", 01777) < 0 || mkdir("etc", 0755) < 0 ||
	    mkdir("old", 0700) < 0)
		return -errno;
	if (chmod("tmp", 01777) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		char target[16];
		snprintf(target, sizeof target, "usr/%s", links[i]);
		if (symlink(target, links[i]) < 0)
			return -errno;
	}
	char from[32];
	snprintf(from, sizeof from, "/proc/self/fd/%d", dir);
	int r = bind("/usr", "usr", MS_RDONLY);
	r = r < 0 ? r : bind(from, "work", 0);
	if (r < 0)
		return r;
	if (syscall(SYS_pivot_root, ".", "old") < 0 || chdir("/") < 0 || umount2("/old", MNT_DETACH) < 0)
		return -errno;
	return 0;
}

static int limit_resources(void)
{
	const struct { int what; rlim_t value; } limits[] = {
	    {RLIMIT_FSIZE, IMAGE_ARCHIVE_MAX}, {RLIMIT_CPU, CPU_MAX_S}, {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 512}};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit l = {limits[i].value, limits[i].value};
		if (setrlimit((__rlimit_resource_t)limits[i].what, &l) < 0)
			return -errno;
	}
	return 0;
}

static int enter_ids(const struct helper *h)
{
	static const char *const keep[] = {"chown", "dac_override", "fowner", "fsetid", NULL};
	char byte = 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return -errno;
	if (write(h->ready, &byte, 1) != 1 || read(h->mapped, &byte, 1) != 1)
		return -EIO;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	return confine_keep(keep);
}

static int write_index(const char *hex)
{
	char path[128], text[512];
	struct stat st;
	snprintf(path, sizeof path, "/work/oci/blobs/sha256/%s", hex);
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADMSG;
	int n = snprintf(text, sizeof text,
	    "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:%s\","
	    "\"size\":%lld,\"annotations\":{\"org.opencontainers.image.ref.name\":\"img\"}}]}", hex, (long long)st.st_size);
	unlink("/work/oci/index.json");
	autoclose int fd = open("/work/oci/index.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)n) == n ? 0 : -EIO;
}

/* A runtime mounts over these; an image need not have them, and a read-only layer cannot get them later. */
static int make_mount_points(void)
{
	static const char *const dirs[] = {"/work/rootfs/proc", "/work/rootfs/dev", "/work/rootfs/sys"};
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (mkdir(dirs[i], 0755) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

static int archive_is_stdin(const void *arg) { return dup2(*(const int *)arg, 0) < 0 ? -errno : 0; }

/* In the helper: everything from here on reads bytes that a stranger wrote. */
static int helper_main(const struct helper *h)
{
	static const char *const tar[] = {"/usr/bin/tar", "-x", "-C", "/work/oci", "--no-same-owner", "--no-same-permissions", "-f",
	    "-", NULL};
	static const char *const umoci[] = {"/usr/bin/umoci", "raw", "unpack", "--image", "/work/oci:img", "/work/rootfs", NULL};
	umask(022);
	int r = make_root(h->work);
	r = r < 0 ? r : enter_ids(h);
	r = r < 0 ? r : limit_resources();
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || mkdir("/work/oci", 0700) < 0)
		return -errno;
	if (job_exec(tar, archive_is_stdin, &h->archive) != 0)
		return -EBADMSG;
	r = write_index(h->job->hex);
	if (r < 0)
		return r;
	return job_exec(umoci, NULL, NULL) == 0 ? make_mount_points() : -EBADMSG;
}

static int write_map(pid_t pid, const char *which, uid_t base)
{
	char path[64], text[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, which);
	snprintf(text, sizeof text, "0 %u %u", base, IDS);
	return host_write(path, text);
}

bool image_no_space(const char *dir)
{
	struct statvfs v;
	return statvfs(dir, &v) == 0 && v.f_bavail * 100 < v.f_blocks * FREE_MIN_PERCENT;
}

/* A layer may unpack to a thousand times its size: who takes what others need of the disk is ended, with the programs it waits for. */
static int await_helper(pid_t pid, const char *dir)
{
	int status = 0;
	autoclose int fd = pidfd_open(pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	while (fd >= 0 && poll(&p, 1, LOOK_MS) == 0)
		if (image_no_space(dir))
			kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

/* Forks the helper and gives it its ids once it has a user namespace. */
static int run_helper(const struct image_job *job, const char *work, int archive)
{
	int ready[2], mapped[2], status;
	char byte = 0;
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(mapped, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct helper h = {job, work, archive, ready[1], mapped[0]};
		close(mapped[1]);
		_exit(-helper_main(&h) & 0xff);
	}
	close(ready[1]);
	close(mapped[0]);
	int r = read(ready[0], &byte, 1) == 1 ? 0 : -EIO;
	r = r < 0 ? r : write_map(pid, "uid_map", job->uid_base);
	r = r < 0 ? r : write_map(pid, "gid_map", job->uid_base);
	if (r == 0 && write(mapped[1], &byte, 1) != 1)
		r = -EIO;
	close(mapped[1]);
	close(ready[0]);
	status = await_helper(pid, job->dir);
	return r < 0 ? r : WIFEXITED(status) ? -WEXITSTATUS(status) : -EBADMSG;
}

static int fault(const struct image_job *job, const char *step) { return job->fault ? job->fault(job->fault_ctx, step) : 0; }

int image_unpack(const void *arg)
{
	const struct image_job *job = arg;
	char tmp[HOST_PATH], work[HOST_PATH], oci[HOST_PATH], done[HOST_PATH];
	int r = host_path(tmp, "%s/new-%s", job->dir, job->hex);
	r = r < 0 ? r : host_path(work, "%s/work", tmp);
	r = r < 0 ? r : host_path(oci, "%s/oci", work);
	r = r < 0 ? r : host_path(done, "%s/%s", job->dir, job->hex);
	if (r < 0)
		return r;
	autoclose int archive = open(job->archive, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (archive < 0)
		return -errno;
	struct stat st;
	if (fstat(archive, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > IMAGE_ARCHIVE_MAX)
		return -EBADMSG;
	r = host_write(job->keeper_procs, "0");
	r = r < 0 ? r : fault(job, "unpack");
	r = r < 0 ? r : host_remove(tmp);
	r = r < 0 ? r : host_mkdir(tmp, 0700, 0, 0);
	r = r < 0 ? r : host_mkdir(work, 0755, job->uid_base, job->uid_base);
	r = r < 0 ? r : run_helper(job, work, archive);
	r = r < 0 ? r : fault(job, "unpacked");
	r = r < 0 ? r : host_remove(oci);
	if (r == 0 && rename(tmp, done) < 0)
		r = -errno;
	if (r < 0) {
		if (image_no_space(job->dir))
			r = -ENOSPC;
		host_remove(tmp);
	}
	return r;
}
