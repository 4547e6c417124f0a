/* Base64, and an envelope in each of its forms.
 *
 * One spelling per byte string; nothing cut, nothing trailing, no form taken for another. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "common/base64.h"
#include "common/envelope.h"
#include "common/tx.h"
#include "tests/vector.h"

static struct envelope e, back;
static char text[ENVELOPE_TEXT_MAX], b64[BASE64_LEN(ENVELOPE_MAX) + 1];

static bool reads(const char *s) { return envelope_read((struct slice){(const uint8_t *)s, strlen(s)}, &back); }

START_TEST(base64_known)
{
	static const char *const rfc4648[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	uint8_t bytes[16];
	char out[16];
	size_t len;
	for (size_t i = 0; i < sizeof rfc4648 / sizeof rfc4648[0]; i++) {
		base64_encode((const uint8_t *)rfc4648[i][0], strlen(rfc4648[i][0]), out);
		ck_assert_str_eq(out, rfc4648[i][1]);
		ck_assert(base64_decode(out, strlen(out), bytes, sizeof bytes, &len));
		ck_assert(len == strlen(rfc4648[i][0]) && memcmp(bytes, rfc4648[i][0], len) == 0);
		ck_assert(len == 0 || !base64_decode(out, strlen(out), bytes, len - 1, &len));
	}
}
END_TEST

START_TEST(base64_refuses)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm-v", "=Zg=", "Z===", "====",
	    "Zm9v Zm9v"};
	uint8_t bytes[16];
	size_t len;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!base64_decode(bad[i], strlen(bad[i]), bytes, sizeof bytes, &len), "%s", bad[i]);
}
END_TEST

static void sample(size_t len)
{
	memset(&e, 0, sizeof e);
	vector_fill(e.bytes, len, 1);
	e.len = len;
	e.bound = true;
	vector_fill(e.genesis.b, sizeof e.genesis.b, 0xa0);
}

static void same(bool bound)
{
	ck_assert(back.bound == bound && back.len == e.len && memcmp(back.bytes, e.bytes, e.len) == 0);
	ck_assert(!bound || id_cmp(&back.genesis, &e.genesis) == 0);
}

START_TEST(every_form)
{
	static const size_t lens[] = {1, 2, 200, ENVELOPE_MAX};
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		sample(lens[i]);
		size_t n = envelope_text(&e, text);
		ck_assert(n == strlen(text) && n < sizeof text && text[n - 1] == '\n');
		ck_assert(reads(text));
		same(true);
		ck_assert(reads(strstr(text, "tx=")));
		same(false);
		ck_assert(reads(strstr(text, "tx=") + 3));
		same(false);
		base64_encode(e.bytes, e.len, b64);
		ck_assert(reads(b64));
		same(false);
		ck_assert(envelope_read((struct slice){e.bytes, e.len}, &back));
		same(false);
	}
	e.seals = true;
	vector_fill(e.seal_to, sizeof e.seal_to, 0x70);
	size_t n = envelope_text(&e, text);
	ck_assert(n < sizeof text && reads(text) && back.seals && memcmp(back.seal_to, e.seal_to, 32) == 0);
	same(true);
	ck_assert(!reads(strstr(text, "seal="))); /* beside a genesis only */
	e.bound = false;
	envelope_text(&e, text);
	ck_assert_int_eq(strncmp(text, "tx=01", 5), 0);
}
END_TEST

START_TEST(no_other_form)
{
	static const char *const bad[] = {"", " ", "\n", "01 01", "0", "010", "0g", "01AB", "tx=", "tx=zz", "tx=01 tx=01",
	    "genesis=01 tx=01", "genesis=", "tx=01 genesis=", "hello", "02", "AQ", "AQ==x", "name=x tx=01",
	    "seal=00 tx=01"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!reads(bad[i]), "'%s'", bad[i]);
	sample(2);
	envelope_text(&e, text);
	text[strlen("genesis=") + 5] = 'X';
	ck_assert(!reads(text));
	envelope_text(&e, text);
	strcpy(strstr(text, "tx="), "0102"); /* beside a genesis the envelope is named */
	ck_assert(!reads(text));
	static uint8_t long_one[ENVELOPE_MAX + 1] = {1};
	ck_assert(!envelope_read((struct slice){long_one, sizeof long_one}, &back));
	static char long_hex[2 * ENVELOPE_MAX + 3];
	memset(long_hex, '0', sizeof long_hex - 1);
	long_hex[1] = '1';
	ck_assert(!reads(long_hex));
}
END_TEST

START_TEST(length_of_what_came_so_far)
{
	uint8_t b[TX_HEAD_LEN + 300] = {1};
	size_t whole, body = 10;
	b[TX_HEAD_LEN - 4] = (uint8_t)body;
	b[TX_HEAD_LEN + body] = 2;
	for (size_t n = 0; n <= TX_HEAD_LEN + body; n++)
		ck_assert(envelope_length((struct slice){b, n}, &whole) && whole == 0);
	ck_assert(envelope_length((struct slice){b, TX_HEAD_LEN + body + 1}, &whole));
	ck_assert_uint_eq(whole, TX_HEAD_LEN + body + 1 + 2 * 96);
	b[TX_HEAD_LEN + body] = TX_SIGS_MAX + 1;
	ck_assert(!envelope_length((struct slice){b, TX_HEAD_LEN + body + 1}, &whole));
	b[TX_HEAD_LEN - 1] = 1; /* a body of 16 MiB */
	ck_assert(!envelope_length((struct slice){b, TX_HEAD_LEN}, &whole));
	b[0] = 2;
	ck_assert(!envelope_length((struct slice){b, 1}, &whole));
}
END_TEST

static uint8_t room[VECTOR_MAX];

static bool draft_again(struct slice in, struct wbuf *out)
{
	struct tx tx;
	size_t len;
	if (tx_draft_get(in, &tx, &len) != V_OK)
		return false;
	tx_draft_put(out, &tx);
	return true;
}

START_TEST(draft_holds)
{
	struct tx tx = {.type = TX_TRANSFER, .chain_id = 7, .nonce = 5, .valid_until = 1000}, again;
	struct wbuf w = wbuf_on(room, sizeof room);
	size_t len;
	vector_fill(&tx.sender, 32, 0x10);
	vector_fill(&tx.u.transfer.cid, CID_LEN, 1);
	vector_fill(&tx.u.transfer.to, 32, 0x50);
	tx.u.transfer.amount = money_of(150000000);
	strcpy(tx.u.transfer.memo, "thank you");
	tx_draft_put(&w, &tx);
	vector_hold("tx.txt", "draft", &w, draft_again);
	ck_assert_int_eq(tx_get((struct slice){room, w.len}, &again, &len), V_MALFORMED);
	w = wbuf_on(room, sizeof room);
	tx_put(&w, &tx);
	ck_assert(w.bad);
	tx.nsig = TX_SIGS_MAX + 1;
	w = wbuf_on(room, sizeof room);
	tx_draft_put(&w, &tx);
	ck_assert(w.bad);
}
END_TEST

TEST_MAIN("envelope", base64_known, base64_refuses, every_form, no_other_form, length_of_what_came_so_far, draft_holds)
