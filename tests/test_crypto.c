/* Hashes, signatures and addresses.
 *
 * Known answers of the standards, and every flipped bit refused. */
#include "ledger/crypto/hash.h"
#include "ledger/crypto/keyring.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>
#include <string.h>

START_TEST(hash_is_domain_separated)
{
	struct id a = hash_of("zeus/a", "bc", 2), b = hash_of("zeus/ab", "c", 1), c = hash_of("zeus/a", "bc", 2);
	ck_assert_int_ne(id_cmp(&a, &b), 0);
	ck_assert_int_eq(id_cmp(&a, &c), 0);
	struct slice parts[] = {{(const uint8_t *)"b", 1}, {NULL, 0}, {(const uint8_t *)"c", 1}};
	struct id d = hash_slices("zeus/a", parts, 3);
	ck_assert_int_eq(id_cmp(&a, &d), 0);
	struct id e = hash_pair("zeus/p", &a, &b), f = hash_pair("zeus/p", &b, &a);
	ck_assert_int_ne(id_cmp(&e, &f), 0);
}
END_TEST

START_TEST(sha256_known)
{
	struct sha256 s;
	uint8_t out[32];
	char hex[65];
	sha256_init(&s);
	sha256_add(&s, "a", 1);
	sha256_add(&s, "bc", 2);
	sha256_end(&s, out);
	hex_encode(out, 32, hex);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-4, "abc" */
}
END_TEST

/* RFC 8032, 7.1, TEST 2 */
START_TEST(ed25519_known)
{
	uint8_t pk[32], sig[64];
	ck_assert(hex_decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", pk, 32));
	ck_assert(hex_decode("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00", sig, 64));
	ck_assert(sign_verify(pk, "\x72", 1, sig));
	ck_assert(!sign_verify(pk, "\x73", 1, sig));
	for (int i = 0; i < 512; i++) {
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!sign_verify(pk, "\x72", 1, sig));
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	memset(pk, 0, sizeof pk); /* a key of small order */
	ck_assert(!sign_verify(pk, "\x72", 1, sig));
}
END_TEST

START_TEST(envelope)
{
	struct keypair k;
	uint8_t bytes[1024];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	struct id genesis = hash_of("zeus/gen", "x", 1), other = hash_of("zeus/gen", "y", 1);
	struct tx tx = {.type = TX_TRANSFER, .chain_id = 7, .valid_until = 9}, got;
	size_t signed_len;
	sign_keypair_new(&k);
	struct auth auth = sign_auth_single(k.pk);
	tx.sender = sign_address(&auth);
	tx.u.transfer.amount = money_of(5);
	sign_tx(&k, &genesis, &tx, &w);
	ck_assert(!w.bad);
	ck_assert_int_eq(tx_get((struct slice){bytes, w.len}, &got, &signed_len), V_OK);
	ck_assert_uint_eq(signed_len, w.len - 97);
	ck_assert(sign_tx_verify(&genesis, &got, (struct slice){bytes, signed_len}));
	ck_assert(!sign_tx_verify(&other, &got, (struct slice){bytes, signed_len}));
	for (size_t i = 0; i < signed_len; i++) {
		bytes[i] ^= 1;
		ck_assert(!sign_tx_verify(&genesis, &got, (struct slice){bytes, signed_len}));
		bytes[i] ^= 1;
	}
	got.nsig = 0;
	ck_assert(!sign_tx_verify(&genesis, &got, (struct slice){bytes, signed_len}));
}
END_TEST

static void three_keys(struct keypair k[3])
{
	for (int i = 0; i < 3; i++)
		sign_keypair_new(&k[i]);
}

/* A draft goes from signer to signer; whoever comes when, the bytes are the same. */
START_TEST(several_sign)
{
	static const int order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
	struct keypair k[3];
	uint8_t bytes[3][1024];
	struct id genesis = hash_of("zeus/gen", "x", 1);
	size_t signed_len, len[3];
	ck_assert_int_eq(sign_init(), 0);
	three_keys(k);
	for (int way = 0; way < 3; way++) {
		struct wbuf w = wbuf_on(bytes[way], sizeof bytes[way]);
		struct tx tx = {.type = TX_TRANSFER, .chain_id = 7, .valid_until = 9}, got;
		tx.u.transfer.amount = money_of(5);
		tx_draft_put(&w, &tx);
		ck_assert_int_eq(tx_get((struct slice){bytes[way], w.len}, &got, &signed_len), V_MALFORMED); /* nobody signed */
		ck_assert_int_eq(tx_draft_get((struct slice){bytes[way], w.len}, &got, &signed_len), V_OK);
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(sign_tx_add(&k[order[way][i]], &genesis, (struct slice){bytes[way], signed_len}, &got), 0);
			ck_assert_int_eq(sign_tx_add(&k[order[way][i]], &genesis, (struct slice){bytes[way], signed_len}, &got), -EEXIST);
		}
		w = wbuf_on(bytes[way], sizeof bytes[way]);
		tx_put(&w, &got);
		len[way] = w.len;
		ck_assert_int_eq(tx_get((struct slice){bytes[way], w.len}, &got, &signed_len), V_OK);
		ck_assert(got.nsig == 3 && sign_tx_verify(&genesis, &got, (struct slice){bytes[way], signed_len}));
		ck_assert(len[way] == len[0] && memcmp(bytes[way], bytes[0], len[0]) == 0);
	}
}
END_TEST

START_TEST(sixteen_sign_and_no_more)
{
	struct keypair k;
	struct id genesis = hash_of("zeus/gen", "x", 1);
	struct tx tx = {.type = TX_TRANSFER};
	ck_assert_int_eq(sign_init(), 0);
	for (int i = 0; i <= TX_SIGS_MAX; i++) {
		sign_keypair_new(&k);
		ck_assert_int_eq(sign_tx_add(&k, &genesis, (struct slice){NULL, 0}, &tx), i < TX_SIGS_MAX ? 0 : -ENOSPC);
	}
	for (int i = 1; i < TX_SIGS_MAX; i++)
		ck_assert_int_lt(memcmp(tx.sig[i - 1].pk, tx.sig[i].pk, 32), 0);
}
END_TEST

START_TEST(ring)
{
	ck_assert_int_eq(sign_init(), 0);
	struct keyring *r = keyring_new();
	struct keypair k;
	for (uint32_t i = 0; i < 40; i++) {
		sign_keypair_new(&k);
		ck_assert_int_eq(keyring_add(r, i * 3, &k), 0);
		ck_assert_int_eq(keyring_add(r, i * 3, &k), -EEXIST);
		ck_assert_mem_eq(keyring_get(r, i * 3), &k, sizeof k);
	}
	ck_assert_ptr_null(keyring_get(r, 1));
	ck_assert_uint_eq(keyring_count(r), 40);
	ck_assert_uint_eq(keyring_uid(r, 39), 117);
	keyring_free(r);
}
END_TEST

TEST_MAIN("crypto", hash_is_domain_separated, sha256_known, ed25519_known, envelope, several_sign, sixteen_sign_and_no_more, ring)
