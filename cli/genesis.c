/* zeus genesis: writes the paper's allocation or a small one as text, and says whether a text is sound.
 *
 * Knows the shares of the paper's chapter 5 and who named which keys. Does not know secret keys, nor a ledger: what it writes anybody
 * may change with an editor and check again. */
#include "cli/genesis.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "common/text.h"
#include "ledger/state/state.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

struct holder { uint8_t schedule; struct auth auth; struct money amount; };
struct wish { struct genesis g; struct holder *holder; size_t n; struct money discounted; bool discounted_given; };

/* The paper: 10 % angels, 50 % public and private sale, 20 % team, 20 % reserve. */
static const struct { uint8_t schedule, percent; const char *option; } shares[] = {
	{VEST_ANGEL, 10, "angel"}, {VEST_PUBLIC, 50, "public"}, {VEST_TEAM, 20, "team"}, {VEST_RESERVE, 20, "reserve"}};
#define SHARES (sizeof shares / sizeof shares[0])

static int usage(const char *what)
{
	fprintf(stderr, "zeus genesis: %s\nTry: zeus --help, or man zeus\n", what);
	return 2;
}

static int no_memory(void)
{
	fputs("zeus genesis: out of memory\n", stderr);
	return EX_OSERR;
}

/* --- what is wished for --- */

static struct holder *holder_add(struct wish *w, uint8_t schedule)
{
	struct holder *more = w->n == GENESIS_ACCOUNTS_MAX ? NULL : reallocarray(w->holder, w->n + 1, sizeof *more);
	if (!more)
		return NULL;
	w->holder = more;
	more[w->n] = (struct holder){.schedule = schedule};
	return &w->holder[w->n++];
}

static bool take_keys(struct wish *w, uint8_t schedule, const char *keys)
{
	struct holder *h = holder_add(w, schedule);
	return h && genesis_keys_get(keys, &h->auth);
}

static bool take_account(struct wish *w, char *value)
{
	char *eq = strchr(value, '=');
	if (!eq)
		return false;
	*eq = '\0';
	return take_keys(w, VEST_NONE, value) && text_money(eq + 1, &w->holder[w->n - 1].amount);
}

static bool take_param(struct wish *w, char *value)
{
	char *eq = strchr(value, '=');
	if (!eq)
		return false;
	*eq = '\0';
	return genesis_param_set(&w->g, value, eq + 1);
}

static bool take_chain(struct wish *w, const char *value)
{
	uint64_t n;
	if (!text_u64(value, UINT32_MAX, &n))
		return false;
	w->g.chain_id = (uint32_t)n;
	return true;
}

static bool take_option(struct wish *w, int opt, char *value)
{
	switch (opt) {
	case 'A': return take_keys(w, VEST_ANGEL, value);
	case 'P': return take_keys(w, VEST_PUBLIC, value);
	case 'T': return take_keys(w, VEST_TEAM, value);
	case 'R': return take_keys(w, VEST_RESERVE, value);
	case 'a': return take_account(w, value);
	case 'p': return take_param(w, value);
	case 'c': return take_chain(w, value);
	case 'd': return w->discounted_given = text_money(value, &w->discounted);
	case 't': return text_time(value, &w->g.time_ms);
	}
	return false;
}

/* What remains of the words in argv, after the options; -1: an option was not understood, and was said. */
static int wish_read(struct wish *w, int argc, char **argv)
{
	static const struct option names[] = {{"angel", 1, 0, 'A'}, {"public", 1, 0, 'P'}, {"team", 1, 0, 'T'}, {"reserve", 1, 0, 'R'},
	    {"account", 1, 0, 'a'}, {"param", 1, 0, 'p'}, {"chain", 1, 0, 'c'}, {"discounted", 1, 0, 'd'}, {"time", 1, 0, 't'},
	    {0, 0, 0, 0}};
	char why[256];
	int opt, at = 0;
	while ((opt = getopt_long(argc, argv, "", names, &at)) != -1) {
		if (opt == '?')
			return -1; /* getopt said which */
		if (take_option(w, opt, optarg))
			continue;
		snprintf(why, sizeof why, "the value of --%s is not understood", names[at].name);
		usage(why);
		return -1;
	}
	return argc - optind;
}

/* --- writing --- */

static bool give(struct wish *w, const struct holder *h, struct money amount, struct money discounted)
{
	struct genesis_account *a = genesis_account_add(&w->g);
	if (!a)
		return false;
	*a = (struct genesis_account){.auth = h->auth, .amount = amount, .discounted = discounted, .schedule = h->schedule};
	return true;
}

/* An equal part of whole for each of n; the first takes what is left over. */
static struct money part_of(struct money whole, size_t n, bool first)
{
	struct money part = money_of(0), rest = whole, all;
	money_muldiv(whole, 1, n, &part);
	if (!first || !money_muldiv(part, n, 1, &all) || !money_sub(whole, all, &rest))
		return part;
	money_add(part, rest, &part);
	return part;
}

static size_t holders_of(const struct wish *w, uint8_t schedule)
{
	size_t n = 0;
	for (size_t i = 0; i < w->n; i++)
		n += w->holder[i].schedule == schedule;
	return n;
}

