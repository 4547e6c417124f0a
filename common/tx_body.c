/* The bodies of the transaction types: one description each, run both ways, and the table that names them.
 *
 * Knows the order of the fields and which values can never be right (an unknown tif, a name that is no name). Does not know
 * the envelope (tx.c), signatures, or whether the ledger would accept. */
#include <string.h>
#include "common/coder.h"
#include "common/tx.h"

static void code_cid(struct coder *c, struct cid *v) { code_bytes(c, v->b, sizeof v->b); }

static void code_auth(struct coder *c, struct auth *a)
{
	unsigned weight = 0;
	code_u8(c, &a->threshold);
	code_u8(c, &a->n);
	coder_require(c, a->n >= 1 && a->n <= TX_SIGS_MAX);
	for (int i = 0; i < a->n && !coder_bad(c); i++) {
		code_bytes(c, a->key[i].pk, sizeof a->key[i].pk);
		code_u8(c, &a->key[i].weight);
		coder_require(c, a->key[i].weight > 0);
		coder_require(c, i == 0 || memcmp(a->key[i - 1].pk, a->key[i].pk, sizeof a->key[i].pk) < 0);
		weight += a->key[i].weight;
	}
	coder_require(c, a->threshold > 0 && a->threshold <= weight); /* else nobody could ever sign for it */
}

static void code_transfer(struct coder *c, struct tx *tx)
{
	struct tx_transfer *t = &tx->u.transfer;
	code_cid(c, &t->cid);
	code_address(c, &t->to);
	code_u32(c, &t->token);
	code_money(c, &t->amount);
	code_text(c, t->memo, MEMO_MAX);
}

static void code_open(struct coder *c, struct tx *tx)
{
	struct tx_open *o = &tx->u.open;
	code_cid(c, &o->cid);
	code_auth(c, &o->auth);
	code_money(c, &o->amount);
	code_bytes(c, o->x25519, sizeof o->x25519);
}

static void code_set_auth(struct coder *c, struct tx *tx) { code_auth(c, &tx->u.set_auth.auth); }

static void code_set_key(struct coder *c, struct tx *tx) { code_bytes(c, tx->u.set_key.x25519, sizeof tx->u.set_key.x25519); }

static void code_stake(struct coder *c, struct tx *tx)
{
	code_cid(c, &tx->u.stake.cid);
	code_money(c, &tx->u.stake.amount);
}

static void code_votes(struct coder *c, struct tx_vote *v)
{
	code_enum8(c, &v->n, VOTES_MAX + 1);
	for (int i = 0; i < v->n && !coder_bad(c); i++) {
		code_u16(c, &v->site[i]);
		coder_require(c, i == 0 || v->site[i - 1] < v->site[i]);
	}
}

static void code_vote(struct coder *c, struct tx *tx) { code_votes(c, &tx->u.vote); }

static void code_proxy(struct coder *c, struct tx *tx) { code_address(c, &tx->u.proxy.proxy); }

bool token_symbol_ok(const char *s)
{
	size_t n = strlen(s);
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	return n >= 2 && n <= TOKEN_SYMBOL_LEN && s[0] >= 'A' && s[0] <= 'Z' && strspn(s, letters) == n && strcmp(s, "ZNC") != 0;
}

static void code_token_new(struct coder *c, struct tx *tx)
{
	struct tx_token_new *t = &tx->u.token_new;
	code_cid(c, &t->cid);
	code_text(c, t->symbol, TOKEN_SYMBOL_LEN);
	coder_require(c, token_symbol_ok(t->symbol));
	code_enum8(c, &t->decimals, TOKEN_DECIMALS_MAX + 1);
	code_u64(c, &t->num);
	code_u64(c, &t->den);
	coder_require(c, t->num > 0 && t->den > 0);
	code_enum8(c, &t->mode, TOKEN_ISSUER + 1);
}

static void code_token_in(struct coder *c, struct tx *tx)
{
	struct tx_token_in *t = &tx->u.token_in;
	code_cid(c, &t->cid);
	code_u32(c, &t->token);
	code_money(c, &t->amount);
}

