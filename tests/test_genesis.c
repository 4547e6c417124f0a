/* The genesis as bytes and as text: both ways and back, one hash on every machine, and each thing that is refused, with its line.
 *
 * The golden hash is that of the paper's allocation with keys that are patterns; its text is tests/vectors/genesis.txt. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/vector.h"

#define GOLDEN "5913f81a3352065c2f55500503d2fdcb97876c9c02b0be2ff2d76f1a93bece81"
#define TEXT_MAX 65536

static struct genesis g;
static char text[TEXT_MAX], why[256];

static struct genesis_account *add(uint8_t schedule, uint64_t znc, uint64_t discounted)
{
	struct genesis_account *a = genesis_account_add(&g);
	ck_assert_ptr_nonnull(a);
	a->auth = (struct auth){.threshold = 1, .n = 1};
	a->auth.key[0].weight = 1;
	vector_fill(a->auth.key[0].pk, 32, (uint8_t)(16 * g.naccounts));
	a->amount = money_of(znc * ZNC_BASE);
	a->discounted = money_of(discounted * ZNC_BASE);
	a->schedule = schedule;
	return a;
}

/* The paper's chapter 5. */
static void open_paper(void)
{
	genesis_local(&g);
	strcpy(g.profile, "federation");
	g.time_ms = 1543622400123;
	add(VEST_ANGEL, 1000000000, 0);
	vector_fill(add(VEST_PUBLIC, 5000000000, 1500000000)->x25519, 32, 9);
	add(VEST_TEAM, 2000000000, 0);
	struct auth *reserve = &add(VEST_RESERVE, 2000000000, 0)->auth;
	reserve->threshold = 3;
	reserve->n = 3;
	vector_fill(reserve->key[1].pk, 32, 0x80);
	vector_fill(reserve->key[2].pk, 32, 0xc0);
	reserve->key[1].weight = 2;
	reserve->key[2].weight = 1;
}

static void close_paper(void) { genesis_free(&g); }

static const char *write_text(void)
{
	struct wbuf w = wbuf_on(text, sizeof text - 1);
	genesis_text_put(&w, &g);
	ck_assert(!w.bad);
	ck_assert_uint_le(w.len, genesis_room(&g));
	text[w.len] = '\0';
	return text;
}

static bool read_text(const char *s, struct genesis *out)
{
	why[0] = '\0';
	return genesis_text_get((struct slice){(const uint8_t *)s, strlen(s)}, out, why);
}

static bool same_hash(const struct genesis *a, const struct genesis *b)
{
	struct id x = genesis_hash(a), y = genesis_hash(b);
	return id_cmp(&x, &y) == 0;
}

/* --- golden --- */

START_TEST(one_hash_on_every_machine)
{
	char path[512], hex[65], *kept = calloc(1, TEXT_MAX);
	const char *top = getenv("top_srcdir");
	struct genesis back;
	snprintf(path, sizeof path, "%s/tests/vectors/genesis.txt", top ? top : ".");
	FILE *f = fopen(path, getenv("ZEUS_VECTORS_WRITE") ? "w+" : "r");
	ck_assert_ptr_nonnull(f);
	if (getenv("ZEUS_VECTORS_WRITE")) {
		fputs(write_text(), f);
		rewind(f);
	}
	ck_assert_uint_gt(fread(kept, 1, TEXT_MAX - 1, f), 0);
	fclose(f);
	ck_assert_str_eq(kept, write_text());
	ck_assert_msg(read_text(kept, &back), "%s", why);
	struct id id = genesis_hash(&back);
	hex_encode(id.b, 32, hex);
	ck_assert_str_eq(hex, GOLDEN);
	ck_assert(same_hash(&g, &back));
	genesis_free(&back);
	free(kept);
}
END_TEST

/* --- bytes --- */

