/* Open files, and names in orders/ that wait for their first line.
 *
 * A handle's number is uid << 32 | epoch << 20 | count: the kernel keeps it, nobody else can change it, and it says who opened the file
 * even to a process that was started after the one that opened it died. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>
#include "zfs-views/fs.h"

#define COUNT_BITS 20

struct handle_entry { uint64_t fh; struct handle *h; UT_hash_handle hh; };
struct opener { uid_t uid; uint32_t handles, uploads; uint64_t bytes; UT_hash_handle hh; };
struct handle_table { pthread_mutex_t lock; struct handle_entry *by_fh; struct opener *by_uid; uint32_t count; };

int fs_handles_new(struct fs *fs)
{
	fs->handles = calloc(1, sizeof *fs->handles);
	if (!fs->handles)
		return -ENOMEM;
	pthread_mutex_init(&fs->handles->lock, NULL);
	pthread_mutex_init(&fs->pending_lock, NULL);
	return 0;
}

static void handle_close(struct handle *h)
{
	page_free(&h->text);
	exchange_free(&h->exchange);
	batch_close(&h->batch);
	signed_close(&h->incoming);
	verify_close(&h->question);
	upload_free(h->upload);
	free(h->dir);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* --- what each user has open; with the lock held --- */

static struct opener *opener_of(struct handle_table *t, uid_t uid)
{
	struct opener *o;
	HASH_FIND(hh, t->by_uid, &uid, sizeof uid, o);
	return o;
}

static bool opener_more(struct handle_table *t, const struct handle *h)
{
	struct opener *o = opener_of(t, h->uid);
	if (!o) {
		o = calloc(1, sizeof *o);
		if (!o)
			return false;
		o->uid = h->uid;
		HASH_ADD(hh, t->by_uid, uid, sizeof o->uid, o);
	}
	o->handles++;
	o->uploads += h->class == CLASS_UPLOAD;
	return true;
}

static void opener_less(struct handle_table *t, const struct handle *h)
{
	struct opener *o = opener_of(t, h->uid);
	o->uploads -= h->class == CLASS_UPLOAD;
	o->bytes -= h->bytes;
	if (--o->handles)
		return;
	HASH_DEL(t->by_uid, o);
	free(o);
}

static bool opener_may(struct handle_table *t, uid_t uid, enum file_class class)
{
	const struct opener *o = opener_of(t, uid);
	if (class == CLASS_UPLOAD && o && o->uploads >= UPLOADS_PER_UID)
		return false;
	return uid == 0 || ((!o || o->handles < HANDLES_PER_UID) && HASH_COUNT(t->by_fh) < HANDLES_MAX - HANDLES_FOR_ROOT);
}

bool fs_handle_holds(struct fs *fs, struct handle *h, size_t bytes)
{
	struct handle_table *t = fs->handles;
	pthread_mutex_lock(&t->lock);
	struct opener *o = opener_of(t, h->uid);
	uint64_t all = o->bytes - h->bytes + bytes;
	bool fits = h->uid == 0 || bytes <= h->bytes || all <= HANDLES_BYTES_PER_UID;
	if (fits) {
		o->bytes = all;
		h->bytes = bytes;
	}
	pthread_mutex_unlock(&t->lock);
	return fits;
}

void fs_handles_free(struct fs *fs)
{
	struct handle_entry *e, *next;
	HASH_ITER(hh, fs->handles->by_fh, e, next) {
		HASH_DEL(fs->handles->by_fh, e);
		opener_less(fs->handles, e->h);
		handle_close(e->h);
		free(e);
	}
	pthread_mutex_destroy(&fs->handles->lock);
	pthread_mutex_destroy(&fs->pending_lock);
	free(fs->handles);
}

static struct handle_entry *entry_of(struct handle_table *t, uint64_t fh)
{
	struct handle_entry *e;
	HASH_FIND(hh, t->by_fh, &fh, sizeof fh, e);
	return e;
}

