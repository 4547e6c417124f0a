/* Votes on chain 0: who stakes how much, who votes for whom, and what each site gets.
 *
 * Knows that a stake is split equally over at most five sites, the first taking what is left over, and that a proxy votes the stake of
 * others beside its own but none votes through a proxy's proxy: who has followers has no proxy, so there is no circle. Does not know
 * balances; accounts tell it what they staked (stake.c). */
#include <string.h>
#include "ledger/state/books.h"

static const struct address nobody;

static bool has_proxy(const struct voter *v) { return !address_eq(&v->proxy, &nobody); }

static struct voter *voter_in(const struct part *zero, const struct address *a)
{
	struct voter *found;
	HASH_FIND(hh, zero->voters, a, sizeof *a, found);
	return found;
}

const struct voter *voter_find(const struct state *s, const struct address *a) { return voter_in(&s->part[0], a); }

static struct voter *voter_add(struct part *zero, const struct address *a)
{
	struct voter *v = books_alloc(sizeof *v);
	v->address = *a;
	HASH_ADD(hh, zero->voters, address, sizeof v->address, v);
	return v;
}

static struct voter *voter_open(struct part *zero, const struct address *a)
{
	struct voter *v = voter_in(zero, a);
	part_touch(zero, REC_VOTER, a, sizeof *a);
	return v ? v : voter_add(zero, a);
}

static void voter_shut(struct part *zero, struct voter *v)
{
	if (!money_is_zero(v->staked) || v->votes.n || has_proxy(v) || v->followers)
		return;
	HASH_DEL(zero->voters, v);
	free(v);
}

/* --- what a voter gives to each of its sites --- */

static struct money voter_share(const struct voter *v, size_t nth)
{
	struct money power = v->staked, share = money_of(0), given = money_of(0), rest;
	money_give(&power, v->proxied);
	if (has_proxy(v) || !money_muldiv(power, 1, v->votes.n, &share))
		return money_of(0);
	if (nth || !money_muldiv(share, v->votes.n, 1, &given) || !money_sub(power, given, &rest))
		return share;
	money_give(&share, rest);
	return share;
}

static struct site_votes *site_in(const struct part *zero, uint16_t site)
{
	uint8_t key[2] = {(uint8_t)(site >> 8), (uint8_t)site};
	struct site_votes *found;
	HASH_FIND(hh, zero->site_votes, key, sizeof key, found);
	return found;
}

static struct site_votes *site_open(struct part *zero, uint16_t site)
{
	struct site_votes *v = site_in(zero, site);
	if (v)
		return v;
	v = books_alloc(sizeof *v);
	v->site[0] = (uint8_t)(site >> 8);
	v->site[1] = (uint8_t)site;
	HASH_ADD(hh, zero->site_votes, site, sizeof v->site, v);
	return v;
}

static void site_shut(struct part *zero, struct site_votes *v)
{
	part_touch(zero, REC_SITE_VOTES, v->site, sizeof v->site);
	if (!money_is_zero(v->votes))
		return;
	HASH_DEL(zero->site_votes, v);
	free(v);
}

/* Around every change of a voter: what it gave is taken off, what it gives is laid on. */
static void voter_lift(struct part *zero, const struct voter *v)
{
	for (size_t i = 0; i < v->votes.n; i++) {
		struct money share = voter_share(v, i);
		if (money_is_zero(share))
			continue;
		struct site_votes *site = site_open(zero, v->votes.site[i]);
		if (!money_take(&site->votes, share))
			books_fatal("a site has fewer votes than were given to it");
		site_shut(zero, site);
	}
}

static void voter_lay(struct part *zero, const struct voter *v)
{
	for (size_t i = 0; i < v->votes.n; i++) {
		struct money share = voter_share(v, i);
		if (money_is_zero(share))
			continue;
		struct site_votes *site = site_open(zero, v->votes.site[i]);
		money_give(&site->votes, share);
		site_shut(zero, site);
	}
}

/* --- what accounts tell --- */

void votes_receive(struct part *zero, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct tx_vote votes;
	struct money staked = get_money(&r);
	if (!votes_get(&r, &votes) || !rbuf_end(&r))
		books_fatal("a vote cannot be read");
	struct voter *v = voter_open(zero, (const struct address *)&in->to);
	struct voter *by = has_proxy(v) ? voter_open(zero, &v->proxy) : v;
	voter_lift(zero, by);
	if (by != v) {
		if (!money_take(&by->proxied, v->staked))
			books_fatal("a proxy votes less than was given to it");
		money_give(&by->proxied, staked);
	}
	v->staked = staked;
	v->votes = votes;
	voter_lay(zero, by);
	voter_shut(zero, v);
}

bool proxy_may(const struct state *s, const struct address *a, const struct address *proxy)
{
	const struct voter *own = voter_find(s, a), *other = voter_find(s, proxy);
	return !address_eq(a, proxy) && !(own && own->followers) && !(other && has_proxy(other));
}

