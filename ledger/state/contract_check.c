/* What a contract must be before anything of it is run: every index in range, every name declared once, every state with a way out.
 *
 * Knows the rules that are about one table row at a time; contract_check_graph.c has those about paths. The compiler and the
 * loader ask the same questions, so hostile bytes get no further than hostile text. It does not know the syntax of either. */
#include "common/text.h"
#include "ledger/state/contract_fsm.h"

static bool ident_ok(const char *s)
{
	static const char *const reserved[] = {"now", "since", "min", "max", "m", "arg0", "arg1", "arg2", "arg3", "GOTO", "DO", "IF", "BY"};
	for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++)
		if (strcmp(s, reserved[k]) == 0)
			return false;
	return text_name_ok(s) && !strpbrk(s, ".-") && !(*s >= '0' && *s <= '9');
}

static bool event_ok(const char *s)
{
	static const char *const raised[] = {"@usage", "@proof", "@preimage", "@tick", "@short", "@enter", "@change"};
	for (size_t k = 0; k < sizeof raised / sizeof *raised; k++)
		if (strcmp(s, raised[k]) == 0)
			return true;
	return text_name_ok(s);
}

/* A set of names in which none may be there twice. */
struct names { uint16_t name[FSM_PARAMS_MAX + FSM_REGS_MAX + FSM_HOLDS_MAX]; size_t n; };

static const char *add(const struct fsm *f, struct names *set, uint16_t name)
{
	if (name >= f->nnames || !ident_ok(f->names[name]))
		return "that name cannot be used";
	for (size_t k = 0; k < set->n; k++)
		if (strcmp(f->names[set->name[k]], f->names[name]) == 0)
			return "that name is declared twice";
	set->name[set->n++] = name;
	return NULL;
}

static const char *add_all(const struct fsm *f, struct names *set, const uint16_t *name, uint8_t n)
{
	const char *why = NULL;
	for (uint8_t k = 0; k < n && !why; k++)
		why = add(f, set, name[k]);
	return why;
}

static const char *check_holds(const struct fsm *f, struct names *set)
{
	const char *why = NULL;
	for (uint8_t k = 0; k < f->nholds && !why; k++) {
		why = add(f, set, f->hold[k].name);
		if (!why && f->hold[k].owner >= f->nroles)
			why = "a HOLD belongs to a role that is no PARTY";
	}
	return why;
}

static const char *check_meters(const struct fsm *f)
{
	struct names set = {0};
	uint32_t taken = 0;
	for (uint8_t k = 0; k < f->nmeters; k++) {
		const char *why = add(f, &set, f->meter[k].name);
		uint8_t slot = f->meter[k].slot;
		if (why)
			return why;
		if (slot != meter_slot(f->names[f->meter[k].name]) || taken & 1u << slot)
			return "only one METER may have a name of its own, and that is the same as app";
		taken |= 1u << slot;
	}
	return NULL;
}

const char *check_tables(const struct fsm *f)
{
	struct names roles = {0}, values = {0};
	const char *why = add_all(f, &roles, f->role, f->nroles);
	if (!why)
		why = add_all(f, &values, f->param, f->nparams);
	if (!why)
		why = add_all(f, &values, f->reg, f->nregs);
	if (!why)
		why = check_holds(f, &values);
	return why ? why : check_meters(f);
}

const struct ins_shape ins_shapes[INS_OPS] = {
	[INS_PAY] = {"PAY", true, true, false, true}, [INS_ACCRUE] = {"ACCRUE", true, true, true, true},
	[INS_TAKE] = {"TAKE", true, false, false, false}, [INS_REFUND] = {"REFUND", true, false, false, false},
	[INS_SET] = {"SET", false, false, true, true}, [INS_REQUIRE] = {"REQUIRE", false, false, false, true},
	[INS_GOOD] = {"MARK", false, true, false, false}, [INS_BAD] = {"MARK", false, true, false, false},
};

static bool index_ok(bool used, uint8_t idx, uint8_t n)
{
	return used ? idx < n : idx == 0;
}

/* next_expr: expressions are used once each and in order, so that there is nothing in the bytes that nobody looks at. */
static const char *check_expr_use(const struct fsm *f, uint16_t expr, uint16_t *next_expr)
{
	if (expr != *next_expr)
		return "expressions are out of order";
	++*next_expr;
	return expr_check(f, expr);
}

static const char *check_ins(const struct fsm *f, const struct fsm_ins *i, uint16_t *next_expr)
{
	if (i->op >= INS_OPS)
		return "there is no such instruction";
	const struct ins_shape *s = &ins_shapes[i->op];
	if (!index_ok(s->hold, i->hold, f->nholds) || !index_ok(s->role, i->role, f->nroles) || !index_ok(s->reg, i->reg, f->nregs))
		return "an instruction uses something that is not declared";
	if (!s->expr)
		return i->expr == FSM_NONE16 ? NULL : "an instruction has an expression that it does not use";
	return check_expr_use(f, i->expr, next_expr);
}

