/* Expressions of contracts: a stack machine over signed 128-bit integers.
 *
 * Knows how nodes are computed and what makes a run of nodes well formed. Division rounds down, as everywhere in the ledger.
 * It does not know how expressions are written, nor what is done with the result. */
#include "ledger/state/contract_fsm.h"

static __int128 load(const struct fsm_node *n, const struct expr_view *v)
{
	const struct fsm_run *run = v->run;
	switch ((enum node_op)n->op) {
	case NODE_NUMBER: return n->number;
	case NODE_PARAM: return run->param[n->idx];
	case NODE_REG: return run->reg[n->idx];
	case NODE_HOLD: return money_base(run->hold[n->idx]);
	case NODE_METER: return run->meter[n->idx];
	case NODE_ARG: return v->arg ? v->arg[n->idx] : 0;
	case NODE_NOW: return v->at_ms / 1000;
	case NODE_SINCE: return v->at_ms > run->since_ms ? (v->at_ms - run->since_ms) / 1000 : 0;
	case NODE_ADD: case NODE_SUB: case NODE_MUL: case NODE_DIV: case NODE_MIN: case NODE_MAX:
	case NODE_EQ: case NODE_NE: case NODE_LT: case NODE_LE: case NODE_GT: case NODE_GE: case NODE_OPS: break;
	}
	return 0;
}

static bool divide(__int128 a, __int128 b, __int128 *out)
{
	__int128 negated;
	if (b == 0)
		return false;
	if (b == -1) /* the one quotient that does not fit */
		return __builtin_sub_overflow((__int128)0, a, &negated) ? false : (*out = negated, true);
	__int128 q = a / b;
	*out = a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
	return true;
}

static bool combine(enum node_op op, __int128 a, __int128 b, __int128 *out)
{
	switch (op) {
	case NODE_ADD: return !__builtin_add_overflow(a, b, out);
	case NODE_SUB: return !__builtin_sub_overflow(a, b, out);
	case NODE_MUL: return !__builtin_mul_overflow(a, b, out);
	case NODE_DIV: return divide(a, b, out);
	case NODE_MIN: *out = a < b ? a : b; return true;
	case NODE_MAX: *out = a > b ? a : b; return true;
	case NODE_EQ: *out = a == b; return true;
	case NODE_NE: *out = a != b; return true;
	case NODE_LT: *out = a < b; return true;
	case NODE_LE: *out = a <= b; return true;
	case NODE_GT: *out = a > b; return true;
	case NODE_GE: *out = a >= b; return true;
	case NODE_NUMBER: case NODE_PARAM: case NODE_REG: case NODE_HOLD: case NODE_METER: case NODE_ARG:
	case NODE_NOW: case NODE_SINCE: case NODE_OPS: break;
	}
	return false;
}

bool expr_value(const struct fsm *f, uint16_t expr, const struct expr_view *v, __int128 *out)
{
	__int128 stack[FSM_EXPR_NODES_MAX];
	size_t depth = 0;
	const struct fsm_expr *e = &f->expr[expr];
	for (const struct fsm_node *n = &f->node[e->first], *end = n + e->n; n < end; n++) {
		if (n->op < NODE_ADD) {
			stack[depth++] = load(n, v);
			continue;
		}
		depth--;
		if (!combine(n->op, stack[depth - 1], stack[depth], &stack[depth - 1]))
			return false;
	}
	*out = stack[0];
	return true;
}

bool expr_number(const struct fsm *f, uint16_t expr, const struct expr_view *v, uint64_t *out)
{
	__int128 value;
	if (!expr_value(f, expr, v, &value) || value < 0 || value > FSM_NUMBER_MAX)
		return false;
	*out = (uint64_t)value;
	return true;
}

bool expr_holds(const struct fsm *f, uint16_t expr, const struct expr_view *v)
{
	__int128 value;
	return expr == FSM_NONE16 || (expr_value(f, expr, v, &value) && value != 0);
}

static bool slot_declared(const struct fsm *f, uint8_t slot)
{
	for (uint8_t i = 0; i < f->nmeters; i++)
		if (f->meter[i].slot == slot)
			return true;
	return false;
}

static bool operand_ok(const struct fsm *f, const struct fsm_node *n)
{
	if (n->op == NODE_NUMBER)
		return n->idx == 0 && n->number <= FSM_NUMBER_MAX;
	if (n->number != 0)
		return false;
	switch ((enum node_op)n->op) {
	case NODE_PARAM: return n->idx < f->nparams;
	case NODE_REG: return n->idx < f->nregs;
	case NODE_HOLD: return n->idx < f->nholds;
	case NODE_METER: return slot_declared(f, n->idx);
	case NODE_ARG: return n->idx < 4;
	case NODE_NUMBER: case NODE_NOW: case NODE_SINCE: case NODE_ADD: case NODE_SUB: case NODE_MUL: case NODE_DIV:
	case NODE_MIN: case NODE_MAX: case NODE_EQ: case NODE_NE: case NODE_LT: case NODE_LE: case NODE_GT: case NODE_GE:
		return n->idx == 0;
	case NODE_OPS: break;
	}
	return false;
}

const char *expr_check(const struct fsm *f, uint16_t expr)
{
	if (expr >= f->nexprs)
		return "an expression that does not exist is used";
	const struct fsm_expr *e = &f->expr[expr];
	int depth = 0;
	if (e->n == 0 || e->n > FSM_EXPR_NODES_MAX || e->first + e->n > f->nnodes)
		return "an expression has more than 24 parts";
	for (const struct fsm_node *n = &f->node[e->first], *end = n + e->n; n < end; n++) {
		if (!operand_ok(f, n))
			return "an expression uses something that is not declared";
		depth += n->op < NODE_ADD ? 1 : -1;
		if (depth < 1)
			return "an expression lacks an operand";
	}
	return depth == 1 ? NULL : "an expression lacks an operator";
}
