/* Clients of the ledger's socket that mean harm: strangers of the group, and views or plan taken over.
 *
 * After each attack an honest client is served, the ledger has given back its descriptors, and its memory is within a bound. Needs root, to
 * connect as several users (tests/ledger_users.h); skips without. */
#include "tests/ledger_market.h"
#include "tests/ledger_users.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define A 1000u
#define B 2000u
#define STRANGER 65533u
#define ANOTHER 65532u
#define GROWTH_MAX_KB (96u << 10) /* answers and a batch of the clients of one attack, and what malloc keeps */
#define PATIENCE 2000             /* honest clients served until what an attack held is given back */
#define UNREAD 10000
#define FLOOD 400000

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct daemon d;
static struct fold f;
static struct lc honest_client, c;
static size_t sockets_before, rss_before_kb;
static uint8_t bytes[2 * WIRE_MAX];

static size_t rss_kb(void)
{
	char path[64], line[128];
	size_t kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)d.pid);
	FILE *file = fopen(path, "r");
	ck_assert(file != NULL);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtoul(line + 6, NULL, 10);
	fclose(file);
	ck_assert_uint_gt(kb, 0);
	return kb;
}

/* Sockets alone: the database opens and closes files as it likes. */
static size_t sockets(void)
{
	char path[64], to[64];
	size_t n = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)d.pid);
	DIR *dir = opendir(path);
	ck_assert(dir != NULL);
	for (struct dirent *e; (e = readdir(dir));) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, to, sizeof to - 1);
		n += len > 7 && memcmp(to, "socket:", 7) == 0;
	}
	closedir(dir);
	return n;
}

/* One that keeps to the protocol: greeted, its payment done, its own facts seen. */
static void honest(void)
{
	struct address b;
	fold_free(&f);
	users_open(&honest_client, &d, &f, UID_VIEWS);
	ck_assert(lc_address(&honest_client, B, &b));
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = b, .amount = money_of(1)};
	ck_assert_int_eq(lc_do(&honest_client, A, &tx), V_OK);
	lc_close(&honest_client);
}

static void setup(void)
{
	users_start(&d, accounts, "[trade]\nuids = 1000,2000\n");
	honest();
	rss_before_kb = rss_kb();
	sockets_before = 2; /* what it listens on, and the one to whom it says that it is ready */
	for (size_t now = sockets(), tries = 0; tries < 100 && now > sockets_before; tries++)
		sockets_before = sockets();
}

/* Everything that the attack held is given back, while others are served. */
static void unharmed(void)
{
	honest();
	for (int i = 0; i < PATIENCE && sockets() > sockets_before; i++)
		honest();
	ck_assert_uint_le(sockets(), sockets_before);
	if (!getenv("sanitizers"))
		ck_assert_uint_le(rss_kb(), rss_before_kb + GROWTH_MAX_KB);
}

static void teardown(void)
{
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	daemon_remove(&d);
}

static void dial(uid_t uid)
{
	static struct fold nothing;
	fold_free(&nothing);
	c = (struct lc){.fd = users_dial(&d, uid), .fold = &nothing};
}

static void hello(struct lc *l)
{
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct wire_hello m = {.height = UINT64_MAX};
	wire_hello_put(&w, &m);
	ck_assert_uint_ne(lc_send(l, WIRE_HELLO, body, w.len), 0);
}

/* --- packets that are no messages --- */

static void packet(uid_t uid, const void *p, size_t len)
{
	dial(uid);
	ck_assert_int_eq(send(c.fd, p, len, MSG_NOSIGNAL), (ssize_t)len);
	ck_assert_msg(lc_gone(&c), "a packet of %zu bytes was taken for a message", len);
	lc_close(&c);
}

static size_t head(uint16_t magic, uint8_t version, uint8_t type, uint32_t len)
{
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	put_u16(&w, magic);
	put_u8(&w, version);
	put_u8(&w, type);
	put_u32(&w, len);
	put_u64(&w, 1);
	return w.len;
}

