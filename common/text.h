/* Numbers as people write and read them: amounts, sizes, rates, durations, times, addresses. Parsers take the whole string
 * and refuse anything else; renderers never use an exponent. */
#ifndef ZEUS_TEXT_H
#define ZEUS_TEXT_H
#include "common/codec.h"

bool text_name_ok(const char *s);                       /* [A-Za-z0-9._-]{1,64}, not starting with . or - */
bool text_u64(const char *s, uint64_t max, uint64_t *out);
bool text_money(const char *s, struct money *out);      /* "1.5", at most 8 decimals */
bool text_price(const char *s, struct price *out);
/* Base units of something with so many decimals, at most 18; no more digits after the point than these. Bounded as money is. */
bool text_units(const char *s, uint8_t decimals, struct money *out);
bool text_cores(const char *s, uint32_t *milli);        /* "0.5" -> 500, at most 3 decimals */
bool text_size_mib(const char *s, uint32_t *mib);       /* bytes or K M G T (powers of 1024), whole MiB, "512M" */
bool text_rate_kbps(const char *s, uint32_t *kbps);     /* "20mbit" "500kbit" "1gbit" (powers of 1000) */
bool text_duration(const char *s, uint32_t *seconds);   /* "90s" "10m" "2h" "1d", also "1h30m"; bare number = seconds */
bool text_time(const char *s, uint64_t *ms);            /* RFC 3339 UTC "2018-12-01T10:00:00Z" */

/* out sizes: */
#define TEXT_NUM 32
#define TEXT_TIME 32
char *text_of_money(struct money m, char out[TEXT_NUM]);        /* 8 decimals */
char *text_of_units(struct money m, uint8_t decimals, char out[TEXT_NUM]); /* all of its decimals */
char *text_of_price(struct price p, char out[TEXT_NUM]);        /* at least 4 decimals, no trailing zeros beyond them */
char *text_of_cores(uint32_t milli, char out[TEXT_NUM]);        /* "0.5" */
char *text_of_size(uint32_t mib, char out[TEXT_NUM]);           /* "512M" */
char *text_of_rate(uint32_t kbps, char out[TEXT_NUM]);          /* "20mbit" */
char *text_of_duration(uint64_t s, char out[TEXT_NUM]);         /* "10m", "2h", "90s" */
const char *resource_text(enum resource_kind k, uint32_t v, char out[TEXT_NUM]); /* as the order line says it */
char *text_of_time(uint64_t ms, char out[TEXT_TIME]);           /* RFC 3339 with milliseconds only if not 0 */

/* bech32m with prefix "znc": 62 characters, every typo of up to four characters is caught (BIP 350). */
void text_of_address(const struct address *a, char out[ADDRESS_TEXT_MAX]);
bool text_address(const char *s, struct address *out);
#endif
