/* Counters of links by RTM_GETSTATS: a fifth of the text of a link dump, and nothing is allocated for it.
 *
 * It knows the messages. It does not know whose link an index is (direct_usage.c). */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel-facing/traffic.h"

#define ANSWER_MAX 32768 /* the kernel fills as much as the reader brings, up to this */

int traffic_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return fd < 0 ? -errno : fd;
}

static int by_index(const void *a, const void *b)
{
	const struct traffic *x = a, *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

static void take(const struct nlmsghdr *h, struct traffic *all, uint32_t n)
{
	const struct if_stats_msg *m = NLMSG_DATA(h);
	if (h->nlmsg_type != RTM_NEWSTATS || h->nlmsg_len < NLMSG_LENGTH(sizeof *m))
		return;
	struct traffic key = {.index = (int)m->ifindex}, *t = bsearch(&key, all, n, sizeof *all, by_index);
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof *m));
	const struct rtattr *a = (const void *)((const char *)m + NLMSG_ALIGN(sizeof *m));
	for (; t && RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		struct rtnl_link_stats64 s;
		if (a->rta_type != IFLA_STATS_LINK_64 || RTA_PAYLOAD(a) < offsetof(struct rtnl_link_stats64, tx_bytes) + sizeof s.tx_bytes)
			continue;
		memset(&s, 0, sizeof s);
		memcpy(&s, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof s ? RTA_PAYLOAD(a) : sizeof s);
		t->rx_bytes = s.rx_bytes;
		t->tx_bytes = s.tx_bytes;
	}
}

/* One packet of the answer: 1 when it was the last. */
static int take_packet(int fd, struct traffic *all, uint32_t n)
{
	_Alignas(struct nlmsghdr) char buf[ANSWER_MAX];
	ssize_t len = recv(fd, buf, sizeof buf, 0);
	if (len < 0)
		return errno == EINTR ? 0 : -errno;
	for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, (size_t)len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(h))->error ? ((struct nlmsgerr *)NLMSG_DATA(h))->error : 1;
		take(h, all, n);
	}
	return 0;
}

int traffic_read(int fd, struct traffic *all, uint32_t n)
{
	struct { struct nlmsghdr h; struct if_stats_msg m; } ask = {
	    .h = {.nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETSTATS, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .m = {.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)}};
	if (send(fd, &ask, sizeof ask, 0) < 0)
		return -errno;
	int r;
	do
		r = take_packet(fd, all, n);
	while (r == 0);
	return r < 0 ? r : 0;
}
