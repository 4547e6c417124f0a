/* The kernel side on the real kernel: limits read back from the kernel's own files, and what a task can and cannot do.
 *
 * It needs root, control groups, a runtime and conmon (exit 77 otherwise), makes its own image without a network, and leaves nothing. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define MIB (1u << 20)

static struct site site;
static const struct lease_name lease = {"0123456789ab"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static void open_lease(const struct quota *q)
{
	int r = site.k->ops->lease_open(site.k, &lease, q);
	ck_assert_msg(r == 0, "lease_open: %s", strerror(-r));
}

static void run_task(const char *script)
{
	int r = site_run(&site, &lease, script);
	ck_assert_msg(r == 0, "run: %s", strerror(-r));
}

static uint64_t group_number(enum group_ctl ctl, const char *file)
{
	char path[HOST_PATH];
	uint64_t v = 0;
	ck_assert_int_eq(group_file(&direct_of(site.k)->groups, ctl, "lease-0123456789ab", file, path), 0);
	ck_assert_int_eq(host_read_u64(path, &v), 0);
	return v;
}

START_TEST(inventory_tells_the_machine)
{
	struct inventory inv;
	ck_assert_int_eq(site.k->ops->inventory(site.k, &inv), 0);
	ck_assert_msg(inv.runtime[0], "no runtime: %s", inv.runtime_why);
	ck_assert_uint_ge(inv.res.v[RES_CPU_MILLI], 1000);
	ck_assert_uint_ge(inv.res.v[RES_MEM_MIB], 64);
	printf("%s, %s\n", inv.cgroup_mode, inv.runtime);
}
END_TEST

START_TEST(turn_of_the_wheel)
{
	struct quota q = site_quota(), got;
	struct stat before, after;
	ck_assert_int_eq(stat("/dev/null", &before), 0);
	open_lease(&q);
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), -EEXIST);
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert(quota_eq(&q, &got));
	run_task("echo $GREETING from $(id -u) in $(pwd); exit 7");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 10000), 7);
	ck_assert(site_log_has(&site, &lease, "hello from 0 in /tmp", 1000));
	ck_assert_int_eq(stat("/dev/null", &after), 0);
	ck_assert(before.st_uid == after.st_uid && before.st_mode == after.st_mode && before.st_ino == after.st_ino);
	/* Deleted, another may be made in the same lease. */
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_NONE);
	run_task("exit 0");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 10000), 0);
}
END_TEST

START_TEST(runc_serves_too)
{
	char path[HOST_PATH];
	struct quota q = site_quota();
	struct inventory inv;
	if (host_program("runc", path) < 0)
		return;
	site.k->ops->close(site.k);
	strcpy(site.cfg.runtime, "runc");
	site_open(&site);
	ck_assert_int_eq(site.k->ops->inventory(site.k, &inv), 0);
	ck_assert_msg(!strncmp(inv.runtime, "runc ", 5), "%s", inv.runtime_why);
	open_lease(&q);
	run_task("echo $GREETING from runc; exit 6");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 10000), 6);
	ck_assert(site_log_has(&site, &lease, "hello from runc", 1000));
}
END_TEST

START_TEST(few_capabilities_are_enough)
{
	struct quota q = site_quota();
	ck_assert_int_eq(kernel_privilege_keep(), 0);
	open_lease(&q);
	run_task("exit 2");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 10000), 2);
}
END_TEST

