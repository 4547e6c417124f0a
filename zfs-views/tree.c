/* What a node is: its inode number, its attributes, its bytes, where its link leads.
 *
 * Knows rules that hold for any kind (owners, modes, locking); the rows are tree_table.c's and names are tree_find.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/cleanup.h"
#include "ledger/crypto/hash.h"
#include "zfs-views/tree_priv.h"

const char *tree_name(const struct node *n) { return tree_entries[n->kind].name ? tree_entries[n->kind].name : n->name; }
void tree_root(struct node *out) { *out = (struct node){.kind = N_ROOT}; }

/* An order keeps its number whatever it is called. */
uint64_t tree_ino(const struct node *n)
{
	uint8_t bytes[128];
	struct wbuf w = wbuf_on(bytes, sizeof bytes);
	uint64_t ino = 0;
	if (n->kind == N_ROOT)
		return 1;
	put_u16(&w, n->kind);
	put_u8(&w, n->chain);
	put_u32(&w, n->uid);
	put_u32(&w, n->symbol);
	put_u64(&w, n->height);
	put_id(&w, &n->object);
	put_text(&w, n->kind == N_ORDER || n->kind == N_ORDER_THEN ? "" : n->name);
	if (n->at)
		put_u64(&w, n->at);
	struct id hash = hash_of("zeus/inode", bytes, w.len);
	memcpy(&ino, hash.b, sizeof ino);
	return ino > 1 ? ino : ino + 2;
}

enum node_kind tree_object_kind(uint16_t kind)
{
	while (kind != N_ROOT && tree_entries[kind].name)
		kind = tree_entries[kind].parent;
	return (enum node_kind)kind;
}

const struct address *tree_account(const struct view *v, const struct node *n)
{
	if (n->uid != UID_EXTERNAL)
		return model_address(v->model, n->uid);
	const struct fact_account *a = model_account(v->model, (const struct address *)&n->object);
	return a ? &a->address : NULL;
}

static bool task_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	struct task_ref t;
	if (!task_ref_by_name(v, n->name, &t))
		return false;
	bool same = t.local ? t.set.made_ms == n->height : id_cmp(&t.lease->lease, &n->object) == 0;
	if (same && out) {
		out->uid = task_owner(v, &t);
		out->mtime_ms = t.lease ? t.lease->since_ms : t.set.made_ms;
		if (n->kind == N_TASK && t.local && t.set.mode)
			out->mode = S_IFDIR | (t.set.mode & 0770);
		if (out->class == CLASS_SETTING && !(t.local && !t.set.started)) {
			out->class = CLASS_TEXT;
			out->mode = S_IFREG | 0440;
		}
	}
	task_ref_close(&t);
	return same;
}

/* A draft or a file on its way in: the same name later is another file. */
static bool draft_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	struct draft d;
	if (!local_draft_get(v->local, n->uid, n->name, &d))
		return false;
	if (out) {
		out->mtime_ms = d.made_ms;
		out->mode = S_IFREG | (d.mode & 0770);
	}
	free(d.text);
	return d.made_ms == n->height;
}

static bool incoming_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	const struct fact_app *a = model_app(v->model, n->name);
	if (id_is_zero(&n->object))
		return true; /* an upload is its writer's */
	if (out) {
		out->class = CLASS_LINK;
		out->mode = S_IFLNK | 0777;
	}
	return a && id_cmp(&a->app, &n->object) == 0;
}

static bool lease_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	const struct fact_lease *l = model_lease(v->model, &n->object);
	if (l && out) {
		out->uid = lease_owner(v, l);
		out->mtime_ms = l->since_ms;
	}
	return l != NULL;
}

static bool order_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	const struct fact_order *o = model_order(v->model, &n->object);
	if (o && out)
		out->mtime_ms = o->time_ms;
	return o != NULL;
}

static bool block_alive(const struct view *v, const struct node *n, struct node_attr *out)
{
	const struct fact_lane *head = model_lane(v->model, n->chain, UINT64_MAX), *l = model_lane(v->model, n->chain, n->height);
	if (out)
		out->mtime_ms = l ? l->time_ms : 0;
	return head && n->height <= head->height;
}

