/* What is written into market/signed: whole envelopes in every form, however the writes are cut.
 *
 * And the line of `send` that opens an account for keys that are elsewhere. What an envelope says is not asked here. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/base64.h"
#include "common/envelope.h"
#include "tests/vector.h"
#include "zfs-views/send_line.h"
#include "zfs-views/signed.h"

#define RAW_LEN (TX_HEAD_LEN + 20 + 1 + 96)

static uint8_t raw[RAW_LEN];
static char hex[2 * RAW_LEN + 2], b64[BASE64_LEN(RAW_LEN) + 2];
static unsigned came;
static atomic_uint unfinished;
static int answer;

static void sample(void)
{
	memset(raw, 0, sizeof raw);
	vector_fill(raw, sizeof raw, 1);
	memset(raw + TX_HEAD_LEN - 4, 0, 4);
	raw[TX_HEAD_LEN - 4] = 20;
	raw[TX_HEAD_LEN + 20] = 1;
	raw[TX_HEAD_LEN + 30] = '\n'; /* is no end of anything */
	hex_encode(raw, sizeof raw, hex);
	strcat(hex, "\n");
	base64_encode(raw, sizeof raw, b64);
	strcat(b64, "\n");
	came = 0;
	answer = 0;
}

static bool take(void *arg, struct slice envelope, struct refusal *why)
{
	static struct envelope e;
	(void)arg;
	ck_assert(envelope_read(envelope, &e));
	ck_assert(e.len == sizeof raw && memcmp(e.bytes, raw, sizeof raw) == 0);
	came++;
	return !answer || refuse(why, answer, -1, "no");
}

/* In pieces of this size; the first errno, or 0. */
static int put(struct signed_in *s, const void *p, size_t len, size_t piece)
{
	struct refusal why;
	size_t done;
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		int err = signed_write(s, &unfinished, (const char *)p + at, n, take, NULL, &why, &done);
		if (err)
			return err;
		ck_assert_uint_eq(done, n);
	}
	return 0;
}

START_TEST(every_form_in_any_pieces)
{
	struct signed_in s = {0};
	char many[4 * sizeof hex];
	sample();
	for (size_t piece = 1; piece <= sizeof raw; piece++) {
		ck_assert_int_eq(put(&s, raw, sizeof raw, piece), 0);
		ck_assert(came == piece && !signed_unfinished(&s));
	}
	came = 0;
	ck_assert_int_eq(put(&s, hex, strlen(hex), strlen(hex)), 0);
	ck_assert_int_eq(put(&s, b64, strlen(b64), strlen(b64)), 0);
	ck_assert_uint_eq(came, 2);
	snprintf(many, sizeof many, "# two\n\n %s%s  \n", hex, b64);
	ck_assert_int_eq(put(&s, many, strlen(many), strlen(many)), 0);
	ck_assert_uint_eq(came, 4);
	ck_assert(!signed_unfinished(&s));
	signed_close(&s);
}
END_TEST

START_TEST(a_full_buffer_is_cut_anywhere)
{
	static char padded[8192];
	struct signed_in s = {0};
	sample();
	memset(padded, ' ', sizeof padded);
	strcpy(padded + 5000, hex);
	ck_assert_int_eq(put(&s, padded, 4096, 4096), 0); /* what stdio sends when its buffer is full */
	ck_assert(came == 0 && signed_unfinished(&s) && unfinished == 1);
	ck_assert_int_eq(put(&s, padded + 4096, strlen(padded + 4096), 10000), 0);
	ck_assert(came == 1 && !signed_unfinished(&s) && unfinished == 0);
	signed_close(&s);
}
END_TEST

START_TEST(what_is_refused_is_forgotten)
{
	struct signed_in s = {0};
	struct refusal why;
	size_t done;
	sample();
	ck_assert_int_eq(put(&s, hex, strlen(hex) - 1, 4096), EINVAL); /* no newline */
	ck_assert_uint_eq(came, 0);
	ck_assert_int_eq(put(&s, raw, sizeof raw - 1, 4096), 0); /* raw bytes wait for their end */
	ck_assert(signed_unfinished(&s));
	answer = EALREADY;
	ck_assert_int_eq(put(&s, raw + sizeof raw - 1, 1, 1), EALREADY);
	ck_assert(!signed_unfinished(&s));
	answer = 0;
	came = 0;
	raw[TX_HEAD_LEN - 1] = 0xff; /* a body of gigabytes */
	ck_assert_int_eq(put(&s, raw, sizeof raw, sizeof raw), EINVAL);
	raw[TX_HEAD_LEN - 1] = 0;
	answer = ENOKEY;
	ck_assert_int_eq(signed_write(&s, &unfinished, hex, strlen(hex), take, NULL, &why, &done), ENOKEY);
	ck_assert(done == 0 && came == 1);
	signed_close(&s);
}
END_TEST

