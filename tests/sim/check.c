/* The invariants of PROTOCOL 9.2, each a function of its own: of blocks before they reach the disk, and of the records after.
 *
 * Knows what must hold, by sums over the records that disk.c took apart and by hashes of its own. Does not ask the books. Facts and what
 * must have happened by now are in check_facts.c and check_market.c, who lives where in
 * check_moves.c. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

#define FULL_EVERY 256
#define TIMERS_EVERY 8

struct check *check_new(struct world *w)
{
	(void)w;
	return books_alloc(sizeof(struct check));
}

void check_free(struct check *k)
{
	free(k->seen.slot);
	free(k->cancel);
	free(k->credit);
	free(k->late);
	free(k);
}

/* --- I5: nothing twice --- */

static bool seen_put(struct seen_tx *s, uint64_t name)
{
	size_t at = name & (s->cap - 1);
	while (s->slot[at] && s->slot[at] != name)
		at = (at + 1) & (s->cap - 1);
	bool fresh = !s->slot[at];
	s->slot[at] = name;
	s->n += fresh;
	return fresh;
}

static void seen_grow(struct seen_tx *s)
{
	struct seen_tx wider = {.cap = s->cap ? 2 * s->cap : 4096};
	if (2 * s->n < s->cap)
		return;
	wider.slot = books_alloc(wider.cap * sizeof *wider.slot);
	for (size_t i = 0; i < s->cap; i++)
		if (s->slot[i])
			seen_put(&wider, s->slot[i]);
	free(s->slot);
	*s = wider;
}

static void i5_name_is_new(struct world *w, const struct id *txid)
{
	uint64_t name;
	memcpy(&name, txid->b, sizeof name);
	seen_grow(&w->check->seen);
	SIM_MUST(w, seen_put(&w->check->seen, name | 1), "I5 no transaction twice", "one is in two blocks");
}

static void i5_number_follows(struct world *w, const struct tx *tx)
{
	struct id key;
	bool instance = tx_type_instance(tx->type);
	for (size_t i = 0; i < 32; i++)
		key.b[i] = tx->sender.b[i] ^ (instance ? tx->scope.b[i] : 0);
	struct tally *t = tally_of(w->disk, &key);
	SIM_MUST(w, tx->nonce == t->next, "I5 numbers follow each other", "%s has number %llu, not %llu", tx_type_word(tx->type),
	    (unsigned long long)tx->nonce, (unsigned long long)t->next);
	t->next++;
}

static void i5_command_is_new(struct world *w, const struct tx *tx, uint64_t time_ms)
{
	static const uint8_t with[] = {TX_TRANSFER, TX_OPEN, TX_ASK, TX_BID, TX_CANCEL, TX_AMEND, TX_APP_PUB, TX_FUND,
	    TX_STAKE, TX_UNSTAKE, TX_TOKEN_NEW, TX_TOKEN_IN, TX_TOKEN_OUT};
	struct id key;
	if (!memchr(with, tx->type, sizeof with))
		return;
	memcpy(key.b, tx->sender.b, 32);
	for (size_t i = 0; i < CID_LEN; i++)
		key.b[i] ^= (uint8_t)(tx->u.transfer.cid.b[i] * 167 + 13);
	struct tally *t = tally_of(w->disk, &key);
	SIM_MUST(w, !t->seen_ms || t->seen_ms + CID_KEEP_MS <= time_ms, "I5 no command twice", "%s after %llu ms", tx_type_word(tx->type),
	    (unsigned long long)(time_ms - t->seen_ms));
	t->seen_ms = time_ms;
}

static void i5_commands_of(struct world *w, const struct tx *tx, uint64_t time_ms)
{
	static _Thread_local struct tx part;
	struct rbuf r = rbuf_on(tx->u.batch.ops.p, tx->u.batch.ops.len);
	if (tx->type != TX_BATCH) {
		i5_command_is_new(w, tx, time_ms);
		return;
	}
	for (uint32_t i = 0; i < tx->u.batch.n && tx_batch_next(&r, &part) == V_OK; i++) {
		part.sender = tx->sender;
		i5_command_is_new(w, &part, time_ms);
	}
}

/* --- trees, hashed here again --- */

static struct id tree(const struct id *leaf, size_t n)
{
	size_t half = 1;
	if (n == 0)
		return (struct id){{0}};
	if (n == 1)
		return leaf[0];
	while (2 * half < n)
		half *= 2;
	struct id l = tree(leaf, half), r = tree(leaf + half, n - half);
	uint8_t both[64];
	memcpy(both, l.b, 32);
	memcpy(both + 32, r.b, 32);
	return hash_of("zeus/node", both, sizeof both);
}

