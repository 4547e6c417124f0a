/* Contracts: a text (Zeusfile) compiled to tables, checked once, then fired by events. Pure: no clock, no I/O, no float.
 *
 * Source: PROTOCOL 6. Numbers are unsigned 64-bit in storage and signed 128-bit inside expressions; underflow below zero at a
 * store, division by zero, or a result over 2^63 aborts the transition with no effect. PAY and ACCRUE saturate at the hold. */
#ifndef ZEUS_CONTRACT_H
#define ZEUS_CONTRACT_H
#include "common/codec.h"
#include "common/verdict.h"

struct fsm; /* compiled, immutable, shared by all instances of a template */

/* The moving part, one per instance; stored with it. */
struct fsm_run {
	uint8_t state;
	uint64_t since_ms;                 /* header time at which the state was entered */
	uint64_t deadline_ms;              /* of the state's TIMEOUT; 0 in a terminal one */
	uint64_t tick_ms;                  /* next @tick, 0 = none */
	uint64_t born_ms;
	uint64_t param[FSM_PARAMS_MAX];
	uint64_t reg[FSM_REGS_MAX];
	struct money hold[FSM_HOLDS_MAX];
	uint64_t meter[FSM_METERS_MAX];
};

struct fsm_call {
	const char *event;                 /* "accept", "@usage", ... */
	uint32_t roles;                    /* bit per role that the caller has; ~0 for events raised by the protocol, and only for those: an
	                                    * event that starts with @ and comes with less is V_NOT_PARTY */
	uint64_t arg[4];
	uint64_t now_ms;
	struct money fund;                 /* travels with the event; taken by TAKE, else the caller returns it */
};

enum fsm_effect_kind { FSM_PAY, FSM_REFUND, FSM_MARK_GOOD, FSM_MARK_BAD };
struct fsm_effect { enum fsm_effect_kind kind; uint8_t role, hold; struct money amount; };
#define FSM_EFFECTS_MAX 64
struct fsm_outcome {
	bool moved;                        /* the state changed */
	bool fund_taken;
	uint32_t n;
	struct fsm_effect effect[FSM_EFFECTS_MAX]; /* in order; REFUND's role is the hold's owner */
	char last_event[NAME_MAX_LEN + 1]; /* the event that made the last move, for people ("timeout" for TIMEOUT) */
};

/* Compile text. Nothing is written to out and len on refusal. why: 256 bytes, "line N: sentence". Docker lines are kept in the text
 * only. */
enum verdict fsm_compile(const char *text, uint8_t out[FSM_CODE_MAX], size_t *len, char *why);
/* Check and load compiled bytes (hostile input: every bound and every static rule of PROTOCOL 6 is checked again here). */
enum verdict fsm_load(struct slice code, struct fsm **ret);
void fsm_free(struct fsm *f);

int fsm_role(const struct fsm *f, const char *name);   /* index or -1 */
int fsm_param(const struct fsm *f, const char *name);
int fsm_hold(const struct fsm *f, const char *name);
int fsm_reg(const struct fsm *f, const char *name);
/* The meter's slot in fsm_run.meter (enum meter of common/tx.h), or -1; a name that is not well known is METER_APP. */
int fsm_meter(const struct fsm *f, const char *name);
uint32_t fsm_roles(const struct fsm *f);
uint8_t fsm_hold_owner(const struct fsm *f, uint8_t hold);
bool fsm_listens(const struct fsm *f, uint8_t state, const char *event); /* is there an ON for it, whatever its conditions */
const char *fsm_state_name(const struct fsm *f, uint8_t state);
uint8_t fsm_state_flags(const struct fsm *f, uint8_t state); /* enum lease_flag of common/fact.h */

/* Enter state 0 at now_ms: sets since, deadline, tick; fires @enter transitions. Params and holds are set by the caller before. */
enum verdict fsm_start(const struct fsm *f, struct fsm_run *run, uint64_t now_ms, struct fsm_outcome *out);
/* Fire one event. V_OK, V_BAD_STATE (no ON for it here), V_NOT_PARTY (role), V_CONDITION (IF or REQUIRE), V_OVERFLOW (aborted). On
 * refusal nothing changed. TAKE without a fund is V_CONDITION. What a transition leads to (@enter, @short) is carried out if it can
 * be, and does not undo it. */
enum verdict fsm_fire(const struct fsm *f, struct fsm_run *run, const struct fsm_call *call, struct fsm_outcome *out);
/* Let the one timer that is due first act: a TIMEOUT, a @tick, or the end of life. V_BAD_STATE before fsm_due; call again while still due.
 * Instructions see the instant at which it was due, however late the call (`since` of a lease does not grow while a ledger is down);
 * the state they lead to begins at now_ms. A TIMEOUT whose instructions cannot be carried out leads on without them. */
enum verdict fsm_timer(const struct fsm *f, struct fsm_run *run, uint64_t now_ms, struct fsm_outcome *out);
/* When the next timer is due: the deadline, or the next @tick: at most a minute ahead, and exactly when its IF becomes true if that is
 * sooner (conditions of @tick are monotone in time: found by bisection over whole seconds of `since`). ~0 if none. */
uint64_t fsm_due(const struct fsm *f, const struct fsm_run *run);
void fsm_run_put(struct wbuf *w, const struct fsm_run *run);
bool fsm_run_get(struct rbuf *r, struct fsm_run *out);

/* Source text of the standard lease, part of every genesis. */
extern const char contract_standard_lease[];
#endif
