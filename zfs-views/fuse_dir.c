/* Looking up and listing names.
 *
 * A listing is taken whole when the directory is opened, so it is of one moment. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/fuse_priv.h"

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = request_fs(req);
	struct node dir, n;
	int err = fs_node(fs, parent, &dir) ? fs_lookup(fs, fuse_req_ctx(req)->uid, &dir, name, &n) : -ESTALE;
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_entry(req, &n);
}

struct listing { struct fs *fs; struct dir_entry *entry; size_t n, cap; };

static bool add_entry(void *arg, const char *name, const struct node *n)
{
	struct listing *l = arg;
	if (fs_hidden(l->fs, n))
		return true;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 32;
		struct dir_entry *more = realloc(l->entry, l->cap * sizeof *more);
		if (!more)
			return false;
		l->entry = more;
	}
	l->entry[l->n].node = *n;
	snprintf(l->entry[l->n++].name, sizeof l->entry->name, "%s", name);
	return true;
}

static int list(struct fs *fs, struct handle *h)
{
	struct view v = fs_view(fs);
	struct listing l = {.fs = fs};
	int err = tree_list(&v, h->uid, &h->node, add_entry, &l);
	if (!err && !fs_handle_holds(fs, h, l.n * sizeof *l.entry))
		err = -ENFILE;
	if (err) {
		free(l.entry);
		return err;
	}
	free(h->dir);
	h->dir = l.entry;
	h->ndir = l.n;
	h->pinned = true;
	return 0;
}

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	uid_t uid = fuse_req_ctx(req)->uid;
	struct node n;
	if (!fs_node(fs, ino, &n)) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	struct handle *h = fs_handle_new(fs, ino, &n, CLASS_DIR, uid, fi->flags);
	int err = h ? list(fs, h) : -ENFILE;
	if (err) {
		if (h)
			fs_handle_free(fs, h);
		fuse_reply_err(req, -err);
		return;
	}
	fi->fh = h->fh;
	fuse_reply_open(req, fi);
}

/* Entry number i of a listing: `.`, `..`, then the names. 0: no room left, or nothing more. */
static size_t put_entry(fuse_req_t req, struct fs *fs, const struct handle *h, size_t i, char *buf, size_t left)
{
	struct view v = fs_view(fs);
	struct stat st = {.st_ino = h->ino, .st_mode = S_IFDIR};
	struct node_attr a;
	if (i < 2)
		return fuse_add_direntry(req, buf, left, i ? ".." : ".", &st, (off_t)i + 1);
	const struct dir_entry *e = &h->dir[i - 2];
	st.st_ino = tree_ino(&e->node);
	st.st_mode = tree_attr(&v, &e->node, &a) == 0 ? a.mode : S_IFREG;
	return fuse_add_direntry(req, buf, left, e->name, &st, (off_t)i + 1);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	autofree char *buf = malloc(size);
	size_t used = 0;
	if (!h || !buf) {
		fuse_reply_err(req, h ? ENOMEM : ESTALE);
		return;
	}
	pthread_mutex_lock(&h->lock);
	if (off == 0 || !h->pinned)
		list(fs, h);
	for (size_t i = (size_t)off; i < h->ndir + 2; i++) {
		size_t n = put_entry(req, fs, h, i, buf + used, size - used);
		if (n > size - used)
			break;
		used += n;
	}
	pthread_mutex_unlock(&h->lock);
	fuse_reply_buf(req, buf, used);
}
