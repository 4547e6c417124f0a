/* A genesis as people write and read it: a key and its value a line, '#' begins a comment.
 *
 * Knows the keys and that each must be there once, so that nothing is left to a program's defaults and the text alone makes the hash.
 * What it accepts is sound (genesis_check.c). Does not know files. */
#include <string.h>
#include "common/text.h"
#include "ledger/state/books.h"

#define WHY_LEN 256
#define KEY_HEX 64


/* Words of one line, in a copy of it. */
struct words { char *next; };

struct reader { struct genesis g; unsigned seen, line; struct money reserve; char *why; };

/* False, and why, with the line. */
#define REFUSE(r, ...) (refuse_at(r), refuse_why(r, __VA_ARGS__), false)
#define refuse_at(r) snprintf((r)->why, WHY_LEN, "%u: ", (r)->line)
#define refuse_why(r, ...) snprintf((r)->why + strlen((r)->why), WHY_LEN - strlen((r)->why), __VA_ARGS__)

static char *word_next(struct words *w) /* NULL: no more */
{
	char *word = w->next + strspn(w->next, " \t");
	size_t len = strcspn(word, " \t");
	w->next = word + len + (word[len] != '\0');
	word[len] = '\0';
	return len ? word : NULL;
}

/* The value of KEY=VALUE if that is the key. */
static const char *value_of(const char *word, const char *key)
{
	size_t len = strlen(key);
	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static bool number(const char *s, uint32_t *out)
{
	uint64_t v;
	if (!text_u64(s, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool small(const char *s, size_t len, uint8_t *out)
{
	char digits[4];
	uint64_t v;
	if (len >= sizeof digits)
		return false;
	memcpy(digits, s, len);
	digits[len] = '\0';
	if (!text_u64(digits, UINT8_MAX, &v))
		return false;
	*out = (uint8_t)v;
	return true;
}

static void add(struct wbuf *w, const char *s) { put_bytes(w, s, strlen(s)); }

static void add_number(struct wbuf *w, const char *before, uint64_t v)
{
	char num[TEXT_NUM];
	snprintf(num, sizeof num, "%llu", (unsigned long long)v);
	add(w, before);
	add(w, num);
}

static void add_hex(struct wbuf *w, const char *before, const uint8_t b[32])
{
	char hex[KEY_HEX + 1];
	hex_encode(b, 32, hex);
	add(w, before);
	add(w, hex);
}

/* --- keys of an account --- */

static int key_cmp(const void *a, const void *b) { return memcmp(a, b, 32); }

static bool key_add(struct auth *a, const char *text, size_t len)
{
	char hex[KEY_HEX + 1];
	if (a->n == TX_SIGS_MAX || len < KEY_HEX)
		return false;
	memcpy(hex, text, KEY_HEX);
	hex[KEY_HEX] = '\0';
	a->key[a->n].weight = 1;
	if (len > KEY_HEX && (text[KEY_HEX] != '*' || !small(text + KEY_HEX + 1, len - KEY_HEX - 1, &a->key[a->n].weight)))
		return false;
	return hex_decode(hex, a->key[a->n++].pk, 32);
}

bool genesis_keys_get(const char *text, struct auth *out)
{
	struct auth a = {.threshold = 1};
	uint8_t buf[2 + 33 * TX_SIGS_MAX];
	size_t first = strcspn(text, "/");
	if (text[first] && !small(text, first, &a.threshold))
		return false;
	text += text[first] ? first + 1 : 0;
	for (bool more = true; more;) {
		size_t len = strcspn(text, ",");
		if (!key_add(&a, text, len))
			return false;
		more = text[len] != '\0';
		text += len + more;
	}
	qsort(a.key, a.n, sizeof a.key[0], key_cmp);
	struct wbuf w = wbuf_on(buf, sizeof buf);
	auth_put(&w, &a); /* canonical: no key twice, none without weight, a threshold that can be reached */
	if (w.bad)
		return false;
	*out = a;
	return true;
}

static void add_keys(struct wbuf *w, const struct auth *a)
{
	bool plain = a->threshold == 1 && a->n == 1 && a->key[0].weight == 1;
	if (!plain)
		add_number(w, "", a->threshold);
	for (size_t i = 0; i < a->n; i++) {
		add_hex(w, i ? "," : plain ? "" : "/", a->key[i].pk);
		if (a->key[i].weight != 1)
			add_number(w, "*", a->key[i].weight);
	}
}

/* --- parameters: one number each --- */

struct param { const char *word; size_t offset, size; bool seconds; };
#define PARAM(word, field, seconds) {word, offsetof(struct genesis, field), sizeof((struct genesis *)0)->field, seconds}
static const struct param params[] = {
	PARAM("trial", trial_s, true), PARAM("grace", grace_s, true), PARAM("settle", settle_s, true), PARAM("consent", consent_s, true),
	PARAM("commission_ppm", commission_ppm, false), PARAM("bond_ppm", bond_ppm, false), PARAM("lane_tx_max", lane_tx_max, false),
	PARAM("sketch_half_ms", sketch_half_ms, false), PARAM("unstake", unstake_s, true),
	PARAM("deposit_per_byte", deposit_per_byte, false), PARAM("free_wu", free_wu, false), PARAM("work_cap", work_cap, false),
	PARAM("lane_wu", lane_wu, false), PARAM("open_ppm", open_ppm, false), PARAM("free_ppm", free_ppm, false),
	PARAM("fill_step_ms", fill_step_ms, false), PARAM("work_window_ms", work_window_ms, false), PARAM("epoch_ms", epoch_ms, false),
	PARAM("mig_max", mig_max, false), PARAM("mig_theta_ppm", mig_theta_ppm, false), PARAM("mig_weight", mig_weight, false),
	PARAM("load_cap_ppm", load_cap_ppm, false), PARAM("mig_epoch_ms", mig_epoch_ms, false),
};
#define PARAMS (sizeof params / sizeof params[0])

static int param_find(const char *word)
{
	for (size_t i = 0; i < PARAMS; i++)
		if (strcmp(word, params[i].word) == 0)
			return (int)i;
	return -1;
}

static uint64_t param_of(const struct genesis *g, const struct param *p)
{
	uint32_t narrow;
	uint64_t wide;
	const char *at = (const char *)g + p->offset;
	if (p->size == sizeof wide)
		return *(const uint64_t *)memcpy(&wide, at, sizeof wide);
	return *(const uint32_t *)memcpy(&narrow, at, sizeof narrow);
}

bool genesis_param_set(struct genesis *g, const char *word, const char *value)
{
	int i = param_find(word);
	uint32_t narrow;
	uint64_t wide;
	if (i < 0)
		return false;
	const struct param *p = &params[i];
	bool good = p->size == sizeof wide ? text_u64(value, UINT64_MAX, &wide) :
		p->seconds ? text_duration(value, &narrow) : number(value, &narrow);
	if (good)
		memcpy((char *)g + p->offset, p->size == sizeof wide ? (void *)&wide : (void *)&narrow, p->size);
	return good;
}

static void add_params(struct wbuf *w, const struct genesis *g)
{
	char num[TEXT_NUM];
	for (size_t i = 0; i < PARAMS; i++) {
		add(w, params[i].word);
		if (params[i].seconds) {
			add(w, " ");
			add(w, text_of_duration(param_of(g, &params[i]), num));
		} else {
			add_number(w, " ", param_of(g, &params[i]));
		}
		add(w, "\n");
	}
}

/* --- symbols --- */

static bool symbol_word(struct fact_symbol *y, char *word)
{
	char *eq = strchr(word, '=');
	const char *v;
	if ((v = value_of(word, "tick")))
		return text_price(v, &y->tick);
	if ((v = value_of(word, "min")))
		return text_duration(v, &y->min_s);
	if ((v = value_of(word, "max")))
		return text_duration(v, &y->max_s);
	if (!eq)
		return false;
	*eq = '\0';
	int kind = resource_by_word(word);
	return kind >= 0 && y->unit.v[kind] == 0 && number(eq + 1, &y->unit.v[kind]);
}

static bool read_symbol(struct reader *r, struct words *w)
{
	struct genesis *g = &r->g;
	if (g->nsymbols == GENESIS_SYMBOLS_MAX)
		return REFUSE(r, "more than %u symbols", GENESIS_SYMBOLS_MAX);
	struct fact_symbol *y = &g->symbol[g->nsymbols];
	y->lane = (uint8_t)(1 + g->nsymbols % LANES);
	g->nsymbols++;
	char *n = word_next(w), *name = word_next(w);
	if (!n || !number(n, &y->symbol) || !name || strlen(name) > NAME_MAX_LEN)
		return REFUSE(r, "symbol wants its number and its name");
	strcpy(y->name, name);
	for (char *word = word_next(w); word; word = word_next(w))
		if (!symbol_word(y, word))
			return REFUSE(r, "symbol: %.60s is not understood", word);
	return true;
}

static void add_symbol(struct wbuf *w, const struct fact_symbol *y)
{
	char num[TEXT_NUM];
	add_number(w, "symbol ", y->symbol);
	add(w, " ");
	add(w, y->name);
	add(w, " tick=");
	add(w, text_of_price(y->tick, num));
	add(w, " min=");
	add(w, text_of_duration(y->min_s, num));
	add(w, " max=");
	add(w, text_of_duration(y->max_s, num));
	for (int k = 0; k < RESOURCES; k++) {
		if (!y->unit.v[k] || !resource_word((enum resource_kind)k))
			continue;
		add(w, " ");
		add(w, resource_word((enum resource_kind)k));
		add_number(w, "=", y->unit.v[k]);
	}
	add(w, "\n");
}

/* --- accounts --- */

static bool read_account(struct reader *r, struct words *w)
{
	struct genesis_account *a = genesis_account_add(&r->g);
	const char *amount = word_next(w), *schedule = word_next(w), *keys = word_next(w), *v;
	if (!a)
		return REFUSE(r, "more than %u accounts", GENESIS_ACCOUNTS_MAX);
	if (!amount || !text_money(amount, &a->amount))
		return REFUSE(r, "account wants an amount of ZNC first");
	if (!schedule || !vesting_by_word(schedule, &a->schedule))
		return REFUSE(r, "account wants none, angel, public, team or reserve second");
	if (!keys || !genesis_keys_get(keys, &a->auth))
		return REFUSE(r, "account wants its keys third: KEY, or THRESHOLD/KEY[*WEIGHT],KEY...");
	for (char *word = word_next(w); word; word = word_next(w)) {
		bool good = (v = value_of(word, "discounted")) ? text_money(v, &a->discounted) :
			(v = value_of(word, "x25519")) ? hex_decode(v, a->x25519, 32) : false;
		if (!good)
			return REFUSE(r, "account: %.60s is not understood", word);
	}
	return true;
}

static void add_account(struct wbuf *w, const struct genesis_account *a)
{
	static const uint8_t none[32];
	char num[TEXT_NUM];
	add(w, "account ");
	add(w, text_of_money(a->amount, num));
	add(w, " ");
	add(w, vesting_word(a->schedule));
	add(w, " ");
	add_keys(w, &a->auth);
	if (!money_is_zero(a->discounted)) {
		add(w, " discounted=");
		add(w, text_of_money(a->discounted, num));
	}
	if (memcmp(a->x25519, none, sizeof none) != 0)
		add_hex(w, " x25519=", a->x25519);
	add(w, "\n");
}

/* --- the whole --- */

enum { KEY_CHAIN, KEY_PROFILE, KEY_TIME, KEY_ENGINE, KEY_LEASE, KEY_RESERVE, KEYS };
static_assert(KEYS + PARAMS <= 32, "a bit of seen for each");
static const char *const keys[KEYS] = {"chain", "profile", "time", "engine", "lease", "reserve"};

static bool read_key(struct reader *r, int key, const char *value)
{
	struct genesis *g = &r->g;
	uint64_t n;
	switch (key) {
	case KEY_CHAIN: return number(value, &g->chain_id);
	case KEY_TIME: return text_time(value, &g->time_ms);
	case KEY_LEASE: return hex_decode(value, g->standard_lease.b, 32);
	case KEY_RESERVE: return text_money(value, &r->reserve);
	case KEY_PROFILE:
		if (strlen(value) >= sizeof g->profile)
			return false;
		strcpy(g->profile, value);
		return true;
	}
	if (!text_u64(value, UINT16_MAX, &n))
		return false;
	g->engine = (uint16_t)n;
	return true;
}

static int key_find(const char *word)
{
	for (int i = 0; i < KEYS; i++)
		if (strcmp(word, keys[i]) == 0)
			return i;
	int param = param_find(word);
	return param < 0 ? -1 : KEYS + param;
}

static bool read_line(struct reader *r, char *line)
{
	struct words w = {line};
	line[strcspn(line, "#")] = '\0';
	const char *word = word_next(&w);
	if (!word)
		return true;
	if (strcmp(word, "symbol") == 0)
		return read_symbol(r, &w);
	if (strcmp(word, "account") == 0)
		return read_account(r, &w);
	int key = key_find(word);
	if (key < 0)
		return REFUSE(r, "no such key: %.60s", word);
	if (r->seen & 1u << key)
		return REFUSE(r, "%s is there twice", word);
	r->seen |= 1u << key;
	const char *value = word_next(&w);
	bool good = value && (key < KEYS ? read_key(r, key, value) : genesis_param_set(&r->g, word, value));
	return good && !word_next(&w) ? true : REFUSE(r, "the value of %s is not understood", word);
}

static bool read_lines(struct reader *r, struct slice text)
{
	char line[LINE_MAX_LEN + 1];
	for (size_t at = 0; at < text.len;) {
		const uint8_t *p = text.p + at, *end = memchr(p, '\n', text.len - at);
		size_t len = end ? (size_t)(end - p) : text.len - at;
		r->line++;
		if (len > LINE_MAX_LEN)
			return REFUSE(r, "the line is longer than %u characters", LINE_MAX_LEN);
		for (size_t i = 0; i < len; i++)
			if ((p[i] < ' ' && p[i] != '\t') || p[i] > '~')
				return REFUSE(r, "column %zu: only plain characters are taken", i + 1);
		memcpy(line, p, len);
		line[len] = '\0';
		if (!read_line(r, line))
			return false;
		at += len + (end != NULL);
	}
	return true;
}

/* What only the whole can say: is every key there, is it sound, and does what is left over agree with what was said. */
static bool read_end(struct reader *r)
{
	char why[WHY_LEN], num[TEXT_NUM];
	for (size_t i = 0; i < KEYS + PARAMS; i++)
		if (!(r->seen & 1u << i))
			return REFUSE(r, "the end, and there was no %s", i < KEYS ? keys[i] : params[i - KEYS].word);
	if (genesis_check(&r->g, why) != V_OK)
		return REFUSE(r, "%.200s", why);
	struct money left = genesis_reserve(&r->g);
	if (money_cmp(left, r->reserve) != 0)
		return REFUSE(r, "the accounts leave a reserve of %s to make 10000000000 ZNC", text_of_money(left, num));
	return true;
}

bool genesis_text_get(struct slice text, struct genesis *out, char *why)
{
	struct reader r = {.why = why};
	r.line = text.len == 0; /* nothing has a first line too */
	if (text.len > GENESIS_TEXT_MAX || !read_lines(&r, text) || !read_end(&r)) {
		if (text.len > GENESIS_TEXT_MAX)
			snprintf(why, WHY_LEN, "1: the text is longer than %u bytes", GENESIS_TEXT_MAX);
		genesis_free(&r.g);
		return false;
	}
	*out = r.g;
	return true;
}

void genesis_text_put(struct wbuf *w, const struct genesis *g)
{
	char num[TEXT_NUM], time[TEXT_TIME];
	add_number(w, "chain ", g->chain_id);
	add(w, "\nprofile ");
	add(w, g->profile);
	add(w, "\ntime ");
	add(w, text_of_time(g->time_ms, time));
	add_number(w, "\nengine ", g->engine);
	add(w, "\n");
	add_params(w, g);
	add_hex(w, "lease ", g->standard_lease.b);
	add(w, "\n\n");
	for (size_t i = 0; i < g->nsymbols; i++)
		add_symbol(w, &g->symbol[i]);
	add(w, "\n");
	for (size_t i = 0; i < g->naccounts; i++)
		add_account(w, &g->account[i]);
	add(w, "reserve ");
	add(w, text_of_money(genesis_reserve(g), num));
	add(w, "\n");
}
