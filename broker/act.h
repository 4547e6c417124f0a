/* Carrying out what the plan says, through the kernel's verbs; and reading what the kernel counted. */
#ifndef ZEUS_ACT_H
#define ZEUS_ACT_H
#include "broker/leases.h"
#include "broker/link.h"

#define TICK_MS 1000
#define GPUS_MS 60000 /* the report of GPUs: at once when a lease takes or leaves one, else this often */

struct actor {
	struct kernel *kernel;
	struct leases books;
	struct link link;
	struct inventory inventory;
	int live_fd;
	uint64_t interval_ms;  /* between receipts */
	bool busy;             /* something is in progress: ask again soon */
	uint64_t now_ms, wall_ms; /* CLOCK_BOOTTIME and CLOCK_REALTIME of this pass; act_now */
	uint64_t tick_ms;      /* now_ms of the last full tick */
	uint64_t gpus_ms;      /* now_ms of the last report of GPUs; 0: something changed */
	struct act_scratch *scratch; /* room for one pass over all leases */
};

struct actor *act_new(void); /* zeroed; NULL: no memory */
void act_free(struct actor *a);

/* Read the clocks: first of all in each pass. */
void act_now(struct actor *a);
/* The link is new: what was on its way may be lost, and is asked again. */
void act_linked(struct actor *a);
/* What runs already, from the kernel; once at start. */
int act_adopt(struct actor *a);
/* One turn: read the ledger (news: something waits there); count, once a second compare limits and write the reports too; do all that
 * the plan asks for. Afterwards busy says whether to come back at once. */
void act_pass(struct actor *a, bool news);
#endif
