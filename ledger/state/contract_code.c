/* ZFS1: a compiled contract as bytes, and back.
 *
 *   "ZFS1" | version u16 | counts u8: states trs roles params holds regs meters, pad u8 | counts u16: names ins exprs | name u16
 *   names: u8 length, bytes | roles, params, regs: u16 name each | holds: u16 name, u8 owner, pad | meters: u16 name, u8 slot, pad
 *   states, 8: first_tr n_tr flags task_role u8, name task u16 | transitions, 16: event u16, roles next u8, first_ins n_ins cond u16, 6 pad
 *   instructions, 8: op hold role reg u8, expr pad u16 | expressions: u8 nodes, each u8 op and for numbers u64, for tables u8 index
 *
 * Knows the layout and the sizes of tables. Whether the contract makes sense is contract_check.c's business. */
#include <stdlib.h>
#include "ledger/state/contract_fsm.h"

static const char magic[4] = {'Z', 'F', 'S', '1'};

struct fsm *fsm_new(void)
{
	struct fsm *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	return f;
}

void fsm_free(struct fsm *f)
{
	free(f);
}

static void put_name(struct wbuf *w, const char *s)
{
	size_t len = strlen(s);
	put_u8(w, (uint8_t)len);
	put_bytes(w, s, len);
}

static void get_name(struct rbuf *r, char out[NAME_MAX_LEN + 1])
{
	uint8_t len = get_u8(r);
	r->bad |= len == 0 || len > NAME_MAX_LEN;
	if (r->bad)
		return;
	get_bytes(r, out, len);
	r->bad |= strnlen(out, len) != len;
}

static void put_names(struct wbuf *w, const uint16_t *name, uint8_t n)
{
	for (uint8_t k = 0; k < n; k++)
		put_u16(w, name[k]);
}

static void get_names(struct rbuf *r, uint16_t *name, uint8_t n)
{
	for (uint8_t k = 0; k < n; k++)
		name[k] = get_u16(r);
}

static void put_pair(struct wbuf *w, uint16_t name, uint8_t of)
{
	put_u16(w, name);
	put_u8(w, of);
	put_u8(w, 0);
}

static void get_pad(struct rbuf *r, size_t n)
{
	for (; n > 0; n--)
		r->bad |= get_u8(r) != 0;
}

static void put_tr(struct wbuf *w, const struct fsm_tr *t)
{
	static const uint8_t pad[6];
	put_u16(w, t->event);
	put_u8(w, t->roles);
	put_u8(w, t->next);
	put_u16(w, t->first_ins);
	put_u16(w, t->n_ins);
	put_u16(w, t->cond);
	put_bytes(w, pad, sizeof pad);
}

static void get_tr(struct rbuf *r, struct fsm_tr *t)
{
	t->event = get_u16(r);
	t->roles = get_u8(r);
	t->next = get_u8(r);
	t->first_ins = get_u16(r);
	uint16_t n_ins = get_u16(r);
	r->bad |= n_ins > FSM_INS_MAX;
	t->n_ins = (uint8_t)n_ins;
	t->cond = get_u16(r);
	get_pad(r, 6);
}

static void put_state(struct wbuf *w, const struct fsm_state *s)
{
	put_u8(w, s->first_tr);
	put_u8(w, s->n_tr);
	put_u8(w, s->flags);
	put_u8(w, s->task_role);
	put_u16(w, s->name);
	put_u16(w, s->task);
}

static void get_state(struct rbuf *r, struct fsm_state *s)
{
	s->first_tr = get_u8(r);
	s->n_tr = get_u8(r);
	s->flags = get_u8(r);
	s->task_role = get_u8(r);
	s->name = get_u16(r);
	s->task = get_u16(r);
}

static void put_ins(struct wbuf *w, const struct fsm_ins *i)
{
	put_u8(w, i->op);
	put_u8(w, i->hold);
	put_u8(w, i->role);
	put_u8(w, i->reg);
	put_u16(w, i->expr);
	put_u16(w, 0);
}

static void get_ins(struct rbuf *r, struct fsm_ins *i)
{
	i->op = get_u8(r);
	i->hold = get_u8(r);
	i->role = get_u8(r);
	i->reg = get_u8(r);
	i->expr = get_u16(r);
	get_pad(r, 2);
}

static bool indexed(uint8_t op)
{
	return op >= NODE_PARAM && op <= NODE_ARG;
}

static void put_expr(struct wbuf *w, const struct fsm *f, const struct fsm_expr *e)
{
	put_u8(w, e->n);
	for (const struct fsm_node *n = &f->node[e->first], *end = n + e->n; n < end; n++) {
		put_u8(w, n->op);
		if (n->op == NODE_NUMBER)
			put_u64(w, n->number);
		else if (indexed(n->op))
			put_u8(w, n->idx);
	}
}

