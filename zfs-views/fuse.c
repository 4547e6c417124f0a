/* The FUSE session: which operation does what, and the descriptor beneath.
 *
 * A mount outlives the process that serves it. Its INIT was read once, by whoever mounted; every process that serves the mount is given
 * those bytes as its first request, and then what an earlier one had taken and not answered: from the kernel, or as it was noted down
 * (taken.c). Such a request keeps its number, and commands carry it, so that none is carried out twice. */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/log.h"
#include "zfs-views/fuse_priv.h"
#include "zfs-views/serve.h"
#include "zfs-views/taken.h"

#define MAX_WRITE (128u << 10)
#define WORKERS 16
#define NOTIFY_RESEND 7            /* FUSE_NOTIFY_RESEND, kernels from 6.9 on */
_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "a request's number fits a pointer");
#define RESENT (1ULL << 63)        /* marks the number of a request that is sent again */

#define REQUEST_MAX (MAX_WRITE + 4096) /* as libfuse has it */

/* number: per thread, that of the request it has just read; libfuse does not hand it on. taken: NULL if nothing outlives this process. */
struct session { struct fs *fs; const struct serve_conf *conf; _Atomic bool init_given; pthread_key_t number; struct taken *taken; };

struct fs *request_fs(fuse_req_t req) { return ((struct session *)fuse_req_userdata(req))->fs; }

struct act request_act(fuse_req_t req, uid_t uid)
{
	struct session *s = fuse_req_userdata(req);
	return (struct act){.fs = s->fs, .uid = uid, .unique = (uintptr_t)pthread_getspecific(s->number) & ~RESENT};
}

bool request_again(fuse_req_t req)
{
	struct session *s = fuse_req_userdata(req);
	return (uintptr_t)pthread_getspecific(s->number) & RESENT;
}

static ssize_t next_request(struct session *s, int fd, void *buf, size_t len, bool *again)
{
	if (s->conf->init_len && !atomic_exchange(&s->init_given, true)) {
		memcpy(buf, s->conf->init, s->conf->init_len);
		return (ssize_t)s->conf->init_len;
	}
	return s->taken ? taken_read(s->taken, fd, buf, len, again) : read(fd, buf, len);
}

static ssize_t read_request(int fd, void *buf, size_t len, void *userdata)
{
	struct session *s = userdata;
	struct fuse_in_header head;
	bool again = false;
	ssize_t n = next_request(s, fd, buf, len, &again);
	if (n >= (ssize_t)sizeof head) {
		memcpy(&head, buf, sizeof head);
		pthread_setspecific(s->number, (void *)(uintptr_t)(head.unique | (again ? RESENT : 0)));
	}
	return n;
}

/* ENOENT, of which libfuse makes nothing: the kernel has had that answer, from a process that died before it could note it down. So it is
 * with every INIT but the first. */
static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata)
{
	struct session *s = userdata;
	struct fuse_out_header answer;
	ssize_t n = writev(fd, iov, count);
	int err = errno;
	memcpy(&answer, iov[0].iov_base, sizeof answer);
	if (s->taken && answer.unique)
		taken_answered(s->taken, answer.unique);
	errno = err;
	return n;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->max_write = MAX_WRITE;
	conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_WRITEBACK_CACHE |
				  FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_AUTO_INVAL_DATA);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	fs_forget(request_fs(req), ino, count);
	fuse_reply_none(req);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st = {.f_bsize = 4096, .f_frsize = 4096, .f_namemax = NAME_MAX_LEN};
	(void)ino;
	fuse_reply_statfs(req, &st);
}

static void op_symlink(fuse_req_t req, const char *link, fuse_ino_t parent, const char *name)
{
	(void)link, (void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino, (void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	(void)parent, (void)name, (void)mode, (void)dev;
	fuse_reply_err(req, EPERM);
}

static const struct fuse_lowlevel_ops operations = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .symlink = op_symlink,
    .rename = op_rename,
    .link = op_link,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .release = op_release,
    .fsync = op_fsync,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .releasedir = op_release,
    .fsyncdir = op_fsync,
    .statfs = op_statfs,
    .create = op_create,
    .poll = op_poll,
};

static int answer_init(struct fuse_session *se)
{
	struct fuse_buf buf = {.mem = NULL};
	int n = fuse_session_receive_buf(se, &buf);
	if (n > 0)
		fuse_session_process_buf(se, &buf);
	free(buf.mem);
	return n > 0 ? 0 : n < 0 ? n : -EIO;
}

/* A kernel that repeats requests knows best which; for another one there is what was noted down. */
static void ask_again(const struct session *s)
{
	struct fuse_out_header h = {.len = sizeof h, .error = NOTIFY_RESEND};
	if (write(s->conf->fuse_fd, &h, sizeof h) == sizeof h && s->taken)
		taken_discard(s->taken);
	else if (!s->taken)
		log_warning("this kernel does not repeat requests; those that an earlier process had taken stay unanswered");
}

static int loop(struct fuse_session *se)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, 0);
	fuse_loop_cfg_set_max_threads(config, WORKERS);
	int err = fuse_session_loop_mt(se, config);
	fuse_loop_cfg_destroy(config);
	return err < 0 ? err : 0;
}

static int run_session(struct session *s)
{
	static const struct fuse_custom_io io = {.read = read_request, .writev = write_answer};
	char *argv[] = {(char *)"zeus-views", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *se = fuse_session_new(&args, &operations, sizeof operations, s);
	if (!se)
		return -ENOMEM;
	s->fs->session = se;
	int err = fuse_session_custom_io(se, &io, s->conf->fuse_fd); /* the descriptor is the session's from now on */
	if (!err && fuse_set_signal_handlers(se) < 0)
		err = -EINVAL;
	if (!err && s->conf->init_len)
		err = answer_init(se);
	if (!err && s->conf->init_len && !s->conf->first)
		ask_again(s);
	if (!err)
		err = loop(se);
	fuse_remove_signal_handlers(se);
	fuse_session_destroy(se);
	return err;
}

int serve(const struct serve_conf *conf)
{
	struct session s = {.conf = conf};
	int err = pthread_key_create(&s.number, NULL);
	if (!err && conf->taken_fd >= 0)
		err = taken_open(conf->taken_fd, REQUEST_MAX, &s.taken);
	if (!err)
		err = fs_new(&conf->fs, fuse_changed, NULL, &s.fs);
	if (err)
		return err;
	if (!conf->first)
		fs_wait_facts(s.fs); /* the tree was there a moment ago; nobody shall see it empty */
	err = run_session(&s);
	fs_free(s.fs);
	taken_free(s.taken);
	pthread_key_delete(s.number);
	return err;
}

int serve_mount(const char *mountpoint, int *ret_fd)
{
	char options[128];
	autoclose int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,max_read=%u", fd,
	    MAX_WRITE);
	if (mount("zeus", mountpoint, "fuse.zeus", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, options) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}
