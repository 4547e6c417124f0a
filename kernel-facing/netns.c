/* Network namespaces and veth pairs of leases, through libnl-route.
 *
 * It knows names, addresses and sockets. It does not know rates (shaper.c). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include "common/cleanup.h"
#include "kernel-facing/netns.h"
#include "kernel-facing/nl_error.h"

#define POOL 0x64400000u /* 100.64.0.0/10, shared address space of RFC 6598 */
#define POOL_BLOCKS 1024u /* of 1024 slots each: the instance selects one */

void netns_host_link(const char *instance, uint32_t slot, char out[IFNAMSIZ])
{
	snprintf(out, IFNAMSIZ, "z%.8sh%03x", instance, slot & 0xfff);
}

uint32_t netns_base_ip(const char *instance, uint32_t slot)
{
	uint32_t block = (uint32_t)strtoul(instance, NULL, 16) % POOL_BLOCKS;
	return POOL + ((block * NETNS_SLOTS + slot) << 2);
}

uint32_t netns_task_ip(const char *instance, uint32_t slot) { return netns_base_ip(instance, slot) + 2; }

/* Runs f in a namespace of the thread's and returns to the one it was in; a thread that cannot return must not go on. */
static int enter(int ns_fd, int *ret_home)
{
	autoclose int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || (ns_fd >= 0 ? setns(ns_fd, CLONE_NEWNET) : unshare(CLONE_NEWNET)) < 0)
		return -errno;
	*ret_home = take_fd(&home);
	return 0;
}

static void leave(int home)
{
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
}

int netns_make(const char *path)
{
	autoclose int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (file < 0)
		return -errno;
	int home;
	int r = enter(-1, &home);
	if (r == 0) {
		if (mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) < 0)
			r = -errno;
		leave(home);
	}
	if (r < 0)
		unlink(path);
	return r;
}

int netns_drop(const char *path)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int netns_call(const char *path, int (*f)(void *arg), void *arg)
{
	int home = -1;
	autoclose int ns = open(path, O_RDONLY | O_CLOEXEC);
	int r = ns < 0 ? -errno : enter(ns, &home);
	if (r < 0)
		return r;
	r = f(arg);
	leave(home);
	return r;
}

static int open_route(void *arg)
{
	struct nl_sock **ret = arg, *s = nl_socket_alloc();
	int r = s ? nl_errno(nl_connect(s, NETLINK_ROUTE)) : -ENOMEM;
	if (r < 0)
		nl_socket_free(s);
	else
		*ret = s;
	return r;
}

int netns_socket(const char *path, struct nl_sock **ret) { return path ? netns_call(path, open_route, ret) : open_route(ret); }

static int open_told(void *arg)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_TC};
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return -errno;
	*(int *)arg = take_fd(&fd);
	return 0;
}

int netns_listen(const char *path)
{
	int fd = -1, r = path ? netns_call(path, open_told, &fd) : open_told(&fd);
	return r < 0 ? r : fd;
}

int netns_link_index(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *l = NULL;
	int r = nl_errno(rtnl_link_get_kernel(sock, 0, name, &l));
	if (r < 0)
		return r;
	r = rtnl_link_get_ifindex(l);
	rtnl_link_put(l);
	return r;
}

int netns_link_up(struct nl_sock *sock, const char *name, bool up)
{
	struct rtnl_link *old = NULL, *want = rtnl_link_alloc();
	int r = want ? nl_errno(rtnl_link_get_kernel(sock, 0, name, &old)) : -ENOMEM;
	if (r == 0) {
		(up ? rtnl_link_set_flags : rtnl_link_unset_flags)(want, IFF_UP);
		r = nl_errno(rtnl_link_change(sock, old, want, 0));
	}
	rtnl_link_put(old);
	rtnl_link_put(want);
	return r;
}

int netns_link_is_up(struct nl_sock *sock, int index)
{
	struct rtnl_link *l = NULL;
	int r = nl_errno(rtnl_link_get_kernel(sock, index, NULL, &l));
	if (r < 0)
		return r;
	r = rtnl_link_get_flags(l) & IFF_UP ? 1 : 0;
	rtnl_link_put(l);
	return r;
}

