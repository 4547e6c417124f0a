/* A user's key under a passphrase.
 *
 * Knows the file's bytes, how a key is made of a passphrase, and the bounds of what that may cost. Does not know where the file lies or who
 * types the passphrase. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include "ledger/crypto/hash.h"
#include "ledger/crypto/keyfile.h"
#include "ledger/crypto/secret.h"

#define VERSION 1
#define HEAD_LEN 128
#define BODY_LEN (HEAD_LEN + KEYFILE_BOX_LEN)
#define SECRETS_LEN 64

static_assert(BODY_LEN + 32 == KEYFILE_LEN, "the sum is last");
static_assert(SECRETS_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES == KEYFILE_BOX_LEN, "seed, x_sk and tag");
static_assert(sizeof((struct keyfile *)0)->salt == crypto_pwhash_SALTBYTES, "salt");
static_assert(sizeof((struct keyfile *)0)->nonce == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");

static bool cost_ok(uint64_t ops, uint64_t mem)
{
	return ops >= 1 && ops <= KEYFILE_OPS_MAX && mem >= KEYFILE_MEM_MIN && mem <= KEYFILE_MEM_MAX && mem % 1024 == 0;
}

static void put_head(struct wbuf *w, const struct keyfile *f)
{
	put_bytes(w, "ZWAL", 4);
	put_u32(w, VERSION);
	put_u64(w, f->ops);
	put_u64(w, f->mem);
	put_bytes(w, f->salt, sizeof f->salt);
	put_bytes(w, f->nonce, sizeof f->nonce);
	put_bytes(w, f->pk, sizeof f->pk);
	put_bytes(w, f->x_pk, sizeof f->x_pk);
}

void keyfile_put(struct wbuf *w, const struct keyfile *f)
{
	uint8_t body[BODY_LEN];
	struct wbuf b = wbuf_on(body, sizeof body);
	put_head(&b, f);
	put_bytes(&b, f->box, sizeof f->box);
	struct id sum = hash_of("zeus/wallet", body, sizeof body);
	put_bytes(w, body, sizeof body);
	put_id(w, &sum);
	w->bad |= !cost_ok(f->ops, f->mem);
}

bool keyfile_get(struct slice bytes, struct keyfile *out)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct keyfile f;
	char magic[4];
	get_bytes(&r, magic, sizeof magic);
	uint32_t version = get_u32(&r);
	f.ops = get_u64(&r);
	f.mem = get_u64(&r);
	get_bytes(&r, f.salt, sizeof f.salt);
	get_bytes(&r, f.nonce, sizeof f.nonce);
	get_bytes(&r, f.pk, sizeof f.pk);
	get_bytes(&r, f.x_pk, sizeof f.x_pk);
	get_bytes(&r, f.box, sizeof f.box);
	struct id said = get_id(&r);
	if (!rbuf_end(&r) || memcmp(magic, "ZWAL", 4) != 0 || version != VERSION || !cost_ok(f.ops, f.mem))
		return false;
	struct id sum = hash_of("zeus/wallet", bytes.p, BODY_LEN);
	if (id_cmp(&sum, &said) != 0)
		return false;
	*out = f;
	return true;
}

void keyfile_begin(struct keyfile *f)
{
	*f = (struct keyfile){.ops = KEYFILE_OPS, .mem = KEYFILE_MEM};
	randombytes_buf(f->salt, sizeof f->salt);
	randombytes_buf(f->nonce, sizeof f->nonce);
}

static int derive(const struct keyfile *f, const char *passphrase, size_t len, uint8_t *key)
{
	if (len == 0)
		return -EINVAL;
	int rc = crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, len, f->salt, f->ops, (size_t)f->mem,
	    crypto_pwhash_ALG_ARGON2ID13);
	return rc == 0 ? 0 : -ENOMEM;
}

/* key[32], then the two secrets */
#define WORK_LEN (crypto_aead_xchacha20poly1305_ietf_KEYBYTES + SECRETS_LEN)

int keyfile_lock(struct keyfile *f, const struct keypair *k, const char *passphrase, size_t len)
{
	autosecret uint8_t *key = secret_new(WORK_LEN);
	uint8_t *plain = key + crypto_aead_xchacha20poly1305_ietf_KEYBYTES, head[HEAD_LEN];
	struct wbuf w = wbuf_on(head, sizeof head);
	int rc = derive(f, passphrase, len, key);
	if (rc < 0)
		return rc;
	memcpy(f->pk, k->pk, sizeof f->pk);
	memcpy(f->x_pk, k->x_pk, sizeof f->x_pk);
	put_head(&w, f);
	crypto_sign_ed25519_sk_to_seed(plain, k->sk);
	memcpy(plain + 32, k->x_sk, 32);
	crypto_aead_xchacha20poly1305_ietf_encrypt(f->box, NULL, plain, SECRETS_LEN, head, sizeof head, NULL, f->nonce, key);
	return 0;
}

int keyfile_unlock(const struct keyfile *f, const char *passphrase, size_t len, struct keypair *out)
{
	autosecret uint8_t *key = secret_new(WORK_LEN);
	autosecret struct keypair *k = secret_new(sizeof *k);
	uint8_t *plain = key + crypto_aead_xchacha20poly1305_ietf_KEYBYTES, head[HEAD_LEN];
	struct wbuf w = wbuf_on(head, sizeof head);
	int rc = derive(f, passphrase, len, key);
	if (rc < 0)
		return rc == -EINVAL ? -EKEYREJECTED : rc;
	put_head(&w, f);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, f->box, sizeof f->box, head, sizeof head, f->nonce, key) != 0)
		return -EKEYREJECTED;
	if (sign_keypair_of(plain, plain + 32, k) != 0 || memcmp(k->pk, f->pk, sizeof f->pk) != 0 ||
	    memcmp(k->x_pk, f->x_pk, sizeof f->x_pk) != 0)
		return -EBADMSG;
	*out = *k;
	return 0;
}
