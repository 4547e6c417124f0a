/* Whether what the kernel holds of a lease is still, to the byte, what it was when it was last found right: one pread a file, no open.
 *
 * That it is not says only that somebody must look (direct_check.c): a lease's own change does it too. */
#ifndef ZEUS_WATCH_H
#define ZEUS_WATCH_H
#include "kernel-facing/group.h"

#define WATCH_FILES 12
#define WATCH_DIRS 5
struct watch {
	bool open;
	bool good;               /* hash is of files that were found right */
	bool told;               /* the kernel has said that a link, queue or class of it changed */
	int fd[WATCH_FILES], told_fd;
	int wd[WATCH_DIRS];      /* of the broker's inotify; the first is -1: none, the files are read each second */
	uint64_t hash;
	uint32_t turn;           /* comparisons, all of them */
	uint32_t unread;         /* comparisons since the files were read */
	uint64_t looked_ms;      /* when all of it was last compared; host_now_ms */
};

void watch_init(struct watch *w);
/* Descriptors of this kernel's files of the group; those that are not there stay closed. -errno only if there is none. */
int watch_open(struct watch *w, const struct group_host *h, const char *leaf);
/* Of all files, now; 0: one of them cannot be read. */
uint64_t watch_hash(const struct watch *w);
/* Asks inotify to tell of writes to the group's files. They may be written through another mount of their own that it does not see, so they
 * are read all the same, but seldom. -errno: it does not tell. */
int watch_writes(struct watch *w, const struct group_host *h, const char *leaf, int inotify);
bool watch_has(const struct watch *w, int wd);
void watch_close(struct watch *w);
#endif
