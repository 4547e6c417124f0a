/* The envelope of a transaction: 92 bytes of head, the body, the signatures.
 *
 * Knows the layout of PROTOCOL 2.1 and that a type's scope must be of its kind. Does not hash, sign or verify, and knows
 * bodies only as bytes that tx_body.c reads and writes. */
#include "common/tx.h"
#include <string.h>

#define TX_VERSION 1

void tx_signed_put(struct wbuf *w, const struct tx *tx)
{
	put_u8(w, TX_VERSION);
	put_u8(w, tx->type);
	put_u16(w, 0);
	put_u32(w, tx->chain_id);
	put_address(w, &tx->sender);
	put_id(w, &tx->scope);
	put_u64(w, tx->nonce);
	put_u64(w, tx->valid_until);
	size_t at = put_mark32(w);
	tx_body_put(w, tx);
	put_length(w, at);
	if (tx_type_instance(tx->type) == id_is_zero(&tx->scope))
		w->bad = true;
}

static void put_envelope(struct wbuf *w, const struct tx *tx, unsigned sigs_min)
{
	tx_signed_put(w, tx);
	if (tx->nsig < sigs_min || tx->nsig > TX_SIGS_MAX) {
		w->bad = true;
		return;
	}
	put_u8(w, tx->nsig);
	for (int i = 0; i < tx->nsig; i++) {
		put_bytes(w, tx->sig[i].pk, sizeof tx->sig[i].pk);
		put_bytes(w, tx->sig[i].sig, sizeof tx->sig[i].sig);
	}
}

void tx_put(struct wbuf *w, const struct tx *tx) { put_envelope(w, tx, 1); }
void tx_draft_put(struct wbuf *w, const struct tx *tx) { put_envelope(w, tx, 0); }

static void get_sigs(struct rbuf *r, struct tx *tx, unsigned sigs_min)
{
	tx->nsig = get_u8(r);
	if (tx->nsig < sigs_min || tx->nsig > TX_SIGS_MAX)
		r->bad = true;
	for (int i = 0; i < tx->nsig && !r->bad; i++) {
		get_bytes(r, tx->sig[i].pk, sizeof tx->sig[i].pk);
		get_bytes(r, tx->sig[i].sig, sizeof tx->sig[i].sig);
	}
}

static enum verdict get_envelope(struct slice bytes, unsigned sigs_min, struct tx *out, size_t *signed_len)
{
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	struct tx tx;
	memset(&tx, 0, sizeof tx);
	if (get_u8(&r) != TX_VERSION)
		return V_MALFORMED;
	tx.type = get_u8(&r);
	if (!r.bad && !tx_type_known(tx.type))
		return V_UNKNOWN_TYPE;
	if (get_u16(&r) != 0)
		return V_MALFORMED;
	tx.chain_id = get_u32(&r);
	tx.sender = get_address(&r);
	tx.scope = get_id(&r);
	tx.nonce = get_u64(&r);
	tx.valid_until = get_u64(&r);
	struct slice body = get_blob(&r, tx_body_max(tx.type));
	size_t len = r.pos;
	get_sigs(&r, &tx, sigs_min);
	if (!rbuf_end(&r) || tx_type_instance(tx.type) == id_is_zero(&tx.scope) || tx_body_get(tx.type, body, &tx) != V_OK)
		return V_MALFORMED;
	*out = tx;
	out->len = (uint32_t)bytes.len;
	*signed_len = len;
	return V_OK;
}

enum verdict tx_get(struct slice bytes, struct tx *out, size_t *signed_len) { return get_envelope(bytes, 1, out, signed_len); }
enum verdict tx_draft_get(struct slice bytes, struct tx *out, size_t *signed_len) { return get_envelope(bytes, 0, out, signed_len); }
