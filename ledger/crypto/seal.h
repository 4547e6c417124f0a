/* Payloads that one party alone may read, on a ledger that everybody reads: libsodium's sealed box to an X25519 key.
 *
 * A sealed box says nothing of who made it or what it is for: whoever sees one on the ledger could hand it in again as his own and have its
 * reader act on it. So what is sealed begins with its place, a hash of the object that it belongs to, and opens there only.
 *   sealed = crypto_box_seal(x_pk, place[32] || plain), SEAL_OVERHEAD bytes longer than plain */
#ifndef ZEUS_SEAL_H
#define ZEUS_SEAL_H
#include "common/codec.h"

#define SEAL_OVERHEAD (32 + 16 + 32)

enum seal {
	SEAL_OK,
	SEAL_CUT,       /* too short to be sealed, or longer than there is room for */
	SEAL_REJECTED,  /* sealed to another key, or changed on the way: the box cannot tell which */
	SEAL_ELSEWHERE, /* of another lease or another use */
	SEAL_BAD_KEY,   /* no public key that anything can be sealed to */
};
const char *seal_text(enum seal s);

/* Appends to w. */
enum seal seal_put(struct wbuf *w, const uint8_t x_pk[32], const struct id *place, struct slice plain);
/* out may hold cap bytes; *len of them are filled. Outputs are untouched unless SEAL_OK. */
enum seal seal_open(const uint8_t x_pk[32], const uint8_t x_sk[32], const struct id *place, struct slice sealed, uint8_t *out, size_t cap,
    size_t *len);
#endif
