/* Transactions in words.
 *
 * Knows every type's fields, and leaves none out: what is not shown would be signed unseen. Does not know the books: a symbol is a number,
 * an order its hash. */
#include "cli/words.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/text.h"

static void put_printable(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		fprintf(out, c < 32 || c > 126 || c == '\\' ? "\\x%02x" : "%c", c);
	}
}

void words_line(FILE *out, const char *key, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	fprintf(out, "%-12s ", key);
	put_printable(out, text);
	fputc('\n', out);
}

void words_hex(FILE *out, const char *key, const void *p, size_t len)
{
	autofree char *hex = malloc(2 * len + 1);
	if (!hex)
		abort();
	hex_encode(p, len, hex);
	words_line(out, key, "%s", hex);
}

void words_address(FILE *out, const char *key, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];
	text_of_address(a, text);
	words_line(out, key, "%s", text);
}

static void money(FILE *out, const char *key, struct money m)
{
	char num[TEXT_NUM];
	words_line(out, key, "%s ZNC", text_of_money(m, num));
}

static void price(FILE *out, struct price p)
{
	char num[TEXT_NUM];
	words_line(out, "price", "%s ZNC per unit and hour", text_of_price(p, num));
}

static void duration(FILE *out, const char *key, uint32_t s)
{
	char num[TEXT_NUM];
	words_line(out, key, "%s", text_of_duration(s, num));
}

static void until(FILE *out, uint64_t ms)
{
	char text[TEXT_TIME];
	words_line(out, "until", "%s", ms ? text_of_time(ms, text) : "cancelled");
}

static void vector(FILE *out, const char *key, const struct resources *r)
{
	char text[512] = "", num[TEXT_NUM];
	size_t n = 0;
	for (int i = 0; i < RESOURCES; i++) {
		enum resource_kind k = (enum resource_kind)i;
		if (r->v[i] && resource_word(k))
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%s", n ? " " : "", resource_word(k),
			    resource_text(k, r->v[i], num));
	}
	words_line(out, key, "%s", text);
}

static void tif(FILE *out, uint8_t v)
{
	static const char *const words[] = {"until filled or cancelled", "what can be had at once", "all at once or nothing"};
	words_line(out, "when", "%s", words[v]);
}

static void node(FILE *out, const struct id *id)
{
	if (id_is_zero(id))
		words_line(out, "node", "any");
	else
		words_hex(out, "node", id->b, sizeof id->b);
}

static void deploy(FILE *out, struct slice bytes)
{
	autofree struct deploy *d = malloc(sizeof *d);
	autofree char *text = malloc(DEPLOY_MAX + 512);
	if (!d || !text)
		abort();
	if (bytes.len == 0)
		return;
	if (!deploy_get(bytes, d, text, DEPLOY_MAX + 512)) {
		words_hex(out, "to run", bytes.p, bytes.len);
		return;
	}
	words_line(out, "task", "%s", d->task);
	words_line(out, "image", "%s", d->image);
	if (d->sealed.len)
		words_hex(out, "sealed", d->sealed.p, d->sealed.len);
	words_line(out, "directory", "%s", d->cwd);
	for (uint32_t i = 0; i < d->nargs; i++)
		words_line(out, "argument", "%s", d->args[i]);
	for (uint32_t i = 0; i < d->nenv; i++)
		words_line(out, "variable", "%s", d->env[i]);
}

static void on_auth(FILE *out, const struct auth *a)
{
	char hex[65];
	words_line(out, "threshold", "%u", a->threshold);
	for (unsigned i = 0; i < a->n; i++) {
		hex_encode(a->key[i].pk, sizeof a->key[i].pk, hex);
		words_line(out, "key", "%s weighs %u", hex, a->key[i].weight);
	}
}

static void on_transfer(FILE *out, const struct tx *tx)
{
	const struct tx_transfer *t = &tx->u.transfer;
	if (t->token)
		words_line(out, "pay", "%" PRIu64 " base units of token %u", money_base(t->amount), t->token);
	else
		money(out, "pay", t->amount);
	words_address(out, "to", &t->to);
	words_line(out, "note", "%s", t->memo);
	words_hex(out, "command", t->cid.b, CID_LEN);
}

static void on_open(FILE *out, const struct tx *tx)
{
	const struct tx_open *o = &tx->u.open;
	money(out, "pay", o->amount);
	on_auth(out, &o->auth);
	words_hex(out, "x25519", o->x25519, sizeof o->x25519);
	words_hex(out, "command", o->cid.b, CID_LEN);
}