static void code_token_out(struct coder *c, struct tx *tx)
{
	struct tx_token_out *t = &tx->u.token_out;
	code_cid(c, &t->cid);
	code_u32(c, &t->token);
	code_money(c, &t->amount);
	code_u32(c, &t->into);
}

static void code_node_reg(struct coder *c, struct tx *tx)
{
	struct tx_node_reg *n = &tx->u.node_reg;
	code_name(c, n->name);
	code_resources(c, &n->caps);
	code_bytes(c, n->op_pk, sizeof n->op_pk);
}

static void code_ask(struct coder *c, struct tx *tx)
{
	struct tx_ask *a = &tx->u.ask;
	code_cid(c, &a->cid);
	code_name_or_none(c, a->name);
	code_id(c, &a->node);
	code_u32(c, &a->symbol);
	code_resources(c, &a->offer);
	code_price(c, &a->price);
	code_money(c, &a->bond);
	code_u32(c, &a->min_s);
	code_u32(c, &a->max_s);
	code_u64(c, &a->expiry_ms);
	code_enum8(c, &a->tif, TIF_FOK + 1);
}

static void code_bid(struct coder *c, struct tx *tx)
{
	struct tx_bid *b = &tx->u.bid;
	code_cid(c, &b->cid);
	code_name_or_none(c, b->name);
	code_id(c, &b->node);
	code_u32(c, &b->symbol);
	code_resources(c, &b->want);
	code_qty(c, &b->qty);
	code_price(c, &b->limit);
	code_u32(c, &b->dur_s);
	code_u16(c, &b->rating);
	code_money(c, &b->escrow);
	code_u64(c, &b->expiry_ms);
	code_enum8(c, &b->tif, TIF_FOK + 1);
	code_name_or_none(c, b->app);
	code_blob(c, &b->deploy, DEPLOY_MAX);
}

static void code_cancel(struct coder *c, struct tx *tx)
{
	struct tx_cancel *x = &tx->u.cancel;
	code_cid(c, &x->cid);
	code_u32(c, &x->symbol);
	code_id(c, &x->order);
}

static void code_amend(struct coder *c, struct tx *tx)
{
	struct tx_amend *a = &tx->u.amend;
	code_cid(c, &a->cid);
	code_u32(c, &a->symbol);
	code_id(c, &a->order);
	code_u32(c, &a->rev);
	code_qty(c, &a->qty);
	code_price(c, &a->price);
	code_u64(c, &a->expiry_ms);
	code_money(c, &a->escrow_add);
}

static void code_app_pub(struct coder *c, struct tx *tx)
{
	struct tx_app_pub *a = &tx->u.app_pub;
	code_cid(c, &a->cid);
	code_name(c, a->name);
	code_bytes(c, a->image, sizeof a->image);
	code_id(c, &a->contract);
	code_blob(c, &a->meta, APP_META_MAX);
}

static void code_fund(struct coder *c, struct tx *tx)
{
	struct tx_fund *f = &tx->u.fund;
	code_cid(c, &f->cid);
	code_id(c, &f->instance);
	code_name(c, f->event);
	code_money(c, &f->amount);
}

static void code_event(struct coder *c, struct tx *tx)
{
	struct tx_event *e = &tx->u.event;
	code_name(c, e->event); /* a name has no '@', so nobody can send what only the ledger raises */
	for (int i = 0; i < 4; i++)
		code_u64(c, &e->arg[i]);
	code_blob(c, &e->blob, DEPLOY_MAX);
}

static void code_ready(struct coder *c, struct tx *tx) { code_text(c, tx->u.ready.endpoint, ENDPOINT_MAX); }

