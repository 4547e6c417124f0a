/* Who may ask what: the socket's peer decides, and [trade] uids of the configuration.
 *
 * Needs root, to connect as several users (tests/ledger_users.h). Skips without root. */
#include "ledger/keystore.h"
#include "tests/ledger_market.h"
#include "tests/ledger_users.h"
#include <check.h>
#include <signal.h>

#define A 1000u
#define B 2000u
#define STRANGER 65533u

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct daemon d;
static struct fold f;
static struct address a, b;
static uint8_t bytes[WIRE_MAX];

static void open_all(void)
{
	users_start(&d, accounts, "[trade]\nuids = 1000,3000\n");
}

static void close_all(void)
{
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	fold_free(&f);
	daemon_remove(&d);
}

/* As that user, up to the facts. */
static void connect_as(struct lc *c, uid_t uid)
{
	users_open(c, &d, &f, uid);
	ck_assert(lc_address(c, A, &a) && lc_address(c, B, &b));
}

static struct tx payment(void)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = b, .amount = money_of(1)};
	return tx;
}

static enum verdict ask(struct lc *c, uint8_t type, const struct wbuf *w)
{
	ck_assert(!w->bad);
	return (enum verdict)lc_wait(c, lc_send(c, type, w->p, w->len)).verdict;
}

static enum verdict intend(struct lc *c, uint32_t uid, const struct tx *tx)
{
	return (enum verdict)lc_wait(c, lc_intent(c, uid, tx)).verdict;
}

static enum verdict batch(struct lc *c, uint32_t uid)
{
	uint8_t ops[512];
	struct wbuf o = wbuf_on(ops, sizeof ops), w = wbuf_on(bytes, sizeof bytes);
	struct tx tx = payment();
	tx_batch_put(&o, &tx);
	struct wire_batch m = {.uid = uid, .last = true, .ops = {ops, o.len}};
	wire_batch_put(&w, &m);
	return ask(c, WIRE_BATCH, &w);
}

static enum verdict open_uid(struct lc *c, uint32_t by, uint32_t uid)
{
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct wire_open_uid m = {.by_uid = by, .uid = uid, .amount = money_of(1)};
	wire_open_uid_put(&w, &m);
	return ask(c, WIRE_OPEN_UID, &w);
}

/* Sent, and answered with what was asked for, or refused. */
static enum verdict read_past(struct lc *c, uint8_t type, uint8_t reply, const struct wbuf *w)
{
	struct wire_head head;
	struct slice body;
	struct wire_answer answer;
	lc_send(c, type, w->p, w->len);
	ck_assert(lc_next(c, &head, &body));
	if (head.type == reply)
		return V_OK;
	ck_assert(wire_answer_get(body, &answer));
	return (enum verdict)answer.verdict;
}

/* Which nonce comes next in a lease: nobody's here, so who may ask hears that there is none. */
static enum verdict get_seq(struct lc *c)
{
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_get_seq_put(&w, &(struct wire_get_seq){.instance = {{1, 2, 3}}});
	return read_past(c, WIRE_GET_SEQ, WIRE_SEQ, &w);
}

/* All that is read of the past has one answer. */
static enum verdict get_block(struct lc *c)
{
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_get_block_put(&w, &(struct wire_get_block){.lane = WIRE_LANE_MAIN});
	enum verdict v = read_past(c, WIRE_GET_BLOCK, WIRE_BLOCK, &w);
	w = wbuf_on(bytes, sizeof bytes);
	wire_get_proof_put(&w, &(struct wire_get_proof){.place = {1, 1, 0}});
	ck_assert_int_eq(read_past(c, WIRE_GET_PROOF, WIRE_BLOCK, &w), v);
	w = wbuf_on(bytes, sizeof bytes);
	wire_find_tx_put(&w, &(struct id){{1}});
	ck_assert_int_eq(read_past(c, WIRE_FIND_TX, WIRE_FOUND, &w), v);
	return v;
}