static void on_set_auth(FILE *out, const struct tx *tx)
{
	words_line(out, "from now on", "the account's keys are:");
	on_auth(out, &tx->u.set_auth.auth);
}

static void on_stake(FILE *out, const struct tx *tx)
{
	money(out, "amount", tx->u.stake.amount);
	words_hex(out, "command", tx->u.stake.cid.b, CID_LEN);
}

static void on_vote(FILE *out, const struct tx *tx)
{
	if (!tx->u.vote.n)
		words_line(out, "for", "nobody");
	for (unsigned i = 0; i < tx->u.vote.n; i++)
		words_line(out, "for site", "%u", tx->u.vote.site[i]);
}

static void on_proxy(FILE *out, const struct tx *tx) { words_address(out, "who votes", &tx->u.proxy.proxy); }

static void on_token_new(FILE *out, const struct tx *tx)
{
	const struct tx_token_new *t = &tx->u.token_new;
	words_line(out, "token", "%s, %u decimals", t->symbol, t->decimals);
	words_line(out, "backing", "%" PRIu64 " base units of ZNC for %" PRIu64 " of it", t->den, t->num);
	words_line(out, "converts", "%s", t->mode == TOKEN_OPEN ? "anyone" : "the issuer alone");
	words_hex(out, "command", t->cid.b, CID_LEN);
}

static void on_token_in(FILE *out, const struct tx *tx)
{
	money(out, "pay", tx->u.token_in.amount);
	words_line(out, "into token", "%u", tx->u.token_in.token);
	words_hex(out, "command", tx->u.token_in.cid.b, CID_LEN);
}

static void on_token_out(FILE *out, const struct tx *tx)
{
	const struct tx_token_out *t = &tx->u.token_out;
	words_line(out, "pay", "%" PRIu64 " base units of token %u", money_base(t->amount), t->token);
	words_line(out, "into token", "%u%s", t->into, t->into ? "" : " (ZNC)");
	words_hex(out, "command", t->cid.b, CID_LEN);
}

static void on_set_key(FILE *out, const struct tx *tx) { words_hex(out, "x25519", tx->u.set_key.x25519, 32); }

static void on_node_reg(FILE *out, const struct tx *tx)
{
	words_line(out, "name", "%s", tx->u.node_reg.name);
	vector(out, "has", &tx->u.node_reg.caps);
	words_hex(out, "its key", tx->u.node_reg.op_pk, 32);
}

static void on_ask(FILE *out, const struct tx *tx)
{
	const struct tx_ask *a = &tx->u.ask;
	words_line(out, "name", "%s", a->name);
	words_line(out, "symbol", "%u", a->symbol);
	node(out, &a->node);
	vector(out, "offer", &a->offer);
	price(out, a->price);
	money(out, "bond", a->bond);
	duration(out, "at least", a->min_s);
	duration(out, "at most", a->max_s);
	until(out, a->expiry_ms);
	tif(out, a->tif);
	words_hex(out, "command", a->cid.b, CID_LEN);
}

static void on_bid(FILE *out, const struct tx *tx)
{
	const struct tx_bid *b = &tx->u.bid;
	words_line(out, "name", "%s", b->name);
	words_line(out, "symbol", "%u", b->symbol);
	node(out, &b->node);
	words_line(out, "replicas", "%u", qty_n(b->qty));
	vector(out, "each", &b->want);
	price(out, b->limit);
	duration(out, "for", b->dur_s);
	money(out, "escrow", b->escrow);
	words_line(out, "rating", "%u or better", b->rating);
	until(out, b->expiry_ms);
	tif(out, b->tif);
	words_line(out, "app", "%s", b->app[0] ? b->app : "-");
	deploy(out, b->deploy);
	words_hex(out, "command", b->cid.b, CID_LEN);
}

static void on_cancel(FILE *out, const struct tx *tx)
{
	words_line(out, "symbol", "%u", tx->u.cancel.symbol);
	words_hex(out, "order", tx->u.cancel.order.b, 32);
	words_hex(out, "command", tx->u.cancel.cid.b, CID_LEN);
}

static void on_amend(FILE *out, const struct tx *tx)
{
	const struct tx_amend *a = &tx->u.amend;
	words_line(out, "symbol", "%u", a->symbol);
	words_hex(out, "order", a->order.b, 32);
	words_line(out, "revision", "%u", a->rev);
	words_line(out, "replicas", "%u", qty_n(a->qty));
	price(out, a->price);
	money(out, "escrow more", a->escrow_add);
	until(out, a->expiry_ms);
	words_hex(out, "command", a->cid.b, CID_LEN);
}

