/* HTB on a link, through libnl-route.
 *
 * It knows the qdisc's parameters and why they are so. It does not know whose link it is. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <netlink/netlink.h>
#include <netlink/route/class.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/fifo.h>
#include <netlink/route/qdisc/htb.h>
#include <netlink/route/tc.h>
#include "kernel-facing/nl_error.h"
#include "kernel-facing/shaper.h"

#define ROOT TC_HANDLE(1, 0)
#define CLASS TC_HANDLE(1, 0x10)
#define LEAF TC_HANDLE(0x10, 0)
#define FRAME 1514u          /* Ethernet header and 1500 bytes */
#define BURST_MIN (10 * FRAME)
#define BURSTS_PER_S 250u    /* a burst of 4 ms: the kernel's slowest tick */
#define QUEUE_BYTES (256 * 1024)

static int add_root(struct nl_sock *sock, int ifindex)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	if (!q)
		return -ENOMEM;
	rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
	rtnl_tc_set_parent(TC_CAST(q), TC_H_ROOT);
	rtnl_tc_set_handle(TC_CAST(q), ROOT);
	int r = nl_errno(rtnl_tc_set_kind(TC_CAST(q), "htb"));
	if (r == 0) {
		rtnl_htb_set_defcls(q, TC_H_MIN(CLASS));
		rtnl_htb_set_rate2quantum(q, 10);
		r = nl_errno(rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_qdisc_put(q);
	return r;
}

static void drop_root(struct nl_sock *sock, int ifindex)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	if (!q)
		return;
	rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
	rtnl_tc_set_parent(TC_CAST(q), TC_H_ROOT);
	(void)rtnl_qdisc_delete(sock, q); /* refused where there is none */
	rtnl_qdisc_put(q);
}

static int put_class(struct nl_sock *sock, int ifindex, uint32_t kbps, bool live)
{
	uint64_t bytes_per_s = (uint64_t)kbps * 125;
	uint64_t burst = bytes_per_s / BURSTS_PER_S;
	if (burst < BURST_MIN)
		burst = BURST_MIN;
	if (burst > INT32_MAX)
		burst = INT32_MAX;
	struct rtnl_class *c = rtnl_class_alloc();
	if (!c)
		return -ENOMEM;
	rtnl_tc_set_ifindex(TC_CAST(c), ifindex);
	rtnl_tc_set_parent(TC_CAST(c), ROOT);
	rtnl_tc_set_handle(TC_CAST(c), CLASS);
	int r = nl_errno(rtnl_tc_set_kind(TC_CAST(c), "htb"));
	if (r == 0) {
		rtnl_tc_set_mtu(TC_CAST(c), FRAME);
		rtnl_htb_set_rate64(c, bytes_per_s);
		rtnl_htb_set_ceil64(c, bytes_per_s);
		rtnl_htb_set_rbuffer(c, (uint32_t)burst);
		rtnl_htb_set_cbuffer(c, (uint32_t)burst);
		rtnl_htb_set_quantum(c, FRAME);
		r = nl_errno(rtnl_class_add(sock, c, live ? NLM_F_REPLACE : NLM_F_CREATE | NLM_F_EXCL));
	}
	rtnl_class_put(c);
	return r;
}

/* bytes, not packets: a queue of small packets must not be deeper in time than one of large ones */
static int add_leaf(struct nl_sock *sock, int ifindex)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	if (!q)
		return -ENOMEM;
	rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
	rtnl_tc_set_parent(TC_CAST(q), CLASS);
	rtnl_tc_set_handle(TC_CAST(q), LEAF);
	int r = nl_errno(rtnl_tc_set_kind(TC_CAST(q), "bfifo"));
	if (r == 0) {
		rtnl_qdisc_fifo_set_limit(q, QUEUE_BYTES);
		r = nl_errno(rtnl_qdisc_add(sock, q, NLM_F_CREATE));
	}
	rtnl_qdisc_put(q);
	return r;
}

int shaper_set(struct nl_sock *sock, int ifindex, uint32_t kbps, bool live)
{
	if (live)
		return put_class(sock, ifindex, kbps, true);
	drop_root(sock, ifindex); /* somebody else's, when ours is gone */
	int r = add_root(sock, ifindex);
	r = r < 0 ? r : put_class(sock, ifindex, kbps, false);
	return r < 0 ? r : add_leaf(sock, ifindex);
}

int shaper_look(struct nl_sock *sock, int ifindex, uint32_t *kbps, uint64_t *bytes)
{
	struct nl_cache *cache;
	int r = nl_errno(rtnl_class_alloc_cache(sock, ifindex, &cache));
	if (r < 0)
		return r;
	struct rtnl_class *c = rtnl_class_get(cache, ifindex, CLASS);
	uint64_t rate = 0, ceil = 0;
	if (!c)
		r = -ENOENT;
	else if (rtnl_htb_get_rate64(c, &rate) < 0)
		rate = rtnl_htb_get_rate(c);
	if (r == 0 && rtnl_htb_get_ceil64(c, &ceil) < 0)
		ceil = rtnl_htb_get_ceil(c);
	if (r == 0) {
		*bytes = rtnl_tc_get_stat(TC_CAST(c), RTNL_TC_BYTES);
		bool other = nl_cache_nitems(cache) != 1 || ceil != rate || rate / 125 > UINT32_MAX;
		*kbps = other ? SHAPER_OTHER : (uint32_t)(rate / 125);
	}
	if (c)
		rtnl_class_put(c);
	nl_cache_free(cache);
	return r;
}

int shaper_get(struct nl_sock *sock, int ifindex, uint32_t *kbps)
{
	uint64_t bytes;
	return shaper_look(sock, ifindex, kbps, &bytes);
}
