/* Which device nodes a lease's group may open. v1: the devices controller's files. v2: a program on the group.
 * The harmless few (null, zero, full, random, urandom, tty, ptmx, pts) are always allowed, everything else but the rules is denied. */
#ifndef ZEUS_DEVICE_H
#define ZEUS_DEVICE_H
#include "kernel-facing/group.h"

/* for_runc: runc's create writes its own default list into the inner group and needs the outer one to allow it. */
int device_set(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n, bool for_runc);
/* 0 if the kernel holds exactly these rules, 1 if it does not, or -errno. */
int device_differs(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n, bool for_runc);
/* Name of the node under /dev ("nvidia0"), from /sys/dev; -ENODEV if the machine has no such device. out: 64 bytes. */
int device_name(const struct device_rule *rule, char *out);
#endif
