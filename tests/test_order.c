/* The correlation order: the walk against its definition, and what a round makes of it.
 *
 * Who proposes chooses which transactions, never their order: any order that comes in gives the same block, and a block with two leaves
 * changed over is refused though its roots are right. */
#include "ledger/chain/order.h"
#include "ledger/crypto/hash.h"
#include "tests/round_rig.h"
#include "tests/vector.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- the walk --- */

#define NODES 24

/* As the protocol says it, with no thought for speed. */
static void walk_by_definition(uint64_t w[NODES][NODES], uint32_t n, uint32_t start, uint32_t *out)
{
	bool seen[NODES] = {false};
	uint32_t stack[NODES], depth = 0, k = 0, root = start;
	while (k < n) {
		for (uint32_t i = 0; k && depth == 0 && i < n; i++)
			if (!seen[i]) {
				root = i;
				break;
			}
		if (depth == 0) {
			seen[root] = true;
			out[k++] = stack[depth++] = root;
			continue;
		}
		uint32_t top = stack[depth - 1], best = n;
		for (uint32_t i = 0; i < n; i++)
			if (!seen[i] && w[top][i] && (best == n || w[top][i] > w[top][best]))
				best = i;
		if (best == n) {
			depth--;
			continue;
		}
		seen[best] = true;
		out[k++] = stack[depth++] = best;
	}
}

START_TEST(walk_is_as_defined)
{
	srand(11);
	for (int round = 0; round < 3000; round++) {
		uint64_t w[NODES][NODES] = {{0}};
		struct edge edge[96];
		uint32_t out[NODES], expected[NODES];
		uint32_t n = 1 + (uint32_t)rand() % NODES, start = (uint32_t)rand() % n;
		size_t nedges = (size_t)rand() % 96;
		for (size_t i = 0; i < nedges; i++) {
			edge[i] = (struct edge){(uint32_t)rand() % n, (uint32_t)rand() % n, (uint64_t)rand() % 4};
			if (edge[i].a == edge[i].b)
				continue;
			w[edge[i].a][edge[i].b] += edge[i].weight;
			w[edge[i].b][edge[i].a] += edge[i].weight;
		}
		order_walk(edge, nedges, n, start, out);
		walk_by_definition(w, n, start, expected);
		ck_assert_mem_eq(out, expected, n * sizeof *out);
	}
}
END_TEST

/* --- in a round --- */

#define MANY 60

static void shuffle(struct pending_tx **list, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)rand() % i;
		struct pending_tx *t = list[i - 1];
		list[i - 1] = list[j];
		list[j] = t;
	}
}

/* The same transactions as they were signed, for a round from the start. */
static struct stored form(struct world *w, const struct pending_tx *signed_tx, size_t n, bool mix)
{
	struct pending_tx *p = malloc(n * sizeof *p), **list = malloc(n * sizeof *list);
	struct block *b;
	memcpy(p, signed_tx, n * sizeof *p);
	for (size_t i = 0; i < n; i++)
		list[i] = &p[i];
	if (mix)
		shuffle(list, n);
	ck_assert_int_eq(round_form(w->c, chain_tip(w->c).time_ms + 7, 0, list, n, &b), 0);
	struct stored kept = stored_of(b);
	block_free(b);
	free(p);
	free(list);
	return kept;
}

static size_t some_payments(struct world *w, struct pending_tx *p, uint32_t *serial)
{
	uint64_t next[PEOPLE];
	bool exists;
	for (int i = 0; i < PEOPLE; i++)
		next[i] = state_nonce(w->s, &w->who[i], &exists);
	for (size_t i = 0; i < MANY; i++) {
		int from = rand() % PEOPLE;
		memset(&p[i], 0, sizeof p[i]);
		world_pay(w, from, rand() % PEOPLE, next[from]++ + (rand() % 24 == 0), ++*serial, &p[i]);
	}
	return MANY;
}

START_TEST(order_that_comes_in_does_not_count)
{
	static struct world w;
	static struct pending_tx p[3][MANY];
	struct stored first[3], again;
	uint32_t serial = 0;
	srand(12);
	world_open(&w, PEOPLE);
	free(world_begin(&w).p);
	for (int i = 0; i < 3; i++)
		first[i] = form(&w, p[i], some_payments(&w, p[i], &serial), false);
	world_end(&w);
	for (int round = 0; round < 10; round++) {
		free(world_begin(&w).p);
		for (int i = 0; i < 3; i++) {
			again = form(&w, p[i], MANY, true);
			ck_assert_uint_eq(again.len, first[i].len);
			ck_assert_mem_eq(again.p, first[i].p, first[i].len);
			free(again.p);
		}
		world_end(&w);
	}
	for (int i = 0; i < 3; i++) {
		pending_free(p[i], MANY);
		free(first[i].p);
	}
}
END_TEST

/* --- a block in another order --- */

struct leaves { struct slice item[MANY]; uint32_t n; size_t at; }; /* each with its status; at: of the first, in the block */

