/* Names in tokens/: what was issued, which all see, and what one user is still drafting, which only that user sees.
 *
 * An issued token has its name for ever, so a draft of the same symbol is not shown any more. Of the past there are no drafts. */
#include <string.h>
#include "zfs-views/tree_priv.h"

static struct node token_node(const struct fact_token *k)
{
	struct node n = {.kind = N_TOKEN, .symbol = k->token};
	strcpy(n.name, k->symbol);
	return n;
}

static struct node draft_node(const struct token_draft *d)
{
	struct node n = {.kind = N_TOKEN_DRAFT, .uid = d->uid, .height = d->made_ms};
	strcpy(n.name, d->symbol);
	return n;
}

bool token_find(const struct view *v, uid_t uid, const struct node *dir, const char *name, struct node *out)
{
	struct token_draft d;
	const struct fact_token *k = model_token_by_symbol(v->model, name);
	if (k)
		*out = token_node(k);
	else if (!dir->at && local_token_get(v->local, uid, name, &d))
		*out = draft_node(&d);
	else
		return false;
	return true;
}

struct naming { const struct view *v; bool (*cb)(void *arg, const char *name, const struct node *n); void *arg; bool more; };

static bool say_token(void *arg, const struct fact_token *k)
{
	struct naming *l = arg;
	struct node n = token_node(k);
	return l->more = l->cb(l->arg, n.name, &n);
}

static bool say_draft(void *arg, const struct token_draft *d)
{
	struct naming *l = arg;
	struct node n = draft_node(d);
	return model_token_by_symbol(l->v->model, d->symbol) || l->cb(l->arg, n.name, &n);
}

void token_list(const struct view *v, uid_t uid, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n),
	void *arg)
{
	struct naming l = {v, cb, arg, true};
	model_each_token(v->model, say_token, &l);
	if (l.more && !dir->at)
		local_token_each(v->local, uid, say_draft, &l);
}

bool token_draft_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	struct token_draft d;
	if (!local_token_get(v->local, n->uid, n->name, &d) || model_token_by_symbol(v->model, n->name))
		return false;
	if (out)
		out->mtime_ms = d.made_ms;
	return d.made_ms == n->height;
}
