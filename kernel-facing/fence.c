/* A lease's table of nftables: its text, and putting it where it belongs through libnftables.
 *
 * It knows the rules. Texts are made of numbers and names of ours only. What the kernel says about the table is fence_read.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include <netlink/netlink.h>
#include <nftables/libnftables.h>
#include "kernel-facing/fence.h"
#include "kernel-facing/fence_read.h"
#include "kernel-facing/netns.h"

#define TEXT_CAP 6144

struct text { char p[TEXT_CAP]; size_t len; bool bad; };

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t->p + t->len, sizeof t->p - t->len, fmt, ap);
	va_end(ap);
	t->bad |= n < 0 || (size_t)n >= sizeof t->p - t->len;
	if (!t->bad)
		t->len += (size_t)n;
}

static void add_state(struct text *t, const struct fence_ask *a, const struct fence_counts *c)
{
	const struct { const char *name; uint64_t n; } counters[] = {{FENCE_OPENED, c->opened}, {FENCE_HELD_BACK, c->held_back},
	    {FENCE_REFUSED, c->refused}};
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		add(t, "counter %s { packets %llu bytes 0 }\n", counters[i].name, (unsigned long long)counters[i].n);
	uint32_t burst = a->conn_per_s / 4 ? a->conn_per_s / 4 : 1;
	if (a->conn_per_s)
		add(t, "limit " FENCE_RATE " { rate %u/second burst %u packets; }\n", a->conn_per_s, burst);
	add(t, "set flows { typeof ip daddr . udp sport . udp dport; flags dynamic,timeout; timeout %us; size %u; }\n", FENCE_FLOW_S,
	    FENCE_FLOWS_MAX);
}

/* Beyond the machine's own end: what may be opened from here. */
static void add_reach(struct text *t, enum reach reach)
{
	switch (reach) {
	case REACH_NONE: case REACH_HOST:
		add(t, "counter name \"" FENCE_REFUSED "\" drop\n");
		return;
	}
}

static void add_rules(struct text *t, const struct fence_ask *a)
{
	const char *flow = "ip daddr . udp sport . udp dport";
	uint32_t ip = a->base_ip;
	add(t, "chain in { type filter hook input priority 0; policy accept;\n"
	       "iifname \"lo\" accept\nmeta nfproto ipv6 drop\nupdate @flows { ip saddr . udp dport . udp sport }\n}\n");
	add(t, "chain known {\ntcp flags & (syn | ack) != syn accept\n"
	       "icmp type { echo-reply, destination-unreachable, time-exceeded, parameter-problem } accept\n"
	       "%s @flows update @flows { %s } accept\n}\n", flow, flow);
	add(t, "chain pass {\nadd @flows { %s } counter name \"" FENCE_OPENED "\" accept\n", flow);
	add(t, "meta l4proto { tcp, icmp } counter name \"" FENCE_OPENED "\" accept\ncounter name \"" FENCE_REFUSED "\" drop\n}\n");
	add(t, "chain new {\nmeta l4proto != { tcp, udp, icmp } counter name \"" FENCE_REFUSED "\" drop\n");
	if (a->conn_per_s)
		add(t, "limit name \"" FENCE_RATE "\" goto pass\ncounter name \"" FENCE_HELD_BACK "\" drop\n}\n");
	else
		add(t, "goto pass\n}\n");
	add(t, "chain home {\njump known\n%s\n}\n",
	    a->reach == REACH_HOST ? "goto new" : "counter name \"" FENCE_REFUSED "\" drop");
	add(t, "chain out { type filter hook output priority 0; policy drop;\n"
	       "oifname \"lo\" accept\nmeta nfproto ipv6 counter name \"" FENCE_REFUSED "\" drop\n");
	add(t, "ip daddr %u.%u.%u.%u/30 goto home\n", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	add_reach(t, a->reach);
	add(t, "}\n");
}

static int run(struct nft_ctx *nft, const char *command)
{
	return nft_run_cmd_from_buffer(nft, command) == 0 ? 0 : -EIO;
}

/* FNV-1a: it tells changes, not enemies; whoever may change the table is root. */
static uint64_t digest(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3u;
	return h;
}

/* libnftables waits with select, which ends the process at a descriptor from FD_SETSIZE on, and a broker of many leases has none below
 * that to give. So the standard input steps aside for as long as a visit takes. -1: there is none. */
static int step_aside(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FD_SETSIZE);
	return fd < 0 && errno == EINVAL ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : fd; /* so many are not allowed here */
}