static struct leaves leaves_of(const struct block *b, uint8_t lane)
{
	struct slice list = block_txs(b, lane), envelope;
	struct rbuf r = rbuf_on(list.p + 4, list.len - 4);
	struct leaves l = {.at = (size_t)(list.p + 4 - block_bytes(b).p)};
	uint16_t status;
	for (size_t start = 0; block_tx_next(&r, &status, &envelope); start = r.pos)
		l.item[l.n++] = (struct slice){list.p + 4 + start, r.pos - start};
	return l;
}

static struct id leaf_of_item(struct slice item)
{
	struct rbuf r = rbuf_on(item.p, item.len);
	struct slice envelope;
	uint16_t status;
	struct tx tx;
	size_t signed_len;
	ck_assert(block_tx_next(&r, &status, &envelope));
	ck_assert_int_eq(tx_get(envelope, &tx, &signed_len), V_OK);
	struct id txid = hash_of("zeus/txid", envelope.p, signed_len);
	struct id sigs = hash_of("zeus/sigs", envelope.p + signed_len, envelope.len - signed_len);
	return leaf_hash(&txid, &sigs, status);
}

static struct id primary_of_item(struct slice item)
{
	struct tx tx;
	size_t signed_len;
	ck_assert_int_eq(tx_get((struct slice){item.p + 6, item.len - 6}, &tx, &signed_len), V_OK);
	return *tx_primary(&tx);
}

/* Leaves i and i + 1 of the lane change places, and every root and header above says so. */
static struct stored swapped(const struct block *b, uint8_t lane, uint32_t i)
{
	struct leaves l = leaves_of(b, lane);
	struct slice t = l.item[i];
	l.item[i] = l.item[i + 1];
	l.item[i + 1] = t;
	struct slice whole = block_bytes(b);
	struct stored s = {malloc(whole.len), whole.len};
	struct id leaf[MANY], id[CHAINS];
	struct lane_header head[CHAINS];
	struct main_header main = *block_header(b);
	memcpy(s.p, whole.p, whole.len);
	size_t at = l.at;
	for (uint32_t k = 0; k < l.n; k++) {
		memcpy(s.p + at, l.item[k].p, l.item[k].len);
		at += l.item[k].len;
		leaf[k] = leaf_of_item(l.item[k]);
	}
	for (uint8_t k = 0; k < CHAINS; k++) {
		ck_assert(lane_header_get(block_lane(b, k), &head[k]));
		if (k == lane) {
			head[k].tx_root = merkle_root(leaf, l.n);
			head[k].tail = primary_of_item(l.item[l.n - 1]);
		}
		id[k] = lane_header_id(&head[k]);
		struct wbuf w = wbuf_on(s.p + MAIN_HEADER_LEN + k * LANE_HEADER_LEN, LANE_HEADER_LEN);
		lane_header_put(&w, &head[k]);
	}
	main.lanes_root = merkle_root(id, CHAINS);
	struct wbuf w = wbuf_on(s.p, MAIN_HEADER_LEN);
	main_header_put(&w, &main);
	return s;
}

START_TEST(another_order_is_refused)
{
	static struct world w;
	static struct pending_tx p[MANY];
	uint32_t serial = 0, tried = 0;
	char why[256];
	srand(13);
	world_open(&w, PEOPLE);
	free(world_begin(&w).p);
	struct stored good = form(&w, p, some_payments(&w, p, &serial), false);
	world_end(&w);
	struct block *b = block_read((struct slice){good.p, good.len}, why), *made = NULL;
	for (uint8_t lane = 1; lane < CHAINS; lane++) {
		uint32_t n = leaves_of(b, lane).n;
		for (uint32_t i = 0; i + 1 < n; i++, tried++) {
			struct stored bad = swapped(b, lane, i);
			struct block *shape = block_read((struct slice){bad.p, bad.len}, why);
			ck_assert_msg(shape != NULL, "%s", why); /* nothing but the order is wrong with it */
			block_free(shape);
			free(world_begin(&w).p);
			ck_assert_int_eq(round_apply(w.c, (struct slice){bad.p, bad.len}, &made, why), -EBADMSG);
			world_end(&w);
			free(bad.p);
		}
	}
	ck_assert_uint_gt(tried, MANY / 2);
	free(world_begin(&w).p);
	ck_assert_int_eq(round_apply(w.c, (struct slice){good.p, good.len}, &made, why), 0);
	block_free(made);
	world_end(&w);
	block_free(b);
	pending_free(p, MANY);
	free(good.p);
}
END_TEST

/* --- what weighs --- */

#define OF_A_LANE 6

/* People of one lane, in order of their addresses: k is the index of the i-th. */
static void neighbours_of_lane(const struct world *w, int k[OF_A_LANE])
{
	for (int i = 0; i < OF_A_LANE; i++)
		k[i] = i * LANES;
	for (int i = 0; i < OF_A_LANE; i++)
		for (int j = i + 1; j < OF_A_LANE; j++)
			if (memcmp(w->who[k[i]].b, w->who[k[j]].b, 32) > 0) {
				int t = k[i];
				k[i] = k[j];
				k[j] = t;
			}
}

