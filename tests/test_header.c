/* Headers and receipts.
 *
 * Their golden bytes; any other spelling is refused. */
#include "ledger/chain/round.h"
#include "tests/vector.h"
#include <check.h>
#include <string.h>

static uint8_t room[VECTOR_MAX];

static bool main_again(struct slice in, struct wbuf *out)
{
	struct main_header h;
	if (!main_header_get(in, &h))
		return false;
	main_header_put(out, &h);
	return true;
}

static bool lane_again(struct slice in, struct wbuf *out)
{
	struct lane_header h;
	if (!lane_header_get(in, &h))
		return false;
	lane_header_put(out, &h);
	return true;
}

static bool receipt_again(struct slice in, struct wbuf *out)
{
	struct rbuf r = rbuf_on(in.p, in.len);
	struct receipt got;
	if (!receipt_get(&r, &got) || !rbuf_end(&r))
		return false;
	receipt_put(out, &got);
	return true;
}

static struct id filled(uint8_t first)
{
	struct id id;
	vector_fill(id.b, sizeof id.b, first);
	return id;
}

START_TEST(main_header)
{
	struct main_header h = {.version = HEADER_VERSION,
	    .height = 0x0102030405060708,
	    .epoch = 9,
	    .engine = 1,
	    .site = 2,
	    .slot = 3,
	    .time_ms = 4,
	    .parent = filled(1),
	    .justification = filled(2),
	    .reveal = filled(3),
	    .rand = filled(4),
	    .lanes_root = filled(5),
	    .params = filled(6),
	    .next_set = filled(7),
	    .tx_count = 5,
	    .body_len = 6};
	struct wbuf w = wbuf_on(room, sizeof room);
	main_header_put(&w, &h);
	ck_assert_uint_eq(w.len, MAIN_HEADER_LEN);
	vector_hold("header.txt", "main", &w, main_again);
	struct id id = main_header_id(&h);
	h.body_len++;
	struct id other = main_header_id(&h);
	ck_assert_int_ne(id_cmp(&id, &other), 0);
}
END_TEST

START_TEST(lane_header)
{
	struct lane_header h = {.lane = 9,
	    .version = HEADER_VERSION,
	    .height = 0x0102030405060708,
	    .parent = filled(1),
	    .in_root = filled(2),
	    .tx_root = filled(3),
	    .out_root = filled(4),
	    .state_root = filled(5),
	    .tail = filled(6),
	    .tx_count = 1,
	    .in_count = 2,
	    .out_count = 3,
	    .wu = 4,
	    .lane_total = money_of(SUPPLY_BASE),
	    .out_total = money_of(7)};
	struct wbuf w = wbuf_on(room, sizeof room);
	lane_header_put(&w, &h);
	ck_assert_uint_eq(w.len, LANE_HEADER_LEN);
	vector_hold("header.txt", "lane", &w, lane_again);
}
END_TEST

START_TEST(receipt)
{
	struct receipt r = {.kind = RCPT_ORDER,
	    .src = 1,
	    .dst = 2,
	    .idx = 3,
	    .height = 4,
	    .origin = filled(1),
	    .to = filled(2),
	    .token = 7,
	    .amount = 5,
	    .aux = 6,
	    .payload = {(const uint8_t *)"payload", 7}};
	struct wbuf w = wbuf_on(room, sizeof room);
	receipt_put(&w, &r);
	ck_assert_uint_eq(w.len, RECEIPT_HEAD_LEN + 7);
	vector_hold("header.txt", "receipt", &w, receipt_again);
}
END_TEST

TEST_MAIN("header", main_header, lane_header, receipt)