static bool image_alive(const struct view *v, const struct node *n)
{
	struct page state = {0};
	render_image_state(v, 0, n, &state);
	bool present = state.p && strcmp(state.p, "present\n") == 0;
	page_free(&state);
	return present;
}

/* out, if given, is filled with what only the object knows. */
static bool object_attr(const struct view *v, const struct node *n, struct node_attr *out)
{
	enum node_kind kind = tree_object_kind(n->kind);
	if (kind == N_SYMBOL)
		return model_symbol(v->model, n->symbol) != NULL;
	if (kind == N_ACCOUNT)
		return tree_account(v, n) != NULL;
	if (kind == N_ORDER || kind == N_ORDER_THEN)
		return order_alive(v, n, out);
	if (kind == N_ORDER_DRAFT)
		return draft_alive(v, n, out);
	if (kind == N_LEASE)
		return lease_alive(v, n, out);
	if (kind == N_TASK)
		return task_alive(v, n, out);
	if (kind == N_TOKEN)
		return model_token(v->model, n->symbol) != NULL;
	if (kind == N_TOKEN_DRAFT)
		return token_draft_alive(v, n, out);
	if (kind == N_CHAIN)
		return lane_ok(n->chain);
	if (kind == N_BLOCK || kind == N_TX || kind == N_CHAIN_TX_LINK)
		return block_alive(v, n, out);
	if (kind == N_INCOMING_IMAGE)
		return incoming_alive(v, n, out);
	if (kind == N_IMAGE)
		return image_alive(v, n);
	if (kind == N_APP)
		return model_app(v->model, n->name) != NULL;
	return kind != N_NODE || model_node(v->model, &n->object) != NULL;
}

bool tree_alive(const struct view *v, const struct node *n) { return object_attr(v, n, NULL); }

static mode_t type_of(enum file_class c)
{
	if (c == CLASS_DIR)
		return S_IFDIR;
	return c == CLASS_LINK ? S_IFLNK : S_IFREG;
}

/* What the ledger says of an account that nobody here holds, it says to everybody, and nobody changes it here. */
static void make_public(struct node_attr *a)
{
	mode_t read = a->mode & 0500;
	a->uid = 0;
	if (a->class == CLASS_EXCHANGE)
		return;
	a->mode = (a->mode & S_IFMT) | read | read >> 3 | read >> 6;
}

/* Whose modes chmod may change: orders/, each order, history, what is below tasks/. */
static bool mode_is_chosen(uint16_t kind) { return kind == N_ORDERS || kind == N_ORDER || kind == N_HISTORY || kind == N_TASK; }

static void cleanup_unlock(const struct view **v)
{
	if (*v)
		model_unlock((*v)->model);
}
#define autolock __attribute__((cleanup(cleanup_unlock))) const struct view *

int tree_attr(const struct view *v, const struct node *n, struct node_attr *out)
{
	mode_t chosen;
	if (n->kind >= N_KINDS)
		return -ENOENT;
	const struct entry *e = &tree_entries[n->kind];
	autopast room;
	int rc = view_at(&v, n, &room);
	if (rc < 0)
		return rc;
	model_lock(v->model);
	autolock held = v;
	const struct fact_block *head = model_head(v->model);
	struct node_attr a = {.mode = type_of(e->class) | e->mode, .class = e->class, .nlink = 1};
	a.mtime_ms = head ? head->time_ms : model_since_ms(v->model);
	a.gid = e->owner == OWN_ROOT ? 0 : v->gid_zeus;
	a.uid = e->owner == OWN_UID ? n->uid : 0;
	if (!object_attr(held, n, &a))
		return -ENOENT;
	if (a.class == CLASS_VALUE && (n->at || n->uid == UID_EXTERNAL))
		a.class = CLASS_TEXT;
	if (n->uid == UID_EXTERNAL)
		make_public(&a);
	else if (!n->at && mode_is_chosen(n->kind) && local_mode(v->local, tree_ino(n), &chosen))
		a.mode = type_of(a.class) | (chosen & 0770);
	if (n->at)
		a.mode &= ~(mode_t)0222;
	*out = a;
	return 0;
}

