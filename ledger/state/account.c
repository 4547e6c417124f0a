/* Accounts: who may act (admission) and the scratch purse against which a transaction's parts are checked before any of them is
 * done.
 *
 * Knows keys, nonces, command ids and money of one account. Does not verify signatures (the caller does) and does not know what
 * a type means. */
#include <string.h>
#include "ledger/state/books.h"

/* Every signing key is the account's, none twice, and their weights reach the threshold. */
static bool keys_suffice(const struct auth *auth, const struct tx *tx)
{
	uint32_t weight = 0, used = 0;
	for (size_t i = 0; i < tx->nsig; i++) {
		size_t k = 0;
		while (k < auth->n && memcmp(auth->key[k].pk, tx->sig[i].pk, 32) != 0)
			k++;
		if (k == auth->n || (used & 1u << k))
			return false;
		used |= 1u << k;
		weight += auth->key[k].weight;
	}
	return weight >= auth->threshold;
}

static enum verdict admit_account(const struct part *p, const struct tx *tx, uint64_t behind)
{
	const struct account *a = account_find(p, &tx->sender);
	if (!a)
		return p->lane ? V_MOVING : V_NO_ACCOUNT; /* chain 0 has none: nobody of that address anywhere */
	if (tx->nonce != a->nonce + behind)
		return V_BAD_NONCE;
	return keys_suffice(a->auth, tx) ? V_OK : V_BAD_SIGNATURE;
}

static const struct party *party_of(const struct lease *l, const struct address *a)
{
	for (size_t i = 0; i < PARTIES; i++)
		if (address_eq(&l->party[i].address, a))
			return &l->party[i];
	return NULL;
}

static enum verdict admit_party(const struct part *p, const struct tx *tx, uint64_t behind)
{
	const struct lease *l = lease_find(p, &tx->scope);
	if (!l)
		return V_NO_LEASE;
	const struct party *y = party_of(l, &tx->sender);
	if (!y || id_is_zero((const struct id *)&tx->sender))
		return V_NOT_PARTY;
	if (tx->nonce != y->seq + behind)
		return V_BAD_NONCE;
	return tx->nsig == 1 && memcmp(tx->sig[0].pk, y->op_pk, 32) == 0 ? V_OK : V_BAD_SIGNATURE;
}

/* The lane that decides: a sender's home, or the lane in an instance's name; 0: there is none. */
static uint8_t tx_lane(const struct state *s, const struct tx *tx)
{
	if (!tx_type_instance(tx->type))
		return home_of(s, &tx->sender);
	return tx->scope.b[0] < CHAINS ? tx->scope.b[0] : 0;
}

static enum verdict admit_shape(const struct state *s, const struct tx *tx, uint64_t height)
{
	if (!tx_type_known(tx->type))
		return V_UNKNOWN_TYPE;
	if (tx->chain_id != s->genesis.chain_id)
		return V_WRONG_CHAIN;
	if (tx->valid_until < height)
		return V_EXPIRED;
	return tx_type_instance(tx->type) == id_is_zero(&tx->scope) ? V_MALFORMED : V_OK;
}

/* behind: so many of the same line come before it. */
static enum verdict admit_in(const struct state *s, uint8_t lane, const struct tx *tx, uint64_t height, uint64_t behind)
{
	enum verdict v = admit_shape(s, tx, height);
	uint8_t where = tx_lane(s, tx);
	if (v != V_OK)
		return v;
	if (where && where != lane)
		return V_MOVING;
	return tx_type_instance(tx->type) ? admit_party(&s->part[where], tx, behind) : admit_account(&s->part[where], tx, behind);
}

enum verdict state_admit_here(const struct state *s, uint8_t lane, const struct tx *tx, uint64_t height)
{
	return admit_in(s, lane, tx, height, 0);
}

enum verdict state_admit_behind(const struct state *s, const struct tx *tx, uint64_t height, uint64_t behind, uint8_t *lane)
{
	*lane = tx_lane(s, tx);
	return admit_in(s, *lane, tx, height, behind);
}

enum verdict state_admit(const struct state *s, const struct tx *tx, uint64_t height, uint8_t *lane)
{
	return state_admit_behind(s, tx, height, 0, lane);
}

uint64_t state_nonce(const struct state *s, const struct address *a, bool *exists)
{
	uint8_t home = home_of(s, a);
	const struct account *found = home ? account_find(&s->part[home], a) : NULL;
	*exists = home != 0;
	return found ? found->nonce : 0;
}

static const struct party *party_named(const struct state *s, const struct id *instance, const struct address *a)
{
	uint8_t at = instance->b[0];
	const struct lease *l = at >= 1 && at < CHAINS ? lease_find(&s->part[at], instance) : NULL;
	return l ? party_of(l, a) : NULL;
}

bool state_party_nonce(const struct state *s, const struct id *instance, const struct address *a, uint64_t *seq)
{
	const struct party *y = party_named(s, instance, a);
	if (!y)
		return false;
	*seq = y->seq;
	return true;
}

bool state_party_key(const struct state *s, const struct id *instance, const struct address *a, uint8_t pk[32])
{
	const struct party *y = party_named(s, instance, a);
	if (!y)
		return false;
	memcpy(pk, y->op_pk, sizeof(y->op_pk));
	return true;
}

/* --- the purse --- */

