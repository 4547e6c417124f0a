/* What must have happened by now: timers that were due, and pairs of orders that could still trade.
 *
 * Knows deadlines as the records have them and which bid fits which ask. */
#include "tests/sim/sim.h"
#include <stdlib.h>

typedef unsigned __int128 wide;

static void orders_in_time(struct world *w)
{
	for (uint32_t i = 0; i < w->disk->kind[REC_ORDER].n; i++) {
		const struct fact_order *f = &w->disk->kind[REC_ORDER].r[i]->u->order.f;
		SIM_MUST(w, !f->expiry_ms || f->expiry_ms > w->time_ms, "timers", "an order is open past its expiry");
		SIM_MUST(w, f->filled < f->qty, "orders", "a filled one is open");
	}
}

static void leases_in_time(struct world *w)
{
	uint64_t consent_ms = w->genesis.consent_s * 1000ULL;
	for (uint32_t i = 0; i < w->disk->kind[REC_LEASE].n; i++) {
		const struct at_lease *l = &w->disk->kind[REC_LEASE].r[i]->u->lease;
		if (l->gone_ms) {
			SIM_MUST(w, l->gone_ms > w->time_ms, "timers", "an ended lease is kept for longer than a day");
			continue;
		}
		SIM_MUST(w, l->run.deadline_ms > w->time_ms || l->run.since_ms == w->time_ms, "timers",
		    "a lease is in state %u past its deadline", l->run.state);
		SIM_MUST(w,
		    !l->f.usage_pending_ms || l->f.usage_pending_ms > w->time_ms || l->f.usage_pending_ms - consent_ms == w->time_ms,
		    "timers", "silence did not consent");
	}
}

static void commands_in_time(struct world *w)
{
	for (uint32_t i = 0; i < w->disk->kind[REC_CID].n; i++)
		SIM_MUST(w, w->disk->kind[REC_CID].r[i]->u->cid_ms + CID_KEEP_MS > w->time_ms, "timers",
		    "a command id is kept for longer than a day");
}

void check_timers(struct world *w, bool all)
{
	if (!all && w->time_ms - w->before.time_ms < 10000)
		return;
	orders_in_time(w);
	leases_in_time(w);
	if (all)
		commands_in_time(w);
}

/* --- I16: no pair is left that could trade --- */

#define SIDE_MAX 256
struct sides { const struct at_order *bid[SIDE_MAX], *ask[SIDE_MAX]; size_t nbid, nask; };

static bool gather(struct world *w, uint32_t symbol, struct sides *s)
{
	s->nbid = s->nask = 0;
	for (uint32_t i = 0; i < w->disk->kind[REC_ORDER].n; i++) {
		const struct at_order *o = &w->disk->kind[REC_ORDER].r[i]->u->order;
		if (o->f.symbol != symbol)
			continue;
		if (s->nbid == SIDE_MAX || s->nask == SIDE_MAX)
			return false;
		if (o->f.side == SIDE_BID)
			s->bid[s->nbid++] = o;
		else
			s->ask[s->nask++] = o;
	}
	return true;
}

static bool enough_bond(const struct world *w, const struct fact_order *bid, const struct fact_order *ask, const struct resources *unit)
{
	uint64_t units = 0, seconds = bid->max_s < 86400 ? bid->max_s : 86400;
	for (size_t i = 0; i < RESOURCES; i++) {
		uint64_t share = unit->v[i] ? (1000ULL * bid->res.v[i] + unit->v[i] - 1) / unit->v[i] : 0;
		units = share > units ? share : units;
	}
	wide rate = (wide)price_base(ask->price) * units / 1000;
	return rate * seconds * w->genesis.bond_ppm / 3600000000ULL <= money_base(ask->locked) &&
	       (wide)price_base(bid->price) * units / 1000 < SUPPLY_BASE;
}

static bool could_trade(const struct world *w, const struct at_order *b, const struct at_order *a, const struct resources *unit)
{
	return price_cmp(b->f.price, a->f.price) >= 0 && a->rating >= b->rating && b->f.max_s >= a->f.min_s && b->f.max_s <= a->f.max_s &&
	       !address_eq(&b->f.owner, &a->f.owner) && (id_is_zero(&b->f.node) || id_cmp(&b->f.node, &a->f.node) == 0) &&
	       resources_fit(&b->f.res, &a->f.left) && enough_bond(w, &b->f, &a->f, unit);
}

static void i16_none_crosses(struct world *w, size_t at)
{
	static _Thread_local struct sides s;
	const struct fact_symbol *y = &w->genesis.symbol[at];
	const struct rec *meta = disk_get(w->disk, (uint8_t)(1 + at % LANES), REC_META, "", 0);
	if (meta->u->meta.changed >> at & 1 || !gather(w, y->symbol, &s))
		return;
	for (size_t i = 0; i < s.nbid; i++)
		for (size_t j = 0; j < s.nask; j++)
			SIM_MUST(w, !could_trade(w, s.bid[i], s.ask[j], &y->unit), "I16 crossing",
			    "a bid and an ask of symbol %u could still trade", y->symbol);
}

void check_crossing(struct world *w)
{
	for (size_t i = 0; i < w->genesis.nsymbols; i++)
		if (w->check->orders_changed[i])
			i16_none_crosses(w, i);
}
