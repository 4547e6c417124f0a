/* The messages of the ledger's socket as bytes: one description each, run both ways.
 *
 * Knows the layout that wire.h states. Does not know sockets (conn.c), who may send what, or what an answer means. */
#include "common/wire.h"
#include <string.h>
#include "common/coder.h"

void wire_head_put(struct wbuf *w, const struct wire_head *h)
{
	put_u16(w, WIRE_MAGIC);
	put_u8(w, WIRE_VERSION);
	put_u8(w, h->type);
	put_u32(w, h->len);
	put_u64(w, h->req);
}

bool wire_head_get(struct rbuf *r, struct wire_head *out)
{
	uint16_t magic = get_u16(r);
	uint8_t version = get_u8(r), type = get_u8(r);
	uint32_t len = get_u32(r);
	uint64_t req = get_u64(r);
	if (r->bad || magic != WIRE_MAGIC || version != WIRE_VERSION || type < WIRE_HELLO || type > WIRE_WORK
	    || len > WIRE_MAX - WIRE_HEAD_LEN)
		return false;
	*out = (struct wire_head){type, len, req};
	return true;
}

static void code_at(struct coder *c, struct wire_at *m) { code_u64(c, &m->height); }

static void code_hello(struct coder *c, struct wire_hello *m)
{
	code_u64(c, &m->height);
	code_id(c, &m->hash);
	code_bool(c, &m->history);
}

static void code_welcome(struct coder *c, struct wire_welcome *m)
{
	code_id(c, &m->genesis);
	code_u32(c, &m->chain_id);
	code_u64(c, &m->height);
	code_address(c, &m->node_op);
	code_text(c, m->engine, sizeof m->engine - 1);
}

static void code_intent(struct coder *c, struct wire_intent *m)
{
	code_u32(c, &m->uid);
	code_u8(c, &m->type);
	coder_require(c, tx_type_known(m->type));
	code_id(c, &m->scope);
	code_blob(c, &m->body, TX_BODY_MAX);
}

static void code_answer(struct coder *c, struct wire_answer *m)
{
	code_enum16(c, &m->verdict, V_COUNT);
	code_id(c, &m->txid);
	code_u64(c, &m->height);
}

static void code_get_block(struct coder *c, struct wire_get_block *m)
{
	code_u8(c, &m->lane);
	coder_require(c, m->lane < CHAINS || m->lane == WIRE_LANE_MAIN);
	code_u64(c, &m->height);
	code_enum8(c, &m->part, PART_TXS + 1);
	code_u64(c, &m->offset);
}

static void code_block(struct coder *c, struct wire_block *m)
{
	code_u64(c, &m->total);
	code_blob(c, &m->chunk, WIRE_MAX);
}

static void code_place(struct coder *c, struct wire_place *m)
{
	code_u64(c, &m->height);
	code_u8(c, &m->lane);
	code_u32(c, &m->leaf);
	coder_require(c, m->lane < CHAINS && (m->lane || (m->height == 0 && m->leaf == 0)));
}

static void code_found(struct coder *c, struct wire_found *m)
{
	code_bool(c, &m->found);
	code_place(c, &m->place);
	code_enum16(c, &m->status, V_COUNT);
	code_place(c, &m->before);
	coder_require(c, m->found == (m->place.lane != 0) && (m->found || (m->status == 0 && m->before.lane == 0)));
}

static void code_get_proof(struct coder *c, struct wire_get_proof *m)
{
	code_place(c, &m->place);
	code_u64(c, &m->offset);
}

static void code_open_uid(struct coder *c, struct wire_open_uid *m)
{
	code_u32(c, &m->by_uid);
	code_u32(c, &m->uid);
	code_money(c, &m->amount);
}

static void code_batch_frame(struct coder *c, struct wire_batch *m)
{
	code_u32(c, &m->uid);
	code_u32(c, &m->seq);
	code_bool(c, &m->last);
	code_blob(c, &m->ops, WIRE_MAX);
}

static void code_get_seq(struct coder *c, struct wire_get_seq *m)
{
	code_id(c, &m->instance);
	code_address(c, &m->party);
}

static void code_seq(struct coder *c, struct wire_seq *m)
{
	code_bool(c, &m->party);
	code_u64(c, &m->seq);
}

static void code_get_work(struct coder *c, struct wire_get_work *m) { code_address(c, &m->account); }

static void code_work(struct coder *c, struct wire_work *m)
{
	code_bool(c, &m->found);
	code_u64(c, &m->used);
	code_u64(c, &m->total);
	code_u64(c, &m->window_ms);
}

/* What is read is handed over only when it was all of the body and nothing else. */
#define WRITE(describe, type) \
	struct coder c = coder_writing(w); \
	describe(&c, (type *)m)
#define READ(describe, type) \
	type m; \
	struct rbuf r = rbuf_on(body.p, body.len); \
	struct coder c = coder_reading(&r); \
	memset(&m, 0, sizeof m); \
	describe(&c, &m); \
	if (!rbuf_end(&r)) \
		return false; \
	*out = m; \
	return true

