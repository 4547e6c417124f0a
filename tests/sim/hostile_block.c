/* Blocks that must not be: each a good one with something changed, sealed anew where a hash would tell at once.
 *
 * Knows which sentence each is refused with. What is refused by looking leaves the node as it was; what only carrying out can tell leaves
 * it spoilt (round.h), so it is begun again from the disk, where nothing changed. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

enum kind {
	PARENT,
	HEIGHT,
	TIME_EQUAL,
	TIME_BEFORE,
	ENGINE,
	LANES_ROOT,
	CUT,
	LONGER,
	PRUNED,
	COUNT, /* until here: by looking */
	STATE_ROOT,
	OUT_ROOT,
	IN_ROOT,
	TX_ROOT,
	TOTAL,
	OUT_TOTAL,
	TAIL,
	WORK,
	STATUS,
	DROPPED,
	TWICE,
	SWAPPED,
	OTHER_LANE,
	REPLAYED,
	RAND,
	KINDS
};

static const char *const sentence[KINDS] = {[PARENT] = "does not follow", [HEIGHT] = "does not follow", [TIME_EQUAL] = "not after",
    [TIME_BEFORE] = "not after", [ENGINE] = "another engine", [LANES_ROOT] = "other lane headers", [CUT] = "", [LONGER] = "length",
    [PRUNED] = "pruned", [COUNT] = "counts other"};

struct entry { uint16_t status; struct slice envelope; };
/* A block taken apart, to be put together wrongly. */
struct parts {
	struct headers h; struct slice list[CHAINS]; struct entry *e; size_t n; uint8_t at;
	uint8_t *made; size_t len;
};

static size_t list_read(struct slice list, struct entry *e)
{
	struct rbuf r = rbuf_on(list.p + 4, list.len - 4);
	size_t n = 0;
	while (block_tx_next(&r, &e[n].status, &e[n].envelope))
		n++;
	return n;
}

static void list_write(struct parts *p)
{
	size_t room = 4;
	for (size_t i = 0; i < p->n; i++)
		room += 6 + p->e[i].envelope.len;
	p->made = books_alloc(room);
	struct wbuf w = wbuf_on(p->made, room);
	put_u32(&w, (uint32_t)p->n);
	for (size_t i = 0; i < p->n; i++) {
		put_u16(&w, p->e[i].status);
		put_blob(&w, p->e[i].envelope.p, p->e[i].envelope.len);
	}
	p->list[p->at] = (struct slice){p->made, w.len};
	p->h.lane[p->at].tx_count = (uint32_t)p->n;
}

/* The leaves' root follows, so that only the order, or what is there, is wrong. */
static void list_root(struct parts *p)
{
	autofree struct id *leaf = books_alloc((p->n + 1) * sizeof *leaf);
	for (size_t i = 0; i < p->n; i++) {
		struct tx tx;
		size_t len = 0;
		if (tx_get(p->e[i].envelope, &tx, &len) != V_OK)
			return;
		struct id txid = hash_of("zeus/txid", p->e[i].envelope.p, len);
		struct id sigs = hash_of("zeus/sigs", p->e[i].envelope.p + len, p->e[i].envelope.len - len);
		leaf[i] = leaf_hash(&txid, &sigs, p->e[i].status);
	}
	p->h.lane[p->at].tx_root = merkle_root(leaf, p->n);
}

static bool change_list(struct world *w, struct parts *p, enum kind kind)
{
	size_t at = dice(&w->dice, (uint32_t)p->n);
	const struct old_tx *o = &w->old[dice(&w->dice, OLD_TXS)];
	if (kind == REPLAYED) {
		if (!o->len)
			return false;
		p->e[p->n++] = (struct entry){0, {o->p, o->len}};
	} else if (p->n == 0 || (kind == SWAPPED && p->n < 2)) {
		return false;
	} else if (kind == STATUS) {
		p->e[at].status = p->e[at].status ? V_OK : V_NO_FUNDS;
	} else if (kind == DROPPED) {
		memmove(p->e + at, p->e + at + 1, (--p->n - at) * sizeof *p->e);
	} else if (kind == TWICE) {
		p->e[p->n] = p->e[at];
		p->n++;
	} else {
		struct entry kept = p->e[at ? at - 1 : 1];
		p->e[at ? at - 1 : 1] = p->e[at];
		p->e[at] = kept;
	}
	list_write(p);
	list_root(p);
	return true;
}

