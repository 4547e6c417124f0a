/* The error log that a user reads at /zeus/errors: what was refused, why, and where in the line.
 *
 * Each uid has a ring of its own; when there are too many uids the one that erred longest ago is forgotten. In memory only:
 * a message explains a refusal that has just happened. Knows nothing of who asks; the caller names the uid. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/cleanup.h"
#include "zfs-views/local_priv.h"

static void entry_clear(struct error_entry *e)
{
	free(e->path);
	free(e->sentence);
	free(e->line);
	*e = (struct error_entry){0};
}

static void log_clear(struct error_log *g)
{
	for (uint32_t i = 0; i < ERRORS_PER_UID; i++)
		entry_clear(&g->entry[i]);
	g->n = g->next = 0;
}

static struct error_log *log_of(struct local *l, uid_t uid)
{
	for (size_t i = 0; i < l->nlogs; i++)
		if (l->log[i]->uid == uid)
			return l->log[i];
	return NULL;
}

static struct error_log *log_make(struct local *l, uid_t uid)
{
	struct error_log *g = NULL;
	if (l->nlogs < ERROR_UIDS_MAX) {
		g = local_alloc(NULL, sizeof *g);
		*g = (struct error_log){0};
		l->log[l->nlogs++] = g;
	} else {
		g = l->log[0];
		for (size_t i = 1; i < l->nlogs; i++)
			if (l->log[i]->used < g->used)
				g = l->log[i];
		log_clear(g);
	}
	g->uid = uid;
	return g;
}

/* What a user typed goes back to a terminal: nothing in it may steer that terminal. */
static char *printable(const char *s, size_t max)
{
	char *copy = local_copy(s, strnlen(s, max));
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 32 || (unsigned char)*c > 126)
			*c = '?';
	return copy;
}

void local_error(struct local *l, uid_t uid, int err, const char *path, const char *sentence, const char *line, int column)
{
	LOCAL_HOLD(l);
	struct error_log *g = log_of(l, uid);
	if (!g)
		g = log_make(l, uid);
	struct error_entry *e = &g->entry[g->next];
	entry_clear(e);
	*e = (struct error_entry){.seq = ++l->error_seq, .time_ms = local_now_ms(), .err = err < 0 ? -err : err, .column = column,
		.path = printable(path, 512), .sentence = printable(sentence, 512), .line = line && *line ? printable(line, 256) : NULL};
	g->next = (g->next + 1) % ERRORS_PER_UID;
	g->n += g->n < ERRORS_PER_UID;
	g->used = l->error_seq;
}

void local_errors_clear(struct local *l, uid_t uid)
{
	LOCAL_HOLD(l);
	struct error_log *g = log_of(l, uid);
	if (g)
		log_clear(g);
}

static size_t entry_text(const struct error_entry *e, char *out, size_t cap)
{
	char time[TEXT_TIME];
	const char *name = strerrorname_np(e->err);
	int n = snprintf(out, cap, "%llu %s %s %s: %s\n", (unsigned long long)e->seq, text_of_time(e->time_ms, time),
			name ? name : "E?", e->path, e->sentence);
	if (e->line)
		n += snprintf(out + n, cap - (size_t)n, "  %s\n", e->line);
	if (e->line && e->column >= 0 && (size_t)e->column <= strlen(e->line))
		n += snprintf(out + n, cap - (size_t)n, "  %*s^\n", e->column, "");
	return (size_t)n;
}

void local_errors_text(struct local *l, uid_t uid, void (*put)(void *arg, const char *p, size_t len), void *arg)
{
	LOCAL_HOLD(l);
	const struct error_log *g = log_of(l, uid);
	char text[2048]; /* 512 + 512 + 256 + 256 and the frame */
	for (uint32_t i = 0; g && i < g->n; i++) {
		uint32_t at = (g->next + ERRORS_PER_UID - g->n + i) % ERRORS_PER_UID;
		put(arg, text, entry_text(&g->entry[at], text, sizeof text));
	}
}

void local_errors_free(struct local *l)
{
	for (size_t i = 0; i < l->nlogs; i++) {
		log_clear(l->log[i]);
		free(l->log[i]);
	}
	l->nlogs = 0;
}
