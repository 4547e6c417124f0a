/* A rate on one end of a veth: an HTB qdisc with one class. kbit/s of layer 2. */
#ifndef ZEUS_SHAPER_H
#define ZEUS_SHAPER_H
#include <stdbool.h>
#include <stdint.h>

struct nl_sock;

/* First time: qdisc, class and leaf. live: only the class's rate changes, counters survive. kbps > 0. */
int shaper_set(struct nl_sock *sock, int ifindex, uint32_t kbps, bool live);
/* As the kernel has it; -ENOENT: there is no such class; SHAPER_OTHER: there are others than that of shaper_set, or it may borrow. */
#define SHAPER_OTHER UINT32_MAX
int shaper_get(struct nl_sock *sock, int ifindex, uint32_t *kbps);
/* The same with the bytes that the class has let through. */
int shaper_look(struct nl_sock *sock, int ifindex, uint32_t *kbps, uint64_t *bytes);
#endif
