/* The kernel side at the other end of a pipe.
 *
 * It knows packets and waits a bounded time for each answer. It keeps nothing between verbs but a sequence number, by which an answer
 * that comes too late is told from the one that is waited for. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "common/cleanup.h"
#include "kernel-facing/host.h"
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"

struct client {
	struct kernel base; /* first: the door is its address */
	int fd;
	uint32_t seq;
	uint8_t in[WIRE_MAX], out[WIRE_MAX];
};

static struct client *client_of(struct kernel *k) { return (struct client *)(void *)k; }

static struct wbuf begin(struct client *c, enum verb verb)
{
	struct wbuf w = wbuf_on(c->out, sizeof c->out);
	put_u8(&w, (uint8_t)verb);
	put_u32(&w, ++c->seq);
	return w;
}

static struct wbuf begin_named(struct client *c, enum verb verb, const struct lease_name *name)
{
	struct wbuf w = begin(c, verb);
	verb_name_put(&w, name);
	return w;
}

/* The next packet before the deadline. */
static int receive(struct client *c, uint64_t deadline_ms, struct rbuf *r)
{
	for (;;) {
		uint64_t now = host_now_ms();
		struct pollfd p = {c->fd, POLLIN, 0};
		int n = poll(&p, 1, now >= deadline_ms ? 0 : (int)(deadline_ms - now));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ETIMEDOUT;
		ssize_t len = recv(c->fd, c->in, sizeof c->in, MSG_TRUNC);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0 || (size_t)len > sizeof c->in)
			return len == 0 || errno == ECONNRESET ? -EPIPE : len < 0 ? -errno : -EBADMSG;
		*r = rbuf_on(c->in, (size_t)len);
		return 0;
	}
}

/* Sends the request and waits for its answer: the verb's result, with *r on the body if it is 0. */
static int call(struct client *c, const struct wbuf *w, struct rbuf *r)
{
	if (w->bad)
		return -EINVAL; /* too long, or a value that has no encoding */
	if (send(c->fd, c->out, w->len, MSG_NOSIGNAL) < 0)
		return -errno;
	uint64_t deadline_ms = host_now_ms() + REPLY_TIMEOUT_MS;
	for (;;) {
		int e = receive(c, deadline_ms, r);
		if (e < 0)
			return e;
		uint32_t seq = get_u32(r), err = get_u32(r);
		if (r->bad || err > 4095)
			return -EBADMSG;
		if (seq == c->seq)
			return -(int)err;
	}
}

static int call_plain(struct client *c, const struct wbuf *w)
{
	struct rbuf r;
	int e = call(c, w, &r);
	return e < 0 ? e : rbuf_end(&r) ? 0 : -EBADMSG;
}

static int client_inventory(struct kernel *k, struct inventory *out)
{
	struct client *c = client_of(k);
	struct wbuf w = begin(c, VERB_INVENTORY);
	struct inventory inv;
	struct rbuf r;
	int e = call(c, &w, &r);
	if (e < 0)
		return e;
	if (!verb_inventory_get(&r, &inv) || !rbuf_end(&r))
		return -EBADMSG;
	*out = inv;
	return 0;
}

static int quota_verb(struct kernel *k, enum verb verb, const struct lease_name *name, const struct quota *q)
{
	struct client *c = client_of(k);
	struct wbuf w = begin_named(c, verb, name);
	quota_put(&w, q);
	return call_plain(c, &w);
}

static int name_verb(struct kernel *k, enum verb verb, const struct lease_name *name)
{
	struct client *c = client_of(k);
	struct wbuf w = begin_named(c, verb, name);
	return call_plain(c, &w);
}

static int client_open(struct kernel *k, const struct lease_name *name, const struct quota *q) { return quota_verb(k, VERB_OPEN, name, q); }
static int client_set(struct kernel *k, const struct lease_name *name, const struct quota *q) { return quota_verb(k, VERB_SET, name, q); }
static int client_close_lease(struct kernel *k, const struct lease_name *name) { return name_verb(k, VERB_CLOSE, name); }
static int client_task_start(struct kernel *k, const struct lease_name *name) { return name_verb(k, VERB_TASK_START, name); }
static int client_task_delete(struct kernel *k, const struct lease_name *name) { return name_verb(k, VERB_TASK_DELETE, name); }

static int check_part(struct client *c, const struct lease_name *leases, uint32_t n, struct checked *out)
{
	struct wbuf w = begin(c, VERB_CHECK);
	struct rbuf r;
	put_u32(&w, n);
	for (uint32_t i = 0; i < n; i++)
		verb_name_put(&w, &leases[i]);
	int e = call(c, &w, &r);
	if (e < 0)
		return e;
	return verb_checked_get(&r, out, n) && rbuf_end(&r) ? 0 : -EBADMSG;
}