static bool change_header(struct world *w, struct parts *p, enum kind kind)
{
	struct lane_header *l = &p->h.lane[dice(&w->dice, CHAINS)];
	struct id *roots[] = {[STATE_ROOT] = &l->state_root, [OUT_ROOT] = &l->out_root, [IN_ROOT] = &l->in_root, [TX_ROOT] = &l->tx_root,
	    [TAIL] = &l->tail};
	switch (kind) {
	case STATE_ROOT:
	case OUT_ROOT:
	case IN_ROOT:
	case TX_ROOT:
	case TAIL: roots[kind]->b[dice(&w->dice, 32)] ^= 1; return true;
	case TOTAL: return money_add(l->lane_total, money_of(1), &l->lane_total);
	case OUT_TOTAL: return money_add(l->out_total, money_of(1), &l->out_total);
	case WORK: l->wu++; return true;
	case RAND: p->h.main.rand.b[3] ^= 1; return true;
	case PARENT: p->h.main.parent.b[dice(&w->dice, 32)] ^= 1; return true;
	case TIME_EQUAL: p->h.main.time_ms = w->before.time_ms; return true;
	case TIME_BEFORE: p->h.main.time_ms = w->before.time_ms - 1; return true;
	case ENGINE: p->h.main.engine++; return true;
	case HEIGHT:
		p->h.main.height += dice(&w->dice, 2) ? 1 : UINT64_MAX;
		for (int i = 0; i < CHAINS; i++)
			p->h.lane[i].height = p->h.main.height;
		return true;
	case LANES_ROOT:
	case CUT:
	case LONGER:
	case PRUNED:
	case COUNT:
	case STATUS:
	case DROPPED:
	case TWICE:
	case SWAPPED:
	case OTHER_LANE:
	case REPLAYED:
	case KINDS: break;
	}
	return false;
}

/* A lane's whole list where another's belongs. */
static bool change_lanes(struct parts *p)
{
	uint8_t to = p->at == LANES ? 1 : p->at + 1;
	struct slice kept = p->list[to];
	uint32_t n = p->h.lane[to].tx_count;
	if (p->n == 0 || p->h.lane[p->at].tx_count == n)
		return false;
	p->list[to] = p->list[p->at];
	p->list[p->at] = kept;
	p->h.lane[to].tx_count = p->h.lane[p->at].tx_count;
	p->h.lane[p->at].tx_count = n;
	return true;
}

static bool change(struct world *w, struct parts *p, enum kind kind)
{
	if (kind >= STATUS && kind != OTHER_LANE && kind != RAND)
		return change_list(w, p, kind);
	return kind == OTHER_LANE ? change_lanes(p) : change_header(w, p, kind);
}

static void offer(struct world *w, struct slice bytes, enum kind kind)
{
	char why[256] = "";
	struct block *again = NULL;
	struct tip was = chain_tip(w->b.c), is;
	int rc = round_apply(w->b.c, bytes, &again, why);
	SIM_MUST(w, rc != 0 && why[0], "hostile block", "one of kind %d is taken", kind);
	coverage_add(&w->cover->hostile[kind], 1);
	coverage_add(&w->cover->hostile_blocks, 1);
	if (kind >= STATE_ROOT) {
		SIM_MUST(w, strstr(why, "another block"), "hostile block", "kind %d: %s", kind, why);
		peer_load(w, &w->b);
	} else {
		SIM_MUST(w, strstr(why, sentence[kind]), "hostile block", "kind %d: %s", kind, why);
	}
	is = chain_tip(w->b.c);
	SIM_MUST(w, id_cmp(&was.main_id, &is.main_id) == 0, "hostile block", "the head moved");
	SIM_MUST(w, seal_trees_hold(w->b.c), "hostile block", "it changed records");
}

/* Damage that shows in the bytes as they are. */
static void offer_damaged(struct world *w, const struct block *good, enum kind kind)
{
	struct slice b = block_bytes(good);
	autofree uint8_t *p = books_alloc(b.len + 1);
	size_t len = b.len;
	memcpy(p, b.p, b.len);
	if (kind == LANES_ROOT)
		p[168 + dice(&w->dice, 32)] ^= 1;
	else if (kind == COUNT)
		p[264] ^= 1;
	else if (kind == CUT)
		len = dice(&w->dice, (uint32_t)b.len);
	else if (kind == PRUNED)
		len = block_headers(good).len;
	else
		len++;
	if (kind == CUT && len == block_headers(good).len)
		return;
	offer(w, (struct slice){p, len}, kind);
}

void hostile_block(struct world *w, const struct block *good)
{
	enum kind kind = (enum kind)dice(&w->dice, KINDS);
	if (kind == LANES_ROOT || kind == CUT || kind == LONGER || kind == PRUNED || kind == COUNT) {
		offer_damaged(w, good, kind);
		return;
	}
	struct parts p = {.h = seal_headers(good), .at = (uint8_t)(1 + dice(&w->dice, LANES))};
	for (uint8_t i = 0; i < CHAINS; i++)
		p.list[i] = block_txs(good, i);
	autofree struct entry *e = books_alloc((p.h.lane[p.at].tx_count + 2) * sizeof *e);
	p.e = e;
	p.n = list_read(p.list[p.at], p.e);
	if (change(w, &p, kind)) {
		struct block *bad = seal_block(&p.h, p.list);
		offer(w, block_bytes(bad), kind);
		block_free(bad);
	}
	free(p.made);
}
