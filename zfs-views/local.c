/* What the views process keeps beside the model: opening and closing of the tables, chosen modes, small files.
 *
 * Knows the layout below its state directory: `settings/<task>/` for task drafts, `modes` for chosen modes, `tokens` and `hidden`. Knows
 * nothing of the ledger and of FUSE. A file is replaced by rename, so a crash leaves the old or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/io.h"
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

uint64_t local_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void *local_alloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		abort();
	return p;
}

char *local_copy(const char *p, size_t len)
{
	char *copy = local_alloc(NULL, len + 1);
	if (len)
		memcpy(copy, p, len);
	copy[len] = 0;
	return copy;
}

int local_store(int dir, const char *name, const void *p, size_t len)
{
	char aside[NAME_MAX_LEN + 8];
	snprintf(aside, sizeof aside, ".%s.new", name);
	autoclose int fd = openat(dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int err = io_write_all(fd, p, len);
	if (!err && fdatasync(fd) < 0)
		err = -errno;
	if (!err && renameat(dir, aside, dir, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir, aside, 0);
	return err;
}

int local_load(int dir, const char *name, size_t max, char **p, size_t *len)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > max)
		return -EFBIG;
	autofree char *text = local_alloc(NULL, (size_t)st.st_size + 1);
	size_t have = 0;
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, text + have, (size_t)st.st_size - have);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	text[have] = 0;
	*p = take_ptr(text);
	*len = have;
	return 0;
}

static void modes_load(struct local *l)
{
	autofree char *text = NULL;
	size_t len;
	if (local_load(l->state_fd, "modes", LOCAL_MODES_MAX * 32, &text, &len) < 0)
		return;
	char *save = NULL;
	for (char *line = strtok_r(text, "\n", &save); line && l->nmodes < LOCAL_MODES_MAX; line = strtok_r(NULL, "\n", &save)) {
		uint64_t ino;
		unsigned mode;
		if (sscanf(line, "%" SCNu64 " %o", &ino, &mode) == 2)
			l->mode[l->nmodes++] = (struct mode_entry){ino, mode & 0777};
	}
}

static int modes_save(const struct local *l)
{
	autofree char *text = local_alloc(NULL, l->nmodes * 32 + 1);
	size_t len = 0;
	for (size_t i = 0; i < l->nmodes; i++)
		len += (size_t)snprintf(text + len, 32, "%" PRIu64 " %o\n", l->mode[i].ino, (unsigned)l->mode[i].mode);
	return local_store(l->state_fd, "modes", text, len);
}

int local_new(int state_fd, struct local **ret)
{
	if (mkdirat(state_fd, "settings", 0700) < 0 && errno != EEXIST)
		return -errno;
	autoclose int tasks_fd = openat(state_fd, "settings", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (tasks_fd < 0)
		return -errno;
	struct local *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	pthread_mutexattr_t kind;
	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE); /* a callback of an _each may ask for a mode */
	pthread_mutex_init(&l->lock, &kind);
	pthread_mutexattr_destroy(&kind);
	l->state_fd = state_fd;
	l->tasks_fd = take_fd(&tasks_fd);
	int err = local_tasks_load(l);
	if (err) {
		local_free(l);
		return err;
	}
	modes_load(l);
	local_hidden_load(l);
	local_tokens_load(l);
	*ret = l;
	return 0;
}

void local_free(struct local *l)
{
	if (!l)
		return;
	local_tasks_free(l);
	local_drafts_free(l);
	local_errors_free(l);
	close(l->tasks_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static struct mode_entry *mode_find(struct local *l, uint64_t ino)
{
	for (size_t i = 0; i < l->nmodes; i++)
		if (l->mode[i].ino == ino)
			return &l->mode[i];
	return NULL;
}

bool local_mode(struct local *l, uint64_t ino, mode_t *mode)
{
	LOCAL_HOLD(l);
	const struct mode_entry *m = mode_find(l, ino);
	if (m)
		*mode = m->mode;
	return m;
}

int local_mode_set(struct local *l, uint64_t ino, mode_t mode)
{
	LOCAL_HOLD(l);
	struct mode_entry *m = mode_find(l, ino);
	if (!m && l->nmodes == LOCAL_MODES_MAX)
		return -ENOSPC;
	if (!m)
		m = &l->mode[l->nmodes++];
	*m = (struct mode_entry){ino, mode & 0777};
	return modes_save(l);
}
