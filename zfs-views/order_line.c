/* From the text of an order line to its parts.
 *
 * Knows the grammar and nothing else: whether the symbol exists, the price is on its tick or the money is there is asked later
 * (order_tx.c and the ledger). A refusal names the column at which the reader stopped. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "common/text.h"
#include "zfs-views/order_line.h"

bool refuse(struct refusal *why, int err, int column, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	why->err = err;
	why->column = column;
	return false;
}

bool refuse_verdict(struct refusal *why, enum verdict v, int column)
{
	return refuse(why, verdict_errno(v), column, "%s", verdict_text(v));
}

struct reader { char text[LINE_MAX_LEN + 1]; size_t pos; struct order_line *o; struct refusal *why; };
struct token { char *word; int column; };

static bool next_token(struct reader *r, struct token *t)
{
	r->pos += strspn(r->text + r->pos, " \t\r");
	if (!r->text[r->pos])
		return false;
	*t = (struct token){r->text + r->pos, (int)r->pos};
	size_t len = strcspn(t->word, " \t\r");
	r->pos += len;
	if (r->text[r->pos])
		r->text[r->pos++] = 0;
	return true;
}

static bool bad_value(struct reader *r, int column, const char *key, const char *want)
{
	return refuse(r->why, EINVAL, column, "%s= wants %s", key, want);
}

static bool take_name(struct reader *r, const char *key, const char *v, int column, char *out)
{
	if (!text_name_ok(v))
		return bad_value(r, column, key, "a name: letters, digits, dot, dash, underscore; at most 64");
	strcpy(out, v);
	return true;
}

static bool take_number(struct reader *r, const char *key, const char *v, int column, uint64_t max, uint64_t *out)
{
	uint64_t any;
	if (text_u64(v, max, out))
		return true;
	if (text_u64(v, UINT64_MAX, &any))
		return refuse(r->why, ERANGE, column, "%s= is at most %llu", key, (unsigned long long)max);
	return bad_value(r, column, key, "a whole number");
}

static bool take_qty(struct reader *r, const char *v, int column)
{
	uint64_t n;
	if (!take_number(r, "qty", v, column, REPLICAS_MAX, &n))
		return false;
	if (n == 0)
		return refuse(r->why, ERANGE, column, "qty= is at least 1");
	r->o->qty = (uint32_t)n;
	r->o->column[WORD_QTY] = column;
	return true;
}

static bool take_price(struct reader *r, const char *v, int column)
{
	if (!text_price(v, &r->o->price))
		return bad_value(r, column, "price", "a decimal number with at most 8 places, in ZNC per unit-hour");
	r->o->column[WORD_PRICE] = column;
	return true;
}

static bool take_duration(struct reader *r, const char *key, const char *v, int column, enum order_word w, uint32_t *out)
{
	if (!text_duration(v, out))
		return bad_value(r, column, key, "a duration such as 90s, 10m, 2h or 1d");
	r->o->column[w] = column;
	return true;
}

static bool resource_value(enum resource_kind k, const char *v, uint32_t *out)
{
	uint64_t n;
	switch (k) {
	case RES_CPU_MILLI:
		return text_cores(v, out);
	case RES_MEM_MIB:
	case RES_GPU_MEM_MIB:
	case RES_DISK_MIB:
		return text_size_mib(v, out);
	case RES_UP_KBPS:
	case RES_DOWN_KBPS:
		return text_rate_kbps(v, out);
	case RES_GPU:
	case RES_IOPS:
	case RES_CONN:
	case RES_PIDS:
		if (!text_u64(v, UINT32_MAX, &n))
			return false;
		*out = (uint32_t)n;
		return true;
	case RES_SPARE_A:
	case RES_SPARE_B:
		return false;
	}
	return false;
}

static bool take_resource(struct reader *r, int kind, const char *key, const char *v, int column)
{
	static const char *const form[RESOURCES] = {
		[RES_CPU_MILLI] = "cores such as 0.5", [RES_MEM_MIB] = "a size such as 512M", [RES_GPU_MEM_MIB] = "a size such as 16G",
		[RES_DISK_MIB] = "a size such as 10G", [RES_UP_KBPS] = "a rate such as 20mbit", [RES_DOWN_KBPS] = "a rate such as 20mbit"};
	if (!resource_value((enum resource_kind)kind, v, &r->o->res.v[kind]))
		return bad_value(r, column, key, form[kind] ? form[kind] : "a whole number");
	r->o->given |= 1u << kind;
	if (!order_line_says(r->o, WORD_RESOURCE))
		r->o->column[WORD_RESOURCE] = column;
	return true;
}

static bool take_tif(struct reader *r, const char *v, int column)
{
	static const char *const words[] = {[TIF_GTC] = "gtc", [TIF_IOC] = "ioc", [TIF_FOK] = "fok"};
	for (uint8_t i = 0; i < 3; i++)
		if (strcmp(v, words[i]) == 0) {
			r->o->tif = i;
			r->o->column[WORD_TIF] = column;
			return true;
		}
	return bad_value(r, column, "tif", "gtc, ioc or fok");
}

static bool take_until(struct reader *r, const char *v, int column)
{
	if (!text_time(v, &r->o->until_ms) || r->o->until_ms == 0)
		return bad_value(r, column, "until", "a UTC time such as 2030-12-01T10:00:00Z");
	r->o->column[WORD_UNTIL] = column;
	return true;
}

static bool take_id(struct reader *r, const char *v, int column)
{
	if (strlen(v) > NAME_MAX_LEN)
		return bad_value(r, column, "id", "what the order shows");
	strcpy(r->o->id, v);
	r->o->column[WORD_ID] = column;
	return true;
}

static bool read_only(const char *key)
{
	static const char *const keys[] = {"state", "filled", "avg", "leases", "escrow", "bond", "time", "reason", "rate", "note"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

static bool take_number_key(struct reader *r, const char *key, const char *v, int column, bool *known)
{
	uint64_t n = 0;
	bool rating = strcmp(key, "rating") == 0, rev = strcmp(key, "rev") == 0;
	*known = rating || rev;
	if (!*known)
		return true;
	if (!take_number(r, key, v, column, rating ? UINT16_MAX : UINT32_MAX, &n))
		return false;
	if (rating)
		r->o->rating = (uint16_t)n;
	else
		r->o->rev = (uint32_t)n;
	r->o->column[rating ? WORD_RATING : WORD_REV] = column;
	return true;
}

static bool take_name_key(struct reader *r, const char *key, const char *v, int column, bool in_batch, bool *known)
{
	struct { const char *key; char *out; enum order_word word; bool allowed; } names[] = {
		{"app", r->o->app, WORD_APP, true}, {"node", r->o->node, WORD_NODE, true}, {"name", r->o->name, WORD_NAME, in_batch}};
	for (size_t i = 0; i < 3; i++) {
		*known = names[i].allowed && strcmp(key, names[i].key) == 0;
		if (*known) {
			r->o->column[names[i].word] = column;
			return take_name(r, key, v, column, names[i].out);
		}
	}
	return true;
}

static bool take_key(struct reader *r, const char *key, const char *v, struct token t, bool in_batch)
{
	struct order_line *o = r->o;
	int column = t.column + (int)(v - key), kind = resource_by_word(key);
	bool known;
	if (kind >= 0)
		return take_resource(r, kind, key, v, column);
	if (strcmp(key, "qty") == 0)
		return take_qty(r, v, column);
	if (strcmp(key, "price") == 0)
		return take_price(r, v, column);
	if (strcmp(key, "for") == 0)
		return take_duration(r, key, v, column, WORD_FOR, &o->for_s);
	if (strcmp(key, "min") == 0)
		return take_duration(r, key, v, column, WORD_MIN, &o->min_s);
	if (strcmp(key, "max") == 0)
		return take_duration(r, key, v, column, WORD_MAX, &o->max_s);
	if (strcmp(key, "tif") == 0)
		return take_tif(r, v, column);
	if (strcmp(key, "until") == 0)
		return take_until(r, v, column);
	if (strcmp(key, "id") == 0)
		return take_id(r, v, column);
	if (strcmp(key, "mode") == 0)
		return strcmp(v, "auction") == 0 || refuse(r->why, EINVAL, column, "mode= wants auction");
	if (!take_number_key(r, key, v, column, &known) || known)
		return known && r->why->err == 0;
	if (!take_name_key(r, key, v, column, in_batch, &known) || known)
		return known && r->why->err == 0;
	return read_only(key) || refuse(r->why, EINVAL, t.column, "unknown key %.32s=", key);
}

/* The words of the short form: a count, `@ PRICE`, `for DUR`. */
static bool take_word(struct reader *r, struct token t)
{
	struct token v;
	if (t.word[0] == '@') {
		if (t.word[1])
			return take_price(r, t.word + 1, t.column + 1);
		return next_token(r, &v) ? take_price(r, v.word, v.column) : refuse(r->why, EINVAL, t.column, "@ wants a price after it");
	}
	if (strcmp(t.word, "for") == 0)
		return next_token(r, &v) ? take_duration(r, "for", v.word, v.column, WORD_FOR, &r->o->for_s)
					 : refuse(r->why, EINVAL, t.column, "for wants a duration after it");
	if (t.word[0] >= '0' && t.word[0] <= '9' && !order_line_says(r->o, WORD_QTY))
		return take_qty(r, t.word, t.column);
	return refuse(r->why, EINVAL, t.column, "'%.32s' is no key=value", t.word);
}