static void must_be(struct world *w, const struct id *a, const struct id *b, const char *what, uint8_t lane)
{
	SIM_MUST(w, id_cmp(a, b) == 0, what, "of chain %u", lane);
}

/* In the order in which they come; check_facts wants to be told of each, in this order. */
static void credit_note(struct check *k, const struct receipt *in)
{
	if (in->dst == 0 || !in->amount || (in->kind != RCPT_NEW && (in->kind != RCPT_CREDIT || in->aux != PAY_TRANSFER)))
		return;
	k->credit = books_array(k->credit, &k->cap_credits, k->ncredits + 1, sizeof *k->credit);
	k->credit[k->ncredits++] = in->origin;
}

static void cancel_note(struct check *k, const struct receipt *in)
{
	if (in->kind != RCPT_CANCEL)
		return;
	k->cancel = books_array(k->cancel, &k->cap_cancels, k->ncancels + 1, sizeof *k->cancel);
	k->cancel[k->ncancels].order = in->to;
	memcpy(k->cancel[k->ncancels].owner.b, in->payload.p, 32);
	k->cancel[k->ncancels++].lane = in->dst;
}

/* What was to be cancelled by its owner is in no book. */
static void i3_cancels_obeyed(struct world *w)
{
	struct check *k = w->check;
	for (; k->ncancels; k->ncancels--) {
		const struct rec *r = disk_get(w->disk, k->cancel[k->ncancels - 1].lane, REC_ORDER, &k->cancel[k->ncancels - 1].order, 32);
		SIM_MUST(
		    w, !r || !address_eq(&r->u->order.f.owner, &k->cancel[k->ncancels - 1].owner), "I3 receipts", "a cancel had no effect");
	}
}

/* I3: what the out-boxes of the round before hold is exactly what this header says came in. */
static void i3_all_received(struct world *w, const struct lane_header *l)
{
	uint64_t n = 0;
	size_t at = 0;
	for (uint8_t src = 0; src < CHAINS; src++)
		n += w->disk->boxes[src][l->lane];
	SIM_MUST(w, n == l->in_count, "I3 receipts", "chain %u takes %u of %llu", l->lane, l->in_count, (unsigned long long)n);
	autofree struct id *leaf = books_alloc((n + 1) * sizeof *leaf);
	for (uint8_t src = 0; src < CHAINS; src++) {
		struct rec *rec = disk_get(w->disk, src, REC_OUTBOX, &l->lane, 1);
		struct rbuf r = rbuf_on(rec ? rec->value.p : NULL, rec ? rec->value.len : 0);
		struct receipt in;
		for (size_t from = 0; r.pos < r.len && receipt_get(&r, &in); from = r.pos) {
			cancel_note(w->check, &in);
			if (!check_late(w, &in))
				credit_note(w->check, &in);
			SIM_MUST(w, in.height == w->before.height, "I3 receipts", "one of height %llu", (unsigned long long)in.height);
			leaf[at++] = hash_of("zeus/rcpt", r.p + from, r.pos - from);
		}
	}
	struct id root = tree(leaf, at);
	must_be(w, &root, &l->in_root, "I3 receipts: the root of what came in", l->lane);
	coverage_add(&w->cover->receipts, n);
}

static struct id leaf_of(struct slice envelope, size_t signed_len, uint16_t status, struct id *txid)
{
	uint8_t buf[66];
	*txid = hash_of("zeus/txid", envelope.p, signed_len);
	struct id sigs = hash_of("zeus/sigs", envelope.p + signed_len, envelope.len - signed_len);
	memcpy(buf, txid->b, 32);
	memcpy(buf + 32, sigs.b, 32);
	buf[64] = (uint8_t)status;
	buf[65] = (uint8_t)(status >> 8);
	return hash_of("zeus/leaf", buf, sizeof buf);
}

static void remember(struct world *w, struct slice envelope)
{
	if (!dice_one_in(&w->dice, 16) || envelope.len > 4096)
		return;
	struct old_tx *o = &w->old[w->nold++ % OLD_TXS];
	free(o->p);
	o->p = (uint8_t *)(uintptr_t)slice_copy(envelope).p;
	o->len = envelope.len;
}

/* Each chain's home: a transaction is where its account or its instance is. */
static void i4_at_home(struct world *w, const struct tx *tx, uint8_t lane)
{
	struct rec *home = disk_get(w->disk, 0, REC_HOME, &tx->sender, 32);
	uint8_t where = tx_type_instance(tx->type) ? tx->scope.b[0] : home ? home->u->home.lane : lane;
	SIM_MUST(w, where == lane, "I4 homes", "%s of chain %u is in chain %u", tx_type_word(tx->type), where, lane);
}

