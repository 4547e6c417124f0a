/* People and their messages: keys, numbers, signatures, the block's list. What a message says is load_*.c's.
 *
 * Knows how a seed chooses its people, its genesis and which types it sends often. One message in sixteen of those with real keys is
 * signed in earnest and put through the checks of admission, whole and with a bit turned over. */
#include "tests/sim/sim.h"
#include "ledger/admit.h"
#include <stdlib.h>
#include <string.h>

#define ARENA (8u << 20)

static const uint8_t types[] = {TX_TRANSFER, TX_OPEN, TX_SET_KEY, TX_SET_AUTH, TX_STAKE, TX_UNSTAKE, TX_VOTE, TX_PROXY, TX_TOKEN_NEW,
    TX_TOKEN_IN, TX_TOKEN_OUT, TX_NODE_REG, TX_ASK, TX_BID, TX_CANCEL, TX_AMEND, TX_APP_PUB, TX_FUND,
    TX_EVENT, TX_READY, TX_USAGE, TX_BATCH};

static void actor_make(struct actor *a, uint32_t n, uint32_t *key)
{
	a->nkeys = n % 5 == 4 ? 3 : 1;
	a->real = true;
	a->auth = (struct auth){.threshold = a->nkeys > 1 ? 2 : 1, .n = a->nkeys};
	for (uint8_t i = 0; i < a->nkeys; i++, ++*key) {
		uint8_t pk[32], at = i;
		key_pk(*key, pk);
		for (; at && memcmp(a->auth.key[at - 1].pk, pk, 32) > 0; at--) {
			a->auth.key[at] = a->auth.key[at - 1];
			a->key[at] = a->key[at - 1];
		}
		memcpy(a->auth.key[at].pk, pk, 32);
		a->auth.key[at].weight = 1;
		a->key[at] = (uint8_t)*key;
		a->real = a->real && *key < KEYS_REAL;
	}
	a->address = sign_address(&a->auth);
	struct slice part[2] = {{a->address.b, sizeof a->address.b}, {(const uint8_t *)"node", 4}};
	a->node = hash_slices("zeus/node-id", part, 2);
}

/* Deposits and work units bind in some seeds only. */
static void genesis_limits(struct world *w, struct genesis *g)
{
	static const uint64_t per_byte[] = {0, 0, 1, 1000, 100000};
	g->unstake_s = dice(&w->dice, 3) ? dice(&w->dice, 3600) : 7 * 86400;
	g->deposit_per_byte = per_byte[dice(&w->dice, 5)];
	if (!dice_one_in(&w->dice, 4))
		return;
	g->free_wu = 2000 + dice(&w->dice, 60000);
	g->work_cap = 1ULL << dice(&w->dice, 30);
	g->lane_wu = 4000 + dice(&w->dice, 200000);
	g->free_ppm = 300000 + dice(&w->dice, 700000);
	g->work_window_ms = 1000 + dice(&w->dice, 3600000);
	g->epoch_ms = 1000 + dice(&w->dice, 3600000);
}

/* Who moves, how often and for how little: in one seed of five nobody ever. */
static void genesis_moves(struct world *w, struct genesis *g)
{
	static const uint32_t cap[] = {1250000, 4000000, UINT32_MAX}, max[] = {1, 3, 64};
	g->mig_max = dice_one_in(&w->dice, 5) ? 0 : max[dice(&w->dice, 3)];
	g->mig_epoch_ms = 200 + dice(&w->dice, 1u << dice(&w->dice, 18));
	g->mig_theta_ppm = dice(&w->dice, 2) * dice(&w->dice, 250001);
	g->mig_weight = 1 + dice(&w->dice, 2) * dice(&w->dice, 2048);
	g->load_cap_ppm = cap[dice(&w->dice, 3)];
}

static void genesis_make(struct world *w)
{
	struct genesis *g = &w->genesis;
	static const uint32_t commission[] = {10000, 10000, 0, 1000000, 333333}, bond[] = {200000, 200000, 0, 1000000},
			      full[] = {8192, 8192, 8, 3};
	genesis_local(g);
	g->time_ms = 1700000000000ULL;
	g->chain_id = 1 + dice(&w->dice, 3);
	g->trial_s = dice(&w->dice, 3) * 30;
	g->grace_s = 1 + dice(&w->dice, 600);
	g->settle_s = dice(&w->dice, 2) ? 120 : dice(&w->dice, 10);
	g->consent_s = dice(&w->dice, 120);
	g->commission_ppm = commission[dice(&w->dice, 5)];
	g->bond_ppm = bond[dice(&w->dice, 4)];
	g->lane_tx_max = full[dice(&w->dice, 4)];
	g->sketch_half_ms = 1000 + dice(&w->dice, 1600000);
	genesis_limits(w, g);
	genesis_moves(w, g);
	for (uint32_t i = 0; i < w->genesis_actors; i++) {
		uint64_t amount = dice_one_in(&w->dice, 6) ? dice(&w->dice, 1000) : 1000000000ULL * dice(&w->dice, 100000);
		struct genesis_account *a = genesis_account_add(g);
		*a = (struct genesis_account){.auth = w->actor[i].auth, .amount = money_of(amount)};
		a->schedule = (uint8_t)(dice_one_in(&w->dice, 4) ? dice(&w->dice, VESTINGS) : VEST_NONE);
		if (a->schedule == VEST_PUBLIC)
			a->discounted = money_of(amount / 3);
	}
	w->genesis_id = genesis_hash(g);
	w->time_ms = g->time_ms;
}

