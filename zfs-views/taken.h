/* Requests taken from the kernel and not answered yet, in memory that outlives the process that took them. */
#ifndef ZEUS_TAKEN_H
#define ZEUS_TAKEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAKEN_MAX 64 /* at a time; those beyond are served, but not remembered */

struct taken;

/* memory: a memory file, empty or as another process left it; it becomes ours on success. request_max: bytes of the largest request.
 * 0, -ENOMEM or another -errno. */
int taken_open(int memory, size_t request_max, struct taken **ret);
void taken_free(struct taken *t);
/* Nothing that an earlier process left will be handed out: the kernel itself repeats it. */
void taken_discard(struct taken *t);
/* As read(2) on /dev/fuse, after what an earlier process left; again says which of the two it was. */
ssize_t taken_read(struct taken *t, int fd, void *buf, size_t len, bool *again);
/* The request of that number has its answer. */
void taken_answered(struct taken *t, uint64_t unique);
#endif
