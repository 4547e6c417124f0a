/* From counters to coins: random leases through the meter and the standard contract, with drift, stall, groups made anew, reboots and
 * brokers that die at any moment, against a model that never forgets and knows no files. What is charged is the model's to the unit; what
 * a reboot loses is no more than what passed since the last save; nothing is counted twice.
 *
 * ZEUS_METERED_LEASES: how many lives (1000). ZEUS_METERED_SEED: the first of them. */
#include "broker/meter.h"
#include "broker/report.h"
#include "tests/contract_rig.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_S 60
#define START_MS 1000000

/* What really was, in milliseconds and counters, of the lease's time in force. */
struct truth { uint64_t up_ms, drift_ms, stall_ms, cpu_us, tx; };

struct life {
	uint64_t seed, now_ms, saved_ms, receipt_ms, price, charged_s;
	struct lease_meter meter;
	struct usage usage;      /* the group's counters */
	uint8_t boot_id[16];
	char saved[1024];        /* what a new broker finds */
	struct truth truth, lost;
	uint64_t saved_cpu_us, saved_tx; /* of the group, when it was saved */
	enum meter_condition condition;
	struct fact_lease fact;
	struct rig contract;
};

static bool chance(struct life *l, uint64_t of) { return rig_random(&l->seed, of) == 0; }

static void save(struct life *l)
{
	l->meter.drifted = l->condition == METER_DRIFTED;
	ck_assert_uint_gt(meter_save(&l->meter, l->saved, sizeof(l->saved)), 0);
	l->saved_ms = l->now_ms;
	l->saved_cpu_us = l->usage.cpu_us;
	l->saved_tx = l->usage.tx_bytes;
}

static void begin(struct life *l, uint64_t seed)
{
	*l = (struct life){.seed = seed, .now_ms = START_MS, .boot_id = {1}, .usage = {.group_id = 5}, .condition = METER_UP};
	struct rig *g = &l->contract;
	rig_open(g, rig_compile(contract_standard_lease));
	l->price = 1 + rig_random(&l->seed, 100000);
	rig_param(g, "price", l->price);
	rig_param(g, "tmin", 60);
	rig_param(g, "tmax", 36000);
	rig_param(g, "trial", 300);
	rig_param(g, "grace", 600);
	rig_param(g, "settle", 900);
	rig_put(g, "escrow", 10 * l->price);
	rig_put(g, "bond", l->price);
	rig_start(g);
	ck_assert_int_eq(rig_fire(g, "ready", "seller", 0), V_OK);
	ck_assert_int_eq(rig_fire(g, "accept", "buyer", 0), V_OK);
	meter_tick(&l->meter, &l->usage, l->boot_id, l->now_ms, l->now_ms, METER_UP);
	l->meter.ahead_us = METER_LAG_US; /* the first of it has been seen, and might have been the quota's */
	save(l);
}

/* A second goes by in the kernel, whether anybody looks or not. */
static void second(struct life *l)
{
	uint64_t stall_ms = chance(l, 8) ? rig_random(&l->seed, 900) : 0;
	l->now_ms += 1000;
	rig_wait(&l->contract, 1);
	uint64_t cpu = rig_random(&l->seed, 1000000), tx = rig_random(&l->seed, 100000);
	l->usage.cpu_us += cpu;
	l->usage.tx_bytes += tx;
	l->usage.pressure_us += stall_ms * 1000;
	l->truth.cpu_us += cpu;
	l->truth.tx += tx;
	if (l->condition == METER_UP) {
		l->truth.up_ms += 1000 - stall_ms;
		l->truth.stall_ms += stall_ms;
	} else
		l->truth.drift_ms += 1000;
}

static void tick(struct life *l)
{
	enum meter_condition before = l->condition;
	meter_tick(&l->meter, &l->usage, l->boot_id, l->now_ms, l->now_ms, l->condition);
	l->condition = chance(l, 20) ? METER_DRIFTED : METER_UP;
	if (l->condition != before || l->now_ms - l->saved_ms >= METER_SAVE_MS)
		save(l);
}

