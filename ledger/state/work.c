/* Work units: what a transaction costs the network, who may use how much, and how full a lane is (PROTOCOL 1.5, in header time).
 *
 * wu = bytes + 512 a signature + what its type weighs. An account's use decays linearly over a window; what it may use is a free
 * allowance and a share of the pool by its coins, times the lane's congestion multiplier. Does not know staking: account_weight is all that
 * it asks about coins. */
#include <string.h>
#include "ledger/state/books.h"

#define PPM 1000000
#define ONE 65536u                    /* 1.0 of multiplier and fill */
#define MULTIPLIER_MAX (64 * ONE)
#define WU_SIG 512
#define WU_ORDER 512
#define WU_OBJECT 2048                /* what chain 0 lists */
#define AVERAGE_SHIFT 5               /* the average fill follows over 32 steps */
#define IDLE_STEPS_MAX 32768          /* after as many the multiplier is at its most */

bool work_counts(const struct state *s) { return s->genesis.free_wu < WORK_UNBOUNDED; }

uint64_t account_weight(const struct account *a)
{
	return money_base(a->deposit) + (a->stake ? money_base(a->stake->staked) : 0); /* both are part of one supply */
}

/* What a type costs beyond its bytes. */
static uint64_t type_weight(uint8_t type)
{
	switch ((enum tx_type)type) {
	case TX_ASK:
	case TX_BID:
	case TX_AMEND: return WU_ORDER;
	case TX_OPEN:
	case TX_TOKEN_NEW:
	case TX_NODE_REG:
	case TX_APP_PUB: return WU_OBJECT;
	case TX_TRANSFER:
	case TX_SET_AUTH:
	case TX_SET_KEY:
	case TX_STAKE:
	case TX_UNSTAKE:
	case TX_VOTE:
	case TX_PROXY:
	case TX_TOKEN_IN:
	case TX_TOKEN_OUT:
	case TX_CANCEL:
	case TX_FUND:
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE:
	case TX_BATCH: break;
	}
	return 0;
}

static uint64_t batch_weight(const struct tx_batch *b)
{
	struct rbuf r = rbuf_on(b->ops.p, b->ops.len);
	uint64_t sum = 0;
	while (!r.bad && r.pos < r.len) {
		sum += type_weight(get_u8(&r));
		get_blob(&r, TX_BODY_MAX);
	}
	return sum;
}

static uint64_t tx_work(const struct tx *tx)
{
	uint64_t weight = tx->type == TX_BATCH ? batch_weight(&tx->u.batch) : type_weight(tx->type);
	return tx->len + (uint64_t)WU_SIG * tx->nsig + weight;
}

static uint64_t work_used(const struct state *s, const struct work *k, uint64_t time_ms)
{
	uint64_t window = s->genesis.work_window_ms, since = time_ms > k->at_ms ? time_ms - k->at_ms : 0;
	return since >= window ? 0 : (uint64_t)((unsigned __int128)k->used * (window - since) / window);
}

/* What the account's coins are worth on this lane now. */
static uint64_t work_earned(const struct state *s, const struct part *p, const struct account *a)
{
	unsigned __int128 all = 0, mine = account_weight(a), earned;
	for (size_t i = 0; i < CHAINS; i++)
		all += s->part[0].weight[i];
	if (!all)
		return 0;
	if (mine > all) /* it has come since the epoch began */
		mine = all;
	earned = mine * s->genesis.work_cap * p->fill.multiplier / all / ONE;
	return earned < WORK_UNBOUNDED ? (uint64_t)earned : WORK_UNBOUNDED;
}

static uint64_t share(uint64_t whole, uint32_t ppm) { return (uint64_t)((unsigned __int128)whole * ppm / PPM); }

static enum verdict quota_admit(const struct state *s, const struct part *p, const struct account *a, uint64_t wu)
{
	const struct genesis *g = &s->genesis;
	uint64_t use = work_used(s, &a->work, s->time_ms) + wu, earned = work_earned(s, p, a);
	if (use > g->free_wu + earned)
		return V_NO_WORK;
	return use > earned && p->fill.free + wu > share(g->lane_wu, g->free_ppm) ? V_BUSY : V_OK;
}

static enum verdict work_admit(const struct state *s, const struct part *p, const struct tx *tx)
{
	const struct genesis *g = &s->genesis;
	if (!work_counts(s))
		return V_OK;
	uint64_t wu = tx_work(tx), open = share(g->lane_wu, g->open_ppm);
	bool instance = tx_type_instance(tx->type);
	if (wu > (instance ? g->lane_wu : open))
		return V_OVERFLOW;
	if (p->fill.all + wu > g->lane_wu)
		return V_BUSY;
	if (instance)
		return V_OK;
	enum verdict v = quota_admit(s, p, account_find(p, &tx->sender), wu);
	return v == V_OK && p->fill.open + wu > open ? V_BUSY : v;
}

