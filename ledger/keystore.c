/* Custodial keys on disk and in locked memory.
 *
 * Knows: the file form, atomic replacement, who may read the files, which address a uid's key stands for.
 * Does not know: who may ask for a signature (session.c) or what is signed. */
#include "ledger/keystore.h"
#include "common/io.h"
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_BODY_LEN (12 + 32 + 64 + 32 + 32)
#define KEY_FILE_LEN (KEY_BODY_LEN + 32)
#define WHY_LEN 256

struct keystore { int dir; struct keyring *ring; };

static void key_name(uint32_t uid, char out[32])
{
	if (uid == KEYSTORE_NODE)
		snprintf(out, 32, "node");
	else
		snprintf(out, 32, "uid-%u", uid);
}

static void key_encode(uint32_t uid, const struct keypair *k, uint8_t out[KEY_FILE_LEN])
{
	struct wbuf w = wbuf_on(out, KEY_FILE_LEN);
	put_bytes(&w, "ZKEY", 4);
	put_u32(&w, 1);
	put_u32(&w, uid);
	put_bytes(&w, k->pk, sizeof k->pk);
	put_bytes(&w, k->sk, sizeof k->sk);
	put_bytes(&w, k->x_pk, sizeof k->x_pk);
	put_bytes(&w, k->x_sk, sizeof k->x_sk);
	struct id sum = hash_of("zeus/key", out, w.len);
	put_id(&w, &sum);
}

static bool key_decode(const uint8_t bytes[KEY_FILE_LEN], uint32_t *uid, struct keypair *k)
{
	struct rbuf r = rbuf_on(bytes, KEY_FILE_LEN);
	char magic[4];
	get_bytes(&r, magic, sizeof magic);
	uint32_t version = get_u32(&r);
	*uid = get_u32(&r);
	get_bytes(&r, k->pk, sizeof k->pk);
	get_bytes(&r, k->sk, sizeof k->sk);
	get_bytes(&r, k->x_pk, sizeof k->x_pk);
	get_bytes(&r, k->x_sk, sizeof k->x_sk);
	struct id want = get_id(&r), have = hash_of("zeus/key", bytes, KEY_BODY_LEN);
	return rbuf_end(&r) && memcmp(magic, "ZKEY", 4) == 0 && version == 1 && id_cmp(&want, &have) == 0;
}

/* Beside, synced, renamed, directory synced. */
static int key_save(int dir, uint32_t uid, const struct keypair *k)
{
	char name[32], tmp[40];
	uint8_t bytes[KEY_FILE_LEN];
	key_name(uid, name);
	snprintf(tmp, sizeof tmp, ".%s.tmp", name);
	autoclose int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	key_encode(uid, k, bytes);
	int rc = io_write_all(fd, bytes, sizeof bytes);
	explicit_bzero(bytes, sizeof bytes);
	if (rc < 0)
		return rc;
	if (fsync(fd) < 0 || renameat(dir, tmp, dir, name) < 0 || fsync(dir) < 0)
		return -errno;
	return 0;
}

static int key_load(struct keystore *k, const char *name, char *why)
{
	uint8_t bytes[KEY_FILE_LEN + 1];
	struct keypair pair;
	struct stat st;
	char want[32];
	uint32_t uid;
	autoclose int fd = openat(k->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = errno;
		snprintf(why, WHY_LEN, "key %s: %s", name, strerror(err));
		return -err;
	}
	if (st.st_mode & 077 || !S_ISREG(st.st_mode)) {
		snprintf(why, WHY_LEN, "key %s: others may read it; it must be a file of mode 0600", name);
		return -EPERM;
	}
	bool ok = read(fd, bytes, sizeof bytes) == KEY_FILE_LEN && key_decode(bytes, &uid, &pair);
	if (ok)
		key_name(uid, want);
	ok = ok && strcmp(want, name) == 0;
	int rc = ok ? keyring_add(k->ring, uid, &pair) : -EBADMSG;
	explicit_bzero(bytes, sizeof bytes);
	sign_keypair_wipe(&pair);
	if (rc < 0)
		snprintf(why, WHY_LEN, rc == -EBADMSG ? "key %s: damaged" : "key %s: cannot be held", name);
	return rc;
}

static int load_all(struct keystore *k, char *why)
{
	int fd = openat(k->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		int err = errno;
		snprintf(why, WHY_LEN, "the keys: %s", strerror(err));
		return -err;
	}
	int rc = 0;
	struct dirent *e;
	while (rc == 0 && (e = readdir(d)))
		if (e->d_name[0] != '.')
			rc = key_load(k, e->d_name, why);
	closedir(d);
	return rc;
}

int keystore_open(const char *dir, bool create, struct keystore **ret, char *why)
{
	if (create && mkdir(dir, 0700) < 0 && errno != EEXIST) {
		int err = errno;
		snprintf(why, WHY_LEN, "%s: %s", dir, strerror(err));
		return -err;
	}
	struct keystore *k = calloc(1, sizeof *k);
	struct keyring *ring = keyring_new();
	if (!k || !ring)
		abort();
	k->ring = ring;
	k->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = k->dir < 0 ? -errno : 0;
	if (rc < 0)
		snprintf(why, WHY_LEN, "%s: %s", dir, strerror(-rc));
	if (rc == 0)
		rc = load_all(k, why);
	if (rc < 0) {
		keystore_close(k);
		return rc;
	}
	*ret = k;
	return 0;
}

void keystore_close(struct keystore *k)
{
	if (!k)
		return;
	cleanup_close(&k->dir);
	keyring_free(k->ring);
	free(k);
}

int keystore_make(struct keystore *k, uint32_t uid)
{
	struct keypair pair;
	if (keyring_get(k->ring, uid))
		return -EEXIST;
	sign_keypair_new(&pair);
	int rc = key_save(k->dir, uid, &pair);
	if (rc == 0)
		rc = keyring_add(k->ring, uid, &pair);
	sign_keypair_wipe(&pair);
	return rc;
}

const struct keypair *keystore_key(const struct keystore *k, uint32_t uid)
{
	return keyring_get(k->ring, uid);
}

bool keystore_address(const struct keystore *k, uint32_t uid, struct address *out)
{
	const struct keypair *p = keyring_get(k->ring, uid);
	if (!p)
		return false;
	struct auth a = sign_auth_single(p->pk);
	*out = sign_address(&a);
	return true;
}

bool keystore_uid(const struct keystore *k, const uint8_t x_pk[32], uint32_t *uid)
{
	for (size_t i = 0; i < keyring_count(k->ring); i++) {
		uint32_t at = keyring_uid(k->ring, i);
		if (at != KEYSTORE_NODE && memcmp(keyring_get(k->ring, at)->x_pk, x_pk, 32) == 0) {
			*uid = at;
			return true;
		}
	}
	return false;
}

uint32_t keystore_count(const struct keystore *k)
{
	size_t n = keyring_count(k->ring);
	return (uint32_t)(n - (n && keyring_get(k->ring, KEYSTORE_NODE)));
}

void keystore_each(const struct keystore *k, void (*cb)(void *arg, uint32_t uid, const struct address *a), void *arg)
{
	for (size_t i = 0; i < keyring_count(k->ring); i++) {
		struct address a;
		uint32_t uid = keyring_uid(k->ring, i);
		if (uid != KEYSTORE_NODE && keystore_address(k, uid, &a))
			cb(arg, uid, &a);
	}
}
