/* Opening, reading, closing.
 *
 * A reader gets one rendering, pinned at open and made anew when it returns to the start, so that no file is half of one state and half of
 * another. Who may write is decided here, at open, by the uid that opens. Nothing blocks but a block that has to be fetched, five seconds
 * at most. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "zfs-views/fuse_priv.h"

#define LOCK_HANDLE(h) __attribute__((cleanup(unlock_handle))) struct handle *held_ = (h); pthread_mutex_lock(&held_->lock)
static void unlock_handle(struct handle **h) { pthread_mutex_unlock(&(*h)->lock); }

void fuse_open_flags(struct fuse_file_info *fi, enum file_class class, uint64_t fh)
{
	fi->fh = fh;
	fi->keep_cache = class == CLASS_IMMUTABLE;
	fi->direct_io = class != CLASS_IMMUTABLE;
	fi->noflush = class != CLASS_UPLOAD; /* an upload says at close whether it is good */
}

int fuse_snapshot(struct fs *fs, struct handle *h)
{
	struct view v = fs_view(fs);
	struct page text = {0};
	uint64_t seen = model_generation(fs->model);
	int err;
	if (h->class == CLASS_ORDER || h->node.kind == N_ORDER)
		err = act_order_text(&(struct act){.fs = fs, .uid = h->node.uid}, h->node.name, &text) ? 0 : -ENOENT;
	else
		err = tree_render(&v, h->uid, &h->node, &text);
	if (err == -ENOENT && h->node.kind == N_ORDER)
		err = 0; /* created, nothing said yet */
	if (!err && !fs_handle_holds(fs, h, text.len))
		err = -ENFILE;
	if (err) {
		page_free(&text);
		return err;
	}
	page_free(&h->text);
	h->text = text;
	h->pinned = true;
	h->seen = seen;
	return 0;
}

static bool has_text(enum file_class class)
{
	return class == CLASS_TEXT || class == CLASS_LOG || class == CLASS_IMMUTABLE || class == CLASS_ORDER || class == CLASS_DRAFT ||
	       class == CLASS_SETTING || class == CLASS_VALUE;
}

/* Orders, drafts, settings and an account's files are their owner's alone to write, root or not. */
static int may_write(const struct node *n, const struct node_attr *a, uid_t uid)
{
	switch (a->class) {
	case CLASS_ORDER:
	case CLASS_DRAFT:
	case CLASS_EXCHANGE:
		return uid == n->uid || n->kind == N_MARKET_SIGNED || n->kind == N_PREPARE || n->kind == N_CHAIN_VERIFY ? 0 : -EPERM;
	case CLASS_SETTING:
	case CLASS_VALUE:
		return uid == a->uid ? 0 : -EPERM;
	case CLASS_COMMAND:
		return 0; /* each command says whose it must be */
	case CLASS_LOG:
		return n->kind == N_ERRORS ? 0 : -EACCES;
	case CLASS_UPLOAD:
		return -EBUSY; /* somebody's upload */
	case CLASS_TEXT:
		return n->kind >= N_TASK_IMAGE && n->kind <= N_TASK_LEASE ? -EBUSY : -EACCES; /* a setting, frozen */
	case CLASS_DIR:
	case CLASS_LINK:
	case CLASS_FILE:
	case CLASS_IMMUTABLE:
		return -EACCES;
	}
	return -EACCES;
}

static int truncate_at_open(struct fs *fs, const struct node *n, enum file_class class)
{
	if (class == CLASS_DRAFT)
		return local_draft_resize(fs->local, n->uid, n->name, 0);
	if (class == CLASS_SETTING)
		return local_task_set(fs->local, n->name, (enum task_setting)(n->kind - N_TASK_IMAGE), NULL, 0, 0, true);
	return 0;
}

/* What open counted is counted back. */
static void close_node(struct fs *fs, struct handle *h)
{
	if (h->class == CLASS_DRAFT)
		local_draft_opened(fs->local, h->node.uid, h->node.name, -1);
	if (h->node.kind == N_ORDER)
		fs_pending_close(fs, h->node.uid, h->node.name);
	fs_handle_free(fs, h);
}

