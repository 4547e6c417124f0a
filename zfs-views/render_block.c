/* Blocks as text and as bytes: header, raw, hash, transactions.
 *
 * Knows the layout of the two headers (PROTOCOL 3.8). Blocks never change, so nothing here asks the model for more than whether the height
 * is reached; the bytes come through the link and hash to what `hash` says, tag included. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/wire.h"
#include "ledger/crypto/hash.h"
#include "zfs-views/render.h"

struct field { const char *name; uint8_t off, width; }; /* width 32: hex; 1, 2, 4, 8: a number; 0: a sum of money */

static const struct field main_field[] = {
	{"version", 4, 2}, {"flags", 6, 2}, {"height", 8, 8}, {"epoch", 16, 4}, {"engine", 20, 2}, {"proposer_site", 22, 2},
	{"slot", 24, 8}, {"time_ms", 32, 8}, {"parent", 40, 32}, {"justification", 72, 32}, {"reveal", 104, 32}, {"rand", 136, 32},
	{"lanes_root", 168, 32}, {"params", 200, 32}, {"next_set", 232, 32}};
static const struct field lane_field[] = {
	{"lane", 4, 1}, {"version", 5, 1}, {"flags", 6, 2}, {"height", 8, 8}, {"parent", 16, 32}, {"in_root", 48, 32}, {"tx_root", 80, 32},
	{"out_root", 112, 32}, {"state_root", 144, 32}, {"tail", 176, 32}, {"tx_count", 208, 4}, {"in_count", 212, 4},
	{"out_count", 216, 4}, {"wu", 220, 4}, {"lane_total", 224, 0}, {"out_total", 232, 0}};

static const char *tag_of(uint8_t lane) { return lane == WIRE_LANE_MAIN ? "zeus/blk" : "zeus/lane"; }

static uint8_t lane_of_node(const struct node *n)
{
	bool whole = n->kind == N_MAIN_HEADER || n->kind == N_MAIN_RAW || n->kind == N_MAIN_HASH;
	return whole ? WIRE_LANE_MAIN : n->chain;
}

static int fetch(const struct view *v, uint8_t lane, uint64_t height, uint8_t part, uint8_t **bytes, size_t *len)
{
	return v->fetch ? v->fetch(v->fetch_arg, lane, height, part, bytes, len) : -EHOSTDOWN;
}

int block_header(const struct view *v, uint8_t lane, uint64_t height, uint8_t **bytes, size_t *len)
{
	autofree uint8_t *got = NULL;
	size_t n = 0, want = (lane == WIRE_LANE_MAIN ? MAIN_HEADER_LEN : LANE_HEADER_LEN) + strlen(tag_of(lane)) + 1;
	int rc = fetch(v, lane, height, PART_HEADER, &got, &n);
	if (rc < 0)
		return rc;
	if (n != want || strcmp((const char *)got, tag_of(lane)) != 0)
		return -EIO;
	*bytes = take_ptr(got);
	*len = n;
	return 0;
}

