/* Time: when an instance must be looked at again, and what happens then.
 *
 * Knows deadlines, ticks, the end of life, and how to find the instant at which a @tick's condition turns true. A timer that is
 * handled late sees the instant at which it was due, so a ledger that was down does not stretch what it counts; the next
 * state begins now. It does not know instructions. */
#include "ledger/state/contract_fsm.h"

static bool tick_true(const struct fsm *f, const struct fsm_run *run, const struct fsm_tr *t, uint64_t s)
{
	struct expr_view v = {run, NULL, run->since_ms + s * 1000};
	return expr_holds(f, t->cond, &v);
}

/* The first second in (from, to] at which t's condition is true, ~0 if none. One that is true already at `from` was tried there:
 * it is tried again a second later if it leads out of the state, else at the next whole tick. */
static uint64_t turning_s(const struct fsm *f, const struct fsm_run *run, const struct fsm_tr *t, uint64_t from, uint64_t to)
{
	if (to <= from || !tick_true(f, run, t, to))
		return UINT64_MAX;
	if (tick_true(f, run, t, from))
		return t->next != FSM_NONE ? from + 1 : UINT64_MAX;
	while (to - from > 1) {
		uint64_t mid = from + (to - from) / 2;
		if (tick_true(f, run, t, mid))
			to = mid;
		else
			from = mid;
	}
	return to;
}

/* The instant up to until_ms at which the first condition of a @tick turns true, ~0 if none does. */
static uint64_t turning_ms(const struct fsm *f, const struct fsm_run *run, uint64_t until_ms)
{
	const struct fsm_state *s = &f->state[run->state];
	uint64_t best = UINT64_MAX;
	if (run->tick_ms < run->since_ms + FSM_TICK_MS || until_ms < run->since_ms)
		return best;
	uint64_t from = (run->tick_ms - FSM_TICK_MS - run->since_ms) / 1000, to = (until_ms - run->since_ms) / 1000;
	for (const struct fsm_tr *t = &f->tr[s->first_tr], *end = t + s->n_tr; t < end; t++) {
		if (t->cond == FSM_NONE16 || !fsm_tr_is(f, t, "@tick"))
			continue;
		uint64_t at = turning_s(f, run, t, from, to);
		best = at < best ? at : best;
	}
	return best == UINT64_MAX ? best : run->since_ms + best * 1000;
}

static bool over(const struct fsm *f, const struct fsm_run *run)
{
	return run->state >= f->nstates || fsm_terminal(f, run->state);
}

uint64_t fsm_due(const struct fsm *f, const struct fsm_run *run)
{
	if (over(f, run))
		return UINT64_MAX;
	if (run->tick_ms == 0)
		return run->deadline_ms;
	uint64_t turning = turning_ms(f, run, run->tick_ms);
	uint64_t tick = turning < run->tick_ms ? turning : run->tick_ms;
	return tick < run->deadline_ms ? tick : run->deadline_ms;
}

static uint8_t first_terminal(const struct fsm *f)
{
	uint8_t s = 0;
	while (!fsm_terminal(f, s)) /* the checker saw one */
		s++;
	return s;
}

static void tick(struct fire *c)
{
	c->run.tick_ms = c->now_ms + FSM_TICK_MS;
	fire_event(c, "@tick", UINT32_MAX);
}

enum verdict fsm_timer(const struct fsm *f, struct fsm_run *run, uint64_t now_ms, struct fsm_outcome *out)
{
	struct fire c;
	if (over(f, run) || now_ms < fsm_due(f, run))
		return V_BAD_STATE;
	bool expired = now_ms >= run->deadline_ms;
	uint64_t until = expired ? run->deadline_ms - 1 : now_ms;
	uint64_t turning = run->tick_ms ? turning_ms(f, run, until) : UINT64_MAX;
	uint64_t at = turning != UINT64_MAX ? turning : expired ? run->deadline_ms : now_ms;
	fire_begin(&c, f, run, at, now_ms);
	if (expired && run->deadline_ms >= run->born_ms + LIFE_MAX_S * 1000)
		fire_enter(&c, first_terminal(f), "life");
	else if (turning == UINT64_MAX && expired)
		fire_timeout(&c);
	else
		tick(&c);
	fire_done(&c, run, out);
	return V_OK;
}

enum verdict fsm_start(const struct fsm *f, struct fsm_run *run, uint64_t now_ms, struct fsm_outcome *out)
{
	struct fire c;
	fire_begin(&c, f, run, now_ms, now_ms);
	c.run.born_ms = now_ms;
	fire_enter(&c, 0, "start");
	if (!fsm_terminal(f, c.run.state))
		fire_follow(&c);
	fire_done(&c, run, out);
	return V_OK;
}
