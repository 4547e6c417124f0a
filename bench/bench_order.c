/* Row order: putting a full lane's transactions into their canonical order, against sorting them by entity and nonce; and what the order
 * is good for: how many hashes prove all transactions of an entity, by the order in which they stand.
 *
 * It knows the books from inside, to fill them with people who deal with each other in groups. The groups are made up: a real market has
 * others. It does not know how a proof is written. */
#include <stdlib.h>
#include <string.h>
#include "bench/measure.h"
#include "ledger/chain/multi.h"
#include "ledger/chain/order.h"
#include "ledger/state/books.h"

#define KEY "order"
#define LANE 1
#define CIRCLE 20              /* who deal with each other four times out of five */
#define HISTORY 25             /* transactions before this block, for each in it */
#define ROUNDS 15

struct crowd { struct state *s; size_t accounts, leases; struct id *id; uint32_t (*party)[2]; }; /* id: accounts, then leases */
struct order_set { struct pending_tx *tx; struct pending_tx **list; size_t n; };

static uint32_t pick(uint32_t n) { return (uint32_t)rand() % n; }

static uint32_t companion(const struct crowd *c, uint32_t who)
{
	uint32_t circle = who / CIRCLE * CIRCLE;
	return pick(5) ? circle + pick(CIRCLE) : pick((uint32_t)c->accounts);
}

static struct id random_id(uint8_t first)
{
	struct id id;
	uint32_t n[2] = {(uint32_t)rand(), (uint32_t)rand()};
	id = hash_of("bench", n, sizeof n);
	if (first)
		id.b[0] = first;
	return id;
}

static struct crowd crowd_new(size_t accounts, size_t leases)
{
	static struct genesis g;
	struct crowd c = {.accounts = accounts, .leases = leases};
	genesis_local(&g);
	if (state_new(&g, &c.s) != V_OK)
		measure_fail("no books");
	c.id = books_alloc((accounts + leases) * sizeof *c.id);
	c.party = books_alloc(leases * sizeof *c.party + 1);
	for (size_t i = 0; i < accounts; i++) {
		struct account *a = books_alloc(sizeof *a);
		c.id[i] = random_id(0);
		memcpy(a->address.b, c.id[i].b, 32);
		HASH_ADD(hh, c.s->part[LANE].accounts, address, sizeof a->address, a);
		home_add(&c.s->part[0], &a->address, LANE);
	}
	for (size_t i = 0; i < leases; i++) {
		struct lease *l = books_alloc(sizeof *l);
		c.id[accounts + i] = l->f.lease = random_id(LANE);
		c.party[i][0] = pick((uint32_t)accounts);
		c.party[i][1] = companion(&c, c.party[i][0]);
		HASH_ADD(hh, c.s->part[LANE].leases, f.lease, sizeof l->f.lease, l);
	}
	return c;
}

static void crowd_free(struct crowd *c)
{
	state_free(c->s);
	free(c->id);
	free(c->party);
}

/* Who does something, and with whom: half are payments, half events of leases. */
static void happen(const struct crowd *c, uint32_t *p, uint32_t *q)
{
	uint32_t lease = c->leases ? pick((uint32_t)c->leases) : 0;
	bool event = c->leases && pick(2);
	*p = event ? (uint32_t)c->accounts + lease : pick((uint32_t)c->accounts);
	*q = event ? c->party[lease][pick(2)] : companion(c, *p);
}

static struct sketch **slot_of(const struct crowd *c, uint32_t who)
{
	const struct part *p = &c->s->part[LANE];
	if (who < c->accounts)
		return &account_find(p, (const struct address *)(const void *)&c->id[who])->sketch;
	return &lease_find(p, &c->id[who])->sketch;
}

static void live(struct crowd *c, size_t n)
{
	uint32_t p, q;
	for (size_t i = 0; i < n; i++) {
		happen(c, &p, &q);
		correlate(c->s, slot_of(c, p), &c->id[q], LANE);
		if (p < c->accounts)
			correlate(c->s, slot_of(c, q), &c->id[p], LANE);
	}
}

static struct order_set block_of(const struct crowd *c, size_t n)
{
	struct order_set b = {books_alloc(n * sizeof *b.tx), books_alloc(n * sizeof *b.list), n};
	uint32_t p, q;
	for (size_t i = 0; i < n; i++) {
		struct tx *tx = &b.tx[i].tx;
		happen(c, &p, &q);
		tx->nonce = i;
		tx->type = p < c->accounts ? TX_TRANSFER : TX_EVENT;
		memcpy(tx->sender.b, c->id[p < c->accounts ? p : q].b, 32);
		if (p < c->accounts)
			memcpy(tx->u.transfer.to.b, c->id[q].b, 32);
		else
			tx->scope = c->id[p];
		b.list[i] = &b.tx[i];
	}
	return b;
}

