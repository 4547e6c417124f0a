/* What zeus top shows: one row a lease, read from the tree. */
#ifndef ZEUS_TOP_H
#define ZEUS_TOP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_ROWS 4096 /* more are counted and not shown */
#define TOP_WORD 48

struct top_row {
	char lease[TOP_WORD], state[TOP_WORD], app[TOP_WORD], rate[TOP_WORD]; /* printable; rate: coins an hour, as the tree writes it */
	uint64_t left_s, cpu_us, mem, mem_peak, rx, tx, gpu_ms, pids, up_ms;
	bool live;               /* this machine counts it */
	uint64_t at_ms;          /* when it was read */
	double cpu, rx_rate, tx_rate, gpu; /* share of a processor in per cent, bytes a second */
};

struct top { struct top_row *rows; size_t n, skipped; };

/* Reads TREE/leases; rates are those since before, of a row that was not in it the mean of its life. 0 or -errno; the rows are the
 * caller's to free. */
int top_read(const char *tree, const struct top *before, uint64_t now_ms, struct top *out);
/* By one of "cpu", "mem", "net", "left", "cost", "name". False: there is no such order. */
bool top_sort(struct top *t, const char *by);
void top_free(struct top *t);

int top_main(int argc, char **argv, const char *mount);
#endif
