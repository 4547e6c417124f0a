/* Stake and votes of the caller's account: coins set aside, who votes with them, and for which sites.
 *
 * A proxy is granted by chain 0, a round after the write's own block; the write waits for that. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "zfs-views/act.h"
#include "zfs-views/send_line.h"

static const char *after(const char *word, const char *line)
{
	size_t len = strlen(word);
	line += strspn(line, " \t\r");
	return strncmp(line, word, len) == 0 && strspn(line + len, " \t\r") ? line + len + strspn(line + len, " \t\r") : NULL;
}

bool act_stake_tx(const struct act *a, const char *line, uint32_t index, struct tx *tx, struct refusal *why)
{
	char text[TEXT_NUM];
	const char *stake = after("stake", line), *unstake = after("unstake", line), *amount = stake ? stake : unstake;
	if (!amount)
		return refuse(why, EINVAL, 0, "no such command here; known are: stake AMOUNT, unstake AMOUNT");
	size_t len = strcspn(amount, " \t\r");
	bool one = len < sizeof text && !amount[len + strspn(amount + len, " \t\r")]; /* what is too long is no amount, cut or not */
	snprintf(text, sizeof text, "%.*s", one ? (int)len : 0, amount);
	tx->type = stake ? TX_STAKE : TX_UNSTAKE;
	tx->u.stake = (struct tx_stake){.cid = act_cid(a, index)};
	return send_amount(text, 8, (int)(amount - line), stake ? "stake" : "unstake", &tx->u.stake.amount, why);
}

bool act_stake(const struct act *a, const char *line, uint32_t index, struct refusal *why)
{
	struct wire_answer answer;
	struct tx tx = {.type = 0};
	struct address me;
	if (strncmp(line + strspn(line, " \t\r"), "set-auth", 8) == 0)
		return refuse(why, EPERM, -1, SET_AUTH_KEPT);
	return act_address(a, &me, why) && act_stake_tx(a, line, index, &tx, why) && act_send_tx(a, &tx, &answer, why);
}

bool act_delegate_tx(const struct act *a, const char *value, struct tx *tx, struct refusal *why)
{
	tx->type = TX_PROXY;
	tx->u.proxy = (struct tx_proxy){.proxy = {{0}}};
	return strcmp(value, "-") == 0 || act_account_named(a, value, 0, &tx->u.proxy.proxy, why);
}

/* Numbers in any order, each once, become ascending ones. */
static bool add_site(struct tx_vote *v, uint16_t site)
{
	uint8_t at = 0;
	while (at < v->n && v->site[at] < site)
		at++;
	if (v->n == VOTES_MAX || (at < v->n && v->site[at] == site))
		return false;
	memmove(&v->site[at + 1], &v->site[at], (size_t)(v->n++ - at) * sizeof v->site[0]);
	v->site[at] = site;
	return true;
}

static bool no_votes(int column, struct refusal *why)
{
	return refuse(why, EINVAL, column, "votes are at most %u different numbers of sites, or - for none", VOTES_MAX);
}

bool act_votes_tx(const char *value, struct tx *tx, struct refusal *why)
{
	char text[LINE_MAX_LEN + 1], *save = NULL;
	struct tx_vote v = {.n = 0};
	bool none = strcmp(value, "-") == 0;
	uint64_t site;
	snprintf(text, sizeof text, "%s", value);
	for (char *w = none ? NULL : strtok_r(text, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save))
		if (!text_u64(w, UINT16_MAX, &site) || !add_site(&v, (uint16_t)site))
			return no_votes((int)(w - text), why);
	if (!none && !v.n)
		return no_votes(0, why);
	tx->type = TX_VOTE;
	tx->u.vote = v;
	return true;
}

struct granting { struct model *m; struct address me, proxy; };

static bool granted(void *arg)
{
	struct granting *w = arg;
	model_lock(w->m);
	const struct fact_account *f = model_account(w->m, &w->me);
	bool is = f && address_eq(&f->stake.proxy, &w->proxy);
	model_unlock(w->m);
	return is;
}

bool act_vote(const struct act *a, const struct node *n, const char *value, struct refusal *why)
{
	struct granting w = {.m = a->fs->model};
	struct wire_answer answer;
	struct tx tx = {.type = 0};
	bool delegates = n->kind == N_DELEGATE;
	bool made = act_address(a, &w.me, why) && (delegates ? act_delegate_tx(a, value, &tx, why) : act_votes_tx(value, &tx, why));
	if (!made || !act_send_tx(a, &tx, &answer, why))
		return false;
	w.proxy = tx.u.proxy.proxy;
	if (delegates)
		link_wait(a->fs->link, granted, &w, SETTLE_TIMEOUT_MS);
	return true;
}
