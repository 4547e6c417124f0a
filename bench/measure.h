/* What every benchmark needs: a clock, order statistics, and the lines that bench/run.sh turns into a table.
 *
 * A program prints, tab-separated: "row KEY MEASURED PEER RATIO", "note KEY TEXT" or "skip KEY REASON". */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

uint64_t measure_now_ns(void);      /* CLOCK_MONOTONIC */
uint64_t measure_cpu_ns(void);      /* CPU time of this process */
double measure_process_ns(pid_t pid); /* user and system time of another, in steps of 10 ms; 0: it is gone */
/* Sorts v; the value that a share q (0..1) of the n values does not exceed. n > 0. */
double measure_quantile(double *v, size_t n, double q);
double measure_median(double *v, size_t n);
int measure_cpus(void);             /* processors that this process may use */
int measure_pin(int cpu);           /* this thread to one processor: 0 or -errno */
int measure_first_cpu(void);        /* the first that this process may use */

void measure_row(const char *key, const char *measured, const char *peer, double ratio);
void measure_note(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void measure_skip_line(const char *key, const char *why);
/* Prints why and ends the program with exit code 77. */
void measure_skip(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
/* Prints why to standard error and ends the program with exit code 1: a broken measurement is not a skipped one. */
void measure_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* "12.3 us" and the like, in a buffer of the caller's (32 bytes). */
const char *measure_time(double ns, char out[32]);
#endif
