/* What a lease may open on the network, on the real kernel: how often, and where to; and that nobody else feels it.
 *
 * It knows the addresses of a lease and the table in its namespace. It needs what test_kernel_direct needs, and asserts no least speed. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <nftables/libnftables.h>
#include "common/cleanup.h"
#include "kernel-facing/direct.h"
#include "tests/kernel_site.h"

#define RATE 8
#define BURST (RATE / 4)
#define WAIT_MS 60000

static struct site site;
static const struct lease_name lease = {"0123456789ab"}, other = {"ba9876543210"};

static void setup(void)
{
	site_init(&site);
	site_open(&site);
}

static void teardown(void) { site_close(&site); }

static void reopen(enum reach reach)
{
	site.k->ops->close(site.k);
	site.cfg.policy.reach = reach;
	site_open(&site);
}

static void open_lease(const struct lease_name *name, uint32_t conn)
{
	struct quota q = site_quota();
	q.res.v[RES_CONN] = conn;
	int r = site.k->ops->lease_open(site.k, name, &q);
	ck_assert_msg(r == 0, "lease_open: %s", strerror(-r));
}

static uint32_t host_end(const struct lease_name *name)
{
	return netns_base_ip(site.cfg.instance, lease_find(direct_of(site.k), name)->rec.slot) + 1;
}

static int bound(int type, uint32_t ip, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip), .sin_port = htons(*port)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert(type != SOCK_STREAM || listen(fd, 64) == 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static uint32_t accept_all(int listener)
{
	uint32_t n = 0;
	for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		close(fd);
	return n;
}

static const char *dotted(uint32_t ip)
{
	struct in_addr a = {htonl(ip)};
	return inet_ntoa(a);
}

/* --- the rate -------------------------------------------------------------------------------------------------------------------- */

/* Eight loops that open one connection after another in the first lease; a count of them in the second. Both at once. */
START_TEST(new_connections_are_held_to_the_rate)
{
	char script[512];
	uint16_t port = 0, other_port = 0;
	uint32_t n = 0, others = 0;
	struct usage u = {0};
	open_lease(&lease, RATE);
	open_lease(&other, 0);
	autoclose int listener = bound(SOCK_STREAM, host_end(&lease), &port);
	autoclose int quiet = bound(SOCK_STREAM, host_end(&other), &other_port);
	uint64_t from = host_now_ms();
	snprintf(script, sizeof script, "for i in 1 2 3 4 5 6 7 8; do while :; do nc %s %u < /dev/null; done & done; wait",
	    dotted(host_end(&lease)), port);
	ck_assert_int_eq(site_run(&site, &lease, script), 0);
	snprintf(script, sizeof script, "i=0; while [ $i -lt 20 ]; do nc %s %u < /dev/null && i=$((i+1)); done; exit 5",
	    dotted(host_end(&other)), other_port);
	ck_assert_int_eq(site_run(&site, &other, script), 0);
	for (uint64_t end = from + WAIT_MS; host_now_ms() < end; site_pause(5)) {
		n += accept_all(listener);
		others += accept_all(quiet);
		u = site_usage(&site, &lease);
		if (u.conn_held_back >= 8 && site_usage(&site, &other).phase == TASK_EXITED)
			break;
	}
	n += accept_all(listener);
	double most = (double)(host_now_ms() - from) * RATE / 1000 + BURST + 1;
	printf("%u connections, at most %.1f; %u held back\n", n, most, (unsigned)u.conn_held_back);
	ck_assert_uint_ge(u.conn_held_back, 8);
	ck_assert(n > 0 && n <= most);
	ck_assert_uint_ge(u.conn_opened, 1);
	u = site_usage(&site, &other);
	ck_assert_int_eq(u.phase, TASK_EXITED);
	ck_assert_int_eq(u.exit_code, 5);
	ck_assert_uint_ge(others, 20);
	ck_assert_uint_ge(u.conn_opened, 20);
	ck_assert_uint_eq(u.conn_held_back, 0);
}
END_TEST

