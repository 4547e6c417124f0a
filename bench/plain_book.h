/* A plain price-time book: two binary heaps of (price, order of arrival), a cancelled order leaves when it comes up. The peer of row 2. */
#ifndef BENCH_PLAIN_BOOK_H
#define BENCH_PLAIN_BOOK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plain_side { PLAIN_ASK, PLAIN_BID };
struct plain_order { uint64_t price; bool bid, gone; };
struct plain_heap { uint32_t *at; size_t n; };
struct plain_book { struct plain_order *order; size_t n, cap; struct plain_heap heap[2]; };

void plain_open(struct plain_book *b, size_t cap);       /* cap: orders that will ever come */
void plain_close(struct plain_book *b);
void plain_add(struct plain_book *b, enum plain_side side, uint64_t price);  /* its number is the count of those before it */
void plain_cancel(struct plain_book *b, uint32_t order);
/* Trade the best bid with the best ask while they cross; one unit each. pair: room for what crosses. Returns the count. */
size_t plain_cross(struct plain_book *b, uint32_t (*pair)[2]);
#endif
