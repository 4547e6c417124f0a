/* Transactions: every type's golden bytes, and what is never canonical.
 *
 * Every type once, with each field told from its neighbour. Does not sign: signatures are filler here. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "common/tx.h"
#include "tests/vector.h"

static uint8_t room[VECTOR_MAX], parts[1024];
static const uint8_t blob[] = "a task specification";

static struct tx sample(uint8_t type)
{
	struct tx tx;
	memset(&tx, 0, sizeof tx);
	tx.type = type;
	tx.chain_id = 7;
	vector_fill(&tx.sender, sizeof tx.sender, 0x10);
	if (tx_type_instance(type))
		vector_fill(&tx.scope, sizeof tx.scope, 0x30);
	tx.nonce = 5;
	tx.valid_until = 1000;
	tx.nsig = 1;
	vector_fill(&tx.sig[0], sizeof tx.sig[0], 0x80);
	return tx;
}

static struct resources some_resources(void) { return (struct resources){{1000, 512, 0, 0, 1024, 20000, 20000, 100, 10, 64, 0, 0}}; }

static struct tx sample_transfer(void)
{
	struct tx tx = sample(TX_TRANSFER);
	vector_fill(&tx.u.transfer.cid, CID_LEN, 1);
	vector_fill(&tx.u.transfer.to, 32, 0x50);
	tx.u.transfer.amount = money_of(150000000);
	strcpy(tx.u.transfer.memo, "thank you");
	return tx;
}

static struct tx sample_open(void)
{
	struct tx tx = sample(TX_OPEN);
	struct auth *a = &tx.u.open.auth;
	*a = (struct auth){.threshold = 2, .n = 2};
	vector_fill(a->key[0].pk, 32, 1);
	vector_fill(a->key[1].pk, 32, 2);
	a->key[0].weight = a->key[1].weight = 1;
	tx.u.open.amount = money_of(1);
	vector_fill(tx.u.open.x25519, 32, 0x60);
	return tx;
}

static struct tx sample_set_auth(void)
{
	struct tx tx = sample(TX_SET_AUTH);
	tx.u.set_auth.auth = sample_open().u.open.auth;
	return tx;
}

static struct tx sample_stake(void)
{
	struct tx tx = sample(TX_STAKE);
	vector_fill(&tx.u.stake.cid, CID_LEN, 4);
	tx.u.stake.amount = money_of(500000000);
	return tx;
}

static struct tx sample_unstake(void)
{
	struct tx tx = sample_stake();
	tx.type = TX_UNSTAKE;
	return tx;
}

static struct tx sample_vote(void)
{
	struct tx tx = sample(TX_VOTE);
	tx.u.vote = (struct tx_vote){3, {1, 2, 700}};
	return tx;
}

static struct tx sample_proxy(void)
{
	struct tx tx = sample(TX_PROXY);
	vector_fill(&tx.u.proxy.proxy, 32, 0x63);
	return tx;
}

static struct tx sample_token_new(void)
{
	struct tx tx = sample(TX_TOKEN_NEW);
	tx.u.token_new = (struct tx_token_new){.symbol = "GOLD2", .decimals = 6, .num = 7, .den = 300, .mode = TOKEN_ISSUER};
	vector_fill(&tx.u.token_new.cid, CID_LEN, 5);
	return tx;
}

static struct tx sample_token_in(void)
{
	struct tx tx = sample(TX_TOKEN_IN);
	vector_fill(&tx.u.token_in.cid, CID_LEN, 6);
	tx.u.token_in.token = 9;
	tx.u.token_in.amount = money_of(1234567);
	return tx;
}

static struct tx sample_token_out(void)
{
	struct tx tx = sample(TX_TOKEN_OUT);
	vector_fill(&tx.u.token_out.cid, CID_LEN, 7);
	tx.u.token_out.token = 9;
	tx.u.token_out.amount = money_of(7654321);
	tx.u.token_out.into = 10;
	return tx;
}

static struct tx sample_set_key(void)
{
	struct tx tx = sample(TX_SET_KEY);
	vector_fill(tx.u.set_key.x25519, 32, 0x61);
	return tx;
}

static struct tx sample_node_reg(void)
{
	struct tx tx = sample(TX_NODE_REG);
	strcpy(tx.u.node_reg.name, "night-owl");
	tx.u.node_reg.caps = some_resources();
	vector_fill(tx.u.node_reg.op_pk, 32, 0x62);
	return tx;
}

static struct tx sample_ask(void)
{
	struct tx tx = sample(TX_ASK);
	struct tx_ask *a = &tx.u.ask;
	vector_fill(&a->cid, CID_LEN, 2);
	strcpy(a->name, "night");
	vector_fill(&a->node, 32, 0x70);
	a->symbol = 1;
	a->offer = some_resources();
	a->price = price_of(2000000);
	a->bond = money_of(400000);
	a->min_s = 60;
	a->max_s = 7200;
	a->tif = TIF_GTC;
	return tx;
}

static struct tx sample_bid(void)
{
	struct tx tx = sample(TX_BID);
	struct tx_bid *b = &tx.u.bid;
	vector_fill(&b->cid, CID_LEN, 3);
	strcpy(b->name, "job1");
	b->symbol = 1;
	b->want = some_resources();
	b->qty = qty_of(2);
	b->limit = price_of(5000000);
	b->dur_s = 600;
	b->rating = 9;
	b->escrow = money_of(1666666);
	b->expiry_ms = 1543658400000;
	b->tif = TIF_FOK;
	strcpy(b->app, "demo");
	b->deploy = (struct slice){blob, sizeof blob};
	return tx;
}

static struct tx sample_cancel(void)
{
	struct tx tx = sample(TX_CANCEL);
	tx.u.cancel.symbol = 1;
	vector_fill(&tx.u.cancel.order, 32, 0x71);
	return tx;
}

static struct tx sample_amend(void)
{
	struct tx tx = sample(TX_AMEND);
	struct tx_amend *a = &tx.u.amend;
	a->symbol = 1;
	vector_fill(&a->order, 32, 0x72);
	a->rev = 3;
	a->qty = qty_of(1);
	a->price = price_of(6000000);
	a->escrow_add = money_of(10);
	return tx;
}

static struct tx sample_app_pub(void)
{
	struct tx tx = sample(TX_APP_PUB);
	strcpy(tx.u.app_pub.name, "demo");
	vector_fill(tx.u.app_pub.image, 32, 0x73);
	tx.u.app_pub.meta = (struct slice){blob, sizeof blob};
	return tx;
}

static struct tx sample_fund(void)
{
	struct tx tx = sample(TX_FUND);
	vector_fill(&tx.u.fund.instance, 32, 0x74);
	strcpy(tx.u.fund.event, "topup");
	tx.u.fund.amount = money_of(99);
	return tx;
}

static struct tx sample_event(void)
{
	struct tx tx = sample(TX_EVENT);
	strcpy(tx.u.event.event, "deploy");
	tx.u.event.arg[3] = 4;
	tx.u.event.blob = (struct slice){blob, sizeof blob};
	return tx;
}

static struct tx sample_ready(void)
{
	struct tx tx = sample(TX_READY);
	strcpy(tx.u.ready.endpoint, "10.7.0.2");
	return tx;
}

static struct tx sample_usage(void)
{
	struct tx tx = sample(TX_USAGE);
	struct tx_usage *u = &tx.u.usage;
	u->receipt.seq = 2;
	vector_fill(&u->receipt.instance, 32, 0x75);
	u->receipt.t0_ms = 1000;
	u->receipt.t1_ms = 61000;
	for (int m = 0; m < METERS; m++)
		u->receipt.meter[m] = (uint64_t)m + 60;
	vector_fill(u->receipt.boot_id, 16, 0x76);
	u->receipt.group_id = 4711;
	u->leaf = 1;
	u->leaves = 2;
	u->npath = 1;
	vector_fill(&u->path[0], 32, 0x77);
	vector_fill(u->tick_sig, 64, 0x78);
	return tx;
}

static struct tx sample_batch(void)
{
	struct tx tx = sample(TX_BATCH), ask = sample_ask(), cancel = sample_cancel();
	struct wbuf w = wbuf_on(parts, sizeof parts);
	tx_batch_put(&w, &ask);
	tx_batch_put(&w, &cancel);
	ck_assert(!w.bad);
	tx.u.batch = (struct tx_batch){{parts, w.len}, 2};
	return tx;
}

static bool tx_again(struct slice in, struct wbuf *out)
{
	struct tx tx;
	size_t signed_len;
	if (tx_get(in, &tx, &signed_len) != V_OK)
		return false;
	ck_assert_uint_eq(signed_len, in.len - 1 - tx.nsig * 96U);
	tx_put(out, &tx);
	return true;
}

static struct tx (*const samples[])(void) = {
	sample_transfer, sample_open, sample_set_key, sample_node_reg, sample_ask, sample_bid, sample_cancel, sample_amend,
	sample_app_pub, sample_fund, sample_event, sample_ready, sample_usage, sample_batch, sample_set_auth, sample_stake, sample_unstake,
	sample_vote, sample_proxy, sample_token_new, sample_token_in, sample_token_out,
};
#define SAMPLES (sizeof samples / sizeof samples[0])

START_TEST(vectors_hold)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tx tx = samples[i]();
		struct wbuf w = wbuf_on(room, sizeof room);
		tx_put(&w, &tx);
		vector_hold("tx.txt", tx_type_word(tx.type), &w, tx_again);
	}
}
END_TEST

START_TEST(bodies_alone_round_trip)
{
	uint8_t again[4096];
	for (size_t i = 0; i < SAMPLES; i++) {
		struct tx tx = samples[i](), back;
		struct wbuf w = wbuf_on(room, sizeof room), w2 = wbuf_on(again, sizeof again);
		tx_body_put(&w, &tx);
		ck_assert_int_eq(tx_body_get(tx.type, (struct slice){room, w.len}, &back), V_OK);
		tx_body_put(&w2, &back);
		ck_assert(!w.bad && !w2.bad && w.len == w2.len && memcmp(room, again, w.len) == 0);
	}
}
END_TEST

/* The sample with one thing wrong cannot be written. */
#define REFUSED(make, change) do { \
	struct tx tx = make(); \
	struct wbuf w = wbuf_on(room, sizeof room); \
	change; \
	tx_put(&w, &tx); \
	ck_assert_msg(w.bad, "%s was written", #change); \
} while (0)

