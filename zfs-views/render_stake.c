/* What of an account's coins is not free, and why: still vesting, at stake, held as a deposit; and whom its stake votes for.
 *
 * Vesting is a function of time that the ledger evaluates at a block's time; what is shown is that of the head, and what is to come. */
#include <errno.h>
#include "zfs-views/tree_priv.h"

static bool account_at(const struct view *v, const struct node *n, struct fact_account *out)
{
	const struct address *a = tree_account(v, n);
	const struct fact_account *f = a ? model_account(v->model, a) : NULL;
	if (f)
		*out = *f;
	return f != NULL;
}

int render_deposit(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f = {.nonce = 0};
	char num[TEXT_NUM];
	(void)uid;
	account_at(v, n, &f);
	page_add(out, "%s\n", text_of_money(f.deposit, num));
	return 0;
}

int render_vesting(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f;
	const struct fact_block *head = model_head(v->model);
	struct money amount;
	char num[TEXT_NUM];
	(void)uid;
	page_add(out, "#unlock\tamount\ttoken\tsource\n");
	if (!head || !account_at(v, n, &f) || f.vesting.type == VEST_NONE)
		return 0;
	for (uint64_t at = head->time_ms; vesting_next(&f.vesting, at, &at, &amount);) {
		page_time(out, "", at);
		page_add(out, "\t%s\tZNC\t%s\n", text_of_money(amount, num), vesting_word(f.vesting.type));
	}
	amount = vesting_locked(&f.vesting, head->time_ms);
	if (f.vesting.type == VEST_RESERVE) /* no time frees it, a vote does */
		page_add(out, "-\t%s\tZNC\t%s\n", text_of_money(amount, num), vesting_word(f.vesting.type));
	return 0;
}

int render_stake(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f = {.nonce = 0};
	char num[TEXT_NUM];
	(void)uid;
	account_at(v, n, &f);
	page_add(out, "staked %s\n", text_of_money(f.stake.staked, num));
	page_add(out, "unstaking %s\n", text_of_money(f.stake.unstaking, num));
	page_time(out, "free_at ", f.stake.unstake_ms);
	page_add(out, "\n");
	return 0;
}

int render_delegate(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	static const struct address nobody;
	struct fact_account f = {.nonce = 0};
	(void)uid;
	account_at(v, n, &f);
	if (address_eq(&f.stake.proxy, &nobody))
		page_add(out, "-");
	else
		page_account(out, v, &f.stake.proxy);
	page_add(out, "\n");
	return 0;
}

int render_votes(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f = {.nonce = 0};
	(void)uid;
	account_at(v, n, &f);
	for (uint8_t i = 0; i < f.stake.votes.n; i++)
		page_add(out, "%s%u", i ? " " : "", f.stake.votes.site[i]);
	page_add(out, "%s\n", f.stake.votes.n ? "" : "-");
	return 0;
}