void load_begin(struct world *w)
{
	uint32_t key = 0;
	for (uint32_t i = 0; i < ACTORS; i++)
		actor_make(&w->actor[i], i, &key);
	w->actors = w->genesis_actors = 3 + dice(&w->dice, 24);
	w->arena = books_alloc(ARENA);
	w->per_block = 1 + dice(&w->dice, 12);
	w->restart_one_in = 20 + dice(&w->dice, 200);
	for (size_t i = 0; i < sizeof types; i++) {
		w->weight[types[i]] = dice_one_in(&w->dice, 8) ? 0 : 1 + dice(&w->dice, 6);
		w->weights += w->weight[types[i]];
	}
	genesis_make(w);
}

uint64_t load_amount(struct world *w, uint64_t usual)
{
	static const uint64_t odd[] = {0, 1, SUPPLY_BASE - 1, SUPPLY_BASE, SUPPLY_BASE + 1, UINT64_MAX, INT64_MAX, 1ULL << 32, UINT32_MAX};
	return dice_one_in(&w->dice, 24) ? odd[dice(&w->dice, sizeof odd / sizeof *odd)] : usual;
}

struct actor *load_actor(struct world *w)
{
	struct actor *a = NULL;
	for (int i = 0; i < 3 && (!a || !a->exists); i++)
		a = &w->actor[dice(&w->dice, w->actors)];
	return a;
}

struct actor *actor_of(struct world *w, const struct address *a)
{
	for (uint32_t i = 0; i < ACTORS; i++)
		if (address_eq(&w->actor[i].address, a))
			return &w->actor[i];
	return NULL;
}

struct tx *load_tx(struct world *w, struct actor *a, uint8_t type)
{
	struct tx *tx = &w->scratch;
	memset(tx, 0, offsetof(struct tx, sig));
	tx->type = type;
	tx->chain_id = w->genesis.chain_id;
	tx->sender = a->address;
	tx->nonce = a->next;
	tx->valid_until = w->before.height + 1 + dice(&w->dice, 2) * dice(&w->dice, 100);
	w->serial++;
	memcpy(tx->u.transfer.cid.b, &w->serial, sizeof w->serial); /* types without a cid write over it */
	return tx;
}

/* As many as it takes, or more (all weigh 1); each signature a pattern unless it is made in earnest. */
void load_sign(struct world *w, const struct actor *a, struct tx *tx)
{
	bool single = tx_type_instance(tx->type) || a->nkeys == 1;
	uint32_t need = a->auth.threshold, first = single ? 0 : dice(&w->dice, a->nkeys);
	tx->nsig = single ? 1 : (uint8_t)(need + dice(&w->dice, a->nkeys - need + 1));
	for (uint8_t i = 0; i < tx->nsig; i++) {
		memcpy(tx->sig[i].pk, a->auth.key[(first + i) % a->nkeys].pk, 32);
		memset(tx->sig[i].sig, 0x33, 64);
	}
}

static void sign_in_earnest(struct world *w, const struct actor *a, struct tx *tx, struct slice unsigned_bytes)
{
	uint8_t message[4096], *sig = tx->sig[0].sig;
	struct wbuf m = wbuf_on(message, sizeof message);
	put_bytes(&m, "zeus/tx/1", 10);
	put_id(&m, &w->genesis_id);
	put_bytes(&m, unsigned_bytes.p, unsigned_bytes.len);
	for (uint8_t i = 0; i < tx->nsig && !m.bad; i++)
		for (uint8_t k = 0; k < a->nkeys; k++)
			if (memcmp(tx->sig[i].pk, a->auth.key[k].pk, 32) == 0)
				sign_bytes(key_real(a->key[k]), message, m.len, tx->sig[i].sig);
	if (m.bad)
		return;
	coverage_add(&w->cover->signatures, 2);
	SIM_MUST(w, admit_signatures(&w->genesis_id, tx, unsigned_bytes), "signatures", "good ones are refused");
	uint8_t *spoilt = dice_one_in(&w->dice, 2) ? &sig[dice(&w->dice, 64)] : &message[10 + dice(&w->dice, 32)];
	uint8_t bit = (uint8_t)(1 << dice(&w->dice, 8));
	struct id other;
	*spoilt ^= bit;
	memcpy(other.b, message + 10, sizeof other.b);
	SIM_MUST(w, !admit_signatures(&other, tx, unsigned_bytes), "signatures", "a bit turned over and still good");
	*spoilt ^= bit;
}