static void lane_before(struct world *w, const struct block *b, const struct headers *h, uint8_t lane)
{
	const struct lane_header *l = &h->lane[lane];
	struct slice txs = block_txs(b, lane), envelope;
	struct rbuf r = rbuf_on(txs.p + 4, txs.len - 4);
	autofree struct leaf *leaf = books_alloc((l->tx_count + 1) * sizeof *leaf);
	autofree struct id *hash = books_alloc((l->tx_count + 1) * sizeof *hash);
	size_t n = 0, signed_len;
	struct id txid;
	for (; n < l->tx_count && block_tx_next(&r, &leaf[n].status, &envelope); n++) {
		struct tx *tx = &leaf[n].tx;
		SIM_MUST(w, tx_get(envelope, tx, &signed_len) == V_OK, "block", "holds what is no transaction");
		hash[n] = leaf_of(envelope, signed_len, leaf[n].status, &txid);
		i5_name_is_new(w, &txid);
		i5_number_follows(w, tx);
		i4_at_home(w, tx, lane);
		if (leaf[n].status == V_OK)
			i5_commands_of(w, tx, h->main.time_ms);
		SIM_MUST(
		    w, tx->valid_until >= h->main.height && tx->chain_id == w->genesis.chain_id, "I5", "out of date, or of another chain");
		remember(w, envelope);
	}
	SIM_MUST(w, n <= w->genesis.lane_tx_max, "block", "chain %u has more transactions than a round may", lane);
	struct id root = tree(hash, n);
	must_be(w, &root, &l->tx_root, "the root of the transactions", lane);
	check_order_of_leaves(w, lane, leaf, n);
	i3_all_received(w, l);
}

void check_before(struct world *w, const struct block *b)
{
	struct headers h = seal_headers(b);
	w->check->ncredits = w->check->told = w->check->nlate = 0;
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		lane_before(w, b, &h, lane);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		w->check->tail[lane] = h.lane[lane].tail;
}

/* --- after --- */

static void i1_conservation(struct world *w, const struct headers *h)
{
	uint64_t all = 0;
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		const struct lane_header *l = &h->lane[lane];
		struct rec *meta = disk_get(w->disk, lane, REC_META, "", 0);
		SIM_MUST(w, meta && meta->u->meta.total == w->disk->money[lane], "I1 conservation",
		    "chain %u says %llu, its records hold %llu", lane, (unsigned long long)(meta ? meta->u->meta.total : 0),
		    (unsigned long long)w->disk->money[lane]);
		SIM_MUST(w, money_base(l->lane_total) == w->disk->money[lane], "I1 conservation", "the header of chain %u says another sum",
		    lane);
		SIM_MUST(
		    w, money_base(l->out_total) == w->disk->out[lane], "I1 conservation", "chain %u sends another sum than it says", lane);
		all += w->disk->money[lane] + w->disk->out[lane];
	}
	SIM_MUST(w, all == SUPPLY_BASE, "I1 conservation", "%llu in all", (unsigned long long)all);
}

static void i3_all_emitted(struct world *w, const struct headers *h)
{
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		uint64_t n = 0;
		for (uint8_t dst = 0; dst < CHAINS; dst++)
			n += w->disk->boxes[lane][dst];
		SIM_MUST(w, n == h->lane[lane].out_count, "I3 receipts", "chain %u sends %llu and says %u", lane, (unsigned long long)n,
		    h->lane[lane].out_count);
	}
}

static void i5_number_kept(struct world *w, const struct tally *t)
{
	SIM_MUST(w, t->rec->u->account.nonce == t->next, "I5 numbers", "an account is at %llu after %llu transactions",
	    (unsigned long long)t->rec->u->account.nonce, (unsigned long long)t->next);
}

static void orders_counted(struct world *w, const struct tally *t)
{
	SIM_MUST(w, t->rec->u->account.orders == t->open, "orders of an account", "counts %u, there are %lld", t->rec->u->account.orders,
	    (long long)t->open);
}

static void i7_capacity(struct world *w, const struct tally *t)
{
	const struct fact_node *n = &t->rec->u->object.node;
	for (size_t i = 0; i < RESOURCES; i++)
		SIM_MUST(w, (int64_t)n->caps.v[i] == t->used[i] + n->free.v[i], "I7 capacity", "kind %zu: %u in all, %u free, %lld in use",
		    i, n->caps.v[i], n->free.v[i], (long long)t->used[i]);
}

