/* The books as one file, and back.
 *
 * Knows: chunks and their digests, and which keys travel: those that cannot be made again from others. Does not know: what they hold;
 * whether it is sound is for the archive's own start to say. */
#include "ledger/snapshot.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY_LEN 256
#define HEAD_LEN 40
#define ITEM_KEY_MAX 512
#define ITEM_VALUE_MAX (256u << 20)
static const char magic[8] = "ZEUSNAP1";
static const char travels[] = "beghlmst"; /* of the store's keys, by their first byte and in order */

static struct id chunk_digest(uint32_t number, struct slice bytes)
{
	uint8_t n[4];
	struct wbuf w = wbuf_on(n, sizeof n);
	put_u32(&w, number);
	return hash_slices("zeus/chunk", (struct slice[]){{n, sizeof n}, bytes}, 2);
}

/* The running digest of all chunks so far. */
static void digest_add(struct id *all, const struct id *chunk) { *all = hash_pair("zeus/chunks", all, chunk); }

/* --- out --- */

struct out { int fd, rc; uint32_t number; struct id all; uint8_t *p; size_t len; };

static void chunk_out(struct out *o)
{
	uint8_t head[HEAD_LEN];
	struct wbuf w = wbuf_on(head, sizeof head);
	struct slice bytes = {o->p, o->len};
	struct id d = o->len ? chunk_digest(o->number, bytes) : chunk_digest(o->number, (struct slice){o->all.b, 32});
	put_u32(&w, o->number++);
	put_u32(&w, (uint32_t)o->len);
	put_id(&w, &d);
	digest_add(&o->all, &d);
	if (!o->rc)
		o->rc = io_write_all(o->fd, head, sizeof head);
	if (!o->rc)
		o->rc = io_write_all(o->fd, o->p, o->len);
	o->len = 0;
}

static void bytes_out(struct out *o, const uint8_t *p, size_t len)
{
	while (len && !o->rc) {
		size_t n = SNAPSHOT_CHUNK - o->len < len ? SNAPSHOT_CHUNK - o->len : len;
		memcpy(o->p + o->len, p, n);
		o->len += n;
		p += n;
		len -= n;
		if (o->len == SNAPSHOT_CHUNK)
			chunk_out(o);
	}
}

static void blob_out(struct out *o, struct slice s)
{
	uint8_t n[4];
	struct wbuf w = wbuf_on(n, sizeof n);
	put_u32(&w, (uint32_t)s.len);
	bytes_out(o, n, sizeof n);
	bytes_out(o, s.p, s.len);
}

static bool item_out(void *arg, struct slice key, struct slice value)
{
	struct out *o = arg;
	blob_out(o, key);
	blob_out(o, value);
	return !o->rc;
}

int snapshot_write(const struct archive *a, int fd, char *why)
{
	struct store_view *v = store_view_new(a->store);
	autofree uint8_t *room = malloc(SNAPSHOT_CHUNK);
	struct out o = {.fd = fd, .p = room};
	if (!room)
		abort();
	o.rc = io_write_all(fd, magic, sizeof magic);
	for (const char *kind = travels; *kind && !o.rc; kind++) {
		int rc = store_view_each(v, (struct slice){(const uint8_t *)kind, 1}, item_out, &o);
		o.rc = o.rc ? o.rc : rc;
	}
	store_view_free(v);
	if (!o.rc && o.len)
		chunk_out(&o);
	if (!o.rc)
		chunk_out(&o);
	if (!o.rc && fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP) /* a pipe cannot */
		o.rc = -errno;
	if (o.rc)
		snprintf(why, WHY_LEN, "the snapshot could not be written: %s", strerror(-o.rc));
	return o.rc;
}

/* --- in --- */

struct in { int fd; uint32_t number; struct id all; uint8_t *p; size_t len, at; bool ended; char *why; };

static int refuse(const struct in *i, const char *what)
{
	snprintf(i->why, WHY_LEN, "the snapshot is not whole: chunk %" PRIu32 " %s", i->number, what);
	return -EBADMSG;
}

