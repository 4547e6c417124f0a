/* The blocks that were asked for lately. Blocks never change, so an entry is good for ever. Not locked. */
#ifndef ZEUS_BLOCK_CACHE_H
#define ZEUS_BLOCK_CACHE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/limits.h"

struct block_entry { uint8_t lane, part; uint64_t height, used; uint8_t *bytes; size_t len; };
struct block_cache { struct block_entry entry[BLOCK_CACHE_ENTRIES]; size_t n, bytes; uint64_t clock; };

/* A copy for the caller to free. */
bool block_cache_get(struct block_cache *c, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len);
void block_cache_put(struct block_cache *c, uint8_t lane, uint64_t height, uint8_t part, const uint8_t *bytes, size_t len);
void block_cache_clear(struct block_cache *c);
#endif