struct purse purse_open(const struct act *t)
{
	struct purse u = {.balance = t->a->balance, .orders = t->a->orders};
	if (t->a->vesting) {
		u.balance = vesting_spendable(t->a->vesting, t->a->balance, t->s->time_ms);
		money_sub(t->a->balance, u.balance, &u.locked);
	}
	return u;
}

/* Command ids were entered as they were checked; those of a refused transaction are taken out again. */
void purse_close(struct purse *u, const struct act *t, bool done)
{
	struct purse_node *n, *next;
	HASH_ITER (hh, u->nodes, n, next) {
		HASH_DEL(u->nodes, n);
		free(n);
	}
	struct purse_token *k, *after;
	HASH_ITER (hh, u->tokens, k, after) {
		HASH_DEL(u->tokens, k);
		free(k);
	}
	for (size_t i = 0; i < u->ncids; i++) {
		if (done) {
			part_touch(t->p, REC_CID, &u->cids[i]->key, sizeof u->cids[i]->key);
			continue;
		}
		cid_drop(t->p, u->cids[i]);
	}
	free(u->cids);
}

enum verdict purse_spend(struct purse *u, struct money amount)
{
	struct money all = u->balance;
	if (money_take(&u->balance, amount))
		return V_OK;
	return money_add(all, u->locked, &all) && money_cmp(amount, all) <= 0 ? V_UNVESTED : V_NO_FUNDS;
}

enum verdict purse_deposit(struct purse *u, struct money amount)
{
	return money_take(&u->balance, amount) ? V_OK : V_DEPOSIT_SHORT;
}

enum verdict purse_spend_token(struct purse *u, const struct act *t, uint32_t token, struct money amount)
{
	struct purse_token *k;
	if (token == 0)
		return purse_spend(u, amount);
	HASH_FIND(hh, u->tokens, &token, sizeof token, k);
	if (!k) {
		const struct holding *h = holding_find(t->p, &t->a->address, token);
		k = books_alloc(sizeof *k);
		k->token = token;
		k->left = h ? h->amount : money_of(0);
		HASH_ADD(hh, u->tokens, token, sizeof k->token, k);
	}
	return money_take(&k->left, amount) ? V_OK : V_NO_FUNDS;
}

enum verdict purse_send(struct purse *u, const struct act *t, uint8_t dst)
{
	return t->p->out[dst].from_tx + ++u->sent[dst] > OUTBOX_TX_MAX ? V_BUSY : V_OK;
}

enum verdict purse_cid(struct purse *u, const struct act *t, const struct cid *cid)
{
	struct cid_key key = {t->a->address, *cid};
	struct cid_seen *c;
	HASH_FIND(hh, t->p->cids, &key, sizeof key, c);
	if (c && c->time_ms + CID_KEEP_MS > t->s->time_ms)
		return V_DUPLICATE;
	if (c) { /* a day old, and not yet forgotten */
		part_touch(t->p, REC_CID, &key, sizeof key);
		cid_drop(t->p, c);
	}
	if (t->a->cids >= CIDS_PER_ACCOUNT)
		return V_TOO_MANY;
	c = cid_add(t->p, &key, t->s->time_ms);
	u->cids = books_array(u->cids, &u->cap_cids, u->ncids + 1, sizeof *u->cids);
	u->cids[u->ncids++] = c;
	return V_OK;
}

struct resources *purse_free(struct purse *u, const struct act *t, const struct id *node)
{
	struct purse_node *n;
	HASH_FIND(hh, u->nodes, node, sizeof *node, n);
	if (n)
		return &n->free;
	const struct node *real = node_find(t->p, node);
	if (!real || !address_eq(&real->f.owner, &t->a->address))
		return NULL;
	n = books_alloc(sizeof *n);
	n->node = *node;
	n->free = real->f.free;
	HASH_ADD(hh, u->nodes, node, sizeof n->node, n);
	return &n->free;
}

/* --- what every apply does --- */

void act_pay(const struct act *t, struct money amount, enum pay_kind kind, const struct address *other, const struct id *object,
    const char *memo)
{
	if (!money_take(&t->a->balance, amount))
		books_fatal("a checked payment does not hold");
	if (money_is_zero(amount))
		return;
	struct pay_line line = {.kind = kind, .account = t->a->address, .amount = amount, .object = *object, .memo = memo};
	if (other)
		line.other = *other;
	fact_pay_emit(t->s, t->p, &line);
}

struct id order_id(const struct id *txid, uint32_t index)
{
	uint8_t buf[36];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	put_id(&w, txid);
	put_u32(&w, index);
	return hash_of("zeus/ord", buf, w.len);
}

/* --- SET_KEY, SET_AUTH --- */

enum verdict key_check(const struct act *t)
{
	static const uint8_t none[32];
	return memcmp(t->tx->u.set_key.x25519, none, 32) == 0 ? V_BAD_KEY : V_OK;
}

void key_apply(const struct act *t)
{
	memcpy(t->a->x25519, t->tx->u.set_key.x25519, 32);
}

/* Whether these keys can sign at all only their owner can know; none of them is the key that nobody has. */
enum verdict auth_check(const struct act *t)
{
	static const uint8_t none[32];
	const struct auth *auth = &t->tx->u.set_auth.auth;
	return memcmp(auth->key[0].pk, none, 32) == 0 ? V_BAD_KEY : V_OK; /* ascending: only the first could be that */
}

/* From here on, in this block too, the old keys sign nothing of the account's. Leases keep the key that they were opened with. */
void auth_apply(const struct act *t)
{
	account_keys(t->a, &t->tx->u.set_auth.auth);
}
