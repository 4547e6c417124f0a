/* Facts: every kind's golden bytes, runs of them, and what is never canonical.
 *
 * Knows the kinds and their bounds. How facts are folded is tested where they are folded. */
#include <check.h>
#include <string.h>
#include "common/fact.h"
#include "tests/vector.h"

static uint8_t room[VECTOR_MAX];
static const uint8_t blob[] = "a task specification";

static struct resources some_resources(void) { return (struct resources){{500, 128, 0, 0, 1024, 4000, 8000, 50, 5, 32, 0, 0}}; }

static void fill_market(struct fact *f)
{
	struct fact_order *o = &f->u.order;
	struct fact_symbol *s = &f->u.symbol;
	if (f->kind == FACT_SYMBOL) {
		*s = (struct fact_symbol){.symbol = 1, .name = "cpu", .lane = 3, .unit = some_resources(), .tick = price_of(100),
			.min_s = 60, .max_s = 86400};
		return;
	}
	*o = (struct fact_order){.name = "job1", .side = SIDE_BID, .state = ORDER_PARTIAL, .tif = TIF_IOC, .symbol = 1,
		.res = some_resources(), .left = some_resources(), .qty = 2, .filled = 1, .price = price_of(5000000), .min_s = 600,
			.max_s = 600,
		.expiry_ms = 9, .time_ms = 8, .locked = money_of(77), .app = "demo", .rev = 2, .reason = V_OK, .value = money_of(5)};
	vector_fill(&o->order, 32, 1);
	vector_fill(&o->owner, 32, 2);
}

static void fill_lease(struct fact_lease *l)
{
	*l = (struct fact_lease){.symbol = 1, .order = "job1", .res = some_resources(), .price = price_of(2), .rate = money_of(3),
		.min_s = 4,
		.max_s = 5, .born_ms = 6, .since_ms = 7, .flags = LEASE_RUN, .state = "run", .deadline_ms = 8, .escrow = money_of(9),
		.bond = money_of(10), .paid = money_of(11), .commission = money_of(12), .ran_s = 13, .metered_s = 14, .usage_seq = 15,
		.usage_pending_ms = 16, .app = "demo", .endpoint = "10.7.0.2", .deploy_rev = 17, .deploy = {blob, sizeof blob},
		.reason = "@usage"};
	l->change_rev = 5;
	l->change_end = CHANGE_LAPSED;
	l->change = (struct lease_change){.stage = CHANGE_AGREED, .by_seller = true, .res = some_resources(), .price = price_of(4),
		.rate = money_of(6), .until_ms = 9};
	vector_fill(&l->lease, 32, 3);
	vector_fill(&l->buyer, 32, 4);
	vector_fill(&l->last_usage, 32, 5);
}

static void fill_event(struct fact *f)
{
	if (f->kind == FACT_TRADE) {
		f->u.trade = (struct fact_trade){.seq = 1, .time_ms = 2, .symbol = 3, .price = price_of(4), .rate = money_of(5),
			.res = some_resources(), .dur_s = 6};
	} else if (f->kind == FACT_VERDICT) {
		f->u.verdict = (struct fact_verdict){.lane = 9, .type = TX_BID, .verdict = V_NO_FUNDS, .height = 12};
		vector_fill(&f->u.verdict.cid, CID_LEN, 6);
	} else if (f->kind == FACT_PAY) {
		f->u.pay = (struct fact_pay){.kind = PAY_LEASE, .lane = 2, .in = true, .amount = money_of(1), .token = 7,
			.height = 2, .time_ms = 3, .memo = "rent"};
	} else if (f->kind == FACT_TOKEN) {
		f->u.token = (struct fact_token){.token = 7, .symbol = "GOLD", .decimals = 2, .mode = TOKEN_ISSUER,
			.num = 3, .den = UINT64_MAX, .supply = money_of(8), .reserve = money_of(9)};
		vector_fill(&f->u.token.issuer, 32, 7);
	} else if (f->kind == FACT_HOLDING) {
		f->u.holding = (struct fact_holding){.token = 0x01020304, .amount = money_of(10)};
		vector_fill(&f->u.holding.account, 32, 8);
	} else if (f->kind == FACT_USAGE) {
		f->u.usage = (struct fact_usage){.receipt = {.seq = 1, .t0_ms = 1, .t1_ms = 2, .meter = {1, 2, 3}, .group_id = 4},
			.settled = true};
	}
}

