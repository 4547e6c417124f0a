/* How long a lease's devices were busy: from samples, and from DRM's fdinfo, with trees and sockets of the test's own.
 *
 * It knows both formats and what a hostile sender may try. The library behind zeus-gpu is the test's (fake_nvml.c). */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "kernel-facing/gpu_load.h"
#include "tests/scratch.h"

static char root[SCRATCH_LEN];
static struct gpu_table table;
static struct gpu_use use;
static struct gpu_feed feed;
static struct quota quota;
static int far = -1;

static void add(const char *bus, enum gpu_meter meter, uint32_t minor)
{
	struct gpu *g = gpu_add(&table);
	strcpy(g->bus, bus);
	g->meter = meter;
	gpu_add_node(g, 'c', 226, minor, "dri/renderD128");
	quota.devices[quota.ndevices++] = g->info.rule;
}

static void setup(void)
{
	int pair[2];
	scratch_make(root);
	memset(&table, 0, sizeof table);
	memset(&use, 0, sizeof use);
	memset(&quota, 0, sizeof quota);
	gpu_feed_init(&feed);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	feed.fd = pair[0];
	far = pair[1];
}

static void teardown(void)
{
	gpu_feed_close(&feed);
	close(far);
	scratch_remove(root);
}

static void client(int pid, int fd, const char *bus, unsigned id, unsigned long long gfx_ms, unsigned long long compute_ms)
{
	char path[2 * SCRATCH_LEN];
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, i ? "%s/%d/fdinfo" : "%s/%d", root, pid);
		ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
	snprintf(path, sizeof path, "%s/%d/fdinfo/%d", root, pid, fd);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t541\ndrm-driver:\tamdgpu\ndrm-client-id:\t%u\ndrm-pdev:\t%s\n"
	    "drm-memory-vram:\t2048 KiB\ndrm-engine-gfx:\t%llu ns\ndrm-engine-compute:\t%llu ns\n"
	    "drm-engine-capacity-compute:\t999999999999\n",
	    id, bus, gfx_ms * 1000000, compute_ms * 1000000);
	ck_assert_int_eq(fclose(f), 0);
}

static void count(uint64_t now_ms, pid_t pid)
{
	const pid_t pids[] = {pid, 4242};
	gpu_use_count(&use, &table, &quota, &feed, root, pids, 2, now_ms);
}

#define BUS "0000:03:00.0"

START_TEST(drm_clients_are_counted_once)
{
	add(BUS, GPU_METER_DRM, 128);
	client(1, 3, BUS, 7, 100, 0);
	count(1000, 1);
	ck_assert(use.measured && use.busy_us == 0); /* nothing is known of the time before */
	client(1, 3, BUS, 7, 600, 200);
	client(1, 4, BUS, 7, 600, 200);                    /* the same one, opened as another number */
	client(4242, 3, BUS, 7, 600, 200);                 /* and in another process */
	client(1, 5, "0000:04:00.0", 9, 500000, 500000);   /* another card */
	count(2000, 1);
	ck_assert_uint_eq(use.busy_us, 500000);
	ck_assert_uint_eq(use.permille, 500);
	ck_assert_uint_eq(use.mem_bytes, 2 << 20);
	client(1, 6, BUS, 8, 0, 250); /* a second client */
	count(3000, 1);
	ck_assert_uint_eq(use.busy_us, 750000);
	ck_assert_uint_eq(use.mem_bytes, 4 << 20);
}
END_TEST

START_TEST(a_device_is_not_busier_than_time_passes)
{
	add(BUS, GPU_METER_DRM, 128);
	client(1, 3, BUS, 7, 0, 0);
	count(1000, 1);
	client(1, 3, BUS, 7, 9000, 90000);
	count(2000, 1);
	ck_assert_uint_eq(use.busy_us, 1000000);
	ck_assert_uint_eq(use.permille, 1000);
	client(1, 3, BUS, 7, 5, 5); /* a counter that goes back counts nothing */
	count(3000, 1);
	ck_assert_uint_eq(use.busy_us, 1000000);
	count(3000, 1); /* nor does a second look at once */
	ck_assert_uint_eq(use.busy_us, 1000000);
}
END_TEST

/* More than can be remembered: what is beyond is not counted, and nothing breaks. */
START_TEST(clients_are_bounded)
{
	add(BUS, GPU_METER_DRM, 128);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < GPU_CLIENTS_MAX + 20; i++)
			client(1, (int)i, BUS, i, (unsigned)round, 0);
		count(1000 + 1000 * (uint64_t)round, 1);
		ck_assert_uint_eq(use.nclients, GPU_CLIENTS_MAX);
	}
	ck_assert_uint_eq(use.busy_us, GPU_CLIENTS_MAX * 1000);
}
END_TEST

static struct gpu_sample sample(const char *bus, uint32_t permille)
{
	struct gpu_sample s = {.permille = permille, .mem_used = 5 << 20, .mem_total = 80ULL << 30};
	snprintf(s.bus, sizeof s.bus, "%s", bus);
	return s;
}

