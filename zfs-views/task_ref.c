/* Tasks: made by mkdir, or born of a lease that has something to run; one namespace for both.
 *
 * A name belongs to the local task that has it, else to the oldest lease that wants it; every other lease is shown as NAME.LEASE. A local
 * task's lease is the one whose deploy bears its name, or the one that its `lease` setting names. Knows what plan reports; decides
 * nothing. */
#include <stdlib.h>
#include <string.h>
#include "zfs-views/render.h"

static bool take_first(void *arg, const struct fact_lease *l)
{
	*(const struct fact_lease **)arg = l;
	return false;
}

struct of_buyer { const struct address *buyer; const struct fact_lease *found; };

static bool take_last_of_buyer(void *arg, const struct fact_lease *l)
{
	struct of_buyer *want = arg;
	if (l->deploy.len && address_eq(&l->buyer, want->buyer))
		want->found = l;
	return true;
}

/* What the setting `lease` says: l-<name>, or the name of an order. */
static const struct fact_lease *named_lease(const struct view *v, const struct address *buyer, const struct local_task *t)
{
	char word[NAME_MAX_LEN + 1];
	size_t len = t->len[SET_LEASE];
	const struct fact_lease *l = NULL;
	while (len && t->setting[SET_LEASE][len - 1] <= ' ')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	memcpy(word, t->setting[SET_LEASE], len);
	word[len] = 0;
	if (strncmp(word, "l-", 2) == 0 && (l = model_lease_by_name(v->model, word + 2)))
		return address_eq(&l->buyer, buyer) ? l : NULL;
	const struct fact_order *o = model_order_by_name(v->model, buyer, word);
	if (o)
		model_each_order_lease(v->model, &o->order, take_first, &l);
	return l;
}

static const struct fact_lease *lease_of_local(const struct view *v, const struct local_task *t)
{
	const struct address *buyer = model_address(v->model, t->uid);
	struct of_buyer want = {.buyer = buyer};
	if (!buyer)
		return NULL;
	if (!t->started)
		return named_lease(v, buyer, t);
	model_each_task_lease(v->model, t->name, take_last_of_buyer, &want);
	return want.found ? want.found : named_lease(v, buyer, t);
}

bool task_name_of_lease(const struct view *v, const struct fact_lease *l, char out[NAME_MAX_LEN + 1])
{
	const char *base = model_task_base(v->model, &l->lease);
	const struct fact_lease *first = NULL;
	struct local_task local;
	char name[LEASE_NAME_LEN + 1];
	if (!base)
		return false;
	if (local_task_get(v->local, base, &local)) {
		first = local.started ? lease_of_local(v, &local) : NULL;
		local_task_copy_free(&local);
	} else {
		model_each_task_lease(v->model, base, take_first, &first);
	}
	lease_name_of(&l->lease, name);
	if (first == l)
		strcpy(out, base);
	else
		snprintf(out, NAME_MAX_LEN + 1, "%.*s.%s", NAME_MAX_LEN - LEASE_NAME_LEN - 1, base, name);
	return true;
}

static const struct fact_lease *lease_by_task_name(const struct view *v, const char *name)
{
	const struct fact_lease *l = NULL;
	char shown[NAME_MAX_LEN + 1];
	const char *dot = strrchr(name, '.');
	model_each_task_lease(v->model, name, take_first, &l);
	if (!l && dot)
		l = model_lease_by_name(v->model, dot + 1);
	return l && task_name_of_lease(v, l, shown) && strcmp(shown, name) == 0 ? l : NULL;
}

bool task_ref_by_name(const struct view *v, const char *name, struct task_ref *out)
{
	*out = (struct task_ref){.lease = NULL};
	if (strlen(name) > NAME_MAX_LEN)
		return false;
	strcpy(out->name, name);
	out->local = local_task_get(v->local, name, &out->set);
	out->lease = out->local ? lease_of_local(v, &out->set) : lease_by_task_name(v, name);
	return out->local || out->lease;
}

