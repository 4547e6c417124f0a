/* Setting up and inspecting a site of the kernel side for tests.
 *
 * It knows where traces of a lease can be left. It does not know what a test is about. */
#include <check.h>
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "kernel-facing/host.h"
#include "tests/kernel_site.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define POLL_MS 5
#define VERB_TIMEOUT_MS 60000

static pid_t runner; /* whose sites these are: the process that runs the tests, each in a child of its own */
static char image[65]; /* the digest of its manifest */

static void skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	exit(77);
}

void site_need(void)
{
	static const char *const programs[] = {"conmon", "umoci", "skopeo", "busybox", "mkfs.ext4", "tar"};
	char path[HOST_PATH];
	runner = getpid();
	if (geteuid() != 0)
		skip("only root can make groups and namespaces");
	if (access(CGROUP_ROOT, W_OK) < 0)
		skip(CGROUP_ROOT " is not writable");
	if (host_program("crun", path) < 0 && host_program("runc", path) < 0)
		skip("neither crun nor runc is installed");
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (host_program(programs[i], path) < 0) {
			fprintf(stderr, "%s: ", programs[i]);
			skip("not installed");
		}
	if (access("/dev/loop-control", W_OK) < 0)
		skip("no loop devices");
}

static void configure(struct site *s, const char *instance)
{
	struct kernel_config *c = &s->cfg;
	snprintf(c->instance, sizeof c->instance, "%s", instance);
	snprintf(c->state_dir, sizeof c->state_dir, "%s", s->dir);
	snprintf(c->images_dir, sizeof c->images_dir, "%s/images", s->dir);
	snprintf(c->runtime, sizeof c->runtime, "auto");
	c->task_uid_base = 900000;
	c->log_gid = 65534;
	c->policy.max_leases = 8;
	c->policy.reach = REACH_HOST;
	c->policy.per_lease = (struct resources){{[RES_CPU_MILLI] = 4000, [RES_MEM_MIB] = 1024, [RES_DISK_MIB] = 512,
	    [RES_UP_KBPS] = 200000, [RES_DOWN_KBPS] = 200000, [RES_IOPS] = 1000, [RES_CONN] = 1000, [RES_PIDS] = 256}};
	c->policy.total = (struct resources){{[RES_CPU_MILLI] = 8000, [RES_MEM_MIB] = 4096, [RES_DISK_MIB] = 4096,
	    [RES_UP_KBPS] = 900000, [RES_DOWN_KBPS] = 900000, [RES_IOPS] = 8000, [RES_CONN] = 8000, [RES_PIDS] = 1024}};
	c->policy.ndevices = 1;
	c->policy.devices[0] = (struct device_rule){'c', 10, 237}; /* loop-control: harmless to open, and on every machine that runs this */
}

/* One image serves all tests of the process: making it costs more than most of them. */
void site_image_make(void)
{
	char command[512], dir[128];
	const char *top = getenv("top_srcdir");
	snprintf(dir, sizeof dir, "/tmp/zeus-kernel.%d.image", (int)runner);
	if (mkdir(dir, 0700) < 0)
		skip("no directory can be made in /tmp");
	snprintf(command, sizeof command, "%s/tests/system/busybox_image.sh %s", top ? top : ".", dir);
	FILE *f = popen(command, "r");
	bool made = f && fscanf(f, "%64s", image) == 1;
	if (!f || pclose(f) != 0 || !made) {
		(void)host_remove(dir);
		fprintf(stderr, "no image could be made\n");
		exit(1);
	}
}

static void copy_image(struct site *s)
{
	char command[512];
	strcpy(s->image, image);
	snprintf(command, sizeof command, "cp /tmp/zeus-kernel.%d.image/%s.tar %s/", (int)runner, image, s->cfg.images_dir);
	ck_assert_int_eq(system(command), 0);
}

