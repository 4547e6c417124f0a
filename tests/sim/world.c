/* The course of one seed: blocks, nodes that come and go, time that passes.
 *
 * Knows when something is done, by the dice: which blocks are hostile, which node is ended before or after its records reach the disk,
 * how far the clock jumps. Does not know what transactions say, nor what must hold. */
#include "tests/sim/sim.h"
#include "ledger/workers.h"
#include <stdlib.h>
#include <string.h>

static void to_disk(void *arg, struct slice key, struct slice value) { disk_set(arg, key, value); }

static void commit(struct world *w, const struct peer *p, const struct block *b)
{
	struct slice bytes = dice_one_in(&w->dice, 2) ? block_headers(b) : block_bytes(b);
	chain_changes(p->c, to_disk, w->disk);
	slice_drop(&w->head);
	w->head = slice_copy(bytes);
	SIM_MUST(w, !w->disk->wrong, "records", "cannot be read: %s", w->disk->wrong);
}

/* A day at once, a moment before or after the next timer, or the pace of a busy market. */
static void clock_next(struct world *w)
{
	uint64_t due = state_next_timer_ms(w->a.s);
	uint64_t step = 1 + dice(&w->dice, 2000);
	if (dice_one_in(&w->dice, 12) && due != UINT64_MAX && due > w->time_ms)
		step = due - w->time_ms + dice(&w->dice, 3) - 1;
	else if (dice_one_in(&w->dice, 16))
		step = dice(&w->dice, 1800000);
	else if (dice_one_in(&w->dice, 300))
		step = 90000000 + dice(&w->dice, 90000000);
	coverage_add(&w->cover->jumps, step > 2000);
	w->time_ms += step ? step : 1;
}

static size_t block_size(struct world *w)
{
	if (dice_one_in(&w->dice, 40))
		return 64 + dice(&w->dice, 120);
	return dice_one_in(&w->dice, 8) ? 0 : dice(&w->dice, 2 * w->per_block);
}

/* Node B carries the block out too, on other threads or with its lanes in another order. */
static struct block *follow(struct world *w, const struct block *b)
{
	struct block *again = NULL;
	char why[256] = "";
	struct peer *p = &w->b;
	int rc = round_apply(p->c, block_bytes(b), &again, why);
	SIM_MUST(w, rc == 0, "I10 determinism", "%s", why);
	struct tip one = block_tip(b), two = chain_tip(p->c);
	SIM_MUST(w, id_cmp(&one.main_id, &two.main_id) == 0, "I10 determinism", "two nodes have two heads");
	return again;
}

static void same_facts(struct world *w, const struct block *b, struct slice facts)
{
	uint8_t *p = NULL;
	size_t len = 0;
	block_facts(b, w->b.s, &p, &len);
	SIM_MUST(w, len == facts.len && memcmp(p, facts.p, len) == 0, "I10 determinism", "two nodes tell different facts");
	free(p);
}

/* The same changes, whoever made them: the roots say so at once, a load later. */
static void crash_before_commit(struct world *w, const struct block *b)
{
	struct block *again;
	peer_load(w, &w->b);
	again = follow(w, b);
	coverage_add(&w->cover->replays, 1);
	block_free(again);
}

static void crash_after_commit(struct world *w)
{
	struct tip before = chain_tip(w->a.c), after;
	struct peer *p = dice_one_in(&w->dice, 2) ? &w->a : &w->b;
	peer_load(w, p);
	after = chain_tip(p->c);
	SIM_MUST(w, id_cmp(&before.main_id, &after.main_id) == 0, "I10 restart", "another head after a restart");
}

static bool comes(struct world *w) { return w->o->every_step || dice_one_in(&w->dice, w->restart_one_in); }

static void seal_check(struct world *w, struct block *b)
{
	struct block *again;
	uint8_t *p = NULL;
	size_t len = 0;
	block_facts(b, w->a.s, &p, &len);
	struct slice facts = {p, len};
	if (dice_one_in(&w->dice, 40))
		hostile_block(w, b);
	again = follow(w, b);
	same_facts(w, again, facts);
	if (comes(w))
		crash_before_commit(w, b);
	check_before(w, b);
	commit(w, dice_one_in(&w->dice, 2) ? &w->a : &w->b, b);
	check_after(w, b, facts);
	trace_block(w, b, facts);
	block_free(again);
	free(p);
	if (comes(w))
		crash_after_commit(w);
}

