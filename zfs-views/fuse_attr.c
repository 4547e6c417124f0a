/* Attributes: what stat says, and the few changes of them that mean something.
 *
 * Sizes are true: a dynamic file is rendered to know its length, because tar, rsync and mmap believe st_size. chown, utimes and chmod to
 * what is already so succeed, since cp, install and editors send them; truncation of command files is nothing, since every shell's `>` does
 * it. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "zfs-views/fuse_priv.h"

#define KEEP_STATIC_S 60.0
#define KEEP_BLOCK_S 3600.0

static bool in_block(uint16_t kind)
{
	return kind == N_BLOCK || kind == N_MAIN || (kind >= N_BLOCK_HEADER && kind <= N_BLOCK_HASH) ||
	       (kind >= N_MAIN_HEADER && kind <= N_MAIN_HASH);
}

double fuse_keep_s(const struct node *n, enum file_class class)
{
	static const enum node_kind fixed[] = {
	    N_ROOT, N_MARKET, N_SYMBOL, N_CHAINS, N_CHAIN, N_IMAGES, N_SHA256, N_INCOMING, N_ACCOUNTS, N_APPS, N_NODES, N_TOKENS};
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (n->kind == fixed[i])
			return class == CLASS_DIR ? KEEP_STATIC_S : 0;
	return in_block(n->kind) ? KEEP_BLOCK_S : 0;
}

static off_t backing_size(const struct view *v, const struct node *n)
{
	struct stat st;
	autoclose int fd = tree_backing(v, n);
	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

static int text_size(const struct view *v, uid_t uid, const struct node *n, off_t *out)
{
	struct page text = {0};
	int err = tree_render(v, uid, n, &text);
	*out = (off_t)text.len;
	page_free(&text);
	return err;
}

static int size_of(struct fs *fs, const struct view *v, uid_t uid, const struct node *n, enum file_class class, off_t *out)
{
	char target[NAME_MAX_LEN * 4];
	uint64_t len;
	*out = 0;
	switch (class) {
	case CLASS_DIR:
	case CLASS_COMMAND:
	case CLASS_EXCHANGE:
		return 0;
	case CLASS_LINK:
		*out = tree_readlink(v, uid, n, target, sizeof target) == 0 ? (off_t)strlen(target) : 0;
		return 0;
	case CLASS_FILE:
		*out = backing_size(v, n);
		return 0;
	case CLASS_UPLOAD:
		if (upload_size(fs->state_fd, n->name, &len) < 0)
			return -ENOENT;
		*out = (off_t)len;
		return 0;
	case CLASS_TEXT:
	case CLASS_LOG:
	case CLASS_IMMUTABLE:
	case CLASS_ORDER:
	case CLASS_DRAFT:
	case CLASS_SETTING:
	case CLASS_VALUE:
		return text_size(v, uid, n, out);
	}
	return 0;
}

/* A pending name is an empty file of its maker's until an order bears it. */
static int attr_of(struct fs *fs, const struct view *v, const struct node *n, struct node *shown, struct node_attr *out)
{
	struct node orders = {.kind = N_ORDERS, .uid = n->uid};
	int err = fs_hidden(fs, n) ? -ENOENT : tree_attr(v, n, out);
	*shown = *n;
	if (err != -ENOENT || n->kind != N_ORDER)
		return err;
	if (tree_lookup(v, n->uid, &orders, n->name, shown) == 0 && shown->kind == N_ORDER && !fs_hidden(fs, shown))
		return tree_attr(v, shown, out);
	if (!fs_pending(fs, n->uid, n->name))
		return -ENOENT;
	*out = (struct node_attr){.mode = S_IFREG | 0640, .uid = n->uid, .gid = v->gid_zeus, .class = CLASS_COMMAND, .nlink = 1};
	return 0;
}

int fuse_stat(struct fs *fs, uid_t uid, const struct node *n, struct stat *out, struct node_attr *attr)
{
	struct view v = fs_view(fs);
	struct node shown;
	off_t size;
	int err = attr_of(fs, &v, n, &shown, attr);
	if (!err)
		err = size_of(fs, &v, uid, &shown, attr->class, &size);
	if (err == -EHOSTDOWN || err == -ETIMEDOUT) {
		err = 0; /* a block that cannot be fetched now is still there */
		size = 0;
	}
	if (err)
		return err;
	*out = (struct stat){.st_ino = n->kind == N_ROOT ? 1 : tree_ino(n), .st_mode = attr->mode, .st_uid = attr->uid, .st_gid = attr->gid,
		.st_nlink = attr->nlink, .st_size = size, .st_blocks = (size + 511) / 512, .st_blksize = 4096};
	out->st_mtim = (struct timespec){(time_t)(attr->mtime_ms / 1000), (long)(attr->mtime_ms % 1000) * 1000000};
	out->st_atim = out->st_ctim = out->st_mtim;
	return 0;
}

