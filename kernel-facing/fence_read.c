/* The counters and the rate of a lease's table, and whether anything was changed, by netlink.
 *
 * It knows the messages of nf_tables that ask for these. It does not know the rules (fence.c). */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include "kernel-facing/fence.h"
#include "kernel-facing/fence_read.h"
#include "kernel-facing/netns.h"
#include "kernel-facing/nl_error.h"

#define DUMPS_MAX 8
#define TYPE(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))

static int ask(struct nl_sock *sock, int message, int flags, int (*answer)(struct nl_msg *m, void *arg), void *arg)
{
	struct nfgenmsg head = {.nfgen_family = flags & NLM_F_DUMP ? NFPROTO_INET : NFPROTO_UNSPEC, .version = NFNETLINK_V0};
	struct nl_msg *m = nlmsg_alloc_simple(TYPE(message), NLM_F_REQUEST | flags);
	int r = m ? nl_errno(nlmsg_append(m, &head, sizeof head, NLMSG_ALIGNTO)) : -ENOMEM;
	r = r < 0 ? r : nl_errno(nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, answer, arg));
	if (r == 0 && (r = nl_send_auto(sock, m)) >= 0)
		r = nl_recvmsgs_default(sock);
	nlmsg_free(m);
	return r == -NLE_DUMP_INTR ? -EINTR : r < 0 ? nl_errno(r) : 0;
}

static int take_generation(struct nl_msg *m, void *arg)
{
	struct nlattr *a = nlmsg_find_attr(nlmsg_hdr(m), sizeof(struct nfgenmsg), NFTA_GEN_ID);
	if (a && nla_len(a) == sizeof(uint32_t))
		*(uint32_t *)arg = ntohl(nla_get_u32(a));
	return NL_OK;
}

int fence_generation(struct nl_sock *sock, uint32_t *out)
{
	uint32_t v = 0;
	int r = ask(sock, NFT_MSG_GETGEN, 0, take_generation, &v);
	if (r == 0)
		*out = v;
	return r < 0 ? r : v ? 0 : -EBADMSG;
}

struct found { struct fence_counts counts; uint32_t rate; };

static uint64_t number(struct nlattr *in, int type)
{
	struct nlattr *a = nla_find(nla_data(in), nla_len(in), type);
	return a && nla_len(a) == sizeof(uint64_t) ? be64toh(nla_get_u64(a)) : 0;
}

static int take_object(struct nl_msg *m, void *arg)
{
	struct found *f = arg;
	struct nlattr *a[NFTA_OBJ_MAX + 1];
	if (nlmsg_parse(nlmsg_hdr(m), sizeof(struct nfgenmsg), a, NFTA_OBJ_MAX, NULL) < 0 || !a[NFTA_OBJ_TABLE] || !a[NFTA_OBJ_NAME] ||
	    !a[NFTA_OBJ_DATA] || nla_strcmp(a[NFTA_OBJ_TABLE], FENCE_TABLE))
		return NL_OK;
	const struct { const char *name; uint64_t *n; } counters[] = {{FENCE_OPENED, &f->counts.opened},
	    {FENCE_HELD_BACK, &f->counts.held_back}, {FENCE_REFUSED, &f->counts.refused}};
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		if (!nla_strcmp(a[NFTA_OBJ_NAME], counters[i].name))
			*counters[i].n = number(a[NFTA_OBJ_DATA], NFTA_COUNTER_PACKETS);
	if (!nla_strcmp(a[NFTA_OBJ_NAME], FENCE_RATE) && number(a[NFTA_OBJ_DATA], NFTA_LIMIT_UNIT) == 1) {
		uint64_t rate = number(a[NFTA_OBJ_DATA], NFTA_LIMIT_RATE);
		f->rate = rate < FENCE_NO_LIMIT ? (uint32_t)rate : FENCE_NO_LIMIT;
	}
	return NL_OK;
}

int fence_read(struct fence *f, struct fence_counts *counts, uint32_t *conn_per_s)
{
	struct found found;
	int r = -EINTR;
	for (int i = 0; i < DUMPS_MAX && r == -EINTR; i++) { /* something was changed while the kernel told */
		found = (struct found){.rate = FENCE_NO_LIMIT};
		r = ask(f->sock, NFT_MSG_GETOBJ, NLM_F_DUMP, take_object, &found);
	}
	if (r < 0)
		return r;
	*counts = found.counts;
	*conn_per_s = found.rate;
	return 0;
}

static int open_here(void *arg)
{
	struct nl_sock **ret = arg, *s = nl_socket_alloc();
	if (!s)
		return -ENOMEM;
	nl_socket_disable_auto_ack(s);
	int r = nl_errno(nl_connect(s, NETLINK_NETFILTER));
	if (r < 0)
		nl_socket_free(s);
	else
		*ret = s;
	return r;
}

int fence_socket(const char *netns, struct nl_sock **ret) { return netns ? netns_call(netns, open_here, ret) : open_here(ret); }

int fence_probe(char *why)
{
	struct nl_sock *s = NULL;
	uint32_t generation;
	int r = fence_socket(NULL, &s);
	r = r < 0 ? r : fence_generation(s, &generation);
	nl_socket_free(s);
	if (r < 0)
		snprintf(why, 256, "this kernel has no nftables, by which the connections of a lease are bounded (%s): modprobe nf_tables",
		    strerror(-r));
	return r;
}
