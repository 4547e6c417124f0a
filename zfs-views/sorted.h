/* An array of pointers kept in order, and a ring of the newest values. Memory failure aborts: nothing here can be served without memory. */
#ifndef ZEUS_SORTED_H
#define ZEUS_SORTED_H
#include <stdbool.h>
#include <stddef.h>

/* cmp sees two elements and is a total order: no two elements are equal. */
struct sorted { void **v; size_t n, cap; int (*cmp)(const void *a, const void *b); };
void sorted_add(struct sorted *s, void *elem);
void sorted_del(struct sorted *s, const void *elem);               /* by order; no-op if absent */
void *sorted_find(const struct sorted *s, const void *probe);      /* NULL if absent */
void sorted_close(struct sorted *s);                               /* the elements stay the caller's */

/* Holds at most max values of width bytes; a push beyond that forgets the oldest. Grows as needed. */
struct ring { char *p; size_t width, max, cap, first, n; };
void ring_push(struct ring *r, const void *value);
const void *ring_at(const struct ring *r, size_t i);               /* 0 = oldest; i < n */
void ring_close(struct ring *r);

void *must_alloc(size_t n, size_t width);                          /* zeroed; aborts on failure */
#endif
