/* Making, removing and renaming names: orders and their drafts, tasks, accounts, uploads.
 *
 * A name in orders/ that begins with a dot, ends with a tilde, or is made as mkstemp makes it, is a draft; renaming it to a plain name
 * posts or amends. Any other new name waits for its first line. rename answers EBADMSG to a refusal, because of EINVAL mv makes another
 * sentence. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/fuse_priv.h"

static bool draft_name(const char *name)
{
	size_t len = strlen(name);
	return name[0] == '.' || (len && name[len - 1] == '~');
}

static bool makes_draft(const char *name, int flags)
{
	return draft_name(name) || ((flags & O_EXCL) && (flags & O_ACCMODE) == O_RDWR);
}

static int make_draft(struct fs *fs, const struct node *dir, const char *name, mode_t mode, struct node *out)
{
	int err = local_draft_make(fs->local, dir->uid, name, mode);
	return err ? err : fs_lookup(fs, dir->uid, dir, name, out);
}

static int create_order(
    fuse_req_t req, uid_t uid, const struct node *dir, const char *name, mode_t mode, int flags, struct node *out, enum file_class *class)
{
	struct fs *fs = request_fs(req);
	if (uid != dir->uid)
		return -EPERM;
	*class = makes_draft(name, flags) ? CLASS_DRAFT : CLASS_ORDER;
	if (*class == CLASS_DRAFT)
		return make_draft(fs, dir, name, mode, out);
	if (!text_name_ok(name))
		return -EINVAL;
	*out = fs_pending_node(uid, name);
	return request_again(req) && fs_pending(fs, uid, name) ? 0 : fs_pending_open(fs, uid, name);
}

/* uid 0 owns what nobody else does in the tree's eyes; the node carries the uploader. */
static int create_upload(struct fs *fs, uid_t uid, const char *name, struct node *out, struct upload **up)
{
	int err = upload_new(fs->state_fd, name, false, up);
	*out = (struct node){.kind = N_INCOMING_IMAGE, .uid = uid};
	if (!err)
		strcpy(out->name, name);
	return err;
}

static void reply_create(fuse_req_t req, const struct node *n, struct handle *h, struct fuse_file_info *fi)
{
	struct fuse_entry_param e;
	struct node_attr attr;
	if (!fuse_fill_entry(req, n, &e, &attr)) {
		if (h->class == CLASS_ORDER)
			fs_pending_close(request_fs(req), n->uid, n->name);
		fs_handle_free(request_fs(req), h);
		return;
	}
	h->ino = e.ino;
	fuse_open_flags(fi, h->class, h->fh);
	fuse_reply_create(req, &e, fi);
}

/* The name that was made for a file that cannot be opened. */
static void uncreate(struct fs *fs, const struct node *n, enum file_class class)
{
	if (class == CLASS_DRAFT)
		local_draft_drop(fs->local, n->uid, n->name);
	if (class == CLASS_ORDER)
		fs_pending_close(fs, n->uid, n->name);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	uid_t uid = fuse_req_ctx(req)->uid;
	struct node dir, n;
	struct upload *up = NULL;
	enum file_class class = CLASS_UPLOAD;
	int err = fs_writable(fs, parent, &dir);
	if (!err && dir.kind == N_ORDERS)
		err = create_order(req, uid, &dir, name, mode, fi->flags, &n, &class);
	else if (!err)
		err = dir.kind == N_INCOMING ? create_upload(fs, uid, name, &n, &up) : -EPERM;
	struct handle *h = err ? NULL : fs_handle_new(fs, tree_ino(&n), &n, class, uid, fi->flags);
	if (!h) {
		upload_free(up);
		if (!err)
			uncreate(fs, &n, class);
		fuse_reply_err(req, err ? -err : ENFILE);
		return;
	}
	h->upload = up;
	if (class == CLASS_DRAFT)
		local_draft_opened(fs->local, n.uid, n.name, 1);
	reply_create(req, &n, h, fi);
}

