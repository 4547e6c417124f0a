/* A key file that somebody damaged, or made: the first byte's lowest bit asks for a sum that is right.
 *
 * The store says that it is damaged, or holds a key of that uid. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/io.h"
#include "ledger/crypto/hash.h"
#include "ledger/keystore.h"
#include "tests/fuzz/fuzz.h"

#define BODY_LEN 172
#define UID 1000

static char dir[64];

static void leave(void)
{
	char path[96];
	snprintf(path, sizeof path, "%s/uid-%d", dir, UID);
	unlink(path);
	rmdir(dir);
}

static void arrive(void)
{
	snprintf(dir, sizeof dir, "/tmp/zeus-fuzz-XXXXXX");
	must(mkdtemp(dir) != NULL && sign_init() == 0);
	atexit(leave);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[96], why[256] = "";
	if (size == 0)
		return 0;
	if (!dir[0])
		arrive();
	snprintf(path, sizeof path, "%s/uid-%d", dir, UID);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && io_write_all(fd, data + 1, size - 1) == 0);
	if (data[0] & 1 && size - 1 >= BODY_LEN) {
		struct id sum = hash_of("zeus/key", data + 1, BODY_LEN);
		must(pwrite(fd, sum.b, sizeof sum.b, BODY_LEN) == (ssize_t)sizeof sum.b);
	}
	struct keystore *k;
	int rc = keystore_open(dir, false, &k, why);
	if (rc < 0) {
		must(rc == -EBADMSG && why[0]);
		return 0;
	}
	must(keystore_count(k) == 1 && keystore_key(k, UID));
	keystore_close(k);
	return 0;
}
