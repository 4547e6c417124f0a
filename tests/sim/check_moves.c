/* I4: one record for each address, where chain 0 says or in one receipt on its way there; and what is sent after who moved.
 *
 * Knows homes, records and receipts, and how many may move at once, in which direction. Does not know who had better move, nor why. */
#include "tests/sim/sim.h"
#include "ledger/crypto/hash.h"
#include <string.h>

static uint8_t home_in(const struct world *w, const void *address)
{
	const struct rec *r = disk_get(w->disk, 0, REC_HOME, address, 32);
	return r ? r->u->home.lane : 0;
}

/* --- what comes too late --- */

static bool for_account(const struct receipt *in)
{
	return in->kind == RCPT_CREDIT || in->kind == RCPT_BOUNCE || in->kind == RCPT_TOKEN || in->kind == RCPT_RELEASE ||
	       in->kind == RCPT_PROXY;
}

/* Its account begins in this very round: chain 0's receipts come first. */
static bool begins(const struct world *w, const struct receipt *in)
{
	const struct rec *rec = disk_get(w->disk, 0, REC_OUTBOX, &in->dst, 1);
	struct rbuf r = rbuf_on(rec ? rec->value.p : NULL, rec ? rec->value.len : 0);
	struct receipt got;
	while (r.pos < r.len && receipt_get(&r, &got))
		if (got.kind == RCPT_NEW && id_cmp(&got.to, &in->to) == 0)
			return true;
	return false;
}

bool check_late(struct world *w, const struct receipt *in)
{
	struct check *k = w->check;
	if (!in->dst || !for_account(in) || disk_find(w->disk, in->dst, REC_ACCOUNT, &in->to, 32) || begins(w, in))
		return false;
	k->late = books_array(k->late, &k->cap_late, k->nlate + 1, sizeof *k->late);
	k->late[k->nlate].kind = in->kind;
	k->late[k->nlate].lane = in->dst;
	k->late[k->nlate].to = in->to;
	k->late[k->nlate].origin = in->origin;
	k->late[k->nlate].amount = in->amount;
	k->late[k->nlate].aux = in->aux;
	k->late[k->nlate].token = in->token;
	k->late[k->nlate++].payload = hash_of("sim", in->payload.p, in->payload.len);
	return true;
}

/* As it came, to where its account lives now. */
static bool sent_on(const struct world *w, size_t i, uint8_t dst)
{
	const struct check *k = w->check;
	const struct rec *rec = disk_get(w->disk, k->late[i].lane, REC_OUTBOX, &dst, 1);
	struct rbuf r = rbuf_on(rec ? rec->value.p : NULL, rec ? rec->value.len : 0);
	struct receipt in;
	while (r.pos < r.len && receipt_get(&r, &in)) {
		struct id payload = hash_of("sim", in.payload.p, in.payload.len);
		if (in.kind == k->late[i].kind && in.amount == k->late[i].amount && in.aux == k->late[i].aux &&
		    in.token == k->late[i].token && id_cmp(&in.to, &k->late[i].to) == 0 &&
		    id_cmp(&in.origin, &k->late[i].origin) == 0 && id_cmp(&payload, &k->late[i].payload) == 0)
			return true;
	}
	return false;
}

/* --- refused for the moment --- */

/* One whose account only begins in this round is told the same. */
void check_held(struct world *w, const struct address *a)
{
	if (w->check->nheld < BLOCK_TXS && disk_find(w->disk, home_in(w, a), REC_ACCOUNT, a, 32))
		w->check->held[w->check->nheld++] = *a;
}

static void held_are_away(struct world *w)
{
	for (struct check *k = w->check; k->nheld; k->nheld--) {
		uint8_t home = home_in(w, &k->held[k->nheld - 1]);
		SIM_MUST(w, home && !disk_get(w->disk, home, REC_ACCOUNT, &k->held[k->nheld - 1], 32), "I4 homes",
		    "one is refused as moving and is at home");
	}
}

/* --- the records of the newest block --- */

struct travel { uint32_t opening, listing, movers, up, down; };

