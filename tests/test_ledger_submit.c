/* Finished envelopes: what somebody who keeps his own key sends, and every reason not to take it; and clients that do not read.
 *
 * Signs with the keys of the ledger under test, which a test of the same user may open. */
#include "ledger/keystore.h"
#include "tests/ledger_market.h"
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>

#define A 1000u
#define B 2000u

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct daemon d;
static struct lc c;
static struct fold f;
static struct keystore *keys;
static struct address from, to;
static uint64_t nonce;
struct envelope { size_t len; uint8_t b[4096]; };

static void open_all(void)
{
	char path[SCRATCH_LEN + 32], why[256];
	daemon_init(&d, accounts);
	snprintf(path, sizeof path, "%s/ledger/keys", d.state);
	ck_assert_int_eq(sign_init(), 0);
	ck_assert_int_eq(keystore_open(path, false, &keys, why), 0);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	ck_assert(lc_address(&c, A, &from) && lc_address(&c, B, &to));
	nonce = 0;
}

static void close_all(void)
{
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	keystore_close(keys);
	fold_free(&f);
	daemon_remove(&d);
}

static struct tx payment(uint64_t amount)
{
	struct tx tx = {.type = TX_TRANSFER, .chain_id = c.welcome.chain_id, .sender = from, .nonce = nonce};
	tx.valid_until = f.height + 1000;
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = to, .amount = money_of(amount)};
	return tx;
}

static struct envelope seal_for(struct tx tx, uint32_t uid, const struct id *genesis)
{
	struct envelope e;
	struct wbuf w = wbuf_on(e.b, sizeof e.b);
	sign_tx(keystore_key(keys, uid), genesis, &tx, &w);
	ck_assert(!w.bad);
	e.len = w.len;
	return e;
}

static struct envelope seal(struct tx tx)
{
	return seal_for(tx, A, &c.welcome.genesis);
}

static uint64_t post(const struct envelope *e)
{
	return lc_submit(&c, (struct slice){e->b, e->len});
}

static enum verdict submit(const struct envelope *e)
{
	enum verdict v = (enum verdict)lc_wait(&c, post(e)).verdict;
	lc_sync(&c);
	return v;
}

static enum verdict submit_tx(struct tx tx)
{
	struct envelope e = seal(tx);
	return submit(&e);
}

START_TEST(one_by_one)
{
	open_all();
	uint64_t before = lc_balance(&c, &to);
	struct tx tx = payment(5);
	struct envelope good = seal(tx), e = good;
	e.b[e.len - 1] ^= 1;
	ck_assert_int_eq(submit(&e), V_BAD_SIGNATURE);
	e = good;
	e.b[TX_HEAD_LEN + 20] ^= 1; /* the receiver */
	ck_assert_int_eq(submit(&e), V_BAD_SIGNATURE);
	e = seal_for(tx, B, &c.welcome.genesis);
	ck_assert_int_eq(submit(&e), V_BAD_SIGNATURE);
	struct id elsewhere = c.welcome.genesis;
	elsewhere.b[0] ^= 1;
	e = seal_for(tx, A, &elsewhere);
	ck_assert_int_eq(submit(&e), V_BAD_SIGNATURE);
	tx.chain_id++;
	ck_assert_int_eq(submit_tx(tx), V_WRONG_CHAIN);
	tx = payment(5);
	tx.valid_until = f.height;
	ck_assert_int_eq(submit_tx(tx), V_EXPIRED);
	tx.valid_until = f.height + 1;
	tx.nonce = 1;
	ck_assert_int_eq(submit_tx(tx), V_BAD_NONCE);
	tx = payment(5);
	tx.sender.b[3] ^= 1;
	ck_assert_int_eq(submit_tx(tx), V_NO_ACCOUNT);
	e = good;
	e.b[40] = 1; /* a payment in the scope of a lease */
	ck_assert_int_eq(submit(&e), V_MALFORMED);
	e = good;
	e.len--;
	ck_assert_int_eq(submit(&e), V_MALFORMED);
	e.len += 2;
	ck_assert_int_eq(submit(&e), V_MALFORMED);
	ck_assert_uint_eq(lc_balance(&c, &to), before);
	ck_assert_uint_eq(f.height, 0); /* no block was made of any of it */
	ck_assert_int_eq(submit(&good), V_OK);
	ck_assert_int_eq(submit(&good), V_BAD_NONCE);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 5);
	nonce = 1;
	tx = payment(5);
	memset(&tx.u.transfer.cid, 0, sizeof tx.u.transfer.cid);
	ck_assert_int_eq(submit_tx(tx), V_OK);
	tx.nonce = 2; /* signed again by one who thought that it was lost */
	ck_assert_int_eq(submit_tx(tx), V_DUPLICATE);
	nonce = 3;
	ck_assert_int_eq(submit_tx(payment(5000 * ZNC_BASE)), V_NO_FUNDS);
	nonce = 4; /* the nonce is used up all the same */
	ck_assert_int_eq(submit_tx(payment(5)), V_OK);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 15);
	close_all();
}
END_TEST

