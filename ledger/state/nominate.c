/* Who should live elsewhere: lanes nominate at the end of an epoch's first round, chain 0 decides in the next (PROTOCOL 3.6).
 *
 * An account is nominated for the lane with which it deals most, if that is more than what it has at home by theta of all its dealings.
 * Neighbours count where they live now, so two that moved towards each other do not pass each other for ever; for the same reason lanes
 * nominate upwards in one epoch and downwards in the next. Chain 0 takes the greatest gains whose target is open and stays so. Does not
 * know how an account travels (migrate.c). */
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"

#define PPM 1000000
#define CANDIDATE_LEN (32 + 1 + 4 + 8)
#define CANDIDATES_PER_RECEIPT 512

static_assert(CANDIDATE_LEN * CANDIDATES_PER_RECEIPT <= RECEIPT_PAYLOAD_MAX, "candidates fit");

struct luggage { struct address who; uint32_t records, cids; UT_hash_handle hh; };

static int candidate_cmp(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->gain != y->gain)
		return x->gain > y->gain ? -1 : 1;
	return memcmp(x->who.b, y->who.b, sizeof x->who.b);
}

static uint64_t sum_of(const uint32_t aff[LANES])
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LANES; i++)
		sum += aff[i];
	return sum;
}

/* Up in one epoch, down in the next. */
static bool direction_ok(const struct state *s, uint8_t from, uint8_t to)
{
	return s->part[0].mig_turn & 1 ? to > from : to < from;
}

static bool candidate_of(const struct state *s, const struct part *p, const struct account *a, uint64_t *weight, struct candidate *out)
{
	struct sketch k = *a->sketch;
	sketch_decay(&k, s->time_ms / s->genesis.sketch_half_ms);
	*weight = sum_of(k.aff);
	if (*weight < s->genesis.mig_weight)
		return false;
	for (size_t i = 0; i < SKETCH_NEIGHBOURS && k.nbr[i].weight; i++)
		sketch_follow(&k, i, lane_of_entity(s, &k.nbr[i].to));
	uint8_t to = 1;
	for (uint8_t lane = 2; lane < CHAINS; lane++)
		if (k.aff[lane - 1] > k.aff[to - 1])
			to = lane;
	uint32_t here = k.aff[p->lane - 1], there = k.aff[to - 1];
	*out = (struct candidate){.who = a->address, .from = p->lane, .to = to, .gain = there - here, .load = *weight};
	return there > here && (uint64_t)(there - here) * PPM >= *weight * s->genesis.mig_theta_ppm && direction_ok(s, p->lane, to);
}

/* --- an account with very much on its name stays where it is, and so do those that would come on top of much --- */

static void luggage_count(struct luggage *all, const struct address *who, bool cid)
{
	struct luggage *l;
	HASH_FIND(hh, all, who, sizeof *who, l);
	if (!l)
		return;
	l->records += !cid;
	l->cids += cid;
}

static bool luggage_light(struct luggage *all, const struct address *who, struct luggage *sum)
{
	struct luggage *l;
	HASH_FIND(hh, all, who, sizeof *who, l);
	if (l->records > MOVE_RECORDS_MAX || l->cids > MOVE_CIDS_MAX || sum->records + l->records > MOVES_RECORDS_MAX ||
	    sum->cids + l->cids > MOVES_CIDS_MAX)
		return false;
	sum->records += l->records;
	sum->cids += l->cids;
	return true;
}

static size_t light_only(const struct part *p, struct candidate *c, size_t n)
{
	if (!n)
		return 0;
	struct luggage *bag = books_alloc(n * sizeof *bag), *all = NULL, sum = {.cids = 0};
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		bag[i].who = c[i].who;
		HASH_ADD(hh, all, who, sizeof bag[i].who, &bag[i]);
	}
	for (const struct cid_seen *k = p->cids; k; k = k->hh.next)
		luggage_count(all, &k->key.owner, true);
	for (const struct holding *h = p->holdings; h; h = h->hh.next)
		luggage_count(all, &h->key.account, false);
	for (const struct node *m = p->nodes; m; m = m->hh.next)
		luggage_count(all, &m->f.owner, false);
	for (size_t i = 0; i < n; i++)
		if (luggage_light(all, &c[i].who, &sum))
			c[kept++] = c[i];
	HASH_CLEAR(hh, all);
	free(bag);
	return kept;
}