START_TEST(what_is_not_canonical_cannot_be_written)
{
	REFUSED(sample_ask, tx.u.ask.tif = 3);
	REFUSED(sample_ask, tx.u.ask.offer.v[RES_SPARE_A] = 1);
	REFUSED(sample_ask, strcpy(tx.u.ask.name, ".hidden"));
	REFUSED(sample_ask, tx.u.ask.price = price_of(SUPPLY_BASE + 1));
	REFUSED(sample_ask, vector_fill(&tx.scope, 32, 1));
	REFUSED(sample_ask, tx.nsig = 0);
	REFUSED(sample_ask, tx.nsig = TX_SIGS_MAX + 1);
	REFUSED(sample_ask, tx.type = 0x99);
	REFUSED(sample_transfer, strcpy(tx.u.transfer.memo, "two\nlines"));
	REFUSED(sample_transfer, memset(tx.u.transfer.memo, 'x', sizeof tx.u.transfer.memo));
	REFUSED(sample_transfer, tx.u.transfer.amount = money_of(SUPPLY_BASE + 1));
	REFUSED(sample_event, memset(&tx.scope, 0, sizeof tx.scope));
	REFUSED(sample_event, strcpy(tx.u.event.event, "@usage"));
	REFUSED(sample_event, tx.u.event.blob.len = DEPLOY_MAX + 1);
	REFUSED(sample_open, tx.u.open.auth.key[1] = tx.u.open.auth.key[0]);
	REFUSED(sample_open, tx.u.open.auth.threshold = 3);
	REFUSED(sample_open, tx.u.open.auth.threshold = 0);
	REFUSED(sample_open, tx.u.open.auth.n = 0);
	REFUSED(sample_vote, tx.u.vote.n = VOTES_MAX + 1);
	REFUSED(sample_vote, tx.u.vote.site[1] = 1);
	REFUSED(sample_token_new, strcpy(tx.u.token_new.symbol, "ZNC"));
	REFUSED(sample_token_new, strcpy(tx.u.token_new.symbol, "X"));
	REFUSED(sample_token_new, strcpy(tx.u.token_new.symbol, "gold"));
	REFUSED(sample_token_new, strcpy(tx.u.token_new.symbol, "2GOLD"));
	REFUSED(sample_token_new, tx.u.token_new.decimals = TOKEN_DECIMALS_MAX + 1);
	REFUSED(sample_token_new, tx.u.token_new.num = 0);
	REFUSED(sample_token_new, tx.u.token_new.den = 0);
	REFUSED(sample_token_new, tx.u.token_new.mode = 2);
	REFUSED(sample_usage, tx.u.usage.npath = USAGE_PATH_MAX + 1);
	REFUSED(sample_usage, tx.u.usage.leaf = 2);
	REFUSED(sample_usage, tx.u.usage.receipt.t1_ms = 0);
	REFUSED(sample_batch, tx.u.batch.ops.len = 0);
	REFUSED(sample_batch, tx.u.batch.n = 1);
}
END_TEST