static struct fact sample(uint8_t kind)
{
	struct fact f;
	memset(&f, 0, sizeof f);
	f.kind = kind;
	switch ((enum fact_kind)kind) {
	case FACT_BLOCK: f.u.block = (struct fact_block){.height = 1, .time_ms = 2, .txs = 3}; break;
	case FACT_LANE: f.u.lane = (struct fact_lane){.lane = 3, .height = 1, .time_ms = 2, .txs = 4, .receipts_in = 5,
		.receipts_out = 6, .bytes = 7, .load = 8, .sent = 9, .crossed = 10, .moved = 11}; break;
	case FACT_ACCOUNT: f.u.account = (struct fact_account){.lane = 4, .nonce = 5, .balance = money_of(6), .pk = {7}, .threshold = 2,
		.keys = 3, .deposit = money_of(16), .vesting = {VEST_TEAM, money_of(8), 9},
		.stake = {money_of(10), money_of(11), 12, {2, {13, 14}}, {{15}}}}; break;
	case FACT_NODE: f.u.node = (struct fact_node){.name = "owl", .caps = some_resources(), .free = some_resources(), .rating = 8,
		.lane = 1}; break;
	case FACT_APP: f.u.app = (struct fact_app){.name = "demo", .image = {9}, .meta = {blob, sizeof blob}}; break;
	case FACT_LEASE: fill_lease(&f.u.lease); break;
	case FACT_SYMBOL: case FACT_ORDER: fill_market(&f); break;
	case FACT_TRADE: case FACT_VERDICT: case FACT_PAY: case FACT_USAGE: case FACT_TOKEN: case FACT_HOLDING: fill_event(&f); break;
	case FACT_RESET: break;
	}
	return f;
}

static bool fact_again(struct slice in, struct wbuf *out)
{
	struct rbuf r = rbuf_on(in.p, in.len);
	struct fact f;
	if (!fact_next(&r, &f) || !rbuf_end(&r))
		return false;
	fact_put(out, &f);
	return true;
}

static const char *const kind_words[] = {"", "block", "lane", "symbol", "account", "node", "app", "order", "lease", "trade", "verdict",
	"pay", "usage", "reset", "token", "holding"};

START_TEST(vectors_hold)
{
	for (uint8_t kind = FACT_BLOCK; kind <= FACT_HOLDING; kind++) {
		struct fact f = sample(kind);
		struct wbuf w = wbuf_on(room, sizeof room);
		fact_put(&w, &f);
		vector_hold("fact.txt", kind_words[kind], &w, fact_again);
	}
}
END_TEST

START_TEST(a_run_ends_and_a_torn_one_is_bad)
{
	struct wbuf w = wbuf_on(room, sizeof room);
	struct fact f, block = sample(FACT_BLOCK), order = sample(FACT_ORDER);
	fact_put(&w, &order);
	fact_put(&w, &block);
	struct rbuf r = rbuf_on(room, w.len);
	ck_assert(fact_next(&r, &f) && f.kind == FACT_ORDER);
	ck_assert_str_eq(f.u.order.name, "job1");
	ck_assert(fact_next(&r, &f) && f.kind == FACT_BLOCK);
	ck_assert(!fact_next(&r, &f) && rbuf_end(&r));
	r = rbuf_on(room, w.len - 1);
	ck_assert(fact_next(&r, &f) && !fact_next(&r, &f) && r.bad);
}
END_TEST

#define REFUSED(kind, change) do { \
	struct fact f = sample(kind); \
	struct wbuf w = wbuf_on(room, sizeof room); \
	change; \
	fact_put(&w, &f); \
	ck_assert_msg(w.bad, "%s was written", #change); \
} while (0)

