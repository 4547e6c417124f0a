/* A kernel side of the benchmark's own: a directory, an instance id, and nothing left when it is closed. */
#ifndef BENCH_SITE_H
#define BENCH_SITE_H
#include "kernel-facing/kernel.h"

struct site { struct kernel_config cfg; struct kernel *k; };

/* Ends the program as skipped if this machine does not let it (key: the row's name). */
void site_open(struct site *s, const char *key, const char *dir, const char *instance);
/* The n-th lease's name: its number in hexadecimal digits. */
struct lease_name site_lease(uint32_t n);
/* Asks until the answer is not -EINPROGRESS; between two questions it waits for a child to end. */
int site_until(struct kernel *k, const struct lease_name *l, int (*verb)(struct kernel *k, const struct lease_name *l));
/* The same for task_create. */
int site_create(struct kernel *k, const struct lease_name *l, const struct task_spec *spec);
/* Until a child ends, or 10 ms have passed. SIGCHLD is blocked since site_open. */
void site_wait(void);
/* Closes every lease, then the kernel side. The number of leases that would not close. */
uint32_t site_close(struct site *s);
#endif
