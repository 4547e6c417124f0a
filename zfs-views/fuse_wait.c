/* Waiting: fsync until what was said is final, and poll until something changed.
 *
 * Nobody is left hanging: an fsync takes no worker while it waits, and ends with EINTR when its caller is killed. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/fuse_priv.h"

/* One fsync under way. Two sides may end it, the ledger's answer and an interrupt; `over` says that one has. */
struct sync_wait {
	fuse_req_t req; struct fs *fs; struct node node; pthread_mutex_t lock; struct link_call *call; bool interrupted, over; int holders;
};

static void wait_drop(struct sync_wait *w)
{
	pthread_mutex_lock(&w->lock);
	bool last = --w->holders == 0;
	pthread_mutex_unlock(&w->lock);
	if (last) {
		pthread_mutex_destroy(&w->lock);
		free(w);
	}
}

/* Final now: was it refused after it was taken? */
static int outcome(struct fs *fs, const struct node *n, enum verdict v)
{
	if (v != V_OK)
		return verdict_errno(v);
	if (n->kind != N_ORDER)
		return 0;
	model_lock(fs->model);
	const struct address *a = model_address(fs->model, n->uid);
	const struct fact_order *o = a ? model_order_by_name(fs->model, a, n->name) : NULL;
	bool rejected = o && o->state == ORDER_REJECTED;
	model_unlock(fs->model);
	return rejected ? EIO : 0;
}

static void answered(void *arg, enum verdict v)
{
	struct sync_wait *w = arg;
	pthread_mutex_lock(&w->lock);
	w->over = true;
	pthread_mutex_unlock(&w->lock);
	fuse_req_interrupt_func(w->req, NULL, NULL); /* waits for one that is running */
	fuse_reply_err(w->req, outcome(w->fs, &w->node, v));
	wait_drop(w);
}

/* The caller gives up. True: it was ended here, and answered() will not come. */
static bool give_up(struct sync_wait *w)
{
	pthread_mutex_lock(&w->lock);
	w->interrupted = true;
	struct link_call *call = w->over ? NULL : w->call;
	pthread_mutex_unlock(&w->lock);
	return call && link_sync_cancel(w->fs->link, call);
}

static void interrupted(fuse_req_t req, void *arg)
{
	struct sync_wait *w = arg;
	if (give_up(w)) {
		fuse_reply_err(req, EINTR);
		wait_drop(w);
	}
}

static void wait_for_final(fuse_req_t req, struct fs *fs, const struct node *n)
{
	struct sync_wait *w = calloc(1, sizeof *w);
	struct link_call *call;
	if (!w) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	*w = (struct sync_wait){.req = req, .fs = fs, .node = *n, .holders = 2};
	pthread_mutex_init(&w->lock, NULL);
	fuse_req_interrupt_func(req, interrupted, w);
	int err = link_sync(fs->link, answered, w, &call);
	if (err) {
		fuse_req_interrupt_func(req, NULL, NULL);
		fuse_reply_err(req, -err);
		wait_drop(w);
	} else {
		pthread_mutex_lock(&w->lock);
		w->call = call;
		bool late = w->interrupted && !w->over; /* the interrupt came before there was anything to cancel */
		pthread_mutex_unlock(&w->lock);
		if (late && give_up(w)) {
			fuse_reply_err(req, EINTR);
			wait_drop(w);
		}
	}
	wait_drop(w);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	struct refusal why = {.err = 0};
	(void)datasync;
	if (!h) {
		fuse_reply_err(req, ESTALE);
		return;
	}
	if (h->upload) {
		struct act a = request_act(req, h->uid);
		pthread_mutex_lock(&h->lock);
		fuse_store_upload(fs, &a, h, &why);
		pthread_mutex_unlock(&h->lock);
		fuse_reply_err(req, why.err);
	} else if (h->node.kind == N_ORDER || h->node.kind == N_ORDERS || h->class == CLASS_COMMAND || h->class == CLASS_EXCHANGE ||
		   h->node.kind == N_TASKS || h->node.kind == N_LEASES) {
		wait_for_final(req, fs, &h->node);
	} else {
		fuse_reply_err(req, 0); /* drafts and settings are stored when write returns */
	}
}

/* Does the file say something else than this descriptor has read? */
static bool moved(struct fs *fs, struct handle *h)
{
	struct view v = fs_view(fs);
	struct page now = {0};
	uint64_t generation = model_generation(fs->model);
	if (!h->pinned || h->seen == generation)
		return false;
	int err = tree_render(&v, h->uid, &h->node, &now);
	bool same = !err && now.len == h->text.len && (now.len == 0 || memcmp(now.p, h->text.p, now.len) == 0);
	page_free(&now);
	if (same)
		h->seen = generation;
	return !same;
}

void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct fs *fs = request_fs(req);
	struct handle *h = fs_handle(fs, fi->fh, ino);
	unsigned events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	if (!h) {
		if (ph)
			fuse_pollhandle_destroy(ph);
		fuse_reply_err(req, ESTALE);
		return;
	}
	pthread_mutex_lock(&h->lock);
	if (ph) {
		if (h->poll)
			fuse_pollhandle_destroy(h->poll);
		h->poll = ph;
	}
	if (moved(fs, h))
		events |= POLLPRI | POLLERR;
	pthread_mutex_unlock(&h->lock);
	fuse_reply_poll(req, events);
}

static void wake(void *arg, struct handle *h)
{
	(void)arg;
	if (pthread_mutex_trylock(&h->lock) != 0)
		return; /* busy with a request, which sees the new state */
	if (h->poll)
		fuse_lowlevel_notify_poll(h->poll);
	pthread_mutex_unlock(&h->lock);
}

/* The kernel asks op_poll again for each; which of them really changed is found out there. */
void fuse_changed(void *arg, struct fs *fs)
{
	(void)arg;
	fs_handle_each(fs, wake, NULL);
}