void wire_hello_put(struct wbuf *w, const struct wire_hello *m) { WRITE(code_hello, struct wire_hello); }
bool wire_hello_get(struct slice body, struct wire_hello *out) { READ(code_hello, struct wire_hello); }
void wire_welcome_put(struct wbuf *w, const struct wire_welcome *m) { WRITE(code_welcome, struct wire_welcome); }
bool wire_welcome_get(struct slice body, struct wire_welcome *out) { READ(code_welcome, struct wire_welcome); }
void wire_intent_put(struct wbuf *w, const struct wire_intent *m) { WRITE(code_intent, struct wire_intent); }
bool wire_intent_get(struct slice body, struct wire_intent *out) { READ(code_intent, struct wire_intent); }
void wire_answer_put(struct wbuf *w, const struct wire_answer *m) { WRITE(code_answer, struct wire_answer); }
bool wire_answer_get(struct slice body, struct wire_answer *out) { READ(code_answer, struct wire_answer); }
void wire_get_block_put(struct wbuf *w, const struct wire_get_block *m) { WRITE(code_get_block, struct wire_get_block); }
bool wire_get_block_get(struct slice body, struct wire_get_block *out) { READ(code_get_block, struct wire_get_block); }
void wire_block_put(struct wbuf *w, const struct wire_block *m) { WRITE(code_block, struct wire_block); }
bool wire_block_get(struct slice body, struct wire_block *out) { READ(code_block, struct wire_block); }
void wire_find_tx_put(struct wbuf *w, const struct id *m) { WRITE(code_id, struct id); }
bool wire_find_tx_get(struct slice body, struct id *out) { READ(code_id, struct id); }
void wire_found_put(struct wbuf *w, const struct wire_found *m) { WRITE(code_found, struct wire_found); }
bool wire_found_get(struct slice body, struct wire_found *out) { READ(code_found, struct wire_found); }
void wire_get_proof_put(struct wbuf *w, const struct wire_get_proof *m) { WRITE(code_get_proof, struct wire_get_proof); }
bool wire_get_proof_get(struct slice body, struct wire_get_proof *out) { READ(code_get_proof, struct wire_get_proof); }
void wire_open_uid_put(struct wbuf *w, const struct wire_open_uid *m) { WRITE(code_open_uid, struct wire_open_uid); }
bool wire_open_uid_get(struct slice body, struct wire_open_uid *out) { READ(code_open_uid, struct wire_open_uid); }
void wire_at_put(struct wbuf *w, const struct wire_at *m) { WRITE(code_at, struct wire_at); }
bool wire_at_get(struct slice body, struct wire_at *out) { READ(code_at, struct wire_at); }
void wire_batch_put(struct wbuf *w, const struct wire_batch *m) { WRITE(code_batch_frame, struct wire_batch); }
bool wire_batch_get(struct slice body, struct wire_batch *out) { READ(code_batch_frame, struct wire_batch); }
void wire_get_seq_put(struct wbuf *w, const struct wire_get_seq *m) { WRITE(code_get_seq, struct wire_get_seq); }
bool wire_get_seq_get(struct slice body, struct wire_get_seq *out) { READ(code_get_seq, struct wire_get_seq); }
void wire_seq_put(struct wbuf *w, const struct wire_seq *m) { WRITE(code_seq, struct wire_seq); }
bool wire_seq_get(struct slice body, struct wire_seq *out) { READ(code_seq, struct wire_seq); }
void wire_get_work_put(struct wbuf *w, const struct wire_get_work *m) { WRITE(code_get_work, struct wire_get_work); }
bool wire_get_work_get(struct slice body, struct wire_get_work *out) { READ(code_get_work, struct wire_get_work); }
void wire_work_put(struct wbuf *w, const struct wire_work *m) { WRITE(code_work, struct wire_work); }
bool wire_work_get(struct slice body, struct wire_work *out) { READ(code_work, struct wire_work); }

/* Lists: n u32, then n elements, which are as long as the body says. */
static bool list_begin(struct rbuf *r, uint32_t max, uint32_t *n)
{
	*n = get_u32(r);
	return !r->bad && *n <= max;
}

void wire_uids_put(struct wbuf *w, const struct wire_uid *uids, uint32_t n)
{
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++) {
		put_u32(w, uids[i].uid);
		put_address(w, &uids[i].address);
	}
}

bool wire_uids_get(struct slice body, struct wire_uid *out, uint32_t max, uint32_t *n)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	uint32_t count;
	if (!list_begin(&r, max, &count) || body.len != 4 + (size_t)count * 36)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		out[i].uid = get_u32(&r);
		out[i].address = get_address(&r);
	}
	*n = count;
	return true;
}

void wire_usages_put(struct wbuf *w, const struct usage_receipt *receipts, uint32_t n)
{
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		usage_receipt_put(w, &receipts[i]);
}

bool wire_usages_get(struct slice body, struct usage_receipt *out, uint32_t max, uint32_t *n)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	uint32_t count;
	if (!list_begin(&r, max, &count) || body.len != 4 + (size_t)count * USAGE_RECEIPT_LEN)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!usage_receipt_get(&r, &out[i]))
			return false;
	*n = count;
	return true;
}
