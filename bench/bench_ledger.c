/* Rows 1a, 1b and 10: transfers through a running ledger, from the socket to the answer after the durable block.
 *
 * It knows how much of which load to send, and against what it is compared: libsodium's plain verify, or the rates of PostgreSQL that
 * row_10.sh measured. It does not know the ledger's inside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/verifier.h"

#define ROUNDS 5u
#define SINGLES 12000u        /* a round's transfers when each has its own signature */
#define SINGLE_WINDOW 1000u   /* the ledger allows 1024 of one client, and 4096 in all */
#define SINGLE_BYTES 214      /* that the signature of one transfer covers, tag and genesis included */
#define WAIT_MAX_NS 5e6       /* for an answer: what is wanted of the slowest hundredth */
#define PARTS 900u            /* transfers in a batch: as many as fit into one message */
#define BATCHES 128u          /* a round's batches */
#define BATCH_WINDOW 8u
#define HOT_WINDOW 4u         /* OUTBOX_TX_MAX: of all unanswered batches, four at most come from one lane */

static_assert(4 * PARTS <= OUTBOX_TX_MAX, "batches that all pay one account fit into a round");

struct series { double rate[ROUNDS], peer[ROUNDS], ratio[ROUNDS], verify_ns[ROUNDS], ledger_ns[ROUNDS], client_ns[ROUNDS]; };

/* Rounds of the plan; before each, libsodium. Rates are transfers a second. */
static void series_run(struct load *l, const struct load_plan *plan, pid_t pid, bool beside, struct series *out)
{
	double ops = (double)plan->n * plan->parts;
	memset(out, 0, sizeof *out);
	load_sign(l, plan);
	for (uint32_t r = 0; r < plan->rounds; r++) {
		out->peer[r] = beside ? verifier_rate(SINGLE_BYTES, &out->verify_ns[r]) : 1;
		double client = (double)measure_cpu_ns(), ledger = measure_process_ns(pid);
		out->rate[r] = ops * 1e9 / (double)load_round(l, r);
		out->client_ns[r] = ((double)measure_cpu_ns() - client) / ops;
		out->ledger_ns[r] = (measure_process_ns(pid) - ledger) / ops;
		out->ratio[r] = out->rate[r] / out->peer[r];
	}
}

static void row_verify(const char *key, struct series *s)
{
	char measured[64], other[64];
	snprintf(measured, sizeof measured, "%.0f tx/s", measure_median(s->rate, ROUNDS));
	snprintf(other, sizeof other, "%.0f verify/s", measure_median(s->peer, ROUNDS));
	measure_row(key, measured, other, measure_median(s->ratio, ROUNDS));
	double ledger = measure_quantile(s->ledger_ns, ROUNDS, 0), client = measure_quantile(s->client_ns, ROUNDS, 0);
	double verify = measure_quantile(s->verify_ns, ROUNDS, 0);
	measure_note(key, "%d cores, client included; ratio %.2f to %.2f in %u rounds", measure_cpus(),
	    measure_quantile(s->ratio, ROUNDS, 0), measure_quantile(s->ratio, ROUNDS, 1), ROUNDS);
	measure_note(key, "least processor time of a transfer: ledger %.1f us, client %.1f us; of a verification %.1f us; ratio %.2f",
	    ledger / 1e3, client / 1e3, verify / 1e3, verify / (ledger + client));
}

static const struct load_plan single = {.rounds = ROUNDS, .n = SINGLES, .parts = 1, .window = SINGLE_WINDOW};
static const struct load_plan batch = {.rounds = ROUNDS, .n = BATCHES, .parts = PARTS, .window = BATCH_WINDOW};

/* The same load, offered at shares of what was measured, whether answers come or not: how long the slowest hundredth waits. The answer
 * comes after the block is durable. */
static void offered(struct load *l, const char *key, const struct load_plan *plan, double capacity)
{
	static const unsigned percent[] = {10, 50, 100};
	static double late[SINGLES];
	struct load_plan p = *plan;
	p.rounds = sizeof percent / sizeof percent[0];
	load_sign(l, &p);
	for (uint32_t r = 0; r < p.rounds; r++) {
		char name[32], measured[64], other[64];
		double rate = capacity * percent[r] / 100, ns = (double)load_paced(l, r, rate, late);
		double p99 = measure_quantile(late, p.n, 0.99);
		snprintf(name, sizeof name, "%s-%u", key, percent[r]);
		snprintf(measured, sizeof measured, "%.1f ms", p99 / 1e6);
		snprintf(other, sizeof other, "%.0f tx/s", rate);
		measure_row(name, measured, other, p99 / WAIT_MAX_NS);
		measure_note(name, "carried %.0f tx/s; the median waits %.1f ms, the longest %.1f ms", (double)p.n * p.parts * 1e9 / ns,
		    measure_median(late, p.n) / 1e6, measure_quantile(late, p.n, 1) / 1e6);
	}
}

static void row_rate(const char *key, double ours, double peer, const char *unit)
{
	char measured[64], other[64];
	snprintf(measured, sizeof measured, "%.0f tx/s", ours);
	snprintf(other, sizeof other, "%.0f %s", peer, unit);
	measure_row(key, measured, other, ours / peer);
}

/* Settlement: batches to many accounts and to one, beside PostgreSQL's two rates; and one signature a transfer. */
static void settlement(struct load *l, pid_t pid, double postgres, double postgres_hot)
{
	struct series s;
	struct load_plan spread = batch, hot;
	spread.window = HOT_WINDOW;
	spread.n = BATCHES / 2;
	hot = spread;
	hot.hot = true;
	series_run(l, &spread, pid, false, &s);
	double even = measure_median(s.rate, ROUNDS);
	series_run(l, &hot, pid, false, &s);
	double one = measure_median(s.rate, ROUNDS);
	series_run(l, &single, pid, false, &s);
	double each = measure_median(s.rate, ROUNDS);
	row_rate("10-hot", one, even, "tx/s, evenly");
	if (postgres <= 0)
		return;
	row_rate("10-batch", even, postgres, "tx/s");
	row_rate("10-single", each, postgres, "tx/s");
	measure_note("10-hot", "PostgreSQL: %.0f tx/s, of which one account is in every one %.0f tx/s (%.2f)", postgres, postgres_hot,
	    postgres_hot / postgres);
}

int main(int argc, char **argv)
{
	static struct load l;
	struct series s;
	if (argc != 5 && argc != 7)
		measure_fail("usage: bench_ledger SOCKET KEYS PID 1a|1b|10 [POSTGRES POSTGRES_HOT]");
	pid_t pid = (pid_t)strtol(argv[3], NULL, 10);
	load_open(&l, argv[1], argv[2]);
	if (strcmp(argv[4], "10") == 0) {
		settlement(&l, pid, strtod(argc == 7 ? argv[5] : "0", NULL), strtod(argc == 7 ? argv[6] : "0", NULL));
	} else {
		bool batched = strcmp(argv[4], "1a") == 0;
		series_run(&l, batched ? &batch : &single, pid, true, &s);
		row_verify(argv[4], &s);
		if (batched)
			measure_note(argv[4], "%u transfers to a signature", PARTS);
		offered(&l, argv[4], batched ? &batch : &single, measure_median(s.rate, ROUNDS));
	}
	load_close(&l);
	return 0;
}
