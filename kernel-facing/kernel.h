/* The door to the machine: the verbs by which a lease becomes kernel state, and the questions that the kernel answers.
 *
 * This folder is the only code that changes the machine. It knows quotas, never money, prices or owners.
 * The same verbs are reached directly (kernel_server, in the privileged parent), over a pipe (kernel_client, in the plan
 * child) or as a fake with faults on demand (tests). Every verb checks length, then value, then the local policy, then acts;
 * on failure it undoes what it did, in reverse, and returns -errno with outputs untouched.
 *
 * A lease is named by LEASE_NAME_LEN lower-case hex digits, never by user text. */
#ifndef ZEUS_KERNEL_H
#define ZEUS_KERNEL_H
#include <stdbool.h>
#include <stdint.h>
#include "common/limits.h"
#include "common/resource.h"

struct kernel;

struct lease_name { char s[LEASE_NAME_LEN + 1]; };

struct device_rule { char type; uint32_t major, minor; }; /* type 'c' or 'b'; read, write and mknod are allowed */

/* What the kernel is to hold. Zero in a kind: none of it (gpu), or no bound is asked (iops, conn). */
struct quota {
	struct resources res;
	uint32_t ndevices;
	struct device_rule devices[DEVICES_PER_LEASE];
};

/* What a task runs. Strings are borrowed; argv may be empty only if the image names a command (the caller resolves that). */
struct task_spec {
	char image[65];          /* sha256 of the OCI manifest, 64 hex digits */
	uint32_t nargs, nenv;
	const char *args[TASK_ARGS_MAX];
	const char *env[TASK_ENV_MAX]; /* KEY=VALUE */
	char cwd[256];           /* absolute; "" = / */
};

enum task_phase { TASK_NONE, TASK_CREATED, TASK_RUNNING, TASK_FROZEN, TASK_EXITED };

/* Cumulative since the lease was opened, unless said otherwise. */
struct usage {
	uint64_t cpu_us;         /* CPU time of the lease's group */
	uint64_t throttled_us;   /* time the quota held it back */
	uint64_t pressure_us;    /* time in which something of it was ready and did not run, throttling included; 0: no PSI here */
	uint64_t steal_us, busy_us; /* of the whole machine: what its host took from its processors, what they did */
	uint64_t mem_bytes;      /* now, without reclaimable page cache */
	uint64_t mem_peak_bytes;
	uint64_t tx_bytes, rx_bytes; /* as the task sees them; layer 2 */
	uint64_t io_bytes;
	uint64_t gpu_ms;
	uint32_t pids;           /* now */
	uint32_t oom_kills;
	uint64_t group_id;       /* inode of the lease's group: a new group is a new series */
	enum task_phase phase;
	int32_t exit_code;       /* valid when TASK_EXITED: 0..255, 128+n for signal n */
	int32_t pid;             /* host pid of the task's init, 0 if none */
	bool oom_held;           /* its memory is full and something of it waits for more: see group_oom.c */
	bool unwatched;          /* its monitor ended before it did: no more log, and no exit code */
};

struct inventory {
	struct resources res;    /* what the machine has: cpu, memory, disk under the state directory, pids, gpus */
	char cgroup_mode[8];     /* "v1", "hybrid" or "v2" */
	char runtime[32];        /* "crun 1.8.1", or "" if no runtime works; why then in runtime_why */
	char runtime_why[192];
	uint8_t boot_id[16];
	uint32_t ndevices;
	struct device_rule devices[DEVICES_PER_LEASE];
};

/* One difference between what was asked and what the kernel says. */
struct drift { char what[32]; uint64_t want, have; };
#define DRIFTS_MAX 16

