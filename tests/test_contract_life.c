/* Contracts lived through: the standard lease to the last unit, the five other
 * examples, and thousands of random lives. Money is counted after every event:
 * what came in is what is held and what went out. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/tx.h"
#include "tests/contract_rig.h"
#include "tests/vector.h"

/* One base unit per second: amounts are seconds. */
static void lease_matched(struct rig *g)
{
	rig_open(g, rig_compile(contract_standard_lease));
	rig_param(g, "price", 3600);
	rig_param(g, "tmin", 60);
	rig_param(g, "tmax", 3600);
	rig_param(g, "trial", 300);
	rig_param(g, "grace", 600);
	rig_param(g, "settle", 900);
	rig_put(g, "escrow", 1000);
	rig_put(g, "bond", 400);
	rig_start(g);
	ck_assert_str_eq(rig_state(g), "matched");
}

static void lease_running(struct rig *g)
{
	lease_matched(g);
	ck_assert_int_eq(rig_fire(g, "ready", "seller", 0), V_OK);
	ck_assert_str_eq(rig_state(g), "trial");
	ck_assert_uint_eq(fsm_state_flags(g->f, g->run.state), 2);
	ck_assert_int_eq(rig_fire(g, "accept", "buyer", 0), V_OK);
	ck_assert_str_eq(rig_state(g), "run");
}

static enum verdict usage(struct rig *g, uint64_t up_s)
{
	g->run.meter[METER_UP_S] = up_s;
	return rig_fire(g, "@usage", NULL, 0);
}

static void ends(struct rig *g, uint64_t buyer, uint64_t seller, int good, int bad)
{
	ck_assert_str_eq(rig_state(g), "done");
	ck_assert_uint_eq(rig_got(g, "buyer"), buyer);
	ck_assert_uint_eq(rig_got(g, "seller"), seller);
	ck_assert_int_eq(g->good[fsm_role(g->f, "seller")], good);
	ck_assert_int_eq(g->bad[fsm_role(g->f, "seller")], bad);
	ck_assert_uint_eq(fsm_due(g->f, &g->run), UINT64_MAX);
	rig_close(g);
}

START_TEST(lease_to_the_end)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 100);
	ck_assert_int_eq(usage(&g, 99), V_OK);
	ck_assert_uint_eq(rig_got(&g, "seller"), 99);
	ck_assert_int_eq(usage(&g, 5000), V_OK); /* a liar is paid no more than the time that passed */
	ck_assert_uint_eq(rig_got(&g, "seller"), 100);
	rig_wait(&g, 400);
	ck_assert_int_eq(rig_fire(&g, "stop", "seller", 0), V_NOT_PARTY);
	ck_assert_int_eq(rig_fire(&g, "ready", "seller", 0), V_BAD_STATE);
	ck_assert_int_eq(rig_fire(&g, "stop", "buyer", 0), V_OK);
	ck_assert_str_eq(rig_state(&g), "final");
	ck_assert_str_eq(g.out.last_event, "stop");
	ck_assert_uint_eq(rig_reg(&g, "ran"), 500);
	rig_wait(&g, 10);
	ck_assert_int_eq(usage(&g, 498), V_OK);
	rig_wait(&g, 900);
	ck_assert_str_eq(g.out.last_event, "timeout");
	ends(&g, 1000 - 498, 400 + 498, 1, 0);
}
END_TEST

START_TEST(lease_stop_has_a_least_time)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 59);
	ck_assert_int_eq(rig_fire(&g, "stop", "buyer", 0), V_CONDITION);
	rig_wait(&g, 1);
	ck_assert_int_eq(rig_fire(&g, "stop", "buyer", 0), V_OK);
	usage(&g, 60);
	rig_wait(&g, 900);
	ends(&g, 940, 460, 1, 0);
}
END_TEST

START_TEST(lease_unavailable)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 500);
	rig_fire(&g, "stop", "buyer", 0);
	usage(&g, 300);
	rig_wait(&g, 900);
	ends(&g, 700 + (200 - 5 - 2), 300 + 400 - (200 - 5 - 2), 1, 0); /* 1 % and 2 s are tolerated */
}
END_TEST

