/* Collects the parts of one BATCH transaction, line by line.
 *
 * `ask ... name=N` and `bid ... name=N` post, `amend N qty=... price=... until=...` and `cancel N` change what is there. Because a shell
 * goes on after a refused line, one refusal makes the later `commit` fail. Nothing reaches the ledger from here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "common/text.h"
#include "zfs-views/batch.h"

static bool put_part(struct batch *b, const struct tx *part, const char *name, struct refusal *why)
{
	if (b->n == TX_BATCH_OPS_MAX)
		return refuse(why, ENOSPC, -1, "a batch takes at most %d lines", TX_BATCH_OPS_MAX);
	if (!b->ops)
		b->ops = malloc(TX_BATCH_BODY_MAX);
	if (!b->name)
		b->name = calloc(TX_BATCH_OPS_MAX, sizeof b->name[0]);
	if (!b->ops || !b->name)
		return refuse(why, ENOSPC, -1, "out of memory");
	struct wbuf w = wbuf_on(b->ops, TX_BATCH_BODY_MAX);
	w.len = b->len;
	tx_batch_put(&w, part);
	if (w.bad)
		return refuse(why, ENOSPC, -1, "the batch is larger than %d bytes", TX_BATCH_BODY_MAX);
	b->len = w.len;
	b->n++;
	strcpy(b->name[b->nnames++], name);
	return true;
}

static const struct fact_order *live_order(const struct batch_of *of, const char *name)
{
	const struct fact_order *o = model_order_by_name(of->m, of->owner, name);
	return o && !order_is_final(o) ? o : NULL;
}

static bool named_before(const struct batch *b, const char *name)
{
	for (uint32_t i = 0; i < b->nnames; i++)
		if (strcmp(b->name[i], name) == 0)
			return true;
	return false;
}

static bool post(struct batch *b, const struct batch_of *of, const char *line, struct refusal *why)
{
	struct order_line o;
	autofree struct order_tx *t = malloc(sizeof *t);
	if (!order_line_parse(line, true, &o, why))
		return false;
	if (!order_line_says(&o, WORD_NAME))
		return refuse(why, EINVAL, (int)strlen(line), "in a batch an order says its name=");
	if (live_order(of, o.name) || named_before(b, o.name))
		return refuse_verdict(why, V_NAME_TAKEN, o.column[WORD_NAME]);
	if (!t)
		return refuse(why, ENOSPC, -1, "out of memory");
	return order_tx_post(of->m, of->owner, of->self, &o, o.name, &of->cid, t, why) && put_part(b, &t->tx, o.name, why);
}

/* What the order says now, as if it had been written. */
static struct order_line line_of(const struct batch_of *of, const struct fact_order *o)
{
	struct order_line l = {.side = o->side, .tif = o->tif, .qty = o->qty, .for_s = o->max_s, .min_s = o->min_s, .max_s = o->max_s,
		.price = o->price, .until_ms = o->expiry_ms, .res = o->res};
	const struct fact_symbol *s = model_symbol(of->m, o->symbol);
	for (int w = 0; w < WORDS; w++)
		l.column[w] = -1;
	for (int k = 0; k < RESOURCES; k++)
		l.given |= o->res.v[k] ? 1u << k : 0;
	l.column[o->side == SIDE_BID ? WORD_FOR : WORD_MIN] = 0;
	if (o->side == SIDE_ASK)
		l.column[WORD_MAX] = 0;
	strcpy(l.symbol, s ? s->name : "");
	strcpy(l.app, o->app);
	return l;
}

static bool take_change(struct order_line *l, const char *key, const char *v, int column, struct refusal *why)
{
	uint64_t n;
	if (strcmp(key, "price") == 0)
		return text_price(v, &l->price) || refuse(why, EINVAL, column, "price= wants a decimal number");
	if (strcmp(key, "until") == 0)
		return text_time(v, &l->until_ms) || refuse(why, EINVAL, column, "until= wants a UTC time");
	if (strcmp(key, "qty") != 0)
		return refuse(why, EINVAL, column, "an order changes qty, price and until only");
	if (!text_u64(v, REPLICAS_MAX, &n) || n == 0)
		return refuse(why, ERANGE, column, "qty= wants a number from 1 to %d", REPLICAS_MAX);
	l->qty = (uint32_t)n;
	return true;
}

static bool amend(struct batch *b, const struct batch_of *of, const struct fact_order *o, char *rest, const char *text, struct refusal *why)
{
	struct order_line l = line_of(of, o);
	autofree struct order_tx *t = malloc(sizeof *t);
	char *save = NULL;
	bool same;
	for (char *w = strtok_r(rest, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		char *eq = strchr(w, '=');
		if (!eq)
			return refuse(why, EINVAL, (int)(w - text), "'%.32s' is no key=value", w);
		*eq = 0;
		if (!take_change(&l, w, eq + 1, (int)(w - text), why))
			return false;
	}
	if (!t)
		return refuse(why, ENOSPC, -1, "out of memory");
	return order_tx_amend(of->m, o, &l, &of->cid, t, &same, why) && (same || put_part(b, &t->tx, o->name, why));
}

/* amend NAME ... | cancel NAME */
static bool change(struct batch *b, const struct batch_of *of, const char *line, bool cancels, struct refusal *why)
{
	char text[LINE_MAX_LEN + 1], *save = NULL;
	strcpy(text, line);
	strtok_r(text, " \t\r", &save);
	char *name = strtok_r(NULL, " \t\r", &save);
	if (!name)
		return refuse(why, EINVAL, (int)strlen(line), "the order's name is missing");
	const struct fact_order *o = live_order(of, name);
	if (!o)
		return refuse_verdict(why, V_NO_ORDER, (int)(name - text));
	if (!cancels)
		return amend(b, of, o, save, text, why);
	autofree struct order_tx *t = malloc(sizeof *t);
	if (!t)
		return refuse(why, ENOSPC, -1, "out of memory");
	order_tx_cancel(o, &of->cid, t);
	return put_part(b, &t->tx, o->name, why);
}

bool batch_ready(const struct batch *b, struct refusal *why)
{
	if (b->poisoned)
		return refuse(why, ECANCELED, -1, "a line before was refused, so nothing was done; abort and begin again");
	return b->n > 0 || refuse(why, EINVAL, -1, "the batch is empty");
}

bool batch_line(struct batch *b, const struct batch_of *of, const char *line, struct refusal *why)
{
	const char *verb = line + strspn(line, " \t\r");
	size_t len = strcspn(verb, " \t\r");
	bool cancels = len == 6 && strncmp(verb, "cancel", 6) == 0, amends = len == 5 && strncmp(verb, "amend", 5) == 0;
	if (b->poisoned)
		return batch_ready(b, why);
	bool done = cancels || amends ? change(b, of, line, cancels, why) : post(b, of, line, why);
	b->poisoned = !done;
	return done;
}

void batch_close(struct batch *b)
{
	free(b->ops);
	free(b->name);
	*b = (struct batch){0};
}