/* The directory tells a later sweep whose it is and which instance it holds. */
void site_init(struct site *s)
{
	char path[HOST_PATH], instance[INSTANCE_ID_LEN + 1];
	*s = (struct site){0};
	setenv("NOTIFY_SOCKET", "/nowhere/notify", 1); /* as under a service manager; a runtime must not see it */
	snprintf(s->dir, sizeof s->dir, "/tmp/zeus-kernel.%d.XXXXXX", (int)runner);
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	ck_assert_int_eq(chmod(s->dir, 0711), 0);
	snprintf(instance, sizeof instance, "%08x", (unsigned)getpid() | 0xe0000000u);
	ck_assert_int_eq(host_path(path, "%s/instance", s->dir), 0);
	ck_assert_int_eq(host_replace(path, instance, strlen(instance), 0600), 0);
	configure(s, instance);
	ck_assert_int_eq(mkdir(s->cfg.images_dir, 0700), 0);
	copy_image(s);
}

static void sweep_one(const char *dir)
{
	struct site s = {0};
	char path[HOST_PATH], instance[INSTANCE_ID_LEN + 1] = "", why[256];
	struct lease_name names[LEASES_PER_NODE_MAX];
	uint32_t n = 0;
	snprintf(s.dir, sizeof s.dir, "%s", dir);
	if (host_path(path, "%s/instance", dir) == 0 && host_read(path, instance, sizeof instance, NULL) == 0) {
		configure(&s, instance);
		if (kernel_direct_new(&s.cfg, &s.k, why) < 0 || s.k->ops->lease_list(s.k, names, LEASES_PER_NODE_MAX, &n) < 0)
			return;
		for (uint32_t i = 0; i < n; i++)
			(void)site_until(s.k->ops->lease_close, s.k, &names[i]);
		s.k->ops->close(s.k);
	}
	(void)host_remove(dir);
}

void site_sweep(void)
{
	char pattern[64];
	glob_t found;
	snprintf(pattern, sizeof pattern, "/tmp/zeus-kernel.%d.*", (int)runner);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			sweep_one(found.gl_pathv[i]);
	globfree(&found);
}

int site_main(struct Suite *s)
{
	SRunner *all = srunner_create(s);
	srunner_run_all(all, CK_NORMAL);
	int failed = srunner_ntests_failed(all);
	srunner_free(all);
	site_sweep();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void site_open(struct site *s)
{
	char why[256] = "";
	int r = kernel_direct_new(&s->cfg, &s->k, why);
	ck_assert_msg(r == 0, "%s: %s", strerror(-r), why);
}

struct quota site_quota(void)
{
	return (struct quota){.res = {{[RES_CPU_MILLI] = 300, [RES_MEM_MIB] = 64, [RES_DISK_MIB] = 32, [RES_UP_KBPS] = 8000,
	    [RES_DOWN_KBPS] = 16000,
	    [RES_PIDS] = 32}}};
}

void site_pause(int ms) { poll(NULL, 0, ms); }

bool site_emulated(void) { return getenv("ZEUS_EMULATED") != NULL; }

int site_until(int (*verb)(struct kernel *k, const struct lease_name *l), struct kernel *k, const struct lease_name *l)
{
	for (uint64_t end = host_now_ms() + VERB_TIMEOUT_MS; host_now_ms() < end; site_pause(POLL_MS)) {
		int r = verb(k, l);
		if (r != -EINPROGRESS)
			return r;
	}
	return -ETIMEDOUT;
}

int site_create(struct site *s, const struct lease_name *l, const char *script)
{
	struct task_spec spec = {.nargs = 3, .args = {"/bin/sh", "-c", script}, .nenv = 1, .env = {"GREETING=hello"}, .cwd = "/tmp"};
	snprintf(spec.image, sizeof spec.image, "%s", s->image);
	for (uint64_t end = host_now_ms() + VERB_TIMEOUT_MS; host_now_ms() < end; site_pause(POLL_MS)) {
		int r = s->k->ops->task_create(s->k, l, &spec);
		if (r != -EINPROGRESS)
			return r;
	}
	return -ETIMEDOUT;
}

int site_run(struct site *s, const struct lease_name *l, const char *script)
{
	int r = site_create(s, l, script);
	return r < 0 ? r : site_until(s->k->ops->task_start, s->k, l);
}

struct usage site_usage(struct site *s, const struct lease_name *l)
{
	struct usage u = {0};
	ck_assert_int_eq(s->k->ops->usage(s->k, l, 1, &u), 0);
	return u;
}

int site_wait_exit(struct site *s, const struct lease_name *l, int timeout_ms)
{
	for (uint64_t end = host_now_ms() + (uint64_t)timeout_ms; host_now_ms() < end; site_pause(POLL_MS)) {
		struct usage u = site_usage(s, l);
		if (u.phase == TASK_EXITED)
			return u.exit_code;
	}
	return -ETIMEDOUT;
}

void site_log(struct site *s, const struct lease_name *l, char *out, size_t cap)
{
	char path[HOST_PATH], line[4096];
	size_t n = 0;
	out[0] = 0;
	ck_assert_int_eq(host_path(path, "%s/tasks/%s/log", s->dir, l->s), 0);
	autofclose FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		/* "2018-12-01T10:00:00.000000000+00:00 stdout F text" */
		char *p = strchr(line, ' ');
		p = p ? strchr(p + 1, ' ') : NULL;
		p = p ? strchr(p + 1, ' ') : NULL;
		if (p && n + strlen(p + 1) < cap)
			n += (size_t)sprintf(out + n, "%s", p + 1);
	}
}