static enum verdict usage(struct lc *c)
{
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct usage_receipt r = {.seq = 1, .instance = {{1}}};
	wire_usages_put(&w, &r, 1);
	return ask(c, WIRE_PREPARE_USAGE, &w);
}

START_TEST(views)
{
	static struct lc c;
	open_all();
	connect_as(&c, UID_VIEWS);
	struct tx tx = payment();
	ck_assert_int_eq(intend(&c, A, &tx), V_OK);
	tx = payment();
	ck_assert_int_eq(intend(&c, B, &tx), V_NOT_ALLOWED); /* it has an account and a key, but is not named in [trade] */
	ck_assert_int_eq(intend(&c, 4000, &tx), V_NOT_ALLOWED);
	ck_assert_int_eq(intend(&c, UINT32_MAX, &tx), V_NOT_ALLOWED);
	struct tx keys = {.type = TX_SET_AUTH, .u.set_auth.auth = {.threshold = 1, .n = 1, .key = {{.pk = {9}, .weight = 1}}}};
	ck_assert_int_eq(intend(&c, A, &keys), V_NOT_ALLOWED); /* or whoever takes views over keeps the accounts */
	ck_assert_int_eq(batch(&c, A), V_OK);
	ck_assert_int_eq(batch(&c, B), V_NOT_ALLOWED);
	ck_assert_int_eq(open_uid(&c, A, 4000), V_NOT_ALLOWED);
	ck_assert_int_eq(open_uid(&c, B, 3000), V_NOT_ALLOWED);
	ck_assert_int_eq(open_uid(&c, A, 3000), V_OK);
	ck_assert_int_eq(get_block(&c), V_OK);
	ck_assert_int_eq(get_seq(&c), V_OK);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ck_assert_int_eq(usage(&c), V_NOT_ALLOWED);
	lc_close(&c);
	close_all();
}
END_TEST

START_TEST(plan)
{
	static struct lc c;
	struct id lease = {{1, 2, 3}};
	open_all();
	connect_as(&c, UID_PLAN);
	struct tx tx = market_node(2, NULL);
	ck_assert_int_eq(intend(&c, A, &tx), V_OK);
	ck_assert_int_eq(intend(&c, 3000, &tx), V_NOT_ALLOWED);
	ck_assert_int_eq(usage(&c), V_NO_LEASE);
	tx = market_ready(&lease);
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_PARTY);
	tx = market_event(&lease, "quit");
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_PARTY);
	tx = market_event(&lease, "accept");
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_ALLOWED);
	tx = payment();
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_ALLOWED);
	tx = market_ask(&a, 1, 1000000);
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_ALLOWED);
	ck_assert_int_eq(batch(&c, A), V_NOT_ALLOWED);
	ck_assert_int_eq(open_uid(&c, A, 3000), V_NOT_ALLOWED);
	ck_assert_int_eq(get_block(&c), V_NOT_ALLOWED);
	ck_assert_int_eq(get_seq(&c), V_NOT_ALLOWED);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	lc_close(&c);
	close_all();
}
END_TEST

static void count_payments(void *arg, const struct fact *fact)
{
	*(uint32_t *)arg += fact->kind == FACT_PAY;
}

static uint32_t payments_told(uid_t uid)
{
	static struct lc c;
	uint32_t n = 0;
	f = (struct fold){.history = true, .each = count_payments, .arg = &n};
	connect_as(&c, uid);
	lc_close(&c);
	fold_free(&f);
	f = (struct fold){.history = false};
	return n;
}

/* Genesis paid both accounts. Plan acts on what it is told, so it is not told of the past, whatever it asks for. */
START_TEST(history)
{
	open_all();
	ck_assert_uint_eq(payments_told(1), 2);
	ck_assert_uint_eq(payments_told(2), 0);
	close_all();
}
END_TEST

