/* The compiler: contract text, line by line, to tables.
 *
 * Knows the lines of a Zeusfile and what each adds. Lines meant for the container runtime are passed over. Whether what came out
 * makes sense is decided by the same checker that the loader uses; a fault it finds is told with the line it came from. */
#include <stdio.h>
#include "ledger/state/contract_lex.h"

struct compile {
	struct fsm *f;
	struct lex l;
	unsigned line, state_line[FSM_STATES_MAX], tr_line[FSM_TRANSITIONS_MAX];
	uint16_t target[FSM_TRANSITIONS_MAX]; /* name of the state after GOTO; FSM_NONE16: none */
	bool named;
};

static bool refuse(struct compile *c, const char *why)
{
	return lex_refuse(&c->l, why);
}

static bool intern(struct compile *c, const char *name, uint16_t *out)
{
	struct fsm *f = c->f;
	for (*out = 0; *out < f->nnames; ++*out)
		if (strcmp(f->names[*out], name) == 0)
			return true;
	if (f->nnames == FSM_NAMES_MAX)
		return refuse(c, "the contract has too many names");
	strcpy(f->names[f->nnames++], name);
	return true;
}

static bool word(struct compile *c, uint16_t *out)
{
	char name[NAME_MAX_LEN + 1];
	return lex_word(&c->l, name) && intern(c, name, out);
}

static bool ident(struct compile *c, uint16_t *out)
{
	char name[NAME_MAX_LEN + 1];
	return lex_ident(&c->l, name) && intern(c, name, out);
}

static bool lookup(struct compile *c, int (*find)(const struct fsm *, const char *), const char *why, uint8_t *out)
{
	char name[NAME_MAX_LEN + 1];
	if (!lex_ident(&c->l, name))
		return false;
	int k = find(c->f, name);
	if (k < 0)
		return refuse(c, why);
	*out = (uint8_t)k;
	return true;
}

static bool role(struct compile *c, uint8_t *out) { return lookup(c, fsm_role, "there is no PARTY of that name", out); }
static bool hold(struct compile *c, uint8_t *out) { return lookup(c, fsm_hold, "there is no HOLD of that name", out); }
static bool reg(struct compile *c, uint8_t *out) { return lookup(c, fsm_reg, "there is no REG of that name", out); }

static bool do_contract(struct compile *c)
{
	uint64_t version;
	if (c->named)
		return refuse(c, "there is one CONTRACT in a file");
	if (!word(c, &c->f->name))
		return false;
	if (!lex_at_digit(&c->l) || !lex_number(&c->l, &version) || version > UINT16_MAX)
		return refuse(c, "CONTRACT wants a name and a version number");
	c->f->version = (uint16_t)version;
	c->named = true;
	return true;
}

/* One or more names into a table. */
static bool names(struct compile *c, uint16_t *table, uint8_t *n, uint8_t most)
{
	do {
		if (*n == most)
			return refuse(c, "there are too many of these");
		if (!ident(c, &table[*n]))
			return false;
		++*n;
	} while (!lex_end(&c->l));
	return true;
}

static bool do_party(struct compile *c) { return names(c, c->f->role, &c->f->nroles, FSM_ROLES_MAX); }
static bool do_param(struct compile *c) { return names(c, c->f->param, &c->f->nparams, FSM_PARAMS_MAX); }
static bool do_reg(struct compile *c) { return names(c, c->f->reg, &c->f->nregs, FSM_REGS_MAX); }

static bool do_hold(struct compile *c)
{
	struct fsm *f = c->f;
	if (f->nholds == FSM_HOLDS_MAX)
		return refuse(c, "there are too many of these");
	if (!ident(c, &f->hold[f->nholds].name) || !role(c, &f->hold[f->nholds].owner))
		return false;
	f->nholds++;
	return true;
}

static bool do_meter(struct compile *c)
{
	struct fsm *f = c->f;
	do {
		if (f->nmeters == FSM_METERS_MAX)
			return refuse(c, "there are too many of these");
		struct fsm_meter *m = &f->meter[f->nmeters];
		if (!ident(c, &m->name))
			return false;
		m->slot = meter_slot(f->names[m->name]);
		f->nmeters++;
	} while (!lex_end(&c->l));
	return true;
}