static bool share_out(struct wish *w, uint8_t schedule, uint8_t percent)
{
	struct money whole = money_of(0), none = money_of(0);
	size_t n = holders_of(w, schedule);
	bool first = true, good = true;
	money_muldiv(money_of(SUPPLY_BASE), percent, 100, &whole);
	for (size_t i = 0; i < w->n; i++) {
		const struct holder *h = &w->holder[i];
		if (h->schedule != schedule)
			continue;
		good = good && give(w, h, part_of(whole, n, first), schedule == VEST_PUBLIC ? part_of(w->discounted, n, first) : none);
		first = false;
	}
	return good;
}

static int wish_print(const struct wish *w)
{
	char why[256];
	size_t cap = genesis_room(&w->g);
	if (genesis_check(&w->g, why) != V_OK) {
		fprintf(stderr, "zeus genesis: %s\n", why);
		return 1;
	}
	autofree char *text = malloc(cap);
	if (!text)
		return no_memory();
	struct wbuf b = wbuf_on(text, cap);
	genesis_text_put(&b, &w->g);
	if (fwrite(text, 1, b.len, stdout) == b.len && fflush(stdout) == 0)
		return 0;
	fprintf(stderr, "zeus genesis: %s\n", strerror(errno));
	return EX_IOERR;
}

static int write_paper(struct wish *w)
{
	char why[128];
	if (holders_of(w, VEST_NONE))
		return usage("--account belongs to: zeus genesis local");
	for (size_t i = 0; i < SHARES; i++) {
		if (holders_of(w, shares[i].schedule))
			continue;
		snprintf(why, sizeof why, "the paper's allocation wants --%s KEYS", shares[i].option);
		return usage(why);
	}
	if (!w->discounted_given)
		return usage("the paper does not say how much of the public half was sold at a discount: --discounted AMOUNT");
	strcpy(w->g.profile, "federation");
	for (size_t i = 0; i < SHARES; i++)
		if (!share_out(w, shares[i].schedule, shares[i].percent))
			return usage("too many accounts");
	return wish_print(w);
}

static int write_local(struct wish *w)
{
	if (w->discounted_given || holders_of(w, VEST_NONE) != w->n)
		return usage("--angel, --public, --discounted, --team and --reserve belong to: zeus genesis paper");
	for (size_t i = 0; i < w->n; i++)
		if (!give(w, &w->holder[i], w->holder[i].amount, money_of(0)))
			return usage("too many accounts");
	return wish_print(w);
}

/* --- checking --- */

static int text_read(const char *path, struct genesis *g)
{
	char why[256];
	size_t len = 0;
	autofree uint8_t *text = NULL;
	bool given = strcmp(path, "-") == 0;
	autoclose int file = given ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int rc = !given && file < 0 ? -errno : io_read_whole(given ? STDIN_FILENO : file, GENESIS_TEXT_MAX, &text, &len);
	if (rc < 0) {
		fprintf(stderr, "zeus genesis: %s: %s\n", path, strerror(-rc));
		return rc == -EACCES ? EX_NOPERM : 1;
	}
	if (genesis_text_get((struct slice){text, len}, g, why))
		return 0;
	fprintf(stderr, "%s:%s\n", path, why);
	return 1;
}

static void print_totals(const struct genesis *g)
{
	char num[TEXT_NUM];
	puts("#schedule\taccounts\ttotal\tlocked");
	for (uint8_t schedule = 0; schedule < VESTINGS; schedule++) {
		struct money total = money_of(0), locked = money_of(0);
		unsigned n = 0;
		for (size_t i = 0; i < g->naccounts; i++) {
			struct vesting v = genesis_vesting(g, &g->account[i]);
			if (g->account[i].schedule != schedule)
				continue;
			n++;
			money_add(total, g->account[i].amount, &total);
			money_add(locked, vesting_locked(&v, g->time_ms), &locked);
		}
		printf("%s\t%u\t%s", vesting_word(schedule), n, text_of_money(total, num));
		printf("\t%s\n", text_of_money(locked, num));
	}
	printf("chain-0\t-\t%s\t-\n", text_of_money(genesis_reserve(g), num));
}

static int check(const char *path)
{
	struct genesis g;
	struct state *s;
	char hex[65];
	int rc = text_read(path, &g);
	if (rc)
		return rc;
	enum verdict v = state_new(&g, &s);
	if (v == V_OK) {
		struct id id = genesis_hash(&g);
		hex_encode(id.b, sizeof id.b, hex);
		print_totals(&g);
		printf("hash %s\n", hex);
		state_free(s);
	} else { /* the text is sound: what is left is the code that it names */
		fprintf(stderr, "%s: %s: this program does not know that standard lease\n", path, verdict_text(v));
	}
	genesis_free(&g);
	return v == V_OK ? 0 : 1;
}

static int act(struct wish *w, int n, char **word)
{
	if (n == 2 && strcmp(word[0], "check") == 0)
		return w->n ? usage("check takes only a FILE") : check(word[1]);
	if (n == 1 && strcmp(word[0], "paper") == 0)
		return write_paper(w);
	if (n == 1 && strcmp(word[0], "local") == 0)
		return write_local(w);
	return usage("paper, local, or check FILE");
}

int cli_genesis(int argc, char **argv)
{
	struct timespec now;
	struct wish w = {.n = 0};
	genesis_local(&w.g);
	clock_gettime(CLOCK_REALTIME, &now);
	w.g.time_ms = (uint64_t)now.tv_sec * 1000;
	int n = wish_read(&w, argc, argv);
	int code = n < 0 ? 2 : act(&w, n, argv + optind);
	genesis_free(&w.g);
	free(w.holder);
	return code;
}
