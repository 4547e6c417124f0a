/* A lease's control groups: one directory of the same name in every hierarchy that is used.
 *
 * Groups are `<base>/<leaf>` where base is zeus/<instance> (on v2 possibly below a delegated group) and leaf is lease-<name> or
 * keep-<name> (where a task's monitor lives, so that it can be found and is not billed). All return 0 or -errno. */
#ifndef ZEUS_GROUP_H
#define ZEUS_GROUP_H
#include <sys/types.h>
#include "kernel-facing/host.h"
#include "kernel-facing/kernel.h"

enum group_mode { GROUP_V1, GROUP_HYBRID, GROUP_V2 };
enum group_ctl { CTL_CPU, CTL_CPUACCT, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER, CTL_BLKIO, CTL_KINDS };

#define GROUP_MOUNTS_MAX 24
#define GROUP_PATH_MAX 128
#define GROUP_LEAF_MAX 32
#define GROUP_INNER "task" /* below a lease's group: the runtime's */

struct group_host {
	enum group_mode mode;
	char base[GROUP_PATH_MAX];                     /* no leading or trailing slash */
	char ctl[CTL_KINDS][GROUP_PATH_MAX];           /* mount point that carries the controller; "" if none does */
	char v2[GROUP_PATH_MAX];                       /* mount point of the v2 tree; "" if there is none */
	uint32_t nmounts;
	char mounts[GROUP_MOUNTS_MAX][GROUP_PATH_MAX]; /* every hierarchy, for removing what a runtime made in any of them */
};

const char *group_mode_word(enum group_mode m);
/* Detects the mode, finds or makes a base that may be written, enables controllers top-down on v2. why: 256 bytes. */
int group_host_init(struct group_host *h, const char *instance, char *why);
/* Path of a file of the group in the hierarchy of the controller. */
int group_file(const struct group_host *h, enum group_ctl ctl, const char *leaf, const char *file, char out[HOST_PATH]);
/* The same in the v2 tree; -ENOENT if there is none. */
int group_v2_file(const struct group_host *h, const char *leaf, const char *file, char out[HOST_PATH]);

int group_make(const struct group_host *h, const char *leaf);
bool group_whole(const struct group_host *h, const char *leaf); /* is it there in every hierarchy? */
/* In how many hierarchies of those that are used the process is somewhere else. -ENOENT or -ESRCH: it ended. */
int group_strays(const struct group_host *h, const char *leaf, pid_t pid, uint32_t *n);
int group_keeper_make(const struct group_host *h, const char *leaf);
/* The file into which a process writes "0" to join a keeper. */
int group_keeper_procs(const struct group_host *h, const char *leaf, char out[HOST_PATH]);
bool group_exists(const struct group_host *h, const char *leaf);
/* Sets cpu, memory, pids; verified by reading back (-EIO when the kernel says something else). */
int group_limit(const struct group_host *h, const char *leaf, const struct resources *res);
/* Fills cpu, memory, pids as the kernel has them; 0xffffffff = no limit. */
int group_limits_read(const struct group_host *h, const char *leaf, struct resources *out);
/* group_oom.c. hold: at its limit the group waits (v1), or is slowed down before it (v2, at group_oom_high); else it is killed. */
int group_oom_hold(const struct group_host *h, const char *leaf, bool hold, uint64_t max_bytes);
int group_oom_differs(const struct group_host *h, const char *leaf, bool hold, uint64_t max_bytes); /* 0 or 1 */
uint64_t group_oom_high(uint64_t max_bytes);
int group_freeze(const struct group_host *h, const char *leaf, bool frozen);
bool group_frozen(const struct group_host *h, const char *leaf);
/* What was asked for, here or in the inner group; a process that waits for memory keeps a group from being frozen altogether. */
bool group_freeze_asked(const struct group_host *h, const char *leaf);
/* SIGKILL to everything in it; returns the number of processes seen (0: it is empty). Ends thawed. */
int group_kill(const struct group_host *h, const char *leaf);
int group_count(const struct group_host *h, const char *leaf); /* processes in it and below */
/* Is the process in the group that the runtime was told to make, in every hierarchy that limits? */
bool group_has_inner(const struct group_host *h, const char *leaf, pid_t pid);
/* Removes the groups below it (inner), or it as well. -EBUSY if a process is left. */
int group_remove_inner(const struct group_host *h, const char *leaf);
int group_remove(const struct group_host *h, const char *leaf);
/* Calls f for each leaf of ours in any hierarchy; may repeat a leaf. f may remove it. */
int group_each(const struct group_host *h, void (*f)(void *ctx, const char *leaf), void *ctx);
/* Inode of the group: its identity. */
int group_id(const struct group_host *h, const char *leaf, uint64_t *out);
/* Last of all: the base itself, if nothing is in it. */
void group_base_remove(const struct group_host *h);
#endif
