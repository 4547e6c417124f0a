/* `crun run` and `runc run` of a bundle, timed to the task's own report of its first instruction. */
#ifndef BENCH_PEER_RUNTIME_H
#define BENCH_PEER_RUNTIME_H
#include "kernel-facing/direct.h"

struct peer_runtime { const char *name; enum runtime_kind kind; char path[HOST_PATH]; char dir[HOST_PATH]; };

/* A bundle like a lease's, of the root file system at root. -ENOENT: the runtime is not installed. */
int peer_runtime_init(struct peer_runtime *p, const char *name, const struct direct *d, const char *root);
/* *ns: from before the runtime is forked to the task's first instruction. -EIO if the runtime cannot run it (why on standard error). */
int peer_runtime_run(const struct peer_runtime *p, const struct direct *d, double *ns);
void peer_runtime_close(const struct peer_runtime *p, const struct direct *d);
/* Ends and removes what an interrupted run left in the kernel side's groups. */
void peer_runtime_sweep(const struct direct *d);
#endif
