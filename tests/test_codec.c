/* The byte primitives: bounds, and what can be neither written nor read.
 *
 * Knows the bound of each primitive. What is built of them is tested with tx, fact and wire. */
#include <check.h>
#include <string.h>
#include "common/codec.h"
#include "common/verdict.h"
#include "tests/vector.h"

static uint8_t room[4096];

static bool primitives_again(struct slice in, struct wbuf *out)
{
	struct rbuf r = rbuf_on(in.p, in.len);
	char text[9];
	put_u8(out, get_u8(&r));
	put_u16(out, get_u16(&r));
	put_u32(out, get_u32(&r));
	put_u64(out, get_u64(&r));
	put_u8(out, get_bool(&r));
	struct slice blob = get_blob(&r, 8);
	put_blob(out, blob.p, blob.len);
	get_text(&r, text, 8);
	put_text(out, text);
	struct id id = get_id(&r);
	put_id(out, &id);
	struct address address = get_address(&r);
	put_address(out, &address);
	put_money(out, get_money(&r));
	put_price(out, get_price(&r));
	struct resources res = get_resources(&r);
	put_resources(out, &res);
	return rbuf_end(&r);
}

START_TEST(vectors_hold)
{
	struct wbuf w = wbuf_on(room, sizeof room);
	struct id id;
	struct address address;
	struct resources res = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0}};
	vector_fill(&id, 32, 1);
	vector_fill(&address, 32, 0x40);
	put_u8(&w, 0x12);
	put_u16(&w, 0x1234);
	put_u32(&w, 0x12345678);
	put_u64(&w, 0x123456789abcdef0);
	put_u8(&w, 1);
	put_blob(&w, "\0bl", 3);
	put_text(&w, "text");
	put_id(&w, &id);
	put_address(&w, &address);
	put_money(&w, money_of(SUPPLY_BASE));
	put_price(&w, price_of(1));
	put_resources(&w, &res);
	vector_hold("codec.txt", "primitives", &w, primitives_again);
}
END_TEST

START_TEST(a_writer_stops_at_its_bound)
{
	uint8_t three[3];
	struct wbuf w = wbuf_on(three, 3);
	put_u16(&w, 1);
	put_u16(&w, 2);
	ck_assert(w.bad && w.len == 2);
	put_u8(&w, 1); /* it would fit, but what is bad stays so */
	ck_assert(w.bad && w.len == 2);
}
END_TEST

START_TEST(a_reader_stops_at_its_end)
{
	struct rbuf r = rbuf_on("\1\2\3", 3);
	ck_assert_uint_eq(get_u16(&r), 0x0201);
	ck_assert_uint_eq(get_u32(&r), 0);
	ck_assert(r.bad && !rbuf_end(&r));
	ck_assert_uint_eq(get_u8(&r), 0);
}
END_TEST

START_TEST(lengths_never_wrap)
{
	char text[5];
	struct rbuf r = rbuf_on("\xff\xff\xff\xff", 4);
	ck_assert_uint_eq(get_blob(&r, SIZE_MAX).len, 0);
	ck_assert(r.bad);
	r = rbuf_on("\5\0abcde", 7);
	get_text(&r, text, 4);
	ck_assert(r.bad && text[0] == '\0');
}
END_TEST

START_TEST(control_bytes_are_no_text)
{
	for (int c = 0; c < 256; c++) {
		bool control = c < 0x20 || c == 0x7f;
		uint8_t in[] = {3, 0, 'a', (uint8_t)c, 'b'};
		char text[4];
		struct rbuf r = rbuf_on(in, sizeof in);
		get_text(&r, text, 3);
		ck_assert(r.bad == control);
		if (c == 0)
			continue;
		struct wbuf w = wbuf_on(room, sizeof room);
		put_text(&w, (char[]){'a', (char)c, 'b', '\0'});
		ck_assert(w.bad == control);
	}
}
END_TEST

START_TEST(values_out_of_range)
{
	struct wbuf w = wbuf_on(room, sizeof room);
	put_u64(&w, SUPPLY_BASE + 1);
	put_u8(&w, 2);
	struct rbuf r = rbuf_on(room, 8);
	ck_assert(money_is_zero(get_money(&r)) && r.bad);
	r = rbuf_on(room, 8);
	ck_assert(price_base(get_price(&r)) == 0 && r.bad);
	r = rbuf_on(room + 8, 1);
	ck_assert(!get_bool(&r) && r.bad);
	w = wbuf_on(room, sizeof room);
	put_money(&w, money_of(SUPPLY_BASE + 1));
	ck_assert(w.bad);
	w = wbuf_on(room, sizeof room);
	put_resources(&w, &(struct resources){{[RES_SPARE_B] = 1}});
	ck_assert(w.bad);
}
END_TEST

START_TEST(lengths_set_afterwards)
{
	struct wbuf w = wbuf_on(room, 7);
	size_t mark = put_mark32(&w);
	put_bytes(&w, "abc", 3);
	put_length(&w, mark);
	ck_assert(!w.bad && w.len == 7 && memcmp(room, "\3\0\0\0abc", 7) == 0);
	put_u8(&w, 1);
	put_length(&w, mark);
	ck_assert(w.bad);
}
END_TEST

START_TEST(hex)
{
	uint8_t out[2] = {9, 9};
	char text[5];
	ck_assert(hex_decode("0aff", out, 2) && out[0] == 10 && out[1] == 255);
	hex_encode(out, 2, text);
	ck_assert_str_eq(text, "0aff");
	ck_assert(!hex_decode("0AFF", out, 2) && !hex_decode("0af", out, 2) && !hex_decode("0aff0", out, 2) && !hex_decode("0a f", out, 2));
	ck_assert(out[0] == 10 && out[1] == 255);
	struct id zero = {{0}}, one = {{[31] = 1}};
	ck_assert(id_is_zero(&zero) && !id_is_zero(&one) && id_cmp(&zero, &one) < 0);
}
END_TEST

START_TEST(verdict_words_are_the_codes_names)
{
	static const char *const names[] = {
#define X(code, name, err, text) [code] = #name,
		VERDICTS(X)
#undef X
	};
	for (int v = 0; v < V_COUNT; v++) {
		char word[64] = "";
		ck_assert_msg(names[v] != NULL, "code %d is missing", v);
		for (size_t i = 0; names[v][i]; i++)
			word[i] = names[v][i] == '_' ? '-' : (char)(names[v][i] | 0x20);
		ck_assert_str_eq(verdict_name((enum verdict)v), word);
		ck_assert((verdict_errno((enum verdict)v) == 0) == (v == V_OK));
		ck_assert(verdict_text((enum verdict)v)[0] != '\0');
	}
	ck_assert(verdict_errno((enum verdict)999) != 0);
	ck_assert_str_eq(verdict_name((enum verdict)999), "unknown");
}
END_TEST

TEST_MAIN("codec", vectors_hold, a_writer_stops_at_its_bound, a_reader_stops_at_its_end, lengths_never_wrap, control_bytes_are_no_text,
	  values_out_of_range, lengths_set_afterwards, hex, verdict_words_are_the_codes_names)
