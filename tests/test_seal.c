/* Sealed payloads: one that was sealed once and must open for ever, and each reason why one does not.
 *
 * Sealing draws a fresh key each time, so the golden bytes are proven by opening them. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "common/base64.h"
#include "common/tx.h"
#include "ledger/crypto/deploy_seal.h"
#include "ledger/crypto/endpoint_seal.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/seal.h"
#include "ledger/crypto/sign.h"
#include "tests/vector.h"

static const char golden[] =
    "d69ba4e2b33d8d4141d766275bb7ff0140dfe56b6340b71ac1a8ea8e36458d01a6e56f08866527a6fa02afd0f9731604465d4b1b2a1a924386dca6d3"
    "c0a3a49b39e94180bb2f9d0f0f91038f7f94e105404781ca57cb4b81ebe5a6c8cc7e";
static const char plain[] = "SECRET=hunter2";
static uint8_t room[4096], out[4096];

static struct keypair keys(uint8_t first)
{
	uint8_t seed[32], x[32];
	struct keypair k;
	vector_fill(seed, sizeof seed, first);
	vector_fill(x, sizeof x, (uint8_t)(first + 1));
	ck_assert_int_eq(sign_init(), 0);
	ck_assert_int_eq(sign_keypair_of(seed, x, &k), 0);
	return k;
}

static struct id place(void) { return hash_of("zeus/test", "here", 4); }

static enum seal open_at(const struct keypair *k, const struct id *at, struct slice s, size_t *len)
{
	return seal_open(k->x_pk, k->x_sk, at, s, out, sizeof out, len);
}

static size_t golden_bytes(void)
{
	size_t n = strlen(golden) / 2;
	ck_assert(hex_decode(golden, room, n));
	return n;
}

START_TEST(opens_for_ever)
{
	struct keypair k = keys(0x20);
	struct id here = place();
	size_t len, n = golden_bytes();
	ck_assert_int_eq(open_at(&k, &here, (struct slice){room, n}, &len), SEAL_OK);
	ck_assert_uint_eq(len, strlen(plain));
	ck_assert_mem_eq(out, plain, len);
}
END_TEST

START_TEST(nothing_else_opens)
{
	struct keypair k = keys(0x20), stranger = keys(0x50);
	struct id here = place(), there = hash_of("zeus/test", "there", 5);
	size_t len = 77, n = golden_bytes();
	struct slice whole = {room, n};
	memset(out, 0x5a, sizeof out);
	ck_assert_int_eq(open_at(&stranger, &here, whole, &len), SEAL_REJECTED);
	ck_assert_int_eq(open_at(&k, &there, whole, &len), SEAL_ELSEWHERE);
	ck_assert_int_eq(seal_open(k.x_pk, k.x_sk, &here, whole, out, strlen(plain) - 1, &len), SEAL_CUT);
	for (size_t cut = 0; cut < n; cut++)
		ck_assert_int_eq(open_at(&k, &here, (struct slice){room, cut}, &len), cut < SEAL_OVERHEAD ? SEAL_CUT : SEAL_REJECTED);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(open_at(&k, &here, whole, &len), SEAL_REJECTED);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	room[n] = 0;
	ck_assert_int_eq(open_at(&k, &here, (struct slice){room, n + 1}, &len), SEAL_REJECTED);
	ck_assert_uint_eq(len, 77);
	ck_assert_uint_eq(out[0], 0x5a);
}
END_TEST

START_TEST(sealed_and_opened)
{
	struct keypair k = keys(0x20);
	struct id here = place();
	uint8_t big[1000];
	size_t len;
	vector_fill(big, sizeof big, 3);
	for (size_t n = 0; n <= sizeof big; n += 250) {
		struct wbuf w = wbuf_on(room, sizeof room);
		put_u8(&w, 0xee);
		ck_assert_int_eq(seal_put(&w, k.x_pk, &here, (struct slice){big, n}), SEAL_OK);
		ck_assert_uint_eq(w.len, 1 + n + SEAL_OVERHEAD);
		ck_assert_int_eq(open_at(&k, &here, (struct slice){room + 1, w.len - 1}, &len), SEAL_OK);
		ck_assert(len == n && memcmp(out, big, n) == 0);
	}
}
END_TEST

START_TEST(what_cannot_be_sealed)
{
	struct keypair k = keys(0x20);
	struct id here = place();
	struct wbuf small = wbuf_on(room, SEAL_OVERHEAD + 3), w = wbuf_on(room, sizeof room);
	static const uint8_t zero[32];
	ck_assert_int_eq(seal_put(&small, k.x_pk, &here, (struct slice){(const uint8_t *)"four", 4}), SEAL_CUT);
	ck_assert_int_eq(seal_put(&w, zero, &here, (struct slice){(const uint8_t *)"four", 4}), SEAL_BAD_KEY);
	ck_assert_uint_eq(small.len + w.len, 0);
	for (int s = SEAL_OK; s <= SEAL_BAD_KEY; s++)
		ck_assert_str_ne(seal_text((enum seal)s), "?");
}
END_TEST

static struct slice a_deploy(const char *task, uint8_t *room_for_it)
{
	struct deploy d = {.cwd = "/srv", .nargs = 1, .args = {"run"}, .nenv = 1, .env = {plain}};
	struct wbuf w = wbuf_on(room_for_it, DEPLOY_MAX);
	strcpy(d.task, task);
	memset(d.image, 'a', 64);
	deploy_put(&w, &d);
	ck_assert(!w.bad);
	return (struct slice){room_for_it, w.len};
}

START_TEST(a_deploy_opens_in_its_lease_only)
{
	static uint8_t made[DEPLOY_MAX], closed[DEPLOY_MAX], opened[DEPLOY_MAX], text[DEPLOY_MAX + 512];
	struct keypair k = keys(0x20), stranger = keys(0x50);
	struct id lease = hash_of("zeus/test", "l", 1), other = hash_of("zeus/test", "m", 1);
	struct slice d = a_deploy("job", made);
	struct deploy shown;
	size_t n, len = 77;
	ck_assert_int_eq(deploy_seal(&lease, k.x_pk, d, closed, &n), SEAL_OK);
	ck_assert_uint_eq(n, d.len + DEPLOY_SEAL_MORE);
	struct slice c = {closed, n};
	ck_assert(deploy_get(c, &shown, (char *)text, sizeof text));
	ck_assert_str_eq(shown.task, "job");
	ck_assert(shown.image[0] == 'a' && shown.sealed.len && !shown.nenv && !shown.nargs && !shown.cwd[0]);
	ck_assert_int_eq(deploy_open(&other, k.x_pk, k.x_sk, c, opened, &len), SEAL_ELSEWHERE);
	ck_assert_int_eq(deploy_open(&lease, stranger.x_pk, stranger.x_sk, c, opened, &len), SEAL_REJECTED);
	closed[2] = 'z'; /* another name for the task */
	ck_assert_int_eq(deploy_open(&lease, k.x_pk, k.x_sk, c, opened, &len), SEAL_ELSEWHERE);
	closed[2] = 'j';
	closed[7] = 'b'; /* another image */
	ck_assert_int_eq(deploy_open(&lease, k.x_pk, k.x_sk, c, opened, &len), SEAL_ELSEWHERE);
	closed[7] = 'a';
	for (size_t cut = 0; cut < n; cut++)
		ck_assert_int_ne(deploy_open(&lease, k.x_pk, k.x_sk, (struct slice){closed, cut}, opened, &len), SEAL_OK);
	ck_assert_uint_eq(len, 77);
	ck_assert_int_eq(deploy_open(&lease, k.x_pk, k.x_sk, c, opened, &len), SEAL_OK);
	ck_assert(len == d.len && memcmp(opened, made, len) == 0);
	ck_assert_int_eq(deploy_seal(&lease, k.x_pk, c, opened, &len), SEAL_CUT); /* is sealed already */
	ck_assert_int_eq(deploy_open(&lease, k.x_pk, k.x_sk, d, opened, &len), SEAL_CUT); /* is not */
}
END_TEST