START_TEST(memory_is_bounded)
{
	static char flood[ENVELOPE_TEXT_MAX + 2];
	struct signed_in s = {0};
	memset(flood, '0', sizeof flood);
	sample();
	ck_assert_int_eq(put(&s, flood, sizeof flood, 4096), E2BIG);
	ck_assert(came == 0 && !signed_unfinished(&s) && unfinished == 0);
	signed_close(&s);
}
END_TEST

/* Whoever begins and does not end cannot keep others from handing in whole ones. */
START_TEST(many_may_be_unfinished_but_not_all)
{
	static struct signed_in s[SIGNED_UNFINISHED_MAX + 1];
	sample();
	for (unsigned i = 0; i < SIGNED_UNFINISHED_MAX; i++)
		ck_assert_int_eq(put(&s[i], raw, 10, 10), 0);
	struct signed_in *late = &s[SIGNED_UNFINISHED_MAX];
	ck_assert_int_eq(put(late, raw, 10, 10), EAGAIN);
	ck_assert_int_eq(put(late, raw, sizeof raw, sizeof raw), 0);
	ck_assert_int_eq(put(late, hex, strlen(hex), strlen(hex)), 0);
	ck_assert_uint_eq(came, 2);
	signed_close(&s[0]); /* dropped */
	ck_assert_int_eq(put(&s[1], raw + 10, sizeof raw - 10, sizeof raw), 0); /* finished */
	ck_assert(came == 3 && unfinished == SIGNED_UNFINISHED_MAX - 2);
	for (unsigned i = 0; i <= SIGNED_UNFINISHED_MAX; i++)
		signed_close(&s[i]);
	ck_assert_uint_eq(unfinished, 0);
}
END_TEST

#define PK "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PK2 "010102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

START_TEST(keys_are_taken_whole_or_not)
{
	struct auth a;
	struct refusal why;
	ck_assert(send_auth("0202" PK "01" PK2 "01", -1, &a, &why) && a.threshold == 2 && a.n == 2 && a.key[1].pk[31] == 0x1f);
	static const char *const bad[] = {"", "0", "0302" PK "01" PK2 "01", "0102" PK2 "01" PK "01", "0102" PK "01" PK "01", "0001" PK "01",
	    "0101" PK "00", "0102" PK "01", "0101" PK "01 ", "0101" PK "0g", "0100", "hello"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!send_auth(bad[i], 7, &a, &why), "%s", bad[i]);
		ck_assert(why.err == EINVAL && why.column == 7);
	}
}
END_TEST

START_TEST(send_opens_an_account)
{
	struct send_line s;
	struct refusal why;
	ck_assert(send_line_parse("auth=0101" PK "01 x25519=" PK " amount=5", &s, &why));
	ck_assert(s.opens && s.auth.n == 1 && s.auth.key[0].weight == 1 && s.x25519[31] == 0x1f && strcmp(s.amount, "5") == 0);
	ck_assert(send_line_parse("auth=0101" PK "01 amount=5", &s, &why) && s.opens);
	static const char *const bad[] = {"auth=0101" PK "01", "auth=0101" PK "00 amount=1", "auth=0201" PK "01 amount=1",
	    "auth=0101" PK " amount=1", "auth=0101" PK "0101 amount=1", "auth= amount=1", "auth=0101" PK "01 amount=1 to=alice",
	    "auth=0101" PK "01 amount=1 note=x", "x25519=00 auth=0101" PK "01 amount=1", "x25519=" PK " amount=1"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_msg(!send_line_parse(bad[i], &s, &why), "%s", bad[i]);
		ck_assert_int_eq(why.err, EINVAL);
	}
	ck_assert(send_line_parse("to=alice amount=5 note=rent", &s, &why) && !s.opens && strcmp(s.token, "ZNC") == 0);
	ck_assert(send_line_parse("to=alice amount=0.05 token=GOLD", &s, &why) && strcmp(s.token, "GOLD") == 0 && s.token_column == 27);
	ck_assert(!send_line_parse("to=alice amount=5 token=GOLDGOLDX", &s, &why) && why.err == ENXIO && why.column == 24);
	ck_assert(!send_line_parse("to=alice amount= token=GOLD", &s, &why) && why.err == EINVAL);
	ck_assert(!send_line_parse("to=alice token=GOLD", &s, &why) && why.err == EINVAL);
	ck_assert(!send_line_parse("auth=0101" PK "01 amount=5 token=GOLD", &s, &why) && why.err == EINVAL); /* opened with ZNC alone */
}
END_TEST

TEST_MAIN("signed", every_form_in_any_pieces, a_full_buffer_is_cut_anywhere, what_is_refused_is_forgotten, memory_is_bounded,
    many_may_be_unfinished_but_not_all, keys_are_taken_whole_or_not, send_opens_an_account)
