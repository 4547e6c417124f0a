/* The compiler and the loader: what compiles, what is refused and where,
 * and that hostile bytes get nowhere. Lives of contracts are in
 * test_contract_life.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/fact.h"
#include "ledger/state/contract_fsm.h"
#include "tests/contract_rig.h"
#include "tests/vector.h"

static const char *const examples[] = {"render-frames", "mining-payout", "storage-deposit", "cdn-gb", "app-licence"};
#define EXAMPLES (sizeof examples / sizeof *examples)

static bool again(struct slice in, struct wbuf *out)
{
	struct fsm *f = NULL;
	if (fsm_load(in, &f) != V_OK)
		return false;
	code_put(out, f);
	fsm_free(f);
	return true;
}

START_TEST(standard_lease_bytes)
{
	static uint8_t code[FSM_CODE_MAX];
	char why[256];
	size_t len = 0;
	ck_assert_int_eq(fsm_compile(contract_standard_lease, code, &len, why), V_OK);
	struct wbuf w = {code, sizeof code, len, false};
	vector_hold("standard_lease.txt", "lease-standard-1", &w, again);
}
END_TEST

START_TEST(examples_compile)
{
	for (size_t k = 0; k < EXAMPLES; k++) {
		autofree char *text = rig_file(examples[k]);
		fsm_free(rig_compile(text));
	}
}
END_TEST

START_TEST(names_are_found)
{
	struct fsm *f = rig_compile(contract_standard_lease);
	ck_assert_int_eq(fsm_role(f, "buyer"), 0);
	ck_assert_int_eq(fsm_role(f, "arbiter"), 3);
	ck_assert_int_eq(fsm_role(f, "nobody"), -1);
	ck_assert_int_eq(fsm_param(f, "settle"), 5);
	ck_assert_int_eq(fsm_hold(f, "bond"), 1);
	ck_assert_uint_eq(fsm_hold_owner(f, 1), 1);
	ck_assert_int_eq(fsm_reg(f, "paid"), 0);
	ck_assert_int_eq(fsm_meter(f, "up"), METER_UP_S);
	ck_assert_int_eq(fsm_meter(f, "cpu"), -1);
	ck_assert_uint_eq(fsm_roles(f), 4);
	ck_assert_str_eq(fsm_state_name(f, 0), "matched");
	ck_assert_str_eq(fsm_state_name(f, 200), "");
	fsm_free(f);
	autofree char *text = rig_file("render-frames");
	f = rig_compile(text);
	ck_assert_int_eq(fsm_meter(f, "done"), METER_APP);
	fsm_free(f);
}
END_TEST

/* What a contract begins with in these tests: nine lines. */
#define HEAD "FROM a\nRUN x && \\\n y\nCONTRACT c 1\nPARTY a b # two\nPARAM p\nHOLD h a\nREG r\nSTATE s\n"
#define TAIL " TIMEOUT 1h GOTO e\nSTATE e TERMINAL\n"

