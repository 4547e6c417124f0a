/* The numbers of a genesis at their edges: each is taken, or refused by its name, in memory and as text.
 *
 * Does not ask what a rule does: test_state_*.c and test_migrate.c do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define TEXT_MAX 65536

static struct genesis g;
static char text[TEXT_MAX], why[256];

static const char *write_text(void)
{
	struct wbuf w = wbuf_on(text, sizeof text - 1);
	genesis_text_put(&w, &g);
	ck_assert(!w.bad);
	text[w.len] = '\0';
	return text;
}

static bool read_text(const char *s, struct genesis *out)
{
	return genesis_text_get((struct slice){(const uint8_t *)s, strlen(s)}, out, why);
}

static bool same_hash(const struct genesis *a, const struct genesis *b)
{
	struct id x = genesis_hash(a), y = genesis_hash(b);
	return id_cmp(&x, &y) == 0;
}

/* Every number of the rules: what is sound, and the largest that its field can hold (more is not understood). */
static const struct edge { const char *word; uint64_t least, most, holds; } edges[] = {{"trial", 0, 316224000, UINT32_MAX},
    {"grace", 0, 316224000, UINT32_MAX}, {"settle", 0, 316224000, UINT32_MAX}, {"consent", 0, 316224000, UINT32_MAX},
    {"unstake", 0, 316224000, UINT32_MAX}, {"commission_ppm", 0, 1000000, UINT32_MAX}, {"bond_ppm", 0, 1000000, UINT32_MAX},
    {"lane_tx_max", 1, UINT32_MAX, UINT32_MAX}, {"sketch_half_ms", 1, UINT32_MAX, UINT32_MAX},
    {"deposit_per_byte", 0, 1000000000, UINT64_MAX}, {"free_wu", 0, 1ULL << 56, UINT64_MAX}, {"work_cap", 0, 1ULL << 44, UINT64_MAX},
    {"lane_wu", 1, 1ULL << 56, UINT64_MAX}, {"open_ppm", 0, 1000000, UINT32_MAX}, {"free_ppm", 0, 1000000, UINT32_MAX},
    {"fill_step_ms", 1, UINT32_MAX, UINT32_MAX}, {"work_window_ms", 1, UINT64_MAX, UINT64_MAX},
    {"epoch_ms", 1, UINT64_MAX, UINT64_MAX},
    {"mig_max", 0, UINT32_MAX, UINT32_MAX}, {"mig_theta_ppm", 0, 1000000, UINT32_MAX}, {"mig_weight", 0, UINT32_MAX, UINT32_MAX},
    {"load_cap_ppm", 0, UINT32_MAX, UINT32_MAX}, {"mig_epoch_ms", 1, UINT64_MAX, UINT64_MAX}};

static void rule_is(const struct edge *e, uint64_t v)
{
	char value[32], want[128];
	struct genesis back;
	struct state *s = NULL;
	snprintf(value, sizeof value, "%llu", (unsigned long long)v);
	ck_assert_msg(genesis_param_set(&g, e->word, value) == (v <= e->holds), "%s %s", e->word, value);
	if (v > e->holds)
		return;
	bool sound = v >= e->least && v <= e->most;
	snprintf(want, sizeof want, "%s is out of range (%llu to %llu)", e->word,
	    (unsigned long long)e->least, (unsigned long long)e->most);
	ck_assert_int_eq(genesis_check(&g, why), sound ? V_OK : V_OVERFLOW);
	ck_assert_msg(sound || strcmp(why, want) == 0, "%s %s: %s", e->word, value, why);
	ck_assert_int_eq(state_new(&g, &s), sound ? V_OK : V_OVERFLOW);
	state_free(s);
	ck_assert_msg(read_text(write_text(), &back) == sound, "%s %s: %s", e->word, value, why);
	ck_assert(!sound || same_hash(&g, &back));
	if (sound)
		genesis_free(&back);
}

START_TEST(every_rule_at_its_edges)
{
	const struct edge *e = &edges[_i];
	const uint64_t v[] = {0, 1, e->most - 1, e->most, e->most + (e->most < UINT64_MAX), e->holds - 1, e->holds, UINT64_MAX};
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		rule_is(e, v[i]);
	static const char *const bad[] = {"", "-1", "+1", "1 ", "0x1", "1e3", "18446744073709551616", "99999999999999999999999999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_msg(!genesis_param_set(&g, e->word, bad[i]), "%s %s", e->word, bad[i]);
}
END_TEST

/* One that is added to the text is in the table above too. */
START_TEST(every_rule_is_in_the_table)
{
	unsigned in_text = 0;
	for (const char *at = write_text(); *at; at = strchr(at, '\n') + 1) {
		char word[32] = "";
		sscanf(at, "%31s", word);
		static const char *const others[] = {"chain", "profile", "time", "engine", "lease", "reserve", "symbol", "account"};
		bool other = false;
		for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
			other = other || strcmp(word, others[i]) == 0;
		in_text += !other;
	}
	ck_assert_uint_eq(in_text, sizeof edges / sizeof edges[0]);
}
END_TEST

static void begin(void) { genesis_local(&g); }

static void end(void) { genesis_free(&g); }

static void add(TCase *t)
{
	tcase_add_loop_test(t, every_rule_at_its_edges, 0, sizeof edges / sizeof edges[0]);
	tcase_add_test(t, every_rule_is_in_the_table);
}

int main(void) { return rig_test_main("rules", begin, end, add); }