bool fuse_fill_entry(fuse_req_t req, const struct node *n, struct fuse_entry_param *e, struct node_attr *attr)
{
	struct fs *fs = request_fs(req);
	*e = (struct fuse_entry_param){0};
	int err = fuse_stat(fs, fuse_req_ctx(req)->uid, n, &e->attr, attr);
	if (err) {
		fuse_reply_err(req, -err);
		return false;
	}
	e->ino = fs_remember(fs, n);
	e->entry_timeout = e->attr_timeout = fuse_keep_s(n, attr->class);
	return true;
}

void fuse_entry(fuse_req_t req, const struct node *n)
{
	struct fuse_entry_param e;
	struct node_attr attr;
	if (fuse_fill_entry(req, n, &e, &attr))
		fuse_reply_entry(req, &e);
}

static void reply_attr(fuse_req_t req, const struct node *n)
{
	struct stat st;
	struct node_attr attr;
	int err = fuse_stat(request_fs(req), fuse_req_ctx(req)->uid, n, &st, &attr);
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_attr(req, &st, fuse_keep_s(n, attr.class));
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node n;
	(void)fi;
	if (!fs_node(request_fs(req), ino, &n))
		fuse_reply_err(req, ESTALE);
	else
		reply_attr(req, &n);
}

static int set_mode(struct fs *fs, uid_t uid, const struct node *n, const struct node_attr *a, mode_t mode)
{
	struct local_task t;
	mode &= 07777;
	if (uid != a->uid && uid != 0)
		return -EPERM;
	if (a->class == CLASS_DRAFT)
		return local_draft_chmod(fs->local, n->uid, n->name, mode & 0770);
	if (n->kind == N_TASK && local_task_get(fs->local, n->name, &t)) {
		local_task_copy_free(&t);
		return local_task_chmod(fs->local, n->name, mode & 0770);
	}
	if (n->kind == N_ORDERS || n->kind == N_HISTORY || n->kind == N_TASK)
		return local_mode_set(fs->local, tree_ino(n), mode & 0770);
	/* cp, install and editors give an order or a setting the mode they think fit */
	if (a->class == CLASS_ORDER || a->class == CLASS_SETTING || a->class == CLASS_VALUE || a->class == CLASS_UPLOAD ||
	    n->kind == N_ORDER)
		return 0;
	return mode == (a->mode & 07777) ? 0 : -EPERM;
}

static int set_size(struct fs *fs, uid_t uid, const struct node *n, const struct node_attr *a, uint64_t size, struct fuse_file_info *fi)
{
	struct handle *h = fi ? fs_handle(fs, fi->fh, tree_ino(n)) : NULL;
	if (a->class == CLASS_DRAFT)
		return local_draft_resize(fs->local, n->uid, n->name, size);
	if (a->class == CLASS_SETTING && uid != a->uid)
		return -EPERM;
	if (a->class == CLASS_SETTING)
		return local_task_set(fs->local, n->name, (enum task_setting)(n->kind - N_TASK_IMAGE), NULL, 0, size, true);
	if (a->class == CLASS_UPLOAD && h && h->upload)
		return upload_resize(h->upload, size);
	return 0;
}

/* The group is always zeus: cp -a and rsync may ask for theirs, and it is as well. */
static int set_owner(const struct node_attr *a, const struct stat *st, int to_set)
{
	return (to_set & FUSE_SET_ATTR_UID) && st->st_uid != a->uid ? -EPERM : 0;
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	uid_t uid = fuse_req_ctx(req)->uid;
	struct node n;
	struct stat is;
	struct node_attr a;
	int err = fs_writable(fs, ino, &n);
	err = err ? err : fuse_stat(fs, uid, &n, &is, &a);
	if (!err)
		err = set_owner(&a, st, to_set);
	if (!err && (to_set & FUSE_SET_ATTR_MODE))
		err = set_mode(fs, uid, &n, &a, st->st_mode);
	if (!err && (to_set & FUSE_SET_ATTR_SIZE))
		err = set_size(fs, uid, &n, &a, (uint64_t)st->st_size, fi);
	if (err)
		fuse_reply_err(req, -err);
	else
		reply_attr(req, &n);
}
