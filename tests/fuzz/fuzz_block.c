/* A block from disk or a peer: headers, lists, and the transactions in them.
 *
 * The first byte's lowest bit asks that the main header be made to name the lane headers, so that mutations of those get past the
 * hash. A block that is read holds the same bytes, and its parts lie inside it. */
#include "common/cleanup.h"
#include "ledger/chain/round.h"
#include "tests/fuzz/fuzz.h"

#define HEADERS_LEN (MAIN_HEADER_LEN + CHAINS * LANE_HEADER_LEN)

static void repair(uint8_t *p, size_t len)
{
	struct main_header m;
	struct lane_header l;
	struct id leaf[CHAINS];
	if (len < HEADERS_LEN || !main_header_get((struct slice){p, MAIN_HEADER_LEN}, &m))
		return;
	m.tx_count = 0;
	for (size_t i = 0; i < CHAINS; i++) {
		if (!lane_header_get((struct slice){p + MAIN_HEADER_LEN + i * LANE_HEADER_LEN, LANE_HEADER_LEN}, &l))
			return;
		leaf[i] = lane_header_id(&l);
		m.tx_count += l.tx_count;
	}
	m.lanes_root = merkle_root(leaf, CHAINS);
	m.body_len = (uint32_t)(len - HEADERS_LEN);
	struct wbuf w = wbuf_on(p, MAIN_HEADER_LEN);
	main_header_put(&w, &m);
}

static void headers(const uint8_t *p, size_t len)
{
	struct main_header m;
	struct lane_header l;
	struct wbuf w = fuzz_room();
	if (main_header_get((struct slice){p, len}, &m)) {
		main_header_put(&w, &m);
		fuzz_same(&w, p, len);
	}
	w = fuzz_room();
	if (lane_header_get((struct slice){p, len}, &l)) {
		lane_header_put(&w, &l);
		fuzz_same(&w, p, len);
	}
}

static void lists(const struct block *b)
{
	struct slice whole = block_bytes(b), envelope;
	autofree struct tx *tx = malloc(sizeof *tx);
	uint16_t status;
	size_t signed_len;
	must(tx != NULL);
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		struct slice list = block_txs(b, lane);
		must(list.p >= whole.p && list.p + list.len <= whole.p + whole.len);
		struct rbuf r = rbuf_on(list.p, list.len);
		get_u32(&r);
		while (block_tx_next(&r, &status, &envelope))
			tx_get(envelope, tx, &signed_len);
		must(!r.bad);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[256];
	if (size == 0)
		return 0;
	autofree uint8_t *copy = malloc(size);
	must(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	headers(copy, size - 1);
	if (data[0] & 1)
		repair(copy, size - 1);
	struct block *b = block_read((struct slice){copy, size - 1}, why);
	if (!b)
		return 0;
	must(block_bytes(b).len == size - 1 && memcmp(block_bytes(b).p, copy, size - 1) == 0);
	lists(b);
	block_free(b);
	return 0;
}
