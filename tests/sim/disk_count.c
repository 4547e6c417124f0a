/* What a record adds to the sums of a disk: money of its chain, orders, capacity and deposits of whoever they belong to, tokens.
 *
 * Knows the payloads of receipts as far as something of value travels in them. Does not know who sends them, or why. */
#include "tests/sim/disk.h"
#include <string.h>

static void use(struct disk *d, const struct id *node, const struct resources *r, int sign)
{
	struct tally *t = tally_of(d, node);
	for (size_t i = 0; i < RESOURCES; i++)
		t->used[i] += sign * (int64_t)r->v[i];
}

static void hold(struct disk *d, const void *who, uint64_t deposit, int sign)
{
	if (deposit)
		tally_of(d, who)->held += sign * (int64_t)deposit;
}

static void count_order(struct disk *d, const struct at_order *o, int sign)
{
	tally_of(d, &o->f.owner)->open += sign;
	hold(d, &o->f.owner, o->deposit, sign);
	if (o->f.side == SIDE_ASK)
		use(d, &o->f.node, &o->f.left, sign);
}

static uint64_t account_coins(const struct at_account *a)
{
	return a->balance + a->deposit + money_base(a->stake.staked) + money_base(a->stake.unstaking);
}

static void count_result(struct disk *d, const struct receipt *in, int sign)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	bool closes = get_bool(&r);
	get_u16(&r); /* mark, state */
	get_id(&r);
	struct id node = get_id(&r);
	struct resources back = get_resources(&r);
	if (closes)
		tally_of(d, &in->to)->open += sign;
	if (!id_is_zero(&node))
		use(d, &node, &back, sign);
}

/* Tokens on their way, and the deposit of who sends them. */
static void count_credit(struct disk *d, const struct receipt *in, int sign)
{
	char memo[MEMO_MAX + 1];
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	get_id(&r);
	struct address other = get_address(&r);
	get_text(&r, memo, MEMO_MAX);
	if (in->token)
		hold(d, &other, get_u64(&r), sign);
}

/* On its way to chain 0's lists: an app or a token, the deposit last. */
static void count_listing(struct disk *d, const struct receipt *in, int sign)
{
	uint64_t deposit;
	if (in->dst != 0 || in->payload.len < 9 || (in->payload.p[0] != REC_APP && in->payload.p[0] != REC_TOKEN))
		return;
	memcpy(&deposit, in->payload.p + in->payload.len - sizeof deposit, sizeof deposit);
	hold(d, &in->to, deposit, sign);
}

/* A record on its way to another chain; its coins are the receipt's. */
static void count_move(struct disk *d, const struct receipt *in, int sign)
{
	uint8_t kind = in->payload.len ? in->payload.p[0] : 0;
	if (kind == REC_CID)
		return;
	bool known = kind == REC_ACCOUNT || kind == REC_NODE || kind == REC_HOLDING;
	struct rec *r = !known ? NULL : sign > 0 ? disk_leaves(d, in) : disk_moving(d, in);
	if (!r) {
		d->wrong = "what moves is on its way twice, or cannot be read";
		return;
	}
	uint64_t value = kind == REC_ACCOUNT ? account_coins(&r->u->account) : kind == REC_HOLDING ? r->u->holding.amount : 0;
	if (in->amount != value)
		d->wrong = "what moves is worth something else than it says";
	if (kind == REC_NODE)
		hold(d, &r->u->object.owner, r->u->object.deposit, sign);
	else if (kind == REC_HOLDING)
		hold(d, &r->u->holding.payer, r->u->holding.deposit, sign);
	if (sign < 0)
		disk_arrives(d, r);
}

