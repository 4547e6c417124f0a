/* The event loop (libuv behind it): descriptors, timers, signals, work on other threads. One loop per process, one thread runs it. */
#ifndef ZEUS_LOOP_H
#define ZEUS_LOOP_H
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

int loop_new(struct loop **ret);
void loop_free(struct loop *l);
int loop_run(struct loop *l);   /* until loop_stop */
void loop_stop(struct loop *l);
uint64_t loop_now_ms(struct loop *l); /* monotonic */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
/* The descriptor becomes non-blocking. ret may be NULL: watched until the loop is freed. Errors show as both events. */
int loop_watch(struct loop *l, int fd, int events, void (*cb)(void *arg, int events), void *arg, struct loop_fd **ret);
void loop_watch_set(struct loop_fd *w, int events); /* 0: none for now */
void loop_unwatch(struct loop_fd *w);           /* the descriptor stays open; safe inside its own callback */
int loop_timer(struct loop *l, uint64_t first_ms, uint64_t every_ms, void (*cb)(void *arg), void *arg, struct loop_timer **ret);
void loop_timer_set(struct loop_timer *t, uint64_t first_ms, uint64_t every_ms);
void loop_timer_pause(struct loop_timer *t);    /* until set again */
void loop_timer_stop(struct loop_timer *t);     /* and free */
int loop_signal(struct loop *l, int signo, void (*cb)(void *arg, int signo), void *arg);
/* run work(arg) on a pool thread, then done(arg) on the loop */
int loop_work(struct loop *l, void (*work)(void *arg), void (*done)(void *arg), void *arg);
#endif