START_TEST(no_messages)
{
	static const uint32_t lengths[] = {1, WIRE_MAX - WIRE_HEAD_LEN, WIRE_MAX, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	static const uid_t who[] = {UID_VIEWS, UID_PLAN, STRANGER};
	uint32_t seed = 1;
	for (size_t w = 0; w < 3; w++) {
		packet(who[w], "", 0);
		for (size_t len = 1; len < 64; len++) {
			for (size_t i = 0; i < len; i++)
				bytes[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
			packet(who[w], bytes, len);
		}
		for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
			packet(who[w], bytes, head(WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, lengths[i]));
		packet(who[w], bytes, head(WIRE_MAGIC ^ 1, WIRE_VERSION, WIRE_HELLO, 0));
		packet(who[w], bytes, head(WIRE_MAGIC, WIRE_VERSION + 1, WIRE_HELLO, 0));
		packet(who[w], bytes, head(WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, 0)); /* no body */
		head(WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, sizeof bytes - WIRE_HEAD_LEN);
		packet(who[w], bytes, sizeof bytes); /* longer than any message, and true to its length */
	}
	unharmed();
}
END_TEST

START_TEST(unknown_types)
{
	static const uint8_t ours[] = {WIRE_HELLO, WIRE_INTENT, WIRE_SUBMIT, WIRE_GET_BLOCK, WIRE_SYNC, WIRE_OPEN_UID, WIRE_BATCH,
	    WIRE_PREPARE_USAGE, WIRE_FIND_TX, WIRE_GET_PROOF, WIRE_AT, WIRE_GET_SEQ, WIRE_GET_WORK};
	for (unsigned type = 0; type < 256; type++)
		if (!memchr(ours, (int)type, sizeof ours))
			packet(type % 2 ? UID_VIEWS : STRANGER, bytes, head(WIRE_MAGIC, WIRE_VERSION, (uint8_t)type, 0));
	unharmed();
}
END_TEST

/* A message comes whole or not at all: its second half is a packet of its own, which is none. */
START_TEST(half_messages)
{
	dial(UID_VIEWS);
	size_t n = head(WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, 40);
	ck_assert_int_eq(send(c.fd, bytes, 8, MSG_NOSIGNAL), 8);
	send(c.fd, bytes + 8, n - 8 + 40, MSG_NOSIGNAL); /* may be too late already */
	ck_assert(lc_gone(&c));
	lc_close(&c);
	int fds[32];
	for (size_t i = 0; i < 32; i++) { /* connected, and silent */
		fds[i] = users_dial(&d, UID_PLAN);
	}
	honest();
	for (size_t i = 0; i < 32; i++)
		close(fds[i]);
	unharmed();
}
END_TEST

START_TEST(other_kinds_of_socket)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM};
	snprintf(a.sun_path, sizeof a.sun_path, "%.80s/run/ledger.sock", d.state);
	for (size_t i = 0; i < 2; i++) {
		int fd = socket(AF_UNIX, kinds[i] | SOCK_CLOEXEC, 0);
		ck_assert(connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno == EPROTOTYPE);
		close(fd);
	}
	unharmed();
}
END_TEST

