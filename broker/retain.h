/* What is left of ended leases, bounded: their directories below tasks/ (the parent's) and live/ (the plan child's). */
#ifndef ZEUS_RETAIN_H
#define ZEUS_RETAIN_H
#include <stdbool.h>
#include <stdint.h>

/* Of the directories in dir_fd that are named like leases, remove all but those that held says are in use and the `keep` of the others
 * that changed last. 0 or -errno; what could not be removed is tried again next time. */
int retain_newest(int dir_fd, uint32_t keep, bool (*held)(const void *arg, const char *name), const void *arg);
#endif