START_TEST(limits_are_in_the_kernels_files)
{
	struct quota q = site_quota();
	open_lease(&q);
	if (direct_of(site.k)->groups.mode != GROUP_V2) {
		ck_assert_uint_eq(group_number(CTL_CPU, "cpu.cfs_quota_us") * 1000, group_number(CTL_CPU, "cpu.cfs_period_us") * 300);
		ck_assert_uint_eq(group_number(CTL_MEMORY, "memory.limit_in_bytes"), 64 * MIB);
		ck_assert_uint_eq(group_number(CTL_MEMORY, "memory.memsw.limit_in_bytes"), 64 * MIB);
	} else {
		ck_assert_uint_eq(group_number(CTL_CPU, "cpu.max"), 30000);
		ck_assert_uint_eq(group_number(CTL_MEMORY, "memory.max"), 64 * MIB);
		ck_assert_uint_eq(group_number(CTL_MEMORY, "memory.swap.max"), 0);
	}
	ck_assert_uint_eq(group_number(CTL_PIDS, "pids.max"), 32);
	q.res.v[RES_CPU_MILLI] = 750;
	q.res.v[RES_MEM_MIB] = 100;
	q.res.v[RES_UP_KBPS] = 123;
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
	struct quota got;
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert(quota_eq(&q, &got));
	q.res.v[RES_CPU_MILLI] = 5;
	q.res.v[RES_MEM_MIB] = 20;
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
	q.res.v[RES_CPU_MILLI] = 100000;
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), -EDQUOT);
	q.res.v[RES_CPU_MILLI] = 0;
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), -EINVAL);
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert_uint_eq(got.res.v[RES_CPU_MILLI], 5);
}
END_TEST

START_TEST(drift_is_told_and_repaired)
{
	struct quota q = site_quota();
	struct drift found[DRIFTS_MAX];
	uint32_t n = 99;
	char path[HOST_PATH];
	open_lease(&q);
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(group_file(&direct_of(site.k)->groups, CTL_PIDS, "lease-0123456789ab", "pids.max", path), 0);
	ck_assert_int_eq(host_write(path, "max"), 0);
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(found[0].what, "pids");
	ck_assert_uint_eq(found[0].want, 32);
	ck_assert_uint_eq(found[0].have, UINT32_MAX);
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(group_number(CTL_PIDS, "pids.max"), 32);
}
END_TEST

START_TEST(cpu_is_held_to_the_quota)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("while :; do :; done");
	site_pause(300);
	uint64_t from = host_now_ms();
	struct usage a = site_usage(&site, &lease);
	struct usage b = a;
	/* Long enough to see a share, and until the quota was felt: that may take long where many others want the processor. */
	for (int i = 0; i < 30 || (b.throttled_us == a.throttled_us && i < 600); i++) {
		site_pause(100);
		b = site_usage(&site, &lease);
	}
	double share = (double)(b.cpu_us - a.cpu_us) / 1000 / (double)(host_now_ms() - from);
	printf("cpu share %.3f of 0.300\n", share);
	ck_assert(share > 0 && share < 0.315);
	ck_assert_uint_gt(b.throttled_us, a.throttled_us);
	if (direct_of(site.k)->leases[0]->meter.fd[METER_PRESSURE] >= 0)
		ck_assert_uint_gt(b.pressure_us, a.pressure_us); /* its own doing: test_meter has how that is told from the seller's */
	else
		printf("no pressure is told: this kernel has no PSI in its v2 tree\n");
	ck_assert_uint_eq(a.group_id, b.group_id);
	ck_assert_int_eq(b.phase, TASK_RUNNING);
	/* Frozen it uses nothing; thawed it goes on. */
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, true), 0);
	site_pause(100);
	a = site_usage(&site, &lease);
	site_pause(300);
	b = site_usage(&site, &lease);
	ck_assert_int_eq(b.phase, TASK_FROZEN);
	ck_assert_uint_eq(a.cpu_us, b.cpu_us);
	ck_assert_int_eq(site.k->ops->lease_freeze(site.k, &lease, false), 0);
	site_pause(300);
	ck_assert_uint_gt(site_usage(&site, &lease).cpu_us, b.cpu_us);
	ck_assert_int_eq(site.k->ops->task_signal(site.k, &lease, SIGKILL), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 5000), 128 + SIGKILL);
}
END_TEST