START_TEST(receipt_is_192_bytes)
{
	struct tx tx = sample_usage();
	struct usage_receipt back;
	struct wbuf w = wbuf_on(room, sizeof room);
	usage_receipt_put(&w, &tx.u.usage.receipt);
	ck_assert_uint_eq(w.len, USAGE_RECEIPT_LEN);
	struct rbuf r = rbuf_on(room, w.len);
	ck_assert(usage_receipt_get(&r, &back) && rbuf_end(&r));
	for (int reserved = 0; reserved < 4; reserved++) { /* version, flags, pad */
		room[reserved] ^= 1;
		r = rbuf_on(room, w.len);
		ck_assert(!usage_receipt_get(&r, &back));
		room[reserved] ^= 1;
	}
}
END_TEST

START_TEST(batch_holds_only_what_a_batch_may)
{
	struct tx open = sample_open(), back;
	struct wbuf w = wbuf_on(room, sizeof room);
	tx_batch_put(&w, &open);
	ck_assert(w.bad);
	w = wbuf_on(room, sizeof room);
	put_u8(&w, TX_BATCH);
	put_blob(&w, "", 0);
	struct rbuf r = rbuf_on(room, w.len);
	ck_assert_int_eq(tx_batch_next(&r, &back), V_MALFORMED);
}
END_TEST

