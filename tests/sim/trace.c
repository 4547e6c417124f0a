/* The text trace: who had what at first, every movement of money that facts tell, and what the records say at the end.
 *
 * Knows the lines that recount.c reads; lines of transactions and blocks are for people. Numbers are base units.
 *   open ADDRESS AMOUNT | pay HEIGHT KIND in|out ADDRESS TOKEN AMOUNT OBJECT | balance ADDRESS AMOUNT | aside ADDRESS AMOUNT (deposit and
 *   stake) | holding ADDRESS TOKEN AMOUNT | token TOKEN SUPPLY RESERVE | locked|pool|reserve|travelling AMOUNT */
#include "tests/sim/sim.h"
#include <inttypes.h>

static void hex8(const void *p, char out[33]) { hex_encode(p, 16, out); }

void trace_begin(struct world *w)
{
	char a[33];
	uint64_t reserve = SUPPLY_BASE;
	if (!w->o->trace)
		return;
	fprintf(w->o->trace, "seed %" PRIu64 "\n", w->seed);
	for (uint32_t i = 0; i < w->genesis.naccounts; i++) {
		hex8(w->actor[i].address.b, a);
		fprintf(w->o->trace, "open %s %" PRIu64 "\n", a, money_base(w->genesis.account[i].amount));
		reserve -= money_base(w->genesis.account[i].amount);
	}
	fprintf(w->o->trace, "open reserve %" PRIu64 "\n", reserve);
}

static void trace_tx(struct world *w, uint64_t height, uint8_t lane, const struct tx *tx, uint16_t status)
{
	char a[33], s[33];
	hex8(tx->sender.b, a);
	hex8(tx->scope.b, s);
	fprintf(w->o->trace, "tx %" PRIu64 " %u %s %s %s %" PRIu64 " %s\n", height, lane, tx_type_word(tx->type), a, s, tx->nonce,
	    verdict_name((enum verdict)status));
}

static void trace_txs(struct world *w, const struct block *b, uint8_t lane)
{
	static _Thread_local struct tx tx;
	struct slice txs = block_txs(b, lane), envelope;
	struct rbuf r = rbuf_on(txs.p + 4, txs.len - 4);
	uint16_t status;
	size_t len;
	while (block_tx_next(&r, &status, &envelope))
		if (tx_get(envelope, &tx, &len) == V_OK)
			trace_tx(w, block_header(b)->height, lane, &tx, status);
}

static void trace_pay(struct world *w, const struct fact_pay *f)
{
	static const char *const words[] = {
	    "transfer", "escrow", "refund", "lease", "bond", "commission", "genesis", "token", "deposit", "stake"};
	char a[33], o[33];
	hex8(f->account.b, a);
	hex8(f->object.b, o);
	fprintf(w->o->trace, "pay %" PRIu64 " %s %s %s %u %" PRIu64 " %s\n", f->height, words[f->kind], f->in ? "in" : "out", a,
	    f->token, money_base(f->amount), o);
}

void trace_block(struct world *w, const struct block *b, struct slice facts)
{
	static _Thread_local struct fact f;
	struct rbuf r = rbuf_on(facts.p, facts.len);
	if (!w->o->trace)
		return;
	fprintf(w->o->trace, "block %" PRIu64 " %" PRIu64 "\n", block_header(b)->height, block_header(b)->time_ms);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		trace_txs(w, b, lane);
	while (fact_next(&r, &f))
		if (f.kind == FACT_PAY)
			trace_pay(w, &f.u.pay);
}

static void trace_accounts(struct world *w)
{
	const struct disk *d = w->disk;
	char a[33];
	for (uint32_t i = 0; i < d->kind[REC_ACCOUNT].n; i++) {
		const struct at_account *x = &d->kind[REC_ACCOUNT].r[i]->u->account;
		hex8(x->address.b, a);
		fprintf(w->o->trace, "balance %s %" PRIu64 "\naside %s %" PRIu64 "\n", a, x->balance, a,
		    x->deposit + money_base(x->stake.staked) + money_base(x->stake.unstaking));
	}
	for (uint32_t i = 0; i < d->kind[REC_HOLDING].n; i++) {
		const struct at_holding *h = &d->kind[REC_HOLDING].r[i]->u->holding;
		hex8(h->account.b, a);
		fprintf(w->o->trace, "holding %s %u %" PRIu64 "\n", a, h->token, h->amount);
	}
	for (uint32_t i = 0; i < d->kind[REC_TOKEN].n; i++) {
		const struct fact_token *t = &d->kind[REC_TOKEN].r[i]->u->object.token;
		fprintf(w->o->trace, "token %u %" PRIu64 " %" PRIu64 "\n", t->token, money_base(t->supply), money_base(t->reserve));
	}
}

void trace_end(struct world *w)
{
	const struct disk *d = w->disk;
	uint64_t locked = 0, pool = 0, reserve = 0, travelling = 0;
	if (!w->o->trace)
		return;
	trace_accounts(w);
	for (uint32_t i = 0; i < d->kind[REC_ORDER].n; i++)
		locked += money_base(d->kind[REC_ORDER].r[i]->u->order.f.locked);
	for (uint32_t i = 0; i < d->kind[REC_LEASE].n; i++)
		for (size_t k = 0; k < FSM_HOLDS_MAX; k++)
			locked += money_base(d->kind[REC_LEASE].r[i]->u->lease.run.hold[k]);
	for (uint32_t i = 0; i < d->kind[REC_META].n; i++) {
		pool += d->kind[REC_META].r[i]->u->meta.pool + d->kind[REC_META].r[i]->u->meta.commission;
		reserve += d->kind[REC_META].r[i]->u->meta.reserve;
	}
	for (uint8_t i = 0; i < CHAINS; i++)
		travelling += d->out[i];
	fprintf(w->o->trace, "locked %" PRIu64 "\npool %" PRIu64 "\nreserve %" PRIu64 "\ntravelling %" PRIu64 "\nend\n", locked, pool,
	    reserve, travelling);
}
