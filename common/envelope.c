/* The forms in which an envelope travels outside the wire.
 *
 * Knows text and raw bytes, and how long raw bytes must become. Does not know what the envelope holds. */
#include <stdio.h>
#include <string.h>
#include "common/base64.h"
#include "common/envelope.h"

#define VERSION_BYTE 1
#define LENGTH_AT (TX_HEAD_LEN - 4)
#define SIG_LEN 96

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct slice trim(struct slice s)
{
	while (s.len && is_blank(s.p[0]))
		s = (struct slice){s.p + 1, s.len - 1};
	while (s.len && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* The word that s begins with, cut off it. */
static struct slice next_word(struct slice *s)
{
	size_t n = 0;
	*s = trim(*s);
	while (n < s->len && !is_blank(s->p[n]))
		n++;
	struct slice word = {s->p, n};
	*s = trim((struct slice){s->p + n, s->len - n});
	return word;
}

static bool skip_key(struct slice *word, const char *key)
{
	size_t n = strlen(key);
	if (word->len < n || memcmp(word->p, key, n) != 0)
		return false;
	*word = (struct slice){word->p + n, word->len - n};
	return true;
}

static bool take_hex(struct slice hex, uint8_t *out, size_t len)
{
	char two[3] = "";
	if (hex.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		memcpy(two, hex.p + 2 * i, 2);
		if (!hex_decode(two, out + i, 1))
			return false;
	}
	return true;
}

static bool take_bytes(struct slice word, struct envelope *out)
{
	if (word.len && word.p[0] == 'A')
		return base64_decode((const char *)word.p, word.len, out->bytes, sizeof out->bytes, &out->len);
	out->len = word.len / 2;
	return word.len > 1 && out->len <= sizeof out->bytes && take_hex(word, out->bytes, out->len) && out->bytes[0] == VERSION_BYTE;
}

static bool read_text(struct slice in, struct envelope *out)
{
	struct slice rest = in, word = next_word(&rest);
	out->seals = false;
	out->bound = skip_key(&word, "genesis=");
	if (out->bound) {
		if (!take_hex(word, out->genesis.b, sizeof out->genesis.b))
			return false;
		word = next_word(&rest);
		out->seals = skip_key(&word, "seal=");
	}
	if (out->seals) {
		if (!take_hex(word, out->seal_to, sizeof out->seal_to))
			return false;
		word = next_word(&rest);
	}
	bool named = skip_key(&word, "tx=");
	return (named || !out->bound) && rest.len == 0 && take_bytes(word, out);
}

bool envelope_read(struct slice in, struct envelope *out)
{
	if (in.len == 0 || in.p[0] != VERSION_BYTE)
		return read_text(in, out);
	if (in.len > sizeof out->bytes)
		return false;
	out->bound = out->seals = false;
	out->len = in.len;
	memcpy(out->bytes, in.p, in.len);
	return true;
}

size_t envelope_text(const struct envelope *e, char *out)
{
	char *p = out;
	if (e->bound) {
		p += sprintf(p, "genesis=");
		hex_encode(e->genesis.b, sizeof e->genesis.b, p);
		p += 2 * sizeof e->genesis.b;
		*p++ = ' ';
	}
	if (e->bound && e->seals) {
		p += sprintf(p, "seal=");
		hex_encode(e->seal_to, sizeof e->seal_to, p);
		p += 2 * sizeof e->seal_to;
		*p++ = ' ';
	}
	p += sprintf(p, "tx=");
	hex_encode(e->bytes, e->len, p);
	p += 2 * e->len;
	strcpy(p, "\n");
	return (size_t)(p + 1 - out);
}

bool envelope_length(struct slice begun, size_t *whole)
{
	struct rbuf r = rbuf_on(begun.p, begun.len);
	*whole = 0;
	if (begun.len && begun.p[0] != VERSION_BYTE)
		return false;
	if (begun.len < TX_HEAD_LEN)
		return true;
	r.pos = LENGTH_AT;
	size_t sigs_at = TX_HEAD_LEN + (size_t)get_u32(&r);
	if (sigs_at > TX_HEAD_LEN + TX_BODY_MAX)
		return false;
	if (begun.len <= sigs_at)
		return true;
	*whole = sigs_at + 1 + (size_t)begun.p[sigs_at] * SIG_LEN;
	return begun.p[sigs_at] <= TX_SIGS_MAX;
}
