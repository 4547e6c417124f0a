/* Money, price, quantity, height and lane as types of their own, so that one cannot be taken for another.
 *
 * Nobody but this header touches the field inside. Arithmetic is checked: a function that can fail returns
 * false and leaves *out as it was. Products are 128 bits wide, division is floor division. */
#ifndef ZEUS_UNITS_H
#define ZEUS_UNITS_H
#include <stdbool.h>
#include <stdint.h>
#include "common/limits.h"

struct money { uint64_t money_; };   /* base units, 10^8 to the ZNC; at most SUPPLY_BASE in all */
struct price { uint64_t price_; };   /* base units per unit-hour */
struct qty { uint32_t qty_; };       /* replicas */
struct height { uint64_t height_; }; /* block height, genesis = 0 */
struct lane { uint8_t lane_; };      /* chain number 0..9 */

static inline struct money money_of(uint64_t base) { return (struct money){base}; }
static inline uint64_t money_base(struct money m) { return m.money_; }
static inline bool money_is_zero(struct money m) { return m.money_ == 0; }
static inline int money_cmp(struct money a, struct money b) { return (a.money_ > b.money_) - (a.money_ < b.money_); }
static inline struct money money_min(struct money a, struct money b) { return a.money_ < b.money_ ? a : b; }

static inline bool money_add(struct money a, struct money b, struct money *out)
{
	uint64_t sum;
	if (__builtin_add_overflow(a.money_, b.money_, &sum) || sum > SUPPLY_BASE)
		return false;
	out->money_ = sum;
	return true;
}

static inline bool money_sub(struct money a, struct money b, struct money *out)
{
	if (a.money_ < b.money_)
		return false;
	out->money_ = a.money_ - b.money_;
	return true;
}

/* floor(m * num / den); false if den is 0 or the result is over the supply */
static inline bool money_muldiv(struct money m, uint64_t num, uint64_t den, struct money *out)
{
	if (den == 0)
		return false;
	unsigned __int128 product = (unsigned __int128)m.money_ * num / den;
	if (product > SUPPLY_BASE)
		return false;
	out->money_ = (uint64_t)product;
	return true;
}

static inline struct price price_of(uint64_t base_per_unit_hour) { return (struct price){base_per_unit_hour}; }
static inline uint64_t price_base(struct price p) { return p.price_; }
static inline int price_cmp(struct price a, struct price b) { return (a.price_ > b.price_) - (a.price_ < b.price_); }

/* The whole vector's price per hour: floor(price * milli_units / 1000); false if over the supply. */
static inline bool price_rate(struct price p, uint64_t milli_units, struct money *out)
{
	return money_muldiv((struct money){p.price_}, milli_units, 1000, out);
}

static inline struct qty qty_of(uint32_t n) { return (struct qty){n}; }
static inline uint32_t qty_n(struct qty q) { return q.qty_; }
static inline struct height height_of(uint64_t h) { return (struct height){h}; }
static inline uint64_t height_n(struct height h) { return h.height_; }
static inline struct lane lane_of(uint8_t n) { return (struct lane){n}; }
static inline uint8_t lane_n(struct lane l) { return l.lane_; }
static inline bool lane_ok(uint8_t n) { return n < CHAINS; }
#endif
