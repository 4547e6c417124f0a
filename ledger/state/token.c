/* Child tokens on chain 0: their definitions, and the one reserve behind each (PROTOCOL 1.4).
 *
 * den base units of ZNC back num of the token, for ever. Coming in mints floor(z * num / den), going out pays floor(a * den / num), and
 * what the floors leave stays in the reserve; so reserve >= ceil(supply * den / num) always. Does not know who holds tokens
 * (holding.c). Products are at most 10^18 * 2^64 and fit 128 bits. */
#include <string.h>
#include "ledger/state/books.h"

static struct token *token_get(const struct part *zero, uint32_t token)
{
	struct token *found;
	HASH_FIND(hh, zero->tokens, &token, sizeof token, found);
	return found;
}

const struct token *token_find(const struct state *s, uint32_t token) { return token_get(&s->part[0], token); }

static const struct token *token_named(const struct part *zero, const char *symbol)
{
	struct token *found;
	HASH_FIND(by_symbol, zero->symbols, symbol, strlen(symbol), found);
	return found;
}

void token_add(struct part *zero, struct token *k)
{
	HASH_ADD(hh, zero->tokens, f.token, sizeof k->f.token, k);
	HASH_ADD_KEYPTR(by_symbol, zero->symbols, k->f.symbol, strlen(k->f.symbol), k);
}

static void token_touch(struct part *zero, const struct token *k)
{
	uint8_t key[4];
	token_key(k->f.token, key);
	part_touch(zero, REC_TOKEN, key, sizeof key);
}

/* --- TOKEN_NEW --- */

enum verdict token_new_check(const struct act *t, struct purse *u)
{
	const struct tx_token_new *x = &t->tx->u.token_new;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	if (!x->num || !x->den || x->decimals > TOKEN_DECIMALS_MAX || x->mode > TOKEN_ISSUER || !token_symbol_ok(x->symbol))
		return V_MALFORMED;
	if (token_named(&t->s->part[0], x->symbol))
		return V_NAME_TAKEN;
	v = purse_deposit(u, deposit_for(t->s, TOKEN_BYTES));
	return v == V_OK ? purse_send(u, t, 0) : v;
}

/* payload: REC_TOKEN, symbol, decimals, mode, num, den, deposit */
void token_new_apply(const struct act *t)
{
	const struct tx_token_new *x = &t->tx->u.token_new;
	struct money deposit = deposit_for(t->s, TOKEN_BYTES);
	deposit_hold(t->s, t->p, t->a, deposit, t->txid);
	uint8_t buf[64];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_u8(&w, REC_TOKEN);
	put_text(&w, x->symbol);
	put_u8(&w, x->decimals);
	put_u8(&w, x->mode);
	put_u64(&w, x->num);
	put_u64(&w, x->den);
	put_money(&w, deposit);
	struct receipt r = {.kind = RCPT_REG, .dst = 0, .origin = *t->txid, .payload = {buf, w.len}};
	memcpy(r.to.b, t->a->address.b, 32);
	part_emit(t->s, t->p, &r);
}

/* The answer to a registration that was accepted. */
static void token_welcome(struct state *s, struct part *zero, const struct receipt *in, const struct token *k)
{
	struct receipt r = {.kind = RCPT_REG, .dst = home_of(s, &k->f.issuer), .origin = in->origin, .to = in->to, .aux = k->f.token};
	part_emit(s, zero, &r);
	token_touch(zero, k);
}

void token_register(struct state *s, struct part *zero, const struct receipt *in, struct rbuf *r)
{
	struct token *k = books_alloc(sizeof *k);
	get_text(r, k->f.symbol, TOKEN_SYMBOL_LEN);
	k->f.decimals = get_u8(r);
	k->f.mode = get_u8(r);
	k->f.num = get_u64(r);
	k->f.den = get_u64(r);
	k->deposit = get_money(r);
	if (!rbuf_end(r))
		books_fatal("a token's registration cannot be read");
	memcpy(k->f.issuer.b, in->to.b, 32);
	enum verdict v = token_named(zero, k->f.symbol) ? V_NAME_TAKEN : HASH_COUNT(zero->tokens) >= TOKENS_MAX ? V_FULL : V_OK;
	if (v == V_OK) {
		k->f.token = HASH_COUNT(zero->tokens) + 1;
		token_add(zero, k);
		token_welcome(s, zero, in, k);
		return;
	}
	bounce_send(s, zero, in, &k->f.issuer, v, TX_TOKEN_NEW);
	deposit_release(s, zero, &k->f.issuer, k->deposit, &in->origin);
	free(k);
}

