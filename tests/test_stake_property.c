/* Random payments, stakes, votes, proxies and new keys against a model that knows nothing of lanes and receipts.
 *
 * The model says what each command must answer, and what each account and each site must have once nothing travels. In every round:
 * no site has votes that nobody staked (I8), nobody has less than what is locked (I6), and locked coins only ever become fewer.
 * Books that are stored and loaded in between go on alike. A failure names its seed. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ledger/state/books.h"
#include "tests/books_driver.h"

#define ACCOUNTS 16
#define SITES 6
#define EACH 100000ULL
#define UNSTAKE_MS 50000ULL
#define NOBODY ACCOUNTS

struct person {
	uint64_t balance, staked, unstaking, due_ms, total, locked_before; uint8_t schedule; struct tx_vote votes; uint32_t proxy, key;
};
struct world { struct rig rig; uint64_t seed; struct person person[ACCOUNTS]; uint32_t done[V_COUNT]; };

static uint32_t dice(struct world *w, uint32_t sides)
{
	w->seed = w->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(w->seed >> 33) % sides;
}

/* --- the model --- */

/* The paper's percentages, written down a second time. */
static uint64_t locked_of(const struct world *w, const struct person *p)
{
	uint64_t month = (w->rig.time_ms - w->rig.genesis.time_ms) / VESTING_MONTH_MS, percent = 0;
	if (p->schedule == VEST_ANGEL || p->schedule == VEST_PUBLIC)
		percent = month < 6 ? 0 : month > 12 ? 100 : 40 + 10 * (month - 6);
	if (p->schedule == VEST_TEAM)
		percent = month >= 36 ? 100 : 25 + month / 12 * 25;
	return p->total - p->total / 100 * percent; /* totals are whole hundreds */
}

static void model_time(struct world *w)
{
	for (struct person *p = w->person; p < w->person + ACCOUNTS; p++) {
		if (!p->unstaking || p->due_ms > w->rig.time_ms)
			continue;
		p->balance += p->unstaking;
		p->unstaking = 0;
	}
}

static enum verdict model_take(struct world *w, struct person *p, uint64_t amount)
{
	uint64_t locked = locked_of(w, p);
	if (amount > p->balance)
		return V_NO_FUNDS;
	if (amount > p->balance - locked)
		return V_UNVESTED;
	p->balance -= amount;
	return V_OK;
}

static bool model_followed(const struct world *w, uint32_t who)
{
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		if (w->person[i].proxy == who)
			return true;
	return false;
}

static enum verdict model_proxy(struct world *w, uint32_t who, uint32_t to)
{
	struct person *p = &w->person[who];
	if (to == NOBODY) {
		p->proxy = NOBODY;
		return V_OK;
	}
	if (!p->staked)
		return V_STAKE_SHORT;
	if (to == who || model_followed(w, who) || w->person[to].proxy != NOBODY)
		return V_BAD_PROXY;
	p->proxy = to;
	return V_OK;
}

static enum verdict model_unstake(struct world *w, struct person *p, uint64_t amount)
{
	if (!amount)
		return V_OVERFLOW;
	if (amount > p->staked)
		return V_STAKE_SHORT;
	if (p->unstaking)
		return V_BAD_STATE;
	p->staked -= amount;
	p->unstaking = amount;
	p->due_ms = w->rig.time_ms + UNSTAKE_MS;
	return V_OK;
}

static void model_votes(const struct world *w, uint64_t site[SITES])
{
	memset(site, 0, SITES * sizeof *site);
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		const struct person *p = &w->person[i];
		uint64_t power = p->staked;
		for (uint32_t k = 0; k < ACCOUNTS; k++)
			power += w->person[k].proxy == i ? w->person[k].staked : 0;
		if (p->proxy != NOBODY || !p->votes.n)
			continue;
		for (size_t k = 0; k < p->votes.n; k++)
			site[p->votes.site[k]] += power / p->votes.n;
		site[p->votes.site[0]] += power % p->votes.n;
	}
}

/* --- commands --- */

static uint64_t some_amount(struct world *w, const struct person *p)
{
	uint64_t near = dice(w, 2) ? p->balance - locked_of(w, p) : p->staked;
	switch (dice(w, 6)) {
	case 0: return 0;
	case 1: return near;
	case 2: return near + 1;
	case 3: return p->balance;
	}
	return near ? dice(w, (uint32_t)near) : 1;
}

static struct tx command(struct world *w, uint32_t who, uint8_t type)
{
	struct tx tx = rig_tx(&w->rig, who, type);
	rig_pk(w->person[who].key, tx.sig[0].pk);
	return tx;
}

static enum verdict do_amount(struct world *w, uint32_t who, uint8_t type, enum verdict *want)
{
	struct person *p = &w->person[who];
	uint64_t amount = some_amount(w, p);
	struct tx tx = command(w, who, type);
	tx.u.stake.amount = money_of(amount);
	enum verdict got = rig_do(&w->rig, &tx);
	model_time(w);
	if (type == TX_UNSTAKE) {
		*want = model_unstake(w, p, amount);
	} else {
		*want = amount ? model_take(w, p, amount) : V_OVERFLOW;
		p->staked += *want == V_OK ? amount : 0;
	}
	return got;
}

