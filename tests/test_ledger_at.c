/* The books of an earlier height, asked for over the socket: the same facts as were folded when that height was the head.
 *
 * Also what is refused: heights that are not kept or not there, a second reader at once is told to wait, and a reader that goes away in
 * the middle harms nobody. */
#include "tests/ledger_client.h"
#include <check.h>
#include <signal.h>

#define BLOCKS 60

static const char *const accounts[] = {"--account", "1000=1000", "--account", "2000=10", "--operator", "1000", NULL};

static struct fold then[4 * BLOCKS]; /* by height, as far as some block left it so */
static bool known[4 * BLOCKS];

static void fold_copy(struct fold *to, const struct fold *from)
{
	*to = (struct fold){.n = from->n, .cap = from->n, .height = from->height, .hash = from->hash};
	to->o = malloc(from->n * sizeof *to->o);
	for (size_t i = 0; i < from->n; i++) {
		to->o[i] = from->o[i];
		to->o[i].bytes = malloc(from->o[i].len);
		memcpy(to->o[i].bytes, from->o[i].bytes, from->o[i].len);
	}
}

static void live(struct lc *c, int transfers)
{
	struct address to;
	struct cid cid = {{0}};
	ck_assert(lc_address(c, 2000, &to));
	for (int i = 0; i < transfers; i++) {
		memcpy(cid.b, &i, sizeof i);
		cid.b[15] = (uint8_t)c->fold->height;
		ck_assert_int_eq(lc_wait(c, lc_transfer(c, 1000, &to, 100 + (uint64_t)i, &cid)).verdict, V_OK);
		ck_assert_int_eq(lc_sync(c).verdict, V_OK);
		uint64_t h = c->fold->height;
		ck_assert_uint_lt(h, 4 * BLOCKS);
		if (!known[h])
			fold_copy(&then[h], c->fold);
		known[h] = true;
	}
}

static void dial(struct lc *c, const struct daemon *d, struct fold *f)
{
	char path[SCRATCH_LEN + 32];
	*c = (struct lc){.fold = f};
	snprintf(path, sizeof path, "%s/run/ledger.sock", d->state);
	ck_assert_int_eq(conn_dial(path, &c->fd), 0);
}

static uint64_t ask(struct lc *c, uint64_t height)
{
	uint8_t bytes[16];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	wire_at_put(&w, &(struct wire_at){height});
	return lc_send(c, WIRE_AT, bytes, w.len);
}

static enum verdict look(const struct daemon *d, uint64_t height, struct fold *f)
{
	struct lc c;
	dial(&c, d, f);
	enum verdict v = (enum verdict)lc_wait(&c, ask(&c, height)).verdict;
	lc_close(&c);
	return v;
}

static void hold_all(const struct daemon *d, uint64_t from, uint64_t to)
{
	int seen = 0;
	for (uint64_t h = from; h <= to; h++) {
		struct fold f = {0};
		ck_assert_int_eq(look(d, h, &f), V_OK);
		ck_assert_uint_eq(f.height, h);
		ck_assert_msg(!known[h] || fold_same(&then[h], &f), "height %llu", (unsigned long long)h);
		seen += known[h];
		fold_free(&f);
	}
	ck_assert_int_gt(seen, 5);
}

START_TEST(past_books_are_as_they_were)
{
	struct daemon d;
	struct lc c;
	struct fold fold = {0}, f = {0};
	daemon_init(&d, accounts);
	daemon_start(&d);
	lc_open(&c, &d, &fold);
	live(&c, BLOCKS / 2);
	hold_all(&d, 0, fold.height);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGKILL), -SIGKILL);
	daemon_start(&d);
	lc_open(&c, &d, &fold);
	live(&c, BLOCKS / 2);
	hold_all(&d, 0, fold.height);
	ck_assert_int_eq(look(&d, fold.height + 1000, &f), V_NO_STATE);
	ck_assert_int_eq(look(&d, ~0ULL, &f), V_NO_STATE);
	/* Two at once: one may be told to wait, neither is told anything wrong. Then one that does not stay. */
	struct lc one, two, gone;
	struct fold f1 = {0}, f2 = {0}, f3 = {0};
	dial(&one, &d, &f1);
	dial(&two, &d, &f2);
	dial(&gone, &d, &f3);
	uint64_t r1 = ask(&one, 1), r2 = ask(&two, 2);
	ck_assert_int_eq(lc_wait(&one, r1).verdict, V_OK);
	enum verdict v2 = (enum verdict)lc_wait(&two, r2).verdict;
	ck_assert(v2 == V_OK || v2 == V_BUSY);
	ck_assert(f1.height == 1 && (v2 == V_BUSY || f2.height == 2));
	ck_assert_uint_ne(ask(&gone, 3), 0);
	lc_close(&gone);
	ck_assert_int_eq(lc_sync(&c).verdict, V_OK);
	ck_assert_uint_ne(ask(&one, 4), 0);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0); /* with one under way */
	lc_close(&one);
	lc_close(&two);
	lc_close(&c);
	daemon_remove(&d);
}
END_TEST

START_TEST(only_what_is_kept)
{
	struct daemon d;
	struct lc c;
	struct fold fold = {0}, f = {0};
	daemon_init(&d, accounts);
	snprintf(d.config, sizeof d.config, "%s/c", d.dir);
	FILE *conf = fopen(d.config, "w");
	ck_assert(conf && fputs("[ledger]\nkeep_states = 4\n", conf) >= 0 && fclose(conf) == 0);
	daemon_start(&d);
	lc_open(&c, &d, &fold);
	live(&c, 10);
	ck_assert_int_eq(look(&d, fold.height - 5, &f), V_NO_STATE);
	ck_assert_int_eq(look(&d, fold.height - 4, &f), V_OK);
	lc_close(&c);
	ck_assert_int_eq(daemon_stop(&d, SIGTERM), 0);
	daemon_remove(&d);
}
END_TEST

LEDGER_TEST_MAIN("ledger_at", past_books_are_as_they_were, only_what_is_kept)
