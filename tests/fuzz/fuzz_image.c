/* The JSON documents of an image whose archive is in order: config, manifest and index, with a zero byte after each but the last.
 *
 * In the manifest `@c` becomes the config's digest and size, `@l` the layer's, in the index `@m` the manifest's: so a mutation of any
 * of the three gets past the hashes. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "tests/fuzz/fuzz.h"
#include "zfs-views/archive.h"

#define DOCUMENT_MAX 65536

struct document { char text[DOCUMENT_MAX]; size_t len; char digest[65]; };

static void digest_of(struct document *d)
{
	struct sha256 s;
	uint8_t sum[32];
	sha256_init(&s);
	sha256_add(&s, d->text, d->len);
	sha256_end(&s, sum);
	hex_encode(sum, sizeof sum, d->digest);
}

static void put_entry(int fd, const char *name, const struct document *d)
{
	uint8_t h[512] = {0};
	static const uint8_t zero[512];
	unsigned sum = 0;
	snprintf((char *)h, 100, "%s", name);
	snprintf((char *)h + 124, 12, "%011zo", d->len);
	memset(h + 148, ' ', 8);
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	must(write(fd, h, sizeof h) == (ssize_t)sizeof h && write(fd, d->text, d->len) == (ssize_t)d->len);
	must(write(fd, zero, (512 - d->len % 512) % 512) >= 0);
}

static void put_blob_entry(int fd, struct document *d)
{
	char name[100];
	snprintf(name, sizeof name, "blobs/sha256/%s", d->digest);
	put_entry(fd, name, d);
}

/* The text up to the next zero byte, with the marks replaced; says how much was eaten. */
static size_t document(struct document *d, const uint8_t *p, size_t len, const char *marks, const struct document *const *named)
{
	size_t i = 0;
	d->len = 0;
	for (; i < len && p[i] && d->len < DOCUMENT_MAX - 256; i++) {
		const char *m = p[i] == '@' && i + 1 < len && p[i + 1] ? strchr(marks, p[i + 1]) : NULL;
		if (!m) {
			d->text[d->len++] = (char)p[i];
			continue;
		}
		const struct document *n = named[m - marks];
		d->len += (size_t)snprintf(d->text + d->len, 200, "\"digest\":\"sha256:%s\",\"size\":%zu", n->digest, n->len);
		i++;
	}
	digest_of(d);
	return i < len ? i + 1 : len;
}

static void verify(int fd)
{
	static struct archive a;
	struct refusal why;
	if (!archive_verify(fd, &a, &why)) {
		must((why.err == EBADMSG || why.err == EIO) && why.text[0]);
		return;
	}
	struct wbuf w = fuzz_room();
	deploy_put(&w, &a.deploy);
	must(!w.bad && w.len <= APP_META_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct document layer = {.text = "layer", .len = 5}, config, manifest, index;
	static const uint8_t end[1024];
	const struct document *const parts[] = {&config, &layer}, *const whole[] = {&manifest};
	digest_of(&layer);
	size_t at = document(&config, data, size, "", NULL);
	at += document(&manifest, data + at, size - at, "cl", parts);
	document(&index, data + at, size - at, "m", whole);
	autoclose int fd = memfd_create("image", MFD_CLOEXEC);
	must(fd >= 0);
	put_entry(fd, "index.json", &index);
	put_blob_entry(fd, &layer);
	put_blob_entry(fd, &config);
	put_blob_entry(fd, &manifest);
	must(write(fd, end, sizeof end) == (ssize_t)sizeof end);
	verify(fd);
	return 0;
}
