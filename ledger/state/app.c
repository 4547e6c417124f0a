/* Apps: a name for an image and how it is started, listed on chain 0.
 *
 * Knows who may take or replace a name. Does not know images; meta is opaque here. */
#include <string.h>
#include "ledger/state/books.h"

enum verdict app_check(const struct act *t, struct purse *u)
{
	const struct tx_app_pub *x = &t->tx->u.app_pub;
	enum verdict v = purse_cid(u, t, &x->cid);
	if (v != V_OK)
		return v;
	if (!x->name[0] || x->meta.len > APP_META_MAX)
		return V_MALFORMED;
	if (!id_is_zero(&x->contract) && id_cmp(&x->contract, &t->s->genesis.standard_lease) != 0)
		return V_BAD_CONTRACT;
	const struct app *known = app_find(t->s, x->name);
	if (known && !address_eq(&known->f.owner, &t->a->address))
		return V_NAME_TAKEN;
	v = purse_deposit(u, deposit_for(t->s, APP_BYTES + x->meta.len));
	return v == V_OK ? purse_send(u, t, 0) : v;
}

/* payload: REC_APP, owner, op_pk, name, image, contract, meta, deposit */
void app_apply(const struct act *t)
{
	const struct tx_app_pub *x = &t->tx->u.app_pub;
	struct money deposit = deposit_for(t->s, APP_BYTES + x->meta.len);
	deposit_hold(t->s, t->p, t->a, deposit, t->txid);
	struct bytes b = {0};
	struct wbuf w = bytes_begin(&b, APP_META_MAX + 512);
	put_u8(&w, REC_APP);
	put_address(&w, &t->a->address);
	put_bytes(&w, t->a->auth->key[0].pk, 32);
	put_text(&w, x->name);
	put_bytes(&w, x->image, 32);
	put_id(&w, id_is_zero(&x->contract) ? &t->s->genesis.standard_lease : &x->contract);
	put_blob(&w, x->meta.p, x->meta.len);
	put_money(&w, deposit);
	bytes_end(&b, &w);
	struct receipt r = {.kind = RCPT_REG, .dst = 0, .origin = *t->txid, .payload = bytes_slice(&b)};
	memcpy(r.to.b, t->a->address.b, 32);
	part_emit(t->s, t->p, &r);
	free(b.p);
}

static struct app *app_slot(struct part *zero, const char *name, const struct address *owner)
{
	struct app *a;
	HASH_FIND(hh, zero->apps, name, strlen(name), a);
	if (a)
		return address_eq(&a->f.owner, owner) ? a : NULL;
	a = books_alloc(sizeof *a);
	strcpy(a->f.name, name);
	a->f.owner = *owner;
	struct slice part[2] = {{owner->b, sizeof owner->b}, {(const uint8_t *)name, strlen(name)}};
	a->f.app = hash_slices("zeus/app", part, 2);
	HASH_ADD_KEYPTR(hh, zero->apps, a->f.name, strlen(a->f.name), a);
	return a;
}

static void app_register(struct state *s, struct part *zero, const struct receipt *in, struct rbuf *r)
{
	char name[NAME_MAX_LEN + 1];
	uint8_t op_pk[32], image[32];
	struct address owner = get_address(r);
	get_bytes(r, op_pk, 32);
	get_text(r, name, NAME_MAX_LEN);
	get_bytes(r, image, 32);
	struct id contract = get_id(r);
	struct slice meta = get_blob(r, APP_META_MAX);
	struct money deposit = get_money(r);
	if (!rbuf_end(r))
		books_fatal("a registration cannot be read");
	struct app *a = app_slot(zero, name, &owner);
	if (!a) { /* two published the name in one round: the first has it */
		bounce_send(s, zero, in, &owner, V_NAME_TAKEN, TX_APP_PUB);
		deposit_release(s, zero, &owner, deposit, &in->origin);
		return;
	}
	memcpy(a->op_pk, op_pk, 32);
	memcpy(a->f.image, image, 32);
	a->f.contract = contract;
	deposit_release(s, zero, &owner, a->deposit, &a->f.app); /* of what it replaces */
	a->deposit = deposit;
	slice_drop(&a->f.meta);
	a->f.meta = slice_copy(meta);
	part_touch(zero, REC_APP, a->f.name, strlen(a->f.name));
}

static void node_register(struct part *zero, const struct receipt *in, struct rbuf *r)
{
	struct node_home *n = books_alloc(sizeof *n);
	n->node = in->to;
	n->owner = get_address(r);
	n->lane = in->src;
	HASH_ADD(hh, zero->node_homes, node, sizeof n->node, n);
	part_touch(zero, REC_NODE_HOME, &n->node, sizeof n->node);
}

static void account_register(struct state *s, struct part *zero, const struct receipt *in)
{
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	struct address sender = get_address(&r), a;
	memcpy(a.b, in->to.b, 32);
	if (home_of(s, &a)) {
		bounce_send(s, zero, in, &sender, V_NAME_TAKEN, TX_OPEN);
		return;
	}
	uint32_t aff[LANES];
	r.pos = r.len - sizeof aff; /* the last of it is for here only */
	for (size_t i = 0; i < LANES; i++)
		aff[i] = get_u32(&r);
	struct place *l = place_of(s);
	struct home *h = home_add(zero, &a, place_account(l, zero->population, aff, in->src));
	place_took(l, h->lane);
	part_touch(zero, REC_HOME, &a, sizeof a);
	struct receipt out = {.kind = RCPT_NEW, .dst = h->lane, .origin = in->origin, .to = in->to, .amount = in->amount,
	    .payload = {in->payload.p, in->payload.len - sizeof aff}};
	part_emit(s, zero, &out);
}

void registry_receive(struct state *s, struct part *p, const struct receipt *in)
{
	if (in->kind == RCPT_NEW) {
		account_register(s, p, in);
		return;
	}
	struct rbuf r = rbuf_on(in->payload.p, in->payload.len);
	uint8_t what = get_u8(&r);
	if (what == REC_APP)
		app_register(s, p, in, &r);
	else if (what == REC_TOKEN)
		token_register(s, p, in, &r);
	else
		node_register(p, in, &r);
}
