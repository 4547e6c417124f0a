/* Ways out over sockets: other families, raw packets, the host's listeners, the link and the firewall that hold the task.
 *
 * Knows addresses. Each act is at least 0 if something was had that must not be. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "tests/system/prisoner.h"

static int packets(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int raw_six(void) { return socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }
static int machine(void) { return socket(AF_VSOCK, SOCK_STREAM, 0); }
static int algorithms(void) { return socket(AF_ALG, SOCK_SEQPACKET, 0); }
static int bluetooth(void) { return socket(AF_BLUETOOTH, SOCK_RAW, 1); }
static int keys(void) { return socket(AF_KEY, SOCK_RAW, 2); }
static int express(void) { return socket(AF_XDP, SOCK_RAW, 0); }
static int pipes(void) { return socket(AF_TIPC, SOCK_STREAM, 0); }
static int can(void) { return socket(AF_CAN, SOCK_RAW, 1); }
static int audit(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
	struct nlmsghdr h = {.nlmsg_len = sizeof h, .nlmsg_type = 1000, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK};
	struct { struct nlmsghdr h; int error; char rest[256]; } answer;
	if (fd < 0 || send(fd, &h, sizeof h, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 20)
		return -1;
	errno = -answer.error;
	return answer.error ? -1 : 0;
}

static int abstract_socket(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(a.sun_path + 1, target.socket, sizeof a.sun_path - 2);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(target.socket));
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, len);
}

static int loopback(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof a);
}

/* A request of the routing socket; -1 with the error that the kernel answers. */
static int route(uint16_t type, uint16_t flags, const void *body, size_t len)
{
	struct { struct nlmsghdr h; char body[64]; } m = {.h = {.nlmsg_len = (uint32_t)(sizeof m.h + len), .nlmsg_type = type,
	    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)}};
	struct { struct nlmsghdr h; int error; char rest[256]; } answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	memcpy(m.body, body, len);
	if (fd < 0 || send(fd, &m, m.h.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 20)
		return -1;
	errno = -answer.error;
	return answer.error ? -1 : 0;
}

static int link_down(void)
{
	struct ifinfomsg i = {.ifi_index = 2, .ifi_change = IFF_UP};
	return route(RTM_NEWLINK, 0, &i, sizeof i);
}
static int qdisc_away(void)
{
	struct tcmsg t = {.tcm_ifindex = 2, .tcm_parent = TC_H_ROOT};
	return route(RTM_DELQDISC, 0, &t, sizeof t);
}
static int route_new(void)
{
	struct rtmsg r = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = 3, .rtm_type = RTN_BLACKHOLE};
	return route(RTM_NEWROUTE, NLM_F_CREATE, &r, sizeof r);
}
static int rules(void)
{
	struct { uint8_t family, version; uint16_t id; } g = {0, 0, 0};
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) < 0 ? -1 : route(0xa00, NLM_F_CREATE, &g, sizeof g);
}
static int link_flags(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = 0};
	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &r);
}
static int large_buffer(void)
{
	int size = 1 << 28;
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
}
static int marked(void)
{
	int mark = 1;
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK, &mark, sizeof mark);
}

const struct act acts_net[] = {
    {"AF_PACKET", packets, true}, {"raw IP", raw, true}, {"raw IPv6", raw_six, false}, {"AF_VSOCK", machine, false},
    {"AF_ALG", algorithms, false}, {"AF_BLUETOOTH", bluetooth, false}, {"AF_KEY", keys, false}, {"AF_XDP", express, false},
    {"AF_TIPC", pipes, false}, {"AF_CAN", can, false}, {"audit", audit, false}, {"the host's abstract socket", abstract_socket, true},
    {"the host's loopback", loopback, true}, {"its link down", link_down, false}, {"its shaping away", qdisc_away, false},
    {"another route", route_new, false}, {"another firewall", rules, false}, {"its loopback down", link_flags, false},
    {"a large buffer", large_buffer, true}, {"a packet mark", marked, true}, {0}};