START_TEST(lease_freezes_and_thaws)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 999);
	ck_assert_str_eq(rig_state(&g), "run");
	ck_assert_uint_eq(fsm_due(g.f, &g.run), g.now_ms + 1000);
	rig_wait(&g, 1);
	ck_assert_str_eq(rig_state(&g), "frozen");
	ck_assert_str_eq(g.out.last_event, "@tick");
	ck_assert_uint_eq(fsm_state_flags(g.f, g.run.state), 4);
	ck_assert_uint_eq(rig_reg(&g, "ran"), 1000);
	rig_wait(&g, 100);
	ck_assert_int_eq(rig_fire(&g, "topup", "buyer", 100), V_CONDITION); /* not as long as it was frozen */
	ck_assert(!g.out.fund_taken);
	ck_assert_int_eq(rig_fire(&g, "topup", "buyer", 0), V_CONDITION);
	ck_assert_int_eq(rig_fire(&g, "topup", "seller", 500), V_NOT_PARTY);
	ck_assert_int_eq(usage(&g, 1000), V_OK);
	ck_assert_int_eq(rig_fire(&g, "topup", "buyer", 500), V_OK);
	ck_assert(g.out.fund_taken);
	ck_assert_str_eq(rig_state(&g), "run");
	ck_assert_uint_eq(rig_hold(&g, "escrow"), 500);
	rig_wait(&g, 250);
	ck_assert_int_eq(rig_fire(&g, "topup", "buyer", 7), V_OK);
	ck_assert_uint_eq(rig_hold(&g, "escrow"), 507);
	usage(&g, 1250);
	rig_wait(&g, 257);
	ck_assert_str_eq(rig_state(&g), "frozen");
	ck_assert_uint_eq(rig_reg(&g, "ran"), 1507);
	usage(&g, 1507);
	rig_wait(&g, 600);
	ck_assert_str_eq(rig_state(&g), "final");
	rig_wait(&g, 900);
	ends(&g, 0, 1507 + 400, 1, 0);
}
END_TEST

/* A ledger that was down for a day counts what was leased, not the day. */
START_TEST(lease_timers_late)
{
	struct rig g;
	lease_running(&g);
	rig_sleep(&g, 86400);
	ck_assert_str_eq(rig_state(&g), "frozen");
	ck_assert_uint_eq(rig_reg(&g, "ran"), 1000);
	rig_fire(&g, "topup", "buyer", 10000);
	rig_sleep(&g, 86400);
	ck_assert_str_eq(rig_state(&g), "final");
	ck_assert_uint_eq(rig_reg(&g, "ran"), 3600);
	usage(&g, 100000);
	rig_sleep(&g, 86400);
	ends(&g, 11000 - 3600, 3600 + 400, 1, 0);
}
END_TEST

START_TEST(lease_never_ready)
{
	struct rig g;
	lease_matched(&g);
	ck_assert_int_eq(usage(&g, 5), V_BAD_STATE);
	rig_wait(&g, 599);
	ck_assert_str_eq(rig_state(&g), "matched");
	rig_wait(&g, 1);
	ends(&g, 1040, 360, 0, 1);
}
END_TEST

START_TEST(lease_trial_ends)
{
	struct rig g;
	lease_matched(&g);
	rig_fire(&g, "ready", "seller", 0);
	rig_wait(&g, 300);
	ck_assert_str_eq(rig_state(&g), "run");
	rig_close(&g);
	lease_matched(&g);
	rig_fire(&g, "ready", "seller", 0);
	ck_assert_int_eq(rig_fire(&g, "reject", "seller", 0), V_NOT_PARTY);
	ck_assert_int_eq(rig_fire(&g, "reject", "dev", 0), V_OK);
	ends(&g, 1000, 400, 0, 0);
}
END_TEST

