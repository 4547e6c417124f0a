/* The meter: what counts and what does not, a drifted second, a stalled one,
 * a new group, a restart, a reboot; and the receipt made of it. Needs no
 * kernel: readings and clocks are arguments. */
#include "broker/meter.h"
#include <check.h>
#include <string.h>

static const uint8_t boot_a[16] = {1}, boot_b[16] = {2};

static struct usage reading(uint64_t cpu_us, uint64_t group)
{
	return (struct usage){.cpu_us = cpu_us, .mem_bytes = 64 << 20, .tx_bytes = cpu_us / 10, .rx_bytes = cpu_us / 5, .group_id = group};
}

START_TEST(up_counts_only_while_up)
{
	struct lease_meter m = {0};
	struct usage u = reading(1000, 7);
	meter_tick(&m, &u, boot_a, 1000, 5000, METER_UP); /* the first tick has no time behind it */
	ck_assert_uint_eq(m.up_ms, 0);
	meter_tick(&m, &u, boot_a, 2000, 6000, METER_UP);
	meter_tick(&m, &u, boot_a, 2500, 6500, METER_IDLE);
	meter_tick(&m, &u, boot_a, 4500, 8500, METER_DRIFTED);
	meter_tick(&m, &u, boot_a, 5000, 9000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 1500);
	ck_assert_uint_eq(m.drift_ms, 2000);
	ck_assert_uint_eq(m.mem_mib_ms, 64 * 4000);
	ck_assert_uint_eq(m.t0_ms, 5000);
}
END_TEST

START_TEST(stall_is_the_sellers)
{
	struct lease_meter m = {0};
	struct usage u = reading(0, 7);
	meter_tick(&m, &u, boot_a, 1000, 1000, METER_UP);
	u.pressure_us = METER_LAG_US; /* it may still turn out to be the quota's doing */
	meter_tick(&m, &u, boot_a, 2000, 2000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 1000);
	u.pressure_us += 300000;
	meter_tick(&m, &u, boot_a, 3000, 3000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 1700);
	ck_assert_uint_eq(m.stall_ms, 300);
	u.pressure_us += 9000000; /* more than the second had: never below zero */
	meter_tick(&m, &u, boot_a, 4000, 4000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 1700);
	ck_assert_uint_eq(m.stall_ms, 1300);
}
END_TEST

/* A stretch in which the quota holds the task back is pressure at once and throttled time only when it is over. */
START_TEST(throttling_is_no_stall)
{
	struct lease_meter m = {0};
	struct usage u = reading(0, 7);
	meter_tick(&m, &u, boot_a, 1000, 1000, METER_UP);
	for (uint64_t t = 1; t <= 60; t++) {
		u.pressure_us = t * 990000;                         /* a share of one hundredth, of which each second is told late */
		u.throttled_us = t * 990000 - (t % 2 ? 900000 : 0);
		meter_tick(&m, &u, boot_a, 1000 + t * 1000, 1000 + t * 1000, METER_UP);
	}
	ck_assert_uint_eq(m.stall_ms, 0);
	ck_assert_uint_eq(m.up_ms, 60000);
	/* On top of it comes what is not the quota's, and is seen whole but for the lag. */
	for (uint64_t t = 61; t <= 70; t++) {
		u.pressure_us += 990000;
		u.throttled_us += 490000;
		meter_tick(&m, &u, boot_a, 1000 + t * 1000, 1000 + t * 1000, METER_UP);
	}
	ck_assert_uint_eq(m.stall_ms, 10 * 500 - METER_LAG_US / 1000);
	ck_assert_uint_eq(m.up_ms + m.stall_ms, 70000);
}
END_TEST

/* A tenth of what the machine's processors did was taken from them; the lease had one for half of the time, then four, then none. */
START_TEST(steal_is_unpaid)
{
	struct lease_meter m = {0};
	struct usage u = reading(0, 7);
	u.steal_us = 5000000, u.busy_us = 70000000; /* before it began */
	meter_tick(&m, &u, boot_a, 1000, 1000, METER_UP);
	u.steal_us += 200000, u.busy_us += 1800000, u.cpu_us += 500000;
	meter_tick(&m, &u, boot_a, 2000, 2000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 50);
	u.steal_us += 200000, u.busy_us += 1800000, u.cpu_us += 4000000;
	meter_tick(&m, &u, boot_a, 3000, 3000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 150);
	u.steal_us += 200000, u.busy_us += 1800000;
	meter_tick(&m, &u, boot_a, 4000, 4000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 150);
	u.busy_us += 2000000, u.cpu_us += 1000000;
	meter_tick(&m, &u, boot_a, 5000, 5000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 150);
	u.steal_us += 2000000, u.cpu_us += 1000000; /* and all of it */
	meter_tick(&m, &u, boot_a, 6000, 6000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 1150);
	ck_assert_uint_eq(m.up_ms + m.stall_ms, 5000);
	u.steal_us = u.busy_us = 0; /* another boot */
	meter_tick(&m, &u, boot_b, 1000, 7000, METER_UP);
	meter_tick(&m, &u, boot_b, 2000, 8000, METER_UP);
	ck_assert_uint_eq(m.stall_ms, 1150);
}
END_TEST

