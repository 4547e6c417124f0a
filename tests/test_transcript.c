/* A scripted conversation with the built zeus-ledger against its transcript: every message there and back, in order.
 *
 * Hashes, keys and times are left out or named (A and B are the two accounts, whose home lanes differ); heights and counts are as they are.
 * ZEUS_TRANSCRIPT=write makes the transcript anew. */
#include "tests/ledger_market.h"
#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include "common/cleanup.h"

#define A 1000u
#define B 2000u
#define TEXT_MAX 65536
#define KINDS (FACT_HOLDING + 1)

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};
static const char *const kind_names[KINDS] = {[FACT_BLOCK] = "block", [FACT_LANE] = "lane", [FACT_SYMBOL] = "symbol",
    [FACT_ACCOUNT] = "account", [FACT_NODE] = "node", [FACT_APP] = "app", [FACT_ORDER] = "order", [FACT_LEASE] = "lease",
    [FACT_TRADE] = "trade", [FACT_VERDICT] = "verdict", [FACT_PAY] = "pay", [FACT_USAGE] = "usage", [FACT_RESET] = "reset",
    [FACT_TOKEN] = "token", [FACT_HOLDING] = "holding"};

static struct daemon d;
static int fd = -1;
static uint64_t req;
static struct address who[2];
static uint8_t lanes[2];
static struct fact_block head;
static uint32_t facts[KINDS];
static char text[TEXT_MAX];
static size_t text_len;
static uint8_t in[WIRE_MAX], out[WIRE_MAX];

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text + text_len, TEXT_MAX - text_len, fmt, ap);
	va_end(ap);
	ck_assert(n >= 0 && (size_t)n < TEXT_MAX - text_len);
	text_len += (size_t)n;
}

static const char *name_of(const struct address *a)
{
	return memcmp(a, &who[0], sizeof *a) == 0 ? "A" : memcmp(a, &who[1], sizeof *a) == 0 ? "B" : "?";
}

/* --- what comes --- */

static void say_facts(void)
{
	bool any = false;
	for (unsigned k = 0; k < KINDS; k++)
		any = any || facts[k];
	if (!any)
		return;
	say("< FACTS");
	for (unsigned k = 0; k < KINDS; k++)
		if (facts[k])
			say(" %s=%u", kind_names[k], facts[k]);
	say(" height=%u\n", (unsigned)head.height);
	memset(facts, 0, sizeof facts);
}

static void take_facts(struct slice body)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	struct fact f;
	while (fact_next(&r, &f)) {
		facts[f.kind]++;
		if (f.kind == FACT_BLOCK)
			head = f.u.block;
	}
	ck_assert(!r.bad);
}

static void say_uids(struct slice body)
{
	struct wire_uid uid[8];
	uint32_t n;
	ck_assert(wire_uids_get(body, uid, 8, &n));
	ck_assert_uint_eq(n, 2);
	unsigned first = uid[0].uid == A ? 0 : 1; /* they come in any order */
	say("< UIDS");
	for (uint32_t i = 0; i < n; i++)
		say(" %u=%s", uid[first ^ i].uid, name_of(&uid[first ^ i].address));
	say("\n");
}

static void say_answer(struct slice body)
{
	struct wire_answer a;
	ck_assert(wire_answer_get(body, &a));
	const char *txid = id_is_zero(&a.txid) ? "none" : "ID";
	say("< ANSWER %s txid=%s height=%u\n", verdict_name((enum verdict)a.verdict), txid, (unsigned)a.height);
}

static void say_block(struct slice body)
{
	struct wire_block b;
	ck_assert(wire_block_get(body, &b));
	say("< BLOCK total=%u chunk=%zu", (unsigned)b.total, b.chunk.len);
	if (b.chunk.len > 5 && memcmp(b.chunk.p, "zeus/", 5) == 0)
		say(" %s", (const char *)b.chunk.p);
	say("\n");
}

static void say_welcome(struct slice body)
{
	struct wire_welcome m;
	ck_assert(wire_welcome_get(body, &m));
	say("< WELCOME chain=%u height=%u operator=%s engine=%s\n", m.chain_id, (unsigned)m.height, name_of(&m.node_op), m.engine);
}