static int client_checks(struct kernel *k, const struct lease_name *leases, uint32_t n, struct checked *out)
{
	int e = 0;
	for (uint32_t i = 0; e == 0 && i < n; i += VERB_CHECK_MAX)
		e = check_part(client_of(k), leases + i, n - i < VERB_CHECK_MAX ? n - i : VERB_CHECK_MAX, out + i);
	return e;
}

static int client_check(struct kernel *k, const struct lease_name *name, struct drift *out, uint32_t *n)
{
	struct checked c;
	int e = check_part(client_of(k), name, 1, &c);
	e = e < 0 ? e : c.result;
	if (e < 0)
		return e;
	memcpy(out, c.found, c.n * sizeof *out);
	*n = c.n;
	return 0;
}

static int client_freeze(struct kernel *k, const struct lease_name *name, bool frozen)
{
	struct client *c = client_of(k);
	struct wbuf w = begin_named(c, VERB_FREEZE, name);
	put_u8(&w, frozen);
	return call_plain(c, &w);
}

static int client_list(struct kernel *k, struct lease_name *out, uint32_t max, uint32_t *n)
{
	struct client *c = client_of(k);
	struct wbuf w = begin(c, VERB_LIST);
	struct rbuf r;
	int e = call(c, &w, &r);
	if (e < 0)
		return e;
	uint32_t count = get_u32(&r);
	if (r.bad || count > LEASES_PER_NODE_MAX)
		return -EBADMSG;
	if (count > max)
		return -ENOSPC;
	autofree struct lease_name *names = calloc(count ? count : 1, sizeof *names);
	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (!verb_name_get(&r, &names[i]))
			return -EBADMSG;
	if (!rbuf_end(&r))
		return -EBADMSG;
	memcpy(out, names, count * sizeof *names);
	*n = count;
	return 0;
}

static int client_quota(struct kernel *k, const struct lease_name *name, struct quota *out)
{
	struct client *c = client_of(k);
	struct wbuf w = begin_named(c, VERB_QUOTA, name);
	struct quota q;
	struct rbuf r;
	int e = call(c, &w, &r);
	if (e < 0)
		return e;
	if (!quota_get(&r, &q) || !rbuf_end(&r))
		return -EBADMSG;
	*out = q;
	return 0;
}

static int usage_part(struct client *c, const struct lease_name *leases, uint32_t n, struct usage *out)
{
	struct wbuf w = begin(c, VERB_USAGE);
	struct rbuf r;
	put_u32(&w, n);
	for (uint32_t i = 0; i < n; i++)
		verb_name_put(&w, &leases[i]);
	int e = call(c, &w, &r);
	if (e < 0)
		return e;
	for (uint32_t i = 0; i < n; i++)
		if (!verb_usage_get(&r, &out[i]))
			return -EBADMSG;
	return rbuf_end(&r) ? 0 : -EBADMSG;
}

static int client_usage(struct kernel *k, const struct lease_name *leases, uint32_t n, struct usage *out)
{
	autofree struct usage *all = calloc(n ? n : 1, sizeof *all);
	int e = all ? 0 : -ENOMEM;
	for (uint32_t i = 0; e == 0 && i < n; i += VERB_USAGE_MAX)
		e = usage_part(client_of(k), leases + i, n - i < VERB_USAGE_MAX ? n - i : VERB_USAGE_MAX, all + i);
	if (e == 0)
		memcpy(out, all, n * sizeof *all);
	return e;
}

static int client_task_create(struct kernel *k, const struct lease_name *name, const struct task_spec *spec)
{
	struct client *c = client_of(k);
	if (spec->nargs > TASK_ARGS_MAX || spec->nenv > TASK_ENV_MAX)
		return -EINVAL;
	struct wbuf w = begin_named(c, VERB_TASK_CREATE, name);
	verb_task_put(&w, spec);
	return call_plain(c, &w);
}

static int client_task_signal(struct kernel *k, const struct lease_name *name, int signo)
{
	struct client *c = client_of(k);
	struct wbuf w = begin_named(c, VERB_TASK_SIGNAL, name);
	put_u32(&w, (uint32_t)signo);
	return call_plain(c, &w);
}

static void client_free(struct kernel *k)
{
	struct client *c = client_of(k);
	close(c->fd);
	free(c);
}

static const struct kernel_ops client_ops = {
    .inventory = client_inventory,
    .lease_open = client_open,
    .lease_set = client_set,
    .lease_check = client_check,
    .leases_check = client_checks,
    .lease_freeze = client_freeze,
    .lease_close = client_close_lease,
    .lease_list = client_list,
    .lease_quota = client_quota,
    .usage = client_usage,
    .task_create = client_task_create,
    .task_start = client_task_start,
    .task_signal = client_task_signal,
    .task_delete = client_task_delete,
    .close = client_free,
};

int kernel_client_new(int fd, struct kernel **ret)
{
	struct client *c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->base.ops = &client_ops;
	c->fd = fd;
	*ret = &c->base;
	return 0;
}
