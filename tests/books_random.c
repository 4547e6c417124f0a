/* Random commands against the books: payments, tokens, orders, leases, apps, nodes, new accounts, some of them nonsense.
 *
 * Draws from the seed in the world alone, so equal seeds give equal rounds. Knows how a command is made, not what should come of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/books_random.h"

static uint32_t dice(struct random_world *w, uint32_t sides)
{
	w->seed = w->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(w->seed >> 33) % sides;
}

static struct tx random_ask(struct random_world *w, uint32_t who)
{
	struct tx tx = rig_ask_tx(&w->rig, who, 1 + dice(w, 4), 10000 * (50 + dice(w, 60)));
	tx.u.ask.tif = dice(w, 8) == 0 ? TIF_IOC : TIF_GTC;
	if (dice(w, 6) == 0)
		tx.u.ask.expiry_ms = w->rig.time_ms + 1 + dice(w, 600000);
	if (dice(w, 10) == 0)
		tx.u.ask.bond = money_of(dice(w, 1000));
	return tx;
}

static struct tx random_bid(struct random_world *w, uint32_t who)
{
	struct tx tx = rig_bid_tx(&w->rig, who, 1 + dice(w, 3), 10000 * (50 + dice(w, 60)), 60 + dice(w, 7200));
	tx.u.bid.tif = (uint8_t)dice(w, 3);
	tx.u.bid.rating = (uint16_t)(dice(w, 3) * 250);
	if (dice(w, 6) == 0)
		tx.u.bid.expiry_ms = w->rig.time_ms + 1 + dice(w, 600000);
	if (dice(w, 4) == 0)
		tx.u.bid.escrow = money_of(money_base(tx.u.bid.escrow) + dice(w, 5000));
	if (dice(w, 4) == 0)
		tx.u.bid.deploy = (struct slice){(const uint8_t *)"run", 3};
	return tx;
}

static struct tx random_amend(struct random_world *w, uint32_t who)
{
	struct fact_order o;
	if (!w->norders || !rig_order(&w->rig, &w->order[dice(w, w->norders)], &o))
		return rig_pay_tx(&w->rig, who, 0, 1);
	uint64_t price = dice(w, 2) ? price_base(o.price) : 10000 * (40 + dice(w, 80));
	return rig_amend_tx(&w->rig, who, &o, 1 + dice(w, 4), price, dice(w, 2) * dice(w, 3000000));
}

static struct tx random_batch(struct random_world *w, uint32_t who)
{
	struct tx part[4];
	uint32_t n = 1 + dice(w, 4);
	for (uint32_t i = 0; i < n; i++)
		part[i] = dice(w, 2) ? random_bid(w, who) : rig_pay_tx(&w->rig, who, dice(w, RANDOM_ACCOUNTS), dice(w, 100));
	return rig_batch_tx(&w->rig, who, part, n, w->buf, sizeof w->buf);
}

static struct tx random_event(struct random_world *w, uint32_t who)
{
	static const char *const words[] = {"accept", "accept", "accept", "stop", "quit", "dispute", "reject", "confirm", "deploy",
	    "topup", "nonsense"};
	struct fact_lease l;
	struct rig *r = &w->rig;
	if (!rig_lease(r, dice(w, 20), &l))
		return rig_pay_tx(r, who, 1, 1);
	for (uint32_t i = 0; i < RANDOM_ACCOUNTS && dice(w, 10); i++) {
		struct address a = rig_address(i);
		if (address_eq(&a, dice(w, 2) ? &l.buyer : &l.seller))
			who = i;
	}
	struct tx tx;
	if (dice(w, 3) == 0)
		return rig_lease_tx(r, who, TX_READY, &l.lease);
	if (dice(w, 2) == 0)
		return rig_usage_tx(r, who, &l.lease, l.usage_seq + 1, l.metered_s + dice(w, 400));
	if (dice(w, 4) == 0) {
		tx = rig_tx(r, who, TX_FUND);
		tx.u.fund.instance = l.lease;
		strcpy(tx.u.fund.event, dice(w, 4) ? "topup" : "stop");
		tx.u.fund.amount = money_of(1 + dice(w, 1000000));
		return tx;
	}
	tx = rig_lease_tx(r, who, TX_EVENT, &l.lease);
	strcpy(tx.u.event.event, words[dice(w, sizeof words / sizeof words[0])]);
	if (strcmp(tx.u.event.event, "deploy") == 0)
		tx.u.event.blob = (struct slice){(const uint8_t *)"other", 5};
	return tx;
}

static struct tx random_token(struct random_world *w, uint32_t who)
{
	struct rig *r = &w->rig;
	static const uint8_t types[] = {TX_TRANSFER, TX_TRANSFER, TX_TOKEN_NEW, TX_TOKEN_IN, TX_TOKEN_IN, TX_TOKEN_OUT};
	uint8_t type = types[dice(w, sizeof types)];
	struct tx tx = type == TX_TRANSFER ? rig_pay_tx(r, who, dice(w, RANDOM_ACCOUNTS), 1 + dice(w, 5000)) : rig_tx(r, who, type);
	if (type == TX_TRANSFER)
		tx.u.transfer.token = 1 + dice(w, 4);
	if (type == TX_TOKEN_NEW) {
		tx.u.token_new.num = 1 + dice(w, 9);
		tx.u.token_new.den = 1 + dice(w, 9);
		snprintf(tx.u.token_new.symbol, sizeof tx.u.token_new.symbol, "TOK%u", dice(w, 4));
	}
	if (type != TX_TOKEN_IN && type != TX_TOKEN_OUT)
		return tx;
	tx.u.token_in.token = 1 + dice(w, 4); /* the same place in both bodies */
	tx.u.token_in.amount = money_of(1 + dice(w, 20000));
	if (type == TX_TOKEN_OUT)
		tx.u.token_out.into = dice(w, 3);
	return tx;
}

