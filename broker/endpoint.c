/* The endpoint of a lease: `PROTO ADDRESS PORT HOSTPORT`, `-` for a port that is not published, and none is.
 *
 * Knows that a task has one address, which leads to it from this machine only. Does not know seals: the ledger puts it under one. */
#include "broker/endpoint.h"
#include <stdio.h>

static void endpoint_text(uint32_t ip, char out[ENDPOINT_MAX + 1])
{
	if (!ip)
		out[0] = '\0';
	else
		snprintf(out, ENDPOINT_MAX + 1, "any %u.%u.%u.%u - -", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

int endpoint_tell(struct actor *a, struct lease *l)
{
	char text[ENDPOINT_MAX + 1];
	struct usage u;
	int rc = a->kernel->ops->usage(a->kernel, &l->name, 1, &u); /* asked anew: the lease may be open for less than a tick */
	if (rc < 0)
		return rc;
	endpoint_text(u.ip, text);
	rc = link_ready(&a->link, l, text);
	l->run.ready_sent = rc == 0;
	return rc;
}