bool state_work_left(const struct state *s, const struct tx *tx, uint64_t time_ms)
{
	uint8_t home = home_of(s, &tx->sender);
	const struct account *a = home && !tx_type_instance(tx->type) ? account_find(&s->part[home], &tx->sender) : NULL;
	if (!a || !work_counts(s))
		return true;
	return work_used(s, &a->work, time_ms) + tx_work(tx) <= s->genesis.free_wu + work_earned(s, &s->part[home], a);
}

bool state_work_units(const struct state *s, const struct address *who, uint64_t time_ms, struct work_units *out)
{
	uint8_t home = home_of(s, who);
	const struct account *a = home ? account_find(&s->part[home], who) : NULL;
	if (!a)
		return false;
	*out = (struct work_units){.total = UINT64_MAX, .window_ms = s->genesis.work_window_ms};
	if (work_counts(s)) {
		out->used = work_used(s, &a->work, time_ms);
		out->total = s->genesis.free_wu + work_earned(s, &s->part[home], a);
	}
	return true;
}

static void work_charge(struct state *s, struct part *p, struct account *a, const struct tx *tx)
{
	uint64_t wu = tx_work(tx);
	p->fill.all += wu;
	if (!work_counts(s))
		return;
	p->fill.units += wu;
	if (!a)
		return;
	p->fill.open += wu;
	a->work = (struct work){work_used(s, &a->work, s->time_ms) + wu, s->time_ms};
	if (a->work.used > work_earned(s, p, a))
		p->fill.free += wu;
}

enum verdict state_take_work(struct state *s, uint8_t lane, const struct tx *tx)
{
	struct part *p = &s->part[lane];
	enum verdict v = work_admit(s, p, tx);
	if (v == V_OK)
		work_charge(s, p, tx_type_instance(tx->type) ? NULL : account_find(p, &tx->sender), tx);
	return v;
}

uint32_t state_work(const struct state *s, uint8_t lane)
{
	uint64_t all = s->part[lane].fill.all;
	return all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
}

/* --- congestion, and the weights --- */

static void fill_step(struct fill *f, uint32_t fill)
{
	f->average = f->average - (f->average >> AVERAGE_SHIFT) + (fill >> AVERAGE_SHIFT);
	if (f->average > ONE / 2)
		f->multiplier -= f->multiplier / 64;
	else
		f->multiplier += 1 + f->multiplier / 4096;
	if (f->multiplier < ONE)
		f->multiplier = ONE;
	if (f->multiplier > MULTIPLIER_MAX)
		f->multiplier = MULTIPLIER_MAX;
}

static void fill_pass(const struct state *s, struct fill *f)
{
	const struct genesis *g = &s->genesis;
	uint64_t steps = (s->time_ms - f->at_ms) / g->fill_step_ms;
	if (!steps)
		return;
	uint64_t units = f->units < g->lane_wu ? f->units : g->lane_wu;
	fill_step(f, (uint32_t)((unsigned __int128)units * ONE / g->lane_wu));
	for (uint64_t i = 1; i < steps && i < IDLE_STEPS_MAX; i++)
		fill_step(f, 0);
	f->units = 0;
	f->at_ms += steps * g->fill_step_ms;
}

/* Once an epoch chain 0 is told how many coins count on this lane. */
static void weight_tell(struct state *s, struct part *p)
{
	uint64_t epoch = s->time_ms / s->genesis.epoch_ms, sum = 0;
	if (epoch == p->fill.epoch)
		return;
	p->fill.epoch = epoch;
	for (const struct account *a = p->accounts; a; a = a->hh.next)
		sum += account_weight(a);
	struct receipt r = {.kind = RCPT_WEIGHT, .dst = 0, .aux = sum};
	part_emit(s, p, &r);
}

void work_round_end(struct state *s, struct part *p)
{
	if (p->lane == 0 || !work_counts(s))
		return;
	fill_pass(s, &p->fill);
	weight_tell(s, p);
}

struct fill fill_new(uint64_t time_ms) { return (struct fill){.multiplier = ONE, .at_ms = time_ms}; }

void fill_put(struct wbuf *w, const struct fill *f)
{
	put_u32(w, f->multiplier);
	put_u32(w, f->average);
	put_u64(w, f->units);
	put_u64(w, f->at_ms);
	put_u64(w, f->epoch);
}

void fill_get(struct rbuf *r, struct fill *f)
{
	f->multiplier = get_u32(r);
	f->average = get_u32(r);
	f->units = get_u64(r);
	f->at_ms = get_u64(r);
	f->epoch = get_u64(r);
}
