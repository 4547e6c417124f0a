/* The answer of an exchange file.
 *
 * The kernel has one position for reads and writes: a read after a write of n bytes comes at n, and bash seeks back within it. Hence
 * positions at or after the last write's end count from there, smaller ones from zero; every client tried reads right that way. */
#include "zfs-views/exchange.h"

void exchange_begin(struct exchange *x)
{
	page_free(&x->reply);
	x->reply = (struct page){0};
}

void exchange_wrote(struct exchange *x, uint64_t off, size_t size)
{
	x->base = off + size;
}

struct slice exchange_read(const struct exchange *x, uint64_t off, size_t size)
{
	uint64_t pos = off >= x->base ? off - x->base : off;
	if (pos >= x->reply.len)
		return (struct slice){NULL, 0};
	size_t left = x->reply.len - (size_t)pos;
	return (struct slice){(const uint8_t *)x->reply.p + pos, left < size ? left : size};
}

void exchange_free(struct exchange *x)
{
	page_free(&x->reply);
}
