/* How busy a lease's devices are: from zeus-gpu's samples, or from what DRM says of the lease's own open files. */
#ifndef ZEUS_GPU_LOAD_H
#define ZEUS_GPU_LOAD_H
#include <sys/types.h>
#include "kernel-facing/gpu.h"
#include "kernel-facing/gpu_sample.h"

#define GPU_CLIENTS_MAX 64
#define GPU_PIDS_MAX 64   /* looked at in one tick, and of each as many files; */
#define GPU_FILES_MAX 256 /* what is beyond is not counted, in the buyer's favour */

/* What the feed said last, by bus address. */
struct gpu_reading { struct gpu_sample s; uint64_t at_ms; };
struct gpu_feed { int fd; uint32_t n; struct gpu_reading r[GPUS_PER_NODE]; };

struct gpu_client { uint32_t device; uint64_t id, ns; bool seen; }; /* of DRM: ids are a device's own */

/* Of one lease; zero to begin with. */
struct gpu_use {
	uint64_t busy_us;        /* since the lease was opened */
	uint64_t at_ms;          /* when it was counted last */
	uint32_t permille;
	uint64_t mem_bytes;
	bool measured;
	uint32_t nclients;
	struct gpu_client client[GPU_CLIENTS_MAX];
};

void gpu_feed_init(struct gpu_feed *f);
void gpu_feed_close(struct gpu_feed *f);
/* Takes what waits, and no more of it than there can be. False: the other side is gone, or sent what it must not. */
bool gpu_feed_read(struct gpu_feed *f, uint64_t now_ms);
const struct gpu_reading *gpu_feed_of(const struct gpu_feed *f, const char *bus, uint64_t now_ms); /* NULL: nothing, or too old */

/* Counts until now_ms. proc: "/proc"; pids: the lease's processes, used for DRM only. */
void gpu_use_count(struct gpu_use *u, const struct gpu_table *t, const struct quota *q, const struct gpu_feed *f, const char *proc,
    const pid_t *pids, uint32_t npids, uint64_t now_ms);
#endif