static int add_address(struct nl_sock *sock, const char *name, uint32_t ip)
{
	int index = netns_link_index(sock, name);
	if (index < 0)
		return index;
	uint32_t be = htonl(ip);
	struct nl_addr *local = nl_addr_build(AF_INET, &be, sizeof be);
	struct rtnl_addr *a = rtnl_addr_alloc();
	int r = local && a ? 0 : -ENOMEM;
	if (r == 0) {
		nl_addr_set_prefixlen(local, 30);
		rtnl_addr_set_ifindex(a, index);
		r = nl_errno(rtnl_addr_set_local(a, local));
		r = r < 0 ? r : nl_errno(rtnl_addr_add(sock, a, 0));
	}
	nl_addr_put(local);
	rtnl_addr_put(a);
	return r;
}

static int add_veth(struct nl_sock *host, const char *name, int ns_fd)
{
	struct rtnl_link *l = rtnl_link_veth_alloc();
	if (!l)
		return -ENOMEM;
	struct rtnl_link *peer = rtnl_link_veth_get_peer(l);
	rtnl_link_set_name(l, name);
	rtnl_link_set_name(peer, NETNS_TASK_LINK);
	rtnl_link_set_ns_fd(peer, ns_fd);
	int r = nl_errno(rtnl_link_add(host, l, NLM_F_CREATE | NLM_F_EXCL));
	rtnl_link_put(peer);
	rtnl_link_put(l);
	return r;
}

int netns_link_make(struct nl_sock *host, struct nl_sock *inner, const char *instance, uint32_t slot, int ns_fd)
{
	char name[IFNAMSIZ];
	netns_host_link(instance, slot, name);
	uint32_t ip = netns_base_ip(instance, slot);
	int r = add_veth(host, name, ns_fd);
	if (r < 0)
		return r;
	r = add_address(host, name, ip + 1);
	r = r < 0 ? r : add_address(inner, NETNS_TASK_LINK, ip + 2);
	r = r < 0 ? r : netns_link_up(inner, "lo", true);
	if (r < 0)
		netns_link_drop(host, name);
	return r;
}

int netns_link_drop(struct nl_sock *host, const char *name)
{
	struct rtnl_link *l = rtnl_link_alloc();
	if (!l)
		return -ENOMEM;
	rtnl_link_set_name(l, name);
	int r = nl_errno(rtnl_link_delete(host, l));
	rtnl_link_put(l);
	return r == -ENODEV ? 0 : r;
}

bool netns_slot_taken(struct nl_sock *host, const char *instance, uint32_t slot)
{
	struct nl_cache *cache;
	uint32_t base = netns_base_ip(instance, slot);
	bool taken = false;
	if (rtnl_addr_alloc_cache(host, &cache) < 0)
		return false;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct nl_addr *a = rtnl_addr_get_local((struct rtnl_addr *)o);
		uint32_t be;
		if (!a || nl_addr_get_family(a) != AF_INET || nl_addr_get_len(a) != sizeof be)
			continue;
		memcpy(&be, nl_addr_get_binary_addr(a), sizeof be);
		taken |= (ntohl(be) & ~3u) == base;
	}
	nl_cache_free(cache);
	return taken;
}

/* The slot of one of our host links, or -1. */
static int slot_of(const char *instance, const char *name)
{
	char want[IFNAMSIZ];
	if (!name || strlen(name) != 13)
		return -1;
	long slot = strtol(name + 10, NULL, 16);
	if (slot < 0 || slot >= NETNS_SLOTS)
		return -1;
	netns_host_link(instance, (uint32_t)slot, want);
	return strcmp(want, name) ? -1 : (int)slot;
}

int netns_each_link(struct nl_sock *host, const char *instance, void (*f)(void *ctx, const char *name, uint32_t slot), void *ctx)
{
	struct nl_cache *cache;
	int r = nl_errno(rtnl_link_alloc_cache(host, AF_UNSPEC, &cache));
	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		char *name = rtnl_link_get_name((struct rtnl_link *)o);
		int slot = slot_of(instance, name);
		if (slot >= 0)
			f(ctx, name, (uint32_t)slot);
	}
	nl_cache_free(cache);
	return 0;
}
