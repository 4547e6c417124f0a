/* The blocks that were asked for lately.
 *
 * Least recently used ones go first when there are too many, or too many bytes. Knows nothing of where blocks come from. */
#include <stdlib.h>
#include <string.h>
#include "zfs-views/block_cache.h"

static void drop(struct block_cache *c, size_t i)
{
	c->bytes -= c->entry[i].len;
	free(c->entry[i].bytes);
	c->entry[i] = c->entry[--c->n];
}

static size_t oldest(const struct block_cache *c)
{
	size_t at = 0;
	for (size_t i = 1; i < c->n; i++)
		if (c->entry[i].used < c->entry[at].used)
			at = i;
	return at;
}

static uint8_t *copy_of(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	if (copy && len)
		memcpy(copy, p, len);
	return copy;
}

bool block_cache_get(struct block_cache *c, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len)
{
	for (size_t i = 0; i < c->n; i++) {
		struct block_entry *e = &c->entry[i];
		if (e->lane != lane || e->height != height || e->part != part)
			continue;
		e->used = ++c->clock;
		*bytes = copy_of(e->bytes, e->len);
		*len = e->len;
		return *bytes;
	}
	return false;
}

void block_cache_put(struct block_cache *c, uint8_t lane, uint64_t height, uint8_t part, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = len <= BLOCK_CACHE_BYTES / 4 ? copy_of(bytes, len) : NULL;
	if (!copy)
		return;
	while (c->n && (c->n == BLOCK_CACHE_ENTRIES || c->bytes + len > BLOCK_CACHE_BYTES))
		drop(c, oldest(c));
	c->entry[c->n++] = (struct block_entry){lane, part, height, ++c->clock, copy, len};
	c->bytes += len;
}

void block_cache_clear(struct block_cache *c)
{
	while (c->n)
		drop(c, c->n - 1);
}
