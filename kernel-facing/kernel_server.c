/* One request of the pipe: length and layout first, then the verb, whose implementation checks value and policy before it acts.
 *
 * It knows packets. It trusts nothing in them: a packet that is not exactly a request ends the connection. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "common/cleanup.h"
#include "kernel-facing/policy.h"
#include "kernel-facing/record.h"
#include "kernel-facing/verb.h"

static_assert(WIRE_MAX > VERB_CHECK_MAX * (12 + DRIFTS_MAX * (4 + sizeof(struct drift))), "whatever is found of that many fits, too");
static_assert(WIRE_MAX > VERB_USAGE_MAX * 192, "the usage of that many leases fits in a packet");

/* Each serves one verb: reads its arguments from r to the end, acts, writes the answer's body. -EBADMSG: not a request. */
static int serve_inventory(struct kernel *k, struct rbuf *r, struct wbuf *w, int *result)
{
	struct inventory inv;
	if (!rbuf_end(r))
		return -EBADMSG;
	*result = k->ops->inventory(k, &inv);
	if (*result == 0)
		verb_inventory_put(w, &inv);
	return 0;
}

static int serve_quota_verb(struct kernel *k, struct rbuf *r, int *result,
    int (*f)(struct kernel *k, const struct lease_name *l, const struct quota *q))
{
	struct lease_name name;
	struct quota q;
	if (!verb_name_get(r, &name) || !quota_get(r, &q) || !rbuf_end(r))
		return -EBADMSG;
	*result = f(k, &name, &q);
	return 0;
}

static int serve_name_verb(struct kernel *k, struct rbuf *r, int *result, int (*f)(struct kernel *k, const struct lease_name *l))
{
	struct lease_name name;
	if (!verb_name_get(r, &name) || !rbuf_end(r))
		return -EBADMSG;
	*result = f(k, &name);
	return 0;
}

/* The number of names, and that many; UINT32_MAX: not a request. */
static uint32_t get_names(struct rbuf *r, struct lease_name *names, uint32_t max)
{
	uint32_t n = get_u32(r);
	if (r->bad || n > max)
		return UINT32_MAX;
	for (uint32_t i = 0; i < n; i++)
		if (!verb_name_get(r, &names[i]))
			return UINT32_MAX;
	return rbuf_end(r) ? n : UINT32_MAX;
}

static int serve_check(struct kernel *k, struct rbuf *r, struct wbuf *w, int *result)
{
	struct lease_name names[VERB_CHECK_MAX];
	uint32_t n = get_names(r, names, VERB_CHECK_MAX);
	if (n == UINT32_MAX)
		return -EBADMSG;
	autofree struct checked *all = malloc(VERB_CHECK_MAX * sizeof *all); /* each look says what it found */
	*result = all ? k->ops->leases_check(k, names, n, all) : -ENOMEM;
	if (*result == 0)
		verb_checked_put(w, all, n);
	return 0;
}

static int serve_freeze(struct kernel *k, struct rbuf *r, int *result)
{
	struct lease_name name;
	bool named = verb_name_get(r, &name), frozen = get_bool(r);
	if (!named || !rbuf_end(r))
		return -EBADMSG;
	*result = k->ops->lease_freeze(k, &name, frozen);
	return 0;
}

static int serve_list(struct kernel *k, struct rbuf *r, struct wbuf *w, int *result)
{
	uint32_t n = 0;
	if (!rbuf_end(r))
		return -EBADMSG;
	autofree struct lease_name *names = calloc(LEASES_PER_NODE_MAX, sizeof *names);
	*result = names ? k->ops->lease_list(k, names, LEASES_PER_NODE_MAX, &n) : -ENOMEM;
	if (*result < 0)
		return 0;
	put_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		verb_name_put(w, &names[i]);
	return 0;
}

static int serve_quota(struct kernel *k, struct rbuf *r, struct wbuf *w, int *result)
{
	struct lease_name name;
	struct quota q;
	if (!verb_name_get(r, &name) || !rbuf_end(r))
		return -EBADMSG;
	*result = k->ops->lease_quota(k, &name, &q);
	if (*result == 0)
		quota_put(w, &q);
	return 0;
}