static bool do_state(struct compile *c)
{
	struct fsm *f = c->f;
	if (f->nstates == FSM_STATES_MAX)
		return refuse(c, "there are too many states");
	struct fsm_state *s = &f->state[f->nstates];
	*s = (struct fsm_state){.first_tr = f->ntrs, .task = FSM_NONE16, .task_role = FSM_NONE};
	if (!word(c, &s->name))
		return false;
	while (!lex_end(&c->l)) {
		if (lex_keyword(&c->l, "TERMINAL"))
			s->flags |= LEASE_TERMINAL;
		else if (lex_keyword(&c->l, "RUN"))
			s->flags |= LEASE_RUN;
		else if (lex_keyword(&c->l, "FROZEN"))
			s->flags |= LEASE_FROZEN;
		else
			return refuse(c, "a state is TERMINAL, RUN, FROZEN or none of these");
	}
	c->state_line[f->nstates++] = c->line;
	return true;
}

static bool do_task(struct compile *c)
{
	if (c->f->nstates == 0)
		return refuse(c, "a TASK belongs into a STATE");
	struct fsm_state *s = &c->f->state[c->f->nstates - 1];
	if (s->task_role != FSM_NONE)
		return refuse(c, "a state has one TASK");
	return role(c, &s->task_role) && word(c, &s->task);
}

/* The instruction that the next word names; INS_OPS if it names none. MARK is INS_GOOD until the word after tells. */
static enum ins_op op_of(struct lex *l)
{
	enum ins_op op = INS_PAY;
	while (op < INS_OPS && !lex_keyword(l, ins_shapes[op].word))
		op++;
	return op;
}

static bool instruction(struct compile *c, struct fsm_ins *i)
{
	enum ins_op op = op_of(&c->l);
	if (op == INS_OPS)
		return refuse(c, "an instruction is PAY, ACCRUE, TAKE, REFUND, SET, REQUIRE or MARK");
	const struct ins_shape *s = &ins_shapes[op];
	*i = (struct fsm_ins){.op = op, .expr = FSM_NONE16};
	if ((s->hold && !hold(c, &i->hold)) || (s->role && !role(c, &i->role)) || (s->reg && !reg(c, &i->reg)) ||
	    (s->expr && !parse_expr(&c->l, c->f, &i->expr)))
		return false;
	if (op != INS_GOOD || lex_keyword(&c->l, "good"))
		return true;
	i->op = INS_BAD;
	return lex_keyword(&c->l, "bad") || refuse(c, "MARK wants a role and good or bad");
}

static bool instructions(struct compile *c, struct fsm_tr *t)
{
	do {
		if (t->n_ins == FSM_INS_MAX)
			return refuse(c, "a transition has more than 16 instructions");
		if (!instruction(c, &c->f->ins[c->f->nins]))
			return false;
		c->f->nins++;
		t->n_ins++;
	} while (lex_punct(&c->l, ";"));
	return true;
}

/* What ON and TIMEOUT have in common: [DO ins;...] [GOTO state] */
static bool rest(struct compile *c, struct fsm_tr *t)
{
	if (lex_keyword(&c->l, "DO") && !instructions(c, t))
		return false;
	if (lex_keyword(&c->l, "GOTO"))
		return word(c, &c->target[c->f->ntrs]);
	return true;
}

static struct fsm_tr *transition(struct compile *c)
{
	struct fsm *f = c->f;
	if (f->nstates == 0)
		refuse(c, "this line belongs into a STATE");
	else if (f->ntrs == FSM_TRANSITIONS_MAX)
		refuse(c, "there are too many transitions");
	if (c->l.why)
		return NULL;
	struct fsm_tr *t = &f->tr[f->ntrs];
	*t = (struct fsm_tr){.event = FSM_NONE16, .first_ins = f->nins, .cond = FSM_NONE16, .next = FSM_NONE};
	c->target[f->ntrs] = FSM_NONE16;
	c->tr_line[f->ntrs] = c->line;
	return t;
}

static bool transition_done(struct compile *c)
{
	c->f->state[c->f->nstates - 1].n_tr++;
	c->f->ntrs++;
	return true;
}

static bool roles(struct compile *c, uint8_t *mask)
{
	uint8_t k = 0;
	do {
		if (!role(c, &k))
			return false;
		*mask |= (uint8_t)(1u << k);
	} while (lex_punct(&c->l, "|"));
	return true;
}

