/* Timers: a binary heap ordered by (due, kind, id), so that what fires first is the same on every machine.
 *
 * Knows times and keys. An entry whose object has moved on is stale: it is skipped when it comes up, never searched for. Does
 * not know what firing does. */
#include <string.h>
#include "ledger/state/books.h"

static bool timer_before(const struct timer *a, const struct timer *b)
{
	if (a->due_ms != b->due_ms)
		return a->due_ms < b->due_ms;
	if (a->kind != b->kind)
		return a->kind < b->kind;
	return id_cmp(&a->id, &b->id) < 0;
}

static void timer_swap(struct timer *a, struct timer *b)
{
	struct timer t = *a;
	*a = *b;
	*b = t;
}

void heap_push(struct heap *h, uint64_t due_ms, uint8_t kind, const struct id *id)
{
	h->t = books_array(h->t, &h->cap, h->n + 1, sizeof *h->t);
	size_t at = h->n++;
	h->t[at] = (struct timer){due_ms, kind, *id};
	while (at > 0 && timer_before(&h->t[at], &h->t[(at - 1) / 2])) {
		timer_swap(&h->t[at], &h->t[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

void heap_pop(struct heap *h)
{
	h->t[0] = h->t[--h->n];
	for (size_t at = 0;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < h->n; child++)
			if (timer_before(&h->t[child], &h->t[least]))
				least = child;
		if (least == at)
			return;
		timer_swap(&h->t[at], &h->t[least]);
		at = least;
	}
}

static bool timer_live(const struct part *p, const struct timer *t)
{
	if (t->kind == REC_ORDER) {
		const struct order *o = order_find(p, &t->id);
		return o && order_live(o) && o->due_ms == t->due_ms;
	}
	if (t->kind == REC_ACCOUNT) {
		const struct account *a = account_find(p, (const struct address *)&t->id);
		return a && a->stake && a->stake->unstake_ms == t->due_ms;
	}
	const struct lease *l = lease_find(p, &t->id);
	return l && !l->gone && l->due_ms == t->due_ms;
}

void heap_prune(struct part *p)
{
	while (p->heap.n && !timer_live(p, &p->heap.t[0]))
		heap_pop(&p->heap);
}
