/* The course of a round and the life of the books: made from a genesis, driven, stored, loaded again.
 *
 * Knows the order of things inside a chain's round and what must hold after a load. Does not know blocks, headers or where
 * records are kept. */
#include <string.h>
#include "ledger/state/books.h"

#define TIMER_ROOM (2 * FSM_EFFECTS_MAX + 8) /* receipts that one timer may make */

static void genesis_accounts(struct state *s, const struct genesis *g)
{
	struct part *zero = &s->part[0];
	zero->reserve = genesis_reserve(g);
	zero->total = zero->reserve;
	for (size_t i = 0; i < g->naccounts; i++) {
		const struct genesis_account *x = &g->account[i];
		struct part *p = &s->part[1 + i % LANES];
		struct address address = auth_address(&x->auth);
		struct vesting vesting = genesis_vesting(g, x);
		money_give(&p->total, x->amount);
		home_add(zero, &address, p->lane);
		struct account *a = account_add(p, &address, &x->auth, x->x25519, x->amount);
		if (vesting.type != VEST_NONE)
			a->vesting = books_copy(&vesting, sizeof vesting);
		struct pay_line line = {.kind = PAY_GENESIS, .in = true, .account = address, .amount = x->amount};
		fact_pay_emit(s, p, &line);
	}
}

static void genesis_symbols(struct state *s)
{
	for (size_t i = 0; i < s->genesis.nsymbols; i++) {
		struct fact f = {.kind = FACT_SYMBOL, .u.symbol = s->genesis.symbol[i]};
		fact_emit(&s->part[0], &f);
	}
}

static enum verdict genesis_contract(struct state *s)
{
	uint8_t code[FSM_CODE_MAX];
	size_t len;
	char why[256];
	if (fsm_compile(contract_standard_lease, code, &len, why) != V_OK)
		return V_BAD_CONTRACT;
	struct id id = hash_of("zeus/tpl", code, len);
	if (id_cmp(&id, &s->genesis.standard_lease) != 0)
		return V_BAD_CONTRACT;
	enum verdict v = fsm_load((struct slice){code, len}, &s->fsm);
	if (v != V_OK)
		return v;
	lease_words_of(s->fsm, &s->words);
	const struct lease_words *w = &s->words;
	const int needed[] = {w->role[PARTY_BUYER], w->role[PARTY_SELLER], w->escrow, w->bond, w->ran, w->price, w->tmin, w->tmax,
	    w->trial, w->grace,
	    w->settle};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (needed[i] < 0)
			return V_BAD_CONTRACT;
	return V_OK;
}

static enum verdict state_fill(struct state *s, const struct genesis *g)
{
	char why[256];
	enum verdict v = genesis_check(g, why);
	if (v == V_OK)
		v = genesis_contract(s);
	if (v != V_OK)
		return v;
	genesis_symbols(s);
	genesis_accounts(s, g);
	for (size_t lane = 0; lane < CHAINS; lane++)
		facts_flush(s, &s->part[lane]);
	return V_OK;
}

enum verdict state_new(const struct genesis *g, struct state **ret)
{
	struct state *s = books_alloc(sizeof *s);
	s->genesis = *g;
	s->genesis.account = NULL; /* its accounts live in the tables */
	s->genesis.naccounts = 0;
	s->genesis.cap_accounts = 0;
	s->time_ms = g->time_ms;
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		s->part[lane].lane = lane;
		s->part[lane].fill = fill_new(g->time_ms);
	}
	enum verdict v = state_fill(s, g);
	if (v == V_OK)
		*ret = s;
	else
		state_free(s);
	return v;
}

void state_free(struct state *s)
{
	if (!s)
		return;
	for (size_t lane = 0; lane < CHAINS; lane++)
		part_clear(&s->part[lane]);
	fsm_free(s->fsm);
	free(s);
}

/* The out-boxes of the last round stay readable for one round more: they are this round's in-boxes. */
static void part_begin(struct part *p)
{
	for (size_t dst = 0; dst < CHAINS; dst++) {
		struct outbox reused = p->old[dst];
		p->old[dst] = p->out[dst];
		reused.bytes.len = 0;
		p->out[dst] = (struct outbox){.bytes = reused.bytes};
	}
	p->fill.all = p->fill.open = p->fill.free = 0;
	p->out_total = money_of(0);
	p->facts.len = 0;
	p->ndirty = 0;
	p->nbefore = 0;
	p->flushed = false;
	p->ncandidates = 0;
	p->place.known = false;
	memset(p->leaving, 0, sizeof p->leaving);
}