bool site_log_has(struct site *s, const struct lease_name *l, const char *text, int timeout_ms)
{
	char log[16384];
	for (uint64_t end = host_now_ms() + (uint64_t)timeout_ms; host_now_ms() < end; site_pause(POLL_MS)) {
		site_log(s, l, log, sizeof log);
		if (strstr(log, text))
			return true;
	}
	fprintf(stderr, "the log has no \"%s\":\n%s\n", text, log);
	return false;
}

static int count_lines(const char *command)
{
	char line[1024];
	int n = 0;
	FILE *f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		fprintf(stderr, "left: %s", line);
		n++;
	}
	pclose(f);
	return n;
}

int site_leftovers(struct site *s)
{
	char command[1024];
	int n = 0;
	snprintf(command, sizeof command, "find " CGROUP_ROOT " -type d -path '*zeus/%s*'", s->cfg.instance);
	n += count_lines(command);
	snprintf(command, sizeof command, "ip -o link | grep z%sh", s->cfg.instance);
	n += count_lines(command);
	snprintf(command, sizeof command, "grep %s /proc/mounts", s->dir);
	n += count_lines(command);
	snprintf(command, sizeof command, "losetup -a | grep %s", s->dir);
	n += count_lines(command);
	/* the bracket keeps the search from finding itself */
	snprintf(command, sizeof command, "grep -lsa '[%c]%s-' /proc/[0-9]*/cmdline", s->cfg.instance[0], s->cfg.instance + 1);
	n += count_lines(command);
	snprintf(command, sizeof command, "ls %s/leases %s/bundles | grep -v : | grep .", s->dir, s->dir);
	n += count_lines(command);
	return n;
}

void site_close(struct site *s)
{
	struct lease_name names[LEASES_PER_NODE_MAX];
	uint32_t n = 0;
	ck_assert_int_eq(s->k->ops->lease_list(s->k, names, LEASES_PER_NODE_MAX, &n), 0);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(site_until(s->k->ops->lease_close, s->k, &names[i]), 0);
	s->k->ops->close(s->k);
	ck_assert_int_eq(site_leftovers(s), 0);
	ck_assert_int_eq(host_remove(s->dir), 0);
}