static void say(const void *p, size_t len) { ck_assert_int_eq(send(far, p, len, 0), (ssize_t)len); }

START_TEST(samples_make_time)
{
	add(BUS, GPU_METER_NVML, 0);
	struct gpu_sample s = sample(BUS, 400), other = sample("0000:04:00.0", 1000);
	count(1000, 1);
	ck_assert(!use.measured); /* nobody said anything */
	say(&s, sizeof s);
	say(&other, sizeof other);
	ck_assert(gpu_feed_read(&feed, 1500));
	count(2000, 1);
	ck_assert(use.measured);
	ck_assert_uint_eq(use.busy_us, 400000);
	ck_assert_uint_eq(use.permille, 400);
	ck_assert_uint_eq(use.mem_bytes, 5 << 20);
	count(60000, 1); /* what it said then says nothing of now */
	ck_assert(!use.measured);
	ck_assert_uint_eq(use.busy_us, 400000);
}
END_TEST

START_TEST(a_sender_that_lies_is_cut_off)
{
	struct gpu_sample good = sample(BUS, 10), bad = sample(BUS, 1001), open = sample(BUS, 1);
	memset(open.bus, 'x', sizeof open.bus);
	char big[4096] = {0};
	static const struct { int which; size_t len; } cases[] = {{0, 0}, {1, 0}, {2, 1}, {2, sizeof big}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const void *p = cases[i].which == 0 ? (void *)&bad : cases[i].which == 1 ? (void *)&open : big;
		say(p, cases[i].len ? cases[i].len : sizeof bad);
		ck_assert(!gpu_feed_read(&feed, 1000));
	}
	for (int i = 0; i < GPUS_PER_NODE + 1; i++) {
		snprintf(good.bus, sizeof good.bus, "0000:%02x:00.0", i);
		say(&good, sizeof good);
	}
	ck_assert(!gpu_feed_read(&feed, 1000)); /* more cards than there can be */
	ck_assert_uint_eq(feed.n, GPUS_PER_NODE);
}
END_TEST

START_TEST(a_fake_is_not_measured)
{
	add("", GPU_METER_NONE, 0);
	count(1000, 1);
	count(2000, 1);
	ck_assert(!use.measured && use.busy_us == 0 && use.mem_bytes == 0);
}
END_TEST

static pid_t start_program(const char *libraries, const char *option)
{
	char program[512];
	const char *build = getenv("top_builddir");
	snprintf(program, sizeof program, "%s/zeus-gpu", build ? build : ".");
	pid_t pid = fork();
	if (pid == 0) {
		setenv("LD_LIBRARY_PATH", libraries, 1);
		if (dup2(far, 3) == 3)
			execl(program, "zeus-gpu", option, (char *)NULL);
		_exit(126);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static int end_of(pid_t pid)
{
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(the_library_is_asked)
{
	char libraries[512];
	const char *build = getenv("top_builddir");
	snprintf(libraries, sizeof libraries, "%s/tests/fake_nvml", build ? build : ".");
	ck_assert_int_eq(end_of(start_program(libraries, "--once")), 0);
	ck_assert(gpu_feed_read(&feed, 1000));
	ck_assert_uint_eq(feed.n, 2); /* the card that does not answer is left out */
	const struct gpu_reading *r = gpu_feed_of(&feed, "0000:62:00.0", 1000), *other = gpu_feed_of(&feed, "0000:63:00.0", 1000);
	ck_assert(r && other);
	ck_assert_uint_eq(r->s.permille, 370);
	ck_assert_uint_eq(r->s.mem_used, 10000ULL << 20);
	ck_assert_uint_eq(other->s.permille, 1000); /* no more than all of the time */
	struct gpu_table *t = calloc(1, sizeof *t);
	ck_assert_ptr_nonnull(t);
	strcpy(gpu_add(t)->bus, "0000:62:00.0");
	t->gpu[0].meter = GPU_METER_NVML;
	t->gpu[0].offered = true;
	ck_assert(kernel_gpus_sampled(t));
	pid_t pid = start_program(libraries, NULL); /* goes on until nobody listens */
	kernel_gpus_learn(t, feed.fd, 60000);
	ck_assert_uint_eq(t->gpu[0].info.mem_mib, 81559);
	gpu_feed_close(&feed);
	close(far);
	far = -1;
	ck_assert_int_eq(end_of(pid), 0);
	free(t);
}
END_TEST

START_TEST(without_the_library_it_says_so)
{
	ck_assert_int_eq(end_of(start_program("/nowhere", "--once")), 1);
	ck_assert_int_eq(end_of(start_program("/nowhere", "--what")), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gpu_load");
	TCase *c = tcase_create("all");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	const TTest *const tests[] = {drm_clients_are_counted_once, a_device_is_not_busier_than_time_passes, clients_are_bounded,
	    samples_make_time, a_sender_that_lies_is_cut_off, a_fake_is_not_measured, the_library_is_asked, without_the_library_it_says_so};
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(c, tests[i]);
	suite_add_tcase(s, c);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
