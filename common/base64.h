/* Base64 (RFC 4648 section 4): standard alphabet, padded, one spelling per byte string. */
#ifndef ZEUS_BASE64_H
#define ZEUS_BASE64_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

void base64_encode(const uint8_t *p, size_t len, char *out);  /* out: BASE64_LEN(len) + 1 */
/* False: another alphabet, wrong padding, bits behind the end that are not 0, or more than cap bytes. Nothing is skipped. */
bool base64_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len);
#endif
