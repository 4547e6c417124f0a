/* The books as records: what changed in a round, everything at first, and the way back from disk.
 *
 * Knows which records a partition has and rebuilds books, timers and counts after a load; a load whose sums do not agree is
 * refused. Does not know an object's codec (record.c) nor the disk. */
#include <string.h>
#include "ledger/state/books.h"

typedef void record_cb(void *arg, struct slice key, struct slice value);

static void record_out(const struct part *p, uint8_t kind, const void *id, size_t len, struct slice value, record_cb *cb, void *arg)
{
	uint8_t key[2 + sizeof((struct dirty *)0)->key];
	key[0] = p->lane;
	key[1] = kind;
	memcpy(key + 2, id, len);
	cb(arg, (struct slice){key, 2 + len}, value);
}

static void meta_out(struct part *p, bool always, record_cb *cb, void *arg)
{
	uint8_t buf[64 + 32 + 40 + 8 * CHAINS + 16];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	uint32_t changed = 0;
	for (size_t i = 0; i < GENESIS_SYMBOLS_MAX; i++)
		changed |= (uint32_t)p->book[i].changed << i;
	put_money(&w, p->total);
	put_u64(&w, p->trades);
	put_money(&w, p->reserve);
	put_money(&w, p->pool);
	put_money(&w, p->commission);
	put_u32(&w, changed);
	fill_put(&w, &p->fill);
	traffic_put(&w, &p->traffic);
	for (size_t i = 0; p->lane == 0 && i < CHAINS; i++)
		put_u64(&w, p->weight[i]);
	if (p->lane == 0) {
		put_u64(&w, p->mig_epoch);
		put_u64(&w, p->mig_turn);
	}
	if (!always && p->meta.len == w.len && memcmp(p->meta.p, buf, w.len) == 0)
		return;
	p->meta.len = 0;
	struct wbuf keep = bytes_begin(&p->meta, w.len);
	put_bytes(&keep, buf, w.len);
	bytes_end(&p->meta, &keep);
	record_out(p, REC_META, "", 0, bytes_slice(&p->meta), cb, arg);
}

static void outboxes_out(struct part *p, record_cb *cb, void *arg)
{
	for (uint8_t dst = 0; dst < CHAINS; dst++) {
		const struct outbox *o = &p->out[dst];
		if (o->n)
			record_out(p, REC_OUTBOX, &dst, 1, bytes_slice(&o->bytes), cb, arg);
		else if (p->out_stored[dst])
			record_out(p, REC_OUTBOX, &dst, 1, (struct slice){NULL, 0}, cb, arg);
		p->out_stored[dst] = o->n > 0;
	}
}

static void keys_out(const struct part *p, const struct dirty *d, size_t n, record_cb *cb, void *arg)
{
	struct bytes value = {0};
	for (size_t i = 0; i < n; i++) {
		bool there = record_value(p, d[i].kind, d[i].key, d[i].len, &value);
		record_out(p, d[i].kind, d[i].key, d[i].len, there ? bytes_slice(&value) : (struct slice){NULL, 0}, cb, arg);
	}
	free(value.p);
}

void state_changes(struct state *s, uint8_t lane, record_cb *cb, void *arg)
{
	struct part *p = &s->part[lane];
	if (!p->flushed)
		facts_flush(s, p);
	meta_out(p, false, cb, arg);
	keys_out(p, p->dirty, p->ndirty, cb, arg);
	outboxes_out(p, cb, arg);
}

void state_genesis_records(struct state *s, uint8_t lane, record_cb *cb, void *arg)
{
	struct part *p = &s->part[lane];
	autofree struct dirty *keys = NULL;
	size_t n = part_keys(p, &keys);
	meta_out(p, true, cb, arg);
	keys_out(p, keys, n, cb, arg);
	outboxes_out(p, cb, arg);
}

void state_load_begin(struct state *s)
{
	for (size_t lane = 0; lane < CHAINS; lane++)
		part_clear(&s->part[lane]);
}

static bool orders_index(struct state *s, struct part *p)
{
	for (struct order *o = p->orders; o; o = o->hh.next) {
		if (!symbol_find(s, o->f.symbol, NULL) || !order_live(o) || o->f.side > SIDE_BID)
			return false;
		book_insert(s, p, o);
		order_arm(p, o);
	}
	for (struct lease *l = p->leases; l; l = l->hh.next)
		lease_arm(s, p, l);
	for (struct account *a = p->accounts; a; a = a->hh.next)
		stake_arm(p, a);
	return true;
}

/* Every unit, object by object. False: more than there can be. */
static bool part_count(const struct part *p, struct money *out)
{
	struct money sum = p->commission;
	bool good = money_add(sum, p->reserve, &sum) && money_add(sum, p->pool, &sum);
	for (const struct account *a = p->accounts; a && good; a = a->hh.next)
		good = account_count(a, &sum);
	for (const struct token *k = p->tokens; k && good; k = k->hh.next)
		good = money_add(sum, k->f.reserve, &sum);
	for (const struct order *o = p->orders; o && good; o = o->hh.next)
		good = money_add(sum, o->f.locked, &sum);
	for (const struct lease *l = p->leases; l; l = l->hh.next)
		for (size_t i = 0; i < FSM_HOLDS_MAX && good; i++)
			good = money_add(sum, l->run.hold[i], &sum);
	*out = sum;
	return good;
}

bool state_load_end(struct state *s, uint64_t height, uint64_t time_ms)
{
	struct money all = money_of(0), counted;
	s->height = height;
	s->time_ms = time_ms;
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		struct part *p = &s->part[lane];
		if (!orders_index(s, p))
			return false;
		p->cids_mixed = true;
		free(p->dirty); /* it grew to every account */
		p->dirty = NULL;
		p->ndirty = p->cap_dirty = 0;
		p->flushed = true;
		if (!part_count(p, &counted) || money_cmp(counted, p->total) != 0)
			return false;
		if (!money_add(all, p->total, &all) || !money_add(all, p->out_total, &all))
			return false;
	}
	return money_cmp(all, money_of(SUPPLY_BASE)) == 0 && tokens_sum_up(s) && votes_agree(&s->part[0]) && homes_agree(s);
}

struct money state_recount(const struct state *s, uint8_t lane)
{
	struct money sum;
	if (!part_count(&s->part[lane], &sum))
		books_fatal("more money than the supply");
	return sum;
}
