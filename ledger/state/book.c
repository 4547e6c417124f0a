/* Books on the symbol's lane: orders arriving, resting, changed, ending.
 *
 * Each side is an array kept best first by (price, rating of asks, round of entry, id). Knows what an order gives back when it
 * ends. Does not know matching (auction.c) nor the owner's account. */
#include <string.h>
#include "ledger/state/books.h"

static int u64_cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int order_cmp(const struct order *a, const struct order *b)
{
	int by_price = price_cmp(a->f.price, b->f.price);
	if (by_price)
		return a->f.side == SIDE_ASK ? by_price : -by_price;
	if (a->f.side == SIDE_ASK && a->rating != b->rating)
		return a->rating > b->rating ? -1 : 1;
	int by_age = u64_cmp(a->height_in, b->height_in);
	return by_age ? by_age : id_cmp(&a->f.order, &b->f.order);
}

/* The place of o: of itself, or where it belongs. */
static size_t side_place(const struct side *d, const struct order *o)
{
	size_t low = 0, high = d->n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (order_cmp(d->o[mid], o) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct book *book_of(struct state *s, struct part *p, const struct order *o)
{
	size_t index = 0;
	symbol_find(s, o->f.symbol, &index);
	return &p->book[index];
}

void book_insert(struct state *s, struct part *p, struct order *o)
{
	struct book *b = book_of(s, p, o);
	struct side *d = &b->side[o->f.side];
	d->o = books_array(d->o, &d->cap, d->n + 1, sizeof *d->o);
	size_t at = side_place(d, o);
	memmove(&d->o[at + 1], &d->o[at], (d->n - at) * sizeof *d->o);
	d->o[at] = o;
	d->n++;
	if (o->f.tif == TIF_GTC)
		return;
	b->once = books_array(b->once, &b->cap_once, b->n_once + 1, sizeof *b->once);
	b->once[b->n_once++] = o->f.order;
}

void book_remove(struct state *s, struct part *p, struct order *o)
{
	struct side *d = &book_of(s, p, o)->side[o->f.side];
	size_t at = side_place(d, o);
	if (at == d->n || d->o[at] != o)
		books_fatal("an order is not where it belongs");
	memmove(&d->o[at], &d->o[at + 1], (d->n - at - 1) * sizeof *d->o);
	d->n--;
}

bool order_live(const struct order *o)
{
	return o->f.state == ORDER_OPEN || o->f.state == ORDER_PARTIAL;
}

void order_free(struct order *o)
{
	slice_drop(&o->deploy);
	free(o);
}

void order_arm(struct part *p, struct order *o)
{
	o->due_ms = o->f.expiry_ms;
	if (o->due_ms)
		heap_push(&p->heap, o->due_ms, REC_ORDER, &o->f.order);
}

/* Home gets what is still locked and what is still unsold. The record goes at the end of the round, after its last fact. */
static void order_report(struct state *s, struct part *p, struct order *o)
{
	struct result v = {.closes = true, .state = o->f.state, .object = o->f.order};
	if (o->f.side == SIDE_ASK) {
		v.node = o->f.node;
		v.resources = o->f.left;
	}
	uint8_t buf[256];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	result_put(&w, &v);
	struct receipt r = {.kind = RCPT_RESULT, .dst = home_of(s, &o->f.owner), .origin = o->f.order, .amount = money_base(o->f.locked),
	    .aux = o->f.side == SIDE_ASK ? PAY_BOND : PAY_REFUND, .payload = {buf, w.len}};
	memcpy(r.to.b, o->f.owner.b, 32);
	part_emit(s, p, &r);
}

void order_close(struct state *s, struct part *p, struct order *o, enum order_state how, enum verdict why)
{
	if (order_live(o))
		book_remove(s, p, o);
	o->f.state = (uint8_t)how;
	o->f.reason = (uint16_t)why;
	order_report(s, p, o);
	o->f.locked = money_of(0);
	deposit_release(s, p, &o->f.owner, o->deposit, &o->f.order);
	o->deposit = money_of(0);
	if (o->f.side == SIDE_ASK)
		o->f.left = (struct resources){{0}};
	part_touch(p, REC_ORDER, &o->f.order, sizeof o->f.order);
}

static void receive_order(struct state *s, struct part *p, const struct receipt *in)
{
	struct order *o;
	if (!order_get(in->payload, &o))
		books_fatal("an order cannot be read");
	HASH_ADD(hh, p->orders, f.order, sizeof o->f.order, o);
	o->height_in = s->height;
	part_touch(p, REC_ORDER, &o->f.order, sizeof o->f.order);
	if (o->f.expiry_ms && o->f.expiry_ms <= s->time_ms) {
		order_close(s, p, o, ORDER_EXPIRED, V_EXPIRED);
		return;
	}
	o->f.state = ORDER_OPEN;
	book_insert(s, p, o);
	order_arm(p, o);
	book_of(s, p, o)->changed = true;
	correlate_symbol(s, p, o->f.symbol, &o->f.owner, in->src);
}

/* Only the owner, only while it rests. */
static struct order *order_mine(struct part *p, const struct receipt *in, const struct address *owner, enum verdict *why)
{
	struct order *o = order_find(p, &in->to);
	*why = !o || !order_live(o) ? V_NO_ORDER : !address_eq(&o->f.owner, owner) ? V_NOT_OWNER : V_OK;
	return *why == V_OK ? o : NULL;
}

static void receive_cancel(struct state *s, struct part *p, const struct receipt *in)
{
	enum verdict why;
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address owner = get_address(&r);
	struct order *o = order_mine(p, in, &owner, &why);
	if (o)
		order_close(s, p, o, ORDER_CANCELLED, V_OK);
	else
		bounce_send(s, p, in, &owner, why, TX_CANCEL);
}

struct amendment { struct address owner; uint32_t rev, qty; struct price price; uint64_t expiry_ms; struct money add; };

/* What must be locked once the amendment holds. */
static enum verdict amend_need(const struct state *s, const struct order *o, const struct amendment *m, struct money *need)
{
	struct money rate, hold;
	if (o->f.side == SIDE_ASK) {
		const struct fact_symbol *y = symbol_find(s, o->f.symbol, NULL);
		if (m->qty != 1)
			return V_OVERFLOW;
		return order_bond(s, &o->f.left, y, m->price, o->f.max_s, need) ? V_OK : V_BAD_PRICE;
	}
	if (m->qty <= o->f.filled)
		return V_OVERFLOW;
	if (m->qty > o->f.qty && !money_is_zero(o->deposit_each)) /* home held nothing for more leases */
		return V_DEPOSIT_SHORT;
	if (!order_terms(s, o, m->price, o->f.max_s, &rate, &hold))
		return V_BAD_PRICE;
	return money_muldiv(hold, m->qty - o->f.filled, 1, need) ? V_OK : V_OVERFLOW;
}

static enum verdict amend_check_here(struct state *s, const struct order *o, const struct amendment *m, struct money *locked,
    struct money *need)
{
	if (m->rev != o->f.rev)
		return V_STALE;
	if (m->expiry_ms && m->expiry_ms <= s->time_ms)
		return V_EXPIRED;
	enum verdict v = amend_need(s, o, m, need);
	if (v != V_OK)
		return v;
	if (!money_add(o->f.locked, m->add, locked) || money_cmp(*locked, *need) < 0)
		return o->f.side == SIDE_ASK ? V_BOND_SHORT : V_ESCROW_SHORT;
	return V_OK;
}

static void amend_do(struct state *s, struct part *p, struct order *o, const struct amendment *m, struct money locked, struct money need)
{
	bool keeps = price_cmp(m->price, o->f.price) == 0 && m->expiry_ms == o->f.expiry_ms && m->qty <= o->f.qty;
	book_remove(s, p, o);
	o->f.price = m->price;
	o->f.qty = m->qty;
	o->f.rev++;
	if (!keeps)
		o->height_in = s->height;
	struct pay_line surplus = {.kind = o->f.side == SIDE_ASK ? PAY_BOND : PAY_REFUND, .account = o->f.owner, .object = o->f.order};
	money_sub(locked, need, &surplus.amount);
	o->f.locked = need;
	credit_send(s, p, &surplus, &o->f.order);
	book_insert(s, p, o);
	if (m->expiry_ms != o->f.expiry_ms) {
		o->f.expiry_ms = m->expiry_ms;
		order_arm(p, o);
	}
	book_of(s, p, o)->changed = true;
	part_touch(p, REC_ORDER, &o->f.order, sizeof o->f.order);
}

static void receive_amend(struct state *s, struct part *p, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct amendment m = {.owner = get_address(&r)};
	m.rev = get_u32(&r);
	m.qty = get_u32(&r);
	m.price = get_price(&r);
	m.expiry_ms = get_u64(&r);
	m.add = money_of(in->amount);
	enum verdict why;
	struct money locked, need;
	struct order *o = order_mine(p, in, &m.owner, &why);
	if (o)
		why = amend_check_here(s, o, &m, &locked, &need);
	if (why != V_OK) {
		bounce_send(s, p, in, &m.owner, why, TX_AMEND);
		return;
	}
	amend_do(s, p, o, &m, locked, need);
	correlate_symbol(s, p, o->f.symbol, &m.owner, in->src);
}

void book_receive(struct state *s, struct part *p, const struct receipt *in)
{
	switch ((enum receipt_kind)in->kind) {
	case RCPT_ORDER: receive_order(s, p, in); return;
	case RCPT_CANCEL: receive_cancel(s, p, in); return;
	case RCPT_AMEND: receive_amend(s, p, in); return;
	case RCPT_CREDIT:
	case RCPT_NEW:
	case RCPT_BOUNCE:
	case RCPT_RESULT:
	case RCPT_REG:
	case RCPT_EVENT:
	case RCPT_TOKEN:
	case RCPT_RELEASE:
	case RCPT_WEIGHT:
	case RCPT_VOTE:
	case RCPT_PROXY:
	case RCPT_NOMINATE:
	case RCPT_MOVE: break;
	}
}
