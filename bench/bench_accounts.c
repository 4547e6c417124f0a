/* Row m, first half: fills a ledger that nobody has open with accounts, by OPEN transactions in blocks that are sealed and committed.
 *
 * It knows the archive and its keys. The signatures of the transactions are noise: a start does not look at them (zeus-ledger --verify
 * would). It does not know the daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "bench/world.h"
#include "common/text.h"
#include "ledger/archive.h"
#include "ledger/keystore.h"

#define UID_BASE 100000u
#define PAYERS 60u            /* accounts that row_m.sh gives to --init */
#define ROUND_OPENS 12000u    /* less than what the payers of one lane may send to chain 0 in a round */
#define STEP_MS 5

static const struct keypair *node_key;

static void commit(struct archive *a, struct pending_tx **list, size_t n, uint64_t time_ms)
{
	struct block *b;
	if (round_form(a->chain, time_ms, 0, list, n, &b) < 0 || archive_commit(a, b, node_key) < 0)
		measure_fail("a block could not be made");
	for (size_t i = 0; i < n; i++)
		if (list[i]->lane == 255 || list[i]->status != V_OK)
			measure_fail("an account was refused: %s", verdict_text(list[i]->status));
	block_free(b);
}

static void open_some(struct archive *a, struct world *w, struct pending_tx *p, struct pending_tx **list, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t pk[32];
		world_pk(first + i, pk);
		struct tx tx = {.type = TX_OPEN, .u.open = {.auth = sign_auth_single(pk), .amount = money_of(1000)}};
		world_tx(w, (uint32_t)i % PAYERS, &tx, &tx.u.open.cid, &p[i]);
		list[i] = &p[i];
	}
	commit(a, list, n, chain_tip(a->chain).time_ms + STEP_MS);
	pending_drop(p, n);
}

static void payers(struct world *w, struct archive *a, const struct keystore *k)
{
	w->g = *a->genesis;
	for (w->n = 0; w->n < PAYERS; w->n++) {
		bool exists;
		const struct keypair *key = keystore_key(k, UID_BASE + w->n);
		if (!key || !keystore_address(k, UID_BASE + w->n, &w->who[w->n]))
			measure_fail("there is no key for %u", UID_BASE + w->n);
		memcpy(w->pk[w->n], key->pk, sizeof w->pk[0]);
		w->nonce[w->n] = state_nonce(a->state, &w->who[w->n], &exists);
	}
}

int main(int argc, char **argv)
{
	static struct world w;
	struct archive *a;
	struct keystore *k;
	char why[256] = "";
	uint64_t count;
	if (argc != 4 || !text_u64(argv[3], 100000000, &count))
		measure_fail("usage: bench_accounts DATABASE KEYS COUNT");
	if (sign_init() < 0 || keystore_open(argv[2], false, &k, why) < 0 || archive_open(argv[1], &a, why) < 0)
		measure_fail("%s", why);
	node_key = keystore_key(k, KEYSTORE_NODE);
	payers(&w, a, k);
	struct pending_tx *p = calloc(ROUND_OPENS, sizeof *p), **list = calloc(ROUND_OPENS, sizeof *list);
	if (!p || !list)
		measure_fail("no memory");
	for (uint64_t i = 0; i < count; i += ROUND_OPENS)
		open_some(a, &w, p, list, i, count - i < ROUND_OPENS ? count - i : ROUND_OPENS);
	for (int i = 0; i < 3; i++)
		commit(a, NULL, 0, chain_tip(a->chain).time_ms + STEP_MS);
	commit(a, NULL, 0, chain_tip(a->chain).time_ms + CID_KEEP_MS + 60000); /* a day later, when the command ids are forgotten */
	free(p);
	free(list);
	archive_close(a);
	keystore_close(k);
	return 0;
}
