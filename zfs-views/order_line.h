/* The line of an order file, as people write it and as it reads back:
 *
 *   ask|bid SYMBOL [qty=N] [cpu=C mem=B gpu=N gpumem=B disk=B up=RATE down=RATE iops=N conn=N pids=N] price=P [for=DUR] [min=DUR max=DUR]
 *           [app=NAME] [rating=N] [node=ID|self] [until=TIME] [tif=gtc|ioc|fok] [mode=auction] [note=WORD]
 *   ask gpu 2 @ 0.90 for 2h
 *
 * What a read adds (id= rev= state= filled= avg= leases= escrow= bond= time= reason= rate=) may be written back; id and rev are checked. */
#ifndef ZEUS_ORDER_LINE_H
#define ZEUS_ORDER_LINE_H
#include "common/fact.h"
#include "zfs-views/refusal.h"

enum order_word { /* where in the line something was said */
	WORD_SIDE, WORD_SYMBOL, WORD_QTY, WORD_PRICE, WORD_FOR, WORD_MIN, WORD_MAX, WORD_APP, WORD_RATING, WORD_NODE, WORD_UNTIL, WORD_TIF,
	WORD_ID, WORD_REV, WORD_RESOURCE, WORD_NAME, WORDS,
};

struct order_line {
	uint8_t side, tif; uint32_t qty, rev, for_s, min_s, max_s; uint16_t rating; struct price price; uint64_t until_ms;
	struct resources res; uint32_t given;              /* bit k: kind k was said */
	char symbol[NAME_MAX_LEN + 1], app[NAME_MAX_LEN + 1], node[NAME_MAX_LEN + 1], id[NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 1];
	int column[WORDS];                                 /* -1: not said */
};

/* name= is part of a batch's lines only; elsewhere the file's name is the order's. False: see why. */
bool order_line_parse(const char *line, bool in_batch, struct order_line *out, struct refusal *why);
/* What a lease may become, from column `from` on: resources and price=, each as in an order; at least one of them. */
bool order_line_terms(const char *line, size_t from, struct order_line *out, struct refusal *why);
static inline bool order_line_says(const struct order_line *o, enum order_word w) { return o->column[w] >= 0; }
#endif
