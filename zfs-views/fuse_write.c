/* Writing: lines become commands and are carried out before write returns; drafts, settings and uploads take bytes.
 *
 * Only the opener writes through a descriptor: a request by another uid, though it holds the descriptor, is EPERM. Every refusal is told
 * twice: its errno to the writer, its sentence to /zeus/errors. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/log.h"
#include "zfs-views/fuse_priv.h"

#define LOCK_HANDLE(h) __attribute__((cleanup(unlock_handle))) struct handle *held_ = (h); pthread_mutex_lock(&held_->lock)
static void unlock_handle(struct handle **h) { pthread_mutex_unlock(&(*h)->lock); }

/* What the user would call it. */
static void path_of(struct fs *fs, const struct node *n, char *out, size_t cap)
{
	struct view v = fs_view(fs);
	char lease[LEASE_NAME_LEN + 1], address[ADDRESS_TEXT_MAX];
	uint16_t k = n->kind;
	bool mine = k == N_POST || k == N_BATCH || k == N_SEND || k == N_DELEGATE || k == N_VOTES || k == N_ACCOUNT_CTL;
	if (k == N_ORDER || k == N_ORDER_DRAFT || k == N_ORDERS) {
		snprintf(out, cap, "%s/market/orders%s%s", v.mount, n->name[0] ? "/" : "", n->name);
	} else if (mine) {
		snprintf(out, cap, "%s/me/%s", v.mount, tree_name(n));
	} else if (k >= N_TOKENS && k <= N_TOKEN_DRAFT_CTL) {
		bool file = k != N_TOKENS && k != N_TOKEN && k != N_TOKEN_DRAFT;
		snprintf(out, cap, "%s/tokens/%s%s%s", v.mount, n->name, file ? "/" : "", file ? tree_name(n) : "");
	} else if (k == N_CHAIN_VERIFY) {
		snprintf(out, cap, "%s/chains/%u/verify", v.mount, n->chain);
	} else if (k == N_MARKET_SIGNED) {
		snprintf(out, cap, "%s/market/signed", v.mount);
	} else if (k == N_PREPARE) {
		text_of_address((const struct address *)&n->object, address);
		snprintf(out, cap, "%s/accounts/%s/prepare", v.mount, address);
	} else if (k == N_LEASE_CTL) {
		lease_name_of(&n->object, lease);
		snprintf(out, cap, "%s/leases/l-%s/ctl", v.mount, lease);
	} else if (k >= N_TASK && k <= N_TASK_CTL) {
		snprintf(out, cap, "%s/tasks/%s%s", v.mount, n->name, k == N_TASK_CTL ? "/ctl" : "");
	} else if (k == N_INCOMING_IMAGE) {
		snprintf(out, cap, "%s/images/incoming/%s", v.mount, n->name);
	} else {
		snprintf(out, cap, "%s", v.mount);
	}
}

void fuse_refused(struct fs *fs, uid_t uid, const struct node *n, const struct refusal *why, const char *line)
{
	char path[512];
	path_of(fs, n, path, sizeof path);
	local_error(fs->local, uid, why->err, path, why->text, line, why->column);
	log_info("uid %u: %s: %s", (unsigned)uid, path, why->text);
}

/* What a batch takes from its first line on. */
#define BATCH_BYTES (TX_BATCH_BODY_MAX + TX_BATCH_OPS_MAX * (NAME_MAX_LEN + 1))

struct writer { struct fs *fs; struct handle *h; struct act act; };

/* A second line through one descriptor is meant for another order, unless it shows that it knows this one. */
static bool one_order(struct writer *w, const char *line, uint32_t index, struct refusal *why)
{
	if (w->h->posted && !strstr(line, " id=") && !strstr(line, " rev="))
		return refuse(why, EEXIST, 0, "one file holds one order; use another name, or post, for the next");
	if (!act_order(&w->act, w->h->node.name, line, index, why))
		return false;
	w->h->posted = true;
	return true;
}

