/* Rounds over the real books.
 *
 * The supply in every block, and a chain that is carried out again gives the same bytes. */
#include "ledger/workers.h"
#include "tests/round_rig.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 40
#define PER_ROUND 96 /* enough that lanes are given to other threads */

static void make(struct world *w, int from, uint64_t nonce, uint32_t serial, struct pending_tx *p)
{
	struct tx tx = {.type = TX_TRANSFER, .chain_id = w->g.chain_id, .sender = w->who[from], .nonce = nonce, .valid_until = 1000};
	memcpy(tx.u.transfer.cid.b, &serial, sizeof serial);
	tx.u.transfer.to = w->who[rand() % PEOPLE];
	if (rand() % 8 == 0)
		tx.u.transfer.to.b[0] ^= 0xff; /* nobody: bounces */
	tx.u.transfer.amount = money_of(1 + (uint64_t)rand() % 400);
	world_send(w, from, &tx, p);
}

static void check_sums(const struct block *b)
{
	uint64_t sum = 0;
	for (uint8_t i = 0; i < CHAINS; i++) {
		struct lane_header l;
		ck_assert(lane_header_get(block_lane(b, i), &l));
		sum += money_base(l.lane_total) + money_base(l.out_total);
	}
	ck_assert_uint_eq(sum, SUPPLY_BASE);
}

static struct stored one_round(struct world *w, uint32_t *serial, uint32_t *in)
{
	static struct pending_tx p[PER_ROUND];
	struct pending_tx *list[PER_ROUND];
	uint64_t next[PEOPLE];
	struct block *b;
	bool exists;
	for (int i = 0; i < PEOPLE; i++)
		next[i] = state_nonce(w->s, &w->who[i], &exists);
	for (int i = 0; i < PER_ROUND; i++) {
		int from = rand() % PEOPLE;
		memset(&p[i], 0, sizeof p[i]);
		make(w, from, next[from]++ + (rand() % 16 == 0), ++*serial, &p[i]); /* now and then a gap */
		list[i] = &p[i];
	}
	ck_assert_int_eq(round_form(w->c, chain_tip(w->c).time_ms + 7, 0, list, PER_ROUND, &b), 0);
	check_sums(b);
	for (int i = 0; i < PER_ROUND; i++) {
		ck_assert(p[i].lane != 255 || p[i].status != V_OK);
		*in += p[i].lane != 255;
	}
	pending_free(p, PER_ROUND);
	struct stored kept = stored_of(b);
	block_free(b);
	return kept;
}

static int apply(struct world *w, const struct stored *k, struct block **ret)
{
	char why[256];
	return round_apply(w->c, (struct slice){k->p, k->len}, ret, why);
}

static void run_backwards(struct workers *w, void (*job)(void *arg, size_t i), void *arg, size_t n)
{
	(void)w;
	while (n)
		job(arg, --n);
}

static void replay(struct world *w, const struct stored *kept, struct workers *workers, const struct tip *end)
{
	struct stored again = world_begin(w);
	ck_assert_mem_eq(again.p, kept[0].p, again.len);
	free(again.p);
	chain_set_workers(w->c, workers);
	for (int i = 1; i <= ROUNDS; i++) {
		struct block *b;
		ck_assert_int_eq(apply(w, &kept[i], &b), 0);
		ck_assert_mem_eq(block_bytes(b).p, kept[i].p, kept[i].len);
		block_free(b);
	}
	struct tip tip = chain_tip(w->c);
	ck_assert_int_eq(id_cmp(&tip.main_id, &end->main_id), 0);
	world_end(w);
}

static void everybody_moves(struct world *w)
{
	w->g.mig_epoch_ms = 20;
	w->g.mig_theta_ppm = 0;
	w->g.mig_weight = 1;
	w->g.load_cap_ppm = UINT32_MAX;
	w->genesis = genesis_hash(&w->g);
}

