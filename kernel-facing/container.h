/* A task's container: made by an OCI runtime under conmon, in a mount namespace of its own, so that its mounts, its loop device and
 * its overlay go when it goes. conmon outlives the broker, bounds the log and keeps the exit status. */
#ifndef ZEUS_CONTAINER_H
#define ZEUS_CONTAINER_H
#include <sys/types.h>
#include "kernel-facing/gpu.h"

enum runtime_kind { RUNTIME_NONE, RUNTIME_CRUN, RUNTIME_RUNC };
struct runtime { enum runtime_kind kind; char path[HOST_PATH], conmon[HOST_PATH], version[32]; };

struct container {
	struct runtime runtime;
	char dir[HOST_PATH];         /* the bundle: config.json, disk.img, mount points, the runtime's state */
	char lower[HOST_PATH];       /* read-only layer */
	char netns[HOST_PATH];       /* the lease's; every other mount below leases_dir is left out of the task's mount namespace */
	char leases_dir[HOST_PATH];
	char disks[HOST_PATH];       /* where empty disks are kept */
	char log[HOST_PATH];
	char keeper_procs[HOST_PATH];/* joined by the monitor and all it starts */
	char v2_procs[HOST_PATH];    /* hybrid: joined by the monitor and all it starts; "" otherwise */
	char v2_mount[HOST_PATH];    /* hybrid: hidden from crun; "" otherwise */
	const struct task_spec *spec; /* create only; borrowed */
	char cid[64];
	uid_t uid_base;
	uint32_t disk_mib;           /* 0: no writable layer */
	uint32_t ndevices;
	struct gpu_node devices[DEVICE_RULES_MAX];
	int (*fault)(void *ctx, const char *step); /* for tests: see direct.h */
	void *fault_ctx;
};

/* The paths of a bundle at dir. */
int container_root(const char *dir, char out[HOST_PATH]);     /* what config.json's root.path must be */
int container_dev_dir(const char *dir, char out[HOST_PATH]);
int container_disk(const char *dir, char out[HOST_PATH]);     /* holds the loop device, "7:3", of a writable layer */
/* For job_start: struct container. */
int container_create(const void *arg);
int container_start(const void *arg);
/* The same at once and without the runtime: crun's init waits for a byte in a pipe of its state directory. An error: use container_start,
 * which knows the reason; the task has not begun. */
int container_release(const struct container *c);
/* The init's host pid, written by the runtime at create. */
int container_pid(const char *dir, pid_t *out);
/* Both runtimes keep a pipe by which a created container waits to be started, and remove it when it is. */
bool container_waits(const char *dir, const char *cid);
/* The exit code that conmon kept; -ENOENT while there is none. */
int container_exit_code(const char *dir, const char *cid, int *out);
#endif
