/* Addresses as people copy them: bech32m (BIP 350) with the prefix "znc" over 32 bytes.
 *
 * Lower case only, so that one account has one spelling. Knows the checksum; does not know what an address stands for. */
#include <string.h>
#include "common/text.h"

#define PREFIX "znc"
#define DATA_LEN 52              /* ceil(256 / 5) */
#define CHECK_LEN 6
#define TEXT_LEN (sizeof PREFIX - 1 + 1 + DATA_LEN + CHECK_LEN)
#define BECH32M 0x2bc830a3U      /* BIP 350's constant */

static_assert(TEXT_LEN < ADDRESS_TEXT_MAX, "an address fits its buffer");

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t sum, const uint8_t *v, size_t len)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	for (size_t i = 0; i < len; i++) {
		uint32_t top = sum >> 25;
		sum = (sum & 0x1ffffff) << 5 ^ v[i];
		for (int g = 0; g < 5; g++)
			sum ^= (top >> g & 1) ? generator[g] : 0;
	}
	return sum;
}

/* The sum over the expanded prefix: high bits, a zero, low bits. */
static uint32_t polymod_prefix(void)
{
	uint8_t v[2 * (sizeof PREFIX - 1) + 1] = {0};
	for (size_t i = 0; i < sizeof PREFIX - 1; i++) {
		v[i] = PREFIX[i] >> 5;
		v[sizeof PREFIX + i] = PREFIX[i] & 31;
	}
	return polymod(1, v, sizeof v);
}

static void five_of_eight(const uint8_t b[32], uint8_t v[DATA_LEN])
{
	for (int i = 0; i < DATA_LEN; i++) {
		int bit = 5 * i;
		unsigned two = (unsigned)b[bit / 8] << 8 | (bit / 8 + 1 < 32 ? b[bit / 8 + 1] : 0);
		v[i] = two >> (11 - bit % 8) & 31;
	}
}

void text_of_address(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	uint8_t v[DATA_LEN + CHECK_LEN] = {0};
	five_of_eight(a->b, v);
	uint32_t sum = polymod(polymod_prefix(), v, sizeof v) ^ BECH32M;
	for (int i = 0; i < CHECK_LEN; i++)
		v[DATA_LEN + i] = sum >> (5 * (CHECK_LEN - 1 - i)) & 31;
	char *p = out + sizeof PREFIX;
	memcpy(out, PREFIX "1", sizeof PREFIX);
	for (size_t i = 0; i < sizeof v; i++)
		*p++ = alphabet[v[i]];
	*p = '\0';
}

bool text_address(const char *s, struct address *out)
{
	uint8_t v[DATA_LEN + CHECK_LEN];
	struct address a = {{0}};
	if (strnlen(s, TEXT_LEN + 1) != TEXT_LEN || strncmp(s, PREFIX "1", sizeof PREFIX) != 0)
		return false;
	for (size_t i = 0; i < sizeof v; i++) {
		const char *at = memchr(alphabet, s[sizeof PREFIX + i], sizeof alphabet - 1);
		if (!at)
			return false;
		v[i] = (uint8_t)(at - alphabet);
	}
	if (polymod(polymod_prefix(), v, sizeof v) != BECH32M || (v[DATA_LEN - 1] & 15)) /* 260 bits carry 256: four are zero */
		return false;
	for (int bit = 0; bit < 256; bit++)
		a.b[bit / 8] |= (uint8_t)((v[bit / 5] >> (4 - bit % 5) & 1) << (7 - bit % 8));
	*out = a;
	return true;
}
