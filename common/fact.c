/* Facts as bytes: one description per kind, run both ways.
 *
 * Knows the order of the fields and which values cannot be (an unknown state, a lane that does not exist). Does not know what
 * a fact means or how it is folded; every reader does that for itself. */
#include "common/fact.h"
#include <string.h>
#include "common/coder.h"

static void code_lane(struct coder *c, uint8_t *lane) { code_enum8(c, lane, CHAINS); }

static void code_fact_block(struct coder *c, struct fact_block *f)
{
	code_u64(c, &f->height);
	code_u64(c, &f->time_ms);
	code_id(c, &f->hash);
	code_id(c, &f->parent);
	code_u32(c, &f->txs);
}

static void code_fact_lane(struct coder *c, struct fact_lane *f)
{
	code_lane(c, &f->lane);
	code_u64(c, &f->height);
	code_u64(c, &f->time_ms);
	code_id(c, &f->hash);
	code_u32(c, &f->txs);
	code_u32(c, &f->receipts_in);
	code_u32(c, &f->receipts_out);
	code_u32(c, &f->bytes);
	code_u64(c, &f->load);
	code_u64(c, &f->sent);
	code_u64(c, &f->crossed);
	code_u64(c, &f->moved);
}

static void code_fact_symbol(struct coder *c, struct fact_symbol *f)
{
	code_u32(c, &f->symbol);
	code_name(c, f->name);
	code_lane(c, &f->lane);
	code_resources(c, &f->unit);
	code_price(c, &f->tick);
	code_u32(c, &f->min_s);
	code_u32(c, &f->max_s);
}

enum { ACCOUNT_VESTING = 1, ACCOUNT_STAKE = 2, ACCOUNT_PARTS = ACCOUNT_VESTING | ACCOUNT_STAKE };

/* What most accounts do not have is written where it is there. */
static void code_account_parts(struct coder *c, struct fact_account *f)
{
	uint8_t parts = (f->vesting.type ? ACCOUNT_VESTING : 0) | (stake_is_none(&f->stake) ? 0 : ACCOUNT_STAKE);
	code_enum8(c, &parts, ACCOUNT_PARTS + 1);
	if (coder_bad(c))
		return;
	if (parts & ACCOUNT_VESTING && c->w)
		vesting_put(c->w, &f->vesting);
	else if (parts & ACCOUNT_VESTING && !vesting_get(c->r, &f->vesting))
		coder_refuse(c);
	if (parts & ACCOUNT_STAKE && c->w)
		stake_put(c->w, &f->stake);
	else if (parts & ACCOUNT_STAKE && !stake_get(c->r, &f->stake))
		coder_refuse(c);
}

static void code_fact_account(struct coder *c, struct fact_account *f)
{
	code_address(c, &f->address);
	code_lane(c, &f->lane);
	code_u64(c, &f->nonce);
	code_money(c, &f->balance);
	code_bytes(c, f->x25519, sizeof f->x25519);
	code_bytes(c, f->pk, sizeof f->pk);
	code_money(c, &f->deposit);
	code_u8(c, &f->threshold);
	code_enum8(c, &f->keys, TX_SIGS_MAX + 1);
	code_account_parts(c, f);
}

static void code_fact_node(struct coder *c, struct fact_node *f)
{
	code_id(c, &f->node);
	code_address(c, &f->owner);
	code_name(c, f->name);
	code_resources(c, &f->caps);
	code_resources(c, &f->free);
	code_u32(c, &f->rating);
	code_lane(c, &f->lane);
}

static void code_fact_app(struct coder *c, struct fact_app *f)
{
	code_id(c, &f->app);
	code_address(c, &f->owner);
	code_name(c, f->name);
	code_bytes(c, f->image, sizeof f->image);
	code_id(c, &f->contract);
	code_blob(c, &f->meta, APP_META_MAX);
}

static void code_fact_order(struct coder *c, struct fact_order *f)
{
	code_id(c, &f->order);
	code_address(c, &f->owner);
	code_name_or_none(c, f->name);
	code_enum8(c, &f->side, SIDE_BID + 1);
	code_enum8(c, &f->state, ORDER_REJECTED + 1);
	code_enum8(c, &f->tif, TIF_FOK + 1);
	code_u32(c, &f->symbol);
	code_id(c, &f->node);
	code_resources(c, &f->res);
	code_resources(c, &f->left);
	code_u32(c, &f->qty);
	code_u32(c, &f->filled);
	code_price(c, &f->price);
	code_u32(c, &f->min_s);
	code_u32(c, &f->max_s);
	code_u64(c, &f->expiry_ms);
	code_u64(c, &f->time_ms);
	code_money(c, &f->locked);
	code_name_or_none(c, f->app);
	code_u32(c, &f->rev);
	code_enum16(c, &f->reason, V_COUNT);
	code_money(c, &f->value);
}