START_TEST(memory_is_held_to_the_limit)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("trap go=1 USR1; echo ready; until [ \"$go\" ]; do sleep 1; done; dd if=/dev/zero of=/dev/shm/x bs=1M count=60;"
		 "dd if=/dev/zero of=/dev/shm/y bs=1M count=60; tail -c 100M /dev/zero; exit 3");
	ck_assert(site_log_has(&site, &lease, "ready", 10000));
	/* As if it could not be held: tests/test_kernel_full.c has what happens when it can. */
	ck_assert_int_eq(group_oom_hold(&direct_of(site.k)->groups, "lease-0123456789ab", false, 0), 0);
	ck_assert_int_eq(site.k->ops->task_signal(site.k, &lease, SIGUSR1), 0);
	ck_assert_int_ne(site_wait_exit(&site, &lease, 20000), 0);
	ck_assert_msg(access("oom", F_OK) < 0, "the monitor left a file where the broker was started");
	struct usage u = site_usage(&site, &lease);
	ck_assert_uint_ge(u.oom_kills, 1);
	ck_assert_uint_le(u.mem_peak_bytes, 64 * MIB);
	ck_assert_uint_gt(u.mem_peak_bytes, 32 * MIB);
	/* The count outlives the container that it was made in. */
	uint32_t kills = u.oom_kills;
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	ck_assert_uint_eq(site_usage(&site, &lease).oom_kills, kills);
}
END_TEST

START_TEST(fork_bomb_stays_inside)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("bomb() { bomb | bomb & }; bomb; sleep 60");
	uint32_t most = 0;
	for (int seen = 0, i = 0; seen < 100 && i < 3000; i++) { /* a hundred looks from when it has begun */
		struct usage u = site_usage(&site, &lease);
		seen += most > 1;
		most = u.pids > most ? u.pids : most;
		site_pause(10);
	}
	ck_assert_uint_gt(most, 1);
	ck_assert_uint_le(most, 32);
	uint64_t from = host_now_ms();
	ck_assert_int_eq(site_until(site.k->ops->lease_close, site.k, &lease), 0);
	printf("closed in %d ms\n", (int)(host_now_ms() - from));
}
END_TEST

START_TEST(disk_is_bounded)
{
	struct quota q = site_quota();
	open_lease(&q);
	run_task("dd if=/dev/zero of=/root/big bs=1M count=64 && echo BIG; rm /root/big;"
		 "echo small > /root/ok && cat /root/ok; stat -c %u /root/ok");
	ck_assert_int_eq(site_wait_exit(&site, &lease, 20000), 0);
	ck_assert(site_log_has(&site, &lease, "No space left", 1000));
	ck_assert(site_log_has(&site, &lease, "small\n0\n", 1000));
	char log[4096];
	site_log(&site, &lease, log, sizeof log);
	ck_assert_ptr_null(strstr(log, "BIG"));
}
END_TEST

START_TEST(task_holds_no_privilege)
{
	struct quota q = site_quota();
	q.res.v[RES_DISK_MIB] = 0; /* no writable layer: the root is read-only */
	open_lease(&q);
	run_task("cat /proc/self/status; ls /proc/self/fd | wc -l; mount -t tmpfs none /tmp && echo MOUNTED;"
		 "echo x > /root/x && echo WROTE;"
		 "ls /sys; cat /proc/kcore | wc -c; cat /dev/null && echo null; ls -ld /dev/sda /dev/loop0; echo end");
	ck_assert(site_log_has(&site, &lease, "end\n", 10000));
	char log[16384];
	site_log(&site, &lease, log, sizeof log);
	ck_assert_ptr_nonnull(strstr(log, "CapEff:\t0000000000000000"));
	ck_assert_ptr_nonnull(strstr(log, "CapBnd:\t0000000000000000"));
	ck_assert_ptr_nonnull(strstr(log, "NoNewPrivs:\t1"));
	ck_assert_ptr_nonnull(strstr(log, "Seccomp:\t2"));
	ck_assert_ptr_nonnull(strstr(log, "\n4\n")); /* 0, 1, 2 and the directory itself */
	ck_assert_ptr_nonnull(strstr(log, "null"));
	ck_assert_ptr_null(strstr(log, "MOUNTED"));
	ck_assert_ptr_null(strstr(log, "WROTE"));
}
END_TEST

