/* A task's writable layer: a file system of fixed size in a sparse file, mounted through a loop device that goes with its mount. */
#ifndef ZEUS_DISK_H
#define ZEUS_DISK_H
#include <stdint.h>
#include <sys/types.h>

/* Makes path with an empty ext4 in it, by mkfs.ext4 as helper_uid in a child of its own. Blocks: call it inside a job. */
int disk_make(const char *path, uint32_t mib, uid_t helper_uid);
/* Mounts it at dir (nosuid, nodev). */
int disk_mount(const char *path, const char *dir);
#endif