static bool carry_out(void *arg, const char *line, uint32_t index, struct refusal *why)
{
	struct writer *w = arg;
	struct handle *h = w->h;
	uint16_t kind = h->node.kind;
	if (kind == N_ORDER)
		return one_order(w, line, index, why);
	if (kind == N_POST)
		return act_post(&w->act, line, index, &h->exchange.reply, why);
	if (kind == N_BATCH && !h->batch.ops && !fs_handle_holds(w->fs, h, h->bytes + BATCH_BYTES))
		return refuse(why, ENFILE, -1, "too many batches are open; close one first");
	if (kind == N_BATCH)
		return act_batch(&w->act, &h->batch, line, index, &h->exchange.reply, why);
	if (kind == N_SEND)
		return act_transfer(&w->act, line, index, &h->exchange.reply, why);
	if (kind == N_PREPARE)
		return act_prepare(&w->act, (const struct address *)&h->node.object, line, index, &h->exchange.reply, why);
	if (kind == N_TOKEN_CTL)
		return act_token(&w->act, &h->node, line, index, why);
	if (kind == N_TOKEN_DRAFT_CTL)
		return act_token_issue(&w->act, &h->node, line, index, why);
	if (kind == N_ACCOUNT_CTL)
		return act_stake(&w->act, line, index, why);
	if (kind == N_LEASE_CTL)
		return act_lease(&w->act, &h->node.object, line, index, why);
	if (kind == N_TASK_CTL)
		return act_task(&w->act, h->node.name, line, index, why);
	return refuse(why, EINVAL, -1, "nothing can be written here");
}

/* A refusal after some lines comes twice, as a short count and as the errno of the retry: it is told once. */
static void tell(struct fs *fs, struct handle *h, const struct refusal *why, const char *line, bool partly)
{
	bool told = h->told;
	h->told = partly;
	if (!told)
		fuse_refused(fs, h->uid, &h->node, why, line);
}

/* What was done is counted; a refusal of the first thing is the write's. */
static void end_write(
    fuse_req_t req, struct fs *fs, struct handle *h, const struct refusal *why, const char *line, uint64_t off, size_t done)
{
	if (why->err)
		tell(fs, h, why, line, done > 0);
	h->told = why->err && done > 0;
	exchange_wrote(&h->exchange, off, done);
	h->wrote = true;
	h->pinned = false;
	if (why->err && done == 0)
		fuse_reply_err(req, why->err);
	else
		fuse_reply_write(req, done);
}

static void write_lines(fuse_req_t req, struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	char line[LINE_MAX_LEN + 1];
	struct refusal why;
	struct writer w = {.fs = fs, .h = h, .act = request_act(req, h->uid)};
	size_t done;
	exchange_begin(&h->exchange);
	lines_write(&h->lines, buf, size, carry_out, &w, &why, line, &done);
	end_write(req, fs, h, &why, line, off, done);
}

static bool hand_in(void *arg, struct slice envelope, struct refusal *why)
{
	struct writer *w = arg;
	return act_signed(&w->act, envelope, &w->h->exchange.reply, why);
}

static void write_signed(fuse_req_t req, struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	char line[LINE_MAX_LEN + 1] = "";
	struct refusal why;
	struct writer w = {.fs = fs, .h = h, .act = request_act(req, h->uid)};
	size_t done;
	exchange_begin(&h->exchange);
	int err = signed_write(&h->incoming, &fs->half_signed, buf, size, hand_in, &w, &why, &done);
	if (err)
		snprintf(line, sizeof line, "%.*s", (int)(size - done < 200 ? size - done : 200), buf + done);
	end_write(req, fs, h, &why, line, off, done);
}

static bool answer(void *arg, struct slice question, struct refusal *why)
{
	struct writer *w = arg;
	bool reads = (w->h->flags & O_ACCMODE) == O_RDWR;
	return act_verify(&w->act, w->h->node.chain, reads, question, &w->h->exchange.reply, why);
}

static void write_verify(fuse_req_t req, struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	char line[LINE_MAX_LEN + 1] = "";
	struct refusal why;
	struct writer w = {.fs = fs, .h = h, .act = request_act(req, h->uid)};
	size_t done;
	exchange_begin(&h->exchange);
	verify_write(&h->question, &fs->half_proofs, buf, size, answer, &w, &why, &done);
	end_write(req, fs, h, &why, line, off, done);
}

/* What is between blanks, once: a value has no lines. */
static bool value_of(const char *buf, size_t size, char out[LINE_MAX_LEN + 1], struct refusal *why)
{
	while (size && strchr(" \t\r\n", buf[size - 1]))
		size--;
	while (size && (*buf == ' ' || *buf == '\t')) {
		buf++;
		size--;
	}
	out[0] = 0;
	if (size > LINE_MAX_LEN)
		return refuse(why, E2BIG, -1, "the value is longer than %d bytes", LINE_MAX_LEN);
	if (memchr(buf, '\n', size) || memchr(buf, 0, size))
		return refuse(why, EINVAL, -1, "one value, in one line");
	memcpy(out, buf, size);
	out[size] = 0;
	return size || refuse(why, EINVAL, -1, "no value, nothing was done");
}

