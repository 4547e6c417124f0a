/* From a name in a directory to a node, and all names of a directory.
 *
 * Knows which objects are the children of which directory. A listed name always looks up to the same node. Directories never list history:
 * heights and digests resolve by lookup alone, blocks/ shows the last BLOCKS_LISTED. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "zfs-views/tree_priv.h"

#define BLOCKS_LISTED 64

/* Of the past there is nothing to write, nothing that is of here and now, and the four that the ledger keeps. */
static bool shown_at(uint16_t kind)
{
	const struct entry *e = &tree_entries[kind];
	if (e->parent == N_ROOT)
		return kind == N_MARKET || kind == N_ACCOUNTS || kind == N_LEASES || kind == N_TOKENS;
	bool here = kind == N_WORK || kind == N_LEASE_LIMITS || kind == N_LEASE_DRIFT || kind == N_LEASE_PROOF;
	return !here && (e->class == CLASS_DIR || e->class == CLASS_TEXT || e->class == CLASS_LOG || e->class == CLASS_VALUE);
}

bool tree_child_shown(const struct view *v, const struct node *dir, uint16_t kind)
{
	if (dir->at)
		return shown_at(kind);
	if (kind == N_AT)
		return v->past;
	if (kind == N_MAIN)
		return dir->chain == 0;
	if (kind == N_NODE_SELF)
		return !id_is_zero(&v->node_id) && model_node(v->model, &v->node_id);
	if (dir->kind == N_ACCOUNT && (kind == N_SEND || kind == N_POST || kind == N_BATCH || kind == N_ACCOUNT_CTL || kind == N_WORK))
		return dir->uid != UID_EXTERNAL; /* who holds no key cannot sign, and its work units are its owner's to know */
	if (kind == N_PREPARE)
		return dir->uid == UID_EXTERNAL;
	if (kind == N_BLOCK_LATEST || kind == N_BLOCK_GENESIS)
		return model_lane(v->model, dir->chain, UINT64_MAX) != NULL;
	return true;
}

static bool find_static(const struct view *v, const struct node *dir, const char *name, struct node *out)
{
	for (uint16_t k = N_ROOT + 1; k < N_KINDS; k++) {
		const struct entry *e = &tree_entries[k];
		if (e->parent != tree_shape(dir) || !e->name || strcmp(e->name, name) != 0 || !tree_child_shown(v, dir, k))
			continue;
		*out = *dir;
		out->kind = k;
		return true;
	}
	return false;
}

static bool find_account(const struct view *v, const char *name, struct node *out)
{
	uid_t uid;
	struct address a;
	if (names_uid(v->names, name, &uid) && model_address(v->model, uid)) {
		*out = (struct node){.kind = N_ACCOUNT, .uid = uid};
		return true;
	}
	/* by its address, unless it is somebody's here: a directory has one name */
	if (!text_address(name, &a) || model_uid(v->model, &a, &uid) || !model_account(v->model, &a))
		return false;
	*out = (struct node){.kind = N_ACCOUNT, .uid = UID_EXTERNAL};
	memcpy(out->object.b, a.b, sizeof out->object.b);
	return true;
}

static struct node order_node(const struct node *dir, const struct fact_order *o)
{
	bool acts = !dir->at && dir->uid != UID_EXTERNAL;
	struct node n = {.kind = acts ? N_ORDER : N_ORDER_THEN, .uid = dir->uid, .object = o->order};
	strcpy(n.name, o->name);
	return n;
}

static struct node draft_node(uint32_t uid, const struct draft *d)
{
	struct node n = {.kind = N_ORDER_DRAFT, .uid = uid, .height = d->made_ms};
	strcpy(n.name, d->name);
	return n;
}

static bool find_order(const struct view *v, const struct node *dir, const char *name, struct node *out)
{
	const struct address *a = tree_account(v, dir);
	const struct fact_order *o = a ? model_order_by_name(v->model, a, name) : NULL;
	struct draft d;
	if (o) {
		*out = order_node(dir, o);
		return true;
	}
	if (dir->at || !local_draft_get(v->local, dir->uid, name, &d))
		return false;
	*out = draft_node(dir->uid, &d);
	free(d.text);
	return true;
}

static bool find_lease(const struct view *v, const char *name, struct node *out)
{
	const struct fact_lease *l = strncmp(name, "l-", 2) == 0 ? model_lease_by_name(v->model, name + 2) : NULL;
	if (l)
		*out = (struct node){.kind = N_LEASE, .object = l->lease};
	return l != NULL;
}

static bool find_task(const struct view *v, const char *name, struct node *out)
{
	struct task_ref t;
	if (!task_ref_by_name(v, name, &t))
		return false;
	*out = (struct node){.kind = N_TASK};
	strcpy(out->name, t.name);
	if (t.local)
		out->height = t.set.made_ms;
	else
		out->object = t.lease->lease;
	task_ref_close(&t);
	return true;
}

