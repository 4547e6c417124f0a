/* One connection of the ledger's protocol: whole packets in, whole packets out, bounded, never blocking unless asked to. */
#ifndef ZEUS_CONN_H
#define ZEUS_CONN_H
#include <sys/types.h>
#include "common/wire.h"

/* Connect to the SOCK_SEQPACKET socket at path. 0 with *ret_fd (CLOEXEC, blocking), or -errno. */
int conn_dial(const char *path, int *ret_fd);
/* Listen at path (mode 0660, group gid, an old socket of nobody's is removed; -EADDRINUSE if somebody listens). */
int conn_listen(const char *path, gid_t gid, int *ret_fd);
int conn_peer_uid(int fd, uid_t *ret);
/* Send one message. flags: 0 or MSG_DONTWAIT. 0, -EAGAIN, -EPIPE ... */
int conn_send(int fd, uint8_t type, uint64_t req, const void *body, size_t len, int flags);
/* Receive one message into buf (WIRE_MAX bytes). 0 with *head and *body inside buf; -EPIPE at end; -EBADMSG: cut it off; -EAGAIN. */
int conn_recv(int fd, uint8_t *buf, struct wire_head *head, struct slice *body, int flags);
#endif
