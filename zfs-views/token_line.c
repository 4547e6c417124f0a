/* Parsing of what is said about tokens, and the one sum that a user would otherwise do by hand.
 *
 * Knows forms only: which tokens there are and how many decimals they have is found by the caller. All is exact: 64 bits and products of
 * 128. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "zfs-views/token_line.h"

#define BLANKS " \t\r"

/* The next word of *rest, cut off in place; NULL: none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);
	size_t len = strcspn(word, BLANKS);
	if (!len)
		return NULL;
	*rest = word + len + (word[len] != 0);
	word[len] = 0;
	return word;
}

static bool verb_of(const char *word, enum token_verb *out)
{
	static const char *const words[] = {[TOKEN_VERB_IN] = "in", [TOKEN_VERB_MINT] = "mint", [TOKEN_VERB_OUT] = "out"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*out = (enum token_verb)i;
		return true;
	}
	return false;
}

static bool take_into(const char *word, int column, struct token_line *t, struct refusal *why)
{
	if (t->verb != TOKEN_VERB_OUT || strncmp(word, "into=", 5) != 0)
		return refuse(why, EINVAL, column, "nothing may follow here%s", t->verb == TOKEN_VERB_OUT ? " but into=SYMBOL" : "");
	if (!word[5] || strlen(word + 5) > TOKEN_SYMBOL_LEN)
		return refuse_verdict(why, V_NO_TOKEN, column + 5);
	strcpy(t->into, word + 5);
	t->into_column = column + 5;
	return true;
}

bool token_line_parse(const char *line, struct token_line *out, struct refusal *why)
{
	struct token_line t = {.into = "ZNC", .into_column = -1};
	char text[LINE_MAX_LEN + 1], *rest = text;
	snprintf(text, sizeof text, "%s", line);
	*why = (struct refusal){.column = -1};
	char *verb = next_word(&rest), *amount = verb ? next_word(&rest) : NULL, *into = amount ? next_word(&rest) : NULL;
	char *more = into ? next_word(&rest) : NULL;
	if (!verb || !verb_of(verb, &t.verb))
		return refuse(why, EINVAL, verb ? (int)(verb - text) : 0, "no such command here; known are: in, mint, out");
	if (!amount || strlen(amount) >= sizeof t.amount)
		return refuse(why, EINVAL, amount ? (int)(amount - text) : (int)strlen(line), "%s wants an amount such as 1.5", verb);
	strcpy(t.amount, amount);
	t.amount_column = (int)(amount - text);
	if (into && !take_into(into, (int)(into - text), &t, why))
		return false;
	if (more)
		return refuse(why, EINVAL, (int)(more - text), "nothing may follow here");
	*out = t;
	return true;
}

bool token_decimals_parse(const char *text, struct token_draft *d, struct refusal *why)
{
	uint64_t n;
	if (!text_u64(text, TOKEN_DECIMALS_MAX, &n))
		return refuse(why, ERANGE, 0, "decimals is a number from 0 to %u", TOKEN_DECIMALS_MAX);
	d->decimals = (uint8_t)n;
	return true;
}

bool token_anchor_parse(const char *text, struct token_draft *d, struct refusal *why)
{
	char copy[2 * TEXT_NUM], *rest = copy;
	uint64_t num = 0, den = 0;
	bool fits = strlen(text) < sizeof copy;
	snprintf(copy, sizeof copy, "%s", text);
	char *a = next_word(&rest), *b = a ? next_word(&rest) : NULL, *more = b ? next_word(&rest) : NULL;
	if (!fits || !b || more || !text_u64(a, UINT64_MAX, &num) || !text_u64(b, UINT64_MAX, &den) || !num || !den)
		return refuse(why, ERANGE, 0, "anchor is two numbers above 0: so many base units of the token for so many of ZNC");
	d->num = num;
	d->den = den;
	return true;
}

bool token_mode_parse(const char *text, struct token_draft *d, struct refusal *why)
{
	bool open = strcmp(text, "open") == 0;
	if (!open && strcmp(text, "issuer") != 0)
		return refuse(why, EINVAL, 0, "mode is open (anyone may convert) or issuer (the issuer alone)");
	d->mode = open ? TOKEN_OPEN : TOKEN_ISSUER;
	return true;
}

bool token_price(struct money units, uint64_t num, uint64_t den, struct money *znc)
{
	unsigned __int128 cost = ((unsigned __int128)money_base(units) * den + num - 1) / num;
	struct money made;
	if (cost > SUPPLY_BASE || !money_muldiv(money_of((uint64_t)cost), num, den, &made) || money_cmp(made, units) != 0)
		return false;
	*znc = money_of((uint64_t)cost);
	return true;
}
