/* Numbers, times and addresses as people write them.
 *
 * What is read and written reads as the same again. */
#include "common/cleanup.h"
#include "common/text.h"
#include "tests/fuzz/fuzz.h"

static void amounts(const char *s)
{
	struct money m, m2;
	struct price p, p2;
	char out[TEXT_NUM];
	if (text_money(s, &m))
		must(text_money(text_of_money(m, out), &m2) && money_cmp(m, m2) == 0);
	if (text_price(s, &p))
		must(text_price(text_of_price(p, out), &p2) && price_cmp(p, p2) == 0);
}

#define AGAIN(read, write, s)                                                       \
	do {                                                                        \
		uint32_t first, second;                                             \
		if (read(s, &first))                                                \
			must(read(write(first, out), &second) && first == second);  \
	} while (0)

static void sizes(const char *s)
{
	char out[TEXT_NUM];
	AGAIN(text_cores, text_of_cores, s);
	AGAIN(text_size_mib, text_of_size, s);
	AGAIN(text_rate_kbps, text_of_rate, s);
	AGAIN(text_duration, text_of_duration, s);
}

static void others(const char *s)
{
	struct address a, b;
	uint64_t n, ms, ms2;
	char out[ADDRESS_TEXT_MAX], when[TEXT_TIME];
	text_name_ok(s);
	if (text_u64(s, 1000, &n))
		must(n <= 1000);
	if (text_time(s, &ms))
		must(text_time(text_of_time(ms, when), &ms2) && ms == ms2);
	if (!text_address(s, &a))
		return;
	text_of_address(&a, out);
	must(text_address(out, &b) && address_eq(&a, &b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *s = malloc(size + 1);
	must(s != NULL);
	memcpy(s, data, size);
	s[size] = 0;
	amounts(s);
	sizes(s);
	others(s);
	return 0;
}
