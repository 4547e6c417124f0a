/* The event loop, on libuv.
 *
 * Knows handles and their life: each is one heap object whose first member is the uv handle, closed and then freed by the loop.
 * Does not know what is watched or why. Only loop_work() leaves the loop's thread. */
#include "common/loop.h"
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

struct loop { uv_loop_t uv; };
struct loop_fd { uv_poll_t uv; void (*cb)(void *arg, int events); void *arg; };
struct loop_timer { uv_timer_t uv; void (*cb)(void *arg); void *arg; };
struct loop_signal { uv_signal_t uv; void (*cb)(void *arg, int signo); void *arg; };
struct loop_job { uv_work_t uv; void (*work)(void *arg); void (*done)(void *arg); void *arg; };

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	int err = uv_loop_init(&l->uv);
	if (err) {
		free(l);
		return err;
	}
	*ret = l;
	return 0;
}

static void free_handle(uv_handle_t *h) { free(h); }

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, free_handle);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	do {
		uv_walk(&l->uv, close_handle, NULL);
		uv_run(&l->uv, UV_RUN_DEFAULT); /* work that is under way ends, and its done() runs */
	} while (uv_loop_close(&l->uv) == UV_EBUSY);
	free(l);
}

int loop_run(struct loop *l)
{
	int left = uv_run(&l->uv, UV_RUN_DEFAULT);
	return left < 0 ? left : 0;
}

void loop_stop(struct loop *l) { uv_stop(&l->uv); }

uint64_t loop_now_ms(struct loop *l)
{
	uv_update_time(&l->uv);
	return uv_now(&l->uv);
}

static int uv_events(int events) { return (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0); }

/* An error on the descriptor is shown as readable and writable: whoever reads or writes then meets it. */
static void on_fd(uv_poll_t *h, int status, int events)
{
	struct loop_fd *w = (struct loop_fd *)h;
	int seen = (events & UV_READABLE ? LOOP_READ : 0) | (events & UV_WRITABLE ? LOOP_WRITE : 0);
	w->cb(w->arg, status < 0 ? LOOP_READ | LOOP_WRITE : seen);
}

int loop_watch(struct loop *l, int fd, int events, void (*cb)(void *arg, int events), void *arg, struct loop_fd **ret)
{
	struct loop_fd *w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	w->cb = cb;
	w->arg = arg;
	int err = uv_poll_init(&l->uv, &w->uv, fd);
	if (err) {
		free(w);
		return err;
	}
	err = uv_poll_start(&w->uv, uv_events(events), on_fd);
	if (err) {
		loop_unwatch(w);
		return err;
	}
	if (ret)
		*ret = w;
	return 0;
}

void loop_watch_set(struct loop_fd *w, int events)
{
	if (events)
		uv_poll_start(&w->uv, uv_events(events), on_fd);
	else
		uv_poll_stop(&w->uv);
}

void loop_unwatch(struct loop_fd *w) { close_handle((uv_handle_t *)w, NULL); }

static void on_timer(uv_timer_t *h)
{
	struct loop_timer *t = (struct loop_timer *)h;
	t->cb(t->arg);
}

int loop_timer(struct loop *l, uint64_t first_ms, uint64_t every_ms, void (*cb)(void *arg), void *arg, struct loop_timer **ret)
{
	struct loop_timer *t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->cb = cb;
	t->arg = arg;
	uv_timer_init(&l->uv, &t->uv);
	loop_timer_set(t, first_ms, every_ms);
	if (ret)
		*ret = t;
	return 0;
}

void loop_timer_set(struct loop_timer *t, uint64_t first_ms, uint64_t every_ms)
{
	uv_update_time(t->uv.loop); /* else a callback that took long would shorten the wait */
	uv_timer_start(&t->uv, on_timer, first_ms, every_ms);
}

void loop_timer_pause(struct loop_timer *t) { uv_timer_stop(&t->uv); }
void loop_timer_stop(struct loop_timer *t) { close_handle((uv_handle_t *)t, NULL); }

static void on_signal(uv_signal_t *h, int signo)
{
	struct loop_signal *s = (struct loop_signal *)h;
	s->cb(s->arg, signo);
}

int loop_signal(struct loop *l, int signo, void (*cb)(void *arg, int signo), void *arg)
{
	struct loop_signal *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->cb = cb;
	s->arg = arg;
	int err = uv_signal_init(&l->uv, &s->uv);
	if (err) {
		free(s);
		return err;
	}
	err = uv_signal_start(&s->uv, on_signal, signo);
	if (err)
		close_handle((uv_handle_t *)s, NULL);
	return err;
}

static void on_work(uv_work_t *req)
{
	struct loop_job *j = (struct loop_job *)req;
	j->work(j->arg);
}

static void on_worked(uv_work_t *req, int status)
{
	struct loop_job *j = (struct loop_job *)req;
	(void)status; /* nothing here cancels */
	if (j->done)
		j->done(j->arg);
	free(j);
}

int loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct loop_job *j = calloc(1, sizeof *j);
	if (!j)
		return -ENOMEM;
	*j = (struct loop_job){.work = work, .done = done, .arg = arg};
	int err = uv_queue_work(&l->uv, &j->uv, on_work, on_worked);
	if (err)
		free(j);
	return err;
}