START_TEST(lease_seller_quits)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 200);
	ck_assert_int_eq(rig_fire(&g, "quit", "seller", 0), V_OK);
	ck_assert_str_eq(rig_state(&g), "left");
	usage(&g, 200);
	rig_wait(&g, 900);
	ends(&g, 800 + 100, 200 + 300, 0, 1); /* bad stays bad */
}
END_TEST

START_TEST(lease_quit_before_run)
{
	struct rig g;
	lease_matched(&g);
	rig_fire(&g, "quit", "seller", 0);
	ends(&g, 1040, 360, 0, 1);
	lease_matched(&g);
	rig_fire(&g, "ready", "seller", 0);
	rig_fire(&g, "quit", "seller", 0);
	ends(&g, 1100, 300, 0, 1);
}
END_TEST

START_TEST(lease_disputed)
{
	struct rig g;
	lease_running(&g);
	rig_wait(&g, 200);
	usage(&g, 100);
	ck_assert_int_eq(rig_fire(&g, "dispute", "buyer", 0), V_OK);
	ck_assert_int_eq(usage(&g, 200), V_BAD_STATE); /* what is pending waits for the ruling */
	g.arg[0] = 50;
	g.arg[1] = 5000; /* more than there is */
	ck_assert_int_eq(rig_fire(&g, "rule", "buyer", 0), V_NOT_PARTY);
	ck_assert_int_eq(rig_fire(&g, "rule", "arbiter", 0), V_OK);
	ends(&g, 1000 - 150 + 400, 150, 0, 0);
	lease_running(&g);
	rig_fire(&g, "dispute", "buyer", 0);
	rig_wait(&g, 86400);
	ends(&g, 1000, 400, 0, 0);
}
END_TEST

START_TEST(usage_settles_the_same_however_often)
{
	uint64_t seed = 7;
	for (int round = 0; round < 50; round++) {
		struct rig g;
		lease_running(&g);
		g.run.reg[fsm_reg(g.f, "rate")] = 1001; /* divides badly */
		uint64_t up = 0;
		while (up < 900) {
			uint64_t step = 1 + rig_random(&seed, 90);
			step = step < 900 - up ? step : 900 - up;
			rig_wait(&g, step);
			up += step;
			ck_assert_int_eq(usage(&g, up), V_OK);
		}
		ck_assert_uint_eq(rig_got(&g, "seller"), 1001 * 900 / 3600);
		rig_close(&g);
	}
}
END_TEST

static void open_file(struct rig *g, const char *name)
{
	autofree char *text = rig_file(name);
	rig_open(g, rig_compile(text));
}

START_TEST(proofs_of_storage)
{
	struct rig g;
	open_file(&g, "storage-deposit");
	rig_param(&g, "fee", 10);
	rig_param(&g, "periods", 5);
	rig_put(&g, "escrow", 100);
	rig_put(&g, "bond", 100);
	rig_start(&g);
	rig_wait(&g, 86400);
	ck_assert_str_eq(rig_state(&g), "challenge");
	ck_assert_int_eq(rig_fire(&g, "@proof", "keeper", 0), V_NOT_PARTY); /* only the protocol raises it */
	ck_assert_int_eq(rig_fire(&g, "@proof", NULL, 0), V_OK);
	ck_assert_str_eq(rig_state(&g), "idle"); /* by way of tally */
	rig_wait(&g, 4 * 86400 + 4 * 7200);
	ck_assert_str_eq(rig_state(&g), "end"); /* three misses */
	ck_assert_uint_eq(rig_got(&g, "owner"), 90 + 60);
	ck_assert_uint_eq(rig_got(&g, "keeper"), 10 + 40);
	rig_close(&g);
}
END_TEST

START_TEST(licence_by_the_minute)
{
	struct rig g;
	open_file(&g, "app-licence");
	rig_param(&g, "per_min", 10);
	rig_param(&g, "max_min", 100);
	rig_put(&g, "escrow", 35);
	rig_start(&g);
	rig_fire(&g, "start", "user", 0);
	rig_wait(&g, 60);
	ck_assert_uint_eq(rig_got(&g, "dev"), 10);
	rig_wait(&g, 120);
	ck_assert_uint_eq(rig_got(&g, "dev"), 30);
	rig_wait(&g, 60);
	ck_assert_str_eq(rig_state(&g), "end"); /* @short */
	ck_assert_uint_eq(rig_got(&g, "dev"), 35);
	rig_close(&g);
}
END_TEST

