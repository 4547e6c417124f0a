/* recount: every balance again from a trace of the simulator, with no line of the ledger's.
 *
 * Knows: out of a balance goes what is told as out and is one's own (transfer, escrow, bond, token, deposit, stake); what is told as in
 * comes in. What went out and came to nobody is locked, or set aside, or behind a token, or the pool's. Lines that it does not know are for
 * people. ZNC is token 0. Numbers are base units, at most 10^18, so that sums fit 64 bits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 65536
#define TOKENS 256
#define SUPPLY 1000000000000000000LL

struct slot { char name[48]; int64_t counted, said; };
static struct slot table[SLOTS];
static int64_t elsewhere, behind, lines, moved, wrong, units[TOKENS];
static struct slot pool = {.name = "pool"}, reserve = {.name = "reserve"}, locked = {.name = "locked and travelling"};

static struct slot *slot_of(const char *who, const char *what)
{
	char name[48];
	uint32_t h = 2166136261u;
	snprintf(name, sizeof name, "%.36s/%.8s", who, what);
	for (const char *c = name; *c; c++)
		h = (h ^ (uint8_t)*c) * 16777619u;
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct slot *s = &table[(h + i) % SLOTS];
		if (!s->name[0])
			memcpy(s->name, name, sizeof s->name);
		if (strcmp(s->name, name) == 0)
			return s;
	}
	fprintf(stderr, "recount: too many names\n");
	exit(2);
}

static void differs(const char *what, int64_t is, int64_t said)
{
	fprintf(stderr, "recount: %s: counted %" PRId64 ", the records say %" PRId64 "\n", what, is, said);
	wrong++;
}

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Where what leaves a balance goes, or what enters it comes from. */
static void other_side(const char *kind, const char *who, unsigned token, int64_t out)
{
	if (is(kind, "deposit") || is(kind, "stake"))
		slot_of(who, "aside")->counted += out;
	else if (token && (is(kind, "token") || is(kind, "refund")))
		units[token] -= out;
	else if (is(kind, "token"))
		behind += out; /* ZNC, behind the tokens or on its way there */
	else
		elsewhere += out;
}

static void pay(const char *line)
{
	char kind[32], way[8], who[40], token_name[16];
	unsigned token;
	int64_t amount;
	if (sscanf(line, "pay %*u %31s %7s %39s %u %" SCNd64, kind, way, who, &token, &amount) != 5 || amount <= 0 || token >= TOKENS) {
		differs(line, 0, 0);
		return;
	}
	snprintf(token_name, sizeof token_name, "%u", token);
	struct slot *s = slot_of(who, token_name);
	moved++;
	if (is(kind, "commission")) {
		pool.counted += amount;
		elsewhere -= amount;
		return;
	}
	if (is(kind, "lease") && !is(way, "in"))
		return; /* the buyer's line of it tells of the escrow, which left his balance before */
	int64_t out = is(way, "in") ? -amount : amount;
	s->counted -= out;
	if (!(token && is(kind, "transfer")))
		other_side(kind, who, token, out);
	if (s->counted < 0 && !(token && is(kind, "transfer")))
		differs("less than nothing", s->counted, elsewhere);
}

static void read_line(const char *line)
{
	char who[40], word[16];
	unsigned token;
	int64_t amount, more;
	lines++;
	if (strncmp(line, "pay ", 4) == 0)
		pay(line);
	else if (sscanf(line, "open %39s %" SCNd64, who, &amount) == 2)
		*(is(who, "reserve") ? &reserve.counted : &slot_of(who, "0")->counted) += amount;
	else if (sscanf(line, "balance %39s %" SCNd64, who, &amount) == 2)
		slot_of(who, "0")->said = amount;
	else if (sscanf(line, "aside %39s %" SCNd64, who, &amount) == 2)
		slot_of(who, "aside")->said = amount;
	else if (sscanf(line, "holding %39s %15s %" SCNd64, who, word, &amount) == 3)
		slot_of(who, word)->said = amount;
	else if (sscanf(line, "token %u %" SCNd64 " %" SCNd64, &token, &amount, &more) == 3) {
		if (token >= TOKENS || units[token] != amount)
			differs("the supply of a token", units[token % TOKENS], amount);
		behind -= more;
	} else if (sscanf(line, "locked %" SCNd64, &amount) == 1 || sscanf(line, "travelling %" SCNd64, &amount) == 1)
		locked.said += amount;
	else if (sscanf(line, "pool %" SCNd64, &amount) == 1)
		pool.said = amount;
	else if (sscanf(line, "reserve %" SCNd64, &amount) == 1)
		reserve.said = amount;
}

static int64_t compare_all(void)
{
	const struct slot *few[] = {&pool, &reserve, &locked};
	int64_t znc = 0;
	for (int i = 0; i < SLOTS; i++) {
		const char *what = strchr(table[i].name, '/');
		if (table[i].counted != table[i].said)
			differs(table[i].name, table[i].counted, table[i].said);
		if (what && (is(what, "/0") || is(what, "/aside")))
			znc += table[i].counted;
	}
	for (int i = 0; i < 3; i++) {
		if (few[i]->counted != few[i]->said)
			differs(few[i]->name, few[i]->counted, few[i]->said);
		znc += few[i]->counted;
	}
	return znc;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	int64_t reserves = 0;
	while (getline(&line, &cap, stdin) >= 0) {
		long long kept;
		if (sscanf(line, "token %*u %*d %lld", &kept) == 1)
			reserves += kept;
		read_line(line);
	}
	free(line);
	locked.counted = elsewhere + behind; /* what went behind tokens and is not there comes back as a refund */
	int64_t all = compare_all() + reserves;
	if (all != SUPPLY)
		differs("the supply", all, SUPPLY);
	printf("recount: %" PRId64 " lines, %" PRId64 " movements, %" PRId64 " differences\n", lines, moved, wrong);
	return wrong != 0 || moved == 0;
}
