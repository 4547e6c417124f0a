/* Reading small files below a kept directory descriptor, and nothing beyond it.
 *
 * Knows openat2: no link is followed and no path leaves the directory, whatever its owner puts there. Does not know what the files mean. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "zfs-views/render.h"

#define SMALL_MAX 65536 /* what plan writes for people */

int beneath_open(int dir_fd, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	struct stat st;
	if (dir_fd < 0)
		return -ENOENT;
	autoclose int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EBADF;
}

bool beneath_text(int dir_fd, const char *lease, const char *file, struct page *out)
{
	char path[128], part[4096];
	size_t left = SMALL_MAX;
	snprintf(path, sizeof path, "%s/%s", lease, file);
	autoclose int fd = beneath_open(dir_fd, path);
	if (fd < 0)
		return false;
	while (left > 0) {
		ssize_t n = read(fd, part, sizeof part < left ? sizeof part : left);
		if (n <= 0)
			break;
		page_put(out, part, (size_t)n);
		left -= (size_t)n;
	}
	return true;
}

/* The counters between "sample N" and "end N"; what follows is left of a longer text. NULL: it was being written. */
static const char *between(const char *text, size_t *len)
{
	char end[40];
	uint64_t sample;
	const char *from = strchr(text, '\n');
	if (sscanf(text, "sample %" SCNu64 "\n", &sample) != 1 || !from)
		return NULL;
	snprintf(end, sizeof end, "\nend %" PRIu64 "\n", sample);
	const char *to = strstr(from, end);
	*len = to ? (size_t)(to - from) : 0;
	return to ? from + 1 : NULL;
}

#define LIVE_TRIES 1000 /* a writer that was held up in the middle is let go on */

bool beneath_live(int dir_fd, const char *lease, struct page *out)
{
	char path[128], text[4096], again[4096];
	snprintf(path, sizeof path, "%s/live", lease);
	autoclose int fd = beneath_open(dir_fd, path);
	for (int i = 0; fd >= 0 && i < LIVE_TRIES; i++) {
		ssize_t n = pread(fd, text, sizeof text - 1, 0), m = pread(fd, again, sizeof again - 1, 0);
		size_t len;
		text[n > 0 ? n : 0] = 0;
		const char *from = between(text, &len);
		if (n > 0 && n == m && from && memcmp(text, again, (size_t)n) == 0) {
			page_put(out, from, len);
			return true;
		}
		sched_yield();
	}
	return false;
}

bool beneath_value(const struct page *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key);
	for (const char *line = text->p; line && *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ') {
			*out = strtoull(line + len + 1, NULL, 10);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}
