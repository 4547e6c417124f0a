/* Row 11: how many transfers cross between lanes in a workload with communities, against placing accounts by hash.
 *
 * It knows who pays whom. It does not know how accounts are placed: it asks the books for each account's lane as time goes by, and how long
 * they take to answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "bench/world.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/sign.h"
#include "ledger/state/books.h"

#define COMMUNITIES 45u
#define MEMBERS 40u           /* opened by their community's founder */
#define PEOPLE (COMMUNITIES * MEMBERS)
#define LOCAL_PERCENT 90      /* transfers within the community */
#define ROUNDS 300u
#define ROUND_TXS 600u
#define ROUND_MS 60000u       /* header time between rounds: the run is five hours of it */
#define PLACEMENTS 100000u
#define COUNTED (ROUNDS / 3)  /* the last third */

struct person { uint8_t pk[32]; struct address address; uint64_t nonce; };
struct town { struct world w; struct person person[PEOPLE]; };
struct count { uint64_t all, crossing, by_hash, lane[CHAINS], hashed[CHAINS]; };

/* The lane on which the person's next transaction would be admitted; 0: nowhere just now. */
static uint8_t lane_of_person(const struct town *t, const struct person *p)
{
	struct tx tx = {.type = TX_TRANSFER, .chain_id = t->w.g.chain_id, .sender = p->address, .valid_until = UINT64_MAX, .nsig = 1};
	bool exists;
	uint8_t lane = 0;
	memcpy(tx.sig[0].pk, p->pk, sizeof p->pk);
	tx.nonce = state_nonce(t->w.s, &p->address, &exists);
	return exists && state_admit(t->w.s, &tx, chain_tip(t->w.c).height + 1, &lane) == V_OK ? lane : 0;
}

static uint8_t lane_by_hash(const struct address *a)
{
	return (uint8_t)(1 + (a->b[0] | a->b[1] << 8) % LANES);
}

static void round_of(struct town *t, struct pending_tx *p, size_t n, bool all)
{
	static struct pending_tx *list[ROUND_TXS];
	struct block *b;
	for (size_t i = 0; i < n; i++)
		list[i] = &p[i];
	if (round_form(t->w.c, chain_tip(t->w.c).time_ms + ROUND_MS, 0, list, n, &b) < 0)
		measure_fail("the chains do not sum to the supply");
	for (size_t i = 0; all && i < n; i++)
		if (p[i].lane == 255 || p[i].status != V_OK)
			measure_fail("a transaction was refused: %s", verdict_text(p[i].status));
	block_free(b);
	pending_drop(p, n);
}

/* Each founder opens its members' accounts, MEMBERS / 2 in a round. */
static void settle_people(struct town *t, struct pending_tx *p)
{
	size_t n = 0;
	for (uint32_t i = 0; i < PEOPLE; i++) {
		struct person *q = &t->person[i];
		world_pk(1000000 + i, q->pk);
		struct auth a = sign_auth_single(q->pk);
		q->address = sign_address(&a);
		struct tx tx = {.type = TX_OPEN, .u.open = {.auth = a, .amount = money_of(1000000000)}};
		world_tx(&t->w, i % COMMUNITIES, &tx, &tx.u.open.cid, &p[n++]);
		if (n == ROUND_TXS || i + 1 == PEOPLE) {
			round_of(t, p, n, true);
			n = 0;
		}
	}
	for (int i = 0; i < 4; i++)
		round_of(t, p, 0, true);
}

/* Person i belongs to community i % COMMUNITIES. */
static uint32_t partner(uint32_t from)
{
	for (;;) {
		uint32_t to = (uint32_t)((unsigned)rand() % PEOPLE);
		if (rand() % 100 < LOCAL_PERCENT)
			to = to / COMMUNITIES * COMMUNITIES + from % COMMUNITIES;
		if (to != from)
			return to;
	}
}

static void pay(struct town *t, struct person *from, const struct person *to, struct pending_tx *p)
{
	struct tx tx = {.type = TX_TRANSFER, .u.transfer = {.to = to->address, .amount = money_of(1)}};
	struct world *w = &t->w;
	w->who[WORLD_ACCOUNTS - 1] = from->address; /* the world's last place stands for whoever pays now */
	w->nonce[WORLD_ACCOUNTS - 1] = from->nonce;
	memcpy(w->pk[WORLD_ACCOUNTS - 1], from->pk, sizeof from->pk);
	world_tx(w, WORLD_ACCOUNTS - 1, &tx, &tx.u.transfer.cid, p);
}

