/* Multiproofs: that many leaves at once belong to a tree of the RFC 6962 shape, with each hash given once.
 *
 * Which leaves: ranges, ascending, at least one leaf between two of them. The proof holds the roots of the largest subtrees that have no
 * chosen leaf, from left to right; what lies between is computed, so a contiguous range costs about as much as its two ends.
 * Bytes: leaves u32 | ranges u32, n x (first u32, count u32) | hashes u32, n x [32]. One proof has one spelling. */
#ifndef ZEUS_MULTI_H
#define ZEUS_MULTI_H
#include "ledger/chain/round.h"

#define MULTI_LEAVES_MAX (1u << 20)
#define MULTI_RANGES_MAX 4096
#define MULTI_HASHES_MAX (1u << 16)

struct range { uint32_t first, count; };
struct multi { uint32_t leaves, nranges, nhashes; struct range *range; struct id *hash; }; /* arrays owned */

/* 0 with *out filled; -EINVAL: not such ranges, or none; -E2BIG: over a bound. leaf: m->leaves of them. */
int multi_prove(const struct id *leaf, uint32_t leaves, const struct range *range, uint32_t nranges, struct multi *out);
/* Do the chosen leaves, in ascending order, lead to the root? */
bool multi_check(const struct multi *m, const struct id *chosen, const struct id *root);
uint32_t multi_chosen(const struct multi *m); /* how many leaves the ranges name */
void multi_put(struct wbuf *w, const struct multi *m);
bool multi_get(struct slice bytes, struct multi *out); /* false: not one; nothing to free then */
size_t multi_len(const struct multi *m);               /* as bytes */
void multi_free(struct multi *m);
#endif