static int serve_usage(struct kernel *k, struct rbuf *r, struct wbuf *w, int *result)
{
	struct lease_name names[VERB_USAGE_MAX];
	uint32_t n = get_names(r, names, VERB_USAGE_MAX);
	if (n == UINT32_MAX)
		return -EBADMSG;
	autofree struct usage *all = calloc(VERB_USAGE_MAX, sizeof *all);
	*result = all ? k->ops->usage(k, names, n, all) : -ENOMEM;
	for (uint32_t i = 0; *result == 0 && i < n; i++)
		verb_usage_put(w, &all[i]);
	return 0;
}

static int serve_task(struct kernel *k, struct rbuf *r, int *result)
{
	struct lease_name name;
	autofree struct verb_task *t = malloc(sizeof *t);
	if (!t)
		return -ENOMEM;
	if (!verb_name_get(r, &name) || !verb_task_get(r, t) || !rbuf_end(r))
		return -EBADMSG;
	*result = policy_task(&t->spec);
	if (*result == 0)
		*result = k->ops->task_create(k, &name, &t->spec);
	return 0;
}

static int serve_signal(struct kernel *k, struct rbuf *r, int *result)
{
	struct lease_name name;
	bool named = verb_name_get(r, &name);
	uint32_t signo = get_u32(r);
	if (!named || !rbuf_end(r))
		return -EBADMSG;
	*result = signo > 255 ? -EINVAL : policy_signal((int)signo);
	if (*result == 0)
		*result = k->ops->task_signal(k, &name, (int)signo);
	return 0;
}

static int dispatch(struct kernel *k, enum verb verb, struct rbuf *r, struct wbuf *w, int *result)
{
	switch (verb) {
	case VERB_INVENTORY:
		return serve_inventory(k, r, w, result);
	case VERB_OPEN:
		return serve_quota_verb(k, r, result, k->ops->lease_open);
	case VERB_SET:
		return serve_quota_verb(k, r, result, k->ops->lease_set);
	case VERB_CHECK:
		return serve_check(k, r, w, result);
	case VERB_FREEZE:
		return serve_freeze(k, r, result);
	case VERB_CLOSE:
		return serve_name_verb(k, r, result, k->ops->lease_close);
	case VERB_LIST:
		return serve_list(k, r, w, result);
	case VERB_QUOTA:
		return serve_quota(k, r, w, result);
	case VERB_USAGE:
		return serve_usage(k, r, w, result);
	case VERB_TASK_CREATE:
		return serve_task(k, r, result);
	case VERB_TASK_START:
		return serve_name_verb(k, r, result, k->ops->task_start);
	case VERB_TASK_SIGNAL:
		return serve_signal(k, r, result);
	case VERB_TASK_DELETE:
		return serve_name_verb(k, r, result, k->ops->task_delete);
	}
	return -EBADMSG;
}

/* One whole packet without descriptors; -EPIPE at the end. */
static int receive(int fd, uint8_t *buf, size_t *len)
{
	struct iovec v = {buf, WIRE_MAX};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	ssize_t n;
	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	*len = (size_t)n;
	return m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : 0;
}

int kernel_serve(struct kernel *k, int fd)
{
	size_t len = 0;
	int result = 0;
	autofree uint8_t *in = malloc(WIRE_MAX);
	autofree uint8_t *out = malloc(WIRE_MAX);
	int r = in && out ? receive(fd, in, &len) : -ENOMEM;
	if (r < 0)
		return r;
	struct rbuf request = rbuf_on(in, len);
	uint8_t verb = get_u8(&request);
	uint32_t seq = get_u32(&request);
	struct wbuf body = wbuf_on(out + 8, WIRE_MAX - 8), head = wbuf_on(out, 8);
	if (request.bad || verb == 0 || verb > VERB_LAST)
		return -EBADMSG;
	r = dispatch(k, (enum verb)verb, &request, &body, &result);
	if (r < 0)
		return r;
	if (body.bad)
		result = -EMSGSIZE;
	put_u32(&head, seq);
	put_u32(&head, (uint32_t)-result);
	/* MSG_DONTWAIT: a client that does not read its answers must not stop the parent. */
	if (send(fd, out, 8 + (result < 0 ? 0 : body.len), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? -EBADMSG : errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}
