/* Rows 1c and 3: rounds of transfers in memory, formed and carried out again, against libsodium's plain verify on one processor.
 *
 * It knows the chains' library and a clock. It does not know sockets or disks; signatures are not looked at in a round. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "bench/world.h"
#include "ledger/workers.h"

#define ROUNDS 15u
#define BLOCK_TXS 1980u       /* a multiple of nine, below BLOCK_TX_MAX */
#define ACCOUNTS 252u         /* 28 on each lane */
#define VERIFIES 2000u
#define MESSAGE 214           /* bytes that a transfer's signature covers */

struct times { double form[ROUNDS], apply[ROUNDS], verify[ROUNDS]; };

/* Processor time of one libsodium verification. */
static double verify_ns(void)
{
	uint8_t pk[32], sk[64], sig[64], message[MESSAGE] = {0};
	crypto_sign_keypair(pk, sk);
	crypto_sign_detached(sig, NULL, message, sizeof message, sk);
	uint64_t start = measure_cpu_ns();
	for (uint32_t i = 0; i < VERIFIES; i++)
		if (crypto_sign_verify_detached(sig, message, sizeof message, pk) != 0)
			measure_fail("libsodium refuses its own signature");
	return (double)(measure_cpu_ns() - start) / VERIFIES;
}

/* Senders of one lane, or of nine; each pays somebody `away` lanes further. */
static void load_make(struct world *w, struct pending_tx *p, uint32_t lanes, uint32_t away)
{
	for (uint32_t i = 0; i < BLOCK_TXS; i++) {
		uint32_t from = i % lanes + LANES * (i / lanes % (ACCOUNTS / LANES));
		uint32_t to = (from + LANES + away) % ACCOUNTS;
		world_transfer(w, from, &w->who[to], &p[i]);
	}
}

/* Processor time of a transaction, in forming (and carrying out again, if there is a twin). */
static void round_times(struct world *w, struct world *twin, struct pending_tx *p, double *form, double *apply)
{
	char why[256] = "";
	struct block *b, *again;
	uint64_t start = measure_cpu_ns();
	b = world_round(w, p, BLOCK_TXS);
	*form = (double)(measure_cpu_ns() - start) / BLOCK_TXS;
	if (twin) {
		start = measure_cpu_ns();
		if (round_apply(twin->c, block_bytes(b), &again, why) < 0)
			measure_fail("%s", why);
		*apply = (double)(measure_cpu_ns() - start) / BLOCK_TXS;
		block_free(again);
	}
	block_free(b);
	pending_drop(p, BLOCK_TXS);
}

static void row(const char *key, double ns, double peer_ns, const char *unit, double ratio)
{
	char measured[64], peer[64];
	snprintf(measured, sizeof measured, "%.0f tx/s", 1e9 / ns);
	snprintf(peer, sizeof peer, "%.0f %s", 1e9 / peer_ns, unit);
	measure_row(key, measured, peer, ratio);
}

static void replay(struct pending_tx *p)
{
	static struct world w, twin;
	struct times t;
	double ratio[ROUNDS];
	world_open(&w, ACCOUNTS, 1000000);
	world_twin(&twin, &w);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		load_make(&w, p, LANES, 1);
		round_times(&w, &twin, p, &t.form[i], &t.apply[i]);
		t.verify[i] = verify_ns();
		ratio[i] = t.verify[i] / t.apply[i];
	}
	double form = measure_median(t.form, ROUNDS), apply = measure_median(t.apply, ROUNDS);
	double verify = measure_median(t.verify, ROUNDS);
	row("1c", apply, verify, "verify/s", measure_median(ratio, ROUNDS));
	measure_note("1c", "processor time: carried out again %.1f us, formed %.1f us, verify %.1f us; ratio %.1f to %.1f, %u blocks of %u",
	    apply / 1e3, form / 1e3, verify / 1e3, measure_quantile(ratio, ROUNDS, 0), measure_quantile(ratio, ROUNDS, 1), ROUNDS,
	    BLOCK_TXS);
	char share[64];
	snprintf(share, sizeof share, "%.1f us", form / 1e3);
	measure_row("3-share", share, "form + verify", form / (form + verify));
	world_close(&twin);
	world_close(&w);
}

/* Wall time of a transfer, of the same number of them in some lanes. */
static double form_wall_ns(struct world *w, struct pending_tx *p, uint32_t lanes)
{
	load_make(w, p, lanes, 0);
	uint64_t start = measure_now_ns();
	struct block *b = world_round(w, p, BLOCK_TXS);
	double ns = (double)(measure_now_ns() - start) / BLOCK_TXS;
	block_free(b);
	pending_drop(p, BLOCK_TXS);
	return ns;
}

/* One lane alone against nine, with the threads that a ledger takes by itself; then nine with 1, 2 and 9 threads. */
static void lanes(struct pending_tx *p)
{
	static const unsigned threads[] = {0, 1, 2, LANES};
	enum { TRIES = sizeof threads / sizeof threads[0] };
	static struct world w;
	static double one[ROUNDS], nine[TRIES][ROUNDS];
	double ratio[ROUNDS], rate[TRIES];
	struct workers *workers[TRIES];
	world_open(&w, ACCOUNTS, 1000000);
	for (int t = 0; t < TRIES; t++)
		workers[t] = workers_new(threads[t]);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		chain_set_workers(w.c, workers[0]);
		one[i] = form_wall_ns(&w, p, 1);
		for (int t = 0; t < TRIES; t++) {
			chain_set_workers(w.c, workers[t]);
			nine[t][i] = form_wall_ns(&w, p, LANES);
		}
		ratio[i] = one[i] / nine[0][i];
	}
	for (int t = 0; t < TRIES; t++)
		rate[t] = 1e9 / measure_quantile(nine[t], ROUNDS, 0);
	row("3-lanes", measure_median(nine[0], ROUNDS), measure_median(one, ROUNDS), "tx/s", measure_median(ratio, ROUNDS));
	measure_note("3-lanes", "%d cores; best of %u blocks: nine lanes %.0f tx/s with 1 thread, %.0f with 2, %.0f with 9; one lane %.0f",
	    measure_cpus(), ROUNDS, rate[1], rate[2], rate[3], 1e9 / measure_quantile(one, ROUNDS, 0));
	chain_set_workers(w.c, NULL);
	for (int t = 0; t < TRIES; t++)
		workers_free(workers[t]);
	world_close(&w);
}

int main(void)
{
	struct pending_tx *p = calloc(BLOCK_TXS, sizeof *p);
	if (!p)
		measure_fail("no memory");
	replay(p);
	lanes(p);
	free(p);
	return 0;
}