static void code_receipt(struct coder *c, struct usage_receipt *u)
{
	code_const8(c, 1);  /* version */
	code_const8(c, 0);  /* flags */
	code_const16(c, 0); /* pad */
	code_u32(c, &u->seq);
	code_id(c, &u->instance);
	code_u64(c, &u->t0_ms);
	code_u64(c, &u->t1_ms);
	for (int m = 0; m < METERS; m++)
		code_u64(c, &u->meter[m]);
	code_bytes(c, u->boot_id, sizeof u->boot_id);
	code_u64(c, &u->group_id);
	code_id(c, &u->prev);
	coder_require(c, u->t0_ms <= u->t1_ms);
}

static void code_usage(struct coder *c, struct tx *tx)
{
	struct tx_usage *u = &tx->u.usage;
	code_receipt(c, &u->receipt);
	code_u32(c, &u->leaf);
	code_u32(c, &u->leaves);
	coder_require(c, u->leaf < u->leaves);
	code_enum8(c, &u->npath, USAGE_PATH_MAX + 1);
	for (int i = 0; i < u->npath && !coder_bad(c); i++)
		code_id(c, &u->path[i]);
	code_bytes(c, u->tick_sig, sizeof u->tick_sig);
}

/* The body is the parts, one after the other; how many there are is counted, not said, so it cannot be said wrongly. */
static void code_batch(struct coder *c, struct tx *tx)
{
	struct tx_batch *b = &tx->u.batch;
	struct tx part;
	if (c->r) {
		b->ops = (struct slice){c->r->p + c->r->pos, c->r->len - c->r->pos};
		c->r->pos = c->r->len;
	} else {
		put_bytes(c->w, b->ops.p, b->ops.len);
	}
	struct rbuf r = rbuf_on(b->ops.p, b->ops.len);
	uint32_t n = 0;
	while (n <= TX_BATCH_OPS_MAX && r.pos < r.len && tx_batch_next(&r, &part) == V_OK)
		n++;
	coder_require(c, rbuf_end(&r) && n >= 1 && n <= TX_BATCH_OPS_MAX);
	if (c->r)
		b->n = n;
	coder_require(c, b->n == n);
}

struct type_row { uint8_t type; const char *word; void (*code)(struct coder *, struct tx *); bool instance, part; };

static const struct type_row types[] = {
	{TX_TRANSFER, "transfer", code_transfer, false, true},
	{TX_OPEN, "open", code_open, false, false},
	{TX_SET_AUTH, "set-auth", code_set_auth, false, false},
	{TX_SET_KEY, "set-key", code_set_key, false, false},
	{TX_STAKE, "stake", code_stake, false, false},
	{TX_UNSTAKE, "unstake", code_stake, false, false},
	{TX_VOTE, "vote", code_vote, false, false},
	{TX_PROXY, "proxy", code_proxy, false, false},
	{TX_TOKEN_NEW, "token-new", code_token_new, false, false},
	{TX_TOKEN_IN, "token-in", code_token_in, false, false},
	{TX_TOKEN_OUT, "token-out", code_token_out, false, false},
	{TX_NODE_REG, "node-reg", code_node_reg, false, false},
	{TX_ASK, "ask", code_ask, false, true},
	{TX_BID, "bid", code_bid, false, true},
	{TX_CANCEL, "cancel", code_cancel, false, true},
	{TX_AMEND, "amend", code_amend, false, true},
	{TX_APP_PUB, "app-pub", code_app_pub, false, false},
	{TX_FUND, "fund", code_fund, false, false},
	{TX_EVENT, "event", code_event, true, false},
	{TX_READY, "ready", code_ready, true, false},
	{TX_USAGE, "usage", code_usage, true, false},
	{TX_BATCH, "batch", code_batch, false, false},
};

static const struct type_row *type_row(uint8_t type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}

bool tx_type_known(uint8_t type) { return type_row(type) != NULL; }

bool tx_type_instance(uint8_t type)
{
	const struct type_row *row = type_row(type);
	return row && row->instance;
}

const char *tx_type_word(uint8_t type)
{
	const struct type_row *row = type_row(type);
	return row ? row->word : "?";
}

size_t tx_body_max(uint8_t type) { return type == TX_BATCH ? TX_BATCH_BODY_MAX : TX_BODY_MAX; }

