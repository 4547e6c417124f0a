/* An envelope as people carry it: from `prepare` to the signers, from the last of them to `market/signed`.
 *
 * Text, one line: `genesis=<64 hex> [seal=<64 hex>] tx=<hex>`. genesis says which network the signatures are for; seal, before the first
 * signature only, to whose X25519 key the deploy inside is to be sealed. Neither is part of the envelope. Also read
 * are the envelope alone, as hex or base64, and its raw bytes. They cannot be confused: an envelope begins with the byte 01, so hex begins
 * with `0`, base64 with `A`, and raw bytes with what is no printable character. */
#ifndef ZEUS_ENVELOPE_H
#define ZEUS_ENVELOPE_H
#include "common/codec.h"

struct envelope {
	uint8_t bytes[ENVELOPE_MAX]; size_t len; bool bound; /* genesis was said */ struct id genesis;
	bool seals; uint8_t seal_to[32]; /* only if bound */
};

/* False: none of these forms, or longer than ENVELOPE_MAX. Whether the bytes are a transaction is for tx_get to say. Blanks around a text
 * are passed over. */
bool envelope_read(struct slice in, struct envelope *out);
/* The line, with its newline; out: ENVELOPE_TEXT_MAX. */
size_t envelope_text(const struct envelope *e, char *out);
/* Raw bytes that came so far: how many the envelope that they begin has in all. 0: not known yet. False: they begin none. */
bool envelope_length(struct slice begun, size_t *whole);
#endif