static void expect(uint64_t req, enum verdict want)
{
	struct wire_answer a;
	uint64_t got;
	ck_assert(lc_answer(&c, &got, &a));
	ck_assert_uint_eq(got, req);
	ck_assert_msg(a.verdict == want, "%s, not %s", verdict_name((enum verdict)a.verdict), verdict_name(want));
}

/* Many on their way at once; one whose signature is bad among them must not hold up the rest, nor anybody else. */
START_TEST(in_a_row)
{
	struct envelope e[8];
	uint64_t req[8];
	open_all();
	uint64_t before = lc_balance(&c, &to);
	for (nonce = 0; nonce < 8; nonce++)
		e[nonce] = seal(payment(1));
	for (int i = 0; i < 8; i++)
		req[i] = post(&e[i]);
	for (int i = 0; i < 8; i++)
		expect(req[i], V_OK);
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 8);
	for (int i = 0; i < 3; i++, nonce++)
		e[i] = seal(payment(1));
	e[1].b[e[1].len - 1] ^= 1;
	for (int i = 0; i < 3; i++)
		req[i] = post(&e[i]);
	unsigned ok = 0, bad_sig = 0, bad_nonce = 0;
	for (int i = 0; i < 3; i++) { /* when the bad one falls out decides whether the third came too late or too early */
		struct wire_answer a;
		uint64_t got;
		ck_assert(lc_answer(&c, &got, &a));
		ok += a.verdict == V_OK && got == req[0];
		bad_sig += a.verdict == V_BAD_SIGNATURE && got == req[1];
		bad_nonce += a.verdict == V_BAD_NONCE && got == req[2];
	}
	ck_assert(ok == 1 && bad_sig == 1 && bad_nonce == 1);
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 9);
	nonce = 9; /* a custodial one in front: each takes its own place in the line */
	struct tx mine = payment(1);
	uint64_t first = lc_intent(&c, A, &mine);
	nonce = 10;
	e[0] = seal(payment(1));
	uint64_t second = post(&e[0]);
	expect(first, V_OK);
	expect(second, V_OK);
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 11);
	close_all();
	ck_assert_uint_eq(nonce, 10);
}
END_TEST

/* --- keys that change --- */

static struct tx new_keys(uint32_t uid)
{
	struct tx tx = {.type = TX_SET_AUTH, .chain_id = c.welcome.chain_id, .sender = from, .nonce = nonce};
	tx.valid_until = f.height + 1000;
	tx.u.set_auth.auth = sign_auth_single(keystore_key(keys, uid)->pk);
	return tx;
}

/* What the account's fact says: a refusal inside a block uses a nonce up, one before it does not. */
static uint64_t next_nonce(void)
{
	struct fact x;
	for (size_t i = 0; i < f.n; i++) {
		struct rbuf r = rbuf_on(f.o[i].bytes, f.o[i].len);
		if (f.o[i].kind == FACT_ACCOUNT && fact_next(&r, &x) && address_eq(&x.u.account.address, &from))
			return x.u.account.nonce;
	}
	ck_abort_msg("no such account");
}