/* payload: n x (address, to, gain, load) */
static void candidates_send(struct state *s, struct part *p, const struct candidate *c, size_t n)
{
	uint8_t buf[CANDIDATE_LEN * CANDIDATES_PER_RECEIPT];
	for (size_t at = 0; at < n;) {
		struct wbuf w = wbuf_on(buf, sizeof buf);
		for (size_t i = 0; i < CANDIDATES_PER_RECEIPT && at < n; i++, at++) {
			put_address(&w, &c[at].who);
			put_u8(&w, c[at].to);
			put_u32(&w, c[at].gain);
			put_u64(&w, c[at].load);
		}
		struct receipt r = {.kind = RCPT_NOMINATE, .dst = 0, .payload = {buf, w.len}};
		part_emit(s, p, &r);
	}
}

/* The table's order does not matter: sums, then a sort. */
void nominate(struct state *s, struct part *p)
{
	struct candidate *c = NULL;
	size_t n = 0, cap = 0;
	uint64_t all = 0, weight;
	if (!s->part[0].nominate)
		return;
	for (const struct account *a = p->accounts; a; a = a->hh.next) {
		if (!a->sketch)
			continue;
		c = books_array(c, &cap, n + 1, sizeof *c);
		n += candidate_of(s, p, a, &weight, &c[n]);
		all += weight;
	}
	if (n)
		qsort(c, n, sizeof *c, candidate_cmp);
	n = light_only(p, c, n < CANDIDATES_MAX ? n : CANDIDATES_MAX);
	uint64_t load = traffic_load(s, p);
	for (size_t i = 0; i < n; i++) /* its part of the lane's load */
		c[i].load = (uint64_t)((unsigned __int128)load * c[i].load / all);
	candidates_send(s, p, c, n);
	free(c);
}

/* --- chain 0 --- */

void nominate_receive(struct part *zero, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	while (r.pos < r.len) {
		zero->candidates = books_array(zero->candidates, &zero->cap_candidates, zero->ncandidates + 1, sizeof *zero->candidates);
		struct candidate *c = &zero->candidates[zero->ncandidates++];
		c->who = get_address(&r);
		c->from = in->src;
		c->to = get_u8(&r);
		c->gain = get_u32(&r);
		c->load = get_u64(&r);
		if (r.bad || c->to < 1 || c->to >= CHAINS)
			books_fatal("a nomination cannot be read");
	}
}

static void move_decide(struct part *zero, struct place *l, const struct candidate *c)
{
	struct home *h;
	HASH_FIND(hh, zero->homes, &c->who, sizeof c->who, h);
	if (!h || h->lane != c->from)
		books_fatal("who is nominated does not live there");
	h->lane = c->to;
	zero->population[c->from]--;
	zero->population[c->to]++;
	zero->traffic.moved++;
	zero->leaving[c->from]++;
	place_moved(l, c->from, c->to, c->load);
	part_touch(zero, REC_HOME, &c->who, sizeof c->who);
}

static void nodes_follow(struct state *s, struct part *zero)
{
	for (struct node_home *n = zero->node_homes; n; n = n->hh.next) {
		uint8_t lane = home_of(s, &n->owner);
		if (lane == n->lane)
			continue;
		n->lane = lane;
		part_touch(zero, REC_NODE_HOME, &n->node, sizeof n->node);
	}
}

void state_moves(struct state *s)
{
	struct part *zero = &s->part[0];
	uint32_t moved = 0;
	uint64_t epoch = s->time_ms / s->genesis.mig_epoch_ms;
	zero->nominate = s->genesis.mig_max && epoch != zero->mig_epoch;
	zero->mig_epoch = zero->nominate ? epoch : zero->mig_epoch;
	zero->mig_turn += zero->nominate;
	if (!zero->ncandidates)
		return;
	qsort(zero->candidates, zero->ncandidates, sizeof *zero->candidates, candidate_cmp);
	struct place *l = place_of(s);
	for (size_t i = 0; i < zero->ncandidates && moved < s->genesis.mig_max; i++) {
		const struct candidate *c = &zero->candidates[i];
		if (!place_open(l, c->to, c->load))
			continue;
		move_decide(zero, l, c);
		moved++;
	}
	if (moved)
		nodes_follow(s, zero);
}
