/* Receipts: how the ten chains talk. Everything emitted in round h is consumed in h+1, all of it, exactly once.
 *
 * 104 bytes + payload: 0 kind u8 | 1 src u8 | 2 dst u8 | 3 flags u8=0 | 4 idx u32 | 8 height u64 | 16 origin txid[32] | 48 to[32]
 * 80 token u32 | 84 plen u32 | 88 amount u64 | 96 aux u64. token: what amount counts, 0 = ZNC.
 * A credit cannot fail. */
#ifndef ZEUS_RECEIPT_H
#define ZEUS_RECEIPT_H
#include "common/codec.h"

enum receipt_kind {
	RCPT_CREDIT = 1,  /* to an account; aux = enum pay_kind; payload = object id[32] + memo text */
	RCPT_NEW,         /* account creation: home -> 0 (payload auth, x25519), then 0 -> the new home (NEW again, with the amount) */
	RCPT_BOUNCE,      /* money back to the sender; aux = verdict */
	RCPT_ORDER,       /* an order travels to lane(symbol); amount = escrow or bond; payload = order record */
	RCPT_CANCEL,      /* to lane(symbol); to = order id; payload = owner[32] */
	RCPT_AMEND,       /* to lane(symbol); to = order id; amount = added escrow; payload = amendment */
	RCPT_RESULT,      /* back home: to = node id or address; payload = resources that return to the node's free */
	RCPT_REG,         /* registration on chain 0 (node, app) and its answer */
	RCPT_EVENT,       /* FUND: to = instance; amount = the money; payload = sender[32], event text */
	RCPT_TOKEN,       /* conversion: home -> 0 (to = account; payload type, from, into) and its answer (aux = verdict) */
	RCPT_RELEASE,     /* to an account: aux of its deposit becomes spendable; amount 0 */
	RCPT_WEIGHT,      /* to chain 0, once an epoch: aux = the coins of this lane's accounts that count for work units */
	RCPT_VOTE,        /* to chain 0; to = voter; payload = what it has staked now and its votes now */
	RCPT_PROXY,       /* to chain 0, and back if it agreed; to = voter; payload = proxy[32], zero = none */
	RCPT_NOMINATE,    /* to chain 0, after an epoch's first round: accounts that had better move; payload = nominate.c's */
	RCPT_MOVE,        /* old home -> new home, which uses it before all others; payload = kind of record, record (migrate.c) */
};

struct receipt {
	uint8_t kind, src, dst; uint32_t idx; uint64_t height; struct id origin; struct id to; uint32_t token;
	uint64_t amount, aux; struct slice payload;
};
void receipt_put(struct wbuf *w, const struct receipt *r);
bool receipt_get(struct rbuf *r, struct receipt *out); /* payload borrowed */
struct id receipt_hash(struct slice bytes);             /* H("zeus/rcpt", bytes): the leaf of in_root and out_root */
#endif
