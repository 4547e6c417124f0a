/* The state directory and what is kept in it: made, owned, locked, named. */
#ifndef ZEUS_SETUP_H
#define ZEUS_SETUP_H
#include "common/conf.h"
#include "kernel-facing/kernel.h"

struct setup {
	const struct conf *conf;
	int lock_fd;                 /* held for the life of the process: one broker per state directory */
	int views_fd, tasks_fd, live_fd;
	uid_t uid_views, uid_plan;
	gid_t gid_views, gid_plan, gid_zeus;
	char instance[INSTANCE_ID_LEN + 1];
	char socket[CONF_PATH_LEN + 16];
};

/* Exit code: 0, 69, 75, 77 or 78 with a sentence in why (512). */
int setup_init(struct setup *s, const struct conf *c, char *why);
/* What this machine offers at most, and the kernel's bounds from it; p->gpus is new. why: 512. */
bool policy_init(struct kernel_policy *p, const struct conf *c, char *why);
void setup_kernel(const struct setup *s, const struct kernel_policy *p, struct kernel_config *out);
#endif
