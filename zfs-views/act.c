/* Orders, batches and payments: from words to verdicts.
 *
 * The model is locked only while a transaction is made of what it says, never while the ledger is asked. Names are the user's, ids the
 * ledger's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "zfs-views/act.h"
#include "zfs-views/order_tx.h"
#include "zfs-views/send_line.h"

struct cid act_cid(const struct act *a, uint32_t index)
{
	struct cid cid;
	struct wbuf w = wbuf_on(cid.b, sizeof cid.b);
	put_u32(&w, a->fs->nonce);
	put_u32(&w, index);
	put_u64(&w, a->unique);
	return cid;
}

bool act_send_tx(const struct act *a, const struct tx *tx, struct wire_answer *answer, struct refusal *why)
{
	enum verdict v = link_intent(a->fs->link, a->uid, tx, answer);
	return v == V_OK || refuse_verdict(why, v, -1);
}

bool act_address(const struct act *a, struct address *out, struct refusal *why)
{
	model_lock(a->fs->model);
	const struct address *mine = model_address(a->fs->model, a->uid);
	if (mine)
		*out = *mine;
	model_unlock(a->fs->model);
	if (!model_up(a->fs->model))
		return refuse_verdict(why, V_LEDGER_DOWN, -1);
	return mine || refuse_verdict(why, V_NO_ACCOUNT, -1);
}

/* Is this the order that a file of its name shows? One of which nothing came leaves its name free. */
static bool bears_name(const struct act *a, const struct fact_order *o)
{
	return o && !(order_is_final(o) && (o->filled == 0 || local_hidden(a->fs->local, &o->order)));
}

static bool task_name_free(const struct act *a, const struct order_line *line, const char *name, struct refusal *why)
{
	struct node tasks = {.kind = N_TASKS}, found;
	if (!order_line_says(line, WORD_APP) || fs_lookup(a->fs, a->uid, &tasks, name, &found) != 0)
		return true;
	return refuse(why, EEXIST, line->column[WORD_APP], "there is a task of that name already; see tasks/");
}

struct order_job {
	const struct order_line *line; const char *name; struct address me; struct id self; struct cid cid; bool exists, same;
	uint32_t rev; struct id order; /* as it was, if it exists */
};

/* An order travels from its owner's lane to its symbol's: a write is answered when it has arrived, so that what is read next is what became
 * of it. */
struct arrival { struct model *m; const struct order_job *j; uint8_t state; uint16_t reason; };

static bool arrived(void *arg)
{
	struct arrival *w = arg;
	model_lock(w->m);
	const struct fact_order *o = model_order_by_name(w->m, &w->j->me, w->j->name);
	bool there = o && o->state != ORDER_IN_FLIGHT && (!w->j->exists || order_is_final(o) || o->rev != w->j->rev)
		     && (w->j->exists || id_cmp(&o->order, &w->j->order) != 0);
	if (there) {
		w->state = o->state;
		w->reason = o->reason;
	}
	model_unlock(w->m);
	return there;
}

/* Not seen in time is no refusal: it is pending. */
static bool await_order(const struct act *a, const struct order_job *j, struct refusal *why)
{
	struct arrival w = {.m = a->fs->model, .j = j};
	if (!link_wait(a->fs->link, arrived, &w, SETTLE_TIMEOUT_MS) || w.state != ORDER_REJECTED)
		return true;
	return refuse_verdict(why, w.reason && w.reason < V_COUNT ? (enum verdict)w.reason : V_BAD_STATE, -1);
}

/* With the model locked. */
static bool make_order_tx(const struct act *a, struct order_job *j, struct order_tx *t, struct refusal *why)
{
	const struct model *m = a->fs->model;
	const struct fact_order *o = model_order_by_name(m, &j->me, j->name);
	j->exists = bears_name(a, o);
	if (o) {
		j->rev = o->rev;
		j->order = o->order;
	}
	if (j->exists)
		return order_tx_amend(m, o, j->line, &j->cid, t, &j->same, why);
	return order_tx_post(m, &j->me, &j->self, j->line, j->name, &j->cid, t, why);
}

