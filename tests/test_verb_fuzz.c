/* A compromised plan child: what it may send to the privileged parent, thrown at the server of the verbs.
 *
 * Packets are noise, sound requests of any order and value, sound ones with some bytes changed, replays, ones that are too long, and
 * ones that bring descriptors. The server answers or says -EBADMSG; it never crashes, never grants more than the policy, answers each
 * packet at most once and keeps no descriptor. ZEUS_FUZZ says how many packets; `make verbs PACKETS=N` is the long run. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel-facing/policy.h"
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"

#define PACKETS 20000u

static const struct kernel_policy policy = {
    .per_lease = {{[RES_CPU_MILLI] = 2000, [RES_MEM_MIB] = 512, [RES_DISK_MIB] = 64, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 64}},
    .total = {{[RES_CPU_MILLI] = 3000, [RES_MEM_MIB] = 900, [RES_DISK_MIB] = 128, [RES_UP_KBPS] = 9000, [RES_DOWN_KBPS] = 9000,
    [RES_PIDS] = 128}},
    .max_leases = 3, .ndevices = 1, .devices = {{'c', 195, 0}}};

static uint64_t seed = 88172645463325252ULL;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

static void put_name(struct wbuf *w)
{
	struct lease_name n = {"00000000000a"};
	n.s[LEASE_NAME_LEN - 1] = "abcdef"[any(6)];
	verb_name_put(w, &n);
}

static void put_quota(struct wbuf *w)
{
	struct quota q = {.res = {{[RES_CPU_MILLI] = any(3000), [RES_MEM_MIB] = any(600), [RES_PIDS] = any(80)}}, .ndevices = any(2)};
	q.devices[0] = (struct device_rule){'c', 195, any(2)};
	quota_put(w, &q);
}

static void put_task(struct wbuf *w)
{
	struct task_spec s = {.nargs = 1 + any(3), .args = {"/bin/true", "a\nb", ""}, .nenv = any(2), .env = {"K=v"}, .cwd = "/"};
	memset(s.image, 'a', 64);
	verb_task_put(w, &s);
}

/* A sound request of some verb. */
static size_t request(uint8_t *buf)
{
	struct wbuf w = wbuf_on(buf, WIRE_MAX);
	enum verb verb = (enum verb)(1 + any(VERB_LAST));
	put_u8(&w, (uint8_t)verb);
	put_u32(&w, any(UINT32_MAX));
	if (verb == VERB_USAGE)
		put_u32(&w, 1);
	if (verb != VERB_INVENTORY && verb != VERB_LIST)
		put_name(&w);
	if (verb == VERB_OPEN || verb == VERB_SET)
		put_quota(&w);
	if (verb == VERB_FREEZE)
		put_u8(&w, (uint8_t)any(2));
	if (verb == VERB_TASK_SIGNAL)
		put_u32(&w, any(70));
	if (verb == VERB_TASK_CREATE)
		put_task(&w);
	ck_assert(!w.bad);
	return w.len;
}

static size_t noise(uint8_t *buf)
{
	size_t len = 1 + any(any(8) ? 64 : 4096);
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)any(256);
	buf[0] = (uint8_t)any(VERB_LAST + 2);
	return len;
}

#define KEPT 16
static struct { size_t len; uint8_t bytes[1024]; } kept[KEPT]; /* for replays */

static size_t packet(uint8_t *buf)
{
	uint32_t how = any(8), old = any(KEPT);
	if (how < 2)
		return noise(buf);
	if (how == 2 && kept[old].len) {
		memcpy(buf, kept[old].bytes, kept[old].len);
		return kept[old].len;
	}
	size_t len = request(buf);
	if (how < 6) { /* as sound as it is: what it asks, when, and in what order is what is wrong */
		kept[old].len = len <= sizeof kept[old].bytes ? len : 0;
		memcpy(kept[old].bytes, buf, kept[old].len);
		return len;
	}
	for (uint32_t n = any(4); n; n--)
		buf[any((uint32_t)len)] = (uint8_t)any(256);
	return any(8) ? len : 1 + any((uint32_t)len);
}

