/* Bounds of unpacked images, by a walk that trusts nothing: descriptors only, no links, no mounts, no deeper than allowed.
 *
 * It knows files. It does not know archives, nor who unpacks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/limits.h"
#include "kernel-facing/image_tree.h"

#define BLOCK 512u
#define SET_IDS (S_ISUID | S_ISGID)

struct walk { const struct image_bounds *most; struct image_bounds seen; bool mend; dev_t dev; };

struct image_bounds image_bounds_of(uint64_t archive_bytes)
{
	uint64_t bytes = archive_bytes > IMAGE_UNPACKED_MAX / IMAGE_RATIO_MAX ? IMAGE_UNPACKED_MAX : archive_bytes * IMAGE_RATIO_MAX;
	bytes = bytes < IMAGE_UNPACKED_FREE ? IMAGE_UNPACKED_FREE : bytes;
	return (struct image_bounds){.bytes = bytes, .entries = IMAGE_ENTRIES_MAX, .depth = IMAGE_DEPTH_MAX};
}

static int walk(struct walk *w, int dir, uint32_t depth);

/* What would give rights to whoever executes it. A path is looked up from the working directory, because there is no call that takes a
 * directory's descriptor and an attribute's name. */
static int mend(int dir, const char *name, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return 0;
	if (st->st_mode & SET_IDS && fchmodat(dir, name, st->st_mode & 07777 & ~(mode_t)SET_IDS, 0) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return 0;
	if (fchdir(dir) < 0)
		return -errno;
	return lremovexattr(name, "security.capability") < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -errno : 0;
}

static int look(struct walk *w, int dir, const char *name, uint32_t depth)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return -EBADMSG;
	w->seen.entries++;
	w->seen.bytes += (uint64_t)st.st_blocks * BLOCK / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
	if (w->seen.entries > w->most->entries || w->seen.bytes > w->most->bytes)
		return -E2BIG;
	int r = w->mend ? mend(dir, name, &st) : 0;
	if (r < 0 || !S_ISDIR(st.st_mode) || st.st_dev != w->dev)
		return r;
	if (depth == w->most->depth)
		return -E2BIG;
	int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return errno == ENOENT ? 0 : -errno;
	return walk(w, sub, depth + 1);
}

/* Takes dir. */
static int walk(struct walk *w, int dir, uint32_t depth)
{
	int r = 0;
	DIR *d = fdopendir(dir);
	if (!d) {
		r = -errno;
		close(dir);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = look(w, dirfd(d), e->d_name, depth);
	closedir(d);
	return r;
}

int image_tree_check(int dir, const struct image_bounds *most, bool mend_it)
{
	struct stat st;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0 || fstat(copy, &st) < 0) {
		int r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	struct walk w = {.most = most, .mend = mend_it, .dev = st.st_dev};
	return walk(&w, copy, 1);
}
