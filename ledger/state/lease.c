/* Leases: the glue between a match, its contract instance and the money that flows out of it.
 *
 * Knows which hold pays whom, the commission (cumulative: floor(paid * ppm / 10^6), so that how often is settled changes
 * nothing) and what returns at the end. Does not know what the contract says: states, conditions and sums are contract.h's. */
#include <string.h>
#include "ledger/state/books.h"

#define PPM 1000000
#define KEEP_MS (24ULL * 3600 * 1000) /* a finished lease stays readable this long */
#define RECEIPTS_PER_EVENT (FSM_EFFECTS_MAX + 2)

static struct id instance_id(uint8_t lane, const struct match *m)
{
	uint8_t buf[66];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_id(&w, &m->bid->f.order);
	put_id(&w, &m->ask->f.order);
	put_u16(&w, (uint16_t)m->bid->f.filled);
	struct id h = hash_of("zeus/inst", buf, w.len), id;
	id.b[0] = lane;
	memcpy(&id.b[1], h.b, 31);
	return id;
}

void lease_words_of(const struct fsm *f, struct lease_words *out)
{
	static const char *const roles[PARTIES] = {"buyer", "seller", "dev", "arbiter"};
	static const char *const meters[METERS] = {"up", "cpu", "mem", "gpu", "tx", "rx", "io", "app", "drift", "stall"};
	for (size_t i = 0; i < PARTIES; i++)
		out->role[i] = fsm_role(f, roles[i]);
	for (size_t i = 0; i < METERS; i++)
		out->meter[i] = fsm_meter(f, meters[i]);
	out->escrow = fsm_hold(f, "escrow");
	out->bond = fsm_hold(f, "bond");
	out->ran = fsm_reg(f, "ran");
	out->price = fsm_param(f, "price");
	out->tmin = fsm_param(f, "tmin");
	out->tmax = fsm_param(f, "tmax");
	out->trial = fsm_param(f, "trial");
	out->grace = fsm_param(f, "grace");
	out->settle = fsm_param(f, "settle");
}

static void lease_params(const struct state *s, struct lease *l, const struct match *m)
{
	const struct lease_words *w = &s->words;
	l->run.param[w->price] = money_base(m->rate);
	l->run.param[w->tmin] = 0;
	l->run.param[w->tmax] = m->bid->f.max_s;
	l->run.param[w->trial] = s->genesis.trial_s;
	l->run.param[w->grace] = s->genesis.grace_s;
	l->run.param[w->settle] = s->genesis.settle_s;
	l->run.hold[w->escrow] = m->hold;
	l->run.hold[w->bond] = m->bond;
	l->run.born_ms = s->time_ms;
}

static void lease_parties(const struct state *s, struct lease *l, const struct match *m)
{
	const struct app *app = m->bid->f.app[0] ? app_find(s, m->bid->f.app) : NULL;
	struct party *y = l->party;
	y[PARTY_BUYER].address = m->bid->f.owner;
	memcpy(y[PARTY_BUYER].op_pk, m->bid->op_pk, 32);
	y[PARTY_SELLER].address = m->ask->f.owner;
	memcpy(y[PARTY_SELLER].op_pk, m->ask->op_pk, 32);
	y[PARTY_DEV] = y[PARTY_BUYER];
	if (app) {
		y[PARTY_DEV].address = app->f.owner;
		memcpy(y[PARTY_DEV].op_pk, app->op_pk, 32);
	}
	l->deposit = m->bid->deposit_each;
	if (!money_take(&m->bid->deposit, l->deposit))
		books_fatal("a bid's deposit does not cover its leases");
	struct slice deploy = m->bid->deploy.len ? m->bid->deploy : app ? app->f.meta : (struct slice){NULL, 0};
	if (!deposit_covers(s, l, deploy.len)) /* the app's text has grown since the bid */
		deploy.len = 0;
	l->f.deploy = slice_copy(deploy);
	l->f.deploy_rev = deploy.len > 0;
}

