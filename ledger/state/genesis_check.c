/* Whether a genesis is sound: what no node may start from, and why, as a sentence.
 *
 * Knows the bounds of every parameter. Does not know how a genesis is written, nor whether its contract compiles (round.c). */
#include <string.h>
#include "common/text.h"
#include "ledger/state/books.h"

#define WHY_LEN 256
#define PPM 1000000
#define TIME_MAX_MS 253402300799999ULL /* the end of year 9999, the last that has a text */
#define WAIT_MAX_S (10u * 366 * 86400)

/* The verdict, and why. */
#define REFUSE(v, ...) (snprintf(why, WHY_LEN, __VA_ARGS__), (v))

static enum verdict check_numbers(const struct genesis *g, char *why)
{
	const struct { const char *word; uint64_t value, least, most; } bound[] = {{"time", g->time_ms, 0, TIME_MAX_MS},
	    {"trial", g->trial_s, 0, WAIT_MAX_S}, {"grace", g->grace_s, 0, WAIT_MAX_S}, {"settle", g->settle_s, 0, WAIT_MAX_S},
	    {"consent", g->consent_s, 0, WAIT_MAX_S}, {"commission_ppm", g->commission_ppm, 0, PPM}, {"bond_ppm", g->bond_ppm, 0, PPM},
	    {"lane_tx_max", g->lane_tx_max, 1, UINT32_MAX},
	    {"sketch_half_ms", g->sketch_half_ms, 1, UINT32_MAX}, {"unstake", g->unstake_s, 0, WAIT_MAX_S},
	    {"deposit_per_byte", g->deposit_per_byte, 0, DEPOSIT_PER_BYTE_MAX}, {"free_wu", g->free_wu, 0, WORK_UNBOUNDED},
	    {"work_cap", g->work_cap, 0, WORK_CAP_MAX}, {"lane_wu", g->lane_wu, 1, WORK_UNBOUNDED}, {"open_ppm", g->open_ppm, 0, PPM},
	    {"free_ppm", g->free_ppm, 0, PPM}, {"fill_step_ms", g->fill_step_ms, 1, UINT32_MAX},
	    {"work_window_ms", g->work_window_ms, 1, UINT64_MAX}, {"epoch_ms", g->epoch_ms, 1, UINT64_MAX},
	    {"mig_theta_ppm", g->mig_theta_ppm, 0, PPM}, {"mig_epoch_ms", g->mig_epoch_ms, 1, UINT64_MAX},
	    {"accounts", g->naccounts, 0, GENESIS_ACCOUNTS_MAX}, {"symbols", g->nsymbols, 0, GENESIS_SYMBOLS_MAX}};
	for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++)
		if (bound[i].value < bound[i].least || bound[i].value > bound[i].most)
			return REFUSE(V_OVERFLOW, "%s is out of range (%llu to %llu)", bound[i].word,
			    (unsigned long long)bound[i].least, (unsigned long long)bound[i].most);
	if (!text_name_ok(g->profile))
		return REFUSE(V_MALFORMED, "the profile has no proper name");
	return V_OK;
}

static enum verdict check_symbol(const struct genesis *g, size_t i, char *why)
{
	const struct fact_symbol *y = &g->symbol[i];
	if (!text_name_ok(y->name))
		return REFUSE(V_MALFORMED, "symbol %u has no proper name", y->symbol);
	for (size_t k = 0; k < i; k++)
		if (g->symbol[k].symbol == y->symbol || strcmp(g->symbol[k].name, y->name) == 0)
			return REFUSE(V_DUPLICATE, "symbol %u, %s, is there twice", y->symbol, y->name);
	if (y->min_s > y->max_s || y->max_s > LIFE_MAX_S || price_base(y->tick) == 0)
		return REFUSE(V_MALFORMED, "symbol %s: min is more than max, max too long, or the tick zero", y->name);
	if (y->lane != 1 + i % LANES || y->unit.v[RES_SPARE_A] || y->unit.v[RES_SPARE_B])
		return REFUSE(V_MALFORMED, "symbol %s is on another lane than its place says, or has resources that do not exist",
		    y->name);
	return V_OK;
}

static enum verdict check_account(const struct genesis *g, size_t i, struct money *left, char *why)
{
	const struct genesis_account *a = &g->account[i];
	if (a->schedule >= VESTINGS)
		return REFUSE(V_MALFORMED, "account %zu: no such schedule", i + 1);
	if (a->schedule != VEST_PUBLIC && !money_is_zero(a->discounted))
		return REFUSE(V_MALFORMED, "account %zu: only what was sold to the public has a discounted part", i + 1);
	if (money_cmp(a->discounted, a->amount) > 0)
		return REFUSE(V_OVERFLOW, "account %zu: the discounted part is more than the whole", i + 1);
	if (!money_take(left, a->amount))
		return REFUSE(V_OVERFLOW, "account %zu: there are no more than 10000000000 ZNC in all", i + 1);
	return V_OK;
}

struct named { struct address address; size_t nth; };

static int named_cmp(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int by_address = memcmp(&x->address, &y->address, sizeof x->address);
	return by_address ? by_address : (x->nth > y->nth) - (x->nth < y->nth);
}

static enum verdict check_twice(const struct genesis *g, char *why)
{
	autofree struct named *all = books_alloc((g->naccounts + 1) * sizeof *all);
	for (size_t i = 0; i < g->naccounts; i++)
		all[i] = (struct named){auth_address(&g->account[i].auth), i + 1};
	qsort(all, g->naccounts, sizeof *all, named_cmp);
	for (size_t i = 1; i < g->naccounts; i++)
		if (address_eq(&all[i - 1].address, &all[i].address))
			return REFUSE(V_DUPLICATE, "accounts %zu and %zu have the same keys", all[i - 1].nth, all[i].nth);
	return V_OK;
}

enum verdict genesis_check(const struct genesis *g, char *why)
{
	struct money left = money_of(SUPPLY_BASE);
	enum verdict v = check_numbers(g, why);
	for (size_t i = 0; v == V_OK && i < g->nsymbols; i++)
		v = check_symbol(g, i, why);
	for (size_t i = 0; v == V_OK && i < g->naccounts; i++)
		v = check_account(g, i, &left, why);
	return v == V_OK ? check_twice(g, why) : v;
}
