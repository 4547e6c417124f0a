/* Row m, second half: starts a ledger, waits until it greets, and says how long that took and how much memory it then holds.
 *
 * It knows the greeting and /proc. It does not know what the ledger does in between. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/measure.h"
#include "common/cleanup.h"
#include "common/conn.h"
#include "common/text.h"
#include "common/wire.h"

#define GREET_MAX_S 60

/* A line of /proc/PID/status, in bytes. */
static double memory_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	unsigned long kib = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	autofclose FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ": %lu", &kib) == 1)
			break;
	return (double)kib * 1024;
}

static pid_t child;

static void child_end(void)
{
	if (child > 0 && kill(child, SIGTERM) == 0)
		waitpid(child, NULL, 0);
	child = 0;
}

static int dial(const char *path)
{
	struct timespec pause = {0, 2000000};
	for (uint64_t end = measure_now_ns() + GREET_MAX_S * 1000000000ull; measure_now_ns() < end; nanosleep(&pause, NULL)) {
		int fd;
		if (conn_dial(path, &fd) == 0)
			return fd;
		if (waitpid(child, NULL, WNOHANG) == child) {
			child = 0;
			measure_fail("the ledger did not start");
		}
	}
	child_end();
	measure_fail("the ledger does not listen");
}

static void greet(int fd)
{
	static uint8_t in[WIRE_MAX];
	uint8_t body[64];
	struct wbuf w = wbuf_on(body, sizeof body);
	struct wire_hello hello = {.height = UINT64_MAX};
	struct wire_head head;
	struct slice got;
	wire_hello_put(&w, &hello);
	if (conn_send(fd, WIRE_HELLO, 1, body, w.len, 0) < 0 || conn_recv(fd, in, &head, &got, 0) < 0 || head.type != WIRE_WELCOME) {
		child_end();
		measure_fail("the ledger does not greet");
	}
}

static void row_bytes(const char *key, double bytes, double bound)
{
	char measured[64], peer[64];
	snprintf(measured, sizeof measured, "%.0f MiB", bytes / (1 << 20));
	snprintf(peer, sizeof peer, "%.0f MiB", bound / (1 << 20));
	measure_row(key, measured, peer, bytes / bound);
}

/* KEY BOUND_MIB BOUND_S SOCKET COMMAND...; BOUND_S 0: the time is only noted. */
int main(int argc, char **argv)
{
	uint64_t mib, seconds;
	if (argc < 6 || !text_u64(argv[2], 1 << 20, &mib) || !text_u64(argv[3], 3600, &seconds))
		measure_fail("usage: bench_start KEY BOUND_MIB BOUND_S SOCKET COMMAND...");
	uint64_t start = measure_now_ns();
	child = fork();
	if (child == 0) {
		execvp(argv[5], argv + 5);
		_exit(127);
	}
	if (child < 0)
		measure_fail("no process");
	autoclose int fd = dial(argv[4]);
	greet(fd);
	double s = (double)(measure_now_ns() - start) / 1e9, held = memory_of(child, "VmRSS"), files = memory_of(child, "RssFile");
	double cpu = measure_process_ns(child) / 1e9;
	child_end();
	char key[32], measured[64], peer[64];
	snprintf(key, sizeof key, "m-%s", argv[1]);
	row_bytes(key, held, (double)mib * (1 << 20));
	measure_note(key, "at its greeting, %.2f s after its start (%.2f s of processor time); %.0f MiB of it are mapped files", s, cpu,
	    files / (1 << 20));
	if (!seconds)
		return 0;
	snprintf(key, sizeof key, "m-%s-start", argv[1]);
	snprintf(measured, sizeof measured, "%.2f s", s);
	snprintf(peer, sizeof peer, "%llu s", (unsigned long long)seconds);
	measure_row(key, measured, peer, s / (double)seconds);
	return 0;
}
