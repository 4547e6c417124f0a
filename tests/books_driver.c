/* The driver of tests/books_driver.h: rounds, delivery, folding of facts, records and loading.
 *
 * Knows only the public interface of the books and of the facts, and state_recount, which counts every unit again. Keys are
 * patterns: the books verify no signatures. Does not know what any transaction means (tests/books_tx.c makes them). */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

struct entry { uint8_t key[80]; uint32_t len; struct slice value; UT_hash_handle hh; };
struct entry_map { struct entry *head; };

/* Like ck_assert_msg, which writes to a file each time: too slow for what is checked thousands of times a round. */
static void must(bool holds, const char *what)
{
	if (!holds)
		ck_abort_msg("%s", what);
}

static void map_set(struct entry_map *m, const void *key, size_t len, struct slice value)
{
	struct entry *e;
	HASH_FIND(hh, m->head, key, len, e);
	if (e && !value.p) {
		HASH_DEL(m->head, e);
		slice_drop(&e->value);
		free(e);
		return;
	}
	if (!value.p)
		return;
	if (!e) {
		e = books_alloc(sizeof *e);
		memcpy(e->key, key, len);
		e->len = (uint32_t)len;
		HASH_ADD(hh, m->head, key, len, e);
	}
	slice_drop(&e->value);
	e->value = slice_copy(value);
}

static struct slice map_get(const struct entry_map *m, const void *key, size_t len)
{
	struct entry *e;
	HASH_FIND(hh, m->head, key, len, e);
	return e ? e->value : (struct slice){NULL, 0};
}

static int entry_cmp(const struct entry *a, const struct entry *b)
{
	int c = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static void map_free(struct entry_map *m)
{
	struct entry *e, *next;
	HASH_ITER (hh, m->head, e, next) {
		HASH_DEL(m->head, e);
		slice_drop(&e->value);
		free(e);
	}
	free(m);
}

/* --- folding facts --- */

/* What a fact is about: kind, then the object's key. 0: about no object. */
static size_t fact_key(const struct fact *f, uint8_t key[80])
{
	const void *id = NULL;
	uint32_t token = 0;
	switch ((enum fact_kind)f->kind) {
	case FACT_ACCOUNT: id = &f->u.account.address; break;
	case FACT_NODE: id = &f->u.node.node; break;
	case FACT_APP: id = &f->u.app.app; break;
	case FACT_ORDER: id = &f->u.order.order; break;
	case FACT_LEASE: id = &f->u.lease.lease; break;
	case FACT_HOLDING: id = &f->u.holding.account; token = f->u.holding.token; break;
	case FACT_TOKEN: token = f->u.token.token; break;
	case FACT_BLOCK:
	case FACT_LANE:
	case FACT_SYMBOL:
	case FACT_TRADE:
	case FACT_VERDICT:
	case FACT_PAY:
	case FACT_USAGE:
	case FACT_RESET: return 0;
	}
	memset(key, 0, 80);
	key[0] = f->kind;
	if (id)
		memcpy(key + 1, id, 32);
	token_key(token, key + 33);
	return 37;
}

static void fold_one(struct entry_map *m, const struct fact *f)
{
	uint8_t key[80];
	size_t len = fact_key(f, key);
	if (!len)
		return;
	static uint8_t buf[RECORD_MAX];
	struct wbuf w = wbuf_on(buf, sizeof buf);
	fact_put(&w, f);
	must(!w.bad, "a fact is too large");
	map_set(m, key, len, (struct slice){buf, w.len});
}

static bool fold_get_token(struct rig *r, uint8_t kind, const void *id, uint32_t token, struct fact *out)
{
	uint8_t key[37] = {kind};
	if (id)
		memcpy(key + 1, id, 32);
	token_key(token, key + 33);
	struct slice v = map_get(r->fold, key, sizeof key);
	struct rbuf in = rbuf_on(v.p, v.len);
	return v.p && fact_next(&in, out);
}

static bool fold_get(struct rig *r, uint8_t kind, const void *id, struct fact *out)
{
	return fold_get_token(r, kind, id, 0, out);
}

/* Ended things stay in a fold and leave the books. */
static bool fold_lives(struct slice v)
{
	struct fact f;
	struct rbuf in = rbuf_on(v.p, v.len);
	must(fact_next(&in, &f), "a fact cannot be read");
	if (f.kind == FACT_LEASE)
		return !(f.u.lease.flags & LEASE_TERMINAL);
	if (f.kind == FACT_HOLDING)
		return !money_is_zero(f.u.holding.amount);
	return f.kind != FACT_ORDER || f.u.order.state <= ORDER_PARTIAL;
}

static void snapshot_one(void *arg, const struct fact *f)
{
	fold_one(arg, f);
}

static uint32_t fold_contains(const struct entry_map *all, const struct entry_map *part)
{
	uint32_t n = 0;
	for (const struct entry *e = part->head; e; e = e->hh.next) {
		if (!fold_lives(e->value))
			continue;
		struct slice v = map_get(all, e->key, e->len);
		must(v.p != NULL, "a fact is missing");
		must(v.len == e->value.len && memcmp(v.p, e->value.p, v.len) == 0, "facts differ");
		n++;
	}
	return n;
}

static void fold_forget(struct entry_map *m)
{
	struct entry *e, *next;
	HASH_ITER (hh, m->head, e, next) {
		if (fold_lives(e->value))
			continue;
		HASH_DEL(m->head, e);
		slice_drop(&e->value);
		free(e);
	}
}

void rig_check(struct rig *r)
{
	struct money all = money_of(0);
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		must(money_cmp(state_total(r->s, lane), state_recount(r->s, lane)) == 0, "a lane's total is not what it holds");
		must(money_add(all, state_total(r->s, lane), &all), "too much money");
		must(money_add(all, state_out_total(r->s, lane), &all), "too much money");
	}
	ck_assert_uint_eq(money_base(all), SUPPLY_BASE);
	rig_recount(r);
	must(homes_agree(r->s), "an account is not where chain 0 says, or twice");
	struct entry_map *snapshot = books_alloc(sizeof *snapshot);
	state_snapshot(r->s, snapshot_one, snapshot);
	ck_assert_uint_eq(fold_contains(r->fold, snapshot), fold_contains(snapshot, r->fold));
	map_free(snapshot);
	if (r->forget)
		fold_forget(r->fold);
}

