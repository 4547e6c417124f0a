/* The verbs over a pipe against the fake.
 *
 * What goes in comes out, refusals are values, and anything that is not exactly a request ends the connection. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"

static const struct lease_name one = {"00000000000a"}, two = {"00000000000b"};
static const struct kernel_policy policy = {
    .per_lease = {{[RES_CPU_MILLI] = 2000, [RES_MEM_MIB] = 512, [RES_DISK_MIB] = 64, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 64}},
    .total = {{[RES_CPU_MILLI] = 3000, [RES_MEM_MIB] = 900, [RES_DISK_MIB] = 128, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 128}},
    .max_leases = 3, .ndevices = 1, .devices = {{'c', 195, 0}}};

static struct kernel *fake, *k;
static pid_t server;
static int ends[2];

static struct quota quota(void)
{
	return (struct quota){.res = {{[RES_CPU_MILLI] = 500, [RES_MEM_MIB] = 128, [RES_UP_KBPS] = 1000, [RES_DOWN_KBPS] = 1000,
	    [RES_PIDS] = 16}},
	    .ndevices = 1, .devices = {{'c', 195, 0}}};
}

static struct task_spec task(void)
{
	struct task_spec s = {.nargs = 2, .args = {"/bin/true", "a\nb \xff"}, .nenv = 1, .env = {"K=v"}, .cwd = "/"};
	memset(s.image, 'a', 64);
	return s;
}

/* The server is a process that serves until the other end is gone; it leaves with what kernel_serve said last. */
static void setup(void)
{
	fake = kernel_fake_new(&policy);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	server = fork();
	if (server == 0) {
		int r;
		close(ends[0]);
		while ((r = kernel_serve(fake, ends[1])) == 0)
			;
		_exit(r == -EPIPE ? 0 : r == -EBADMSG ? 1 : 2);
	}
	close(ends[1]);
	ck_assert_int_eq(kernel_client_new(ends[0], &k), 0);
}

static int server_status(void)
{
	int status;
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void teardown(void)
{
	k->ops->close(k);
	ck_assert_int_eq(server_status(), 0);
	fake->ops->close(fake);
}

START_TEST(verbs_pass_through)
{
	struct quota q = quota(), got;
	struct task_spec t = task();
	struct lease_name names[8];
	struct usage u[2];
	struct inventory inv;
	struct drift found[DRIFTS_MAX];
	uint32_t n = 0;
	ck_assert_int_eq(k->ops->inventory(k, &inv), 0);
	ck_assert(resources_eq(&inv.res, &policy.total));
	ck_assert_str_eq(inv.cgroup_mode, "v2");
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), 0);
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EEXIST);
	ck_assert_int_eq(k->ops->lease_quota(k, &one, &got), 0);
	ck_assert(quota_eq(&q, &got));
	q.ndevices = 0;
	q.res.v[RES_CPU_MILLI] = 700;
	ck_assert_int_eq(k->ops->lease_set(k, &one, &q), 0);
	ck_assert_int_eq(k->ops->lease_quota(k, &one, &got), 0);
	ck_assert(quota_eq(&q, &got));
	ck_assert_int_eq(k->ops->lease_open(k, &two, &q), 0);
	ck_assert_int_eq(k->ops->lease_list(k, names, 8, &n), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(k->ops->lease_list(k, names, 1, &n), -ENOSPC);
	ck_assert_int_eq(k->ops->lease_check(k, &one, found, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(k->ops->task_start(k, &one), -EINVAL);
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), 0);
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), -EEXIST);
	ck_assert_int_eq(k->ops->task_start(k, &one), 0);
	ck_assert_int_eq(k->ops->lease_freeze(k, &one, true), 0);
	ck_assert_int_eq(k->ops->usage(k, names, 2, u), 0);
	ck_assert(u[0].phase == TASK_FROZEN && u[1].phase == TASK_NONE && u[0].group_id != u[1].group_id);
	ck_assert_int_eq(k->ops->lease_freeze(k, &one, false), 0);
	ck_assert_int_eq(k->ops->task_signal(k, &one, SIGTERM), 0);
	ck_assert_int_eq(k->ops->usage(k, &one, 1, u), 0);
	ck_assert(u[0].phase == TASK_EXITED && u[0].exit_code == 128 + SIGTERM);
	ck_assert_int_eq(k->ops->task_signal(k, &one, 0), -EINVAL);
	ck_assert_int_eq(k->ops->task_signal(k, &one, 1000), -EINVAL);
	ck_assert_int_eq(k->ops->task_delete(k, &one), 0);
	ck_assert_int_eq(k->ops->lease_close(k, &one), 0);
	ck_assert_int_eq(k->ops->lease_close(k, &one), 0);
	ck_assert_int_eq(k->ops->usage(k, &one, 1, u), -ESRCH);
}
END_TEST

