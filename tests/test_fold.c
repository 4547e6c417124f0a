/* fold(facts) == books: what views know by folding the ledger's facts as they come is what the ledger says of itself in a snapshot.
 *
 * Draws operations by chance and runs them through the built zeus-ledger; folds one stream from the first fact on with the model of views,
 * and compares that with a model of fresh history and snapshot every so often, and after a kill: the same books, and the same of what has
 * ended. ZEUS_SEED repeats a run. */
#include "tests/ledger_market.h"
#include <check.h>
#include <signal.h>
#include "zfs-views/model.h"

#define ACCOUNTS 3
#define KNOWN_MAX 4096
#define STEPS 3000
#define COMPARE_EVERY 100
#define PIPELINE 16
#define PRICE 1000000u

static const uint32_t uids[ACCOUNTS] = {1000, 2000, 3000};
static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=1000", "--account", "3000=1", "--operator", "1000",
    "--param", "trial=1s", "--param", "grace=1s", "--param", "settle=1s", "--param", "consent=1s", NULL};

struct world {
	struct daemon d; struct lc c; struct fold f; struct model *m; struct address who[ACCOUNTS];
	struct fact_order order[KNOWN_MAX]; struct fact_lease lease[KNOWN_MAX]; uint32_t norders, nleases, open, done[V_COUNT];
	size_t shown;
};
static struct world w;

static void see(void *arg, const struct fact *f)
{
	model_fold(arg, f);
}

static bool take_order(void *arg, const struct fact_order *o)
{
	(void)arg;
	w.order[w.norders++] = *o;
	return w.norders < KNOWN_MAX;
}

static bool take_lease(void *arg, const struct fact_lease *l)
{
	(void)arg;
	w.lease[w.nleases++] = *l;
	return w.nleases < KNOWN_MAX;
}

static void look(void)
{
	w.norders = w.nleases = 0;
	model_lock(w.m);
	model_each_order(w.m, NULL, take_order, NULL);
	model_each_lease(w.m, take_lease, NULL);
	model_unlock(w.m);
}

