/* Custodial keys.
 *
 * Kept over a restart, mode 0600, and anything wrong with a file is refused by name. */
#include "ledger/keystore.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>
#include <sys/stat.h>

static char dir[SCRATCH_LEN], path[SCRATCH_LEN + 16], why[256];

static struct keystore *open_keys(void)
{
	struct keystore *k;
	ck_assert_msg(keystore_open(path, true, &k, why) == 0, "%s", why);
	return k;
}

static void begin(void)
{
	ck_assert_int_eq(sign_init(), 0);
	scratch_make(dir);
	snprintf(path, sizeof path, "%s/keys", dir);
}

static int refused(void)
{
	struct keystore *k;
	return keystore_open(path, false, &k, why);
}

START_TEST(kept)
{
	struct address a, b;
	struct stat st;
	char file[SCRATCH_LEN + 32];
	begin();
	struct keystore *k = open_keys();
	ck_assert_int_eq(keystore_make(k, 1000), 0);
	ck_assert_int_eq(keystore_make(k, 1000), -EEXIST);
	ck_assert_int_eq(keystore_make(k, KEYSTORE_NODE), 0);
	ck_assert(keystore_address(k, 1000, &a));
	ck_assert(!keystore_address(k, 1001, &b));
	ck_assert_uint_eq(keystore_count(k), 1);
	uint32_t uid = 7;
	ck_assert(!keystore_uid(k, keystore_key(k, KEYSTORE_NODE)->x_pk, &uid)); /* no account's */
	ck_assert_uint_eq(uid, 7);
	ck_assert(keystore_uid(k, keystore_key(k, 1000)->x_pk, &uid));
	ck_assert_uint_eq(uid, 1000);
	keystore_close(k);
	snprintf(file, sizeof file, "%s/uid-1000", path);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	k = open_keys();
	ck_assert(keystore_address(k, 1000, &b));
	ck_assert(address_eq(&a, &b));
	ck_assert_ptr_nonnull(keystore_key(k, KEYSTORE_NODE));
	keystore_close(k);
	ck_assert_int_eq(chmod(file, 0640), 0);
	ck_assert_int_eq(refused(), -EPERM);
	scratch_remove(dir);
}
END_TEST

START_TEST(every_flipped_byte_is_refused)
{
	char file[SCRATCH_LEN + 32], other[SCRATCH_LEN + 32];
	uint8_t byte;
	begin();
	struct keystore *k = open_keys();
	ck_assert_int_eq(keystore_make(k, 7), 0);
	keystore_close(k);
	snprintf(file, sizeof file, "%s/uid-7", path);
	snprintf(other, sizeof other, "%s/uid-8", path);
	int fd = open(file, O_RDWR);
	for (off_t i = 0; pread(fd, &byte, 1, i) == 1; i++) {
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, i), 1);
		ck_assert_int_eq(refused(), -EBADMSG);
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, i), 1);
	}
	keystore_close(open_keys());
	ck_assert_int_eq(rename(file, other), 0); /* a key under another's name */
	ck_assert_int_eq(refused(), -EBADMSG);
	ck_assert_int_eq(ftruncate(fd, 100), 0);
	ck_assert_int_eq(refused(), -EBADMSG);
	close(fd);
	scratch_remove(dir);
}
END_TEST

TEST_MAIN("keystore", kept, every_flipped_byte_is_refused)