void task_ref_close(struct task_ref *t)
{
	if (t->local)
		local_task_copy_free(&t->set);
	t->local = false;
}

struct name_walk { const struct view *v; bool (*cb)(void *arg, const char *name); void *arg; bool more; };

static bool walk_local(void *arg, const struct local_task *t)
{
	struct name_walk *w = arg;
	w->more = w->cb(w->arg, t->name);
	return w->more;
}

static bool walk_lease(void *arg, const struct fact_lease *l)
{
	struct name_walk *w = arg;
	char name[NAME_MAX_LEN + 1];
	struct local_task local;
	if (!lease_shown(w->v, l) || !task_name_of_lease(w->v, l, name))
		return true;
	if (local_task_get(w->v->local, name, &local)) { /* listed already */
		local_task_copy_free(&local);
		return true;
	}
	w->more = w->cb(w->arg, name);
	return w->more;
}

void task_each_name(const struct view *v, bool (*cb)(void *arg, const char *name), void *arg)
{
	struct name_walk w = {v, cb, arg, true};
	local_task_each(v->local, walk_local, &w);
	if (w.more)
		model_each_lease(v->model, walk_lease, &w);
}

/* "phase reason exit_code pid since_ms"; the reason may be several words. */
static bool parse_report(char *line, struct task_report *out)
{
	char *word[64];
	int n = 0;
	for (char *rest = line, *w; n < 64 && (w = strsep(&rest, " \n"));)
		if (*w)
			word[n++] = w;
	if (n < 5)
		return false;
	*out = (struct task_report){.exit_code = -1};
	snprintf(out->phase, sizeof out->phase, "%s", word[0]);
	for (int i = 1; i < n - 3; i++)
		snprintf(out->reason + strlen(out->reason), sizeof out->reason - strlen(out->reason), "%s%s", i > 1 ? " " : "", word[i]);
	if (strcmp(word[n - 3], "-") != 0)
		out->exit_code = atoi(word[n - 3]);
	out->pid = strtoull(word[n - 2], NULL, 10);
	out->since_ms = strtoull(word[n - 1], NULL, 10);
	return true;
}

bool task_report_of(const struct view *v, const struct fact_lease *l, struct task_report *out)
{
	char name[LEASE_NAME_LEN + 1];
	struct page text = {0};
	lease_name_of(&l->lease, name);
	bool ok = beneath_text(v->live_fd, name, "state", &text) && text.p && parse_report(text.p, out);
	page_free(&text);
	return ok;
}

static const char *known_phase(const char *phase)
{
	static const char *const words[] = {"queued", "pulling", "starting", "running", "paused", "stopping", "exited", "failed", "killed",
		"lost"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(phase, words[i]) == 0)
			return words[i];
	return NULL;
}

/* It ended by itself, could not be made, or ended with its lease. */
static bool over(const char *phase)
{
	return phase && (strcmp(phase, "exited") == 0 || strcmp(phase, "failed") == 0 || strcmp(phase, "killed") == 0 ||
		strcmp(phase, "lost") == 0);
}

const char *task_word(const struct view *v, const struct task_ref *t)
{
	struct task_report r;
	if (t->local && !t->set.started)
		return "draft";
	if (!t->lease)
		return "queued";
	bool told = task_report_of(v, t->lease, &r);
	const char *phase = told ? known_phase(r.phase) : NULL;
	if (over(phase) || (told && r.exit_code >= 0))
		return over(phase) ? phase : "exited";
	if (t->lease->flags & LEASE_TERMINAL) /* here, and nobody said how the task ended */
		return lease_here(v, t->lease) ? "lost" : "exited";
	if (t->lease->flags & LEASE_FROZEN)
		return "paused";
	if (t->lease->flags & LEASE_RUN)
		return phase ? phase : "running";
	if (strcmp(lease_word(t->lease), "matched") == 0)
		return phase ? phase : "queued";
	return "stopping";
}

uid_t task_owner(const struct view *v, const struct task_ref *t)
{
	return t->local ? t->set.uid : lease_owner(v, t->lease);
}
