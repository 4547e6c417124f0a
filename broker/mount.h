/* The mount of /zeus, held by the parent so that it outlives the child that serves it. */
#ifndef ZEUS_MOUNT_H
#define ZEUS_MOUNT_H
#include <stdbool.h>

struct mount {
	char dir[256];
	char id[32];   /* which mount it is: the number of its file system */
	int fuse_fd;   /* /dev/fuse, the session's */
	int init_fd;   /* a memory file with the kernel's INIT request: each new child reads it anew */
	int taken_fd;  /* another, where the child notes what it has taken from the kernel and not answered */
	bool first;    /* nobody has served it yet */
};

/* Exit code 0, 69 or 78 with a sentence in why (512). A stale mount that a crash left behind is taken away first. */
int mount_open(struct mount *m, const char *dir, char *why);
/* The service manager's copy of a mount that outlived the last broker. False: there is none, or it is dead; the manager then keeps
 * nothing any more. */
bool mount_kept(struct mount *m, const char *dir);
void mount_close(struct mount *m); /* unmounts */
void mount_leave(struct mount *m); /* to the service manager, for the next broker */
/* Takes away a mount of ours whose broker is gone; who waits for it is told ENOTCONN. 0, also if there is none, or -errno. */
int mount_drop(const char *dir);
#endif