static void proxy_leave(struct part *zero, struct voter *v)
{
	if (!has_proxy(v))
		return;
	struct voter *by = voter_open(zero, &v->proxy);
	voter_lift(zero, by);
	if (!money_take(&by->proxied, v->staked) || !by->followers--)
		books_fatal("a proxy votes less than was given to it");
	voter_lay(zero, by);
	voter_shut(zero, by);
	v->proxy = nobody;
	voter_lay(zero, v);
}

static void proxy_join(struct part *zero, struct voter *v, const struct address *proxy)
{
	if (address_eq(proxy, &nobody))
		return;
	struct voter *by = voter_open(zero, proxy);
	voter_lift(zero, v);
	v->proxy = *proxy;
	voter_lift(zero, by);
	money_give(&by->proxied, v->staked);
	by->followers++;
	voter_lay(zero, by);
}

/* The books of a round ago were asked at home; here, where requests come one after the other, is where it is decided. */
void proxy_receive(struct state *s, struct part *zero, const struct receipt *in)
{
	const struct address *a = (const struct address *)&in->to;
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address proxy = get_address(&r);
	if (!rbuf_end(&r))
		books_fatal("a proxy cannot be read");
	if (!address_eq(&proxy, &nobody) && !proxy_may(s, a, &proxy)) {
		bounce_send(s, zero, in, a, V_BAD_PROXY, TX_PROXY);
		return;
	}
	struct voter *v = voter_open(zero, a);
	proxy_leave(zero, v);
	proxy_join(zero, v, &proxy);
	voter_shut(zero, v);
	struct receipt answer = {.kind = RCPT_PROXY, .dst = home_of(s, a), .origin = in->origin, .to = in->to, .payload = in->payload};
	part_emit(s, zero, &answer);
}

struct money state_site_votes(const struct state *s, uint16_t site)
{
	const struct site_votes *v = site_in(&s->part[0], site);
	return v ? v->votes : money_of(0);
}

/* --- records --- */

void voter_put(struct wbuf *w, const struct voter *v)
{
	put_money(w, v->staked);
	votes_put(w, &v->votes);
	put_address(w, &v->proxy);
	put_money(w, v->proxied);
	put_u32(w, v->followers);
}

bool voter_load(struct part *zero, struct slice key, struct rbuf *r)
{
	struct voter in = {.staked = get_money(r)};
	if (key.len != sizeof in.address || zero->lane != 0 || !votes_get(r, &in.votes))
		return false;
	memcpy(in.address.b, key.p, sizeof in.address.b);
	in.proxy = get_address(r);
	in.proxied = get_money(r);
	in.followers = get_u32(r);
	if (!rbuf_end(r))
		return false;
	struct voter *v = voter_add(zero, &in.address);
	v->staked = in.staked;
	v->votes = in.votes;
	v->proxy = in.proxy;
	v->proxied = in.proxied;
	v->followers = in.followers;
	return true;
}

bool site_votes_load(struct part *zero, struct slice key, struct rbuf *r)
{
	struct money votes = get_money(r);
	if (key.len != 2 || zero->lane != 0 || !rbuf_end(r) || money_is_zero(votes))
		return false;
	site_open(zero, (uint16_t)(key.p[0] << 8 | key.p[1]))->votes = votes;
	return true;
}

/* Every share taken off again leaves nothing, every follower's stake taken off its proxy leaves nothing. On a copy of the sums. */
bool votes_agree(const struct part *zero)
{
	struct part copy = {.lane = 0};
	bool good = true;
	for (const struct voter *v = zero->voters; v; v = v->hh.next) {
		struct voter *by = has_proxy(v) ? voter_in(zero, &v->proxy) : NULL;
		good = good && (!has_proxy(v) || (by && !has_proxy(by) && by->followers && !v->followers));
		voter_lay(&copy, v);
		if (!by)
			continue;
		struct voter *sum = voter_open(&copy, &v->proxy);
		money_give(&sum->proxied, v->staked);
		sum->followers++;
	}
	for (const struct site_votes *x = zero->site_votes; x; x = x->hh.next) {
		const struct site_votes *y = site_in(&copy, (uint16_t)(x->site[0] << 8 | x->site[1]));
		good = good && y && money_cmp(x->votes, y->votes) == 0;
	}
	for (const struct voter *v = zero->voters; v; v = v->hh.next) {
		const struct voter *sum = voter_in(&copy, &v->address);
		good = good && v->followers == (sum ? sum->followers : 0) &&
		       money_cmp(v->proxied, sum ? sum->proxied : money_of(0)) == 0;
	}
	good = good && HASH_COUNT(zero->site_votes) == HASH_COUNT(copy.site_votes);
	part_clear(&copy);
	return good;
}
