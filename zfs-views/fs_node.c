/* Inode numbers: what the kernel holds, and which node it stands for.
 *
 * Numbers are pure functions of nodes, so a process that did not hand them out finds them by walking the tree once. Nothing is stored. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "ledger/crypto/hash.h"
#include "zfs-views/fs.h"

#define WALK_DEPTH 8

struct node_entry { uint64_t ino; struct node node; uint64_t lookups; UT_hash_handle hh; };
struct node_table {
	pthread_mutex_t lock; struct node_entry *by_ino;
	pthread_mutex_t walking; uint64_t walked; /* generation of the last walk + 1; walking is held until the walk is over */
};

int fs_nodes_new(struct fs *fs)
{
	fs->nodes = calloc(1, sizeof *fs->nodes);
	if (!fs->nodes)
		return -ENOMEM;
	pthread_mutex_init(&fs->nodes->lock, NULL);
	pthread_mutex_init(&fs->nodes->walking, NULL);
	struct node root;
	tree_root(&root);
	fs_remember(fs, &root);
	return 0;
}

void fs_nodes_free(struct fs *fs)
{
	struct node_entry *e, *next;
	HASH_ITER(hh, fs->nodes->by_ino, e, next) {
		HASH_DEL(fs->nodes->by_ino, e);
		free(e);
	}
	pthread_mutex_destroy(&fs->nodes->lock);
	pthread_mutex_destroy(&fs->nodes->walking);
	free(fs->nodes);
}

static void remember(struct node_table *t, uint64_t ino, const struct node *n, uint64_t lookups)
{
	struct node_entry *e;
	pthread_mutex_lock(&t->lock);
	HASH_FIND(hh, t->by_ino, &ino, sizeof ino, e);
	if (!e) {
		e = calloc(1, sizeof *e);
		if (!e)
			abort();
		e->ino = ino;
		HASH_ADD(hh, t->by_ino, ino, sizeof e->ino, e);
	}
	e->node = *n;
	e->lookups += lookups;
	pthread_mutex_unlock(&t->lock);
}

uint64_t fs_remember(struct fs *fs, const struct node *n)
{
	uint64_t ino = tree_ino(n);
	remember(fs->nodes, ino, n, 1);
	return ino;
}

void fs_forget(struct fs *fs, uint64_t ino, uint64_t count)
{
	struct node_table *t = fs->nodes;
	struct node_entry *e;
	pthread_mutex_lock(&t->lock);
	HASH_FIND(hh, t->by_ino, &ino, sizeof ino, e);
	if (e && e->node.kind != N_ROOT && e->lookups <= count) {
		HASH_DEL(t->by_ino, e);
		free(e);
	} else if (e && e->node.kind != N_ROOT) {
		e->lookups -= count;
	}
	pthread_mutex_unlock(&t->lock);
}

static bool find(struct node_table *t, uint64_t ino, struct node *out)
{
	struct node_entry *e;
	pthread_mutex_lock(&t->lock);
	HASH_FIND(hh, t->by_ino, &ino, sizeof ino, e);
	if (e)
		*out = e->node;
	pthread_mutex_unlock(&t->lock);
	return e;
}

/* No order has this id: it only keeps the numbers of pending names apart. */
struct node fs_pending_node(uid_t uid, const char *name)
{
	struct node n = {.kind = N_ORDER, .uid = uid, .object = hash_of("zeus/pending", name, strlen(name))};
	strcpy(n.name, name);
	return n;
}

struct gathered { struct node *node; size_t n, cap; };

static bool gather(void *arg, const char *name, const struct node *n)
{
	struct gathered *g = arg;
	(void)name;
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		g->node = realloc(g->node, g->cap * sizeof *g->node);
		if (!g->node)
			abort();
	}
	g->node[g->n++] = *n;
	return true;
}

static void walk(struct fs *fs, const struct view *v, const struct node *dir, int depth)
{
	struct gathered g = {0};
	if (depth > WALK_DEPTH)
		return;
	tree_list(v, LOCAL_ANY, dir, gather, &g);
	for (size_t i = 0; i < g.n; i++) {
		struct node_attr a;
		remember(fs->nodes, tree_ino(&g.node[i]), &g.node[i], 0);
		if (g.node[i].kind == N_ORDER) { /* who made it may hold it under the number it had before its first line */
			struct node pending = fs_pending_node(g.node[i].uid, g.node[i].name);
			remember(fs->nodes, tree_ino(&pending), &pending, 0);
		}
		bool far = g.node[i].kind == N_BLOCK_TX; /* whose names the ledger must be asked for: they are looked up anew */
		if (!far && tree_attr(v, &g.node[i], &a) == 0 && a.class == CLASS_DIR)
			walk(fs, v, &g.node[i], depth + 1);
	}
	free(g.node);
}

/* Once per change of the model: what is not in the tree now will not be found by looking again. Who comes while another walks waits. */
static void walk_if_due(struct fs *fs)
{
	struct node_table *t = fs->nodes;
	struct node root;
	pthread_mutex_lock(&t->walking);
	uint64_t now = model_generation(fs->model) + 1;
	if (t->walked != now) {
		struct view v = fs_view(fs);
		tree_root(&root);
		walk(fs, &v, &root, 0);
		t->walked = now;
	}
	pthread_mutex_unlock(&t->walking);
}

bool fs_node(struct fs *fs, uint64_t ino, struct node *out)
{
	if (ino == 1) { /* the kernel's number for the root, whatever the tree's is */
		tree_root(out);
		return true;
	}
	if (find(fs->nodes, ino, out))
		return true;
	walk_if_due(fs);
	return find(fs->nodes, ino, out);
}

int fs_writable(struct fs *fs, uint64_t ino, struct node *out)
{
	if (!fs_node(fs, ino, out))
		return -ESTALE;
	return out->at ? -EROFS : 0;
}

bool fs_hidden(struct fs *fs, const struct node *n)
{
	return !n->at && (n->kind == N_ORDER || n->kind == N_TASK) && !id_is_zero(&n->object) && local_hidden(fs->local, &n->object);
}

int fs_lookup(struct fs *fs, uid_t uid, const struct node *dir, const char *name, struct node *out)
{
	struct view v = fs_view(fs);
	struct node n;
	int err = tree_lookup(&v, uid, dir, name, &n);
	if (!err && fs_hidden(fs, &n))
		err = -ENOENT;
	if (err == -ENOENT && !dir->at && dir->kind == N_ORDERS && fs_pending(fs, dir->uid, name)) {
		n = fs_pending_node(dir->uid, name);
		err = 0;
	}
	if (!err)
		*out = n;
	return err;
}