static struct lease *lease_new(const struct state *s, const struct part *p, const struct match *m)
{
	struct lease *l = books_alloc(sizeof *l);
	struct fact_lease *f = &l->f;
	f->lease = instance_id(p->lane, m);
	f->bid = m->bid->f.order;
	f->ask = m->ask->f.order;
	f->node = m->ask->f.node;
	f->buyer = m->bid->f.owner;
	f->seller = m->ask->f.owner;
	f->symbol = m->bid->f.symbol;
	memcpy(f->order, m->bid->f.name, sizeof f->order);
	memcpy(f->app, m->bid->f.app, sizeof f->app);
	f->res = m->bid->f.res;
	f->price = m->price;
	f->rate = m->rate;
	f->max_s = m->bid->f.max_s;
	f->born_ms = s->time_ms;
	lease_params(s, l, m);
	lease_parties(s, l, m);
	return l;
}

static uint32_t roles_of(const struct state *s, const struct lease *l, const struct address *a)
{
	uint32_t roles = 0;
	for (size_t i = 0; i < PARTIES; i++)
		if (s->words.role[i] >= 0 && address_eq(&l->party[i].address, a))
			roles |= 1u << s->words.role[i];
	return roles;
}

static enum party_kind party_by_role(const struct state *s, uint8_t role)
{
	for (size_t i = 0; i < PARTIES; i++)
		if (s->words.role[i] == role)
			return (enum party_kind)i;
	books_fatal("a lease pays a role that it does not have");
}

/* Payments to the seller out of the escrow bear the commission. */
static struct money commission_of(struct state *s, struct part *p, struct lease *l, struct money amount)
{
	struct money due, delta = money_of(0);
	money_give(&l->f.paid, amount);
	if (!money_muldiv(l->f.paid, s->genesis.commission_ppm, PPM, &due) || !money_sub(due, l->f.commission, &delta))
		books_fatal("a commission is out of range");
	l->f.commission = due;
	money_give(&p->commission, delta);
	struct pay_line line = {.kind = PAY_COMMISSION, .account = l->f.seller, .amount = delta, .object = l->f.lease};
	fact_pay_emit(s, p, &line);
	return delta;
}

static void effect_pay(struct state *s, struct part *p, struct lease *l, const struct fsm_effect *e)
{
	enum party_kind to = party_by_role(s, e->role);
	bool from_bond = e->hold == s->words.bond;
	struct pay_line line = {.kind = PAY_REFUND, .account = l->party[to].address, .amount = e->amount, .object = l->f.lease};
	line.other = from_bond ? l->f.seller : l->f.buyer;
	if (from_bond)
		line.kind = PAY_BOND;
	else if (e->kind == FSM_PAY)
		line.kind = PAY_LEASE;
	if (line.kind == PAY_LEASE) {
		struct pay_line out = {.kind = PAY_LEASE, .account = l->f.buyer, .other = line.account, .amount = e->amount,
		    .object = l->f.lease};
		fact_pay_emit(s, p, &out);
	}
	if (line.kind == PAY_LEASE && to == PARTY_SELLER) {
		struct money fee = commission_of(s, p, l, e->amount);
		money_sub(line.amount, fee, &line.amount);
	}
	credit_send(s, p, &line, &l->f.lease);
}

static void effects(struct state *s, struct part *p, struct lease *l, const struct fsm_outcome *out)
{
	for (uint32_t i = 0; i < out->n; i++) {
		const struct fsm_effect *e = &out->effect[i];
		switch (e->kind) {
		case FSM_PAY:
		case FSM_REFUND: effect_pay(s, p, l, e); break;
		case FSM_MARK_GOOD: l->mark = l->mark ? l->mark : 1; break;
		case FSM_MARK_BAD: l->mark = 2; break;
		}
	}
}

void lease_give(struct state *s, struct part *p, const struct lease *l, const struct result *v)
{
	uint8_t buf[256];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	result_put(&w, v);
	struct receipt r = {.kind = RCPT_RESULT, .dst = home_of(s, &l->f.seller), .origin = l->f.lease, .aux = PAY_BOND,
	    .payload = {buf, w.len}};
	memcpy(r.to.b, l->f.seller.b, 32);
	part_emit(s, p, &r);
}

