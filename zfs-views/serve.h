/* Serving a mounted /dev/fuse descriptor until it is unmounted. */
#ifndef ZEUS_SERVE_H
#define ZEUS_SERVE_H
#include "zfs-views/fs.h"

#define SERVE_INIT_MAX 256

/* fuse_fd: mounted. init: the bytes of the session's INIT request that was read already; len 0: none was read, this process answers it
 * itself. first: nobody has served this mount yet. taken_fd: a memory file that outlives this process (taken.h), or -1. */
struct serve_conf { struct fs_conf fs; int fuse_fd, taken_fd; uint8_t init[SERVE_INIT_MAX]; size_t init_len; bool first; };

/* Returns when unmounted or told to end by a signal: 0 or -errno. */
int serve(const struct serve_conf *conf);
/* Mount mountpoint as the tree of zeus. 0 with the descriptor, or -errno. Needs root. */
int serve_mount(const char *mountpoint, int *ret_fd);
#endif
