/* Proofs read back: each line in its place, each hash from what it is said to be made of.
 *
 * Knows the form of a proof and what hashes to what; finds good and bad what zeus-verify(1) does. Does not know whether the block that it
 * ends in is one of the chains. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/text.h"
#include "ledger/crypto/merkle.h"
#include "zfs-views/verify.h"

#define LANES_ROOT_AT 168
#define TX_ROOT_AT 80
#define TX_COUNT_AT 208
#define HEIGHT_AT 8

/* --- the text --- */

/* What is left of it; bad: the first thing that was wrong. */
struct reading { const char *p, *end, *bad; };

static void wrong(struct reading *r, const char *what)
{
	if (!r->bad)
		r->bad = what;
}

/* Is the next line one of this key? Its value, not its newline. */
static bool line_of(const struct reading *r, const char *key, struct slice *value)
{
	size_t len = strlen(key), left = (size_t)(r->end - r->p);
	const char *end = left ? memchr(r->p, '\n', left) : NULL;
	if (!end || (size_t)(end - r->p) <= len || memcmp(r->p, key, len) != 0 || r->p[len] != ' ')
		return false;
	*value = (struct slice){(const uint8_t *)r->p + len + 1, (size_t)(end - r->p) - len - 1};
	return true;
}

static bool take(struct reading *r, const char *key, const char *none, struct slice *value)
{
	if (r->bad)
		return false;
	if (!line_of(r, key, value)) {
		wrong(r, r->p == r->end ? "it is not whole" : none);
		return false;
	}
	r->p = (const char *)value->p + value->len + 1;
	return true;
}

/* One spelling per number: no sign, no leading zero. */
static bool number_of(struct slice v, uint64_t max, uint64_t *out)
{
	char text[TEXT_NUM];
	bool fits = v.len && v.len < sizeof text && (v.p[0] != '0' || v.len == 1);
	snprintf(text, sizeof text, "%.*s", fits ? (int)v.len : 0, (const char *)v.p);
	return text_u64(text, max, out);
}

static uint64_t take_number(struct reading *r, const char *key, uint64_t max, const char *none)
{
	struct slice v;
	uint64_t n = 0;
	if (take(r, key, none, &v) && !number_of(v, max, &n))
		wrong(r, none);
	return n;
}