static uint64_t number_at(const uint8_t *p, size_t width)
{
	uint64_t v = 0;
	for (size_t i = width; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static void put_fields(const uint8_t *header, const struct field *f, size_t n, struct page *out)
{
	char num[TEXT_NUM];
	page_add(out, "magic %.4s\n", (const char *)header);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = header + f[i].off;
		page_add(out, "%s ", f[i].name);
		if (f[i].width == 32)
			page_hex(out, p, 32);
		else if (f[i].width == 0)
			page_add(out, "%s", text_of_money(money_of(number_at(p, 8)), num));
		else
			page_add(out, "%" PRIu64, number_at(p, f[i].width));
		page_add(out, "\n");
	}
}

static void put_hash(uint8_t lane, const uint8_t *raw, size_t len, struct page *out)
{
	size_t tag = strlen(tag_of(lane)) + 1;
	struct id id = hash_of(tag_of(lane), raw + tag, len - tag);
	page_hex(out, id.b, sizeof id.b);
	page_add(out, "\n");
}

int render_block_header(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *raw = NULL;
	size_t len = 0;
	uint8_t lane = lane_of_node(n);
	(void)uid;
	int rc = block_header(v, lane, n->height, &raw, &len);
	if (rc < 0)
		return rc;
	const uint8_t *header = raw + strlen(tag_of(lane)) + 1;
	if (lane == WIRE_LANE_MAIN) {
		put_fields(header, main_field, sizeof main_field / sizeof main_field[0], out);
		/* beyond 255 */
		page_add(out, "tx_count %" PRIu64 "\nbody_len %" PRIu64 "\n", number_at(header + 264, 4), number_at(header + 268, 4));
	} else {
		put_fields(header, lane_field, sizeof lane_field / sizeof lane_field[0], out);
	}
	page_add(out, "hash ");
	put_hash(lane, raw, len, out);
	return 0;
}

int render_block_raw(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *raw = NULL;
	size_t len = 0;
	(void)uid;
	int rc = block_header(v, lane_of_node(n), n->height, &raw, &len);
	if (rc == 0)
		page_put(out, raw, len);
	return rc;
}

int render_block_hash(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *raw = NULL;
	size_t len = 0;
	(void)uid;
	int rc = block_header(v, lane_of_node(n), n->height, &raw, &len);
	if (rc == 0)
		put_hash(lane_of_node(n), raw, len, out);
	return rc;
}

int block_leaves(const struct view *v, uint8_t lane, uint64_t height, uint32_t *n)
{
	autofree uint8_t *raw = NULL;
	size_t len = 0;
	int rc = block_header(v, lane, height, &raw, &len);
	if (rc == 0)
		*n = (uint32_t)number_at(raw + strlen(tag_of(lane)) + 1 + 208, 4);
	return rc;
}

struct leaf { uint16_t status; struct slice envelope; };

static bool leaf_next(struct rbuf *r, struct leaf *out)
{
	out->status = get_u16(r);
	out->envelope = get_blob(r, r->len);
	return !r->bad;
}

int render_block_txs(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *bytes = NULL;
	size_t len = 0;
	struct leaf l;
	(void)uid;
	int rc = fetch(v, n->chain, n->height, PART_TXS, &bytes, &len);
	if (rc < 0)
		return rc;
	struct rbuf r = rbuf_on(bytes, len);
	struct page lines = {0};
	for (uint32_t left = get_u32(&r); left > 0 && leaf_next(&r, &l); left--)
		render_tx_line(l.envelope, l.status, &lines);
	bool whole = rbuf_end(&r);
	if (whole)
		page_put(out, lines.p, lines.len);
	page_free(&lines);
	return whole ? 0 : -EIO;
}

/* --- one transaction: node.symbol is its place in the lane's list --- */

/* bytes: what the leaf borrows from. */
static int fetch_leaf(const struct view *v, const struct node *n, uint8_t **bytes, struct leaf *out)
{
	size_t len = 0;
	int rc = fetch(v, n->chain, n->height, PART_TXS, bytes, &len);
	if (rc < 0)
		return rc;
	struct rbuf r = rbuf_on(*bytes, len);
	if (n->symbol >= get_u32(&r))
		return -EIO;
	for (uint32_t i = 0; i <= n->symbol; i++)
		if (!leaf_next(&r, out))
			return -EIO;
	return 0;
}

int render_tx_status(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *bytes = NULL;
	struct leaf l;
	(void)uid;
	int rc = fetch_leaf(v, n, &bytes, &l);
	if (rc == 0)
		page_add(out, l.status ? "rejected %s\n" : "final\n", verdict_name((enum verdict)l.status));
	return rc;
}

int render_tx_block(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)v, (void)uid;
	page_add(out, "%" PRIu64 "\n", n->height);
	return 0;
}

int render_tx_json(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *bytes = NULL;
	struct leaf l;
	(void)uid;
	int rc = fetch_leaf(v, n, &bytes, &l);
	if (rc == 0)
		render_tx_line(l.envelope, l.status, out);
	return rc;
}

int render_tx_raw(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *bytes = NULL;
	struct leaf l;
	(void)uid;
	int rc = fetch_leaf(v, n, &bytes, &l);
	if (rc == 0)
		page_put(out, l.envelope.p, l.envelope.len);
	return rc;
}

int render_tx_proof(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autofree uint8_t *text = NULL;
	size_t len = 0;
	(void)uid;
	int rc = v->proof ? v->proof(v->fetch_arg, &(struct wire_place){n->height, n->chain, n->symbol}, &text, &len) : -EHOSTDOWN;
	if (rc == 0)
		page_put(out, text, len);
	return rc;
}