bool act_order(const struct act *a, const char *name, const char *text, uint32_t index, struct refusal *why)
{
	struct order_line line;
	struct wire_answer answer;
	struct order_job j = {.line = &line, .name = name, .self = fs_view(a->fs).node_id, .cid = act_cid(a, index)};
	autofree struct order_tx *t = malloc(sizeof *t);
	if (!t || !act_address(a, &j.me, why))
		return t ? false : refuse(why, ENOSPC, -1, "out of memory");
	if (!order_line_parse(text, false, &line, why))
		return false;
	model_lock(a->fs->model);
	bool made = make_order_tx(a, &j, t, why);
	model_unlock(a->fs->model);
	if (!made)
		return false;
	if (j.exists && j.same)
		return true;
	return (j.exists || task_name_free(a, &line, name, why)) && act_send_tx(a, &t->tx, &answer, why) && await_order(a, &j, why);
}

struct departure { struct model *m; const struct id *order; };

static bool departed(void *arg)
{
	struct departure *w = arg;
	model_lock(w->m);
	const struct fact_order *o = model_order(w->m, w->order);
	bool gone = !o || order_is_final(o);
	model_unlock(w->m);
	return gone;
}

bool act_order_remove(const struct act *a, const struct id *order, struct refusal *why)
{
	struct wire_answer answer;
	autofree struct order_tx *t = malloc(sizeof *t);
	if (!t)
		return refuse(why, ENOSPC, -1, "out of memory");
	model_lock(a->fs->model);
	const struct fact_order *o = model_order(a->fs->model, order);
	bool found = o, final = o && order_is_final(o);
	struct cid cid = act_cid(a, 0);
	if (found)
		order_tx_cancel(o, &cid, t);
	model_unlock(a->fs->model);
	if (!found)
		return refuse_verdict(why, V_NO_ORDER, -1);
	if (!final && !act_send_tx(a, &t->tx, &answer, why) && why->err != ENOENT) /* gone meanwhile: as good as cancelled */
		return false;
	link_wait(a->fs->link, departed, &(struct departure){a->fs->model, order}, SETTLE_TIMEOUT_MS);
	local_hide(a->fs->local, order);
	return true;
}

bool act_order_text(const struct act *a, const char *name, struct page *out)
{
	struct view v = fs_view(a->fs);
	struct node orders = {.kind = N_ORDERS, .uid = a->uid}, n;
	return tree_lookup(&v, a->uid, &orders, name, &n) == 0 && tree_render(&v, a->uid, &n, out) == 0;
}

bool act_post(const struct act *a, const char *line, uint32_t index, struct page *reply, struct refusal *why)
{
	char name[NAME_MAX_LEN + 1];
	snprintf(name, sizeof name, "p%08x-%llx-%u", a->fs->nonce, (unsigned long long)a->unique, index);
	if (!act_order(a, name, line, index, why))
		return false;
	act_order_text(a, name, reply);
	return true;
}

struct arrivals { struct model *m; struct address me; const struct batch *b; };

static bool all_arrived(void *arg)
{
	struct arrivals *w = arg;
	bool all = true;
	model_lock(w->m);
	for (uint32_t i = 0; i < w->b->nnames && all; i++) {
		const struct fact_order *o = model_order_by_name(w->m, &w->me, w->b->name[i]);
		all = o && o->state != ORDER_IN_FLIGHT;
	}
	model_unlock(w->m);
	return all;
}

static bool batch_commit(const struct act *a, struct batch *b, struct page *reply, struct refusal *why)
{
	struct wire_answer answer;
	struct arrivals w = {.m = a->fs->model, .b = b};
	if (!batch_ready(b, why) || !act_address(a, &w.me, why))
		return false;
	enum verdict v = link_batch(a->fs->link, a->uid, (struct slice){b->ops, b->len}, &answer);
	if (v != V_OK) {
		b->poisoned = true;
		return refuse_verdict(why, v, -1);
	}
	link_wait(a->fs->link, all_arrived, &w, SETTLE_TIMEOUT_MS);
	for (uint32_t i = 0; i < b->nnames; i++)
		act_order_text(a, b->name[i], reply);
	batch_close(b);
	return true;
}