START_TEST(the_longest_deploy_that_can_be_sealed)
{
	static uint8_t made[DEPLOY_MAX], closed[DEPLOY_MAX];
	static char big[DEPLOY_MAX];
	struct keypair k = keys(0x20);
	struct id lease = hash_of("zeus/test", "l", 1);
	size_t n;
	for (size_t more = 0; more < 2; more++) {
		struct deploy d = {.nargs = 1, .args = {big}};
		struct wbuf w = wbuf_on(made, sizeof made);
		memset(big, 'x', DEPLOY_MAX - DEPLOY_SEAL_MORE - 12 + more);
		deploy_put(&w, &d);
		ck_assert(!w.bad && w.len == DEPLOY_MAX - DEPLOY_SEAL_MORE + more);
		ck_assert_int_eq(deploy_seal(&lease, k.x_pk, (struct slice){made, w.len}, closed, &n), more ? SEAL_CUT : SEAL_OK);
		ck_assert(more || n == DEPLOY_MAX);
	}
}
END_TEST

static const char address[] = "any 100.64.0.2 - -";

START_TEST(an_endpoint_opens_in_its_lease_only)
{
	struct keypair k = keys(0x20), stranger = keys(0x50);
	struct id lease = hash_of("zeus/test", "l", 1), other = hash_of("zeus/test", "m", 1);
	char closed[ENDPOINT_MAX + 1], cut[ENDPOINT_MAX + 1], opened[ENDPOINT_MAX + 1] = "untouched";
	ck_assert_int_eq(endpoint_seal(&lease, k.x_pk, address, closed), SEAL_OK);
	ck_assert(endpoint_is_sealed(closed) && !endpoint_is_sealed(address) && !strstr(closed, "100.64"));
	ck_assert_int_eq(endpoint_open(&other, k.x_pk, k.x_sk, closed, opened), SEAL_ELSEWHERE);
	ck_assert_int_eq(endpoint_open(&lease, stranger.x_pk, stranger.x_sk, closed, opened), SEAL_REJECTED);
	for (size_t n = 0; n < strlen(closed); n++) {
		snprintf(cut, sizeof cut, "%.*s", (int)n, closed);
		ck_assert_int_ne(endpoint_open(&lease, k.x_pk, k.x_sk, cut, opened), SEAL_OK);
		strcpy(cut, closed);
		cut[n] = cut[n] == 'A' ? 'B' : 'A';
		ck_assert_int_ne(endpoint_open(&lease, k.x_pk, k.x_sk, cut, opened), SEAL_OK);
	}
	ck_assert_int_eq(endpoint_open(&lease, k.x_pk, k.x_sk, address, opened), SEAL_CUT); /* is not sealed */
	ck_assert_int_eq(endpoint_seal(&lease, k.x_pk, closed, opened), SEAL_CUT);          /* is already */
	ck_assert_str_eq(opened, "untouched");
	ck_assert_int_eq(endpoint_open(&lease, k.x_pk, k.x_sk, closed, closed), SEAL_OK);
	ck_assert_str_eq(closed, address);
}
END_TEST