/* What is done from inside a lease's namespace, by this program: it needs no task, and holds more privilege than one has. */
struct inside { uint32_t to; uint16_t port, own_port; uint32_t sent, failed; uint64_t ms; };

static int send_udp(uint32_t ip, uint16_t port, int fd)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip), .sin_port = htons(port)};
	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof a) == 1 ? 0 : -errno;
}

/* A hundred flows, and a hundred datagrams of the first one. */
static int flood_udp(void *arg)
{
	struct inside *in = arg;
	uint16_t none = 0;
	uint64_t from = host_now_ms();
	autoclose int first = bound(SOCK_DGRAM, in->to + 1, &none);
	if (send_udp(in->to, in->port, first) < 0)
		return -ENOTCONN;
	in->sent = 1;
	for (int i = 0; i < 100; i++) {
		none = 0;
		autoclose int fd = bound(SOCK_DGRAM, in->to + 1, &none);
		int r = send_udp(in->to, in->port, fd);
		in->sent += r == 0;
		in->failed += r == -EPERM;
	}
	in->ms = host_now_ms() - from;
	for (int i = 0; i < 100; i++)
		if (send_udp(in->to, in->port, first) < 0)
			return -ECONNABORTED;
	return 0;
}

static int call_inside(const struct lease_name *name, int (*f)(void *arg), void *arg)
{
	char path[HOST_PATH];
	int r = host_path(path, "%s/leases/%s/netns", site.dir, name->s);
	return r < 0 ? r : netns_call(path, f, arg);
}

START_TEST(flows_without_connections_count_too)
{
	struct inside in = {0};
	open_lease(&lease, RATE);
	in.to = host_end(&lease);
	autoclose int fd = bound(SOCK_DGRAM, in.to, &in.port);
	ck_assert_int_eq(call_inside(&lease, flood_udp, &in), 0);
	ck_assert_uint_eq(in.sent + in.failed, 101);
	ck_assert_uint_gt(in.failed, 0);
	ck_assert(in.sent <= (double)in.ms * RATE / 1000 + BURST + 1);
	struct usage u = site_usage(&site, &lease);
	ck_assert_uint_eq(u.conn_opened, in.sent);
	ck_assert_uint_eq(u.conn_held_back, in.failed);
	ck_assert_uint_eq(u.ip, in.to + 1); /* beside the host's end */
}
END_TEST

START_TEST(the_rate_changes_live_and_is_read_back)
{
	static const uint32_t rates[] = {50, 0, 1, 1000};
	struct quota q = site_quota(), got;
	open_lease(&lease, 7);
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert_uint_eq(got.res.v[RES_CONN], 7);
	struct inside in = {.to = host_end(&lease)};
	autoclose int fd = bound(SOCK_DGRAM, in.to, &in.port);
	ck_assert_int_eq(call_inside(&lease, flood_udp, &in), 0);
	struct usage before = site_usage(&site, &lease);
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		q.res.v[RES_CONN] = rates[i];
		ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), 0);
		ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
		ck_assert(quota_eq(&q, &got));
	}
	struct usage after = site_usage(&site, &lease);
	ck_assert_uint_eq(after.conn_opened, before.conn_opened);
	ck_assert_uint_eq(after.conn_held_back, before.conn_held_back);
	q.res.v[RES_CONN] = 1001; /* beyond the policy */
	ck_assert_int_eq(site.k->ops->lease_set(site.k, &lease, &q), -EDQUOT);
}
END_TEST

/* --- reach ------------------------------------------------------------------------------------------------------------------------- */

/* Connects, again and again, until the other side listens; what it says first. */
static ssize_t ask(uint32_t ip, uint16_t port, char *out, size_t cap)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip), .sin_port = htons(port)};
	for (uint64_t end = host_now_ms() + WAIT_MS; host_now_ms() < end; site_pause(20)) {
		autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
			return read(fd, out, cap);
	}
	return -1;
}