bool act_batch(const struct act *a, struct batch *b, const char *line, uint32_t index, struct page *reply, struct refusal *why)
{
	struct batch_of of = {.m = a->fs->model, .cid = act_cid(a, index)};
	struct address me;
	struct id self = fs_view(a->fs).node_id;
	const char *verb = line + strspn(line, " \t\r");
	if (strcmp(verb, "commit") == 0)
		return batch_commit(a, b, reply, why);
	if (strcmp(verb, "abort") == 0) {
		batch_close(b);
		return true;
	}
	if (!act_address(a, &me, why))
		return false;
	of.owner = &me;
	of.self = &self;
	model_lock(a->fs->model);
	bool done = batch_line(b, &of, line, why);
	model_unlock(a->fs->model);
	return done;
}

bool act_account_named(const struct act *a, const char *name, int column, struct address *out, struct refusal *why)
{
	uid_t uid;
	if (text_address(name, out))
		return true;
	fs_names_reload(a->fs);
	if (!names_uid(fs_view(a->fs).names, name, &uid))
		return refuse(why, ENXIO, column, "'%.64s' is neither an address nor a user of this machine", name);
	model_lock(a->fs->model);
	const struct address *found = model_address(a->fs->model, uid);
	if (found)
		*out = *found;
	model_unlock(a->fs->model);
	return found || refuse_verdict(why, V_NO_ACCOUNT, column);
}

bool act_transfer_tx(const struct act *a, const char *line, uint32_t index, struct tx *tx, struct refusal *why)
{
	struct send_line s;
	uint32_t token;
	struct money amount;
	if (!send_line_parse(line, &s, why) || !act_amount(a, s.token, s.token_column, s.amount, s.amount_column, &token, &amount, why))
		return false;
	if (s.opens) {
		tx->type = TX_OPEN;
		tx->u.open = (struct tx_open){.cid = act_cid(a, index), .auth = s.auth, .amount = amount};
		memcpy(tx->u.open.x25519, s.x25519, sizeof s.x25519);
		return true;
	}
	tx->type = TX_TRANSFER;
	tx->u.transfer = (struct tx_transfer){.cid = act_cid(a, index), .token = token, .amount = amount};
	strcpy(tx->u.transfer.memo, s.memo);
	return act_account_named(a, s.to, s.to_column, &tx->u.transfer.to, why);
}

struct opening { struct model *m; struct address address; };

static bool opened(void *arg)
{
	struct opening *w = arg;
	model_lock(w->m);
	bool is = model_account(w->m, &w->address);
	model_unlock(w->m);
	return is;
}

void act_await_open(const struct act *a, const struct auth *auth)
{
	struct opening w = {.m = a->fs->model};
	uint8_t bytes[2 + 33 * TX_SIGS_MAX];
	struct wbuf b = wbuf_on(bytes, sizeof bytes);
	auth_put(&b, auth);
	struct id hash = hash_of("zeus/addr", bytes, b.len);
	memcpy(w.address.b, hash.b, sizeof w.address.b);
	link_wait(a->fs->link, opened, &w, SETTLE_TIMEOUT_MS);
}

void act_reply_final(const struct wire_answer *answer, struct page *reply)
{
	char hex[65];
	hex_encode(answer->txid.b, sizeof answer->txid.b, hex);
	page_add(reply, "txid=%s height=%llu state=final\n", hex, (unsigned long long)answer->height);
}

bool act_transfer(const struct act *a, const char *line, uint32_t index, struct page *reply, struct refusal *why)
{
	struct wire_answer answer;
	struct tx tx = {.type = 0};
	if (!act_address(a, &tx.sender, why) || !act_transfer_tx(a, line, index, &tx, why) || !act_send_tx(a, &tx, &answer, why))
		return false;
	if (tx.type == TX_OPEN)
		act_await_open(a, &tx.u.open.auth);
	act_reply_final(&answer, reply);
	return true;
}
