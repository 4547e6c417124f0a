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
	struct usage last;           /* of the group's files */
	uint64_t stat_mem, cache;    /* memory in use when its reclaimable part was last looked up, and that part */
	bool moved;                  /* the last reading found that it had used its processor, or was a full one */
	uint32_t turn;               /* of what is read in parts */
	uint32_t skipped;            /* readings since all files were read; METER_SKIP_MAX: read them now */
	uint64_t high;               /* v2: times that the threshold was reached, when it was last looked at */
	bool full;
};
#define METER_SKIP_MAX 8

void meter_init(struct meter *m);
/* What this kernel does not have stays closed and reads as 0. -errno only if cpu or memory cannot be opened. */
int meter_open(struct meter *m, const struct group_host *h, const char *leaf);
/* v1 counts kills where they happen: in the inner group. Call it when the container is there. */
void meter_open_inner(struct meter *m, const struct group_host *h, const char *leaf);
/* Adds the kills counted in the inner group to *kills and closes it: the group is about to go. */
void meter_close_inner(struct meter *m, const struct group_host *h, uint32_t *kills);
/* Is the memory of a task so full that it waits for more? Of a task that runs. mem_max: its limit in bytes. */
bool meter_full(struct meter *m, const struct group_host *h, uint64_t mem_max);
/* Fills what comes from the group's files; the rest of *out is untouched; after a failure they are as they were. Each time: processor time;
 * with it memory, throttling and pressure if there was any; of the rest one each time, so that it is at most four readings old. Of a group
 * that has used no processor since the last reading all is read once in METER_SKIP_MAX: what changes in it without its doing (a page
 * written back late) is seen so much later. */
int meter_read(struct meter *m, const struct group_host *h, struct usage *out);
void meter_close(struct meter *m);
#endif
