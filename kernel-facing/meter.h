/* A lease's counters, read from descriptors that are kept open. */
#ifndef ZEUS_METER_H
#define ZEUS_METER_H
#include "kernel-facing/group.h"

enum meter_file {
	METER_CPU,
	METER_CPU_STAT,
	METER_MEM,
	METER_MEM_STAT,
	METER_MEM_PEAK,
	METER_OOM,
	METER_PIDS,
	METER_IO,
	METER_PRESSURE,
	METER_FULL,
	METER_FILES,
};
struct meter {
	int fd[METER_FILES];
	uint64_t high;               /* v2: times that the threshold was reached, when it was last looked at */
	bool full;
};

void meter_init(struct meter *m);
/* What this kernel does not have stays closed and reads as 0. -errno only if cpu or memory cannot be opened. */
int meter_open(struct meter *m, const struct group_host *h, const char *leaf);
/* v1 counts kills where they happen: in the inner group. Call it when the container is there. */
void meter_open_inner(struct meter *m, const struct group_host *h, const char *leaf);
/* Adds the kills counted in the inner group to *kills and closes it: the group is about to go. */
void meter_close_inner(struct meter *m, const struct group_host *h, uint32_t *kills);
/* Is the memory of a task so full that it waits for more? Of a task that runs. mem_max: its limit in bytes. */
bool meter_full(struct meter *m, const struct group_host *h, uint64_t mem_max);
/* Fills what comes from the group's files; the rest of *out is untouched. */
int meter_read(const struct meter *m, const struct group_host *h, struct usage *out);
void meter_close(struct meter *m);
#endif