/* What is held of an account for storage is what its objects, and its own record, say that they hold of it. */
static void deposits_counted(struct world *w, const struct tally *t)
{
	const struct at_account *a = &t->rec->u->account;
	const struct actor *who = actor_of(w, &a->address);
	int64_t own = who && who - w->actor < w->genesis_actors ? 0 : (int64_t)(w->genesis.deposit_per_byte * ACCOUNT_BYTES);
	SIM_MUST(w, (int64_t)a->deposit == t->held + own, "deposits", "%llu held, its objects say %lld and its own record %lld",
	    (unsigned long long)a->deposit, (long long)t->held, (long long)own);
}

/* I6: what is set aside by schedule is there, and there is never more of it. */
static void i6_vesting(struct world *w, const struct tally *t)
{
	const struct at_account *a = &t->rec->u->account;
	uint64_t locked = a->vesting.type ? vesting_locked_again(&a->vesting, w->time_ms) : 0;
	SIM_MUST(w, locked <= a->balance, "I6 vesting", "%llu locked of %llu", (unsigned long long)locked, (unsigned long long)a->balance);
}

/* I2: what is held and travels of a token is its supply, and its reserve covers that. */
static void i2_tokens(struct world *w)
{
	const struct disk *d = w->disk;
	for (uint32_t i = 0; i < d->kind[REC_TOKEN].n; i++) {
		const struct fact_token *t = &d->kind[REC_TOKEN].r[i]->u->object.token;
		SIM_MUST(w, t->token < UNITS_MAX && d->units[t->token] == (int64_t)money_base(t->supply), "I2 tokens",
		    "of token %u there are %lld, not %llu", t->token, (long long)d->units[t->token % UNITS_MAX],
		    (unsigned long long)money_base(t->supply));
		unsigned __int128 owed = ((unsigned __int128)money_base(t->supply) * t->den + t->num - 1) / t->num;
		SIM_MUST(w, money_base(t->reserve) >= owed, "I2 tokens", "the reserve of token %u does not cover it", t->token);
	}
}

/* Coins wait for as long as the genesis says, neither less nor more. */
static void i6_unstaking(struct world *w, struct tally *t)
{
	const struct stake *k = &t->rec->u->account.stake;
	SIM_MUST(w, k->unstake_ms == t->seen_ms || !t->seen_ms || w->time_ms >= t->seen_ms, "I6 unstaking", "free before its time");
	SIM_MUST(w, k->unstake_ms == t->seen_ms || !k->unstake_ms || k->unstake_ms == w->time_ms + 1000ULL * w->genesis.unstake_s,
	    "I6 unstaking", "waits for another time than it should");
	t->seen_ms = k->unstake_ms;
}

static void touched(struct world *w)
{
	struct disk *d = w->disk;
	for (size_t i = 0; i < d->ntouched; i++) {
		struct tally *t = d->touched[i];
		t->touched = false;
		if (t->rec && t->rec->key[1] == REC_ACCOUNT) {
			i5_number_kept(w, t);
			orders_counted(w, t);
			deposits_counted(w, t);
			i6_vesting(w, t);
			i6_unstaking(w, t);
		} else if (t->rec && t->rec->key[1] == REC_NODE) {
			i7_capacity(w, t);
		}
	}
	coverage_add(&w->cover->checks, d->ntouched);
	d->ntouched = 0;
}

/* --- now and then --- */

/* The sums that follow every change are those of the records, counted anew from the first to the last. */
static void sums_are_sums(struct world *w)
{
	struct disk *again = disk_recount(w->disk);
	SIM_MUST(w,
	    memcmp(again->money, w->disk->money, sizeof again->money) == 0 && memcmp(again->out, w->disk->out, sizeof again->out) == 0 &&
		memcmp(again->units, w->disk->units, sizeof again->units) == 0 && again->movers == w->disk->movers,
	    "the checker itself", "its running sums are wrong");
	disk_free(again);
}

void check_after(struct world *w, const struct block *b, struct slice facts)
{
	struct headers h = seal_headers(b);
	i1_conservation(w, &h);
	i3_all_emitted(w, &h);
	check_facts(w, facts);
	i3_cancels_obeyed(w);
	touched(w);
	i2_tokens(w);
	check_votes(w, b);
	check_crossing(w);
	check_timers(w, h.main.height % TIMERS_EVERY == 0);
	check_moves(w);
	if (h.main.height % FULL_EVERY)
		return;
	check_homes(w);
	sums_are_sums(w);
}

void check_end(struct world *w)
{
	check_homes(w);
	sums_are_sums(w);
	check_timers(w, true);
}