static void on_app_pub(FILE *out, const struct tx *tx)
{
	const struct tx_app_pub *a = &tx->u.app_pub;
	words_line(out, "app", "%s", a->name);
	words_hex(out, "image", a->image, sizeof a->image);
	words_hex(out, "contract", a->contract.b, 32);
	deploy(out, a->meta);
	words_hex(out, "command", a->cid.b, CID_LEN);
}

static void on_fund(FILE *out, const struct tx *tx)
{
	money(out, "pay", tx->u.fund.amount);
	words_hex(out, "into lease", tx->u.fund.instance.b, 32);
	words_line(out, "event", "%s", tx->u.fund.event);
	words_hex(out, "command", tx->u.fund.cid.b, CID_LEN);
}

static void on_event(FILE *out, const struct tx *tx)
{
	const struct tx_event *e = &tx->u.event;
	words_line(out, "event", "%s", e->event);
	for (int i = 0; i < 4; i++)
		if (e->arg[i])
			words_line(out, "with", "arg%d = %" PRIu64, i, e->arg[i]);
	deploy(out, e->blob);
}

static void on_ready(FILE *out, const struct tx *tx) { words_line(out, "endpoint", "%s", tx->u.ready.endpoint); }

/* What follows from no words of this file: all of it, as it is signed. */
static void body(FILE *out, const struct tx *tx)
{
	autofree uint8_t *bytes = malloc(TX_BODY_MAX);
	if (!bytes)
		abort();
	struct wbuf w = wbuf_on(bytes, TX_BODY_MAX);
	tx_body_put(&w, tx);
	words_hex(out, "body", bytes, w.len);
}

/* A node's measurement and its proof: nobody reads those, so they are shown as they are. */
static void on_usage(FILE *out, const struct tx *tx)
{
	const struct usage_receipt *u = &tx->u.usage.receipt;
	words_line(out, "receipt", "number %u, from %" PRIu64 " to %" PRIu64 " ms", u->seq, u->t0_ms, u->t1_ms);
	body(out, tx);
}

static void on_batch(FILE *out, const struct tx *tx);

static const struct { uint8_t type; void (*on)(FILE *out, const struct tx *tx); } types[] = {
	{TX_TRANSFER, on_transfer}, {TX_OPEN, on_open}, {TX_SET_AUTH, on_set_auth}, {TX_SET_KEY, on_set_key}, {TX_STAKE, on_stake},
	{TX_UNSTAKE, on_stake}, {TX_VOTE, on_vote}, {TX_PROXY, on_proxy}, {TX_TOKEN_NEW, on_token_new}, {TX_TOKEN_IN, on_token_in},
	{TX_TOKEN_OUT, on_token_out}, {TX_NODE_REG, on_node_reg}, {TX_ASK, on_ask},
	{TX_BID, on_bid}, {TX_CANCEL, on_cancel}, {TX_AMEND, on_amend}, {TX_APP_PUB, on_app_pub}, {TX_FUND, on_fund}, {TX_EVENT, on_event},
	{TX_READY, on_ready}, {TX_USAGE, on_usage}, {TX_BATCH, on_batch},
};

/* A type without words of its own is shown as its bytes: less readable, but nothing is hidden. */
static void fields(FILE *out, const struct tx *tx)
{
	words_line(out, "type", "%s", tx_type_word(tx->type));
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].type == tx->type) {
			types[i].on(out, tx);
			return;
		}
	body(out, tx);
}

static void on_batch(FILE *out, const struct tx *tx)
{
	autofree struct tx *part = malloc(sizeof *part);
	struct rbuf r = rbuf_on(tx->u.batch.ops.p, tx->u.batch.ops.len);
	if (!part)
		abort();
	for (uint32_t i = 0; i < tx->u.batch.n && tx_batch_next(&r, part) == V_OK; i++) {
		words_line(out, "part", "%u of %u, all or none", i + 1, tx->u.batch.n);
		fields(out, part);
	}
}

void words_tx(FILE *out, const struct tx *tx)
{
	fields(out, tx);
	words_address(out, "from", &tx->sender);
	if (!id_is_zero(&tx->scope))
		words_hex(out, "lease", tx->scope.b, sizeof tx->scope.b);
	words_line(out, "nonce", "%" PRIu64, tx->nonce);
	words_line(out, "good until", "height %" PRIu64, tx->valid_until);
	words_line(out, "chain", "%u", tx->chain_id);
}
