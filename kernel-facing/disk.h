/* A task's writable layer: a file system of fixed size in a sparse file, mounted through a loop device that goes with its mount. */
#ifndef ZEUS_DISK_H
#define ZEUS_DISK_H
#include <stdint.h>
#include <sys/types.h>

/* Makes path with an empty ext4 in it, by mkfs.ext4 as helper_uid in a child of its own. Blocks: call it inside a job. */
int disk_make(const char *path, uint32_t mib, uid_t helper_uid);
/* Mounts it at dir (nosuid, nodev). */
int disk_mount(const char *path, const char *dir);
/* As disk_make, but copied from an empty one of that size which dir keeps for the next time: making one takes tens of milliseconds. */
int disk_take(const char *dir, const char *path, uint32_t mib, uid_t helper_uid);
/* The kept one is not to be had again: what was copied from it could not be mounted. */
void disk_forget(const char *dir, uint32_t mib);
#endif
