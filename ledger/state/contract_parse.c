/* Expressions as they are written, turned into reverse Polish order.
 *
 * Knows precedence: comparisons bind least, then + and -, then * and /, then calls and brackets. Nesting is bounded by the size of an
 * expression, so recursion is too. It does not know what nodes compute (contract_expr.c). */
#include "ledger/state/contract_lex.h"

struct parse { struct lex *l; struct fsm *f; struct fsm_expr *e; int depth; };

static bool comparison(struct parse *p);

static bool node(struct parse *p, enum node_op op, uint8_t idx, uint64_t number)
{
	if (p->e->n == FSM_EXPR_NODES_MAX)
		return lex_refuse(p->l, "an expression has more than 24 parts");
	if (p->f->nnodes == FSM_NODES_MAX)
		return lex_refuse(p->l, "the contract is too large");
	p->f->node[p->f->nnodes++] = (struct fsm_node){op, idx, number};
	p->e->n++;
	return true;
}

static bool expect(struct parse *p, const char *punct, const char *why)
{
	return lex_punct(p->l, punct) || lex_refuse(p->l, why);
}

static bool call(struct parse *p, enum node_op op)
{
	return expect(p, "(", "min and max take two values in brackets") && comparison(p) &&
	       expect(p, ",", "min and max take two values, with a comma between them") && comparison(p) &&
	       expect(p, ")", "a closing bracket is missing") && node(p, op, 0, 0);
}

static bool meter(struct parse *p)
{
	char name[NAME_MAX_LEN + 1];
	if (!lex_punct(p->l, ".") || !lex_ident(p->l, name))
		return lex_refuse(p->l, "m. wants the name of a meter");
	int slot = fsm_meter(p->f, name);
	return slot >= 0 ? node(p, NODE_METER, (uint8_t)slot, 0) : lex_refuse(p->l, "no METER of that name is declared");
}

static bool named(struct parse *p, const char *name)
{
	int k;
	if (strcmp(name, "now") == 0)
		return node(p, NODE_NOW, 0, 0);
	if (strcmp(name, "since") == 0)
		return node(p, NODE_SINCE, 0, 0);
	if (strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] <= '3' && name[4] == '\0')
		return node(p, NODE_ARG, (uint8_t)(name[3] - '0'), 0);
	if ((k = fsm_param(p->f, name)) >= 0)
		return node(p, NODE_PARAM, (uint8_t)k, 0);
	if ((k = fsm_reg(p->f, name)) >= 0)
		return node(p, NODE_REG, (uint8_t)k, 0);
	if ((k = fsm_hold(p->f, name)) >= 0)
		return node(p, NODE_HOLD, (uint8_t)k, 0);
	return lex_refuse(p->l, "an expression uses a name that is no PARAM, REG or HOLD");
}

static bool bracketed(struct parse *p)
{
	if (p->depth == FSM_EXPR_NODES_MAX)
		return lex_refuse(p->l, "brackets are nested too deeply");
	p->depth++;
	bool ok = comparison(p) && expect(p, ")", "a closing bracket is missing");
	p->depth--;
	return ok;
}

static bool factor(struct parse *p)
{
	char name[NAME_MAX_LEN + 1];
	uint64_t number;
	if (lex_at_digit(p->l))
		return lex_number(p->l, &number) && node(p, NODE_NUMBER, 0, number);
	if (lex_punct(p->l, "("))
		return bracketed(p);
	if (lex_end(p->l) || lex_peek_keyword(p->l, "GOTO") || lex_peek_keyword(p->l, "DO"))
		return lex_refuse(p->l, "an expression is not complete");
	if (!lex_ident(p->l, name))
		return lex_refuse(p->l, "an expression is not complete");
	if (strcmp(name, "m") == 0)
		return meter(p);
	bool is_min = strcmp(name, "min") == 0;
	if (!is_min && strcmp(name, "max") != 0)
		return named(p, name);
	if (p->depth++ == FSM_EXPR_NODES_MAX)
		return lex_refuse(p->l, "brackets are nested too deeply");
	bool ok = call(p, is_min ? NODE_MIN : NODE_MAX);
	p->depth--;
	return ok;
}

/* The operator that stands next, longest first; NODE_OPS if none of them does. */
static enum node_op operator(struct parse *p, const char *const *spelling, const enum node_op *op, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (lex_punct(p->l, spelling[k]))
			return op[k];
	return NODE_OPS;
}

static bool term(struct parse *p)
{
	static const char *const spelling[] = {"*", "/"};
	static const enum node_op op[] = {NODE_MUL, NODE_DIV};
	if (!factor(p))
		return false;
	for (enum node_op o; (o = operator(p, spelling, op, 2)) != NODE_OPS;)
		if (!factor(p) || !node(p, o, 0, 0))
			return false;
	return !p->l->why;
}

static bool sum(struct parse *p)
{
	static const char *const spelling[] = {"+", "-"};
	static const enum node_op op[] = {NODE_ADD, NODE_SUB};
	if (!term(p))
		return false;
	for (enum node_op o; (o = operator(p, spelling, op, 2)) != NODE_OPS;)
		if (!term(p) || !node(p, o, 0, 0))
			return false;
	return !p->l->why;
}

static bool comparison(struct parse *p)
{
	static const char *const spelling[] = {"==", "!=", "<=", ">=", "<", ">"};
	static const enum node_op op[] = {NODE_EQ, NODE_NE, NODE_LE, NODE_GE, NODE_LT, NODE_GT};
	if (!sum(p))
		return false;
	enum node_op o = operator(p, spelling, op, 6);
	return o == NODE_OPS ? !p->l->why : sum(p) && node(p, o, 0, 0);
}

bool parse_expr(struct lex *l, struct fsm *f, uint16_t *expr)
{
	if (f->nexprs == FSM_EXPRS_MAX)
		return lex_refuse(l, "the contract is too large");
	*expr = f->nexprs++;
	f->expr[*expr].first = f->nnodes;
	struct parse p = {l, f, &f->expr[*expr], 0};
	return comparison(&p);
}