static void submit_by_key(struct lc *c, const struct wire_welcome *welcome)
{
	char path[SCRATCH_LEN + 32], why[256];
	struct keystore *keys;
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	uint8_t copy[2048];
	snprintf(path, sizeof path, "%s/ledger/keys", d.state);
	users_become(NOBODY);
	ck_assert_int_eq(sign_init(), 0);
	ck_assert_int_eq(keystore_open(path, false, &keys, why), 0);
	users_become(0);
	ck_assert(keystore_address(keys, A, &a) && keystore_address(keys, B, &b));
	struct tx tx = payment();
	tx.chain_id = welcome->chain_id;
	tx.sender = a;
	tx.valid_until = 100;
	sign_tx(keystore_key(keys, A), &welcome->genesis, &tx, &w);
	memcpy(copy, bytes, w.len);
	ck_assert_int_eq(lc_wait(c, lc_submit(c, (struct slice){copy, w.len})).verdict, V_OK);
	keystore_close(keys);
}

/* Anybody of the group: greeted, may bring envelopes, reads nothing. */
START_TEST(anybody)
{
	static struct lc c;
	uint8_t hello_bytes[64];
	struct wire_hello hello = {.height = UINT64_MAX};
	struct wbuf w = wbuf_on(hello_bytes, sizeof hello_bytes);
	open_all();
	c.fold = &f;
	c.fd = users_dial(&d, STRANGER);
	wire_hello_put(&w, &hello);
	lc_send(&c, WIRE_HELLO, hello_bytes, w.len);
	struct tx tx = {.type = TX_TRANSFER};
	ck_assert_int_eq(intend(&c, A, &tx), V_NOT_ALLOWED);
	ck_assert_int_eq(get_block(&c), V_NOT_ALLOWED);
	ck_assert_int_eq(get_seq(&c), V_NOT_ALLOWED);
	ck_assert_int_eq(lc_sync(&c).verdict, V_NOT_ALLOWED);
	ck_assert_int_eq(usage(&c), V_NOT_ALLOWED);
	ck_assert_int_eq(batch(&c, A), V_NOT_ALLOWED);
	ck_assert_int_eq(open_uid(&c, A, 3000), V_NOT_ALLOWED);
	ck_assert_str_eq(c.welcome.engine, "solo");
	submit_by_key(&c, &c.welcome);
	ck_assert_uint_eq(c.nuids, 0);
	ck_assert_uint_eq(f.n, 0);
	lc_close(&c);
	close_all();
}
END_TEST

/* --- what is sealed to a node is opened for its plan alone --- */

#define BUYER 3000u
static const char secret[] = "PASSWORD=hunter2";
static struct fact_lease seen;
static uint8_t seen_deploy[DEPLOY_MAX];

static void see_lease(void *arg, const struct fact *fact)
{
	(void)arg;
	if (fact->kind != FACT_LEASE)
		return;
	seen = fact->u.lease;
	memcpy(seen_deploy, seen.deploy.p, seen.deploy.len);
	seen.deploy.p = seen_deploy;
}

static void must(struct lc *c, uint32_t uid, const struct tx *tx)
{
	enum verdict v = lc_do(c, uid, tx);
	ck_assert_msg(v == V_OK, "%s", verdict_name(v));
}

/* A lease of A's node, rented by BUYER. */
static void rent(struct lc *c)
{
	struct address buyer;
	ck_assert_int_eq(open_uid(c, A, BUYER), V_OK);
	ck_assert_int_eq(lc_sync(c).verdict, V_OK);
	ck_assert(lc_address(c, BUYER, &buyer));
	struct tx tx = payment();
	tx.u.transfer.to = buyer;
	tx.u.transfer.amount = money_of(100 * ZNC_BASE);
	must(c, A, &tx);
	tx = market_node(2, NULL);
	must(c, A, &tx);
	tx = market_ask(&a, 1, 1000000);
	must(c, A, &tx);
	tx = market_bid(1, 1000000, 3600);
	must(c, BUYER, &tx);
	ck_assert(!id_is_zero(&seen.lease));
}

