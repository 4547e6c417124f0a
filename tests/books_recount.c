/* What the books hold of tokens and as deposits, counted again from the objects and from what travels.
 *
 * Per token: holdings and units in flight are the supply, and the reserve covers it. Per account: its deposit is the sum of what the
 * objects on its name say, wherever they are. Knows the insides of the books; changes nothing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

struct tally { struct address who; uint64_t held; UT_hash_handle hh; };

static void tally_add(struct tally **all, const struct address *who, struct money amount)
{
	struct tally *t;
	if (money_is_zero(amount))
		return;
	HASH_FIND(hh, *all, who, sizeof *who, t);
	if (!t) {
		t = books_alloc(sizeof *t);
		t->who = *who;
		HASH_ADD(hh, *all, who, sizeof t->who, t);
	}
	t->held += money_base(amount);
}

/* Every receipt that waits for the next round. */
static void travellers(const struct state *s, void (*see)(void *arg, const struct receipt *in), void *arg)
{
	for (size_t i = 0; i < CHAINS * CHAINS; i++) {
		const struct outbox *o = &s->part[i / CHAINS].out[i % CHAINS];
		struct rbuf r = rbuf_on(o->bytes.p, o->bytes.len);
		struct receipt in;
		while (r.pos < r.len) {
			ck_assert(receipt_get(&r, &in));
			see(arg, &in);
		}
	}
}

/* --- tokens --- */

struct units { uint32_t token; uint64_t n; };

static void units_see(void *arg, const struct receipt *in)
{
	struct units *u = arg;
	u->n += in->token == u->token ? in->amount : 0;
}

static void token_recount(const struct state *s, const struct token *k)
{
	struct units u = {.token = k->f.token};
	travellers(s, units_see, &u);
	for (size_t lane = 1; lane < CHAINS; lane++)
		for (const struct holding *h = s->part[lane].holdings; h; h = h->hh.next)
			u.n += token_of_key(h->key.token) == u.token ? money_base(h->amount) : 0;
	if (u.n != money_base(k->f.supply))
		ck_abort_msg("token %u: %llu units, supply %llu", u.token, (unsigned long long)u.n,
		    (unsigned long long)money_base(k->f.supply));
	/* reserve >= ceil(supply * den / num), without a division */
	if ((unsigned __int128)money_base(k->f.reserve) * k->f.num < (unsigned __int128)u.n * k->f.den)
		ck_abort_msg("token %u: the reserve does not cover the supply", u.token);
}

/* --- deposits --- */

static void see_deposit(void *arg, const struct receipt *in)
{
	struct tally **all = arg;
	struct address to;
	memcpy(to.b, in->to.b, 32);
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	if (in->kind == RCPT_RELEASE)
		tally_add(all, &to, money_of(in->aux));
	if (in->kind == RCPT_REG && in->dst == 0 && (*in->payload.p == REC_APP || *in->payload.p == REC_TOKEN)) {
		r.pos = r.len - 8; /* the deposit is the last field */
		tally_add(all, &to, get_money(&r));
	}
	if (in->kind == RCPT_CREDIT && in->token) {
		get_id(&r);
		struct address payer = get_address(&r);
		r.pos = r.len - 8;
		tally_add(all, &payer, get_money(&r));
	}
	struct order *o;
	if (in->kind == RCPT_ORDER && order_get(in->payload, &o)) {
		tally_add(all, &o->f.owner, o->deposit);
		order_free(o);
	}
}

static bool in_genesis(const struct rig *r, const struct address *a)
{
	for (uint32_t i = 0; i < r->genesis.naccounts; i++) {
		struct address g = auth_address(&r->genesis.account[i].auth);
		if (address_eq(&g, a))
			return true;
	}
	return false;
}

static void part_tally(const struct rig *r, const struct part *p, struct tally **all)
{
	for (const struct app *a = p->apps; a; a = a->hh.next)
		tally_add(all, &a->f.owner, a->deposit);
	for (const struct token *k = p->tokens; k; k = k->hh.next)
		tally_add(all, &k->f.issuer, k->deposit);
	for (const struct node *n = p->nodes; n; n = n->hh.next)
		tally_add(all, &n->f.owner, n->deposit);
	for (const struct order *o = p->orders; o; o = o->hh.next)
		tally_add(all, &o->f.owner, o->deposit);
	for (const struct lease *l = p->leases; l; l = l->hh.next)
		tally_add(all, &l->f.buyer, l->deposit);
	for (const struct holding *h = p->holdings; h; h = h->hh.next)
		tally_add(all, &h->payer, h->deposit);
	for (const struct account *a = p->accounts; a; a = a->hh.next)
		if (!in_genesis(r, &a->address))
			tally_add(all, &a->address, deposit_for(r->s, ACCOUNT_BYTES));
}

/* An account's things on their way to its new home, as a partition of their own. */
static void see_move(void *arg, const struct receipt *in)
{
	if (in->kind == RCPT_MOVE)
		move_receive(arg, in);
}

static void accounts_hold(const struct part *p, struct tally *all)
{
	struct tally *t;
	for (const struct account *a = p->accounts; a; a = a->hh.next) {
		HASH_FIND(hh, all, &a->address, sizeof a->address, t);
		if (money_base(a->deposit) != (t ? t->held : 0))
			ck_abort_msg("an account's deposit is not what is held for its objects: %llu, %llu",
			    (unsigned long long)money_base(a->deposit), (unsigned long long)(t ? t->held : 0));
		if (t)
			t->held = 0;
	}
}

static void deposits_recount(struct rig *r)
{
	struct tally *all = NULL, *t, *next;
	struct part *away = books_alloc(sizeof *away);
	travellers(r->s, see_move, away);
	part_tally(r, away, &all);
	for (size_t lane = 0; lane < CHAINS; lane++)
		part_tally(r, &r->s->part[lane], &all);
	travellers(r->s, see_deposit, &all);
	accounts_hold(away, all);
	for (size_t lane = 1; lane < CHAINS; lane++)
		accounts_hold(&r->s->part[lane], all);
	part_clear(away);
	free(away);
	HASH_ITER (hh, all, t, next) {
		if (t->held)
			ck_abort_msg("a deposit is held for nobody");
		HASH_DEL(all, t);
		free(t);
	}
}

void rig_recount(struct rig *r)
{
	for (const struct token *k = r->s->part[0].tokens; k; k = k->hh.next)
		token_recount(r->s, k);
	if (r->genesis.deposit_per_byte)
		deposits_recount(r);
}