static void reply_refused(fuse_req_t req, const struct node *n, const struct refusal *why, const char *line)
{
	fuse_refused(request_fs(req), fuse_req_ctx(req)->uid, n, why, line);
	fuse_reply_err(req, why->err);
}

static int token_mkdir(const struct act *a, const struct node *dir, const char *name, struct node *out)
{
	struct refusal why = {.column = -1};
	struct node n = {.kind = N_TOKENS};
	if (act_token_make(a, name, &why))
		return fs_lookup(a->fs, a->uid, dir, name, out);
	if (text_name_ok(name))
		strcpy(n.name, name);
	fuse_refused(a->fs, a->uid, &n, &why, NULL);
	return -why.err;
}

static int task_mkdir(struct fs *fs, uid_t uid, const struct node *dir, const char *name, mode_t mode, struct node *out)
{
	if (fs_lookup(fs, uid, dir, name, out) == 0)
		return -EEXIST;
	int err = local_task_make(fs->local, uid, name, mode & 0770);
	return err ? err : fs_lookup(fs, uid, dir, name, out);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct fs *fs = request_fs(req);
	uid_t uid = fuse_req_ctx(req)->uid;
	struct act a = request_act(req, uid);
	struct refusal why = {.column = -1};
	struct node dir, n;
	int err = fs_writable(fs, parent, &dir);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	err = -EPERM;
	if (dir.kind == N_TASKS) {
		err = task_mkdir(fs, uid, &dir, name, mode, &n);
	} else if (dir.kind == N_TOKENS) {
		err = token_mkdir(&a, &dir, name, &n);
	} else if (dir.kind == N_ACCOUNTS) {
		if (!act_account(&a, name, &why)) {
			reply_refused(req, &dir, &why, name);
			return;
		}
		err = fs_lookup(fs, uid, &dir, name, &n);
	}
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_entry(req, &n);
}

/* rm -r unlinks a task's files before the folder: on one that is over that is nothing. */
static int unlink_in_task(const struct act *a, const struct node *dir)
{
	return act_task_over(a, dir) ? 0 : -EBUSY;
}

/* A name that is not there any more, asked for again after a crash, was removed the first time. */
static void reply_gone(fuse_req_t req, int err)
{
	fuse_reply_err(req, err == -ENOENT && request_again(req) ? 0 : -err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = request_fs(req);
	struct act a = request_act(req, fuse_req_ctx(req)->uid);
	struct refusal why = {.column = -1};
	struct node dir, n;
	int err = fs_writable(fs, parent, &dir);
	err = err ? err : fs_lookup(fs, a.uid, &dir, name, &n);
	if (!err && dir.kind == N_TASK)
		err = unlink_in_task(&a, &dir);
	else if (!err && dir.kind == N_TOKEN_DRAFT)
		err = 0; /* as a finished task's */
	else if (!err && (dir.kind != N_ORDERS || a.uid != dir.uid))
		err = -EPERM;
	else if (!err && n.kind == N_ORDER_DRAFT)
		err = local_draft_drop(fs->local, n.uid, n.name);
	else if (!err) {
		struct node pending = fs_pending_node(n.uid, n.name);
		if (id_cmp(&n.object, &pending.object) != 0 && !act_order_remove(&a, &n.object, &why)) {
			reply_refused(req, &n, &why, NULL);
			return;
		}
		fs_pending_drop(fs, n.uid, n.name);
	}
	reply_gone(req, err);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = request_fs(req);
	struct act a = request_act(req, fuse_req_ctx(req)->uid);
	struct refusal why = {.column = -1};
	struct node dir, n;
	int err = fs_writable(fs, parent, &dir);
	err = err ? err : fs_lookup(fs, a.uid, &dir, name, &n);
	if (!err && dir.kind != N_TASKS && dir.kind != N_TOKENS)
		err = -EPERM;
	if (!err && !(dir.kind == N_TASKS ? act_task_remove(&a, &n, &why) : act_token_remove(&a, &n, &why))) {
		reply_refused(req, &n, &why, NULL);
		return;
	}
	reply_gone(req, err);
}

/* The one line of a draft that is not blank and no comment. */
static bool draft_line(const struct draft *d, char out[LINE_MAX_LEN + 1], struct refusal *why)
{
	autofree char *text = d->len ? strndup(d->text, d->len) : strdup("");
	char *save = NULL;
	bool found = false;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		size_t blank = strspn(line, " \t\r");
		if (line[blank] == 0 || line[blank] == '#')
			continue;
		if (found)
			return refuse(why, EEXIST, 0, "the draft holds more than one order");
		if (strlen(line) > LINE_MAX_LEN)
			return refuse(why, E2BIG, -1, "the line is longer than %d bytes", LINE_MAX_LEN);
		strcpy(out, line);
		found = true;
	}
	return found || refuse(why, EINVAL, -1, "the draft holds no order");
}

