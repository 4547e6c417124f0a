/* The file that remembers the last acknowledged block.
 *
 * Knows: its two slots, how to tell a whole one, when the disk is asked to keep them.
 * Does not know: what the database holds; comparing the two is the archive's business. */
#include "ledger/acked.h"
#include "ledger/crypto/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLOT_LEN 76
#define SLOT_APART 512
#define FILE_LEN (2 * SLOT_APART)
#define PATH_LEN 512

static const uint8_t magic[4] = "ZACK";

static int acked_path(const char *dir, char out[PATH_LEN])
{
	return snprintf(out, PATH_LEN, "%s/acked", dir) < PATH_LEN ? 0 : -ENAMETOOLONG;
}

static void slot_make(uint8_t out[SLOT_LEN], uint64_t height, const struct id *block)
{
	struct wbuf w = wbuf_on(out, SLOT_LEN);
	put_bytes(&w, magic, sizeof magic);
	put_u64(&w, height);
	put_id(&w, block);
	struct id sum = hash_of("zeus/acked", out, w.len);
	put_id(&w, &sum);
}

static bool slot_read(const uint8_t in[SLOT_LEN], uint64_t *height, struct id *block)
{
	uint8_t same[SLOT_LEN];
	struct rbuf r = rbuf_on(in + sizeof magic, SLOT_LEN - sizeof magic);
	*height = get_u64(&r);
	*block = get_id(&r);
	slot_make(same, *height, block);
	return memcmp(in, same, sizeof same) == 0;
}

static int slot_write(struct acked *a, uint64_t height, const struct id *block)
{
	uint8_t slot[SLOT_LEN];
	slot_make(slot, height, block);
	ssize_t n = pwrite(a->fd, slot, sizeof slot, (off_t)(height % 2 * SLOT_APART));
	if (n != (ssize_t)sizeof slot)
		return n < 0 ? -errno : -EIO;
	a->height = height;
	a->block = *block;
	return 0;
}

int acked_put(struct acked *a, uint64_t height, const struct id *block)
{
	int rc = slot_write(a, height, block);
	if (rc == 0 && height % ACKED_SYNC_BLOCKS == 0 && fdatasync(a->fd) < 0)
		rc = -errno;
	return rc;
}

/* The directory too: a file that is not there after a power cut would be taken for one that was removed on purpose. */
static int acked_durable(const char *dir, int fd)
{
	int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = at < 0 || fsync(fd) < 0 || fsync(at) < 0 ? -errno : 0;
	if (at >= 0)
		close(at);
	return rc;
}

int acked_create(const char *dir, uint64_t height, const struct id *block, struct acked *out)
{
	char path[PATH_LEN];
	uint8_t empty[FILE_LEN] = {0};
	int rc = acked_path(dir, path);
	if (rc < 0)
		return rc;
	struct acked a = {.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
	if (a.fd < 0)
		return -errno;
	rc = pwrite(a.fd, empty, sizeof empty, 0) == (ssize_t)sizeof empty ? 0 : -EIO;
	rc = rc ? rc : slot_write(&a, height, block);
	rc = rc ? rc : acked_durable(dir, a.fd);
	if (rc < 0)
		close(a.fd);
	else
		*out = a;
	return rc;
}

static int acked_read(struct acked *a)
{
	uint8_t bytes[FILE_LEN];
	bool found = false;
	if (pread(a->fd, bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return -EBADMSG;
	for (size_t i = 0; i < 2; i++) {
		uint64_t height;
		struct id block;
		if (!slot_read(bytes + i * SLOT_APART, &height, &block) || (found && height < a->height))
			continue;
		a->height = height;
		a->block = block;
		found = true;
	}
	return found ? 0 : -EBADMSG;
}

int acked_open(const char *dir, struct acked *out)
{
	char path[PATH_LEN];
	int rc = acked_path(dir, path);
	if (rc < 0)
		return rc;
	struct acked a = {.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
	if (a.fd < 0)
		return -errno;
	rc = acked_read(&a);
	if (rc < 0)
		close(a.fd);
	else
		*out = a;
	return rc;
}

void acked_close(struct acked *a)
{
	if (a->fd < 0)
		return;
	fdatasync(a->fd); /* nothing can be done about a failure; the page is written sooner or later */
	close(a->fd);
	a->fd = -1;
}
