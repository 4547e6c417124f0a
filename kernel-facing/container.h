/* A task's container: made by an OCI runtime under conmon, in a mount namespace of its own, so that its mounts, its loop device and
 * its overlay go when it goes. conmon outlives the broker, bounds the log and keeps the exit status. */
#ifndef ZEUS_CONTAINER_H
#define ZEUS_CONTAINER_H
#include <sys/types.h>
#include "kernel-facing/host.h"
#include "kernel-facing/kernel.h"

enum runtime_kind { RUNTIME_NONE, RUNTIME_CRUN, RUNTIME_RUNC };
struct runtime { enum runtime_kind kind; char path[HOST_PATH], conmon[HOST_PATH], version[32]; };

struct container {
	struct runtime runtime;
	char dir[HOST_PATH];         /* the bundle: config.json, disk.img, mount points, the runtime's state */
	char lower[HOST_PATH];       /* read-only layer */
	char netns[HOST_PATH];       /* the lease's; every other mount below leases_dir is left out of the task's mount namespace */
	char leases_dir[HOST_PATH];
	char log[HOST_PATH];
	char keeper_procs[HOST_PATH];/* joined by the monitor and all it starts */
	char v2_procs[HOST_PATH];    /* hybrid: joined by the task's init; "" otherwise */
	char v2_mount[HOST_PATH];    /* hybrid: hidden from crun; "" otherwise */
	char cid[64];
	uid_t uid_base;
	uint32_t disk_mib;           /* 0: no writable layer */
	uint32_t ndevices;
	struct device_rule devices[DEVICES_PER_LEASE];
	char device_names[DEVICES_PER_LEASE][64];
	int (*fault)(void *ctx, const char *step); /* for tests: see direct.h */
	void *fault_ctx;
};

/* The paths of a bundle at dir. */
int container_root(const char *dir, char out[HOST_PATH]);     /* what config.json's root.path must be */
int container_dev_dir(const char *dir, char out[HOST_PATH]);
/* For job_start: struct container. */
int container_create(const void *arg);
int container_start(const void *arg);
/* The init's host pid, written by the runtime at create. */
int container_pid(const char *dir, pid_t *out);
/* Both runtimes keep a pipe by which a created container waits to be started, and remove it when it is. */
bool container_waits(const char *dir, const char *cid);
/* The exit code that conmon kept; -ENOENT while there is none. */
int container_exit_code(const char *dir, const char *cid, int *out);
#endif
