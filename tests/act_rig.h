/* An actor between a kernel in memory and a ledger that plays by a script, all on a clock that the test turns. */
#ifndef ZEUS_TEST_ACT_RIG_H
#define ZEUS_TEST_ACT_RIG_H
#include "broker/act.h"
#include "tests/scratch.h"

#define RIG_LEASES 2
#define RIG_INTERVAL_MS 10000

/* How often the kernel was asked and said yes. */
struct counts { int open, create, start, stop, freeze, thaw, close, set; };

struct rig {
	struct kernel *kernel;
	struct actor *actor;
	char dir[SCRATCH_LEN], path[SCRATCH_LEN + 16];
	int live_fd, listen_fd, ledger; /* ledger: its end of the connection, -1 while it is away */
	uint64_t now_ms;
	struct counts counts;
	int create_fails;               /* task_create returns -this; 0 = it works */
	int set_fails;                  /* the same of lease_set */
	const char *unread;             /* the lease with this name cannot be read; NULL: all can */
	int create_slow;                /* task_create is in progress so many times more */
	/* the ledger */
	bool fast;                      /* it answers READY with trial and run */
	uint64_t height;
	uint32_t nleases;
	struct fact_lease lease[RIG_LEASES];
	uint8_t deploy[1024];
	enum verdict ready_verdict, receipt_verdict; /* what it says to those */
	char endpoint[ENDPOINT_MAX + 1]; /* of the last READY */
	int readies, quits, sets, receipts; /* that came */
	int events; char event[NAME_MAX_LEN + 1]; enum verdict event_verdict; /* that came, the last, what it says to them */
	bool silent;                    /* it reads, and answers nothing */
	uint8_t buf[WIRE_MAX];
};

void rig_open(struct rig *r, uint32_t devices); /* kernel, actor, and a ledger that knows the node and a matched lease */
void rig_close(struct rig *r);
void rig_actor_new(struct rig *r);               /* what a start of zeus-plan does */
void rig_actor_free(struct rig *r);
void rig_ledger_up(struct rig *r);               /* connect, HELLO, WELCOME; the facts are the test's to send */
void rig_ledger_down(struct rig *r);
void rig_snapshot(struct rig *r, bool reset);    /* node, leases and block */
struct fact_lease *rig_lease_add(struct rig *r, uint32_t gpus);
void rig_state(struct rig *r, uint32_t lease, const char *state, uint8_t flags); /* a block in which the lease is so */
void rig_say(struct rig *r, const struct fact *f); /* one fact, as a message of its own */
void rig_run(struct rig *r, uint64_t ms);        /* turns of a tenth of a second, and as many at once as the actor asks for */
struct lease *rig_held(struct rig *r, uint32_t lease); /* by the actor; NULL: not */
enum task_phase rig_phase(struct rig *r, uint32_t lease);
uint32_t rig_kernel_leases(struct rig *r);
bool rig_reported(struct rig *r, uint32_t lease, const char *word); /* the file "state" has this word in it */
/* The lease settles and ends; what was metered is what ran. */
void rig_release(struct rig *r, uint32_t lease);
#endif
