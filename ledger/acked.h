/* How far the ledger has given its word: a small file inside the database's directory, overwritten in place after every commit and before
 * anybody is answered.
 *
 * LevelDB takes a damaged length in the last block of its log for a write that a power cut tore, and goes on without what lies behind it.
 * With this file a start knows that heights are gone which were acknowledged. It is not synced with every block, which would make a commit
 * half as long again, but every ACKED_SYNC_BLOCKS and when it is closed: it survives the death of the process always, a power cut but for
 * the newest blocks.
 *
 * File: two slots of 76 bytes, 512 bytes apart, written in turn so that one is whole: "ZACK" | height u64 | block id[32] | H("zeus/acked",
 * all before)[32]. The higher one counts. */
#ifndef ZEUS_ACKED_H
#define ZEUS_ACKED_H
#include "common/codec.h"

#define ACKED_SYNC_BLOCKS 64

struct acked { int fd; uint64_t height; struct id block; };

/* Anew, durable, for a database whose head is this block. 0 or -errno. */
int acked_create(const char *dir, uint64_t height, const struct id *block, struct acked *out);
/* What was acknowledged last. -ENOENT: no such file. -EBADMSG: neither slot is whole. */
int acked_open(const char *dir, struct acked *out);
int acked_put(struct acked *a, uint64_t height, const struct id *block);
void acked_close(struct acked *a); /* fd -1: nothing happens */
#endif
