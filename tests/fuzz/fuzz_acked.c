/* The file that remembers the last acknowledged block, damaged: the first byte's bits 0 and 1 ask for slots whose sums are right.
 *
 * It is refused, or names a height that one of its slots names. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/io.h"
#include "ledger/acked.h"
#include "ledger/crypto/hash.h"
#include "tests/fuzz/fuzz.h"

#define SLOT_APART 512
#define SUMMED_LEN 44

static char dir[64];

static void leave(void)
{
	char path[96];
	snprintf(path, sizeof path, "%s/acked", dir);
	unlink(path);
	rmdir(dir);
}

static void arrive(void)
{
	snprintf(dir, sizeof dir, "/tmp/zeus-fuzz-XXXXXX");
	must(mkdtemp(dir) != NULL);
	atexit(leave);
}

static uint64_t height_in(const uint8_t *slot)
{
	struct rbuf r = rbuf_on(slot + 4, 8);
	return get_u64(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[2 * SLOT_APART] = {0};
	char path[96];
	struct acked a;
	if (size == 0)
		return 0;
	if (!dir[0])
		arrive();
	size_t len = size - 1 < sizeof bytes ? size - 1 : sizeof bytes;
	memcpy(bytes, data + 1, len);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *slot = bytes + i * SLOT_APART;
		struct id sum = hash_of("zeus/acked", slot, SUMMED_LEN);
		if (data[0] >> i & 1)
			memcpy(slot + SUMMED_LEN, sum.b, sizeof sum.b);
	}
	snprintf(path, sizeof path, "%s/acked", dir);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && io_write_all(fd, bytes, data[0] & 4 ? len : sizeof bytes) == 0);
	int rc = acked_open(dir, &a);
	must(rc == 0 || rc == -EBADMSG);
	if (rc < 0)
		return 0;
	must(a.height == height_in(bytes) || a.height == height_in(bytes + SLOT_APART));
	acked_close(&a);
	return 0;
}
