/* The configuration: defaults, every key, drop-ins, and the sentence for each mistake.
 *
 * Writes files below a directory of its own in /tmp and removes them. Does not know the program that reads them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/conf.h"
#include "common/log.h"
#include "tests/vector.h"

static char dir[64], file[128], drop_dir[128];

static void setup(void)
{
	strcpy(dir, "/tmp/zeus-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/zeus.conf", dir);
	snprintf(drop_dir, sizeof drop_dir, "%s/conf.d", dir);
}

static void write_file(const char *path, const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(text, 1, len, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void teardown(void)
{
	static const char *const names[] = {"10-a.conf", "20-b.conf", "ignored.txt"};
	char path[256];
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", drop_dir, names[i]);
		unlink(path);
	}
	rmdir(drop_dir);
	unlink(file);
	rmdir(dir);
}

static bool read_text(const char *text, struct conf *c, char why[512])
{
	write_file(file, text, strlen(text), 0644);
	conf_defaults(c);
	return conf_read(c, file, why);
}

START_TEST(defaults)
{
	struct conf c;
	char why[512];
	setup();
	ck_assert_msg(read_text("", &c, why), "%s", why);
	ck_assert_str_eq(c.mount, "/zeus");
	ck_assert_str_eq(c.state_dir, "/var/lib/zeus");
	ck_assert_str_eq(c.run_dir, "/run/zeus");
	ck_assert(c.offer_all && c.trade_all && c.receipt_interval_s == 60 && c.max_leases == 64 && c.log_level == LOG_LEVEL_INFO);
	ck_assert(text_name_ok(c.node_name) && conf_uid_may_trade(&c, 12345));
	ck_assert(conf_set_state_dir(&c, "/tmp/z") && !conf_set_state_dir(&c, "tmp/z"));
	ck_assert_str_eq(c.run_dir, "/tmp/z/run");
	teardown();
}
END_TEST

static const char whole[] =
	"# a comment\n[node]\nmount = /srv/zeus\nstate_dir=/srv/state\nname = owl-1\nreceipt_interval = 5s\noperator = root\n"
	"user_ledger = l\nuser_views = v\nuser_plan = p\ngroup = g\n"
	"[offer]\ncpu = 2\nmem = 4G\nup = 20mbit\ngpu = 0\npids = 100\nlease_cpu = 0.5\n"
	"max_leases = 3\ndevice = /dev/null\n  device = /dev/zero\ngpus = nvidia0, 0000:62:00.0\ngpu_fake = 2\ncdi = /srv/cdi\n"
	"[trade]\nuids = root, 1000\n"
	"[runtime]\nruntime = crun\nconmon = /usr/bin/conmon\ntask_uid_base = 1000000\n"
	"[ledger]\nthreads = 9\nkeep_blocks = 64\nkeep_states = 0\n[log]\nlevel = debug ; a remark\n";

START_TEST(every_key)
{
	struct conf c;
	char why[512];
	setup();
	ck_assert_msg(read_text(whole, &c, why), "%s", why);
	ck_assert_str_eq(c.mount, "/srv/zeus");
	ck_assert_str_eq(c.run_dir, "/srv/state/run"); /* follows the state directory */
	ck_assert_str_eq(c.node_name, "owl-1");
	ck_assert(c.receipt_interval_s == 5 && c.operator_uid == 0 && c.max_leases == 3 && c.task_uid_base == 1000000);
	ck_assert(!c.offer_all && c.offer.v[RES_CPU_MILLI] == 2000 && c.offer.v[RES_MEM_MIB] == 4096 && c.offer.v[RES_UP_KBPS] == 20000);
	ck_assert(c.per_lease.v[RES_CPU_MILLI] == 500 && c.per_lease.v[RES_MEM_MIB] == 4096);
	ck_assert(c.ndevices == 2 && strcmp(c.devices[1], "/dev/zero") == 0);
	ck_assert(strcmp(c.gpus, "nvidia0, 0000:62:00.0") == 0 && c.gpu_fake == 2 && strcmp(c.cdi, "/srv/cdi") == 0);
	ck_assert(!c.trade_all && conf_uid_may_trade(&c, 0) && conf_uid_may_trade(&c, 1000) && !conf_uid_may_trade(&c, 1001));
	ck_assert(strcmp(c.runtime, "crun") == 0 && c.log_level == LOG_LEVEL_DEBUG);
	ck_assert(c.threads == 9 && c.keep_blocks == 64 && c.keep_states == 0);
	teardown();
}
END_TEST