static enum verdict do_pay(struct world *w, uint32_t who, enum verdict *want)
{
	uint32_t to = dice(w, ACCOUNTS);
	uint64_t amount = some_amount(w, &w->person[who]);
	struct tx tx = command(w, who, TX_TRANSFER);
	tx.u.transfer.to = rig_address(to);
	tx.u.transfer.amount = money_of(amount);
	enum verdict got = rig_do(&w->rig, &tx);
	model_time(w);
	*want = amount ? model_take(w, &w->person[who], amount) : V_OVERFLOW;
	w->person[to].balance += *want == V_OK ? amount : 0;
	return got;
}

static enum verdict do_vote(struct world *w, uint32_t who, enum verdict *want)
{
	struct tx_vote votes = {0};
	struct tx tx = command(w, who, TX_VOTE);
	for (uint16_t site = 0; site < SITES && votes.n < VOTES_MAX; site++)
		if (dice(w, 2))
			votes.site[votes.n++] = site;
	tx.u.vote = votes;
	enum verdict got = rig_do(&w->rig, &tx);
	model_time(w);
	*want = votes.n && !w->person[who].staked ? V_STAKE_SHORT : V_OK;
	if (*want == V_OK)
		w->person[who].votes = votes;
	return got;
}

static enum verdict do_proxy(struct world *w, uint32_t who, enum verdict *want)
{
	uint32_t to = dice(w, ACCOUNTS + 6);
	struct tx tx = command(w, who, TX_PROXY);
	to = to < ACCOUNTS ? to : NOBODY;
	if (to != NOBODY)
		tx.u.proxy.proxy = rig_address(to);
	enum verdict got = rig_do(&w->rig, &tx);
	model_time(w);
	*want = model_proxy(w, who, to);
	return got;
}

static enum verdict do_keys(struct world *w, uint32_t who, enum verdict *want)
{
	uint32_t key = 1000 + dice(w, 1000), sign = dice(w, 4) ? w->person[who].key : key;
	struct tx tx = command(w, who, TX_SET_AUTH);
	rig_pk(sign, tx.sig[0].pk);
	tx.u.set_auth.auth = rig_auth(key);
	*want = sign == w->person[who].key ? V_OK : V_BAD_SIGNATURE;
	enum verdict got = rig_do(&w->rig, &tx);
	model_time(w);
	if (*want == V_OK)
		w->person[who].key = key;
	return got;
}

static enum verdict do_one(struct world *w, enum verdict *want)
{
	uint32_t who = dice(w, ACCOUNTS);
	switch (dice(w, 12)) {
	case 0:
	case 1: return do_pay(w, who, want);
	case 2:
	case 3:
	case 4: return do_amount(w, who, TX_STAKE, want);
	case 5:
	case 6: return do_amount(w, who, TX_UNSTAKE, want);
	case 7:
	case 8: return do_vote(w, who, want);
	case 9: return do_keys(w, who, want);
	}
	return do_proxy(w, who, want);
}

/* --- what must hold --- */

/* While things travel: I8 with what is on its way out still counted, I6. */
static void check_always(struct world *w)
{
	uint64_t votes = 0, at_stake = 0;
	for (uint16_t site = 0; site < SITES; site++)
		votes += money_base(state_site_votes(w->rig.s, site));
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct fact_account a;
		struct person *p = &w->person[i];
		uint64_t locked = locked_of(w, p);
		ck_assert(rig_account(&w->rig, i, &a));
		at_stake += money_base(a.stake.staked) + money_base(a.stake.unstaking);
		ck_assert_uint_le(locked, p->locked_before);
		ck_assert_uint_ge(money_base(a.balance), locked);
		ck_assert_uint_eq(money_base(vesting_locked(&a.vesting, w->rig.time_ms)), locked);
		p->locked_before = locked;
	}
	ck_assert_uint_le(votes, at_stake);
}

static void check_settled(struct world *w)
{
	uint64_t site[SITES], votes = 0, all = 0;
	rig_settle(&w->rig);
	model_time(w);
	model_votes(w, site);
	for (uint16_t i = 0; i < SITES; i++) {
		ck_assert_uint_eq(money_base(state_site_votes(w->rig.s, i)), site[i]);
		votes += site[i];
	}
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		const struct person *p = &w->person[i];
		struct fact_account a;
		struct address proxy = {{0}};
		if (p->proxy != NOBODY)
			proxy = rig_address(p->proxy);
		ck_assert(rig_account(&w->rig, i, &a));
		ck_assert_uint_eq(money_base(a.balance), p->balance);
		ck_assert_uint_eq(money_base(a.stake.staked), p->staked);
		ck_assert_uint_eq(money_base(a.stake.unstaking), p->unstaking);
		ck_assert(address_eq(&a.stake.proxy, &proxy));
		ck_assert(memcmp(&a.stake.votes, &p->votes, sizeof p->votes) == 0);
		all += p->staked;
	}
	ck_assert_uint_le(votes, all);
}

