/* Shared by fuse*.c only, each of which includes fuse_lowlevel.h first. */
#ifndef ZEUS_FUSE_PRIV_H
#define ZEUS_FUSE_PRIV_H
#include "zfs-views/act.h"

struct fuse_session;
struct fuse_lowlevel_ops;

/* The request at hand: its file system, its caller, its number (the same when the kernel sends it again). */
struct fs *request_fs(fuse_req_t req);
struct act request_act(fuse_req_t req, uid_t uid);
bool request_again(fuse_req_t req); /* an earlier process had taken it and may have done it */

/* fuse_attr.c */
int fuse_stat(struct fs *fs, uid_t uid, const struct node *n, struct stat *out, struct node_attr *attr);
/* A log grows; what does not is asked for again at once, or after an hour. */
double fuse_keep_s(const struct node *n, enum file_class class);
void fuse_entry(fuse_req_t req, const struct node *n);               /* reply to lookup, mkdir */
bool fuse_fill_entry(fuse_req_t req, const struct node *n, struct fuse_entry_param *e, struct node_attr *attr);
void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi);

/* fuse_read.c */
void fuse_open_flags(struct fuse_file_info *fi, enum file_class class, uint64_t fh);
int fuse_snapshot(struct fs *fs, struct handle *h);                  /* render h's text; with h->lock held */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readlink(fuse_req_t req, fuse_ino_t ino);

/* fuse_write.c */
void fuse_refused(struct fs *fs, uid_t uid, const struct node *n, const struct refusal *why, const char *line);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off, struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
bool fuse_store_upload(struct fs *fs, const struct act *a, struct handle *h, struct refusal *why); /* with h->lock held */

/* fuse_wait.c */
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
void fuse_changed(void *arg, struct fs *fs);

/* fuse_dir.c, fuse_name.c */
void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent, const char *newname, unsigned int flags);
#endif
