/* The two-way primitives on which the formats of tx, deploy, fact and wire are described.
 *
 * Knows which direction is running and hands on to codec. Does not know any message. */
#include "common/coder.h"
#include <string.h>
#include "common/text.h"

void coder_refuse(const struct coder *c)
{
	if (c->w)
		c->w->bad = true;
	else
		c->r->bad = true;
}

bool coder_bad(const struct coder *c) { return c->w ? c->w->bad : c->r->bad; }

#define BOTH_WAYS(word) \
	if (c->w) \
		put_##word(c->w, *v); \
	else \
		*v = get_##word(c->r)

void code_u8(struct coder *c, uint8_t *v) { BOTH_WAYS(u8); }
void code_u16(struct coder *c, uint16_t *v) { BOTH_WAYS(u16); }
void code_u32(struct coder *c, uint32_t *v) { BOTH_WAYS(u32); }
void code_u64(struct coder *c, uint64_t *v) { BOTH_WAYS(u64); }
void code_money(struct coder *c, struct money *v) { BOTH_WAYS(money); }
void code_price(struct coder *c, struct price *v) { BOTH_WAYS(price); }

void code_bool(struct coder *c, bool *v)
{
	if (c->w)
		put_u8(c->w, *v);
	else
		*v = get_bool(c->r);
}

void code_enum8(struct coder *c, uint8_t *v, unsigned count)
{
	code_u8(c, v);
	coder_require(c, *v < count);
}

void code_enum16(struct coder *c, uint16_t *v, unsigned count)
{
	code_u16(c, v);
	coder_require(c, *v < count);
}

void code_const8(struct coder *c, uint8_t v)
{
	uint8_t have = v;
	code_u8(c, &have);
	coder_require(c, have == v);
}

void code_const16(struct coder *c, uint16_t v)
{
	uint16_t have = v;
	code_u16(c, &have);
	coder_require(c, have == v);
}

void code_bytes(struct coder *c, void *p, size_t len)
{
	if (c->w)
		put_bytes(c->w, p, len);
	else
		get_bytes(c->r, p, len);
}

void code_blob(struct coder *c, struct slice *v, size_t max)
{
	if (c->r) {
		*v = get_blob(c->r, max);
		return;
	}
	coder_require(c, v->len <= max);
	put_blob(c->w, v->p, v->len);
}

void code_text(struct coder *c, char *s, size_t max)
{
	if (c->r) {
		get_text(c->r, s, max);
		return;
	}
	size_t len = strnlen(s, max + 1);
	if (len > max)
		coder_refuse(c);
	else
		put_text(c->w, s);
}

void code_name(struct coder *c, char s[NAME_MAX_LEN + 1])
{
	code_text(c, s, NAME_MAX_LEN);
	coder_require(c, text_name_ok(s));
}

void code_name_or_none(struct coder *c, char s[NAME_MAX_LEN + 1])
{
	code_text(c, s, NAME_MAX_LEN);
	coder_require(c, s[0] == '\0' || text_name_ok(s));
}

void code_id(struct coder *c, struct id *v) { code_bytes(c, v->b, sizeof v->b); }
void code_address(struct coder *c, struct address *v) { code_bytes(c, v->b, sizeof v->b); }

void code_qty(struct coder *c, struct qty *v)
{
	uint32_t n = qty_n(*v);
	code_u32(c, &n);
	if (c->r)
		*v = qty_of(n);
}

void code_resources(struct coder *c, struct resources *v)
{
	if (c->w)
		put_resources(c->w, v);
	else
		*v = get_resources(c->r);
}
