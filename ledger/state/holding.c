/* Holdings: what an account has of a token, in a record of its own beside the account's.
 *
 * Knows that a credit cannot fail, so whoever makes a holding necessary has paid its deposit beforehand: the sender of a transfer with
 * the transfer, the owner of a conversion before it leaves. A holding that is empty and awaits no answer ends, and its deposit goes back
 * to who paid it. Does not know rates or reserves (token.c). */
#include <string.h>
#include "ledger/state/books.h"

void token_key(uint32_t token, uint8_t key[4])
{
	for (int i = 0; i < 4; i++)
		key[i] = (uint8_t)(token >> (24 - 8 * i));
}

struct holding_key holding_key_of(const struct address *a, uint32_t token)
{
	struct holding_key key = {.account = *a};
	token_key(token, key.token);
	return key;
}

uint32_t token_of_key(const uint8_t b[4])
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct holding *holding_find(const struct part *p, const struct address *a, uint32_t token)
{
	struct holding_key key = holding_key_of(a, token);
	struct holding *found;
	HASH_FIND(hh, p->holdings, &key, sizeof key, found);
	return found;
}

struct holding *holding_add(struct part *p, const struct holding_key *key)
{
	struct holding *h = books_alloc(sizeof *h);
	h->key = *key;
	HASH_ADD(hh, p->holdings, key, sizeof h->key, h);
	return h;
}

static void holding_touch(struct part *p, const struct holding *h) { part_touch(p, REC_HOLDING, &h->key, sizeof h->key); }

/* A transfer's tokens. The deposit that came along stays with a new holding, and goes back where there is one already. */
void holding_credit(struct state *s, struct part *p, const struct receipt *in, const struct address *payer, struct money deposit)
{
	struct holding *h = holding_find(p, (const struct address *)&in->to, in->token);
	if (h) {
		deposit_release(s, p, payer, deposit, &in->origin);
	} else {
		struct holding_key key = holding_key_of((const struct address *)&in->to, in->token);
		h = holding_add(p, &key);
		h->payer = *payer;
		h->deposit = deposit;
	}
	money_give(&h->amount, money_of(in->amount));
	holding_touch(p, h);
}

void holding_spend(const struct act *t, uint32_t token, struct money amount)
{
	struct holding *h = holding_find(t->p, &t->a->address, token);
	if (!h || !money_take(&h->amount, amount))
		books_fatal("checked tokens are not there");
	holding_touch(t->p, h);
}

enum verdict holding_pin_check(const struct act *t, struct purse *u, uint32_t token)
{
	const struct holding *h = holding_find(t->p, &t->a->address, token);
	return h ? V_OK : purse_deposit(u, deposit_for(t->s, HOLDING_BYTES));
}

void holding_pin(const struct act *t, uint32_t token)
{
	struct holding *h = holding_find(t->p, &t->a->address, token);
	if (!h) {
		struct holding_key key = holding_key_of(&t->a->address, token);
		h = holding_add(t->p, &key);
		h->payer = t->a->address;
		h->deposit = deposit_for(t->s, HOLDING_BYTES);
		deposit_hold(t->s, t->p, t->a, h->deposit, t->txid);
	}
	h->away++;
	holding_touch(t->p, h);
}

static void holding_unpin(struct part *p, const struct address *a, uint32_t token, uint32_t credited, struct money amount)
{
	if (!token)
		return;
	struct holding *h = holding_find(p, a, token);
	if (!h || !h->away)
		books_fatal("an answer that nobody waits for");
	h->away--;
	if (token == credited)
		money_give(&h->amount, amount);
	holding_touch(p, h);
}

/* payload: type, from, into; aux: verdict. What comes is what was asked for, or what was sent. */
void holding_answer(struct state *s, struct part *p, const struct receipt *in)
{
	static const struct cid none;
	const struct address *who = (const struct address *)&in->to;
	struct account *a = account_find(p, who);
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	uint8_t type = get_u8(&r);
	uint32_t from = get_u32(&r), into = get_u32(&r);
	enum verdict v = (enum verdict)in->aux;
	if (!a || !rbuf_end(&r))
		books_fatal("the answer to a conversion cannot be read");
	struct money amount = money_of(in->amount);
	holding_unpin(p, who, from, in->token, amount);
	holding_unpin(p, who, into, in->token, amount);
	if (!in->token)
		money_give(&a->balance, amount);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	struct pay_line line = {.kind = v == V_OK ? PAY_TOKEN : PAY_REFUND, .in = true, .account = *who, .amount = amount,
	    .object = in->origin, .token = in->token};
	fact_pay_emit(s, p, &line);
	if (v != V_OK)
		fact_verdict_emit(s, p, &in->origin, who, type, v, &none);
}

void holding_drop(struct state *s, struct part *p, struct holding *h)
{
	if (h->away || !money_is_zero(h->amount))
		return;
	static const struct id nothing;
	deposit_release(s, p, &h->payer, h->deposit, &nothing);
	HASH_DEL(p->holdings, h);
	free(h);
}
