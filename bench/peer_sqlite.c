/* SQLite by dlopen: a prepared insert inside BEGIN and COMMIT.
 *
 * It knows the few functions of SQLite's stable interface that it needs. It does not know what is compared. */
#include "bench/peer_sqlite.h"
#include <dlfcn.h>
#include <stdlib.h>
#include "bench/measure.h"

#define SQLITE_OK 0
#define SQLITE_DONE 101

struct sqlite3;
struct sqlite3_stmt;
struct peer_sqlite {
	void *library; struct sqlite3 *db; struct sqlite3_stmt *insert;
	int (*open)(const char *path, struct sqlite3 **db);
	int (*close)(struct sqlite3 *db);
	int (*exec)(struct sqlite3 *db, const char *sql, void *cb, void *arg, char **err);
	int (*prepare)(struct sqlite3 *db, const char *sql, int len, struct sqlite3_stmt **ret, const char **tail);
	int (*bind_int)(struct sqlite3_stmt *s, int at, int64_t v);
	int (*bind_blob)(struct sqlite3_stmt *s, int at, const void *p, int len, void (*drop)(void *p));
	int (*step)(struct sqlite3_stmt *s);
	int (*reset)(struct sqlite3_stmt *s);
	int (*finalize)(struct sqlite3_stmt *s);
};

static void symbol(struct peer_sqlite *p, const char *name, void *to)
{
	void *found = dlsym(p->library, name);
	if (!found)
		measure_fail("SQLite has no %s", name);
	*(void **)to = found;
}

static void must(int rc, int wanted)
{
	if (rc != wanted)
		measure_fail("SQLite failed with code %d", rc);
}

static void symbols(struct peer_sqlite *p)
{
	symbol(p, "sqlite3_open", &p->open);
	symbol(p, "sqlite3_close", &p->close);
	symbol(p, "sqlite3_exec", &p->exec);
	symbol(p, "sqlite3_prepare_v2", &p->prepare);
	symbol(p, "sqlite3_bind_int64", &p->bind_int);
	symbol(p, "sqlite3_bind_blob", &p->bind_blob);
	symbol(p, "sqlite3_step", &p->step);
	symbol(p, "sqlite3_reset", &p->reset);
	symbol(p, "sqlite3_finalize", &p->finalize);
}

struct peer_sqlite *peer_sqlite_open(const char *path)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return NULL;
	struct peer_sqlite *p = calloc(1, sizeof *p);
	if (!p)
		measure_fail("no memory");
	p->library = library;
	symbols(p);
	must(p->open(path, &p->db), SQLITE_OK);
	must(p->exec(p->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE r(k INTEGER PRIMARY KEY, v BLOB)", NULL, NULL,
	    NULL), SQLITE_OK);
	must(p->prepare(p->db, "INSERT INTO r VALUES(?, ?)", -1, &p->insert, NULL), SQLITE_OK);
	return p;
}

void peer_sqlite_batch(struct peer_sqlite *p, uint64_t first, size_t n, const void *value, size_t len)
{
	must(p->exec(p->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	for (size_t i = 0; i < n; i++) {
		must(p->bind_int(p->insert, 1, (int64_t)(first + i)), SQLITE_OK);
		must(p->bind_blob(p->insert, 2, value, (int)len, NULL), SQLITE_OK);
		must(p->step(p->insert), SQLITE_DONE);
		p->reset(p->insert);
	}
	must(p->exec(p->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
}

void peer_sqlite_close(struct peer_sqlite *p)
{
	if (!p)
		return;
	p->finalize(p->insert);
	p->close(p->db);
	dlclose(p->library);
	free(p);
}
