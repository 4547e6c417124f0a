/* Merkle trees and state roots.
 *
 * Every leaf of every small tree has a path that checks, and nothing else does; a state root has no history. */
#include "ledger/chain/roots.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"
#include "tests/vector.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define N 40

static void leaves(struct id *leaf)
{
	for (uint32_t i = 0; i < N; i++)
		leaf[i] = hash_of("zeus/leaf", &i, sizeof i);
}

START_TEST(every_leaf)
{
	struct id leaf[N], path[40];
	leaves(leaf);
	for (size_t n = 0; n <= N; n++) {
		struct id root = merkle_root(leaf, n);
		ck_assert(n || id_is_zero(&root));
		for (size_t i = 0; i < n; i++) {
			size_t len = merkle_path(leaf, n, i, path);
			ck_assert(merkle_check(&leaf[i], i, n, path, len, &root));
			ck_assert(!merkle_check(&leaf[i], i, n, path, len + 1, &root));
			ck_assert(!len || !merkle_check(&leaf[i], i, n, path, len - 1, &root));
			ck_assert(n == 1 || !merkle_check(&leaf[(i + 1) % n], i, n, path, len, &root));
			ck_assert(n == 1 || !merkle_check(&leaf[i], (i + 1) % n, n, path, len, &root));
		}
		ck_assert(!merkle_check(&leaf[0], n, n, path, 0, &root));
	}
}
END_TEST

START_TEST(flipped_bits)
{
	struct id leaf[N], path[40];
	leaves(leaf);
	for (size_t n = 2; n <= N; n += 7) {
		struct id root = merkle_root(leaf, n);
		size_t len = merkle_path(leaf, n, n / 2, path);
		for (size_t bit = 0; bit < len * 256; bit++) {
			path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert(!merkle_check(&leaf[n / 2], n / 2, n, path, len, &root));
			path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}
END_TEST

static void put(struct roots *r, uint32_t i, const char *value)
{
	uint8_t key[5] = {3, (uint8_t)i, (uint8_t)(i >> 8), 0, 0};
	ck_assert(roots_put(r, (struct slice){key, sizeof key}, (struct slice){(const uint8_t *)value, value ? 1 : 0}));
}

/* The root depends on what is there, not on how it came to be. */
START_TEST(state_root_has_no_history)
{
	struct roots *a = roots_new(), *b = roots_new();
	for (uint32_t i = 0; i < 3000; i++)
		put(a, i, "x");
	for (uint32_t i = 3000; i-- > 0;)
		put(b, i, i % 3 ? "x" : "y");
	struct id ra = roots_root(a, 3), rb = roots_root(b, 3);
	ck_assert_int_ne(id_cmp(&ra, &rb), 0);
	for (uint32_t i = 0; i < 3500; i++)
		put(b, i, i < 3000 ? "x" : "z");
	for (uint32_t i = 3000; i < 3500; i++)
		put(b, i, NULL);
	rb = roots_root(b, 3);
	ck_assert_int_eq(id_cmp(&ra, &rb), 0);
	for (uint32_t i = 0; i < 3000; i++)
		put(a, i, NULL);
	ra = roots_root(a, 3);
	ck_assert(id_is_zero(&ra));
	ck_assert(!roots_put(a, (struct slice){(const uint8_t *)"\x0a", 1}, (struct slice){(const uint8_t *)"", 0}));
	roots_free(a);
	roots_free(b);
}
END_TEST

#define RECORDS 200000 /* about three in a bucket */
#define PROOF_ROOM 8192

static struct slice number_key(uint8_t buf[5], uint32_t i)
{
	buf[0] = 3;
	for (int k = 0; k < 4; k++)
		buf[1 + k] = (uint8_t)(i >> 8 * k);
	return (struct slice){buf, 5};
}

static const struct slice yes = {(const uint8_t *)"x", 1}, other = {(const uint8_t *)"y", 1}, none = {NULL, 0};

/* Written, read, checked; and no bit of it may be another. */
static void hold(const struct roots_proof *p, struct slice key, struct slice value, const struct id *root, bool flip)
{
	uint8_t bytes[PROOF_ROOM], again[PROOF_ROOM];
	struct wbuf w = wbuf_on(bytes, sizeof bytes), w2 = wbuf_on(again, sizeof again);
	struct roots_proof back;
	roots_proof_put(&w, p);
	struct rbuf r = rbuf_on(bytes, w.len);
	ck_assert(!w.bad && roots_proof_get(&r, &back) && rbuf_end(&r) && roots_check(&back, key, value, root));
	roots_proof_put(&w2, &back);
	ck_assert(w2.len == w.len && memcmp(bytes, again, w.len) == 0);
	ck_assert(!roots_check(&back, key, value.p ? none : yes, root) && !roots_check(&back, key, value.p ? other : yes, root));
	for (size_t bit = 0; flip && bit < w.len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		r = rbuf_on(bytes, w.len);
		ck_assert_msg(!roots_proof_get(&r, &back) || !rbuf_end(&r) || !roots_check(&back, key, value, root), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

START_TEST(records_are_proved_there_and_not_there)
{
	struct roots *r = roots_new();
	struct roots_proof p;
	uint8_t buf[5];
	int ends = 0, between = 0;
	for (uint32_t i = 0; i < RECORDS; i++)
		ck_assert(roots_put(r, number_key(buf, i), yes));
	struct id root = roots_root(r, 3), empty = {{0}};
	for (uint32_t i = 0; i < RECORDS; i += 211) {
		ck_assert(roots_prove(r, number_key(buf, i), &p) && p.there);
		hold(&p, number_key(buf, i), yes, &root, i % 50000 < 211);
		ck_assert(!roots_check(&p, number_key(buf, i + 1), yes, &root) && !roots_check(&p, number_key(buf, i), yes, &empty));
		ck_assert(roots_prove(r, number_key(buf, i + RECORDS), &p) && !p.there);
		hold(&p, number_key(buf, i + RECORDS), none, &root, i % 50000 < 211);
		ck_assert(!roots_check(&p, number_key(buf, i), none, &root));
		ends += p.nentry == 1;
		between += p.nentry == 2;
	}
	ck_assert(ends > 0 && between > 0);
	buf[0] = 4; /* a lane without a record */
	ck_assert(roots_prove(r, (struct slice){buf, 5}, &p) && !p.there && roots_check(&p, (struct slice){buf, 5}, none, &empty));
	buf[0] = CHAINS;
	ck_assert(!roots_prove(r, (struct slice){buf, 5}, &p));
	roots_free(r);
}
END_TEST

TEST_MAIN("merkle", every_leaf, flipped_bits, state_root_has_no_history, records_are_proved_there_and_not_there)
