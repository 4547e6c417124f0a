/* The table behind the tree, shared by tree*.c only. */
#ifndef ZEUS_TREE_PRIV_H
#define ZEUS_TREE_PRIV_H
#include "zfs-views/render.h"

enum owner_rule { OWN_ROOT, OWN_ZEUS /* root, group zeus */, OWN_UID /* node.uid */, OWN_LEASE, OWN_TASK };

/* name NULL: the children of parent that the model names. */
struct entry { uint16_t parent; const char *name; mode_t mode; enum file_class class; enum owner_rule owner; render_fn *render; };
extern const struct entry tree_entries[N_KINDS];

/* The nearest kind at or above this one whose name comes from the model; N_ROOT if none. */
enum node_kind tree_object_kind(uint16_t kind);
/* The following expect the model's lock. */
bool tree_alive(const struct view *v, const struct node *n);        /* is the object still there? */
const struct address *tree_account(const struct view *v, const struct node *n); /* of accounts/<a> and what is in it; NULL: gone */
/* of static children: those that exist only sometimes */
bool tree_child_shown(const struct view *v, const struct node *dir, uint16_t kind);

/* tree_at.c: the view of a node that is not of now; nothing for one that is. Let go with view_let_go; -ENOENT: not kept. */
struct past_view { struct view v; const struct view *of; struct model *m; };
int view_at(const struct view **v, const struct node *n, struct past_view *room);
void view_let_go(struct past_view *p);
#define autopast __attribute__((cleanup(view_let_go))) struct past_view
uint16_t tree_shape(const struct node *dir);                        /* whose children a directory has: the root's, for one at a height */
int at_lookup(const struct view *v, const char *name, struct node *out);

/* tree_token.c: the children of tokens/, with the model's lock. */
bool token_find(const struct view *v, uid_t uid, const struct node *dir, const char *name, struct node *out);
void token_list(const struct view *v, uid_t uid, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n),
	void *arg);
bool token_draft_alive(const struct view *v, const struct node *n, struct node_attr *out); /* out may be NULL */

/* tree_tx.c: names that only the ledger knows, asked without the model's lock. The directory is N_BLOCK_TX or N_CHAIN_TX. */
int tx_lookup(const struct view *v, const struct node *dir, const char *name, struct node *out);
int tx_list(const struct view *v, const struct node *dir, bool (*cb)(void *arg, const char *name, const struct node *n), void *arg);
#endif