/* hex_decode wants text that ends: lines of a proof are of any length, so they are decoded digit by digit. Lower case only. */
static bool nibble(uint8_t c, uint8_t *out)
{
	*out = c >= '0' && c <= '9' ? (uint8_t)(c - '0') : (uint8_t)(c - 'a' + 10);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool unhex(struct slice v, uint8_t *out)
{
	for (size_t i = 0; i < v.len / 2; i++) {
		uint8_t hi, lo;
		if (!nibble(v.p[2 * i], &hi) || !nibble(v.p[2 * i + 1], &lo))
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static void take_hex(struct reading *r, const char *key, void *out, size_t len, const char *none)
{
	struct slice v;
	if (take(r, key, none, &v) && (v.len != 2 * len || !unhex(v, out)))
		wrong(r, none);
}

/* malloc'd; NULL if bad. */
static uint8_t *take_bytes(struct reading *r, const char *key, size_t least, size_t *len, const char *none)
{
	struct slice v;
	if (!take(r, key, none, &v))
		return NULL;
	autofree uint8_t *bytes = v.len % 2 || v.len / 2 < least ? NULL : malloc(v.len / 2);
	if (!bytes || !unhex(v, bytes)) {
		wrong(r, none);
		return NULL;
	}
	*len = v.len / 2;
	return take_ptr(bytes);
}

static size_t take_path(struct reading *r, const char *key, struct id path[MERKLE_PATH_MAX], const char *none)
{
	struct slice v;
	size_t n = 0;
	while (!r->bad && line_of(r, key, &v)) {
		if (n == MERKLE_PATH_MAX)
			wrong(r, none);
		else
			take_hex(r, key, path[n++].b, sizeof path[0].b, none);
	}
	return n;
}

/* "MEMBER PK SIG" */
static bool seal_ok(struct slice v)
{
	uint8_t pk[32], sig[64];
	size_t tail = 1 + 2 * sizeof pk + 1 + 2 * sizeof sig;
	uint64_t member;
	if (v.len <= tail || !number_of((struct slice){v.p, v.len - tail}, UINT8_MAX, &member))
		return false;
	const uint8_t *at = v.p + v.len - tail;
	return at[0] == ' ' && at[65] == ' ' && unhex((struct slice){at + 1, 64}, pk) && unhex((struct slice){at + 66, 128}, sig);
}

static void take_seals(struct reading *r)
{
	struct slice v;
	do
		if (take(r, "seal", "no line seal", &v) && !seal_ok(v))
			wrong(r, "a seal is none");
	while (!r->bad && line_of(r, "seal", &v));
}

/* --- the hashes --- */

static uint64_t little(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	for (size_t i = width; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

struct proof { struct proof_claim c; uint64_t leaves; struct id path[MERKLE_PATH_MAX], lanes[MERKLE_PATH_MAX]; size_t npath, nlanes; };

static const char *check_place(const struct proof *p)
{
	const uint8_t *lane = p->c.lane_header, *main = p->c.main_header;
	if (memcmp(lane, "ZLH1", 4) != 0 || lane[4] != p->c.place.lane)
		return "lane-header is of another lane";
	if (memcmp(main, "ZMH1", 4) != 0)
		return "main-header is none";
	if (little(lane + HEIGHT_AT, 8) != p->c.place.height)
		return "lane-header is of another height";
	if (little(main + HEIGHT_AT, 8) != p->c.place.height)
		return "main-header is of another height";
	return little(lane + TX_COUNT_AT, 4) == p->leaves ? NULL : "lane-header counts other leaves";
}

static bool leads_to(const struct id *leaf, uint64_t index, uint64_t n, const struct id *path, size_t npath, const uint8_t *root)
{
	struct id want;
	memcpy(want.b, root, sizeof want.b);
	return merkle_check(leaf, index, n, path, npath, &want);
}

static const char *check_hashes(const struct proof *p, struct slice tx, struct slice sigs)
{
	const struct proof_claim *c = &p->c;
	uint8_t status[2] = {(uint8_t)c->status, (uint8_t)(c->status >> 8)};
	struct id txid = hash_of("zeus/txid", tx.p, tx.len), sigs_hash = hash_of("zeus/sigs", sigs.p, sigs.len);
	struct id leaf = hash_slices("zeus/leaf", (struct slice[]){{txid.b, 32}, {sigs_hash.b, 32}, {status, sizeof status}}, 3);
	struct id lane = hash_of("zeus/lane", c->lane_header, sizeof c->lane_header);
	struct id block = hash_of("zeus/blk", c->main_header, sizeof c->main_header);
	if (id_cmp(&txid, &c->txid) != 0)
		return "tx does not hash to txid";
	if (!leads_to(&leaf, c->place.leaf, p->leaves, p->path, p->npath, c->lane_header + TX_ROOT_AT))
		return "path does not lead to the tx_root of lane-header";
	if (!leads_to(&lane, c->place.lane, CHAINS, p->lanes, p->nlanes, c->main_header + LANES_ROOT_AT))
		return "lanes-path does not lead to the lanes_root of main-header";
	return id_cmp(&block, &c->block) == 0 ? NULL : "main-header does not hash to block";
}

static void take_place(struct reading *r, struct proof *p)
{
	if (take_number(r, "zeus-proof", UINT64_MAX, "it is no proof") != 1)
		wrong(r, "it is no proof, or of a version that is not known here");
	p->c.place.height = take_number(r, "height", UINT64_MAX, "height is not a number");
	p->c.place.lane = (uint8_t)take_number(r, "lane", CHAINS - 1, "no such lane");
	p->c.place.leaf = (uint32_t)take_number(r, "leaf", UINT32_MAX, "leaf is not a number");
	p->leaves = take_number(r, "leaves", UINT32_MAX, "leaves is not a number");
	p->c.status = (uint16_t)take_number(r, "status", UINT16_MAX, "status is not a number");
	take_hex(r, "txid", p->c.txid.b, sizeof p->c.txid.b, "txid is not 64 hex digits");
	if (!r->bad && p->c.place.leaf >= p->leaves)
		wrong(r, "no such leaf");
}

const char *proof_check(struct slice text, struct proof_claim *out)
{
	struct reading r = {.p = (const char *)text.p, .end = (const char *)text.p + text.len};
	struct proof p = {.npath = 0};
	struct id sum;
	size_t tx_len = 0, sigs_len = 0;
	take_place(&r, &p);
	autofree uint8_t *tx = take_bytes(&r, "tx", TX_HEAD_LEN, &tx_len, "tx is not bytes in hex");
	autofree uint8_t *sigs = take_bytes(&r, "sigs", 1 + 96, &sigs_len, "sigs is not bytes in hex");
	p.npath = take_path(&r, "path", p.path, "path is not hashes");
	take_hex(&r, "lane-header", p.c.lane_header, sizeof p.c.lane_header, "lane-header is not one");
	p.nlanes = take_path(&r, "lanes-path", p.lanes, "lanes-path is not hashes");
	take_hex(&r, "main-header", p.c.main_header, sizeof p.c.main_header, "main-header is not one");
	take_hex(&r, "block", p.c.block.b, sizeof p.c.block.b, "block is not 64 hex digits");
	take_seals(&r);
	struct id lines = hash_of("zeus/proof", text.p, (size_t)(r.p - (const char *)text.p));
	take_hex(&r, "sum", sum.b, sizeof sum.b, "sum is not 64 hex digits");
	if (!r.bad && r.p != r.end)
		wrong(&r, "lines after sum");
	if (!r.bad && id_cmp(&lines, &sum) != 0)
		wrong(&r, "sum is not that of the lines");
	const char *bad = r.bad ? r.bad : check_place(&p);
	if (!bad)
		bad = check_hashes(&p, (struct slice){tx, tx_len}, (struct slice){sigs, sigs_len});
	if (!bad)
		*out = p.c;
	return bad;
}
