/* The whole of the books as one file: genesis, headers, blocks, records and what was kept of ended things, to carry elsewhere or put away.
 * No key is in it.
 *
 * File: "ZEUSNAP1" | chunks: number u32 | len u32 | H("zeus/chunk", number || bytes)[32] | bytes, at most SNAPSHOT_CHUNK of them. A chunk
 * of no bytes is the last; its digest is over the digests of all before it, so a file that was cut short or put together anew is known.
 * The chunks' bytes, one after the other, are items: klen u32, key, vlen u32, value, the store's own keys in order. */
#ifndef ZEUS_SNAPSHOT_H
#define ZEUS_SNAPSHOT_H
#include "ledger/archive.h"

#define SNAPSHOT_CHUNK (1u << 20)

/* Both: 0 or -errno with a sentence in why (256). fd is the caller's. */
int snapshot_write(const struct archive *a, int fd, char *why);
/* Into a new database, which is then opened and proved: hash chain, seals, roots, sums. On failure what is in dir is of no use. */
int snapshot_read(int fd, const char *dir, char *why);
#endif
