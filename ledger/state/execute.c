/* Carrying out a transaction: the nonce first, then all checks against a scratch purse, then all effects.
 *
 * Knows which type is checked and applied by whom, and that a batch is all or nothing. Does not know any type's rule. A check
 * changes nothing; an apply cannot fail, because its check held in the same order against the same purse. */
#include <string.h>
#include "ledger/state/books.h"

enum verdict act_check(const struct act *t, struct purse *u)
{
	switch ((enum tx_type)t->tx->type) {
	case TX_TRANSFER: return transfer_check(t, u);
	case TX_OPEN: return open_check(t, u);
	case TX_SET_KEY: return key_check(t);
	case TX_SET_AUTH: return auth_check(t);
	case TX_STAKE: return stake_check(t, u);
	case TX_UNSTAKE: return unstake_check(t, u);
	case TX_VOTE: return vote_check(t, u);
	case TX_PROXY: return proxy_check(t, u);
	case TX_NODE_REG: return node_check(t, u);
	case TX_ASK: return ask_check(t, u);
	case TX_BID: return bid_check(t, u);
	case TX_CANCEL: return cancel_check(t, u);
	case TX_AMEND: return amend_check(t, u);
	case TX_APP_PUB: return app_check(t, u);
	case TX_FUND: return fund_check(t, u);
	case TX_TOKEN_NEW: return token_new_check(t, u);
	case TX_TOKEN_IN: return token_in_check(t, u);
	case TX_TOKEN_OUT: return token_out_check(t, u);
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE:
	case TX_BATCH: break;
	}
	return V_UNKNOWN_TYPE;
}

void act_apply(const struct act *t)
{
	switch ((enum tx_type)t->tx->type) {
	case TX_TRANSFER: transfer_apply(t); break;
	case TX_OPEN: open_apply(t); break;
	case TX_SET_KEY: key_apply(t); break;
	case TX_SET_AUTH: auth_apply(t); break;
	case TX_STAKE: stake_apply(t); break;
	case TX_UNSTAKE: unstake_apply(t); break;
	case TX_VOTE: vote_apply(t); break;
	case TX_PROXY: proxy_apply(t); break;
	case TX_NODE_REG: node_apply(t); break;
	case TX_ASK: ask_apply(t); break;
	case TX_BID: bid_apply(t); break;
	case TX_CANCEL: cancel_apply(t); break;
	case TX_AMEND: amend_apply(t); break;
	case TX_APP_PUB: app_apply(t); break;
	case TX_FUND: fund_apply(t); break;
	case TX_TOKEN_NEW: token_new_apply(t); break;
	case TX_TOKEN_IN: token_in_apply(t); break;
	case TX_TOKEN_OUT: token_out_apply(t); break;
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE:
	case TX_BATCH: break;
	}
}

static const struct cid *tx_cid(const struct tx *tx)
{
	static const struct cid none;
	switch ((enum tx_type)tx->type) {
	case TX_TRANSFER: return &tx->u.transfer.cid;
	case TX_OPEN: return &tx->u.open.cid;
	case TX_ASK: return &tx->u.ask.cid;
	case TX_BID: return &tx->u.bid.cid;
	case TX_CANCEL: return &tx->u.cancel.cid;
	case TX_AMEND: return &tx->u.amend.cid;
	case TX_APP_PUB: return &tx->u.app_pub.cid;
	case TX_FUND: return &tx->u.fund.cid;
	case TX_STAKE:
	case TX_UNSTAKE: return &tx->u.stake.cid;
	case TX_TOKEN_NEW: return &tx->u.token_new.cid;
	case TX_TOKEN_IN: return &tx->u.token_in.cid;
	case TX_TOKEN_OUT: return &tx->u.token_out.cid;
	case TX_SET_AUTH:
	case TX_VOTE:
	case TX_PROXY:
	case TX_SET_KEY:
	case TX_NODE_REG:
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE:
	case TX_BATCH: break;
	}
	return &none;
}

static bool batch_may_hold(uint8_t type)
{
	return type == TX_TRANSFER || type == TX_ASK || type == TX_BID || type == TX_CANCEL || type == TX_AMEND;
}

