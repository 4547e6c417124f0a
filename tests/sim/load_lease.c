/* Transactions of leases: what buyers, sellers and others say to a running contract, and what a node measures.
 *
 * Knows the words of the standard lease and the bounds of a usage receipt, and how to be just beyond either. */
#include "tests/sim/sim.h"
#include "ledger/admit.h"
#include <string.h>

/* Leases that ended stay a day in the records: look for one that lives. */
static struct rec *lease_pick(struct world *w)
{
	struct rec *r = NULL;
	for (int i = 0; i < 12; i++) {
		r = disk_pick(w->disk, REC_LEASE, dice(&w->dice, 1u << 30));
		if (!r || !r->u->lease.gone_ms)
			break;
	}
	return r;
}

/* The number that this party's next transaction must bear, later ones of this block after it. */
static uint64_t seq_next(struct world *w, struct at_lease *l, const struct address *a)
{
	size_t at = 0;
	if (l->next_at != w->before.height + 1)
		for (size_t i = 0; i < PARTIES; i++)
			l->next[i] = l->party[i].seq;
	l->next_at = w->before.height + 1;
	while (at < PARTIES && !address_eq(&l->party[at].address, a))
		at++;
	return at < PARTIES ? l->next[at]++ : 0;
}

/* A leaf among others, and the tick that the node signs: one path of length one or two. */
static void usage_tree(struct world *w, struct actor *a, struct tx_usage *u)
{
	struct id leaf[4], root;
	u->leaves = 1 + dice(&w->dice, 4);
	u->leaf = dice(&w->dice, u->leaves);
	for (uint32_t i = 0; i < u->leaves; i++)
		leaf[i] = hash_of("sim", &i, sizeof i);
	leaf[u->leaf] = admit_usage_leaf(&u->receipt);
	u->npath = (uint8_t)merkle_path(leaf, u->leaves, u->leaf, u->path);
	root = merkle_root(leaf, u->leaves);
	if (!a->real || !dice_one_in(&w->dice, 8))
		return;
	struct admit_node node = {.node = a->node};
	struct id tick = admit_tick(&a->node, u->receipt.t1_ms, &root);
	memcpy(node.op_pk, a->auth.key[0].pk, 32);
	sign_bytes(key_real(a->key[0]), tick.b, sizeof tick.b, u->tick_sig);
	coverage_add(&w->cover->signatures, 2);
	SIM_MUST(w, admit_usage(u, &node), "signatures", "a good tick is refused");
	u->tick_sig[dice(&w->dice, 64)] ^= 1;
	SIM_MUST(w, !admit_usage(u, &node), "signatures", "a bad tick passes");
}

static void usage_body(struct world *w, struct actor *a, const struct at_lease *l, struct tx_usage *u)
{
	struct usage_receipt *r = &u->receipt;
	uint64_t from = l->usage.seq ? l->usage.t1_ms : l->f.born_ms;
	uint64_t past = w->time_ms > from ? (w->time_ms - from) / 1000 : 0;
	*r = l->usage;
	r->seq = l->usage.seq + 1;
	r->instance = l->f.lease;
	r->prev = l->f.last_usage;
	r->t0_ms = l->f.born_ms;
	r->t1_ms = w->time_ms - dice(&w->dice, 2);
	r->meter[METER_UP_S] += past < 100000 ? dice(&w->dice, (uint32_t)past + 2) : past;
	r->meter[METER_CPU_US] += past * dice(&w->dice, 1000);
	r->meter[METER_TX_B] += past * dice(&w->dice, 1000);
	switch (dice(&w->dice, 40)) {
	case 0: r->seq = l->usage.seq; break;
	case 1: r->prev.b[4] ^= 1; break;
	case 2: r->t1_ms = w->time_ms + 501; break;
	case 3: r->meter[METER_UP_S] = UINT64_MAX; break;
	case 4: r->meter[METER_CPU_US] += 10 * past * (1 + l->f.res.v[RES_CPU_MILLI]) * 1000 + 2000000000; break;
	case 5: r->meter[METER_TX_B] = 0; break;
	case 6: r->t0_ms = 0; break;
	case 7: r->meter[METER_RX_B] = UINT64_MAX; break;
	case 9: r->meter[METER_UP_S] += 2 + dice(&w->dice, 50000); break;
	case 8: r->instance.b[9] ^= 1; break;
	}
	usage_tree(w, a, u);
}

/* About other terms: what the change's stage waits for, more often than not. */
static void change_body(struct world *w, const struct at_lease *l, bool sells, uint8_t vector[4 * RESOURCES], struct tx_event *x)
{
	static const char *const waits[][4] = {{"change", "change", "change", "agree"}, {"agree", "agree", "change", "withdraw"},
	    {"resized", "resized", "resized", "refuse"}, {"resized", "refuse", "agree", "change"},
	    {"refuse", "withdraw", "change", "agree"}};
	struct wbuf b = wbuf_on(vector, 4 * RESOURCES);
	struct resources r = l->f.res;
	*x = (struct tx_event){.arg = {l->f.change_rev}};
	bool confirms = l->f.usage_pending_ms && dice(&w->dice, 3);
	strcpy(x->event, confirms ? "confirm" : waits[l->f.change.stage][dice(&w->dice, 4)]);
	if (strcmp(x->event, "refuse") == 0 && sells && dice(&w->dice, 2))
		x->arg[1] = CHANGE_IN_USE + dice(&w->dice, 4);
	if (dice_one_in(&w->dice, 30))
		x->arg[dice(&w->dice, 4)]++;
	if (strcmp(x->event, "change") != 0)
		return;
	static const enum resource_kind kind[] = {RES_CPU_MILLI, RES_MEM_MIB, RES_PIDS, RES_UP_KBPS, RES_DISK_MIB};
	for (uint32_t n = dice(&w->dice, 3); n; n--) {
		uint32_t *v = &r.v[kind[dice(&w->dice, dice_one_in(&w->dice, 20) ? 5 : 4)]];
		*v = dice(&w->dice, 2) ? *v / 2 : *v + dice(&w->dice, 1 + *v);
	}
	put_resources(&b, &r);
	x->blob = (struct slice){vector, b.len - dice_one_in(&w->dice, 40)};
	uint64_t price = price_base(l->f.price), less = dice(&w->dice, 2) ? 0 : price / 20000 * 10000;
	x->arg[0] = price + 10000 * dice(&w->dice, 40) - less;
	if (dice_one_in(&w->dice, 30))
		x->arg[0] = load_amount(w, UINT32_MAX);
}

