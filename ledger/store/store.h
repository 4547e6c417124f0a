/* The disk: LevelDB, one synced WriteBatch per final block. Any failed write ends the process: nothing is acknowledged after it. */
#ifndef ZEUS_STORE_H
#define ZEUS_STORE_H
#include "common/codec.h"

struct store;
struct store_batch;
/* why: 256 bytes. -EBUSY: another ledger has it open. -EBADMSG: damaged. -ENOENT: not initialised and create is false. */
int store_open(const char *dir, bool create, struct store **ret, char *why);
void store_close(struct store *s);
int store_destroy(const char *dir); /* remove a database that nobody has open; none there is success */
struct store_batch *store_batch_new(void);
void store_batch_put(struct store_batch *b, struct slice key, struct slice value);
void store_batch_delete(struct store_batch *b, struct slice key);
int store_commit(struct store *s, struct store_batch *b); /* durable when 0; frees b */
/* *value is malloc'd. -ENOENT */
int store_get(struct store *s, struct slice key, uint8_t **value, size_t *len);
/* Every record whose key starts with prefix, in key order; cb false stops. -EBADMSG if the database is damaged. */
int store_each(struct store *s, struct slice prefix, bool (*cb)(void *arg, struct slice key, struct slice value), void *arg);

/* The store as it is now, whatever is written later; may be read by any thread. Freed before the store is closed. */
struct store_view;
struct store_view *store_view_new(struct store *s);
void store_view_free(struct store_view *v);
int store_view_get(const struct store_view *v, struct slice key, uint8_t **value, size_t *len);
int store_view_each(
    const struct store_view *v, struct slice prefix, bool (*cb)(void *arg, struct slice key, struct slice value), void *arg);
#endif
