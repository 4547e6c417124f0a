/* Proofs that anybody can check with a hash program: a text that leads from a transaction's bytes to its block's id.
 *
 * ASCII lines "key value", in this order, numbers decimal, bytes in lower-case hex:
 *   zeus-proof 1
 *   height H / lane L / leaf I / leaves N / status S     which of the lane's N leaves; S: enum verdict
 *   txid ID                                              = H("zeus/txid", tx)
 *   tx HEX / sigs HEX                                    the envelope up to its signatures, and from there on
 *   path HASH ...                                        leaf to tx_root: one line per level that has a sibling
 *   lane-header HEX                                      240 bytes; its tx_root, height, lane and tx_count must be these
 *   lanes-path HASH ...                                  lane id to lanes_root: over the ten lane headers
 *   main-header HEX                                      272 bytes
 *   block ID                                             = H("zeus/blk", main-header)
 *   seal MEMBER PK SIG ...                               Ed25519 over H("zeus/seal", block): one for solo, a majority for raft
 *   sum HASH                                             = H("zeus/proof", all lines before)
 * Leaf, nodes and ids are hashed as round.h says. zeus-verify(1) checks all but the signatures. */
#ifndef ZEUS_PROOF_H
#define ZEUS_PROOF_H
#include "ledger/chain/round.h"

struct proof_seal { uint8_t member; const uint8_t *pk, *sig; }; /* pk[32], sig[64], borrowed */

/* malloc'd, without a NUL. False: the lane has no such leaf. */
bool proof_text(const struct block *b, uint8_t lane, uint32_t leaf, const struct proof_seal *seal, size_t nseals, uint8_t **text,
    size_t *len);

/* A leaf of a block as it lies there. */
struct block_leaf { uint16_t status; struct slice envelope; size_t signed_len; struct id txid; };
/* The next of a list's transactions (block_txs, behind its count); false at the end. */
bool block_leaf_next(struct rbuf *r, struct block_leaf *out);
struct id block_leaf_hash(const struct block_leaf *l);
#endif
