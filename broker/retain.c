/* Forgetting ended leases, the oldest first.
 *
 * Knows names and times of directories, and that a lease's directory holds plain files only. Follows no link. */
#include "broker/retain.h"
#include "common/cleanup.h"
#include "common/limits.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ended { char name[LEASE_NAME_LEN + 1]; struct timespec changed; };
struct ended_list { struct ended *e; size_t n, cap; };

static DIR *retain_open(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	return d;
}

static int retain_add(struct ended_list *l, const char *name, struct timespec changed)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct ended *more = realloc(l->e, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->e = more;
		l->cap = cap;
	}
	l->e[l->n].changed = changed;
	memcpy(l->e[l->n++].name, name, LEASE_NAME_LEN + 1);
	return 0;
}

static bool retain_is_lease(const char *name)
{
	return strlen(name) == LEASE_NAME_LEN && strspn(name, "0123456789abcdef") == LEASE_NAME_LEN;
}

static int retain_list(int dir_fd, bool (*held)(const void *, const char *), const void *arg, struct ended_list *out)
{
	DIR *d = retain_open(dir_fd, ".");
	struct stat st;
	int rc = d ? 0 : -errno;
	for (struct dirent *e; rc == 0 && (e = readdir(d));)
		if (retain_is_lease(e->d_name) && !held(arg, e->d_name) &&
		    fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			rc = retain_add(out, e->d_name, st.st_mtim);
	if (d)
		closedir(d);
	return rc;
}

static int retain_newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct ended *)a)->changed, *y = &((const struct ended *)b)->changed;
	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static int retain_remove(int dir_fd, const char *name)
{
	DIR *d = retain_open(dir_fd, name);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int retain_newest(int dir_fd, uint32_t keep, bool (*held)(const void *arg, const char *name), const void *arg)
{
	struct ended_list l = {.n = 0};
	int rc = retain_list(dir_fd, held, arg, &l);
	if (rc == 0 && l.n > keep) {
		qsort(l.e, l.n, sizeof(*l.e), retain_newest_first);
		for (size_t i = keep; i < l.n; i++) {
			int one = retain_remove(dir_fd, l.e[i].name);
			rc = rc ? rc : one;
		}
	}
	free(l.e);
	return rc;
}