static void count_receipt(struct disk *d, uint8_t src, const struct receipt *in, int sign)
{
	struct at_order o;
	if (in->token && in->token < UNITS_MAX)
		d->units[in->token] += sign * (int64_t)in->amount;
	else if (!in->token)
		d->out[src] += (uint64_t)sign * in->amount;
	if (in->kind == RCPT_ORDER && order_parse(in->payload, &o))
		count_order(d, &o, sign);
	else if (in->kind == RCPT_RESULT)
		count_result(d, in, sign);
	else if (in->kind == RCPT_CREDIT && in->token)
		count_credit(d, in, sign);
	else if (in->kind == RCPT_RELEASE)
		hold(d, &in->to, in->aux, sign);
	else if (in->kind == RCPT_REG)
		count_listing(d, in, sign);
	else if (in->kind == RCPT_MOVE)
		count_move(d, in, sign);
}

static void count_outbox(struct disk *d, const struct rec *rec, int sign)
{
	struct rbuf r = rbuf_on(rec->value.p, rec->value.len);
	struct receipt in;
	uint32_t n = 0;
	for (; r.pos < r.len && receipt_get(&r, &in); n++) {
		if (in.src != rec->key[0] || in.dst != rec->key[2] || in.idx != n)
			d->wrong = "a receipt is not in its place";
		count_receipt(d, rec->key[0], &in, sign);
	}
	if (!rbuf_end(&r))
		d->wrong = "an out-box";
	d->boxes[rec->key[0]][rec->key[2]] += (uint64_t)(int64_t)(sign * (int)n);
}

static void count_lease(struct disk *d, uint8_t lane, const struct at_lease *l, int sign)
{
	for (size_t i = 0; i < FSM_HOLDS_MAX; i++)
		d->money[lane] += (uint64_t)sign * money_base(l->run.hold[i]);
	hold(d, &l->f.buyer, l->deposit, sign);
	struct resources held = l->f.res; /* what grows is held from the agreement on */
	for (int k = 0; k < RESOURCES && l->f.change.stage >= CHANGE_AGREED; k++)
		if (l->f.change.res.v[k] > held.v[k])
			held.v[k] = l->f.change.res.v[k];
	if (!l->gone_ms)
		use(d, &l->f.node, &held, sign);
}

static void count_account(struct disk *d, struct rec *r, int sign)
{
	d->money[r->key[0]] += (uint64_t)sign * account_coins(&r->u->account);
	tally_of(d, rec_id(r))->rec = sign > 0 ? r : NULL;
}

static void count_object(struct disk *d, struct rec *r, int sign)
{
	const struct at_object *o = &r->u->object;
	hold(d, &o->owner, o->deposit, sign);
	if (r->key[1] == REC_NODE)
		tally_of(d, rec_id(r))->rec = sign > 0 ? r : NULL;
	if (r->key[1] != REC_TOKEN)
		return;
	d->money[r->key[0]] += (uint64_t)sign * money_base(o->token.reserve);
	if (o->token.token < UNITS_MAX)
		d->supply[o->token.token] += sign * (int64_t)money_base(o->token.supply);
}

static void count_holding(struct disk *d, const struct at_holding *h, int sign)
{
	if (h->token < UNITS_MAX)
		d->units[h->token] += sign * (int64_t)h->amount;
	hold(d, &h->payer, h->deposit, sign);
}

void disk_count(struct disk *d, struct rec *r, int sign)
{
	uint8_t lane = r->key[0];
	switch (r->key[1]) {
	case REC_ACCOUNT: count_account(d, r, sign); return;
	case REC_NODE:
	case REC_APP:
	case REC_TOKEN: count_object(d, r, sign); return;
	case REC_HOLDING: count_holding(d, &r->u->holding, sign); return;
	case REC_ORDER:
		d->money[lane] += (uint64_t)sign * money_base(r->u->order.f.locked);
		count_order(d, &r->u->order, sign);
		return;
	case REC_LEASE: count_lease(d, lane, &r->u->lease, sign); return;
	case REC_META: d->money[lane] += (uint64_t)sign * (r->u->meta.reserve + r->u->meta.pool + r->u->meta.commission); return;
	case REC_OUTBOX: count_outbox(d, r, sign); return;
	}
}
