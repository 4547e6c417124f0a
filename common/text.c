/* Numbers as people write them, read and written.
 *
 * Knows decimal points, suffixes and calendar time. A parser takes a whole string or refuses it and leaves its output alone.
 * Does not know which field of which command it reads, nor addresses (text_address.c). */
#include "common/text.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIME_MAX_MS 253402300799999ULL /* the last millisecond of the year 9999 */

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool text_name_ok(const char *s)
{
	size_t len = 0;
	if (s[0] == '.' || s[0] == '-')
		return false;
	for (; s[len]; len++)
		if (len == NAME_MAX_LEN || !(digit(s[len]) || letter(s[len]) || s[len] == '.' || s[len] == '_' || s[len] == '-'))
			return false;
	return len > 0;
}

/* Digits at *s into *value, after *value; *s moves behind them. False if there is none or it is over 64 bits. */
static bool digits(const char **s, uint64_t *value)
{
	if (!digit(**s))
		return false;
	for (; digit(**s); (*s)++)
		if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, (uint64_t)(**s - '0'), value))
			return false;
	return true;
}

/* "12" or "12.5", at most places decimals: *value = the number times 10^places. *s moves behind it. */
static bool decimal(const char **s, unsigned places, uint64_t *value)
{
	*value = 0;
	if (!digits(s, value))
		return false;
	if (**s == '.') {
		const char *point = (*s)++;
		if (!digits(s, value) || *s - point - 1 > (ptrdiff_t)places)
			return false;
		places -= (unsigned)(*s - point - 1);
	}
	for (; places; places--)
		if (__builtin_mul_overflow(*value, 10, value))
			return false;
	return true;
}

static bool decimal_whole(const char *s, unsigned places, uint64_t max, uint64_t *out)
{
	uint64_t v;
	if (!decimal(&s, places, &v) || *s || v > max)
		return false;
	*out = v;
	return true;
}

bool text_u64(const char *s, uint64_t max, uint64_t *out) { return decimal_whole(s, 0, max, out); }

bool text_units(const char *s, uint8_t decimals, struct money *out)
{
	uint64_t base;
	if (!decimal_whole(s, decimals, SUPPLY_BASE, &base))
		return false;
	*out = money_of(base);
	return true;
}

bool text_money(const char *s, struct money *out) { return text_units(s, 8, out); }

bool text_price(const char *s, struct price *out)
{
	uint64_t base;
	if (!decimal_whole(s, 8, SUPPLY_BASE, &base))
		return false;
	*out = price_of(base);
	return true;
}

bool text_cores(const char *s, uint32_t *milli)
{
	uint64_t v;
	if (!decimal_whole(s, 3, UINT32_MAX, &v))
		return false;
	*milli = (uint32_t)v;
	return true;
}

struct suffix { const char *word; uint64_t factor; };

/* A decimal with one of these suffixes, in units of unit; refused unless that is a whole number of 32 bits. */
static bool suffixed(const char *s, const struct suffix *table, size_t n, uint64_t unit, uint32_t *out)
{
	uint64_t milli;
	if (!decimal(&s, 3, &milli))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(s, table[i].word) != 0)
			continue;
		unsigned __int128 whole = (unsigned __int128)milli * table[i].factor, step = (unsigned __int128)unit * 1000;
		if (whole % step || whole / step > UINT32_MAX)
			return false;
		*out = (uint32_t)(whole / step);
		return true;
	}
	return false;
}