/* ask|bid SYMBOL */
static bool take_head(struct reader *r)
{
	struct token t;
	if (!next_token(r, &t))
		return refuse(r->why, EINVAL, 0, "an order begins with ask or bid");
	if (strcmp(t.word, "ask") != 0 && strcmp(t.word, "bid") != 0)
		return refuse(r->why, EINVAL, t.column, "an order begins with ask or bid");
	r->o->side = strcmp(t.word, "ask") == 0 ? SIDE_ASK : SIDE_BID;
	r->o->column[WORD_SIDE] = t.column;
	if (!next_token(r, &t))
		return refuse(r->why, EINVAL, (int)r->pos, "the symbol is missing; see market/symbols");
	size_t len = strlen(t.word);
	if (len > NAME_MAX_LEN || strchr(t.word, '='))
		return refuse(r->why, EINVAL, t.column, "the symbol is missing; see market/symbols");
	strcpy(r->o->symbol, t.word);
	r->o->column[WORD_SYMBOL] = t.column;
	return true;
}

/* What belongs to one side only. */
static bool check_sides(const struct order_line *o, struct refusal *why)
{
	static const enum order_word of_bid[] = {WORD_APP, WORD_RATING}, of_ask[] = {WORD_MIN, WORD_MAX};
	for (size_t i = 0; i < 2; i++) {
		if (o->side == SIDE_ASK && order_line_says(o, of_bid[i]))
			return refuse(why, EINVAL, o->column[of_bid[i]], "this belongs to a bid, not to an ask");
		if (o->side == SIDE_BID && order_line_says(o, of_ask[i]))
			return refuse(why, EINVAL, o->column[of_ask[i]], "min= and max= belong to an ask; a bid says for=");
	}
	if (o->side == SIDE_ASK && order_line_says(o, WORD_FOR) && order_line_says(o, WORD_MAX))
		return refuse(why, EINVAL, o->column[WORD_FOR], "an ask says either for= or max=");
	return true;
}

