/* SOCK_SEQPACKET connections that carry whole messages of wire.h.
 *
 * Knows sockets and the head of a message. Does not know bodies or roles. No room is ever given for ancillary data, so
 * descriptors that a peer sends are dropped by the kernel and show as MSG_CTRUNC: such a peer is cut off. */
#include "common/conn.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "common/cleanup.h"

#define CONN_BACKLOG 32

static int conn_address(const char *path, struct sockaddr_un *out)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof a.sun_path)
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path));
	*out = a;
	return 0;
}

int conn_dial(const char *path, int *ret_fd)
{
	struct sockaddr_un a;
	int err = conn_address(path, &a);
	if (err)
		return err;
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* A socket file that a dead process left is removed; one that somebody answers on, or no socket at all, is not ours to take. */
static int conn_remove_stale(const char *path)
{
	struct stat st;
	autoclose int fd = -1;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int err = conn_dial(path, &fd);
	if (err != -ECONNREFUSED)
		return err == -ENOENT ? 0 : -EADDRINUSE;
	return unlink(path) < 0 ? -errno : 0;
}

int conn_listen(const char *path, gid_t gid, int *ret_fd)
{
	struct sockaddr_un a;
	int err = conn_address(path, &a);
	if (!err)
		err = conn_remove_stale(path);
	if (err)
		return err;
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -errno;
	/* Nobody can connect before listen(), so the mode is right before it matters. */
	if (lchown(path, (uid_t)-1, gid) < 0 || chmod(path, 0660) < 0 || listen(fd, CONN_BACKLOG) < 0) {
		err = -errno;
		unlink(path);
		return err;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int conn_peer_uid(int fd, uid_t *ret)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*ret = cred.uid;
	return 0;
}

static int conn_error(int err) { return err == ECONNRESET ? -EPIPE : -err; }

int conn_send(int fd, uint8_t type, uint64_t req, const void *body, size_t len, int flags)
{
	uint8_t head[WIRE_HEAD_LEN];
	struct wbuf w = wbuf_on(head, sizeof head);
	if (len > WIRE_MAX - WIRE_HEAD_LEN)
		return -EMSGSIZE;
	wire_head_put(&w, &(struct wire_head){type, (uint32_t)len, req});
	struct iovec iov[2] = {{head, sizeof head}, {(void *)body, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n;
	do
		n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? conn_error(errno) : 0;
}

int conn_recv(int fd, uint8_t *buf, struct wire_head *head, struct slice *body, int flags)
{
	struct iovec iov = {buf, WIRE_MAX};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct wire_head h;
	ssize_t n;
	do
		n = recvmsg(fd, &msg, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return conn_error(errno);
	if (n == 0 && !(msg.msg_flags & MSG_CTRUNC))
		return -EPIPE;
	struct rbuf r = rbuf_on(buf, (size_t)n);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !wire_head_get(&r, &h) || h.len != (size_t)n - WIRE_HEAD_LEN)
		return -EBADMSG;
	*head = h;
	*body = (struct slice){buf + WIRE_HEAD_LEN, h.len};
	return 0;
}
