/* Orders in the model: by id, by owner's name, on the book, and the last final ones of each owner.
 *
 * Knows how to keep the indexes in step when an order changes: it is taken out of all of them under its old values and put back under the
 * new. A placed order keeps its time, but nothing here relies on that. */
#include <stdio.h>
#include <stdlib.h>
#include "zfs-views/model_priv.h"

static int by_time(const struct fact_order *x, const struct fact_order *y)
{
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return id_cmp(&x->order, &y->order);
}

int model_cmp_order(const void *a, const void *b) { return by_time(&((const struct order_rec *)a)->f, &((const struct order_rec *)b)->f); }

int model_cmp_bid(const void *a, const void *b)
{
	const struct order_rec *x = a, *y = b;
	int c = price_cmp(y->f.price, x->f.price);
	return c ? c : by_time(&x->f, &y->f);
}

int model_cmp_ask(const void *a, const void *b)
{
	const struct order_rec *x = a, *y = b;
	int c = price_cmp(x->f.price, y->f.price);
	return c ? c : by_time(&x->f, &y->f);
}

static struct owner_name key_of(const struct fact_order *f)
{
	struct owner_name key = {.owner = f->owner};
	strcpy(key.name, f->name);
	return key;
}

/* A name stands for the newest order of its owner that has it. */
static void name_add(struct model *m, struct order_rec *o)
{
	struct owner_name key = key_of(&o->f);
	struct named_order *n;
	HASH_FIND(hh, m->order_by_name, &key, sizeof key, n);
	if (!n) {
		n = must_alloc(1, sizeof *n);
		n->key = key;
		n->order = o;
		HASH_ADD(hh, m->order_by_name, key, sizeof n->key, n);
	} else if (model_cmp_order(n->order, o) < 0) {
		n->order = o;
	}
}

/* o is out of its owner's list already. An older order of the same name comes back into view. */
static void name_del(struct model *m, const struct account_rec *a, const struct order_rec *o)
{
	struct owner_name key = key_of(&o->f);
	struct named_order *n;
	HASH_FIND(hh, m->order_by_name, &key, sizeof key, n);
	if (!n || n->order != o)
		return;
	for (size_t i = a->orders.n; i-- > 0;) {
		struct order_rec *older = a->orders.v[i];
		if (strcmp(older->f.name, key.name) == 0) {
			n->order = older;
			return;
		}
	}
	HASH_DEL(m->order_by_name, n);
	free(n);
}

static void index_add(struct model *m, struct order_rec *o)
{
	struct account_rec *a = model_account_make(m, &o->f.owner);
	sorted_add(&m->orders, o);
	sorted_add(&a->orders, o);
	name_add(m, o);
	if (order_is_final(&o->f))
		sorted_add(&a->done, o);
	if (order_is_open(&o->f) && o->f.side <= SIDE_BID)
		sorted_add(&model_symbol_make(m, o->f.symbol)->book[o->f.side], o);
}

static void index_del(struct model *m, struct order_rec *o)
{
	struct account_rec *a = model_account_make(m, &o->f.owner);
	sorted_del(&m->orders, o);
	sorted_del(&a->orders, o);
	name_del(m, a, o);
	if (order_is_final(&o->f))
		sorted_del(&a->done, o);
	if (order_is_open(&o->f) && o->f.side <= SIDE_BID)
		sorted_del(&model_symbol_make(m, o->f.symbol)->book[o->f.side], o);
}

static void drop(struct model *m, struct order_rec *o)
{
	index_del(m, o);
	HASH_DEL(m->order_by_id, o);
	free(o);
}

void model_fold_order(struct model *m, const struct fact_order *f)
{
	struct order_rec *o = order_rec_of(m, &f->order);
	if (o) {
		index_del(m, o);
		o->f = *f;
	} else {
		o = must_alloc(1, sizeof *o);
		o->f = *f;
		HASH_ADD(hh, m->order_by_id, f.order, sizeof o->f.order, o);
	}
	if (!o->f.name[0]) { /* every order has a file */
		char hex[2 * 6 + 1];
		hex_encode(o->f.order.b, 6, hex);
		snprintf(o->f.name, sizeof o->f.name, "o-%s", hex);
	}
	index_add(m, o);
	struct account_rec *a = account_rec_of(m, &o->f.owner);
	while (a->done.n > MODEL_ORDERS_DONE)
		drop(m, a->done.v[0]);
}

void model_forget_orders(struct model *m)
{
	struct named_order *n, *next_name;
	struct order_rec *o, *next;
	HASH_ITER(hh, m->order_by_name, n, next_name) {
		HASH_DEL(m->order_by_name, n);
		free(n);
	}
	HASH_ITER(hh, m->order_by_id, o, next) {
		HASH_DEL(m->order_by_id, o);
		free(o);
	}
	sorted_close(&m->orders);
}