/* What was made to be refused was, for the reason that it was given. */
static void see_refused(struct world *w, size_t i)
{
	const struct pending_tx *t = &w->txs[i];
	if (t->lane == 255)
		coverage_add(&w->cover->verdict[t->tx.type][t->status], 1);
	if (t->status == V_EXPIRED && t->lane == 255)
		SIM_MUST(
		    w, t->tx.valid_until < w->before.height + 1, "admission", "%s is refused as out of date", tx_type_word(t->tx.type));
	if (t->status == V_MOVING)
		check_held(w, &t->tx.sender);
	if (t->status == V_WRONG_CHAIN)
		SIM_MUST(w, t->tx.chain_id != w->genesis.chain_id, "admission", "refused as of another chain");
	if (!w->never[i])
		return;
	unsigned why = w->never[i] - 1u;
	SIM_MUST(w, t->lane == 255, "hostile transaction", "%s is in the block, not refused as %s", tx_type_word(t->tx.type),
	    why < V_COUNT ? verdict_name((enum verdict)why) : "anything");
	bool later = t->status == V_BUSY || t->status == V_MOVING || (why == V_BAD_SIGNATURE && t->status == V_BAD_NONCE);
	SIM_MUST(w, why >= V_COUNT || t->status == why || later,
	    "hostile transaction", "%s is refused as %s, not as %s", tx_type_word(t->tx.type), verdict_name(t->status),
	    verdict_name((enum verdict)why));
}

static void step(struct world *w)
{
	struct block *b;
	w->before = chain_tip(w->a.c);
	clock_next(w);
	load_block(w, block_size(w));
	int rc = round_form(w->a.c, w->time_ms, 0, w->list, w->ntxs, &b);
	SIM_MUST(w, rc == 0, "I1 conservation", "the block does not sum to the supply");
	for (size_t i = 0; i < w->ntxs; i++)
		see_refused(w, i);
	coverage_add(&w->cover->blocks, 1);
	coverage_add(&w->cover->txs, w->ntxs);
	coverage_add(&w->cover->in_blocks, block_header(b)->tx_count);
	seal_check(w, b);
	block_free(b);
}

/* Rounds without transactions until nothing travels: the sums at the end are then the accounts'. */
static void drain(struct world *w)
{
	struct block *b;
	for (int i = 0; i < 64 && chain_in_flight(w->a.c); i++) {
		w->before = chain_tip(w->a.c);
		w->time_ms += 5;
		w->ntxs = 0;
		SIM_MUST(w, round_form(w->a.c, w->time_ms, 0, w->list, 0, &b) == 0, "I1 conservation", "does not sum to the supply");
		seal_check(w, b);
		block_free(b);
	}
}

static void workers_choose(struct world *w)
{
	w->shuffled.run = peer_shuffle;
	w->threads = w->seed % 16 == 3 ? workers_new(2) : w->seed % 16 == 7 ? workers_new(9) : NULL;
	w->b.workers = w->threads ? w->threads : w->seed % 4 == 1 ? NULL : &w->shuffled;
	chain_set_workers(w->b.c, w->b.workers);
}

void sim_run(uint64_t seed, const struct options *o, struct coverage *c)
{
	autofree struct world *w = books_alloc(sizeof *w);
	w->seed = seed;
	w->o = o;
	w->cover = c;
	w->dice.s = seed * 0x9e3779b97f4a7c15ULL + 1;
	w->disk = disk_new();
	load_begin(w);
	peer_begin(w, &w->a);
	peer_begin(w, &w->b);
	workers_choose(w);
	w->check = check_new(w);
	trace_begin(w);
	uint64_t end = o->stop_at && o->stop_at < o->blocks ? o->stop_at : o->blocks;
	for (uint64_t h = 0; h < end; h++)
		step(w);
	if (!o->stop_at)
		drain(w);
	check_end(w);
	trace_end(w);
	coverage_add(&c->seeds, 1);
	uint64_t head;
	memcpy(&head, chain_tip(w->a.c).main_id.b, sizeof head);
	coverage_add(&c->heads, head);
	check_free(w->check);
	peer_end(&w->a);
	peer_end(&w->b);
	workers_free(w->threads);
	disk_free(w->disk);
	slice_drop(&w->head);
	for (size_t i = 0; i < OLD_TXS; i++)
		free(w->old[i].p);
	free(w->arena);
	genesis_free(&w->genesis);
}