static struct tx random_stake(struct random_world *w, uint32_t who)
{
	static const uint8_t types[] = {TX_STAKE, TX_STAKE, TX_UNSTAKE, TX_VOTE, TX_PROXY};
	uint8_t type = types[dice(w, sizeof types)];
	struct tx tx = rig_tx(&w->rig, who, type);
	if (type == TX_VOTE) {
		tx.u.vote.n = (uint8_t)dice(w, 3);
		for (uint16_t i = 0; i < tx.u.vote.n; i++)
			tx.u.vote.site[i] = (uint16_t)(1 + 10 * i + dice(w, 3));
	} else if (type == TX_PROXY) {
		if (dice(w, 3))
			tx.u.proxy.proxy = rig_address(dice(w, RANDOM_ACCOUNTS));
	} else {
		tx.u.stake.amount = money_of(1 + dice(w, 100000));
	}
	return tx;
}

/* Mostly within a community: those whose numbers leave the same rest by three. */
static struct tx random_pay(struct random_world *w, uint32_t who)
{
	uint32_t to = dice(w, 4) ? 3 * dice(w, RANDOM_ACCOUNTS / 3) + who % 3 : dice(w, RANDOM_ACCOUNTS + 3);
	return rig_pay_tx(&w->rig, who, to, dice(w, 1000000));
}

/* The order may be anyone's and of any symbol: it is asked for where the symbol is. */
static struct tx random_visit(struct random_world *w, uint32_t who)
{
	struct tx tx = rig_cancel_tx(&w->rig, who, &w->order[w->norders ? dice(w, w->norders) : 0]);
	tx.u.cancel.symbol = 1 + (uint32_t)(w->rig.height / 20 + who) % 4;
	return tx;
}

static struct tx random_tx(struct random_world *w)
{
	struct rig *r = &w->rig;
	uint32_t who = dice(w, RANDOM_ACCOUNTS);
	struct tx tx;
	switch (w->fickle ? dice(w, 6) : 6) {
	case 0:
	case 1:
	case 2: return random_visit(w, who);
	case 3: return random_token(w, who);
	case 4: return random_stake(w, who);
	}
	switch (dice(w, 20)) {
	case 0:
	case 16: return random_pay(w, who);
	case 17: return random_token(w, who);
	case 1:
		tx = rig_tx(r, who, TX_OPEN);
		tx.u.open.auth = rig_auth(RANDOM_ACCOUNTS + dice(w, 40));
		tx.u.open.amount = money_of(dice(w, 1000));
		return tx;
	case 2: return rig_node_tx(r, who, 4 + dice(w, 40));
	case 3:
	case 4: return random_ask(w, who);
	case 5:
	case 6: return random_bid(w, who);
	case 7: return rig_cancel_tx(r, who, &w->order[w->norders ? dice(w, w->norders) : 0]);
	case 8: return random_amend(w, who);
	case 9: return random_batch(w, who);
	case 10:
		tx = rig_tx(r, who, TX_APP_PUB);
		strcpy(tx.u.app_pub.name, dice(w, 2) ? "demo" : "tool");
		tx.u.app_pub.meta = (struct slice){(const uint8_t *)"meta", 4};
		return tx;
	}
	return random_event(w, who);
}

void random_round(struct random_world *w)
{
	struct tx tx[RANDOM_PER_ROUND];
	enum verdict got[RANDOM_PER_ROUND];
	uint32_t n = dice(w, RANDOM_PER_ROUND);
	for (uint32_t i = 0; i < n; i++)
		tx[i] = random_tx(w);
	w->rig.step_ms = dice(w, 20) ? 5 + dice(w, 2000) : dice(w, 900000);
	rig_many(&w->rig, tx, n, got);
	for (uint32_t i = 0; i < n; i++)
		if (got[i] == V_OK && (tx[i].type == TX_BID || tx[i].type == TX_ASK) && n == 1)
			w->order[w->norders++ % RANDOM_ORDERS] = rig_order_id(&w->rig);
	if (w->norders >= RANDOM_ORDERS)
		w->norders = RANDOM_ORDERS / 2;
}

struct random_world *random_open(uint64_t seed, const struct genesis *g)
{
	struct random_world *w = calloc(1, sizeof *w);
	w->seed = seed;
	rig_open_on(&w->rig, g, RANDOM_ACCOUNTS, RANDOM_RICH);
	w->rig.forget = true;
	return w;
}

void random_close(struct random_world *w)
{
	rig_close(&w->rig);
	free(w);
}
