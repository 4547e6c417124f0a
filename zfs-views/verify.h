/* Does a proof (ledger/chain/proof.h) lead from its transaction to its block? And what is written into chains/N/verify, until it is a whole
 * question: a transaction's id, or a proof, of which each line may come in a write of its own. */
#ifndef ZEUS_VERIFY_H
#define ZEUS_VERIFY_H
#include <stdatomic.h>
#include "common/wire.h"
#include "zfs-views/refusal.h"

/* What a good proof says. lane_header, main_header: LANE_HEADER_LEN and MAIN_HEADER_LEN bytes. */
struct proof_claim { struct wire_place place; uint16_t status; struct id txid, block; uint8_t lane_header[LANE_HEADER_LEN],
	main_header[MAIN_HEADER_LEN]; };
/* NULL: every hash of it is right, up to its block's id. Else what is wrong with it, a constant. Signatures are not looked at: whether
 * there is such a block is the reader's to know. */
const char *proof_check(struct slice text, struct proof_claim *out);

/* One question: 64 hex digits, or the text of a proof with all its newlines. */
typedef bool verify_fn(void *arg, struct slice question, struct refusal *why);
struct verify_in { uint8_t *p; size_t len, cap, line; atomic_uint *unfinished; }; /* line: where the one being written begins */
/* Like lines_write: asks for what became whole, *done counts bytes taken before a refusal; what had come is then forgotten. unfinished: how
 * many of all files hold a part of a proof, PROOFS_UNFINISHED_MAX at most. */
int verify_write(struct verify_in *s, atomic_uint *unfinished, const char *buf, size_t size, verify_fn *fn, void *arg, struct refusal *why,
    size_t *done);
bool verify_unfinished(const struct verify_in *s);
void verify_close(struct verify_in *s);
#endif
