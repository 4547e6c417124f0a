/* A sealed block as bytes: main header, ten lane headers, ten transaction lists.
 *
 * Knows: how a block is put together and taken apart, and that headers and lists name each other.
 * Does not know: whether the transactions were admissible; round_apply finds out by doing them again. */
#include "ledger/chain/chain.h"
#include "ledger/crypto/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_LEN (MAIN_HEADER_LEN + CHAINS * LANE_HEADER_LEN)
#define WHY_LEN 256

static void block_name(struct block *b)
{
	b->tip.height = b->main.height;
	b->tip.time_ms = b->main.time_ms;
	b->tip.rand = b->main.rand;
	b->tip.main_id = main_header_id(&b->main);
	for (int i = 0; i < CHAINS; i++)
		b->tip.lane_id[i] = lane_header_id(&b->lane[i]);
}

static struct id lanes_root(const struct lane_header lane[CHAINS])
{
	struct id leaf[CHAINS];
	for (int i = 0; i < CHAINS; i++)
		leaf[i] = lane_header_id(&lane[i]);
	return merkle_root(leaf, CHAINS);
}

struct block *block_seal(struct main_header *main, const struct lane_header lane[CHAINS], const struct slice list[CHAINS])
{
	struct block *b = chain_must(calloc(1, sizeof *b));
	size_t body = 0;
	main->tx_count = 0;
	for (int i = 0; i < CHAINS; i++) {
		main->tx_count += lane[i].tx_count;
		b->txs_at[i] = HEADERS_LEN + body;
		b->txs_len[i] = list[i].len;
		body += list[i].len;
	}
	main->body_len = (uint32_t)body;
	main->lanes_root = lanes_root(lane);
	b->main = *main;
	memcpy(b->lane, lane, sizeof b->lane);
	b->len = HEADERS_LEN + body;
	b->bytes = chain_must(malloc(b->len));
	struct wbuf w = wbuf_on(b->bytes, b->len);
	main_header_put(&w, main);
	for (int i = 0; i < CHAINS; i++)
		lane_header_put(&w, &lane[i]);
	for (int i = 0; i < CHAINS; i++)
		put_bytes(&w, list[i].p, list[i].len);
	block_name(b);
	return b;
}

bool block_tx_next(struct rbuf *r, uint16_t *status, struct slice *envelope)
{
	if (r->bad || r->pos == r->len)
		return false;
	*status = get_u16(r);
	*envelope = get_blob(r, TX_BATCH_BODY_MAX + TX_HEAD_LEN + 1 + TX_SIGS_MAX * 96);
	return !r->bad;
}

/* Where lane i's list starts and ends: n u32, then n transactions. */
static bool list_span(struct rbuf *r, struct block *b, uint8_t i)
{
	uint16_t status;
	struct slice envelope;
	b->txs_at[i] = HEADERS_LEN + r->pos;
	uint32_t n = get_u32(r);
	for (uint32_t k = 0; k < n; k++)
		if (!block_tx_next(r, &status, &envelope) || status >= V_COUNT)
			return false;
	b->txs_len[i] = HEADERS_LEN + r->pos - b->txs_at[i];
	return !r->bad && n == b->lane[i].tx_count;
}

static const char *block_parse_lists(struct block *b, struct slice bytes)
{
	struct rbuf r = rbuf_on(bytes.p + HEADERS_LEN, bytes.len - HEADERS_LEN);
	for (uint8_t i = 0; i < CHAINS; i++)
		if (!list_span(&r, b, i))
			return "a transaction list is damaged";
	return rbuf_end(&r) && b->main.body_len == r.len ? NULL : "the block's length is wrong";
}

static const char *block_parse(struct block *b, struct slice bytes)
{
	if (bytes.len < HEADERS_LEN || !main_header_get((struct slice){bytes.p, MAIN_HEADER_LEN}, &b->main))
		return "the main header is damaged";
	for (uint8_t i = 0; i < CHAINS; i++) {
		struct slice at = {bytes.p + MAIN_HEADER_LEN + (size_t)i * LANE_HEADER_LEN, LANE_HEADER_LEN};
		if (!lane_header_get(at, &b->lane[i]) || b->lane[i].lane != i || b->lane[i].height != b->main.height)
			return "a lane header is damaged";
	}
	struct id root = lanes_root(b->lane);
	if (id_cmp(&root, &b->main.lanes_root) != 0)
		return "the main header names other lane headers";
	uint64_t txs = 0;
	for (uint8_t i = 0; i < CHAINS; i++)
		txs += b->lane[i].tx_count;
	if (txs != b->main.tx_count)
		return "the main header counts other transactions";
	return bytes.len == HEADERS_LEN ? NULL : block_parse_lists(b, bytes);
}

struct block *block_read(struct slice bytes, char *why)
{
	struct block *b = chain_must(calloc(1, sizeof *b));
	const char *wrong = block_parse(b, bytes);
	if (wrong) {
		snprintf(why, WHY_LEN, "%s", wrong);
		free(b);
		return NULL;
	}
	b->len = bytes.len;
	b->bytes = chain_must(malloc(b->len));
	memcpy(b->bytes, bytes.p, b->len);
	block_name(b);
	return b;
}

const struct main_header *block_header(const struct block *b)
{
	return &b->main;
}

struct slice block_bytes(const struct block *b)
{
	return (struct slice){b->bytes, b->len};
}

bool block_whole(const struct block *b) { return b->len > HEADERS_LEN; }

struct slice block_headers(const struct block *b) { return (struct slice){b->bytes, HEADERS_LEN}; }

struct tip block_tip(const struct block *b)
{
	return b->tip;
}

struct slice block_main(const struct block *b)
{
	return (struct slice){b->bytes, MAIN_HEADER_LEN};
}

struct slice block_lane(const struct block *b, uint8_t lane)
{
	return (struct slice){b->bytes + MAIN_HEADER_LEN + (size_t)lane * LANE_HEADER_LEN, LANE_HEADER_LEN};
}

struct slice block_txs(const struct block *b, uint8_t lane)
{
	return (struct slice){b->bytes + b->txs_at[lane], b->txs_len[lane]};
}

void block_free(struct block *b)
{
	if (b)
		free(b->bytes);
	free(b);
}