static void code_lease_terms(struct coder *c, struct fact_lease *f)
{
	code_id(c, &f->lease);
	code_id(c, &f->bid);
	code_id(c, &f->ask);
	code_id(c, &f->node);
	code_address(c, &f->buyer);
	code_address(c, &f->seller);
	code_u32(c, &f->symbol);
	code_name_or_none(c, f->order);
	code_resources(c, &f->res);
	code_price(c, &f->price);
	code_money(c, &f->rate);
	code_u32(c, &f->min_s);
	code_u32(c, &f->max_s);
	code_u64(c, &f->born_ms);
}

/* What most leases do not have is written where it is there. */
static void code_lease_change(struct coder *c, struct fact_lease *f)
{
	struct lease_change *x = &f->change;
	code_u32(c, &f->change_rev);
	code_enum8(c, &f->change_end, CHANGE_ENDS);
	code_enum8(c, &x->stage, CHANGE_CLOSING + 1);
	if (coder_bad(c) || x->stage == CHANGE_NONE)
		return;
	code_bool(c, &x->by_seller);
	code_resources(c, &x->res);
	code_price(c, &x->price);
	code_money(c, &x->rate);
	code_u64(c, &x->until_ms);
}

static void code_fact_lease(struct coder *c, struct fact_lease *f)
{
	code_lease_terms(c, f);
	code_u64(c, &f->since_ms);
	code_enum8(c, &f->flags, (LEASE_TERMINAL | LEASE_RUN | LEASE_FROZEN) + 1);
	code_text(c, f->state, NAME_MAX_LEN);
	code_u64(c, &f->deadline_ms);
	code_money(c, &f->escrow);
	code_money(c, &f->bond);
	code_money(c, &f->paid);
	code_money(c, &f->commission);
	code_u64(c, &f->ran_s);
	code_u64(c, &f->metered_s);
	code_u32(c, &f->usage_seq);
	code_u64(c, &f->usage_pending_ms);
	code_name_or_none(c, f->app);
	code_text(c, f->endpoint, ENDPOINT_MAX);
	code_u32(c, &f->deploy_rev);
	code_blob(c, &f->deploy, DEPLOY_MAX);
	code_id(c, &f->last_usage);
	code_text(c, f->reason, NAME_MAX_LEN);
	code_lease_change(c, f);
}

static void code_fact_trade(struct coder *c, struct fact_trade *f)
{
	code_u64(c, &f->seq);
	code_u64(c, &f->time_ms);
	code_u32(c, &f->symbol);
	code_price(c, &f->price);
	code_money(c, &f->rate);
	code_id(c, &f->bid);
	code_id(c, &f->ask);
	code_id(c, &f->lease);
	code_resources(c, &f->res);
	code_u32(c, &f->dur_s);
}

static void code_fact_verdict(struct coder *c, struct fact_verdict *f)
{
	code_id(c, &f->txid);
	code_address(c, &f->sender);
	code_lane(c, &f->lane);
	code_u8(c, &f->type);
	coder_require(c, tx_type_known(f->type));
	code_enum16(c, &f->verdict, V_COUNT);
	code_u64(c, &f->height);
	code_bytes(c, f->cid.b, sizeof f->cid.b);
}

static void code_fact_pay(struct coder *c, struct fact_pay *f)
{
	code_enum8(c, &f->kind, PAY_STAKE + 1);
	code_lane(c, &f->lane);
	code_bool(c, &f->in);
	code_address(c, &f->account);
	code_address(c, &f->other);
	code_money(c, &f->amount);
	code_u32(c, &f->token);
	code_u64(c, &f->height);
	code_u64(c, &f->time_ms);
	code_id(c, &f->object);
	code_text(c, f->memo, MEMO_MAX);
}

static void code_fact_usage(struct coder *c, struct fact_usage *f)
{
	if (c->w)
		usage_receipt_put(c->w, &f->receipt);
	else if (!usage_receipt_get(c->r, &f->receipt))
		coder_refuse(c);
	code_bool(c, &f->settled);
}

