/* A lease as the ledger has it: its terms, state and money.
 *
 * Knows how the contract's states map onto the words of the tree. What the kernel says about it is render_kernel.c's. */
#include <errno.h>
#include <string.h>
#include "zfs-views/render.h"

const char *lease_word(const struct fact_lease *l)
{
	static const char *const words[][2] = {{"matched", "matched"}, {"trial", "active"}, {"run", "active"}, {"frozen", "paused"},
		{"final", "ending"}, {"court", "disputed"}};
	if (l->flags & LEASE_TERMINAL)
		return "ended";
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(l->state, words[i][0]) == 0)
			return words[i][1];
	if (l->flags & LEASE_RUN)
		return "active";
	if (l->flags & LEASE_FROZEN)
		return "paused";
	return l->ran_s || l->metered_s ? "ending" : "matched";
}

uid_t lease_owner(const struct view *v, const struct fact_lease *l)
{
	uint32_t uid;
	if (model_uid(v->model, &l->buyer, &uid) || model_uid(v->model, &l->seller, &uid))
		return uid;
	return 0;
}

const char *lease_endpoint(const struct view *v, uid_t uid, const struct fact_lease *l)
{
	uint32_t buyer;
	bool mine = uid == 0 || (model_uid(v->model, &l->buyer, &buyer) && buyer == uid);
	if (!mine || !(l->flags & (LEASE_RUN | LEASE_FROZEN)))
		return "";
	return strncmp(l->endpoint, ENDPOINT_SEALED, sizeof ENDPOINT_SEALED - 1) == 0 ? "sealed" : l->endpoint;
}

bool lease_here(const struct view *v, const struct fact_lease *l)
{
	return !id_is_zero(&v->node_id) && id_cmp(&v->node_id, &l->node) == 0;
}

bool lease_shown(const struct view *v, const struct fact_lease *l)
{
	return !(l->flags & LEASE_TERMINAL) || l->since_ms + MODEL_LEASE_KEEP_MS >= view_now_ms(v);
}

/* Run time that is left: what was agreed less what ran, the present state included. */
uint64_t lease_remaining_s(const struct view *v, const struct fact_lease *l)
{
	uint64_t now = view_now_ms(v), ran = l->ran_s;
	if (l->flags & LEASE_TERMINAL || strcmp(lease_word(l), "ending") == 0)
		return 0;
	if (l->flags & LEASE_RUN && now > l->since_ms)
		ran += (now - l->since_ms) / 1000;
	return ran < l->max_s ? l->max_s - ran : 0;
}

static const struct fact_lease *lease_of(const struct view *v, const struct node *n) { return model_lease(v->model, &n->object); }

int render_lease_spec(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char num[TEXT_NUM];
	const struct fact_lease *l = lease_of(v, n);
	const struct fact_symbol *s = l ? model_symbol(v->model, l->symbol) : NULL;
	(void)uid;
	if (!l)
		return -ENOENT;
	page_lease(out, &l->lease);
	page_add(out, " resource=%s qty=1 price=%s", s ? s->name : "-", text_of_price(l->price, num));
	page_add(out, " for=%s", text_of_duration(l->max_s, num));
	page_vector(out, &l->res);
	page_add(out, " rate=%s lessor=", text_of_money(l->rate, num));
	page_account(out, v, &l->seller);
	page_add(out, " lessee=");
	page_account(out, v, &l->buyer);
	page_add(out, " node=");
	page_id(out, "n-", &l->node);
	page_add(out, " region=- token=ZNC order=%s app=%s\n", l->order[0] ? l->order : "-", l->app[0] ? l->app : "-");
	return 0;
}

int render_lease_state(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = lease_of(v, n);
	(void)uid;
	if (!l)
		return -ENOENT;
	page_add(out, "%s\n", lease_word(l));
	return 0;
}

int render_lease_remaining(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lease *l = lease_of(v, n);
	(void)uid;
	if (!l)
		return -ENOENT;
	page_add(out, "%" PRIu64 "\n", lease_remaining_s(v, l));
	return 0;
}

