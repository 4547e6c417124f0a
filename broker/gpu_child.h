/* zeus-gpu, the child that asks the GPU vendor's library. */
#ifndef ZEUS_GPU_CHILD_H
#define ZEUS_GPU_CHILD_H
#include "broker/child.h"
#include "kernel-facing/kernel.h"

#define GPU_UID 65534u /* of the tasks' range: nobody in there */

/* Starts it under a user that owns nothing; *fd is where its samples come from. */
int gpu_child_start(struct child *c, uid_t uid, const char *option, uint64_t now_ms, int *fd);
/* Asks it once how much memory the GPUs have, and waits some seconds for it: what it does not say stays unknown. */
void gpu_child_learn(struct gpu_table *t, uid_t uid);
#endif
