/* Books and chains in memory for measurements.
 *
 * It knows how transactions are made and put into a round. It does not know clocks or what is measured. */
#include "bench/world.h"
#include "bench/measure.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/sign.h"
#include <stdlib.h>
#include <string.h>

#define WORLD_TX_MAX 1024
#define STEP_MS 5

void world_pk(uint64_t i, uint8_t pk[32])
{
	struct id h = hash_of("bench/key", &i, sizeof i);
	memcpy(pk, h.b, 32);
}

static void world_begin(struct world *w)
{
	struct block *b;
	if (state_new(&w->g, &w->s) != V_OK)
		measure_fail("the genesis is not sound");
	w->c = chain_new(w->s, &w->g);
	if (round_genesis(w->c, &b) < 0)
		measure_fail("the first block cannot be formed");
	block_free(b);
}

void world_open(struct world *w, uint32_t n, uint64_t each)
{
	if (sign_init() < 0 || n > WORLD_ACCOUNTS)
		measure_fail("no such world");
	memset(w, 0, sizeof *w);
	genesis_local(&w->g);
	w->g.time_ms = 1000;
	for (w->n = 0; w->n < n; w->n++) {
		world_pk(w->n, w->pk[w->n]);
		struct auth a = sign_auth_single(w->pk[w->n]);
		w->who[w->n] = sign_address(&a);
		struct genesis_account *g = genesis_account_add(&w->g);
		if (!g)
			measure_fail("the genesis is full");
		*g = (struct genesis_account){.auth = a, .amount = money_of(each)};
	}
	w->genesis = genesis_hash(&w->g);
	world_begin(w);
}

void world_twin(struct world *twin, const struct world *w)
{
	*twin = *w;
	world_begin(twin);
}

void world_close(struct world *w)
{
	chain_free(w->c);
	state_free(w->s);
}

void world_tx(struct world *w, uint32_t from, struct tx *tx, struct cid *cid, struct pending_tx *p)
{
	uint8_t *bytes = malloc(WORLD_TX_MAX);
	struct wbuf b = wbuf_on(bytes, bytes ? WORLD_TX_MAX : 0);
	tx->chain_id = w->g.chain_id;
	tx->sender = w->who[from];
	tx->nonce = w->nonce[from]++;
	tx->valid_until = UINT64_MAX;
	tx->nsig = 1;
	w->serial++;
	if (cid)
		memcpy(cid->b, &w->serial, sizeof w->serial);
	memcpy(tx->sig[0].pk, w->pk[from], sizeof tx->sig[0].pk);
	for (size_t i = 0; i < sizeof tx->sig[0].sig; i += sizeof w->serial)
		memcpy(tx->sig[0].sig + i, &w->serial, sizeof w->serial);
	tx_put(&b, tx);
	p->bytes = (struct slice){bytes, b.len};
	if (b.bad || tx_get(p->bytes, &p->tx, &p->signed_len) != V_OK)
		measure_fail("a transaction does not fit");
	p->txid = hash_of("zeus/txid", bytes, p->signed_len);
	p->lane = (uint8_t)(1 + from % LANES);
}

void world_transfer(struct world *w, uint32_t from, const struct address *to, struct pending_tx *p)
{
	struct tx tx = {.type = TX_TRANSFER, .u.transfer = {.to = *to, .amount = money_of(1)}};
	world_tx(w, from, &tx, &tx.u.transfer.cid, p);
}

void pending_drop(struct pending_tx *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)p[i].bytes.p);
}

struct block *world_round(struct world *w, struct pending_tx *p, size_t n)
{
	struct block *b;
	struct pending_tx **list = calloc(n + 1, sizeof *list);
	if (!list)
		measure_fail("no memory");
	for (size_t i = 0; i < n; i++)
		list[i] = &p[i];
	if (round_form(w->c, chain_tip(w->c).time_ms + STEP_MS, 0, list, n, &b) < 0)
		measure_fail("the chains do not sum to the supply");
	free(list);
	for (size_t i = 0; i < n; i++)
		if (p[i].lane == 255 || p[i].status != V_OK)
			measure_fail("a transaction was refused: %s", verdict_text(p[i].status));
	return b;
}