/* Whoever seals may put in what he likes. */
START_TEST(an_endpoint_is_a_text)
{
	static const char *const hostile[] = {"a\nb", "\x1b[2J", "\xff", ENDPOINT_SEALED "AAAA", ENDPOINT_SEALED};
	struct keypair k = keys(0x20);
	struct id lease = hash_of("zeus/test", "l", 1);
	struct id at = hash_of("zeus/endpoint", lease.b, sizeof lease.b);
	char text[ENDPOINT_MAX + 1], opened[ENDPOINT_MAX + 1] = "untouched";
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct wbuf w = wbuf_on(room, sizeof room);
		ck_assert_int_eq(seal_put(&w, k.x_pk, &at, (struct slice){(const uint8_t *)hostile[i], strlen(hostile[i])}), SEAL_OK);
		strcpy(text, ENDPOINT_SEALED);
		base64_encode(room, w.len, text + strlen(text));
		ck_assert_int_eq(endpoint_open(&lease, k.x_pk, k.x_sk, text, opened), SEAL_CUT);
	}
	ck_assert_str_eq(opened, "untouched");
}
END_TEST

START_TEST(the_longest_endpoint_that_can_be_sealed)
{
	struct keypair k = keys(0x20);
	struct id lease = hash_of("zeus/test", "l", 1);
	char plain_text[ENDPOINT_MAX + 1] = "", closed[ENDPOINT_MAX + 1], opened[ENDPOINT_MAX + 1];
	static const uint8_t zero[32];
	memset(plain_text, 'x', ENDPOINT_PLAIN_MAX);
	ck_assert_int_eq(endpoint_seal(&lease, zero, plain_text, closed), SEAL_BAD_KEY);
	ck_assert_int_eq(endpoint_seal(&lease, k.x_pk, plain_text, closed), SEAL_OK);
	ck_assert_uint_le(strlen(closed), ENDPOINT_MAX);
	ck_assert_int_eq(endpoint_open(&lease, k.x_pk, k.x_sk, closed, opened), SEAL_OK);
	ck_assert_str_eq(opened, plain_text);
	plain_text[ENDPOINT_PLAIN_MAX] = 'x';
	ck_assert_int_eq(endpoint_seal(&lease, k.x_pk, plain_text, closed), SEAL_CUT);
}
END_TEST

TEST_MAIN("seal", opens_for_ever, nothing_else_opens, sealed_and_opened, what_cannot_be_sealed,
    a_deploy_opens_in_its_lease_only, the_longest_deploy_that_can_be_sealed,
    an_endpoint_opens_in_its_lease_only, an_endpoint_is_a_text, the_longest_endpoint_that_can_be_sealed)
