/* A small world told in facts, for the tests of the model and of the tree. Times are in 2018, so that a test can tell them from its own. */
#ifndef ZEUS_TEST_VIEWS_FACTS_H
#define ZEUS_TEST_VIEWS_FACTS_H
#include <string.h>
#include "zfs-views/model.h"

#define WORLD_MS 1543658400000ULL /* 2018-12-01T10:00:00Z */
#define WORLD_UIDS 2
#define WORLD_HEIGHT 70

static inline struct id world_id(uint8_t n)
{
	struct id id = {{0}};
	for (int i = 0; i < 32; i++)
		id.b[i] = (uint8_t)(n * 16 + i);
	return id;
}

static inline struct id world_lease_id(uint8_t n)
{
	struct id id = world_id(n);
	id.b[0] = 3;
	return id;
}

static inline struct address world_address(uint8_t n)
{
	struct address a;
	memset(a.b, n, sizeof a.b);
	return a;
}

static inline struct resources world_vector(uint32_t cpu, uint32_t mem, uint32_t gpu, uint32_t up, uint32_t down)
{
	struct resources r = {{0}};
	r.v[RES_CPU_MILLI] = cpu;
	r.v[RES_MEM_MIB] = mem;
	r.v[RES_GPU] = gpu;
	r.v[RES_UP_KBPS] = up;
	r.v[RES_DOWN_KBPS] = down;
	return r;
}

static inline struct fact world_order(uint8_t id, uint8_t owner, const char *name, uint8_t side, uint8_t state, uint64_t price)
{
	struct fact f = {.kind = FACT_ORDER};
	struct fact_order *o = &f.u.order;
	o->order = world_id(id);
	o->owner = world_address(owner);
	strcpy(o->name, name);
	o->side = side;
	o->state = state;
	o->symbol = 1;
	o->res = o->left = world_vector(500, 128, 0, 4000, 8000);
	o->qty = 1;
	o->price = price_of(price);
	o->min_s = o->max_s = 600;
	o->time_ms = WORLD_MS + id * 1000U;
	o->rev = 1;
	return f;
}

static inline struct fact world_lease(uint8_t id, uint8_t bid, uint8_t ask, const char *order, const char *state, uint8_t flags)
{
	struct fact f = {.kind = FACT_LEASE};
	struct fact_lease *l = &f.u.lease;
	l->lease = world_lease_id(id);
	l->bid = world_id(bid);
	l->ask = world_id(ask);
	l->node = world_id(9);
	l->buyer = world_address(2);
	l->seller = world_address(1);
	l->symbol = 1;
	strcpy(l->order, order);
	strcpy(l->state, state);
	l->flags = flags;
	l->res = world_vector(500, 128, 0, 4000, 8000);
	l->price = price_of(2000000);
	l->rate = money_of(1000000);
	l->min_s = l->max_s = 600;
	l->born_ms = WORLD_MS + id * 1000U;
	l->since_ms = WORLD_MS + 5000;
	l->escrow = money_of(160000);
	return f;
}

static inline struct fact world_symbol(uint32_t symbol, const char *name, struct resources unit)
{
	struct fact f = {.kind = FACT_SYMBOL};
	f.u.symbol = (struct fact_symbol){.symbol = symbol, .lane = (uint8_t)(2 + symbol), .unit = unit, .tick = price_of(10000)};
	f.u.symbol.min_s = 60;
	f.u.symbol.max_s = 86400 * 30;
	strcpy(f.u.symbol.name, name);
	return f;
}

static inline struct fact world_account(uint8_t n, uint64_t balance)
{
	struct fact f = {.kind = FACT_ACCOUNT};
	f.u.account = (struct fact_account){.address = world_address(n), .lane = n, .nonce = n + 3U, .balance = money_of(balance)};
	memset(f.u.account.pk, 0xa0 + n, sizeof f.u.account.pk);
	return f;
}

static inline struct fact world_trade(uint64_t seq, uint64_t price)
{
	struct fact f = {.kind = FACT_TRADE};
	f.u.trade = (struct fact_trade){.seq = seq, .time_ms = WORLD_MS + 5000 + seq, .symbol = 1, .price = price_of(price), .dur_s = 600};
	f.u.trade.rate = money_of(price / 2);
	f.u.trade.bid = world_id(2);
	f.u.trade.ask = world_id(1);
	f.u.trade.lease = world_lease_id(1);
	f.u.trade.res = world_vector(500, 128, 0, 4000, 8000);
	return f;
}

static inline struct fact world_block(uint64_t height)
{
	struct fact f = {.kind = FACT_BLOCK};
	f.u.block = (struct fact_block){.height = height, .time_ms = WORLD_MS + height * 1000, .hash = world_id(5), .txs = 1};
	return f;
}

static inline struct fact world_lane(uint8_t lane, uint64_t height)
{
	struct fact f = {.kind = FACT_LANE};
	f.u.lane = (struct fact_lane){.lane = lane, .height = height, .time_ms = WORLD_MS + height * 1000, .hash = world_id(lane)};
	f.u.lane.txs = lane == 3;
	f.u.lane.bytes = 240;
	f.u.lane.load = lane == 3 ? 1234 : 0;
	f.u.lane.sent = 9000 + (lane == 3 ? 8 * height : 0);
	f.u.lane.crossed = 9000 + (lane == 3 ? 3 * height : 0);
	f.u.lane.moved = lane;
	return f;
}
#endif
