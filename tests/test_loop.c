/* The event loop and the log: order of events, handles that stop themselves, escaped and thinned messages.
 *
 * Events are made by hand and each waits for the one before, so nothing here depends on how long anything takes. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/log.h"
#include "common/loop.h"
#include "tests/vector.h"

static struct loop *loop;
static struct loop_fd *watch;
static struct loop_timer *timer;
static char trace[64];

static void trace_add(const char *what) { strncat(trace, what, sizeof trace - strlen(trace) - 1); }

static void on_readable(void *arg, int events)
{
	char byte;
	ck_assert(events & LOOP_READ);
	if (read(*(int *)arg, &byte, 1) == 1) {
		trace_add((char[]){byte, '\0'});
		return;
	}
	trace_add("end ");
	loop_unwatch(watch);
	raise(SIGUSR1);
}

static void on_signal(void *arg, int signo)
{
	(void)arg;
	trace_add(signo == SIGUSR1 ? "usr1 " : "? ");
	loop_timer_set(timer, 1, 1);
}

static void on_timer(void *arg)
{
	int *left = arg;
	trace_add("tick ");
	if (--*left)
		return;
	loop_timer_stop(timer);
	loop_stop(loop);
}

START_TEST(events_in_order)
{
	int pair[2], left = 2;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_watch(loop, pair[0], LOOP_READ, on_readable, &pair[0], &watch), 0);
	ck_assert_int_eq(loop_timer(loop, 60000, 0, on_timer, &left, &timer), 0);
	ck_assert_int_eq(loop_signal(loop, SIGUSR1, on_signal, NULL), 0);
	ck_assert_int_eq(write(pair[1], "ab ", 3), 3);
	close(pair[1]);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_free(loop);
	ck_assert_str_eq(trace, "ab end usr1 tick tick ");
	ck_assert_int_ne(fcntl(pair[0], F_GETFD), -1); /* a watch never closes */
	close(pair[0]);
}
END_TEST

static void add_one(void *arg) { *(int *)arg += 1; }

START_TEST(work_is_finished_before_the_loop_goes)
{
	int jobs[8] = {0};
	ck_assert_int_eq(loop_new(&loop), 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(loop_work(loop, add_one, add_one, &jobs[i]), 0);
	loop_free(loop);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(jobs[i], 2);
}
END_TEST

/* What say() writes to stderr, in a buffer. */
static size_t said(void (*say)(void), char *out, size_t cap)
{
	char path[] = "/tmp/zeus-log-XXXXXX";
	int fd = mkstemp(path), saved = dup(2);
	unlink(path);
	dup2(fd, 2);
	say();
	dup2(saved, 2);
	close(saved);
	ssize_t n = pread(fd, out, cap - 1, 0);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return (size_t)n;
}

static void say_strange_things(void)
{
	log_info("name=%s", "a\x1b[2J\nb\xff");
	log_debug("too quiet");
}

static void say_much(void)
{
	for (int i = 0; i < 500; i++)
		log_info("noise");
	log_error("trouble");
}

START_TEST(messages)
{
	char out[65536];
	log_open("prog");
	said(say_strange_things, out, sizeof out);
	ck_assert_str_eq(out, "prog: info: name=a\\x1b[2J\\x0ab\\xff\n");
	said(say_much, out, sizeof out);
	size_t lines = 0;
	for (char *p = out; *p; p++)
		lines += *p == '\n';
	ck_assert(lines < 250 && strstr(out, "prog: error: trouble\n")); /* noise is thinned, and does not drown an error */
	ck_assert_uint_eq(log_escape("\n\n\n", out, 6), 4); /* cut at a whole escape */
}
END_TEST

TEST_MAIN("loop", events_in_order, work_is_finished_before_the_loop_goes, messages)