static int by_line(const void *a, const void *b)
{
	const struct tx *x = &(*(struct pending_tx *const *)a)->tx, *y = &(*(struct pending_tx *const *)b)->tx;
	int c = id_cmp(tx_primary(x), tx_primary(y));
	c = c ? c : memcmp(x->sender.b, y->sender.b, 32);
	return c ? c : (x->nonce > y->nonce) - (x->nonce < y->nonce);
}

/* --- hashes ------------------------------------------------------------------------------------------------------------------- */

static bool concerns(const struct tx *tx, const struct id *who, bool touching)
{
	struct id to;
	if (id_cmp(tx_primary(tx), who) == 0)
		return true;
	return touching && tx_counterparty(tx, &to) && id_cmp(&to, who) == 0;
}

/* Mean over all that have any. */
static double hashes(const struct crowd *c, const struct order_set *b, bool touching)
{
	struct id *leaf = books_alloc(b->n * sizeof *leaf);
	struct range *range = books_alloc(b->n * sizeof *range);
	double sum = 0;
	size_t proofs = 0;
	for (size_t who = 0; who < c->accounts + c->leases; who++) {
		uint32_t n = 0;
		struct multi m;
		for (uint32_t i = 0; i < b->n; i++) {
			if (!concerns(&b->list[i]->tx, &c->id[who], touching))
				continue;
			if (n && range[n - 1].first + range[n - 1].count == i)
				range[n - 1].count++;
			else
				range[n++] = (struct range){i, 1};
		}
		if (!n)
			continue;
		if (multi_prove(leaf, (uint32_t)b->n, range, n, &m) < 0)
			measure_fail("no proof");
		sum += m.nhashes;
		proofs++;
		multi_free(&m);
	}
	free(leaf);
	free(range);
	return sum / (double)proofs;
}

static void note_hashes(const char *name, const struct crowd *c, const struct order_set *b)
{
	measure_note(KEY, "hashes of a multiproof, %s: %.1f for all of an entity, %.1f for all touching it", name, hashes(c, b, false),
	    hashes(c, b, true));
}

static void measure_hashes(void)
{
	struct crowd c = crowd_new(800, 200);
	static const struct id no_tail;
	live(&c, HISTORY * 2048);
	struct order_set b = block_of(&c, 2048);
	note_hashes("2048 leaves as they arrive", &c, &b);
	qsort(b.list, b.n, sizeof *b.list, by_line);
	note_hashes("grouped by entity", &c, &b);
	order_lane(c.s, LANE, 0, &no_tail, b.list, b.n);
	note_hashes("in correlation order", &c, &b);
	free(b.tx);
	free(b.list);
	crowd_free(&c);
}

/* --- time --------------------------------------------------------------------------------------------------------------------- */

static void measure_time_of(size_t n, size_t accounts, double *order_ns, double *sort_ns)
{
	struct crowd c = crowd_new(accounts, accounts / 4);
	static const struct id no_tail;
	double order[ROUNDS], sort[ROUNDS];
	live(&c, 4 * n);
	struct order_set b = block_of(&c, n);
	for (int i = 0; i < ROUNDS; i++) {
		for (size_t k = 0; k < n; k++)
			b.list[k] = &b.tx[k];
		uint64_t start = measure_cpu_ns();
		qsort(b.list, n, sizeof *b.list, by_line);
		uint64_t sorted = measure_cpu_ns();
		order_lane(c.s, LANE, 0, &no_tail, b.list, n);
		sort[i] = (double)(sorted - start);
		order[i] = (double)(measure_cpu_ns() - sorted);
	}
	*order_ns = measure_median(order, ROUNDS);
	*sort_ns = measure_median(sort, ROUNDS);
	free(b.tx);
	free(b.list);
	crowd_free(&c);
}

int main(void)
{
	char one[32], other[32];
	double order_ns, sort_ns, four_ns, unused;
	srand(20181201);
	measure_time_of(8192, 6000, &order_ns, &sort_ns);
	measure_row(KEY, measure_time(order_ns, one), measure_time(sort_ns, other), order_ns / sort_ns);
	measure_time_of(4 * 8192, 4 * 6000, &four_ns, &unused);
	measure_note(KEY, "processor time of one lane, 8192 transactions of 7500 entities; four times of both take %.1f times as long",
	    four_ns / order_ns);
	measure_hashes();
	return 0;
}
