/* The ledger's socket: golden bytes of every message, and a transcript over real sockets.
 *
 * Knows both ends of a socket. Who may send what is the ledger's business and tested there. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/conn.h"
#include "tests/vector.h"

static uint8_t room[VECTOR_MAX];

static bool head_again(struct slice in, struct wbuf *out)
{
	struct rbuf r = rbuf_on(in.p, in.len);
	struct wire_head h;
	if (!wire_head_get(&r, &h) || !rbuf_end(&r))
		return false;
	wire_head_put(out, &h);
	return true;
}

#define AGAIN(name) \
	static bool name##_again(struct slice in, struct wbuf *out) \
	{ \
		struct wire_##name m; \
		if (!wire_##name##_get(in, &m)) \
			return false; \
		wire_##name##_put(out, &m); \
		return true; \
	}
AGAIN(hello) AGAIN(welcome) AGAIN(intent) AGAIN(answer) AGAIN(get_block) AGAIN(block) AGAIN(open_uid) AGAIN(batch)
AGAIN(get_seq) AGAIN(seq) AGAIN(get_work) AGAIN(work)
AGAIN(at) AGAIN(found) AGAIN(get_proof)

static bool find_tx_again(struct slice in, struct wbuf *out)
{
	struct id txid;
	if (!wire_find_tx_get(in, &txid))
		return false;
	wire_find_tx_put(out, &txid);
	return true;
}

static bool uids_again(struct slice in, struct wbuf *out)
{
	struct wire_uid uids[4];
	uint32_t n;
	if (!wire_uids_get(in, uids, 4, &n))
		return false;
	wire_uids_put(out, uids, n);
	return true;
}

static bool usages_again(struct slice in, struct wbuf *out)
{
	struct usage_receipt receipts[4];
	uint32_t n;
	if (!wire_usages_get(in, receipts, 4, &n))
		return false;
	wire_usages_put(out, receipts, n);
	return true;
}

#define HOLD(name, ...) do { \
	struct wbuf w = wbuf_on(room, sizeof room); \
	wire_##name##_put(&w, __VA_ARGS__); \
	vector_hold("wire.txt", #name, &w, name##_again); \
} while (0)

START_TEST(vectors_hold)
{
	static const uint8_t body[] = "body";
	struct slice some = {body, 4};
	struct id id;
	vector_fill(&id, 32, 1);
	HOLD(head, &(struct wire_head){WIRE_INTENT, 77, 0x1122334455667788});
	HOLD(hello, &(struct wire_hello){~0ULL, id, true});
	HOLD(welcome, &(struct wire_welcome){.genesis = id, .chain_id = 7, .height = 8, .engine = "solo"});
	HOLD(intent, &(struct wire_intent){1000, TX_BID, {{0}}, some});
	HOLD(answer, &(struct wire_answer){V_NO_FUNDS, id, 9});
	HOLD(get_block, &(struct wire_get_block){WIRE_LANE_MAIN, 9, PART_TXS, 10});
	HOLD(block, &(struct wire_block){4, some});
	HOLD(open_uid, &(struct wire_open_uid){0, 1000, money_of(5)});
	HOLD(at, &(struct wire_at){77});
	HOLD(batch, &(struct wire_batch){1000, 2, true, some});
	HOLD(get_seq, &(struct wire_get_seq){id, {{2}}});
	HOLD(seq, &(struct wire_seq){true, 9});
	HOLD(get_work, &(struct wire_get_work){{{2}}});
	HOLD(work, &(struct wire_work){true, 3, UINT64_MAX, 86400000});
	HOLD(find_tx, &id);
	HOLD(found, &(struct wire_found){true, {0x1122334455667788, 9, 10}, V_NO_FUNDS, {11, 1, 12}});
	HOLD(get_proof, &(struct wire_get_proof){{0x1122334455667788, 9, 10}, 11});
	HOLD(uids, (struct wire_uid[]){{0, {{1}}}, {1000, {{2}}}}, 2);
	HOLD(usages, &(struct usage_receipt){.seq = 1, .t0_ms = 1, .t1_ms = 2}, 1);
}
END_TEST

struct pair { int a, b; };

static struct pair pair_of_sockets(void)
{
	int fd[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	return (struct pair){fd[0], fd[1]};
}

START_TEST(transcript)
{
	static uint8_t in[WIRE_MAX];
	struct pair p = pair_of_sockets();
	struct wire_head head;
	struct slice body;
	struct wire_hello hello;
	struct wire_answer answer;
	struct wbuf w = wbuf_on(room, sizeof room);
	wire_hello_put(&w, &(struct wire_hello){.height = 42});
	ck_assert_int_eq(conn_send(p.a, WIRE_HELLO, 1, room, w.len, 0), 0);
	ck_assert_int_eq(conn_send(p.a, WIRE_SYNC, 2, NULL, 0, 0), 0);
	ck_assert_int_eq(conn_recv(p.b, in, &head, &body, 0), 0);
	ck_assert(head.type == WIRE_HELLO && head.req == 1 && wire_hello_get(body, &hello) && hello.height == 42);
	ck_assert_int_eq(conn_recv(p.b, in, &head, &body, 0), 0);
	ck_assert(head.type == WIRE_SYNC && head.req == 2 && body.len == 0);
	w = wbuf_on(room, sizeof room);
	wire_answer_put(&w, &(struct wire_answer){.verdict = V_OK, .height = 43});
	ck_assert_int_eq(conn_send(p.b, WIRE_ANSWER, 2, room, w.len, 0), 0);
	ck_assert_int_eq(conn_recv(p.a, in, &head, &body, 0), 0);
	ck_assert(head.req == 2 && wire_answer_get(body, &answer) && answer.height == 43);
	ck_assert_int_eq(conn_recv(p.a, in, &head, &body, MSG_DONTWAIT), -EAGAIN);
	close(p.b);
	ck_assert_int_eq(conn_recv(p.a, in, &head, &body, 0), -EPIPE);
	ck_assert_int_eq(conn_send(p.a, WIRE_SYNC, 3, NULL, 0, 0), -EPIPE);
	close(p.a);
}
END_TEST

START_TEST(the_largest_message_passes_and_a_larger_one_does_not)
{
	static uint8_t in[WIRE_MAX], out[WIRE_MAX];
	struct pair p = pair_of_sockets();
	struct wire_head head;
	struct slice body;
	ck_assert_int_eq(conn_send(p.a, WIRE_FACTS, 0, out, WIRE_MAX - WIRE_HEAD_LEN, 0), 0);
	ck_assert_int_eq(conn_recv(p.b, in, &head, &body, 0), 0);
	ck_assert_uint_eq(body.len, WIRE_MAX - WIRE_HEAD_LEN);
	ck_assert_int_eq(conn_send(p.a, WIRE_FACTS, 0, out, WIRE_MAX - WIRE_HEAD_LEN + 1, 0), -EMSGSIZE);
	close(p.a);
	close(p.b);
}
END_TEST

/* len bytes of raw as one packet: what does the other side make of it? */
static int judged(const void *raw, size_t len)
{
	static uint8_t in[WIRE_MAX];
	struct pair p = pair_of_sockets();
	struct wire_head head;
	struct slice body;
	ck_assert_int_eq(send(p.a, raw, len, 0), (ssize_t)len);
	int err = conn_recv(p.b, in, &head, &body, 0);
	close(p.a);
	close(p.b);
	return err;
}