/* One message. Facts are told together, before the next message of another kind. 0: the connection ended. */
static uint8_t hear(void)
{
	struct wire_head h;
	struct slice body;
	if (conn_recv(fd, in, &h, &body, 0) < 0) {
		say_facts();
		say("< END\n");
		return 0;
	}
	if (h.type == WIRE_FACTS) {
		take_facts(body);
		return h.type;
	}
	say_facts();
	ck_assert_uint_eq(h.req, h.type == WIRE_UIDS ? 0 : req);
	if (h.type == WIRE_WELCOME)
		say_welcome(body);
	else if (h.type == WIRE_UIDS)
		say_uids(body);
	else if (h.type == WIRE_ANSWER)
		say_answer(body);
	else
		say_block(body);
	return h.type;
}

static void hear_until(uint8_t type)
{
	for (uint8_t got = WIRE_FACTS; got && got != type;)
		got = hear();
}

/* --- what goes --- */

static void put(uint8_t type, const struct wbuf *w)
{
	ck_assert(!w->bad);
	ck_assert_int_eq(conn_send(fd, type, ++req, w->p, w->len, 0), 0);
}

static struct wbuf message(void)
{
	return wbuf_on(out, sizeof out - WIRE_HEAD_LEN);
}

static void sync_all(void)
{
	struct wbuf w = message();
	say("> SYNC\n");
	put(WIRE_SYNC, &w);
	hear_until(WIRE_ANSWER);
	say("\n");
}

static void hello(const struct wire_hello *m)
{
	char path[SCRATCH_LEN + 32];
	struct wbuf w = message();
	snprintf(path, sizeof path, "%s/run/ledger.sock", d.state);
	ck_assert_int_eq(conn_dial(path, &fd), 0);
	wire_hello_put(&w, m);
	put(WIRE_HELLO, &w);
	hear_until(WIRE_UIDS);
}

static struct tx payment(uint64_t amount, uint8_t cid)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = {{cid}}, .to = who[1], .amount = money_of(amount)};
	return tx;
}

static void intend(const char *what, uint32_t uid, const struct tx *tx)
{
	uint8_t body[1024];
	struct wbuf b = wbuf_on(body, sizeof body), w = message();
	tx_body_put(&b, tx);
	struct wire_intent m = {.uid = uid, .type = tx->type, .scope = tx->scope, .body = {body, b.len}};
	wire_intent_put(&w, &m);
	say("> INTENT %u %s\n", uid, what);
	put(WIRE_INTENT, &w);
	hear_until(WIRE_ANSWER);
	sync_all();
}

static void pay(const char *what, uint32_t uid, uint64_t amount, uint8_t cid)
{
	struct tx tx = payment(amount, cid);
	intend(what, uid, &tx);
}

static void get_block(const char *what, uint8_t lane, uint64_t height, uint8_t part, uint64_t offset)
{
	struct wbuf w = message();
	struct wire_get_block m = {.lane = lane, .height = height, .part = part, .offset = offset};
	wire_get_block_put(&w, &m);
	say("> GET_BLOCK %s\n", what);
	put(WIRE_GET_BLOCK, &w);
	hear_until(WIRE_BLOCK);
}

static void batch_in_two(void)
{
	uint8_t ops[1024];
	struct wbuf o = wbuf_on(ops, sizeof ops);
	struct tx first = payment(1, 10), second = payment(2, 11);
	tx_batch_put(&o, &first);
	tx_batch_put(&o, &second);
	struct wire_batch m = {.uid = A, .ops = {ops, 50}};
	struct wbuf w = message();
	wire_batch_put(&w, &m);
	say("> BATCH 1000 seq=0\n");
	put(WIRE_BATCH, &w);
	req--; /* all frames are of one request */
	m = (struct wire_batch){.uid = A, .seq = 1, .last = true, .ops = {ops + 50, o.len - 50}};
	w = message();
	wire_batch_put(&w, &m);
	say("> BATCH 1000 seq=1 last\n");
	put(WIRE_BATCH, &w);
	hear_until(WIRE_ANSWER);
	sync_all();
}

static void open_taken(void)
{
	struct wbuf w = message();
	struct wire_open_uid m = {.by_uid = A, .uid = B, .amount = money_of(1)};
	wire_open_uid_put(&w, &m);
	say("> OPEN_UID 2000 by 1000\n");
	put(WIRE_OPEN_UID, &w);
	hear_until(WIRE_ANSWER);
}

static void usage_of_nothing(void)
{
	struct wbuf w = message();
	struct usage_receipt r = {.seq = 1, .instance = {{1}}};
	wire_usages_put(&w, &r, 1);
	say("> PREPARE_USAGE of no lease\n");
	put(WIRE_PREPARE_USAGE, &w);
	hear_until(WIRE_ANSWER);
}

