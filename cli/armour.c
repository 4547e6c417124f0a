/* The armoured form of a key file.
 *
 * Knows the two lines and where the lines between are broken. Damage inside is found by the file's own sum. */
#include "cli/armour.h"
#include <stdio.h>
#include <string.h>
#include "common/base64.h"

#define BEGIN "-----BEGIN ZEUS KEY-----"
#define END "-----END ZEUS KEY-----"
#define COLUMNS 64

static_assert(ARMOUR_MAX > sizeof BEGIN + sizeof END + BASE64_LEN(KEYFILE_LEN) * (COLUMNS + 1) / COLUMNS + 8, "it fits");

size_t armour_text(const struct keyfile *f, char *out)
{
	uint8_t bytes[KEYFILE_LEN];
	char b64[BASE64_LEN(KEYFILE_LEN) + 1];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	keyfile_put(&w, f);
	base64_encode(bytes, sizeof bytes, b64);
	size_t n = (size_t)sprintf(out, BEGIN "\n");
	for (size_t at = 0; at < strlen(b64); at += COLUMNS)
		n += (size_t)sprintf(out + n, "%.*s\n", COLUMNS, b64 + at);
	return n + (size_t)sprintf(out + n, END "\n");
}

static const char *skip_blank(const char *s) { return s + strspn(s, " \t\r\n"); }

bool armour_read(const char *text, struct keyfile *out)
{
	uint8_t bytes[KEYFILE_LEN];
	char b64[BASE64_LEN(KEYFILE_LEN) + 1];
	size_t n = 0, len;
	text = skip_blank(text);
	if (strncmp(text, BEGIN, strlen(BEGIN)) != 0)
		return false;
	for (text = skip_blank(text + strlen(BEGIN)); *text && *text != '-'; text = skip_blank(text + 1)) {
		if (n == sizeof b64 - 1)
			return false;
		b64[n++] = *text;
	}
	if (strncmp(text, END, strlen(END)) != 0 || *skip_blank(text + strlen(END)))
		return false;
	return base64_decode(b64, n, bytes, sizeof bytes, &len) && keyfile_get((struct slice){bytes, len}, out);
}
