/* Row 5: what it costs to make a block durable, against overwriting a preallocated file with as many bytes; and records a second in
 * batches, against SQLite (and against the rates that row_5.sh measured of PostgreSQL and Redis).
 *
 * It knows the archive, the store and a file. It does not know sockets. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/measure.h"
#include "bench/peer_sqlite.h"
#include "bench/world.h"
#include "common/cleanup.h"
#include "ledger/archive.h"

#define BLOCKS 300u
#define BLOCK_TXS 36u
#define BATCHES 60u
#define BATCH 1000u
#define VALUE 100u
#define LOG_BYTES (64u << 20)

struct log { int fd; off_t at; uint8_t *zero; };

static void log_open(struct log *l, const char *path)
{
	l->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	l->zero = calloc(1, 1 << 20);
	if (l->fd < 0 || !l->zero)
		measure_fail("no file at %s", path);
	for (off_t at = 0; at < LOG_BYTES; at += 1 << 20)
		if (pwrite(l->fd, l->zero, 1 << 20, at) != 1 << 20)
			measure_fail("the disk is full");
	if (fsync(l->fd) < 0)
		measure_fail("the disk does not sync");
}

static double log_write(struct log *l, const void *p, size_t len)
{
	if (l->at + (off_t)len > LOG_BYTES)
		l->at = 0;
	uint64_t start = measure_now_ns();
	if (pwrite(l->fd, p, len, l->at) != (ssize_t)len || fdatasync(l->fd) < 0)
		measure_fail("the disk does not sync");
	l->at += (off_t)len;
	return (double)(measure_now_ns() - start);
}

static struct archive *archive_of(struct world *w, const char *dir, struct keypair *node)
{
	struct archive *a;
	char path[4096], why[256] = "";
	snprintf(path, sizeof path, "%s/db", dir);
	sign_keypair_new(node);
	world_open(w, WORLD_ACCOUNTS, 1000000);
	world_close(w);
	if (archive_create(path, &w->g, 0, node, why) < 0 || archive_open(path, &a, why) < 0)
		measure_fail("%s", why);
	w->s = a->state;
	w->c = a->chain;
	return a;
}

/* Blocks of BLOCK_TXS transfers: only their commit is on the clock. */
static void commits(const char *dir)
{
	static struct world w;
	static struct pending_tx p[BLOCK_TXS];
	static double ours[BLOCKS], raw[BLOCKS], ratio[BLOCKS], cpu[BLOCKS];
	struct keypair node;
	struct log l = {.at = 0};
	char path[4096];
	size_t bytes = 0;
	struct archive *a = archive_of(&w, dir, &node);
	snprintf(path, sizeof path, "%s/log", dir);
	log_open(&l, path);
	for (uint32_t r = 0; r < BLOCKS; r++) {
		for (uint32_t i = 0; i < BLOCK_TXS; i++)
			world_transfer(&w, i, &w.who[(i + r + 1) % WORLD_ACCOUNTS], &p[i]);
		struct block *b = world_round(&w, p, BLOCK_TXS);
		uint64_t start = measure_now_ns(), used = measure_cpu_ns();
		if (archive_commit(a, b, &node) < 0)
			measure_fail("a block could not be written");
		ours[r] = (double)(measure_now_ns() - start);
		cpu[r] = (double)(measure_cpu_ns() - used);
		raw[r] = log_write(&l, block_bytes(b).p, block_bytes(b).len);
		ratio[r] = ours[r] / raw[r];
		bytes = block_bytes(b).len;
		block_free(b);
		pending_drop(p, BLOCK_TXS);
	}
	char measured[32], peer[32];
	double x = measure_median(ours, BLOCKS), y = measure_median(raw, BLOCKS);
	measure_row("5-commit", measure_time(x, measured), measure_time(y, peer), measure_median(ratio, BLOCKS));
	measure_note("5-commit", "%u blocks of %u transfers, %zu bytes, with records and facts; p99 %.2f ms, raw %.2f ms",
	    BLOCKS, BLOCK_TXS, bytes, measure_quantile(ours, BLOCKS, 0.99) / 1e6, measure_quantile(raw, BLOCKS, 0.99) / 1e6);
	measure_note("5-commit", "the fastest tenth: %.2f ms, raw %.2f ms; processor time of a commit %.2f ms",
	    measure_quantile(ours, BLOCKS, 0.1) / 1e6,
	    measure_quantile(raw, BLOCKS, 0.1) / 1e6, measure_median(cpu, BLOCKS) / 1e6);
	close(l.fd);
	free(l.zero);
	archive_close(a);
}

static double store_batch(struct store *s, uint64_t first, const uint8_t *value)
{
	uint64_t start = measure_now_ns();
	struct store_batch *b = store_batch_new();
	for (uint32_t i = 0; i < BATCH; i++) {
		uint8_t key[8];
		for (int j = 0; j < 8; j++)
			key[j] = (uint8_t)((first + i) >> (56 - 8 * j));
		store_batch_put(b, (struct slice){key, sizeof key}, (struct slice){value, VALUE});
	}
	if (store_commit(s, b) < 0)
		measure_fail("a batch could not be written");
	return BATCH * 1e9 / (double)(measure_now_ns() - start);
}

static void row_rate(const char *key, double ours, double peer)
{
	char measured[64], other[64];
	snprintf(measured, sizeof measured, "%.0f rec/s", ours);
	snprintf(other, sizeof other, "%.0f rec/s", peer);
	measure_row(key, measured, other, ours / peer);
}

/* Median rate of the store; the SQLite row, or why there is none. */
static double batches(const char *dir)
{
	static double ours[BATCHES], theirs[BATCHES];
	char path[4096], why[256] = "";
	uint8_t value[VALUE];
	struct store *s;
	memset(value, 'v', sizeof value);
	snprintf(path, sizeof path, "%s/store", dir);
	if (store_open(path, true, &s, why) < 0)
		measure_fail("%s", why);
	snprintf(path, sizeof path, "%s/sqlite", dir);
	struct peer_sqlite *peer = peer_sqlite_open(path);
	for (uint32_t r = 0; r < BATCHES; r++) {
		ours[r] = store_batch(s, (uint64_t)r * BATCH, value);
		if (!peer)
			continue;
		uint64_t start = measure_now_ns();
		peer_sqlite_batch(peer, (uint64_t)r * BATCH, BATCH, value, VALUE);
		theirs[r] = BATCH * 1e9 / (double)(measure_now_ns() - start);
	}
	double rate = measure_median(ours, BATCHES);
	if (peer)
		row_rate("5-sqlite", rate, measure_median(theirs, BATCHES));
	else
		printf("skip\t5-sqlite\tSQLite's library is not installed\n");
	measure_note("5-sqlite", "%u batches of %u records of %u bytes, each batch synced", BATCHES, BATCH, VALUE);
	peer_sqlite_close(peer);
	store_close(s);
	return rate;
}

/* DIRECTORY POSTGRES REDIS: records a second that row_5.sh measured, 0 = not there. */
int main(int argc, char **argv)
{
	if (argc != 4)
		measure_fail("usage: bench_store DIRECTORY POSTGRES REDIS");
	double postgres = strtod(argv[2], NULL), redis = strtod(argv[3], NULL);
	commits(argv[1]);
	double rate = batches(argv[1]);
	if (postgres > 0)
		row_rate("5-postgres", rate, postgres);
	if (redis > 0)
		row_rate("5-redis", rate, redis);
	return 0;
}