/* A process in the lease's group, root on the host, tries to open a node. */
static int open_in_group(const char *node)
{
	char dir[HOST_PATH], procs[HOST_PATH];
	int status;
	bool v2 = direct_of(site.k)->groups.mode == GROUP_V2;
	ck_assert_int_eq(group_file(&direct_of(site.k)->groups, CTL_DEVICES, "lease-0123456789ab", v2 ? "probe" : "", dir), 0);
	ck_assert(!v2 || mkdir(dir, 0755) == 0); /* there a group that hands out controllers holds no process */
	ck_assert_int_eq(host_path(procs, "%s/cgroup.procs", dir), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (host_write(procs, "0") < 0)
			_exit(255);
		int fd = open(node, O_RDWR | O_NONBLOCK);
		_exit(fd < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(!v2 || rmdir(dir) == 0);
	return WEXITSTATUS(status);
}

START_TEST(devices_are_refused_unless_leased)
{
	struct quota q = site_quota();
	open_lease(&q);
	ck_assert_int_eq(open_in_group("/dev/loop-control"), EPERM);
	ck_assert_int_eq(open_in_group("/dev/null"), 0);
	q.ndevices = 1;
	q.devices[0] = (struct device_rule){'c', 1, 11};
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), -EPERM);
	q.devices[0] = (struct device_rule){'c', 10, 237};
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
	ck_assert_int_eq(open_in_group("/dev/loop-control"), 0);
	struct lease_name other = {"ba9876543210"};
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &other, &q), -EBUSY); /* exclusive */
	run_task("for i in 1 2 3; do exec 3<>/dev/loop-control && echo opened; sleep 1; done; sleep 60");
	ck_assert(site_log_has(&site, &lease, "opened", 10000));
	q.ndevices = 0;
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
	ck_assert(site_log_has(&site, &lease, "not permitted", 10000));
}
END_TEST