START_TEST(batch_has_at_most_4096_parts)
{
	static uint8_t many[TX_BATCH_BODY_MAX];
	struct tx cancel = sample_cancel(), back;
	struct wbuf w = wbuf_on(many, sizeof many);
	for (int i = 0; i < TX_BATCH_OPS_MAX; i++)
		tx_batch_put(&w, &cancel);
	ck_assert_int_eq(tx_body_get(TX_BATCH, (struct slice){many, w.len}, &back), V_OK);
	ck_assert_uint_eq(back.u.batch.n, TX_BATCH_OPS_MAX);
	tx_batch_put(&w, &cancel);
	ck_assert(!w.bad);
	ck_assert_int_eq(tx_body_get(TX_BATCH, (struct slice){many, w.len}, &back), V_MALFORMED);
}
END_TEST

START_TEST(unknown_type_is_told_apart)
{
	struct tx tx = sample_ask(), back;
	size_t len;
	struct wbuf w = wbuf_on(room, sizeof room);
	tx_put(&w, &tx);
	room[1] = 0x99;
	ck_assert_int_eq(tx_get((struct slice){room, w.len}, &back, &len), V_UNKNOWN_TYPE);
	ck_assert_int_eq(tx_body_get(0x99, (struct slice){room, 0}, &back), V_UNKNOWN_TYPE);
}
END_TEST

