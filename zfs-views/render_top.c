/* The files at the root: what this is, how it is, and the tables over all objects.
 *
 * Knows the whole only by counting it; each object's own files say more. */
#include <string.h>
#include <time.h>
#include "config.h"
#include "zfs-views/render.h"

uint64_t view_now_ms(const struct view *v)
{
	struct timespec t;
	if (v->clock_ms)
		return v->clock_ms;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int render_empty(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)v, (void)uid, (void)n, (void)out;
	return 0;
}

static const char readme[] =
	"This is ZeusNet: computing power bought, enforced, measured and paid through files.\n"
	"\n"
	"  me/                 your account: balance, history, orders/, send\n"
	"  market/<symbol>/    book, bids, asks, trades, last, spec; market/symbols lists the symbols\n"
	"  market/orders/      your orders; one file, one order, one line\n"
	"  leases/l-<id>/      what was matched: state, status, usage, limits, ctl\n"
	"  tasks/<name>/       what runs: state, log, exit_code, ctl\n"
	"  apps/ images/       what can be run; images/incoming takes OCI archives\n"
	"  nodes/              who offers, and what is free\n"
	"  tokens/<symbol>/    what was issued on top of ZNC; ctl converts\n"
	"  chains/0..9/        the ledger: head, log, blocks/<height>/{header,txs,raw,hash}\n"
	"  status health       how this machine is doing; errors: why your last commands were refused\n"
	"\n"
	"Sell:    echo 'ask cpu cpu=1 mem=512M price=0.02 max=2h' > @/market/orders/night\n"
	"Bring:   cp demo.tar @/images/incoming/demo\n"
	"Buy:     echo 'bid cpu cpu=0.5 mem=128M price=0.05 for=10m app=demo' > @/market/orders/job1\n"
	"Watch:   cat @/market/orders/job1 @/tasks/job1/state; tail -f @/tasks/job1/log\n"
	"Stop:    echo release > @/leases/l-<id>/ctl\n"
	"\n"
	"A command is carried out before write returns. If it is refused, tail -3 @/errors says why.\n"
	"See zeusfs(5).\n";

int render_readme(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid, (void)n;
	for (const char *p = readme; *p;) {
		size_t plain = strcspn(p, "@");
		page_put(out, p, plain);
		p += plain;
		if (*p == '@') {
			page_add(out, "%s", v->mount[0] ? v->mount : "/zeus");
			p++;
		}
	}
	return 0;
}

int render_version(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)v, (void)uid, (void)n;
	page_add(out, "zeus %s\nabi 1\n", PACKAGE_VERSION);
	return 0;
}

struct counts { const struct view *v; uint32_t orders, leases, tasks; };

static bool count_order(void *arg, const struct fact_order *o)
{
	struct counts *c = arg;
	c->orders += o->state == ORDER_OPEN || o->state == ORDER_PARTIAL;
	return true;
}

static bool count_lease(void *arg, const struct fact_lease *l)
{
	struct counts *c = arg;
	c->leases += !(l->flags & LEASE_TERMINAL);
	return true;
}

static bool count_task(void *arg, const char *name)
{
	(void)name;
	((struct counts *)arg)->tasks++;
	return true;
}

int render_status(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct counts c = {.v = v};
	const struct fact_block *head = model_head(v->model);
	bool up = model_up(v->model);
	(void)uid, (void)n;
	model_each_order(v->model, NULL, count_order, &c);
	model_each_lease(v->model, count_lease, &c);
	task_each_name(v, count_task, &c);
	page_add(out, "node ");
	page_id(out, "n-", &v->node_id);
	page_add(out, "\nname %s\nrole worker,bookkeeper\n", v->node_name[0] ? v->node_name : "-");
	page_add(out, "ledger %s\nquorum %s\n", up ? "up" : "down", up ? "1/1" : "0/1");
	page_add(out, "engine %s\nheight %" PRIu64 "\n", v->engine[0] ? v->engine : "-", head ? head->height : 0);
	page_time(out, "time ", head ? head->time_ms : 0);
	page_add(out, "\nmarket %s\norders %u\nleases %u\ntasks %u\n", up ? "open" : "closed", c.orders, c.leases, c.tasks);
	page_time(out, "since ", model_since_ms(v->model));
	page_add(out, "\n");
	return 0;
}

int render_health(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid, (void)n;
	if (model_up(v->model)) {
		page_add(out, "ok\n");
		return 0;
	}
	page_time(out, "degraded: the ledger has not answered since ", model_since_ms(v->model));
	page_add(out, "; see systemctl status zeus-ledger\n");
	return 0;
}