/* One thread, any number of them, lanes in any order: the same blocks; also while accounts change lanes (the second time). */
START_TEST(replay_gives_the_same_bytes)
{
	static const unsigned threads[] = {0, 2, 3, 9};
	struct workers backwards = {run_backwards};
	static struct world w;
	struct stored kept[ROUNDS + 1];
	uint32_t serial = 0, in = 0;
	srand(7);
	world_open(&w, PEOPLE);
	if (_i)
		everybody_moves(&w);
	kept[0] = world_begin(&w);
	for (int i = 1; i <= ROUNDS; i++)
		kept[i] = one_round(&w, &serial, &in);
	ck_assert_uint_gt(in, ROUNDS * PER_ROUND / 2);
	ck_assert(_i ? state_traffic(w.s, 0).moved > PEOPLE : state_traffic(w.s, 0).moved == 0);
	struct tip end = chain_tip(w.c);
	world_end(&w);
	replay(&w, kept, NULL, &end);
	replay(&w, kept, &backwards, &end);
	for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
		struct workers *workers = workers_new(threads[i]);
		ck_assert(workers || threads[i] < 2);
		replay(&w, kept, workers, &end);
		workers_free(workers);
	}
	for (int i = 0; i <= ROUNDS; i++)
		free(kept[i].p);
}
END_TEST

/* One flipped bit anywhere, in a header or in a transaction, and the block is another one; but a later time is as good as any, and only
 * the seal tells. */
#define TIME_AT 32
START_TEST(flipped_bits_are_refused)
{
	static struct world w;
	uint32_t serial = 0, in = 0;
	srand(8);
	world_open(&w, PEOPLE);
	free(world_begin(&w).p);
	struct stored kept = one_round(&w, &serial, &in);
	world_end(&w);
	for (size_t at = 0; at < kept.len; at += 1 + (size_t)rand() % 97) {
		struct block *b = NULL;
		uint8_t bit = (uint8_t)(1 << rand() % 8);
		if (at >= TIME_AT && at < TIME_AT + 8)
			continue;
		free(world_begin(&w).p);
		kept.p[at] ^= bit;
		ck_assert_msg(apply(&w, &kept, &b) == -EBADMSG, "byte %zu", at);
		kept.p[at] ^= bit;
		world_end(&w);
	}
	free(kept.p);
}
END_TEST

/* Account 0 takes the key of 1. Who is in the block is decided before it runs: by the old key, which by its turn moves nothing; the new key
 * signs from the next block on. */
START_TEST(behind_new_keys)
{
	static struct world w;
	for (int signer = 0; signer < 2; signer++) {
		struct pending_tx p[2] = {{.lane = 0}}, *list[2] = {&p[0], &p[1]};
		struct block *b, *again;
		world_open(&w, PEOPLE);
		free(world_begin(&w).p);
		struct tx tx = {.type = TX_SET_AUTH, .chain_id = w.g.chain_id, .sender = w.who[0], .valid_until = 1000};
		tx.u.set_auth.auth = sign_auth_single(w.key[1].pk);
		world_send(&w, 0, &tx, &p[0]);
		tx = (struct tx){.type = TX_TRANSFER, .chain_id = w.g.chain_id, .sender = w.who[0], .nonce = 1, .valid_until = 1000};
		tx.u.transfer.to = w.who[2];
		tx.u.transfer.amount = money_of(1);
		world_send(&w, signer, &tx, &p[1]);
		ck_assert_int_eq(round_form(w.c, 2000, 0, list, 2, &b), 0);
		ck_assert(p[0].lane != 255 && p[0].status == V_OK);
		ck_assert_int_eq(p[1].status, V_BAD_SIGNATURE);
		ck_assert((p[1].lane != 255) == (signer == 0));
		ck_assert_uint_eq(money_base(state_total(w.s, 1)) % 1000, 0); /* it did not pay */
		struct stored kept = stored_of(b);
		block_free(b);
		world_end(&w);
		free(world_begin(&w).p);
		ck_assert_int_eq(apply(&w, &kept, &again), 0);
		block_free(again);
		pending_free(p + 1, 1);
		tx.nonce = signer == 0 ? 2 : 1;
		world_send(&w, 1, &tx, &p[1]);
		ck_assert_int_eq(round_form(w.c, 3000, 0, list + 1, 1, &b), 0);
		ck_assert_int_eq(p[1].status, V_OK);
		block_free(b);
		world_end(&w);
		genesis_free(&w.g);
		pending_free(p, 2);
		free(kept.p);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("round");
	TCase *t = tcase_create("round");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, replay_gives_the_same_bytes, 0, 2);
	tcase_add_test(t, behind_new_keys);
	tcase_add_test(t, flipped_bits_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