static void one_receipt(struct world *w, const struct receipt *in, struct travel *t)
{
	t->opening += in->src == 0 && in->kind == RCPT_NEW;
	t->listing += in->kind == RCPT_REG && in->dst == 0 && in->payload.p[0] == REC_NODE_HOME;
	if (in->kind != RCPT_MOVE)
		return;
	uint8_t home = home_in(w, &in->to);
	if (in->payload.p[0] == REC_NODE) {
		const struct rec *r = disk_moving(w->disk, in);
		home = r ? home_in(w, &r->u->object.owner) : 0;
	}
	SIM_MUST(w, home == in->dst && in->src != in->dst && in->src, "I4 homes", "one goes from chain %u to %u and lives on %u",
	    in->src, in->dst, home);
	if (in->payload.p[0] != REC_ACCOUNT)
		return;
	t->movers++;
	t->up += in->dst > in->src;
	t->down += in->dst < in->src;
}

static struct travel travel_of(struct world *w)
{
	const struct disk *d = w->disk;
	struct travel t = {0, 0, 0, 0, 0};
	for (uint32_t i = 0; i < d->kind[REC_OUTBOX].n; i++) {
		const struct rec *r = d->kind[REC_OUTBOX].r[i];
		struct rbuf in = rbuf_on(r->value.p, r->value.len);
		struct receipt got;
		while (in.pos < in.len && receipt_get(&in, &got))
			one_receipt(w, &got, &t);
	}
	return t;
}

static void at_home(struct world *w, uint8_t kind, const char *what)
{
	const struct disk *d = w->disk;
	for (uint32_t i = 0; i < d->kind[kind].n; i++) {
		const struct rec *r = d->kind[kind].r[i];
		const void *owner = kind == REC_NODE ? (const void *)&r->u->object.owner : rec_id(r);
		SIM_MUST(w, home_in(w, owner) == r->key[0], "I4 homes", "%s is on chain %u, not where chain 0 says", what, r->key[0]);
	}
}

static void nodes_are_listed(struct world *w)
{
	const struct disk *d = w->disk;
	for (uint32_t i = 0; i < d->kind[REC_NODE_HOME].n; i++) {
		const struct rec *r = d->kind[REC_NODE_HOME].r[i];
		SIM_MUST(w, r->u->home.lane == home_in(w, &r->u->home.owner), "I4 homes", "a node is not listed where its owner lives");
	}
}

void check_homes(struct world *w)
{
	const struct disk *d = w->disk;
	struct travel t = travel_of(w);
	at_home(w, REC_ACCOUNT, "an account");
	at_home(w, REC_HOLDING, "a holding");
	at_home(w, REC_NODE, "a node");
	nodes_are_listed(w);
	uint32_t nodes = d->kind[REC_NODE].n + (HASH_COUNT(d->moving) - d->movers);
	for (const struct rec *r = d->moving; r; r = r->hh.next) {
		nodes -= r->key[1] == REC_HOLDING;
		SIM_MUST(w, !disk_get(d, r->key[0], r->key[1], r->key + 2, r->klen - 2), "I4 homes",
		    "what is on its way to chain %u is there", r->key[0]);
	}
	SIM_MUST(w, t.movers == d->movers && d->kind[REC_HOME].n == d->kind[REC_ACCOUNT].n + t.opening + t.movers, "I4 homes",
	    "%u homes, %u accounts, %u begin, %u move", d->kind[REC_HOME].n, d->kind[REC_ACCOUNT].n, t.opening, t.movers);
	SIM_MUST(w, nodes == d->kind[REC_NODE_HOME].n + t.listing, "I4 homes", "%u nodes, %u listed, %u on their way", nodes,
	    d->kind[REC_NODE_HOME].n, t.listing);
}

/* After every block in which somebody moves, or something came too late. */
void check_moves(struct world *w)
{
	struct check *k = w->check;
	held_are_away(w);
	for (size_t i = 0; i < k->nlate; i++)
		SIM_MUST(w, sent_on(w, i, home_in(w, &k->late[i].to)), "I3 receipts", "one of kind %u was not sent after who moved",
		    k->late[i].kind);
	coverage_add(&w->cover->forwards, k->nlate);
	if (!HASH_COUNT(w->disk->moving))
		return;
	struct travel t = travel_of(w);
	SIM_MUST(w, t.movers <= w->genesis.mig_max, "migration", "%u move at once", t.movers);
	SIM_MUST(w, !t.up || !t.down, "migration", "%u move up and %u down", t.up, t.down);
	coverage_add(&w->cover->moves, t.movers);
	check_homes(w);
}
