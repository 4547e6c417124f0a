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
#include "kernel-facing/image_tree.h"
#include "kernel-facing/job.h"

#define IDS 65536u
#define CPU_MAX_S 1200
#define MEMORY_MAX (4ULL << 30) /* of addresses: umoci reserves more than it uses */
#define FREE_MIN_PERCENT 2
#define LOOK_MS 20 /* how often the disk is looked at */

struct helper { const struct image_job *job; const char *work; int archive, ready, mapped; pid_t parent; struct image_bounds most; };

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
	    {RLIMIT_FSIZE, IMAGE_ARCHIVE_MAX}, {RLIMIT_CPU, CPU_MAX_S}, {RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 512},
	    {RLIMIT_AS, MEMORY_MAX}};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit l = {limits[i].value, limits[i].value};
		if (setrlimit((__rlimit_resource_t)limits[i].what, &l) < 0)
			return -errno;
	}
	return 0;
}

static int enter_ids(const struct helper *h)
{
	static const char *const keep[] = {"chown", "dac_override", "fowner", "fsetid", "setfcap", NULL};
	char byte = 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return -errno;
	if (write(h->ready, &byte, 1) != 1 || read(h->mapped, &byte, 1) != 1)
		return -EIO;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return -errno;
	/* Again: becoming somebody else turned it off. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != h->parent)
		return -ECANCELED;
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

/* A runtime mounts over these; an image need not have them, and a read-only layer cannot get them later. A link or a file in their place
 * would make the runtime fail, for which the seller would pay. */
static int make_mount_points(void)
{
	static const char *const dirs[] = {"/work/rootfs/proc", "/work/rootfs/dev", "/work/rootfs/sys"};
	struct stat st;
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		if (mkdir(dirs[i], 0755) < 0 && errno != EEXIST)
			return -errno;
		if (lstat(dirs[i], &st) < 0 || !S_ISDIR(st.st_mode))
			return -EBADMSG;
	}
	return 0;
}

/* What came out: within the bounds, no devices, no set-id bits. */
static int check_tree(const struct helper *h)
{
	autoclose int dir = open("/work/rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? -EBADMSG : image_tree_check(dir, &h->most, true);
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
	if (job_exec(umoci, NULL, NULL) != 0)
		return -EBADMSG;
	r = check_tree(h);
	return r < 0 ? r : make_mount_points();
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

/* How much of a file system is in use: by whom is not said. */
static uint64_t used(const char *dir, uint64_t *entries)
{
	struct statvfs v;
	if (statvfs(dir, &v) < 0)
		return 0;
	*entries = v.f_files - v.f_ffree;
	return (uint64_t)(v.f_blocks - v.f_bfree) * v.f_frsize;
}

/* A layer may unpack to a thousand times its size. Whoever takes what others need of the disk, or more than an archive of its size may
 * become, is ended, with the programs it waits for. The disk's own count says when it is worth to look closely. */
static int watch_helper(const struct helper *h, int fd, pid_t pid, const char *work)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t entries = 0, bytes = used(work, &entries), entries_now = 0;
	uint64_t look_bytes = bytes + h->most.bytes, look_entries = entries + h->most.entries;
	int why = 0;
	while (poll(&p, 1, LOOK_MS) == 0) {
		uint64_t now = used(work, &entries_now);
		if (image_no_space(work))
			why = -ENOSPC;
		else if (now > look_bytes || entries_now > look_entries) {
			autoclose int dir = open(work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			struct image_bounds all = {h->most.bytes + IMAGE_ARCHIVE_MAX, h->most.entries, h->most.depth + 3};
			why = dir < 0 || image_tree_check(dir, &all, false) == -E2BIG ? -E2BIG : 0;
			look_bytes = now + h->most.bytes / 8;
			look_entries = entries_now + h->most.entries / 8;
		}
		if (why)
			kill(pid, SIGKILL);
	}
	return why;
}

static int await_helper(const struct helper *h, pid_t pid, const char *work)
{
	int status = 0;
	autoclose int fd = pidfd_open(pid, 0);
	int why = fd < 0 ? -errno : watch_helper(h, fd, pid, work);
	waitpid(pid, &status, 0);
	return why ? why : WIFEXITED(status) ? -WEXITSTATUS(status) : -EBADMSG;
}

/* Forks the helper and gives it its ids once it has a user namespace. */
static int run_helper(const struct image_job *job, const char *work, int archive, uint64_t archive_bytes)
{
	int ready[2], mapped[2];
	char byte = 0;
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(mapped, O_CLOEXEC) < 0)
		return -errno;
	struct helper h = {job, work, archive, ready[1], mapped[0], getpid(), image_bounds_of(archive_bytes)};
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
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
	int end = await_helper(&h, pid, work);
	return r < 0 ? r : end;
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
	if (image_no_space(job->dir))
		return -ENOSPC;
	r = host_write(job->keeper_procs, "0");
	r = r < 0 ? r : fault(job, "unpack");
	r = r < 0 ? r : host_remove(tmp);
	r = r < 0 ? r : host_mkdir(tmp, 0700, 0, 0);
	r = r < 0 ? r : host_mkdir(work, 0755, job->uid_base, job->uid_base);
	r = r < 0 ? r : run_helper(job, work, archive, (uint64_t)st.st_size);
	r = r < 0 ? r : fault(job, "unpacked");
	r = r < 0 ? r : host_remove(oci);
	if (r == 0 && rename(tmp, done) < 0)
		r = -errno;
	if (r < 0) {
		if (image_no_space(job->dir))
			r = -ENOSPC;
		(void)host_remove(tmp); /* what a killed helper's programs still write: the next one removes it */
	}
	return r;
}