static void append(void *arg, const char *p, size_t len) { page_put(arg, p, len); }

int render_errors(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)n;
	local_errors_text(v->local, uid, append, out);
	return 0;
}

struct table { const struct view *v; uid_t uid; struct page *out; };

/* The first line of a file of the task, as a column. */
static void put_setting(const struct task_ref *t, render_fn *render, uint16_t kind, const struct table *w)
{
	struct node n = {.kind = kind};
	struct page text = {0};
	strcpy(n.name, t->name);
	render(w->v, w->uid, &n, &text);
	if (text.p)
		text.p[strcspn(text.p, "\n")] = 0;
	page_word(w->out, text.p ? text.p : "");
	page_free(&text);
}

static void put_memory(const struct task_ref *t, const struct table *w)
{
	char name[LEASE_NAME_LEN + 1];
	struct page live = {0};
	uint64_t bytes;
	bool known = false;
	if (t->lease) {
		lease_name_of(&t->lease->lease, name);
		known = beneath_live(w->v->live_fd, name, &live) && beneath_value(&live, "memory_current", &bytes);
	}
	if (known)
		page_add(w->out, "%" PRIu64, bytes);
	else
		page_add(w->out, "-");
	page_free(&live);
}

static bool put_task(void *arg, const char *name)
{
	struct table *w = arg;
	struct task_ref t;
	char owner[NAME_MAX_LEN + 1];
	struct task_report r = {.exit_code = -1};
	if (!task_ref_by_name(w->v, name, &t))
		return true;
	uid_t uid = task_owner(w->v, &t);
	if (w->uid != 0 && w->uid != uid) {
		task_ref_close(&t);
		return true;
	}
	if (t.lease)
		task_report_of(w->v, t.lease, &r);
	names_of(w->v->names, uid, owner);
	page_add(w->out, "%s\t%s\t%s\t", name, owner, task_word(w->v, &t));
	page_time(w->out, "", r.since_ms ? r.since_ms : t.lease ? t.lease->since_ms : t.set.made_ms);
	page_add(w->out, "\t");
	put_setting(&t, render_task_setting, N_TASK_IMAGE, w);
	page_add(w->out, "\t");
	put_setting(&t, render_task_setting, N_TASK_LEASE, w);
	page_add(w->out, "\t");
	if (t.lease)
		page_id(w->out, "n-", &t.lease->node);
	page_add(w->out, "%s\t-\t", t.lease ? "" : "-");
	put_memory(&t, w);
	if (r.exit_code >= 0)
		page_add(w->out, "\t%d\n", r.exit_code);
	else
		page_add(w->out, "\t-\n");
	task_ref_close(&t);
	return true;
}

int render_tasks_tsv(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct table w = {v, uid, out};
	(void)n;
	page_add(out, "#name\towner\tstate\tsince\timage\tlease\tnode\tcpu%%\tmem\texit\n");
	task_each_name(v, put_task, &w);
	return 0;
}

static bool is_uid(const struct table *w, const struct address *party)
{
	uint32_t uid;
	return model_uid(w->v->model, party, &uid) && uid == w->uid;
}

static bool put_lease(void *arg, const struct fact_lease *l)
{
	struct table *w = arg;
	char num[TEXT_NUM];
	const struct fact_symbol *s = model_symbol(w->v->model, l->symbol);
	bool mine = is_uid(w, &l->buyer) || is_uid(w, &l->seller);
	if (!lease_shown(w->v, l) || (w->uid != 0 && !mine))
		return true;
	page_lease(w->out, &l->lease);
	page_add(w->out, "\t%s\t%s\t", lease_word(l), s ? s->name : "-");
	page_account(w->out, w->v, &l->seller);
	page_add(w->out, "\t");
	page_account(w->out, w->v, &l->buyer);
	page_add(w->out, "\t");
	page_id(w->out, "n-", &l->node);
	page_add(w->out, "\t%s\t", text_of_price(l->price, num));
	page_add(w->out, "%s\t", text_of_money(l->rate, num));
	page_time(w->out, "", l->born_ms);
	page_add(w->out, "\t%" PRIu64 "\t%s\t", lease_remaining_s(w->v, l), text_of_money(l->paid, num));
	page_add(w->out, "%s\t%s\n", text_of_money(l->escrow, num), l->order[0] ? l->order : "-");
	return true;
}

int render_leases_tsv(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct table w = {v, uid, out};
	(void)n;
	page_add(out, "#lease\tstate\tresource\tseller\tbuyer\tnode\tprice\trate\tstart\tremaining\tpaid\tescrow\torder\n");
	model_each_lease(v->model, put_lease, &w);
	return 0;
}
