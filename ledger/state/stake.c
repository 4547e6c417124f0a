/* Staking at home: coins set aside, their votes, and the wait before they are free again.
 *
 * Knows one account's coins and that chain 0 is told whenever they or its votes change. Does not count votes: votes.c does. A proxy is
 * asked for here and granted there, since only chain 0 sees both accounts at once. */
#include <string.h>
#include "ledger/state/books.h"

static const struct stake no_stake;

static const struct stake *stake_of(const struct account *a) { return a->stake ? a->stake : &no_stake; }

static struct stake *stake_open(struct account *a)
{
	if (!a->stake)
		a->stake = books_alloc(sizeof *a->stake);
	return a->stake;
}

/* An account without any keeps no empty record of it. */
static void stake_shut(struct account *a)
{
	if (!a->stake || !stake_is_none(a->stake))
		return;
	free(a->stake);
	a->stake = NULL;
}

/* Not what changed but what is: chain 0 needs no history. payload: staked, votes */
static void stake_tell(const struct act *t)
{
	uint8_t buf[8 + 1 + 2 * VOTES_MAX];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_money(&w, stake_of(t->a)->staked);
	votes_put(&w, &stake_of(t->a)->votes);
	struct receipt r = {.kind = RCPT_VOTE, .dst = 0, .origin = *t->txid, .payload = {buf, w.len}};
	memcpy(r.to.b, t->a->address.b, 32);
	part_emit(t->s, t->p, &r);
}

/* --- STAKE --- */

enum verdict stake_check(const struct act *t, struct purse *u)
{
	const struct tx_stake *x = &t->tx->u.stake;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v == V_OK && money_is_zero(x->amount))
		v = V_OVERFLOW;
	if (v == V_OK)
		v = purse_spend(u, x->amount);
	return v == V_OK ? purse_send(u, t, 0) : v;
}

void stake_apply(const struct act *t)
{
	act_pay(t, t->tx->u.stake.amount, PAY_STAKE, NULL, t->txid, "");
	money_give(&stake_open(t->a)->staked, t->tx->u.stake.amount);
	stake_tell(t);
}

/* --- UNSTAKE --- */

/* One at a time: added to the one that waits, it would hold that one up or be hurried along by it. */
enum verdict unstake_check(const struct act *t, struct purse *u)
{
	const struct tx_stake *x = &t->tx->u.stake;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	if (money_is_zero(x->amount))
		return V_OVERFLOW;
	if (money_cmp(stake_of(t->a)->staked, x->amount) < 0)
		return V_STAKE_SHORT;
	if (!money_is_zero(stake_of(t->a)->unstaking))
		return V_BAD_STATE;
	return purse_send(u, t, 0);
}

void unstake_apply(const struct act *t)
{
	struct stake *k = stake_open(t->a);
	if (!money_take(&k->staked, t->tx->u.stake.amount))
		books_fatal("a checked stake does not hold");
	k->unstaking = t->tx->u.stake.amount;
	k->unstake_ms = t->s->time_ms + 1000ULL * t->s->genesis.unstake_s;
	stake_arm(t->p, t->a);
	stake_tell(t);
}

void stake_arm(struct part *p, const struct account *a)
{
	struct id id;
	if (!a->stake || money_is_zero(a->stake->unstaking))
		return;
	memcpy(id.b, a->address.b, sizeof id.b);
	heap_push(&p->heap, a->stake->unstake_ms, REC_ACCOUNT, &id);
}

void stake_timer(struct state *s, struct part *p, struct account *a)
{
	struct pay_line l = {.kind = PAY_STAKE, .in = true, .account = a->address, .amount = a->stake->unstaking};
	money_give(&a->balance, l.amount);
	a->stake->unstaking = money_of(0);
	a->stake->unstake_ms = 0;
	stake_shut(a);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	fact_pay_emit(s, p, &l);
}

/* --- VOTE --- */

/* Only who has a stake may vote; votes may be taken back, and outlive the stake. */
enum verdict vote_check(const struct act *t, struct purse *u)
{
	if (t->tx->u.vote.n && money_is_zero(stake_of(t->a)->staked))
		return V_STAKE_SHORT;
	return purse_send(u, t, 0);
}

void vote_apply(const struct act *t)
{
	stake_open(t->a)->votes = t->tx->u.vote;
	stake_shut(t->a);
	stake_tell(t);
}

/* --- PROXY --- */

enum verdict proxy_check(const struct act *t, struct purse *u)
{
	static const struct address nobody;
	const struct address *proxy = &t->tx->u.proxy.proxy;
	if (!address_eq(proxy, &nobody)) {
		if (!home_of(t->s, proxy))
			return V_NO_ACCOUNT;
		if (money_is_zero(stake_of(t->a)->staked))
			return V_STAKE_SHORT;
		if (!proxy_may(t->s, &t->a->address, proxy))
			return V_BAD_PROXY;
	}
	return purse_send(u, t, 0);
}

void proxy_apply(const struct act *t)
{
	struct receipt r = {.kind = RCPT_PROXY, .dst = 0, .origin = *t->txid, .payload = {t->tx->u.proxy.proxy.b, 32}};
	memcpy(r.to.b, t->a->address.b, 32);
	part_emit(t->s, t->p, &r);
}

void stake_receive(struct part *p, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address proxy = get_address(&r);
	struct account *a = account_find(p, (const struct address *)&in->to);
	if (!rbuf_end(&r) || !a)
		books_fatal("a proxy's answer finds nobody");
	stake_open(a)->proxy = proxy;
	stake_shut(a);
	part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
}