static bool commit_draft(const struct act *a, const char *from, const char *to, char line[LINE_MAX_LEN + 1], struct refusal *why)
{
	struct draft d;
	line[0] = 0;
	if (!local_draft_get(a->fs->local, a->uid, from, &d))
		return refuse(why, ENOENT, -1, "the draft is gone");
	bool done = draft_line(&d, line, why) && act_order(a, to, line, 0, why);
	free(d.text);
	if (done)
		local_draft_drop(a->fs->local, a->uid, from);
	return done;
}

/* Within orders/. */
static int rename_order(const struct act *a, const struct node *dir, const struct node *from, const char *to, unsigned flags)
{
	struct refusal why = {.column = -1};
	char line[LINE_MAX_LEN + 1];
	struct node target;
	if (a->uid != dir->uid)
		return -EPERM;
	if (from->kind != N_ORDER_DRAFT)
		return draft_name(to) ? -EBUSY : -EPERM; /* an order bears its name on the ledger */
	if ((flags & RENAME_NOREPLACE) && fs_lookup(a->fs, a->uid, dir, to, &target) == 0)
		return -EEXIST;
	if (draft_name(to))
		return local_draft_rename(a->fs->local, a->uid, from->name, to);
	struct node order = fs_pending_node(a->uid, to);
	if (!text_name_ok(to))
		refuse(&why, EINVAL, -1, "a name is letters, digits, dot, dash, underscore; at most 64");
	else if (commit_draft(a, from->name, to, line, &why))
		return 0;
	fuse_refused(a->fs, a->uid, &order, &why, text_name_ok(to) ? line : NULL);
	return -EBADMSG;
}

static int rename_task(const struct act *a, const struct node *dir, const struct node *from, const char *to)
{
	struct local_task t;
	struct node target;
	if (fs_lookup(a->fs, a->uid, dir, to, &target) == 0)
		return -EEXIST;
	if (!local_task_get(a->fs->local, from->name, &t))
		return -EBUSY;
	bool mine = t.uid == a->uid;
	local_task_copy_free(&t);
	return mine ? local_task_rename(a->fs->local, from->name, to) : -EPERM;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent, const char *newname, unsigned int flags)
{
	struct fs *fs = request_fs(req);
	struct act a = request_act(req, fuse_req_ctx(req)->uid);
	struct node dir, n;
	int err = fs_writable(fs, parent, &dir);
	err = err ? err : fs_lookup(fs, a.uid, &dir, name, &n);
	if (!err && (flags & ~(unsigned)RENAME_NOREPLACE))
		err = -EINVAL;
	if (!err && parent != newparent)
		err = -EXDEV;
	if (!err && dir.kind == N_ORDERS)
		err = rename_order(&a, &dir, &n, newname, flags);
	else if (!err)
		err = dir.kind == N_TASKS ? rename_task(&a, &dir, &n, newname) : -EPERM;
	reply_gone(req, err);
}
