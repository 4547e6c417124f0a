/* The real kernel side, inside: one object for the machine, one for each open lease. Included by the files that implement it only. */
#ifndef ZEUS_DIRECT_H
#define ZEUS_DIRECT_H
#include "kernel-facing/container.h"
#include "kernel-facing/fence.h"
#include "kernel-facing/device.h"
#include "kernel-facing/gpu_load.h"
#include "kernel-facing/group.h"
#include "kernel-facing/image.h"
#include "kernel-facing/iops.h"
#include "kernel-facing/job.h"
#include "kernel-facing/kernel.h"
#include "kernel-facing/meter.h"
#include "kernel-facing/netns.h"
#include "kernel-facing/record.h"
#include "kernel-facing/traffic.h"
#include "kernel-facing/watch.h"

#define UNPACKS_MAX 4
#define UNPACK_KEEPER "keep-unpack" /* the group of all unpackers */

/* Bytes of one direction since a first look: let through by the shaper, carried by the link. */
struct account { bool open; uint64_t shaped0, carried0, shaped; };

struct lease {
	struct lease_name name;
	uint64_t key;                  /* the name as a number: leases are sorted by it */
	char leaf[GROUP_LEAF_MAX], keeper[GROUP_LEAF_MAX];
	char dir[HOST_PATH];           /* state_dir/leases/<name>: record, netns */
	char bundle[HOST_PATH];        /* state_dir/bundles/<name> */
	char logs[HOST_PATH];          /* state_dir/tasks/<name> */
	struct record rec;
	struct nl_sock *inner;
	struct fence fence;
	struct fence_counts conns;     /* when last read */
	bool fence_drifted;            /* known to be wrong, and not told yet */
	int host_index, inner_index;
	struct iops_devices io;        /* of the task that there is */
	struct meter meter;
	struct watch watch;            /* opened when it is first checked: not on the way to a task's start */
	struct account up, down;
	uint32_t bytes_age;
	uint64_t log_cpu_us;           /* processor time when its log was last looked at */
	struct gpu_use *gpu;           /* NULL: no device, or not counted yet */
	uint64_t gpu_saved_us, gpu_saved_ms;
	uint64_t group_id;
	int pidfd;                     /* of the task's init; -1 = none, or it was seen to end */
	bool exited, unwatched;
	int exit_code;
	struct job job;
	int failed;                    /* why the last create failed, while what it left is being removed */
	bool closing;
	uint64_t stopping_since_ms;    /* 0: not stopping */
};

struct unpack { char hex[65]; struct job job; };

struct direct {
	struct kernel base;            /* first: the door is its address */
	struct kernel_config cfg;
	struct group_host groups;
	struct nl_sock *host;
	struct block_device disk;      /* below the state directory */
	bool io_held;                  /* this kernel can bound operations */
	struct runtime runtime;
	char runtime_why[192];
	uint64_t patience_ms;          /* with a runtime that does not return */
	uint8_t boot_id[16];
	char leases_dir[HOST_PATH], unpacked_dir[HOST_PATH], bundles_dir[HOST_PATH], tasks_dir[HOST_PATH], disks_dir[HOST_PATH];
	uint32_t n;
	struct lease *leases[LEASES_PER_NODE_MAX];
	struct unpack unpacks[UNPACKS_MAX];
	int traffic_fd;
	uint64_t traffic_ms;           /* when traffic was read; host_now_ms */
	uint32_t ntraffic;
	struct traffic traffic[LEASES_PER_NODE_MAX];
	int told;                      /* epoll over what tells of changes in namespaces; -1: not open */
	int host_told, inotify;
	struct gpu_feed feed;
	/* Tests make any step fail: called with the step's name before it acts. */
	int (*fault)(void *ctx, const char *step);
	void *fault_ctx;
};

static inline struct direct *direct_of(struct kernel *k) { return (struct direct *)(void *)k; }

