/* Somebody else with the rights of root changes what holds a lease: each kind is told by its name, repaired, and then told no more.
 *
 * Needs what test_kernel_direct needs. Nothing here depends on when it is looked. */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

static struct site site;
static const struct lease_name lease = {"0123456789ab"}, other = {"ba9876543210"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static void group_path(enum group_ctl ctl, const char *file, char path[HOST_PATH])
{
	ck_assert_int_eq(group_file(&direct_of(site.k)->groups, ctl, "lease-0123456789ab", file, path), 0);
}

static void tamper(enum group_ctl ctl, const char *file, const char *value)
{
	char path[HOST_PATH];
	group_path(ctl, file, path);
	int r = host_write(path, value);
	ck_assert_msg(r == 0, "%s > %s: %s", value, path, strerror(-r));
}

static void command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void command(const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	int r = system(text);
	ck_assert_msg(r == 0, "%s: %d", text, r);
}

static void in_netns(const char *what)
{
	command("nsenter --net=%s/leases/%s/netns %s", site.dir, lease.s, what);
}

static const char *host_link(void)
{
	static char name[IFNAMSIZ];
	netns_host_link(site.cfg.instance, lease_find(direct_of(site.k), &lease)->rec.slot, name);
	return name;
}

/* The names that are told now, in one text; "" = no drift. */
static const char *told(const struct lease_name *l)
{
	static char text[DRIFTS_MAX * 33];
	struct drift found[DRIFTS_MAX];
	uint32_t n = 0;
	int r = site.k->ops->lease_check(site.k, l, found, &n);
	ck_assert_msg(r == 0, "lease_check: %s", strerror(-r));
	text[0] = 0;
	for (uint32_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%s", i ? " " : "", found[i].what);
	return text;
}

static void expect_repaired(const char *names)
{
	struct quota q = site_quota(), got;
	ck_assert_str_eq(told(&lease), names);
	ck_assert_str_eq(told(&lease), "");
	ck_assert_str_eq(told(&other), "");
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert(quota_eq(&q, &got));
	ck_assert_int_eq(site_usage(&site, &lease).phase, site_usage(&site, &other).phase);
}

static void begin(bool tasks)
{
	struct quota q = site_quota();
	const struct lease_name *names[] = {&lease, &other};
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(site.k->ops->lease_open(site.k, names[i], &q), 0);
		if (tasks)
			ck_assert_int_eq(site_run(&site, names[i], "sleep 1000 & while :; do sleep 1; done"), 0);
		ck_assert_str_eq(told(names[i]), "");
	}
}

static bool is_v2(void) { return direct_of(site.k)->groups.mode == GROUP_V2; }

START_TEST(limits)
{
	begin(true);
	tamper(CTL_CPU, is_v2() ? "cpu.max" : "cpu.cfs_quota_us", is_v2() ? "max" : "-1");
	expect_repaired("cpu");
	tamper(CTL_CPU, is_v2() ? "cpu.max" : "cpu.cfs_period_us", is_v2() ? "30000 50000" : "50000");
	expect_repaired("cpu");
	if (!is_v2())
		tamper(CTL_MEMORY, "memory.memsw.limit_in_bytes", "1G");
	tamper(CTL_MEMORY, is_v2() ? "memory.max" : "memory.limit_in_bytes", "1G");
	expect_repaired("mem");
	tamper(CTL_PIDS, "pids.max", "max");
	expect_repaired("pids");
	tamper(CTL_MEMORY, is_v2() ? "memory.high" : "memory.oom_control", is_v2() ? "max" : "0");
	expect_repaired("oom");
	tamper(CTL_CPU, is_v2() ? "cpu.max" : "cpu.cfs_quota_us", is_v2() ? "max" : "-1");
	tamper(CTL_PIDS, "pids.max", "7");
	expect_repaired("cpu pids");
}
END_TEST

START_TEST(devices)
{
	begin(true);
	if (is_v2())
		return; /* there the list is a program, and test_kernel_direct sees it swapped */
	tamper(CTL_DEVICES, "devices.allow", "c 10:237 rwm");
	expect_repaired("devices");
	tamper(CTL_DEVICES, "devices.deny", "c 1:3 rwm");
	expect_repaired("devices");
}
END_TEST

START_TEST(frozen_or_thawed)
{
	begin(true);
	const char *file = is_v2() ? "cgroup.freeze" : "freezer.state", *inner = is_v2() ? "task/cgroup.freeze" : "task/freezer.state";
	const char *freeze = is_v2() ? "1" : "FROZEN", *thaw = is_v2() ? "0" : "THAWED";
	tamper(CTL_FREEZER, file, freeze);
	expect_repaired("frozen");
	tamper(CTL_FREEZER, inner, freeze);
	expect_repaired("frozen");
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &other, true), 0);
	tamper(CTL_FREEZER, file, thaw);
	expect_repaired("frozen");
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_FROZEN);
}
END_TEST

START_TEST(rates)
{
	begin(true);
	command("tc class change dev %s parent 1: classid 1:10 htb rate 900mbit ceil 900mbit", host_link());
	expect_repaired("down");
	command("tc class change dev %s parent 1: classid 1:10 htb rate 16mbit ceil 900mbit", host_link());
	expect_repaired("down");
	command("tc class add dev %s parent 1: classid 1:77 htb rate 900mbit", host_link());
	expect_repaired("down");
	command("tc qdisc del dev %s root", host_link());
	expect_repaired("down");
	command("tc qdisc replace dev %s root handle 9: pfifo", host_link());
	expect_repaired("down");
	in_netns("tc qdisc del dev eth0 root");
	expect_repaired("up");
	in_netns("tc class change dev eth0 parent 1: classid 1:10 htb rate 900mbit ceil 900mbit");
	expect_repaired("up");
}
END_TEST

