/* Proofs: many leaves at once, and the text that a shell can check.
 *
 * zeus-verify is run as installed, and what chains/N/verify does must say the same: on each leaf of blocks of many sizes, and on a proof
 * with each of its bits flipped, once as it is and once with its sum made good again, as a liar would. */
#include "ledger/chain/multi.h"
#include "ledger/chain/proof.h"
#include "ledger/crypto/hash.h"
#include "tests/round_rig.h"
#include "tests/scratch.h"
#include "tests/vector.h"
#include "zfs-views/verify.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- multiproofs --- */

#define LEAVES 40

static void fill(struct id *leaf, size_t n)
{
	for (uint32_t i = 0; i < n; i++)
		leaf[i] = hash_of("zeus/leaf", &i, sizeof i);
}

/* The leaves whose bits are set, as ranges; and themselves. */
static uint32_t choose(uint64_t bits, const struct id *leaf, uint32_t n, struct range *range, struct id *chosen)
{
	uint32_t nranges = 0, k = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!(bits >> i & 1))
			continue;
		if (i && bits >> (i - 1) & 1)
			range[nranges - 1].count++;
		else
			range[nranges++] = (struct range){i, 1};
		chosen[k++] = leaf[i];
	}
	return nranges;
}

static bool multi_again(struct slice in, struct wbuf *out)
{
	struct multi m;
	if (!multi_get(in, &m))
		return false;
	multi_put(out, &m);
	multi_free(&m);
	return true;
}

START_TEST(every_choice_of_small_trees)
{
	struct id leaf[LEAVES], chosen[LEAVES];
	struct range range[LEAVES];
	struct multi m;
	fill(leaf, LEAVES);
	for (uint32_t n = 1; n <= 10; n++) {
		struct id root = merkle_root(leaf, n);
		for (uint64_t bits = 1; bits < 1u << n; bits++) {
			uint32_t nranges = choose(bits, leaf, n, range, chosen);
			ck_assert_int_eq(multi_prove(leaf, n, range, nranges, &m), 0);
			ck_assert_uint_eq(multi_chosen(&m), (uint32_t)__builtin_popcountll(bits));
			ck_assert(multi_check(&m, chosen, &root));
			chosen[0].b[0] ^= 1;
			ck_assert(!multi_check(&m, chosen, &root));
			multi_free(&m);
		}
	}
}
END_TEST

START_TEST(one_leaf_is_a_path)
{
	struct id leaf[LEAVES], path[40];
	struct multi m;
	fill(leaf, LEAVES);
	for (uint32_t n = 1; n <= LEAVES; n++)
		for (uint32_t i = 0; i < n; i++) {
			ck_assert_int_eq(multi_prove(leaf, n, &(struct range){i, 1}, 1, &m), 0);
			ck_assert_uint_eq(m.nhashes, merkle_path(leaf, n, i, path));
			multi_free(&m);
		}
}
END_TEST