/* Now and then with descriptors, which nobody asked for. */
static bool send_packet(int fd, const uint8_t *buf, size_t len)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(4 * sizeof(int))]; } control = {.h = {.cmsg_len = CMSG_LEN(4 * sizeof(int)),
	    .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	int passed[4] = {0, 1, 2, fd};
	bool brings = any(64) == 0;
	struct iovec v = {(void *)(uintptr_t)buf, len};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	memcpy(CMSG_DATA(&control.h), passed, sizeof passed);
	if (brings) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
	}
	ck_assert_int_eq(sendmsg(fd, &m, 0), (ssize_t)len);
	return brings;
}

static int descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void within_policy(struct kernel *k)
{
	struct lease_name names[LEASES_PER_NODE_MAX];
	struct resources sum = {0};
	struct quota q;
	uint32_t n = 0;
	ck_assert_int_eq(k->ops->lease_list(k, names, LEASES_PER_NODE_MAX, &n), 0);
	ck_assert_uint_le(n, policy.max_leases);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_int_eq(k->ops->lease_quota(k, &names[i], &q), 0);
		ck_assert(resources_fit(&q.res, &policy.per_lease) && resources_add(&sum, &q.res));
	}
	ck_assert(resources_fit(&sum, &policy.total));
}

START_TEST(anything_may_come)
{
	const char *asked = getenv("ZEUS_FUZZ");
	uint32_t packets = asked ? (uint32_t)strtoul(asked, NULL, 10) : PACKETS, answered = 0;
	struct kernel *k = kernel_fake_new(&policy);
	uint8_t *buf = malloc(WIRE_MAX);
	int ends[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	int open_before = descriptors();
	for (uint32_t i = 0; i < packets; i++) {
		size_t len = packet(buf);
		bool brings = send_packet(ends[0], buf, len);
		int r = kernel_serve(k, ends[1]);
		ck_assert(r == 0 || r == -EBADMSG);
		ck_assert(!brings || r == -EBADMSG);
		ssize_t got = recv(ends[0], buf, WIRE_MAX, MSG_DONTWAIT);
		ck_assert_int_eq(got >= 8, r == 0);
		answered += r == 0;
		if (i % 64 == 0)
			within_policy(k);
	}
	ck_assert_uint_gt(answered, packets / 8); /* sound requests were among them */
	ck_assert_int_eq(descriptors(), open_before);
	printf("%u packets, %u of them answered\n", packets, answered);
	close(ends[0]);
	ck_assert_int_eq(kernel_serve(k, ends[1]), -EPIPE);
	close(ends[1]);
	free(buf);
	k->ops->close(k);
}
END_TEST

/* Longer than a packet may be: cut off by the kernel, refused by the server. And more answers than anybody reads: it does not wait. */
START_TEST(too_long_and_unread)
{
	static uint8_t big[WIRE_MAX + 1];
	struct kernel *k = kernel_fake_new(&policy);
	int ends[2], r = 0;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	big[0] = VERB_LIST;
	ck_assert_int_eq(send(ends[0], big, sizeof big, 0), (ssize_t)sizeof big);
	ck_assert_int_eq(kernel_serve(k, ends[1]), -EBADMSG);
	for (int i = 0; i < 100000 && r == 0; i++) {
		ck_assert_int_eq(send(ends[0], big, 5, 0), 5);
		r = kernel_serve(k, ends[1]);
	}
	ck_assert_int_eq(r, -EBADMSG);
	close(ends[0]);
	close(ends[1]);
	k->ops->close(k);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("verb_fuzz");
	TCase *c = tcase_create("verb_fuzz");
	tcase_set_timeout(c, getenv("ZEUS_FUZZ") ? 0 : 120);
	tcase_add_test(c, anything_may_come);
	tcase_add_test(c, too_long_and_unread);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
