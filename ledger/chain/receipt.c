/* The byte form of receipts and their hashes.
 *
 * Knows: the 104-byte head, its limits, and that only one spelling of a receipt exists.
 * Does not know: what a receipt means to the chain that consumes it. */
#include "ledger/chain/receipt.h"
#include "ledger/crypto/hash.h"

void receipt_put(struct wbuf *w, const struct receipt *r)
{
	if (r->payload.len > RECEIPT_PAYLOAD_MAX) {
		w->bad = true;
		return;
	}
	put_u8(w, r->kind);
	put_u8(w, r->src);
	put_u8(w, r->dst);
	put_u8(w, 0);
	put_u32(w, r->idx);
	put_u64(w, r->height);
	put_id(w, &r->origin);
	put_id(w, &r->to);
	put_u32(w, r->token);
	put_u32(w, (uint32_t)r->payload.len);
	put_u64(w, r->amount);
	put_u64(w, r->aux);
	put_bytes(w, r->payload.p, r->payload.len);
}

/* The next len bytes, borrowed. */
static struct slice receipt_payload(struct rbuf *r, size_t len)
{
	if (r->bad || len > RECEIPT_PAYLOAD_MAX || len > r->len - r->pos) {
		r->bad = true;
		return (struct slice){NULL, 0};
	}
	struct slice s = {r->p + r->pos, len};
	r->pos += len;
	return s;
}

bool receipt_get(struct rbuf *r, struct receipt *out)
{
	struct receipt got = {.kind = get_u8(r), .src = 0};
	got.src = get_u8(r);
	got.dst = get_u8(r);
	uint8_t flags = get_u8(r);
	got.idx = get_u32(r);
	got.height = get_u64(r);
	got.origin = get_id(r);
	got.to = get_id(r);
	got.token = get_u32(r);
	uint32_t plen = get_u32(r);
	got.amount = get_u64(r);
	got.aux = get_u64(r);
	got.payload = receipt_payload(r, plen);
	bool ok = !r->bad && got.kind >= RCPT_CREDIT && got.kind <= RCPT_MOVE && got.src < CHAINS && got.dst < CHAINS && !flags &&
		  got.amount <= SUPPLY_BASE;
	if (!ok) {
		r->bad = true;
		return false;
	}
	*out = got;
	return true;
}

struct id receipt_hash(struct slice bytes)
{
	return hash_of("zeus/rcpt", bytes.p, bytes.len);
}