START_TEST(counters_never_go_back_and_add_over_groups)
{
	struct lease_meter m = {0};
	struct usage_receipt r;
	struct id lease = {{3}};
	struct usage u = reading(1000, 7);
	meter_tick(&m, &u, boot_a, 1000, 1000, METER_UP);
	u = reading(500, 7);
	meter_tick(&m, &u, boot_a, 2000, 2000, METER_UP);
	meter_receipt(&m, &lease, 2000, &r);
	ck_assert_uint_eq(r.meter[METER_CPU_US], 1000);
	u = reading(400, 8); /* a new group starts from zero */
	meter_tick(&m, &u, boot_a, 3000, 3000, METER_UP);
	u = reading(100, 8); /* a reboot, same group number by chance */
	meter_tick(&m, &u, boot_b, 50, 4000, METER_UP);
	meter_receipt(&m, &lease, 4000, &r);
	ck_assert_uint_eq(r.meter[METER_CPU_US], 1500);
	ck_assert_uint_eq(r.meter[METER_TX_B], 150);
	ck_assert_uint_eq(r.meter[METER_RX_B], 300);
	ck_assert_uint_eq(r.group_id, 8);
	ck_assert_mem_eq(r.boot_id, boot_b, 16);
	ck_assert_uint_eq(m.up_ms, 1000); /* no time is billed across the change */
}
END_TEST

START_TEST(receipts_chain)
{
	struct lease_meter m = {0};
	struct usage_receipt r;
	struct id lease = {{3}};
	struct fact_lease f = {.usage_seq = 4, .last_usage = {{9}}};
	meter_accepted(&m, &f);
	meter_receipt(&m, &lease, 10, &r);
	ck_assert_uint_eq(r.seq, 5);
	ck_assert_mem_eq(&r.prev, &f.last_usage, sizeof(r.prev));
	ck_assert_mem_eq(&r.instance, &lease, sizeof(lease));
}
END_TEST

START_TEST(survives_a_restart)
{
	struct lease_meter m = {0}, back = {0};
	char text[1024];
	struct usage u = reading(123456, 7);
	meter_tick(&m, &u, boot_a, 1000, 5000, METER_UP);
	meter_tick(&m, &u, boot_a, 61000, 65000, METER_UP);
	size_t len = meter_save(&m, text, sizeof(text));
	ck_assert_uint_gt(len, 0);
	ck_assert(meter_load(&back, text));
	ck_assert_mem_eq(&back, &m, sizeof(m));
	meter_tick(&back, &u, boot_a, 62000, 66000, METER_UP); /* the time in between was in force and counts */
	ck_assert_uint_eq(back.up_ms, 61000);
}
END_TEST

START_TEST(a_gap_counts_no_more_than_the_state)
{
	struct lease_meter m = {0};
	struct usage u = reading(123456, 7);
	meter_at_most(&m, 1000, 0); /* before the first tick there is nothing to bound */
	meter_tick(&m, &u, boot_a, 1000, 5000, METER_UP);
	meter_at_most(&m, 61000, 2000); /* nobody looked for a minute; the state began two seconds ago */
	meter_tick(&m, &u, boot_a, 61000, 65000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 2000);
	meter_at_most(&m, 62000, 3000);
	meter_tick(&m, &u, boot_a, 62000, 66000, METER_UP);
	ck_assert_uint_eq(m.up_ms, 3000);
}
END_TEST

START_TEST(damaged_files_are_refused)
{
	static const char *const bad[] = {"", "up_ms 5\n", "boot_id 12\n", "boot_id 00000000000000000000000000000000\nup_ms x\n",
	    "boot_id 00000000000000000000000000000000\nfree_money 5\n", "boot_id zz000000000000000000000000000000\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lease_meter m = {.up_ms = 42};
		ck_assert_msg(!meter_load(&m, bad[i]), "accepted: %s", bad[i]);
		ck_assert_uint_eq(m.up_ms, 42);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("meter");
	TCase *t = tcase_create("meter");
	tcase_add_test(t, up_counts_only_while_up);
	tcase_add_test(t, stall_is_the_sellers);
	tcase_add_test(t, throttling_is_no_stall);
	tcase_add_test(t, steal_is_unpaid);
	tcase_add_test(t, counters_never_go_back_and_add_over_groups);
	tcase_add_test(t, receipts_chain);
	tcase_add_test(t, survives_a_restart);
	tcase_add_test(t, a_gap_counts_no_more_than_the_state);
	tcase_add_test(t, damaged_files_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
