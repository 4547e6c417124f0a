/* What clients read of the past: parts of blocks, transactions by name, proofs.
 *
 * Knows how a long answer is sent in pieces, each asked for by its offset. Does not know who may ask (session.c), nor how blocks and the
 * index lie on disk (archive.c, archive_tx.c). */
#include "common/cleanup.h"
#include "ledger/server.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK_HEAD 12

/* The bytes that were asked for; header: with the tag in front, so that hashing them gives the block's name. malloc'd. */
static uint8_t *block_part(const struct block *b, const struct wire_get_block *m, size_t *len)
{
	bool all = m->lane == 255;
	const char *tag = m->part == PART_TXS ? "" : all ? "zeus/blk" : "zeus/lane";
	struct slice from = m->part == PART_HEADER ? (all ? block_main(b) : block_lane(b, m->lane)) : block_txs(b, all ? 0 : m->lane);
	if (m->part == PART_TXS && all) /* the whole body: ten lists, one after the other */
		from.len = (size_t)(block_bytes(b).p + block_bytes(b).len - from.p);
	size_t head = *tag ? strlen(tag) + 1 : 0;
	uint8_t *p = malloc(head + from.len + 1);
	if (!p)
		abort();
	memcpy(p, tag, head);
	memcpy(p + head, from.p, from.len);
	*len = head + from.len;
	return p;
}

/* What lies behind offset, as much as fits in one message. */
static void send_chunk(struct client *c, uint64_t req, struct slice whole, uint64_t offset)
{
	uint8_t out[WIRE_MAX - WIRE_HEAD_LEN];
	struct wire_block reply = {.total = whole.len};
	if (offset < whole.len)
		reply.chunk = (struct slice){whole.p + offset, whole.len - offset};
	if (reply.chunk.len > sizeof out - CHUNK_HEAD)
		reply.chunk.len = sizeof out - CHUNK_HEAD;
	struct wbuf w = wbuf_on(out, sizeof out);
	wire_block_put(&w, &reply);
	client_send(c, WIRE_BLOCK, req, out, w.len, 0);
}

bool session_get_block(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_get_block m;
	struct block *b = NULL;
	autofree uint8_t *part = NULL;
	size_t len = 0;
	if (!wire_get_block_get(body, &m) || (m.lane >= CHAINS && m.lane != WIRE_LANE_MAIN) || m.part > PART_TXS)
		return false;
	if (archive_block(core_archive(server_core(s)), m.height, &b) == 0)
		part = block_part(b, &m, &len);
	block_free(b);
	send_chunk(c, h->req, (struct slice){part, len}, m.offset);
	return true;
}

static struct wire_place place_of(const struct leaf_ref *r)
{
	return (struct wire_place){r->height, r->lane, r->leaf};
}

bool session_find_tx(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	uint8_t out[64];
	struct id txid;
	struct tx_place p;
	struct wire_found reply = {.found = false};
	if (!wire_find_tx_get(body, &txid))
		return false;
	if (archive_find(core_archive(server_core(s)), &txid, &p) == 0)
		reply = (struct wire_found){true, place_of(&p.at), p.status, place_of(&p.before)};
	struct wbuf w = wbuf_on(out, sizeof out);
	wire_found_put(&w, &reply);
	client_send(c, WIRE_FOUND, h->req, out, w.len, 0);
	return true;
}

bool session_get_proof(struct server *s, struct client *c, const struct wire_head *h, struct slice body)
{
	struct wire_get_proof m;
	autofree uint8_t *text = NULL;
	size_t len = 0;
	if (!wire_get_proof_get(body, &m))
		return false;
	struct leaf_ref at = {m.place.height, m.place.lane, m.place.leaf};
	archive_proof(core_archive(server_core(s)), &at, &text, &len); /* none: a total of 0 */
	send_chunk(c, h->req, (struct slice){text, len}, m.offset);
	return true;
}
