/* Empty disks made ahead: one of each size that was wanted lately, never mounted, from which a task's own is copied.
 *
 * It knows files with holes and how many are kept. It does not know file systems (disk.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/disk.h"
#include "kernel-facing/host.h"

#define READY_MAX 32 /* sizes; each takes a few blocks, and what its tables take */

static int ready_path(const char *dir, uint32_t mib, char out[HOST_PATH]) { return host_path(out, "%s/%u", dir, (unsigned)mib); }

/* The part of from that holds data, from *at on: copied, and *at moved behind it. 0: there is no more. */
static int copy_part(int from, int to, off_t *at)
{
	off_t data = lseek(from, *at, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? 0 : -errno;
	off_t end = lseek(from, data, SEEK_HOLE), out = data;
	if (end < 0)
		return -errno;
	while (data < end) {
		ssize_t n = copy_file_range(from, &data, to, &out, (size_t)(end - data), 0);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	*at = end;
	return 1;
}

static int copy_disk(int from, const char *path, uint32_t mib)
{
	struct stat st;
	off_t at = 0;
	int r = 1;
	if (fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size != (off_t)mib << 20)
		return -EUCLEAN;
	autoclose int to = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	if (ftruncate(to, st.st_size) < 0)
		r = -errno;
	while (r > 0)
		r = copy_part(from, to, &at);
	if (r < 0)
		unlink(path);
	return r;
}

/* Makes room for one more: what was not wanted for longest goes. Names of whatever is being made begin with "new-". */
static int make_room(const char *dir)
{
	struct timespec oldest = {0};
	char path[HOST_PATH], last[HOST_PATH] = "";
	uint32_t n = 0;
	DIR *d = opendir(dir);
	if (!d)
		return -errno;
	for (struct dirent *e; (e = readdir(d));) {
		struct stat st;
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || host_path(path, "%s/%s", dir, e->d_name) < 0 || lstat(path, &st) < 0)
			continue;
		bool older = st.st_mtim.tv_sec < oldest.tv_sec ||
		    (st.st_mtim.tv_sec == oldest.tv_sec && st.st_mtim.tv_nsec < oldest.tv_nsec);
		if (!n++ || older) {
			oldest = st.st_mtim;
			strcpy(last, path);
		}
	}
	closedir(d);
	return n < READY_MAX || unlink(last) == 0 || errno == ENOENT ? 0 : -errno;
}

static int make_ready(const char *dir, uint32_t mib, uid_t helper_uid)
{
	char fresh[HOST_PATH], path[HOST_PATH];
	int r = ready_path(dir, mib, path);
	r = r < 0 ? r : host_path(fresh, "%s/new-%d", dir, (int)getpid());
	r = r < 0 ? r : make_room(dir);
	r = r < 0 ? r : disk_make(fresh, mib, helper_uid);
	if (r < 0)
		return r;
	/* It must be whole for whoever comes after a power cut, too. */
	autoclose int fd = open(fresh, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || rename(fresh, path) < 0) {
		r = -errno;
		unlink(fresh);
	}
	return r;
}

int disk_take(const char *dir, const char *path, uint32_t mib, uid_t helper_uid)
{
	char ready[HOST_PATH];
	int r = ready_path(dir, mib, ready);
	if (r < 0)
		return r;
	autoclose int fd = open(ready, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		r = make_ready(dir, mib, helper_uid);
		fd = r < 0 ? -1 : open(ready, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd >= 0) {
		(void)utimensat(AT_FDCWD, ready, NULL, AT_SYMLINK_NOFOLLOW);
		r = copy_disk(fd, path, mib);
		if (r == -EUCLEAN)
			disk_forget(dir, mib);
	}
	/* Without a copy it is made in place, as if nothing were kept. */
	return fd >= 0 && r == 0 ? 0 : disk_make(path, mib, helper_uid);
}

void disk_forget(const char *dir, uint32_t mib)
{
	char path[HOST_PATH];
	if (ready_path(dir, mib, path) == 0)
		(void)unlink(path);
}
