/* State roots: per lane a tree of 2^16 buckets over the lane's records, allocated only where records are.
 *
 * A record lies in the bucket given by the first 16 bits of k = H("zeus/bkt", key). A bucket's value is H("zeus/bucket", n u32 || the
 * RFC 6962 root over its n entries in the order of k), or zero if it is empty; entry = H("zeus/ent", k || H("zeus/val", value)): a
 * neighbour that proves an absence is 64 bytes, whatever it holds. A node whose two children are both empty (zero) is itself zero, any
 * other is H("zeus/node", l || r). Keys start with the lane's number. Source: PROTOCOL 3.8. */
#ifndef ZEUS_ROOTS_H
#define ZEUS_ROOTS_H
#include "common/codec.h"

struct roots;
struct roots *roots_new(void);
void roots_free(struct roots *r);
/* value.p NULL deletes. False: the key names no lane. */
bool roots_put(struct roots *r, struct slice key, struct slice value);
struct id roots_root(struct roots *r, uint8_t lane);

/* That a record is what it is, or that there is none, under the root of its lane.
 *
 * entry[0] is the record's own if it is there; if not, the entries beside the place where it would be: none of an empty bucket, one at
 * either end, else both. A path leads from its entry to the bucket, the siblings from the bucket to the root. */
#define ROOTS_DEPTH 16
#define ROOTS_PATH_MAX 40
struct roots_entry { struct id key, value; uint32_t index; uint8_t npath; struct id path[ROOTS_PATH_MAX]; };
struct roots_proof { bool there; uint32_t n; uint8_t nentry; struct roots_entry entry[2]; struct id sibling[ROOTS_DEPTH]; };
/* Of the roots as they were asked for last. False: the key names no lane. */
bool roots_prove(const struct roots *r, struct slice key, struct roots_proof *out);
/* value.p NULL: that there is none. */
bool roots_check(const struct roots_proof *p, struct slice key, struct slice value, const struct id *root);
/* there u8, n u32, nentry u8, each: k, H(value), index u32, npath u8, path; siblings: a bit per level that is not empty u16, then those. */
void roots_proof_put(struct wbuf *w, const struct roots_proof *p);
bool roots_proof_get(struct rbuf *r, struct roots_proof *out);
struct id roots_leaf(const struct id *key, const struct id *value);
struct id roots_bucket(uint32_t n, const struct id *root);
#endif
