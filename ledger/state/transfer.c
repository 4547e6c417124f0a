/* Money between accounts, and new accounts.
 *
 * Knows that a debit is at home and a credit travels, even to the same lane, and that chain 0 places new accounts by what
 * their creator deals with. Does not know orders or leases. */
#include <string.h>
#include "ledger/state/books.h"

enum verdict transfer_check(const struct act *t, struct purse *u)
{
	const struct tx_transfer *x = &t->tx->u.transfer;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	if (x->token && !token_find(t->s, x->token))
		return V_NO_TOKEN;
	if (money_is_zero(x->amount))
		return V_OVERFLOW;
	uint8_t home = home_of(t->s, &x->to);
	if (!home)
		return V_NO_ACCOUNT;
	v = purse_spend_token(u, t, x->token, x->amount);
	if (v == V_OK && x->token) /* it may be the receiver's first of this token */
		v = purse_deposit(u, deposit_for(t->s, HOLDING_BYTES));
	return v == V_OK ? purse_send(u, t, home) : v;
}

static void token_pay(const struct act *t)
{
	const struct tx_transfer *x = &t->tx->u.transfer;
	holding_spend(t, x->token, x->amount);
	deposit_hold(t->s, t->p, t->a, deposit_for(t->s, HOLDING_BYTES), t->txid);
	struct pay_line out = {PAY_TRANSFER, false, t->a->address, x->to, x->amount, *t->txid, x->memo, x->token};
	fact_pay_emit(t->s, t->p, &out);
}

void transfer_apply(const struct act *t)
{
	const struct tx_transfer *x = &t->tx->u.transfer;
	if (x->token)
		token_pay(t);
	else
		act_pay(t, x->amount, PAY_TRANSFER, &x->to, t->txid, x->memo);
	struct pay_line line = {PAY_TRANSFER, true, x->to, t->a->address, x->amount, *t->txid, x->memo, x->token};
	credit_send(t->s, t->p, &line, t->txid);
}

/* payload: object, other, memo text; with a token also the deposit that `other` holds for it */
void credit_send(struct state *s, struct part *p, const struct pay_line *l, const struct id *origin)
{
	if (money_is_zero(l->amount))
		return;
	uint8_t home = home_of(s, &l->account);
	if (!home) { /* nobody to pay: to the pool, so that no coin is lost */
		money_give(&p->commission, l->amount);
		return;
	}
	uint8_t buf[64 + 2 + MEMO_MAX + 8];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_id(&w, &l->object);
	put_address(&w, &l->other);
	put_text(&w, l->memo ? l->memo : "");
	if (l->token)
		put_money(&w, deposit_for(s, HOLDING_BYTES));
	struct receipt r = {.kind = RCPT_CREDIT, .dst = home, .origin = *origin, .token = l->token,
	    .amount = money_base(l->amount), .aux = l->kind, .payload = {buf, w.len}};
	memcpy(r.to.b, l->account.b, 32);
	part_emit(s, p, &r);
}

/* The money of a receipt that could not be used goes back, with the reason. payload: type of the transaction. */
void bounce_send(struct state *s, struct part *p, const struct receipt *in, const struct address *to, enum verdict why, uint8_t tx_type)
{
	struct receipt r = {.kind = RCPT_BOUNCE, .dst = home_of(s, to), .origin = in->origin, .amount = in->amount, .aux = why,
	    .payload = {&tx_type, 1}};
	memcpy(r.to.b, to->b, 32);
	part_emit(s, p, &r);
}

enum verdict open_check(const struct act *t, struct purse *u)
{
	const struct tx_open *x = &t->tx->u.open;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	struct address a = auth_address(&x->auth);
	if (home_of(t->s, &a))
		return V_NAME_TAKEN;
	if (money_cmp(x->amount, deposit_for(t->s, ACCOUNT_BYTES)) < 0)
		return V_DEPOSIT_SHORT;
	v = purse_spend(u, x->amount);
	return v == V_OK ? purse_send(u, t, 0) : v;
}

/* With which lanes the account deals now. */
static void weights_put(const struct act *t, struct wbuf *w)
{
	struct sketch k = {.period = 0};
	if (t->a->sketch)
		k = *t->a->sketch;
	sketch_decay(&k, t->s->time_ms / t->s->genesis.sketch_half_ms);
	for (size_t i = 0; i < LANES; i++)
		put_u32(w, k.aff[i]);
}

/* payload: sender, x25519, auth; to chain 0 also the sender's weights by lane. The new account's own deposit is
 * held from what it begins with. */
void open_apply(const struct act *t)
{
	const struct tx_open *x = &t->tx->u.open;
	struct address to = auth_address(&x->auth);
	act_pay(t, x->amount, PAY_TRANSFER, &to, t->txid, "");
	uint8_t buf[64 + 2 + 33 * 16 + 4 * LANES];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_address(&w, &t->a->address);
	put_bytes(&w, x->x25519, 32);
	auth_put(&w, &x->auth);
	weights_put(t, &w);
	struct receipt r = {.kind = RCPT_NEW, .dst = 0, .origin = *t->txid, .amount = money_base(x->amount), .payload = {buf, w.len}};
	memcpy(r.to.b, to.b, 32);
	part_emit(t->s, t->p, &r);
}