START_TEST(multi_bytes)
{
	static uint8_t room[VECTOR_MAX];
	struct id leaf[LEAVES], chosen[LEAVES], root;
	struct range range[LEAVES];
	struct multi m, got;
	fill(leaf, LEAVES);
	root = merkle_root(leaf, 13);
	uint32_t nranges = choose(0x1c42, leaf, 13, range, chosen);
	ck_assert_int_eq(multi_prove(leaf, 13, range, nranges, &m), 0);
	struct wbuf w = wbuf_on(room, sizeof room);
	multi_put(&w, &m);
	ck_assert_uint_eq(w.len, multi_len(&m));
	vector_hold("proof.txt", "multi", &w, multi_again);
	for (size_t bit = 0; bit < 8 * w.len; bit++) { /* whatever is read again proves nothing false */
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (multi_get((struct slice){room, w.len}, &got)) {
			bool same = got.nranges == m.nranges && memcmp(got.range, m.range, m.nranges * sizeof *m.range) == 0;
			ck_assert(multi_chosen(&got) > LEAVES || !multi_check(&got, chosen, &root) || (same && got.leaves != m.leaves));
			ck_assert(!same || got.leaves != m.leaves || bit / 8 >= 12 + 8 * m.nranges);
			multi_free(&got);
		}
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	multi_free(&m);
}
END_TEST

START_TEST(multi_refuses)
{
	struct id leaf[LEAVES];
	struct multi m;
	const struct range none[] = {{0, 0}}, beyond[] = {{9, 2}}, touching[] = {{0, 2}, {2, 1}}, back[] = {{5, 1}, {1, 1}},
		     wraps[] = {{UINT32_MAX, 2}};
	fill(leaf, LEAVES);
	ck_assert_int_eq(multi_prove(leaf, 10, none, 1, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, 10, none, 0, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, 10, beyond, 1, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, 10, touching, 2, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, 10, back, 2, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, 10, wraps, 1, &m), -EINVAL);
	ck_assert_int_eq(multi_prove(leaf, MULTI_LEAVES_MAX + 1, beyond, 1, &m), -E2BIG);
	ck_assert_int_eq(multi_prove(leaf, 10, beyond, MULTI_RANGES_MAX + 1, &m), -E2BIG);
}
END_TEST

/* --- proof texts --- */

#define MOST 34
#define FLIPS_MAX 4096

static struct world w;
static struct keypair sealer;
static char dir[SCRATCH_LEN];

struct text { char *p; size_t len; };

/* n payments of one account, sealed by a key of the test's own. */
static struct block *block_with(uint32_t n)
{
	static struct pending_tx p[MOST];
	struct pending_tx *list[MOST];
	struct block *b;
	world_open(&w, 1);
	free(world_begin(&w).p);
	for (uint32_t i = 0; i < n; i++) {
		memset(&p[i], 0, sizeof p[i]);
		world_pay(&w, 0, i % 5 ? 0 : -1, i, i + 1, &p[i]); /* some to nobody: in the block with another status */
		list[i] = &p[i];
	}
	ck_assert_int_eq(round_form(w.c, 2000, 0, list, n, &b), 0);
	ck_assert_uint_eq(block_header(b)->tx_count, n);
	pending_free(p, n);
	world_end(&w);
	return b;
}

static struct text text_of(const struct block *b, uint32_t leaf)
{
	uint8_t sig[64], *p;
	struct text t;
	struct tip tip = block_tip(b);
	struct id message = hash_of("zeus/seal", tip.main_id.b, 32);
	sign_bytes(&sealer, message.b, sizeof message.b, sig);
	struct proof_seal seal = {0, sealer.pk, sig};
	ck_assert(proof_text(b, 1, leaf, &seal, 1, &p, &t.len));
	t.p = (char *)p;
	return t;
}

static unsigned checked; /* files that the tree would find good */

static void put_file(unsigned n, const char *p, size_t len)
{
	char path[SCRATCH_LEN + 16];
	snprintf(path, sizeof path, "%s/%05u", dir, n);
	FILE *f = fopen(path, "w");
	ck_assert(f && fwrite(p, 1, len, f) == len && fclose(f) == 0);
	struct proof_claim c = {.status = UINT16_MAX};
	char *exact = malloc(len + 1); /* a byte too far is seen by tools that look for that */
	memcpy(exact, p, len);
	checked += proof_check((struct slice){(uint8_t *)exact, len}, &c) == NULL;
	free(exact);
}

/* Verify the files 0 .. n-1 in turn and remove them; counts how many are good. */
static unsigned verify(unsigned n, const char *options)
{
	char command[1024], line[512], path[SCRATCH_LEN + 16];
	unsigned good = 0, said = 0;
	const char *top = getenv("top_srcdir");
	snprintf(command, sizeof command, "cd %s && %s/tools/zeus-verify %s [0-9]* 2>&1", dir, top ? top : ".", options);
	FILE *f = popen(command, "r");
	ck_assert(f);
	while (fgets(line, sizeof line, f)) {
		bool ok = strncmp(line, "ok height=1 lane=1 leaf=", 24) == 0;
		ck_assert_msg(ok || strncmp(line, "bad ", 4) == 0, "%s", line);
		good += ok;
		said++;
	}
	int rc = pclose(f);
	ck_assert_uint_eq(said, n);
	ck_assert_int_eq(rc, good == n ? 0 : 1 << 8);
	ck_assert(*options ? good <= checked : good == checked);
	checked = 0;
	for (unsigned i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%05u", dir, i);
		unlink(path);
	}
	return good;
}

static void proof_setup(void)
{
	ck_assert_int_eq(sign_init(), 0);
	sign_keypair_new(&sealer);
	scratch_make(dir);
}

static void proof_teardown(void)
{
	scratch_remove(dir);
}

START_TEST(every_leaf_is_proven)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 8, 13, MOST};
	unsigned n = 0;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct block *b = block_with(sizes[i]);
		for (uint32_t leaf = 0; leaf < sizes[i]; leaf += sizes[i] == MOST ? 11 : 1) {
			struct text t = text_of(b, leaf);
			put_file(n++, t.p, t.len);
			free(t.p);
		}
		uint8_t *p;
		size_t len;
		ck_assert(!proof_text(b, 1, sizes[i], NULL, 0, &p, &len));
		ck_assert(!proof_text(b, 2, 0, NULL, 0, &p, &len));
		ck_assert(!proof_text(b, CHAINS, 0, NULL, 0, &p, &len));
		block_free(b);
	}
	ck_assert_uint_eq(verify(n, ""), n);
}
END_TEST

/* One bit of every byte; never two alike in a row. */
START_TEST(flipped_bits_are_refused)
{
	struct block *b = block_with(2);
	struct text t = text_of(b, 1);
	unsigned n = 0;
	ck_assert_uint_lt(t.len, FLIPS_MAX);
	for (size_t i = 0; i < t.len; i++) {
		char was = t.p[i];
		t.p[i] = (char)(was ^ 1 << (i * 3 % 8));
		put_file(n++, t.p, t.len);
		t.p[i] = was;
	}
	ck_assert_uint_eq(verify(n, ""), 0);
	put_file(0, t.p, t.len - 1);                     /* no last newline */
	put_file(1, t.p, strchr(t.p, '\n') - t.p + 1);   /* nothing but its first line */
	put_file(2, "", 0);
	ck_assert_uint_eq(verify(3, ""), 0);
	free(t.p);
	block_free(b);
}
END_TEST