static void event_body(struct world *w, struct tx_event *x)
{
	static const char *const words[] = {"accept", "accept", "accept", "accept", "stop", "quit", "dispute", "reject", "confirm",
	    "confirm", "confirm", "deploy", "topup", "rule", "nonsense"};
	strcpy(x->event, words[dice(&w->dice, sizeof words / sizeof words[0])]);
	x->arg[0] = load_amount(w, dice(&w->dice, 100000));
	x->arg[1] = load_amount(w, dice(&w->dice, 100000));
	if (strcmp(x->event, "deploy") == 0 || dice_one_in(&w->dice, 40))
		x->blob = (struct slice){(const uint8_t *)"something else", dice_one_in(&w->dice, 10) ? 0 : 14};
	if (dice_one_in(&w->dice, 60))
		strcpy(x->event, "@usage");
}

static void fund_send(struct world *w, struct actor *a, const struct at_lease *l)
{
	struct tx *tx = load_tx(w, a, TX_FUND);
	struct tx_fund *x = &tx->u.fund;
	x->instance = l->f.lease;
	strcpy(x->event, dice_one_in(&w->dice, 8) ? "stop" : "topup"); /* the other words take no money */
	if (dice_one_in(&w->dice, 30))
		strcpy(x->event, "@usage");
	x->amount = money_of(load_amount(w, 1 + dice(&w->dice, 1u << dice(&w->dice, 23))));
	if (dice_one_in(&w->dice, 20))
		x->instance.b[dice(&w->dice, 2)] ^= (uint8_t)dice(&w->dice, 256);
	load_send(w, a, tx);
}

/* A lease goes on only if somebody says the next word: the one that its state waits for is said more often. */
static uint8_t type_for(struct world *w, const struct at_lease *l, uint8_t type)
{
	if (l->run.state == 0 && dice(&w->dice, 2))
		return TX_READY;
	if (l->run.state == 3 && dice(&w->dice, 3))
		return TX_FUND; /* frozen */
	if (l->run.state == 2 && l->f.change.stage != CHANGE_NONE && dice(&w->dice, 3))
		return l->f.change.stage == CHANGE_MADE && !l->f.usage_pending_ms ? TX_USAGE : TX_EVENT;
	return l->run.state >= 2 && type == TX_READY && dice(&w->dice, 4) ? TX_USAGE : type;
}

void load_lease(struct world *w, uint8_t type)
{
	uint8_t vector[4 * RESOURCES];
	struct rec *r = lease_pick(w);
	if (!r) {
		load_market(w, dice(&w->dice, 2) ? TX_ASK : TX_BID);
		return;
	}
	struct at_lease *l = &r->u->lease;
	type = type == TX_FUND ? type : type_for(w, l, type);
	uint8_t stage = l->f.change.stage;
	bool changes = type == TX_EVENT && (stage != CHANGE_NONE ? dice(&w->dice, 3) : dice(&w->dice, 4) == 0);
	bool sells = type == TX_READY || type == TX_USAGE || dice_one_in(&w->dice, 3);
	if (changes && stage != CHANGE_NONE && dice(&w->dice, 4)) /* whose turn it is */
		sells = stage == CHANGE_ASKED ? !l->f.change.by_seller : stage < CHANGE_CLOSING && !l->f.usage_pending_ms;
	struct actor *a = actor_of(w, &l->party[sells ? PARTY_SELLER : PARTY_BUYER].address);
	if (!a || dice_one_in(&w->dice, 20))
		a = load_actor(w);
	if (type == TX_FUND) {
		fund_send(w, a, l);
		return;
	}
	struct tx *tx = load_tx(w, a, type);
	memset(&tx->u, 0, sizeof tx->u);
	tx->scope = l->f.lease;
	tx->nonce = seq_next(w, l, &a->address);
	if (type == TX_USAGE)
		usage_body(w, a, l, &tx->u.usage);
	else if (type == TX_EVENT)
		changes ? change_body(w, l, sells, vector, &tx->u.event) : event_body(w, &tx->u.event);
	else
		strcpy(tx->u.ready.endpoint, "10.0.0.1:22");
	load_sign(w, a, tx);
	for (size_t i = PARTIES; i > 0; i--) /* with the key that the lease was opened with */
		if (address_eq(&l->party[i - 1].address, &a->address) && !dice_one_in(&w->dice, 60))
			memcpy(tx->sig[0].pk, l->party[i - 1].op_pk, 32);
	if (dice_one_in(&w->dice, 100))
		key_pk(2000, tx->sig[0].pk);
	load_send(w, a, tx);
}