static uint32_t draw(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static struct tx draw_transfer(void)
{
	struct tx tx = {.type = TX_TRANSFER};
	tx.u.transfer = (struct tx_transfer){.cid = market_cid(), .to = w.who[draw(ACCOUNTS)], .amount = money_of(draw(1000000))};
	snprintf(tx.u.transfer.memo, sizeof tx.u.transfer.memo, "%u", draw(1000));
	return tx;
}

static struct tx draw_node(void)
{
	return market_node(200 + draw(100), NULL);
}

static struct tx draw_ask(void)
{
	struct tx tx = market_ask(&w.who[0], 1 + draw(6), PRICE * (1 + draw(3)));
	tx.u.ask.tif = draw(6) ? TIF_GTC : TIF_IOC;
	return tx;
}

static struct tx draw_bid(void)
{
	struct tx tx = market_bid(1 + draw(2), PRICE * (1 + draw(4)), 1 + draw(4));
	tx.u.bid.tif = draw(4) ? TIF_GTC : draw(2) ? TIF_IOC : TIF_FOK;
	return tx;
}

static struct tx draw_cancel(void)
{
	struct tx tx = {.type = TX_CANCEL};
	tx.u.cancel = (struct tx_cancel){.cid = market_cid(), .symbol = 1};
	if (w.norders)
		tx.u.cancel.order = w.order[draw(w.norders)].order;
	return tx;
}

static struct tx draw_amend(void)
{
	struct tx tx = {.type = TX_AMEND};
	const struct fact_order *o = &w.order[w.norders ? draw(w.norders) : 0];
	tx.u.amend = (struct tx_amend){.cid = market_cid(), .symbol = 1, .order = o->order, .rev = o->rev, .qty = qty_of(1 + draw(3))};
	tx.u.amend.price = price_of(PRICE * (1 + draw(4)));
	tx.u.amend.escrow_add = money_of(draw(2) * 100000);
	return tx;
}

static struct tx draw_app(void)
{
	struct tx tx = {.type = TX_APP_PUB};
	tx.u.app_pub.cid = market_cid();
	snprintf(tx.u.app_pub.name, sizeof tx.u.app_pub.name, "app%u", draw(5));
	tx.u.app_pub.image[0] = (uint8_t)(1 + draw(200));
	return tx;
}

static struct tx draw_event(void)
{
	static const char *const names[] = {"accept", "reject", "stop", "quit", "confirm", "dispute"};
	const struct fact_lease *l = &w.lease[w.nleases ? draw(w.nleases) : 0];
	return draw(3) ? market_event(&l->lease, names[draw(6)]) : market_ready(&l->lease);
}

static struct tx draw_fund(void)
{
	struct tx tx = {.type = TX_FUND};
	tx.u.fund = (struct tx_fund){.cid = market_cid(), .amount = money_of(draw(9999))};
	tx.u.fund.instance = w.lease[w.nleases ? draw(w.nleases) : 0].lease;
	strcpy(tx.u.fund.event, "topup");
	return tx;
}

static void answered(void)
{
	struct wire_answer a;
	uint64_t req;
	ck_assert(lc_answer(&w.c, &req, &a));
	ck_assert_uint_lt(a.verdict, V_COUNT);
	w.done[a.verdict]++;
	w.open--;
}

/* A receipt for any lease: time is all that was used. */
static void use(void)
{
	static uint8_t bytes[1024];
	struct wbuf b = wbuf_on(bytes, sizeof bytes);
	const struct fact_lease *l = &w.lease[w.nleases ? draw(w.nleases) : 0];
	struct usage_receipt r = {.seq = l->usage_seq + 1, .instance = l->lease, .t0_ms = l->born_ms, .t1_ms = l->since_ms};
	r.prev = l->last_usage;
	wire_usages_put(&b, &r, 1);
	lc_send(&w.c, WIRE_PREPARE_USAGE, bytes, b.len);
}

static void step(void)
{
	static struct tx (*const draws[])(void) = {
	    draw_transfer, draw_ask, draw_ask, draw_bid, draw_bid, draw_bid, draw_cancel, draw_amend, draw_app, draw_event, draw_event,
	    draw_fund};
	uint32_t which = draw(sizeof draws / sizeof draws[0] + 2), by = draw(ACCOUNTS);
	if (which >= sizeof draws / sizeof draws[0]) {
		use();
	} else {
		struct tx tx = draws[which]();
		/* mostly who has something to say about it */
		by = tx.type == TX_ASK || tx.type == TX_READY ? 0 : by;
		lc_intent(&w.c, uids[by], &tx);
	}
	w.open++;
	while (w.open > draw(PIPELINE))
		answered();
}

/* Everything that is shown of a model beside its open orders, live leases and balances, as bytes. */
static bool put_order(void *arg, const struct fact_order *o)
{
	fact_put(arg, &(struct fact){.kind = FACT_ORDER, .u.order = *o});
	return true;
}

static bool put_lease(void *arg, const struct fact_lease *l)
{
	fact_put(arg, &(struct fact){.kind = FACT_LEASE, .u.lease = *l});
	return true;
}

static bool put_trade(void *arg, const struct fact_trade *t)
{
	fact_put(arg, &(struct fact){.kind = FACT_TRADE, .u.trade = *t});
	return true;
}

static bool put_pay(void *arg, const struct fact_pay *p)
{
	fact_put(arg, &(struct fact){.kind = FACT_PAY, .u.pay = *p});
	return true;
}

static void put_lanes(const struct model *m, struct wbuf *out)
{
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		for (uint64_t h = 0; h <= model_head(m)->height; h++) {
			const struct fact_lane *l = model_lane(m, lane, h);
			if (l)
				fact_put(out, &(struct fact){.kind = FACT_LANE, .u.lane = *l});
		}
}

/* Whether a receipt of no more time than the one before counted before its lease ended is the same to everybody, and not kept. */
static void put_usage(const struct model *m, const struct fact_lease *l, struct wbuf *out)
{
	const struct fact_usage *u = model_usage(m, &l->lease);
	const struct fact_lease *now = model_lease(m, &l->lease);
	struct fact f = {.kind = FACT_USAGE};
	if (!u || !now)
		return;
	f.u.usage = *u;
	f.u.usage.settled = u->settled || now->flags & LEASE_TERMINAL;
	fact_put(out, &f);
}

static void put_shown(const struct model *m, struct wbuf *out)
{
	model_each_order(m, NULL, put_order, out);
	model_each_lease(m, put_lease, out);
	for (uint32_t i = 0; i < w.nleases; i++)
		put_usage(m, &w.lease[i], out);
	for (uint32_t symbol = 0; symbol < 4; symbol++)
		model_each_trade(m, symbol, put_trade, out);
	for (int i = 0; i < ACCOUNTS; i++)
		model_each_pay(m, &w.who[i], put_pay, out);
	put_lanes(m, out);
}

#define SHOWN_MAX ((size_t)16 << 20)

static void compare_shown(const struct model *fresh)
{
	static uint8_t a[SHOWN_MAX], b[SHOWN_MAX];
	struct wbuf x = wbuf_on(a, sizeof a), y = wbuf_on(b, sizeof b);
	look(); /* which leases have ended by now */
	put_shown(w.m, &x);
	put_shown(fresh, &y);
	ck_assert(!x.bad && !y.bad);
	struct rbuf r = rbuf_on(a, x.len), q = rbuf_on(b, y.len);
	struct slice f, g;
	for (uint32_t i = 0; fact_skip(&r, &f); i++)
		ck_assert_msg(fact_skip(&q, &g) && g.len == f.len && memcmp(f.p, g.p, f.len) == 0, "fact %u: kind %u differs", i, f.p[0]);
	ck_assert_uint_eq(x.len, y.len);
	w.shown = x.len;
}

/* A head at which both stand: the other one is read as far as the first, and the first as far as the other. */
static void compare(void)
{
	static struct lc other;
	char why[256] = "";
	while (w.open)
		answered();
	struct model *fresh = model_new();
	struct fold f = {.each = see, .arg = fresh, .history = true};
	lc_open(&other, &w.d, &f);
	while (f.height != w.f.height)
		ck_assert_int_eq(lc_sync(f.height < w.f.height ? &other : &w.c).verdict, V_OK);
	ck_assert_msg(model_equal(w.m, fresh, why), "at height %llu: %s", (unsigned long long)f.height, why);
	compare_shown(fresh);
	lc_close(&other);
	fold_free(&f);
	model_free(fresh);
	look();
}

static void connect_again(void)
{
	lc_close(&w.c);
	ck_assert_int_eq(daemon_stop(&w.d, SIGKILL), -SIGKILL);
	daemon_start(&w.d);
	lc_open(&w.c, &w.d, &w.f);
}

START_TEST(random_operations)
{
	const char *seed = getenv("ZEUS_SEED");
	unsigned s = seed ? (unsigned)strtoul(seed, NULL, 10) : 20181201;
	srand(s);
	daemon_init(&w.d, accounts);
	daemon_start(&w.d);
	w.m = model_new();
	w.f = (struct fold){.each = see, .arg = w.m, .history = true};
	lc_open(&w.c, &w.d, &w.f);
	for (int i = 0; i < ACCOUNTS; i++)
		ck_assert(lc_address(&w.c, uids[i], &w.who[i]));
	struct tx node = draw_node();
	ck_assert_int_eq(lc_do(&w.c, uids[0], &node), V_OK);
	for (uint32_t i = 1; i <= STEPS; i++) {
		step();
		if (i % 10 == 0)
			look();
		if (i % COMPARE_EVERY == 0)
			compare();
		if (i % (STEPS / 3) == 0)
			connect_again();
	}
	compare();
	ck_assert_uint_eq(w.f.resets, 1);
	printf("seed %u: %u leases, %u orders, %u done, %zu bytes shown\n", s, w.nleases, w.norders, w.done[V_OK], w.shown);
	ck_assert_msg(w.nleases > 20 && w.norders > 100 && w.done[V_OK] > STEPS / 5, "too little happened");
	lc_close(&w.c);
	ck_assert_int_eq(daemon_stop(&w.d, SIGTERM), 0);
	const char *verify[] = {"zeus-ledger", "--verify", "--state", w.d.state, NULL};
	ck_assert_int_eq(daemon_run(verify), 0);
	fold_free(&w.f);
	model_free(w.m);
	daemon_remove(&w.d);
}
END_TEST

LEDGER_TEST_MAIN("fold", random_operations)