static int open_node(struct fs *fs, uint64_t ino, const struct node *n, uid_t uid, int flags, struct handle **ret)
{
	struct stat st;
	struct node_attr a;
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	int err = fuse_stat(fs, uid, n, &st, &a);
	if (err)
		return err;
	enum file_class class = n->kind == N_ORDER ? CLASS_ORDER : a.class;
	a.class = class;
	if (writes)
		err = may_write(n, &a, uid);
	if (!err && writes && (flags & O_TRUNC))
		err = truncate_at_open(fs, n, class);
	if (!err && n->kind == N_ORDER && (err = fs_pending_open(fs, n->uid, n->name)))
		return err;
	if (err)
		return err;
	struct handle *h = fs_handle_new(fs, ino, n, class, uid, flags);
	if (!h) {
		if (n->kind == N_ORDER)
			fs_pending_close(fs, n->uid, n->name);
		return -ENFILE;
	}
	if (class == CLASS_DRAFT)
		local_draft_opened(fs->local, n->uid, n->name, 1);
	if (has_text(class) && (flags & O_ACCMODE) != O_WRONLY && (err = fuse_snapshot(fs, h))) {
		close_node(fs, h);
		return err;
	}
	*ret = h;
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct node n;
	struct handle *h;
	int err = fs_node(fs, ino, &n) ? open_node(fs, ino, &n, fuse_req_ctx(req)->uid, fi->flags, &h) : -ESTALE;
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	fuse_open_flags(fi, h->class, h->fh);
	fuse_reply_open(req, fi);
}

static void reply_slice(fuse_req_t req, const void *p, size_t len, uint64_t off, size_t size)
{
	if (off >= len)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, (const char *)p + off, len - off < size ? len - off : size);
}

/* Opened for each read: however many files a user has open, this process has no more. */
static void read_backing(fuse_req_t req, struct fs *fs, struct handle *h, size_t size, off_t off)
{
	struct view v = fs_view(fs);
	autoclose int fd = tree_backing(&v, &h->node);
	autofree char *buf = malloc(size);
	ssize_t n = fd >= 0 && buf ? pread(fd, buf, size, off) : 0;
	if (n < 0 || !buf || (fd < 0 && fd != -ENOENT))
		fuse_reply_err(req, EIO);
	else
		fuse_reply_buf(req, buf, (size_t)n);
}

/* An order that was written through this descriptor answers like an exchange file. */
static void read_text(fuse_req_t req, struct fs *fs, struct handle *h, size_t size, uint64_t off)
{
	uint64_t pos = h->wrote && off >= h->exchange.base ? off - h->exchange.base : off;
	int err = 0;
	if (!h->pinned || h->class == CLASS_LOG || (pos == 0 && h->seen != model_generation(fs->model)) || h->class == CLASS_DRAFT ||
	    h->class == CLASS_SETTING)
		err = fuse_snapshot(fs, h);
	if (err)
		fuse_reply_err(req, -err);
	else
		reply_slice(req, h->text.p, h->text.len, pos, size);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	if (!h) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	LOCK_HANDLE(h);
	if (h->class == CLASS_EXCHANGE) {
		struct slice s = exchange_read(&h->exchange, (uint64_t)off, size);
		fuse_reply_buf(req, (const char *)s.p, s.len);
	} else if (h->class == CLASS_FILE) {
		read_backing(req, fs, h, size, off);
	} else if (h->upload) {
		autofree char *buf = malloc(size);
		ssize_t n = buf ? pread(h->upload->fd, buf, size, off) : -1;
		fuse_reply_buf(req, buf, n > 0 ? (size_t)n : 0);
	} else if (has_text(h->class)) {
		read_text(req, fs, h, size, (uint64_t)off);
	} else {
		fuse_reply_buf(req, NULL, 0);
	}
}

/* A change of the model may be waking it at this moment. */
static void drop_poll(struct handle *h)
{
	LOCK_HANDLE(h);
	if (h->poll)
		fuse_pollhandle_destroy(h->poll);
	h->poll = NULL;
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	struct refusal why = {
	    .err = EINVAL, .column = -1, .text = "the last line has no newline, or the last envelope or proof no end; it was dropped"};
	if (h) {
		struct act a = request_act(req, h->uid);
		if (signed_unfinished(&h->incoming) || verify_unfinished(&h->question))
			fuse_refused(fs, h->uid, &h->node, &why, NULL);
		if (lines_unfinished(&h->lines))
			fuse_refused(fs, h->uid, &h->node, &why, h->lines.rest);
		if (h->upload && h->upload->dirty)
			fuse_store_upload(fs, &a, h, &why);
		drop_poll(h);
		close_node(fs, h);
	}
	fuse_reply_err(req, 0);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = request_fs(req);
	struct view v = fs_view(fs);
	struct node n;
	char target[NAME_MAX_LEN * 4];
	int err = fs_node(fs, ino, &n) ? tree_readlink(&v, fuse_req_ctx(req)->uid, &n, target, sizeof target) : -ESTALE;
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_readlink(req, target);
}
