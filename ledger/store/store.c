/* LevelDB behind seven functions.
 *
 * Knows: how to open, read, iterate and commit with a sync, and that a second opener is a busy state and not a damaged one.
 * Does not know: what keys and values mean. Block data is checksummed by LevelDB; paranoid checks make damage an error, never a gap. */
#include "ledger/store/store.h"
#include <errno.h>
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WRITE_BUFFER_BYTES ((size_t)64 << 20)
#define TABLES_OPEN 64         /* each is a mapping of 2 MiB: of a large database all would be resident after the start */
#define LEVELDB_OTHER_FILES 10 /* that it sets aside of the limit */
#define WHY_LEN 256

struct store { leveldb_t *db; leveldb_options_t *options; leveldb_readoptions_t *read, *scan; leveldb_writeoptions_t *write; };
struct store_batch { leveldb_writebatch_t *b; };

/* LevelDB reports in sentences; this is what they stand for. Frees err. */
static int store_errno(char *err, char *why)
{
	int rc = strstr(err, "lock ") ? -EBUSY : strstr(err, "does not exist") ? -ENOENT : strstr(err, "Corruption") ? -EBADMSG : -EIO;
	if (strstr(err, "Permission denied"))
		rc = -EACCES;
	if (why)
		snprintf(why, WHY_LEN, "%s", err);
	leveldb_free(err);
	return rc;
}

static void store_setup(struct store *s, bool create)
{
	s->options = leveldb_options_create();
	leveldb_options_set_create_if_missing(s->options, create);
	leveldb_options_set_error_if_exists(s->options, create);
	leveldb_options_set_paranoid_checks(s->options, 1);
	leveldb_options_set_write_buffer_size(s->options, WRITE_BUFFER_BYTES);
	leveldb_options_set_max_open_files(s->options, TABLES_OPEN + LEVELDB_OTHER_FILES);
	s->read = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(s->read, 1);
	s->scan = leveldb_readoptions_create();
	leveldb_readoptions_set_verify_checksums(s->scan, 1);
	leveldb_readoptions_set_fill_cache(s->scan, 0);
	s->write = leveldb_writeoptions_create();
	leveldb_writeoptions_set_sync(s->write, 1);
}

/* LevelDB makes an empty directory when it is asked to open nothing; look first. */
static bool store_exists(const char *dir)
{
	char path[4096];
	struct stat st;
	return snprintf(path, sizeof path, "%s/CURRENT", dir) < (int)sizeof path && stat(path, &st) == 0;
}

int store_open(const char *dir, bool create, struct store **ret, char *why)
{
	if (!create && !store_exists(dir)) {
		snprintf(why, WHY_LEN, "there is no database in %s", dir);
		return errno == EACCES ? -EACCES : -ENOENT;
	}
	struct store *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	char *err = NULL;
	store_setup(s, create);
	s->db = leveldb_open(s->options, dir, &err);
	if (err) {
		store_close(s);
		return store_errno(err, why);
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db)
		leveldb_close(s->db);
	leveldb_options_destroy(s->options);
	leveldb_readoptions_destroy(s->read);
	leveldb_readoptions_destroy(s->scan);
	leveldb_writeoptions_destroy(s->write);
	free(s);
}

int store_destroy(const char *dir)
{
	char *err = NULL;
	leveldb_options_t *options = leveldb_options_create();
	leveldb_destroy_db(options, dir, &err);
	leveldb_options_destroy(options);
	return err ? store_errno(err, NULL) : 0;
}

struct store_batch *store_batch_new(void)
{
	struct store_batch *b = malloc(sizeof *b);
	if (!b)
		abort();
	b->b = leveldb_writebatch_create();
	return b;
}

void store_batch_put(struct store_batch *b, struct slice key, struct slice value)
{
	leveldb_writebatch_put(b->b, (const char *)key.p, key.len, value.p ? (const char *)value.p : "", value.len);
}

void store_batch_delete(struct store_batch *b, struct slice key)
{
	leveldb_writebatch_delete(b->b, (const char *)key.p, key.len);
}

int store_commit(struct store *s, struct store_batch *b)
{
	char *err = NULL;
	leveldb_write(s->db, s->write, b->b, &err);
	leveldb_writebatch_destroy(b->b);
	free(b);
	return err ? store_errno(err, NULL) : 0;
}

static int get_with(struct store *s, const leveldb_readoptions_t *how, struct slice key, uint8_t **value, size_t *len)
{
	char *err = NULL;
	size_t got = 0;
	char *v = leveldb_get(s->db, how, (const char *)key.p, key.len, &got, &err);
	if (err)
		return store_errno(err, NULL);
	if (!v)
		return -ENOENT;
	*value = (uint8_t *)v; /* LevelDB's C layer allocates with malloc */
	*len = got;
	return 0;
}

typedef bool each_cb(void *arg, struct slice key, struct slice value);

static int each_with(struct store *s, const leveldb_readoptions_t *how, struct slice prefix, each_cb *cb, void *arg)
{
	char *err = NULL;
	leveldb_iterator_t *it = leveldb_create_iterator(s->db, how);
	for (leveldb_iter_seek(it, (const char *)prefix.p, prefix.len); leveldb_iter_valid(it); leveldb_iter_next(it)) {
		struct slice k, v;
		k.p = (const uint8_t *)leveldb_iter_key(it, &k.len);
		v.p = (const uint8_t *)leveldb_iter_value(it, &v.len);
		if (k.len < prefix.len || memcmp(k.p, prefix.p, prefix.len) != 0 || !cb(arg, k, v))
			break;
	}
	leveldb_iter_get_error(it, &err);
	leveldb_iter_destroy(it);
	return err ? store_errno(err, NULL) : 0;
}

int store_get(struct store *s, struct slice key, uint8_t **value, size_t *len) { return get_with(s, s->read, key, value, len); }

int store_each(struct store *s, struct slice prefix, each_cb *cb, void *arg) { return each_with(s, s->scan, prefix, cb, arg); }

/* --- views --- */

struct store_view { struct store *s; const leveldb_snapshot_t *at; leveldb_readoptions_t *how; };

struct store_view *store_view_new(struct store *s)
{
	struct store_view *v = malloc(sizeof *v);
	if (!v)
		abort();
	*v = (struct store_view){s, leveldb_create_snapshot(s->db), leveldb_readoptions_create()};
	leveldb_readoptions_set_snapshot(v->how, v->at);
	leveldb_readoptions_set_verify_checksums(v->how, 1);
	leveldb_readoptions_set_fill_cache(v->how, 0);
	return v;
}

void store_view_free(struct store_view *v)
{
	if (!v)
		return;
	leveldb_readoptions_destroy(v->how);
	leveldb_release_snapshot(v->s->db, v->at);
	free(v);
}

int store_view_get(const struct store_view *v, struct slice key, uint8_t **value, size_t *len)
{
	return get_with(v->s, v->how, key, value, len);
}

int store_view_each(const struct store_view *v, struct slice prefix, each_cb *cb, void *arg)
{
	return each_with(v->s, v->how, prefix, cb, arg);
}
