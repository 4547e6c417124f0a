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
	uint64_t tx_bytes_peer, rx_bytes_peer; /* the same as the shaper at the sending end counted it; of some leases each second */
	uint64_t io_bytes;
	uint64_t conn_opened, conn_held_back; /* connections of the task: let through; held back by their rate */
	uint64_t conn_refused;   /* packets to where it may not reach */
	uint64_t gpu_ms;         /* time that the leased devices were busy; 0 where nothing measures it */
	uint64_t gpu_mem_bytes;  /* now, on the leased devices */
	uint32_t gpu_permille;   /* of that time, lately */
	bool gpu_measured;       /* false: nothing on this machine tells how busy they are */
	uint32_t pids;           /* now */
	uint32_t ip;             /* the task's address on this machine, IPv4 in host order; 0: it has no network */
	uint32_t oom_kills;
	uint64_t group_id;       /* inode of the lease's group: a new group is a new series */
	enum task_phase phase;
	int32_t exit_code;       /* valid when TASK_EXITED: 0..255, 128+n for signal n */
	int32_t pid;             /* host pid of the task's init, 0 if none */
	bool oom_held;           /* its memory is full and something of it waits for more: see group_oom.c */
	bool unwatched;          /* its monitor ended before it did: no more log, and no exit code */
};

/* A device that may be leased. Texts are printable and without blanks, "-" where nothing is known. */
struct gpu_info {
	struct device_rule rule; /* its node: what a quota names */
	char vendor[16];         /* "nvidia", "amd", "intel", "fake", a CDI vendor, or "-" */
	char model[64];
	char id[64];             /* UUID or bus address */
	char name[64];           /* of the node, below /dev */
	uint32_t mem_mib;        /* 0: nothing tells */
};

struct inventory {
	struct resources res;    /* what the machine has: cpu, memory, disk under the state directory, pids, gpus */
	char cgroup_mode[8];     /* "v1", "hybrid" or "v2" */
	char runtime[32];        /* "crun 1.8.1", or "" if no runtime works; why then in runtime_why */
	char runtime_why[192];
	uint8_t boot_id[16];
	enum reach reach;        /* of every lease */
	bool iops_held;          /* false: this kernel cannot bound operations on disks, and what a quota says of them is not held */
	uint32_t ngpus;          /* that may be leased */
	struct gpu_info gpus[GPUS_PER_NODE];
};

/* One difference between what was asked and what the kernel says. */
struct drift { char what[32]; uint64_t want, have; };
#define DRIFTS_MAX 16
/* What a look at a lease found: result 0 or -errno, then n differences, which are repaired. */
struct checked { int result; uint32_t n; struct drift found[DRIFTS_MAX]; };
#define DRIFT_GPU_GONE "gpu-gone" /* cannot be repaired: have = how many of the leased devices (want) are left */

/* All return 0 or -errno. Those that may take long return -EINPROGRESS: ask again until they return something else. */
struct kernel_ops {
	int (*inventory)(struct kernel *k, struct inventory *out);
	/* group, limits, network namespace, shaping; verified by reading back. -EEXIST if it is open already. -EDQUOT over policy.
	 * -EBUSY: a device of it is another lease's; -ENODEV: one is not there any more. */
	int (*lease_open)(struct kernel *k, const struct lease_name *lease, const struct quota *q);
	int (*lease_set)(struct kernel *k, const struct lease_name *lease, const struct quota *q); /* live change */
	/* all of it; repairs what differs */
	int (*lease_check)(struct kernel *k, const struct lease_name *lease, struct drift *out, uint32_t *n);
	/* Of many, each second: only those of which something has changed since they were found right are looked at. */
	int (*leases_check)(struct kernel *k, const struct lease_name *leases, uint32_t n, struct checked *out);
	int (*lease_freeze)(struct kernel *k, const struct lease_name *lease, bool frozen);
	int (*lease_close)(struct kernel *k, const struct lease_name *lease); /* kills, removes all; idempotent: 0 if there is none */
	int (*lease_list)(struct kernel *k, struct lease_name *out, uint32_t max, uint32_t *n);
	int (*lease_quota)(struct kernel *k, const struct lease_name *lease, struct quota *out); /* read back from the kernel */
	int (*usage)(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out);
	/* unpacks the image if it must (-EINPROGRESS meanwhile), writes the bundle, creates the container. -ENOENT: no such image;
	 * -EBADMSG: the image is corrupt; -E2BIG: it unpacks to more than an image may; -ENOPKG: the image has no such program or working
	 * directory; -ENOEXEC: no runtime, or it refused; -ETIME: the runtime hung and was killed; -EPROTO: what it says it made is not
	 * there, or not in the lease's group. The last three are the seller's fault; of task_start, too */
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
	enum reach reach;        /* of every lease */
	uint32_t ndevices;
	struct device_rule devices[GPUS_PER_NODE]; /* those that may be leased */
	const struct gpu_table *gpus;              /* the same with all that is known of them; borrowed, may be NULL */
};

/* Where GPUs are looked for, and which may be leased. Strings are borrowed for the call. */
struct gpu_config {
	const char *proc, *sys, *dev, *cdi[2]; /* "/proc", "/sys", "/dev", "/etc/cdi" and "/var/run/cdi"; a test gives a tree of its own */
	const char *wanted;                    /* "all", "none", or names, ids or bus addresses with commas or blanks between */
	uint32_t fake;                         /* devices that are made for trying things out, */
	const char *fake_dir;                  /* and where their nodes are kept */
	uint32_t ndevices;
	const char (*devices)[64];             /* nodes below dev that may be leased though nothing is known of them */
};
#define GPU_CONFIG \
	((struct gpu_config){.proc = "/proc", .sys = "/sys", .dev = "/dev", .cdi = {"/etc/cdi", "/var/run/cdi"}, .wanted = "none"})

/* What of this machine's GPUs the owner leases. *why (512 bytes) gets a sentence on failure, and on success a warning or "". */
int kernel_gpus_find(const struct gpu_config *cfg, struct gpu_table **ret, char *why);
void kernel_gpus_free(struct gpu_table *t);
/* Does zeus-gpu have anything to measure here? */
bool kernel_gpus_sampled(const struct gpu_table *t);
/* How much memory the devices have, from its samples, until each has told or the time is over. */
void kernel_gpus_learn(struct gpu_table *t, int fd, int timeout_ms);
/* The socket (taken) from which its samples come from now on. */
void kernel_direct_gpu_feed(struct kernel *k, int fd);
/* Into the policy: the devices; their number and memory are added up in *sum. */
void kernel_gpus_offer(const struct gpu_table *t, struct kernel_policy *p, struct resources *sum);

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
void kernel_fake_gone(struct kernel *k, const struct device_rule *rule); /* that device is not there any more */
void kernel_fake_advance(struct kernel *k, uint64_t us); /* running tasks use cpu up to their quota */
#endif
