/* Base64 in one spelling.
 *
 * Knows the alphabet and the padding, and refuses what another encoder might have meant by the same bytes. Does not know lines: whoever
 * breaks text into lines puts it together again. */
#include <string.h>
#include "common/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *p, size_t len, char *out)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			*out++ = k <= n ? alphabet[v >> (18 - 6 * k) & 63] : '=';
	}
	*out = '\0';
}

static bool take_four(const char *s, size_t digits, uint32_t *v)
{
	*v = 0;
	for (size_t k = 0; k < 4; k++) {
		const char *at = k < digits ? memchr(alphabet, s[k], 64) : alphabet;
		if (!at || (k >= digits && s[k] != '='))
			return false;
		*v = *v << 6 | (uint32_t)(at - alphabet);
	}
	return true;
}

bool base64_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	size_t at = 0;
	if (n % 4)
		return false;
	for (size_t i = 0; i < n; i += 4) {
		bool last = i + 4 == n;
		size_t digits = last && s[i + 3] == '=' ? (s[i + 2] == '=' ? 2 : 3) : 4, bytes = digits - 1;
		uint32_t v;
		if (!take_four(s + i, digits, &v) || (v & ((1u << (24 - 8 * bytes)) - 1)) || at + bytes > cap)
			return false;
		for (size_t k = 0; k < bytes; k++)
			out[at++] = (uint8_t)(v >> (16 - 8 * k));
	}
	*len = at;
	return true;
}
