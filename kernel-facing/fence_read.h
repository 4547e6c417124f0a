/* Questions to the nftables of a network namespace that are asked every second: over a kept socket, without a text. */
#ifndef ZEUS_FENCE_READ_H
#define ZEUS_FENCE_READ_H
#include <stdint.h>

struct nl_sock;

#define FENCE_TABLE "zeus"
#define FENCE_OPENED "conn_opened"
#define FENCE_HELD_BACK "conn_held_back"
#define FENCE_REFUSED "conn_refused"
#define FENCE_RATE "conn_rate"

/* NULL path: here. */
int fence_socket(const char *netns, struct nl_sock **ret);
/* How often anything was changed in the namespace's nftables. */
int fence_generation(struct nl_sock *sock, uint32_t *out);
#endif