static void write_value(fuse_req_t req, struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	char value[LINE_MAX_LEN + 1];
	struct refusal why = {.column = -1};
	struct act a = request_act(req, h->uid);
	bool vote = h->node.kind == N_DELEGATE || h->node.kind == N_VOTES;
	bool done = value_of(buf, size, value, &why) &&
		    (vote ? act_vote(&a, &h->node, value, &why) : act_token_value(&a, &h->node, value, &why));
	end_write(req, fs, h, &why, value, off, done ? size : 0);
}

/* `image` and `lease` are one value: what is written replaces it. `cmd` and `env` are files. */
static int write_setting(struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	enum task_setting s = (enum task_setting)(h->node.kind - N_TASK_IMAGE);
	bool value = s == SET_IMAGE || s == SET_LEASE;
	return local_task_set(fs->local, h->node.name, s, buf, size, value ? 0 : off, value);
}

static int upload_of(struct fs *fs, struct handle *h)
{
	return h->upload ? 0 : upload_new(fs->state_fd, h->node.name, true, &h->upload); /* an earlier process began it */
}

static int write_bytes(struct fs *fs, struct handle *h, const char *buf, size_t size, uint64_t off)
{
	int err;
	switch (h->class) {
	case CLASS_DRAFT:
		return local_draft_write(fs->local, h->node.uid, h->node.name, buf, size, off);
	case CLASS_SETTING:
		return write_setting(fs, h, buf, size, off);
	case CLASS_UPLOAD:
		err = upload_of(fs, h);
		return err ? err : upload_write(h->upload, buf, size, off);
	case CLASS_LOG:
		if (h->node.kind == N_ERRORS)
			local_errors_clear(fs->local, h->uid);
		return h->node.kind == N_ERRORS ? 0 : -EACCES;
	case CLASS_TEXT: /* a setting that was frozen since it was opened */
		return -EBUSY;
	case CLASS_DIR:
	case CLASS_LINK:
	case CLASS_FILE:
	case CLASS_IMMUTABLE:
	case CLASS_COMMAND:
	case CLASS_EXCHANGE:
	case CLASS_ORDER:
	case CLASS_VALUE:
		return -EACCES;
	}
	return -EACCES;
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	struct refusal why = {
	    .err = EPERM, .column = -1, .text = "this file was opened by another user; only who opened it writes through it"};
	if (!h) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	LOCK_HANDLE(h);
	uid_t uid = fuse_req_ctx(req)->uid;
	if (uid != h->uid) {
		fuse_refused(fs, uid, &h->node, &why, NULL);
		fuse_reply_err(req, EPERM);
		return;
	}
	if (h->node.kind == N_MARKET_SIGNED) {
		write_signed(req, fs, h, buf, size, (uint64_t)off);
		return;
	}
	if (h->node.kind == N_CHAIN_VERIFY) {
		write_verify(req, fs, h, buf, size, (uint64_t)off);
		return;
	}
	if (h->class == CLASS_VALUE) {
		write_value(req, fs, h, buf, size, (uint64_t)off);
		return;
	}
	if (h->class == CLASS_COMMAND || h->class == CLASS_EXCHANGE || h->class == CLASS_ORDER) {
		write_lines(req, fs, h, buf, size, (uint64_t)off);
		return;
	}
	int err = write_bytes(fs, h, buf, size, (uint64_t)off);
	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_write(req, size);
}

bool fuse_store_upload(struct fs *fs, const struct act *a, struct handle *h, struct refusal *why)
{
	if (!h->upload || !h->upload->dirty)
		return true;
	h->upload->dirty = false; /* judged, until more is written */
	if (act_upload(a, h->upload, why))
		return true;
	fuse_refused(fs, h->uid, &h->node, why, NULL);
	return false;
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	struct refusal why = {.err = 0};
	if (!h) {
		fuse_reply_err(req, 0);
		return;
	}
	LOCK_HANDLE(h);
	struct act a = request_act(req, h->uid);
	if (h->class == CLASS_UPLOAD && fuse_req_ctx(req)->uid == h->uid)
		fuse_store_upload(fs, &a, h, &why);
	fuse_reply_err(req, why.err);
}