/* The end: capacity and the node's mark go home. */
static void lease_end(struct state *s, struct part *p, struct lease *l)
{
	change_drop(s, p, l, CHANGE_OVERTAKEN);
	l->gone_ms = s->time_ms + KEEP_MS;
	l->f.usage_pending_ms = 0;
	struct result v = {.mark = l->mark, .object = l->f.lease, .node = l->f.node, .resources = l->f.res, .value = l->f.paid,
	    .up_s = s->words.meter[METER_UP_S] >= 0 ? l->run.meter[s->words.meter[METER_UP_S]] : 0, .ran_s = l->run.reg[s->words.ran]};
	lease_give(s, p, l, &v);
}

/* After anything fired: pay, see whether it ended, set the next timer. */
static void lease_after(struct state *s, struct part *p, struct lease *l, const struct fsm_outcome *out)
{
	effects(s, p, l, out);
	if (out->moved)
		memcpy(l->f.reason, out->last_event, sizeof l->f.reason);
	if (!l->gone_ms && (fsm_state_flags(s->fsm, l->run.state) & LEASE_TERMINAL))
		lease_end(s, p, l);
	change_look(s, p, l);
	lease_arm(s, p, l);
	part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
}

void lease_arm(const struct state *s, struct part *p, struct lease *l)
{
	uint64_t due = l->gone_ms ? l->gone_ms : fsm_due(s->fsm, &l->run);
	if (l->f.usage_pending_ms && l->f.usage_pending_ms < due)
		due = l->f.usage_pending_ms;
	if (!l->gone_ms && change_due_ms(l) < due)
		due = change_due_ms(l);
	if (due == l->due_ms)
		return;
	l->due_ms = due;
	if (due != UINT64_MAX)
		heap_push(&p->heap, due, REC_LEASE, &l->f.lease);
}

struct lease *lease_open(struct state *s, struct part *p, const struct match *m)
{
	struct lease *l = lease_new(s, p, m);
	HASH_ADD(hh, p->leases, f.lease, sizeof l->f.lease, l);
	struct fsm_outcome out = {0};
	if (fsm_start(s->fsm, &l->run, s->time_ms, &out) != V_OK)
		books_fatal("the standard lease does not start");
	correlate_lease(s, l);
	lease_after(s, p, l, &out);
	return l;
}

enum verdict lease_fire(struct state *s, struct part *p, struct lease *l, const struct fsm_call *call, struct fsm_outcome *out)
{
	enum verdict v = fsm_fire(s->fsm, &l->run, call, out);
	if (v == V_OK)
		lease_after(s, p, l, out);
	return v;
}

void lease_timer(struct state *s, struct part *p, struct lease *l)
{
	struct fsm_outcome out = {0};
	l->due_ms = 0;
	if (l->gone_ms) {
		deposit_release(s, p, &l->f.buyer, l->deposit, &l->f.lease);
		l->deposit = money_of(0);
		l->gone = true;
		part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
		return;
	}
	if (l->f.usage_pending_ms && l->f.usage_pending_ms <= s->time_ms)
		usage_settle(s, p, l);
	if (!l->gone_ms && fsm_due(s->fsm, &l->run) <= s->time_ms)
		fsm_timer(s->fsm, &l->run, s->time_ms, &out);
	lease_after(s, p, l, &out);
}

void lease_free(struct lease *l)
{
	slice_drop(&l->f.deploy);
	free(l->sketch);
	free(l);
}

/* --- transactions of a party --- */

static enum verdict deploy_event(const struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	if (!address_eq(&tx->sender, &l->party[PARTY_BUYER].address))
		return V_NOT_PARTY;
	if (l->gone_ms)
		return V_BAD_STATE;
	if (!tx->u.event.blob.len || tx->u.event.blob.len > DEPLOY_MAX)
		return V_OVERFLOW;
	if (!deposit_covers(s, l, tx->u.event.blob.len))
		return V_DEPOSIT_SHORT;
	slice_drop(&l->f.deploy);
	l->f.deploy = slice_copy(tx->u.event.blob);
	l->f.deploy_rev++;
	part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
	return V_OK;
}

