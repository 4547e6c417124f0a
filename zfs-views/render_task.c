/* A task's files: what it is to run, where it is, how it ended.
 *
 * Knows that a local task's settings are plain texts and that a lease's are read from its deploy or from its app. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/render.h"
#include "zfs-views/sorted.h"

static void cleanup_ref(struct task_ref *t) { task_ref_close(t); }
#define autoref __attribute__((cleanup(cleanup_ref)))

static void put_deploy(const struct view *v, const struct fact_lease *l, enum task_setting which, struct page *out)
{
	size_t cap = DEPLOY_MAX + 512;
	autofree char *text = must_alloc(cap, 1);
	autofree struct deploy *d = must_alloc(1, sizeof *d);
	const struct fact_app *app = l->app[0] ? model_app(v->model, l->app) : NULL;
	struct slice bytes = l->deploy.len || !app ? l->deploy : app->meta;
	bool ok = bytes.len && deploy_get(bytes, d, text, cap);
	if (which == SET_IMAGE && l->app[0])
		page_add(out, "app:%s\n", l->app);
	else if (which == SET_IMAGE && ok && d->image[0])
		page_add(out, "sha256:%s\n", d->image);
	for (uint32_t i = 0; which == SET_CMD && ok && i < d->nargs; i++)
		page_add(out, "%s\n", d->args[i]);
	for (uint32_t i = 0; which == SET_ENV && ok && i < d->nenv; i++)
		page_add(out, "%s\n", d->env[i]);
}

static enum task_setting setting_of(const struct node *n)
{
	if (n->kind == N_TASK_CMD)
		return SET_CMD;
	if (n->kind == N_TASK_ENV)
		return SET_ENV;
	return n->kind == N_TASK_LEASE ? SET_LEASE : SET_IMAGE;
}

int render_task_setting(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	enum task_setting which = setting_of(n);
	(void)uid;
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	if (t.local) {
		page_put(out, t.set.setting[which], t.set.len[which]);
	} else if (which == SET_LEASE) {
		page_lease(out, &t.lease->lease);
		page_add(out, "\n");
	} else {
		put_deploy(v, t.lease, which, out);
	}
	return 0;
}

int render_task_state(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	(void)uid;
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	page_add(out, "%s\n", task_word(v, &t));
	return 0;
}

int render_task_exit_code(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	struct task_report r;
	(void)uid;
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	if (t.lease && task_report_of(v, t.lease, &r) && r.exit_code >= 0)
		page_add(out, "%d\n", r.exit_code);
	return 0;
}

static void put_lease(const struct view *v, uid_t uid, const struct fact_lease *l, struct page *out)
{
	char num[TEXT_NUM];
	const char *endpoint = lease_endpoint(v, uid, l);
	page_add(out, "node ");
	page_id(out, "n-", &l->node);
	page_add(out, "\nlease ");
	page_lease(out, &l->lease);
	page_add(out, "\nlease_state %s\nendpoint %s", lease_word(l), endpoint[0] ? endpoint : "-");
	page_add(out, "\ncharged %s\nremaining_sec %" PRIu64 "\n", text_of_money(l->paid, num), lease_remaining_s(v, l));
}

int render_task_status(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	struct task_report r = {.exit_code = -1};
	char owner[NAME_MAX_LEN + 1];
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	if (t.lease)
		task_report_of(v, t.lease, &r);
	names_of(v->names, task_owner(v, &t), owner);
	page_add(out, "state %s\nreason %s\nowner %s\n", task_word(v, &t), r.reason[0] ? r.reason : "-", owner);
	page_time(out, "since ", r.since_ms ? r.since_ms : t.lease ? t.lease->since_ms : t.set.made_ms);
	if (r.exit_code >= 0)
		page_add(out, "\nexit_code %d\nsignal ", r.exit_code);
	else
		page_add(out, "\nexit_code -\nsignal ");
	if (r.exit_code > 128)
		page_add(out, "%d\n", r.exit_code - 128);
	else
		page_add(out, "-\n");
	if (r.pid)
		page_add(out, "pid %" PRIu64 "\n", r.pid);
	else
		page_add(out, "pid -\n");
	if (t.lease)
		put_lease(v, uid, t.lease, out);
	return 0;
}

int render_task_endpoint(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	const char *endpoint = t.lease ? lease_endpoint(v, uid, t.lease) : "";
	if (endpoint[0])
		page_add(out, "#proto address port hostport\n%s\n", endpoint);
	return 0;
}

/* The whole file; CLASS_FILE is read through tree_backing otherwise. */
int render_task_file(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char part[8192];
	(void)uid;
	autoclose int fd = tree_backing(v, n);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	while (out->len < TASK_LOG_MAX_BYTES) {
		ssize_t got = read(fd, part, sizeof part);
		if (got <= 0)
			break;
		page_put(out, part, (size_t)got);
	}
	return 0;
}

int render_task_stats(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	autoref struct task_ref t = {.local = false};
	char name[LEASE_NAME_LEN + 1];
	struct page live = {0};
	(void)uid;
	if (!task_ref_by_name(v, n->name, &t))
		return -ENOENT;
	if (!t.lease)
		return 0;
	lease_name_of(&t.lease->lease, name);
	if (beneath_live(v->live_fd, name, &live) && live.p) {
		bool cpu = strncmp(live.p, "usage_usec ", 11) == 0; /* stats say whose usage it is */
		page_add(out, "%s", cpu ? "cpu_" : "");
		page_put(out, live.p, live.len);
	}
	page_free(&live);
	return 0;
}
