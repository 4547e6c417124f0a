/* A user's key under a passphrase: golden bytes, and everything that is refused by name.
 *
 * The vector's cost is the least there is, so that flipping each of its bits takes no time. Does not know files: those are cli's. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include "ledger/crypto/keyfile.h"
#include "ledger/crypto/secret.h"
#include "tests/vector.h"

static const char pass[] = "correct horse";
static uint8_t room[1024];

static struct keypair sample_keys(void)
{
	uint8_t seed[32], x[32];
	struct keypair k;
	vector_fill(seed, sizeof seed, 0x10);
	vector_fill(x, sizeof x, 0x40);
	ck_assert_int_eq(sign_init(), 0);
	ck_assert_int_eq(sign_keypair_of(seed, x, &k), 0);
	return k;
}

static struct keyfile sample(void)
{
	struct keypair k = sample_keys();
	struct keyfile f = {.ops = 1, .mem = KEYFILE_MEM_MIN};
	vector_fill(f.salt, sizeof f.salt, 0x70);
	vector_fill(f.nonce, sizeof f.nonce, 0x90);
	ck_assert_int_eq(keyfile_lock(&f, &k, pass, strlen(pass)), 0);
	return f;
}

static bool again(struct slice in, struct wbuf *out)
{
	struct keyfile f;
	struct keypair k;
	if (!keyfile_get(in, &f) || keyfile_unlock(&f, pass, strlen(pass), &k) != 0)
		return false;
	keyfile_put(out, &f);
	return true;
}

START_TEST(golden)
{
	struct keyfile f = sample();
	struct wbuf w = wbuf_on(room, sizeof room);
	keyfile_put(&w, &f);
	ck_assert_uint_eq(w.len, KEYFILE_LEN);
	vector_hold("keyfile.txt", "key", &w, again);
}
END_TEST

START_TEST(opens_with_its_passphrase_only)
{
	struct keyfile f = sample();
	struct keypair want = sample_keys(), k;
	memset(&k, 7, sizeof k);
	struct keypair untouched = k;
	ck_assert_int_eq(keyfile_unlock(&f, "correct hors", 12, &k), -EKEYREJECTED);
	ck_assert_int_eq(keyfile_unlock(&f, "correct horse ", 14, &k), -EKEYREJECTED);
	ck_assert_int_eq(keyfile_unlock(&f, "", 0, &k), -EKEYREJECTED);
	ck_assert_mem_eq(&k, &untouched, sizeof k);
	ck_assert_int_eq(keyfile_unlock(&f, pass, strlen(pass), &k), 0);
	ck_assert_mem_eq(&k, &want, sizeof k);
	ck_assert_int_eq(keyfile_lock(&f, &want, "", 0), -EINVAL);
}
END_TEST

/* What is not under the sum's protection, because somebody made the sum anew, is under the box's. */
START_TEST(the_box_vouches_for_what_is_readable)
{
	struct keypair k;
	size_t offsets[] = {offsetof(struct keyfile, salt), offsetof(struct keyfile, nonce), offsetof(struct keyfile, pk),
	    offsetof(struct keyfile, x_pk), offsetof(struct keyfile, box)};
	for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
		struct keyfile f = sample();
		((uint8_t *)&f)[offsets[i]] ^= 1;
		ck_assert_int_eq(keyfile_unlock(&f, pass, strlen(pass), &k), -EKEYREJECTED);
	}
	struct keyfile f = sample();
	f.ops = 2;
	ck_assert_int_eq(keyfile_unlock(&f, pass, strlen(pass), &k), -EKEYREJECTED);
}
END_TEST

static void cost_refused(uint64_t ops, uint64_t mem)
{
	struct keyfile f = sample();
	struct wbuf w = wbuf_on(room, sizeof room);
	f.ops = ops;
	f.mem = mem;
	keyfile_put(&w, &f);
	ck_assert(w.bad && !keyfile_get((struct slice){room, w.len}, &f));
}

START_TEST(the_cost_is_bounded)
{
	struct keyfile usual;
	struct wbuf w = wbuf_on(room, sizeof room);
	cost_refused(0, KEYFILE_MEM);
	cost_refused(KEYFILE_OPS_MAX + 1, KEYFILE_MEM);
	cost_refused(1, KEYFILE_MEM_MIN - 1024);
	cost_refused(1, KEYFILE_MEM_MAX + 1024);
	cost_refused(1, KEYFILE_MEM + 1);
	keyfile_begin(&usual);
	keyfile_put(&w, &usual);
	ck_assert(!w.bad && usual.ops == KEYFILE_OPS && usual.mem == KEYFILE_MEM);
}
END_TEST

START_TEST(two_files_share_nothing)
{
	struct keyfile a, b;
	ck_assert_int_eq(sign_init(), 0);
	keyfile_begin(&a);
	keyfile_begin(&b);
	ck_assert_mem_ne(a.salt, b.salt, sizeof a.salt);
	ck_assert_mem_ne(a.nonce, b.nonce, sizeof a.nonce);
}
END_TEST

TEST_MAIN("keyfile", golden, opens_with_its_passphrase_only, the_box_vouches_for_what_is_readable, the_cost_is_bounded,
    two_files_share_nothing)
