/* What a lease's directory remembers so that a restarted broker can adopt it: one small file, replaced atomically. */
#ifndef ZEUS_RECORD_H
#define ZEUS_RECORD_H
#include "common/codec.h"
#include "kernel-facing/kernel.h"

enum task_stage { STAGE_NONE, STAGE_CREATING, STAGE_CREATED, STAGE_STARTED };

struct record {
	uint8_t boot_id[16];    /* kernel state does not outlive the boot */
	bool whole;             /* false: half-built, to be swept */
	bool frozen;
	uint8_t stage;          /* enum task_stage */
	uint32_t slot;
	int32_t init_pid;       /* valid from STAGE_CREATED */
	uint64_t init_start;
	uint32_t oom_before;    /* kills counted in inner groups that are gone */
	struct quota quota;
};

int record_write(const char *path, const struct record *rec);
/* -EBADMSG if it is not whole and canonical. */
int record_read(const char *path, struct record *out);
void quota_put(struct wbuf *w, const struct quota *q);
bool quota_get(struct rbuf *r, struct quota *out);
bool quota_eq(const struct quota *a, const struct quota *b);
#endif