static void get_expr(struct rbuf *r, struct fsm *f, struct fsm_expr *e)
{
	e->first = f->nnodes;
	e->n = get_u8(r);
	r->bad |= e->n > FSM_EXPR_NODES_MAX || f->nnodes + e->n > FSM_NODES_MAX;
	for (uint8_t k = 0; k < e->n && !r->bad; k++) {
		struct fsm_node *n = &f->node[f->nnodes++];
		n->op = get_u8(r);
		if (n->op == NODE_NUMBER)
			n->number = get_u64(r);
		else if (indexed(n->op))
			n->idx = get_u8(r);
	}
}

static void put_head(struct wbuf *w, const struct fsm *f)
{
	const uint8_t count[8] = {f->nstates, f->ntrs, f->nroles, f->nparams, f->nholds, f->nregs, f->nmeters, 0};
	put_bytes(w, magic, sizeof magic);
	put_u16(w, f->version);
	put_bytes(w, count, sizeof count);
	put_u16(w, f->nnames);
	put_u16(w, f->nins);
	put_u16(w, f->nexprs);
	put_u16(w, f->name);
}

static bool get_head(struct rbuf *r, struct fsm *f)
{
	char found[sizeof magic] = {0};
	uint8_t *const count[7] = {&f->nstates, &f->ntrs, &f->nroles, &f->nparams, &f->nholds, &f->nregs, &f->nmeters};
	static const uint8_t most[7] = {FSM_STATES_MAX, FSM_TRANSITIONS_MAX, FSM_ROLES_MAX, FSM_PARAMS_MAX, FSM_HOLDS_MAX, FSM_REGS_MAX,
		FSM_METERS_MAX};
	get_bytes(r, found, sizeof found);
	r->bad |= memcmp(found, magic, sizeof magic) != 0;
	f->version = get_u16(r);
	for (size_t k = 0; k < 7; k++) {
		*count[k] = get_u8(r);
		r->bad |= *count[k] > most[k];
	}
	get_pad(r, 1);
	f->nnames = get_u16(r);
	f->nins = get_u16(r);
	f->nexprs = get_u16(r);
	f->name = get_u16(r);
	return !r->bad && f->nnames <= FSM_NAMES_MAX && f->nins <= FSM_INSTRUCTIONS_MAX && f->nexprs <= FSM_EXPRS_MAX;
}

void code_put(struct wbuf *w, const struct fsm *f)
{
	put_head(w, f);
	for (uint16_t k = 0; k < f->nnames; k++)
		put_name(w, f->names[k]);
	put_names(w, f->role, f->nroles);
	put_names(w, f->param, f->nparams);
	put_names(w, f->reg, f->nregs);
	for (uint8_t k = 0; k < f->nholds; k++)
		put_pair(w, f->hold[k].name, f->hold[k].owner);
	for (uint8_t k = 0; k < f->nmeters; k++)
		put_pair(w, f->meter[k].name, f->meter[k].slot);
	for (uint8_t k = 0; k < f->nstates; k++)
		put_state(w, &f->state[k]);
	for (uint8_t k = 0; k < f->ntrs; k++)
		put_tr(w, &f->tr[k]);
	for (uint16_t k = 0; k < f->nins; k++)
		put_ins(w, &f->ins[k]);
	for (uint16_t k = 0; k < f->nexprs; k++)
		put_expr(w, f, &f->expr[k]);
}

static void get_tables(struct rbuf *r, struct fsm *f)
{
	get_names(r, f->role, f->nroles);
	get_names(r, f->param, f->nparams);
	get_names(r, f->reg, f->nregs);
	for (uint8_t k = 0; k < f->nholds; k++) {
		f->hold[k].name = get_u16(r);
		f->hold[k].owner = get_u8(r);
		get_pad(r, 1);
	}
	for (uint8_t k = 0; k < f->nmeters; k++) {
		f->meter[k].name = get_u16(r);
		f->meter[k].slot = get_u8(r);
		get_pad(r, 1);
	}
}

bool code_get(struct rbuf *r, struct fsm *f)
{
	if (!get_head(r, f))
		return false;
	for (uint16_t k = 0; k < f->nnames && !r->bad; k++)
		get_name(r, f->names[k]);
	get_tables(r, f);
	for (uint8_t k = 0; k < f->nstates; k++)
		get_state(r, &f->state[k]);
	for (uint8_t k = 0; k < f->ntrs; k++)
		get_tr(r, &f->tr[k]);
	for (uint16_t k = 0; k < f->nins; k++)
		get_ins(r, &f->ins[k]);
	for (uint16_t k = 0; k < f->nexprs && !r->bad; k++)
		get_expr(r, f, &f->expr[k]);
	return rbuf_end(r);
}

enum verdict fsm_load(struct slice code, struct fsm **ret)
{
	struct fsm *f;
	struct fsm_fault fault;
	if (code.len > FSM_CODE_MAX)
		return V_BAD_CONTRACT;
	struct rbuf r = rbuf_on(code.p, code.len);
	f = fsm_new();
	if (!code_get(&r, f) || !check_fsm(f, &fault)) {
		fsm_free(f);
		return V_BAD_CONTRACT;
	}
	*ret = f;
	return V_OK;
}
