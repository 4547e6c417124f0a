/* The rig of tests/round_rig.h.
 *
 * Knows how to sign and how a chain begins. Does not know what a test does with it. */
#include "tests/round_rig.h"
#include "ledger/crypto/hash.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

void world_open(struct world *w, int people)
{
	ck_assert_int_eq(sign_init(), 0);
	memset(w, 0, sizeof *w);
	genesis_local(&w->g);
	w->g.time_ms = 1000;
	w->g.free_wu = 180000; /* some run out of it */
	w->people = people;
	for (int i = 0; i < people; i++) {
		sign_keypair_new(&w->key[i]);
		struct auth a = sign_auth_single(w->key[i].pk);
		w->who[i] = sign_address(&a);
		*genesis_account_add(&w->g) = (struct genesis_account){.auth = a, .amount = money_of(1000)};
	}
	w->genesis = genesis_hash(&w->g);
}

struct stored stored_of(const struct block *b)
{
	struct slice bytes = block_bytes(b);
	struct stored kept = {malloc(bytes.len), bytes.len};
	memcpy(kept.p, bytes.p, bytes.len);
	return kept;
}

struct stored world_begin(struct world *w)
{
	struct block *b;
	ck_assert_int_eq(state_new(&w->g, &w->s), V_OK);
	w->c = chain_new(w->s, &w->g);
	ck_assert_int_eq(round_genesis(w->c, &b), 0);
	struct stored kept = stored_of(b);
	block_free(b);
	return kept;
}

void world_end(struct world *w)
{
	chain_free(w->c);
	state_free(w->s);
}

void world_send(struct world *w, int from, struct tx *tx, struct pending_tx *p)
{
	size_t cap = TX_BATCH_BODY_MAX + 1024;
	uint8_t *bytes = malloc(cap);
	struct wbuf b = wbuf_on(bytes, cap);
	sign_tx(&w->key[from], &w->genesis, tx, &b);
	ck_assert(!b.bad);
	p->bytes = (struct slice){realloc(bytes, b.len), b.len};
	ck_assert_int_eq(tx_get(p->bytes, &p->tx, &p->signed_len), V_OK);
	p->txid = hash_of("zeus/txid", p->bytes.p, p->signed_len);
}

void world_pay(struct world *w, int from, int to, uint64_t nonce, uint32_t serial, struct pending_tx *p)
{
	struct tx tx = {.type = TX_TRANSFER, .chain_id = w->g.chain_id, .sender = w->who[from], .nonce = nonce, .valid_until = 1000};
	memcpy(tx.u.transfer.cid.b, &serial, sizeof serial);
	tx.u.transfer.to = w->who[to < 0 ? 0 : to];
	if (to < 0)
		tx.u.transfer.to.b[0] ^= 0xff;
	tx.u.transfer.amount = money_of(1);
	world_send(w, from, &tx, p);
}

void pending_free(struct pending_tx *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)p[i].bytes.p);
}