void tx_body_put(struct wbuf *w, const struct tx *tx)
{
	const struct type_row *row = type_row(tx->type);
	struct coder c = coder_writing(w);
	size_t from = w->len;
	if (row)
		row->code(&c, (struct tx *)tx);
	if (!row || w->len - from > tx_body_max(tx->type))
		w->bad = true;
}

enum verdict tx_body_get(uint8_t type, struct slice body, struct tx *out)
{
	const struct type_row *row = type_row(type);
	struct tx tx;
	struct rbuf r = rbuf_on(body.p, body.len);
	struct coder c = coder_reading(&r);
	if (!row)
		return V_UNKNOWN_TYPE;
	if (body.len > tx_body_max(type))
		return V_MALFORMED;
	memset(&tx.u, 0, sizeof tx.u);
	row->code(&c, &tx);
	if (!rbuf_end(&r))
		return V_MALFORMED;
	out->type = type;
	out->u = tx.u;
	return V_OK;
}

void tx_batch_put(struct wbuf *w, const struct tx *part)
{
	const struct type_row *row = type_row(part->type);
	if (!row || !row->part)
		w->bad = true;
	put_u8(w, part->type);
	size_t at = put_mark32(w);
	tx_body_put(w, part);
	put_length(w, at);
}

enum verdict tx_batch_next(struct rbuf *r, struct tx *out)
{
	uint8_t type = get_u8(r);
	struct slice body = get_blob(r, TX_BODY_MAX);
	const struct type_row *row = type_row(type);
	if (r->bad || !row || !row->part || tx_body_get(type, body, out) != V_OK) {
		r->bad = true;
		return V_MALFORMED;
	}
	return V_OK;
}

void auth_put(struct wbuf *w, const struct auth *a)
{
	struct coder c = coder_writing(w);
	code_auth(&c, (struct auth *)a);
}

bool auth_get(struct rbuf *r, struct auth *out)
{
	struct auth a = {0};
	struct coder c = coder_reading(r);
	code_auth(&c, &a);
	if (r->bad)
		return false;
	*out = a;
	return true;
}

void votes_put(struct wbuf *w, const struct tx_vote *v)
{
	struct coder c = coder_writing(w);
	code_votes(&c, (struct tx_vote *)v);
}

bool votes_get(struct rbuf *r, struct tx_vote *out)
{
	struct tx_vote v = {0};
	struct coder c = coder_reading(r);
	code_votes(&c, &v);
	if (r->bad)
		return false;
	*out = v;
	return true;
}

bool stake_is_none(const struct stake *s)
{
	static const struct address nobody;
	return money_is_zero(s->staked) && money_is_zero(s->unstaking) && s->votes.n == 0 && address_eq(&s->proxy, &nobody);
}

static void code_standing(struct coder *c, struct stake *s)
{
	code_money(c, &s->staked);
	code_money(c, &s->unstaking);
	code_u64(c, &s->unstake_ms);
	code_votes(c, &s->votes);
	code_address(c, &s->proxy);
	coder_require(c, money_is_zero(s->unstaking) == (s->unstake_ms == 0) && !stake_is_none(s));
}

void stake_put(struct wbuf *w, const struct stake *s)
{
	struct coder c = coder_writing(w);
	code_standing(&c, (struct stake *)s);
}

bool stake_get(struct rbuf *r, struct stake *out)
{
	struct stake s = {0};
	struct coder c = coder_reading(r);
	code_standing(&c, &s);
	if (r->bad)
		return false;
	*out = s;
	return true;
}

void usage_receipt_put(struct wbuf *w, const struct usage_receipt *u)
{
	struct coder c = coder_writing(w);
	code_receipt(&c, (struct usage_receipt *)u);
}

bool usage_receipt_get(struct rbuf *r, struct usage_receipt *out)
{
	struct usage_receipt u;
	struct coder c = coder_reading(r);
	code_receipt(&c, &u);
	if (r->bad)
		return false;
	*out = u;
	return true;
}
