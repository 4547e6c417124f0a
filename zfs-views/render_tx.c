/* One transaction as one line of JSON.
 *
 * Knows every type's fields. Written by hand rather than through a JSON library: the order of the fields is part of the format, and
 * the only texts are names and memos. Amounts are strings with 8 decimals, hashes lower-case hex, times RFC 3339. */
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "zfs-views/render.h"
#include "zfs-views/sorted.h"

static void key(struct page *t, const char *name) { page_add(t, ",\"%s\":", name); }

static void text(struct page *t, const char *name, const char *s)
{
	key(t, name);
	page_json(t, s, strlen(s));
}

static void number(struct page *t, const char *name, uint64_t n)
{
	key(t, name);
	page_add(t, "%" PRIu64, n);
}

static void hex(struct page *t, const char *name, const void *p, size_t len)
{
	key(t, name);
	page_add(t, "\"");
	page_hex(t, p, len);
	page_add(t, "\"");
}

static void amount(struct page *t, const char *name, struct money m)
{
	char num[TEXT_NUM];
	text(t, name, text_of_money(m, num));
}

static void price(struct page *t, const char *name, struct price p)
{
	char num[TEXT_NUM];
	text(t, name, text_of_price(p, num));
}

static void account(struct page *t, const char *name, const struct address *a)
{
	char s[ADDRESS_TEXT_MAX];
	text_of_address(a, s);
	text(t, name, s);
}

static void when(struct page *t, const char *name, uint64_t ms)
{
	char s[TEXT_TIME];
	if (ms)
		text(t, name, text_of_time(ms, s));
}

static void vector(struct page *t, const char *name, const struct resources *r)
{
	char num[TEXT_NUM];
	bool any = false;
	key(t, name);
	page_add(t, "{");
	for (int k = 0; k < RESOURCES; k++) {
		if (!r->v[k] || !resource_word((enum resource_kind)k))
			continue;
		page_add(t, "%s\"%s\":", any ? "," : "", resource_word((enum resource_kind)k));
		page_add(t, "\"%s\"", resource_text((enum resource_kind)k, r->v[k], num));
		any = true;
	}
	page_add(t, "}");
}

static void put_ask(struct page *t, const struct tx_ask *a)
{
	text(t, "name", a->name);
	hex(t, "node", a->node.b, sizeof a->node.b);
	number(t, "symbol", a->symbol);
	vector(t, "offer", &a->offer);
	price(t, "price", a->price);
	amount(t, "bond", a->bond);
	number(t, "min_s", a->min_s);
	number(t, "max_s", a->max_s);
	number(t, "tif", a->tif);
	when(t, "until", a->expiry_ms);
}

static void put_bid(struct page *t, const struct tx_bid *b)
{
	text(t, "name", b->name);
	if (!id_is_zero(&b->node))
		hex(t, "node", b->node.b, sizeof b->node.b);
	number(t, "symbol", b->symbol);
	number(t, "qty", qty_n(b->qty));
	vector(t, "want", &b->want);
	price(t, "price", b->limit);
	number(t, "for_s", b->dur_s);
	number(t, "rating", b->rating);
	amount(t, "escrow", b->escrow);
	number(t, "tif", b->tif);
	when(t, "until", b->expiry_ms);
	if (b->app[0])
		text(t, "app", b->app);
	number(t, "deploy_bytes", b->deploy.len);
}

static void put_amend(struct page *t, const struct tx_amend *a)
{
	number(t, "symbol", a->symbol);
	hex(t, "order", a->order.b, sizeof a->order.b);
	number(t, "rev", a->rev);
	number(t, "qty", qty_n(a->qty));
	price(t, "price", a->price);
	amount(t, "escrow_add", a->escrow_add);
	when(t, "until", a->expiry_ms);
}

static void put_usage(struct page *t, const struct tx_usage *u)
{
	number(t, "seq", u->receipt.seq);
	when(t, "from", u->receipt.t0_ms);
	when(t, "to", u->receipt.t1_ms);
	key(t, "meters");
	for (int i = 0; i < METERS; i++)
		page_add(t, "%c%" PRIu64, i ? ',' : '[', u->receipt.meter[i]);
	page_add(t, "]");
	hex(t, "prev", u->receipt.prev.b, sizeof u->receipt.prev.b);
}

static void put_event(struct page *t, const struct tx_event *e)
{
	text(t, "event", e->event);
	key(t, "args");
	for (int i = 0; i < 4; i++)
		page_add(t, "%c%" PRIu64, i ? ',' : '[', e->arg[i]);
	page_add(t, "]");
	number(t, "blob_bytes", e->blob.len);
}

static void put_transfer(struct page *t, const struct tx_transfer *x)
{
	account(t, "to", &x->to);
	amount(t, "amount", x->amount);
	text(t, "memo", x->memo);
}

static void put_auth(struct page *t, const struct auth *a)
{
	number(t, "threshold", a->threshold);
	number(t, "keys", a->n);
	hex(t, "key", a->key[0].pk, sizeof a->key[0].pk);
}

