/* A runtime that hangs, refuses or lies: each ends with an errno of its own, nothing of it is left, and another lease runs on.
 *
 * The runtime is a script of the test's: what it does is in a file, and where it behaves it is crun or runc. Needs what
 * test_kernel_direct needs. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define PATIENT_MS 60000
#define IMPATIENT_MS 300 /* with what never returns: however long it is, it ends */

static struct site site;
static const struct lease_name lease = {"0123456789ab"}, other = {"ba9876543210"};

/* %1$s: the real one; %2$s: the file that says what to do. */
static const char *const script =
    "#!/bin/sh\n"
    "real=%1$s\n"
    "mode=$(cat %2$s)\n"
    "verb=\n"
    "for word; do\n"
    "  case $word in create | start | delete) verb=$word; break ;; esac\n"
    "done\n"
    "state= pid= last= before=\n"
    "for word; do\n"
    "  case $before in --root) state=$word ;; --pid-file) pid=$word ;; esac\n"
    "  before=$word last=$word\n"
    "done\n"
    "case $last in *-probe) exec $real \"$@\" ;; esac\n"
    "case $mode:$verb in\n"
    "create-hangs:create | start-hangs:start) exec sleep 1000 ;;\n"
    "create-refuses:create) echo 'I would rather not' >&2; exit 1 ;;\n"
    "create-is-nothing:create) exit 0 ;;\n"
    "create-names-init:create) echo 1 > \"$pid\"; exit 0 ;;\n"
    "create-names-the-dead:create) true & echo $! > \"$pid\"; wait $!; exit 0 ;;\n"
    "create-escapes:create) setsid sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! > \"$pid\"; exit 0 ;;\n"
    "start-*:create)\n"
    "  $real \"$@\" || exit 1\n"
    "  mv \"$state/$last/exec.fifo\" \"$state/$last/kept\"\n"
    "  echo > \"$state/$last/exec.fifo\" ;;\n"
    "start-is-nothing:start) exit 0 ;;\n"
    "*) exec $real \"$@\" ;;\n"
    "esac\n";

static void set_mode(const char *mode)
{
	char path[HOST_PATH];
	ck_assert_int_eq(host_path(path, "%s/mode", site.dir), 0);
	ck_assert_int_eq(host_replace(path, mode, strlen(mode), 0644), 0);
}

static void write_runtime(void)
{
	char real[HOST_PATH], mode[HOST_PATH], text[4096];
	ck_assert(host_program("crun", real) == 0 || host_program("runc", real) == 0);
	ck_assert_int_eq(host_path(mode, "%s/mode", site.dir), 0);
	ck_assert_int_lt(snprintf(site.cfg.runtime, sizeof site.cfg.runtime, "%s/%s", site.dir, strrchr(real, '/') + 1),
	    (int)sizeof site.cfg.runtime);
	int n = snprintf(text, sizeof text, script, real, mode);
	ck_assert_int_lt(n, (int)sizeof text);
	ck_assert_int_eq(host_replace(site.cfg.runtime, text, (size_t)n, 0755), 0);
}

static void setup(void)
{
	struct inventory inv;
	struct quota q = site_quota();
	site_init(&site);
	write_runtime();
	set_mode("behaves");
	site_open(&site);
	ck_assert_int_eq(site.k->ops->inventory(site.k, &inv), 0);
	ck_assert_msg(inv.runtime[0], "%s", inv.runtime_why);
	q.res.v[RES_DISK_MIB] = 0;
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &lease, &q), 0);
	ck_assert_int_eq(site.k->ops->lease_open(site.k, &other, &q), 0);
	ck_assert_int_eq(site_run(&site, &other, "echo here; exec sleep 1000"), 0);
	ck_assert(site_log_has(&site, &other, "here", PATIENT_MS));
}

static void teardown(void) { site_close(&site); }

static void check_other(void)
{
	struct drift found[DRIFTS_MAX];
	uint32_t n = 9;
	ck_assert_int_eq(site_usage(&site, &other).phase, TASK_RUNNING);
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &other, found, &n), 0);
	ck_assert_uint_eq(n, 0);
}

/* The same lease serves once the runtime does. */
static void check_recovery(void)
{
	check_other();
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_NONE);
	ck_assert_uint_eq(group_count(&direct_of(site.k)->groups, "keep-0123456789ab"), 0);
	set_mode("behaves");
	kernel_direct_patience(site.k, PATIENT_MS);
	ck_assert_int_eq(site_run(&site, &lease, "exit 3"), 0);
	ck_assert_int_eq(site_wait_exit(&site, &lease, PATIENT_MS), 3);
}

static const struct { const char *mode; int error; } at_create[] = {
    {"create-hangs", -ETIME},
    {"create-refuses", -ENOEXEC},
    {"create-is-nothing", -ENOEXEC},
    {"create-names-init", -EPROTO},
    {"create-names-the-dead", -EPROTO},
    {"create-escapes", -EPROTO},
};

START_TEST(create_fails)
{
	set_mode(at_create[_i].mode);
	if (at_create[_i].error == -ETIME)
		kernel_direct_patience(site.k, IMPATIENT_MS);
	int r = site_create(&site, &lease, "exit 3");
	ck_assert_msg(r == at_create[_i].error, "%s: %s", at_create[_i].mode, strerror(-r));
	check_recovery();
}
END_TEST

static const struct { const char *mode; int error; } at_start[] = {{"start-hangs", -ETIME}, {"start-is-nothing", -EPROTO}};

START_TEST(start_fails)
{
	set_mode(at_start[_i].mode);
	ck_assert_int_eq(site_create(&site, &lease, "echo begun"), 0);
	if (at_start[_i].error == -ETIME)
		kernel_direct_patience(site.k, IMPATIENT_MS);
	int r = site_until(site.k->ops->task_start, site.k, &lease);
	ck_assert_msg(r == at_start[_i].error, "%s: %s", at_start[_i].mode, strerror(-r));
	ck_assert_int_eq(site_usage(&site, &lease).phase, TASK_CREATED); /* it is not said to run */
	ck_assert_int_eq(site_until(site.k->ops->task_delete, site.k, &lease), 0);
	check_recovery();
}
END_TEST

START_TEST(the_probe_is_refused)
{
	struct inventory inv;
	char text[128];
	int n = snprintf(text, sizeof text, "#!/bin/sh\necho 'no such thing' >&2\nexit 1\n");
	site.k->ops->close(site.k);
	ck_assert_int_eq(host_replace(site.cfg.runtime, text, (size_t)n, 0755), 0);
	site_open(&site);
	ck_assert_int_eq(site.k->ops->inventory(site.k, &inv), 0);
	ck_assert_str_eq(inv.runtime, "");
	ck_assert_msg(strstr(inv.runtime_why, "no such thing"), "%s", inv.runtime_why);
	check_other(); /* what runs was adopted, and needs no runtime */
	ck_assert_int_eq(site_create(&site, &lease, "exit 3"), -ENOEXEC);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_runtime");
	TCase *c = tcase_create("runtime");
	tcase_set_timeout(c, 240);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, create_fails, 0, sizeof at_create / sizeof *at_create);
	tcase_add_loop_test(c, start_fails, 0, sizeof at_start / sizeof *at_start);
	tcase_add_test(c, the_probe_is_refused);
	suite_add_tcase(s, c);
	return site_main(s);
}