static void submit_noise(void)
{
	struct wbuf w = message();
	put_blob(&w, "noise", 5);
	say("> SUBMIT noise\n");
	put(WIRE_SUBMIT, &w);
	hear_until(WIRE_ANSWER);
}

static void unknown(void)
{
	struct wbuf w = message();
	say("> 200\n");
	put(200, &w);
	hear_until(0);
	close(fd);
}

/* --- the whole --- */

static void see_home(void *arg, const struct fact *f)
{
	(void)arg;
	for (unsigned i = 0; f->kind == FACT_ACCOUNT && i < 2; i++)
		if (memcmp(&who[i], &f->u.account.address, sizeof who[i]) == 0)
			lanes[i] = f->u.account.lane;
}

/* Who is who, and where: the first look finds the addresses, the second their lanes. */
static void look_around(void)
{
	static struct lc c;
	for (int i = 0; i < 2; i++) {
		struct fold f = {.each = see_home};
		lc_open(&c, &d, &f);
		ck_assert(lc_address(&c, A, &who[0]) && lc_address(&c, B, &who[1]));
		lc_close(&c);
		fold_free(&f);
	}
}

/* A payment from one lane to another takes a block more: keys are drawn until it is that. */
static void open_all(void)
{
	daemon_init(&d, accounts);
	daemon_start(&d);
	look_around();
	while (lanes[0] == lanes[1]) {
		ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
		daemon_remove(&d);
		daemon_init(&d, accounts);
		daemon_start(&d);
		look_around();
	}
}

static void converse(void)
{
	struct wire_hello nothing = {.height = UINT64_MAX};
	struct tx node = market_node(2, NULL);
	say("> HELLO knowing nothing\n");
	hello(&nothing);
	while (!facts[FACT_BLOCK])
		hear();
	sync_all();
	pay("transfer 5 to B", A, 5, 1);
	pay("the same again", A, 5, 1);
	pay("more than there is", B, 5000 * ZNC_BASE, 2);
	pay("by nobody", 3000, 1, 3);
	intend("node", A, &node);
	batch_in_two();
	get_block("main header of 1", WIRE_LANE_MAIN, 1, PART_HEADER, 0);
	get_block("its end", WIRE_LANE_MAIN, 1, PART_HEADER, 280);
	get_block("beyond its end", WIRE_LANE_MAIN, 1, PART_HEADER, 1000);
	get_block("lane header of A's home", lanes[0], 1, PART_HEADER, 0);
	get_block("transactions of A's home", lanes[0], 1, PART_TXS, 0);
	get_block("transactions of B's home", lanes[1], 1, PART_TXS, 0);
	get_block("of a height to come", 0, 1000, PART_TXS, 0);
	open_taken();
	usage_of_nothing();
	submit_noise();
	sync_all();
	unknown();
	say("\n> HELLO knowing the head\n");
	struct wire_hello known = {.height = head.height, .hash = head.hash};
	hello(&known);
	sync_all();
	pay("transfer 1 to B", A, 1, 4);
	known.height -= 2; /* of another block */
	close(fd);
	say("> HELLO knowing another chain\n");
	hello(&known);
	while (!facts[FACT_BLOCK])
		hear();
	sync_all();
	close(fd);
	nothing.history = true;
	say("\n> HELLO knowing nothing, asking for history\n");
	hello(&nothing);
	while (!facts[FACT_BLOCK])
		hear();
	sync_all();
	close(fd);
}

static void compare(const char *path)
{
	char *want = NULL;
	size_t cap = 0, line = 1, start = 0;
	autofclose FILE *f = fopen(path, "r");
	ck_assert_msg(f && getdelim(&want, &cap, 0, f) > 0, "%s cannot be read", path);
	for (size_t i = 0; text[i] || want[i]; i++) {
		if (text[i] != want[i])
			ck_abort_msg("line %zu:\n have %.*s\n want %.*s", line, (int)strcspn(text + start, "\n"), text + start,
			    (int)strcspn(want + start, "\n"), want + start);
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	free(want);
}

START_TEST(conversation)
{
	char path[512];
	const char *top = getenv("top_srcdir"), *mode = getenv("ZEUS_TRANSCRIPT");
	snprintf(path, sizeof path, "%s/tests/transcripts/wire.txt", top ? top : ".");
	open_all();
	converse();
	if (mode && strcmp(mode, "write") == 0) {
		autofclose FILE *f = fopen(path, "w");
		ck_assert(f && fwrite(text, 1, text_len, f) == text_len);
	} else {
		compare(path);
	}
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_remove(&d);
}
END_TEST

LEDGER_TEST_MAIN("transcript", conversation)
