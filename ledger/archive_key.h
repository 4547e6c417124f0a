/* Keys and reads shared by the archive's files, and by nobody else. */
#ifndef ZEUS_ARCHIVE_KEY_H
#define ZEUS_ARCHIVE_KEY_H
#include "ledger/archive.h"

#define ARCHIVE_WHY 256
#define ARCHIVE_PROOF_LEN 65  /* before a block's bytes: member u8=0, signature[64] */
#define ARCHIVE_KEY_MAX 512

struct archive_key { uint8_t b[9]; };
struct slice archive_height_key(struct archive_key *k, char kind, uint64_t height);
struct slice archive_plain_key(const char *kind);
__attribute__((format(printf, 2, 3))) int archive_refuse(char *why, const char *fmt, ...); /* always -EBADMSG */
int archive_block_parse(const struct archive *b, uint64_t height, struct slice bytes, struct block **ret, char *why);
int archive_block_load(const struct archive *b, uint64_t height, struct block **ret, char *why);

/* --- archive_keep.c: written with each block --- */
/* What the block's changes replace, so that the state before it can be had again; and the lists of blocks that are old enough go. */
int archive_keep_block(struct archive *b, struct store_batch *batch, uint64_t height);

/* --- archive_tx.c --- */
void archive_index(const struct archive *b, const struct block *blk, struct store_batch *batch); /* blk: what the books did last */
void archive_unindex(const struct block *blk, struct store_batch *batch);
#endif
