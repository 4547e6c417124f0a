/* Order drafts: what sed -i, perl -i, vim and rsync make beside an order before they rename it over the order.
 *
 * In memory only, bounded per uid and in all, forgotten a while after the last close. A draft means nothing until it is renamed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

static void draft_free(struct draft *d)
{
	free(d->text);
	free(d);
}

static void drop_at(struct local *l, size_t i)
{
	draft_free(l->draft[i]);
	memmove(&l->draft[i], &l->draft[i + 1], (--l->ndrafts - i) * sizeof l->draft[0]);
}

static void forget_old(struct local *l)
{
	uint64_t now = local_now_ms();
	for (size_t i = l->ndrafts; i-- > 0;)
		if (l->draft[i]->opens == 0 && now - l->draft[i]->used_ms > DRAFT_KEEP_MS)
			drop_at(l, i);
}

static ssize_t draft_find(const struct local *l, uid_t uid, const char *name)
{
	for (size_t i = 0; i < l->ndrafts; i++)
		if (l->draft[i]->uid == uid && strcmp(l->draft[i]->name, name) == 0)
			return (ssize_t)i;
	return -1;
}

static struct draft *draft_of(struct local *l, uid_t uid, const char *name)
{
	ssize_t i = draft_find(l, uid, name);
	return i < 0 ? NULL : l->draft[i];
}

int local_draft_make(struct local *l, uid_t uid, const char *name, mode_t mode)
{
	if (strlen(name) > NAME_MAX_LEN)
		return -ENAMETOOLONG;
	LOCAL_HOLD(l);
	forget_old(l);
	if (draft_find(l, uid, name) >= 0)
		return -EEXIST;
	size_t mine = 0;
	for (size_t i = 0; i < l->ndrafts; i++)
		mine += l->draft[i]->uid == uid;
	if (mine >= DRAFTS_PER_UID || l->ndrafts == DRAFTS_MAX)
		return -ENOSPC;
	struct draft *d = local_alloc(NULL, sizeof *d);
	*d = (struct draft){.uid = uid, .mode = mode & 0777, .made_ms = local_now_ms()};
	d->used_ms = d->made_ms;
	strcpy(d->name, name);
	l->draft[l->ndrafts++] = d;
	return 0;
}

/* Grow or shrink; new bytes are zero, as in any file. */
static int draft_size(struct draft *d, uint64_t len)
{
	if (len > DRAFT_MAX_LEN)
		return -EFBIG;
	d->text = local_alloc(d->text, len);
	if (len > d->len)
		memset(d->text + d->len, 0, len - d->len);
	d->len = len;
	return 0;
}

int local_draft_write(struct local *l, uid_t uid, const char *name, const char *p, size_t len, uint64_t off)
{
	LOCAL_HOLD(l);
	struct draft *d = draft_of(l, uid, name);
	if (!d)
		return -ENOENT;
	if (off > DRAFT_MAX_LEN || len > DRAFT_MAX_LEN - off)
		return -EFBIG;
	if (off + len > d->len)
		draft_size(d, off + len);
	memcpy(d->text + off, p, len);
	return 0;
}

int local_draft_resize(struct local *l, uid_t uid, const char *name, uint64_t len)
{
	LOCAL_HOLD(l);
	struct draft *d = draft_of(l, uid, name);
	return d ? draft_size(d, len) : -ENOENT;
}

int local_draft_chmod(struct local *l, uid_t uid, const char *name, mode_t mode)
{
	LOCAL_HOLD(l);
	struct draft *d = draft_of(l, uid, name);
	if (!d)
		return -ENOENT;
	d->mode = mode & 0777;
	return 0;
}

void local_draft_opened(struct local *l, uid_t uid, const char *name, int by)
{
	LOCAL_HOLD(l);
	struct draft *d = draft_of(l, uid, name);
	if (!d || (by < 0 && d->opens == 0))
		return;
	d->opens += (uint32_t)by;
	d->used_ms = local_now_ms();
}

bool local_draft_get(struct local *l, uid_t uid, const char *name, struct draft *copy)
{
	LOCAL_HOLD(l);
	const struct draft *d = draft_of(l, uid, name);
	if (!d)
		return false;
	*copy = *d;
	copy->text = d->len ? local_copy(d->text, d->len) : NULL;
	return true;
}

int local_draft_rename(struct local *l, uid_t uid, const char *from, const char *to)
{
	if (strlen(to) > NAME_MAX_LEN)
		return -ENAMETOOLONG;
	LOCAL_HOLD(l);
	struct draft *d = draft_of(l, uid, from);
	if (!d)
		return -ENOENT;
	ssize_t old = strcmp(from, to) == 0 ? -1 : draft_find(l, uid, to);
	if (old >= 0)
		drop_at(l, (size_t)old);
	memmove(d->name, to, strlen(to) + 1);
	return 0;
}

int local_draft_drop(struct local *l, uid_t uid, const char *name)
{
	LOCAL_HOLD(l);
	ssize_t i = draft_find(l, uid, name);
	if (i < 0)
		return -ENOENT;
	drop_at(l, (size_t)i);
	return 0;
}

void local_draft_each(struct local *l, uid_t uid, bool (*cb)(void *arg, const struct draft *d), void *arg)
{
	LOCAL_HOLD(l);
	forget_old(l);
	for (size_t i = 0; i < l->ndrafts; i++)
		if (l->draft[i]->uid == uid && !cb(arg, l->draft[i]))
			return;
}

void local_drafts_free(struct local *l)
{
	while (l->ndrafts)
		drop_at(l, l->ndrafts - 1);
}