static void put_vote(struct page *t, const struct tx_vote *v)
{
	key(t, "sites");
	page_add(t, "[");
	for (size_t i = 0; i < v->n; i++)
		page_add(t, "%s%u", i ? "," : "", v->site[i]);
	page_add(t, "]");
}

static void put_token_new(struct page *t, const struct tx_token_new *n)
{
	text(t, "symbol", n->symbol);
	number(t, "decimals", n->decimals);
	number(t, "num", n->num);
	number(t, "den", n->den);
	text(t, "mode", n->mode == TOKEN_ISSUER ? "issuer" : "open");
}

static void put_open(struct page *t, const struct tx_open *o)
{
	put_auth(t, &o->auth);
	amount(t, "amount", o->amount);
}

static void put_fund(struct page *t, const struct tx_fund *f)
{
	hex(t, "instance", f->instance.b, sizeof f->instance.b);
	text(t, "event", f->event);
	amount(t, "amount", f->amount);
}

static void put_batch(struct page *t, const struct tx_batch *b);

static void put_fields(struct page *t, const struct tx *x)
{
	switch ((enum tx_type)x->type) {
	case TX_TRANSFER: put_transfer(t, &x->u.transfer); break;
	case TX_OPEN: put_open(t, &x->u.open); break;
	case TX_SET_AUTH: put_auth(t, &x->u.set_auth.auth); break;
	case TX_STAKE:
	case TX_UNSTAKE: amount(t, "amount", x->u.stake.amount); break;
	case TX_VOTE: put_vote(t, &x->u.vote); break;
	case TX_PROXY: account(t, "proxy", &x->u.proxy.proxy); break;
	case TX_TOKEN_NEW: put_token_new(t, &x->u.token_new); break;
	case TX_TOKEN_IN:
		number(t, "token", x->u.token_in.token);
		amount(t, "amount", x->u.token_in.amount);
		break;
	case TX_TOKEN_OUT:
		number(t, "token", x->u.token_out.token);
		number(t, "amount", money_base(x->u.token_out.amount));
		number(t, "into", x->u.token_out.into);
		break;
	case TX_SET_KEY: hex(t, "x25519", x->u.set_key.x25519, sizeof x->u.set_key.x25519); break;
	case TX_NODE_REG:
		text(t, "name", x->u.node_reg.name);
		vector(t, "caps", &x->u.node_reg.caps);
		break;
	case TX_ASK: put_ask(t, &x->u.ask); break;
	case TX_BID: put_bid(t, &x->u.bid); break;
	case TX_CANCEL:
		number(t, "symbol", x->u.cancel.symbol);
		hex(t, "order", x->u.cancel.order.b, sizeof x->u.cancel.order.b);
		break;
	case TX_AMEND: put_amend(t, &x->u.amend); break;
	case TX_APP_PUB:
		text(t, "name", x->u.app_pub.name);
		hex(t, "image", x->u.app_pub.image, sizeof x->u.app_pub.image);
		break;
	case TX_FUND: put_fund(t, &x->u.fund); break;
	case TX_EVENT: put_event(t, &x->u.event); break;
	case TX_READY: text(t, "endpoint", x->u.ready.endpoint); break;
	case TX_USAGE: put_usage(t, &x->u.usage); break;
	case TX_BATCH: put_batch(t, &x->u.batch); break;
	}
}

static void put_batch(struct page *t, const struct tx_batch *b)
{
	autofree struct tx *part = must_alloc(1, sizeof *part);
	struct rbuf r = rbuf_on(b->ops.p, b->ops.len);
	key(t, "ops");
	for (uint32_t i = 0; i < b->n && tx_batch_next(&r, part) == V_OK; i++) {
		page_add(t, "%c{\"kind\":\"%s\"", i ? ',' : '[', tx_type_word(part->type));
		put_fields(t, part);
		page_add(t, "}");
	}
	page_add(t, "%s]", b->n ? "" : "[");
}

void render_tx_line(struct slice envelope, uint16_t status, struct page *out)
{
	autofree struct tx *x = must_alloc(1, sizeof *x);
	size_t signed_len = 0;
	if (tx_get(envelope, x, &signed_len) != V_OK) { /* of a later version: its hash cannot be known here */
		page_add(out, "{\"kind\":\"unknown\",\"bytes\":%zu,\"status\":\"%s\"}\n", envelope.len, verdict_name((enum verdict)status));
		return;
	}
	struct id txid = hash_of("zeus/txid", envelope.p, signed_len);
	page_add(out, "{\"kind\":\"%s\"", tx_type_word(x->type));
	hex(out, "txid", txid.b, sizeof txid.b);
	account(out, "sender", &x->sender);
	number(out, "nonce", x->nonce);
	text(out, "status", status == V_OK ? "ok" : verdict_name((enum verdict)status));
	if (!id_is_zero(&x->scope))
		hex(out, "scope", x->scope.b, sizeof x->scope.b);
	number(out, "valid_until", x->valid_until);
	put_fields(out, x);
	page_add(out, "}\n");
}
