/* An uploaded archive, as a stranger makes it.
 *
 * The first byte's bit 0 asks that headers get the checksum they should have, bit 1 that blobs get the name of their digest, so that
 * mutations reach what lies behind. One that is taken has an image id and a task that can be encoded; one that is not, a sentence. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "tests/fuzz/fuzz.h"
#include "zfs-views/archive.h"
#include "zfs-views/tar.h"

#define BLOCK 512
#define BLOBS "blobs/sha256/"

static size_t size_of(const uint8_t *h)
{
	char octal[13] = "";
	memcpy(octal, h + 124, 12);
	return strtoul(octal, NULL, 8);
}

static void name_blob(uint8_t *h, const uint8_t *p, size_t len)
{
	struct sha256 s;
	uint8_t sum[32];
	char hex[65];
	if (memcmp(h, BLOBS, strlen(BLOBS)) != 0)
		return;
	sha256_init(&s);
	sha256_add(&s, p, len);
	sha256_end(&s, sum);
	hex_encode(sum, sizeof sum, hex);
	memcpy(h + strlen(BLOBS), hex, sizeof hex);
}

static void repair(uint8_t *p, size_t len, uint8_t how)
{
	for (size_t at = 0; at + BLOCK <= len;) {
		uint8_t *h = p + at;
		size_t size = size_of(h), left = len - at - BLOCK;
		unsigned sum = 0;
		if (size > left)
			return;
		if (how & 2)
			name_blob(h, h + BLOCK, size);
		memset(h + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += h[i];
		if (sum != 8 * ' ') { /* not the end */
			char octal[8];
			snprintf(octal, sizeof octal, "%06o", sum & 0777777);
			memcpy(h + 148, octal, 7);
		} else {
			memset(h + 148, 0, 8);
		}
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
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
	must(!w.bad && w.len <= APP_META_MAX && strlen(a.hex) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tar t;
	struct refusal why;
	if (size == 0)
		return 0;
	autofree uint8_t *copy = malloc(size);
	autoclose int fd = memfd_create("archive", MFD_CLOEXEC);
	must(copy && fd >= 0);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1)
		repair(copy, size - 1, data[0]);
	must(write(fd, copy, size - 1) == (ssize_t)(size - 1));
	if (tar_index(fd, &t, &why))
		for (uint32_t i = 0; i < t.n; i++)
			must(t.entry[i].offset + t.entry[i].size <= size - 1 && strlen(t.entry[i].name) <= TAR_NAME_MAX &&
			     t.entry[i].name[0] != '/');
	verify(fd);
	return 0;
}
