/* I8, and the paper's schedules: votes are stake, proxies go one step, and what is vested is vested by the table.
 *
 * Knows how a stake is split over sites. Compares chain 0's voters with the accounts' own records when nothing of it travels. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

#define MONTH_MS 2629746000ULL
#define SITES 65536

uint64_t vesting_locked_again(const struct vesting *v, uint64_t time_ms)
{
	uint64_t total = money_base(v->total), months = time_ms < v->start_ms ? 0 : (time_ms - v->start_ms) / MONTH_MS, percent = 0;
	if (time_ms < v->start_ms)
		return total;
	if (v->type == VEST_ANGEL || v->type == VEST_PUBLIC)
		percent = months < 6 ? 0 : months < 12 ? 40 + 10 * (months - 6) : 100;
	else if (v->type == VEST_TEAM)
		percent = months < 36 ? 25 + 25 * (months / 12) : 100;
	return total - (uint64_t)((unsigned __int128)total * percent / 100);
}

static const struct at_voter *voter(const struct disk *d, const struct address *a)
{
	const struct rec *r = disk_get(d, 0, REC_VOTER, a, 32);
	return r ? &r->u->voter : NULL;
}

static bool has_proxy(const struct at_voter *v) { return !id_is_zero((const struct id *)&v->proxy); }

/* Is anything about stakes in a box? Then chain 0 is a round behind. */
static bool travels(const struct disk *d)
{
	for (uint32_t i = 0; i < d->kind[REC_OUTBOX].n; i++) {
		const struct rec *r = d->kind[REC_OUTBOX].r[i];
		struct rbuf in = rbuf_on(r->value.p, r->value.len);
		struct receipt got;
		while (in.pos < in.len && receipt_get(&in, &got))
			if (got.kind == RCPT_VOTE || got.kind == RCPT_PROXY)
				return true;
	}
	return false;
}

static void i8_voters_are_accounts(struct world *w)
{
	const struct disk *d = w->disk;
	for (uint32_t i = 0; i < d->kind[REC_ACCOUNT].n; i++) {
		const struct at_account *a = &d->kind[REC_ACCOUNT].r[i]->u->account;
		const struct at_voter *v = voter(d, &a->address);
		SIM_MUST(w, (v ? v->staked : 0) == money_base(a->stake.staked), "I8 votes", "chain 0 knows another stake");
		SIM_MUST(w,
		    (v ? v->votes.n : 0) == a->stake.votes.n &&
			(!v || memcmp(v->votes.site, a->stake.votes.site, sizeof(uint16_t) * v->votes.n) == 0),
		    "I8 votes", "chain 0 knows other votes");
		SIM_MUST(w, v ? address_eq(&v->proxy, &a->stake.proxy) : id_is_zero((const struct id *)&a->stake.proxy), "I8 votes",
		    "another proxy");
	}
}

/* What each site gets, from nothing. */
static void give(const struct at_voter *v, uint64_t *site)
{
	uint64_t power = v->staked + v->proxied, each = v->votes.n ? power / v->votes.n : 0;
	for (unsigned i = 0; i < v->votes.n && !has_proxy(v); i++)
		site[v->votes.site[i]] += i ? each : power - each * (v->votes.n - 1u);
}

static void i8_sites(struct world *w)
{
	const struct disk *d = w->disk;
	autofree uint64_t *site = books_alloc(SITES * sizeof *site);
	uint64_t said = 0, counted = 0;
	for (uint32_t i = 0; i < d->kind[REC_VOTER].n; i++)
		give(&d->kind[REC_VOTER].r[i]->u->voter, site);
	for (uint32_t i = 0; i < d->kind[REC_SITE_VOTES].n; i++) {
		const struct rec *r = d->kind[REC_SITE_VOTES].r[i];
		unsigned n = (unsigned)(r->key[2] << 8 | r->key[3]);
		SIM_MUST(w, site[n] == r->u->votes, "I8 votes", "site %u has %llu, not %llu", n, (unsigned long long)r->u->votes,
		    (unsigned long long)site[n]);
		said += r->u->votes;
	}
	for (size_t i = 0; i < SITES; i++)
		counted += site[i];
	SIM_MUST(w, said == counted, "I8 votes", "%llu of %llu are given to sites", (unsigned long long)said, (unsigned long long)counted);
}

static void i8_proxies(struct world *w)
{
	const struct disk *d = w->disk;
	for (uint32_t i = 0; i < d->kind[REC_VOTER].n; i++) {
		const struct rec *r = d->kind[REC_VOTER].r[i];
		const struct at_voter *v = &r->u->voter, *by = has_proxy(v) ? voter(d, &v->proxy) : NULL;
		uint64_t proxied = 0;
		uint32_t followers = 0;
		SIM_MUST(w, !has_proxy(v) || (by && !has_proxy(by) && !v->followers), "I8 proxies", "of more than one step");
		for (uint32_t k = 0; k < d->kind[REC_VOTER].n; k++) {
			const struct at_voter *o = &d->kind[REC_VOTER].r[k]->u->voter;
			if (memcmp(o->proxy.b, rec_id(r)->b, 32) == 0) {
				followers++;
				proxied += o->staked;
			}
		}
		SIM_MUST(
		    w, followers == v->followers && proxied == v->proxied, "I8 proxies", "a proxy votes another sum than was given to it");
	}
}

void check_votes(struct world *w, const struct block *b)
{
	if (!w->check->votes_changed && block_header(b)->height % 64)
		return;
	w->check->votes_changed = travels(w->disk);
	if (w->check->votes_changed || (block_header(b)->height % 8 && w->disk->kind[REC_VOTER].n > 8))
		return;
	i8_voters_are_accounts(w);
	i8_sites(w);
	i8_proxies(w);
}