/* --- TOKEN_IN, TOKEN_OUT at home --- */

static bool convert(struct money amount, uint64_t num, uint64_t den, struct money *out)
{
	struct money got;
	if (!money_muldiv(amount, num, den, &got) || money_is_zero(got))
		return false;
	*out = got;
	return true;
}

enum verdict token_rate(const struct state *s, uint32_t from, uint32_t into, struct money amount, struct money *between,
    struct money *result)
{
	const struct token *a = token_find(s, from), *b = token_find(s, into);
	if ((from && !a) || (into && !b))
		return V_NO_TOKEN;
	*between = amount;
	if (money_is_zero(amount) || (a && !convert(amount, a->f.den, a->f.num, between)))
		return V_OVERFLOW;
	*result = *between;
	return b && !convert(*between, b->f.num, b->f.den, result) ? V_OVERFLOW : V_OK;
}

static bool may_convert(const struct state *s, const struct act *t, uint32_t token)
{
	const struct token *k = token_find(s, token);
	return !k || k->f.mode == TOKEN_OPEN || address_eq(&k->f.issuer, &t->a->address);
}

/* from, into: 0 is ZNC */
static enum verdict convert_check(const struct act *t, struct purse *u, uint32_t from, uint32_t into, struct money amount)
{
	struct money between, result;
	if (from == into)
		return V_NO_TOKEN;
	enum verdict v = token_rate(t->s, from, into, amount, &between, &result);
	if (v == V_OK && (!may_convert(t->s, t, from) || !may_convert(t->s, t, into)))
		v = V_TOKEN_MODE;
	if (v == V_OK)
		v = purse_spend_token(u, t, from, amount);
	if (v == V_OK && into)
		v = holding_pin_check(t, u, into);
	return v == V_OK ? purse_send(u, t, 0) : v;
}

/* payload, here and in the answer: type, from, into */
static void convert_payload(struct wbuf *w, uint8_t type, uint32_t from, uint32_t into)
{
	put_u8(w, type);
	put_u32(w, from);
	put_u32(w, into);
}

static void convert_apply(const struct act *t, uint32_t from, uint32_t into, struct money amount)
{
	uint8_t buf[16];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	if (from) {
		holding_pin(t, from);
		holding_spend(t, from, amount);
		struct pay_line line = {.kind = PAY_TOKEN, .account = t->a->address, .amount = amount, .object = *t->txid, .token = from};
		fact_pay_emit(t->s, t->p, &line);
	} else {
		act_pay(t, amount, PAY_TOKEN, NULL, t->txid, "");
	}
	if (into)
		holding_pin(t, into);
	convert_payload(&w, t->tx->type, from, into);
	struct receipt r = {.kind = RCPT_TOKEN, .dst = 0, .origin = *t->txid, .token = from, .amount = money_base(amount),
	    .payload = {buf, w.len}};
	memcpy(r.to.b, t->a->address.b, 32);
	part_emit(t->s, t->p, &r);
}

enum verdict token_in_check(const struct act *t, struct purse *u)
{
	const struct tx_token_in *x = &t->tx->u.token_in;
	enum verdict v = purse_cid(u, t, &x->cid);
	return v == V_OK ? convert_check(t, u, 0, x->token, x->amount) : v;
}

void token_in_apply(const struct act *t)
{
	convert_apply(t, 0, t->tx->u.token_in.token, t->tx->u.token_in.amount);
}

