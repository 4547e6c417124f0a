/* Leases and their receipts in the model: by id, by short name, by party, by order, by the name of their task.
 *
 * Knows when an ended lease is forgotten: MODEL_LEASE_KEEP_MS of chain time after it ended. Owns a copy of each lease's deploy. */
#include <stdlib.h>
#include "common/cleanup.h"
#include "common/text.h"
#include "zfs-views/model_priv.h"

int model_cmp_lease(const void *a, const void *b)
{
	const struct lease_rec *x = a, *y = b;
	if (x->f.born_ms != y->f.born_ms)
		return x->f.born_ms < y->f.born_ms ? -1 : 1;
	return id_cmp(&x->f.lease, &y->f.lease);
}

/* The deploy's own name for the task, else the order's; "" if the lease has nothing to run. */
static void task_name(struct lease_rec *l)
{
	size_t cap = DEPLOY_MAX + 512;
	autofree char *text = must_alloc(cap, 1);
	autofree struct deploy *d = must_alloc(1, sizeof *d);
	l->task[0] = 0;
	if (l->f.deploy.len == 0 && !l->f.app[0])
		return;
	const char *name = l->f.order[0] ? l->f.order : l->name;
	if (l->f.deploy.len && deploy_get(l->f.deploy, d, text, cap) && text_name_ok(d->task))
		name = d->task;
	strcpy(l->task, name);
}

static void order_add(struct model *m, const struct id *order, struct lease_rec *l)
{
	struct order_leases *o;
	HASH_FIND(hh, m->order_leases, order, sizeof *order, o);
	if (!o) {
		o = must_alloc(1, sizeof *o);
		o->order = *order;
		o->leases.cmp = model_cmp_lease;
		HASH_ADD(hh, m->order_leases, order, sizeof o->order, o);
	}
	sorted_add(&o->leases, l);
}

static void order_del(struct model *m, const struct id *order, struct lease_rec *l)
{
	struct order_leases *o;
	HASH_FIND(hh, m->order_leases, order, sizeof *order, o);
	if (!o)
		return;
	sorted_del(&o->leases, l);
	if (o->leases.n)
		return;
	HASH_DEL(m->order_leases, o);
	sorted_close(&o->leases);
	free(o);
}

static void task_add(struct model *m, struct lease_rec *l)
{
	struct named_tasks *t;
	task_name(l);
	if (!l->task[0])
		return;
	HASH_FIND_STR(m->tasks, l->task, t);
	if (!t) {
		t = must_alloc(1, sizeof *t);
		strcpy(t->name, l->task);
		t->leases.cmp = model_cmp_lease;
		HASH_ADD_STR(m->tasks, name, t);
	}
	sorted_add(&t->leases, l);
}

static void task_del(struct model *m, struct lease_rec *l)
{
	struct named_tasks *t;
	HASH_FIND_STR(m->tasks, l->task, t);
	if (!l->task[0] || !t)
		return;
	sorted_del(&t->leases, l);
	if (t->leases.n)
		return;
	HASH_DEL(m->tasks, t);
	sorted_close(&t->leases);
	free(t);
}

static void index_add(struct model *m, struct lease_rec *l)
{
	sorted_add(&m->leases, l);
	sorted_add(&model_account_make(m, &l->f.buyer)->leases, l);
	if (!address_eq(&l->f.buyer, &l->f.seller))
		sorted_add(&model_account_make(m, &l->f.seller)->leases, l);
	order_add(m, &l->f.bid, l);
	order_add(m, &l->f.ask, l);
	task_add(m, l);
	if (l->f.flags & LEASE_TERMINAL)
		sorted_add(&m->ended, l);
}

static void index_del(struct model *m, struct lease_rec *l)
{
	sorted_del(&m->leases, l);
	sorted_del(&model_account_make(m, &l->f.buyer)->leases, l);
	sorted_del(&model_account_make(m, &l->f.seller)->leases, l);
	order_del(m, &l->f.bid, l);
	order_del(m, &l->f.ask, l);
	task_del(m, l);
	if (l->f.flags & LEASE_TERMINAL)
		sorted_del(&m->ended, l);
}

void model_fold_lease(struct model *m, const struct fact_lease *f)
{
	struct lease_rec *l = lease_rec_of(m, &f->lease);
	uint8_t *deploy = must_alloc(f->deploy.len, 1);
	if (f->deploy.len)
		memcpy(deploy, f->deploy.p, f->deploy.len);
	if (l) {
		index_del(m, l);
		free((void *)l->f.deploy.p);
		l->f = *f;
	} else {
		l = must_alloc(1, sizeof *l);
		l->f = *f;
		lease_name_of(&f->lease, l->name);
		HASH_ADD(hh, m->lease_by_id, f.lease, sizeof l->f.lease, l);
		HASH_ADD(hh_name, m->lease_by_name, name, LEASE_NAME_LEN, l);
	}
	l->f.deploy.p = deploy;
	index_add(m, l);
}

void model_fold_usage(struct model *m, const struct fact_usage *f)
{
	struct usage_rec *u;
	HASH_FIND(hh, m->usages, &f->receipt.instance, sizeof f->receipt.instance, u);
	if (!u) {
		u = must_alloc(1, sizeof *u);
		u->lease = f->receipt.instance;
		HASH_ADD(hh, m->usages, lease, sizeof u->lease, u);
	}
	u->f = *f;
}

static void drop(struct model *m, struct lease_rec *l)
{
	struct usage_rec *u;
	HASH_FIND(hh, m->usages, &l->f.lease, sizeof l->f.lease, u);
	if (u) {
		HASH_DEL(m->usages, u);
		free(u);
	}
	index_del(m, l);
	HASH_DELETE(hh, m->lease_by_id, l);
	HASH_DELETE(hh_name, m->lease_by_name, l);
	free((void *)l->f.deploy.p);
	free(l);
}

void model_expire_leases(struct model *m)
{
	while (m->ended.n) {
		struct lease_rec *l = m->ended.v[0];
		if (l->f.since_ms + MODEL_LEASE_KEEP_MS >= m->head.time_ms)
			return;
		drop(m, l);
	}
}

void model_forget_leases(struct model *m)
{
	struct usage_rec *u, *next;
	while (m->leases.n)
		drop(m, m->leases.v[m->leases.n - 1]);
	HASH_ITER(hh, m->usages, u, next) {
		HASH_DEL(m->usages, u);
		free(u);
	}
	sorted_close(&m->leases);
	sorted_close(&m->ended);
}