void state_round(struct state *s, uint64_t height, uint64_t time_ms, const struct id *rand)
{
	s->height = height;
	s->time_ms = time_ms;
	s->rand = *rand;
	for (size_t lane = 0; lane < CHAINS; lane++)
		part_begin(&s->part[lane]);
}

static void timer_fire(struct state *s, struct part *p, const struct timer *t)
{
	if (t->kind == REC_ORDER)
		order_close(s, p, order_find(p, &t->id), ORDER_EXPIRED, V_EXPIRED);
	else if (t->kind == REC_ACCOUNT)
		stake_timer(s, p, account_find(p, (const struct address *)&t->id));
	else
		lease_timer(s, p, lease_find(p, &t->id));
}

uint32_t state_timers(struct state *s, uint8_t lane)
{
	struct part *p = &s->part[lane];
	uint32_t fired = 0;
	p->phase = PHASE_TIMED;
	for (heap_prune(p); p->heap.n && fired < TIMERS_PER_ROUND && part_room(p, TIMER_ROOM); heap_prune(p)) {
		struct timer t = p->heap.t[0];
		if (t.due_ms > s->time_ms)
			break;
		heap_pop(&p->heap);
		timer_fire(s, p, &t);
		fired++;
	}
	return fired;
}

void state_auctions(struct state *s, uint8_t lane)
{
	struct part *p = &s->part[lane];
	p->phase = PHASE_TIMED;
	for (size_t i = 0; i < s->genesis.nsymbols; i++)
		if (p->book[i].changed)
			p->book[i].changed = !auction_run(s, p, i);
}

static int cid_by_time(const struct cid_seen *a, const struct cid_seen *b)
{
	return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

/* Command ids older than a day: the table is in order of time, so they are in front. */
static void cids_forget(struct state *s, struct part *p)
{
	struct cid_seen *c, *next;
	if (p->cids_mixed)
		HASH_SORT(p->cids, cid_by_time);
	p->cids_mixed = false;
	HASH_ITER (hh, p->cids, c, next) {
		if (c->time_ms + CID_KEEP_MS > s->time_ms)
			return;
		part_touch(p, REC_CID, &c->key, sizeof c->key);
		cid_drop(p, c);
	}
}

void state_round_end(struct state *s, uint8_t lane)
{
	struct part *p = &s->part[lane];
	p->phase = PHASE_INBOUND;
	if (lane == 0) {
		money_give(&p->pool, p->commission);
		p->commission = money_of(0);
	} else if (!money_is_zero(p->commission)) {
		struct receipt r = {.kind = RCPT_CREDIT, .dst = 0, .amount = money_base(p->commission), .aux = PAY_COMMISSION};
		p->commission = money_of(0);
		part_emit(s, p, &r);
	}
	work_round_end(s, p);
	traffic_round_end(s, p);
	if (lane)
		nominate(s, p);
	cids_forget(s, p);
	if (!p->flushed)
		facts_flush(s, p);
	heap_prune(p);
}

struct slice state_outbox(const struct state *s, uint8_t src, uint8_t dst, uint32_t *n)
{
	const struct outbox *o = &s->part[src].out[dst];
	*n = o->n;
	return bytes_slice(&o->bytes);
}

struct slice state_facts(const struct state *s, uint8_t lane) { return bytes_slice(&s->part[lane].facts); }
struct money state_total(const struct state *s, uint8_t lane) { return s->part[lane].total; }
struct money state_out_total(const struct state *s, uint8_t lane) { return s->part[lane].out_total; }

bool state_work_waiting(const struct state *s)
{
	for (size_t lane = 0; lane < CHAINS; lane++) {
		const struct part *p = &s->part[lane];
		for (size_t i = 0; i < CHAINS; i++)
			if (p->out[i].n)
				return true;
		for (size_t i = 0; i < s->genesis.nsymbols; i++)
			if (p->book[i].changed)
				return true;
	}
	return false;
}

uint64_t state_next_timer_ms(const struct state *s)
{
	uint64_t next = UINT64_MAX;
	for (size_t lane = 0; lane < CHAINS; lane++)
		if (s->part[lane].heap.n && s->part[lane].heap.t[0].due_ms < next)
			next = s->part[lane].heap.t[0].due_ms;
	return next;
}