static int render_locked(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	model_lock(v->model);
	int rc = tree_alive(v, n) ? tree_entries[n->kind].render(v, uid, n, out) : -ENOENT;
	model_unlock(v->model);
	return rc;
}

/* Whose renderer asks the ledger. */
static bool is_asked(uint16_t kind) { return tree_entries[kind].class == CLASS_IMMUTABLE || kind == N_WORK; }

static int render_unlocked(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	model_lock(v->model);
	bool reached = tree_alive(v, n);
	model_unlock(v->model);
	return reached ? tree_entries[n->kind].render(v, uid, n, out) : -ENOENT;
}

int tree_render(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	struct page text = {0};
	if (n->kind >= N_KINDS)
		return -ENOENT;
	const struct entry *e = &tree_entries[n->kind];
	if (!e->render)
		return e->class == CLASS_DIR ? -EISDIR : -EINVAL;
	autopast room;
	int rc = view_at(&v, n, &room);
	if (rc < 0)
		return rc;
	rc = is_asked(n->kind) ? render_unlocked(v, uid, n, &text) : render_locked(v, uid, n, &text);
	if (rc == 0)
		page_put(out, text.p, text.len);
	page_free(&text);
	return rc;
}

static int link_text(const struct view *v, uid_t uid, const struct node *n, struct page *out)
{
	const struct fact_lane *head = model_lane(v->model, n->chain, UINT64_MAX);
	const struct fact_app *app;
	char name[NAME_MAX_LEN + 1];
	if (n->kind == N_ME) {
		if (!model_address(v->model, uid))
			return -ENOKEY;
		names_of(v->names, uid, name);
		page_add(out, "accounts/%s", name);
	} else if (n->kind == N_MARKET_ORDERS || n->kind == N_MARKET_POST || n->kind == N_MARKET_BATCH) {
		page_add(out, "../me/%s", tree_entries[n->kind].name);
	} else if (n->kind == N_BLOCK_GENESIS) {
		page_add(out, "0");
	} else if (n->kind == N_BLOCK_LATEST && head) {
		page_add(out, "%" PRIu64, head->height);
	} else if (n->kind == N_CHAIN_TX_LINK) {
		page_add(out, "../blocks/%" PRIu64 "/tx/%u", n->height, n->symbol);
	} else if (n->kind == N_NODE_SELF && !id_is_zero(&v->node_id)) {
		page_id(out, "n-", &v->node_id);
	} else if (n->kind == N_INCOMING_IMAGE && (app = model_app(v->model, n->name))) {
		page_add(out, "../sha256/");
		page_hex(out, app->image, sizeof app->image);
	} else {
		return -ENOENT;
	}
	return 0;
}

int tree_readlink(const struct view *v, uid_t uid, const struct node *n, char *out, size_t cap)
{
	struct page text = {0};
	model_lock(v->model);
	int rc = link_text(v, uid, n, &text);
	model_unlock(v->model);
	if (rc == 0 && text.len >= cap)
		rc = -ENAMETOOLONG;
	if (rc == 0)
		memcpy(out, text.p, text.len + 1);
	page_free(&text);
	return rc;
}

int tree_backing(const struct view *v, const struct node *n)
{
	char path[LEASE_NAME_LEN + 16], lease[LEASE_NAME_LEN + 1] = "";
	struct task_ref t;
	if (n->kind >= N_KINDS || tree_entries[n->kind].class != CLASS_FILE)
		return -EINVAL;
	model_lock(v->model);
	bool found = task_ref_by_name(v, n->name, &t);
	if (found && t.lease)
		lease_name_of(&t.lease->lease, lease);
	if (found)
		task_ref_close(&t);
	model_unlock(v->model);
	if (!lease[0])
		return -ENOENT;
	snprintf(path, sizeof path, "%s/%s", lease, tree_entries[n->kind].name);
	return beneath_open(v->tasks_fd, path);
}
