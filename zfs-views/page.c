/* A text that grows, and the few forms that all renderers share.
 *
 * Knows how values look in files (cgroup-like key=value, tab-separated columns, JSON strings). Knows no files. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/render.h"

static void reserve(struct page *t, size_t more)
{
	if (t->len + more <= t->cap)
		return;
	size_t cap = t->cap ? t->cap : 256;
	while (cap < t->len + more)
		cap *= 2;
	char *p = realloc(t->p, cap);
	if (!p)
		abort();
	t->p = p;
	t->cap = cap;
}

void page_put(struct page *t, const void *p, size_t len)
{
	reserve(t, len + 1);
	if (len)
		memcpy(t->p + t->len, p, len);
	t->len += len;
	t->p[t->len] = 0;
}

void page_add(struct page *t, const char *fmt, ...)
{
	va_list ap;
	char small[256];
	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if ((size_t)n < sizeof small) {
		page_put(t, small, (size_t)n);
		return;
	}
	reserve(t, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(t->p + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void page_free(struct page *t)
{
	free(t->p);
	*t = (struct page){0};
}

void page_hex(struct page *t, const void *p, size_t len)
{
	char hex[2 * 64 + 1];
	const uint8_t *b = p;
	for (size_t i = 0; i < len; i += 64) {
		size_t part = len - i < 64 ? len - i : 64;
		hex_encode(b + i, part, hex);
		page_put(t, hex, 2 * part);
	}
}

void page_json(struct page *t, const char *s, size_t len)
{
	page_put(t, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			page_add(t, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			page_add(t, "\\u%04x", c);
		else
			page_put(t, &c, 1);
	}
	page_put(t, "\"", 1);
}

void page_word(struct page *t, const char *s)
{
	if (!*s)
		page_put(t, "-", 1);
	for (; *s; s++) {
		char c = *s > ' ' && *s < 0x7f ? *s : '_';
		page_put(t, &c, 1);
	}
}

void page_vector(struct page *t, const struct resources *r)
{
	char num[TEXT_NUM];
	for (int k = 0; k < RESOURCES; k++)
		if (r->v[k] && resource_word((enum resource_kind)k))
			page_add(t, " %s=%s", resource_word((enum resource_kind)k), resource_text((enum resource_kind)k, r->v[k], num));
}

void page_vector_head(struct page *t)
{
	for (int k = 0; k < RESOURCES; k++)
		if (resource_word((enum resource_kind)k))
			page_add(t, "\t%s", resource_word((enum resource_kind)k));
}

void page_vector_columns(struct page *t, const uint64_t v[RESOURCES])
{
	char num[TEXT_NUM];
	for (int k = 0; k < RESOURCES; k++)
		if (resource_word((enum resource_kind)k))
			page_add(t, "\t%s", resource_text((enum resource_kind)k, v[k] > UINT32_MAX ? UINT32_MAX : (uint32_t)v[k], num));
}

void page_milli(struct page *t, uint64_t milli) { page_add(t, "%" PRIu64 ".%03" PRIu64, milli / 1000, milli % 1000); }

void page_time(struct page *t, const char *key, uint64_t ms)
{
	char text[TEXT_TIME];
	page_add(t, "%s%s", key, ms ? text_of_time(ms, text) : "-");
}

void page_id(struct page *t, const char *prefix, const struct id *id)
{
	if (id_is_zero(id)) {
		page_put(t, "-", 1);
		return;
	}
	page_add(t, "%s", prefix);
	page_hex(t, id->b, 6);
}

void page_lease(struct page *t, const struct id *lease)
{
	char name[LEASE_NAME_LEN + 1];
	lease_name_of(lease, name);
	page_add(t, "l-%s", name);
}

void page_account(struct page *t, const struct view *v, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX], name[NAME_MAX_LEN + 1];
	uint32_t uid;
	if (model_uid(v->model, a, &uid)) {
		names_of(v->names, uid, name);
		page_add(t, "%s", name);
		return;
	}
	text_of_address(a, text);
	page_add(t, "%s", text);
}
