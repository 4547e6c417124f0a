/* Rules about paths through a contract: money always finds its way out, and one event has bounded work.
 *
 * Knows states as a graph of at most 32 points, kept as bit sets. Rows were checked before: indices are in range. */
#include "ledger/state/contract_fsm.h"

static_assert(FSM_STATES_MAX <= 32, "a set of states is 32 bits");

/* The states that one transition leads to. at_once: only by @enter and @short, which follow without anybody acting. */
static uint32_t next_of(const struct fsm *f, uint8_t state, bool at_once)
{
	const struct fsm_state *s = &f->state[state];
	uint32_t set = 0;
	for (const struct fsm_tr *t = &f->tr[s->first_tr], *end = t + s->n_tr; t < end; t++)
		if (t->next != FSM_NONE && (!at_once || fsm_tr_is(f, t, "@enter") || fsm_tr_is(f, t, "@short")))
			set |= UINT32_C(1) << t->next;
	return set;
}

/* Take away, until nothing changes, states with a way into `good` (want_all: whose every way leads there). The rest is returned. */
static uint32_t left_over(const struct fsm *f, uint32_t good, bool want_all)
{
	uint32_t all = f->nstates == 32 ? UINT32_MAX : (UINT32_C(1) << f->nstates) - 1, before;
	do {
		before = good;
		for (uint8_t k = 0; k < f->nstates; k++) {
			uint32_t next = next_of(f, k, want_all);
			if (want_all ? (next & ~good) == 0 : (next & good) != 0)
				good |= UINT32_C(1) << k;
		}
	} while (good != before);
	return all & ~good;
}

static uint8_t lowest(uint32_t set)
{
	return set ? (uint8_t)__builtin_ctz(set) : FSM_NONE;
}

bool check_graph(const struct fsm *f, struct fsm_fault *fault)
{
	uint32_t terminal = 0;
	for (uint8_t k = 0; k < f->nstates; k++)
		terminal |= fsm_terminal(f, k) ? UINT32_C(1) << k : 0;
	uint32_t stuck = left_over(f, terminal, false), turning = left_over(f, 0, true);
	*fault = (struct fsm_fault){"no TERMINAL state can be reached from here", lowest(stuck), FSM_NONE};
	if (stuck)
		return false;
	*fault = (struct fsm_fault){"@enter and @short lead round in a circle from here", lowest(turning), FSM_NONE};
	return turning == 0;
}