static bool check_whole(const struct order_line *o, size_t len, struct refusal *why)
{
	if (!order_line_says(o, WORD_PRICE))
		return refuse(why, EINVAL, (int)len, "price= is missing");
	if (o->side == SIDE_BID && !order_line_says(o, WORD_FOR))
		return refuse(why, EINVAL, (int)len, "for= is missing: how long is it to last?");
	return check_sides(o, why);
}

/* Was a word said that had been said already? */
static bool said_before(const struct order_line *before, const struct order_line *after)
{
	for (int w = 0; w < WORDS; w++)
		if (w != WORD_RESOURCE && before->column[w] >= 0 && after->column[w] != before->column[w])
			return true;
	return false;
}

static bool take_token(struct reader *r, struct token t, bool in_batch)
{
	struct order_line before = *r->o;
	char *eq = strchr(t.word, '=');
	if (eq)
		*eq = 0;
	if (eq ? !take_key(r, t.word, eq + 1, t, in_batch) : !take_word(r, t))
		return false;
	int kind = eq ? resource_by_word(t.word) : -1;
	bool twice = kind >= 0 ? before.given >> kind & 1 : said_before(&before, r->o);
	return !twice || refuse(r->why, EINVAL, t.column, "this was said before in the same line");
}

/* A reader at `from` of the line, for an order of which nothing is said yet. */
static bool read_from(struct reader *r, const char *line, size_t from)
{
	size_t len = strlen(line);
	*r->why = (struct refusal){.column = -1};
	if (len > LINE_MAX_LEN)
		return refuse(r->why, E2BIG, -1, "the line is longer than %d bytes", LINE_MAX_LEN);
	for (int w = 0; w < WORDS; w++)
		r->o->column[w] = -1;
	memcpy(r->text, line, len + 1);
	r->pos = from;
	return true;
}

bool order_line_terms(const char *line, size_t from, struct order_line *out, struct refusal *why)
{
	struct order_line o = {.qty = 1};
	struct reader r = {.o = &o, .why = why};
	if (!read_from(&r, line, from))
		return false;
	for (struct token t; next_token(&r, &t);)
		if (!take_token(&r, t, false))
			return false;
	for (int w = 0; w < WORDS; w++)
		if (w != WORD_PRICE && w != WORD_RESOURCE && o.column[w] >= 0)
			return refuse(why, EINVAL, o.column[w], "a lease changes its resources and price= only");
	if (!o.given && !order_line_says(&o, WORD_PRICE))
		return refuse(why, EINVAL, (int)strlen(line), "say what changes, such as cpu=1 mem=256M price=0.04");
	*out = o;
	return true;
}

bool order_line_parse(const char *line, bool in_batch, struct order_line *out, struct refusal *why)
{
	struct order_line o = {.qty = 1};
	struct reader r = {.o = &o, .why = why};
	size_t len = strlen(line);
	if (!read_from(&r, line, 0) || !take_head(&r))
		return false;
	for (struct token t; next_token(&r, &t);)
		if (!take_token(&r, t, in_batch))
			return false;
	if (!check_whole(&o, len, why))
		return false;
	*out = o;
	return true;
}