/* --- rounds --- */

static void digest_add(struct rig *r, struct slice v)
{
	struct slice part[2] = {{r->digest.b, 32}, v};
	r->digest = hash_slices("test", part, 2);
}

static void record_one(void *arg, struct slice key, struct slice value)
{
	struct rig *r = arg;
	digest_add(r, key);
	digest_add(r, value);
	map_set(r->records, key.p, key.len, value);
}

static void round_facts(struct rig *r, uint8_t lane)
{
	struct slice v = state_facts(r->s, lane);
	struct rbuf in = rbuf_on(v.p, v.len);
	struct fact f;
	digest_add(r, v);
	while (fact_next(&in, &f)) {
		r->trades += f.kind == FACT_TRADE;
		r->pays += f.kind == FACT_PAY;
		r->usages += f.kind == FACT_USAGE;
		if (f.kind == FACT_VERDICT)
			r->last_verdict = (enum verdict)f.u.verdict.verdict;
		fold_one(r->fold, &f);
	}
	ck_assert(!in.bad);
}

/* Only chain 0 can have written to an old home, before it decided; so nothing is sent on twice. */
static void note_forward(struct rig *r, uint8_t lane, const struct receipt *in)
{
	const struct address *to = (const struct address *)(const void *)&in->to;
	bool to_account = in->kind == RCPT_CREDIT || in->kind == RCPT_BOUNCE || in->kind == RCPT_RESULT || in->kind == RCPT_TOKEN ||
	    in->kind == RCPT_RELEASE || in->kind == RCPT_PROXY;
	r->moves += in->kind == RCPT_MOVE && in->payload.p[0] == REC_ACCOUNT;
	if (!lane || !to_account || !home_of(r->s, to) || home_of(r->s, to) == lane)
		return;
	must(account_find(&r->s->part[lane], to) || in->src == 0, "a receipt is sent on twice");
	r->forwards += !account_find(&r->s->part[lane], to);
}

