/* Transactions of accounts: payments, new accounts, keys.
 *
 * Knows the bodies, and which mistakes people make in them. Does not know what comes of it. */
#include "tests/sim/sim.h"
#include <string.h>

void load_transfer(struct world *w, struct actor *a, struct tx *tx)
{
	struct tx_transfer *x = &tx->u.transfer;
	(void)a;
	x->to = w->actor[dice(&w->dice, dice_one_in(&w->dice, 10) ? ACTORS : w->actors)].address;
	if (dice_one_in(&w->dice, 40))
		x->to.b[dice(&w->dice, 32)] ^= 1;
	x->amount = money_of(load_amount(w, dice(&w->dice, 1u << dice(&w->dice, 31))));
	x->token = dice_one_in(&w->dice, 8) ? dice(&w->dice, w->disk->kind[REC_TOKEN].n + 2) : 0;
	if (x->token)
		x->amount = money_of(load_amount(w, dice(&w->dice, 1u << dice(&w->dice, 16))));
	if (dice_one_in(&w->dice, 4))
		strcpy(x->memo, "for the disk");
}

static void open_body(struct world *w, struct tx *tx)
{
	uint32_t n = dice(&w->dice, 5) && w->actors < ACTORS ? w->actors : dice(&w->dice, ACTORS);
	if (n == w->actors)
		w->actors++;
	tx->u.open.auth = w->actor[n].auth;
	tx->u.open.amount = money_of(load_amount(w, dice(&w->dice, 5) ? dice(&w->dice, 100000) : dice_u64(&w->dice) % 1000000000000));
	memset(tx->u.open.x25519, (int)dice(&w->dice, 3), 32);
}

void load_money(struct world *w, uint8_t type)
{
	struct actor *a = load_actor(w);
	if (type == TX_OPEN && !dice_one_in(&w->dice, 6))
		return; /* few are enough */
	struct tx *tx = load_tx(w, a, type);
	if (type == TX_TRANSFER)
		load_transfer(w, a, tx);
	else if (type == TX_OPEN)
		open_body(w, tx);
	else if (type == TX_SET_KEY)
		memset(tx->u.set_key.x25519, (int)dice(&w->dice, 4), 32);
	load_send(w, a, tx);
}

static void auth_body(struct world *w, struct tx_set_auth *x)
{
	uint8_t n = (uint8_t)(1 + dice(&w->dice, 3));
	memset(x, 0, sizeof *x);
	x->auth.n = n;
	x->auth.threshold = (uint8_t)(1 + dice(&w->dice, n));
	w->serial++;
	for (uint8_t i = 0; i < n; i++) {
		memset(x->auth.key[i].pk, 0x11 * (i + 1), 32);
		memcpy(x->auth.key[i].pk + 4, &w->serial, sizeof w->serial);
		x->auth.key[i].weight = 1;
	}
	if (dice_one_in(&w->dice, 10))
		memset(x->auth.key[0].pk, 0, 32);
}

static void vote_body(struct world *w, struct tx_vote *x)
{
	uint16_t site = 0;
	memset(x, 0, sizeof *x);
	for (uint32_t n = dice(&w->dice, VOTES_MAX + 1); x->n < n; x->n++)
		x->site[x->n] = site += (uint16_t)(1 + dice(&w->dice, 4));
	if (x->n && dice_one_in(&w->dice, 20))
		x->site[x->n - 1] = UINT16_MAX;
}

void load_stake(struct world *w, uint8_t type)
{
	struct actor *a = load_actor(w);
	if (type == TX_SET_AUTH && !dice_one_in(&w->dice, 8))
		type = TX_VOTE;
	struct tx *tx = load_tx(w, a, type);
	if (type == TX_SET_AUTH)
		auth_body(w, &tx->u.set_auth);
	else if (type == TX_VOTE)
		vote_body(w, &tx->u.vote);
	else if (type == TX_PROXY && dice(&w->dice, 4))
		tx->u.proxy.proxy = w->actor[dice(&w->dice, dice_one_in(&w->dice, 10) ? ACTORS : w->actors)].address;
	else if (type == TX_PROXY)
		memset(&tx->u, 0, sizeof tx->u);
	else
		tx->u.stake.amount = money_of(load_amount(w, dice(&w->dice, 1u << dice(&w->dice, 30))));
	load_send(w, a, tx);
}

static void token_new_body(struct world *w, struct tx_token_new *x)
{
	static const uint64_t ratio[] = {1, 1, 2, 3, 7, 100, 1000000007, 1ULL << 32, UINT64_MAX, 1ULL << 63};
	x->symbol[0] = (char)('A' + dice(&w->dice, 6));
	x->symbol[1] = (char)('A' + dice(&w->dice, 3));
	x->decimals = (uint8_t)dice(&w->dice, 19);
	x->num = ratio[dice(&w->dice, dice(&w->dice, 3) ? 7 : 10)];
	x->den = ratio[dice(&w->dice, dice(&w->dice, 3) ? 7 : 10)];
	x->mode = (uint8_t)dice_one_in(&w->dice, 3);
}

void load_token(struct world *w, uint8_t type)
{
	struct actor *a = load_actor(w);
	uint32_t tokens = w->disk->kind[REC_TOKEN].n;
	struct rec *r = disk_pick(w->disk, REC_HOLDING, dice(&w->dice, 1u << 30));
	if (type == TX_TOKEN_NEW && tokens > 3 && !dice_one_in(&w->dice, 10))
		type = TX_TOKEN_IN;
	struct actor *holder = r && dice(&w->dice, 4) ? actor_of(w, &r->u->holding.account) : NULL;
	a = type == TX_TOKEN_OUT && holder ? holder : a;
	struct tx *tx = load_tx(w, a, type);
	if (type == TX_TOKEN_NEW) {
		token_new_body(w, &tx->u.token_new);
	} else if (type == TX_TOKEN_IN) {
		tx->u.token_in.token = dice(&w->dice, tokens + 2);
		tx->u.token_in.amount = money_of(load_amount(w, dice(&w->dice, 1u << dice(&w->dice, 30))));
	} else {
		tx->u.token_out.token = r && holder ? r->u->holding.token : dice(&w->dice, tokens + 2);
		tx->u.token_out.into = dice(&w->dice, 2) * dice(&w->dice, tokens + 2);
		tx->u.token_out.amount = money_of(load_amount(w, r && holder ? 1 + dice_u64(&w->dice) % (1 + r->u->holding.amount) : 7));
	}
	load_send(w, a, tx);
}
