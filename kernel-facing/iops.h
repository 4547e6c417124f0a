/* Input and output operations per second of a lease: on the disk of its task, and on the machine's disk below the image's files.
 *
 * Each of the two devices is held to the number, reads and writes apart. What a program writes without waiting for it (no fsync, no
 * O_DIRECT) is written later by the kernel: v2 counts it as the lease's, v1 as nobody's; there the lease's memory bounds it.
 * v2 holds nothing to one a second: that is held to two. */
#ifndef ZEUS_IOPS_H
#define ZEUS_IOPS_H
#include "kernel-facing/group.h"

#define IOPS_NO_LIMIT UINT32_MAX
#define IOPS_DEVICES 2

struct block_device { uint32_t major, minor; }; /* major 0: none */
struct iops_devices { struct block_device of[IOPS_DEVICES]; };

/* The whole disk on which the file system of path is; none if it is on no single one. */
struct block_device iops_disk_of(const char *path);
/* Can this kernel hold groups to a number of operations? */
bool iops_possible(const struct group_host *h);
/* Sets both kinds on all devices, or removes them: per_s 0. Read back: -EIO if the kernel says something else. A task's container must
 * be there: on v1 its group is the one that counts. */
int iops_set(const struct group_host *h, const char *leaf, const struct iops_devices *devices, uint32_t per_s);
/* What differs from per_s on any of them, or per_s itself. */
int iops_read(const struct group_host *h, const char *leaf, const struct iops_devices *devices, uint32_t per_s, uint32_t *have);
#endif
