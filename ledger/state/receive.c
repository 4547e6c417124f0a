/* What arrives: receipts of the round before, each consumed exactly once.
 *
 * Knows the payloads of credits, results and bounces. A credit cannot fail; money whose target is unknown goes to the pool. Does
 * not know how orders and leases use what they are sent. */
#include <string.h>
#include "ledger/state/books.h"

void result_put(struct wbuf *w, const struct result *v)
{
	put_u8(w, v->closes);
	put_u8(w, v->mark);
	put_u8(w, v->state);
	put_id(w, &v->object);
	put_id(w, &v->node);
	put_resources(w, &v->resources);
	put_money(w, v->value);
	put_u64(w, v->up_s);
	put_u64(w, v->ran_s);
}

bool result_get(struct slice bytes, struct result *out)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	out->closes = get_bool(&r);
	out->mark = get_u8(&r);
	out->state = get_u8(&r);
	out->object = get_id(&r);
	out->node = get_id(&r);
	out->resources = get_resources(&r);
	out->value = get_money(&r);
	out->up_s = get_u64(&r);
	out->ran_s = get_u64(&r);
	return rbuf_end(&r);
}

static struct account *receiver(struct part *p, const struct receipt *r)
{
	struct account *a = account_find(p, (const struct address *)&r->to);
	if (a)
		part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	else if (r->amount)
		money_give(&p->commission, money_of(r->amount));
	return a;
}

static void land(struct state *s, struct part *p, struct account *a, struct pay_line *l)
{
	if (money_is_zero(l->amount))
		return;
	money_give(&a->balance, l->amount);
	l->in = true;
	l->account = a->address;
	fact_pay_emit(s, p, l);
}

/* deposit: what the sender holds for the holding that this may make. */
static void receive_units(struct state *s, struct part *p, const struct receipt *in, struct pay_line *l, struct money deposit)
{
	struct account *a = account_find(p, (const struct address *)&in->to);
	if (!a)
		books_fatal("tokens for an account that is not here");
	l->token = in->token;
	l->in = true;
	l->account = a->address;
	holding_credit(s, p, in, &l->other, deposit);
	fact_pay_emit(s, p, l);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	correlate_credit(s, a, l, in->src);
}

static void receive_credit(struct state *s, struct part *p, const struct receipt *in)
{
	char memo[MEMO_MAX + 1];
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct pay_line l = {.kind = (enum pay_kind)in->aux, .amount = money_of(in->amount), .memo = memo};
	l.object = get_id(&r);
	l.other = get_address(&r);
	get_text(&r, memo, MEMO_MAX);
	if (in->token) {
		receive_units(s, p, in, &l, get_money(&r));
		return;
	}
	struct account *a = receiver(p, in);
	if (!a)
		return;
	land(s, p, a, &l);
	correlate_credit(s, a, &l, in->src);
}

static void receive_new(struct state *s, struct part *p, const struct receipt *in)
{
	uint8_t x25519[32];
	struct auth auth;
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address sender = get_address(&r);
	get_bytes(&r, x25519, 32);
	if (!auth_get(&r, &auth) || !rbuf_end(&r))
		books_fatal("a new account cannot be read");
	struct address address = auth_address(&auth);
	struct account *a = account_add(p, &address, &auth, x25519, money_of(0));
	struct pay_line l = {.kind = PAY_TRANSFER, .other = sender, .amount = money_of(in->amount), .object = in->origin};
	land(s, p, a, &l);
	deposit_hold(s, p, a, deposit_for(s, ACCOUNT_BYTES), &in->origin);
	correlate(s, &a->sketch, &sender, home_of(s, &sender));
}

/* The transaction was carried out at home but not where it went: its money is back, and this is its last verdict. */
static void receive_bounce(struct state *s, struct part *p, const struct receipt *in)
{
	static const struct cid none;
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	uint8_t type = get_u8(&r);
	struct account *a = receiver(p, in);
	if (!a)
		return;
	struct pay_line l = {.kind = PAY_REFUND, .amount = money_of(in->amount), .object = in->origin};
	land(s, p, a, &l);
	fact_verdict_emit(s, p, &in->origin, &a->address, type, (enum verdict)in->aux, &none);
}

static void receive_result(struct state *s, struct part *p, const struct receipt *in)
{
	struct result v;
	if (!result_get(in->payload, &v))
		books_fatal("a result cannot be read");
	struct account *a = receiver(p, in);
	if (a) {
		struct pay_line l = {.kind = (enum pay_kind)in->aux, .amount = money_of(in->amount), .object = v.object};
		land(s, p, a, &l);
		a->orders -= v.closes && a->orders;
	}
	node_return(s, p, in);
}

/* Chain 0's answer to a registration that needs one. */
static void receive_listed(struct state *s, struct part *p, const struct receipt *in)
{
	static const struct cid none;
	fact_verdict_emit(s, p, &in->origin, (const struct address *)&in->to, TX_TOKEN_NEW, V_OK, &none);
}

static void receive_pool(struct part *zero, const struct receipt *in)
{
	money_give(&zero->pool, money_of(in->amount));
}

void state_receive(struct state *s, uint8_t lane, const struct receipt *in)
{
	struct part *p = &s->part[lane];
	p->phase = PHASE_INBOUND;
	if (!in->token)
		money_give(&p->total, money_of(in->amount));
	if (move_forward(s, p, in))
		return;
	switch ((enum receipt_kind)in->kind) {
	case RCPT_CREDIT:
		if (lane == 0)
			receive_pool(p, in);
		else
			receive_credit(s, p, in);
		return;
	case RCPT_NEW:
		if (lane == 0)
			registry_receive(s, p, in);
		else
			receive_new(s, p, in);
		return;
	case RCPT_REG:
		if (lane == 0)
			registry_receive(s, p, in);
		else
			receive_listed(s, p, in);
		return;
	case RCPT_BOUNCE: receive_bounce(s, p, in); return;
	case RCPT_RESULT: receive_result(s, p, in); return;
	case RCPT_ORDER:
	case RCPT_CANCEL:
	case RCPT_AMEND: book_receive(s, p, in); return;
	case RCPT_EVENT: lease_receive(s, p, in); return;
	case RCPT_VOTE: votes_receive(p, in); return;
	case RCPT_PROXY:
		if (lane == 0)
			proxy_receive(s, p, in);
		else
			stake_receive(p, in);
		return;
	case RCPT_TOKEN:
		if (lane == 0)
			token_convert(s, p, in);
		else
			holding_answer(s, p, in);
		return;
	case RCPT_RELEASE: deposit_receive(s, p, in); return;
	case RCPT_WEIGHT: p->weight[in->src] = in->aux; return;
	case RCPT_NOMINATE: nominate_receive(p, in); return;
	case RCPT_MOVE: move_receive(p, in); return;
	}
	books_fatal("a receipt of an unknown kind");
}