/* All return 0 or -errno. Those that may take long return -EINPROGRESS: ask again until they return something else. */
struct kernel_ops {
	int (*inventory)(struct kernel *k, struct inventory *out);
	/* group, limits, network namespace, shaping; verified by reading back. -EEXIST if it is open already. -EDQUOT over policy. */
	int (*lease_open)(struct kernel *k, const struct lease_name *lease, const struct quota *q);
	int (*lease_set)(struct kernel *k, const struct lease_name *lease, const struct quota *q); /* live change */
	int (*lease_check)(struct kernel *k, const struct lease_name *lease, struct drift *out, uint32_t *n); /* repairs what it finds */
	int (*lease_freeze)(struct kernel *k, const struct lease_name *lease, bool frozen);
	int (*lease_close)(struct kernel *k, const struct lease_name *lease); /* kills, removes all; idempotent: 0 if there is none */
	int (*lease_list)(struct kernel *k, struct lease_name *out, uint32_t max, uint32_t *n);
	int (*lease_quota)(struct kernel *k, const struct lease_name *lease, struct quota *out); /* read back from the kernel */
	int (*usage)(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out);
	/* unpacks the image if it must (-EINPROGRESS meanwhile), writes the bundle, creates the container. -ENOENT: no such image;
	 * -EBADMSG: the image is corrupt; -ENOEXEC: no runtime */
	int (*task_create)(struct kernel *k, const struct lease_name *lease, const struct task_spec *spec);
	int (*task_start)(struct kernel *k, const struct lease_name *lease);
	int (*task_signal)(struct kernel *k, const struct lease_name *lease, int signo); /* to the task's init */
	int (*task_delete)(struct kernel *k, const struct lease_name *lease); /* kills the container, keeps the lease */
	void (*close)(struct kernel *k);
};

struct kernel { const struct kernel_ops *ops; };

/* What this machine's owner allows at most, whatever the ledger says. */
struct kernel_policy {
	struct resources per_lease, total;
	uint32_t max_leases;
	uint32_t ndevices;
	struct device_rule devices[DEVICES_PER_LEASE]; /* those that may be leased */
};

struct kernel_config {
	char instance[INSTANCE_ID_LEN + 1];
	char state_dir[256];     /* absolute; bundles/ tasks/ images/ live below it; see ARCHITECTURE.md */
	char images_dir[256];    /* archives <sha256 of manifest>.tar, written by the views child */
	char runtime[64];        /* "auto", "crun", "runc" or an absolute path */
	uint32_t task_uid_base;  /* first of 65536 host ids that tasks' users map to */
	int32_t log_gid;         /* group that may read tasks' logs (the views child's), -1 = none */
	struct kernel_policy policy;
};

/* The real thing, in this process. Sweeps half-built leases of its own instance; adopts whole ones.
 * *why (256 bytes) gets a sentence on failure. */
int kernel_direct_new(const struct kernel_config *cfg, struct kernel **ret, char *why);
/* Cuts every set of capabilities, the bounding set too, to what the verbs and the programs they start need. Call it once all is open. */
int kernel_privilege_keep(void);
/* What is opened from now on is held to this; what is open stays. */
void kernel_direct_policy(struct kernel *k, const struct kernel_policy *p);
/* Over a connected SOCK_SEQPACKET descriptor (taken). */
int kernel_client_new(int fd, struct kernel **ret);
/* Serve one request waiting on fd. -EPIPE when the other side is gone, -EBADMSG when it must be cut off. */
int kernel_serve(struct kernel *k, int fd);
/* Reap children of the kernel side (unpackers, conmon): call on SIGCHLD with each pid that waitpid returned. False: not mine. */
bool kernel_reaped(struct kernel *k, int pid, int status);
/* In-memory model for tests. fail_next: the n-th verb from now returns -err (0 = never). */
struct kernel *kernel_fake_new(const struct kernel_policy *policy);
void kernel_fake_fail(struct kernel *k, uint32_t n, int err);
void kernel_fake_exit(struct kernel *k, const struct lease_name *lease, int code);
void kernel_fake_full(struct kernel *k, const struct lease_name *lease); /* of memory, until lease_set gives more or the task ends */
void kernel_fake_end(struct kernel *k, const struct lease_name *lease, int code, bool unwatched, uint32_t oom_kills);
void kernel_fake_steal(struct kernel *k, uint64_t steal_us, uint64_t busy_us);
void kernel_fake_advance(struct kernel *k, uint64_t us); /* running tasks use cpu up to their quota */
#endif
