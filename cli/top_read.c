/* A lease's row from its files status and usage, and how it compares with the one before.
 *
 * It knows their keys (zeusfs(5)). It trusts no byte of them: what is not printable is shown as a question mark. */
#include "cli/top.h"
#include "common/cleanup.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_LEN 16384

static bool read_file(int dir, const char *lease, const char *file, char text[FILE_MAX_LEN])
{
	char path[320];
	snprintf(path, sizeof(path), "%s/%s", lease, file);
	autoclose int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0 && len < FILE_MAX_LEN - 1) {
		n = read(fd, text + len, FILE_MAX_LEN - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	return fd >= 0 && n >= 0;
}

/* The value after "key " at the start of a line, or NULL. */
static const char *value_of(const char *text, const char *key)
{
	size_t len = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return line + len + 1;
	return NULL;
}

static uint64_t number_of(const char *text, const char *key)
{
	const char *v = value_of(text, key);
	return v ? strtoull(v, NULL, 10) : 0;
}

static void word(char out[TOP_WORD], const char *from)
{
	size_t n = 0;
	for (; from && n < TOP_WORD - 1 && from[n] && from[n] != '\n' && from[n] != ' '; n++)
		out[n] = isgraph((unsigned char)from[n]) ? from[n] : '?';
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
}

static bool row_read(int dir, const char *name, uint64_t now_ms, struct top_row *out)
{
	char text[FILE_MAX_LEN];
	if (!read_file(dir, name, "status", text))
		return false;
	*out = (struct top_row){.at_ms = now_ms, .left_s = number_of(text, "remaining_sec")};
	word(out->lease, name);
	word(out->state, value_of(text, "state"));
	word(out->app, value_of(text, "app"));
	word(out->rate, value_of(text, "rate"));
	if (!read_file(dir, name, "usage", text))
		return true;
	out->live = value_of(text, "up_ms") != NULL;
	out->cpu_us = number_of(text, "usage_usec");
	out->mem = number_of(text, "memory_current");
	out->mem_peak = number_of(text, "memory_peak");
	out->rx = number_of(text, "rx_bytes");
	out->tx = number_of(text, "tx_bytes");
	out->gpu_ms = number_of(text, "gpu_ms");
	out->pids = number_of(text, "pids_current");
	out->up_ms = number_of(text, "up_ms");
	return true;
}

static double per_s(uint64_t now, uint64_t was, uint64_t ms)
{
	return ms && now > was ? (double)(now - was) * 1000 / (double)ms : 0;
}

static void row_rates(struct top_row *r, const struct top *before)
{
	static const struct top_row none;
	const struct top_row *was = &none;
	for (size_t i = 0; before && i < before->n; i++)
		if (strcmp(before->rows[i].lease, r->lease) == 0 && before->rows[i].up_ms <= r->up_ms)
			was = &before->rows[i];
	uint64_t ms = was == &none ? r->up_ms : r->at_ms - was->at_ms;
	r->cpu = per_s(r->cpu_us, was->cpu_us, ms) / 1e4;
	r->gpu = per_s(r->gpu_ms, was->gpu_ms, ms) / 10;
	r->rx_rate = per_s(r->rx, was->rx, ms);
	r->tx_rate = per_s(r->tx, was->tx, ms);
}

static int rows_read(DIR *d, const struct top *before, uint64_t now_ms, struct top *t)
{
	size_t cap = 0;
	for (struct dirent *e; (e = readdir(d));) {
		struct top_row row;
		if (strncmp(e->d_name, "l-", 2) != 0 || !row_read(dirfd(d), e->d_name, now_ms, &row))
			continue; /* ended meanwhile, or another user's */
		if (t->n == TOP_ROWS) {
			t->skipped++;
			continue;
		}
		if (t->n == cap) {
			struct top_row *more = realloc(t->rows, (cap = cap ? 2 * cap : 64) * sizeof(*more));
			if (!more)
				return -ENOMEM;
			t->rows = more;
		}
		row_rates(&row, before);
		t->rows[t->n++] = row;
	}
	return 0;
}

int top_read(const char *tree, const struct top *before, uint64_t now_ms, struct top *out)
{
	char path[4096];
	struct top t = {.n = 0};
	if ((size_t)snprintf(path, sizeof(path), "%s/leases", tree) >= sizeof(path))
		return -ENAMETOOLONG;
	DIR *d = opendir(path);
	if (!d)
		return -errno;
	int rc = rows_read(d, before, now_ms, &t);
	closedir(d);
	if (rc < 0) {
		top_free(&t);
		return rc;
	}
	*out = t;
	return 0;
}

static int order(double a, double b, const struct top_row *x, const struct top_row *y)
{
	return a > b ? -1 : a < b ? 1 : strcmp(x->lease, y->lease);
}

#define ORDER(name, expr) \
	static int by_##name(const void *a, const void *b) \
	{ \
		const struct top_row *x = a, *y = b, *r = x; \
		double p = expr; \
		r = y; \
		return order(p, expr, x, y); \
	}
ORDER(cpu, r->cpu)
ORDER(mem, (double)r->mem)
ORDER(net, r->rx_rate + r->tx_rate)
ORDER(left, -(double)r->left_s)
ORDER(cost, strtod(r->rate, NULL))
ORDER(name, 0 * r->cpu)

bool top_sort(struct top *t, const char *by)
{
	static const struct { const char *by; int (*cmp)(const void *, const void *); } all[] = {
	    {"cpu", by_cpu}, {"mem", by_mem}, {"net", by_net}, {"left", by_left}, {"cost", by_cost}, {"name", by_name}};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].by, by) != 0)
			continue;
		if (t->n)
			qsort(t->rows, t->n, sizeof(*t->rows), all[i].cmp);
		return true;
	}
	return false;
}

void top_free(struct top *t)
{
	free(t->rows);
	*t = (struct top){.n = 0};
}
