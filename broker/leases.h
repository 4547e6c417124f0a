/* The leases of this node: the fold of facts that plan needs, joined with what this machine does for each. */
#ifndef ZEUS_LEASES_H
#define ZEUS_LEASES_H
#include "broker/meter.h"
#include "broker/plan.h"

/* What its files say: they are written when that changes. */
struct reported {
	char state[224];
	bool state_ever, drift_ever;
	uint32_t drifts;
	uint64_t meter_ms, sample, counted; uint32_t same;
	int live_fd;
};

struct lease {
	struct lease_name name;
	struct id id;
	bool known;              /* the ledger has it */
	struct fact_lease fact;  /* deploy points into deploy */
	uint8_t deploy[DEPLOY_MAX];
	bool recalled;           /* its meter was looked for among the reports of earlier runs */
	struct running run;
	struct lease_meter meter;
	enum meter_condition condition; /* since the last tick */
	struct usage usage;      /* last reading */
	bool news;               /* a fact of it came since it was counted */
	struct reported reported;
	struct quota quota;      /* what the kernel holds for it; zero in PHASE_NONE */
	char reason[96];         /* why the task is where it is, for people */
	char trouble[96];        /* what fails at present, and is tried again; "" = nothing */
	struct lease *next;
};

struct leases {
	struct lease *first;
	uint32_t n;
	struct address node_op;  /* whose node this is; from WELCOME */
	char node_name[NAME_MAX_LEN + 1];
	struct id node;          /* zero until the ledger knows the node */
	struct fact_node node_fact;
	uint64_t height, time_ms; /* folded so far; chain time */
	struct id hash;
};

void leases_init(struct leases *l, const char *node_name);
void leases_fold(struct leases *l, const struct fact *f);
struct lease *leases_by_name(struct leases *l, const char *name);
struct lease *leases_by_id(struct leases *l, const struct id *id);
/* A lease that the kernel runs and that facts may or may not name later. */
struct lease *leases_adopt(struct leases *l, const char *name);
void leases_drop(struct leases *l, struct lease *gone); /* frees it */
#endif