static int step_back(int aside, int flags)
{
	int r = dup2(aside, STDIN_FILENO) < 0 || fcntl(STDIN_FILENO, F_SETFD, flags) < 0 ? -errno : 0;
	close(aside);
	return r;
}

/* One visit of libnftables in the namespace: what the command does and, if that is wanted, how the kernel tells the table before and
 * after. What it tells differs between versions of libnftables, so it is compared with nothing else. */
struct visit { const char *command; bool compare; uint64_t before, after; };

static uint64_t listing(struct nft_ctx *nft)
{
	if (run(nft, "list table inet " FENCE_TABLE) < 0)
		return 0; /* no table */
	return digest(nft_ctx_get_output_buffer(nft));
}

static int visit_with_room(struct visit *v)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT); /* its socket belongs to the namespace in which it is made */
	if (!nft)
		return -ENOMEM;
	/* without counters and the flows of the moment */
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE | NFT_CTX_OUTPUT_NUMERIC_ALL);
	int r = nft_ctx_buffer_output(nft) || nft_ctx_buffer_error(nft) ? -ENOMEM : 0;
	if (r == 0 && v->compare)
		v->before = listing(nft);
	r = r < 0 ? r : run(nft, v->command);
	if (r == 0 && v->compare)
		v->after = listing(nft);
	nft_ctx_free(nft);
	return r;
}

static int visit(void *arg)
{
	int flags = fcntl(STDIN_FILENO, F_GETFD), aside = step_aside();
	if (aside < 0)
		return errno == EBADF ? visit_with_room(arg) : -errno;
	close(STDIN_FILENO);
	int r = visit_with_room(arg), back = step_back(aside, flags);
	return r < 0 ? r : back;
}

static int replace(struct fence *f, const char *netns, const struct fence_ask *ask, struct visit *v)
{
	struct fence_counts counts;
	uint32_t rate, generation = 0;
	struct text t = {.len = 0};
	int r = f->sock ? 0 : fence_socket(netns, &f->sock);
	r = r < 0 ? r : fence_read(f, &counts, &rate);
	r = r < 0 ? r : fence_generation(f->sock, &generation);
	if (r < 0)
		return r;
	/* Naming it first makes it be there to be deleted. Never all tables: what others add to the namespace can only forbid more. */
	add(&t, "table inet " FENCE_TABLE "\ndelete table inet " FENCE_TABLE "\ntable inet " FENCE_TABLE " {\n");
	add_state(&t, ask, &counts);
	add_rules(&t, ask);
	add(&t, "}\n");
	v->command = t.p;
	r = t.bad ? -EOVERFLOW : netns_call(netns, visit, v);
	v->command = NULL;
	/* One transaction is one change. If there was another meanwhile the number is not this one, and the next look is a close one. */
	f->generation = r < 0 ? 0 : generation + 1;
	f->asked = *ask;
	return r;
}

/* Nothing else is asked, and nobody touched what is there. */
static bool stands(struct fence *f, const struct fence_ask *ask)
{
	bool same = f->asked.reach == ask->reach && f->asked.conn_per_s == ask->conn_per_s && f->asked.base_ip == ask->base_ip;
	return f->sock && f->generation && same && fence_touched(f) == 0;
}

int fence_set(struct fence *f, const char *netns, const struct fence_ask *ask)
{
	struct visit v = {.compare = false};
	if (stands(f, ask))
		return 0;
	return replace(f, netns, ask, &v);
}

int fence_repair(struct fence *f, const char *netns, const struct fence_ask *ask)
{
	struct visit v = {.compare = true};
	int r = replace(f, netns, ask, &v);
	return r < 0 ? r : v.before != v.after;
}

int fence_touched(struct fence *f)
{
	uint32_t generation = 0;
	int r = fence_generation(f->sock, &generation);
	return r < 0 ? r : generation != f->generation;
}

void fence_close(struct fence *f)
{
	nl_socket_free(f->sock); /* a socket keeps its namespace alive */
	*f = (struct fence){0};
}
