/* Tokens as text: what they are, what backs them, who has them.
 *
 * Amounts are of whole tokens, with the token's decimals; den base units of ZNC back num base units of the token, and what one token is
 * worth follows from that, rounded down as a conversion is. */
#include <errno.h>
#include "zfs-views/render.h"

void page_units(struct page *t, const struct view *v, uint32_t token, struct money amount)
{
	char num[TEXT_NUM];
	const struct fact_token *k = token ? model_token(v->model, token) : NULL;
	page_add(t, "%s", text_of_units(amount, token ? (k ? k->decimals : 0) : 8, num));
}

void page_token(struct page *t, const struct view *v, uint32_t token)
{
	const struct fact_token *k = token ? model_token(v->model, token) : NULL;
	if (!token || k)
		page_add(t, "%s", k ? k->symbol : "ZNC");
	else
		page_add(t, "token-%u", token);
}

static const char *mode_word(uint8_t mode) { return mode == TOKEN_OPEN ? "open" : "issuer"; }

/* What one token gives in ZNC; "-": more than there are. */
static void put_rate(const struct fact_token *k, struct page *out)
{
	char num[TEXT_NUM];
	uint64_t one = 1;
	struct money worth;
	for (uint8_t i = 0; i < k->decimals; i++)
		one *= 10;
	page_add(out, "%s", money_muldiv(money_of(one), k->den, k->num, &worth) ? text_of_money(worth, num) : "-");
}

static void put_column(const struct view *v, const struct fact_token *k, enum node_kind column, struct page *out)
{
	char num[TEXT_NUM];
	if (column == N_TOKEN_ISSUER)
		page_account(out, v, &k->issuer);
	else if (column == N_TOKEN_DECIMALS)
		page_add(out, "%u", k->decimals);
	else if (column == N_TOKEN_SUPPLY)
		page_units(out, v, k->token, k->supply);
	else if (column == N_TOKEN_DEPOSIT)
		page_add(out, "%s", text_of_money(k->reserve, num));
	else if (column == N_TOKEN_ANCHOR)
		page_add(out, "%" PRIu64 " %" PRIu64, k->num, k->den);
	else if (column == N_TOKEN_RATE)
		put_rate(k, out);
	else if (column == N_TOKEN_MODE)
		page_add(out, "%s", mode_word(k->mode));
}

int render_token(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_token *k = model_token(v->model, n->symbol);
	(void)uid;
	if (!k)
		return -ENOENT;
	put_column(v, k, n->kind, out);
	page_add(out, "\n");
	return 0;
}

struct holders { const struct view *v; struct page *out; uint32_t left; };

static bool put_holder(void *arg, const struct fact_holding *f)
{
	struct holders *h = arg;
	page_account(h->out, h->v, &f->account);
	page_add(h->out, "\t");
	page_units(h->out, h->v, f->token, f->amount);
	page_add(h->out, "\n");
	return --h->left > 0;
}

int render_token_holders(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct holders h = {v, out, HOLDERS_SHOWN};
	(void)uid;
	page_add(out, "#account\tamount\n");
	model_each_holder(v->model, n->symbol, put_holder, &h);
	return 0;
}

static bool put_row(void *arg, const struct fact_token *k)
{
	static const enum node_kind column[] = {N_TOKEN_ISSUER, N_TOKEN_DECIMALS, N_TOKEN_SUPPLY, N_TOKEN_DEPOSIT, N_TOKEN_RATE,
		N_TOKEN_MODE};
	struct holders *h = arg;
	page_add(h->out, "%s", k->symbol);
	for (size_t i = 0; i < sizeof column / sizeof column[0]; i++) {
		page_add(h->out, "\t");
		put_column(h->v, k, column[i], h->out);
	}
	page_add(h->out, "\t%" PRIu64 "\t%" PRIu64 "\n", k->num, k->den);
	return true;
}

int render_tokens_tsv(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct holders h = {.v = v, .out = out};
	(void)uid, (void)n;
	page_add(out, "#token\tissuer\tdecimals\tsupply\tdeposit\trate\tmode\tnum\tden\n");
	model_each_token(v->model, put_row, &h);
	return 0;
}

int render_token_draft(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct token_draft d;
	(void)uid;
	if (!local_token_get(v->local, n->uid, n->name, &d))
		return -ENOENT;
	if (n->kind == N_TOKEN_DRAFT_DECIMALS)
		page_add(out, "%u\n", d.decimals);
	else if (n->kind == N_TOKEN_DRAFT_ANCHOR)
		page_add(out, "%" PRIu64 " %" PRIu64 "\n", d.num, d.den);
	else
		page_add(out, "%s\n", mode_word(d.mode));
	return 0;
}
