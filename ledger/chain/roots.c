/* The state trees of the ten chains, kept up to date record by record.
 *
 * Knows: buckets, pages of 256 buckets that exist only when touched, and which of them changed since the last root was asked for.
 * Does not know: what a record holds. Out of memory aborts: a wrong root would be worse. */
#include "ledger/chain/roots.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"
#include <stdlib.h>
#include <string.h>

#define FAN 256

struct entry { struct id key, value; };
struct bucket { struct entry *entry; uint32_t n, cap; };
/* node[1] is the root of a heap-shaped tree; node[FAN + i] is the value of child i. */
struct tree { struct id node[2 * FAN]; };
struct page { struct tree tree; struct bucket bucket[FAN]; bool dirty[FAN]; };
struct lane_tree { struct tree top; struct page *page[FAN]; bool dirty[FAN]; };
struct roots { struct lane_tree lane[CHAINS]; };

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct roots *roots_new(void)
{
	return must(calloc(1, sizeof(struct roots)));
}

static void page_free(struct page *p)
{
	for (int i = 0; p && i < FAN; i++)
		free(p->bucket[i].entry);
	free(p);
}

void roots_free(struct roots *r)
{
	for (int l = 0; r && l < CHAINS; l++)
		for (int i = 0; i < FAN; i++)
			page_free(r->lane[l].page[i]);
	free(r);
}

/* Some children have new values: hash each node above them, once. */
static void tree_settle(struct tree *t, const bool changed[FAN])
{
	bool stale[FAN] = {false};
	for (unsigned i = 0; i < FAN; i++)
		stale[(FAN + i) / 2] |= changed[i];
	for (unsigned at = FAN - 1; at; at--) {
		const struct id *l = &t->node[2 * at], *r = &t->node[2 * at + 1];
		if (!stale[at])
			continue;
		t->node[at] = id_is_zero(l) && id_is_zero(r) ? (struct id){{0}} : hash_pair("zeus/node", l, r);
		stale[at / 2] = true;
	}
}

struct id roots_leaf(const struct id *key, const struct id *value) { return hash_pair("zeus/ent", key, value); }

struct id roots_bucket(uint32_t n, const struct id *root)
{
	uint8_t count[4];
	struct wbuf w = wbuf_on(count, sizeof count);
	put_u32(&w, n);
	return n ? hash_slices("zeus/bucket", (struct slice[]){{count, 4}, {root->b, 32}}, 2) : (struct id){{0}};
}

static uint32_t bucket_find(const struct bucket *b, const struct id *key, bool *found)
{
	uint32_t lo = 0, hi = b->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = id_cmp(&b->entry[mid].key, key);
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = false;
	return lo;
}

static void bucket_remove(struct bucket *b, const struct id *key)
{
	bool found;
	uint32_t at = bucket_find(b, key, &found);
	if (!found)
		return;
	memmove(b->entry + at, b->entry + at + 1, (b->n - at - 1) * sizeof *b->entry);
	b->n--;
}

static void bucket_set(struct bucket *b, const struct id *key, const struct id *value)
{
	bool found;
	uint32_t at = bucket_find(b, key, &found);
	if (found) {
		b->entry[at].value = *value;
		return;
	}
	if (b->n == b->cap) {
		b->cap += b->cap / 4 + 1;
		b->entry = must(realloc(b->entry, b->cap * sizeof *b->entry));
	}
	memmove(b->entry + at + 1, b->entry + at, (b->n - at) * sizeof *b->entry);
	b->entry[at] = (struct entry){*key, *value};
	b->n++;
}


bool roots_put(struct roots *r, struct slice key, struct slice value)
{
	if (key.len == 0 || key.p[0] >= CHAINS)
		return false;
	struct lane_tree *t = &r->lane[key.p[0]];
	struct id k = hash_of("zeus/bkt", key.p, key.len);
	struct page **page = &t->page[k.b[0]];
	if (!*page && !value.p)
		return true;
	if (!*page)
		*page = must(calloc(1, sizeof **page));
	struct bucket *b = &(*page)->bucket[k.b[1]];
	struct id v = value.p ? hash_of("zeus/val", value.p, value.len) : (struct id){{0}};
	if (value.p)
		bucket_set(b, &k, &v);
	else
		bucket_remove(b, &k);
	(*page)->dirty[k.b[1]] = t->dirty[k.b[0]] = true;
	return true;
}

/* The caller frees them. */
static struct id *bucket_leaves(const struct bucket *b)
{
	struct id *leaf = must(malloc((b->n + 1) * sizeof *leaf));
	for (uint32_t i = 0; i < b->n; i++)
		leaf[i] = roots_leaf(&b->entry[i].key, &b->entry[i].value);
	return leaf;
}

static struct id bucket_root(const struct bucket *b)
{
	struct id *leaf = bucket_leaves(b);
	struct id root = merkle_root(leaf, b->n);
	free(leaf);
	return roots_bucket(b->n, &root);
}

static void page_settle(struct page *p)
{
	for (unsigned i = 0; i < FAN; i++)
		if (p->dirty[i])
			p->tree.node[FAN + i] = bucket_root(&p->bucket[i]);
	tree_settle(&p->tree, p->dirty);
	memset(p->dirty, 0, sizeof p->dirty);
}

struct id roots_root(struct roots *r, uint8_t lane)
{
	struct lane_tree *t = &r->lane[lane];
	for (unsigned i = 0; i < FAN; i++)
		if (t->dirty[i]) {
			page_settle(t->page[i]);
			t->top.node[FAN + i] = t->page[i]->tree.node[1];
		}
	tree_settle(&t->top, t->dirty);
	memset(t->dirty, 0, sizeof t->dirty);
	return t->top.node[1];
}

/* --- proofs --- */

static void tree_siblings(const struct tree *t, unsigned i, struct id out[ROOTS_DEPTH / 2])
{
	unsigned level = 0;
	for (unsigned at = FAN + i; at > 1; at /= 2)
		out[level++] = t->node[at ^ 1];
}

static void entry_prove(const struct bucket *b, const struct id *leaf, uint32_t at, struct roots_entry *out)
{
	out->key = b->entry[at].key;
	out->value = b->entry[at].value;
	out->index = at;
	out->npath = (uint8_t)merkle_path(leaf, b->n, at, out->path);
}

static void bucket_prove(const struct bucket *b, const struct id *key, struct roots_proof *out)
{
	struct id *leaf = bucket_leaves(b);
	uint32_t at = bucket_find(b, key, &out->there);
	out->n = b->n;
	if (out->there || at > 0)
		entry_prove(b, leaf, out->there ? at : at - 1, &out->entry[out->nentry++]);
	if (!out->there && at < b->n)
		entry_prove(b, leaf, at, &out->entry[out->nentry++]);
	free(leaf);
}

bool roots_prove(const struct roots *r, struct slice key, struct roots_proof *out)
{
	*out = (struct roots_proof){0};
	if (key.len == 0 || key.p[0] >= CHAINS)
		return false;
	const struct lane_tree *t = &r->lane[key.p[0]];
	struct id k = hash_of("zeus/bkt", key.p, key.len);
	const struct page *page = t->page[k.b[0]];
	if (page) {
		bucket_prove(&page->bucket[k.b[1]], &k, out);
		tree_siblings(&page->tree, k.b[1], out->sibling);
	}
	tree_siblings(&t->top, k.b[0], out->sibling + ROOTS_DEPTH / 2);
	return true;
}
