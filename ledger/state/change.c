/* Other terms for a lease that runs: vector and price, without an end and a beginning (PROTOCOL 0.6, 0.20).
 *
 * Knows who must agree to what, where growth comes from (what the seller has on offer for the same node, with its bond) and that new
 * terms count from the seconds of a receipt that the node makes once its kernel holds them. A seller whose machine cannot says so
 * before that, and the lease is what it was. Does not know what seconds cost: the contract's @change does. */
#include <string.h>
#include "ledger/state/books.h"

enum { WORD_CHANGE, WORD_AGREE, WORD_WITHDRAW, WORD_REFUSE, WORD_RESIZED, WORDS };

static int word_of(const char *event)
{
	static const char *const word[WORDS] = {"change", "agree", "withdraw", "refuse", "resized"};
	int k = 0;
	while (k < WORDS && strcmp(word[k], event) != 0)
		k++;
	return k;
}

bool change_word(const char *event)
{
	return word_of(event) < WORDS;
}

/* Of two vectors, what a has and b has not. */
static struct resources over(const struct resources *a, const struct resources *b, bool *any)
{
	struct resources more = {{0}};
	*any = false;
	for (int k = 0; k < RESOURCES; k++) {
		more.v[k] = a->v[k] > b->v[k] ? a->v[k] - b->v[k] : 0;
		*any |= more.v[k] > 0;
	}
	return more;
}

/* The node gets back what was held for the lease and is not part of kept. */
static void give_back(struct state *s, struct part *p, struct lease *l, const struct resources *kept)
{
	bool any;
	struct resources held = lease_held(&l->f);
	struct result v = {.object = l->f.lease, .node = l->f.node, .resources = over(&held, kept, &any)};
	if (any)
		lease_give(s, p, l, &v);
}

static void change_over(struct lease *l, enum change_end how)
{
	l->f.change = (struct lease_change){.stage = CHANGE_NONE};
	l->f.change_end = (uint8_t)how;
}

void change_drop(struct state *s, struct part *p, struct lease *l, enum change_end why)
{
	if (l->f.change.stage == CHANGE_NONE)
		return;
	give_back(s, p, l, &l->f.res);
	change_over(l, why);
	part_touch(p, REC_LEASE, &l->f.lease, sizeof l->f.lease);
}

static bool possible(const struct state *s, const struct lease *l)
{
	return !l->gone_ms && (fsm_state_flags(s->fsm, l->run.state) & LEASE_RUN) && fsm_listens(s->fsm, l->run.state, "@change");
}

uint64_t change_due_ms(const struct lease *l)
{
	return l->f.change.stage == CHANGE_NONE || l->f.change.stage == CHANGE_CLOSING ? UINT64_MAX : l->f.change.until_ms;
}

/* One that a receipt is closing is bound: it waits for that alone. */
void change_look(struct state *s, struct part *p, struct lease *l)
{
	if (l->f.change.stage == CHANGE_NONE || l->f.change.stage == CHANGE_CLOSING)
		return;
	if (!possible(s, l))
		change_drop(s, p, l, CHANGE_OVERTAKEN);
	else if (l->f.change.until_ms <= s->time_ms)
		change_drop(s, p, l, CHANGE_LAPSED);
}

/* --- agreeing --- */

/* What the bond lacks for the new vector at an ask's price, for what is left of the lease. */
static bool bond_lack(const struct state *s, const struct lease *l, const struct order *ask, struct money *lack)
{
	struct money need, has = l->run.hold[s->words.bond];
	uint64_t ran = lease_run_s(s, l), left = ran < l->f.max_s ? l->f.max_s - ran : 0;
	if (!order_bond(s, &l->f.change.res, symbol_find(s, l->f.symbol, NULL), ask->f.price, (uint32_t)left, &need))
		return false;
	if (!money_sub(need, has, lack))
		*lack = money_of(0);
	return true;
}

/* The best ask of the seller for this node that has as much, and bond enough for it. */
static struct order *ask_with(const struct state *s, const struct part *p, const struct lease *l, const struct resources *more,
    struct money *bond)
{
	size_t index = 0;
	symbol_find(s, l->f.symbol, &index);
	const struct side *d = &p->book[index].side[SIDE_ASK];
	for (size_t i = 0; i < d->n; i++) {
		struct order *o = d->o[i];
		if (id_cmp(&o->f.node, &l->f.node) == 0 && order_live(o) && resources_fit(more, &o->f.left) && bond_lack(s, l, o, bond) &&
		    money_cmp(*bond, o->f.locked) <= 0)
			return o;
	}
	return NULL;
}