static void round_deliver(struct rig *r, struct slice box[CHAINS][CHAINS], uint8_t lane, bool moves)
{
	for (size_t src = 0; src < CHAINS; src++) {
		struct rbuf in = rbuf_on(box[src][lane].p, box[src][lane].len);
		struct receipt got;
		while (in.pos < in.len) {
			must(receipt_get(&in, &got) && got.dst == lane, "a receipt is misdirected");
			if ((got.kind == RCPT_MOVE) != moves)
				continue;
			note_forward(r, lane, &got);
			state_receive(r->s, lane, &got);
		}
	}
}

static void round_transact(struct rig *r, uint8_t lane, const struct tx *tx, uint32_t n, enum verdict *got, bool *done)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t where = 255;
		if (done[i])
			continue;
		enum verdict v = state_admit(r->s, &tx[i], r->height, &where);
		if (v == V_OK && where != lane)
			continue;
		if (v == V_OK)
			v = state_take_work(r->s, lane, &tx[i]);
		got[i] = v;
		if (v != V_OK)
			continue;
		uint8_t mark[8] = {(uint8_t)r->serial, (uint8_t)(r->serial >> 8), (uint8_t)(r->serial >> 16), (uint8_t)(r->serial >> 24)};
		r->serial++;
		r->txid = hash_of("test-tx", mark, sizeof mark);
		got[i] = state_execute(r->s, lane, &tx[i], &r->txid);
		done[i] = true;
	}
}

void rig_many(struct rig *r, const struct tx *tx, uint32_t n, enum verdict *got)
{
	struct slice box[CHAINS][CHAINS];
	bool *done = books_alloc(n + 1);
	uint32_t count;
	for (uint8_t i = 0; i < CHAINS; i++)
		for (uint8_t j = 0; j < CHAINS; j++)
			box[i][j] = state_outbox(r->s, i, j, &count);
	r->height++;
	r->time_ms += r->step_ms;
	struct id rand = hash_of("test-rand", &r->height, sizeof r->height);
	state_round(r->s, r->height, r->time_ms, &rand);
	for (uint8_t lane = 1; lane < CHAINS && state_moving(r->s); lane++)
		round_deliver(r, box, lane, true);
	round_deliver(r, box, 0, false);
	state_moves(r->s);
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		round_deliver(r, box, lane, false);
		state_ship(r->s, lane);
		state_timers(r->s, lane);
		round_transact(r, lane, tx, n, got, done);
		state_auctions(r->s, lane);
		state_round_end(r->s, lane);
	}
	for (uint8_t lane = 0; lane < CHAINS; lane++) {
		state_changes(r->s, lane, record_one, r);
		round_facts(r, lane);
	}
	free(done);
	rig_check(r);
}

enum verdict rig_do(struct rig *r, const struct tx *tx)
{
	enum verdict got = V_COUNT;
	rig_many(r, tx, 1, &got);
	return got;
}

void rig_round(struct rig *r)
{
	rig_many(r, NULL, 0, NULL);
}

void rig_settle(struct rig *r)
{
	for (int i = 0; i < 100 && state_work_waiting(r->s); i++)
		rig_round(r);
	ck_assert(!state_work_waiting(r->s));
}

void rig_pass(struct rig *r, uint64_t ms)
{
	uint64_t end = r->time_ms + ms;
	rig_settle(r);
	while (state_next_timer_ms(r->s) <= end) {
		uint64_t due = state_next_timer_ms(r->s);
		if (due > r->time_ms + r->step_ms)
			r->time_ms = due - r->step_ms;
		rig_round(r);
		rig_settle(r);
	}
	if (r->time_ms < end)
		r->time_ms = end;
}

void rig_reload(struct rig *r)
{
	struct state *fresh;
	ck_assert_int_eq(state_new(&r->genesis, &fresh), V_OK);
	state_load_begin(fresh);
	HASH_SORT(r->records->head, entry_cmp);
	for (struct entry *e = r->records->head; e; e = e->hh.next)
		must(state_load(fresh, (struct slice){e->key, e->len}, e->value), "a record cannot be loaded");
	ck_assert(state_load_end(fresh, r->height, r->time_ms));
	state_free(r->s);
	r->s = fresh;
	rig_check(r);
}

/* --- accounts --- */