bool load_bytes(struct world *w, const uint8_t *p, size_t len)
{
	struct pending_tx *t = &w->txs[w->ntxs];
	if (w->ntxs == BLOCK_TXS || w->arena_len + len > ARENA)
		return false;
	memmove(w->arena + w->arena_len, p, len);
	t->bytes = (struct slice){w->arena + w->arena_len, len};
	enum verdict v = tx_get(t->bytes, &t->tx, &t->signed_len);
	if (v != V_OK) {
		coverage_add(&w->cover->verdict[len > 1 ? p[1] : 0][v], 1);
		return false;
	}
	t->txid = hash_of("zeus/txid", t->bytes.p, t->signed_len);
	t->lane = 0;
	t->status = V_OK;
	w->never[w->ntxs] = 0;
	w->list[w->ntxs++] = t;
	w->arena_len += len;
	return true;
}

bool load_send(struct world *w, struct actor *a, struct tx *tx)
{
	struct wbuf b = wbuf_on(w->arena + w->arena_len, ARENA - w->arena_len);
	bool earnest = !tx->nsig && a->real && dice_one_in(&w->dice, 16);
	if (!tx->nsig)
		load_sign(w, a, tx);
	if (earnest) {
		tx_signed_put(&b, tx);
		if (!b.bad)
			sign_in_earnest(w, a, tx, (struct slice){b.p, b.len});
		b.len = 0;
	}
	tx_put(&b, tx);
	bool in = !b.bad && load_bytes(w, b.p, b.len);
	a->next += in && !tx_type_instance(tx->type) && tx->nonce == a->next;
	return in;
}

static uint8_t type_of_turn(struct world *w)
{
	uint32_t at = dice(&w->dice, w->weights);
	for (size_t i = 0; i < sizeof types; i++) {
		if (at < w->weight[types[i]])
			return types[i];
		at -= w->weight[types[i]];
	}
	return TX_TRANSFER;
}

static void send_one(struct world *w)
{
	uint8_t type = type_of_turn(w);
	switch ((enum tx_type)type) {
	case TX_TRANSFER:
	case TX_OPEN:
	case TX_SET_KEY: load_money(w, type); return;
	case TX_SET_AUTH:
	case TX_STAKE:
	case TX_UNSTAKE:
	case TX_VOTE:
	case TX_PROXY: load_stake(w, type); return;
	case TX_TOKEN_NEW:
	case TX_TOKEN_IN:
	case TX_TOKEN_OUT: load_token(w, type); return;
	case TX_NODE_REG:
	case TX_ASK:
	case TX_BID:
	case TX_CANCEL:
	case TX_AMEND:
	case TX_APP_PUB:
	case TX_BATCH: load_market(w, type); return;
	case TX_FUND:
	case TX_EVENT:
	case TX_READY:
	case TX_USAGE: load_lease(w, type); return;
	}
}

/* Number and keys as the records have them. */
static void actor_now(struct world *w, struct actor *a)
{
	const struct rec *home = disk_get(w->disk, 0, REC_HOME, &a->address, 32);
	const struct rec *r = home ? disk_find(w->disk, home->u->home.lane, REC_ACCOUNT, &a->address, 32) : NULL;
	a->next = r ? r->u->account.nonce : 0;
	a->exists = r;
	if (!r || memcmp(&a->auth, &r->u->account.auth, sizeof a->auth) == 0)
		return;
	a->auth = r->u->account.auth;
	a->nkeys = a->auth.n;
	a->real = false;
}

void load_block(struct world *w, size_t n)
{
	w->ntxs = 0;
	w->arena_len = 0;
	for (uint32_t i = 0; i < w->actors; i++)
		actor_now(w, &w->actor[i]);
	for (size_t i = 0; i < n && w->ntxs < BLOCK_TXS; i++)
		if (dice_one_in(&w->dice, 14))
			hostile_tx(w);
		else
			send_one(w);
	for (size_t i = w->ntxs; i > 1; i--) { /* in what order they come must not matter */
		size_t j = dice(&w->dice, (uint32_t)i);
		struct pending_tx *kept = w->list[i - 1];
		w->list[i - 1] = w->list[j];
		w->list[j] = kept;
	}
}