static const struct { const char *text; unsigned line; } wrong[] = {
	{"", 1},
	{"STATE s TERMINAL\n", 2},
	{"CONTRACT c 1\nSTATE s TERMINAL\n", 3},
	{"CONTRACT c 1\nPARTY a\n", 3},
	{"CONTRACT c\n", 1},
	{"CONTRACT c 1\nCONTRACT c 1\n", 2},
	{"CONTRACT c 1\nPARTY a a\n", 2},
	{"CONTRACT c 1\nPARTY a\nPARAM x\nREG x\n", 4},
	{"CONTRACT c 1\nPARTY a\nPARAM since\n", 3},
	{"CONTRACT c 1\nPARTY a b c d e f g h i\n", 2},
	{"CONTRACT c 1\nHOLD h a\n", 2},
	{"CONTRACT c 1\nMETER frames shares\n", 2},
	{"CONTRACT c 1\nWHAT\n", 2},
	{"CONTRACT c 1\nTASK a x\n", 2},
	{"CONTRACT c 1\nTIMEOUT 1 GOTO e\n", 2},
	{HEAD "STATE e TERMINAL\n", 9},                                       /* no TIMEOUT */
	{HEAD " TIMEOUT 1h\nSTATE e TERMINAL\n", 10},                         /* no GOTO */
	{HEAD " TIMEOUT 1h GOTO e\n ON x GOTO e\nSTATE e TERMINAL\n", 9},     /* not last */
	{HEAD " TIMEOUT 401d GOTO e\nSTATE e TERMINAL\n", 10},
	{HEAD " TIMEOUT 1h GOTO s\nSTATE e TERMINAL\n", 9},                   /* no way out */
	{HEAD " TIMEOUT 1h GOTO nowhere\n", 10},
	{HEAD " ON @enter GOTO s\n" TAIL, 9},
	{HEAD " ON @short GOTO t\n" TAIL "STATE t\n ON @enter IF 0 GOTO s\n" TAIL, 16}, /* e twice */
	{HEAD " ON @enter GOTO t\n TIMEOUT 1h GOTO e\nSTATE t\n ON @short GOTO s\n" TAIL, 9},
	{HEAD " ON @sometime GOTO e\n" TAIL, 10},
	{HEAD " ON @tick BY a GOTO e\n" TAIL, 10},
	{HEAD " ON x BY c GOTO e\n" TAIL, 10},
	{HEAD " ON x IF q GOTO e\n" TAIL, 10},
	{HEAD " ON x IF (p GOTO e\n" TAIL, 10},
	{HEAD " ON x IF p+ GOTO e\n" TAIL, 10},
	{HEAD " ON x IF p p GOTO e\n" TAIL, 10},
	{HEAD " ON x IF min(p) GOTO e\n" TAIL, 10},
	{HEAD " ON x IF m.up GOTO e\n" TAIL, 10},
	{HEAD " ON x IF 99999999999999999999 GOTO e\n" TAIL, 10},
	{HEAD " ON x IF 5w GOTO e\n" TAIL, 10},
	{HEAD " ON x IF p+p+p+p+p+p+p+p+p+p+p+p+p GOTO e\n" TAIL, 10},
	{HEAD " ON x DO PAY h c 1 GOTO e\n" TAIL, 10},
	{HEAD " ON x DO PAY g a 1 GOTO e\n" TAIL, 10},
	{HEAD " ON x DO SET p 1 GOTO e\n" TAIL, 10},
	{HEAD " ON x DO MARK a so-so GOTO e\n" TAIL, 10},
	{HEAD " ON x DO STEAL h GOTO e\n" TAIL, 10},
	{HEAD " ON x GOTO e e\n" TAIL, 10},
	{HEAD TAIL " ON x GOTO e\n", 11},                                      /* in a TERMINAL state */
	{HEAD TAIL "STATE f RUN FROZEN\n TIMEOUT 1 GOTO e\n", 12},
	{HEAD TAIL "STATE e TERMINAL\n", 12},
	{HEAD " TASK c x\n" TAIL, 10},
};

START_TEST(what_is_refused_and_where)
{
	static uint8_t code[FSM_CODE_MAX];
	for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
		char why[256] = "", where[32];
		size_t len = 77;
		snprintf(where, sizeof where, "line %u: ", wrong[k].line);
		ck_assert_msg(fsm_compile(wrong[k].text, code, &len, why) == V_BAD_CONTRACT, "compiled: %s", wrong[k].text);
		ck_assert_msg(strncmp(why, where, strlen(where)) == 0, "%s, not %sfor %s", why, where, wrong[k].text);
		ck_assert_uint_eq(len, 77);
	}
	fsm_free(rig_compile(HEAD " ON x IF ((p))>=1 DO PAY h a 1;TAKE h GOTO e\r\n" TAIL "CMD x"));
}
END_TEST

