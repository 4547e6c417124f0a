/* The built zeus-ledger, from outside: greeting, intents, roles of messages, blocks, damage, and fifty kills under load.
 *
 * Knows the socket's messages as views send them. Batches, envelopes, usage, roles and full disks have tests of their own. */
#include "ledger/crypto/hash.h"
#include "tests/ledger_client.h"
#include <check.h>
#include <signal.h>
#include <sys/stat.h>

#define A 1000u
#define B 2000u
#define KILLS 50
#define PER_RUN 40

static const char *const two_accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct cid cid_of(uint32_t n)
{
	struct cid c = {{0}};
	memcpy(c.b, &n, sizeof n);
	c.b[15] = 1;
	return c;
}

static enum verdict transfer(struct lc *c, uint32_t uid, const struct address *to, uint64_t amount, uint32_t n)
{
	struct cid cid = cid_of(n);
	return (enum verdict)lc_wait(c, lc_transfer(c, uid, to, amount, &cid)).verdict;
}

START_TEST(facts_and_intents)
{
	struct daemon d;
	struct fold fa = {0}, fb = {0};
	struct lc a, b;
	struct address to;
	daemon_init(&d, two_accounts);
	daemon_start(&d);
	lc_open(&a, &d, &fa);
	lc_open(&b, &d, &fb);
	ck_assert(fold_same(&fa, &fb));
	ck_assert_uint_eq(a.nuids, 2);
	ck_assert(lc_address(&a, B, &to));
	ck_assert_str_eq(a.welcome.engine, "solo");
	uint64_t before = lc_balance(&a, &to);
	ck_assert_uint_eq(before, 10 * ZNC_BASE);
	ck_assert_int_eq(transfer(&a, A, &to, 5, 1), V_OK);
	ck_assert_int_eq(lc_sync(&a).verdict, V_OK);
	ck_assert_uint_eq(lc_balance(&a, &to), before + 5); /* facts come before the answer */
	ck_assert_int_eq(transfer(&a, A, &to, 5, 1), V_DUPLICATE);
	ck_assert_int_eq(transfer(&a, B, &to, 1000 * ZNC_BASE, 2), V_NO_FUNDS);
	ck_assert_int_eq(transfer(&a, 3000, &to, 1, 3), V_NO_ACCOUNT);
	ck_assert_int_eq(lc_sync(&b).verdict, V_OK);
	ck_assert_int_eq(lc_sync(&a).verdict, V_OK);
	ck_assert(fold_same(&fa, &fb));
	lc_close(&a);
	lc_close(&b);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&fa);
	fold_free(&fb);
	daemon_remove(&d);
}
END_TEST

START_TEST(opened_account_trades)
{
	struct daemon d;
	struct fold f = {0};
	struct lc c;
	struct address a, fresh;
	uint8_t bytes[64];
	daemon_init(&d, two_accounts);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	struct wire_open_uid open = {.by_uid = A, .uid = 3000, .amount = money_of(7 * ZNC_BASE)};
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_open_uid_put(&w, &open);
	ck_assert_int_eq(lc_wait(&c, lc_send(&c, WIRE_OPEN_UID, bytes, w.len)).verdict, V_OK);
	ck_assert(lc_address(&c, 3000, &fresh) && lc_address(&c, A, &a));
	ck_assert_uint_eq(lc_balance(&c, &fresh), 7 * ZNC_BASE);
	ck_assert_int_eq(lc_wait(&c, lc_send(&c, WIRE_OPEN_UID, bytes, w.len)).verdict, V_NAME_TAKEN);
	ck_assert_int_eq(transfer(&c, 3000, &a, ZNC_BASE, 1), V_OK);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_start(&d); /* the key is kept */
	lc_open(&c, &d, &f);
	ck_assert_int_eq(transfer(&c, 3000, &a, ZNC_BASE, 2), V_OK);
	lc_close(&c);
	daemon_stop(&d, SIGKILL);
	fold_free(&f);
	daemon_remove(&d);
}
END_TEST

START_TEST(blocks_hash_to_their_names)
{
	struct daemon d;
	struct fold f = {0};
	struct lc c;
	struct address to;
	uint8_t bytes[64];
	struct wire_head head;
	struct slice body;
	struct wire_block part;
	daemon_init(&d, two_accounts);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	ck_assert(lc_address(&c, B, &to));
	ck_assert_int_eq(transfer(&c, A, &to, 5, 1), V_OK);
	lc_sync(&c);
	struct wire_get_block m = {.lane = 255, .height = f.height, .part = PART_HEADER};
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_get_block_put(&w, &m);
	lc_send(&c, WIRE_GET_BLOCK, bytes, w.len);
	ck_assert(lc_next(&c, &head, &body) && head.type == WIRE_BLOCK && wire_block_get(body, &part));
	ck_assert_uint_eq(part.total, 9 + MAIN_HEADER_LEN);
	ck_assert_uint_eq(part.chunk.len, part.total);
	struct id name = hash_of("zeus/blk", part.chunk.p + 9, part.chunk.len - 9);
	ck_assert_int_eq(id_cmp(&name, &f.hash), 0);
	lc_send(&c, 200, NULL, 0); /* an unknown message: cut off */
	ck_assert(!lc_next(&c, &head, &body));
	lc_close(&c);
	daemon_stop(&d, SIGTERM);
	fold_free(&f);
	daemon_remove(&d);
}
END_TEST