static void code_fact_token(struct coder *c, struct fact_token *f)
{
	code_u32(c, &f->token);
	code_text(c, f->symbol, TOKEN_SYMBOL_LEN);
	code_enum8(c, &f->decimals, TOKEN_DECIMALS_MAX + 1);
	code_enum8(c, &f->mode, TOKEN_ISSUER + 1);
	code_u64(c, &f->num);
	code_u64(c, &f->den);
	coder_require(c, f->token && token_symbol_ok(f->symbol) && f->num && f->den);
	code_address(c, &f->issuer);
	code_money(c, &f->supply);
	code_money(c, &f->reserve);
}

static void code_fact_holding(struct coder *c, struct fact_holding *f)
{
	code_address(c, &f->account);
	code_u32(c, &f->token);
	coder_require(c, f->token > 0);
	code_money(c, &f->amount);
}

static void code_fact(struct coder *c, struct fact *f)
{
	switch ((enum fact_kind)f->kind) {
	case FACT_BLOCK: code_fact_block(c, &f->u.block); return;
	case FACT_LANE: code_fact_lane(c, &f->u.lane); return;
	case FACT_SYMBOL: code_fact_symbol(c, &f->u.symbol); return;
	case FACT_ACCOUNT: code_fact_account(c, &f->u.account); return;
	case FACT_NODE: code_fact_node(c, &f->u.node); return;
	case FACT_APP: code_fact_app(c, &f->u.app); return;
	case FACT_ORDER: code_fact_order(c, &f->u.order); return;
	case FACT_LEASE: code_fact_lease(c, &f->u.lease); return;
	case FACT_TRADE: code_fact_trade(c, &f->u.trade); return;
	case FACT_VERDICT: code_fact_verdict(c, &f->u.verdict); return;
	case FACT_PAY: code_fact_pay(c, &f->u.pay); return;
	case FACT_USAGE: code_fact_usage(c, &f->u.usage); return;
	case FACT_TOKEN: code_fact_token(c, &f->u.token); return;
	case FACT_HOLDING: code_fact_holding(c, &f->u.holding); return;
	case FACT_RESET: return; /* the kind says it all */
	}
	coder_refuse(c); /* no such kind */
}

void fact_put(struct wbuf *w, const struct fact *f)
{
	struct coder c = coder_writing(w);
	put_u8(w, f->kind);
	size_t at = put_mark32(w);
	code_fact(&c, (struct fact *)f);
	put_length(w, at);
}

bool fact_next(struct rbuf *r, struct fact *out)
{
	struct fact f;
	if (r->bad || r->pos == r->len)
		return false;
	memset(&f, 0, sizeof f);
	f.kind = get_u8(r);
	struct slice bytes = get_blob(r, FACT_BODY_MAX);
	struct rbuf body = rbuf_on(bytes.p, bytes.len);
	struct coder c = coder_reading(&body);
	code_fact(&c, &f);
	if (r->bad || !rbuf_end(&body)) {
		r->bad = true;
		return false;
	}
	*out = f;
	return true;
}

bool fact_skip(struct rbuf *r, struct slice *out)
{
	size_t from = r->pos;
	if (r->bad || r->pos == r->len)
		return false;
	get_u8(r);
	get_blob(r, FACT_BODY_MAX);
	if (!r->bad)
		*out = (struct slice){r->p + from, r->pos - from};
	return !r->bad;
}

const char *order_state_word(uint8_t state)
{
	static const char *const words[] = {"in-flight", "open", "partial", "filled", "cancelled", "expired", "rejected"};
	return state < sizeof words / sizeof words[0] ? words[state] : "?";
}

const char *change_end_word(uint8_t end)
{
	static const char *const words[CHANGE_ENDS] = {"-", "done", "withdrawn", "refused", "lapsed", "overtaken", "memory-in-use",
		"over-policy", "machine-failed"};
	return end < CHANGE_ENDS ? words[end] : "?";
}

struct resources lease_held(const struct fact_lease *f)
{
	struct resources held = f->res;
	for (int k = 0; k < RESOURCES && f->change.stage >= CHANGE_AGREED; k++)
		if (f->change.res.v[k] > held.v[k])
			held.v[k] = f->change.res.v[k];
	return held;
}

void lease_name_of(const struct id *instance, char out[LEASE_NAME_LEN + 1])
{
	uint8_t b[6]; /* the lane's digit, then the hash's, packed into half as many bytes */
	b[0] = (uint8_t)(instance->b[0] << 4 | instance->b[1] >> 4);
	for (int i = 1; i < 6; i++)
		b[i] = (uint8_t)(instance->b[i] << 4 | instance->b[i + 1] >> 4);
	hex_encode(b, sizeof b, out);
}
