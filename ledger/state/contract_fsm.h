/* A compiled contract in memory: what the compiler fills, the checker judges, the codec writes and the interpreter runs.
 *
 * Private to the contract_*.c files. Everything is an index into a table of the same struct, so a loaded contract has no pointers
 * to follow and a check of ranges is a check of memory safety. What a row does not use
 * is zero or FSM_NONE, and bytes that load are written again as they were. */
#ifndef ZEUS_CONTRACT_FSM_H
#define ZEUS_CONTRACT_FSM_H
#include <string.h>
#include "common/fact.h"
#include "ledger/state/contract.h"

#define FSM_NONE 0xff
#define FSM_NONE16 0xffff
#define FSM_NUMBER_MAX INT64_MAX /* of anything stored or paid */
#define FSM_TICK_MS 60000

/* Follow from limits.h: a name takes at least three bytes of code, a node one. */
#define FSM_NAMES_MAX 256
#define FSM_EXPRS_MAX (FSM_TRANSITIONS_MAX * (FSM_INS_MAX + 1))
#define FSM_NODES_MAX FSM_CODE_MAX
#define FSM_INSTRUCTIONS_MAX (FSM_TRANSITIONS_MAX * FSM_INS_MAX)

/* Expression nodes in reverse Polish order. Loads come first, then what takes two operands off the stack. */
enum node_op {
	NODE_NUMBER, NODE_PARAM, NODE_REG, NODE_HOLD, NODE_METER, NODE_ARG, NODE_NOW, NODE_SINCE,
	NODE_ADD, NODE_SUB, NODE_MUL, NODE_DIV, NODE_MIN, NODE_MAX,
	NODE_EQ, NODE_NE, NODE_LT, NODE_LE, NODE_GT, NODE_GE, NODE_OPS
};
enum ins_op { INS_PAY, INS_ACCRUE, INS_TAKE, INS_REFUND, INS_SET, INS_REQUIRE, INS_GOOD, INS_BAD, INS_OPS };

/* How an instruction is written and which fields it uses, in this order; MARK is followed by good or bad. */
struct ins_shape { const char *word; bool hold, role, reg, expr; };
extern const struct ins_shape ins_shapes[INS_OPS];

struct fsm_node { uint8_t op, idx; uint64_t number; };
struct fsm_expr { uint16_t first; uint8_t n; };
struct fsm_ins { uint8_t op, hold, role, reg; uint16_t expr; };
/* event FSM_NONE16 is the TIMEOUT, whose cond is the time in seconds; roles is a bit mask, 0 for what the protocol raises. */
struct fsm_tr { uint16_t event, first_ins, cond; uint8_t roles, next, n_ins; };
struct fsm_state { uint16_t name, task; uint8_t first_tr, n_tr, flags, task_role; };
struct fsm_hold { uint16_t name; uint8_t owner; };
struct fsm_meter { uint16_t name; uint8_t slot; }; /* slot: enum meter of common/tx.h */

struct fsm {
	uint16_t name, version;
	uint8_t nstates, ntrs, nroles, nparams, nholds, nregs, nmeters;
	uint16_t nnames, nins, nexprs, nnodes;
	uint16_t role[FSM_ROLES_MAX], param[FSM_PARAMS_MAX], reg[FSM_REGS_MAX]; /* their names */
	struct fsm_hold hold[FSM_HOLDS_MAX];
	struct fsm_meter meter[FSM_METERS_MAX];
	struct fsm_state state[FSM_STATES_MAX];
	struct fsm_tr tr[FSM_TRANSITIONS_MAX];
	struct fsm_ins ins[FSM_INSTRUCTIONS_MAX];
	struct fsm_expr expr[FSM_EXPRS_MAX];
	struct fsm_node node[FSM_NODES_MAX];
	char names[FSM_NAMES_MAX][NAME_MAX_LEN + 1];
};

struct fsm *fsm_new(void); /* all zero; never NULL */
static inline bool fsm_terminal(const struct fsm *f, uint8_t state) { return f->state[state].flags & LEASE_TERMINAL; }
static inline bool fsm_tr_timeout(const struct fsm_tr *t) { return t->event == FSM_NONE16; }
static inline bool fsm_tr_is(const struct fsm *f, const struct fsm_tr *t, const char *event)
{
	return !fsm_tr_timeout(t) && strcmp(f->names[t->event], event) == 0;
}

/* --- contract_expr.c --- */
/* What an expression may look at, besides tables: seconds count from run->since_ms to at_ms. */
struct expr_view { const struct fsm_run *run; const uint64_t *arg; uint64_t at_ms; };
/* False: division by zero or more than 127 bits. */
bool expr_value(const struct fsm *f, uint16_t expr, const struct expr_view *v, __int128 *out);
/* The same for what is stored: also false if below zero or over FSM_NUMBER_MAX. */
bool expr_number(const struct fsm *f, uint16_t expr, const struct expr_view *v, uint64_t *out);
/* An absent condition holds; one that cannot be computed does not. */
bool expr_holds(const struct fsm *f, uint16_t expr, const struct expr_view *v);
const char *expr_check(const struct fsm *f, uint16_t expr); /* NULL: well formed */

/* --- contract_check.c, contract_check_graph.c --- */
/* The first broken rule, and where: a state or transition number, FSM_NONE if none. */
struct fsm_fault { const char *why; uint8_t state, tr; };
bool check_fsm(const struct fsm *f, struct fsm_fault *fault);
const char *check_tables(const struct fsm *f); /* roles, params, regs, holds, meters; NULL: sound */
bool check_graph(const struct fsm *f, struct fsm_fault *fault);

/* --- contract_names.c --- */
uint8_t meter_slot(const char *name); /* enum meter; METER_APP for a name of the contract's own */

/* --- contract_code.c --- */
void code_put(struct wbuf *w, const struct fsm *f);
bool code_get(struct rbuf *r, struct fsm *f); /* syntax and table bounds only */

/* --- contract_fire.c --- */
/* One event or timer at work on copies; nothing is the caller's until fire_done. at_ms: the instant that the instructions see. */
struct fire {
	const struct fsm *f;
	struct fsm_run run;
	struct fsm_outcome out;
	const uint64_t *arg;
	struct money fund;
	uint64_t at_ms, now_ms;
};
void fire_begin(struct fire *c, const struct fsm *f, const struct fsm_run *run, uint64_t at_ms, uint64_t now_ms);
void fire_enter(struct fire *c, uint8_t state, const char *event);
enum verdict fire_event(struct fire *c, const char *event, uint32_t roles);
void fire_timeout(struct fire *c);
void fire_follow(struct fire *c);
void fire_done(const struct fire *c, struct fsm_run *run, struct fsm_outcome *out);
#endif