START_TEST(drop_ins_override_in_order)
{
	struct conf c;
	char why[512], path[256];
	setup();
	ck_assert_int_eq(mkdir(drop_dir, 0755), 0);
	snprintf(path, sizeof path, "%s/20-b.conf", drop_dir);
	write_file(path, "[node]\nname = second\n", 21, 0644);
	snprintf(path, sizeof path, "%s/10-a.conf", drop_dir);
	write_file(path, "[node]\nname = first\nmount = /m\n", 31, 0644);
	snprintf(path, sizeof path, "%s/ignored.txt", drop_dir);
	write_file(path, "nonsense\n", 9, 0644);
	ck_assert_msg(read_text("[node]\nname = main\n", &c, why), "%s", why);
	ck_assert_str_eq(c.node_name, "second");
	ck_assert_str_eq(c.mount, "/m");
	snprintf(path, sizeof path, "%s/20-b.conf", drop_dir);
	write_file(path, "\nbad\n", 5, 0644);
	ck_assert(!read_text("", &c, why));
	ck_assert_msg(strstr(why, "20-b.conf:2: ") != NULL, "%s", why);
	teardown();
}
END_TEST

START_TEST(mistakes_are_told_with_their_line)
{
	static const struct { const char *text; int line; const char *says; } rows[] = {
		{"[node]\nmuont = /zeus\n", 2, "there is no key muont in section [node]"},
		{"[nodes]\nmount = /zeus\n", 2, "section [nodes]"},
		{"mount = /zeus\n", 1, "there is no key mount"},
		{"[node]\nmount = zeus\n", 2, "absolute path"},
		{"[node]\nmount = /a/../b\n", 2, "absolute path"},
		{"[node]\nmount\n", 2, "neither"},
		{"[node\n", 1, "neither"},
		{"[node]\nmount = /a\nmount = /b\n", 3, "twice"},
		{"[offer]\ncpu = 1\ncpu = 1\n", 3, "twice"},
		{"[offer]\nmem = lots\n", 2, "mem = lots: expected an amount"},
		{"[offer]\nmax_leases = 0\n", 2, "from 1 to 1024"},
		{"[offer]\ndevice = /etc/passwd\n", 2, "below /dev"},
		{"[offer]\ndevice = /dev/../etc/passwd\n", 2, "below /dev"},
		{"[offer]\ngpus =\n", 2, "none, all, or names"},
		{"[offer]\ngpu_fake = 4\n", 2, "from 0 to 3"},
		{"[offer]\ncdi = cdi\n", 2, "absolute path"},
		{"[trade]\nuids =\n", 2, "users of this machine"},
		{"[trade]\nuids = no-such-user-here\n", 2, "users of this machine"},
		{"[runtime]\ntask_uid_base = 0\n", 2, "65536"},
		{"[log]\n\n\nlevel = \x1b[31mloud\n", 4, "level = \\x1b[31mloud: expected error, warning"},
		{"[ledger]\nthreads = 10\n", 2, "auto or a number"},
		{"[ledger]\nkeep_blocks = 63\n", 2, "all or a number"},
		{"[ledger]\nkeep_states = 65537\n", 2, "65536"},
		{"[log]\nlevel = loud\n[node]\nmount = x\n", 2, "expected error"},
	};
	struct conf c;
	char why[512], at[192];
	setup();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_msg(!read_text(rows[i].text, &c, why), "%s is accepted", rows[i].text);
		snprintf(at, sizeof at, "%s:%d: ", file, rows[i].line);
		ck_assert_msg(strncmp(why, at, strlen(at)) == 0 && strstr(why, rows[i].says), "%s", why);
		ck_assert_str_eq(c.mount, "/zeus");
	}
	teardown();
}
END_TEST

START_TEST(files_that_are_not_to_be_trusted)
{
	struct conf c;
	char why[512], longline[8192];
	setup();
	conf_defaults(&c);
	ck_assert(!conf_read(&c, file, why) && strstr(why, "cannot be read"));
	write_file(file, "", 0, 0664);
	ck_assert(!conf_read(&c, file, why) && strstr(why, "nobody else may write"));
	write_file(file, "", 0, 0602);
	ck_assert(!conf_read(&c, file, why));
	if (geteuid() == 0) {
		write_file(file, "", 0, 0644);
		ck_assert_int_eq(chown(file, 65534, 65534), 0);
		ck_assert(!conf_read(&c, file, why));
		ck_assert_int_eq(chown(file, 0, 0), 0);
	}
	memset(longline, 'x', sizeof longline);
	write_file(file, longline, sizeof longline, 0644);
	ck_assert(!conf_read(&c, file, why) && strstr(why, ":1: the line is too long"));
	write_file(file, "[node]\n\0mount = /x\n", 19, 0644);
	ck_assert_msg(!conf_read(&c, file, why) && strstr(why, ":2: "), "%s", why);
	teardown();
}
END_TEST

TEST_MAIN("conf", defaults, every_key, drop_ins_override_in_order, mistakes_are_told_with_their_line, files_that_are_not_to_be_trusted)
