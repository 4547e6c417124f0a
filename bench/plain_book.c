/* A plain price-time book on two binary heaps.
 *
 * It knows prices and the order of arrival. It does not know owners, vectors, escrow, leases or facts. */
#include "bench/plain_book.h"
#include <stdlib.h>
#include "bench/measure.h"

void plain_open(struct plain_book *b, size_t cap)
{
	*b = (struct plain_book){.cap = cap, .order = calloc(cap, sizeof *b->order)};
	for (int side = 0; side < 2; side++)
		b->heap[side].at = calloc(cap, sizeof *b->heap[side].at);
	if (!b->order || !b->heap[0].at || !b->heap[1].at)
		measure_fail("no memory");
}

void plain_close(struct plain_book *b)
{
	free(b->order);
	free(b->heap[0].at);
	free(b->heap[1].at);
}

/* Is x in front of y? The same side. */
static bool before(const struct plain_book *b, uint32_t x, uint32_t y)
{
	uint64_t p = b->order[x].price, q = b->order[y].price;
	if (p != q)
		return b->order[x].bid ? p > q : p < q;
	return x < y;
}

void plain_add(struct plain_book *b, enum plain_side side, uint64_t price)
{
	struct plain_heap *h = &b->heap[side];
	uint32_t order = (uint32_t)b->n++;
	size_t at = h->n++;
	b->order[order] = (struct plain_order){.price = price, .bid = side == PLAIN_BID};
	for (; at && before(b, order, h->at[(at - 1) / 2]); at = (at - 1) / 2)
		h->at[at] = h->at[(at - 1) / 2];
	h->at[at] = order;
}

void plain_cancel(struct plain_book *b, uint32_t order)
{
	b->order[order].gone = true;
}

static void heap_drop(struct plain_book *b, struct plain_heap *h)
{
	uint32_t last = h->at[--h->n];
	size_t at = 0, child;
	for (; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && before(b, h->at[child + 1], h->at[child]))
			child++;
		if (!before(b, h->at[child], last))
			break;
		h->at[at] = h->at[child];
	}
	h->at[at] = last;
}

/* The best that still rests. False: none. */
static bool best(struct plain_book *b, enum plain_side side, uint32_t *order)
{
	struct plain_heap *h = &b->heap[side];
	while (h->n && b->order[h->at[0]].gone)
		heap_drop(b, h);
	*order = h->n ? h->at[0] : 0;
	return h->n;
}

size_t plain_cross(struct plain_book *b, uint32_t (*pair)[2])
{
	size_t n = 0;
	uint32_t bid, ask;
	while (best(b, PLAIN_BID, &bid) && best(b, PLAIN_ASK, &ask) && b->order[bid].price >= b->order[ask].price) {
		b->order[bid].gone = b->order[ask].gone = true;
		pair[n][0] = bid;
		pair[n++][1] = ask;
	}
	return n;
}