/* The old key signed what is behind the change, verified and all: it is refused with it, at once and when it comes again. */
START_TEST(old_keys_behind_new_ones)
{
	const char *verify[] = {"zeus-ledger", "--verify", "--state", d.state, NULL};
	open_all();
	uint64_t before = lc_balance(&c, &to);
	struct envelope change = seal(new_keys(B)), old;
	nonce = 1;
	struct tx tx = payment(3);
	old = seal(tx);
	uint64_t first = post(&change), second = post(&old);
	expect(first, V_OK);
	expect(second, V_BAD_SIGNATURE);
	lc_sync(&c);
	ck_assert_uint_eq(lc_balance(&c, &to), before);
	if (next_nonce() == 1) /* each had a block of its own */
		ck_assert_int_eq(submit(&old), V_BAD_SIGNATURE);
	tx.nonce = next_nonce();
	struct envelope fresh = seal_for(tx, B, &c.welcome.genesis);
	ck_assert_int_eq(submit(&fresh), V_OK);
	nonce = next_nonce();
	old = seal(payment(3));
	ck_assert_int_eq(submit(&old), V_BAD_SIGNATURE);
	ck_assert_int_eq(submit(&old), V_BAD_SIGNATURE);
	ck_assert_uint_eq(lc_balance(&c, &to), before + 3);
	tx = payment(4);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_KEYS_CHANGED); /* this machine's key for A is the old one */
	ck_assert_int_eq(lc_do(&c, B, &tx), V_OK);            /* B's own account is as it was */
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	ck_assert_int_eq(daemon_run(verify), 0);
	daemon_start(&d);
	lc_open(&c, &d, &f);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_KEYS_CHANGED);
	nonce = next_nonce();
	tx = new_keys(A);
	fresh = seal_for(tx, B, &c.welcome.genesis);
	ck_assert_int_eq(submit(&fresh), V_OK);
	tx = payment(4);
	ck_assert_int_eq(lc_do(&c, A, &tx), V_OK); /* and back */
	close_all();
}
END_TEST

/* The same in the waiting room: an intent that was taken while the key was good, and comes to be signed when it is not. */
START_TEST(intents_behind_new_keys)
{
	open_all();
	struct envelope change = seal(new_keys(B)); /* while it is verified, what is behind it waits */
	struct tx tx = payment(1);
	uint64_t first = post(&change), second = lc_intent(&c, A, &tx);
	expect(first, V_OK);
	expect(second, V_KEYS_CHANGED);
	close_all();
}
END_TEST

/* --- clients that do not read --- */

/* Ask for a whole message's worth again and again without reading an answer, until the ledger has enough. */
static void ask_until_cut(int fd)
{
	uint8_t bytes[64];
	struct wire_get_block m = {.lane = WIRE_LANE_MAIN, .height = 1, .part = PART_TXS};
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_get_block_put(&w, &m);
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < 1000000; i++)
		rc = conn_send(fd, WIRE_GET_BLOCK, i, bytes, w.len, 0);
	ck_assert_msg(rc == -EPIPE || rc == -ECONNRESET, "%d", rc);
}

START_TEST(answers_unread)
{
	static struct lc deaf;
	struct fold df = {0};
	open_all();
	ck_assert_int_eq(submit_tx(payment(1)), V_OK);
	lc_open(&deaf, &d, &df);
	ask_until_cut(deaf.fd);
	nonce = 1;
	ck_assert_int_eq(submit_tx(payment(1)), V_OK); /* nobody else noticed */
	lc_close(&deaf);
	lc_open(&deaf, &d, &df);
	ck_assert_int_eq(lc_sync(&deaf).verdict, V_OK);
	ck_assert(fold_same(&f, &df));
	lc_close(&deaf);
	fold_free(&df);
	close_all();
}
END_TEST

static bool hung_up(int fd)
{
	struct pollfd p = {.fd = fd};
	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

/* Facts of more blocks than are kept: cut off, and a snapshot when it comes back. */
START_TEST(facts_unread)
{
	static struct lc deaf;
	struct fold df = {0};
	open_all();
	lc_open(&deaf, &d, &df);
	for (; !hung_up(deaf.fd); nonce++) {
		ck_assert_uint_lt(f.height, 4 * FACTS_KEEP_BLOCKS);
		struct envelope e = seal(payment(1));
		ck_assert_int_eq(lc_wait(&c, post(&e)).verdict, V_OK);
	}
	lc_sync(&c);
	ck_assert(lc_gone(&deaf)); /* reads what had been sent, and then the end */
	ck_assert_uint_lt(df.height, f.height);
	ck_assert_uint_eq(df.resets, 1);
	lc_close(&deaf);
	lc_open(&deaf, &d, &df);
	ck_assert_uint_eq(df.resets, 2);
	ck_assert(fold_same(&f, &df));
	lc_close(&deaf);
	fold_free(&df);
	close_all();
}
END_TEST

LEDGER_TEST_MAIN("ledger_submit", one_by_one, in_a_row, old_keys_behind_new_ones, intents_behind_new_keys, answers_unread, facts_unread)