static void count_one(struct count *c, const struct person *from, const struct person *to, uint8_t here, uint8_t there)
{
	uint8_t h = lane_by_hash(&from->address);
	c->all++;
	c->crossing += here != there;
	c->by_hash += h != lane_by_hash(&to->address);
	c->lane[here]++;
	c->hashed[h]++;
}

/* An account that moves between lanes takes nothing for a round: whoever pays then is asked again later. */
static void one_round(struct town *t, struct pending_tx *p, struct count *c, bool counted)
{
	static bool busy[PEOPLE];
	size_t n = 0;
	memset(busy, 0, sizeof busy);
	for (uint32_t tries = 0; n < ROUND_TXS && tries < 16 * PEOPLE; tries++) {
		uint32_t from = (uint32_t)((unsigned)rand() % PEOPLE), to = partner(from);
		struct person *a = &t->person[from], *b = &t->person[to];
		uint8_t here = busy[from] ? 0 : lane_of_person(t, a), there = here ? lane_of_person(t, b) : 0;
		busy[from] = true;
		if (!here)
			continue;
		bool exists;
		a->nonce = state_nonce(t->w.s, &a->address, &exists);
		pay(t, a, b, &p[n++]);
		if (counted && there)
			count_one(c, a, b, here, there);
	}
	round_of(t, p, n, false);
}

static double spread(const uint64_t *lane)
{
	uint64_t sum = 0, most = 0;
	for (int i = 1; i < CHAINS; i++) {
		sum += lane[i];
		most = lane[i] > most ? lane[i] : most;
	}
	return (double)most * LANES / (double)sum;
}

/* Processor time of one decision, with loads and weights as they come. */
static double placement_ns(void)
{
	static uint32_t aff[PLACEMENTS][LANES], population[CHAINS];
	struct place l = {.known = true, .cap_ppm = 1250000, .accounts = PEOPLE};
	volatile uint32_t chosen = 0;
	for (size_t i = 0; i < PLACEMENTS * LANES; i++)
		aff[i / LANES][i % LANES] = rand() % 3 ? 0 : (uint32_t)rand() % 65536;
	for (uint8_t lane = 1; lane < CHAINS; lane++)
		l.sum += l.load[lane] = 1000000 + (uint64_t)rand() % 400000;
	uint64_t start = measure_cpu_ns();
	for (uint32_t i = 0; i < PLACEMENTS; i++) {
		uint8_t lane = place_account(&l, population, aff[i], (uint8_t)(1 + i % LANES));
		place_took(&l, lane);
		population[lane]++;
		chosen += lane;
	}
	return (double)(measure_cpu_ns() - start) / PLACEMENTS;
}

int main(void)
{
	static struct town t;
	struct count c = {.all = 0};
	struct pending_tx *p = calloc(ROUND_TXS, sizeof *p);
	char measured[64], peer[64];
	if (!p)
		measure_fail("no memory");
	srand(11);
	world_open(&t.w, COMMUNITIES, 100000000000000);
	settle_people(&t, p);
	for (uint32_t r = 0; r < ROUNDS; r++)
		one_round(&t, p, &c, r >= ROUNDS - COUNTED);
	double crossing = (double)c.crossing / (double)c.all, hashed = (double)c.by_hash / (double)c.all;
	snprintf(measured, sizeof measured, "%.1f %% cross", 100 * crossing);
	snprintf(peer, sizeof peer, "%.1f %% by hash", 100 * hashed);
	measure_row("11", measured, peer, hashed / crossing);
	snprintf(measured, sizeof measured, "%.2f max/mean", spread(c.lane));
	snprintf(peer, sizeof peer, "%.2f by hash", spread(c.hashed));
	measure_row("11-load", measured, peer, spread(c.lane));
	measure_note("11", "%u communities of %u, %d %% of the transfers inside; the last %u of %u rounds of %u", COMMUNITIES, MEMBERS,
	    LOCAL_PERCENT, COUNTED, ROUNDS, ROUND_TXS);
	measure_note("11", "%llu moves; %.0f ns for the decision where a new account goes",
	    (unsigned long long)state_traffic(t.w.s, 0).moved, placement_ns());
	free(p);
	world_close(&t.w);
	return 0;
}
