/* The schedules of chapter 5 as steps, and what follows from them.
 *
 * Knows months and percents. Does not know accounts, genesis or clocks. */
#include "common/vesting.h"
#include <string.h>

struct step { uint8_t month, percent; };
struct schedule { const char *word; struct step step[8]; size_t n; };

static const struct schedule schedules[VESTINGS] = {
	[VEST_NONE] = {"none", {{0, 100}}, 1},
	[VEST_ANGEL] = {"angel", {{6, 40}, {7, 50}, {8, 60}, {9, 70}, {10, 80}, {11, 90}, {12, 100}}, 7},
	[VEST_PUBLIC] = {"public", {{6, 40}, {7, 50}, {8, 60}, {9, 70}, {10, 80}, {11, 90}, {12, 100}}, 7},
	[VEST_TEAM] = {"team", {{0, 25}, {12, 50}, {24, 75}, {36, 100}}, 4},
	[VEST_RESERVE] = {"reserve", {{0, 0}}, 0},
};

/* Floor; a hundredth part of money is money, so it cannot fail. */
static struct money part_of(struct money total, uint8_t percent)
{
	struct money part = money_of(0);
	money_muldiv(total, percent, 100, &part);
	return part;
}

static uint8_t percent_at(const struct vesting *v, uint64_t time_ms)
{
	uint8_t percent = 0;
	if (v->type >= VESTINGS || time_ms < v->start_ms)
		return 0;
	uint64_t month = (time_ms - v->start_ms) / VESTING_MONTH_MS;
	const struct schedule *s = &schedules[v->type];
	for (size_t i = 0; i < s->n && s->step[i].month <= month; i++)
		percent = s->step[i].percent;
	return percent;
}

struct money vesting_vested(const struct vesting *v, uint64_t time_ms)
{
	return part_of(v->total, percent_at(v, time_ms));
}

struct money vesting_locked(const struct vesting *v, uint64_t time_ms)
{
	struct money locked = money_of(0);
	money_sub(v->total, vesting_vested(v, time_ms), &locked);
	return locked;
}

struct money vesting_spendable(const struct vesting *v, struct money balance, uint64_t time_ms)
{
	struct money left = money_of(0);
	money_sub(balance, vesting_locked(v, time_ms), &left);
	return left;
}

bool vesting_next(const struct vesting *v, uint64_t time_ms, uint64_t *at_ms, struct money *amount)
{
	struct money before = vesting_vested(v, time_ms), step;
	const struct schedule *s = v->type < VESTINGS ? &schedules[v->type] : &schedules[VEST_RESERVE];
	for (size_t i = 0; i < s->n; i++) {
		uint64_t at;
		if (__builtin_add_overflow(v->start_ms, s->step[i].month * VESTING_MONTH_MS, &at) || at <= time_ms)
			continue;
		if (!money_sub(part_of(v->total, s->step[i].percent), before, &step) || money_is_zero(step))
			continue;
		*at_ms = at;
		*amount = step;
		return true;
	}
	return false;
}

const char *vesting_word(uint8_t type)
{
	return type < VESTINGS ? schedules[type].word : "?";
}

bool vesting_by_word(const char *word, uint8_t *type)
{
	for (uint8_t i = 0; i < VESTINGS; i++) {
		if (strcmp(word, schedules[i].word) != 0)
			continue;
		*type = i;
		return true;
	}
	return false;
}

static bool canonical(const struct vesting *v)
{
	return v->type > VEST_NONE && v->type < VESTINGS && !money_is_zero(v->total);
}

void vesting_put(struct wbuf *w, const struct vesting *v)
{
	w->bad = w->bad || !canonical(v);
	put_u8(w, v->type);
	put_money(w, v->total);
	put_u64(w, v->start_ms);
}

bool vesting_get(struct rbuf *r, struct vesting *out)
{
	struct vesting v = {.type = get_u8(r)};
	v.total = get_money(r);
	v.start_ms = get_u64(r);
	if (r->bad || !canonical(&v)) {
		r->bad = true;
		return false;
	}
	*out = v;
	return true;
}