static void world_open(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof *w);
	w->seed = seed;
	rig_prepare(&w->rig, ACCOUNTS, EACH);
	w->rig.genesis.unstake_s = UNSTAKE_MS / 1000;
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct person *p = &w->person[i];
		*p = (struct person){.balance = EACH, .proxy = NOBODY, .key = i, .schedule = (uint8_t)(i % VESTINGS)};
		p->total = p->schedule == VEST_NONE ? 0 : p->schedule == VEST_PUBLIC ? EACH / 2 : EACH;
		p->locked_before = UINT64_MAX;
		w->rig.genesis.account[i].schedule = p->schedule;
		w->rig.genesis.account[i].discounted = money_of(p->schedule == VEST_PUBLIC ? EACH / 2 : 0);
	}
	rig_begin(&w->rig);
}

static void world_step(struct world *w, int i)
{
	enum verdict want = V_COUNT;
	uint32_t hop = dice(w, 40);
	w->rig.step_ms = hop ? 5 + dice(w, 9000) : (uint32_t)(VESTING_MONTH_MS / 3 + dice(w, 1000000000));
	enum verdict got = do_one(w, &want);
	ck_assert_msg(got == want, "seed %llu, command %d: %s, not %s", (unsigned long long)w->seed, i, verdict_name(got),
	    verdict_name(want));
	w->done[got]++;
	check_always(w);
	w->rig.step_ms = 5;
	check_settled(w);
}

START_TEST(the_model_is_right)
{
	static struct world w;
	world_open(&w, 11 + (uint64_t)_i);
	for (int i = 0; i < 3000; i++) {
		world_step(&w, i);
		if (i % 97 == 5)
			rig_reload(&w.rig);
	}
	static const enum verdict met[] = {V_OK, V_OVERFLOW, V_NO_FUNDS, V_UNVESTED, V_STAKE_SHORT, V_BAD_STATE, V_BAD_PROXY,
	    V_BAD_SIGNATURE};
	for (size_t i = 0; i < sizeof met / sizeof met[0]; i++)
		ck_assert_msg(w.done[met[i]] > 0, "%s was never met", verdict_name(met[i]));
	rig_close(&w.rig);
}
END_TEST

/* Many at once, answers not foretold: the sums must hold all the same, and loaded books go on byte for byte. */
static void crowd_round(struct world *w)
{
	static const uint8_t types[] = {TX_STAKE, TX_UNSTAKE, TX_VOTE, TX_PROXY, TX_PROXY};
	struct tx tx[ACCOUNTS];
	enum verdict got[ACCOUNTS];
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		tx[i] = command(w, i, types[dice(w, sizeof types)]);
		if (tx[i].type == TX_STAKE || tx[i].type == TX_UNSTAKE)
			tx[i].u.stake.amount = money_of(dice(w, EACH / 4));
		if (tx[i].type == TX_VOTE)
			tx[i].u.vote = (struct tx_vote){2, {(uint16_t)dice(w, 3), (uint16_t)(3 + dice(w, 3))}};
		if (tx[i].type == TX_PROXY && dice(w, 4))
			tx[i].u.proxy.proxy = rig_address(dice(w, ACCOUNTS));
	}
	w->rig.step_ms = 1 + dice(w, 20000);
	rig_many(&w->rig, tx, ACCOUNTS, got);
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		w->done[got[i]]++;
	check_always(w);
}

static void crowd_check(struct world *w)
{
	rig_settle(&w->rig);
	for (uint32_t i = 0; i < ACCOUNTS; i++) {
		struct fact_account a;
		struct person *p = &w->person[i];
		ck_assert(rig_account(&w->rig, i, &a));
		p->staked = money_base(a.stake.staked);
		p->unstaking = money_base(a.stake.unstaking);
		p->due_ms = a.stake.unstake_ms;
		p->balance = money_base(a.balance);
		p->votes = a.stake.votes;
		p->proxy = NOBODY;
		for (uint32_t k = 0; k < ACCOUNTS; k++) {
			struct address other = rig_address(k);
			p->proxy = address_eq(&other, &a.stake.proxy) ? k : p->proxy;
		}
	}
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		ck_assert(w->person[i].proxy == NOBODY || w->person[w->person[i].proxy].proxy == NOBODY);
	check_settled(w);
}

START_TEST(a_crowd_keeps_the_sums)
{
	static struct world a, b;
	world_open(&a, 5);
	world_open(&b, 5);
	for (int i = 0; i < 400; i++) {
		crowd_round(&a);
		crowd_round(&b);
		if (i % 5 == 2)
			rig_reload(&b.rig);
		ck_assert_msg(id_cmp(&a.rig.digest, &b.rig.digest) == 0, "round %d differs", i);
		if (i % 10 == 9) {
			crowd_check(&a);
			crowd_check(&b);
		}
	}
	ck_assert_uint_gt(a.done[V_OK], 1000);
	rig_close(&a.rig);
	rig_close(&b.rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stake_property");
	TCase *t = tcase_create("random");
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, the_model_is_right, 0, 2);
	tcase_add_test(t, a_crowd_keeps_the_sums);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