/* The next chunk into i->p; the last one sets ended. */
static int chunk_in(struct in *i)
{
	uint8_t head[HEAD_LEN];
	if (io_read_all(i->fd, head, sizeof head) != 0)
		return refuse(i, "is missing");
	struct rbuf r = rbuf_on(head, sizeof head);
	uint32_t number = get_u32(&r), len = get_u32(&r);
	struct id given = get_id(&r), made;
	if (number != i->number || len > SNAPSHOT_CHUNK)
		return refuse(i, "is not the next");
	if (io_read_all(i->fd, i->p, len) != 0)
		return refuse(i, "is cut short");
	made = len ? chunk_digest(number, (struct slice){i->p, len}) : chunk_digest(number, (struct slice){i->all.b, 32});
	if (id_cmp(&made, &given) != 0)
		return refuse(i, "has another digest");
	digest_add(&i->all, &given);
	i->number++;
	i->len = len;
	i->at = 0;
	i->ended = len == 0;
	return 0;
}

static int bytes_in(struct in *i, uint8_t *p, size_t len)
{
	while (len) {
		int rc = i->at == i->len && !i->ended ? chunk_in(i) : 0;
		if (rc < 0)
			return rc;
		if (i->ended)
			return refuse(i, "ends inside an item");
		size_t n = i->len - i->at < len ? i->len - i->at : len;
		memcpy(p, i->p + i->at, n);
		i->at += n;
		p += n;
		len -= n;
	}
	return 0;
}

static int blob_in(struct in *i, size_t max, uint8_t **p, size_t *len)
{
	uint8_t n[4];
	int rc = bytes_in(i, n, sizeof n);
	struct rbuf r = rbuf_on(n, sizeof n);
	*len = rc ? 0 : get_u32(&r);
	if (*len > max)
		return refuse(i, "holds an item that is too long");
	*p = malloc(*len + 1);
	if (!*p)
		abort();
	return rc ? rc : bytes_in(i, *p, *len);
}

static int item_in(struct in *i, struct store_batch *batch, size_t *size)
{
	autofree uint8_t *key = NULL, *value = NULL;
	size_t klen, vlen;
	int rc = blob_in(i, ITEM_KEY_MAX, &key, &klen);
	rc = rc ? rc : blob_in(i, ITEM_VALUE_MAX, &value, &vlen);
	if (rc)
		return rc;
	if (!klen || !key[0] || !strchr(travels, key[0]))
		return refuse(i, "holds what no snapshot does");
	store_batch_put(batch, (struct slice){key, klen}, (struct slice){value, vlen});
	*size += klen + vlen;
	return 0;
}

/* Is there another item? */
static int more_in(struct in *i, bool *more)
{
	int rc = i->at == i->len && !i->ended ? chunk_in(i) : 0;
	*more = !i->ended;
	return rc;
}

static int items_in(struct in *i, struct store *s)
{
	bool more = true;
	int rc = 0;
	while (rc == 0 && more) {
		struct store_batch *batch = store_batch_new();
		size_t size = 0;
		while (rc == 0 && size < SNAPSHOT_CHUNK && (rc = more_in(i, &more)) == 0 && more)
			rc = item_in(i, batch, &size);
		int written = store_commit(s, batch);
		rc = rc ? rc : written;
	}
	return rc;
}

static int read_into(struct in *i, const char *dir)
{
	char head[sizeof magic];
	struct store *s;
	if (io_read_all(i->fd, head, sizeof head) != 0 || memcmp(head, magic, sizeof magic) != 0) {
		snprintf(i->why, WHY_LEN, "the file is not a snapshot");
		return -EBADMSG;
	}
	int rc = store_open(dir, true, &s, i->why);
	if (rc < 0)
		return rc;
	rc = items_in(i, s);
	store_close(s);
	return rc == 0 && io_read_all(i->fd, head, 1) != -ENODATA ? refuse(i, "is not the last thing in the file") : rc;
}

int snapshot_read(int fd, const char *dir, char *why)
{
	struct archive *a;
	autofree uint8_t *room = malloc(SNAPSHOT_CHUNK);
	struct in i = {.fd = fd, .p = room, .why = why};
	if (!room)
		abort();
	int rc = read_into(&i, dir);
	rc = rc ? rc : archive_open(dir, &a, why);
	if (rc == 0)
		archive_close(a);
	return rc;
}