static struct handle *make(uint64_t ino, const struct node *n, enum file_class class, uid_t uid, int flags)
{
	struct handle *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->ino = ino;
	h->node = *n;
	h->class = class;
	h->uid = uid;
	h->flags = flags;
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

/* With the lock held. */
static bool add(struct handle_table *t, struct handle *h)
{
	struct handle_entry *e = HASH_COUNT(t->by_fh) < HANDLES_MAX ? calloc(1, sizeof *e) : NULL;
	if (!e)
		return false;
	if (!opener_more(t, h)) {
		free(e);
		return false;
	}
	e->fh = h->fh;
	e->h = h;
	HASH_ADD(hh, t->by_fh, fh, sizeof e->fh, e);
	return true;
}

struct handle *fs_handle_new(struct fs *fs, uint64_t ino, const struct node *n, enum file_class class, uid_t uid, int flags)
{
	struct handle_table *t = fs->handles;
	struct handle *h = make(ino, n, class, uid, flags);
	if (!h)
		return NULL;
	pthread_mutex_lock(&t->lock);
	do
		h->fh = (uint64_t)uid << 32 | (fs->epoch << COUNT_BITS) | (t->count++ & ((1u << COUNT_BITS) - 1));
	while (entry_of(t, h->fh));
	bool added = opener_may(t, uid, class) && add(t, h);
	pthread_mutex_unlock(&t->lock);
	if (added)
		return h;
	handle_close(h);
	return NULL;
}

static struct handle *revive(struct fs *fs, uint64_t fh, uint64_t ino)
{
	struct view v = fs_view(fs);
	struct node n;
	struct node_attr a;
	if (!fs_node(fs, ino, &n))
		return NULL;
	if (n.kind == N_ORDER)
		a.class = CLASS_ORDER; /* whether an order of its name is there is asked when it is used */
	else if (tree_attr(&v, &n, &a) < 0)
		return NULL;
	struct handle *h = make(ino, &n, a.class, (uid_t)(fh >> 32), O_RDWR);
	if (h)
		h->fh = fh;
	return h;
}

struct handle *fs_handle(struct fs *fs, uint64_t fh, uint64_t ino)
{
	struct handle_table *t = fs->handles;
	pthread_mutex_lock(&t->lock);
	struct handle_entry *e = entry_of(t, fh);
	pthread_mutex_unlock(&t->lock);
	if (e)
		return e->h;
	struct handle *h = revive(fs, fh, ino);
	if (!h)
		return NULL;
	pthread_mutex_lock(&t->lock);
	e = entry_of(t, fh);
	struct handle *mine = e ? e->h : h;
	bool kept = !e && add(t, h);
	pthread_mutex_unlock(&t->lock);
	if (e || !kept)
		handle_close(h);
	return e || kept ? mine : NULL;
}

void fs_handle_free(struct fs *fs, struct handle *h)
{
	pthread_mutex_lock(&fs->handles->lock);
	struct handle_entry *e = entry_of(fs->handles, h->fh);
	HASH_DEL(fs->handles->by_fh, e);
	opener_less(fs->handles, h);
	pthread_mutex_unlock(&fs->handles->lock);
	free(e);
	/* A request is answered with the handle locked: its caller may have closed the file before the lock was given back. */
	pthread_mutex_lock(&h->lock);
	pthread_mutex_unlock(&h->lock);
	handle_close(h);
}

void fs_handle_each(struct fs *fs, void (*cb)(void *arg, struct handle *h), void *arg)
{
	struct handle_entry *e, *next;
	pthread_mutex_lock(&fs->handles->lock);
	HASH_ITER(hh, fs->handles->by_fh, e, next)
		cb(arg, e->h);
	pthread_mutex_unlock(&fs->handles->lock);
}

static struct pending *pending_of(struct fs *fs, uid_t uid, const char *name)
{
	for (size_t i = 0; i < fs->npending; i++)
		if (fs->pending[i].uid == uid && strcmp(fs->pending[i].name, name) == 0)
			return &fs->pending[i];
	return NULL;
}

static size_t pending_count(const struct fs *fs, uid_t uid)
{
	size_t n = 0;
	for (size_t i = 0; i < fs->npending; i++)
		n += fs->pending[i].uid == uid;
	return n;
}

/* With the lock held. Kept in a file, unsynced: it is to outlive this process, not the machine. */
static void pending_keep(struct fs *fs)
{
	size_t len = fs->npending * sizeof fs->pending[0];
	if (pwrite(fs->pending_fd, fs->pending, len, 0) == (ssize_t)len)
		(void)!ftruncate(fs->pending_fd, (off_t)len);
}

int fs_pending_load(struct fs *fs, bool first)
{
	fs->pending_fd = openat(fs->state_fd, "pending", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (first ? O_TRUNC : 0), 0600);
	if (fs->pending_fd < 0)
		return -errno;
	ssize_t n = pread(fs->pending_fd, fs->pending, sizeof fs->pending, 0);
	fs->npending = n > 0 ? (size_t)n / sizeof fs->pending[0] : 0;
	for (size_t i = 0; i < fs->npending; i++) {
		fs->pending[i].name[NAME_MAX_LEN] = 0;
		struct node node = fs_pending_node(fs->pending[i].uid, fs->pending[i].name);
		fs_remember(fs, &node);
	}
	return 0;
}

bool fs_pending(struct fs *fs, uid_t uid, const char *name)
{
	pthread_mutex_lock(&fs->pending_lock);
	bool found = pending_of(fs, uid, name);
	pthread_mutex_unlock(&fs->pending_lock);
	return found;
}

int fs_pending_open(struct fs *fs, uid_t uid, const char *name)
{
	int err = 0;
	pthread_mutex_lock(&fs->pending_lock);
	struct pending *p = pending_of(fs, uid, name);
	if (!p && (fs->npending == PENDING_MAX || pending_count(fs, uid) >= PENDING_PER_UID)) {
		err = -ENOSPC;
	} else {
		if (!p) {
			p = &fs->pending[fs->npending++];
			*p = (struct pending){.uid = uid};
			strcpy(p->name, name);
		}
		p->opens++;
		pending_keep(fs);
	}
	pthread_mutex_unlock(&fs->pending_lock);
	return err;
}

void fs_pending_close(struct fs *fs, uid_t uid, const char *name)
{
	pthread_mutex_lock(&fs->pending_lock);
	struct pending *p = pending_of(fs, uid, name);
	if (p && --p->opens == 0)
		*p = fs->pending[--fs->npending];
	pending_keep(fs);
	pthread_mutex_unlock(&fs->pending_lock);
}

void fs_pending_drop(struct fs *fs, uid_t uid, const char *name)
{
	pthread_mutex_lock(&fs->pending_lock);
	struct pending *p = pending_of(fs, uid, name);
	if (p)
		*p = fs->pending[--fs->npending];
	pending_keep(fs);
	pthread_mutex_unlock(&fs->pending_lock);
}
