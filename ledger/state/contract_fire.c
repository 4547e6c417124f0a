/* The interpreter: one event or timer against one instance.
 *
 * Knows what instructions do and what they lead to: entering a state, @enter, @short, refunds at the end. Every transition works on
 * a copy and is whole or nothing; what it leads to stands or falls by itself, so nothing that a contract author writes later
 * in the chain can keep a TIMEOUT from moving on. It does not know when timers are due, nor who the parties are. */
#include "ledger/state/contract_fsm.h"

static struct expr_view view_of(const struct fire *c)
{
	return (struct expr_view){&c->run, c->arg, c->at_ms};
}

/* Room is kept for refunds: every hold has at most one that is not zero, and one more if money came in by TAKE. */
static bool emit(struct fire *c, enum fsm_effect_kind kind, uint8_t role, uint8_t hold, struct money amount)
{
	uint32_t room = kind == FSM_REFUND ? FSM_EFFECTS_MAX : FSM_EFFECTS_MAX - FSM_HOLDS_MAX - 1;
	if (c->out.n >= room)
		return false;
	c->out.effect[c->out.n++] = (struct fsm_effect){kind, role, hold, amount};
	return true;
}

/* Pay what is due as far as the hold reaches; paid tells how much that was. */
static bool pay(struct fire *c, const struct fsm_ins *i, uint64_t due, uint64_t *paid, bool *fell_short)
{
	struct money amount = money_min(money_of(due), c->run.hold[i->hold]);
	*paid = money_base(amount);
	*fell_short |= *paid < due;
	money_sub(c->run.hold[i->hold], amount, &c->run.hold[i->hold]);
	return money_is_zero(amount) || emit(c, FSM_PAY, i->role, i->hold, amount);
}

/* Cumulative: x is what is owed from the beginning on, the register what was paid of it. Owing less than was paid is nothing due. */
static bool accrue(struct fire *c, const struct fsm_ins *i, uint64_t x, bool *fell_short)
{
	uint64_t *paid_so_far = &c->run.reg[i->reg], paid;
	if (x <= *paid_so_far)
		return true;
	if (!pay(c, i, x - *paid_so_far, &paid, fell_short))
		return false;
	*paid_so_far += paid;
	return true;
}

static enum verdict take(struct fire *c, const struct fsm_ins *i)
{
	if (money_is_zero(c->fund))
		return V_CONDITION;
	if (!money_add(c->run.hold[i->hold], c->fund, &c->run.hold[i->hold]))
		return V_OVERFLOW;
	c->fund = money_of(0);
	c->out.fund_taken = true;
	return V_OK;
}

static bool refund(struct fire *c, uint8_t hold)
{
	struct money all = c->run.hold[hold];
	c->run.hold[hold] = money_of(0);
	return money_is_zero(all) || emit(c, FSM_REFUND, c->f->hold[hold].owner, hold, all);
}

static enum verdict instruct(struct fire *c, const struct fsm_ins *i, bool *fell_short)
{
	struct expr_view v = view_of(c);
	uint64_t x = 0, paid;
	if (i->op == INS_REQUIRE)
		return expr_holds(c->f, i->expr, &v) ? V_OK : V_CONDITION;
	if (i->expr != FSM_NONE16 && !expr_number(c->f, i->expr, &v, &x))
		return V_OVERFLOW;
	bool ok = true;
	switch ((enum ins_op)i->op) {
	case INS_PAY: ok = pay(c, i, x, &paid, fell_short); break;
	case INS_ACCRUE: ok = accrue(c, i, x, fell_short); break;
	case INS_TAKE: return take(c, i);
	case INS_REFUND: ok = refund(c, i->hold); break;
	case INS_SET: c->run.reg[i->reg] = x; break;
	case INS_GOOD: ok = emit(c, FSM_MARK_GOOD, i->role, 0, money_of(0)); break;
	case INS_BAD: ok = emit(c, FSM_MARK_BAD, i->role, 0, money_of(0)); break;
	case INS_REQUIRE: case INS_OPS: break;
	}
	return ok ? V_OK : V_OVERFLOW;
}

/* All instructions or none. */
static enum verdict apply(struct fire *c, const struct fsm_tr *t, bool *fell_short)
{
	struct fire copy = *c;
	*fell_short = false;
	for (uint8_t k = 0; k < t->n_ins; k++) {
		enum verdict v = instruct(&copy, &c->f->ins[t->first_ins + k], fell_short);
		if (v != V_OK)
			return v;
	}
	*c = copy;
	return V_OK;
}

/* The first ON that fits; else why none does. */
static enum verdict match(const struct fire *c, const char *event, uint32_t roles, const struct fsm_tr **ret)
{
	const struct fsm_state *s = &c->f->state[c->run.state];
	struct expr_view v = view_of(c);
	enum verdict why = V_BAD_STATE;
	for (const struct fsm_tr *t = &c->f->tr[s->first_tr], *end = t + s->n_tr; t < end; t++) {
		if (!fsm_tr_is(c->f, t, event))
			continue;
		if (*event != '@' && !(t->roles & roles)) {
			why = why == V_BAD_STATE ? V_NOT_PARTY : why;
		} else if (!expr_holds(c->f, t->cond, &v)) {
			why = V_CONDITION;
		} else {
			*ret = t;
			return V_OK;
		}
	}
	return why;
}

