/* What this machine's owner allows, whatever is asked: the same rule for the real kernel, the server and the fake. */
#ifndef ZEUS_POLICY_H
#define ZEUS_POLICY_H
#include "kernel-facing/kernel.h"

/* A name that may become a path and a group: exactly LEASE_NAME_LEN lower-case hex digits. */
bool policy_name_ok(const struct lease_name *lease);
/* -EINVAL: no such quota can be (spare kinds, no cpu, memory or pids, bad devices). -EDQUOT: over the policy, with others (what
 * the other leases hold together) counted. -EPERM: a device that is not for lease. */
int policy_admit(const struct kernel_policy *p, const struct quota *q, const struct resources *others, uint32_t nothers);
/* -EINVAL: counts, lengths or texts out of range. */
int policy_task(const struct task_spec *spec);
int policy_signal(int signo);
bool device_rule_eq(const struct device_rule *a, const struct device_rule *b);
#endif
