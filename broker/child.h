/* The two children: started with just the descriptors they need, under a user of their own, and started again when they die. */
#ifndef ZEUS_CHILD_H
#define ZEUS_CHILD_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_FDS_MAX 8
#define CHILD_FIRST_FD 3 /* the i-th descriptor given arrives as CHILD_FIRST_FD + i */

struct child {
	const char *program;      /* "zeus-views" */
	pid_t pid;                /* 0: not running */
	uint64_t started_ms, again_ms;
	uint32_t failures;        /* in a row, each within ten seconds of its start */
};

struct child_start {
	const char *const *argv;
	const int *fds; uint32_t nfds;
	uid_t uid; gid_t gid, group;
};

int child_start(struct child *c, const struct child_start *how, uint64_t now_ms);
/* It died: when may it be started again? at once the first time, then later and later, at most ten seconds. */
void child_died(struct child *c, int status, uint64_t now_ms);
bool child_due(const struct child *c, uint64_t now_ms);
#endif
