/* A node of the simulator: books and chain, begun from the genesis or from the disk's records, and lanes run in any order.
 *
 * Knows the order in which a node is loaded. Does not know what blocks are made of, nor who checks them. */
#include "tests/sim/sim.h"
#include <stdlib.h>
#include <string.h>

static void to_disk(void *arg, struct slice key, struct slice value) { disk_set(arg, key, value); }

static void head_keep(struct world *w, const struct block *b)
{
	slice_drop(&w->head);
	w->head = slice_copy(block_headers(b));
}

void peer_begin(struct world *w, struct peer *p)
{
	struct block *b;
	SIM_MUST(w, state_new(&w->genesis, &p->s) == V_OK, "genesis", "the books do not begin");
	p->c = chain_new(p->s, &w->genesis);
	SIM_MUST(w, round_genesis(p->c, &b) == 0, "genesis", "the first block is not sound");
	if (!w->disk->all) {
		chain_changes(p->c, to_disk, w->disk);
		head_keep(w, b);
	}
	block_free(b);
}

struct load { struct world *w; struct peer *p; };

static void load_one(void *arg, const struct rec *r)
{
	struct load *l = arg;
	struct slice key = {r->key, r->klen};
	SIM_MUST(l->w, state_load(l->p->s, key, r->value), "I10 restart", "a record of kind %u of chain %u cannot be loaded", r->key[1],
	    r->key[0]);
	SIM_MUST(l->w, chain_load_record(l->p->c, key, r->value), "I10 restart", "a record is of no chain");
}

void peer_load(struct world *w, struct peer *p)
{
	char why[256] = "";
	struct load l = {w, p};
	peer_end(p);
	SIM_MUST(w, state_new(&w->genesis, &p->s) == V_OK, "genesis", "the books do not begin");
	state_load_begin(p->s);
	p->c = chain_new(p->s, &w->genesis);
	chain_set_workers(p->c, p->workers);
	SIM_MUST(w, chain_load_head(p->c, w->head, why), "I10 restart", "%s", why);
	struct tip tip = chain_tip(p->c);
	disk_walk(w->disk, load_one, &l);
	SIM_MUST(w, state_load_end(p->s, tip.height, tip.time_ms), "I10 restart", "the loaded books do not agree with themselves");
	SIM_MUST(w, chain_load_end(p->c, why), "I10 restart", "%s", why);
	coverage_add(&w->cover->restarts, 1);
}

void peer_end(struct peer *p)
{
	chain_free(p->c);
	state_free(p->s);
	p->c = NULL;
	p->s = NULL;
}

/* Every job once, in an order of its own for each call. */
void peer_shuffle(struct workers *me, void (*job)(void *arg, size_t i), void *arg, size_t n)
{
	struct world *w = (struct world *)((char *)me - offsetof(struct world, shuffled));
	size_t order[CHAINS];
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)(dice_u64(&w->dice) % i), kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
	coverage_add(&w->cover->wide, 1);
	for (size_t i = 0; i < n; i++)
		job(arg, order[i]);
}