START_TEST(bytes_round_trip)
{
	static uint8_t buf[TEXT_MAX];
	struct genesis back;
	struct wbuf w = wbuf_on(buf, sizeof buf);
	genesis_put(&w, &g);
	ck_assert(!w.bad);
	ck_assert_uint_le(w.len, genesis_room(&g));
	ck_assert(genesis_get((struct slice){buf, w.len}, &back));
	ck_assert(same_hash(&g, &back));
	ck_assert_uint_eq(back.naccounts, 4);
	ck_assert_uint_eq(money_base(back.account[1].discounted), 1500000000 * ZNC_BASE);
	back.unstake_s++;
	ck_assert(!same_hash(&g, &back));
	back.unstake_s--;
	back.account[0].schedule = VEST_TEAM;
	ck_assert(!same_hash(&g, &back));
	genesis_free(&back);
	for (size_t len = 0; len < w.len; len++)
		ck_assert(!genesis_get((struct slice){buf, len}, &back));
	ck_assert(!genesis_get((struct slice){buf, w.len + 1}, &back));
	buf[0] = 1; /* the version before this one */
	ck_assert(!genesis_get((struct slice){buf, w.len}, &back));
}
END_TEST

/* --- text --- */

static uint64_t dice_seed = 3;

static uint32_t dice(uint32_t sides)
{
	dice_seed = dice_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice_seed >> 33) % sides;
}

static void random_account(void)
{
	struct genesis_account *a = add((uint8_t)dice(VESTINGS), 0, 0);
	struct auth *auth = &a->auth;
	unsigned weight = 0;
	a->amount = money_of(dice(1000000));
	if (a->schedule == VEST_PUBLIC)
		a->discounted = money_of(dice((uint32_t)money_base(a->amount) + 1));
	auth->n = (uint8_t)(1 + dice(TX_SIGS_MAX));
	for (uint32_t i = 0; i < auth->n; i++) {
		for (int k = 0; k < 32; k++)
			auth->key[i].pk[k] = (uint8_t)dice(256);
		auth->key[i].pk[0] = (uint8_t)(16 * i + dice(16));
		weight += auth->key[i].weight = (uint8_t)(1 + dice(255));
	}
	auth->threshold = (uint8_t)(1 + dice(weight < 255 ? weight : 255));
	if (dice(2))
		vector_fill(a->x25519, 32, (uint8_t)dice(256));
}

START_TEST(random_ones_come_back)
{
	for (int i = 0; i < 200; i++) {
		struct genesis back;
		genesis_free(&g);
		genesis_local(&g);
		g.chain_id = dice(UINT32_MAX);
		g.time_ms = (uint64_t)dice(UINT32_MAX) * 50;
		g.engine = (uint16_t)dice(65536);
		g.trial_s = dice(300000000);
		g.commission_ppm = dice(1000001);
		g.lane_tx_max = 1 + dice(UINT32_MAX);
		g.nsymbols = dice(5);
		for (uint32_t n = dice(20); n; n--)
			random_account();
		ck_assert_int_eq(genesis_check(&g, why), V_OK);
		ck_assert_msg(read_text(write_text(), &back), "%s\n%s", why, text);
		ck_assert(same_hash(&g, &back));
		genesis_free(&back);
	}
}
END_TEST

