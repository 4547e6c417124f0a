/* Hash trees of the RFC 6962 shape: the left subtree holds the largest power of two below n. node = H("zeus/node", l || r); the empty
 * tree is zero. What the leaves stand for is their owner's business. */
#ifndef ZEUS_MERKLE_H
#define ZEUS_MERKLE_H
#include "ledger/crypto/hash.h"

#define MERKLE_PATH_MAX 40

struct id merkle_root(const struct id *leaf, size_t n);
/* path: sibling hashes from the leaf up; returns the count (<= MERKLE_PATH_MAX). */
size_t merkle_path(const struct id *leaf, size_t n, size_t index, struct id *path);
/* The root that leaf and path lead to; false if the path cannot be one of a tree of n. */
bool merkle_fold(const struct id *leaf, size_t index, size_t n, const struct id *path, size_t npath, struct id *root);
bool merkle_check(const struct id *leaf, size_t index, size_t n, const struct id *path, size_t npath, const struct id *root);
#endif
