/* SQLite, loaded when it is there: the project does not need it. */
#ifndef BENCH_PEER_SQLITE_H
#define BENCH_PEER_SQLITE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer_sqlite;
/* A new database with one table (key integer, value blob), write-ahead log, synchronous = FULL. NULL: there is no library. */
struct peer_sqlite *peer_sqlite_open(const char *path);
void peer_sqlite_close(struct peer_sqlite *p);
/* n records in one transaction, durable when it returns. */
void peer_sqlite_batch(struct peer_sqlite *p, uint64_t first, size_t n, const void *value, size_t len);
#endif