/* The text with the first occurrence of one thing replaced by another. */
static char *changed(const char *from, const char *to)
{
	static char out[TEXT_MAX + 8192];
	const char *at = strstr(write_text(), from);
	ck_assert_msg(at != NULL, "no %s", from);
	snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static unsigned lines_of(const char *s, size_t len)
{
	unsigned n = 0;
	for (size_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

static void refused_at(unsigned line, const char *from, const char *to, const char *sentence)
{
	struct genesis back = {0};
	char want[256];
	snprintf(want, sizeof want, "%u: %s", line, sentence);
	ck_assert_msg(!read_text(changed(from, to), &back), "%s was taken", to);
	ck_assert_msg(strcmp(why, want) == 0, "%s: %s", to, why);
	ck_assert_ptr_null(back.account);
}

/* In the line that was changed. */
static void refused(const char *from, const char *to, const char *sentence)
{
	const char *at = strstr(write_text(), from);
	ck_assert_ptr_nonnull(at);
	refused_at(1 + lines_of(text, (size_t)(at - text)), from, to, sentence);
}

/* At the end: no line says it alone. */
static void refused_whole(const char *from, const char *to, const char *sentence)
{
	const char *whole = changed(from, to);
	refused_at(lines_of(whole, strlen(whole)), from, to, sentence);
}

START_TEST(each_refusal_names_its_line)
{
	refused("chain 1", "chain 4294967296", "the value of chain is not understood");
	refused("chain 1", "chain", "the value of chain is not understood");
	refused("chain 1", "chain 1 2", "the value of chain is not understood");
	refused("chain 1", "chain -1", "the value of chain is not understood");
	refused("chain 1", "chains 1", "no such key: chains");
	refused("profile federation", "chain 2", "chain is there twice");
	refused("chain 1", "chain \t1\001", "column 9: only plain characters are taken");
	refused("profile federation", "profile a-name-too-long-", "the value of profile is not understood");
	refused("time 2018-12-01", "time 2018-13-01", "the value of time is not understood");
	refused("engine 0", "engine 65536", "the value of engine is not understood");
	refused("trial 1m", "trial 1y", "the value of trial is not understood");
	refused("trial 1m", "trial 4294967296", "the value of trial is not understood");
	refused("lease ", "lease 00", "the value of lease is not understood");
	refused("symbol 1 cpu", "symbol cpu", "symbol wants its number and its name");
	refused("cpu=1000", "cpi=1000", "symbol: cpi is not understood");
	refused("cpu=1000", "cpu=1000 cpu=1", "symbol: cpu is not understood");
	refused("account 1000000000.00000000", "account", "account wants an amount of ZNC first");
	refused("account 1000000000.00000000", "account 10000000001", "account wants an amount of ZNC first");
	refused(" angel ", " angels ", "account wants none, angel, public, team or reserve second");
	refused(" angel ", " angel 1", "account wants its keys third: KEY, or THRESHOLD/KEY[*WEIGHT],KEY...");
	refused("discounted=", "discount=", "account: discount=1500000000.00000000 is not understood");
}
END_TEST

START_TEST(what_the_whole_must_hold)
{
	char many[512];
	refused_whole("reserve 0.00000000\n", "", "the end, and there was no reserve");
	refused_whole("unstake 7d\n", "", "the end, and there was no unstake");
	refused_whole("unstake 7d", "unstake 316224001", "unstake is out of range (0 to 316224000)");
	refused_whole("commission_ppm 10000", "commission_ppm 1000001", "commission_ppm is out of range (0 to 1000000)");
	refused_whole("lane_tx_max 8192", "lane_tx_max 0", "lane_tx_max is out of range (1 to 4294967295)");
	refused_whole("profile federation", "profile -", "the profile has no proper name");
	refused_whole("reserve 0.00000000", "reserve 0.00000001", "the accounts leave a reserve of 0.00000000 to make 10000000000 ZNC");
	refused_whole("account 1000000000.00000000 angel", "account 999999999 angel",
	    "the accounts leave a reserve of 1.00000000 to make 10000000000 ZNC");
	refused_whole("account 1000000000.00000000 angel", "account 1000000000.00000001 angel",
	    "account 4: there are no more than 10000000000 ZNC in all");
	refused_whole("discounted=1500000000", "discounted=5000000001", "account 2: the discounted part is more than the whole");
	refused_whole(" public ", " team ", "account 2: only what was sold to the public has a discounted part");
	refused_whole("symbol 2 gpu", "symbol 1 gpu", "symbol 1, gpu, is there twice");
	refused_whole("symbol 2 gpu", "symbol 2 cpu", "symbol 2, cpu, is there twice");
	refused_whole("symbol 2 gpu", "symbol 2 .gpu", "symbol 2 has no proper name");
	refused_whole("tick=0.0001", "tick=0", "symbol cpu: min is more than max, max too long, or the tick zero");
	refused_whole("max=30d", "max=401d", "symbol cpu: min is more than max, max too long, or the tick zero");
	char *again = strstr(write_text(), "account ");
	snprintf(many, sizeof many, "account 0 none%.65s\naccount ", strchr(strchr(again, ' ') + 1, ' ') + 6);
	refused_whole("account ", many, "accounts 1 and 2 have the same keys");
}
END_TEST

START_TEST(comments_blanks_and_order_do_not_count)
{
	struct genesis back;
	char *s = changed("chain 1\n", "# first\n\n  \t# and\nreserve   0 # what is left\n");
	snprintf(strstr(s, "reserve 0.00000000"), 64, "\tchain\t1");
	ck_assert_msg(read_text(s, &back), "%s", why);
	ck_assert(same_hash(&g, &back));
	genesis_free(&back);
}
END_TEST

START_TEST(keys_are_sorted_and_weighed)
{
	struct auth a, b;
	char s[2048], hex[65];
	uint8_t pk[32] = {0};
	hex_encode(pk, 32, hex);
	ck_assert(genesis_keys_get(hex, &a) && a.threshold == 1 && a.n == 1 && a.key[0].weight == 1);
	snprintf(s, sizeof s, "3/%.62sff*2,%.62s0f", hex, hex);
	ck_assert(genesis_keys_get(s, &a) && a.key[0].pk[31] == 0x0f && a.key[1].weight == 2);
	snprintf(s, sizeof s, "3/%.62s0f,%.62sff*2", hex, hex);
	ck_assert(genesis_keys_get(s, &b) && memcmp(&a, &b, sizeof a) == 0);
	static const char *const bad[] = {"", "/", "1/", ",", "0/%s", "2/%s", "256/%s", "-1/%s", "1/%s,", "1/,%s", "%s*0", "%s*256", "%s*",
	    "%s*+1", "%s0", "1/%s/", "%s,%s", "1//%s", "1000/%s", "%s*1000"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char *at = s, *end = s + sizeof s;
		for (const char *p = bad[i]; *p; p++)
			at += strncmp(p, "%s", 2) == 0 ? (p++, snprintf(at, (size_t)(end - at), "%s", hex)) :
				snprintf(at, (size_t)(end - at), "%c", *p);
		*at = '\0';
		ck_assert_msg(!genesis_keys_get(s, &a), "%s", bad[i]);
	}
	char *at = s + snprintf(s, sizeof s, "16/");
	for (int i = 0; i < 17; i++) {
		ck_assert_int_eq(genesis_keys_get(s, &a), i == 16);
		pk[31] = (uint8_t)i;
		hex_encode(pk, 32, hex);
		at += snprintf(at, (size_t)(s + sizeof s - at), "%s%s", i ? "," : "", hex);
	}
	ck_assert(!genesis_keys_get(s, &a)); /* seventeen */
}
END_TEST

/* --- what no books begin with --- */

static void unsound(enum verdict want)
{
	struct state *s = NULL;
	ck_assert_int_eq(state_new(&g, &s), want);
	ck_assert_ptr_null(s);
	genesis_free(&g);
	open_paper();
}

START_TEST(unsound_ones_make_no_books)
{
	g.account[1] = g.account[0];
	unsound(V_DUPLICATE);
	g.account[1].amount = money_of(SUPPLY_BASE);
	unsound(V_OVERFLOW);
	g.account[1].schedule = VESTINGS;
	unsound(V_MALFORMED);
	g.account[0].discounted = money_of(1);
	unsound(V_MALFORMED);
	g.standard_lease.b[3] ^= 1;
	unsound(V_BAD_CONTRACT);
	g.symbol[1].symbol = g.symbol[0].symbol;
	unsound(V_DUPLICATE);
	g.symbol[2].name[0] = '/';
	unsound(V_MALFORMED);
	g.symbol[2].lane++;
	unsound(V_MALFORMED);
	g.nsymbols = GENESIS_SYMBOLS_MAX + 1;
	unsound(V_OVERFLOW);
	g.commission_ppm = 1000001;
	unsound(V_OVERFLOW);
	g.unstake_s = UINT32_MAX;
	unsound(V_OVERFLOW);
	g.time_ms = UINT64_MAX;
	unsound(V_OVERFLOW);
}
END_TEST

START_TEST(as_many_accounts_as_may_be)
{
	struct genesis back;
	struct state *s;
	genesis_free(&g);
	genesis_local(&g);
	for (uint32_t i = 0; i < GENESIS_ACCOUNTS_MAX; i++) {
		struct genesis_account *a = add(VEST_NONE, 1, 0);
		memcpy(a->auth.key[0].pk + 4, &i, sizeof i);
	}
	ck_assert_ptr_null(genesis_account_add(&g));
	size_t room = genesis_room(&g);
	uint8_t *buf = malloc(room);
	struct wbuf w = wbuf_on(buf, room);
	genesis_text_put(&w, &g);
	ck_assert(!w.bad && genesis_text_get((struct slice){buf, w.len}, &back, why));
	ck_assert(same_hash(&g, &back));
	genesis_free(&back);
	ck_assert(w.len + 100 < room);
	w.len += (size_t)snprintf((char *)buf + w.len, 100, "account 0 none 00\n");
	ck_assert(!genesis_text_get((struct slice){buf, w.len}, &back, why));
	ck_assert_ptr_nonnull(strstr(why, "more than 4096 accounts"));
	ck_assert_int_eq(state_new(&g, &s), V_OK);
	ck_assert_uint_eq(money_base(state_total(s, 0)), SUPPLY_BASE - GENESIS_ACCOUNTS_MAX * ZNC_BASE);
	state_free(s);
	free(buf);
}
END_TEST

START_TEST(a_long_text_is_not_read)
{
	uint8_t *big = malloc(GENESIS_TEXT_MAX + 1);
	struct genesis back;
	memset(big, '\n', GENESIS_TEXT_MAX + 1);
	ck_assert(!genesis_text_get((struct slice){big, GENESIS_TEXT_MAX + 1}, &back, why));
	ck_assert_str_eq(why, "1: the text is longer than 8388608 bytes");
	memset(big, 'a', LINE_MAX_LEN + 1);
	ck_assert(!genesis_text_get((struct slice){big, LINE_MAX_LEN + 2}, &back, why));
	ck_assert_str_eq(why, "1: the line is longer than 4095 characters");
	ck_assert(!genesis_text_get((struct slice){NULL, 0}, &back, why));
	ck_assert_str_eq(why, "1: the end, and there was no chain");
	free(big);
}
END_TEST

/* Single bytes of a good text replaced by others: refused, or another genesis that comes back as it is. Never anything else. */
START_TEST(damaged_texts)
{
	char *copy = strdup(write_text());
	size_t len = strlen(copy);
	for (int i = 0; i < 20000; i++) {
		struct genesis back, again;
		size_t at = dice((uint32_t)len);
		char was = copy[at];
		copy[at] = (char)(dice(4) ? ' ' + (int)dice(95) : (int)dice(256));
		if (genesis_text_get((struct slice){(uint8_t *)copy, len}, &back, why)) {
			struct wbuf w = wbuf_on(text, sizeof text);
			genesis_text_put(&w, &back);
			ck_assert(genesis_text_get((struct slice){(uint8_t *)text, w.len}, &again, why));
			ck_assert(same_hash(&back, &again));
			genesis_free(&back);
			genesis_free(&again);
		}
		copy[at] = was;
	}
	free(copy);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {one_hash_on_every_machine, bytes_round_trip, random_ones_come_back, each_refusal_names_its_line,
	    what_the_whole_must_hold, comments_blanks_and_order_do_not_count, keys_are_sorted_and_weighed, unsound_ones_make_no_books,
	    as_many_accounts_as_may_be, a_long_text_is_not_read, damaged_texts};
	Suite *s = suite_create("genesis");
	TCase *t = tcase_create("genesis");
	tcase_add_checked_fixture(t, open_paper, close_paper);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tcase_add_test(t, tests[i]);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
