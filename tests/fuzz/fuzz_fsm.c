/* Compiled contracts, and what happens to one that loads: u32 length, the code, then a script of calls, two bytes each.
 *
 * Code that loads is written again as it was. Whatever is called, in whatever order, money neither appears nor is lost: what was put in
 * is in the holds or was paid out. */
#include "ledger/state/contract_fsm.h"
#include "tests/fuzz/fuzz.h"

static uint64_t held(const struct fsm_run *run)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < FSM_HOLDS_MAX; i++)
		sum += money_base(run->hold[i]);
	return sum;
}

static uint64_t paid(const struct fsm_outcome *out)
{
	uint64_t sum = 0;
	must(out->n <= FSM_EFFECTS_MAX);
	for (uint32_t i = 0; i < out->n; i++)
		if (out->effect[i].kind == FSM_PAY || out->effect[i].kind == FSM_REFUND)
			sum += money_base(out->effect[i].amount);
	return sum;
}

static void step(const struct fsm *f, struct fsm_run *run, uint8_t what, uint8_t arg, uint64_t *now_ms)
{
	struct fsm_outcome out = {0};
	uint64_t before = held(run), put_in = 0;
	enum verdict v;
	*now_ms += (uint64_t)arg * 1000;
	if (what & 1) {
		v = fsm_timer(f, run, *now_ms, &out);
	} else {
		struct fsm_call call = {.event = f->names[(what >> 1) % (f->nnames ? f->nnames : 1)], .now_ms = *now_ms,
		    .arg = {arg, 1, 2, 3}};
		call.roles = call.event[0] == '@' ? ~0u : 0xffu;
		call.fund = money_of((uint64_t)arg * 1000);
		put_in = money_base(call.fund);
		v = fsm_fire(f, run, &call, &out);
	}
	if (v != V_OK)
		must(held(run) == before);
	else
		must(before + (out.fund_taken ? put_in : 0) == held(run) + paid(&out));
	must(run->state < f->nstates);
	fsm_due(f, run);
}

static void play(const struct fsm *f, const uint8_t *script, size_t len)
{
	struct fsm_run run = {0}, again;
	struct fsm_outcome out = {0};
	uint64_t now_ms = 1000000;
	for (size_t i = 0; i < FSM_PARAMS_MAX; i++)
		run.param[i] = i < len ? script[i] : 60;
	for (size_t i = 0; i < f->nholds; i++)
		run.hold[i] = money_of(1000000);
	uint64_t before = held(&run);
	if (fsm_start(f, &run, now_ms, &out) != V_OK)
		return;
	must(before == held(&run) + paid(&out));
	for (size_t i = 0; i + 1 < len && i < 256; i += 2)
		step(f, &run, script[i], script[i + 1], &now_ms);
	struct wbuf w = fuzz_room();
	fsm_run_put(&w, &run);
	struct rbuf r = rbuf_on(w.p, w.len);
	must(!w.bad && fsm_run_get(&r, &again) && rbuf_end(&r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rbuf r = rbuf_on(data, size);
	struct slice code = get_blob(&r, FSM_CODE_MAX);
	struct fsm *f;
	if (r.bad || fsm_load(code, &f) != V_OK)
		return 0;
	struct wbuf w = fuzz_room();
	code_put(&w, f);
	fuzz_same(&w, code.p, code.len);
	play(f, data + r.pos, size - r.pos);
	fsm_free(f);
	return 0;
}
