/* A few past models.
 *
 * Knows that building is slow, so that one thread does it while the others wait, and that a model in use is not thrown away. Does not know
 * where the books come from. */
#include "zfs-views/past.h"
#include "common/text.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define PAST_KEPT 4
#define UIDS_MAX 4096

struct kept { struct model *m; uint64_t height, used; unsigned users; };
struct past { pthread_mutex_t lock, building; past_build *build; void *arg; struct kept kept[PAST_KEPT]; uint64_t clock; };

struct past *past_new(past_build *build, void *arg)
{
	struct past *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->build = build;
	p->arg = arg;
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->building, NULL);
	return p;
}

void past_free(struct past *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < PAST_KEPT; i++)
		if (p->kept[i].m)
			model_free(p->kept[i].m);
	pthread_mutex_destroy(&p->building);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static struct model *take_kept(struct past *p, uint64_t height)
{
	struct model *m = NULL;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < PAST_KEPT && !m; i++) {
		struct kept *k = &p->kept[i];
		if (!k->m || k->height != height)
			continue;
		k->users++;
		k->used = ++p->clock;
		m = k->m;
	}
	pthread_mutex_unlock(&p->lock);
	return m;
}

/* In place of the one that nobody has used for longest. False: all are in use. */
static bool keep(struct past *p, struct model *m, uint64_t height)
{
	struct kept *oldest = NULL;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < PAST_KEPT; i++) {
		struct kept *k = &p->kept[i];
		if (!k->users && (!oldest || k->used < oldest->used))
			oldest = k;
	}
	struct model *gone = oldest ? oldest->m : NULL;
	if (oldest)
		*oldest = (struct kept){m, height, ++p->clock, 1};
	pthread_mutex_unlock(&p->lock);
	if (gone)
		model_free(gone);
	return oldest;
}

struct users { uint32_t uid[UIDS_MAX]; struct address a[UIDS_MAX]; uint32_t n; };

static bool add_user(void *arg, uint32_t uid, const struct address *a)
{
	struct users *u = arg;
	u->uid[u->n] = uid;
	u->a[u->n++] = *a;
	return u->n < UIDS_MAX;
}

static void copy_users(const struct model *now, struct model *to)
{
	struct users *u = calloc(1, sizeof *u);
	if (!u)
		abort();
	model_lock((struct model *)now);
	model_each_uid(now, add_user, u);
	model_unlock((struct model *)now);
	model_uids(to, u->uid, u->a, u->n);
	free(u);
}

static int build(struct past *p, const struct model *now, uint64_t height, struct model **out)
{
	struct model *m = model_new();
	if (!m)
		return -ENOMEM;
	int rc = p->build(p->arg, height, m);
	if (rc == 0) {
		copy_users(now, m);
		model_set_up(m, true);
		rc = keep(p, m, height) ? 0 : -EAGAIN;
	}
	if (rc < 0)
		model_free(m);
	else
		*out = m;
	return rc;
}

int past_get(struct past *p, const struct model *now, uint64_t height, struct model **out)
{
	int rc = 0;
	if ((*out = take_kept(p, height)))
		return 0;
	pthread_mutex_lock(&p->building);
	if (!(*out = take_kept(p, height)))
		rc = build(p, now, height, out);
	pthread_mutex_unlock(&p->building);
	return rc;
}

void past_put(struct past *p, struct model *m)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < PAST_KEPT; i++)
		if (p->kept[i].m == m)
			p->kept[i].users--;
	pthread_mutex_unlock(&p->lock);
}