START_TEST(what_is_not_canonical_cannot_be_written)
{
	REFUSED(FACT_BLOCK, f.kind = 0);
	REFUSED(FACT_BLOCK, f.kind = FACT_HOLDING + 1);
	REFUSED(FACT_LANE, f.u.lane.lane = CHAINS);
	REFUSED(FACT_ACCOUNT, f.u.account.keys = TX_SIGS_MAX + 1);
	REFUSED(FACT_ACCOUNT, f.u.account.vesting.type = VESTINGS);
	REFUSED(FACT_ACCOUNT, f.u.account.vesting.total = money_of(0));
	REFUSED(FACT_ACCOUNT, f.u.account.stake.unstake_ms = 0);
	REFUSED(FACT_ACCOUNT, f.u.account.stake.unstaking = money_of(0));
	REFUSED(FACT_ACCOUNT, f.u.account.stake.votes.n = VOTES_MAX + 1);
	REFUSED(FACT_ACCOUNT, f.u.account.stake.votes.site[1] = 13);
	REFUSED(FACT_ORDER, f.u.order.side = 2);
	REFUSED(FACT_ORDER, f.u.order.state = ORDER_REJECTED + 1);
	REFUSED(FACT_ORDER, f.u.order.tif = 3);
	REFUSED(FACT_ORDER, f.u.order.reason = V_COUNT);
	REFUSED(FACT_LEASE, f.u.lease.flags = 8);
	REFUSED(FACT_LEASE, f.u.lease.change.stage = CHANGE_CLOSING + 1);
	REFUSED(FACT_LEASE, f.u.lease.change_end = CHANGE_ENDS);
	REFUSED(FACT_LEASE, strcpy(f.u.lease.endpoint, "a\x1b[2J"));
	REFUSED(FACT_VERDICT, f.u.verdict.type = 0x99);
	REFUSED(FACT_PAY, f.u.pay.kind = PAY_STAKE + 1);
	REFUSED(FACT_APP, f.u.app.meta.len = APP_META_MAX + 1);
}
END_TEST

/* Neither schedule nor stake, one of them, both: each has its own bytes and comes back as it was. */
START_TEST(an_account_s_parts_are_there_or_not)
{
	size_t len[4];
	for (unsigned parts = 0; parts < 4; parts++) {
		struct fact f = sample(FACT_ACCOUNT), back;
		struct wbuf w = wbuf_on(room, sizeof room);
		if (!(parts & 1))
			memset(&f.u.account.vesting, 0, sizeof f.u.account.vesting);
		if (!(parts & 2))
			memset(&f.u.account.stake, 0, sizeof f.u.account.stake);
		fact_put(&w, &f);
		struct rbuf r = rbuf_on(room, w.len);
		ck_assert(!w.bad && fact_next(&r, &back) && rbuf_end(&r));
		ck_assert(memcmp(&f.u.account, &back.u.account, sizeof f.u.account) == 0);
		len[parts] = w.len;
	}
	ck_assert(len[0] < len[1] && len[1] < len[2] && len[2] < len[3]);
}
END_TEST

START_TEST(the_largest_fact_fits)
{
	static uint8_t deploy[DEPLOY_MAX];
	struct fact f = sample(FACT_LEASE), back;
	struct wbuf w = wbuf_on(room, sizeof room);
	memset(f.u.lease.endpoint, 'e', ENDPOINT_MAX);
	memset(f.u.lease.state, 's', NAME_MAX_LEN);
	memset(f.u.lease.reason, 'r', NAME_MAX_LEN);
	memset(f.u.lease.order, 'o', NAME_MAX_LEN);
	memset(f.u.lease.app, 'a', NAME_MAX_LEN);
	f.u.lease.deploy = (struct slice){deploy, sizeof deploy};
	fact_put(&w, &f);
	struct rbuf r = rbuf_on(room, w.len);
	ck_assert(!w.bad && fact_next(&r, &back));
}
END_TEST

START_TEST(lease_names)
{
	struct id instance = {{0x03, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45}};
	char name[LEASE_NAME_LEN + 1];
	lease_name_of(&instance, name);
	ck_assert_str_eq(name, "3abcdef01234");
	ck_assert_str_eq(order_state_word(ORDER_IN_FLIGHT), "in-flight");
	ck_assert_str_eq(order_state_word(99), "?");
}
END_TEST

TEST_MAIN("fact", vectors_hold, a_run_ends_and_a_torn_one_is_bad, what_is_not_canonical_cannot_be_written,
	an_account_s_parts_are_there_or_not, the_largest_fact_fits, lease_names)