/* A deadline always exists and always lies ahead: at least a second, and within the life of the instance. */
static uint64_t deadline_of(const struct fire *c, const struct fsm_state *s)
{
	const struct fsm_tr *timeout = &c->f->tr[s->first_tr + s->n_tr - 1];
	uint64_t life_end_ms = c->run.born_ms + LIFE_MAX_S * 1000;
	struct expr_view v = view_of(c);
	__int128 seconds;
	if (!expr_value(c->f, timeout->cond, &v, &seconds) || seconds < 1)
		seconds = 1;
	if (seconds > (__int128)LIFE_MAX_S)
		seconds = LIFE_MAX_S;
	uint64_t end_ms = c->now_ms + (uint64_t)seconds * 1000;
	return end_ms < life_end_ms ? end_ms : life_end_ms;
}

static bool state_ticks(const struct fsm *f, const struct fsm_state *s)
{
	for (uint8_t k = 0; k < s->n_tr; k++)
		if (fsm_tr_is(f, &f->tr[s->first_tr + k], "@tick"))
			return true;
	return false;
}

void fire_enter(struct fire *c, uint8_t state, const char *event)
{
	const struct fsm_state *s = &c->f->state[state];
	bool terminal = fsm_terminal(c->f, state);
	c->run.state = state;
	c->run.since_ms = c->at_ms = c->now_ms;
	c->run.deadline_ms = terminal ? 0 : deadline_of(c, s);
	c->run.tick_ms = !terminal && state_ticks(c->f, s) ? c->now_ms + FSM_TICK_MS : 0;
	c->out.moved = true;
	strcpy(c->out.last_event, event);
	for (uint8_t h = 0; terminal && h < c->f->nholds; h++)
		refund(c, h);
}

/* What a transition leads to. Ends because the checker found no cycle through @enter and @short. */
static void follow(struct fire *c, const struct fsm_tr *t, bool fell_short)
{
	while (t) {
		const char *raised = "@enter";
		if (t->next != FSM_NONE)
			fire_enter(c, t->next, fsm_tr_timeout(t) ? "timeout" : c->f->names[t->event]);
		else if (fell_short && !fsm_tr_is(c->f, t, "@short"))
			raised = "@short";
		else
			return;
		t = NULL;
		if (match(c, raised, UINT32_MAX, &t) != V_OK || apply(c, t, &fell_short) != V_OK)
			return;
	}
}

void fire_follow(struct fire *c)
{
	const struct fsm_tr *t = NULL;
	bool fell_short = false;
	if (match(c, "@enter", UINT32_MAX, &t) == V_OK && apply(c, t, &fell_short) == V_OK)
		follow(c, t, fell_short);
}

enum verdict fire_event(struct fire *c, const char *event, uint32_t roles)
{
	const struct fsm_tr *t = NULL;
	bool fell_short = false;
	enum verdict v = match(c, event, roles, &t);
	if (v == V_OK)
		v = apply(c, t, &fell_short);
	if (v == V_OK)
		follow(c, t, fell_short);
	return v;
}

/* Instructions that cannot be carried out do not hold time up: the state is left without them. */
void fire_timeout(struct fire *c)
{
	const struct fsm_state *s = &c->f->state[c->run.state];
	const struct fsm_tr *t = &c->f->tr[s->first_tr + s->n_tr - 1];
	bool fell_short = false;
	if (apply(c, t, &fell_short) != V_OK)
		fell_short = false;
	follow(c, t, fell_short);
}

void fire_begin(struct fire *c, const struct fsm *f, const struct fsm_run *run, uint64_t at_ms, uint64_t now_ms)
{
	*c = (struct fire){.f = f, .run = *run, .at_ms = at_ms, .now_ms = now_ms};
}

void fire_done(const struct fire *c, struct fsm_run *run, struct fsm_outcome *out)
{
	*run = c->run;
	*out = c->out;
}

/* Only the protocol raises what starts with @; it says so by having every role. */
enum verdict fsm_fire(const struct fsm *f, struct fsm_run *run, const struct fsm_call *call, struct fsm_outcome *out)
{
	struct fire c;
	if (run->state >= f->nstates)
		return V_BAD_STATE;
	if (*call->event == '@' && call->roles != UINT32_MAX)
		return V_NOT_PARTY;
	fire_begin(&c, f, run, call->now_ms, call->now_ms);
	c.arg = call->arg;
	c.fund = call->fund;
	enum verdict v = fire_event(&c, call->event, call->roles);
	if (v == V_OK)
		fire_done(&c, run, out);
	return v;
}