START_TEST(refusals_of_the_command)
{
	struct daemon d;
	daemon_init(&d, two_accounts);
	const char *again[] = {"zeus-ledger", "--init", "--state", d.state, NULL};
	const char *second[] = {"zeus-ledger", "--state", d.state, NULL};
	const char *nothing[] = {"zeus-ledger", "--verify", "--state", d.dir, NULL};
	const char *usage[] = {"zeus-ledger", "--account", "1=1", NULL}, *word[] = {"zeus-ledger", "word", NULL};
	ck_assert_int_eq(daemon_run(again), 1);
	ck_assert_int_eq(daemon_run(nothing), 78);
	ck_assert_int_eq(daemon_run(usage), 2);
	ck_assert_int_eq(daemon_run(word), 2);
	daemon_start(&d);
	ck_assert_int_eq(daemon_run(second), 75);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_remove(&d);
}
END_TEST

/* Which transfers are known to have happened; the others are sent again after the next start. */
struct load { enum { UNSENT, SENT, DONE } what[KILLS * PER_RUN]; uint64_t req[KILLS * PER_RUN]; uint32_t n; };

static void load_read(struct load *l, struct lc *c)
{
	struct wire_answer a;
	uint64_t req;
	ck_assert(lc_answer(c, &req, &a));
	for (uint32_t i = 0; i < l->n; i++)
		if (l->what[i] == SENT && l->req[i] == req) {
			ck_assert_msg(a.verdict == V_OK || a.verdict == V_DUPLICATE, "%s", verdict_text((enum verdict)a.verdict));
			l->what[i] = DONE;
			return;
		}
	ck_abort_msg("an answer to nothing that was asked");
}

/* Send what is not done in small bursts, now and then reading an answer, until steps are used up; what is open then stays so. The
 * kill is the caller's. */
static void load_run(struct load *l, struct lc *c, const struct address *to, uint32_t steps)
{
	uint32_t open = 0;
	for (uint32_t i = 0; i < l->n; i++)
		l->req[i] = 0;
	for (uint32_t i = 0; i < l->n && steps; i++) {
		if (l->what[i] == DONE)
			continue;
		struct cid cid = cid_of(i);
		l->req[i] = lc_transfer(c, A, to, 1, &cid);
		l->what[i] = SENT;
		open++;
		for (; steps && open && rand() % 3 == 0; open--, steps--)
			load_read(l, c);
		steps -= steps > 0;
	}
	for (; steps && open; open--, steps--)
		load_read(l, c);
}

static uint32_t load_left(const struct load *l)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < l->n; i++)
		left += l->what[i] != DONE;
	return left;
}

START_TEST(killed_under_load)
{
	static struct load l;
	struct daemon d;
	struct fold f = {0}, fresh = {0};
	struct lc c;
	struct address to;
	srand(20181201);
	daemon_init(&d, two_accounts);
	for (uint32_t run = 0; run < KILLS; run++) {
		daemon_start(&d);
		lc_open(&c, &d, &f);
		ck_assert(lc_address(&c, B, &to));
		l.n += PER_RUN;
		load_run(&l, &c, &to, (uint32_t)rand() % (3 * load_left(&l)));
		ck_assert_int_eq(daemon_stop(&d, SIGKILL), -SIGKILL);
		lc_close(&c);
	}
	daemon_start(&d);
	lc_open(&c, &d, &f);
	load_run(&l, &c, &to, 3 * load_left(&l));
	ck_assert_uint_eq(load_left(&l), 0);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ck_assert_uint_eq(lc_balance(&c, &to), 10 * ZNC_BASE + l.n); /* nothing lost, nothing twice */
	ck_assert_uint_eq(f.resets, 1);                              /* it always went on from where it was */
	lc_close(&c);
	lc_open(&c, &d, &fresh);
	ck_assert(fold_same(&f, &fresh));
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	const char *verify[] = {"zeus-ledger", "--verify", "--state", d.state, NULL};
	ck_assert_int_eq(daemon_run(verify), 0);
	fold_free(&f);
	fold_free(&fresh);
	daemon_remove(&d);
}
END_TEST

LEDGER_TEST_MAIN("ledger", facts_and_intents, opened_account_trades, blocks_hash_to_their_names, refusals_of_the_command, killed_under_load)
