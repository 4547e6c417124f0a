/* Clock, order statistics and result lines of the benchmarks.
 *
 * It knows the form of a result. It does not know what is measured, nor which ratio is a good one (goals.tsv). */
#include "bench/measure.h"
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/cleanup.h"

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t measure_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t measure_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

double measure_process_ns(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	autofclose FILE *f = fopen(path, "re");
	const char *p = f && fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		return 0;
	return (double)(user + kernel) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double measure_quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof *v, cmp_double);
	size_t i = (size_t)(q * (double)(n - 1) + 0.5);
	return v[i < n ? i : n - 1];
}

double measure_median(double *v, size_t n)
{
	return measure_quantile(v, n, 0.5);
}

int measure_cpus(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

int measure_first_cpu(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 0;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			return i;
	return 0;
}

int measure_pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

void measure_row(const char *key, const char *measured, const char *peer, double ratio)
{
	printf("row\t%s\t%s\t%s\t%.3f\n", key, measured, peer, ratio);
	fflush(stdout);
}

void measure_note(const char *key, const char *fmt, ...)
{
	va_list ap;
	printf("note\t%s\t", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void measure_skip_line(const char *key, const char *why)
{
	printf("skip\t%s\t%s\n", key, why);
	fflush(stdout);
}

void measure_skip(const char *key, const char *fmt, ...)
{
	va_list ap;
	printf("skip\t%s\t", key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(77);
}

void measure_fail(const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "bench: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

const char *measure_time(double ns, char out[32])
{
	if (ns < 1e3)
		snprintf(out, 32, "%.0f ns", ns);
	else if (ns < 1e6)
		snprintf(out, 32, "%.2f us", ns / 1e3);
	else
		snprintf(out, 32, "%.2f ms", ns / 1e6);
	return out;
}
