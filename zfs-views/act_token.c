/* Tokens: drafts that become tokens, and conversions between ZNC and tokens for the caller's own account.
 *
 * A registration and a conversion are decided on chain 0, a round or two after the write's own block: the write returns when that answer
 * has come, so that what is read next is what became of it. */
#include <errno.h>
#include <string.h>
#include "zfs-views/act.h"
#include "zfs-views/send_line.h"
#include "zfs-views/token_line.h"

/* ZNC: number 0, 8 decimals. With the model locked. */
static bool token_of(const struct act *a, const char *symbol, struct fact_token *out)
{
	const struct fact_token *k = model_token_by_symbol(a->fs->model, symbol);
	bool znc = strcmp(symbol, "ZNC") == 0;
	*out = k ? *k : (struct fact_token){.decimals = 8, .num = 1, .den = 1};
	return k || znc;
}

static bool find_token(const struct act *a, const char *symbol, int column, struct fact_token *out, struct refusal *why)
{
	model_lock(a->fs->model);
	bool found = token_of(a, symbol, out);
	model_unlock(a->fs->model);
	return found || refuse_verdict(why, V_NO_TOKEN, column);
}

bool act_amount(const struct act *a, const char *symbol, int symbol_column, const char *text, int column, uint32_t *token,
	struct money *amount, struct refusal *why)
{
	struct fact_token k;
	if (!find_token(a, symbol, symbol_column, &k, why) || !send_amount(text, k.decimals, column, "amount=", amount, why))
		return false;
	*token = k.token;
	return true;
}

/* --- drafts --- */

/* What was issued meanwhile, by whomever, is no draft any more. */
static bool drop_issued(const struct act *a, const char *symbol)
{
	struct fact_token k;
	struct refusal ignored;
	if (!find_token(a, symbol, -1, &k, &ignored))
		return false;
	local_token_drop(a->fs->local, a->uid, symbol);
	return true;
}

struct symbols { char of[TOKEN_DRAFTS_PER_UID][TOKEN_SYMBOL_LEN + 1]; size_t n; };

static bool gather(void *arg, const struct token_draft *d)
{
	struct symbols *s = arg;
	strcpy(s->of[s->n++], d->symbol);
	return s->n < TOKEN_DRAFTS_PER_UID;
}

bool act_token_make(const struct act *a, const char *symbol, struct refusal *why)
{
	struct symbols mine = {.n = 0};
	if (!token_symbol_ok(symbol))
		return refuse(why, EINVAL, 0, "a symbol is a capital letter and 1 to 7 capital letters or digits, and not ZNC");
	local_token_each(a->fs->local, a->uid, gather, &mine);
	for (size_t i = 0; i < mine.n; i++)
		drop_issued(a, mine.of[i]);
	if (drop_issued(a, symbol))
		return refuse_verdict(why, V_NAME_TAKEN, 0);
	int err = local_token_make(a->fs->local, a->uid, symbol);
	if (err == -ENOSPC)
		return refuse(why, ENOSPC, 0, "too many tokens are drafted; issue or rmdir one first");
	return !err || refuse(why, -err, 0, "the draft of %s could not be made", symbol);
}

bool act_token_remove(const struct act *a, const struct node *n, struct refusal *why)
{
	if (n->kind != N_TOKEN_DRAFT)
		return refuse(why, EPERM, -1, "a token that was issued stays");
	int err = local_token_drop(a->fs->local, a->uid, n->name);
	return !err || refuse(why, -err, -1, "the draft could not be removed");
}

bool act_token_value(const struct act *a, const struct node *n, const char *text, struct refusal *why)
{
	struct token_draft d;
	if (!local_token_get(a->fs->local, n->uid, n->name, &d))
		return refuse(why, ESTALE, -1, "the draft is gone");
	bool good = n->kind == N_TOKEN_DRAFT_DECIMALS ? token_decimals_parse(text, &d, why)
		    : n->kind == N_TOKEN_DRAFT_ANCHOR ? token_anchor_parse(text, &d, why) : token_mode_parse(text, &d, why);
	int err = good ? local_token_set(a->fs->local, &d) : 0;
	return good && (!err || refuse(why, -err, -1, "the draft could not be kept"));
}

struct issue { struct model *m; const char *symbol; struct address issuer; bool mine; };

static bool issued(void *arg)
{
	struct issue *w = arg;
	model_lock(w->m);
	const struct fact_token *k = model_token_by_symbol(w->m, w->symbol);
	w->mine = k && address_eq(&k->issuer, &w->issuer);
	model_unlock(w->m);
	return k;
}