static char text[DEPLOY_MAX + 512];

static bool deploy_again(struct slice in, struct wbuf *out)
{
	struct deploy d;
	if (!deploy_get(in, &d, text, sizeof text))
		return false;
	deploy_put(out, &d);
	return true;
}

static struct deploy sample_deploy(void)
{
	struct deploy d = {.task = "job1", .cwd = "/srv", .nargs = 3, .nenv = 1, .args = {"sh", "-c", "echo one\necho two"},
		.env = {"A=b=c"}};
	memset(d.image, 'a', 64);
	return d;
}

START_TEST(deploy_holds)
{
	struct deploy d = sample_deploy(), empty = {.nargs = 0};
	struct wbuf w = wbuf_on(room, sizeof room);
	deploy_put(&w, &d);
	vector_hold("tx.txt", "deploy-spec", &w, deploy_again);
	w = wbuf_on(room, sizeof room);
	deploy_put(&w, &empty);
	vector_hold("tx.txt", "deploy-empty", &w, deploy_again);
	struct deploy sealed = {.task = "job1", .sealed = {blob, sizeof blob}};
	w = wbuf_on(room, sizeof room);
	deploy_put(&w, &sealed);
	vector_hold("tx.txt", "deploy-sealed", &w, deploy_again);
}
END_TEST

#define DEPLOY_REFUSED(change) do { \
	struct deploy d = sample_deploy(); \
	struct wbuf w = wbuf_on(room, sizeof room); \
	change; \
	deploy_put(&w, &d); \
	ck_assert_msg(w.bad, "%s was written", #change); \
} while (0)

START_TEST(deploy_refuses)
{
	static char big[DEPLOY_MAX + 1];
	memset(big, 'x', DEPLOY_MAX);
	DEPLOY_REFUSED(d.image[3] = 'G');
	DEPLOY_REFUSED(d.image[63] = '\0');
	DEPLOY_REFUSED(strcpy(d.cwd, "srv"));
	DEPLOY_REFUSED(d.env[0] = "noequals");
	DEPLOY_REFUSED(d.env[0] = "=x");
	DEPLOY_REFUSED(d.args[0] = big);
	DEPLOY_REFUSED(d.nargs = TASK_ARGS_MAX + 1);
	DEPLOY_REFUSED(strcpy(d.task, "a/b"));
	DEPLOY_REFUSED((d.sealed = (struct slice){blob, sizeof blob}));
	const uint8_t nul[] = {0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0}; /* one argument, of one NUL byte */
	struct deploy back;
	ck_assert(!deploy_get((struct slice){nul, sizeof nul}, &back, text, sizeof text));
}
END_TEST

START_TEST(a_full_deploy_fits_its_text)
{
	static char big[DEPLOY_MAX];
	struct deploy d = {.nargs = 1, .args = {big}}, back;
	struct wbuf w = wbuf_on(room, sizeof room);
	memset(big, 'x', DEPLOY_MAX - 12);
	deploy_put(&w, &d);
	ck_assert(!w.bad && w.len == DEPLOY_MAX);
	ck_assert(deploy_get((struct slice){room, w.len}, &back, text, sizeof text));
	ck_assert_str_eq(back.args[0], big);
	ck_assert(!deploy_get((struct slice){room, w.len}, &back, text, 100));
}
END_TEST

TEST_MAIN("tx", vectors_hold, bodies_alone_round_trip, what_is_not_canonical_cannot_be_written, receipt_is_192_bytes,
	  batch_holds_only_what_a_batch_may, batch_has_at_most_4096_parts, unknown_type_is_told_apart, deploy_holds, deploy_refuses,
	  a_full_deploy_fits_its_text)