static void sum_again(struct text *t)
{
	char hex[65];
	size_t body = t->len - 69; /* "sum " and 64 digits and the newline */
	struct id sum = hash_of("zeus/proof", t->p, body);
	hex_encode(sum.b, 32, hex);
	memcpy(t->p + body + 4, hex, 64);
}

/* What a liar changes is refused for what it is. The lowest bit: most digits stay digits. Only who signed,
 * and the signature, are not looked at here. */
START_TEST(lies_with_a_right_sum_are_refused)
{
	struct block *b = block_with(2);
	struct text t = text_of(b, 1);
	char *copy = strndup(t.p, t.len);
	size_t seal = (size_t)(strstr(copy, "\nseal ") - copy), body = t.len - 69;
	unsigned n = 0;
	for (size_t i = 0; i < body; i += i < 80 || (i > seal && i < seal + 12) ? 1 : 23) {
		if (i > seal + 5 && t.p[i] != '\n' && t.p[i] != ' ')
			continue;
		t.p[i] ^= 1;
		sum_again(&t);
		put_file(n++, t.p, t.len);
		t.p[i] ^= 1;
	}
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_eq(verify(n, ""), 0);
	sum_again(&t);
	ck_assert_mem_eq(t.p, copy, t.len);
	free(copy);
	free(t.p);
	block_free(b);
}
END_TEST

static void put_raw(const char *tag, struct slice head, const struct id *id)
{
	char path[SCRATCH_LEN + 16], hex[65];
	snprintf(path, sizeof path, "%s/raw", dir);
	FILE *f = fopen(path, "w");
	ck_assert(f && fwrite(tag, 1, strlen(tag) + 1, f) == strlen(tag) + 1 && fwrite(head.p, 1, head.len, f) == head.len);
	fclose(f);
	hex_encode(id->b, 32, hex);
	snprintf(path, sizeof path, "%s/hash", dir);
	f = fopen(path, "w");
	fprintf(f, "%s\n", hex);
	fclose(f);
}

START_TEST(the_tree_agrees)
{
	struct block *b = block_with(3), *other = block_with(2);
	struct text t = text_of(b, 1);
	struct tip tip = block_tip(b);
	char option[128], hex[65];
	hex_encode(tip.main_id.b, 32, hex);
	put_file(0, t.p, t.len);
	snprintf(option, sizeof option, "--id %s", hex);
	ck_assert_uint_eq(verify(1, option), 1);
	option[5] = option[5] == '0' ? '1' : '0';
	put_file(0, t.p, t.len);
	ck_assert_uint_eq(verify(1, option), 0);
	for (int i = 0; i < 5; i++) { /* lane, main, another block's, a wrong hash, the main header as a lane's */
		const struct block *from = i == 2 ? other : b;
		tip = block_tip(from);
		struct slice head = i == 1 || i == 4 ? block_main(from) : block_lane(from, 1);
		struct id id = i == 1 ? tip.main_id : tip.lane_id[1];
		id.b[5] ^= i == 3;
		put_raw(i == 1 ? "zeus/blk" : "zeus/lane", head, &id);
		put_file(0, t.p, t.len);
		ck_assert_uint_eq(verify(1, "--block ."), i < 2);
	}
	free(t.p);
	block_free(b);
	block_free(other);
}
END_TEST

START_TEST(the_seal_verifies)
{
	struct block *b = block_with(1);
	struct text t = text_of(b, 0);
	struct tip tip = block_tip(b);
	struct id message = hash_of("zeus/seal", tip.main_id.b, 32);
	uint8_t pk[32], sig[64];
	char hex[129], *seal = strstr(t.p, "\nseal 0 ");
	ck_assert(seal);
	ck_assert_int_eq(snprintf(hex, 65, "%s", seal + 8) > 64, 1);
	ck_assert(hex_decode(hex, pk, 32));
	snprintf(hex, sizeof hex, "%s", seal + 8 + 65);
	ck_assert(hex_decode(hex, sig, 64));
	ck_assert(sign_verify(pk, message.b, sizeof message.b, sig));
	free(t.p);
	block_free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proof");
	TCase *many = tcase_create("multi"), *text = tcase_create("text");
	tcase_add_test(many, every_choice_of_small_trees);
	tcase_add_test(many, one_leaf_is_a_path);
	tcase_add_test(many, multi_bytes);
	tcase_add_test(many, multi_refuses);
	tcase_add_checked_fixture(text, proof_setup, proof_teardown);
	tcase_set_timeout(text, 300);
	tcase_add_test(text, every_leaf_is_proven);
	tcase_add_test(text, flipped_bits_are_refused);
	tcase_add_test(text, lies_with_a_right_sum_are_refused);
	tcase_add_test(text, the_tree_agrees);
	tcase_add_test(text, the_seal_verifies);
	suite_add_tcase(suite, many);
	suite_add_tcase(suite, text);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