static void ask_gives(struct state *s, struct part *p, struct lease *l, struct order *ask, const struct resources *more, struct money bond)
{
	static const struct resources nothing;
	if (!resources_sub(&ask->f.left, more) || !money_take(&ask->f.locked, bond))
		books_fatal("an ask gives more than it has");
	money_give(&l->run.hold[s->words.bond], bond);
	ask->f.state = ORDER_PARTIAL;
	part_touch(p, REC_ORDER, &ask->f.order, sizeof ask->f.order);
	if (!resources_eq(&ask->f.left, &nothing))
		return;
	ask->f.filled = 1;
	order_close(s, p, ask, ORDER_FILLED, V_OK);
}

static enum verdict settle_terms(struct state *s, struct part *p, struct lease *l)
{
	bool grows;
	struct money bond;
	struct resources more = over(&l->f.change.res, &l->f.res, &grows);
	struct order *ask = grows ? ask_with(s, p, l, &more, &bond) : NULL;
	if (grows && !ask)
		return V_NOT_OFFERED;
	if (ask)
		ask_gives(s, p, l, ask, &more, bond);
	l->f.change.stage = CHANGE_AGREED;
	l->f.change.until_ms = s->time_ms + CHANGE_KEEP_MS + s->genesis.consent_s * 1000ULL;
	return V_OK;
}

/* --- asking --- */

static bool fixed_kind_differs(const struct resources *a, const struct resources *b)
{
	return a->v[RES_DISK_MIB] != b->v[RES_DISK_MIB] || a->v[RES_GPU] != b->v[RES_GPU] || a->v[RES_GPU_MEM_MIB] != b->v[RES_GPU_MEM_MIB];
}

/* blob: the vector; arg0: the price of a unit-hour. */
static enum verdict asked_terms(const struct state *s, const struct lease *l, const struct tx_event *x, struct lease_change *out)
{
	struct money hold;
	struct rbuf r = rbuf_on(x->blob.p, x->blob.len);
	out->res = get_resources(&r);
	out->price = price_of(x->arg[0]);
	if (!rbuf_end(&r) || x->arg[1] || x->arg[2] || x->arg[3])
		return V_MALFORMED;
	if (fixed_kind_differs(&out->res, &l->f.res))
		return V_FIXED_KIND;
	enum verdict v = order_wants(symbol_find(s, l->f.symbol, NULL), &out->res, out->price, &out->rate);
	if (v != V_OK)
		return v;
	if (!money_muldiv(out->rate, ESCROW_WINDOW_S, 3600, &hold))
		return V_OVERFLOW;
	return resources_eq(&out->res, &l->f.res) && price_cmp(out->price, l->f.price) == 0 ? V_NO_CHANGE : V_OK;
}

/* Who gives and takes nothing asks nobody: the buyer pays more, or the seller takes less, for the same. */
static bool needs_nobody(const struct lease *l, const struct lease_change *c)
{
	int dearer = price_cmp(c->price, l->f.price);
	return resources_eq(&c->res, &l->f.res) && (c->by_seller ? dearer < 0 : dearer > 0);
}

static enum verdict ask_for(struct state *s, struct part *p, struct lease *l, const struct tx_event *x, bool seller)
{
	struct lease_change c = {.stage = CHANGE_ASKED, .by_seller = seller, .until_ms = s->time_ms + CHANGE_KEEP_MS};
	enum verdict v = asked_terms(s, l, x, &c);
	if (v != V_OK)
		return v;
	if (l->f.change.stage > CHANGE_ASKED)
		return V_CHANGE_AGREED;
	l->f.change = c;
	l->f.change_rev++;
	l->f.change_end = CHANGE_NEVER;
	return needs_nobody(l, &c) ? settle_terms(s, p, l) : V_OK;
}

/* --- answering: arg0 names the proposal, so that nobody agrees to what he has not read --- */

