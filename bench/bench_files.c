/* Row 7a: how long a generated file takes to be read, against lxcfs' /proc/uptime and against a pipe round trip on one processor.
 *
 * It knows three system calls and two paths. It does not know who serves them; whoever starts it has put the servers where they
 * should run. "Cat" is open, read to the end, close, without the start of a program that would hide it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/measure.h"
#include "common/cleanup.h"

#define CAT "7a-cat"
#define PREAD "7a-pread"
#define ROUNDS 20u
#define EACH 200u
#define SAMPLES (ROUNDS * EACH)

struct series { double v[SAMPLES]; size_t n; };
struct echo { pid_t pid; int to, from; };

static void add(struct series *s, uint64_t start)
{
	s->v[s->n++] = (double)(measure_now_ns() - start);
}

static void cat(const char *path, struct series *s)
{
	char text[65536];
	for (unsigned i = 0; i < EACH; i++) {
		uint64_t start = measure_now_ns();
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n;
		while (fd >= 0 && (n = read(fd, text, sizeof text)) > 0)
			;
		if (fd < 0 || n < 0 || close(fd) < 0)
			measure_fail("%s: %s", path, strerror(errno));
		add(s, start);
	}
}

static void read_again(const char *path, struct series *s)
{
	char text[65536];
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < EACH; i++) {
		uint64_t start = measure_now_ns();
		if (fd < 0 || pread(fd, text, sizeof text, 0) <= 0)
			measure_fail("%s: %s", path, strerror(errno));
		add(s, start);
	}
}

/* --- a pipe round trip ------------------------------------------------------------------------------------------------------ */

static void echo_start(struct echo *e)
{
	int to[2], from[2];
	char byte;
	if (pipe(to) < 0 || pipe(from) < 0)
		measure_fail("no pipe");
	e->pid = fork();
	if (e->pid == 0) {
		close(to[1]);
		close(from[0]);
		while (read(to[0], &byte, 1) == 1 && write(from[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	e->to = to[1];
	e->from = from[0];
}

static void echo_trips(struct echo *e, struct series *s)
{
	char byte = 0;
	for (unsigned i = 0; i < EACH; i++) {
		uint64_t start = measure_now_ns();
		if (write(e->to, &byte, 1) != 1 || read(e->from, &byte, 1) != 1)
			measure_fail("the pipe broke");
		add(s, start);
	}
}

static void echo_stop(struct echo *e)
{
	close(e->to);
	close(e->from);
	waitpid(e->pid, NULL, 0);
}

/* --- results ---------------------------------------------------------------------------------------------------------------- */

static double p50(struct series *s) { return measure_median(s->v, s->n); }

static void note_tail(const char *key, const char *what, struct series *s)
{
	char a[32], b[32];
	if (s->n)
		measure_note(key, "%s: p50 %s, p99 %s", what, measure_time(p50(s), a), measure_time(measure_quantile(s->v, s->n, 0.99), b));
}

static void report(const char *path, const char *peer, struct series *file, struct series *again, struct series *lxcfs,
    struct series *pipes)
{
	char a[32], b[32], other[64];
	if (peer) {
		snprintf(other, sizeof other, "lxcfs %s", measure_time(p50(lxcfs), b));
		measure_row(CAT, measure_time(p50(file), a), other, p50(lxcfs) / p50(file));
	}
	snprintf(other, sizeof other, "pipe %s", measure_time(p50(pipes), b));
	measure_row(PREAD, measure_time(p50(again), a), other, p50(again) / p50(pipes));
	note_tail(CAT, path, file);
	note_tail(CAT, "lxcfs", lxcfs);
	note_tail(PREAD, path, again);
	note_tail(PREAD, "pipe", pipes);
	measure_note(CAT, "reader, server and peer on one processor, %u samples each", SAMPLES);
}

static void report_beside(const char *label, const char *peer, struct series *file, struct series *again, struct series *lxcfs)
{
	char what[128];
	snprintf(what, sizeof what, "%s: open to close", label);
	note_tail(CAT, what, file);
	snprintf(what, sizeof what, "%s: lxcfs", label);
	note_tail(CAT, what, lxcfs);
	if (peer)
		measure_note(CAT, "%s: ratio %.2f", label, p50(lxcfs) / p50(file));
	snprintf(what, sizeof what, "%s: pread", label);
	note_tail(PREAD, what, again);
}

int main(int argc, char **argv)
{
	static struct series file, again, lxcfs, pipes;
	struct echo echo;
	if (argc < 4 || argc > 5)
		measure_fail("usage: bench_files row|LABEL CPU|any FILE [LXCFS-UPTIME]");
	const char *path = argv[3], *peer = argc == 5 ? argv[4] : NULL;
	if (strcmp(argv[2], "any") && measure_pin(atoi(argv[2])) < 0)
		measure_fail("cannot stay on processor %s", argv[2]);
	echo_start(&echo); /* inherits the processor */
	for (unsigned r = 0; r < ROUNDS; r++) {
		cat(path, &file);
		if (peer)
			cat(peer, &lxcfs);
		read_again(path, &again);
		echo_trips(&echo, &pipes);
	}
	echo_stop(&echo);
	if (!strcmp(argv[1], "row"))
		report(path, peer, &file, &again, &lxcfs, &pipes);
	else
		report_beside(argv[1], peer, &file, &again, &lxcfs);
	return 0;
}