/* Damaged code: refused, or something that runs without harm. */
static void poke(const uint8_t *code, size_t len, uint64_t *seed)
{
	struct fsm *f = NULL;
	if (fsm_load((struct slice){code, len}, &f) != V_OK)
		return;
	struct rig g;
	rig_open(&g, f);
	for (int k = 0; k < FSM_PARAMS_MAX; k++)
		g.run.param[k] = rig_random(seed, 4000);
	rig_start(&g);
	static const char *const event[] = {"@usage", "@tick", "@enter", "@short", "@proof"};
	for (int step = 0; step < 8 && !rig_over(&g); step++) {
		rig_fire(&g, event[rig_random(seed, 5)], NULL, 1000);
		rig_sleep(&g, rig_random(seed, 4000));
	}
	rig_close(&g);
}

static void damage(const uint8_t *code, size_t len, uint64_t *seed)
{
	for (size_t n = 0; n < len; n++) {
		struct fsm *f = NULL;
		ck_assert_int_eq(fsm_load((struct slice){code, n}, &f), V_BAD_CONTRACT);
	}
	for (int round = 0; round < 4000; round++) {
		uint8_t copy[FSM_CODE_MAX];
		memcpy(copy, code, len);
		for (uint64_t hits = 1 + rig_random(seed, 3); hits > 0; hits--)
			copy[rig_random(seed, len)] = (uint8_t)(rig_random(seed, 2) ? rig_random(seed, 256) : rig_random(seed, 8));
		poke(copy, len, seed);
	}
}

START_TEST(hostile_bytes)
{
	static uint8_t code[FSM_CODE_MAX];
	char why[256];
	size_t len = 0;
	uint64_t seed = 88172645463325252;
	ck_assert_int_eq(fsm_compile(contract_standard_lease, code, &len, why), V_OK);
	damage(code, len, &seed);
	for (size_t k = 0; k < EXAMPLES; k++) {
		autofree char *text = rig_file(examples[k]);
		ck_assert_int_eq(fsm_compile(text, code, &len, why), V_OK);
		damage(code, len, &seed);
	}
}
END_TEST

START_TEST(hostile_text)
{
	static uint8_t code[FSM_CODE_MAX];
	uint64_t seed = 42;
	size_t n = strlen(contract_standard_lease), len;
	autofree char *text = strdup(contract_standard_lease);
	static const char alphabet[] = " \n#;|()+-*/.@<>=0159smhdPAYGOTOx\\\t";
	for (int round = 0; round < 4000; round++) {
		char why[256];
		memcpy(text, contract_standard_lease, n + 1);
		for (uint64_t hits = 1 + rig_random(&seed, 4); hits > 0; hits--)
			text[rig_random(&seed, n)] = alphabet[rig_random(&seed, sizeof alphabet)];
		if (fsm_compile(text, code, &len, why) == V_OK)
			poke(code, len, &seed);
	}
}
END_TEST

START_TEST(the_moving_part_as_bytes)
{
	struct fsm_run run, back;
	uint8_t bytes[512], bytes_again[512];
	memset(&run, 0, sizeof run);
	run.state = 3;
	run.since_ms = 1;
	run.deadline_ms = 2;
	run.tick_ms = 3;
	run.born_ms = 4;
	run.param[15] = 5;
	run.reg[7] = 6;
	run.hold[3] = money_of(7);
	run.meter[9] = 8;
	struct wbuf w = wbuf_on(bytes, sizeof bytes), w2 = wbuf_on(bytes_again, sizeof bytes_again);
	fsm_run_put(&w, &run);
	struct rbuf r = rbuf_on(bytes, w.len);
	ck_assert(fsm_run_get(&r, &back) && rbuf_end(&r));
	fsm_run_put(&w2, &back);
	ck_assert_uint_eq(w.len, w2.len);
	ck_assert_mem_eq(bytes, bytes_again, w.len);
	for (size_t n = 0; n < w.len; n++) {
		r = rbuf_on(bytes, n);
		ck_assert(!fsm_run_get(&r, &back));
	}
	bytes[0] = FSM_STATES_MAX;
	r = rbuf_on(bytes, w.len);
	ck_assert(!fsm_run_get(&r, &back));
}
END_TEST

TEST_MAIN("contract", standard_lease_bytes, examples_compile, names_are_found, what_is_refused_and_where, hostile_bytes, hostile_text,
    the_moving_part_as_bytes)