static const char *check_event(const struct fsm *f, const struct fsm_tr *t)
{
	if (fsm_tr_timeout(t))
		return t->roles != 0 ? "a TIMEOUT belongs to nobody" : NULL;
	if (t->event >= f->nnames || !event_ok(f->names[t->event]))
		return "there is no such event";
	if (f->names[t->event][0] == '@')
		return t->roles != 0 ? "what the protocol raises has no BY" : NULL;
	if (t->roles == 0 || t->roles >= 1u << f->nroles)
		return "an event is BY a role that is no PARTY";
	return NULL;
}

/* A time given as a plain number must be within the life of an instance; one that is computed is cut to it when it is. */
static const char *check_time(const struct fsm *f, const struct fsm_tr *t)
{
	const struct fsm_expr *e = &f->expr[t->cond];
	const struct fsm_node *n = &f->node[e->first];
	if (fsm_tr_timeout(t) && e->n == 1 && n->op == NODE_NUMBER && n->number > LIFE_MAX_S)
		return "a TIMEOUT is longer than 400 days";
	return NULL;
}

static const char *check_tr(const struct fsm *f, const struct fsm_tr *t, uint16_t *next_ins, uint16_t *next_expr)
{
	const char *why = check_event(f, t);
	if (why)
		return why;
	if (t->next != FSM_NONE && t->next >= f->nstates)
		return "a GOTO leads to a state that does not exist";
	if (fsm_tr_timeout(t) && (t->cond == FSM_NONE16 || t->next == FSM_NONE))
		return "a TIMEOUT wants a time and a GOTO";
	if (t->cond != FSM_NONE16 && ((why = check_expr_use(f, t->cond, next_expr)) || (why = check_time(f, t))))
		return why;
	if (t->first_ins != *next_ins || t->n_ins > FSM_INS_MAX || t->first_ins + t->n_ins > f->nins)
		return "instructions are out of order";
	*next_ins += t->n_ins;
	for (uint8_t k = 0; k < t->n_ins && !why; k++)
		why = check_ins(f, &f->ins[t->first_ins + k], next_expr);
	return why;
}

static const char *check_flags(const struct fsm_state *s)
{
	if (s->flags & ~(LEASE_TERMINAL | LEASE_RUN | LEASE_FROZEN))
		return "a state has a flag that does not exist";
	if (s->flags & (s->flags - 1))
		return "a state is one of TERMINAL, RUN and FROZEN at most";
	return NULL;
}

static const char *check_state(const struct fsm *f, uint8_t number, uint8_t *next_tr)
{
	const struct fsm_state *s = &f->state[number];
	const char *why = check_flags(s);
	if (why)
		return why;
	if (s->name >= f->nnames || !text_name_ok(f->names[s->name]))
		return "a state has no proper name";
	for (uint8_t k = 0; k < number; k++)
		if (strcmp(f->names[f->state[k].name], f->names[s->name]) == 0)
			return "a state of that name exists already";
	if (s->task_role == FSM_NONE ? s->task != FSM_NONE16 : s->task_role >= f->nroles || s->task >= f->nnames)
		return "a TASK is for a role that is no PARTY";
	if (s->task_role != FSM_NONE && !text_name_ok(f->names[s->task]))
		return "a TASK has no proper name";
	if (s->first_tr != *next_tr || s->first_tr + s->n_tr > f->ntrs)
		return "transitions are out of order";
	*next_tr += s->n_tr;
	if (s->flags & LEASE_TERMINAL)
		return s->n_tr > 0 ? "a TERMINAL state has no ON and no TIMEOUT" : NULL;
	if (s->n_tr == 0 || !fsm_tr_timeout(&f->tr[s->first_tr + s->n_tr - 1]))
		return "a state ends in a TIMEOUT, so that nobody waits for ever";
	for (uint8_t k = 0; k + 1 < s->n_tr; k++)
		if (fsm_tr_timeout(&f->tr[s->first_tr + k]))
			return "a state has one TIMEOUT, and it comes last";
	return NULL;
}

static bool fault_at(struct fsm_fault *fault, const char *why, uint8_t state, uint8_t tr)
{
	*fault = (struct fsm_fault){why, state, tr};
	return why == NULL;
}

static bool check_rows(const struct fsm *f, struct fsm_fault *fault)
{
	uint8_t next_tr = 0;
	uint16_t next_ins = 0, next_expr = 0;
	for (uint8_t k = 0; k < f->nstates; k++)
		if (!fault_at(fault, check_state(f, k, &next_tr), k, FSM_NONE))
			return false;
	for (uint8_t k = 0; k < f->ntrs; k++)
		if (!fault_at(fault, check_tr(f, &f->tr[k], &next_ins, &next_expr), FSM_NONE, k))
			return false;
	return fault_at(fault, next_tr != f->ntrs || next_ins != f->nins || next_expr != f->nexprs ? "something in it is never used" : NULL,
	    FSM_NONE, FSM_NONE);
}

bool check_fsm(const struct fsm *f, struct fsm_fault *fault)
{
	const char *why = check_tables(f);
	if (!why && (f->name >= f->nnames || !text_name_ok(f->names[f->name])))
		why = "a contract begins with CONTRACT, its name and a version";
	if (!why && f->nroles == 0)
		why = "a contract needs a PARTY";
	if (!why && f->nstates == 0)
		why = "a contract needs a STATE";
	return fault_at(fault, why, FSM_NONE, FSM_NONE) && check_rows(f, fault) && check_graph(f, fault);
}