bool act_token_issue(const struct act *a, const struct node *draft, const char *line, uint32_t index, struct refusal *why)
{
	struct tx tx = {.type = TX_TOKEN_NEW};
	struct tx_token_new *x = &tx.u.token_new;
	struct issue w = {.m = a->fs->model, .symbol = draft->name};
	struct wire_answer answer;
	struct token_draft d;
	size_t start = strspn(line, " \t\r"), len = strcspn(line + start, " \t\r");
	if (len != 5 || strncmp(line + start, "issue", 5) != 0 || line[start + len + strspn(line + start + len, " \t\r")])
		return refuse(why, EINVAL, (int)start, "no such command here; known are: issue");
	if (!local_token_get(a->fs->local, draft->uid, draft->name, &d))
		return refuse(why, ESTALE, -1, "the draft is gone");
	*x = (struct tx_token_new){.cid = act_cid(a, index), .decimals = d.decimals, .num = d.num, .den = d.den, .mode = d.mode};
	strcpy(x->symbol, d.symbol);
	if (!act_address(a, &w.issuer, why) || !act_send_tx(a, &tx, &answer, why))
		return false;
	if (link_wait(a->fs->link, issued, &w, SETTLE_TIMEOUT_MS) && !w.mine)
		return refuse_verdict(why, V_NAME_TAKEN, -1);
	local_token_drop(a->fs->local, a->uid, d.symbol);
	return true;
}

/* --- conversions --- */

static bool fill_in(const struct token_line *t, const struct fact_token *k, struct tx *tx, struct refusal *why)
{
	struct tx_token_in *x = &tx->u.token_in;
	bool mint = t->verb == TOKEN_VERB_MINT;
	if (!k->token)
		return refuse_verdict(why, V_NO_TOKEN, -1);
	tx->type = TX_TOKEN_IN;
	x->token = k->token;
	if (!send_amount(t->amount, mint ? k->decimals : 8, t->amount_column, mint ? "mint" : "in", &x->amount, why))
		return false;
	return !mint || token_price(x->amount, k->num, k->den, &x->amount) ||
	       refuse(why, ERANGE, t->amount_column, "no amount of ZNC makes exactly that many; see rate, and use in");
}

static bool fill_out(const struct act *a, const struct token_line *t, const struct fact_token *k, struct tx *tx, struct refusal *why)
{
	struct tx_token_out *x = &tx->u.token_out;
	struct fact_token into;
	if (!find_token(a, t->into, t->into_column, &into, why))
		return false;
	if (into.token == k->token)
		return refuse(why, EINVAL, t->into_column, "that would change nothing");
	tx->type = TX_TOKEN_OUT;
	x->token = k->token;
	x->into = into.token;
	return send_amount(t->amount, k->decimals, t->amount_column, "out", &x->amount, why);
}

bool act_token_tx(const struct act *a, const char *symbol, const char *line, uint32_t index, struct tx *tx, struct refusal *why)
{
	struct token_line t;
	struct fact_token k;
	if (!token_line_parse(line, &t, why) || !find_token(a, symbol, -1, &k, why))
		return false;
	bool out = t.verb == TOKEN_VERB_OUT;
	memset(&tx->u, 0, sizeof tx->u);
	if (!(out ? fill_out(a, &t, &k, tx, why) : fill_in(&t, &k, tx, why)))
		return false;
	*(out ? &tx->u.token_out.cid : &tx->u.token_in.cid) = act_cid(a, index);
	return true;
}

/* The line of the account's history that says what came of it: the other kind of money, or the same again. */
struct conversion { struct model *m; struct address me; struct id txid; bool came, refused; };

static bool look_at(void *arg, const struct fact_pay *p)
{
	struct conversion *w = arg;
	if (!p->in || (p->kind != PAY_TOKEN && p->kind != PAY_REFUND) || id_cmp(&p->object, &w->txid) != 0)
		return true;
	w->came = true;
	w->refused = p->kind == PAY_REFUND;
	return false;
}

static bool converted(void *arg)
{
	struct conversion *w = arg;
	model_lock(w->m);
	model_each_pay(w->m, &w->me, look_at, w);
	model_unlock(w->m);
	return w->came;
}

bool act_token(const struct act *a, const struct node *token, const char *line, uint32_t index, struct refusal *why)
{
	struct conversion w = {.m = a->fs->model};
	struct wire_answer answer;
	struct tx tx = {.type = 0};
	if (!act_address(a, &w.me, why) || !act_token_tx(a, token->name, line, index, &tx, why) || !act_send_tx(a, &tx, &answer, why))
		return false;
	w.txid = answer.txid;
	link_wait(a->fs->link, converted, &w, SETTLE_TIMEOUT_MS);
	return !w.refused || refuse_verdict(why, V_OVERFLOW, -1);
}