START_TEST(links)
{
	begin(true);
	command("ip link set %s down", host_link());
	expect_repaired("link");
	in_netns("ip link set eth0 down");
	expect_repaired("link");
	command("ip link del %s", host_link());
	expect_repaired("link");
	command("ip -o link show dev %s | grep -q 'LOWER_UP'", host_link());
	in_netns("ip -4 -o addr show dev eth0 | grep -q 100\\\\.");
}
END_TEST

/* Nothing runs in them, so anybody with the rights may remove them. */
START_TEST(empty_groups_removed)
{
	static const enum group_ctl ctl[] = {CTL_CPU, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER, CTL_CPUACCT};
	char path[HOST_PATH];
	begin(false);
	for (size_t i = 0; i < sizeof ctl / sizeof *ctl; i++) {
		group_path(ctl[i], "", path);
		ck_assert_msg(rmdir(path) == 0, "%s: %s", path, strerror(errno));
		ck_assert_int_eq(site_usage(&site, &other).phase, TASK_NONE); /* the others are counted all the time */
		ck_assert_int_eq(strncmp(told(&lease), "groups", 6), 0);
		expect_repaired("");
	}
	ck_assert_int_eq(site_run(&site, &lease, "exit 3"), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 60000), 3);
}
END_TEST

/* Out of its groups a task is limited by nothing and counted nowhere. */
START_TEST(tasks_moved_out)
{
	static const enum group_ctl ctl[] = {CTL_CPU, CTL_MEMORY, CTL_PIDS, CTL_DEVICES, CTL_FREEZER, CTL_CPUACCT};
	char path[HOST_PATH], dir[HOST_PATH];
	begin(true);
	for (size_t i = 0; i < sizeof ctl / sizeof *ctl; i++) {
		group_path(ctl[i], "task", dir);
		ck_assert_int_eq(host_path(path, "%s/cgroup.procs", direct_of(site.k)->groups.ctl[ctl[i]]), 0);
		command("for p in $(cat %s/cgroup.procs); do echo $p > %s; done; test -z \"$(cat %s/cgroup.procs)\"", dir, path, dir);
		if (i % 2)
			command("rmdir %s", dir);
		ck_assert_str_eq(told(&lease), "members");
		expect_repaired("");
		command("test $(wc -l < %s/cgroup.procs) -ge 3", dir);
	}
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	ck_assert_str_eq(told(&lease), "");
	ck_assert_int_eq(site_until(site.k->ops->lease_close, site.k, &lease), 0);
}
END_TEST

/* The same by the look that is cheap, which compares only what may have changed: within so many turns of it. */
static bool told_within(int turns, const char *what)
{
	static struct checked c;
	for (int i = 0; i < turns; i++) {
		ck_assert_int_eq(site.k->ops->leases_check(site.k, &lease, 1, &c), 0);
		ck_assert_int_eq(c.result, 0);
		(void)site_usage(&site, &lease);
		if (c.n && !strcmp(c.found[0].what, what))
			return true;
		ck_assert_msg(c.n == 0, "%s instead of %s", c.found[0].what, what);
	}
	return false;
}

START_TEST(told_by_the_cheap_look)
{
	char path[HOST_PATH], dir[HOST_PATH];
	begin(true);
	ck_assert(!told_within(40, "nothing")); /* and it has come to rest */
	group_path(CTL_CPU, "task", dir);
	ck_assert_int_eq(host_path(path, "%s/cgroup.procs", direct_of(site.k)->groups.ctl[CTL_CPU]), 0);
	command("for p in $(cat %s/cgroup.procs); do echo $p > %s; done", dir, path);
	ck_assert(told_within(4, "members"));
	command("for p in $(cat %s/cgroup.procs); do echo $p > %s; done; g=%s; rmdir $g ${g%%/task}", dir, path, dir);
	ck_assert(told_within(16, "groups") || told_within(1, "members"));
	ck_assert(!told_within(40, "nothing"));
	tamper(CTL_FREEZER, is_v2() ? "task/cgroup.freeze" : "task/freezer.state", is_v2() ? "1" : "FROZEN");
	ck_assert(told_within(16, "frozen"));
	tamper(CTL_MEMORY, is_v2() ? "memory.high" : "memory.oom_control", is_v2() ? "max" : "0");
	ck_assert(told_within(16, "oom"));
	command("ip link set %s down", host_link());
	ck_assert(told_within(16, "link"));
	ck_assert(!told_within(40, "nothing"));
	expect_repaired("");
}
END_TEST

int main(void)
{
	site_need();
	if (system("command -v tc nsenter ip > /dev/null") != 0) {
		fprintf(stderr, "skipped: tc, nsenter or ip is not installed (iproute2, util-linux)\n");
		return 77;
	}
	site_image_make();
	Suite *s = suite_create("kernel_drift");
	TCase *c = tcase_create("drift");
	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	suite_add_tcase(s, c);
	tcase_add_test(c, limits);
	tcase_add_test(c, devices);
	tcase_add_test(c, frozen_or_thawed);
	tcase_add_test(c, rates);
	tcase_add_test(c, links);
	tcase_add_test(c, empty_groups_removed);
	tcase_add_test(c, tasks_moved_out);
	tcase_add_test(c, told_by_the_cheap_look);
	return site_main(s);
}
