/* v2: the device filter of a group as a BPF program. Multi-attach, so that the runtime's own filter can only narrow it. */
#ifndef ZEUS_DEVICE_BPF_H
#define ZEUS_DEVICE_BPF_H
#include "kernel-facing/group.h"

int device_bpf_set(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n);
/* 0 if our program for exactly these rules is attached, 1 if not, -errno. */
int device_bpf_differs(const struct group_host *h, const char *leaf, const struct device_rule *rules, uint32_t n);
/* What tells the programs on a group (its directory's descriptor) from any other: their ids, as bytes. Their length or -errno. */
int device_bpf_list(int group, void *out, size_t cap);
#endif
