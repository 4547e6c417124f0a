/* Tasks that users make by mkdir: their settings until `echo start > ctl` freezes them.
 *
 * Each lives in a folder `settings/<name>/` with one plain file per setting and `meta` ("uid mode made_ms started"), so that it outlives
 * the process. A folder without a whole `meta` was being made when the machine stopped and is removed at the next start. Knows nothing of
 * leases. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

static const char *const setting_file[SETTINGS] = {"image", "cmd", "env", "lease"};

static void cleanup_dir(DIR **d) { if (*d) closedir(*d); }
#define autodir __attribute__((cleanup(cleanup_dir)))

static void task_free(struct local_task *t)
{
	local_task_copy_free(t);
	free(t);
}

static ssize_t task_find(const struct local *l, const char *name)
{
	for (size_t i = 0; i < l->ntasks; i++)
		if (strcmp(l->task[i]->name, name) == 0)
			return (ssize_t)i;
	return -1;
}

static struct local_task *task_of(struct local *l, const char *name)
{
	ssize_t i = task_find(l, name);
	return i < 0 ? NULL : l->task[i];
}

static int folder_open(const struct local *l, const char *name)
{
	int fd = openat(l->tasks_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static void folder_remove(const struct local *l, const char *name)
{
	autoclose int dir = folder_open(l, name);
	for (int s = 0; dir >= 0 && s < SETTINGS; s++)
		unlinkat(dir, setting_file[s], 0);
	if (dir >= 0)
		unlinkat(dir, "meta", 0);
	unlinkat(l->tasks_fd, name, AT_REMOVEDIR);
}

static int meta_save(const struct local *l, const struct local_task *t)
{
	autoclose int dir = folder_open(l, t->name);
	if (dir < 0)
		return dir;
	char text[96];
	int n = snprintf(text, sizeof text, "%u %o %" PRIu64 " %d\n", (unsigned)t->uid, (unsigned)t->mode, t->made_ms, t->started);
	return local_store(dir, "meta", text, (size_t)n);
}

static int setting_save(const struct local *l, const char *task, enum task_setting s, const char *p, size_t len)
{
	autoclose int dir = folder_open(l, task);
	return dir < 0 ? dir : local_store(dir, setting_file[s], p, len);
}

static bool task_load(const struct local *l, const char *name, struct local_task *t)
{
	autoclose int dir = folder_open(l, name);
	autofree char *meta = NULL;
	size_t len;
	unsigned uid, mode;
	int started;
	if (dir < 0 || local_load(dir, "meta", 96, &meta, &len) < 0
	    || sscanf(meta, "%u %o %" SCNu64 " %d\n", &uid, &mode, &t->made_ms, &started) != 4)
		return false;
	t->uid = uid;
	t->mode = mode & 0777;
	t->started = started;
	strcpy(t->name, name);
	for (int s = 0; s < SETTINGS; s++)
		if (local_load(dir, setting_file[s], TASK_SETTING_LEN, &t->setting[s], &t->len[s]) < 0)
			t->setting[s] = NULL;
	return true;
}

int local_tasks_load(struct local *l)
{
	int fd = openat(l->tasks_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); e && l->ntasks < TASK_DRAFTS_MAX; e = readdir(d)) {
		if (!text_name_ok(e->d_name))
			continue;
		struct local_task *t = local_alloc(NULL, sizeof *t);
		*t = (struct local_task){0};
		if (task_load(l, e->d_name, t)) {
			l->task[l->ntasks++] = t;
		} else {
			task_free(t);
			folder_remove(l, e->d_name);
		}
	}
	return 0;
}

int local_task_make(struct local *l, uid_t uid, const char *name, mode_t mode)
{
	if (!text_name_ok(name))
		return -EINVAL;
	LOCAL_HOLD(l);
	if (task_find(l, name) >= 0)
		return -EEXIST;
	size_t mine = 0;
	for (size_t i = 0; i < l->ntasks; i++)
		mine += l->task[i]->uid == uid;
	if (mine >= TASK_DRAFTS_PER_UID || l->ntasks == TASK_DRAFTS_MAX)
		return -ENOSPC;
	if (mkdirat(l->tasks_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	struct local_task *t = local_alloc(NULL, sizeof *t);
	*t = (struct local_task){.uid = uid, .mode = mode & 0777, .made_ms = local_now_ms()};
	strcpy(t->name, name);
	int err = meta_save(l, t);
	if (err) {
		task_free(t);
		folder_remove(l, name);
		return err;
	}
	l->task[l->ntasks++] = t;
	return 0;
}

int local_task_set(struct local *l, const char *name, enum task_setting s, const char *p, size_t len, uint64_t off, bool truncate)
{
	LOCAL_HOLD(l);
	struct local_task *t = task_of(l, name);
	if (!t)
		return -ENOENT;
	if (t->started)
		return -EBUSY;
	if (off > TASK_SETTING_LEN || len > TASK_SETTING_LEN - off)
		return -EFBIG;
	size_t end = off + len, size = truncate || end > t->len[s] ? end : t->len[s], kept = t->len[s] < size ? t->len[s] : size;
	autofree char *text = local_alloc(NULL, size + 1);
	if (kept)
		memcpy(text, t->setting[s], kept);
	memset(text + kept, 0, size + 1 - kept);
	if (len)
		memcpy(text + off, p, len);
	int err = setting_save(l, name, s, text, size);
	if (err)
		return err;
	free(t->setting[s]);
	t->setting[s] = take_ptr(text);
	t->len[s] = size;
	return 0;
}

int local_task_start(struct local *l, const char *name)
{
	LOCAL_HOLD(l);
	struct local_task *t = task_of(l, name);
	if (!t)
		return -ENOENT;
	if (t->started)
		return -EBUSY;
	t->started = true;
	int err = meta_save(l, t);
	if (err)
		t->started = false;
	return err;
}

int local_task_chmod(struct local *l, const char *name, mode_t mode)
{
	LOCAL_HOLD(l);
	struct local_task *t = task_of(l, name);
	if (!t)
		return -ENOENT;
	t->mode = mode & 0777;
	return meta_save(l, t);
}

int local_task_drop(struct local *l, const char *name)
{
	LOCAL_HOLD(l);
	ssize_t i = task_find(l, name);
	if (i < 0)
		return -ENOENT;
	folder_remove(l, name);
	task_free(l->task[i]);
	memmove(&l->task[i], &l->task[i + 1], (--l->ntasks - (size_t)i) * sizeof l->task[0]);
	return 0;
}

int local_task_rename(struct local *l, const char *from, const char *to)
{
	if (!text_name_ok(to))
		return -EINVAL;
	LOCAL_HOLD(l);
	struct local_task *t = task_of(l, from);
	if (!t)
		return -ENOENT;
	if (t->started)
		return -EBUSY;
	if (task_find(l, to) >= 0)
		return -EEXIST;
	if (renameat(l->tasks_fd, from, l->tasks_fd, to) < 0)
		return -errno;
	strcpy(t->name, to);
	return 0;
}

bool local_task_get(struct local *l, const char *name, struct local_task *copy)
{
	LOCAL_HOLD(l);
	const struct local_task *t = task_of(l, name);
	if (!t)
		return false;
	*copy = *t;
	for (int s = 0; s < SETTINGS; s++)
		copy->setting[s] = t->setting[s] ? local_copy(t->setting[s], t->len[s]) : NULL;
	return true;
}

void local_task_copy_free(struct local_task *copy)
{
	for (int s = 0; s < SETTINGS; s++)
		free(copy->setting[s]);
}

void local_task_each(struct local *l, bool (*cb)(void *arg, const struct local_task *t), void *arg)
{
	LOCAL_HOLD(l);
	for (size_t i = 0; i < l->ntasks; i++)
		if (!cb(arg, l->task[i]))
			return;
}

void local_tasks_free(struct local *l)
{
	while (l->ntasks)
		task_free(l->task[--l->ntasks]);
}
