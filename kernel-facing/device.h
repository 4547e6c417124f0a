/* Which device nodes a lease's group may open. v1: the devices controller's files. v2: a program on the group.
 * The harmless few (null, zero, full, random, urandom, tty, ptmx, pts) are always allowed, everything else but the rules is denied. */
#ifndef ZEUS_DEVICE_H
#define ZEUS_DEVICE_H
#include "kernel-facing/gpu.h"
#include "kernel-facing/group.h"

/* What a group may open besides the harmless few; withheld: bits of those few that are leased on this machine, so nobody's for nothing. */
struct device_list { uint32_t n, withheld; struct device_rule rules[DEVICE_RULES_MAX]; };

/* Marks the rule as leased on this machine. */
void device_withhold(struct device_list *list, const struct device_rule *rule);
/* The harmless ones that stay, then the rest: all that a group may open. out: DEVICE_RULES_MAX + DEVICE_HARMLESS. */
#define DEVICE_HARMLESS 8
#define DEVICE_ANY UINT32_MAX
uint32_t device_all(const struct device_list *list, struct device_rule *out);
/* for_runc: runc's create writes its own default list into the inner group and needs the outer one to allow it. */
int device_set(const struct group_host *h, const char *leaf, const struct device_list *list, bool for_runc);
/* 0 if the kernel holds exactly these rules, 1 if it does not, or -errno. */
int device_differs(const struct group_host *h, const char *leaf, const struct device_list *list, bool for_runc);
/* Name of the node under /dev ("nvidia0"), from /sys/dev; -ENODEV if the machine has no such device. out: 64 bytes. */
int device_name(const struct device_rule *rule, char *out);
#endif
