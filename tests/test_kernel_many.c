/* Two hundred leases on one machine: opened, running at once as far as memory goes, ended; and then nothing of them is anywhere.
 *
 * What is looked at bears this test's own instance id, since other tests run beside it. Needs what test_kernel_direct needs. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define LEASES 200
#define LEASE_MIB 16      /* what one costs the machine, monitor included, with room to spare */
#define MAKING_MAX 4      /* containers that are being made at once */
#define PATIENCE_MS 900000
#define DISK_EACH 4       /* every so manieth has a disk of its own */

static struct site site;
static uint64_t give_up_ms;

struct one { struct lease_name name; bool created, started, closed; };

static void setup(void)
{
	site_init(&site);
	site.cfg.policy.max_leases = LEASES;
	for (int i = 0; i < RESOURCES; i++)
		site.cfg.policy.total.v[i] = UINT32_MAX;
	site_open(&site);
	give_up_ms = host_now_ms() + PATIENCE_MS;
}

static void teardown(void) { site_close(&site); }

static uint32_t open_files(void)
{
	uint32_t n = 0;
	DIR *d = opendir("/proc/self/fd");
	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static uint32_t wave_size(void)
{
	char text[4096];
	uint64_t kib = 0;
	ck_assert_int_eq(host_read("/proc/meminfo", text, sizeof text, NULL), 0);
	ck_assert(host_keyed(text, "MemAvailable:", &kib));
	uint64_t n = (kib >> 10) / 2 / LEASE_MIB;
	return n > LEASES ? LEASES : n < MAKING_MAX ? MAKING_MAX : (uint32_t)n;
}

/* The task's argument is found in no other process. */
static struct task_spec spec_of(const char *mark)
{
	struct task_spec spec = {.nargs = 4, .args = {"/bin/sh", "-c", "echo here; exec sleep $0", mark}};
	strcpy(spec.image, site.image);
	return spec;
}

static void wait_a_little(void)
{
	ck_assert_msg(host_now_ms() < give_up_ms, "it takes too long");
	site_pause(2);
}

static void open_all(struct one *all, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct quota q = site_quota();
		snprintf(all[i].name.s, sizeof all[i].name.s, "%012x", first + i + 1);
		q.res.v[RES_CPU_MILLI] = 100;
		q.res.v[RES_MEM_MIB] = 16;
		q.res.v[RES_DISK_MIB] = (first + i) % DISK_EACH ? 0 : 4;
		int r = site.k->ops->lease_open(site.k, &all[i].name, &q);
		ck_assert_msg(r == 0, "lease_open of %s: %s", all[i].name.s, strerror(-r));
	}
}

static void run_one(struct one *o, const struct task_spec *spec, uint32_t *making)
{
	int r = 0;
	if (!o->created && *making < MAKING_MAX) {
		r = site.k->ops->task_create(site.k, &o->name, spec);
		o->created = r == 0;
		*making += r == -EINPROGRESS;
	} else if (o->created && !o->started) {
		r = site.k->ops->task_start(site.k, &o->name);
		o->started = r == 0;
	}
	ck_assert_msg(r == 0 || r == -EINPROGRESS, "task of %s: %s", o->name.s, strerror(-r));
}

static void run_all(struct one *all, uint32_t n, const struct task_spec *spec)
{
	for (uint32_t started = 0; started < n; wait_a_little()) {
		uint32_t making = 0;
		started = 0;
		for (uint32_t i = 0; i < n; i++) {
			run_one(&all[i], spec, &making);
			started += all[i].started;
		}
	}
}

static void check_running(const struct one *all, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct usage u = site_usage(&site, &all[i].name);
		ck_assert_msg(u.phase == TASK_RUNNING, "%s: phase %d", all[i].name.s, (int)u.phase);
		ck_assert_uint_ge(u.pids, 1);
	}
}

/* All are asked in turn, so that what one waits for passes for the others, too. */
static void close_all(struct one *all, uint32_t n)
{
	for (uint32_t closed = 0; closed < n; wait_a_little()) {
		closed = 0;
		for (uint32_t i = 0; i < n; i++) {
			int r = all[i].closed ? 0 : site.k->ops->lease_close(site.k, &all[i].name);
			ck_assert_msg(r == 0 || r == -EINPROGRESS, "lease_close of %s: %s", all[i].name.s, strerror(-r));
			all[i].closed = r == 0;
			closed += all[i].closed;
		}
	}
}

static int count_lines(const char *command)
{
	char line[1024];
	int n = 0;
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	for (; fgets(line, sizeof line, f); n++)
		fprintf(stderr, "left: %s", line);
	pclose(f);
	return n;
}

static void check_nothing_left(const char *mark)
{
	char command[512];
	group_base_remove(&direct_of(site.k)->groups);
	ck_assert_int_eq(site_leftovers(&site), 0);
	snprintf(command, sizeof command, "tc qdisc show 2>/dev/null | grep z%sh", site.cfg.instance);
	ck_assert_int_eq(count_lines(command), 0);
	snprintf(command, sizeof command, "nft list tables 2>/dev/null | grep %s", site.cfg.instance);
	ck_assert_int_eq(count_lines(command), 0);
	/* the bracket keeps the search from finding itself */
	snprintf(command, sizeof command, "grep -lsa '[%c]%s' /proc/[0-9]*/cmdline", mark[0], mark + 1);
	ck_assert_int_eq(count_lines(command), 0);
	ck_assert_msg(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child is left");
}

START_TEST(two_hundred_leave_nothing)
{
	static struct one all[LEASES];
	struct one before = {0};
	char mark[32];
	snprintf(mark, sizeof mark, "9%09d", (int)getpid());
	struct task_spec spec = spec_of(mark);
	open_all(&before, 0, 1); /* what is opened once and kept for all leases */
	(void)site_usage(&site, &before.name);
	close_all(&before, 1);
	uint32_t files = open_files(), wave = wave_size();
	for (uint32_t done = 0, n; done < LEASES; done += n) {
		n = LEASES - done < wave ? LEASES - done : wave;
		open_all(all + done, done, n);
		run_all(all + done, n, &spec);
		check_running(all + done, n);
		close_all(all + done, n);
	}
	check_nothing_left(mark);
	ck_assert_uint_eq(open_files(), files);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_many");
	TCase *c = tcase_create("many");
	tcase_set_timeout(c, 1200);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, two_hundred_leave_nothing);
	suite_add_tcase(s, c);
	return site_main(s);
}