START_TEST(policy_refuses)
{
	struct quota q = quota();
	q.res.v[RES_CPU_MILLI] = 2001;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EDQUOT);
	q = quota();
	q.res.v[RES_SPARE_A] = 1;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EINVAL);
	q = quota();
	q.res.v[RES_CONN] = CONN_PER_S_MAX + 1;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EDQUOT);
	q = quota();
	q.res.v[RES_PIDS] = 0;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EINVAL);
	q = quota();
	q.devices[0].minor = 1;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EPERM);
	q = quota();
	q.ndevices = 2;
	q.devices[1] = q.devices[0];
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), -EINVAL);
	q = quota();
	q.res.v[RES_CPU_MILLI] = 1800;
	ck_assert_int_eq(k->ops->lease_open(k, &one, &q), 0);
	ck_assert_int_eq(k->ops->lease_open(k, &two, &q), -EDQUOT); /* together over the total */
	q.res.v[RES_CPU_MILLI] = 2000;
	ck_assert_int_eq(k->ops->lease_set(k, &one, &q), 0);
	struct task_spec t = task();
	t.cwd[0] = 'x';
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), -EINVAL);
	t = task();
	t.image[3] = 'G';
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), -EINVAL);
	t = task();
	t.env[0] = "noequals";
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), -EINVAL);
	t = task();
	t.nargs = 0;
	ck_assert_int_eq(k->ops->task_create(k, &one, &t), -EINVAL);
}
END_TEST

START_TEST(faults_come_when_asked)
{
	struct quota q = quota();
	struct usage u;
	struct kernel *f = kernel_fake_new(&policy);
	kernel_fake_fail(f, 2, ENOSPC);
	ck_assert_int_eq(f->ops->lease_open(f, &one, &q), 0);
	ck_assert_int_eq(f->ops->lease_open(f, &two, &q), -ENOSPC);
	struct task_spec t = task();
	ck_assert_int_eq(f->ops->task_create(f, &one, &t), 0);
	ck_assert_int_eq(f->ops->task_start(f, &one), 0);
	kernel_fake_advance(f, 1000000);
	ck_assert_int_eq(f->ops->usage(f, &one, 1, &u), 0);
	ck_assert_uint_eq(u.cpu_us, 500000);
	kernel_fake_exit(f, &one, 3);
	kernel_fake_advance(f, 1000000);
	ck_assert_int_eq(f->ops->usage(f, &one, 1, &u), 0);
	ck_assert(u.phase == TASK_EXITED && u.exit_code == 3 && u.cpu_us == 500000);
	f->ops->close(f);
}
END_TEST

/* --- bytes that are no request ---------------------------------------------------------------------------------------------------- */

static struct wbuf bytes;
static uint8_t space[WIRE_MAX + 64];

static void begin(uint8_t verb)
{
	bytes = wbuf_on(space, sizeof space);
	put_u8(&bytes, verb);
	put_u32(&bytes, 1);
}

static void name(const char *s) { put_bytes(&bytes, s, LEASE_NAME_LEN); }

static void make_bad(int which)
{
	struct quota q = quota();
	begin(VERB_OPEN);
	switch (which) {
	case 0: begin(0); break;
	case 1: begin(VERB_LAST + 1); break;
	case 2: begin(255); break;
	case 3: bytes.len = 3; break;                                        /* cut in the head */
	case 4: name("00000000000A"); quota_put(&bytes, &q); break;          /* not a lease's name */
	case 5: name("../../../../e"); quota_put(&bytes, &q); break;
	case 6: name(one.s); quota_put(&bytes, &q); put_u8(&bytes, 0); break; /* trailing byte */
	case 7: name(one.s); quota_put(&bytes, &q); bytes.len--; break;
	case 8: name(one.s); put_resources(&bytes, &q.res); put_u32(&bytes, DEVICES_PER_LEASE + 1); break;
	case 9: begin(VERB_FREEZE); name(one.s); put_u8(&bytes, 2); break;
	case 10: begin(VERB_USAGE); put_u32(&bytes, 0xffffffff); break;
	case 11: begin(VERB_USAGE); put_u32(&bytes, 2); name(one.s); break;
	case 12: begin(VERB_INVENTORY); put_u8(&bytes, 0); break;
	case 13: begin(VERB_TASK_CREATE); name(one.s); memset(space + bytes.len, 'a', 64); bytes.len += 64; put_u32(&bytes,
	    0xffffff); break;
	case 14: begin(VERB_TASK_CREATE); name(one.s); memset(space + bytes.len, 'a', 64); bytes.len += 64; put_u32(&bytes,
	    1); put_u32(&bytes, 0xfffffff0); break;
	case 15: bytes.len = WIRE_MAX + 1; break;                            /* over-long */
	}
}

START_TEST(malformed_requests_end_the_connection)
{
	uint8_t answer[16];
	k->ops->close(k); /* the ordinary client is not used here */
	ck_assert_int_eq(server_status(), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	make_bad(_i);
	ck_assert_int_eq(send(ends[0], space, bytes.len, 0), bytes.len);
	ck_assert_int_eq(kernel_serve(fake, ends[1]), -EBADMSG);
	ck_assert_int_eq(recv(ends[0], answer, sizeof answer, MSG_DONTWAIT), -1);
	close(ends[0]);
	ck_assert_int_eq(kernel_serve(fake, ends[1]), -EPIPE);
	close(ends[1]);
	uint32_t n;
	struct lease_name names[1];
	ck_assert_int_eq(fake->ops->lease_list(fake, names, 1, &n), 0);
	ck_assert_uint_eq(n, 0);
	fake->ops->close(fake);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kernel_fake");
	TCase *c = tcase_create("pipe"), *bad = tcase_create("malformed");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, verbs_pass_through);
	tcase_add_test(c, policy_refuses);
	tcase_add_test(c, faults_come_when_asked);
	tcase_add_checked_fixture(bad, setup, NULL);
	tcase_add_loop_test(bad, malformed_requests_end_the_connection, 0, 16);
	suite_add_tcase(s, c);
	suite_add_tcase(s, bad);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
