/* The moving part of an instance as bytes: every field, fixed width, in the order of the struct.
 *
 * Knows the layout. It does not know the contract, so unused slots are stored too and a state is only checked against the bound. */
#include <string.h>
#include "ledger/state/contract.h"

static void put_many(struct wbuf *w, const uint64_t *v, size_t n)
{
	for (size_t k = 0; k < n; k++)
		put_u64(w, v[k]);
}

static void get_many(struct rbuf *r, uint64_t *v, size_t n)
{
	for (size_t k = 0; k < n; k++)
		v[k] = get_u64(r);
}

void fsm_run_put(struct wbuf *w, const struct fsm_run *run)
{
	put_u8(w, run->state);
	put_u64(w, run->since_ms);
	put_u64(w, run->deadline_ms);
	put_u64(w, run->tick_ms);
	put_u64(w, run->born_ms);
	put_many(w, run->param, FSM_PARAMS_MAX);
	put_many(w, run->reg, FSM_REGS_MAX);
	for (size_t k = 0; k < FSM_HOLDS_MAX; k++)
		put_money(w, run->hold[k]);
	put_many(w, run->meter, FSM_METERS_MAX);
}

bool fsm_run_get(struct rbuf *r, struct fsm_run *out)
{
	struct fsm_run run;
	memset(&run, 0, sizeof run);
	run.state = get_u8(r);
	run.since_ms = get_u64(r);
	run.deadline_ms = get_u64(r);
	run.tick_ms = get_u64(r);
	run.born_ms = get_u64(r);
	get_many(r, run.param, FSM_PARAMS_MAX);
	get_many(r, run.reg, FSM_REGS_MAX);
	for (size_t k = 0; k < FSM_HOLDS_MAX; k++)
		run.hold[k] = get_money(r);
	get_many(r, run.meter, FSM_METERS_MAX);
	if (r->bad || run.state >= FSM_STATES_MAX)
		return false;
	*out = run;
	return true;
}