static enum verdict confirm_event(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	if (!address_eq(&tx->sender, &l->party[PARTY_BUYER].address))
		return V_NOT_PARTY;
	if (!l->f.usage_pending_ms)
		return V_NO_PENDING;
	usage_settle(s, p, l);
	return V_OK;
}

static enum verdict event_execute(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	const struct tx_event *x = &tx->u.event;
	if (strcmp(x->event, "deploy") == 0)
		return deploy_event(s, p, l, tx);
	if (change_word(x->event))
		return change_event(s, p, l, tx);
	if (x->blob.len || !x->event[0] || x->event[0] == '@')
		return V_MALFORMED;
	if (strcmp(x->event, "confirm") == 0)
		return confirm_event(s, p, l, tx);
	struct fsm_call call = {.event = x->event, .roles = roles_of(s, l, &tx->sender), .now_ms = s->time_ms};
	memcpy(call.arg, x->arg, sizeof call.arg);
	struct fsm_outcome out = {0};
	return lease_fire(s, p, l, &call, &out);
}

static enum verdict ready_execute(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	struct fsm_call call = {.event = "ready", .roles = roles_of(s, l, &tx->sender), .now_ms = s->time_ms};
	struct fsm_outcome out = {0};
	enum verdict v = lease_fire(s, p, l, &call, &out);
	if (v == V_OK)
		memcpy(l->f.endpoint, tx->u.ready.endpoint, sizeof l->f.endpoint);
	return v;
}

static enum verdict usage_execute(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	if (!address_eq(&tx->sender, &l->party[PARTY_SELLER].address))
		return V_NOT_PARTY;
	return usage_accept(s, p, l, &tx->u.usage);
}

enum verdict lease_execute(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	size_t who = 0;
	while (who < PARTIES && !address_eq(&l->party[who].address, &tx->sender))
		who++;
	if (who == PARTIES)
		return V_NOT_PARTY;
	l->party[who].seq++;
	part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
	if (!part_room(p, RECEIPTS_PER_EVENT))
		return V_BUSY;
	if (tx->type == TX_EVENT)
		return event_execute(s, p, l, tx);
	return tx->type == TX_READY ? ready_execute(s, p, l, tx) : usage_execute(s, p, l, tx);
}

/* --- FUND: money that travels with an event --- */

enum verdict fund_check(const struct act *t, struct purse *u)
{
	const struct tx_fund *x = &t->tx->u.fund;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	uint8_t lane = x->instance.b[0];
	if (lane < 1 || lane >= CHAINS)
		return V_NO_LEASE;
	if (money_is_zero(x->amount))
		return V_OVERFLOW;
	if (!x->event[0] || x->event[0] == '@')
		return V_MALFORMED;
	v = purse_spend(u, x->amount);
	return v == V_OK ? purse_send(u, t, lane) : v;
}

/* payload: sender, event */
void fund_apply(const struct act *t)
{
	const struct tx_fund *x = &t->tx->u.fund;
	uint8_t buf[32 + 2 + NAME_MAX_LEN];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	act_pay(t, x->amount, PAY_ESCROW, NULL, &x->instance, x->event);
	put_address(&w, &t->a->address);
	put_text(&w, x->event);
	struct receipt r = {.kind = RCPT_EVENT, .dst = x->instance.b[0], .origin = *t->txid, .to = x->instance,
	    .amount = money_base(x->amount),
	    .payload = {buf, w.len}};
	part_emit(t->s, t->p, &r);
}

void lease_receive(struct state *s, struct part *p, const struct receipt *in)
{
	char event[NAME_MAX_LEN + 1];
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address sender = get_address(&r);
	get_text(&r, event, NAME_MAX_LEN);
	struct lease *l = lease_find(p, &in->to);
	struct fsm_call call = {.event = event, .now_ms = s->time_ms, .fund = money_of(in->amount)};
	struct fsm_outcome out = {0};
	enum verdict v = V_NO_LEASE;
	if (l) {
		call.roles = roles_of(s, l, &sender);
		v = lease_fire(s, p, l, &call, &out);
	}
	if (v == V_OK)
		correlate(s, &l->sketch, &sender, in->src);
	if (!out.fund_taken)
		bounce_send(s, p, in, &sender, v == V_OK ? V_CONDITION : v, TX_FUND);
}
