/* Compact multiproofs.
 *
 * Knows which subtrees a proof must name and in which order both sides walk them. Does not know what the leaves stand for, nor who chose
 * them. The walk is recursive: its depth is the tree's, at most 20. */
#include "ledger/chain/multi.h"
#include "common/cleanup.h"
#include "ledger/chain/chain.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A walk from left to right; at: the first range that may still meet what is to come. */
struct walk { const struct multi *m; const struct id *leaf; uint32_t at, nhash, nchosen; bool prove; struct id *out; };

static bool ranges_sound(const struct range *r, uint32_t n, uint32_t leaves)
{
	uint64_t free_from = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!r[i].count || r[i].first < free_from || (uint64_t)r[i].first + r[i].count > leaves)
			return false;
		free_from = (uint64_t)r[i].first + r[i].count + 1; /* two that touch would be one */
	}
	return n > 0;
}

static bool touched(struct walk *w, uint32_t first, uint32_t count)
{
	const struct multi *m = w->m;
	while (w->at < m->nranges && m->range[w->at].first + m->range[w->at].count <= first)
		w->at++;
	return w->at < m->nranges && m->range[w->at].first < first + count;
}

static uint32_t left_size(uint32_t n)
{
	return 1u << (31 - __builtin_clz(n - 1));
}

static bool covered(const struct walk *w, uint32_t first, uint32_t count)
{
	const struct range *r = &w->m->range[w->at];
	return r->first <= first && (uint64_t)r->first + r->count >= (uint64_t)first + count;
}

/* The root of count leaves from first on. Proving: out gets the hashes that go into the proof, the value means nothing. */
static struct id subtree(struct walk *w, uint32_t first, uint32_t count)
{
	struct id none = {{0}};
	if (!touched(w, first, count)) {
		uint32_t k = w->nhash++;
		if (w->prove && w->out)
			w->out[k] = merkle_root(w->leaf + first, count);
		return w->prove || k >= w->m->nhashes ? none : w->m->hash[k];
	}
	if (w->prove && covered(w, first, count))
		return none;
	if (count == 1)
		return w->leaf[w->nchosen++];
	uint32_t k = left_size(count);
	struct id l = subtree(w, first, k), r = subtree(w, first + k, count - k);
	return w->prove ? none : hash_pair("zeus/node", &l, &r);
}

/* How many hashes a proof of these ranges has. */
static uint32_t hashes_needed(const struct multi *m)
{
	struct walk w = {.m = m, .prove = true};
	subtree(&w, 0, m->leaves);
	return w.nhash;
}

int multi_prove(const struct id *leaf, uint32_t leaves, const struct range *range, uint32_t nranges, struct multi *out)
{
	if (leaves > MULTI_LEAVES_MAX || nranges > MULTI_RANGES_MAX)
		return -E2BIG;
	if (!ranges_sound(range, nranges, leaves))
		return -EINVAL;
	struct multi m = {.leaves = leaves, .nranges = nranges, .range = (struct range *)(uintptr_t)range};
	m.nhashes = hashes_needed(&m);
	if (m.nhashes > MULTI_HASHES_MAX)
		return -E2BIG;
	m.hash = chain_must(calloc(m.nhashes + 1, sizeof *m.hash));
	struct walk w = {.m = &m, .leaf = leaf, .prove = true, .out = m.hash};
	subtree(&w, 0, leaves);
	m.range = chain_must(calloc(nranges, sizeof *m.range));
	memcpy(m.range, range, nranges * sizeof *range);
	*out = m;
	return 0;
}

bool multi_check(const struct multi *m, const struct id *chosen, const struct id *root)
{
	struct walk w = {.m = m, .leaf = chosen};
	struct id got = subtree(&w, 0, m->leaves);
	return w.nhash == m->nhashes && id_cmp(&got, root) == 0;
}

uint32_t multi_chosen(const struct multi *m)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->nranges; i++)
		n += m->range[i].count;
	return n;
}

size_t multi_len(const struct multi *m)
{
	return 12 + 8 * (size_t)m->nranges + 32 * (size_t)m->nhashes;
}

void multi_put(struct wbuf *w, const struct multi *m)
{
	put_u32(w, m->leaves);
	put_u32(w, m->nranges);
	for (uint32_t i = 0; i < m->nranges; i++) {
		put_u32(w, m->range[i].first);
		put_u32(w, m->range[i].count);
	}
	put_u32(w, m->nhashes);
	for (uint32_t i = 0; i < m->nhashes; i++)
		put_id(w, &m->hash[i]);
}

/* A list's length: within its bound and within what is left of the bytes. */
static bool count_get(struct rbuf *r, uint32_t max, size_t each, uint32_t *n)
{
	*n = get_u32(r);
	return !r->bad && *n <= max && *n <= (r->len - r->pos) / each;
}

bool multi_get(struct slice bytes, struct multi *out)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct multi m = {.leaves = get_u32(&r)};
	if (m.leaves > MULTI_LEAVES_MAX || !count_get(&r, MULTI_RANGES_MAX, 8, &m.nranges))
		return false;
	m.range = chain_must(calloc(m.nranges + 1, sizeof *m.range));
	for (uint32_t i = 0; i < m.nranges; i++) {
		m.range[i].first = get_u32(&r);
		m.range[i].count = get_u32(&r);
	}
	bool ok = ranges_sound(m.range, m.nranges, m.leaves) && count_get(&r, MULTI_HASHES_MAX, 32, &m.nhashes) &&
		m.nhashes == hashes_needed(&m);
	m.hash = chain_must(calloc(ok ? m.nhashes + 1 : 1, sizeof *m.hash));
	for (uint32_t i = 0; ok && i < m.nhashes; i++)
		m.hash[i] = get_id(&r);
	if (!ok || !rbuf_end(&r)) {
		multi_free(&m);
		return false;
	}
	*out = m;
	return true;
}

void multi_free(struct multi *m)
{
	free(m->range);
	free(m->hash);
	*m = (struct multi){0};
}
