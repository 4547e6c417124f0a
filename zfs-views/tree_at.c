/* /zeus/at/<height>: market, accounts and leases as they were, through the same table and the same renderers as today's.
 *
 * Knows how a view of the past differs from that of now: another model and another clock, nothing that can be written, nothing of this
 * machine's kernel. */
#include <errno.h>
#include <string.h>
#include "zfs-views/tree_priv.h"

uint16_t tree_shape(const struct node *dir) { return dir->kind == N_AT_HEIGHT ? N_ROOT : dir->kind; }

int view_at(const struct view **v, const struct node *n, struct past_view *room)
{
	*room = (struct past_view){.of = NULL};
	if (!n->at)
		return 0;
	int rc = (*v)->past ? past_get((*v)->past, (*v)->model, n->at - 1, &room->m) : -ENOENT;
	if (rc < 0)
		return rc;
	room->of = *v;
	room->v = **v;
	room->v.model = room->m;
	room->v.tasks_fd = room->v.live_fd = -1;
	model_lock(room->m);
	const struct fact_block *head = model_head(room->m);
	room->v.clock_ms = head ? head->time_ms : 1;
	model_unlock(room->m);
	*v = &room->v;
	return 0;
}

void view_let_go(struct past_view *p)
{
	if (p->of)
		past_put(p->of->past, p->m);
}

/* One spelling per height: no sign, no leading zero. */
int at_lookup(const struct view *v, const char *name, struct node *out)
{
	char again[TEXT_NUM];
	uint64_t height;
	if (!text_u64(name, UINT64_MAX - 1, &height))
		return -ENOENT;
	snprintf(again, sizeof again, "%" PRIu64, height);
	struct node n = {.kind = N_AT_HEIGHT, .at = height + 1};
	if (strcmp(again, name) != 0)
		return -ENOENT;
	autopast room;
	int rc = view_at(&v, &n, &room);
	if (rc == 0)
		*out = n;
	return rc;
}
