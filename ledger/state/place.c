/* How busy the lanes are, and which one suits an account (PROTOCOL 3.6).
 *
 * load: work units, fading by 1/512 a step of header time. A lane is open while its load is not above load_cap of the mean. Knows loads as
 * the round before left them and what this round has already promised to a lane. Does not know who moves (nominate.c), nor how
 * (migrate.c). */
#include <string.h>
#include "ledger/state/books.h"

#define PPM 1000000
#define LOAD_SHIFT 9

/* Once nothing is left to fade a load stays: less than a transaction's worth. */
static uint64_t load_faded(uint64_t load, uint64_t steps)
{
	for (; steps && load >> LOAD_SHIFT; steps--)
		load -= load >> LOAD_SHIFT;
	return load;
}

static uint64_t steps_since(const struct state *s, const struct traffic *t)
{
	return s->time_ms > t->at_ms ? (s->time_ms - t->at_ms) / s->genesis.fill_step_ms : 0;
}

uint64_t traffic_load(const struct state *s, const struct part *p)
{
	return load_faded(p->traffic.load, steps_since(s, &p->traffic));
}

void traffic_round_end(const struct state *s, struct part *p)
{
	struct traffic *t = &p->traffic;
	if (!p->fill.all)
		return;
	uint64_t steps = steps_since(s, t);
	t->load = load_faded(t->load, steps) + p->fill.all;
	t->at_ms += steps * s->genesis.fill_step_ms;
}

void traffic_sent(struct part *p, uint8_t dst)
{
	if (dst == 0)
		return;
	p->traffic.sent++;
	p->traffic.crossed += dst != p->lane;
}

void traffic_put(struct wbuf *w, const struct traffic *t)
{
	put_u64(w, t->load);
	put_u64(w, t->at_ms);
	put_u64(w, t->sent);
	put_u64(w, t->crossed);
	put_u64(w, t->moved);
}

void traffic_get(struct rbuf *r, struct traffic *t)
{
	t->load = get_u64(r);
	t->at_ms = get_u64(r);
	t->sent = get_u64(r);
	t->crossed = get_u64(r);
	t->moved = get_u64(r);
}

struct traffic state_traffic(const struct state *s, uint8_t lane)
{
	struct traffic t = s->part[lane].traffic;
	t.load = traffic_load(s, &s->part[lane]);
	return t;
}

/* --- what chain 0 thinks of the lanes while it decides --- */

struct place *place_of(struct state *s)
{
	struct place *l = &s->part[0].place;
	if (l->known)
		return l;
	*l = (struct place){.known = true, .cap_ppm = s->genesis.load_cap_ppm};
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		l->load[lane] = traffic_load(s, &s->part[lane]);
		l->sum += l->load[lane];
		l->accounts += s->part[0].population[lane];
	}
	return l;
}

bool place_open(const struct place *l, uint8_t lane, uint64_t more)
{
	return ((unsigned __int128)l->load[lane] + more) * LANES * PPM <= (unsigned __int128)l->sum * l->cap_ppm;
}

uint8_t place_least(const struct place *l, const uint32_t population[CHAINS])
{
	uint8_t best = 1;
	for (uint8_t lane = 2; lane < CHAINS; lane++)
		if (l->load[lane] < l->load[best] || (l->load[lane] == l->load[best] && population[lane] < population[best]))
			best = lane;
	return best;
}

uint8_t place_account(const struct place *l, const uint32_t population[CHAINS], const uint32_t aff[LANES], uint8_t own)
{
	uint8_t best = 0;
	uint64_t most = 0;
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		uint64_t likes = (uint64_t)aff[lane - 1] + (lane == own);
		if (likes > most && place_open(l, lane, 0)) {
			best = lane;
			most = likes;
		}
	}
	return best ? best : place_least(l, population);
}

void place_took(struct place *l, uint8_t lane)
{
	uint64_t each = l->accounts ? l->sum / l->accounts : 0;
	l->load[lane] += each;
	l->sum += each;
	l->accounts++;
}

void place_moved(struct place *l, uint8_t from, uint8_t to, uint64_t load)
{
	uint64_t gone = load < l->load[from] ? load : l->load[from];
	l->load[from] -= gone;
	l->load[to] += gone;
}