START_TEST(a_short_hold_with_goto_raises_nothing)
{
	struct rig g;
	rig_open(&g, rig_compile("CONTRACT c 1\nPARTY a b\nHOLD h a\nREG shorts\nSTATE s\n"
	    " ON pay DO PAY h b 10 GOTO t\n ON mine DO PAY h b 10\n"
	    " ON @short DO SET shorts shorts+1; PAY h b 99\n TIMEOUT 1h GOTO e\nSTATE t\n ON @short DO SET shorts 9\n"
	    " TIMEOUT 1h GOTO e\nSTATE e TERMINAL\n"));
	rig_put(&g, "h", 5);
	rig_start(&g);
	ck_assert_int_eq(rig_fire(&g, "mine", "a", 0), V_OK);
	ck_assert_uint_eq(rig_reg(&g, "shorts"), 1); /* and once, though it fell short again itself */
	ck_assert_int_eq(rig_fire(&g, "pay", "a", 0), V_OK);
	ck_assert_uint_eq(rig_reg(&g, "shorts"), 1);
	rig_close(&g);
}
END_TEST

START_TEST(a_transition_is_whole_or_nothing)
{
	struct rig g;
	rig_open(&g, rig_compile("CONTRACT c 1\nPARTY a b\nHOLD h a\nREG r\nSTATE s\n ON div DO PAY h b 1; SET r 1/arg0 GOTO e\n"
	    " ON under DO PAY h b 1; SET r 0-1\n ON over DO PAY h b 1; SET r arg0*arg0\n ON must DO PAY h b 1; REQUIRE arg0\n"
	    " ON pick BY a IF arg0==1 DO SET r 11\n ON pick BY b DO SET r 22\n ON pick BY a DO SET r 33\n"
	    " TIMEOUT 1h DO PAY h b 1; SET r 1/0 GOTO e\nSTATE e TERMINAL\n"));
	rig_put(&g, "h", 5);
	rig_start(&g);
	ck_assert_int_eq(rig_fire(&g, "div", "a", 0), V_OVERFLOW);
	ck_assert_int_eq(rig_fire(&g, "under", "a", 0), V_OVERFLOW);
	ck_assert_int_eq(rig_fire(&g, "must", "a", 0), V_CONDITION);
	g.arg[0] = UINT64_MAX;
	ck_assert_int_eq(rig_fire(&g, "over", "a", 0), V_OVERFLOW);
	g.arg[0] = 1;
	ck_assert_int_eq(rig_fire(&g, "pick", "a", 0), V_OK);
	ck_assert_uint_eq(rig_reg(&g, "r"), 11);
	g.arg[0] = 0;
	ck_assert_int_eq(rig_fire(&g, "pick", "a", 0), V_OK);
	ck_assert_uint_eq(rig_reg(&g, "r"), 33);
	ck_assert_int_eq(rig_fire(&g, "pick", "b", 0), V_OK);
	ck_assert_uint_eq(rig_reg(&g, "r"), 22);
	rig_wait(&g, 3600); /* a TIMEOUT that cannot be carried out moves on all the same */
	ck_assert_str_eq(rig_state(&g), "e");
	ck_assert_uint_eq(rig_got(&g, "a"), 5);
	rig_close(&g);
}
END_TEST

START_TEST(life_ends)
{
	struct rig g;
	rig_open(&g, rig_compile("CONTRACT c 1\nPARTY a b\nHOLD h a\nSTATE s\n ON end BY a GOTO e\n TIMEOUT 399d GOTO t\n"
	    "STATE t\n TIMEOUT 399d GOTO s\nSTATE e TERMINAL\n"));
	rig_put(&g, "h", 5);
	rig_start(&g);
	rig_wait(&g, 400 * 86400 - 1);
	ck_assert_str_eq(rig_state(&g), "t");
	rig_wait(&g, 1);
	ck_assert_str_eq(rig_state(&g), "e");
	ck_assert_str_eq(g.out.last_event, "life");
	rig_close(&g);
}
END_TEST