START_TEST(reach_none_answers_and_opens_nothing)
{
	char script[512], word[8] = "";
	uint16_t port = 0;
	reopen(REACH_NONE);
	open_lease(&lease, 0);
	autoclose int listener = bound(SOCK_STREAM, host_end(&lease), &port);
	snprintf(script, sizeof script, "(nc %s %u < /dev/null && echo LEAKED) & echo hello | nc -l -p 7000; sleep 600",
	    dotted(host_end(&lease)), port);
	ck_assert_int_eq(site_run(&site, &lease, script), 0);
	ck_assert_int_eq(ask(host_end(&lease) + 1, 7000, word, 5), 5);
	ck_assert_str_eq(word, "hello");
	for (uint64_t end = host_now_ms() + WAIT_MS; host_now_ms() < end && !site_usage(&site, &lease).conn_refused;)
		site_pause(5);
	struct usage u = site_usage(&site, &lease);
	ck_assert_uint_gt(u.conn_refused, 0);
	ck_assert_uint_eq(u.conn_opened, 0);
	ck_assert_uint_eq(accept_all(listener), 0);
}
END_TEST

/* As far as datagrams go: to the host, to another lease, beyond, by IPv6; and then the answer to one that came. */
static int try_everywhere(void *arg)
{
	const struct inside *in = arg;
	uint16_t port = in->own_port;
	char byte;
	struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0xff, 0x02, [15] = 1}, .sin6_port = htons(9),
	    .sin6_scope_id = if_nametoindex(NETNS_TASK_LINK)};
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	autoclose int fd = bound(SOCK_DGRAM, in->to + 1, &port);
	autoclose int six = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (send_udp(in->to, in->port, fd) != -EPERM)
		return -EISCONN;
	if (send_udp(in->to + 4, in->port, fd) == 0 || send_udp(0x01010101, 53, fd) == 0)
		return -EHOSTUNREACH;
	if (six >= 0 && sendto(six, "x", 1, 0, (struct sockaddr *)&all, sizeof all) == 1)
		return -EAFNOSUPPORT;
	if (write((int)in->ms, "r", 1) != 1) /* ready: the host sends */
		return -EPIPE;
	struct pollfd p = {fd, POLLIN, 0};
	if (poll(&p, 1, WAIT_MS) != 1 || recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &len) != 1)
		return -ETIMEDOUT;
	return sendto(fd, "y", 1, 0, (struct sockaddr *)&from, len) == 1 ? 0 : -errno;
}

START_TEST(datagrams_answer_and_open_nothing)
{
	int ready[2], status;
	char byte;
	struct inside in = {.own_port = 7001};
	reopen(REACH_NONE);
	open_lease(&lease, 0);
	in.to = host_end(&lease);
	autoclose int fd = bound(SOCK_DGRAM, in.to, &in.port);
	ck_assert_int_eq(pipe(ready), 0);
	in.ms = (uint64_t)ready[1];
	pid_t pid = fork();
	if (pid == 0)
		_exit(-call_inside(&lease, try_everywhere, &in));
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1)
		ck_assert_int_eq(send_udp(in.to + 1, in.own_port, fd), 0);
	close(ready[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "inside: %s", strerror(WEXITSTATUS(status)));
	struct pollfd p = {fd, POLLIN, 0};
	ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
	ck_assert(recv(fd, &byte, 1, 0) == 1 && byte == 'y');
	ck_assert_uint_gt(site_usage(&site, &lease).conn_refused, 0);
	ck_assert_uint_eq(site_usage(&site, &lease).conn_opened, 0);
}
END_TEST

START_TEST(a_new_policy_holds_for_leases_in_force)
{
	struct inside in = {.own_port = 0};
	struct kernel_policy p = site.cfg.policy;
	struct drift found[DRIFTS_MAX];
	uint32_t n = 99;
	open_lease(&lease, 0);
	in.to = host_end(&lease);
	autoclose int fd = bound(SOCK_DGRAM, in.to, &in.port);
	ck_assert_int_eq(call_inside(&lease, flood_udp, &in), 0);
	p.reach = REACH_NONE;
	kernel_direct_policy(site.k, &p);
	ck_assert_int_eq(call_inside(&lease, flood_udp, &in), -ENOTCONN);
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	ck_assert_uint_eq(n, 0); /* it was wanted: no drift */
}
END_TEST

