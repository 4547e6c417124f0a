/* What a signer is shown: every bit of a transaction that could be signed changes the words.
 *
 * Runs over the golden envelopes of every type, so a new type or field is covered as soon as it has its vector. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/words.h"
#include "common/cleanup.h"
#include "tests/vector.h"

#define LINE 8192

static char *said(const uint8_t *p, size_t len)
{
	struct tx tx;
	size_t signed_len, size;
	char *text = NULL;
	if (tx_draft_get((struct slice){p, len}, &tx, &signed_len) != V_OK)
		return NULL;
	FILE *out = open_memstream(&text, &size);
	words_tx(out, &tx);
	fclose(out);
	return text;
}

static void hold(const char *name, uint8_t *p, size_t len)
{
	struct tx tx;
	size_t signed_len, read = 0;
	ck_assert_int_eq(tx_draft_get((struct slice){p, len}, &tx, &signed_len), V_OK);
	autofree char *before = said(p, len);
	for (size_t bit = 0; bit < 8 * signed_len; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		autofree char *after = said(p, len);
		ck_assert_msg(!after || strcmp(before, after) != 0, "%s: bit %zu is signed unseen", name, bit);
		read += after != NULL;
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_gt(read, 0);
	for (const char *c = before; *c; c++)
		ck_assert_msg(*c == '\n' || (*c >= 32 && *c < 127), "%s: the terminal is sent %02x", name, (unsigned char)*c);
}

START_TEST(nothing_is_signed_unseen)
{
	char path[512], line[LINE];
	const char *top = getenv("top_srcdir");
	unsigned types = 0;
	snprintf(path, sizeof path, "%s/tests/vectors/tx.txt", top ? top : ".");
	autofclose FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		static uint8_t bytes[LINE / 2];
		line[strcspn(line, "\n")] = 0;
		char *hex = strchr(line, ' ');
		*hex++ = 0;
		if (strncmp(line, "deploy", 6) == 0)
			continue; /* no envelope */
		ck_assert(hex_decode(hex, bytes, strlen(hex) / 2));
		hold(line, bytes, strlen(hex) / 2);
		types++;
	}
	ck_assert_uint_ge(types, 14);
}
END_TEST

START_TEST(a_deploy_cannot_steer_the_terminal)
{
	struct tx tx = {.type = TX_BID};
	struct deploy d = {.nargs = 2, .args = {"\x1b[2Jgone", "back\\slash\nline"}};
	uint8_t bytes[256];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	char *text;
	size_t size;
	deploy_put(&w, &d);
	tx.u.bid.deploy = (struct slice){bytes, w.len};
	FILE *out = open_memstream(&text, &size);
	words_tx(out, &tx);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "\\x1b[2Jgone"));
	ck_assert_ptr_nonnull(strstr(text, "back\\x5cslash\\x0aline"));
	free(text);
}
END_TEST

TEST_MAIN("words", nothing_is_signed_unseen, a_deploy_cannot_steer_the_terminal)
