/* Transactions that must not be: replayed, for another network, out of date, by the wrong hand, in broken bytes.
 *
 * Knows ways of being wrong and what each must be answered. Messages that were in a block are kept (check.c), and come again as they
 * were and changed in one place. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

enum way {
	REPLAY,
	REPLAY_CHAIN,
	REPLAY_SCOPE,
	REPLAY_RESIGNED,
	REPLAY_TYPE,
	REPLAY_NEW_NONCE,
	NONCE_BELOW,
	NONCE_ABOVE,
	NONCE_MAX,
	CHAIN_ID,
	OUT_OF_DATE,
	TYPE_UNKNOWN,
	CUT_SHORT,
	TOO_LONG,
	SCOPE_ADDED,
	KEY_OF_OTHER,
	KEY_TWICE,
	KEY_MISSING,
	SENDER_UNKNOWN,
	VERSION,
	FLAGS,
	INSTANCE_OTHER_LANE,
	PARTY_OTHER,
	BIT,
	WAYS
};

static void must_not(struct world *w, size_t before, unsigned why)
{
	if (w->ntxs > before)
		w->never[w->ntxs - 1] = (uint8_t)(1 + why);
}

/* Bytes of a message that was carried out, changed in one place. */
static void replay(struct world *w, enum way way)
{
	struct old_tx *o = &w->old[dice(&w->dice, OLD_TXS)];
	size_t before = w->ntxs;
	if (!o->len)
		return;
	autofree uint8_t *p = books_alloc(o->len);
	memcpy(p, o->p, o->len);
	unsigned why = V_COUNT;
	if (way == REPLAY_CHAIN) {
		p[4] ^= 0x10;
		why = V_WRONG_CHAIN;
	} else if (way == REPLAY_SCOPE) {
		p[40] ^= 3;
	} else if (way == REPLAY_RESIGNED) {
		p[o->len - 1] ^= 0x80; /* of a signature, which no name depends on */
	} else if (way == REPLAY_TYPE) {
		static const uint8_t pairs[][2] = {
		    {TX_SET_KEY, TX_READY}, {TX_STAKE, TX_UNSTAKE}, {TX_READY, TX_EVENT}, {TX_CANCEL, TX_FUND}};
		p[1] = pairs[dice(&w->dice, 4)][1];
	}
	load_bytes(w, p, o->len);
	must_not(w, before, why);
}

/* The same command again under a new number: within a day it is known by its cid. */
static void replay_command(struct world *w)
{
	struct old_tx *o = &w->old[dice(&w->dice, OLD_TXS)];
	struct tx *tx = &w->scratch;
	size_t signed_len;
	if (!o->len || tx_get((struct slice){o->p, o->len}, tx, &signed_len) != V_OK || tx_type_instance(tx->type))
		return;
	struct actor *a = actor_of(w, &tx->sender);
	if (!a)
		return;
	tx->nonce = a->next;
	tx->valid_until = w->before.height + 5;
	tx->nsig = 0;
	load_send(w, a, tx);
}

static void broken_bytes(struct world *w, struct actor *a, enum way way)
{
	struct tx *tx = load_tx(w, a, TX_TRANSFER);
	static _Thread_local uint8_t buf[4096];
	size_t before = w->ntxs;
	struct wbuf b = wbuf_on(buf, sizeof buf - 1);
	load_transfer(w, a, tx);
	tx->u.transfer.amount = money_of(1);
	load_sign(w, a, tx);
	tx_put(&b, tx);
	if (way == CUT_SHORT)
		b.len -= 1 + dice(&w->dice, (uint32_t)b.len - 1);
	else if (way == TOO_LONG)
		buf[b.len++] = 0;
	else if (way == VERSION)
		buf[0] = (uint8_t)(dice(&w->dice, 2) ? 0 : 2);
	else if (way == FLAGS)
		buf[2 + dice(&w->dice, 2)] = 1;
	else if (way == TYPE_UNKNOWN)
		buf[1] = (uint8_t)(0x70 + dice(&w->dice, 0x80));
	else
		buf[dice(&w->dice, (uint32_t)b.len)] ^= (uint8_t)(1 << dice(&w->dice, 8));
	load_bytes(w, buf, b.len);
	SIM_MUST(w, way == BIT || w->ntxs == before, "hostile transaction", "broken bytes are read as one (way %d)", way);
}

