/* Main and lane headers: 272 and 240 bytes, and the hashes that name them.
 *
 * Knows: where each field lies and that a header has one spelling (magic, version, known flags).
 * Does not know: whether the numbers in it are right; round.c recomputes them. */
#include "common/coder.h"
#include "ledger/chain/round.h"
#include "ledger/crypto/hash.h"
#include <string.h>

static const char main_magic[4] = "ZMH1", lane_magic[4] = "ZLH1";

static void code_main(struct coder *c, struct main_header *h, char magic[4])
{
	code_bytes(c, magic, 4);
	code_u16(c, &h->version);
	code_u16(c, &h->flags);
	code_u64(c, &h->height);
	code_u32(c, &h->epoch);
	code_u16(c, &h->engine);
	code_u16(c, &h->site);
	code_u64(c, &h->slot);
	code_u64(c, &h->time_ms);
	code_id(c, &h->parent);
	code_id(c, &h->justification);
	code_id(c, &h->reveal);
	code_id(c, &h->rand);
	code_id(c, &h->lanes_root);
	code_id(c, &h->params);
	code_id(c, &h->next_set);
	code_u32(c, &h->tx_count);
	code_u32(c, &h->body_len);
}

void main_header_put(struct wbuf *w, const struct main_header *h)
{
	struct coder c = coder_writing(w);
	char magic[4];
	memcpy(magic, main_magic, sizeof magic);
	code_main(&c, (struct main_header *)h, magic);
}

bool main_header_get(struct slice bytes, struct main_header *out)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct coder c = coder_reading(&r);
	struct main_header h = {0};
	char magic[4];
	code_main(&c, &h, magic);
	if (!rbuf_end(&r) || memcmp(magic, main_magic, sizeof magic) != 0 || h.version != HEADER_VERSION || h.flags != 0)
		return false;
	*out = h;
	return true;
}

static void code_lane(struct coder *c, struct lane_header *h, char magic[4])
{
	code_bytes(c, magic, 4);
	code_u8(c, &h->lane);
	code_u8(c, &h->version);
	code_u16(c, &h->flags);
	code_u64(c, &h->height);
	code_id(c, &h->parent);
	code_id(c, &h->in_root);
	code_id(c, &h->tx_root);
	code_id(c, &h->out_root);
	code_id(c, &h->state_root);
	code_id(c, &h->tail);
	code_u32(c, &h->tx_count);
	code_u32(c, &h->in_count);
	code_u32(c, &h->out_count);
	code_u32(c, &h->wu);
	code_money(c, &h->lane_total);
	code_money(c, &h->out_total);
}

void lane_header_put(struct wbuf *w, const struct lane_header *h)
{
	struct coder c = coder_writing(w);
	char magic[4];
	memcpy(magic, lane_magic, sizeof magic);
	code_lane(&c, (struct lane_header *)h, magic);
}

bool lane_header_get(struct slice bytes, struct lane_header *out)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct coder c = coder_reading(&r);
	struct lane_header h = {0};
	char magic[4];
	code_lane(&c, &h, magic);
	if (!rbuf_end(&r) || memcmp(magic, lane_magic, sizeof magic) != 0 || h.version != HEADER_VERSION || h.flags != 0 ||
	    h.lane >= CHAINS)
		return false;
	*out = h;
	return true;
}

struct id leaf_hash(const struct id *txid, const struct id *sigs, uint16_t status)
{
	uint8_t s[2] = {(uint8_t)status, (uint8_t)(status >> 8)};
	return hash_slices("zeus/leaf", (struct slice[]){{txid->b, 32}, {sigs->b, 32}, {s, sizeof s}}, 3);
}

struct id main_header_id(const struct main_header *h)
{
	uint8_t bytes[MAIN_HEADER_LEN];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	main_header_put(&w, h);
	return hash_of("zeus/blk", bytes, w.len);
}

struct id lane_header_id(const struct lane_header *h)
{
	uint8_t bytes[LANE_HEADER_LEN];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	lane_header_put(&w, h);
	return hash_of("zeus/lane", bytes, w.len);
}
