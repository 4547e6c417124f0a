/* A lease's network: a namespace of its own, kept by a bind mount, and a veth pair whose host end carries the instance and a slot.
 *
 * Slot s of an installation owns a /30 of 100.64.0.0/10: host .1, task .2; no route leads further and nothing is forwarded. */
#ifndef ZEUS_NETNS_H
#define ZEUS_NETNS_H
#include <net/if.h>
#include "kernel-facing/host.h"

struct nl_sock;

#define NETNS_SLOTS 1024
#define NETNS_TASK_LINK "eth0"

void netns_host_link(const char *instance, uint32_t slot, char out[IFNAMSIZ]);
/* IPv4, host order: the first address (network) of the slot's /30. */
uint32_t netns_base_ip(const char *instance, uint32_t slot);
uint32_t netns_task_ip(const char *instance, uint32_t slot);
/* Makes a namespace and binds it to path (a file that is made). */
int netns_make(const char *path);
/* Detaches the bind and removes the file; 0 if there is none. */
int netns_drop(const char *path);
/* A route socket of this thread's namespace, or of the one at path. NULL path: here. */
int netns_socket(const char *path, struct nl_sock **ret);
/* A socket that only hears: of changes to links, queues and classes there. Does not block. The descriptor or -errno. */
int netns_listen(const char *path);
/* Runs f in the namespace at path, and returns to this one. */
int netns_call(const char *path, int (*f)(void *arg), void *arg);
/* veth pair, addresses; both ends up if up. Undoes itself on failure. */
int netns_link_make(struct nl_sock *host, struct nl_sock *inner, const char *instance, uint32_t slot, int ns_fd);
int netns_link_up(struct nl_sock *sock, const char *name, bool up);
int netns_link_is_up(struct nl_sock *sock, int index); /* 0 or 1; -ENODEV: it is gone */
int netns_link_index(struct nl_sock *sock, const char *name);
/* 0 if it is gone or was never there. */
int netns_link_drop(struct nl_sock *host, const char *name);
/* True if an address of the slot's /30 is on some link already (another installation's). */
bool netns_slot_taken(struct nl_sock *host, const char *instance, uint32_t slot);
/* Calls f for each host link of the instance. */
int netns_each_link(struct nl_sock *host, const char *instance, void (*f)(void *ctx, const char *name, uint32_t slot), void *ctx);

#endif
