/* The disk watch of the ledger.
 *
 * Knows: free space of one file system, its two thresholds, and the ballast file that is given up when space runs low and taken back later.
 * Does not know: what is refused meanwhile (core.c). */
#include "ledger/disk.h"
#include "common/cleanup.h"
#include "common/limits.h"
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define CHECK_EVERY_MS 1000 /* for every transaction; before a block the disk is looked at anew */

static void ballast_path(const struct disk *d, char out[300])
{
	snprintf(out, 300, "%s/ballast", d->dir);
}

static void ballast_take(const struct disk *d)
{
	char path[300];
	ballast_path(d, path);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && posix_fallocate(fd, 0, (off_t)DISK_BALLAST_BYTES) != 0)
		unlink(path);
}

static bool ballast_give(const struct disk *d)
{
	char path[300];
	ballast_path(d, path);
	return unlink(path) == 0;
}

static bool disk_free(const struct disk *d, uint64_t *bytes)
{
	struct statvfs v;
	if (statvfs(d->dir, &v) < 0)
		return false;
	*bytes = (uint64_t)v.f_bavail * v.f_frsize;
	return true;
}

void disk_init(struct disk *d, const char *dir)
{
	*d = (struct disk){.state = DISK_OK};
	snprintf(d->dir, sizeof d->dir, "%s", dir);
}

enum disk_state disk_check(struct disk *d, uint64_t now_ms)
{
	return d->checked_ms && now_ms - d->checked_ms < CHECK_EVERY_MS ? d->state : disk_look(d, now_ms);
}

enum disk_state disk_look(struct disk *d, uint64_t now_ms)
{
	uint64_t free_bytes;
	if (!disk_free(d, &free_bytes))
		return d->state;
	if (free_bytes < DISK_FREE_MIN_BYTES && ballast_give(d) && !disk_free(d, &free_bytes))
		return d->state;
	if (free_bytes > DISK_FREE_MIN_BYTES + 2 * DISK_BALLAST_BYTES)
		ballast_take(d);
	/* Given up ballast raises the count by its size: stay low until there is room for both. Half of it is for the last blocks. */
	uint64_t need = d->state == DISK_OK ? DISK_FREE_MIN_BYTES : DISK_FREE_MIN_BYTES + 2 * DISK_BALLAST_BYTES;
	d->state = free_bytes < DISK_BALLAST_BYTES / 2 ? DISK_FULL : free_bytes < need ? DISK_LOW : DISK_OK;
	d->checked_ms = now_ms;
	return d->state;
}
