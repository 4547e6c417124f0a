/* An account's files: who it is, what it has, what moved.
 *
 * Knows custodial accounts of local uids, n->uid says whose, and those that are looked up by address. An account that the ledger has not
 * told about yet has nothing. */
#include <errno.h>
#include <string.h>
#include "zfs-views/tree_priv.h"

static const struct address *address_of(const struct view *v, const struct node *n) { return tree_account(v, n); }

static struct fact_account account_of(const struct view *v, const struct node *n)
{
	const struct address *a = address_of(v, n);
	const struct fact_account *f = a ? model_account(v->model, a) : NULL;
	return f ? *f : (struct fact_account){.nonce = 0};
}

int render_address(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char text[ADDRESS_TEXT_MAX];
	const struct address *a = address_of(v, n);
	(void)uid;
	if (!a)
		return -ENOENT;
	text_of_address(a, text);
	page_add(out, "%s\n", text);
	return 0;
}

int render_pubkey(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f = account_of(v, n);
	(void)uid;
	page_hex(out, f.pk, sizeof f.pk);
	page_add(out, "\n");
	return 0;
}

int render_custody(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)v, (void)uid;
	page_add(out, "%s\n", n->uid == UID_EXTERNAL ? "external" : "local");
	return 0;
}

int render_nonce(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	(void)uid;
	page_add(out, "%" PRIu64 "\n", account_of(v, n).nonce);
	return 0;
}

/* As of the head: the next block may free more, never less. */
static struct money spendable_of(const struct view *v, const struct fact_account *f)
{
	const struct fact_block *head = model_head(v->model); /* none: the first facts are still coming */
	return vesting_spendable(&f->vesting, f->balance, head ? head->time_ms : 0);
}

int render_balance(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	char num[TEXT_NUM];
	struct fact_account f = account_of(v, n);
	(void)uid;
	page_add(out, "%s\n", text_of_money(spendable_of(v, &f), num));
	return 0;
}

struct balances { const struct view *v; struct page *out; };

static bool put_holding(void *arg, const struct fact_holding *f)
{
	struct balances *b = arg;
	page_token(b->out, b->v, f->token);
	page_add(b->out, " total=");
	page_units(b->out, b->v, f->token, f->amount);
	page_add(b->out, "\n");
	return true;
}

static void put_part(struct page *out, const char *key, struct money amount)
{
	char num[TEXT_NUM];
	page_add(out, " %s=%s", key, text_of_money(amount, num));
}

int render_balances(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct fact_account f = account_of(v, n);
	struct balances b = {v, out};
	struct money escrow = model_escrow(v->model, &f.address), total = f.balance, spendable = spendable_of(v, &f), vesting = f.balance;
	struct money held[] = {escrow, f.deposit, f.stake.staked, f.stake.unstaking};
	(void)uid;
	money_sub(f.balance, spendable, &vesting);
	for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
		money_add(total, held[i], &total);
	page_add(out, "ZNC");
	put_part(out, "total", total);
	put_part(out, "spendable", spendable);
	put_part(out, "escrow", escrow);
	put_part(out, "vesting", vesting);
	put_part(out, "deposit", f.deposit);
	put_part(out, "staked", f.stake.staked);
	put_part(out, "unstaking", f.stake.unstaking);
	page_add(out, "\n");
	model_each_holding(v->model, &f.address, put_holding, &b);
	return 0;
}

static const char *kind_word(uint8_t kind)
{
	switch ((enum pay_kind)kind) {
	case PAY_TRANSFER: return "transfer";
	case PAY_ESCROW: return "escrow";
	case PAY_REFUND: return "refund";
	case PAY_LEASE: return "lease";
	case PAY_BOND: return "bond";
	case PAY_COMMISSION: return "commission";
	case PAY_GENESIS: return "genesis";
	case PAY_TOKEN: return "token";
	case PAY_DEPOSIT: return "deposit";
	case PAY_STAKE: return "stake";
	}
	return "?";
}

struct history { const struct view *v; struct page *out; };

/* An order or a lease by the name it has in the tree, anything else by its hash. */
static void put_object(const struct history *h, const struct id *object)
{
	if (id_is_zero(object)) {
		page_add(h->out, "-");
	} else if (model_lease(h->v->model, object)) {
		page_lease(h->out, object);
	} else if (model_order(h->v->model, object)) {
		page_id(h->out, "o-", object);
	} else {
		page_hex(h->out, object->b, sizeof object->b);
	}
}

static bool put_pay(void *arg, const struct fact_pay *p)
{
	static const struct address nobody;
	struct history *h = arg;
	page_time(h->out, "", p->time_ms);
	page_add(h->out, "\t");
	if (p->kind == PAY_TRANSFER && !id_is_zero(&p->object))
		page_hex(h->out, p->object.b, sizeof p->object.b);
	else
		page_add(h->out, "-");
	page_add(h->out, "\t%u\t%" PRIu64 "\t%s\t%s", p->lane, p->height, kind_word(p->kind), p->in ? "" : "-");
	page_units(h->out, h->v, p->token, p->amount);
	page_add(h->out, "\t");
	page_token(h->out, h->v, p->token);
	page_add(h->out, "\t");
	if (address_eq(&p->other, &nobody))
		page_add(h->out, "-");
	else
		page_account(h->out, h->v, &p->other);
	page_add(h->out, "\t");
	put_object(h, &p->object);
	page_add(h->out, "\t");
	page_word(h->out, p->memo);
	page_add(h->out, "\n");
	return true;
}

int render_history(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct history h = {v, out};
	const struct address *a = address_of(v, n);
	(void)uid;
	if (!a)
		return -ENOENT;
	page_add(out, "#time\ttxid\tchain\theight\tkind\tamount\ttoken\tcounterparty\tobject\tmemo\n");
	model_each_pay(v->model, a, put_pay, &h);
	return 0;
}

static void put_units(struct page *out, const char *key, uint64_t units)
{
	if (units == UINT64_MAX)
		page_add(out, "%s max\n", key);
	else
		page_add(out, "%s %" PRIu64 "\n", key, units);
}

/* Without the model's lock: the ledger says it. What it has no account of has no units. */
int render_work(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct address who = {0};
	struct wire_work w = {.found = false};
	(void)uid;
	model_lock(v->model);
	const struct address *a = address_of(v, n);
	if (a)
		who = *a;
	model_unlock(v->model);
	if (!a)
		return -ENOENT;
	int rc = v->work ? v->work(v->fetch_arg, &who, &w) : -EHOSTDOWN;
	if (rc < 0)
		return rc;
	put_units(out, "used", w.used);
	put_units(out, "available", w.total == UINT64_MAX ? w.total : w.total > w.used ? w.total - w.used : 0);
	put_units(out, "total", w.total);
	page_add(out, "window_ms %" PRIu64 "\n", w.window_ms);
	return 0;
}