/* The ledger's fact of it, and what it pays: the price of the whole seconds, never more than passed. */
static void receipt(struct life *l)
{
	struct usage_receipt r;
	struct id lease = {{3}};
	save(l);
	meter_receipt(&l->meter, &lease, l->now_ms, &r);
	ck_assert_uint_eq(r.seq, l->fact.usage_seq + 1);
	ck_assert_mem_eq(&r.prev, &l->fact.last_usage, sizeof(r.prev));
	ck_assert_uint_ge(r.meter[METER_UP_S], l->charged_s);
	ck_assert_uint_ge(r.t1_ms - r.t0_ms, 1000 * r.meter[METER_UP_S]);
	l->contract.run.meter[METER_UP_S] = l->charged_s = r.meter[METER_UP_S];
	ck_assert_int_eq(rig_fire(&l->contract, "@usage", NULL, 0), V_OK);
	ck_assert_uint_eq(rig_got(&l->contract, "seller"), l->price * l->charged_s / 3600);
	l->fact.usage_seq = r.seq;
	memcpy(l->fact.last_usage.b, &r.seq, sizeof(r.seq)); /* any hash that is its own */
	meter_accepted(&l->meter, &l->fact);
	l->receipt_ms = l->now_ms;
}

/* kill -9, and some time until another looks. What the last one knew and had not saved is gone. */
static void broker_dies(struct life *l)
{
	struct lease_meter found = {.seq = 0};
	l->condition = l->meter.drifted ? METER_DRIFTED : METER_UP;
	for (uint64_t down = rig_random(&l->seed, 20); down; down--)
		second(l);
	ck_assert(meter_load(&found, l->saved));
	meter_accepted(&found, &l->fact);
	l->meter = found;
	tick(l);
	save(l); /* whoever begins saves at his first look, as at that of a new series */
}

/* The counters begin anew, with a group of another number or after another boot: what was not looked at before is lost. */
static void counters_end(struct life *l, bool reboot)
{
	if (reboot) { /* and this process with them: what it had not saved, too */
		struct lease_meter found = {.seq = 0};
		ck_assert(meter_load(&found, l->saved));
		meter_accepted(&found, &l->fact);
		ck_assert_uint_le(l->now_ms - l->saved_ms, METER_SAVE_MS + 1000);
		l->lost.up_ms += l->meter.up_ms - found.up_ms;
		l->lost.stall_ms += l->meter.stall_ms - found.stall_ms;
		l->lost.drift_ms += l->meter.drift_ms - found.drift_ms;
		l->lost.cpu_us += l->usage.cpu_us - l->saved_cpu_us;
		l->lost.tx += l->usage.tx_bytes - l->saved_tx;
		l->meter = found;
		l->boot_id[0]++;
	}
	uint64_t id = l->usage.group_id;
	l->usage = (struct usage){.group_id = reboot ? id : id + 1};
	tick(l);
	save(l);
}

static void same(const struct life *l)
{
	const struct lease_meter *m = &l->meter;
	ck_assert_uint_eq(m->up_ms + l->lost.up_ms, l->truth.up_ms);
	ck_assert_uint_eq(m->stall_ms + l->lost.stall_ms, l->truth.stall_ms);
	ck_assert_uint_eq(m->drift_ms + l->lost.drift_ms, l->truth.drift_ms);
	ck_assert_uint_eq(m->base_cpu_us + m->cpu_us + l->lost.cpu_us, l->truth.cpu_us);
	ck_assert_uint_eq(m->base_tx + m->tx + l->lost.tx, l->truth.tx);
}

static void live(struct life *l, uint64_t seed)
{
	begin(l, seed);
	for (uint64_t s = 60 + rig_random(&l->seed, 500); s; s--) {
		second(l);
		tick(l);
		if (chance(l, 50))
			broker_dies(l);
		if (chance(l, 100))
			counters_end(l, chance(l, 2));
		same(l);
		if (l->now_ms - l->receipt_ms >= INTERVAL_S * 1000)
			receipt(l);
	}
	receipt(l);
	ck_assert_uint_ge(1000 * (l->charged_s + 1), l->truth.up_ms - l->lost.up_ms); /* under by less than a second, and */
	ck_assert_uint_le(1000 * l->charged_s, l->truth.up_ms);                       /* never over */
	ck_assert_int_eq(rig_fire(&l->contract, "stop", "buyer", 0), V_OK);
	rig_wait(&l->contract, 900);
	ck_assert(rig_over(&l->contract));
	ck_assert_uint_eq(rig_hold(&l->contract, "escrow") + rig_hold(&l->contract, "bond"), 0);
	ck_assert_uint_eq(l->contract.put_in, l->contract.came_out);
	rig_close(&l->contract);
}

static uint64_t asked(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(charged_is_what_was_counted)
{
	static struct life l;
	uint64_t first = asked("ZEUS_METERED_SEED", 1), n = asked("ZEUS_METERED_LEASES", 1000);
	for (uint64_t i = 0; i < n; i++)
		live(&l, first + i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metering");
	TCase *t = tcase_create("metering");
	tcase_set_timeout(t, 0);
	tcase_add_test(t, charged_is_what_was_counted);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