static void put_times(const struct view *v, const struct fact_lease *l, struct page *out)
{
	page_time(out, "start ", l->born_ms);
	page_time(out, "\nsince ", l->since_ms);
	page_time(out, "\nend ", l->flags & LEASE_TERMINAL ? l->since_ms : 0);
	page_time(out, "\ndeadline ", l->deadline_ms);
	page_add(out, "\nremaining_sec %" PRIu64 "\nmin_s %u\nmax_s %u\n", lease_remaining_s(v, l), l->min_s, l->max_s);
	page_add(out, "ran_s %" PRIu64 "\nmetered_s %" PRIu64 "\n", l->ran_s, l->metered_s);
}

static void put_amounts(const struct fact_lease *l, struct page *out)
{
	char num[TEXT_NUM];
	page_add(out, "price %s\n", text_of_price(l->price, num));
	page_add(out, "rate %s\n", text_of_money(l->rate, num));
	page_add(out, "escrow %s\n", text_of_money(l->escrow, num));
	page_add(out, "bond %s\n", text_of_money(l->bond, num));
	page_add(out, "paid %s\n", text_of_money(l->paid, num));
	page_add(out, "commission %s\n", text_of_money(l->commission, num));
}

static void put_ids(const struct fact_lease *l, struct page *out)
{
	page_add(out, "instance ");
	page_hex(out, l->lease.b, sizeof l->lease.b);
	page_add(out, "\nbid ");
	page_hex(out, l->bid.b, sizeof l->bid.b);
	page_add(out, "\nask ");
	page_hex(out, l->ask.b, sizeof l->ask.b);
	page_add(out, "\nchain %u\nusage_seq %u\nusage_hash ", l->lease.b[0], l->usage_seq);
	page_hex(out, l->last_usage.b, sizeof l->last_usage.b);
	page_time(out, "\nusage_pending_until ", l->usage_pending_ms);
	page_add(out, "\n");
}

/* What this machine says of the task: of a lease that is in force it may be held, and why. */
static void put_task_state(const struct view *v, const struct fact_lease *l, struct page *out)
{
	struct task_report r;
	bool told = lease_here(v, l) && task_report_of(v, l, &r);
	page_add(out, "\ntask_state %s\ntask_reason %s\n", told ? r.phase : "-", told ? r.reason : "-");
}

/* "N STAGE PARTY terms": N is what agree may name. What the kernel holds meanwhile is in limits. */
static void put_proposal(const struct fact_lease *l, struct page *out)
{
	static const char *const stages[] = {[CHANGE_ASKED] = "asked", [CHANGE_AGREED] = "agreed", [CHANGE_MADE] = "made",
		[CHANGE_CLOSING] = "closing"};
	const struct lease_change *c = &l->change;
	char num[TEXT_NUM];
	page_add(out, "last_proposal %s\nproposal ", change_end_word(l->change_end));
	if (c->stage == CHANGE_NONE) {
		page_add(out, "-\n");
		return;
	}
	page_add(out, "%u %s %s", l->change_rev, stages[c->stage], c->by_seller ? "seller" : "buyer");
	page_vector(out, &c->res);
	page_add(out, " price=%s", text_of_price(c->price, num));
	page_add(out, " rate=%s", text_of_money(c->rate, num));
	page_time(out, " until=", c->stage == CHANGE_CLOSING ? l->usage_pending_ms : c->until_ms);
	page_add(out, "\n");
}

int render_lease_status(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char task[NAME_MAX_LEN + 1];
	const struct fact_lease *l = lease_of(v, n);
	if (!l)
		return -ENOENT;
	page_add(out, "state %s\ncontract_state %s\nreason ", lease_word(l), l->state[0] ? l->state : "-");
	page_word(out, l->reason);
	put_task_state(v, l, out);
	put_times(v, l, out);
	put_amounts(l, out);
	page_add(out, "seller ");
	page_account(out, v, &l->seller);
	page_add(out, "\nbuyer ");
	page_account(out, v, &l->buyer);
	page_add(out, "\nnode ");
	page_id(out, "n-", &l->node);
	page_add(out, "\norder %s\napp %s\n", l->order[0] ? l->order : "-", l->app[0] ? l->app : "-");
	page_add(out, "task %s\n", task_name_of_lease(v, l, task) ? task : "-");
	const char *endpoint = lease_endpoint(v, uid, l);
	page_add(out, "endpoint %s\ndeploy_rev %u\n", endpoint[0] ? endpoint : "-", l->deploy_rev);
	put_ids(l, out);
	put_proposal(l, out);
	return 0;
}
