/* config.json of a task, from our own template only: nothing of an image's or a user's configuration enters it but the argument
 * list, the environment and the working directory, and what root's CDI specs say of a leased device. */
#ifndef ZEUS_BUNDLE_H
#define ZEUS_BUNDLE_H
#include <sys/types.h>
#include "kernel-facing/gpu.h"

struct bundle {
	const struct task_spec *spec;
	const char *root;      /* absolute path of the root file system */
	bool readonly;
	const char *netns;     /* path of the network namespace */
	const char *cgroup;    /* path below the hierarchies' mount points, with leading slash */
	const char *hostname;
	uid_t uid_base;
	const char *dev_dir;   /* directory of the leased devices' nodes */
	uint32_t ndevices;
	const struct gpu_node *devices; /* their names are below dev_dir and below the task's /dev */
	uint32_t ngpus;
	const struct gpu *gpus[DEVICES_PER_LEASE]; /* whose environment and mounts the task gets, too */
};

/* The text (heap), or NULL: no memory, or a string of the spec is not UTF-8. */
char *bundle_text(const struct bundle *b);
int bundle_write(const struct bundle *b, const char *path);

struct json_t;
/* The system calls a task may make. New reference. */
struct json_t *bundle_seccomp(void);
#endif
