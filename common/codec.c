/* The byte primitives of every format: little-endian integers, counted bytes, texts, amounts.
 *
 * Knows bounds, and what can never be part of a canonical encoding (a control byte in a text, more money than exists,
 * something in a spare resource kind): such a value can be neither written nor read.
 * Does not know any message; those are in tx, deploy, fact and wire. */
#include "common/codec.h"
#include <string.h>

void put_bytes(struct wbuf *w, const void *p, size_t len)
{
	if (w->bad || len > w->cap - w->len) {
		w->bad = true;
		return;
	}
	if (len)
		memcpy(w->p + w->len, p, len);
	w->len += len;
}

static void put_le(struct wbuf *w, uint64_t v, size_t len)
{
	uint8_t b[8];
	for (size_t i = 0; i < len; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	put_bytes(w, b, len);
}

void put_u8(struct wbuf *w, uint8_t v) { put_le(w, v, 1); }
void put_u16(struct wbuf *w, uint16_t v) { put_le(w, v, 2); }
void put_u32(struct wbuf *w, uint32_t v) { put_le(w, v, 4); }
void put_u64(struct wbuf *w, uint64_t v) { put_le(w, v, 8); }

void put_blob(struct wbuf *w, const void *p, size_t len)
{
	if (len > UINT32_MAX)
		w->bad = true;
	put_u32(w, (uint32_t)len);
	put_bytes(w, p, len);
}

size_t put_mark32(struct wbuf *w)
{
	size_t mark = w->len;
	put_u32(w, 0);
	return mark;
}

void put_length(struct wbuf *w, size_t mark)
{
	size_t len = w->len - mark - 4;
	if (w->bad || len > UINT32_MAX) {
		w->bad = true;
		return;
	}
	struct wbuf place = wbuf_on(w->p + mark, 4);
	put_u32(&place, (uint32_t)len);
}

/* A NUL is a control byte too, so a text can never be cut short by one. */
static bool bytes_are_text(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
	return true;
}

void put_text(struct wbuf *w, const char *s)
{
	size_t len = strlen(s);
	if (len > UINT16_MAX || !bytes_are_text((const uint8_t *)s, len))
		w->bad = true;
	put_u16(w, (uint16_t)len);
	put_bytes(w, s, len);
}

void put_id(struct wbuf *w, const struct id *v) { put_bytes(w, v->b, sizeof v->b); }
void put_address(struct wbuf *w, const struct address *v) { put_bytes(w, v->b, sizeof v->b); }

static void put_amount(struct wbuf *w, uint64_t base)
{
	if (base > SUPPLY_BASE)
		w->bad = true;
	put_u64(w, base);
}

void put_money(struct wbuf *w, struct money v) { put_amount(w, money_base(v)); }
void put_price(struct wbuf *w, struct price v) { put_amount(w, price_base(v)); }

static bool resources_spare_zero(const struct resources *v) { return !v->v[RES_SPARE_A] && !v->v[RES_SPARE_B]; }

void put_resources(struct wbuf *w, const struct resources *v)
{
	if (!resources_spare_zero(v))
		w->bad = true;
	for (int k = 0; k < RESOURCES; k++)
		put_u32(w, v->v[k]);
}

/* The next len bytes, or NULL and bad. */
static const uint8_t *get_span(struct rbuf *r, size_t len)
{
	if (r->bad || len > r->len - r->pos) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p + r->pos;
	r->pos += len;
	return p;
}

static uint64_t get_le(struct rbuf *r, size_t len)
{
	const uint8_t *p = get_span(r, len);
	uint64_t v = 0;
	for (size_t i = 0; p && i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t get_u8(struct rbuf *r) { return (uint8_t)get_le(r, 1); }
uint16_t get_u16(struct rbuf *r) { return (uint16_t)get_le(r, 2); }
uint32_t get_u32(struct rbuf *r) { return (uint32_t)get_le(r, 4); }
uint64_t get_u64(struct rbuf *r) { return get_le(r, 8); }

bool get_bool(struct rbuf *r)
{
	uint8_t v = get_u8(r);
	if (v > 1)
		r->bad = true;
	return v == 1;
}

void get_bytes(struct rbuf *r, void *out, size_t len)
{
	const uint8_t *p = get_span(r, len);
	if (p && len)
		memcpy(out, p, len);
	else
		memset(out, 0, len);
}

struct slice get_blob(struct rbuf *r, size_t max)
{
	size_t len = get_u32(r);
	if (len > max)
		r->bad = true;
	const uint8_t *p = get_span(r, len);
	return p ? (struct slice){p, len} : (struct slice){NULL, 0};
}

void get_text(struct rbuf *r, char *out, size_t max)
{
	size_t len = get_u16(r);
	if (len > max)
		r->bad = true;
	const uint8_t *p = get_span(r, len);
	if (!p || !bytes_are_text(p, len)) {
		r->bad = true;
		len = 0;
	}
	if (len)
		memcpy(out, p, len);
	out[len] = '\0';
}

struct id get_id(struct rbuf *r)
{
	struct id v;
	get_bytes(r, v.b, sizeof v.b);
	return v;
}

struct address get_address(struct rbuf *r)
{
	struct address v;
	get_bytes(r, v.b, sizeof v.b);
	return v;
}

static uint64_t get_amount(struct rbuf *r)
{
	uint64_t base = get_u64(r);
	if (base <= SUPPLY_BASE)
		return base;
	r->bad = true;
	return 0;
}

struct money get_money(struct rbuf *r) { return money_of(get_amount(r)); }
struct price get_price(struct rbuf *r) { return price_of(get_amount(r)); }

struct resources get_resources(struct rbuf *r)
{
	struct resources v;
	for (int k = 0; k < RESOURCES; k++)
		v.v[k] = get_u32(r);
	if (!resources_spare_zero(&v))
		r->bad = true;
	return r->bad ? (struct resources){{0}} : v;
}

int id_cmp(const struct id *a, const struct id *b) { return memcmp(a->b, b->b, sizeof a->b); }
bool address_eq(const struct address *a, const struct address *b) { return memcmp(a->b, b->b, sizeof a->b) == 0; }

bool id_is_zero(const struct id *a)
{
	static const struct id zero;
	return id_cmp(a, &zero) == 0;
}

void hex_encode(const uint8_t *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *s, uint8_t *out, size_t len)
{
	size_t digits = 0;
	while (digits < 2 * len && hex_digit(s[digits]) >= 0)
		digits++;
	if (digits != 2 * len || s[digits] != '\0')
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 | hex_digit(s[2 * i + 1]));
	return true;
}
