/* Leases, tasks, accounts and images: the other things that a write may do.
 *
 * A task draft becomes a deploy on the lease that it names; from then on its settings are frozen and the lease's contract rules. An
 * uploaded image becomes an app. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/act.h"
#include "zfs-views/ctl.h"
#include "zfs-views/order_tx.h"
#include "zfs-views/render.h"

/* A verb on the lease; the model is locked only to look. */
static bool on_lease(const struct act *a, const struct id *lease, const struct ctl *c, uint32_t index, struct refusal *why)
{
	struct address me;
	struct tx tx;
	struct wire_answer answer;
	struct cid cid = act_cid(a, index);
	uint8_t room[CTL_ROOM];
	if (!act_address(a, &me, why))
		return false;
	model_lock(a->fs->model);
	const struct fact_lease *l = model_lease(a->fs->model, lease);
	bool made = l ? ctl_lease_tx(c, l, &me, &cid, room, &tx, why) : refuse_verdict(why, V_NO_LEASE, -1);
	model_unlock(a->fs->model);
	return made && act_send_tx(a, &tx, &answer, why);
}

bool act_lease(const struct act *a, const struct id *lease, const char *line, uint32_t index, struct refusal *why)
{
	struct ctl c;
	return ctl_lease_parse(line, &c, why) && on_lease(a, lease, &c, index, why);
}

/* One argument or variable per line, into d; text is cut up. */
static bool take_lines(char *text, const char **out, uint32_t max, uint32_t *n, const char *what, struct refusal *why)
{
	char *save = NULL;
	*n = 0;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		if (*n == max)
			return refuse(why, E2BIG, -1, "%s has more than %u lines", what, max);
		out[(*n)++] = line;
	}
	return true;
}

static bool check_env(const struct deploy *d, struct refusal *why)
{
	for (uint32_t i = 0; i < d->nenv; i++)
		if (!strchr(d->env[i], '=') || d->env[i][0] == '=')
			return refuse(why, EINVAL, -1, "env holds a line that is not KEY=VALUE: %.64s", d->env[i]);
	return true;
}

/* The word in a one-value setting. */
static bool one_word(const struct local_task *t, enum task_setting s, const char *what, char out[NAME_MAX_LEN + 8], struct refusal *why)
{
	size_t len = t->setting[s] ? strcspn(t->setting[s], " \t\r\n") : 0;
	if (len == 0 || len >= NAME_MAX_LEN + 8)
		return refuse(why, EINVAL, -1, "%s is not set", what);
	memcpy(out, t->setting[s], len);
	out[len] = 0;
	return true;
}

/* With the model locked: `app:NAME`, `NAME`, either with @version, which is part of nothing yet. */
static bool take_app(const struct model *m, const struct local_task *t, struct deploy *d, char *text, size_t cap, struct refusal *why)
{
	char word[NAME_MAX_LEN + 8];
	if (!one_word(t, SET_IMAGE, "image", word, why))
		return false;
	char *name = strncmp(word, "app:", 4) == 0 ? word + 4 : word;
	name[strcspn(name, "@")] = 0;
	const struct fact_app *app = model_app(m, name);
	if (!app)
		return refuse_verdict(why, V_NO_APP, -1);
	if (app->meta.len && !deploy_get(app->meta, d, text, cap))
		return refuse(why, EINVAL, -1, "the app's description does not say how to start it");
	hex_encode(app->image, sizeof app->image, d->image);
	return true;
}

static bool make_deploy(const struct model *m, struct local_task *t, uint8_t *out, struct slice *bytes, struct refusal *why)
{
	struct deploy d = {0};
	char text[DEPLOY_MAX + 512];
	const char *env[TASK_ENV_MAX];
	uint32_t nenv;
	if (!take_app(m, t, &d, text, sizeof text, why))
		return false;
	strcpy(d.task, t->name);
	if (t->len[SET_CMD] && !take_lines(t->setting[SET_CMD], d.args, TASK_ARGS_MAX, &d.nargs, "cmd", why))
		return false;
	if (!take_lines(t->setting[SET_ENV], env, TASK_ENV_MAX, &nenv, "env", why))
		return false;
	if (d.nenv + nenv > TASK_ENV_MAX)
		return refuse(why, E2BIG, -1, "env and the app's own variables are too many");
	memcpy(d.env + d.nenv, env, nenv * sizeof env[0]);
	d.nenv += nenv;
	if (!check_env(&d, why))
		return false;
	struct wbuf w = wbuf_on(out, DEPLOY_MAX - DEPLOY_SEAL_MORE); /* the ledger seals it */
	deploy_put(&w, &d);
	*bytes = (struct slice){out, w.len};
	return !w.bad || refuse(why, E2BIG, -1, "cmd and env together are longer than %d bytes", DEPLOY_MAX - DEPLOY_SEAL_MORE);
}

bool act_task_deploy(const struct act *a, const char *name, uint8_t *out, struct slice *bytes, struct refusal *why)
{
	struct local_task t;
	if (!local_task_get(a->fs->local, name, &t))
		return refuse(why, ENOENT, -1, "there is no task %.64s; make one below tasks/ and do not start it", name);
	bool mine = t.uid == a->uid;
	if (mine)
		model_lock(a->fs->model);
	bool made = mine ? make_deploy(a->fs->model, &t, out, bytes, why) : refuse(why, EPERM, -1, "the task belongs to another user");
	if (mine)
		model_unlock(a->fs->model);
	local_task_copy_free(&t);
	return made;
}

