/* The words of a contract line.
 *
 * Knows blanks, comments, names, numbers with a unit of time, and punctuation. It does not know what any of them means.
 *
 * What follows a # is a comment. */
#include <ctype.h>
#include "ledger/state/contract_lex.h"

bool lex_refuse(struct lex *l, const char *why)
{
	if (!l->why)
		l->why = why;
	return false;
}

static bool ident_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool word_char(char c)
{
	return ident_char(c) || c == '.' || c == '-';
}

static void skip(struct lex *l)
{
	while (*l->p == ' ' || *l->p == '\t' || *l->p == '\r')
		l->p++;
	if (*l->p == '#')
		while (*l->p && *l->p != '\n')
			l->p++;
}

bool lex_end(struct lex *l)
{
	skip(l);
	return *l->p == '\0' || *l->p == '\n';
}

static bool span(struct lex *l, bool (*member)(char c), size_t head, char out[NAME_MAX_LEN + 1])
{
	size_t n = head;
	while (member(l->p[n]))
		n++;
	if (n == head)
		return lex_refuse(l, "a name is missing");
	if (n > NAME_MAX_LEN)
		return lex_refuse(l, "a name is longer than 64 characters");
	memcpy(out, l->p, n);
	out[n] = '\0';
	l->p += n;
	return true;
}

bool lex_word(struct lex *l, char out[NAME_MAX_LEN + 1])
{
	skip(l);
	if (l->why)
		return false;
	if (*l->p == '@')
		return span(l, ident_char, 1, out);
	if (*l->p == '.' || *l->p == '-')
		return lex_refuse(l, "a name starts with . or -");
	return span(l, word_char, 0, out);
}

bool lex_ident(struct lex *l, char out[NAME_MAX_LEN + 1])
{
	skip(l);
	if (l->why)
		return false;
	if (isdigit((unsigned char)*l->p))
		return lex_refuse(l, "a name starts with a digit");
	return span(l, ident_char, 0, out);
}

bool lex_peek_keyword(struct lex *l, const char *keyword)
{
	size_t n = strlen(keyword);
	skip(l);
	return !l->why && strncmp(l->p, keyword, n) == 0 && !word_char(l->p[n]);
}

bool lex_keyword(struct lex *l, const char *keyword)
{
	if (!lex_peek_keyword(l, keyword))
		return false;
	l->p += strlen(keyword);
	return true;
}

bool lex_punct(struct lex *l, const char *punct)
{
	size_t n = strlen(punct);
	skip(l);
	if (l->why || strncmp(l->p, punct, n) != 0)
		return false;
	l->p += n;
	return true;
}

bool lex_at_digit(struct lex *l)
{
	skip(l);
	return !l->why && isdigit((unsigned char)*l->p);
}

bool lex_number(struct lex *l, uint64_t *out)
{
	uint64_t value = 0, unit = 1;
	for (; isdigit((unsigned char)*l->p); l->p++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(*l->p - '0'), &value))
			return lex_refuse(l, "a number is too large");
	switch (*l->p) {
	case 's': unit = 1; l->p++; break;
	case 'm': unit = 60; l->p++; break;
	case 'h': unit = 3600; l->p++; break;
	case 'd': unit = 86400; l->p++; break;
	}
	if (word_char(*l->p) && *l->p != '-')
		return lex_refuse(l, "a number ends in something that is not a unit of time");
	if (__builtin_mul_overflow(value, unit, &value) || value > FSM_NUMBER_MAX)
		return lex_refuse(l, "a number is too large");
	*out = value;
	return true;
}