static enum verdict answer_to(const struct lease *l, const struct tx_event *x)
{
	if (x->blob.len || x->arg[2] || x->arg[3])
		return V_MALFORMED;
	if (l->f.change.stage == CHANGE_NONE)
		return V_NO_PROPOSAL;
	return x->arg[0] == l->f.change_rev ? V_OK : V_STALE;
}

static enum verdict agree(struct state *s, struct part *p, struct lease *l, bool seller)
{
	if (l->f.change.stage > CHANGE_ASKED)
		return V_CHANGE_AGREED;
	return l->f.change.by_seller == seller ? V_OTHERS_WORD : settle_terms(s, p, l);
}

static enum verdict withdraw(struct state *s, struct part *p, struct lease *l, bool seller)
{
	if (l->f.change.stage > CHANGE_ASKED)
		return V_CHANGE_AGREED;
	if (l->f.change.by_seller != seller)
		return V_OTHERS_WORD;
	change_drop(s, p, l, CHANGE_WITHDRAWN);
	return V_OK;
}

/* The other party does not want it; or the seller's machine cannot, agreed or not, as long as no receipt says that it did. */
static enum verdict refuse(struct state *s, struct part *p, struct lease *l, const struct tx_event *x, bool seller)
{
	bool machine = x->arg[1] >= CHANGE_IN_USE && x->arg[1] < CHANGE_ENDS;
	if (x->arg[1] && !(machine && seller))
		return V_MALFORMED;
	if (l->f.change.stage == CHANGE_CLOSING || (l->f.change.stage > CHANGE_ASKED && !seller))
		return V_CHANGE_AGREED;
	if (l->f.change.stage == CHANGE_ASKED && l->f.change.by_seller == seller && !machine)
		return V_OTHERS_WORD;
	change_drop(s, p, l, machine ? (enum change_end)x->arg[1] : CHANGE_REFUSED);
	return V_OK;
}

static enum verdict resized(struct lease *l, bool seller)
{
	if (!seller)
		return V_OTHERS_WORD;
	if (l->f.change.stage != CHANGE_AGREED)
		return l->f.change.stage == CHANGE_ASKED ? V_NO_PROPOSAL : V_CHANGE_AGREED;
	l->f.change.stage = CHANGE_MADE;
	return V_OK;
}

enum verdict change_event(struct state *s, struct part *p, struct lease *l, const struct tx *tx)
{
	const struct tx_event *x = &tx->u.event;
	bool seller = address_eq(&tx->sender, &l->party[PARTY_SELLER].address);
	int word = word_of(x->event);
	if (!seller && !address_eq(&tx->sender, &l->party[PARTY_BUYER].address))
		return V_NOT_PARTY;
	if (!possible(s, l))
		return V_BAD_STATE;
	enum verdict v = word == WORD_CHANGE ? V_OK : answer_to(l, x);
	if (v == V_OK && word != WORD_REFUSE && word != WORD_CHANGE && x->arg[1])
		v = V_MALFORMED;
	if (v != V_OK)
		return v;
	switch (word) {
	case WORD_CHANGE: v = ask_for(s, p, l, x, seller); break;
	case WORD_AGREE: v = agree(s, p, l, seller); break;
	case WORD_WITHDRAW: v = withdraw(s, p, l, seller); break;
	case WORD_REFUSE: v = refuse(s, p, l, x, seller); break;
	case WORD_RESIZED: v = resized(l, seller); break;
	}
	lease_arm(s, p, l);
	return v;
}

/* --- the receipt that closes the old terms --- */

void change_closes(struct lease *l)
{
	if (l->f.change.stage == CHANGE_MADE)
		l->f.change.stage = CHANGE_CLOSING;
}

void change_settled(struct state *s, struct part *p, struct lease *l)
{
	struct fsm_outcome out = {0};
	struct lease_change c = l->f.change;
	if (c.stage != CHANGE_CLOSING)
		return;
	struct fsm_call call = {.event = "@change", .roles = ~0u, .now_ms = s->time_ms, .arg = {money_base(c.rate)}};
	if (lease_fire(s, p, l, &call, &out) != V_OK) {
		change_drop(s, p, l, CHANGE_OVERTAKEN);
		return;
	}
	give_back(s, p, l, &c.res);
	l->f.res = c.res;
	l->f.price = c.price;
	l->f.rate = c.rate;
	change_over(l, CHANGE_DONE);
}
