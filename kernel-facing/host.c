/* Files and processes of this machine, in the small.
 *
 * It knows how kernel files and state files want to be read and written. It does not know what any of them means. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include "common/io.h"
#include "common/cleanup.h"
#include "common/codec.h"
#include "kernel-facing/host.h"

int host_path(char out[HOST_PATH], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(out, HOST_PATH, fmt, ap);
	va_end(ap);
	return n < 0 || n >= HOST_PATH ? -ENAMETOOLONG : 0;
}

void host_say(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(out, cap, fmt, ap);
	va_end(ap);
}

int host_read(const char *path, char *out, size_t cap, size_t *len)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t n = 0;
	while (n < cap) {
		ssize_t got = read(fd, out + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n == cap)
		return -EFBIG;
	out[n] = 0;
	if (len)
		*len = n;
	return 0;
}

int host_read_u64(const char *path, uint64_t *out)
{
	char text[64], *end;
	int r = host_read(path, text, sizeof text, NULL);
	if (r < 0)
		return r;
	if (!strncmp(text, "max", 3)) {
		*out = UINT64_MAX;
		return 0;
	}
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (errno || end == text)
		return -EBADMSG;
	*out = v;
	return 0;
}

int host_write(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int host_write_u64(const char *path, uint64_t v)
{
	char text[32];
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	return host_write(path, text);
}

static int sync_parent(const char *path)
{
	char dir[HOST_PATH];
	int r = host_path(dir, "%s", path);
	if (r < 0)
		return r;
	char *slash = strrchr(dir, '/');
	if (!slash)
		return -EINVAL;
	*slash = 0;
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int replace(const char *path, const void *p, size_t len, mode_t mode, bool sync)
{
	char tmp[HOST_PATH];
	int r = host_path(tmp, "%s.new", path);
	if (r < 0)
		return r;
	autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, p, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0) || rename(tmp, path) < 0))
		r = -errno;
	if (r < 0) {
		unlink(tmp);
		return r;
	}
	return sync ? sync_parent(path) : 0;
}

int host_replace(const char *path, const void *p, size_t len, mode_t mode) { return replace(path, p, len, mode, true); }

int host_swap(const char *path, const void *p, size_t len, mode_t mode) { return replace(path, p, len, mode, false); }

int host_mkdir(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return -errno;
	return 0;
}

bool host_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* A tree may be deeper than a path is long, and whoever made it may have left something running in it: every step is by descriptor, no
 * link is followed, no mount is entered, and what lies deeper than DEEP is moved up first. */
#define DEEP 32
struct removal { int top; unsigned moved; };

static int remove_below(int dir, struct removal *r, int depth);

static int remove_up(int dir, const char *name, struct removal *r)
{
	char up[32];
	int rc;
	do {
		snprintf(up, sizeof up, ".deep-%u", r->moved++);
		rc = renameat2(dir, name, r->top, up, RENAME_NOREPLACE);
	} while (rc < 0 && errno == EEXIST);
	return rc < 0 ? -errno : 0;
}

static int open_below(int dir, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof how);
	return fd < 0 ? errno == EXDEV ? -EBUSY : -errno : fd;
}

static int remove_entry(int dir, const char *name, struct removal *r, int depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	if (depth == DEEP)
		return remove_up(dir, name, r);
	autoclose int sub = open_below(dir, name);
	int err = sub < 0 ? sub : remove_below(sub, r, depth + 1);
	return err < 0 ? err : unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int remove_below(int dir, struct removal *r, int depth)
{
	int err = 0, copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d)
		return -errno;
	rewinddir(d); /* the copy stands where the last look at it ended */
	for (struct dirent *e; err == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = remove_entry(dir, e->d_name, r, depth);
	closedir(d);
	return err;
}

int host_remove(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	autoclose int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return errno == ENOENT ? 0 : -errno;
	for (struct removal r = {top, 0};;) {
		unsigned before = r.moved;
		int err = remove_below(top, &r, 0);
		if (err < 0)
			return err;
		if (rmdir(path) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY || r.moved == before)
			return -errno;
	}
}

bool host_keyed(const char *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key);
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, key, len) || p[len] != ' ')
			continue;
		*out = strtoull(p + len + 1, NULL, 10);
		return true;
	}
	return false;
}

uint64_t host_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void host_pause_ms(int ms) { poll(NULL, 0, ms); }

int host_boot_id(uint8_t out[16])
{
	char text[64], digits[33];
	int r = host_read("/proc/sys/kernel/random/boot_id", text, sizeof text, NULL);
	if (r < 0)
		return r;
	size_t n = 0;
	for (const char *p = text; *p && *p != '\n' && n < 32; p++)
		if (*p != '-')
			digits[n++] = *p;
	digits[n] = 0;
	return hex_decode(digits, out, 16) ? 0 : -EBADMSG;
}

int host_start_time(pid_t pid, uint64_t *out)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int r = host_read(path, text, sizeof text, NULL);
	if (r < 0)
		return r;
	/* The name may hold anything: fields are counted from the last ')'. The start time is field 22, the state field 3. */
	char *p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -EBADMSG;
	*out = strtoull(p + 1, NULL, 10);
	return 0;
}

int host_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

int host_program(const char *name, char out[HOST_PATH])
{
	static const char *const dirs[] = {"", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/bin/", "/sbin/",
	    "/usr/libexec/"};
	for (size_t i = name[0] == '/' ? 0 : 1; i < sizeof dirs / sizeof *dirs; i++) {
		char path[HOST_PATH];
		if (host_path(path, "%s%s", dirs[i], name) == 0 && access(path, X_OK) == 0)
			return host_path(out, "%s", path);
		if (name[0] == '/')
			break;
	}
	return -ENOENT;
}
