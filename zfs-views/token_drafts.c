/* Tokens that users made by mkdir and did not issue yet: three values each, seen by their maker alone.
 *
 * All of them are in one file, `tokens`, one line each ("uid made_ms symbol decimals num den mode"), so that they outlive the process.
 * Two users may draft the same symbol: who issues first has it. Knows nothing of the ledger. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

#define DRAFT_LINE 128

static ssize_t find(const struct local *l, uid_t uid, const char *symbol)
{
	for (size_t i = 0; i < l->ntokens; i++)
		if (l->token[i].uid == uid && strcmp(l->token[i].symbol, symbol) == 0)
			return (ssize_t)i;
	return -1;
}

static int save(const struct local *l)
{
	autofree char *text = local_alloc(NULL, l->ntokens * DRAFT_LINE + 1);
	size_t len = 0;
	for (size_t i = 0; i < l->ntokens; i++) {
		const struct token_draft *d = &l->token[i];
		len += (size_t)snprintf(text + len, DRAFT_LINE, "%u %" PRIu64 " %s %u %" PRIu64 " %" PRIu64 " %u\n", (unsigned)d->uid,
			d->made_ms, d->symbol, d->decimals, d->num, d->den, d->mode);
	}
	return local_store(l->state_fd, "tokens", text, len);
}

static bool draft_read(const char *line, struct token_draft *out)
{
	struct token_draft d = {.uid = 0};
	unsigned uid, decimals, mode;
	char symbol[TOKEN_SYMBOL_LEN + 1];
	if (sscanf(line, "%u %" SCNu64 " %8s %u %" SCNu64 " %" SCNu64 " %u", &uid, &d.made_ms, symbol, &decimals, &d.num, &d.den,
		   &mode) != 7)
		return false;
	if (!token_symbol_ok(symbol) || decimals > TOKEN_DECIMALS_MAX || !d.num || !d.den || mode > TOKEN_ISSUER)
		return false;
	strcpy(d.symbol, symbol);
	d.uid = uid;
	d.decimals = (uint8_t)decimals;
	d.mode = (uint8_t)mode;
	*out = d;
	return true;
}

void local_tokens_load(struct local *l)
{
	autofree char *text = NULL;
	char *at = NULL;
	size_t len;
	if (local_load(l->state_fd, "tokens", TOKEN_DRAFTS_MAX * DRAFT_LINE, &text, &len) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &at); line && l->ntokens < TOKEN_DRAFTS_MAX; line = strtok_r(NULL, "\n", &at))
		l->ntokens += draft_read(line, &l->token[l->ntokens]);
}

int local_token_make(struct local *l, uid_t uid, const char *symbol)
{
	size_t mine = 0;
	if (!token_symbol_ok(symbol))
		return -EINVAL;
	LOCAL_HOLD(l);
	if (find(l, uid, symbol) >= 0)
		return -EEXIST;
	for (size_t i = 0; i < l->ntokens; i++)
		mine += l->token[i].uid == uid;
	if (mine >= TOKEN_DRAFTS_PER_UID || l->ntokens == TOKEN_DRAFTS_MAX)
		return -ENOSPC;
	struct token_draft *d = &l->token[l->ntokens++];
	*d = (struct token_draft){.uid = uid, .made_ms = local_now_ms(), .decimals = 8, .num = 1, .den = 1};
	strcpy(d->symbol, symbol);
	int err = save(l);
	l->ntokens -= err != 0;
	return err;
}

bool local_token_get(struct local *l, uid_t uid, const char *symbol, struct token_draft *out)
{
	LOCAL_HOLD(l);
	ssize_t i = find(l, uid, symbol);
	if (i >= 0)
		*out = l->token[i];
	return i >= 0;
}

int local_token_set(struct local *l, const struct token_draft *to)
{
	LOCAL_HOLD(l);
	ssize_t i = find(l, to->uid, to->symbol);
	if (i < 0)
		return -ENOENT;
	struct token_draft was = l->token[i];
	l->token[i] = *to;
	l->token[i].made_ms = was.made_ms;
	int err = save(l);
	if (err)
		l->token[i] = was;
	return err;
}

int local_token_drop(struct local *l, uid_t uid, const char *symbol)
{
	LOCAL_HOLD(l);
	ssize_t i = find(l, uid, symbol);
	if (i < 0)
		return -ENOENT;
	memmove(&l->token[i], &l->token[i + 1], (--l->ntokens - (size_t)i) * sizeof l->token[0]);
	return save(l);
}

void local_token_each(struct local *l, uid_t uid, bool (*cb)(void *arg, const struct token_draft *d), void *arg)
{
	LOCAL_HOLD(l);
	for (size_t i = 0; i < l->ntokens; i++)
		if ((uid == LOCAL_ANY || l->token[i].uid == uid) && !cb(arg, &l->token[i]))
			return;
}