static int listen_at(uint32_t ip, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static int accept_one(int listener)
{
	struct pollfd p = {listener, POLLIN, 0};
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Bytes that arrive until the other side ends. */
static uint64_t receive_all(int fd)
{
	static char buf[65536];
	uint64_t total = 0;
	for (ssize_t n; (n = read(fd, buf, sizeof buf)) > 0;)
		total += (uint64_t)n;
	return total;
}

/* What was sold is the most there is, headers included. The least depends on what else the machine does: that traffic flows at all is
 * all that can be asked of a loaded one. */
static void expect_kbps(const char *way, uint64_t bytes, uint64_t from_ms, double sold)
{
	double kbps = (double)bytes * 8 / (double)(host_now_ms() - from_ms);
	ck_assert_msg(kbps < sold && kbps > sold / 8, "%s: %.0f kbit/s of %.0f", way, kbps, sold);
	printf("%s: %.0f kbit/s of %.0f\n", way, kbps, sold);
}

START_TEST(rates_are_held_both_ways)
{
	struct quota q = site_quota();
	char script[512];
	static char zeros[65536];
	uint16_t up_port, down_port;
	q.res.v[RES_CPU_MILLI] = 1500; /* no quota of processor time may hide that of the net */
	open_lease(&q);
	uint32_t ip = netns_base_ip(site.cfg.instance, direct_of(site.k)->leases[0]->rec.slot) + 1;
	autoclose int up_listener = listen_at(ip, &up_port), down_listener = listen_at(ip, &down_port);
	struct in_addr a = {htonl(ip)};
	snprintf(script, sizeof script, "head -c 2500000 /dev/zero | nc %s %u; nc %s %u | wc -c", inet_ntoa(a), up_port,
	    inet_ntoa(a), down_port);
	uint64_t from = host_now_ms();
	run_task(script);
	autoclose int up = accept_one(up_listener);
	expect_kbps("up", receive_all(up), from, 8000);
	close(take_fd(&up));
	int down = accept_one(down_listener);
	uint64_t sent = 0;
	from = host_now_ms();
	while (sent < 5000000) {
		ssize_t n = write(down, zeros, sizeof zeros);
		ck_assert_int_gt(n, 0);
		sent += (uint64_t)n;
	}
	close(down);
	ck_assert_int_eq(site_wait_exit(&site, &lease, 20000), 0);
	expect_kbps("down", sent, from, 16000);
	struct usage u = site_usage(&site, &lease);
	ck_assert_uint_gt(u.tx_bytes, 2500000);
	ck_assert_uint_gt(u.rx_bytes, 5000000);
	ck_assert_uint_lt(u.rx_bytes, 6000000);
}
END_TEST

START_TEST(bad_images_are_refused)
{
	struct quota q = site_quota();
	char good[HOST_PATH], path[HOST_PATH], command[1024];
	open_lease(&q);
	ck_assert_int_eq(host_path(good, "%s/%s.tar", site.cfg.images_dir, site.image), 0);
	/* The right bytes under another name, and a layer with one byte changed. */
	char image[65];
	strcpy(image, site.image);
	memset(site.image, 'a', 64);
	ck_assert_int_eq(site_create(&site, &lease, "true"), -ENOENT);
	ck_assert_int_eq(host_path(path, "%s/%s.tar", site.cfg.images_dir, site.image), 0);
	ck_assert_int_eq(rename(good, path), 0);
	ck_assert_int_eq(site_create(&site, &lease, "true"), -EBADMSG);
	ck_assert_int_eq(rename(path, good), 0);
	strcpy(site.image, image);
	snprintf(command, sizeof command,
	    "cd %s && mkdir x && cd x && tar xf ../%s.tar && f=$(ls -S blobs/sha256/* | head -n 1) &&"
	    "printf X | dd of=$f bs=1 seek=100 conv=notrunc 2>&1 &&"
	    "tar cf ../%s.tar . && cd .. && rm -r x >/dev/null", site.cfg.images_dir, site.image, site.image);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(site_create(&site, &lease, "true"), -EBADMSG);
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_NONE);
}
END_TEST

static TCase *add_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_set_timeout(c, 90);
	tcase_add_checked_fixture(c, setup, teardown);
	suite_add_tcase(s, c);
	return c;
}

/* What groups enforce and measure, apart: it is what differs between the versions of control groups. */
static void add_limits(TCase *c)
{
	tcase_add_test(c, inventory_tells_the_machine);
	tcase_add_test(c, turn_of_the_wheel);
	tcase_add_test(c, limits_are_in_the_kernels_files);
	tcase_add_test(c, drift_is_told_and_repaired);
	tcase_add_test(c, cpu_is_held_to_the_quota);
	tcase_add_test(c, memory_is_held_to_the_limit);
	tcase_add_test(c, fork_bomb_stays_inside);
	tcase_add_test(c, devices_are_refused_unless_leased);
}

static void add_tasks(TCase *c)
{
	tcase_add_test(c, runc_serves_too);
	tcase_add_test(c, few_capabilities_are_enough);
	tcase_add_test(c, disk_is_bounded);
	tcase_add_test(c, task_holds_no_privilege);
	tcase_add_test(c, rates_are_held_both_ways);
	tcase_add_test(c, bad_images_are_refused);
}

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_direct");
	add_limits(add_case(s, "limits"));
	add_tasks(add_case(s, "tasks"));
	return site_main(s);
}