static bool do_on(struct compile *c)
{
	struct fsm_tr *t = transition(c);
	if (!t || !word(c, &t->event))
		return false;
	if (lex_keyword(&c->l, "BY")) {
		if (!roles(c, &t->roles))
			return false;
	} else if (c->f->names[t->event][0] != '@') {
		t->roles = (uint8_t)((1u << c->f->nroles) - 1);
	}
	if (lex_keyword(&c->l, "IF") && !parse_expr(&c->l, c->f, &t->cond))
		return false;
	return rest(c, t) && transition_done(c);
}

static bool do_timeout(struct compile *c)
{
	struct fsm_tr *t = transition(c);
	return t && parse_expr(&c->l, c->f, &t->cond) && rest(c, t) && transition_done(c);
}

/* Lines that are the container runtime's: passed over. */
static bool foreign(const struct lex *l)
{
	static const char *const word[] = {"FROM", "RUN", "CMD", "LABEL", "MAINTAINER", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT",
		"VOLUME", "USER", "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL", "RESOURCE"};
	struct lex at = *l;
	for (size_t k = 0; k < sizeof word / sizeof *word; k++)
		if (lex_peek_keyword(&at, word[k]))
			return true;
	return false;
}

static const char *line_end(const char *p)
{
	return p + strcspn(p, "\n");
}

/* To the end of the line, and of those that a backslash at the end adds to it. */
static void pass_over(struct compile *c)
{
	const char *from = c->l.p, *end = line_end(from);
	while (*end && end > from && (end[-1] == '\\' || (end[-1] == '\r' && end - from > 1 && end[-2] == '\\'))) {
		from = end + 1;
		end = line_end(from);
		c->line++;
	}
	c->l.p = end;
}

static bool line(struct compile *c)
{
	static const struct { const char *word; bool (*add)(struct compile *c); bool declares; } kind[] = {
		{"CONTRACT", do_contract, false}, {"PARTY", do_party, true}, {"PARAM", do_param, true}, {"HOLD", do_hold, true},
		{"METER", do_meter, true}, {"REG", do_reg, true}, {"STATE", do_state, false}, {"TASK", do_task, false},
		{"ON", do_on, false}, {"TIMEOUT", do_timeout, false},
	};
	if (lex_end(&c->l))
		return true;
	if (foreign(&c->l))
		return pass_over(c), true;
	for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
		if (!lex_keyword(&c->l, kind[k].word))
			continue;
		const char *why;
		if (!kind[k].add(c))
			return false;
		if (kind[k].declares && (why = check_tables(c->f)))
			return refuse(c, why);
		return lex_end(&c->l) || refuse(c, "there is something at the end of the line that does not belong there");
	}
	return refuse(c, "this line begins with a word that is not known");
}

static bool lines(struct compile *c)
{
	for (c->line = 1;; c->line++) {
		if (!line(c))
			return refuse(c, "this line is not complete");
		if (*c->l.p == '\0')
			return true;
		c->l.p++; /* lex_end stopped at the newline */
	}
}

static bool targets(struct compile *c)
{
	struct fsm *f = c->f;
	for (uint8_t t = 0; t < f->ntrs; t++) {
		if (c->target[t] == FSM_NONE16)
			continue;
		uint8_t s = 0;
		while (s < f->nstates && f->state[s].name != c->target[t])
			s++;
		c->line = c->tr_line[t];
		if (s == f->nstates)
			return refuse(c, "a GOTO leads to a state that does not exist");
		f->tr[t].next = s;
	}
	return true;
}

static bool checked(struct compile *c)
{
	struct fsm_fault fault;
	if (!c->named)
		return refuse(c, "a contract begins with CONTRACT, its name and a version");
	if (check_fsm(c->f, &fault))
		return true;
	if (fault.tr != FSM_NONE)
		c->line = c->tr_line[fault.tr];
	else if (fault.state != FSM_NONE)
		c->line = c->state_line[fault.state];
	return refuse(c, fault.why);
}

enum verdict fsm_compile(const char *text, uint8_t out[FSM_CODE_MAX], size_t *len, char *why)
{
	uint8_t code[FSM_CODE_MAX];
	struct wbuf w = wbuf_on(code, sizeof code);
	struct compile c = {.f = fsm_new(), .l.p = text};
	if (lines(&c) && targets(&c) && checked(&c))
		code_put(&w, c.f);
	fsm_free(c.f);
	if (w.bad)
		refuse(&c, "the contract is too large");
	if (c.l.why) {
		snprintf(why, 256, "line %u: %s", c.line, c.l.why);
		return V_BAD_CONTRACT;
	}
	memcpy(out, code, w.len);
	*len = w.len;
	return V_OK;
}
