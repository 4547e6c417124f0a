/* One instance of a contract with a clock and a till.
 *
 * Used by the contracts' tests only; knows the interpreter's header and nothing of the books. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/fact.h"
#include "tests/contract_rig.h"

char *rig_file(const char *name)
{
	char path[4096];
	const char *top = getenv("top_srcdir");
	snprintf(path, sizeof path, "%s/tests/contracts/%s.zeus", top ? top : ".", name);
	autofclose FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	char *text = calloc(1, FSM_CODE_MAX);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(fread(text, 1, FSM_CODE_MAX, file), FSM_CODE_MAX);
	return text;
}

struct fsm *rig_compile(const char *text)
{
	static uint8_t code[FSM_CODE_MAX];
	char why[256] = "";
	size_t len = 0;
	struct fsm *f = NULL;
	enum verdict v = fsm_compile(text, code, &len, why);
	ck_assert_msg(v == V_OK, "%s", why);
	ck_assert_int_eq(fsm_load((struct slice){code, len}, &f), V_OK);
	return f;
}

void rig_open(struct rig *g, struct fsm *f)
{
	memset(g, 0, sizeof *g);
	g->f = f;
	g->now_ms = RIG_EPOCH_MS;
}

void rig_close(struct rig *g)
{
	fsm_free(g->f);
}

void rig_param(struct rig *g, const char *name, uint64_t value)
{
	int k = fsm_param(g->f, name);
	ck_assert_int_ge(k, 0);
	g->run.param[k] = value;
}

void rig_put(struct rig *g, const char *hold, uint64_t amount)
{
	int k = fsm_hold(g->f, hold);
	ck_assert_int_ge(k, 0);
	ck_assert(money_add(g->run.hold[k], money_of(amount), &g->run.hold[k]));
	g->put_in += amount;
}

static uint64_t held(const struct rig *g)
{
	uint64_t sum = 0;
	for (int k = 0; k < FSM_HOLDS_MAX; k++)
		sum += money_base(g->run.hold[k]);
	return sum;
}

/* Book what the last step did. */
static void book(struct rig *g, uint64_t fund)
{
	if (g->out.fund_taken)
		g->put_in += fund;
	for (uint32_t k = 0; k < g->out.n; k++) {
		const struct fsm_effect *e = &g->out.effect[k];
		ck_assert_uint_lt(e->role, fsm_roles(g->f));
		g->good[e->role] += e->kind == FSM_MARK_GOOD;
		g->bad[e->role] += e->kind == FSM_MARK_BAD;
		g->came_out += money_base(e->amount);
		g->got[e->role] += money_base(e->amount);
		if (e->kind == FSM_REFUND)
			ck_assert_uint_eq(e->role, fsm_hold_owner(g->f, e->hold));
	}
	ck_assert_uint_eq(g->put_in, held(g) + g->came_out);
	if (rig_over(g))
		ck_assert_uint_eq(held(g), 0);
	else
		ck_assert(g->run.deadline_ms > g->run.since_ms || g->now_ms >= g->run.born_ms + LIFE_MAX_S * 1000);
}

void rig_start(struct rig *g)
{
	ck_assert_int_eq(fsm_start(g->f, &g->run, g->now_ms, &g->out), V_OK);
	book(g, 0);
}

enum verdict rig_fire(struct rig *g, const char *event, const char *role, uint64_t fund)
{
	struct fsm_call call = {.event = event, .roles = UINT32_MAX, .now_ms = g->now_ms, .fund = money_of(fund)};
	struct fsm_run before = g->run;
	memcpy(call.arg, g->arg, sizeof call.arg);
	if (role) {
		int k = fsm_role(g->f, role);
		ck_assert_int_ge(k, 0);
		call.roles = UINT32_C(1) << k;
	}
	enum verdict v = fsm_fire(g->f, &g->run, &call, &g->out);
	if (v == V_OK)
		book(g, fund);
	else
		ck_assert_mem_eq(&before, &g->run, sizeof before);
	return v;
}

static void timer(struct rig *g)
{
	uint64_t due = fsm_due(g->f, &g->run);
	ck_assert_int_eq(fsm_timer(g->f, &g->run, g->now_ms, &g->out), V_OK);
	book(g, 0);
	/* time goes on: whatever is due next is due later, or something that was overdue too */
	ck_assert(fsm_due(g->f, &g->run) > due);
}

void rig_wait(struct rig *g, uint64_t seconds)
{
	uint64_t end = g->now_ms + seconds * 1000;
	for (uint64_t due; (due = fsm_due(g->f, &g->run)) <= end;) {
		g->now_ms = due > g->now_ms ? due : g->now_ms;
		timer(g);
	}
	g->now_ms = end;
}

void rig_sleep(struct rig *g, uint64_t seconds)
{
	g->now_ms += seconds * 1000;
	while (fsm_due(g->f, &g->run) <= g->now_ms)
		timer(g);
}

uint64_t rig_got(const struct rig *g, const char *role) { return g->got[fsm_role(g->f, role)]; }
uint64_t rig_reg(const struct rig *g, const char *name) { return g->run.reg[fsm_reg(g->f, name)]; }
uint64_t rig_hold(const struct rig *g, const char *name) { return money_base(g->run.hold[fsm_hold(g->f, name)]); }
const char *rig_state(const struct rig *g) { return fsm_state_name(g->f, g->run.state); }
bool rig_over(const struct rig *g) { return fsm_state_flags(g->f, g->run.state) & LEASE_TERMINAL; }

uint64_t rig_random(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return below ? *seed % below : 0;
}
