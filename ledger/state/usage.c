/* Usage receipts: what a seller may claim, and when it counts.
 *
 * Knows the physical bounds of PROTOCOL 5.4 and 0.22 and that one receipt waits at a time, for the buyer's word or its silence.
 * Does not know signatures (checked at admission by the caller) nor what the meters cost. */
#include <string.h>
#include "ledger/state/books.h"

#define CLOCK_SLACK_MS 500
#define SLACK_MS 1000

/* Seconds of run by chain time: settled ones, and the present state's if it is the one that counts. */
uint64_t lease_run_s(const struct state *s, const struct lease *l)
{
	uint64_t ran = l->run.reg[s->words.ran];
	if (strcmp(fsm_state_name(s->fsm, l->run.state), "run") == 0)
		ran += (s->time_ms - l->run.since_ms) / 1000;
	return ran;
}

static bool meters_monotone(const struct usage_receipt *now, const struct usage_receipt *before)
{
	for (size_t i = 0; i < METERS; i++)
		if (now->meter[i] < before->meter[i])
			return false;
	return true;
}

/* delta <= per_ms * span, and 1 % and a second more */
static bool within(uint64_t delta, unsigned __int128 per_ms_num, uint64_t per_ms_den, uint64_t span_ms)
{
	unsigned __int128 most = per_ms_num * (span_ms + span_ms / 100 + SLACK_MS) / per_ms_den;
	return delta <= most;
}

static bool usage_possible(const struct state *s, const struct lease *l, const struct usage_receipt *u)
{
	const struct usage_receipt *was = &l->usage;
	uint64_t from = was->seq ? was->t1_ms : l->f.born_ms;
	if (u->t1_ms < u->t0_ms || u->t1_ms < from || u->t0_ms + CLOCK_SLACK_MS < l->f.born_ms || u->t1_ms > s->time_ms + CLOCK_SLACK_MS)
		return false;
	uint64_t span = u->t1_ms - from;
	struct resources held = lease_held(&l->f);
	const uint32_t *r = held.v;
	if (u->meter[METER_UP_S] > lease_run_s(s, l) + 1)
		return false;
	if (!within(u->meter[METER_CPU_US] - was->meter[METER_CPU_US], r[RES_CPU_MILLI], 1, span))
		return false;
	/* 1 kbit/s is 1 bit per ms */
	if (r[RES_UP_KBPS] && !within(u->meter[METER_TX_B] - was->meter[METER_TX_B], r[RES_UP_KBPS], 8, span))
		return false;
	return !r[RES_DOWN_KBPS] || within(u->meter[METER_RX_B] - was->meter[METER_RX_B], r[RES_DOWN_KBPS], 8, span);
}

static void usage_fact(struct part *p, const struct usage_receipt *u, bool settled)
{
	struct fact f = {.kind = FACT_USAGE};
	f.u.usage = (struct fact_usage){.receipt = *u, .settled = settled};
	fact_emit(p, &f);
}

enum verdict usage_accept(struct state *s, struct part *p, struct lease *l, const struct tx_usage *x)
{
	const struct usage_receipt *u = &x->receipt;
	if (l->gone_ms)
		return V_BAD_STATE;
	if (l->f.usage_pending_ms)
		return V_USAGE_PENDING;
	if (!x->leaves || x->leaf >= x->leaves || x->npath > USAGE_PATH_MAX || id_cmp(&u->instance, &l->f.lease) != 0)
		return V_BAD_USAGE;
	if (u->seq <= l->usage.seq || id_cmp(&u->prev, &l->f.last_usage) != 0)
		return V_BAD_USAGE;
	if (!meters_monotone(u, &l->usage) || !usage_possible(s, l, u))
		return V_BAD_USAGE;
	uint8_t buf[USAGE_RECEIPT_LEN];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	usage_receipt_put(&w, u);
	l->usage = *u;
	l->f.usage_seq = u->seq;
	l->f.last_usage = hash_of("zeus/usage", buf, w.len);
	l->f.usage_pending_ms = s->time_ms + s->genesis.consent_s * 1000ULL;
	change_closes(l);
	part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
	usage_fact(p, u, false);
	lease_arm(s, p, l);
	return V_OK;
}

/* The meters become the contract's and it is told. A state that does not listen (a court) lets them pass. */
void usage_settle(struct state *s, struct part *p, struct lease *l)
{
	l->f.usage_pending_ms = 0;
	for (size_t i = 0; i < METERS; i++)
		if (s->words.meter[i] >= 0)
			l->run.meter[s->words.meter[i]] = l->usage.meter[i];
	struct fsm_call call = {.event = "@usage", .roles = ~0u, .now_ms = s->time_ms};
	struct fsm_outcome out = {0};
	usage_fact(p, &l->usage, true);
	bool heard = lease_fire(s, p, l, &call, &out) == V_OK;
	change_settled(s, p, l);
	if (!heard) {
		lease_arm(s, p, l);
		part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
	}
}
