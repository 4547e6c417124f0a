/* The two containers under the model: an ordered array of pointers and a bounded ring.
 *
 * Knows nothing of what it holds. Insertion moves pointers (a book of ten thousand orders moves 80 KiB at worst), which is
 * simpler than a tree and faster to walk. */
#include <stdlib.h>
#include <string.h>
#include "zfs-views/sorted.h"

void *must_alloc(size_t n, size_t width)
{
	void *p = calloc(n ? n : 1, width);
	if (!p)
		abort();
	return p;
}

/* The first place whose element is not before probe. */
static size_t lower(const struct sorted *s, const void *probe)
{
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->cmp(s->v[mid], probe) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void sorted_add(struct sorted *s, void *elem)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		void **v = realloc(s->v, cap * sizeof *v);
		if (!v)
			abort();
		s->v = v;
		s->cap = cap;
	}
	size_t at = lower(s, elem);
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof *s->v);
	s->v[at] = elem;
	s->n++;
}

void sorted_del(struct sorted *s, const void *elem)
{
	size_t at = lower(s, elem);
	if (at == s->n || s->cmp(s->v[at], elem) != 0)
		return;
	s->n--;
	memmove(s->v + at, s->v + at + 1, (s->n - at) * sizeof *s->v);
}

void *sorted_find(const struct sorted *s, const void *probe)
{
	size_t at = lower(s, probe);
	return at < s->n && s->cmp(s->v[at], probe) == 0 ? s->v[at] : NULL;
}

void sorted_close(struct sorted *s)
{
	free(s->v);
	s->v = NULL;
	s->n = s->cap = 0;
}

/* Only a ring that never wrapped grows, so its first element is at 0. */
static void ring_grow(struct ring *r)
{
	size_t cap = r->cap ? 2 * r->cap : 8;
	if (cap > r->max)
		cap = r->max;
	char *p = realloc(r->p, cap * r->width);
	if (!p)
		abort();
	r->p = p;
	r->cap = cap;
}

void ring_push(struct ring *r, const void *value)
{
	if (r->n == r->cap && r->cap < r->max)
		ring_grow(r);
	if (r->n == r->cap) {
		memcpy(r->p + r->first * r->width, value, r->width);
		r->first = (r->first + 1) % r->cap;
		return;
	}
	memcpy(r->p + (r->first + r->n) % r->cap * r->width, value, r->width);
	r->n++;
}

const void *ring_at(const struct ring *r, size_t i) { return r->p + (r->first + i) % r->cap * r->width; }

void ring_close(struct ring *r)
{
	free(r->p);
	r->p = NULL;
	r->cap = r->first = r->n = 0;
}
