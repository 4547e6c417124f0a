/* When coins that were sold or given before the start become their owner's to spend: the paper's chapter 5, as pure functions of time.
 *
 * Month = 2,629,746 s, counted whole from the start. Amounts round down, so the last step takes what rounding left. The ledger
 * decides by these at a block's header time; a view shows with them what the ledger would say at another. */
#ifndef ZEUS_VESTING_H
#define ZEUS_VESTING_H
#include "common/codec.h"

#define VESTING_MONTH_MS 2629746000ULL

enum vesting_type {
	VEST_NONE,    /* all of it from the start */
	VEST_ANGEL,   /* 40 % after six months, 10 % each month from then on */
	VEST_PUBLIC,  /* the same, of the discounted part only */
	VEST_TEAM,    /* 25 % at the start and after each year */
	VEST_RESERVE, /* never: it moves by governance */
	VESTINGS
};

/* total: what the schedule is about, zero exactly if type is none; before start_ms (header time) nothing is vested. */
struct vesting { uint8_t type; struct money total; uint64_t start_ms; };

struct money vesting_vested(const struct vesting *v, uint64_t time_ms);
struct money vesting_locked(const struct vesting *v, uint64_t time_ms); /* total - vested: never grows */
struct money vesting_spendable(const struct vesting *v, struct money balance, uint64_t time_ms); /* balance - locked, at least 0 */
/* The next step after time_ms that frees anything; false: none. */
bool vesting_next(const struct vesting *v, uint64_t time_ms, uint64_t *at_ms, struct money *amount);
const char *vesting_word(uint8_t type);                  /* "angel", ...; "?" if unknown */
bool vesting_by_word(const char *word, uint8_t *type);
void vesting_put(struct wbuf *w, const struct vesting *v);
bool vesting_get(struct rbuf *r, struct vesting *out);   /* false: not canonical, or of no schedule */
#endif
