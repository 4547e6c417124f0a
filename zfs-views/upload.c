/* Bytes of an image on their way in.
 *
 * Bounded; unbelieved until archive_verify has read all of it; moved by rename, after fsync, to the name of its digest. What is published
 * about it is the caller's affair. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/text.h"
#include "zfs-views/upload.h"

static int spool_open(int state_fd)
{
	if (mkdirat(state_fd, "spool", 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(state_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int upload_sweep(int state_fd)
{
	int fd = spool_open(state_fd);
	if (fd < 0)
		return fd;
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.')
			unlinkat(fd, e->d_name, 0);
	closedir(d);
	return 0;
}

int upload_new(int state_fd, const char *name, bool again, struct upload **ret)
{
	if (!text_name_ok(name))
		return -EINVAL;
	autoclose int dir = spool_open(state_fd);
	if (dir < 0)
		return dir;
	autoclose int fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (again ? 0 : O_CREAT | O_EXCL), 0600);
	if (fd < 0)
		return -errno;
	struct upload *u = calloc(1, sizeof *u);
	if (!u)
		return -ENOMEM;
	strcpy(u->name, name);
	u->dirty = again;
	u->dir_fd = take_fd(&dir);
	u->fd = take_fd(&fd);
	*ret = u;
	return 0;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	if (!u->stored)
		unlinkat(u->dir_fd, u->name, 0);
	close(u->fd);
	close(u->dir_fd);
	free(u);
}

/* The ledger's books and everybody's tasks need the disk too. */
static bool disk_has_room(int fd, size_t len)
{
	struct statvfs v;
	return fstatvfs(fd, &v) < 0 || v.f_bavail * v.f_frsize >= UPLOAD_FREE_MIN_BYTES + len;
}

int upload_write(struct upload *u, const char *p, size_t len, uint64_t off)
{
	if (u->stored)
		return -EBUSY;
	if (off > IMAGE_ARCHIVE_MAX || len > IMAGE_ARCHIVE_MAX - off)
		return -EFBIG;
	if (!disk_has_room(u->fd, len))
		return -ENOSPC;
	u->dirty = true;
	while (len) {
		ssize_t n = pwrite(u->fd, p, len, (off_t)off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int upload_resize(struct upload *u, uint64_t len)
{
	if (u->stored)
		return -EBUSY;
	if (len > IMAGE_ARCHIVE_MAX)
		return -EFBIG;
	return ftruncate(u->fd, (off_t)len) < 0 ? -errno : 0;
}

int upload_size(int state_fd, const char *name, uint64_t *len)
{
	struct stat st;
	if (!text_name_ok(name))
		return -ENOENT;
	autoclose int dir = spool_open(state_fd);
	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	*len = (uint64_t)st.st_size;
	return 0;
}

bool upload_store(struct upload *u, int images_fd, struct archive *a, struct refusal *why)
{
	char file[80];
	if (!archive_verify(u->fd, a, why))
		return false;
	snprintf(file, sizeof file, "%s.tar", a->hex);
	if (fchmod(u->fd, 0444) < 0 || fsync(u->fd) < 0 || renameat(u->dir_fd, u->name, images_fd, file) < 0 || fsync(images_fd) < 0)
		return refuse(why, EIO, -1, "the image could not be stored: %s", strerrordesc_np(errno));
	u->stored = true;
	u->dirty = false;
	return true;
}
