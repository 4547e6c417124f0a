/* Login names of local uids, from the text of /etc/passwd.
 *
 * Knows the format of that file. Does not open it: the main does, before it is confined, and again through a kept descriptor. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/names.h"
#include "zfs-views/sorted.h"

struct name { uid_t uid; char name[NAME_MAX_LEN + 1]; };
struct names { pthread_rwlock_t lock; struct sorted by_uid; };

static int cmp_uid(const void *a, const void *b)
{
	uid_t x = ((const struct name *)a)->uid, y = ((const struct name *)b)->uid;
	return (x > y) - (x < y);
}

struct names *names_new(void)
{
	struct names *t = must_alloc(1, sizeof *t);
	pthread_rwlock_init(&t->lock, NULL);
	t->by_uid.cmp = cmp_uid;
	return t;
}

static void forget(struct names *t)
{
	for (size_t i = 0; i < t->by_uid.n; i++)
		free(t->by_uid.v[i]);
	sorted_close(&t->by_uid);
}

void names_free(struct names *t)
{
	if (!t)
		return;
	forget(t);
	pthread_rwlock_destroy(&t->lock);
	free(t);
}

static void load_line(struct names *t, char *line)
{
	char *rest = line, *name = strsep(&rest, ":");
	strsep(&rest, ":");
	const char *number = strsep(&rest, ":");
	uint64_t uid, same;
	if (!number || !text_name_ok(name) || !text_u64(number, UINT32_MAX - 1, &uid) || text_u64(name, UINT64_MAX, &same))
		return;
	struct name probe = {.uid = (uid_t)uid};
	if (sorted_find(&t->by_uid, &probe))
		return;
	struct name *n = must_alloc(1, sizeof *n);
	n->uid = (uid_t)uid;
	strcpy(n->name, name);
	sorted_add(&t->by_uid, n);
}

void names_load(struct names *t, const char *passwd)
{
	autofree char *copy = strdup(passwd);
	if (!copy)
		abort();
	pthread_rwlock_wrlock(&t->lock);
	forget(t);
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));)
		load_line(t, line);
	pthread_rwlock_unlock(&t->lock);
}

void names_of(const struct names *t, uid_t uid, char out[NAME_MAX_LEN + 1])
{
	struct name probe = {.uid = uid};
	snprintf(out, NAME_MAX_LEN + 1, "%u", (unsigned)uid);
	if (!t)
		return;
	pthread_rwlock_rdlock((pthread_rwlock_t *)&t->lock);
	const struct name *n = sorted_find(&t->by_uid, &probe);
	if (n)
		strcpy(out, n->name);
	pthread_rwlock_unlock((pthread_rwlock_t *)&t->lock);
}

static bool find_name(const struct names *t, const char *name, uid_t *uid)
{
	bool found = false;
	pthread_rwlock_rdlock((pthread_rwlock_t *)&t->lock);
	for (size_t i = 0; i < t->by_uid.n && !found; i++) {
		const struct name *n = t->by_uid.v[i];
		found = strcmp(n->name, name) == 0;
		if (found)
			*uid = n->uid;
	}
	pthread_rwlock_unlock((pthread_rwlock_t *)&t->lock);
	return found;
}

bool names_uid(const struct names *t, const char *name, uid_t *uid)
{
	char again[NAME_MAX_LEN + 1];
	uint64_t n;
	uid_t found;
	if (t && find_name(t, name, &found)) {
		*uid = found;
		return true;
	}
	if (!text_u64(name, UINT32_MAX - 1, &n))
		return false;
	names_of(t, (uid_t)n, again);
	if (strcmp(again, name) != 0)
		return false;
	*uid = (uid_t)n;
	return true;
}