/* One round in which these pay those; checks the order of senders in their lane. */
static void expect(struct world *w, const int (*pay)[2], size_t n, const int *senders, size_t nsenders, uint32_t *serial)
{
	static struct pending_tx p[MANY];
	bool exists;
	char why[256];
	memset(p, 0, sizeof p);
	for (size_t i = 0; i < n; i++)
		world_pay(w, pay[i][0], pay[i][1], state_nonce(w->s, &w->who[pay[i][0]], &exists), ++*serial, &p[i]);
	struct stored s = form(w, p, n, true);
	struct block *b = block_read((struct slice){s.p, s.len}, why);
	struct leaves l = leaves_of(b, 1);
	ck_assert_uint_eq(l.n, nsenders);
	for (size_t i = 0; i < nsenders; i++) {
		struct id who = primary_of_item(l.item[i]);
		ck_assert_msg(memcmp(who.b, w->who[senders[i]].b, 32) == 0, "leaf %zu", i);
	}
	block_free(b);
	free(s.p);
	pending_free(p, n);
}

START_TEST(weights_and_tail_lead)
{
	static struct world w;
	uint32_t serial = 0;
	int k[OF_A_LANE];
	world_open(&w, OF_A_LANE * LANES);
	free(world_begin(&w).p);
	neighbours_of_lane(&w, k);
	int other = k[0] + 1; /* of the next lane */
	/* nothing known: by id */
	expect(&w, (const int[][2]){{k[0], other}, {k[1], other}, {k[2], other}, {k[3], other}}, 4, (int[]){k[0], k[1], k[2], k[3]}, 4,
	    &serial);
	/* the tail's own group first; the one who names another stands beside him */
	expect(&w, (const int[][2]){{k[0], k[2]}, {k[1], other}, {k[2], other}, {k[3], other}}, 4, (int[]){k[3], k[0], k[2], k[1]}, 4,
	    &serial);
	/* the tail is k[3]: whoever is known to him comes first, though his id is greater */
	expect(&w, (const int[][2]){{k[3], k[2]}}, 1, (int[]){k[3]}, 1, &serial);
	expect(&w, (const int[][2]){{k[0], other}, {k[1], other}, {k[2], other}}, 3, (int[]){k[2], k[0], k[1]}, 3, &serial);
	world_end(&w);
}
END_TEST

START_TEST(stored_weights_lead)
{
	static struct world w;
	uint32_t serial = 0;
	int k[OF_A_LANE];
	world_open(&w, OF_A_LANE * LANES);
	free(world_begin(&w).p);
	neighbours_of_lane(&w, k);
	int other = k[0] + 1;
	expect(&w, (const int[][2]){{k[2], k[3]}, {k[3], other}}, 2, (int[]){k[2], k[3]}, 2, &serial);
	/* the tail is k[3], which has not heard of k[2] yet: that k[2] knows him is enough */
	expect(&w, (const int[][2]){{k[0], other}, {k[2], other}}, 2, (int[]){k[2], k[0]}, 2, &serial);
	/* who dealt with each other before, and not in this block, stand side by side; the tail is a stranger */
	expect(&w, (const int[][2]){{k[0], k[4]}}, 1, (int[]){k[0]}, 1, &serial);
	expect(&w, (const int[][2]){{k[5], other}}, 1, (int[]){k[5]}, 1, &serial);
	expect(&w, (const int[][2]){{k[0], other}, {k[1], other}, {k[4], other}}, 3, (int[]){k[0], k[4], k[1]}, 3, &serial);
	world_end(&w);
}
END_TEST

/* A full lane takes the front of each line; the rest is asked to come again, and what came in is a block. */
START_TEST(full_lanes_wait)
{
	static struct world w;
	static struct pending_tx p[MANY];
	struct pending_tx *list[MANY];
	struct block *b, *made;
	uint32_t serial = 0, busy = 0;
	char why[256];
	world_open(&w, PEOPLE);
	w.g.lane_tx_max = 7;
	w.genesis = genesis_hash(&w.g);
	free(world_begin(&w).p);
	for (uint32_t i = 0; i < MANY; i++) {
		world_pay(&w, i % 2 ? 0 : LANES, 1, i / 2, ++serial, &p[i]);
		list[i] = &p[i];
	}
	ck_assert_int_eq(round_form(w.c, chain_tip(w.c).time_ms + 7, 0, list, MANY, &b), 0);
	for (uint32_t i = 0; i < MANY; i++)
		busy += p[i].lane == 255 && p[i].status == V_BUSY;
	ck_assert_uint_eq(block_header(b)->tx_count, 7);
	ck_assert_uint_eq(busy, MANY - 7);
	struct stored kept = stored_of(b);
	block_free(b);
	world_end(&w);
	free(world_begin(&w).p);
	ck_assert_int_eq(round_apply(w.c, (struct slice){kept.p, kept.len}, &made, why), 0);
	block_free(made);
	world_end(&w);
	free(kept.p);
	pending_free(p, MANY);
}
END_TEST

TEST_MAIN("order", walk_is_as_defined, order_that_comes_in_does_not_count, another_order_is_refused, weights_and_tail_lead,
    stored_weights_lead, full_lanes_wait)