static const char *const events[] = {"ready", "accept", "reject", "topup", "stop", "quit", "dispute", "rule", "complete", "ok", "attest",
	"leave", "close", "start", "@usage", "@proof", "@tick", "@short", "@enter", "nonsense"};
static const char *const params[] = {"price", "tmin", "tmax", "trial", "grace", "settle", "frames", "per_share", "cap", "fee", "periods",
	"pgb", "days", "per_min", "max_min"};

static uint64_t wild(uint64_t *seed)
{
	return rig_random(seed, 20) == 0 ? rig_random(seed, UINT64_MAX) : rig_random(seed, 1 + (UINT64_C(1) << rig_random(seed, 20)));
}

static void random_step(struct rig *g, uint64_t *seed)
{
	const char *event = events[rig_random(seed, sizeof events / sizeof *events)];
	for (int k = 0; k < 4; k++)
		g->arg[k] = wild(seed);
	for (int k = 0; k < METERS; k++)
		g->run.meter[k] += rig_random(seed, 1000);
	static const char *const role[] = {"buyer", "seller", "arbiter", "dev", "project", "miner", "oracle", "owner", "keeper", "site",
		"edge", "user"};
	const char *by = role[rig_random(seed, sizeof role / sizeof *role)];
	if (*event == '@' || fsm_role(g->f, by) >= 0)
		rig_fire(g, event, *event == '@' ? NULL : by, rig_random(seed, 3) ? wild(seed) % SUPPLY_BASE : 0);
	if (rig_random(seed, 2))
		rig_wait(g, rig_random(seed, 4000));
	else
		rig_sleep(g, rig_random(seed, 40000));
}

static void random_life(const uint8_t *code, size_t len, uint64_t *seed)
{
	struct rig g;
	struct fsm *f = NULL;
	ck_assert_int_eq(fsm_load((struct slice){code, len}, &f), V_OK);
	rig_open(&g, f);
	for (size_t k = 0; k < sizeof params / sizeof *params; k++)
		if (fsm_param(f, params[k]) >= 0)
			rig_param(&g, params[k], wild(seed));
	const char *const holds[] = {"escrow", "bond", "pot"};
	for (size_t k = 0; k < 3; k++)
		if (fsm_hold(f, holds[k]) >= 0)
			rig_put(&g, holds[k], wild(seed) % (SUPPLY_BASE / 4));
	rig_start(&g);
	for (int step = 0; step < 60 && !rig_over(&g); step++)
		random_step(&g, seed);
	for (int day = 0; day < 410 && !rig_over(&g); day++)
		rig_sleep(&g, 86400);
	ck_assert(rig_over(&g));
	ck_assert_uint_eq(g.put_in, g.came_out);
	rig_close(&g);
}

START_TEST(random_lives)
{
	static const char *const name[] = {"render-frames", "mining-payout", "storage-deposit", "cdn-gb", "app-licence"};
	static uint8_t code[FSM_CODE_MAX];
	char why[256];
	size_t len;
	uint64_t seed = 0x9e3779b97f4a7c15;
	for (int k = -1; k < 5; k++) {
		autofree char *text = k < 0 ? strdup(contract_standard_lease) : rig_file(name[k]);
		ck_assert_int_eq(fsm_compile(text, code, &len, why), V_OK);
		for (int life = 0; life < 1000; life++)
			random_life(code, len, &seed);
	}
}
END_TEST

TEST_MAIN("contract life", lease_to_the_end, lease_stop_has_a_least_time, lease_unavailable, lease_freezes_and_thaws, lease_timers_late,
    lease_never_ready, lease_trial_ends, lease_seller_quits, lease_quit_before_run, lease_disputed, usage_settles_the_same_however_often,
    proofs_of_storage, licence_by_the_minute, a_short_hold_with_goto_raises_nothing, a_transition_is_whole_or_nothing, life_ends,
    random_lives)