START_TEST(descriptors_are_not_taken)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = {0};
	for (int round = 0; round < 8; round++) {
		dial(round % 2 ? UID_VIEWS : STRANGER);
		struct iovec iov = {bytes, head(WIRE_MAGIC, WIRE_VERSION, WIRE_SYNC, 0)};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		*h = (struct cmsghdr){.cmsg_len = CMSG_LEN(16 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		for (int i = 0; i < 16; i++)
			memcpy(CMSG_DATA(h) + i * (int)sizeof(int), &c.fd, sizeof(int));
		ck_assert_int_gt(sendmsg(c.fd, &m, MSG_NOSIGNAL), 0);
		ck_assert(lc_gone(&c));
		lc_close(&c);
	}
	unharmed();
}
END_TEST

/* --- too much --- */

START_TEST(greeted_again_and_again)
{
	struct wire_head h;
	struct slice body;
	dial(STRANGER);
	for (int i = 0; i < 100; i++)
		hello(&c);
	ck_assert_uint_ne(lc_send(&c, WIRE_SYNC, NULL, 0), 0);
	ck_assert(lc_next(&c, &h, &body) && h.type == WIRE_ANSWER); /* after a hundred greetings, which say nothing secret */
	ck_assert(c.nuids == 0 && c.fold->n == 0);
	lc_close(&c);
	dial(UID_VIEWS);
	for (int i = 0; i < 100; i++)
		hello(&c);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ck_assert_uint_ge(c.fold->resets, 1);
	lc_close(&c);
	unharmed();
}
END_TEST

START_TEST(answers_left_unread)
{
	uint64_t req = 0;
	uint32_t done = 0;
	struct wire_answer a;
	dial(UID_VIEWS);
	for (uint32_t i = 0; i < UNREAD; i++)
		ck_assert_uint_ne(lc_send(&c, WIRE_SYNC, NULL, 0), 0);
	honest();
	for (uint32_t i = 0; i < UNREAD; i++) {
		ck_assert(lc_answer(&c, &req, &a));
		ck_assert(a.verdict == V_OK || a.verdict == V_BUSY);
		done += a.verdict == V_OK;
	}
	ck_assert_uint_ge(done, WIRE_INTENTS_PER_CLIENT);
	lc_close(&c);
	unharmed();
}
END_TEST

/* Who never reads is cut off before what waits for it is large. */
START_TEST(floods)
{
	int fds[4];
	for (size_t i = 0; i < 4; i++) {
		dial(i % 2 ? STRANGER : ANOTHER);
		fds[i] = c.fd;
		uint32_t n = 0;
		while (n < FLOOD && lc_send(&c, WIRE_INTENT, NULL, 0))
			n++;
		ck_assert_uint_lt(n, FLOOD);
	}
	honest();
	if (!getenv("sanitizers"))
		ck_assert_uint_le(rss_kb(), rss_before_kb + GROWTH_MAX_KB);
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	unharmed();
}
END_TEST

/* However many connections strangers hold, there is room for views and plan, and for another stranger. */
START_TEST(too_many_connections)
{
	static int fds[3 * WIRE_CLIENTS_MAX];
	struct wire_head h;
	struct slice body;
	for (size_t i = 0; i < 3 * WIRE_CLIENTS_MAX; i++)
		fds[i] = users_dial(&d, STRANGER);
	honest();
	dial(UID_PLAN);
	hello(&c);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	lc_close(&c);
	dial(ANOTHER);
	hello(&c);
	ck_assert_uint_ne(lc_send(&c, WIRE_SYNC, NULL, 0), 0);
	ck_assert(lc_next(&c, &h, &body) && h.type == WIRE_ANSWER);
	lc_close(&c);
	ck_assert_uint_le(sockets(), sockets_before + WIRE_STRANGERS_PER_UID + 3);
	for (size_t i = 0; i < 3 * WIRE_CLIENTS_MAX; i++)
		close(fds[i]);
	unharmed();
}
END_TEST

/* --- in somebody's name --- */

static enum verdict intend(uint32_t uid, const struct tx *tx)
{
	return (enum verdict)lc_wait(&c, lc_intent(&c, uid, tx)).verdict;
}

START_TEST(in_the_name_of_others)
{
	static const uint32_t names[] = {0, 1, 2, A, B, NOBODY, STRANGER, 0x7fffffff, UINT32_MAX - 1, UINT32_MAX};
	static const uid_t who[] = {UID_PLAN, STRANGER};
	struct tx pay = {.type = TX_TRANSFER}, bid = market_bid(1, 1000000, 60), key = {.type = TX_SET_KEY};
	for (size_t w = 0; w < 2; w++) {
		dial(who[w]);
		hello(&c);
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			pay.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = {{1}}, .amount = money_of(1)};
			ck_assert_int_eq(intend(names[i], &pay), V_NOT_ALLOWED);
			ck_assert_int_eq(intend(names[i], &bid), V_NOT_ALLOWED);
			ck_assert_int_eq(intend(names[i], &key), V_NOT_ALLOWED);
		}
		lc_close(&c);
	}
	dial(UID_VIEWS); /* the node's own key is nobody's to use */
	hello(&c);
	ck_assert_int_eq(intend(UINT32_MAX, &pay), V_NOT_ALLOWED);
	ck_assert_int_eq(intend(0, &pay), V_NOT_ALLOWED);
	lc_close(&c);
	unharmed();
}
END_TEST

/* --- batches in frames --- */

static uint64_t frame(uint64_t req, uint32_t uid, uint32_t seq, bool last, const uint8_t *p, size_t len)
{
	static uint8_t body[WIRE_MAX];
	struct wbuf w = wbuf_on(body, sizeof body - WIRE_HEAD_LEN);
	struct wire_batch m = {.uid = uid, .seq = seq, .last = last, .ops = {p, len}};
	wire_batch_put(&w, &m);
	ck_assert(!w.bad);
	c.req = req - 1;
	return lc_send(&c, WIRE_BATCH, body, w.len);
}

struct step { uint64_t req; uint32_t uid, seq; };

static void frames_refused(const struct step *s, size_t n)
{
	dial(UID_VIEWS);
	for (size_t i = 0; i < n; i++)
		if (!frame(s[i].req, s[i].uid, s[i].seq, false, bytes, 16))
			break;
	ck_assert(lc_gone(&c));
	lc_close(&c);
}

START_TEST(frames_out_of_order)
{
	frames_refused((const struct step[]){{1, A, 1}}, 1);
	frames_refused((const struct step[]){{1, A, UINT32_MAX}}, 1);
	frames_refused((const struct step[]){{1, A, 0}, {1, A, 2}}, 2);
	frames_refused((const struct step[]){{1, A, 0}, {1, A, 1}, {1, A, 1}}, 3);
	frames_refused((const struct step[]){{1, A, 0}, {2, A, 1}}, 2);          /* another request's */
	frames_refused((const struct step[]){{1, A, 0}, {2, A, 0}, {1, A, 1}}, 3); /* two at once */
	frames_refused((const struct step[]){{1, A, 0}, {1, B, 1}}, 2);          /* another user's */
	unharmed();
}
END_TEST

