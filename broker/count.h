/* Reading what the kernel counted of all leases, and counting on. */
#ifndef ZEUS_COUNT_H
#define ZEUS_COUNT_H
#include "broker/act.h"

/* Room for one pass over all leases. */
struct act_scratch {
	struct usage_receipt receipt[LEASES_PER_NODE_MAX];
	struct lease *of[LEASES_PER_NODE_MAX];
	struct lease_name name[LEASES_PER_NODE_MAX];
	struct usage usage[LEASES_PER_NODE_MAX];
	struct checked checked[LEASES_PER_NODE_MAX];
	char text[DEPLOY_MAX + 512];
};

/* full: usage of every lease, their limits compared, the reports written; else what a fact has changed is counted up to now. */
void count_tick(struct actor *a, bool full);
#endif
