/* Which of the machine's GPUs a lease gets. */
#ifndef ZEUS_GPUS_H
#define ZEUS_GPUS_H
#include "broker/leases.h"

bool gpus_same(const struct device_rule *a, const struct device_rule *b);
/* The lease that has the device; NULL: it is free. */
const struct lease *gpus_holder(const struct leases *books, const struct device_rule *rule);
/* A quota of these resources with free devices; -EBUSY if there are not enough. */
int gpus_pick(const struct leases *books, const struct inventory *inv, const struct resources *res, struct quota *out);
#endif