/* One spelling per height: no sign, no leading zero. */
static bool find_block(const struct view *v, uint8_t chain, const char *name, struct node *out)
{
	char again[TEXT_NUM];
	uint64_t height;
	const struct fact_lane *head = model_lane(v->model, chain, UINT64_MAX);
	if (!head || !text_u64(name, head->height, &height))
		return false;
	snprintf(again, sizeof again, "%" PRIu64, height);
	*out = (struct node){.kind = N_BLOCK, .chain = chain, .height = height};
	return strcmp(again, name) == 0;
}

static struct node app_node(uint16_t kind, const struct fact_app *a)
{
	struct node n = {.kind = kind, .object = a->app};
	strcpy(n.name, a->name);
	return n;
}

static bool find_app(const struct view *v, uint16_t kind, const char *name, struct node *out)
{
	const struct fact_app *a = model_app(v->model, name);
	if (a)
		*out = app_node(kind, a);
	return a != NULL;
}

static bool find_image(const struct view *v, const char *name, struct node *out)
{
	struct node n = {.kind = N_IMAGE};
	if (!hex_decode(name, n.object.b, sizeof n.object.b) || !tree_alive(v, &n))
		return false;
	*out = n;
	return true;
}

struct node_search { uint8_t prefix[6]; const struct fact_node *found; };

static bool match_node(void *arg, const struct fact_node *f)
{
	struct node_search *s = arg;
	if (memcmp(f->node.b, s->prefix, sizeof s->prefix) == 0)
		s->found = f;
	return !s->found;
}

static bool find_node(const struct view *v, const char *name, struct node *out)
{
	struct node_search s = {.found = NULL};
	if (strncmp(name, "n-", 2) != 0 || !hex_decode(name + 2, s.prefix, sizeof s.prefix))
		return false;
	model_each_node(v->model, match_node, &s);
	if (s.found)
		*out = (struct node){.kind = N_NODE, .object = s.found->node};
	return s.found != NULL;
}

static bool find_object(const struct view *v, uid_t uid, const struct node *dir, const char *name, struct node *out)
{
	const struct fact_symbol *s;
	if (dir->kind == N_MARKET && (s = model_symbol_by_name(v->model, name))) {
		*out = (struct node){.kind = N_SYMBOL, .symbol = s->symbol};
		return true;
	}
	if (dir->kind == N_ACCOUNTS)
		return find_account(v, name, out);
	if (dir->kind == N_TOKENS)
		return token_find(v, uid, dir, name, out);
	if (dir->kind == N_ORDERS)
		return find_order(v, dir, name, out);
	if (dir->kind == N_LEASES)
		return find_lease(v, name, out);
	if (dir->kind == N_TASKS)
		return find_task(v, name, out);
	if (dir->kind == N_CHAINS && name[0] >= '0' && name[0] <= '9' && !name[1]) {
		*out = (struct node){.kind = N_CHAIN, .chain = (uint8_t)(name[0] - '0')};
		return true;
	}
	if (dir->kind == N_BLOCKS)
		return find_block(v, dir->chain, name, out);
	if (dir->kind == N_INCOMING || dir->kind == N_APPS)
		return find_app(v, dir->kind == N_APPS ? N_APP : N_INCOMING_IMAGE, name, out);
	if (dir->kind == N_SHA256)
		return find_image(v, name, out);
	return dir->kind == N_NODES && find_node(v, name, out);
}

int tree_lookup(const struct view *v, uid_t uid, const struct node *dir, const char *name, struct node *out)
{
	struct node found = {.kind = N_ROOT};
	if (strlen(name) > NAME_MAX_LEN)
		return -ENOENT;
	if (dir->kind == N_BLOCK_TX || dir->kind == N_CHAIN_TX)
		return tx_lookup(v, dir, name, out);
	if (dir->kind == N_AT)
		return at_lookup(v, name, out);
	autopast room;
	int rc = view_at(&v, dir, &room);
	if (rc < 0)
		return rc;
	model_lock(v->model);
	bool ok = tree_alive(v, dir) && (find_static(v, dir, name, &found) || find_object(v, uid, dir, name, &found));
	model_unlock(v->model);
	found.at = dir->at;
	if (ok)
		*out = found;
	return ok ? 0 : -ENOENT;
}

struct lister {
	const struct view *v; uid_t uid; const struct node *dir;
	bool (*cb)(void *arg, const char *name, const struct node *n); void *arg;
	bool more;
};

static bool say(struct lister *l, const char *name, const struct node *n)
{
	struct node of_then = *n;
	of_then.at = l->dir->at;
	l->more = l->more && l->cb(l->arg, name, &of_then);
	return l->more;
}

static bool list_symbol(void *arg, const struct fact_symbol *s)
{
	struct node n = {.kind = N_SYMBOL, .symbol = s->symbol};
	return say(arg, s->name, &n);
}

static bool list_account(void *arg, uint32_t uid, const struct address *a)
{
	struct lister *l = arg;
	struct node n = {.kind = N_ACCOUNT, .uid = uid};
	char name[NAME_MAX_LEN + 1];
	(void)a;
	names_of(l->v->names, uid, name);
	return say(l, name, &n);
}

