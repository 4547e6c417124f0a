/* What a lease may open on the network: a table of nftables in the lease's own network namespace, where its task has no say.
 *
 * Connections that others open to the task, and all that belongs to one that is open, pass. What the task opens is bounded twice: by
 * where it leads (reach) and by how often (conn). A connection is a TCP segment with SYN and without ACK; of UDP, addresses and ports
 * that were silent for FENCE_FLOW_S. Nothing else leaves but answers to pings, and errors: no IPv6, no other protocol.
 *
 * The table needs no connection tracking, and lies in the namespace rather than beside the host's own tables: whoever flushes those does
 * not open it, the time that it costs is the task's, and it cannot outlive the namespace. All return 0 or -errno. */
#ifndef ZEUS_FENCE_H
#define ZEUS_FENCE_H
#include <stdbool.h>
#include <stdint.h>
#include "common/resource.h"

struct nl_sock;

#define FENCE_FLOW_S 60
#define FENCE_FLOWS_MAX 4096 /* UDP, of one lease, at a time; beyond them none is opened */

struct fence_ask {
	enum reach reach;
	uint32_t conn_per_s; /* 0: no bound; else a quarter of it, at least one, may come at once */
	uint32_t base_ip;    /* of the lease's /30, host order */
};

struct fence_counts {
	uint64_t opened, held_back, refused; /* connections: let through; over the rate; where they may not lead, packets */
};

struct fence {
	struct fence_ask asked;  /* what the table was made of */
	struct nl_sock *sock;  /* to the nftables of the namespace */
	uint32_t generation;   /* the kernel's count of changes after ours; 0: not known */
};

/* Makes or replaces the table, in one transaction; counters go on. */
int fence_set(struct fence *f, const char *netns, const struct fence_ask *ask);
/* The same; 1: it was not what is asked. Slower. Opens f if it is not open: for a table that another process made. */
int fence_repair(struct fence *f, const char *netns, const struct fence_ask *ask);
/* 1: something was changed in the namespace's nftables since we did, maybe not this table. One question to the kernel. */
int fence_touched(struct fence *f);
/* As the kernel has them; conn_per_s: FENCE_NO_LIMIT if nothing bounds it. */
int fence_read(struct fence *f, struct fence_counts *counts, uint32_t *conn_per_s);
void fence_close(struct fence *f);
/* Is there nftables here? Asked once, of the host. why: 256 bytes. */
int fence_probe(char *why);

#define FENCE_NO_LIMIT UINT32_MAX
#endif