/* --- drift ------------------------------------------------------------------------------------------------------------------------- */

static int nft(void *arg)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	int r = ctx ? nft_run_cmd_from_buffer(ctx, arg) : -1;
	nft_ctx_free(ctx);
	return r;
}

static void change(const char *command)
{
	char text[256];
	snprintf(text, sizeof text, "%s", command);
	ck_assert_int_eq(call_inside(&lease, nft, text), 0);
}

static uint32_t check(struct drift found[DRIFTS_MAX])
{
	uint32_t n = 99;
	ck_assert_int_eq(site.k->ops->lease_check(site.k, &lease, found, &n), 0);
	return n;
}

START_TEST(changes_by_others_are_told_and_repaired)
{
	static const struct { const char *command, *what; uint32_t n; uint64_t have; } changes[] = {
	    {"delete table inet zeus", "conn", 2, FENCE_NO_LIMIT},
	    {"flush ruleset", "conn", 2, FENCE_NO_LIMIT},
	    {"insert rule inet zeus out accept", "reach", 1, UINT64_MAX},
	    {"flush chain inet zeus new; add rule inet zeus new accept", "reach", 1, UINT64_MAX},
	    {"flush chain inet zeus new; delete limit inet zeus conn_rate; add limit inet zeus conn_rate { rate 9000/second; }", "conn", 2,
		9000},
	};
	struct drift found[DRIFTS_MAX];
	struct inside in = {0};
	open_lease(&lease, RATE);
	in.to = host_end(&lease);
	autoclose int fd = bound(SOCK_DGRAM, in.to, &in.port);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		ck_assert_uint_eq(check(found), 0);
		change(changes[i].command);
		ck_assert_msg(check(found) == changes[i].n, "%s", changes[i].command);
		ck_assert_str_eq(found[0].what, changes[i].what);
		ck_assert_uint_eq(found[0].have, changes[i].have);
		ck_assert_uint_eq(check(found), 0);
		in.sent = in.failed = 0;
		ck_assert_int_eq(call_inside(&lease, flood_udp, &in), 0);
		ck_assert_msg(in.failed > 0 && in.sent <= (double)in.ms * RATE / 1000 + BURST + 1, "not repaired: %s", changes[i].command);
	}
	change("add table inet another"); /* of no concern: it can only forbid */
	ck_assert_uint_eq(check(found), 0);
}
END_TEST

START_TEST(what_changed_while_nobody_looked_is_told)
{
	struct drift found[DRIFTS_MAX];
	struct quota got;
	open_lease(&lease, RATE);
	reopen(REACH_HOST);
	ck_assert_uint_eq(check(found), 0);
	change("delete table inet zeus");
	reopen(REACH_HOST);
	ck_assert_int_eq(site.k->ops->lease_quota(site.k, &lease, &got), 0);
	ck_assert_uint_eq(got.res.v[RES_CONN], RATE);
	ck_assert_uint_eq(check(found), 1);
	ck_assert_str_eq(found[0].what, "reach");
	ck_assert_uint_eq(check(found), 0);
}
END_TEST

int main(void)
{
	site_need();
	site_image_make();
	Suite *s = suite_create("kernel_net");
	TCase *c = tcase_create("fence");
	tcase_set_timeout(c, 180);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, new_connections_are_held_to_the_rate);
	tcase_add_test(c, flows_without_connections_count_too);
	tcase_add_test(c, the_rate_changes_live_and_is_read_back);
	tcase_add_test(c, reach_none_answers_and_opens_nothing);
	tcase_add_test(c, datagrams_answer_and_open_nothing);
	tcase_add_test(c, a_new_policy_holds_for_leases_in_force);
	tcase_add_test(c, changes_by_others_are_told_and_repaired);
	tcase_add_test(c, what_changed_while_nobody_looked_is_told);
	suite_add_tcase(s, c);
	return site_main(s);
}
