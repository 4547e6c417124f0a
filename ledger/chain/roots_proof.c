/* Proofs of records under a state root: what they must hold, and their bytes.
 *
 * Knows: that direct neighbours in a bucket prove that nothing lies between them, and that only the last entry's path turns right all
 * the way. Does not know: the trees themselves (roots.c). */
#include "common/coder.h"
#include "ledger/chain/roots.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"

static bool entry_root(const struct roots_proof *p, size_t i, struct id *root)
{
	const struct roots_entry *e = &p->entry[i];
	struct id leaf = roots_leaf(&e->key, &e->value);
	return merkle_fold(&leaf, e->index, p->n, e->path, e->npath, root);
}

/* The key lies strictly between the entries given, and those are neighbours, or at the bucket's end. */
static bool absence_holds(const struct roots_proof *p, const struct id *key)
{
	if (p->n == 0 || p->nentry == 0)
		return p->n == 0 && p->nentry == 0;
	const struct roots_entry *first = &p->entry[0], *last = &p->entry[p->nentry - 1];
	int from_first = id_cmp(key, &first->key), from_last = id_cmp(key, &last->key);
	if (p->nentry == 2)
		return first->index + 1 == last->index && from_first > 0 && from_last < 0;
	return (first->index == 0 && from_first < 0) || (first->index + 1 == p->n && from_first > 0);
}

static bool presence_holds(const struct roots_proof *p, const struct id *key, struct slice value)
{
	struct id v = hash_of("zeus/val", value.p, value.len);
	return p->nentry == 1 && id_cmp(&p->entry[0].key, key) == 0 && id_cmp(&p->entry[0].value, &v) == 0;
}

/* What the entries say the bucket's value is. */
static bool bucket_value(const struct roots_proof *p, struct id *out)
{
	struct id other;
	*out = (struct id){{0}};
	if (p->nentry && !entry_root(p, 0, out))
		return false;
	if (p->nentry == 2 && (!entry_root(p, 1, &other) || id_cmp(out, &other) != 0))
		return false;
	*out = roots_bucket(p->n, out);
	return true;
}

bool roots_check(const struct roots_proof *p, struct slice key, struct slice value, const struct id *root)
{
	struct id k = hash_of("zeus/bkt", key.p, key.len), at;
	if (p->there != (value.p != NULL) || p->nentry > 2)
		return false;
	if (!(p->there ? presence_holds(p, &k, value) : absence_holds(p, &k)) || !bucket_value(p, &at))
		return false;
	unsigned bucket = (unsigned)k.b[0] << 8 | k.b[1];
	for (int level = 0; level < ROOTS_DEPTH; level++, bucket >>= 1) {
		const struct id *l = bucket & 1 ? &p->sibling[level] : &at, *r = bucket & 1 ? &at : &p->sibling[level];
		at = id_is_zero(l) && id_is_zero(r) ? (struct id){{0}} : hash_pair("zeus/node", l, r);
	}
	return id_cmp(&at, root) == 0;
}

static void code_siblings(struct coder *c, struct roots_proof *p)
{
	uint16_t there = 0;
	for (int i = 0; i < ROOTS_DEPTH; i++)
		there |= (uint16_t)(!id_is_zero(&p->sibling[i]) << i);
	code_u16(c, &there);
	for (int i = 0; i < ROOTS_DEPTH; i++)
		if (there >> i & 1) {
			code_id(c, &p->sibling[i]);
			coder_require(c, !id_is_zero(&p->sibling[i]));
		}
}

static void code_proof(struct coder *c, struct roots_proof *p)
{
	code_bool(c, &p->there);
	code_u32(c, &p->n);
	code_enum8(c, &p->nentry, 3);
	for (int i = 0; i < p->nentry && !coder_bad(c); i++) {
		struct roots_entry *e = &p->entry[i];
		code_id(c, &e->key);
		code_id(c, &e->value);
		code_u32(c, &e->index);
		code_enum8(c, &e->npath, ROOTS_PATH_MAX + 1);
		for (int k = 0; k < e->npath && !coder_bad(c); k++)
			code_id(c, &e->path[k]);
	}
	code_siblings(c, p);
}

void roots_proof_put(struct wbuf *w, const struct roots_proof *p)
{
	struct coder c = coder_writing(w);
	code_proof(&c, (struct roots_proof *)p);
}

bool roots_proof_get(struct rbuf *r, struct roots_proof *out)
{
	struct coder c = coder_reading(r);
	*out = (struct roots_proof){0};
	code_proof(&c, out);
	return !r->bad;
}