void rig_pk(uint32_t who, uint8_t pk[32])
{
	memset(pk, 0x11, 32);
	for (int i = 0; i < 4; i++)
		pk[i] = (uint8_t)(who >> (24 - 8 * i));
}

struct auth rig_auth(uint32_t who)
{
	struct auth a = {.threshold = 1, .n = 1};
	rig_pk(who, a.key[0].pk);
	a.key[0].weight = 1;
	return a;
}

struct address rig_address(uint32_t who)
{
	struct auth a = rig_auth(who);
	return auth_address(&a);
}

static void rig_init(struct rig *r, const struct genesis *g, uint32_t accounts, uint64_t each)
{
	*r = (struct rig){.time_ms = 1000000, .step_ms = 5, .records = books_alloc(sizeof *r->records),
	    .fold = books_alloc(sizeof *r->fold)};
	r->genesis = *g;
	r->genesis.time_ms = r->time_ms;
	for (uint32_t i = 0; i < accounts; i++) {
		struct genesis_account *a = genesis_account_add(&r->genesis);
		a->auth = rig_auth(i);
		a->amount = money_of(each);
	}
}

void rig_prepare(struct rig *r, uint32_t accounts, uint64_t each)
{
	struct genesis g;
	genesis_local(&g);
	rig_init(r, &g, accounts, each);
}

void rig_open_on(struct rig *r, const struct genesis *g, uint32_t accounts, uint64_t each)
{
	rig_init(r, g, accounts, each);
	rig_begin(r);
}

void rig_open(struct rig *r, uint32_t accounts, uint64_t each)
{
	rig_prepare(r, accounts, each);
	rig_begin(r);
}

void rig_begin(struct rig *r)
{
	ck_assert_int_eq(state_new(&r->genesis, &r->s), V_OK);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		state_genesis_records(r->s, lane, record_one, r);
	for (uint8_t lane = 0; lane < CHAINS; lane++)
		round_facts(r, lane);
	rig_check(r);
}

void rig_close(struct rig *r)
{
	state_free(r->s);
	genesis_free(&r->genesis);
	map_free(r->records);
	map_free(r->fold);
}

/* --- what the fold knows --- */

bool rig_account(struct rig *r, uint32_t who, struct fact_account *out)
{
	struct fact f;
	struct address a = rig_address(who);
	if (!fold_get(r, FACT_ACCOUNT, &a, &f))
		return false;
	*out = f.u.account;
	return true;
}

uint64_t rig_balance(struct rig *r, uint32_t who)
{
	struct fact_account a;
	return rig_account(r, who, &a) ? money_base(a.balance) : 0;
}

bool rig_token(struct rig *r, uint32_t token, struct fact_token *out)
{
	struct fact f;
	if (!fold_get_token(r, FACT_TOKEN, NULL, token, &f))
		return false;
	*out = f.u.token;
	return true;
}

uint64_t rig_holding(struct rig *r, uint32_t who, uint32_t token)
{
	struct fact f;
	struct address a = rig_address(who);
	return fold_get_token(r, FACT_HOLDING, &a, token, &f) ? money_base(f.u.holding.amount) : 0;
}

bool rig_order(struct rig *r, const struct id *id, struct fact_order *out)
{
	struct fact f;
	if (!fold_get(r, FACT_ORDER, id, &f))
		return false;
	*out = f.u.order;
	return true;
}

bool rig_node(struct rig *r, const struct id *id, struct fact_node *out)
{
	struct fact f;
	if (!fold_get(r, FACT_NODE, id, &f))
		return false;
	*out = f.u.node;
	return true;
}

bool rig_lease_by_id(struct rig *r, const struct id *id, struct fact_lease *out)
{
	struct fact f;
	if (!fold_get(r, FACT_LEASE, id, &f))
		return false;
	*out = f.u.lease;
	return true;
}

bool rig_lease(struct rig *r, uint32_t nth, struct fact_lease *out)
{
	HASH_SORT(r->fold->head, entry_cmp);
	for (struct entry *e = r->fold->head; e; e = e->hh.next)
		if (e->key[0] == FACT_LEASE && nth-- == 0)
			return rig_lease_by_id(r, (const struct id *)(e->key + 1), out);
	return false;
}
