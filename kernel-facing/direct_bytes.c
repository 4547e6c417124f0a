/* Two accounts of the same bytes: what a link says that it carried, and what the shaper at its sending end says that it let through.
 *
 * The second can be more (what is lost after it, headers of segments that the link counts once), never less by more than what is on the
 * way: then something passes by the shaper. Both ends are the same pair of devices, so their own counters could not disagree. */
#include "kernel-facing/direct.h"
#include "kernel-facing/shaper.h"

#define LOOKS_SHARE 32  /* this part of all leases in one second */
#define SLACK 65536u

/* More than a second's worth at its rate cannot lie between two readings of one tick. */
static bool passed_by(struct account *a, uint64_t shaped, uint64_t carried, uint32_t kbps)
{
	if (!a->open || shaped < a->shaped || carried < a->carried0) {
		*a = (struct account){true, shaped, carried, shaped};
		return false;
	}
	a->shaped = shaped;
	return carried - a->carried0 > shaped - a->shaped0 + SLACK + (uint64_t)kbps * 125;
}

static void compare(
    struct account *a, struct nl_sock *sock, int index, const char *what, uint64_t carried, struct lease *l, struct checked *out)
{
	uint32_t kbps;
	uint64_t shaped;
	if (shaper_look(sock, index, &kbps, &shaped) < 0) {
		l->watch.told = true;
		return;
	}
	if (!passed_by(a, shaped, carried, kbps) || out->n == DRIFTS_MAX)
		return;
	struct drift *f = &out->found[out->n++];
	*f = (struct drift){.want = shaped - a->shaped0, .have = carried - a->carried0};
	host_say(f->what, sizeof f->what, "%s", what);
	a->open = false; /* said once; counted anew */
}

void direct_bytes(struct direct *d, struct lease *l, struct checked *out)
{
	const struct traffic *t = traffic_of(d, l);
	if (!t || ++l->bytes_age % LOOKS_SHARE != l->rec.slot % LOOKS_SHARE)
		return;
	compare(&l->up, l->inner, l->inner_index, "bytes-up", t->rx_bytes, l, out);
	compare(&l->down, d->host, l->host_index, "bytes-down", t->tx_bytes, l, out);
}
