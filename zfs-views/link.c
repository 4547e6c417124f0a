/* The link's thread: connect, greet, fold what comes, hand out answers; and again when the ledger was away.
 *
 * HELLO names the last height folded, so a reconnect brings only what is missing. Knows the order of messages; what facts mean is the
 * model's affair, who waits for an answer is link_call.c's. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "common/cleanup.h"
#include "common/conn.h"
#include "zfs-views/link_priv.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 2000

static void folded(struct link *l, const struct fact *f)
{
	if (f->kind != FACT_BLOCK && f->kind != FACT_RESET)
		return;
	pthread_mutex_lock(&l->lock);
	l->height = f->kind == FACT_BLOCK ? f->u.block.height : UINT64_MAX;
	l->hash = f->kind == FACT_BLOCK ? f->u.block.hash : (struct id){0};
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
}

static bool take_facts(struct link *l, struct slice body)
{
	struct rbuf r = rbuf_on(body.p, body.len);
	struct fact f;
	while (fact_next(&r, &f)) {
		model_fold(l->model, &f);
		folded(l, &f);
	}
	return rbuf_end(&r);
}

static bool take_uids(struct link *l, struct slice body)
{
	autofree struct wire_uid *uids = calloc(WIRE_UIDS_MAX, sizeof *uids);
	autofree uint32_t *uid = calloc(WIRE_UIDS_MAX, sizeof *uid);
	autofree struct address *address = calloc(WIRE_UIDS_MAX, sizeof *address);
	uint32_t n;
	if (!uids || !uid || !address || !wire_uids_get(body, uids, WIRE_UIDS_MAX, &n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uid[i] = uids[i].uid;
		address[i] = uids[i].address;
	}
	model_uids(l->model, uid, address, n);
	return true;
}

static bool take_welcome(struct link *l, struct slice body)
{
	struct wire_welcome w;
	if (!wire_welcome_get(body, &w))
		return false;
	pthread_mutex_lock(&l->lock);
	l->welcome = w;
	l->up = l->greeted = true;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
	model_set_up(l->model, true);
	link_calls_again(l);
	return true;
}

/* Somebody asked for it; the model stays as it is. */
static bool is_answer(uint8_t type)
{
	return type == WIRE_ANSWER || type == WIRE_BLOCK || type == WIRE_SEQ || type == WIRE_FOUND || type == WIRE_WORK;
}

/* False: the other side does not speak the protocol; cut it off. */
static bool take_message(struct link *l, const struct wire_head *head, struct slice body)
{
	if (head->type == WIRE_WELCOME)
		return take_welcome(l, body);
	if (head->type == WIRE_FACTS)
		return take_facts(l, body);
	if (head->type == WIRE_UIDS)
		return take_uids(l, body);
	if (!is_answer(head->type))
		return false;
	link_calls_answer(l, head, body);
	return true;
}

/* Wait for fd or for link_free; false: stop. */
static bool wait_for(struct link *l, int fd, int timeout_ms)
{
	struct pollfd p[2] = {{.fd = l->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int n = poll(p, fd < 0 ? 1 : 2, timeout_ms);
	return !(n > 0 && p[0].revents) || !l->stop;
}

static void converse(struct link *l, int fd)
{
	autofree uint8_t *buf = malloc(WIRE_MAX);
	struct wire_head head;
	struct slice body;
	while (buf && wait_for(l, fd, -1)) {
		int err = conn_recv(fd, buf, &head, &body, MSG_DONTWAIT);
		if (err == -EAGAIN)
			continue;
		if (err || !take_message(l, &head, body))
			return;
		if (!is_answer(head.type))
			l->changed(l->arg);
		if (l->stop)
			return;
	}
}

static int greet(struct link *l, int *ret_fd)
{
	uint8_t text[64];
	struct wbuf w = wbuf_on(text, sizeof text);
	autoclose int fd = -1;
	int err = conn_dial(l->path, &fd);
	if (err)
		return err;
	struct timeval limit = {REPLY_TIMEOUT_MS / 1000, 0};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	wire_hello_put(&w, &(struct wire_hello){l->height, l->hash, .history = true});
	err = conn_send(fd, WIRE_HELLO, 0, text, w.len, 0);
	if (err)
		return err;
	*ret_fd = take_fd(&fd);
	return 0;
}

static void part(struct link *l)
{
	pthread_mutex_lock(&l->send_lock);
	pthread_mutex_lock(&l->lock);
	close(l->fd);
	l->fd = -1;
	l->up = false;
	pthread_mutex_unlock(&l->lock);
	pthread_mutex_unlock(&l->send_lock);
	model_set_up(l->model, false);
	link_calls_lost(l);
	l->changed(l->arg);
}

static void *link_main(void *arg)
{
	struct link *l = arg;
	int backoff_ms = BACKOFF_FIRST_MS;
	while (!l->stop) {
		int fd;
		if (greet(l, &fd) == 0) {
			pthread_mutex_lock(&l->lock);
			l->fd = fd;
			pthread_mutex_unlock(&l->lock);
			converse(l, fd);
			backoff_ms = l->up ? BACKOFF_FIRST_MS : backoff_ms;
			part(l);
		}
		if (!wait_for(l, -1, backoff_ms))
			break;
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
	return NULL;
}

static void init_locks(struct link *l)
{
	pthread_condattr_t kind;
	pthread_condattr_init(&kind);
	pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
	pthread_cond_init(&l->moved, &kind);
	pthread_condattr_destroy(&kind);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->send_lock, NULL);
}

int link_new(struct model *m, const char *path, void (*changed)(void *arg), void *arg, struct link **ret)
{
	autoclose int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		return -errno;
	struct link *l = calloc(1, sizeof *l);
	if (!l || !(l->path = strdup(path))) {
		free(l);
		return -ENOMEM;
	}
	l->model = m;
	l->changed = changed;
	l->arg = arg;
	l->fd = -1;
	l->height = UINT64_MAX;
	l->next_req = 1;
	init_locks(l);
	l->wake_fd = take_fd(&wake);
	int err = pthread_create(&l->thread, NULL, link_main, l);
	if (err) {
		close(l->wake_fd);
		free(l->path);
		free(l);
		return -err;
	}
	*ret = l;
	return 0;
}

void link_free(struct link *l)
{
	uint64_t one = 1;
	if (!l)
		return;
	l->stop = true;
	if (write(l->wake_fd, &one, sizeof one) != sizeof one)
		abort();
	pthread_join(l->thread, NULL);
	close(l->wake_fd);
	block_cache_clear(&l->cache);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->send_lock);
	pthread_cond_destroy(&l->moved);
	free(l->path);
	free(l);
}

bool link_welcome(struct link *l, struct wire_welcome *out)
{
	pthread_mutex_lock(&l->lock);
	bool greeted = l->greeted;
	*out = l->welcome;
	pthread_mutex_unlock(&l->lock);
	return greeted;
}