/* The lease that the task names; task_ref knows both spellings. With the model locked. */
static bool find_lease(const struct act *a, const char *task, struct id *out, struct refusal *why)
{
	struct view v = fs_view(a->fs);
	struct task_ref ref;
	bool found = task_ref_by_name(&v, task, &ref);
	const struct fact_lease *l = found ? ref.lease : NULL;
	if (l)
		*out = l->lease;
	if (found)
		task_ref_close(&ref);
	if (l)
		return true;
	return refuse(why, EBUSY, -1, found ? "lease names no lease of yours, or an order that is not filled yet" : "no such task");
}

static bool start(const struct act *a, struct local_task *t, struct refusal *why)
{
	autofree uint8_t *bytes = malloc(DEPLOY_MAX);
	struct tx tx = {.type = TX_EVENT};
	struct wire_answer answer;
	if (!bytes)
		return refuse(why, ENOSPC, -1, "out of memory");
	if (t->started)
		return refuse(why, EBUSY, -1, "the task was started already");
	model_lock(a->fs->model);
	bool made = find_lease(a, t->name, &tx.scope, why) && make_deploy(a->fs->model, t, bytes, &tx.u.event.blob, why);
	model_unlock(a->fs->model);
	strcpy(tx.u.event.event, "deploy");
	if (!made || !act_send_tx(a, &tx, &answer, why))
		return false;
	int err = local_task_start(a->fs->local, t->name);
	return err == 0 || refuse(why, -err, -1, "the task runs, but that it was started could not be noted");
}

bool act_task(const struct act *a, const char *name, const char *line, uint32_t index, struct refusal *why)
{
	struct ctl c;
	struct local_task t;
	struct id lease;
	if (!ctl_task_parse(line, &c, why))
		return false;
	bool local = local_task_get(a->fs->local, name, &t), mine = !local || t.uid == a->uid, done = false;
	if (!mine)
		refuse(why, EPERM, -1, "the task belongs to another user");
	else if (c.verb == CTL_START)
		done = local ? start(a, &t, why) : refuse(why, EBUSY, 0, "the task was started by its order");
	if (local)
		local_task_copy_free(&t);
	if (!mine || c.verb == CTL_START)
		return done;
	model_lock(a->fs->model);
	bool found = find_lease(a, name, &lease, why);
	model_unlock(a->fs->model);
	return found && on_lease(a, &lease, &c, index, why);
}

static bool task_word_over(const char *word)
{
	static const char *const words[] = {"draft", "exited", "failed", "killed", "lost"};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

bool act_task_over(const struct act *a, const struct node *task)
{
	struct view v = fs_view(a->fs);
	struct task_ref ref;
	bool over = false;
	model_lock(a->fs->model);
	if (task_ref_by_name(&v, task->name, &ref)) {
		over = task_word_over(task_word(&v, &ref));
		task_ref_close(&ref);
	}
	model_unlock(a->fs->model);
	return over;
}

bool act_task_remove(const struct act *a, const struct node *task, struct refusal *why)
{
	struct local_task t;
	struct id lease = {0};
	if (!act_task_over(a, task))
		return refuse(why, EBUSY, -1, "the task runs; stop it first: echo stop > ctl");
	model_lock(a->fs->model);
	find_lease(a, task->name, &lease, why);
	model_unlock(a->fs->model);
	*why = (struct refusal){.column = -1};
	bool local = local_task_get(a->fs->local, task->name, &t), mine = local && t.uid == a->uid;
	if (local)
		local_task_copy_free(&t);
	if (local && !mine)
		return refuse(why, EPERM, -1, "the task belongs to another user");
	if (local)
		local_task_drop(a->fs->local, task->name);
	return local || local_hide(a->fs->local, &task->object) == 0 || refuse(why, EIO, -1, "the state directory cannot be written");
}

bool act_account(const struct act *a, const char *name, struct refusal *why)
{
	uid_t uid;
	fs_names_reload(a->fs);
	if (!names_uid(fs_view(a->fs).names, name, &uid))
		return refuse(why, ENXIO, -1, "an account is named after a user of this machine");
	enum verdict v = link_open_uid(a->fs->link, a->uid, uid, money_of(0));
	return v == V_OK || refuse_verdict(why, v, -1);
}

struct app_seen { struct model *m; const char *name; const uint8_t *image; };

static bool app_seen(void *arg)
{
	struct app_seen *w = arg;
	model_lock(w->m);
	const struct fact_app *app = model_app(w->m, w->name);
	bool seen = app && memcmp(app->image, w->image, sizeof app->image) == 0;
	model_unlock(w->m);
	return seen;
}

bool act_upload(const struct act *a, struct upload *u, struct refusal *why)
{
	autofree struct archive *image = malloc(sizeof *image);
	autofree uint8_t *meta = malloc(APP_META_MAX);
	struct tx tx = {.type = TX_APP_PUB};
	struct wire_answer answer;
	if (!image || !meta)
		return refuse(why, ENOSPC, -1, "out of memory");
	if (!act_address(a, &tx.sender, why) || !upload_store(u, a->fs->images_fd, image, why))
		return false;
	struct wbuf w = wbuf_on(meta, APP_META_MAX);
	deploy_put(&w, &image->deploy);
	tx.u.app_pub = (struct tx_app_pub){.cid = act_cid(a, 0), .meta = {meta, w.len}};
	strcpy(tx.u.app_pub.name, u->name);
	memcpy(tx.u.app_pub.image, image->manifest, sizeof image->manifest);
	if (!act_send_tx(a, &tx, &answer, why))
		return false;
	link_wait(a->fs->link, app_seen, &(struct app_seen){a->fs->model, u->name, image->manifest}, SETTLE_TIMEOUT_MS);
	return true;
}