START_TEST(frames_without_end)
{
	int fds[16];
	for (size_t i = 0; i < 16; i++) {
		dial(UID_VIEWS);
		fds[i] = c.fd;
		for (uint32_t seq = 0; seq < 15; seq++)
			ck_assert_uint_ne(frame(1, A, seq, false, bytes, 60000), 0);
		for (uint32_t again = 0; again < 50; again++) /* begun anew, never ended */
			ck_assert_uint_ne(frame(again + 2, A, 0, false, bytes, 60000), 0);
	}
	honest();
	for (size_t i = 0; i < 16; i++)
		close(fds[i]);
	dial(UID_VIEWS);
	uint32_t seq = 0;
	while (seq < 64 && frame(1, A, seq, false, bytes, 60000)) /* more than a batch may hold */
		seq++;
	ck_assert(lc_gone(&c));
	lc_close(&c);
	unharmed();
}
END_TEST

static enum verdict whole_batch(const uint8_t *p, size_t len)
{
	uint32_t seq = 0;
	dial(UID_VIEWS);
	hello(&c);
	for (size_t at = 0; at < len; at += 60000, seq++)
		ck_assert_uint_ne(frame(7, A, seq, len - at <= 60000, p + at, len - at < 60000 ? len - at : 60000), 0);
	enum verdict v = (enum verdict)lc_wait(&c, 7).verdict;
	lc_close(&c);
	return v;
}

START_TEST(giant_batches)
{
	uint8_t *p = calloc(1, TX_BATCH_BODY_MAX);
	struct address b;
	users_open(&honest_client, &d, &f, UID_VIEWS);
	ck_assert(p && lc_address(&honest_client, B, &b));
	lc_close(&honest_client);
	ck_assert_int_eq(whole_batch(p, TX_BATCH_BODY_MAX), V_MALFORMED);
	memset(p, 0xff, TX_BATCH_BODY_MAX);
	ck_assert_int_eq(whole_batch(p, TX_BATCH_BODY_MAX), V_MALFORMED);
	struct wbuf w = wbuf_on(p, TX_BATCH_BODY_MAX);
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.to = b, .amount = money_of(1)};
	for (uint32_t i = 0; i < TX_BATCH_OPS_MAX; i++) {
		tx.u.transfer.cid = market_cid();
		tx_batch_put(&w, &tx);
	}
	ck_assert(!w.bad);
	ck_assert_int_eq(whole_batch(p, w.len), V_OK);
	unharmed();
	tx_batch_put(&w, &tx); /* one more than a batch holds */
	ck_assert_int_eq(whole_batch(p, w.len), V_MALFORMED);
	free(p);
	unharmed();
}
END_TEST

/* --- blocks that are not there --- */

START_TEST(blocks_anywhere)
{
	static const uint64_t edges[] = {0, 1, 1u << 16, 0x7fffffffffffffff, UINT64_MAX - 1, UINT64_MAX};
	struct wire_head h;
	struct slice body;
	struct wire_block got;
	uint8_t at[64];
	dial(UID_VIEWS);
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++) {
			struct wire_get_block m = {.lane = i % 2 ? 0 : WIRE_LANE_MAIN, .height = edges[i], .offset = edges[k]};
			m.part = k % 2;
			struct wbuf w = wbuf_on(at, sizeof at);
			wire_get_block_put(&w, &m);
			ck_assert_uint_ne(lc_send(&c, WIRE_GET_BLOCK, at, w.len), 0);
			ck_assert(lc_next(&c, &h, &body) && h.type == WIRE_BLOCK && wire_block_get(body, &got));
			ck_assert(got.chunk.len <= got.total);
		}
	struct wire_get_block m = {.lane = CHAINS};
	struct wbuf w = wbuf_on(at, sizeof at);
	wire_get_block_put(&w, &m);
	lc_send(&c, WIRE_GET_BLOCK, at, w.len);
	ck_assert(lc_gone(&c));
	lc_close(&c);
	unharmed();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {no_messages, unknown_types, half_messages, other_kinds_of_socket, descriptors_are_not_taken,
	    greeted_again_and_again, answers_left_unread, floods, too_many_connections, in_the_name_of_others, frames_out_of_order,
	    frames_without_end, giant_batches, blocks_anywhere};
	if (!users_able())
		return 77;
	TCase *cases = tcase_create("ledger_hostile");
	Suite *suite = suite_create("ledger_hostile");
	tcase_add_checked_fixture(cases, setup, teardown);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_test(cases, tests[i]);
	tcase_set_timeout(cases, 300);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