static unsigned spoil(struct world *w, struct actor *a, struct tx *tx, enum way way)
{
	bool exists;
	uint64_t first = state_nonce(w->a.s, &a->address, &exists);
	load_sign(w, a, tx);
	switch (way) {
	case NONCE_BELOW: tx->nonce = first - 1; return V_BAD_NONCE;
	case NONCE_ABOVE: tx->nonce += 1000; return V_BAD_NONCE;
	case NONCE_MAX: tx->nonce = UINT64_MAX; return V_BAD_NONCE;
	case CHAIN_ID: tx->chain_id++; return V_WRONG_CHAIN;
	case OUT_OF_DATE: tx->valid_until = w->before.height; return V_EXPIRED;
	case KEY_OF_OTHER: key_pk(1000 + dice(&w->dice, 50), tx->sig[0].pk); return V_BAD_SIGNATURE;
	case KEY_TWICE:
		tx->nsig = 2;
		tx->sig[1] = tx->sig[0];
		return V_BAD_SIGNATURE;
	case KEY_MISSING: /* one of the two that it takes */
		tx->nsig = 1;
		return a->auth.threshold > 1 ? V_BAD_SIGNATURE : V_COUNT + 1;
	case SENDER_UNKNOWN: tx->sender.b[5] ^= 0x77; return V_NO_ACCOUNT;
	case REPLAY:
	case REPLAY_CHAIN:
	case REPLAY_SCOPE:
	case REPLAY_RESIGNED:
	case REPLAY_TYPE:
	case REPLAY_NEW_NONCE:
	case TYPE_UNKNOWN:
	case CUT_SHORT:
	case TOO_LONG:
	case SCOPE_ADDED:
	case VERSION:
	case FLAGS:
	case INSTANCE_OTHER_LANE:
	case PARTY_OTHER:
	case BIT:
	case WAYS: break;
	}
	return V_COUNT + 1;
}

/* For a running lease, in another lane's name or by one who is no party. */
static void spoil_instance(struct world *w, enum way way)
{
	struct rec *r = disk_pick(w->disk, REC_LEASE, dice(&w->dice, 1u << 30));
	size_t before = w->ntxs;
	if (!r)
		return;
	const struct at_lease *l = &r->u->lease;
	struct actor *a = actor_of(w, &l->f.buyer);
	if (!a)
		return;
	struct tx *tx = load_tx(w, a, TX_EVENT);
	memset(&tx->u, 0, sizeof tx->u);
	strcpy(tx->u.event.event, "stop");
	tx->nonce = l->party[PARTY_BUYER].seq;
	tx->scope = l->f.lease;
	if (way == INSTANCE_OTHER_LANE)
		tx->scope.b[0] = (uint8_t)(1 + tx->scope.b[0] % LANES);
	else
		tx->sender.b[dice(&w->dice, 32)] ^= 9;
	load_send(w, a, tx);
	must_not(w, before, way == INSTANCE_OTHER_LANE ? V_NO_LEASE : V_NOT_PARTY);
}

void hostile_tx(struct world *w)
{
	enum way way = (enum way)dice(&w->dice, WAYS);
	struct actor *a = load_actor(w);
	size_t before = w->ntxs;
	coverage_add(&w->cover->hostile_txs[way], 1);
	if (way <= REPLAY_TYPE) {
		replay(w, way);
		return;
	}
	if (way == REPLAY_NEW_NONCE) {
		replay_command(w);
		return;
	}
	if (way == INSTANCE_OTHER_LANE || way == PARTY_OTHER) {
		spoil_instance(w, way);
		return;
	}
	if (way == CUT_SHORT || way == TOO_LONG || way == VERSION || way == FLAGS || way == TYPE_UNKNOWN || way == BIT) {
		broken_bytes(w, a, way);
		return;
	}
	uint64_t next = a->next;
	struct tx *tx = load_tx(w, a, TX_TRANSFER);
	load_transfer(w, a, tx);
	tx->u.transfer.amount = money_of(1);
	if (way == SCOPE_ADDED)
		tx->scope.b[0] = 1;
	unsigned why = spoil(w, a, tx, way);
	if (why > V_COUNT && way != SCOPE_ADDED)
		return;
	load_send(w, a, tx);
	a->next = next; /* it is still free */
	SIM_MUST(w, way != SCOPE_ADDED || w->ntxs == before, "hostile transaction", "a scope where none belongs");
	must_not(w, before, a - w->actor < w->genesis_actors ? why : V_COUNT);
}
