/* The model's tokens: what each is, who holds how much of it, and what an account holds.
 *
 * A holding is known to two indexes, its account's and its token's; one that became empty is in neither. Facts may come in any order: a
 * holding may be told before its token. */
#include <stdlib.h>
#include "zfs-views/model_priv.h"

int model_cmp_token(const void *a, const void *b)
{
	const struct token_rec *x = a, *y = b;
	return (x->f.token > y->f.token) - (x->f.token < y->f.token);
}

int model_cmp_holding(const void *a, const void *b)
{
	const struct holding_rec *x = a, *y = b;
	return (x->f.token > y->f.token) - (x->f.token < y->f.token);
}

static int cmp_holder(const void *a, const void *b)
{
	const struct holding_rec *x = a, *y = b;
	int by_amount = money_cmp(y->f.amount, x->f.amount);
	return by_amount ? by_amount : memcmp(&x->f.account, &y->f.account, sizeof x->f.account);
}

static struct token_rec *token_rec_of(const struct model *m, uint32_t token)
{
	struct token_rec probe = {.f.token = token};
	return sorted_find(&m->tokens, &probe);
}

static struct token_rec *token_make(struct model *m, uint32_t token)
{
	struct token_rec *k = token_rec_of(m, token);
	if (k)
		return k;
	k = must_alloc(1, sizeof *k);
	k->f.token = token;
	k->holders.cmp = cmp_holder;
	sorted_add(&m->tokens, k);
	return k;
}

void model_fold_token(struct model *m, const struct fact_token *f)
{
	struct token_rec *k = token_make(m, f->token);
	if (k->known)
		HASH_DEL(m->token_by_symbol, k);
	k->f = *f;
	k->known = true;
	HASH_ADD_STR(m->token_by_symbol, f.symbol, k);
}

void model_fold_holding(struct model *m, const struct fact_holding *f)
{
	struct account_rec *a = model_account_make(m, &f->account);
	struct token_rec *k = token_make(m, f->token);
	struct holding_rec probe = {.f = *f}, *h = sorted_find(&a->holdings, &probe);
	bool fresh = !h;
	if (h)
		sorted_del(&k->holders, h);
	if (money_is_zero(f->amount)) {
		if (h)
			sorted_del(&a->holdings, h);
		free(h);
		return;
	}
	h = h ? h : must_alloc(1, sizeof *h);
	h->f = *f;
	sorted_add(&k->holders, h);
	if (fresh)
		sorted_add(&a->holdings, h);
}

void model_forget_tokens(struct model *m)
{
	HASH_CLEAR(hh, m->token_by_symbol);
	for (size_t i = 0; i < m->tokens.n; i++) {
		struct token_rec *k = m->tokens.v[i];
		for (size_t j = 0; j < k->holders.n; j++)
			free(k->holders.v[j]);
		sorted_close(&k->holders);
		free(k);
	}
	sorted_close(&m->tokens);
}

const struct fact_token *model_token(const struct model *m, uint32_t token)
{
	const struct token_rec *k = token_rec_of(m, token);
	return k && k->known ? &k->f : NULL;
}

const struct fact_token *model_token_by_symbol(const struct model *m, const char *symbol)
{
	struct token_rec *k;
	HASH_FIND_STR(m->token_by_symbol, symbol, k);
	return k ? &k->f : NULL;
}

void model_each_token(const struct model *m, bool (*cb)(void *, const struct fact_token *), void *arg)
{
	for (size_t i = 0; i < m->tokens.n; i++) {
		const struct token_rec *k = m->tokens.v[i];
		if (k->known && !cb(arg, &k->f))
			return;
	}
}

static void each_holding(const struct sorted *s, bool (*cb)(void *, const struct fact_holding *), void *arg)
{
	for (size_t i = 0; i < s->n; i++)
		if (!cb(arg, &((const struct holding_rec *)s->v[i])->f))
			return;
}

void model_each_holding(const struct model *m, const struct address *a, bool (*cb)(void *, const struct fact_holding *), void *arg)
{
	const struct account_rec *r = account_rec_of(m, a);
	if (r)
		each_holding(&r->holdings, cb, arg);
}

void model_each_holder(const struct model *m, uint32_t token, bool (*cb)(void *, const struct fact_holding *), void *arg)
{
	const struct token_rec *k = token_rec_of(m, token);
	if (k)
		each_holding(&k->holders, cb, arg);
}
