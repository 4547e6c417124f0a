/* The file system's state behind the FUSE operations: which node a number means, what each open file is about, and who waits.
 *
 * No FUSE type appears here but two opaque pointers. What is done to the ledger is in act.h. */
#ifndef ZEUS_FS_H
#define ZEUS_FS_H
#include <pthread.h>
#include "zfs-views/batch.h"
#include "zfs-views/exchange.h"
#include "zfs-views/lines.h"
#include "zfs-views/link.h"
#include "zfs-views/signed.h"
#include "zfs-views/tree.h"
#include "zfs-views/upload.h"
#include "zfs-views/verify.h"

struct fuse_session;
struct fuse_pollhandle;

/* One open file or directory. Its number carries the opener's uid, so that a restarted process still knows who may write through it. */
struct handle {
	uint64_t fh, ino; struct node node; uid_t uid; int flags; enum file_class class;
	pthread_mutex_t lock;            /* guards what follows */
	struct page text; bool pinned;   /* the snapshot */
	uint64_t seen;                   /* model generation at which text was known to be right */
	struct lines lines; struct exchange exchange; bool wrote, posted, told; /* told: the refusal at hand was logged already */
	struct batch batch; struct signed_in incoming; struct verify_in question; struct upload *upload;
	struct dir_entry { char name[NAME_MAX_LEN + 1]; struct node node; } *dir; size_t ndir;
	struct fuse_pollhandle *poll;
	size_t bytes;                    /* counted against its uid; see fs_handle_holds */
};

struct node_table; struct handle_table;

struct pending { char name[NAME_MAX_LEN + 1]; uid_t uid; uint32_t opens; };

struct fs {
	struct view view; pthread_mutex_t view_lock; /* node_id and engine come with the ledger */
	struct model *model; struct local *local; struct link *_Atomic link; struct fuse_session *session;
	void (*changed)(void *arg, struct fs *fs); void *changed_arg;
	int state_fd, images_fd; uint32_t nonce, epoch;  /* nonce: one per mount, epoch: one per process on it */
	struct node_table *nodes; struct handle_table *handles; atomic_uint half_signed, half_proofs; /* files with a part of one */
	pthread_mutex_t pending_lock; struct pending pending[PENDING_MAX]; size_t npending; int pending_fd;
};

/* The view as it is now. */
struct view fs_view(struct fs *fs);
/* fs.c. conf: what the mount is made of; its fields are copied, the descriptors kept. The link starts at once. */
struct fs_conf { struct view view; int state_fd; const char *ledger; bool first; };
int fs_new(const struct fs_conf *conf, void (*changed)(void *arg, struct fs *fs), void *arg, struct fs **ret);
void fs_free(struct fs *fs);
void fs_wait_facts(struct fs *fs);    /* until the first facts came, FACTS_TIMEOUT_MS at most */
void fs_names_reload(struct fs *fs);  /* a user may have come since */

/* fs_node.c. Number to node; false: no such object any more. */
bool fs_node(struct fs *fs, uint64_t ino, struct node *out);
int fs_writable(struct fs *fs, uint64_t ino, struct node *out);    /* -ESTALE; -EROFS: it is of the past */
uint64_t fs_remember(struct fs *fs, const struct node *n); /* counts one lookup; returns its number */
void fs_forget(struct fs *fs, uint64_t ino, uint64_t count);
int fs_nodes_new(struct fs *fs);
void fs_nodes_free(struct fs *fs);
/* tree_lookup, plus what this process knows: pending names, removed objects. */
int fs_lookup(struct fs *fs, uid_t uid, const struct node *dir, const char *name, struct node *out);
struct node fs_pending_node(uid_t uid, const char *name);
bool fs_hidden(struct fs *fs, const struct node *n);

/* fs_handle.c */
int fs_handles_new(struct fs *fs);
void fs_handles_free(struct fs *fs);
/* NULL: too many, in all or of this uid's. */
struct handle *fs_handle_new(struct fs *fs, uint64_t ino, const struct node *n, enum file_class class, uid_t uid, int flags);
/* From now on the handle holds this many bytes. False: too many for its uid, nothing is changed. Fewer is always right. */
bool fs_handle_holds(struct fs *fs, struct handle *h, size_t bytes);
/* The handle; if this process never saw it (an earlier one did), one made anew for the uid in its number. NULL: the object is gone. */
struct handle *fs_handle(struct fs *fs, uint64_t fh, uint64_t ino);
void fs_handle_free(struct fs *fs, struct handle *h);
void fs_handle_each(struct fs *fs, void (*cb)(void *arg, struct handle *h), void *arg);

/* Names created in orders/ that no order bears yet. */
int fs_pending_load(struct fs *fs, bool first); /* first: a new mount, nobody holds any */
bool fs_pending(struct fs *fs, uid_t uid, const char *name);
int fs_pending_open(struct fs *fs, uid_t uid, const char *name); /* -ENOSPC */
void fs_pending_drop(struct fs *fs, uid_t uid, const char *name); /* removed while open */
void fs_pending_close(struct fs *fs, uid_t uid, const char *name);
#endif