/* direct_lease.c */
struct lease *lease_find(struct direct *d, const struct lease_name *name);
struct lease *lease_by_key(struct direct *d, uint64_t key);
int lease_netns(const struct lease *l, char out[HOST_PATH]); /* the file that keeps its namespace */
struct lease *lease_new(struct direct *d, const struct lease_name *name); /* in memory only, not in the table */
void lease_free(struct lease *l);
int lease_insert(struct direct *d, struct lease *l);
void lease_forget(struct direct *d, struct lease *l); /* out of the table and freed */
int lease_save(struct lease *l);
/* Undo everything that opening does, in reverse; nothing may run in its group any more. */
int lease_undo(struct direct *d, struct lease *l);
/* Opens what this process keeps for a lease that stands: socket, descriptors, indexes. */
int lease_attach(struct direct *d, struct lease *l);
/* All that the quota lets a group open: its devices, what they need beside them, and what is nobody's for nothing. */
void lease_devices(const struct direct *d, const struct quota *q, struct device_list *out);
int direct_open(struct kernel *k, const struct lease_name *name, const struct quota *q);
int direct_set(struct kernel *k, const struct lease_name *name, const struct quota *q);
int direct_close(struct kernel *k, const struct lease_name *name);

/* The veth pair anew, with addresses and rates; then, or if it is there, up as the quota says. */
int lease_relink(struct direct *d, struct lease *l);
int lease_links_up(struct direct *d, struct lease *l);
bool lease_has_network(const struct lease *l);

/* direct_repair.c */
int repair_groups(struct direct *d, struct lease *l);  /* that are missing */
int repair_members(struct direct *d, struct lease *l); /* moves every process of the task back into its groups */
/* direct_net.c: the fence of a lease */
int lease_fence_set(struct direct *d, struct lease *l);
int lease_fence_adopt(struct direct *d, struct lease *l);

/* direct_io.c: operations on disks, from when a container is made until it is gone */
int lease_io_begin(struct direct *d, struct lease *l);
int lease_io_adopt(struct direct *d, struct lease *l);
int lease_io_set(struct direct *d, struct lease *l);
void lease_io_end(struct direct *d, struct lease *l);
int lease_io_read(struct direct *d, const struct lease *l, uint32_t *have);

/* direct_check.c */
struct finding { struct drift *out; uint32_t n; };
/* Notes a difference; false if there is none. */
bool finding_add(struct finding *f, const char *what, uint64_t want, uint64_t have);
int check_fence(struct direct *d, struct lease *l, struct finding *f);
int check_io(struct direct *d, struct lease *l, struct finding *f);
int direct_check(struct kernel *k, const struct lease_name *name, struct drift *out, uint32_t *n);
int direct_quota(struct kernel *k, const struct lease_name *name, struct quota *out);
void lease_log_readable(struct direct *d, const struct lease *l); /* for the group that may read logs */

/* direct_watch.c */
int direct_checks(struct kernel *k, const struct lease_name *leases, uint32_t n, struct checked *out);

/* direct_image.c */
/* 0 with the root directory of the unpacked image; -EINPROGRESS while it is being unpacked. */
int unpack_ready(struct direct *d, const char *hex, char lower[HOST_PATH]);
void unpack_cancel_all(struct direct *d);

/* direct_task.c */
int direct_task_create(struct kernel *k, const struct lease_name *name, const struct task_spec *spec);
int direct_task_start(struct kernel *k, const struct lease_name *name);
int direct_task_signal(struct kernel *k, const struct lease_name *name, int signo);
int direct_task_delete(struct kernel *k, const struct lease_name *name);
int direct_freeze(struct kernel *k, const struct lease_name *name, bool frozen);
/* Kills what runs in the lease and removes its container: 0 when nothing is left, -EINPROGRESS while something dies. */
int task_stop(struct direct *d, struct lease *l);
/* Notices that the task ended. */
void task_watch(struct direct *d, struct lease *l);
/* A full memory holds the task once it runs; what makes it may be killed. */
bool task_holds(const struct lease *l);
int task_hold(struct direct *d, struct lease *l);
void task_adopt(struct direct *d, struct lease *l);
enum task_phase task_phase_of(const struct lease *l);

/* direct_adopt.c */
int direct_adopt(struct direct *d, char *why);

/* direct_usage.c */
int direct_usage(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out);

const struct traffic *traffic_of(const struct direct *d, const struct lease *l); /* of its host end, when last read; or NULL */

/* direct_bytes.c: now and then for each lease */
void direct_bytes(struct direct *d, struct lease *l, struct checked *out);
/* direct_gpu.c */
void direct_gpu_usage(struct direct *d, struct lease *l, struct usage *u);

/* inventory.c, runtime.c */
int direct_inventory(struct kernel *k, struct inventory *out);
void runtime_find(struct direct *d);

/* For tests. */
void kernel_direct_fault(struct kernel *k, int (*fault)(void *ctx, const char *step), void *ctx);
int direct_fault(struct direct *d, const char *step);
void kernel_direct_patience(struct kernel *k, uint64_t ms);
#endif