static enum verdict batch_check(const struct act *t, struct purse *u, struct tx *part)
{
	struct rbuf r = rbuf_on(t->tx->u.batch.ops.p, t->tx->u.batch.ops.len);
	if (!t->tx->u.batch.n || t->tx->u.batch.n > TX_BATCH_OPS_MAX)
		return V_MALFORMED;
	for (uint32_t i = 0; i < t->tx->u.batch.n; i++) {
		struct act one = {t->s, t->p, t->a, part, t->txid, i};
		if (tx_batch_next(&r, part) != V_OK || !batch_may_hold(part->type))
			return V_MALFORMED;
		part->sender = t->tx->sender;
		enum verdict v = act_check(&one, u);
		if (v == V_OK)
			continue;
		fact_verdict_emit(t->s, t->p, t->txid, &t->tx->sender, part->type, v, tx_cid(part));
		return v == V_BUSY ? V_BUSY : V_BATCH_ABORTED; /* in another round there is room for it */
	}
	return rbuf_end(&r) ? V_OK : V_MALFORMED;
}

enum verdict batch_execute(const struct act *t)
{
	autofree struct tx *part = books_alloc(sizeof *part);
	struct purse u = purse_open(t);
	enum verdict v = batch_check(t, &u, part);
	purse_close(&u, t, v == V_OK);
	if (v != V_OK)
		return v;
	struct rbuf r = rbuf_on(t->tx->u.batch.ops.p, t->tx->u.batch.ops.len);
	for (uint32_t i = 0; i < t->tx->u.batch.n; i++) {
		struct act one = {t->s, t->p, t->a, part, t->txid, i};
		if (tx_batch_next(&r, part) != V_OK)
			books_fatal("a checked batch does not hold");
		part->sender = t->tx->sender;
		act_apply(&one);
		fact_verdict_emit(t->s, t->p, t->txid, &t->tx->sender, part->type, V_OK, tx_cid(part));
	}
	return V_OK;
}

static enum verdict single_execute(const struct act *t)
{
	struct purse u = purse_open(t);
	enum verdict v = act_check(t, &u);
	purse_close(&u, t, v == V_OK);
	if (v == V_OK)
		act_apply(t);
	return v;
}

static enum verdict account_execute(struct state *s, struct part *p, const struct tx *tx, const struct id *txid)
{
	struct act t = {s, p, account_find(p, &tx->sender), tx, txid, 0};
	if (!t.a)
		return V_NO_ACCOUNT;
	t.a->nonce++;
	part_touch(p, REC_ACCOUNT, &t.a->address, sizeof t.a->address);
	return tx->type == TX_BATCH ? batch_execute(&t) : single_execute(&t);
}

static enum verdict instance_execute(struct state *s, struct part *p, const struct tx *tx)
{
	struct lease *l = lease_find(p, &tx->scope);
	return l ? lease_execute(s, p, l, tx) : V_NO_LEASE;
}

enum verdict state_execute(struct state *s, uint8_t lane, const struct tx *tx, const struct id *txid)
{
	struct part *p = &s->part[lane];
	p->phase = PHASE_TX;
	enum verdict v = tx_type_instance(tx->type) ? instance_execute(s, p, tx) : account_execute(s, p, tx, txid);
	correlate_tx(s, p, tx, v);
	fact_verdict_emit(s, p, txid, &tx->sender, tx->type, v, tx_cid(tx));
	return v;
}

/* The nonce, or the party's number, wherever it still is the one that the transaction names. */
static void burn(struct part *p, const struct tx *tx)
{
	struct account *a = tx_type_instance(tx->type) ? NULL : account_find(p, &tx->sender);
	struct lease *l = tx_type_instance(tx->type) ? lease_find(p, &tx->scope) : NULL;
	if (a && a->nonce == tx->nonce) {
		a->nonce++;
		part_touch(p, REC_ACCOUNT, &a->address, sizeof a->address);
	}
	for (size_t i = 0; l && i < PARTIES; i++)
		if (address_eq(&l->party[i].address, &tx->sender)) {
			l->party[i].seq += l->party[i].seq == tx->nonce;
			part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
			return; /* who is two parties acts as the first */
		}
}

enum verdict state_refuse(struct state *s, uint8_t lane, const struct tx *tx, const struct id *txid, enum verdict v)
{
	struct part *p = &s->part[lane];
	burn(p, tx);
	correlate_tx(s, p, tx, v);
	fact_verdict_emit(s, p, txid, &tx->sender, tx->type, v, tx_cid(tx));
	return v;
}