static size_t deploy_bytes(const char *task, uint8_t *out)
{
	struct deploy deploy = {.nargs = 1, .args = {"/task"}, .nenv = 1, .env = {secret}};
	struct wbuf w = wbuf_on(out, DEPLOY_MAX);
	strcpy(deploy.task, task);
	deploy_put(&w, &deploy);
	ck_assert(!w.bad);
	return w.len;
}

static void deploy(struct lc *c, struct slice blob)
{
	struct tx tx = market_event(&seen.lease, "deploy");
	tx.u.event.blob = blob;
	must(c, BUYER, &tx);
}

START_TEST(a_sealed_deploy)
{
	static struct lc c, p;
	static struct fold plan_fold;
	static uint8_t plain[DEPLOY_MAX];
	struct slice shown, rest;
	bool sealed;
	open_all();
	f.each = plan_fold.each = see_lease;
	connect_as(&c, 1);
	rent(&c);
	size_t len = deploy_bytes("one", plain);
	deploy(&c, (struct slice){plain, len});
	ck_assert(deploy_split(seen.deploy, &shown, &rest, &sealed) && sealed);
	ck_assert_uint_eq(seen.deploy.len, len + DEPLOY_SEAL_MORE);
	ck_assert_ptr_null(memmem(seen.deploy.p, seen.deploy.len, secret, strlen(secret)));
	users_open(&p, &d, &plan_fold, UID_PLAN); /* greeted */
	ck_assert(seen.deploy.len == len && memcmp(seen.deploy.p, plain, len) == 0);
	len = deploy_bytes("two", plain);
	deploy(&c, (struct slice){plain, len});
	ck_assert(deploy_split(seen.deploy, &shown, &rest, &sealed) && sealed);
	uint8_t copy[1024];
	size_t copy_len = seen.deploy.len;
	memcpy(copy, seen.deploy.p, copy_len);
	ck_assert_int_eq(lc_sync(&p).verdict, V_OK); /* live */
	ck_assert(seen.deploy.len == len && memcmp(seen.deploy.p, plain, len) == 0);
	copy[copy_len - 1] ^= 1; /* what does not open stays shut */
	deploy(&c, (struct slice){copy, copy_len});
	ck_assert_int_eq(lc_sync(&p).verdict, V_OK);
	ck_assert(seen.deploy.len == copy_len && memcmp(seen.deploy.p, copy, copy_len) == 0);
	memset(plain, 7, 1000); /* whatever it is, it is no secret of a deploy's */
	deploy(&c, (struct slice){plain, 1000});
	ck_assert_uint_eq(seen.deploy.len, 1000);
	fold_free(&plan_fold);
	lc_close(&p);
	lc_close(&c);
	close_all();
}
END_TEST

/* --- and what is sealed to a buyer, for the views that show it to him --- */

START_TEST(a_sealed_endpoint)
{
	static struct lc c, p, again;
	static struct fold plan_fold, again_fold;
	open_all();
	f.each = plan_fold.each = again_fold.each = see_lease;
	connect_as(&c, UID_VIEWS);
	rent(&c);
	users_open(&p, &d, &plan_fold, UID_PLAN);
	struct tx tx = market_ready(&seen.lease);
	const char *plain = tx.u.ready.endpoint;
	must(&p, A, &tx);
	ck_assert_int_eq(strncmp(seen.endpoint, ENDPOINT_SEALED, strlen(ENDPOINT_SEALED)), 0); /* nor for who wrote it */
	ck_assert_ptr_null(strstr(seen.endpoint, plain));
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK); /* live */
	ck_assert_str_eq(seen.endpoint, plain);
	memset(&seen, 0, sizeof seen);
	users_open(&again, &d, &again_fold, UID_VIEWS); /* greeted */
	ck_assert_str_eq(seen.endpoint, plain);
	fold_free(&plan_fold);
	fold_free(&again_fold);
	lc_close(&again);
	lc_close(&p);
	lc_close(&c);
	close_all();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {views, plan, history, anybody, a_sealed_deploy, a_sealed_endpoint};
	if (!users_able())
		return 77;
	return test_run("ledger_roles", tests, sizeof tests / sizeof tests[0]);
}