enum verdict token_out_check(const struct act *t, struct purse *u)
{
	const struct tx_token_out *x = &t->tx->u.token_out;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v == V_OK && !x->token)
		v = V_NO_TOKEN;
	return v == V_OK ? convert_check(t, u, x->token, x->into, x->amount) : v;
}

void token_out_apply(const struct act *t)
{
	convert_apply(t, t->tx->u.token_out.token, t->tx->u.token_out.into, t->tx->u.token_out.amount);
}

/* --- on chain 0 --- */

static void token_change(struct part *zero, struct token *k, struct money supply, struct money reserve)
{
	k->f.supply = supply;
	k->f.reserve = reserve;
	token_touch(zero, k);
}

/* Both sides or neither: what is spent leaves a's supply and reserve, what comes enters b's. */
static enum verdict convert_here(struct part *zero, struct token *a, struct token *b, struct money amount, struct money between,
    struct money result)
{
	struct money supply = money_of(0), reserve = money_of(0), left = money_of(0), kept = money_of(0);
	if (b && (!money_add(b->f.supply, result, &supply) || !money_add(b->f.reserve, between, &reserve)))
		return V_OVERFLOW;
	if (a && (!money_sub(a->f.supply, amount, &left) || !money_sub(a->f.reserve, between, &kept)))
		books_fatal("a token's reserve does not cover its supply");
	if (a)
		token_change(zero, a, left, kept);
	if (b)
		token_change(zero, b, supply, reserve);
	return V_OK;
}

void token_convert(struct state *s, struct part *zero, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	uint8_t type = get_u8(&r);
	uint32_t from = get_u32(&r), into = get_u32(&r);
	if (!rbuf_end(&r) || from != in->token || !tx_type_known(type))
		books_fatal("a conversion cannot be read");
	struct money amount = money_of(in->amount), between, result;
	enum verdict v = token_rate(s, from, into, amount, &between, &result);
	if (v == V_OK)
		v = convert_here(zero, token_get(zero, from), token_get(zero, into), amount, between, result);
	struct receipt out = {.kind = RCPT_TOKEN, .dst = home_of(s, (const struct address *)&in->to), .origin = in->origin, .to = in->to,
	    .token = v == V_OK ? into : from, .amount = money_base(v == V_OK ? result : amount), .aux = v, .payload = in->payload};
	part_emit(s, zero, &out);
}

/* --- after a load --- */

/* units[n]: of token n; numbers go from 1 without a gap. False: of a token that there is not. */
static bool units_count(struct money *units, uint32_t tokens, uint32_t token, struct money amount)
{
	return token <= tokens && money_add(units[token], amount, &units[token]);
}

static bool units_travelling(const struct part *p, struct money *units, uint32_t tokens)
{
	for (size_t dst = 0; dst < CHAINS; dst++) {
		struct rbuf r = rbuf_on(p->out[dst].bytes.p, p->out[dst].bytes.len);
		struct receipt in;
		while (r.pos < r.len)
			if (!receipt_get(&r, &in) || (in.token && !units_count(units, tokens, in.token, money_of(in.amount))))
				return false;
	}
	return true;
}

static bool token_sums_up(const struct token *k, struct money units)
{
	unsigned __int128 owed = (unsigned __int128)money_base(units) * k->f.den;
	return money_cmp(k->f.supply, units) == 0 && (unsigned __int128)money_base(k->f.reserve) * k->f.num >= owed;
}

bool tokens_sum_up(const struct state *s)
{
	uint32_t tokens = HASH_COUNT(s->part[0].tokens);
	autofree struct money *units = books_alloc((tokens + 1) * sizeof *units);
	for (size_t lane = 0; lane < CHAINS; lane++) {
		const struct part *p = &s->part[lane];
		if (!units_travelling(p, units, tokens))
			return false;
		for (const struct holding *h = p->holdings; h; h = h->hh.next)
			if (!units_count(units, tokens, token_of_key(h->key.token), h->amount))
				return false;
	}
	for (uint32_t n = 1; n <= tokens; n++) {
		const struct token *k = token_find(s, n);
		if (!k || !token_sums_up(k, units[n]))
			return false;
	}
	return true;
}