static const struct suffix sizes[] = {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20}, {"G", 1ULL << 30}, {"T", 1ULL << 40}};
static const struct suffix rates[] = {{"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}};
static const struct suffix times[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

bool text_size_mib(const char *s, uint32_t *mib) { return suffixed(s, sizes, COUNT(sizes), 1ULL << 20, mib); }
bool text_rate_kbps(const char *s, uint32_t *kbps) { return suffixed(s, rates, COUNT(rates), 1000, kbps); }

/* Units from the large to the small, each at most once, so that "1h30m" has one reading and "30m1h" none. */
bool text_duration(const char *s, uint32_t *seconds)
{
	uint64_t total = 0, n;
	size_t next = 0;
	if (text_u64(s, UINT32_MAX, &n)) {
		*seconds = (uint32_t)n;
		return true;
	}
	do {
		n = 0;
		if (!digits(&s, &n))
			return false;
		while (next < COUNT(times) && times[next].word[0] != *s)
			next++;
		if (next == COUNT(times) || __builtin_mul_overflow(n, times[next].factor, &n) || __builtin_add_overflow(total, n, &total))
			return false;
		s++, next++;
	} while (*s);
	if (total > UINT32_MAX)
		return false;
	*seconds = (uint32_t)total;
	return true;
}

/* "d" in shape stands for a digit, everything else for itself. */
static bool shaped(const char *s, const char *shape)
{
	for (; *shape; s++, shape++)
		if (*shape == 'd' ? !digit(*s) : *s != *shape)
			return false;
	return true;
}

static int number(const char *s, int len)
{
	int v = 0;
	while (len--)
		v = v * 10 + (*s++ - '0');
	return v;
}

bool text_time(const char *s, uint64_t *ms)
{
	char again[TEXT_TIME];
	if (!shaped(s, "dddd-dd-ddTdd:dd:dd"))
		return false;
	bool fraction = shaped(s + 19, ".dddZ");
	if (strcmp(s + (fraction ? 23 : 19), "Z") != 0)
		return false;
	struct tm tm = {.tm_year = number(s, 4) - 1900, .tm_mon = number(s + 5, 2) - 1, .tm_mday = number(s + 8, 2),
			.tm_hour = number(s + 11, 2), .tm_min = number(s + 14, 2), .tm_sec = number(s + 17, 2)};
	int64_t at_s = timegm(&tm);
	if (at_s < 0)
		return false;
	uint64_t at_ms = (uint64_t)at_s * 1000;
	/* timegm turns February 30 into March 1: only a real date comes back as it was written. */
	if (strncmp(text_of_time(at_ms, again), s, 19) != 0)
		return false;
	*ms = at_ms + (fraction ? (uint64_t)number(s + 20, 3) : 0);
	return true;
}

/* v / 10^places with at least keep decimals and no trailing zero beyond them */
static char *of_decimal(uint64_t v, int places, int keep, char out[TEXT_NUM])
{
	uint64_t one = 1;
	for (int i = 0; i < places; i++)
		one *= 10;
	int len = snprintf(out, TEXT_NUM, "%llu.%0*llu", (unsigned long long)(v / one), places, (unsigned long long)(v % one));
	for (; places > keep && out[len - 1] == '0'; places--)
		out[--len] = '\0';
	if (out[len - 1] == '.')
		out[len - 1] = '\0';
	return out;
}

char *text_of_money(struct money m, char out[TEXT_NUM]) { return of_decimal(money_base(m), 8, 8, out); }

char *text_of_units(struct money m, uint8_t decimals, char out[TEXT_NUM])
{
	if (decimals)
		return of_decimal(money_base(m), decimals, decimals, out);
	snprintf(out, TEXT_NUM, "%llu", (unsigned long long)money_base(m));
	return out;
}

char *text_of_price(struct price p, char out[TEXT_NUM]) { return of_decimal(price_base(p), 8, 4, out); }
char *text_of_cores(uint32_t milli, char out[TEXT_NUM]) { return of_decimal(milli, 3, 0, out); }

/* v in the largest of these units that leaves no remainder; the table goes from the large to the small */
static char *of_suffixed(uint64_t v, const struct suffix *table, size_t n, char out[TEXT_NUM])
{
	size_t i = 0;
	while (i + 1 < n && (v == 0 || v % table[i].factor))
		i++;
	snprintf(out, TEXT_NUM, "%llu%s", (unsigned long long)(v / table[i].factor), table[i].word);
	return out;
}

char *text_of_size(uint32_t mib, char out[TEXT_NUM])
{
	static const struct suffix shown[] = {{"T", 1 << 20}, {"G", 1 << 10}, {"M", 1}};
	return of_suffixed(mib, shown, COUNT(shown), out);
}

char *text_of_rate(uint32_t kbps, char out[TEXT_NUM])
{
	static const struct suffix shown[] = {{"gbit", 1000000}, {"mbit", 1000}, {"kbit", 1}};
	return of_suffixed(kbps, shown, COUNT(shown), out);
}

char *text_of_duration(uint64_t s, char out[TEXT_NUM]) { return of_suffixed(s, times, COUNT(times), out); }

char *text_of_time(uint64_t ms, char out[TEXT_TIME])
{
	struct tm tm;
	if (ms > TIME_MAX_MS)
		ms = TIME_MAX_MS;
	time_t s = (time_t)(ms / 1000);
	gmtime_r(&s, &tm);
	size_t len = strftime(out, TEXT_TIME, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ms % 1000)
		len += (size_t)snprintf(out + len, TEXT_TIME - len, ".%03u", (unsigned)(ms % 1000));
	out[len] = 'Z';
	out[len + 1] = '\0';
	return out;
}

const char *resource_text(enum resource_kind k, uint32_t v, char out[TEXT_NUM])
{
	switch (k) {
	case RES_CPU_MILLI: return text_of_cores(v, out);
	case RES_MEM_MIB:
	case RES_GPU_MEM_MIB:
	case RES_DISK_MIB: return text_of_size(v, out);
	case RES_UP_KBPS:
	case RES_DOWN_KBPS: return text_of_rate(v, out);
	case RES_GPU:
	case RES_IOPS:
	case RES_CONN:
	case RES_PIDS:
	case RES_SPARE_A:
	case RES_SPARE_B: break;
	}
	snprintf(out, TEXT_NUM, "%u", v);
	return out;
}
