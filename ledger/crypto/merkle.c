/* Merkle trees of the RFC 6962 shape: the left subtree holds the largest power of two below n.
 *
 * Knows: roots, paths and their check over given leaves; node = H("zeus/node", l || r), the empty tree is zero.
 * Does not know: what the leaves stand for. */
#include "ledger/crypto/merkle.h"

static size_t split_at(size_t n)
{
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

struct id merkle_root(const struct id *leaf, size_t n)
{
	if (n == 0)
		return (struct id){{0}};
	if (n == 1)
		return leaf[0];
	size_t k = split_at(n);
	struct id l = merkle_root(leaf, k), r = merkle_root(leaf + k, n - k);
	return hash_pair("zeus/node", &l, &r);
}

size_t merkle_path(const struct id *leaf, size_t n, size_t index, struct id *path)
{
	if (n <= 1 || index >= n)
		return 0;
	size_t k = split_at(n);
	bool left = index < k;
	size_t depth = left ? merkle_path(leaf, k, index, path) : merkle_path(leaf + k, n - k, index - k, path);
	path[depth] = left ? merkle_root(leaf + k, n - k) : merkle_root(leaf, k);
	return depth + 1;
}

/* Which side the sibling is on at each level, from the root down. False if the tree is deeper than a path can be. */
static bool path_sides(size_t index, size_t n, bool *leaf_left, size_t *depth)
{
	*depth = 0;
	while (n > 1) {
		if (*depth == MERKLE_PATH_MAX)
			return false;
		size_t k = split_at(n);
		leaf_left[*depth] = index < k;
		index = index < k ? index : index - k;
		n = leaf_left[*depth] ? k : n - k;
		(*depth)++;
	}
	return true;
}

bool merkle_fold(const struct id *leaf, size_t index, size_t n, const struct id *path, size_t npath, struct id *root)
{
	bool leaf_left[MERKLE_PATH_MAX];
	size_t depth;
	if (index >= n || n > (size_t)1 << (MERKLE_PATH_MAX - 1) || !path_sides(index, n, leaf_left, &depth) || depth != npath)
		return false;
	struct id h = *leaf;
	for (size_t i = 0; i < npath; i++)
		h = leaf_left[depth - 1 - i] ? hash_pair("zeus/node", &h, &path[i]) : hash_pair("zeus/node", &path[i], &h);
	*root = h;
	return true;
}

bool merkle_check(const struct id *leaf, size_t index, size_t n, const struct id *path, size_t npath, const struct id *root)
{
	struct id h;
	return merkle_fold(leaf, index, n, path, npath, &h) && id_cmp(&h, root) == 0;
}
