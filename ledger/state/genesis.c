/* The genesis: what consensus reads that an operator may choose, its bytes and its hash.
 *
 * Knows the defaults of profile local (PROTOCOL 0.4, 0.14) and the codec. Does not know accounts' owners: the caller adds them. */
#include <string.h>
#include "common/coder.h"
#include "ledger/state/books.h"

#define GENESIS_VERSION 3
#define GENESIS_FIXED_ROOM 8192 /* all but the accounts */
#define GENESIS_ACCOUNT_ROOM 1792 /* sixteen keys as text */

static const struct { const char *name; struct resources unit; } local_symbols[] = {
	{"cpu", {{1000, 2048, 0, 0, 10240, 100000, 100000, 1000, 100, 512, 0, 0}}},
	{"gpu", {{4000, 16384, 1, 16384, 51200, 100000, 100000, 2000, 100, 1024, 0, 0}}},
	{"net", {{100, 128, 0, 0, 1024, 100000, 100000, 100, 1000, 64, 0, 0}}},
	{"disk", {{100, 128, 0, 0, 102400, 10000, 10000, 500, 20, 64, 0, 0}}},
};

static struct id standard_lease_id(void)
{
	uint8_t code[FSM_CODE_MAX];
	size_t len;
	char why[256];
	if (fsm_compile(contract_standard_lease, code, &len, why) != V_OK)
		books_fatal("the standard lease does not compile");
	return hash_of("zeus/tpl", code, len);
}

void genesis_local(struct genesis *g)
{
	*g = (struct genesis){.chain_id = 1, .profile = "local", .trial_s = 60, .grace_s = 600, .settle_s = 120, .consent_s = 60,
	    .commission_ppm = 10000, .bond_ppm = 200000, .lane_tx_max = 8192, .sketch_half_ms = 1600000, .unstake_s = 7 * 86400,
	    .free_wu = WORK_UNBOUNDED,
	    .lane_wu = 1ULL << 40, .open_ppm = 600000, .free_ppm = 100000, .fill_step_ms = 2000,
	    .work_window_ms = 24ULL * 3600 * 1000, .epoch_ms = 3600ULL * 1000,
	    .mig_max = 2304, .mig_theta_ppm = 250000, .mig_weight = 8 * SKETCH_STEP, .load_cap_ppm = 1250000, .mig_epoch_ms = 60000};
	g->nsymbols = sizeof local_symbols / sizeof local_symbols[0];
	for (size_t i = 0; i < g->nsymbols; i++) {
		struct fact_symbol *y = &g->symbol[i];
		y->symbol = (uint32_t)i + 1;
		strcpy(y->name, local_symbols[i].name);
		y->lane = (uint8_t)(1 + i % LANES);
		y->unit = local_symbols[i].unit;
		y->tick = price_of(10000);
		y->min_s = 1;
		y->max_s = 30 * 86400;
	}
	g->standard_lease = standard_lease_id();
}

void genesis_free(struct genesis *g)
{
	free(g->account);
	g->account = NULL;
	g->naccounts = 0;
	g->cap_accounts = 0;
}

struct genesis_account *genesis_account_add(struct genesis *g)
{
	if (g->naccounts == GENESIS_ACCOUNTS_MAX)
		return NULL;
	g->account = books_array(g->account, &g->cap_accounts, g->naccounts + 1, sizeof *g->account);
	struct genesis_account *a = &g->account[g->naccounts++];
	memset(a, 0, sizeof *a);
	return a;
}

static void symbol_put(struct wbuf *w, const struct fact_symbol *y)
{
	put_u32(w, y->symbol);
	put_text(w, y->name);
	put_u8(w, y->lane);
	put_resources(w, &y->unit);
	put_price(w, y->tick);
	put_u32(w, y->min_s);
	put_u32(w, y->max_s);
}

static void symbol_get(struct rbuf *r, struct fact_symbol *y)
{
	y->symbol = get_u32(r);
	get_text(r, y->name, NAME_MAX_LEN);
	y->lane = get_u8(r);
	y->unit = get_resources(r);
	y->tick = get_price(r);
	y->min_s = get_u32(r);
	y->max_s = get_u32(r);
}