START_TEST(a_wrong_packet_is_cut_off)
{
	static uint8_t big[WIRE_MAX + 1];
	struct wbuf w = wbuf_on(room, sizeof room);
	wire_head_put(&w, &(struct wire_head){WIRE_SYNC, 0, 1});
	ck_assert_int_eq(judged(room, 16), 0);
	ck_assert_int_eq(judged(room, 15), -EBADMSG);
	ck_assert_int_eq(judged(room, 17), -EBADMSG);
	for (int at = 0; at < 4; at++) { /* magic, version, type */
		room[at] ^= 0x80;
		ck_assert_int_eq(judged(room, 16), -EBADMSG);
		room[at] ^= 0x80;
	}
	memcpy(big, room, 16);
	ck_assert_int_eq(judged(big, sizeof big), -EBADMSG);
}
END_TEST

START_TEST(descriptors_are_refused)
{
	static uint8_t in[WIRE_MAX];
	struct pair p = pair_of_sockets();
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
	struct wire_head head;
	struct slice body;
	struct wbuf w = wbuf_on(room, sizeof room);
	wire_head_put(&w, &(struct wire_head){WIRE_SYNC, 0, 1});
	struct iovec iov = {room, w.len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &p.a, sizeof(int));
	int before = dup(0);
	ck_assert_int_eq(sendmsg(p.a, &msg, 0), 16);
	ck_assert_int_eq(conn_recv(p.b, in, &head, &body, 0), -EBADMSG);
	int after = dup(0);
	ck_assert_int_eq(after, before + 1); /* none was installed here */
	close(before);
	close(after);
	close(p.a);
	close(p.b);
}
END_TEST

START_TEST(listening)
{
	char dir[] = "/tmp/zeus-test-XXXXXX", path[64], file[64];
	struct stat st;
	uid_t uid;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/ledger.sock", dir);
	snprintf(file, sizeof file, "%s/file", dir);
	autoclose int one = -1, two = -1, client = -1;
	ck_assert_int_eq(conn_dial(path, &client), -ENOENT);
	ck_assert_int_eq(conn_listen(path, getegid(), &one), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	ck_assert_int_eq(conn_listen(path, getegid(), &two), -EADDRINUSE);
	close(take_fd(&one)); /* as if it had died: the file stays */
	ck_assert_int_eq(conn_listen(path, getegid(), &two), 0);
	ck_assert_int_eq(conn_dial(path, &client), 0);
	ck_assert_int_eq(conn_peer_uid(client, &uid), 0);
	ck_assert_uint_eq(uid, geteuid());
	autofclose FILE *f = fopen(file, "w");
	ck_assert_int_eq(conn_listen(file, getegid(), &one), -EEXIST); /* never removes what is no socket */
	unlink(file);
	unlink(path);
	rmdir(dir);
}
END_TEST

TEST_MAIN("wire", vectors_hold, transcript, the_largest_message_passes_and_a_larger_one_does_not, a_wrong_packet_is_cut_off,
	  descriptors_are_refused, listening)