static bool list_order(void *arg, const struct fact_order *o)
{
	struct lister *l = arg;
	if (model_order_by_name(l->v->model, &o->owner, o->name) != o)
		return true; /* a later one took its name */
	struct node n = order_node(l->dir, o);
	return say(l, n.name, &n);
}

static bool list_draft(void *arg, const struct draft *d)
{
	struct lister *l = arg;
	const struct address *a = tree_account(l->v, l->dir);
	if (a && model_order_by_name(l->v->model, a, d->name))
		return true;
	struct node n = draft_node(l->dir->uid, d);
	return say(l, n.name, &n);
}

static void list_orders(struct lister *l)
{
	const struct address *a = tree_account(l->v, l->dir);
	if (a)
		model_each_order(l->v->model, a, list_order, l);
	if (l->more && !l->dir->at)
		local_draft_each(l->v->local, l->dir->uid, list_draft, l);
}

static bool list_lease(void *arg, const struct fact_lease *f)
{
	struct lister *l = arg;
	struct node n = {.kind = N_LEASE, .object = f->lease};
	char name[LEASE_NAME_LEN + 3] = "l-";
	if (!lease_shown(l->v, f))
		return true;
	lease_name_of(&f->lease, name + 2);
	return say(l, name, &n);
}

static bool list_task(void *arg, const char *name)
{
	struct lister *l = arg;
	struct node n;
	return !find_task(l->v, name, &n) || say(l, name, &n);
}

static void list_chains(struct lister *l)
{
	for (uint8_t i = 0; i < CHAINS && l->more; i++) {
		struct node n = {.kind = N_CHAIN, .chain = i};
		char name[2] = {(char)('0' + i), 0};
		say(l, name, &n);
	}
}

static void list_blocks(struct lister *l)
{
	char name[TEXT_NUM];
	const struct fact_lane *head = model_lane(l->v->model, l->dir->chain, UINT64_MAX);
	uint64_t from = head && head->height >= BLOCKS_LISTED ? head->height - BLOCKS_LISTED + 1 : 0;
	for (uint64_t h = from; head && h <= head->height && l->more; h++) {
		struct node n = {.kind = N_BLOCK, .chain = l->dir->chain, .height = h};
		snprintf(name, sizeof name, "%" PRIu64, h);
		say(l, name, &n);
	}
}

static bool list_app(void *arg, const struct fact_app *a)
{
	struct lister *l = arg;
	struct node n = app_node(l->dir->kind == N_APPS ? N_APP : N_INCOMING_IMAGE, a);
	return say(l, n.name, &n);
}

static bool list_node(void *arg, const struct fact_node *f)
{
	struct node n = {.kind = N_NODE, .object = f->node};
	char name[2 * 6 + 3] = "n-";
	hex_encode(f->node.b, 6, name + 2);
	return say(arg, name, &n);
}

static bool list_named(void *arg, const char *name, const struct node *n) { return say(arg, name, n); }

static void list_static(struct lister *l)
{
	for (uint16_t k = N_ROOT + 1; k < N_KINDS && l->more; k++) {
		const struct entry *e = &tree_entries[k];
		struct node n = *l->dir;
		if (e->parent != tree_shape(l->dir) || !e->name || !tree_child_shown(l->v, l->dir, k))
			continue;
		n.kind = k;
		say(l, e->name, &n);
	}
}

static void list_objects(struct lister *l)
{
	const struct model *m = l->v->model;
	uint16_t kind = l->dir->kind;
	if (kind == N_MARKET)
		model_each_symbol(m, list_symbol, l);
	if (kind == N_ACCOUNTS)
		model_each_uid(m, list_account, l);
	if (kind == N_ORDERS)
		list_orders(l);
	if (kind == N_LEASES)
		model_each_lease(m, list_lease, l);
	if (kind == N_TASKS)
		task_each_name(l->v, list_task, l);
	if (kind == N_CHAINS)
		list_chains(l);
	if (kind == N_BLOCKS)
		list_blocks(l);
	if (kind == N_APPS || kind == N_INCOMING)
		model_each_app(m, list_app, l);
	if (kind == N_NODES)
		model_each_node(m, list_node, l);
	if (kind == N_TOKENS)
		token_list(l->v, l->uid, l->dir, list_named, l);
}

int tree_list(const struct view *v, uid_t uid, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n),
	void *arg)
{
	if (dir->kind >= N_KINDS || tree_entries[dir->kind].class != CLASS_DIR)
		return -ENOTDIR;
	if (dir->kind == N_BLOCK_TX || dir->kind == N_CHAIN_TX)
		return tx_list(v, dir, cb, arg);
	autopast room;
	int rc = view_at(&v, dir, &room);
	if (rc < 0)
		return rc;
	struct lister l = {v, uid, dir, cb, arg, true};
	model_lock(v->model);
	bool alive = tree_alive(v, dir);
	if (alive)
		list_static(&l);
	if (alive && l.more)
		list_objects(&l);
	model_unlock(v->model);
	return alive ? 0 : -ENOENT;
}