/* In the order of their bytes. */
static void code_numbers(struct coder *c, struct genesis *g)
{
	uint32_t *const numbers[] = {&g->trial_s, &g->grace_s, &g->settle_s, &g->consent_s, &g->commission_ppm, &g->bond_ppm,
	    &g->lane_tx_max, &g->sketch_half_ms, &g->unstake_s};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		code_u32(c, numbers[i]);
	code_u64(c, &g->deposit_per_byte);
	code_u64(c, &g->free_wu);
	code_u64(c, &g->work_cap);
	code_u64(c, &g->lane_wu);
	code_u32(c, &g->open_ppm);
	code_u32(c, &g->free_ppm);
	code_u32(c, &g->fill_step_ms);
	code_u64(c, &g->work_window_ms);
	code_u64(c, &g->epoch_ms);
	code_u32(c, &g->mig_max);
	code_u32(c, &g->mig_theta_ppm);
	code_u32(c, &g->mig_weight);
	code_u32(c, &g->load_cap_ppm);
	code_u64(c, &g->mig_epoch_ms);
}

size_t genesis_room(const struct genesis *g)
{
	return GENESIS_FIXED_ROOM + (size_t)g->naccounts * GENESIS_ACCOUNT_ROOM;
}

void genesis_put(struct wbuf *w, const struct genesis *g)
{
	struct coder c = coder_writing(w);
	put_u8(w, GENESIS_VERSION);
	put_u32(w, g->chain_id);
	put_u64(w, g->time_ms);
	put_u16(w, g->engine);
	put_text(w, g->profile);
	code_numbers(&c, (struct genesis *)g);
	put_u32(w, g->naccounts);
	for (size_t i = 0; i < g->naccounts; i++) {
		auth_put(w, &g->account[i].auth);
		put_bytes(w, g->account[i].x25519, 32);
		put_money(w, g->account[i].amount);
		put_u8(w, g->account[i].schedule);
		put_money(w, g->account[i].discounted);
	}
	put_u32(w, g->nsymbols);
	for (size_t i = 0; i < g->nsymbols; i++)
		symbol_put(w, &g->symbol[i]);
	put_id(w, &g->standard_lease);
}

static bool accounts_get(struct rbuf *r, struct genesis *g)
{
	uint32_t n = get_u32(r);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		struct genesis_account *a = genesis_account_add(g);
		if (!a || !auth_get(r, &a->auth))
			return false;
		get_bytes(r, a->x25519, 32);
		a->amount = get_money(r);
		a->schedule = get_u8(r);
		a->discounted = get_money(r);
	}
	return !r->bad;
}

static bool symbols_get(struct rbuf *r, struct genesis *g)
{
	g->nsymbols = get_u32(r);
	if (r->bad || g->nsymbols > GENESIS_SYMBOLS_MAX)
		return false;
	for (size_t i = 0; i < g->nsymbols; i++)
		symbol_get(r, &g->symbol[i]);
	return !r->bad;
}

static bool genesis_read(struct rbuf *r, struct genesis *g)
{
	struct coder c = coder_reading(r);
	if (get_u8(r) != GENESIS_VERSION)
		return false;
	g->chain_id = get_u32(r);
	g->time_ms = get_u64(r);
	g->engine = get_u16(r);
	get_text(r, g->profile, sizeof g->profile - 1);
	code_numbers(&c, g);
	if (!accounts_get(r, g) || !symbols_get(r, g))
		return false;
	g->standard_lease = get_id(r);
	return rbuf_end(r);
}

bool genesis_get(struct slice bytes, struct genesis *out)
{
	struct genesis g = {0};
	struct rbuf r = rbuf_on(bytes.p, bytes.len);
	if (!genesis_read(&r, &g)) {
		genesis_free(&g);
		return false;
	}
	*out = g;
	return true;
}

struct id genesis_hash(const struct genesis *g)
{
	size_t cap = genesis_room(g);
	autofree uint8_t *buf = books_alloc(cap);
	struct wbuf w = wbuf_on(buf, cap);
	genesis_put(&w, g);
	if (w.bad)
		books_fatal("a genesis is larger than its bound");
	return hash_of("zeus/gen", buf, w.len);
}

/* --- what it gives --- */

struct money genesis_reserve(const struct genesis *g)
{
	struct money left = money_of(SUPPLY_BASE);
	for (size_t i = 0; i < g->naccounts; i++)
		if (!money_take(&left, g->account[i].amount))
			books_fatal("a genesis gives more than there is");
	return left;
}

struct vesting genesis_vesting(const struct genesis *g, const struct genesis_account *a)
{
	struct vesting v = {a->schedule, a->schedule == VEST_PUBLIC ? a->discounted : a->amount, g->time_ms};
	return a->schedule == VEST_NONE || money_is_zero(v.total) ? (struct vesting){.type = VEST_NONE} : v;
}
